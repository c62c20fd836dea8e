"""Lists of objects of a fixed size, which one unpack reads: they are what reading one after the other gives."""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Any

import pytest

from sigflow.compiler import build

#: Each list beside the same, of a class whose objects are read one by one, since a field of theirs is checked.
SPEC = """
meta: {{id: lists, endian: {order}}}
seq:
  - {{id: count, type: s1}}
  - {{id: items, type: {kind}, {repeat}}}
  - {{id: after, type: u1, if: not _io.eof}}
enums:
  colours: {{1: red, 2: green}}
types:
  quick:
    seq: [{fields}]
    instances: {{twice: {{value: 2 * number}}}}
  slow:
    seq: [{fields}, {{id: one_by_one, size: 0, valid: {{expr: 'true'}}}}]
    instances: {{twice: {{value: 2 * number}}}}
"""
FIELDS = "{id: number, type: u2}, {id: colour, type: u1, enum: colours}, {id: far, type: f4}"
SINGLE = "{id: number, type: s1}"
REPEATS = {
    "so many": "repeat: expr, repeat-expr: count",
    "computed": "repeat: expr, repeat-expr: count - 1",
    "to the end": "repeat: eos",
    "until": "repeat: until, repeat-until: _.number == 0",
}


@cache
def compiled(spec: str) -> Any:
    """The generated module."""
    return build("lists.ksy", data=spec.encode()).load()


def read(kind: str, order: str, fields: str, repeat: str, data: bytes) -> tuple[Any, ...]:
    """What reading comes to: the object as far as it was read, the error, and where the stream is then."""
    module = compiled(SPEC.format(kind=kind, order=order, fields=fields, repeat=repeat))
    made = module.Lists.__new__(module.Lists)
    failure = ""
    try:
        made.__init__(module.KaitaiStream(data))
    except EOFError as error:
        failure = str(error)
    items = made.__dict__.get("items", [])
    assert all(item._parent is made and item._root is made and item._io is made._io for item in items)
    assert all(type(item).__name__.lower() == kind for item in items)
    names = re.findall(r"id: (\w+)", fields)
    told = [[getattr(item, name) for name in (*names, "twice")] for item in items]
    return told, made.__dict__.get("after"), failure, made._io.pos()


@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize("fields", [FIELDS, SINGLE])
@pytest.mark.parametrize("repeat", REPEATS)
def test_cut_anywhere(order: str, fields: str, repeat: str) -> None:
    rng = random.Random(repeat)
    lengths = set()
    for count in (-1, 0, 1, 4, 100):
        data = count.to_bytes(1, "big", signed=True) + rng.randbytes(40)
        for size in range(1, len(data) + 1):
            expected = read("slow", order, fields, REPEATS[repeat], data[:size])
            assert read("quick", order, fields, REPEATS[repeat], data[:size]) == expected
            lengths.add(len(expected[0]))
    assert len(lengths) > 3
