"""Columns of values, computed as Python computes each of them.

Rules.  An integer is an int64 as long as every result provably fits: each column carries its least and greatest
value.  Where a result might not fit, the column becomes one of Python's own integers, and all that follows is computed
with these.  What cannot be computed in a row (a division by zero) is marked there, and the mark spreads as an exception
would: not out of the side of an `and`, `or` or `?:` that is not evaluated.  What arrays would compute in another way
than Python does is `NotExact`: then each frame is asked.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sigflow.compiler.expression import COMPARISONS

Array = np.ndarray[Any, Any]

#: What an int64 holds, and the integers of which a float holds every one.
LEAST, MOST = -(1 << 63), (1 << 63) - 1
EXACT = 1 << 53
#: The largest shift to the left that is computed in arrays.
_SHIFT = 62


class NotExact(Exception):
    """Arrays would not give what Python does."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A column, or a constant (an array without dimensions).

    values: bool, int64, float64, or objects, which are Python's integers.  low, high: of int64, the least and the
    greatest.  bad: the rows in which it cannot be computed; None for none.
    """

    values: Array
    low: int = 0
    high: int = 0
    bad: Array | None = None

    @property
    def kind(self) -> str:
        """`b`, `i`, `f`, or `O`."""
        return str(self.values.dtype.kind)


def integers(values: Array, bad: Array | None = None) -> Vector:
    """A column of integers of any width."""
    if not values.size:
        return Vector(values.astype(np.int64), bad=bad)
    low, high = int(values.min()), int(values.max())
    if high > MOST:
        return Vector(values.astype(object), bad=bad)
    return Vector(values.astype(np.int64), low, high, bad)


def constant(value: bool | int | float) -> Vector:
    """The same in every row."""
    if isinstance(value, bool | float):
        return Vector(np.asarray(value))
    if LEAST <= value <= MOST:
        return Vector(np.asarray(value, np.int64), value, value)
    return Vector(_objects(value))


def _objects(values: Any) -> Array:
    if isinstance(values, np.ndarray):
        return values.astype(object)
    array: Array = np.empty((), object)
    array[()] = values
    return array


def spread(first: Array | None, second: Array | None) -> Array | None:
    """Both marks."""
    if first is None or second is None:
        return second if first is None else first
    return first | second


# ---------------------------------------------------------------- arithmetic


def arithmetic(op: str, left: Vector, right: Vector) -> Vector:
    """`left op right`, of numbers."""
    with np.errstate(all="ignore"):
        if "f" in (left.kind, right.kind):
            return _floats(op, left, right)
        return _INTEGERS[op](op, left, right)


def _floats(op: str, left: Vector, right: Vector) -> Vector:
    if "O" in (left.kind, right.kind):
        raise NotExact("an integer of any size among floats")
    bad = spread(left.bad, right.bad)
    first, second = left.values.astype(np.float64), right.values.astype(np.float64)
    if op in "/%":
        zero = second == 0.0
        bad = spread(bad, zero) if zero.any() else bad
        second = np.where(zero, 1.0, second)
    result = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "%": np.mod}[op](first, second)
    return Vector(np.asarray(result), bad=bad)


_EXACTLY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}


def _apply(op: str, left: Vector, right: Vector, ends: list[int], bad: Array | None = None) -> Vector:
    """The operation, in int64 where the ends of what it may give fit, and both sides do."""
    bad = spread(spread(left.bad, right.bad), bad)
    if "O" not in (left.kind, right.kind) and min(ends) >= LEAST and max(ends) <= MOST:
        return Vector(np.asarray(_EXACTLY[op](left.values, right.values)), min(ends), max(ends), bad)
    result = _EXACTLY[op](left.values.astype(object), right.values.astype(object))
    return Vector(_objects(result), bad=bad)


def _sum(op: str, left: Vector, right: Vector) -> Vector:
    function = _EXACTLY[op]
    return _apply(op, left, right, [function(a, b) for a in (left.low, left.high) for b in (right.low, right.high)])


def _bits(op: str, left: Vector, right: Vector) -> Vector:
    # Numbers of 64 bits in two's complement: what bit operations make of them is another one.
    size = max(abs(end) for end in (left.low, left.high, right.low, right.high))
    bits = (1 << size.bit_length()) - 1
    return _apply(op, left, right, [-bits - 1, bits])


def _division(op: str, left: Vector, right: Vector) -> Vector:
    zero = np.asarray(right.values == 0)
    bad = zero.astype(bool) if zero.any() else None
    if bad is not None:
        values = np.where(bad, right.values.dtype.type(1) if right.kind != "O" else 1, right.values)
        right = Vector(np.asarray(values), min(right.low, 1), max(right.high, 1), right.bad)
    # No quotient is larger than what is divided, no rest larger than what it is divided by.
    whole = left if op == "/" else right
    size = max(abs(whole.low), abs(whole.high))
    return _apply(op, left, right, [-size, size], bad)


def _shift_left(op: str, left: Vector, right: Vector) -> Vector:
    if "O" in (left.kind, right.kind) or right.low < 0 or right.high > _SHIFT:
        raise NotExact("a shift that may be wide")
    ends = [left.low << right.high, left.high << right.high, left.low, left.high]
    if min(ends) < LEAST or max(ends) > MOST:
        raise NotExact("a shift out of 64 bits")
    return Vector(np.asarray(left.values << right.values), min(ends), max(ends), spread(left.bad, right.bad))


def _shift_right(op: str, left: Vector, right: Vector) -> Vector:
    if "O" in (left.kind, right.kind):
        raise NotExact("a shift of an integer of any size")
    bad = spread(left.bad, right.bad)
    if right.low < 0:
        bad = spread(bad, np.asarray(right.values < 0))
    values = left.values >> np.clip(right.values, 0, 63)
    return Vector(np.asarray(values), min(left.low, -1 if left.low < 0 else 0), max(left.high, 0), bad)


_INTEGERS: dict[str, Callable[[str, Vector, Vector], Vector]] = {
    "+": _sum,
    "-": _sum,
    "*": _sum,
    "/": _division,
    "%": _division,
    "&": _bits,
    "|": _bits,
    "^": _bits,
    "<<": _shift_left,
    ">>": _shift_right,
}


def negative(value: Vector) -> Vector:
    """`-value`."""
    if value.kind == "f":
        return Vector(np.asarray(-value.values), bad=value.bad)
    return _sum("-", constant(0), value)


def inverted(value: Vector) -> Vector:
    """`~value`."""
    return (
        Vector(np.asarray(~value.values), ~value.high, ~value.low, value.bad)
        if value.kind == "i"
        else _sum("-", constant(-1), value)
    )


# ---------------------------------------------------------------- comparisons and logic


def compared(op: str, left: Vector, right: Vector) -> Vector:
    """`left op right`, of two numbers, booleans, or members of one enum."""
    first, second = left.values, right.values
    kinds = {left.kind, right.kind}
    whole = left if left.kind == "i" else right
    # Python compares an integer with a float exactly; arrays would round it.
    if "O" in kinds or (kinds == {"i", "f"} and max(abs(whole.low), abs(whole.high)) > EXACT):
        first, second = first.astype(object), second.astype(object)
    with np.errstate(invalid="ignore"):  # (what is no number compares as Python has it)
        holds = np.asarray(COMPARISONS[op](first, second))
    return Vector(holds.astype(bool), bad=spread(left.bad, right.bad))


def negated(value: Vector) -> Vector:
    """`not value`."""
    return Vector(np.asarray(~value.values), bad=value.bad)


def logic(op: str, left: Vector, right: Vector) -> Vector:
    """`left and right`, `left or right`: the right side counts only in the rows in which it is evaluated."""
    asked = left.values if op == "and" else ~left.values
    values = left.values & right.values if op == "and" else left.values | right.values
    bad = None if right.bad is None else np.asarray(asked & right.bad)
    return Vector(np.asarray(values), bad=spread(left.bad, bad))


def chosen(condition: Vector, yes: Vector, no: Vector) -> Vector:
    """`condition ? yes : no`."""
    if yes.kind != no.kind:
        raise NotExact("one of two kinds of numbers")
    values = np.where(condition.values, yes.values, no.values)
    bad = None
    if yes.bad is not None or no.bad is not None:
        none = np.zeros((), bool)
        bad = np.where(condition.values, none if yes.bad is None else yes.bad, none if no.bad is None else no.bad)
    return Vector(np.asarray(values), min(yes.low, no.low), max(yes.high, no.high), spread(condition.bad, bad))


def matching(value: Vector, size: int) -> Array:
    """Of so many rows, those in which a condition can be computed and holds."""
    holds = value.values if value.bad is None else value.values & ~value.bad
    whole: Array = np.broadcast_to(holds, (size,)).copy()
    return whole


def truths(value: Vector) -> Vector:
    """A column of booleans as numbers, 1 and 0."""
    return Vector(value.values.astype(np.int64), 0, 1, value.bad)
