"""Expressions of Construct schemas mean what they mean to Construct: each operator and function, on random bytes."""

from __future__ import annotations

import random
from typing import Any

import construct as cs
import pytest
from construct import abs_, len_, max_, min_, obj_, sum_, this

import sigflow

#: By name: an expression over `a` (u1), `b` (s1), `f` (float), `t` (text), `d` (bytes), `l` (list), `e` (enum).
EXPRESSIONS: dict[str, Any] = {
    "sum": this.a + this.b, "difference": this.a - 3, "product": this.a * this.b, "floor": this.a // 3,
    "rest": this.a % 5, "shift": this.a << 2, "back": this.a >> 1, "and": this.a & 6, "or": this.a | 8,
    "xor": this.a ^ 3, "negative": -this.a, "positive": +this.a, "ratio": this.a / 4, "float": this.f * 2,
    "float sum": this.f + this.a, "equal": this.a == 1, "unequal": this.a != 1, "less": this.a < this.b,
    "least": this.a >= 3, "most": this.b <= -1, "more": this.a > 250, "both": (this.a > 1) & (this.b > 1),
    "either": (this.a > 1) | (this.b > 1), "not": ~(this.a > 5), "text": this.t == "ab", "texts": this.t + "c",
    "bytes": this.d == b"\x01\x02", "length": len_(this.d), "letters": len_(this.t), "count": len_(this.l),
    "first": this.l[0], "last": this.l[-1], "least of": min_(this.l), "most of": max_(this.l), "sum of": sum_(this.l),
    "size": abs_(this.b), "name": this.e == "first", "no name": this.e != "none", "other name": this.e == "none",
    "truth": (this.a == 1) == (this.b == 1), "number of a truth": (this.a > 3) + 1, "flags": (this.a > 3) == True,  # noqa: E712
    "float compared": this.f > 0.5, "inner": this.s.x + 1,
}  # fmt: skip
HEAD = (
    "a" / cs.Int8ub, "b" / cs.Int8sb, "f" / cs.Float32b, "t" / cs.PaddedString(2, "ascii"), "d" / cs.Bytes(2),
    "l" / cs.Array(3, cs.Int8ub), "e" / cs.Enum(cs.Int8ub, first=1, two=2), "s" / cs.Struct("x" / cs.Int8ub),
)  # fmt: skip


def inputs(rng: random.Random, count: int = 40) -> list[bytes]:
    made = []
    for _ in range(count):
        numbers = bytes(rng.choice((0, 1, 2, 3, 127, 128, 255)) for _ in range(2))
        texts = rng.choice((b"ab", b"xy")) + rng.choice((b"\x01\x02", b"\x00\x00"))
        made.append(numbers + rng.choice((b"\x3f\0\0\0", b"\x40\x20\0\0")) + texts + rng.randbytes(3) + b"\x01\x05")
    return made


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_computed(name: str) -> None:
    schema = cs.Struct(*HEAD, "v" / cs.Computed(EXPRESSIONS[name]))
    format = sigflow.compile(schema)
    for raw in inputs(random.Random(name)):
        expected = schema.parse(raw).v
        value = sigflow.asdict(format.parse(raw))["v"]
        assert value == expected and isinstance(value, bool) == isinstance(expected, bool), (raw, value, expected)


@pytest.mark.parametrize(
    "condition", [this.a, this.f, this.t, this.d, this.l, this.a == 1, 1, 0, True, len_(this.d) == 2], ids=str
)
def test_conditions(condition: Any) -> None:
    schema = cs.Struct(*HEAD, "v" / cs.If(condition, cs.Int8ub), "w" / cs.IfThenElse(condition, cs.Int8ub, cs.Int16ub))
    format = sigflow.compile(schema)
    for raw in inputs(random.Random(str(condition))):
        raw += b"\x07\x08\x09"
        expected, value = schema.parse(raw), sigflow.asdict(format.parse(raw))
        assert (value["v"], value["w"]) == (expected.v, expected.w)


@pytest.mark.parametrize("until", [obj_ == 0, obj_ > 100, obj_ & 1 == 1], ids=str)
def test_conditions_of_lists(until: Any) -> None:
    schema = cs.Struct("v" / cs.RepeatUntil(until, cs.Int8ub))
    format = sigflow.compile(schema)
    for seed in range(20):
        raw = random.Random(seed).randbytes(6) + b"\x65\x01\x00"
        assert sigflow.asdict(format.parse(raw))["v"] == list(schema.parse(raw).v)


@pytest.mark.parametrize("size", [this.a % 4, (this.a > 3) + 1, this.s.x, abs_(this.b) % 4, len_(this.t)], ids=str)
def test_sizes(size: Any) -> None:
    schema = cs.Struct(*HEAD, "v" / cs.Bytes(size), "w" / cs.Array(size, cs.Int8ub))
    format = sigflow.compile(schema)
    for raw in inputs(random.Random(str(size))):
        raw += bytes(range(20))
        expected, value = schema.parse(raw), sigflow.asdict(format.parse(raw))
        assert (value["v"], value["w"]) == (expected.v, list(expected.w))


@pytest.mark.parametrize(
    "expression",
    [
        this.t * 2, this.d > 5, this.e > 1, this.nothing, this.a["x"], this.l["x"], sum_(this.d), min_(this.t),
        -this.t, this.a // this.f, this.e == 5, this.t == 1, abs_(this.t), obj_ + 1,
    ],
    ids=str,
)  # fmt: skip
def test_what_stays_constructs_means_the_same(expression: Any) -> None:
    schema = cs.Struct(*HEAD, "v" / cs.Computed(expression))
    format = sigflow.compile(schema)
    for raw in inputs(random.Random(str(expression)), 5):
        try:
            expected = schema.parse(raw).v
        except (TypeError, KeyError):
            continue  # it has no meaning for Construct either; what is framed does not depend on it
        assert sigflow.asdict(format.parse(raw))["v"] == expected
