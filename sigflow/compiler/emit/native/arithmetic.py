"""Integers of a measure: every operation keeps its result an int64, or hands the frame to the Python measure.

Where the bounds of the operands leave no doubt, the operation is written as it is; where they do, a guard comes first.
Division and modulo round down, as Python's do, compiled too; by zero they fail, which refuses the frame.
"""

from __future__ import annotations

from collections.abc import Callable

from sigflow.compiler.emit.native.builder import Builder, Inexpressible
from sigflow.compiler.emit.native.tree import (
    MIRRORED,
    OPPOSITE,
    Compare,
    Const,
    Inverted,
    Not,
    Operation,
    Within,
    call,
    hexadecimal,
)
from sigflow.compiler.emit.native.values import LEAST, MOST, WIDE, Flag, Int, Ranges, signed
from sigflow.compiler.expression import COMPARISONS
from sigflow.runtime.native import BAILOUT
from sigflow.runtime.struct import MAX_SHIFT


def inside(value: Int) -> bool:
    """Whether every value it may have is an int64."""
    return value.low >= LEAST and value.high <= MOST


class Arithmetic:
    """Operations on integers, written by a builder."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def narrow(self, value: Int) -> Int:
        """The number as an int64; one that is none is not for this measure."""
        value = self.builder.refined(value)
        if inside(value):
            return value
        if value.value is not None or value.low < 0 or value.high > WIDE:
            raise Inexpressible("an integer beyond 64 bits")
        self.builder.refuse(Flag(value.expr < 0, no=((value.expr, 0, MOST),)), BAILOUT)
        return self.builder.refined(value)

    # ------------------------------------------------------------ operations

    def binary(self, op: str, left: Int, right: Int, failed: str) -> Int:
        """`left op right`; failed: the reason of a frame for which Python would raise."""
        left, right = self.builder.refined(left), self.builder.refined(right)
        if op == "&" and right.value is None and left.value is not None:
            left, right = right, left
        if op in ("&", ">>") and left.wide and right.value is not None:
            result = self._of_wide(op, left, right.value)
            if result is not None:
                return result
        return _BINARY[op](self, self.narrow(left), self.narrow(right), failed)

    @staticmethod
    def _of_wide(op: str, left: Int, right: int) -> Int | None:
        """What can be said of 64 unsigned bits without a guard."""
        if op == "&" and 0 <= right <= MOST:
            return Int(left.expr & hexadecimal(right), 0, right)
        if op == ">>" and 0 < right < 64:
            most = WIDE >> right
            return Int(left.expr >> right & hexadecimal(most), 0, most)
        return None

    def _guarded(self, low: int, high: int, check: str, left: Int, right: Int) -> tuple[int, int]:
        """The bounds of a result that is an int64, by a guard where it might not be."""
        if low < LEAST or high > MOST:
            if low > MOST or high < LEAST:
                raise Inexpressible("an integer beyond 64 bits")
            self.builder.refuse(Not(self.builder.call(check, left.expr, right.expr)), BAILOUT)
        return max(low, LEAST), min(high, MOST)

    def _add(self, left: Int, right: Int, _failed: str) -> Int:
        if right.value == 0:
            return left
        if left.value == 0:
            return right
        bounds = self._guarded(left.low + right.low, left.high + right.high, "sum_fits", left, right)
        if right.value is not None and right.value < 0:
            return Int(left.expr - -right.value, *bounds)
        return Int(left.expr + right.expr, *bounds)

    def _subtract(self, left: Int, right: Int, _failed: str) -> Int:
        if right.value == 0:
            return left
        bounds = self._guarded(left.low - right.high, left.high - right.low, "difference_fits", left, right)
        return Int(left.expr - right.expr, *bounds)

    def _multiply(self, left: Int, right: Int, _failed: str) -> Int:
        if right.value == 1:
            return left
        if left.value == 1:
            return right
        corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
        bounds = self._guarded(min(corners), max(corners), "product_fits", left, right)
        return Int(left.expr * right.expr, *bounds)

    def _not_zero(self, right: Int, failed: str) -> Int:
        if right.low <= 0 <= right.high:
            self.builder.refuse(self.compare("==", right, Int.of(0)), failed)
            right = self.builder.refined(right)
        return right

    def _divide(self, left: Int, right: Int, failed: str) -> Int:
        right = self._not_zero(right, failed)
        if right.low <= -1 <= right.high and left.low == LEAST:
            self.builder.refuse(right.expr.equals(-1), BAILOUT)
        divisors = [number for number in (right.low, right.high, -1, 1) if right.low <= number <= right.high and number]
        corners = [a // b for a in (left.low, left.high) for b in divisors]
        return Int(Operation("//", left.expr, right.expr), max(min(corners), LEAST), min(max(corners), MOST))

    def _modulo(self, left: Int, right: Int, failed: str) -> Int:
        right = self._not_zero(right, failed)
        low, high = min(right.low + 1, 0), max(right.high - 1, 0)
        if left.low >= 0 and right.low > 0:
            high = min(high, left.high)
        return Int(Operation("%", left.expr, right.expr), low, high)

    def _and(self, left: Int, right: Int, _failed: str) -> Int:
        highs = [side.high for side in (left, right) if side.low >= 0]
        low, high = (0, min(highs)) if highs else _bits(left, right)
        mask = hexadecimal(right.value) if right.value is not None and right.value > 9 else right.expr
        return Int(left.expr & mask, low, high)

    def _or(self, left: Int, right: Int, _failed: str) -> Int:
        return Int(left.expr | right.expr, *_bits(left, right))

    def _xor(self, left: Int, right: Int, _failed: str) -> Int:
        return Int(Operation("^", left.expr, right.expr), *_bits(left, right))

    def _count(self, right: Int, failed: str) -> Int:
        """A number of bits to shift by, which is not negative."""
        if right.low < 0:
            self.builder.refuse(self.compare("<", right, Int.of(0)), failed)
        return self.builder.refined(right)

    def _left_shift(self, left: Int, right: Int, failed: str) -> Int:
        if right.value is None and right.high > MAX_SHIFT:
            # (The order of Python's complaints: too many bits, then a negative count; both refuse.)
            self.builder.refuse(self.compare(">", right, Int.of(MAX_SHIFT)), failed)
        right = self._count(self.builder.refined(right), failed)
        if right.high > 62:
            self.builder.refuse(self.compare(">", right, Int.of(62)), BAILOUT)
            right = self.builder.refined(right)
        if right.value == 0:
            return left
        power = Int(Const(1) << right.expr, 1 << right.low, 1 << right.high)
        corners = [a << b for a in (left.low, left.high) for b in (right.low, right.high)]
        bounds = self._guarded(min(corners), max(corners), "product_fits", left, power)
        return Int(left.expr << right.expr, *bounds)

    def _right_shift(self, left: Int, right: Int, failed: str) -> Int:
        right = self._count(right, failed)
        if right.value == 0:
            return left
        corners = [a >> min(b, 64) for a in (left.low, left.high) for b in (right.low, right.high)]
        count = right.expr if right.high < 64 else call("min", right.expr, 63)
        return Int(left.expr >> count, min(corners), max(corners))

    def negative(self, value: Int) -> Int:
        """`-value`."""
        return self._subtract(Int.of(0), self.narrow(value), "")

    def inverted(self, value: Int) -> Int:
        """`~value`."""
        value = self.narrow(value)
        return Int(Inverted(value.expr), ~value.high, ~value.low)

    # ------------------------------------------------------------ comparing

    def compare(self, op: str, left: Int, right: Int) -> Flag:
        """`left op right`."""
        left, right = self.builder.refined(left), self.builder.refined(right)
        decided = _decided(op, left, right)
        if decided is not None:
            return Flag.of(decided)
        if left.value is not None:
            op, left, right = MIRRORED[op], right, left
        if left.wide or right.wide:
            if right.value is not None and left.low >= 0:
                return self._compare_wide(op, left, right.value)
            equal = op in ("==", "!=")
            if not (equal and left.low >= 0 and right.low >= 0 and left.high <= WIDE and right.high <= WIDE):
                left, right = self.narrow(left), self.narrow(right)
        return Flag(Compare(op, left.expr, right.expr), *_implied(op, left, right))

    def _compare_wide(self, op: str, left: Int, right: int) -> Flag:
        """64 unsigned bits, as their two's complement, against a constant between their bounds."""
        yes, no = _implied(op, left, Int.of(right))
        if op in ("==", "!="):
            return Flag(Compare(op, left.expr, Const(signed(right))), yes, no)
        stop = right + 1 if op in ("<=", ">") else right  # the question is: left < stop?
        if stop <= MOST:
            below = Flag(Within(Const(0), left.expr, Const(stop)))
        elif stop == MOST + 1:
            below = Flag(left.expr >= 0)
        else:
            below = Flag(Not(Within(Const(signed(stop)), left.expr, Const(0))))
        if op in (">", ">="):
            below = below.negated()
        return Flag(below.expr, yes, no)


