"""How specs are compiled is said alike to every command that takes them, and to `open`, `load` and `compile`."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import sigflow as package
from sigflow.errors import SpecError
from tests.cli.calls import Call

SPEC = """\
meta: {id: whole, imports: [/common/part]}
-sigflow-stream: {confirm: {chain: 5}}
seq:
  - {id: m, contents: MARKER}
  - {id: p, type: part, size: 1}
  - {id: o, type: own_thing, size: 1}
  - {id: c, size: 1, process: own_fx}
"""
PART = "meta: {id: part}\nseq: [{id: a, type: u1}]\n"


class OwnFx:
    """A process that changes nothing."""

    def decode(self, data: bytes) -> bytes:
        return data


class OwnThing:
    """An opaque type."""

    def __init__(self, stream: object) -> None:
        self.seen = stream


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Path, Path]]:
    folder, spec, capture = tmp_path / "lib", tmp_path / "whole.ksy", tmp_path / "whole.bin"
    (folder / "common").mkdir(parents=True)
    (folder / "common" / "part.ksy").write_text(PART, encoding="utf-8")
    spec.write_text(SPEC, encoding="utf-8")
    capture.write_bytes(b"".join(b"MARKER" + bytes((n, n, n)) for n in range(8)))
    for name, kind in (("own_fx", OwnFx), ("own_thing", OwnThing)):
        module = ModuleType(name)
        setattr(module, kind.__name__, kind)
        monkeypatch.setitem(sys.modules, name, module)
    yield spec, capture, folder


#: Commands over (capture, spec): what they need besides.
COMMANDS: dict[str, list[str]] = {
    "parse": [],
    "validate": [],
    "stats": [],
    "inspect": [],
    "benchmark": ["--engine", "python"],
    "recover": ["-o", "OUT"],
    "replay": ["--speed", "1000000000"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_them(command: str, sigflow: Call, files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    spec, capture, folder = files
    more = [str(tmp_path / "out") if argument == "OUT" else argument for argument in COMMANDS[command]]
    if command == "replay":
        spec.write_text(SPEC + "  # no time\n", encoding="utf-8")
        more = ["--rate", "1000000"]
    options = ["-I", folder, "--opaque-types", "--allow-import", "own_fx"]
    called = sigflow(command, capture, "-s", spec, *options, *more)
    assert called.code == 0, called
    without = sigflow(command, capture, "-s", spec, *more)
    assert without.code == 1 and "unknown import '/common/part'" in without.err


def test_watch_formats_and_retry(sigflow: Call, files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    spec, capture, folder = files
    options = ["-I", folder, "--opaque-types", "--allow-import", "own_fx"]
    assert "sound" in sigflow("watch", spec, capture, "--times", 1, *options).out
    assert b"MARKER".hex(" ") in sigflow("formats", spec, *options).out
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(b"X" * 50)
    other = tmp_path / "other.ksy"
    other.write_text("meta: {id: other}\n-sigflow-stream: {confirm: {chain: 5}}\nseq: [{id: m, contents: OTHERS}]\n")
    sigflow("recover", damaged, "-s", other, "-o", tmp_path / "rescued", "--quarantine", tmp_path / "kept")
    called = sigflow("quarantine", "retry", tmp_path / "kept", "-s", spec, "-o", tmp_path / "again", *options)
    assert "unknown import" not in called.err and called.code in (0, 3), called


def test_from_python(files: tuple[Path, Path, Path]) -> None:
    spec, capture, folder = files
    options = {"import_paths": [folder], "opaque_types": True, "allow_imports": ["own_fx"]}
    assert len(list(package.open(capture, spec, **options))) == 8  # type: ignore[arg-type]
    assert package.load(spec, **options).name == package.compile(spec, **options).name == "whole"  # type: ignore[arg-type]
    for call in (lambda: package.open(capture, spec), lambda: package.load(spec), lambda: package.compile(spec)):
        with pytest.raises(SpecError, match="unknown import '/common/part'"):
            call()


def test_a_module_that_is_not_there_is_named(sigflow: Call, files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    _, capture, _ = files
    spec = tmp_path / "lost.ksy"
    spec.write_text("meta: {id: lost}\nseq: [{id: a, type: nowhere_to_be_found}]\n", encoding="utf-8")
    called = sigflow("parse", capture, "-s", spec, "--opaque-types")
    assert called.code == 1 and "No module named 'nowhere_to_be_found'" in called.err and "PYTHONPATH" in called.err


def test_a_module_that_cannot_be_imported(
    sigflow: Call, files: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, capture, _ = files
    (tmp_path / "broken_one.py").write_text("1 / 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = tmp_path / "broken.ksy"
    spec.write_text("meta: {id: broken}\nseq: [{id: a, type: broken_one}]\n", encoding="utf-8")
    called = sigflow("parse", capture, "-s", spec, "--opaque-types")
    assert called.code == 1 and "ZeroDivisionError" in called.err


# ---------------------------------------------------------------- a spec from standard input


class Piped:
    """Standard input that is no terminal."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> type[Piped]:
    class Pipe(Piped):
        def __init__(self, data: bytes) -> None:
            super().__init__(data)
            monkeypatch.setattr(sys, "stdin", self)

    return Pipe


def test_lint_of_standard_input(sigflow: Call, piped: type[Piped], files: tuple[Path, Path, Path]) -> None:
    _, _, folder = files
    piped(b"meta: {id: x}\nseq: [{id: a, type: u9}]\n")
    called = sigflow("lint", "-")
    assert called.code == 1 and called.out.startswith("<stdin>:2:21: error SF204: unknown type 'u9'")
    piped(SPEC.encode())
    assert sigflow("lint", "-", "-I", folder, "--opaque-types", "--allow-import", "own_fx").code == 0
    piped(b'meta: {id: x}\nseq: [{id: a, type: u1}]\n-sigflow-examples: [{hex: "05", expect: {a: 6}}]\n')
    called = sigflow("lint", "-", "--format", "json")
    assert called.code == 1 and '"file": "<stdin>"' in called.out and "SF511" in called.out


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "SF104"), (b"\xff\xfe", "SF102"), (b"# " + b"x" * (5 << 20), "SF101")]
)
def test_odd_standard_input(data: bytes, code: str, sigflow: Call, piped: type[Piped]) -> None:
    piped(data)
    called = sigflow("lint", "-")
    assert called.code == 1 and code in called.out


def test_standard_input_is_read_once(sigflow: Call, piped: type[Piped]) -> None:
    piped(b"meta: {id: x}\n")
    called = sigflow("lint", "-", "-")
    assert called.code == 2 and "named twice" in called.err
