"""Integers of the native measure: what is written for an operation gives what Python gives, within the bounds that are
said of it; or the frame is refused where Python raises, or handed over where int64 does not reach.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sigflow.compiler.emit.native.arithmetic import Arithmetic
from sigflow.compiler.emit.native.builder import Builder, Inexpressible, Unreachable
from sigflow.compiler.emit.native.evaluate import Evaluator
from sigflow.compiler.emit.native.statements import Return, Store, lines_of
from sigflow.compiler.emit.native.tree import MIRRORED, Const, Local, printed
from sigflow.compiler.emit.native.values import LEAST, MOST, WIDE, Flag, Int, signed
from sigflow.compiler.types import Types
from sigflow.runtime import native
from sigflow.runtime.native import BAILOUT
from sigflow.runtime.struct import MAX_SHIFT

OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.floordiv, "%": operator.mod,
    "&": operator.and_, "|": operator.or_, "^": operator.xor, "<<": operator.lshift, ">>": operator.rshift,
}  # fmt: skip
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
#: Numbers at which something may change.
CORNERS = (LEAST, LEAST + 1, -256, -9, -1, 0, 1, 2, 7, 9, 10, 62, 63, 64, 255, MOST - 1, MOST, MOST + 1, MOST + 2, WIDE)

near = st.sampled_from(CORNERS) | st.integers(-70, 70) | st.integers(LEAST, WIDE)


@st.composite
def operands(draw: st.DrawFn) -> tuple[int, int, int]:
    """Bounds, and a value between them.  What may pass the largest int64 is not negative."""
    low, value, high = sorted(draw(st.tuples(near, near, near)))
    if high > MOST and low < 0:
        low, value = 0, max(value, 0)
    return low, value, high


def run(builder: Builder, result: Int | Flag, values: tuple[int, ...]) -> tuple[int, Any]:
    """What is returned where the operands have these values, and the result of the operation."""
    builder.put(Store(0, result.expr))
    builder.put(Return(Const(1)))
    space: dict[str, Any] = dict(vars(native))
    exec("def written(a, b, box):\n" + "\n".join(lines_of(builder.root, "    ")), space)
    box: dict[int, Any] = {}
    return space["written"](*map(signed, values), box), box.get(0)


def int64(*values: int) -> bool:
    """Whether all are of 64 bits, with a sign."""
    return all(LEAST <= value <= MOST for value in values)


def operand(name: str, bounds: tuple[int, int, int]) -> Int:
    low, _, high = bounds
    return Int.of(low) if low == high else Int(Local(name), low, high)


def result_of(op: str, a: int, b: int) -> int | None:
    """What Python gives, None where the measure refuses the frame."""
    if op == "<<" and b > MAX_SHIFT:
        return None
    try:
        return OPERATIONS[op](a, min(b, 64) if op == ">>" else b)
    except (ZeroDivisionError, ValueError):
        return None


@settings(max_examples=600)
@example("%", (0, 4, 255), (4, 4, 4))
@example("%", (0, 2, 2), (1, 5, 9))
@example("/", (LEAST, LEAST, MOST), (-1, -1, 1))
@example("/", (LEAST, LEAST, MOST), (2, 3, 9))
@example("<<", (0, 1, 9), (0, 62, 62))
@example("<<", (1, 1, 1), (0, 63, 63))
@example(">>", (LEAST, LEAST, MOST), (0, 64, 255))
@example("&", (0, WIDE, WIDE), (255, 255, 255))
@example("&", (255, 255, 255), (0, WIDE, WIDE))
@example(">>", (0, WIDE, WIDE), (60, 60, 60))
@example(">>", (0, WIDE, WIDE), (63, 63, 63))
@given(st.sampled_from(sorted(OPERATIONS)), operands(), operands())
def test_operations(op: str, left: tuple[int, int, int], right: tuple[int, int, int]) -> None:
    builder = Builder(lambda name: name)
    a, b = left[1], right[1]
    expected = result_of(op, a, b)
    far = op == "<<" and b > 62
    try:
        result = Arithmetic(builder).binary(op, operand("a", left), operand("b", right), "failed")
    except Unreachable:
        assert expected is None or far
        return
    except Inexpressible:
        assert not int64(left[0], left[2], right[0], right[2]) or expected is None or not int64(expected)
        return
    code, value = run(builder, result, (a, b))
    if code == 1:
        assert expected is not None
        assert value == signed(expected)
        assert result.low <= expected <= result.high
    elif code == BAILOUT:
        assert not int64(a, b) or expected is None or not int64(expected) or far
    else:
        assert expected is None


@settings(max_examples=400)
@given(st.sampled_from(sorted(COMPARISONS)), operands(), operands())
def test_comparisons(op: str, left: tuple[int, int, int], right: tuple[int, int, int]) -> None:
    builder = Builder(lambda name: name)
    a, b = left[1], right[1]
    expected = COMPARISONS[op](a, b)
    result = Arithmetic(builder).compare(op, operand("a", left), operand("b", right))
    for flag, holds in ((result, expected), (result.negated(), not expected)):
        copied = Builder(lambda name: name)
        copied.root.extend(builder.root)
        code, value = run(copied, flag, (a, b))
        assert code in (1, BAILOUT)
        assert code == 1 or not int64(a, b)
        assert code == BAILOUT or value is holds
        known = {"a": a, "b": b}
        for expr, low, high in flag.yes if holds else flag.no:
            assert isinstance(expr, Local)
            assert code == BAILOUT or low <= known[expr.name] <= high


small = st.tuples(st.integers(-6, 9), st.integers(0, 4)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def between(name: str, bounds: tuple[int, int]) -> Int:
    return operand(name, (bounds[0], bounds[0], bounds[1]))


@settings(max_examples=400)
@given(st.sampled_from(["+", "-", "*", "/", "<<", ">>"]), small, small)
def test_the_bounds_of_a_result_are_the_least_and_the_most_that_it_can_be(
    op: str, left: tuple[int, int], right: tuple[int, int]
) -> None:
    numbers = [
        result
        for a in range(left[0], left[1] + 1)
        for b in range(right[0], right[1] + 1)
        if (result := result_of(op, a, b)) is not None
    ]
    builder = Builder(lambda name: name)
    try:
        result = Arithmetic(builder).binary(op, between("a", left), between("b", right), "failed")
    except Unreachable:
        assert not numbers
        return
    assert (result.low, result.high) == (min(numbers), max(numbers))
    never_fails = len(numbers) == (left[1] - left[0] + 1) * (right[1] - right[0] + 1)
    assert bool(builder.root) is not never_fails


@settings(max_examples=300)
@given(st.sampled_from(["%", "&", "|", "^"]), small, small)
def test_the_bounds_of_a_result_are_no_wider_than_its_bits(
    op: str, left: tuple[int, int], right: tuple[int, int]
) -> None:
    """A remainder is nearer to zero than what it is divided by, and other bits than the operands have are none."""
    builder = Builder(lambda name: name)
    try:
        result = Arithmetic(builder).binary(op, between("a", left), between("b", right), "failed")
    except Unreachable:
        assert op == "%" and right == (0, 0)
        return
    if op == "%":
        low, high = (right[0] + (right[0] == 0), right[1] - (right[1] == 0))
        most = max(high - 1, 0)
        assert result.low == min(low + 1, 0)
        assert result.high == (min(most, left[1]) if left[0] >= 0 and low > 0 else most)
        return
    least = [side for side in (left, right) if side[0] >= 0]
    if op == "&" and least:
        assert (result.low, result.high) == (0, min(side[1] for side in least))
        return
    bits = max(max(number, ~number).bit_length() for side in (left, right) for number in side)
    assert result.high == (1 << bits) - 1
    assert result.low == (0 if len(least) == 2 else -(1 << bits))


@settings(max_examples=400)
@given(st.sampled_from(sorted(COMPARISONS)), small, small)
def test_a_comparison_says_all_that_bounds_can_say(op: str, left: tuple[int, int], right: tuple[int, int]) -> None:
    """It is decided where all values agree; else each side is known to be between those for which it can hold, or not.

    (Of `!=` only against a constant: a bound that one other value may share says nothing.)
    """
    compare = COMPARISONS[op]
    pairs = [(a, b) for a in range(left[0], left[1] + 1) for b in range(right[0], right[1] + 1)]
    flag = Arithmetic(Builder(lambda name: name)).compare(op, between("a", left), between("b", right))
    outcomes = {compare(a, b) for a, b in pairs}
    assert flag.value == (outcomes.pop() if len(outcomes) == 1 else None)
    if flag.value is not None:
        return
    for ranges, wanted in ((flag.yes, True), (flag.no, False)):
        known = {expr: (low, high) for expr, low, high in ranges}
        for side, name, bounds in ((0, "a", left), (1, "b", right)):
            able = [pair[side] for pair in pairs if compare(*pair) is wanted]
            if bounds[0] == bounds[1]:
                assert Local(name) not in known
            elif (op in ("==", "!=")) and wanted is (op == "!=") and left[0] < left[1] and right[0] < right[1]:
                assert known.get(Local(name), bounds) == bounds
            else:
                assert known[Local(name)] == (min(able), max(able))


@settings(max_examples=200)
@given(st.sampled_from(("==", "!=")), st.sampled_from(CORNERS), st.sampled_from(CORNERS))
def test_whether_64_unsigned_bits_are_equal_needs_no_bailout(op: str, a: int, b: int) -> None:
    for most in (MOST + 1, WIDE):
        if not (0 <= a <= most and 0 <= b <= most):
            continue
        builder = Builder(lambda name: name)
        result = Arithmetic(builder).compare(op, Int(Local("a"), 0, most), Int(Local("b"), 0, WIDE))
        assert run(builder, result, (a, b)) == (1, COMPARISONS[op](a, b))


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(COMPARISONS)), st.integers(0, WIDE) | st.sampled_from(CORNERS[5:]), st.sampled_from(CORNERS)
)
def test_64_unsigned_bits_against_a_constant_need_no_bailout(op: str, a: int, b: int) -> None:
    for number, flag in (
        (a, lambda arithmetic: arithmetic.compare(op, Int(Local("a"), 0, WIDE), Int.of(b))),
        (a, lambda arithmetic: arithmetic.compare(MIRRORED[op], Int.of(b), Int(Local("a"), 0, WIDE))),
    ):
        builder = Builder(lambda name: name)
        assert run(builder, flag(Arithmetic(builder)), (number, 0)) == (1, COMPARISONS[op](a, b))


@settings(max_examples=200)
@given(st.integers(0, WIDE) | st.sampled_from(CORNERS[5:]), st.sampled_from((0, 1, 2, 9, 10, 255, MOST - 1, MOST)))
def test_64_unsigned_bits_under_a_mask_need_no_bailout(a: int, mask: int) -> None:
    for left, right in ((Int(Local("a"), 0, WIDE), Int.of(mask)), (Int.of(mask), Int(Local("a"), 0, WIDE))):
        builder = Builder(lambda name: name)
        result = Arithmetic(builder).binary("&", left, right, "failed")
        assert run(builder, result, (a, 0)) == (1, a & mask)
        assert (result.low, result.high) == (0, mask)


@settings(max_examples=200)
@given(st.integers(0, WIDE) | st.sampled_from(CORNERS[5:]), st.integers(1, 63))
def test_64_unsigned_bits_that_are_shifted_right_need_no_bailout(a: int, count: int) -> None:
    builder = Builder(lambda name: name)
    result = Arithmetic(builder).binary(">>", Int(Local("a"), 0, WIDE), Int.of(count), "failed")
    assert run(builder, result, (a, 0)) == (1, a >> count)
    assert (result.low, result.high) == (0, WIDE >> count)


NUMBER = Int(Local("a"), 0, 9)


@pytest.mark.parametrize(
    ("op", "left", "right", "text"),
    [
        ("+", NUMBER, 0, "a"),
        ("+", 0, NUMBER, "a"),
        ("+", NUMBER, -3, "a - 3"),
        ("+", NUMBER, 3, "a + 3"),
        ("-", NUMBER, 0, "a"),
        ("-", NUMBER, 1, "a - 1"),
        ("*", NUMBER, 1, "a"),
        ("*", 1, NUMBER, "a"),
        ("*", NUMBER, 2, "a * 2"),
        ("<<", NUMBER, 0, "a"),
        ("<<", NUMBER, 1, "a << 1"),
        (">>", NUMBER, 0, "a"),
        (">>", NUMBER, 63, "a >> 63"),
        (">>", NUMBER, 64, "a >> min(64, 63)"),
        ("&", NUMBER, 9, "a & 9"),
        ("&", NUMBER, 10, "a & 0xa"),
        ("&", 10, NUMBER, "a & 0xa"),
        ("%", NUMBER, 5, "a % 5"),
        ("/", NUMBER, 5, "a // 5"),
    ],
)
def test_what_is_written_for_an_operation(op: str, left: Int | int, right: Int | int, text: str) -> None:
    a, b = (Int.of(side) if isinstance(side, int) else side for side in (left, right))
    assert printed(Arithmetic(Builder(lambda name: name)).binary(op, a, b, "failed").expr) == text


@settings(max_examples=150)
@given(operands())
def test_signs(bounds: tuple[int, int, int]) -> None:
    for name in ("negative", "inverted"):
        builder = Builder(lambda name: name)
        expected = -bounds[1] if name == "negative" else ~bounds[1]
        try:
            result = getattr(Arithmetic(builder), name)(operand("a", bounds))
        except Inexpressible:
            assert not int64(-bounds[0], -bounds[2], bounds[2])
            continue
        code, value = run(builder, result, (bounds[1], 0))
        if code == BAILOUT:
            assert not int64(bounds[1], expected)
        else:
            assert value == expected
            assert result.low <= expected <= result.high


@pytest.mark.parametrize(
    "value",
    [
        Int.of(MOST + 1),
        Int.of(WIDE),
        Int.of(WIDE + 1),
        Int.of(LEAST - 1),
        *(Int(Local("a"), low, high) for low, high in ((-1, WIDE), (0, WIDE + 1))),
    ],
)
def test_what_has_no_64_bits_is_not_for_this_measure(value: Int) -> None:
    with pytest.raises(Inexpressible, match="an integer beyond 64 bits"):
        Arithmetic(Builder(lambda name: name)).narrow(value)


def test_64_unsigned_bits_are_an_int64_once_that_was_asked() -> None:
    builder = Builder(lambda name: name)
    narrow = Arithmetic(builder).narrow(Int(Local("a"), 3, WIDE))
    assert (narrow.low, narrow.high) == (3, MOST)
    assert list(lines_of(builder.root)) == ["if a < 0:", "    return -1000  # bailout"]
    assert Arithmetic(builder).narrow(narrow) == narrow
    assert len(builder.root) == 1


@pytest.mark.parametrize("length", [60, 61])
def test_what_is_long_gets_a_local(length: int) -> None:
    builder = Builder(lambda name: name)
    evaluator = Evaluator(builder, cast(Types, None), lambda obj, name: None, lambda obj: None)
    number, truth = Int(Local("a" * length), 0, 9), Flag(Local("b" * length), ((Local("a"), 0, 1),))
    if length == 60:
        assert evaluator.short(number, "n") is number and evaluator.short(truth, "t") is truth
    else:
        assert evaluator.short(number, "n") == Int(Local("n"), 0, 9)
        assert evaluator.short(truth, "t") == Flag(Local("t"), truth.yes)
    assert len(builder.root) == (0 if length == 60 else 2)
