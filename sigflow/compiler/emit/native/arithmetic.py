"""Integers of a measure: every operation keeps its result an int64, or hands the frame to the Python measure.

Where the bounds of the operands leave no doubt, the operation is written as it is; where they do, a guard comes first.
Division and modulo round down, as Python's and Numba's do; by zero they fail, which refuses the frame.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

from sigflow.compiler.emit.expressions import (
    BIT_AND,
    BIT_OR,
    BIT_XOR,
    COMPARE,
    PRODUCT,
    SHIFT,
    SUM,
    UNARY,
)
from sigflow.compiler.emit.native.builder import BAILOUT, Builder, Inexpressible
from sigflow.compiler.emit.native.values import LEAST, MOST, WIDE, Flag, Int, Ranges, flag
from sigflow.runtime.struct import MAX_SHIFT

_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MIRROR = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def inside(value: Int) -> bool:
    """Whether every value it may have is an int64."""
    return value.low >= LEAST and value.high <= MOST


class Arithmetic:
    """Operations on integers, written by a builder."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def narrow(self, value: Int) -> Int:
        """The number as an int64; one that is none is not for this measure."""
        value = self.builder.known(value)
        if inside(value):
            return value
        if value.value is not None or value.low < 0 or value.high > WIDE:
            raise Inexpressible("an integer beyond 64 bits")
        self.builder.refuse(flag(f"{value.at(COMPARE + 1)} < 0", COMPARE, no=((value.text, 0, MOST),)), BAILOUT)
        return self.builder.known(value)

    # ------------------------------------------------------------ operations

    def binary(self, op: str, left: Int, right: Int, failed: str) -> Int:
        """`left op right`; failed: the reason of a frame for which Python would raise."""
        left, right = self.builder.known(left), self.builder.known(right)
        if op == "&" and right.value is None and left.value is not None:
            left, right = right, left
        if op in ("&", ">>") and left.wide and right.value is not None:
            found = self._of_wide(op, left, right.value)
            if found is not None:
                return found
        return _BINARY[op](self, self.narrow(left), self.narrow(right), failed)

    @staticmethod
    def _of_wide(op: str, left: Int, right: int) -> Int | None:
        """What can be said of 64 unsigned bits without a guard."""
        if op == "&" and 0 <= right <= MOST:
            return Int(f"{left.at(BIT_AND)} & {hex(right)}", 0, right, BIT_AND)
        if op == ">>" and 0 < right < 64:
            most = WIDE >> right
            return Int(f"{left.at(SHIFT)} >> {right} & {hex(most)}", 0, most, BIT_AND)
        return None

    def _guarded(self, low: int, high: int, check: str, left: Int, right: Int) -> tuple[int, int]:
        """The bounds of a result that is an int64, by a guard where it might not be."""
        if low < LEAST or high > MOST:
            if low > MOST or high < LEAST:
                raise Inexpressible("an integer beyond 64 bits")
            fits = f"{self.builder.need(check)}({left.text}, {right.text})"
            self.builder.refuse(flag(f"not {fits}", 3), BAILOUT)
        return max(low, LEAST), min(high, MOST)

    def _add(self, left: Int, right: Int, _failed: str) -> Int:
        if right.value == 0:
            return left
        if left.value == 0:
            return right
        bounds = self._guarded(left.low + right.low, left.high + right.high, "sum_fits", left, right)
        if right.value is not None and right.value < 0:
            return Int(f"{left.at(SUM)} - {-right.value}", *bounds, SUM)
        return Int(f"{left.at(SUM)} + {right.at(SUM + 1)}", *bounds, SUM)

    def _subtract(self, left: Int, right: Int, _failed: str) -> Int:
        if right.value == 0:
            return left
        bounds = self._guarded(left.low - right.high, left.high - right.low, "difference_fits", left, right)
        return Int(f"{left.at(SUM)} - {right.at(SUM + 1)}", *bounds, SUM)

    def _multiply(self, left: Int, right: Int, _failed: str) -> Int:
        if right.value == 1:
            return left
        if left.value == 1:
            return right
        ends = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
        bounds = self._guarded(min(ends), max(ends), "product_fits", left, right)
        return Int(f"{left.at(PRODUCT)} * {right.at(PRODUCT + 1)}", *bounds, PRODUCT)

    def _not_zero(self, right: Int, failed: str) -> Int:
        if right.low <= 0 <= right.high:
            self.builder.refuse(self.compare("==", right, Int.of(0)), failed)
            right = self.builder.known(right)
        return right

    def _divide(self, left: Int, right: Int, failed: str) -> Int:
        right = self._not_zero(right, failed)
        if right.low <= -1 <= right.high and left.low == LEAST:
            self.builder.refuse(flag(f"{right.at(COMPARE + 1)} == -1", COMPARE), BAILOUT)
        divisors = [one for one in (right.low, right.high, -1, 1) if right.low <= one <= right.high and one]
        ends = [a // b for a in (left.low, left.high, 0) if left.low <= a <= left.high for b in divisors] or [0]
        text = f"{left.at(PRODUCT)} // {right.at(PRODUCT + 1)}"
        return Int(text, max(min(ends), LEAST), min(max(ends), MOST), PRODUCT)

    def _modulo(self, left: Int, right: Int, failed: str) -> Int:
        right = self._not_zero(right, failed)
        low, high = min(right.low + 1, 0), max(right.high - 1, 0)
        if left.low >= 0 and right.low > 0:
            high = min(high, left.high)
        return Int(f"{left.at(PRODUCT)} % {right.at(PRODUCT + 1)}", low, high, PRODUCT)

    def _and(self, left: Int, right: Int, _failed: str) -> Int:
        highs = [one.high for one in (left, right) if one.low >= 0]
        low, high = (0, min(highs)) if highs else _bits(left, right)
        shown = hex(right.value) if right.value is not None and right.value > 9 else right.at(BIT_AND + 1)
        return Int(f"{left.at(BIT_AND)} & {shown}", low, high, BIT_AND)

    def _or(self, left: Int, right: Int, _failed: str) -> Int:
        return Int(f"{left.at(BIT_OR)} | {right.at(BIT_OR + 1)}", *_bits(left, right), BIT_OR)

    def _xor(self, left: Int, right: Int, _failed: str) -> Int:
        return Int(f"{left.at(BIT_XOR)} ^ {right.at(BIT_XOR + 1)}", *_bits(left, right), BIT_XOR)

    def _count(self, right: Int, failed: str) -> Int:
        """A number of bits to shift by, which is not negative."""
        if right.low < 0:
            self.builder.refuse(self.compare("<", right, Int.of(0)), failed)
        return self.builder.known(right)

    def _left_shift(self, left: Int, right: Int, failed: str) -> Int:
        if right.value is None and right.high > MAX_SHIFT:
            # (The order of Python's complaints: too many bits, then a negative count; both refuse.)
            self.builder.refuse(self.compare(">", right, Int.of(MAX_SHIFT)), failed)
        right = self._count(self.builder.known(right), failed)
        if right.high > 62:
            self.builder.refuse(self.compare(">", right, Int.of(62)), BAILOUT)
            right = self.builder.known(right)
        if right.value == 0:
            return left
        power = Int(f"1 << {right.at(SHIFT + 1)}", 1 << right.low, 1 << right.high, SHIFT)
        ends = [a << b for a in (left.low, left.high) for b in (right.low, right.high)]
        bounds = self._guarded(min(ends), max(ends), "product_fits", left, power)
        return Int(f"{left.at(SHIFT)} << {right.at(SHIFT + 1)}", *bounds, SHIFT)

    def _right_shift(self, left: Int, right: Int, failed: str) -> Int:
        right = self._count(right, failed)
        if right.value == 0:
            return left
        ends = [a >> min(b, 64) for a in (left.low, left.high) for b in (right.low, right.high)]
        text = right.at(SHIFT + 1) if right.high < 64 else f"min({right.text}, 63)"
        return Int(f"{left.at(SHIFT)} >> {text}", min(ends), max(ends), SHIFT)

    def negative(self, value: Int) -> Int:
        """`-value`."""
        return self._subtract(Int.of(0), self.narrow(value), "")

    def inverted(self, value: Int) -> Int:
        """`~value`."""
        value = self.narrow(value)
        return Int(f"~{value.at(UNARY)}", ~value.high, ~value.low, UNARY)

    # ------------------------------------------------------------ comparing

    def compare(self, op: str, left: Int, right: Int) -> Flag:
        """`left op right`."""
        left, right = self.builder.known(left), self.builder.known(right)
        known = _decided(op, left, right)
        if known is not None:
            return Flag.of(known)
        if left.value is not None:
            op, left, right = _MIRROR[op], right, left
        if left.wide or right.wide:
            if right.value is not None and left.low >= 0:
                return self._compare_wide(op, left, right.value)
            equal = op in ("==", "!=")
            if not (equal and left.low >= 0 and right.low >= 0 and left.high <= WIDE and right.high <= WIDE):
                left, right = self.narrow(left), self.narrow(right)
        yes, no = _ranges_of(op, left, right)
        text = f"{left.at(COMPARE + 1)} {{}} {right.at(COMPARE + 1)}"
        return Flag(text.format(op), COMPARE, text.format(_OPPOSITE[op]), COMPARE, yes, no)

    def _compare_wide(self, op: str, left: Int, right: int) -> Flag:
        """64 unsigned bits, as their two's complement, against a constant between their bounds."""
        yes, no = _ranges_of(op, left, Int.of(right))
        text = left.at(COMPARE + 1)
        if op in ("==", "!="):
            shown = Int.of(right).text
            return Flag(f"{text} {op} {shown}", COMPARE, f"{text} {_OPPOSITE[op]} {shown}", COMPARE, yes, no)
        below = right + 1 if op in ("<=", ">") else right  # the question is: left < below?
        if below <= MOST:
            found = Flag(f"0 <= {text} < {below}", COMPARE, f"not 0 <= {text} < {below}", 3)
        elif below == MOST + 1:
            found = Flag(f"{text} >= 0", COMPARE, f"{text} < 0", COMPARE)
        else:
            least = Int.of(below).text
            found = Flag(f"not {least} <= {text} < 0", 3, f"{least} <= {text} < 0", COMPARE)
        if op in (">", ">="):
            found = found.negated()
        return Flag(found.text, found.own, found.opposite, found.opposite_own, yes, no)


_BINARY: dict[str, Callable[[Arithmetic, Int, Int, str], Int]] = {
    "+": Arithmetic._add, "-": Arithmetic._subtract, "*": Arithmetic._multiply, "/": Arithmetic._divide,
    "%": Arithmetic._modulo, "&": Arithmetic._and, "|": Arithmetic._or, "^": Arithmetic._xor,
    "<<": Arithmetic._left_shift, ">>": Arithmetic._right_shift,
}  # fmt: skip


def _bits(left: Int, right: Int) -> tuple[int, int]:
    """Bounds of what `|`, `&` or `^` makes of two numbers."""
    width = max(value.bit_length() for one in (left, right) for value in (one.low, one.high, ~one.low))
    return (0 if left.low >= 0 and right.low >= 0 else -1 << width), (1 << width) - 1


def _decided(op: str, left: Int, right: Int) -> bool | None:
    """What the bounds alone say."""
    if left.value is not None and right.value is not None:
        return _COMPARE[op](left.value, right.value)
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


def _ranges_of(op: str, left: Int, right: Int) -> tuple[Ranges, Ranges]:
    """What follows for both sides, where the comparison holds and where it does not."""
    yes = (*_bound(op, left, right), *_bound(_MIRROR[op], right, left))
    other = _OPPOSITE[op]
    return yes, (*_bound(other, left, right), *_bound(_MIRROR[other], right, left))


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
    return ((left.text, low, high), *(left.empty if low >= 0 >= high else ()))