_BINARY: dict[str, Callable[[Arithmetic, Int, Int, str], Int]] = {
    "+": Arithmetic._add, "-": Arithmetic._subtract, "*": Arithmetic._multiply, "/": Arithmetic._divide,
    "%": Arithmetic._modulo, "&": Arithmetic._and, "|": Arithmetic._or, "^": Arithmetic._xor,
    "<<": Arithmetic._left_shift, ">>": Arithmetic._right_shift,
}  # fmt: skip


def _bits(left: Int, right: Int) -> tuple[int, int]:
    """Bounds of what `|`, `&` or `^` makes of two numbers."""
    width = max(max(bound, ~bound).bit_length() for side in (left, right) for bound in (side.low, side.high))
    return (0 if left.low >= 0 and right.low >= 0 else -1 << width), (1 << width) - 1


def _decided(op: str, left: Int, right: Int) -> bool | None:
    """What the bounds alone say."""
    if left.value is not None and right.value is not None:
        return bool(COMPARISONS[op](left.value, right.value))
    below, above = left.high < right.low, left.low > right.high
    if op in ("==", "!="):
        return (op == "!=") if below or above else None
    if op in ("<", "<="):
        if below or (op == "<=" and left.high <= right.low):
            return True
        return False if above or (op == "<" and left.low >= right.high) else None
    if above or (op == ">=" and left.low >= right.high):
        return True
    return False if below or (op == ">" and left.high <= right.low) else None


def _implied(op: str, left: Int, right: Int) -> tuple[Ranges, Ranges]:
    """What follows for both sides, where the comparison holds and where it does not."""
    opposite = OPPOSITE[op]
    return (
        (*_bound(op, left, right), *_bound(MIRRORED[op], right, left)),
        (*_bound(opposite, left, right), *_bound(MIRRORED[opposite], right, left)),
    )


def _bound(op: str, left: Int, right: Int) -> Ranges:
    """What `left op right` says of the left side."""
    if left.value is not None:
        return ()
    low, high = left.low, left.high
    if op == "==":
        low, high = max(low, right.low), min(high, right.high)
    elif op == "!=" and right.value is not None:
        low, high = low + (low == right.value), high - (high == right.value)
    elif op in ("<", "<="):
        high = min(high, right.high - (op == "<"))
    elif op in (">", ">="):
        low = max(low, right.low + (op == ">"))
    return ((left.expr, low, high), *(left.empty if low >= 0 >= high else ()))
