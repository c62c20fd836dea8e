"""Codecs that are schemas: Construct objects, generated classes, formats, by each way that payloads are asked for."""

from __future__ import annotations

import datetime
import json
import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import construct as cs
import kaitaistruct
import pytest
from construct import this

import sigflow
from sigflow import codecs
from sigflow.columns.options import Options
from sigflow.errors import BuildError, CodecError, SpecError, UsageError
from sigflow.limits import Limits
from sigflow.recording.frames import frame_tree, views

SPEC = """\
meta: {id: outer, endian: be}
-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: mark..body}, payload: body}
seq:
  - {id: mark, contents: M}
  - {id: n, type: u1}
  - {id: body, size: n, -sigflow-codec: CODEC}
  - {id: sum, type: u1}
"""
INNER = """\
meta: {id: inner, endian: be}
seq:
  - {id: kind, type: u1, enum: kinds}
  - {id: count, type: u1}
  - {id: items, type: u2, repeat: expr, repeat-expr: count}
enums: {kinds: {1: first, 2: second}}
"""
SCHEMA = cs.Struct(
    "kind" / cs.Enum(cs.Int8ub, first=1, second=2), "count" / cs.Int8ub, "items" / cs.Array(this.count, cs.Int16ub)
)
GOOD, SHORT = bytes.fromhex("01 02 0003 0004"), bytes.fromhex("01 02 0003")


class Official(kaitaistruct.KaitaiStruct):
    """A class as Kaitai's own compiler writes it, which knows nothing of sigflow."""

    def __init__(self, _io: Any, _parent: Any = None, _root: Any = None) -> None:
        super().__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._read()

    def _read(self) -> None:
        self.kind = self._io.read_u1()
        self.count = self._io.read_u1()
        self.items = [self._io.read_u2be() for _ in range(self.count)]


class ReadOnRequest(kaitaistruct.ReadWriteKaitaiStruct):
    """One that reads when it is asked to, as Kaitai's read-write classes do."""

    def __init__(self, _io: Any = None) -> None:
        super().__init__(_io)

    def _read(self) -> None:
        self.kind = self._io.read_u1()
        self.count = self._io.read_u1()
        self.items = [self._io.read_u2be() for _ in range(self.count)]


def generated(tmp_path: Path) -> Any:
    (tmp_path / "inner.ksy").write_text(INNER)
    return sigflow.compile(tmp_path / "inner.ksy")


