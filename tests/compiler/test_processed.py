"""A frame whose bytes are processed: where it ends is told by the bytes as they stand, and no process runs before the
frame has been believed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

import sigflow
from sigflow import checksums
from sigflow.catalog import format_of
from sigflow.compiler import build
from tests.compiler.test_native_measure import all_agree, inputs

SPEC = """\
meta: {id: x, endian: be, encoding: ASCII}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: [m..z]}
seq:
  - {id: m, contents: AB}
  - {id: n, type: u1}
  - {id: a, size: n, process: my_own_fx(3)}
  - {id: b, terminator: 0, process: my_own_fx(3)}
  - {id: c, terminator: 0, process: xor(1), type: t}
  - {id: d, type: t, size: 2, process: my_own_fx, repeat: expr, repeat-expr: 2}
  - {id: z, type: u1}
  - {id: crc, type: u2}
types: {t: {seq: [{id: v, type: u1}]}}
"""
RUN: list[bytes] = []


class MyOwnFx:
    """Reverses bytes, and keeps what it was given."""

    def __init__(self, *_arguments: int) -> None:
        pass

    def decode(self, data: bytes) -> bytes:
        RUN.append(bytes(data))
        return bytes(data)[::-1]


@pytest.fixture(autouse=True)
def own_module(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("my_own_fx")
    module.MyOwnFx = MyOwnFx  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_own_fx", module)
    RUN.clear()


def frame(n: int) -> bytes:
    raw = b"AB" + bytes((n,)) + b"123"[:n] + b"yz\0" + b"q\0" + b"5678" + b"z"
    return raw + checksums.get("CRC-16/MODBUS").compute(raw).to_bytes(2, "big")


def test_frames_are_found_without_running_what_processes_them(tmp_path: Path) -> None:
    spec, capture = tmp_path / "x.ksy", tmp_path / "x.bin"
    spec.write_text(SPEC, encoding="utf-8")
    built = build(spec, allow_imports=["my_own_fx"])
    assert built.ok and not [problem for problem in built.problems if problem.code in ("SF507", "SF512")], (
        built.problems
    )
    format = format_of(built)
    assert format.envelope is not None and format.envelope.measure.native is not None
    capture.write_bytes(frame(0) + frame(3) + b"damage" + frame(2))
    assert [span(record) for record in sigflow.open(capture, format)] == [(0, 15), (15, 33), (39, 56)]
    assert RUN == []
    value = format.parse(frame(3))
    assert (value.a, value.b, value.d[0].v) == (b"321", b"zy", ord("6")) and RUN
    all_agree(format.envelope, inputs([frame(0), frame(2)], b"\0\1AB", 1, 150), 2)


def span(record: sigflow.Record) -> tuple[int, int]:
    return record.start, record.start + len(record.raw)


def test_a_value_that_is_checked_has_to_be_known(tmp_path: Path) -> None:
    spec = tmp_path / "x.ksy"
    spec.write_text(
        SPEC.replace("process: my_own_fx(3)}", "process: my_own_fx(3), valid: '[1, 2]'}", 1), encoding="utf-8"
    )
    errors = [problem for problem in build(spec, allow_imports=["my_own_fx"]).problems if problem.code == "SF507"]
    assert len(errors) == 1 and "'a' has a custom process, and what it gives is checked" in errors[0].message


FAILING = {
    "an error of its own kind": ("raise KeyboardTrouble('own')", "the process MyOwnFx failed: KeyboardTrouble: own"),
    "any other": ("raise RuntimeError('own')", "the process MyOwnFx failed: RuntimeError: own"),
    "no bytes": ("return 5", "the process MyOwnFx gave int, wanted bytes"),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_process_that_fails_is_a_finding(name: str, tmp_path: Path) -> None:
    code, text = FAILING[name]
    module = ModuleType("my_own_fx")
    own = f"class KeyboardTrouble(Exception): pass\nclass MyOwnFx:\n  def decode(self, data):\n    {code}\n"
    exec(own, module.__dict__)
    sys.modules["my_own_fx"] = module  # (the fixture puts back what was there)
    spec, capture = tmp_path / "x.ksy", tmp_path / "x.bin"
    spec.write_text("meta: {id: x}\nseq: [{id: a, size: 2, process: my_own_fx}, {id: b, size: 1}]\n", encoding="utf-8")
    capture.write_bytes(b"abc")
    record = next(iter(sigflow.open(capture, spec, allow_imports=["my_own_fx"])))
    assert text in record.diagnostics[0].message
