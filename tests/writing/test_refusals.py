"""What does not fit is refused: by `_check()`, or by `_write()` where only the stream tells.  One broken value for each
kind of check; the value before it was broken is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kaitaistruct
import pytest
from kaitaistruct import ConsistencyError, EndOfStreamError

from sigflow.errors import LimitExceeded
from tests.writing.kit import compiled, read, written

HEAD = "meta: {id: x, endian: le, encoding: ASCII}\n"


@dataclass(frozen=True, slots=True)
class Broken:
    """A spec with bytes that it reads, and what breaks the object; `error` is raised when it is checked, or written."""

    spec: str
    raw: bytes
    breaks: Callable[[Any], object]
    error: type[Exception] = ConsistencyError
    text: str = ""
    written: bool = False


def to(**fields: Any) -> Callable[[Any], object]:
    """Sets fields."""
    return lambda unit: [setattr(unit, name, value) for name, value in fields.items()]


NUMBER = "seq: [{id: a, type: u1}]"
SIZED = "seq: [{id: n, type: u1}, {id: a, size: n}]"
TERM = "seq: [{id: a, terminator: 0}, {id: b, type: u1}]"
INCLUDED = "seq: [{id: a, terminator: 0, include: true}, {id: b, type: u1}]"
WORDS = "seq: [{id: a, type: strz, encoding: UTF-16LE}, {id: b, type: u1}]"
PAIRS = "seq: [{id: a, terminator: [0x0d, 0x0a]}, {id: b, type: u1}]"
PADDED = "seq: [{id: a, size: 4, pad-right: 0x20}]"
LIMITED = "seq: [{id: a, size: 4, terminator: 0}]"
BOTH = "seq: [{id: a, size: 4, terminator: 0, pad-right: 0x20}]"
OBJECT = "seq: [{id: a, type: t}, {id: b, type: t}]\ntypes: {t: {seq: [{id: v, type: u1}]}}"
INSIDE = "seq: [{id: a, size: 2, type: t}]\ntypes: {t: {seq: [{id: v, size: 2}]}}"
GROWS = """\
seq: [{id: a, size: 2, type: t}, {id: n, type: u1}]
types: {t: {seq: [{id: v, type: u1}, {id: w, type: u1, if: v == 2}, {id: x, type: u1, if: v == 2}]}}
"""
PARAM = "seq: [{id: a, type: 't(3)'}]\ntypes: {t: {params: [{id: p, type: u1}], seq: [{id: v, size: p}]}}"
INSTANCE = "seq: [{id: a, type: u1}]\ninstances: {i: {pos: 1, size: 2}}"
SWITCH = """\
seq: [{id: k, type: u1}, {id: a, type: {switch-on: k, cases: {1: u1, 2: t}}}]
types: {t: {seq: [{id: v, type: u1}]}}
"""
ENUM = "seq: [{id: a, type: u1, enum: e, valid: {in-enum: true}}]\nenums: {e: {1: x}}"

BROKEN = {
    "a size": Broken(SIZED, b"\2ab", to(a=b"abc"), text="expected: 2, actual: 3"),
    "a size that is another": Broken(SIZED, b"\2ab", to(n=3), text="expected: 3, actual: 2"),
    "a fixed size": Broken("seq: [{id: a, size: 2}]", b"ab", to(a=b"a"), text="expected: 2, actual: 1"),
    "a negative size": Broken("seq: [{id: n, type: s1}, {id: a, size: n}]", b"\1a", to(n=-1), text="a size"),
    "a number of elements": Broken(
        "seq: [{id: n, type: u1}, {id: a, type: u1, repeat: expr, repeat-expr: n}]",
        b"\2ab", to(a=[1]), text="expected: 2, actual: 1",
    ),
    "a list that ends too soon": Broken(
        "seq: [{id: a, type: u1, repeat: until, repeat-until: _ == 0}]", b"\1\0", to(a=[1, 2]), text="expected: True"
    ),
    "a list that goes on": Broken(
        "seq: [{id: a, type: u1, repeat: until, repeat-until: _ == 0}]", b"\1\0", to(a=[0, 0]), text="expected: False"
    ),
    "a list without an end": Broken(
        "seq: [{id: a, type: u1, repeat: until, repeat-until: _ == 0}]", b"\1\0", to(a=[]), text="at least one"
    ),
    "a list short of the end": Broken("seq: [{id: a, type: u1, repeat: eos}]", b"ab", to(a=[1]), written=True),
    "a list beyond the end": Broken("seq: [{id: a, type: u1, repeat: eos}]", b"ab", to(a=[1, 2, 3]), written=True),
    "no list": Broken("seq: [{id: a, type: u1, repeat: eos}]", b"ab", to(a=1), text="a list"),
    "contents": Broken('seq: [{id: a, contents: "AB"}]', b"AB", to(a=b"AC"), kaitaistruct.ValidationNotEqualError),
    "the size of contents": Broken('seq: [{id: a, contents: "AB"}]', b"AB", to(a=b"A"), text="expected: 2"),
    "valid eq": Broken(
        "seq: [{id: a, type: u1, valid: 7}]", b"\7", to(a=8), kaitaistruct.ValidationNotEqualError, "expected 7"
    ),
    "valid min": Broken(
        "seq: [{id: a, type: u1, valid: {min: 7}}]", b"\7", to(a=6), kaitaistruct.ValidationLessThanError
    ),
    "valid max": Broken(
        "seq: [{id: a, type: u1, valid: {max: 7}}]", b"\7", to(a=8), kaitaistruct.ValidationGreaterThanError
    ),
    "valid any-of": Broken(
        "seq: [{id: a, type: u1, valid: {any-of: [1, 7]}}]", b"\7", to(a=8), kaitaistruct.ValidationNotAnyOfError
    ),
    "valid in-enum": Broken(ENUM, b"\1", to(a=2), kaitaistruct.ValidationNotInEnumError),
    "valid expr": Broken(
        "seq: [{id: a, type: u1, valid: {expr: _ % 2 == 1}}]", b"\7", to(a=8), kaitaistruct.ValidationExprError
    ),
    "valid of an element": Broken(
        "seq: [{id: a, type: u1, valid: {max: 7}, repeat: eos}]", b"\7\1", to(a=[7, 8]),
        kaitaistruct.ValidationGreaterThanError,
    ),
    "a terminator inside": Broken(TERM, b"ab\0c", to(a=b"a\0b"), text="expected: -1, actual: 1"),
    "a terminator inside, included": Broken(INCLUDED, b"ab\0c", to(a=b"a\0b\0"), text="expected: 3, actual: 1"),
    "no terminator where it is included": Broken(INCLUDED, b"ab\0c", to(a=b"ab"), text="actual: -1"),
    "a terminator of two bytes inside": Broken(PAIRS, b"ab\r\nc", to(a=b"ab\r\n"), text="expected: -1, actual: 2"),
    "a size that no terminator of two bytes can end": Broken(PAIRS, b"ab\r\nc", to(a=b"abc"), text="expected: -1"),
    "a terminator in a text of two bytes a letter": Broken(
        WORDS, b"a\0\0\0c", to(a="a\0b"), text="expected: -1, actual: 2"
    ),
    "a terminator that nobody consumed": Broken(
        "seq: [{id: a, terminator: 0, consume: false}, {id: b, type: u1}]", b"ab\0", to(b=1), written=True
    ),
    "no terminator, and not at the end": Broken(
        "seq: [{id: a, terminator: [1, 2], eos-error: false}, {id: b, size-eos: true}]",
        b"ab\1\2c", to(a=b"abc", b=b"de"), text="behind it", written=True,
    ),
    "a terminator before the size": Broken(LIMITED, b"ab\0\0", to(a=b"a\0b"), text="expected: -1, actual: 1"),
    "a terminator before the end": Broken(
        "seq: [{id: a, size-eos: true, terminator: 0}]", b"ab\0", to(a=b"a\0b"), text="expected: -1, actual: 1"
    ),
    "padding at the end": Broken(PADDED, b"ab  ", to(a=b"ab "), text="at its end"),
    "padding where the terminator has no room": Broken(BOTH, b"ab\0 ", to(a=b"abc "), text="expected: b'abc '"),
    "too long for a size": Broken(PADDED, b"ab  ", to(a=b"abcde"), text="expected: 4, actual: 5"),
    "too long for a terminated size": Broken(LIMITED, b"ab\0\0", to(a=b"abcde"), text="expected: 4, actual: 5"),
    "too long for the stream": Broken("seq: [{id: a, size-eos: true}]", b"ab", to(a=b"abc"), written=True),
    "too short for the stream": Broken("seq: [{id: a, size-eos: true}]", b"ab", to(a=b"a"), written=True),
    "beyond the stream": Broken(TERM, b"ab\0c", to(a=b"abc"), EndOfStreamError, written=True),
    "an object too long for its size": Broken(
        GROWS, b"\1\0\2", lambda unit: to(v=2, w=3, x=4)(unit.a), EndOfStreamError, written=True
    ),
    "another parent": Broken(OBJECT, b"\1\2", lambda unit: setattr(unit.a, "_parent", unit.b)),
    "no parent": Broken(OBJECT, b"\1\2", lambda unit: setattr(unit.a, "_parent", None)),
    "another root": Broken(OBJECT, b"\1\2", lambda unit: setattr(unit.b, "_root", unit.a)),
    "another param": Broken(PARAM, b"abc", lambda unit: setattr(unit.a, "p", 2), text="expected: 3, actual: 2"),
    "an object in an object": Broken(INSIDE, b"ab", lambda unit: setattr(unit.a, "v", b"a"), text="expected: 2"),
    "a letter that an encoding lacks": Broken(
        "seq: [{id: a, type: str, size: 1}]", b"a", to(a="\u00e9"), UnicodeEncodeError
    ),
    "a text's size in its encoding": Broken(
        "seq: [{id: a, type: str, size: 1, encoding: UTF-8}]", b"a", to(a="\u00e9"), text="expected: 1, actual: 2"
    ),
    "a number too large": Broken(NUMBER, b"\1", to(a=256), text="0 to 255"),
    "a negative number": Broken(NUMBER, b"\1", to(a=-1), text="0 to 255"),
    "a number that is none": Broken(NUMBER, b"\1", to(a="1"), text="an integer"),
    "a bit too much": Broken("seq: [{id: a, type: b3}]", b"\x20", to(a=8), text="0 to 7"),
    "a float too large": Broken("seq: [{id: a, type: f4}]", bytes(4), to(a=1e300), text="a number of 4 bytes"),
    "bytes that are none": Broken(SIZED, b"\2ab", to(a="ab"), text="bytes"),
    "nothing": Broken(NUMBER, b"\1", to(a=None), text="a value"),
    "an object of another type": Broken(SWITCH, b"\1\2", to(k=2), text="an object of T"),
    "an instance": Broken(INSTANCE, b"\1ab", to(i=b"abc"), text="expected: 2, actual: 3"),
    "the size of what a process gives": Broken(
        "seq: [{id: a, size: 2, process: xor(3)}]", b"ab", to(a=b"abc"), text="expected: 2, actual: 3"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_value(name: str, tmp_path: Path) -> None:
    case = BROKEN[name]
    unit = read(compiled(tmp_path, HEAD + case.spec), case.raw)
    unit._check()
    assert written(unit, len(case.raw)) == case.raw
    case.breaks(unit)
    if not case.written:
        with pytest.raises(case.error) as raised:
            unit._check()
    else:
        unit._check()
        with pytest.raises(case.error) as raised:
            written(unit, len(case.raw))
    assert case.text in str(raised.value)


def test_an_error_says_where(tmp_path: Path) -> None:
    spec = HEAD + "seq: [{id: a, type: t, repeat: eos}]\ntypes: {t: {seq: [{id: v, size: 2}]}}"
    unit = read(compiled(tmp_path, spec), b"abcd")
    unit.a[1].v = b"c"
    with pytest.raises(ConsistencyError) as raised:
        unit._check()
    assert (raised.value.id, raised.value.expected, raised.value.actual) == ("v", 2, 1)
    assert raised.value.__notes__ == ["field: a[1].v"]


def test_a_failed_check_leaves_the_object_unchecked(tmp_path: Path) -> None:
    unit = read(compiled(tmp_path, HEAD + SIZED), b"\2ab")
    unit.a = b"abc"
    with pytest.raises(ConsistencyError):
        unit._check()
    with pytest.raises(kaitaistruct.ConsistencyNotCheckedError):
        written(unit, 3)


def test_nesting_without_end(tmp_path: Path) -> None:
    """What is nested deeper than Python takes is refused, and so is an object in itself."""
    spec = "meta: {id: x}\nseq: [{id: n, type: u1}, {id: a, type: x, if: n > 0}]"
    kind = compiled(tmp_path, spec)
    top = unit = kind()
    for _ in range(2000):
        unit.n, unit.a = 1, kind(None, unit, top)
        unit = unit.a
    unit.n = 0
    with pytest.raises(LimitExceeded, match="nested too deep"):
        top._check()
    itself = kind()
    itself.n, itself.a = 1, itself
    with pytest.raises(ConsistencyError):
        itself._check()