#: What may be a codec, and the JSON that a payload is shown as.
NAMED = {"kind": {"name": "first", "raw": 1}, "count": 2, "items": [3, 4]}
PLAIN = {"kind": 1, "count": 2, "items": [3, 4]}
WAYS: dict[str, tuple[Any, Any]] = {
    "construct": (lambda tmp_path: SCHEMA, {"kind": "first", "count": 2, "items": [3, 4]}),
    "hinted": (lambda tmp_path: sigflow.stream(SCHEMA, max_frame=64), {"kind": "first", "count": 2, "items": [3, 4]}),
    "schema compiled": (lambda tmp_path: sigflow.compile(SCHEMA), NAMED),
    "spec compiled": (generated, NAMED),
    "class": (lambda tmp_path: generated(tmp_path).value_class, NAMED),
    "class of Kaitai's": (lambda tmp_path: Official, PLAIN),
    "read-write class of Kaitai's": (lambda tmp_path: ReadOnRequest, PLAIN),
    "function": (lambda tmp_path: lambda payload, *, limit: payload.hex().encode(), b"010200030004".hex()),
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(codecs.REGISTRY, "_things", dict(codecs.REGISTRY._things))


def outer(folder: Path, codec: str = "inner", **options: Any) -> sigflow.Format:
    path = folder / "outer.ksy"
    path.write_text(SPEC.replace("CODEC", codec))
    return sigflow.compile(path, **options)


def frame(body: bytes) -> bytes:
    raw = b"M" + bytes((len(body),)) + body
    return raw + bytes((sum(raw) & 0xFF,))


@pytest.mark.parametrize("way", WAYS)
def test_what_parses_is_a_codec(way: str, tmp_path: Path) -> None:
    make, shown = WAYS[way]
    codecs.register_codec("inner")(make(tmp_path))
    format = outer(tmp_path)
    data = frame(GOOD) + b"noise" + frame(SHORT) + frame(GOOD)
    recording = sigflow.open(data, format)
    records = list(recording)
    assert [(record.start, record.stop) for record in records] == [(0, 9), (14, 21), (21, 30)]
    for record in (records[0], records[2]):
        assert record.diagnostics == () and frame_tree(record, format)["payload"] == shown
    if way != "function":
        (finding,) = records[1].diagnostics
        assert (finding.code, finding.offset, finding.path) == ("codec", 16, "body") and "\n" not in finding.message
        assert bytes(records[1].payload) == SHORT
    verdict = recording.validate()
    assert verdict.frame_bytes == 25 and verdict.gap_bytes == 5  # a frame stays one, whatever its payload is


@pytest.mark.parametrize("way", WAYS)
def test_columns(way: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    make, shown = WAYS[way]
    codecs.register_codec("inner")(make(tmp_path))
    format = outer(tmp_path)
    recording = sigflow.open(frame(GOOD) + frame(SHORT) + frame(GOOD), format)
    first, second, third = recording.to_arrow().column("body_inner").to_pylist()
    if way in ("schema compiled", "spec compiled", "class"):
        assert first == third == {"kind": "first", "count": 2, "items": [3, 4]} and second is None
    elif way == "function":
        assert (first, second) == (GOOD.hex().encode(), SHORT.hex().encode())
    else:
        assert json.loads(first) == json.loads(third) == shown and second is None


def test_the_value_of_a_construct_object_is_its_own(tmp_path: Path) -> None:
    schema = cs.Struct(
        "when" / cs.ExprAdapter(cs.Int8ub, _date, _day), "hex" / cs.Hex(cs.Int8ub), "rest" / cs.GreedyBytes
    )
    codecs.register_codec("inner")(schema)
    format = outer(tmp_path)
    (record,) = sigflow.open(frame(bytes.fromhex("07 0f ff")), format)
    expected = schema.parse(bytes.fromhex("07 0f ff"))
    assert record.payload == {"when": expected.when, "hex": 15, "rest": b"\xff"}
    assert frame_tree(record, format)["payload"] == {"when": str(expected.when), "hex": 15, "rest": "ff"}


@pytest.mark.parametrize("way", ["construct", "schema compiled", "spec compiled", "class"])
def test_a_frame_is_built_of_a_decoded_payload(way: str, tmp_path: Path) -> None:
    make, shown = WAYS[way]
    codecs.register_codec("inner")(make(tmp_path))
    format = outer(tmp_path)
    assert format.build({"format": "outer", "value": {}, "payload": shown}) == frame(GOOD)
    (record,) = sigflow.open(frame(GOOD), format)
    assert format.build(frame_tree(record, format)) == frame(GOOD)
    with pytest.raises(BuildError, match="body"):
        format.build({"format": "outer", "value": {}, "payload": {"kind": "third", "items": [70000]}})


@pytest.mark.parametrize("way", ["construct", "schema compiled", "class", "class of Kaitai's"])
def test_frames_are_generated(way: str, tmp_path: Path) -> None:
    codecs.register_codec("inner")(WAYS[way][0](tmp_path))
    format = outer(tmp_path)
    records = list(sigflow.open(b"".join(sigflow.generate(format, frames=20, seed=1)), format))
    assert len(records) == 20 and not any(record.diagnostics for record in records)


def test_what_parse_prints_is_built_again(tmp_path: Path) -> None:
    schema = cs.Struct(
        "mark" / cs.Const(b"\1"), "when" / cs.ExprAdapter(cs.Int8ub, _date, _day), "rest" / cs.GreedyBytes
    )
    codecs.register_codec("inner")(schema)
    format = outer(tmp_path)
    for raw in (frame(b"\1\2\3"), frame(b"\1\4"), frame(b"\2"), frame(b"")):
        (record,) = sigflow.open(raw, format)
        tree = json.loads(json.dumps(frame_tree(record, format)))
        assert format.build(tree) == raw
        if not record.diagnostics:
            with pytest.raises(BuildError, match="delete one"):
                format.build({**tree, "payload": {**tree["payload"], "rest": "ff"}})


def _date(day: int, context: Any) -> datetime.date:
    return datetime.date(2026, 1, day)


def _day(date: datetime.date, context: Any) -> int:
    return date.day


def test_fields_of_a_value_without_a_type(tmp_path: Path) -> None:
    codecs.register_codec("inner")(SCHEMA)
    format = outer(tmp_path)
    (record,) = sigflow.open(frame(GOOD), format)
    wanted = Options(fields=("body_inner.kind", "body_inner.items[1]", "body_inner.none"))
    (view,) = views([format], wanted).values()
    assert view.of(record)["value"] == {"body_inner.kind": "first", "body_inner.items[1]": 4, "body_inner.none": None}


def test_limits(tmp_path: Path) -> None:
    # What takes no bytes may be there as often as a number says.
    many = cs.Struct("n" / cs.Int16ub, "items" / cs.Array(this.n, cs.Computed(this.n)))
    codecs.register_codec("inner")(many)
    (fits,) = sigflow.open(frame(b"\0\5"), outer(tmp_path))
    assert fits.payload == {"n": 5, "items": [5] * 5}
    (record,) = sigflow.open(frame(b"\xff\xff"), outer(tmp_path))
    assert [finding.message for finding in record.diagnostics] == [
        "codec inner gave more than 2200 values, the limit for this payload"
    ]
    codecs.register_codec("text")(cs.GreedyString("utf8"))
    with pytest.raises(CodecError, match="more than 3 values"):
        codecs.get("text").decode(b"four", Limits(inflated=3))
    codecs.register_codec("nothing")(cs.Struct("always" / cs.Computed(7)))
    assert codecs.get("nothing").decode(b"", Limits()).value == {"always": 7}


MANY = """\
meta: {id: many, endian: be}
-sigflow-limits: {repeat: 100}
seq: [{id: n, type: u1}, {id: items, type: nothing, repeat: expr, repeat-expr: n}]
types: {nothing: {seq: [{id: none, size: 0}]}}
"""


@pytest.mark.parametrize("kind", ["format", "class", "a type of the spec"])
def test_the_users_limits_hold_inside(kind: str, tmp_path: Path) -> None:
    (tmp_path / "many.ksy").write_text(MANY)
    inner = sigflow.compile(tmp_path / "many.ksy")
    if kind == "a type of the spec":
        inside = "".join(f"    {line}\n" for line in MANY.splitlines()[1:])
        text = f"{SPEC.replace('CODEC', 'inner')}types:\n  inner:\n{inside}"
        (tmp_path / "outer.ksy").write_text(text)
        format = sigflow.compile(tmp_path / "outer.ksy")
    else:
        codecs.register_codec("inner")(inner if kind == "format" else inner.value_class)
        format = outer(tmp_path)
    for limits, codes in ((Limits(), []), (Limits(repeat=9), []), (Limits(repeat=8), ["codec"])):
        (record,) = sigflow.open(frame(b"\x09"), format.with_limits(limits))
        assert [finding.code for finding in record.diagnostics] == codes


@pytest.mark.parametrize("thing", [5, "text", None, b"bytes"])
def test_what_decodes_nothing_is_no_codec(thing: Any) -> None:
    with pytest.raises(UsageError, match="wanted a function, a Construct object, a generated class or a format"):
        codecs.register_codec("inner")(thing)


def test_int_is_a_function() -> None:
    codecs.register_codec("number")(int)  # (it has a `from_bytes`, and is no generated class)
    with pytest.raises(CodecError, match="codec number failed: TypeError"):
        codecs.get("number").decode(b"5", Limits())


# ---------------------------------------------------------------- named in a spec


MODULE = """\
open("ran", "w").close()
from construct import *
Inner = Struct("a" / Int8ub, "rest" / GreedyBytes)
class Space:
    @staticmethod
    def decode(payload, *, limit):
        return payload[::-1]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "outer.ksy").write_text(SPEC.replace("CODEC", "my_codecs_here:Inner"))
    (tmp_path / "my_codecs_here.py").write_text(textwrap.dedent(MODULE))
    (tmp_path / "capture").write_bytes(frame(b"\1\2\3") + frame(b"\4"))
    return tmp_path


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sigflow", *arguments], capture_output=True, text=True, timeout=120, cwd=folder,
        check=False, env={**os.environ, "PYTHONPATH": str(folder)},
    )  # fmt: skip


def test_a_spec_names_an_object_and_does_not_run_it_unasked(folder: Path) -> None:
    for arguments in (["validate", "capture"], ["parse", "capture", "--format", "ndjson"], ["lint", "outer.ksy"]):
        spec = [] if arguments[0] == "lint" else ["-s", "outer.ksy"]
        done = command(folder, *arguments, *spec)
        assert "--allow-import my_codecs_here" in done.stdout + done.stderr and "Traceback" not in done.stderr
        assert not (folder / "ran").exists()
    with pytest.raises(SpecError, match="allow_imports"):
        sigflow.compile(folder / "outer.ksy")
    assert "my_codecs_here" not in sys.modules


def test_a_spec_names_an_object_that_is_allowed(folder: Path) -> None:
    allowed = ["-s", "outer.ksy", "--allow-import", "my_codecs_here"]
    done = command(folder, "parse", "capture", *allowed, "--format", "ndjson")
    assert (done.returncode, (folder / "ran").exists()) == (0, True), done.stderr
    frames = [json.loads(line)["payload"] for line in done.stdout.splitlines()]
    assert frames == [{"a": 1, "rest": "0203"}, {"a": 4, "rest": ""}]
    csv = command(folder, "parse", "capture", *allowed, "--format", "csv", "--fields", "n,body_Inner")
    assert csv.stdout.splitlines()[0].endswith(",n,body_Inner") and '""a"": 1' in csv.stdout, csv.stdout


@pytest.mark.parametrize(
    ("name", "message"),
    [("my_codecs_here:Nothing", "no attribute 'Nothing'"), ("no_such_module_here:Inner", "No module named")],
)
def test_an_object_that_is_not_there(folder: Path, name: str, message: str) -> None:
    (folder / "outer.ksy").write_text(SPEC.replace("CODEC", name))
    done = command(folder, "validate", "capture", "-s", "outer.ksy", "--allow-import", name.partition(":")[0])
    assert done.returncode == 1 and message in done.stderr and "Traceback" not in done.stderr


def test_such_a_format_goes_to_other_processes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.chdir(folder)
    monkeypatch.delitem(sys.modules, "my_codecs_here", raising=False)
    (folder / "outer.ksy").write_text(SPEC.replace("CODEC", "my_codecs_here:Space.decode"))
    format = pickle.loads(pickle.dumps(sigflow.compile(folder / "outer.ksy", allow_imports=["my_codecs_here"])))
    (record,) = sigflow.open(frame(b"\1\2\3"), format)
    assert record.payload == b"\3\2\1"
