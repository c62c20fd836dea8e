"""Construct schemas against Construct itself: equal values and equal bytes, errors where Construct has errors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from construct import (
    Array,
    BitsInteger,
    BitStruct,
    Byte,
    Bytes,
    Check,
    Computed,
    Construct,
    Enum,
    GreedyBytes,
    GreedyRange,
    If,
    Index,
    Int8sb,
    Octet,
    Prefixed,
    StopIf,
    Struct,
    Tell,
    Terminated,
    VarInt,
    this,
)  # fmt: skip

import sigflow
from sigflow.containers import leaves
from sigflow.errors import SigflowError
from tests.construct.schemas import SCHEMAS

#: Inputs of each kind and schema; in `SIGFLOW_CONSTRUCT_INPUTS` another number, such as 1,000.
INPUTS = int(os.environ.get("SIGFLOW_CONSTRUCT_INPUTS", "60"))
REFUSED = "refused"


def damaged(random: Random, raw: bytes) -> bytes:
    """The bytes cut, lengthened, or with a few of them changed."""
    way = random.randrange(4)
    if way == 0 and raw:
        return raw[: random.randrange(len(raw))]
    if way == 1:
        return raw + random.randbytes(random.randrange(1, 5))
    changed = bytearray(raw)
    for _ in range(random.randrange(1, 4) if raw else 0):
        changed[random.randrange(len(raw))] = random.choice([0, 255, random.randrange(256)])
    return bytes(changed)


def of_construct(schema: Any, raw: bytes) -> str:
    """What Construct gives; `repr` tells 1 from True, and NaN is equal to itself."""
    try:
        return repr(leaves(schema.parse(raw)))
    except Exception:  # (its errors, and those of Python that it lets through)
        return REFUSED


def of_sigflow(format: sigflow.Format, raw: bytes) -> str:
    try:
        return repr(sigflow.asdict(format.parse(raw)))
    except SigflowError:
        return REFUSED


@pytest.mark.parametrize("name", SCHEMAS)
def test_values_and_bytes_are_those_of_construct(name: str) -> None:
    schema, make = SCHEMAS[name]
    format = sigflow.compile(schema)
    random = Random(name)
    refused = 0
    for _ in range(INPUTS):
        value = make(random)
        raw = schema.build(value)
        assert format.build(value) == raw, value
        assert of_sigflow(format, raw) == of_construct(schema, raw) != REFUSED, raw
        broken = damaged(random, raw)
        wanted = of_construct(schema, broken)
        refused += wanted == REFUSED
        assert of_sigflow(format, broken) == wanted, broken
    assert refused, "no damaged input was refused"


#: Every construct that may be declarative, by the name of its class or of the function that makes it.
NUMBERS = ("FormatField", "BytesInteger", "BitsInteger", "VarInt", "Flag", "Enum", "FlagsEnum", "Mapping")
BYTES = ("Bytes", "GreedyBytes", "StringEncoded", "NullTerminated", "NullStripped", "Padded", "Aligned", "Transformed")
GROUPS = ("Struct", "Sequence", "Array", "GreedyRange", "RepeatUntil", "FocusedSeq", "Prefixed", "FixedSized", "Union")
CHOICES = ("IfThenElse", "Switch", "StopIf", "Select", "Pass", "LazyBound", "Terminated", "Check", "Checksum")
OTHERS = ("Const", "Default", "Computed", "Rebuild", "Pointer", "Peek", "Seek", "Tell", "RawCopy", "Hex")
CONSTRUCTS = (*NUMBERS, *BYTES, *GROUPS, *CHOICES, *OTHERS)


def classes(schema: Any, seen: set[int]) -> Iterator[str]:
    """The names of the classes of a schema and of all constructs in it."""
    if id(schema) in seen:
        return
    seen.add(id(schema))
    yield type(schema).__name__
    if type(schema).__name__ == "LazyBound":
        yield from classes(schema.subconfunc(), seen)
    names = ("subcon", "thensubcon", "elsesubcon", "lengthfield", "checksumfield", "default")
    inner = [getattr(schema, name, None) for name in names]
    inner += getattr(schema, "subcons", ())
    inner += getattr(schema, "cases", {}).values()
    for part in inner:
        if isinstance(part, Construct):
            yield from classes(part, seen)


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_each_construct_is_in_two_schemas(construct: str) -> None:
    assert sum(construct in classes(schema, set()) for schema, _ in SCHEMAS.values()) >= 2


def depth(schema: Any) -> int:
    """How many structs, lists and choices stand in each other."""
    within = max((depth(part) for part in parts(schema)), default=0)
    return within + (type(schema).__name__ in ("Struct", "Sequence", "Array", "Switch", "IfThenElse", "Prefixed"))


def parts(schema: Any) -> list[Any]:
    listed = [getattr(schema, name, None) for name in ("subcon", "thensubcon", "elsesubcon")]
    return [
        part
        for part in (*listed, *getattr(schema, "subcons", ()), *getattr(schema, "cases", {}).values())
        if isinstance(part, Construct)
    ]


def test_there_are_thirty_and_ten_are_deep() -> None:
    assert len(SCHEMAS) >= 30
    assert sum(depth(schema) >= 4 for schema, _ in SCHEMAS.values()) >= 10


#: Schemas with names, and numbers, that might be taken for something else.
ODD = {
    "keywords": Struct("class" / Byte, "Size" / Byte, "size" / Byte, "_io2" / Byte, "from_file" / Byte, "x-y" / Byte),
    "types": Struct(
        "u1" / Struct("a" / Byte), "str" / Struct("b" / Byte), "position" / Struct("t" / Tell),
        "varint" / VarInt, "varint_group" / Struct("c" / VarInt),
    ),
    "twice": Struct("a" / Byte, "a" / Byte),
    "below zero": Struct("n" / Int8sb, "data" / Array(this.n, Byte)),
    "outward": Struct("n" / Byte, "a" / (part := Struct("x" / Bytes(this._.n & 1))), "b" / Array(2, part)),
    "no struct": GreedyRange(Struct("tag" / Byte, "data" / Prefixed(Byte, GreedyBytes))),
    "indices": Struct("items" / Array(2, Struct("place" / Index, "c" / Byte))),
    "hidden bits": Struct(
        "n" / Byte, "_b" / BitStruct("a" / BitsInteger(3), StopIf(this.a == 7), "b" / BitsInteger(5)),
        "a" / Computed(this._b.a), "data" / Bytes(this._b.a), "if" / If(this.n > 9, "_c" / BitStruct("n" / Octet)),
    ),
    "to the end": Struct("n" / Byte, "all" / GreedyRange(Prefixed(Byte, GreedyBytes)), Terminated),
    "checked to the end": Struct("all" / GreedyRange(Struct("n" / Byte, Check(this.n < 200))), Terminated),
    "unlabelled": Struct("e" / Enum(Byte, A=1, a=2), "more" / If(this.e == 1, Byte)),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_schemas(name: str) -> None:
    format = sigflow.compile(ODD[name])
    random = Random(name)
    for _ in range(100):
        raw = random.randbytes(random.randrange(16))
        assert of_sigflow(format, raw) == of_construct(ODD[name], raw), raw
