"""The base of generated classes: ways in, laziness, what Kaitai's programs expect, and the limits on one value."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import kaitaistruct
import pytest

from sigflow.compiler import build
from sigflow.errors import LimitExceeded, SpecError
from sigflow.limits import Limits
from sigflow.runtime import (
    ABI,
    KaitaiStream,
    KaitaiStruct,
    current_limits,
    inflate,
    members,
    named,
    require_abi,
    shifted,
    within_depth,
    within_repeat,
)
from sigflow.runtime.struct import MAX_SHIFT, LazyField, attribute

SPEC = """
meta: {id: outer, endian: be}
seq:
  - {id: count, type: u1}
  - {id: parts, type: part, repeat: expr, repeat-expr: count}
  - {id: last, type: part, if: count > 1}
instances:
  first: {value: "parts[0]"}
  doubled: {value: count * 2}
  tail: {pos: 1, type: part}
  tails: {pos: 1, type: part, repeat: expr, repeat-expr: 2}
  never: {pos: 1, type: part, if: false}
types:
  part:
    seq: [{id: a, type: u1}]
    instances:
      next: {pos: a, type: u1}
"""


@pytest.fixture(scope="module")
def outer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("specs") / "outer.ksy"
    path.write_text(SPEC)
    return build(path).load().Outer


RAW = bytes((2, 3, 4, 5, 6, 7))


@contextmanager
def limits(**values: int) -> Iterator[None]:
    """While a frame is parsed, these are the user's limits."""
    token = current_limits.set(Limits(**values))
    try:
        yield
    finally:
        current_limits.reset(token)


def test_all_ways_in(outer: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(RAW)
    memory = BytesIO(b".." + RAW)
    memory.seek(2)
    with open(path, "rb") as file:
        values = [
            outer.from_file(str(path)), outer.from_bytes(RAW), outer.from_bytes(bytearray(RAW)), outer.from_io(file),
            outer(KaitaiStream(RAW)), outer(kaitaistruct.KaitaiStream(BytesIO(RAW))), outer(BytesIO(RAW)),
        ]  # fmt: skip
    for value in values:
        assert (value.count, [part.a for part in value.parts], value.last.a) == (2, [3, 4], 5)
        assert value._root is value and value._parent is None
        assert value.parts[1]._parent is value and value.parts[1]._root is value
        assert isinstance(value, kaitaistruct.KaitaiStruct) and isinstance(value._io, kaitaistruct.KaitaiStream)
    assert [part.a for part in outer.from_io(memory).parts] == [3, 4]
    with pytest.raises(FileNotFoundError):
        outer.from_file(str(tmp_path / "none"))
    with pytest.raises(EOFError):
        outer.from_bytes(b"\2")


def test_a_context_manager_closes_what_was_given(outer: Any) -> None:
    file = BytesIO(RAW)
    with outer.from_io(file) as value:
        assert value.count == 2
    assert file.closed
    with outer.from_bytes(RAW) as value:
        assert value.doubled == 4
    value.close()


def test_instances_are_read_when_they_are_asked_for_and_once(outer: Any) -> None:
    value = outer.from_bytes(RAW)
    read = {name for name in vars(value) if name.startswith("_m_")}
    assert not read
    assert value.tail is value.tail
    assert value.first is value.parts[0]
    assert value._io.pos() == 4  # reading them moved nothing
    assert {name for name in vars(value) if name.startswith("_m_")} == {"_m_tail", "_m_first"}


def test_all_instances_can_be_fetched(outer: Any) -> None:
    value = outer.from_bytes(RAW)
    value._fetch_instances()
    assert {name for name in vars(value) if name.startswith("_m_")} >= {"_m_tail", "_m_tails", "_m_first", "_m_doubled"}
    for part in (*value.parts, value.last, value.tail, *value.tails):
        assert part._m_next == RAW[part.a]
    assert value.never is None
    with pytest.raises(EOFError):  # what cannot be read says so
        outer.from_bytes(bytes((1, 99, 0)))._fetch_instances()


# ---------------------------------------------------------------- what modules call by name


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (0, r"mine was generated for ABI 0 by an older sigflow, this one runs ABI 1: "
                  r"generate it again with `sigflow compile mine.ksy -o DIR`"),
        (4, r"mine was generated for ABI 4 by a newer sigflow, this one runs ABI 1: "
                  r"install a newer one, or generate it again"),
    ],
)  # fmt: skip
def test_a_module_that_does_not_fit_says_what_to_do(version: int, words: str) -> None:
    require_abi("mine", "mine.ksy", ABI)
    with pytest.raises(SpecError, match=words):
        require_abi("mine", "mine.ksy", version)


