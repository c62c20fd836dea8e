"""What is saved of a parse that failed: the fields read so far, the path of the one that failed, and its offset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sigflow.compiler import build
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.partial import parse_whole
from sigflow.runtime.struct import KaitaiStruct

SPEC = """
meta: {id: top, endian: be}
seq:
  - {id: magic, contents: T}
  - {id: kind, type: u1, valid: {max: 9}}
  - {id: class, type: u1}
  - id: numbers
    type: u2
    repeat: expr
    repeat-expr: kind
  - {id: checked, type: u1, valid: {min: 1}, repeat: expr, repeat-expr: class}
  - {id: one, type: pair}
  - {id: many, type: pair, repeat: expr, repeat-expr: 2}
  - {id: sized, size: 4, type: inner}
  - {id: boxes, size: 2, type: box, repeat: eos}
types:
  pair: {seq: [{id: a, type: u1, valid: {max: 100}}, {id: b, type: u1}]}
  inner: {seq: [{id: skip, size: 1}, {id: text, type: pair}, {id: word, type: str, size: 1, encoding: UTF-8}]}
  box: {seq: [{id: size, type: u1}, {id: body, size: size}]}
"""
HEAD = b"T\1\1" + b"\0\7" + b"\5"
PAIRS = b"\1\2\3\4\5\6"
#: What the sample's fields come to, by path.
SAMPLE = HEAD + PAIRS + b".\7\7x" + b"\1a\1b"

#: Bytes; the path of the field that fails, its offset, and what is there: dotted paths and their values.
CASES: dict[str, tuple[bytes, str, int, dict[str, Any]]] = {
    "nothing": (b"", "magic", 0, {}),
    "wrong contents": (b"X", "magic", 0, {"magic": b"X"}),
    "a check": (b"T\x0a", "kind", 2, {"magic": b"T", "kind": 10}),
    "a field with a keyword's name": (b"T\0", "class", 2, {"kind": 0}),
    "a list of numbers": (b"T\3\0\0\7\0", "numbers[1]", 5, {"numbers": [7]}),
    "a list's first number": (b"T\3\0\0", "numbers[0]", 3, {"numbers": []}),
    "a checked list": (b"T\0\2\1\0", "checked[1]", 5, {"checked": [1, 0]}),
    "a nested object": (HEAD + b"\1", "one.b", 7, {"one.a": 1}),
    "a check in a nested object": (HEAD + b"\xc8", "one.a", 7, {"one.a": 200}),
    "before a nested object": (HEAD, "one.a", 6, {"checked": [5]}),
    "an object in a list": (HEAD + PAIRS[:5], "many[1].b", 11, {"many.0.a": 3, "many.1.a": 5}),
    "before an object in a list": (HEAD + PAIRS[:4], "many[1].a", 10, {"many.0.b": 4}),
    "a sized field": (HEAD + PAIRS + b"..", "sized", 12, {"many.1.b": 6}),
    "in a sized field": (HEAD + PAIRS + b".\xc8\7x", "sized.text.a", 14, {"sized.skip": b".", "sized.text.a": 200}),
    "text": (HEAD + PAIRS + b".\1\2\xff", "sized.word", 16, {"sized.text.b": 2}),
    "sized objects in a list": (SAMPLE + b"\2c", "boxes[2].body", 21, {"boxes.1.body": b"b", "boxes.2.size": 2}),
    "a sized object that is cut": (SAMPLE + b"\1", "boxes[2]", 20, {"boxes.1.size": 1}),
}


@pytest.fixture(scope="module", params=[False, True], ids=["", "debug"])
def top(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("specs") / "top.ksy"
    path.write_text(SPEC.replace("endian: be}", "endian: be, ks-debug: true}") if request.param else SPEC)
    return build(path).load().Top


def at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value[int(name)] if name.isdigit() else getattr(value, name)
    return value


def test_the_sample_is_good(top: Any) -> None:
    value = parse_whole(top, SAMPLE)
    assert [box.body for box in value.boxes] == [b"a", b"b"]
    assert value._io.is_eof()


@pytest.mark.parametrize("name", CASES)
def test_a_failure_is_placed_and_what_was_read_is_kept(top: Any, name: str) -> None:
    raw, path, offset, kept = CASES[name]
    with pytest.raises(WIRE_ERRORS) as caught:
        parse_whole(top, raw)
    failure: Any = caught.value
    assert (failure.field_path, failure.field_offset) == (path, offset)
    assert isinstance(failure.partial, top)
    for where, wanted in kept.items():
        assert at(failure.partial, where) == wanted, where
    for part in vars(failure.partial).values():
        if isinstance(part, KaitaiStruct) and part is not failure.partial:
            assert part._parent is failure.partial


def test_every_cut_of_the_sample_is_placed(top: Any) -> None:
    """The offset is never beyond the cut, and never goes back as more bytes come."""
    last = 0
    for cut in range(len(SAMPLE)):
        try:
            parse_whole(top, SAMPLE[:cut])
        except WIRE_ERRORS as error:
            failure: Any = error
            assert last <= failure.field_offset <= cut
            assert failure.field_path
            last = failure.field_offset
        else:
            assert cut in (16, 18)  # whole boxes


def test_what_is_no_fault_of_the_wire_passes_through(top: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any) -> None:
        raise OSError("no fault of the wire")

    monkeypatch.setattr(top, "_read", broken)
    with pytest.raises(OSError) as caught:
        parse_whole(top, SAMPLE)
    assert not hasattr(caught.value, "partial")


def test_the_path_is_empty_where_no_field_is_known(tmp_path: Path) -> None:
    """A class without fields of its own, that fails all the same."""

    class Bare(KaitaiStruct):
        def _read(self) -> None:
            raise ValueError("no field")

    with pytest.raises(ValueError, match="no field") as caught:
        parse_whole(Bare, b"abc")
    failure: Any = caught.value
    assert (failure.field_path, failure.field_offset) == ("", 0)
