"""Fields of unusual kinds: whatever is made of them, or left to Construct, values and bytes are Construct's own."""

from __future__ import annotations

import random
from typing import Any

import construct as cs
import pytest
from construct import this

import sigflow
from sigflow.compiler.construct.python import understood

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

    "position in a region": cs.FixedSized(3, cs.Struct("v" / cs.Int8ub, "t" / cs.Tell)),
    "copy in a prefixed region": cs.Prefixed(cs.Int8ub, cs.RawCopy(cs.Int8ub)),
    "pointer in a region": cs.FixedSized(3, cs.Struct("v" / cs.Int8ub, "p" / cs.Pointer(1, cs.Int8ub))),
    "terminated region": cs.NullTerminated(cs.Struct("v" / cs.GreedyBytes, "t" / cs.Tell), term=b"\x03"),
    "position behind a region": cs.Struct("r" / cs.FixedSized(2, cs.Int8ub), "t" / cs.Tell),

    "adapter": cs.ExprAdapter(cs.Int8ub, cs.obj_ + 1, cs.obj_ - 1), "padded": cs.Padded(4, cs.Int8ub),
    "aligned": cs.Aligned(4, cs.Int24ub), "fixed": cs.FixedSized(4, cs.GreedyBytes),
    "stripped": cs.FixedSized(3, cs.NullStripped(cs.GreedyBytes)),
    "terminated": cs.FixedSized(2, cs.Struct("a" / cs.Int8ub, "b" / cs.Int8ub, cs.Terminated)),
}  # fmt: skip


class Descriptor(cs.Struct):
    """A class that only makes a struct in a way of its own."""

    def __init__(self, *subcons: Any) -> None:
        super().__init__("size" / cs.Int8ub, *subcons)


class Struct(cs.Struct):
    """One that is called as Construct's, and reads something else."""

    def _parse(self, stream: Any, context: Any, path: Any) -> Any:
        value = super()._parse(stream, context, path)
        value["twice"] = value["a"] * 2
        return value


class Pass(cs.Bytes):  # type: ignore[misc]  # (construct has no types)
    """One that is called as what has no bytes."""

    def _parse(self, stream: Any, context: Any, path: Any) -> Any:
        return super()._parse(stream, context, path)[::-1]


FIELDS |= {
    "derived": Descriptor("a" / cs.Int8ub), "derived twice": cs.Array(2, Descriptor("a" / cs.Int8ub)),
    "own struct": Struct("a" / cs.Int8ub), "own pass": Pass(2),
    "if own": cs.IfThenElse(this.before > 1, Pass(1), cs.Int8ub),
    "switch of nothing": cs.Switch(lambda o: o.before, {1: cs.Computed(1), None: cs.Pass}, cs.Computed(this.before)),
    "switch by text": cs.Switch(lambda o: str(o.before)[:1], {"1": cs.Pass}, cs.Computed(lambda o: o.before + 1)),
    "if of nothing": cs.IfThenElse(lambda ctx: ctx.before > 2, cs.Computed("many"), cs.Computed("few")),
    "swapped constant": cs.Optional(cs.ByteSwapped(cs.Const(b"\x00\x01"))),
    "swapped mark": cs.Prefixed(cs.Int8ub, cs.Select(cs.ByteSwapped(cs.Const(b"\x01\x02")), cs.GreedyBytes)),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["unix", "msdos"])
def test_timestamps(kind: str) -> None:
    pytest.importorskip("arrow", reason="Construct's Timestamp needs the package arrow, which is not installed")
    stamp = cs.Timestamp(cs.Int32ub, "msdos", "msdos") if kind == "msdos" else cs.Timestamp(cs.Int32ub, 0.5, 2000)
    schema = cs.Struct("when" / stamp, "behind" / cs.Int8ub)
    format = sigflow.compile(schema)
    assert not understood(schema, "it").stays
    dice = random.Random(kind)
    for _ in range(60):
        raw = dice.randbytes(dice.choice((4, 5, 5, 5, 5)))
        try:
            expected = schema.parse(raw)
        except (cs.ConstructError, ValueError):
            with pytest.raises(sigflow.StreamError):
                sigflow.asdict(format.parse(raw))
            continue
        value = sigflow.asdict(format.parse(raw))
        assert value == {"when": expected.when, "behind": expected.behind}
        assert format.build(value) == schema.build(expected)


def test_a_mark_that_is_swapped_is_looked_for() -> None:
    schema = cs.Struct("mark" / cs.ByteSwapped(cs.Const(b"\x18\x1a")), "n" / cs.Int8ub, "data" / cs.Bytes(this.n))
    format = sigflow.compile(sigflow.stream(schema, max_frame=16))
    assert format.envelope is not None and format.envelope.search.sync == (b"\x1a\x18",)
    assert format.build({"data": b"ab", "n": 2}) == schema.build({"data": b"ab", "n": 2}) == b"\x1a\x18\x02ab"


def test_plain_dicts_are_built_where_functions_ask_for_attributes() -> None:
    schema = cs.Struct("flags" / cs.FlagsEnum(cs.Int8ub, a=1), "more" / cs.If(lambda ctx: ctx.flags.a, cs.Int8ub))
    format = sigflow.compile(schema)
    value = sigflow.asdict(format.parse(b"\1\7"))
    assert type(value["flags"]) is dict and format.build(value) == b"\1\7"


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
                sigflow.asdict(format.parse(raw))  # (what Construct parses whole is refused when it is asked for)
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
