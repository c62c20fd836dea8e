"""Fields of unusual kinds: whatever is made of them, or left to Construct, values and bytes are Construct's own."""

from __future__ import annotations

import random
from typing import Any

import construct as cs
import pytest
from construct import this

import sigflow

FIELDS: dict[str, Any] = {
    "half": cs.Float16b, "native": cs.Int32un, "three bytes": cs.Int24ub, "three bytes swapped": cs.Int24ul,
    "signed three": cs.Int24sb, "five": cs.BytesInteger(5, signed=True), "nine": cs.BytesInteger(9),
    "two": cs.BytesInteger(2, swapped=True), "bits": cs.BitStruct("a" / cs.Bit, "b" / cs.BitsInteger(1, signed=True),
                                                                  "c" / cs.BitsInteger(6, signed=True)),
    "nibbles": cs.BitStruct("a" / cs.Nibble, "f" / cs.Flag, cs.Padding(3)), "flag": cs.Flag,
    "swapped bits": cs.BitStruct("a" / cs.BitsInteger(16, swapped=True)),
    "computed length": cs.Struct("n" / cs.Int8ub, "v" / cs.BytesInteger(this.n % 2 + 1)),
    "swapped": cs.ByteSwapped(cs.Int32ub), "bits swapped": cs.BitsSwapped(cs.Int8ub),
    "varint": cs.VarInt, "zigzag": cs.ZigZag, "enum below zero": cs.Enum(cs.Int8sb, low=-1, zero=0, high=1),
    "empty enum": cs.Enum(cs.Int8ub), "enum of three": cs.Enum(cs.Int24ub, a=1, b=2),
    "flags": cs.FlagsEnum(cs.Int8ub, a=1, b=2, c=8), "mapping": cs.Mapping(cs.Int8ub, {"a": 0, "b": 1, "c": 2}),
    "hex": cs.Hex(cs.Bytes(2)), "dump": cs.HexDump(cs.Bytes(2)), "constant": cs.Optional(cs.Const(b"\x00")),
    "default": cs.Default(cs.Int8ub, 3), "peek": cs.Struct("p" / cs.Peek(cs.Int8ub), "v" / cs.Int16ub),
    "tell": cs.Struct("a" / cs.Int8ub, "t" / cs.Tell), "pass": cs.Struct("a" / cs.Pass, "b" / cs.Int8ub),
    "index": cs.Array(3, cs.Struct("v" / cs.Int8ub)), "prefixed": cs.PrefixedArray(cs.Int8ub, cs.Flag),
    "checked": cs.Struct("v" / cs.Int8ub, cs.Check(this.v < 200)), "two enums": cs.Struct(
        "e" / cs.Enum(cs.Int8ub, first=1), "s" / cs.Struct("e" / cs.Enum(cs.Int8ub, two=2))),
    "lambda": cs.Struct("n" / cs.Int8ub, "v" / cs.Computed(lambda ctx: ctx.n + 1)),

    "adapter": cs.ExprAdapter(cs.Int8ub, cs.obj_ + 1, cs.obj_ - 1), "padded": cs.Padded(4, cs.Int8ub),
    "aligned": cs.Aligned(4, cs.Int24ub), "fixed": cs.FixedSized(4, cs.GreedyBytes),
    "stripped": cs.FixedSized(3, cs.NullStripped(cs.GreedyBytes)),
    "terminated": cs.FixedSized(2, cs.Struct("a" / cs.Int8ub, "b" / cs.Int8ub, cs.Terminated)),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_fields(name: str) -> None:
    schema = cs.Struct("before" / cs.Int8ub, "field" / FIELDS[name], "behind" / cs.Int8ub)
    format = sigflow.compile(schema)
    dice, read = random.Random(name), 0
    for _ in range(60):
        raw = bytes(dice.choice((0, 0, 1, 1, 2, 3, 127, 128, 255)) for _ in range(14))
        try:
            expected = schema.parse(raw)
        except (cs.ConstructError, TypeError, ValueError):
            with pytest.raises(sigflow.StreamError):
                format.parse(raw)
            continue
        value = sigflow.asdict(format.parse(raw))
        assert same(value["field"], expected.field) and value["behind"] == expected.behind, (raw, value, expected)
        assert format.build(value) == schema.build(expected)
        read += 1
    assert read


def same(value: Any, expected: Any) -> bool:
    """Whether a value is Construct's; what it keeps for itself (`_io`, a place without a name) does not count."""
    if isinstance(expected, dict):
        names = [key for key in expected if isinstance(key, str) and not key.startswith("_")]
        return all(same(value[key], expected[key]) for key in names)
    if isinstance(expected, list):
        return len(value) == len(expected) and all(map(same, value, expected))
    return bool(value == expected or (value != value and expected != expected))