def test_an_enum_value_without_a_name_stays_a_number() -> None:
    class Kind(IntEnum):
        A = 1

    table = members(Kind)
    assert named(table, 1) is Kind.A
    assert named(table, 2) == 2 and not isinstance(named(table, 2), Kind)


def test_a_shift_is_bounded() -> None:
    assert shifted(3, 4) == 48
    assert shifted(1, MAX_SHIFT).bit_length() == MAX_SHIFT + 1
    with pytest.raises(LimitExceeded, match="a shift by 8193 bits exceeds limit 8192") as caught:
        shifted(1, MAX_SHIFT + 1)
    assert (caught.value.found, caught.value.limit) == (MAX_SHIFT + 1, MAX_SHIFT)
    with pytest.raises(ValueError, match="negative shift count"):
        shifted(1, -1)


def test_the_number_of_elements_is_bounded() -> None:
    assert within_repeat(9, 9) == 9
    with pytest.raises(LimitExceeded, match="10 elements exceed limit 9") as caught:
        within_repeat(10, 9)
    assert (caught.value.found, caught.value.limit) == (10, 9)
    with limits(repeat=5):  # the user's replaces the spec's, down
        assert within_repeat(5, 9) == 5
        with pytest.raises(LimitExceeded, match="6 elements exceed limit 5"):
            within_repeat(6, 9)
    with limits(repeat=99):  # and up
        assert within_repeat(99, 9) == 99
    with limits(repeat=0), pytest.raises(LimitExceeded):
        within_repeat(1, 9)


def test_inflating_is_bounded() -> None:
    packed = zlib.compress(bytes(1000))
    assert inflate(packed) == bytes(1000)
    assert inflate(packed + b"what follows") == bytes(1000)
    with limits(inflated=1000):
        assert len(inflate(packed)) == 1000
    with limits(inflated=999), pytest.raises(LimitExceeded, match="inflates to more than 999 bytes"):
        inflate(packed)
    with limits(inflated=0), pytest.raises(LimitExceeded):
        inflate(packed)
    for damaged in (packed[:-1], packed[:-4], b"", b"\x78", b"no zlib stream", packed[:-1] + b"?"):
        with pytest.raises(zlib.error):
            inflate(damaged)


def test_depth_is_bounded() -> None:
    class Node(KaitaiStruct):
        def __init__(self, parent: Any) -> None:
            self._parent = parent

    class Other(KaitaiStruct):
        def __init__(self, parent: Any) -> None:
            self._parent = parent

    third = Node(Other(Node(Other(Node(None)))))
    within_depth(third, 3)  # only those of its own class count
    with pytest.raises(LimitExceeded, match="nested 3 deep, the limit is 2"):
        within_depth(third, 2)
    with limits(depth=1), pytest.raises(LimitExceeded, match="the limit is 1"):
        within_depth(third, 99)
    with limits(depth=3):
        within_depth(third, 1)


def test_a_late_field_is_read_once() -> None:
    class Unit:
        field = LazyField("field", lambda unit, raw: list(raw))
        _late = b"ab"

    unit = Unit()
    assert unit.field == [97, 98] and unit.field is unit.field
    assert isinstance(Unit.field, LazyField)


def test_an_attribute_is_told_by_the_id_of_the_spec() -> None:
    class Renamed(KaitaiStruct):
        _IDS: ClassVar[dict[str, str]] = {"class_": "class", "from_": "from"}

    assert [attribute(Renamed, name) for name in ("class", "from", "other")] == ["class_", "from_", "other"]
