"""Expressions of the native measure: their text means what their nodes say; and the statements that remain of many."""

from __future__ import annotations

import operator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigflow.compiler.emit.native.statements import (
    Assign,
    Break,
    For,
    Group,
    If,
    Node,
    Return,
    Store,
    While,
    eliminate_dead_code,
    lines_of,
)
from sigflow.compiler.emit.native.tree import (
    Call,
    Compare,
    Conditional,
    Const,
    Expr,
    Inverted,
    Local,
    Logic,
    Not,
    Operation,
    Truth,
    Within,
    both,
    call,
    either,
    negated,
    nodes,
    printed,
)

OPERATORS: dict[str, Any] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<<": operator.lshift, ">>": operator.rshift, "//": operator.floordiv, "%": operator.mod,
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
A, B, C, D = (Local(name) for name in "abcd")
VALUES = {"a": 5, "b": -3, "c": 0}

numbers: st.SearchStrategy[Expr] = st.deferred(
    lambda: (
        st.builds(Const, st.integers(-20, 20), st.integers(0, 3))
        | st.builds(Local, st.sampled_from("abc"), st.integers(-2, 2))
        | st.builds(Operation, st.sampled_from(("+", "-", "*", "&", "|", "^")), numbers, numbers)
        | st.builds(Operation, st.sampled_from(("<<", ">>")), numbers, st.builds(Const, st.integers(0, 3)))
        | st.builds(Operation, st.sampled_from(("//", "%")), numbers, st.builds(Const, st.integers(1, 3)))
        | st.builds(Inverted, numbers)
        | st.builds(lambda left, right: call("max", left, right), numbers, numbers)
        | st.builds(Conditional, truths, numbers, numbers)
    )
)
truths: st.SearchStrategy[Expr] = st.deferred(
    lambda: (
        st.builds(Truth, st.booleans())
        | st.builds(Compare, st.sampled_from(COMPARISONS), numbers, numbers)
        | st.builds(Within, st.builds(Const, st.integers(-5, 0)), numbers, st.builds(Const, st.integers(1, 9)))
        | st.builds(Not, truths)
        | st.builds(both, truths, truths)
        | st.builds(either, truths, truths)
        | st.builds(Conditional, truths, truths, truths)
    )
)


def value_of(expr: Expr) -> Any:
    """What an expression gives, by its nodes."""
    match expr:
        case Const(value) | Truth(value):
            return value
        case Local(name, offset):
            return VALUES[name] + offset
        case Operation(op, left, right) | Compare(op, left, right):
            return OPERATORS[op](value_of(left), value_of(right))
        case Inverted(operand):
            return ~value_of(operand)
        case Call(_, arguments):
            return max(map(value_of, arguments))
        case Conditional(condition, yes, no):
            return value_of(yes) if value_of(condition) else value_of(no)
        case Within(low, operand, stop):
            return value_of(low) <= value_of(operand) < value_of(stop)
        case Not(operand):
            return not value_of(operand)
        case Logic(op, operands):
            return (all if op == "and" else any)(map(value_of, operands))
    raise TypeError(expr)


@settings(max_examples=150)
@given(numbers | truths)
def test_the_text_means_what_the_nodes_say(expr: Expr) -> None:
    assert eval(printed(expr), dict(VALUES)) == value_of(expr)
    assert eval(f"0 * {printed(expr, 10)}", dict(VALUES)) == 0  # (in brackets where a product stands around it)


@settings(max_examples=100)
@given(truths)
def test_the_opposite_holds_where_the_expression_does_not(expr: Expr) -> None:
    assert value_of(negated(expr)) is (not value_of(expr))
    assert value_of(negated(negated(expr))) is value_of(expr)


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (A + 1 - (B - 2), "a + 1 - (b - 2)"),
        (Local("a", 3) < Local("b", -1), "a + 3 < b - 1"),
        (A << 8 | B & 3, "a << 8 | b & 3"),
        ((A | 1) * 2 >> 1, "(a | 1) * 2 >> 1"),
        (Const(255, 4) + Const(-255, 1), "0x00ff + -0xff"),
        (Inverted(A + 1), "~(a + 1)"),
        (both(either(A > 1, B.equals(2)), C.differs(3)), "(a > 1 or b == 2) and c != 3"),
        (both(both(Truth(True), A), B), "True and a and b"),
        (negated(both(A >= 1, B)), "a < 1 or not b"),
        (Not(Within(Const(0), A, Const(9))), "not 0 <= a < 9"),
        (Conditional(A < 0, B, Conditional(C, Const(1), Const(2))), "b if a < 0 else 1 if c else 2"),
        (call("u2be", Local("data"), Conditional(A, Const(1), Const(2))), "u2be(data, 1 if a else 2)"),
    ],
)  # fmt: skip
def test_there_are_no_brackets_but_those_that_are_needed(expr: Expr, text: str) -> None:
    assert printed(expr) == text


def test_an_expression_is_no_condition_of_the_compiler() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        assert Local("a") < 1


def test_all_nodes_of_an_expression() -> None:
    expr = Conditional(Not(Local("a") < 1), call("f", Local("b")), Inverted(Within(Const(1), Local("c"), Const(2))))
    assert {node.name for node in nodes(expr) if isinstance(node, Local)} == {"a", "b", "c"}


def text_of(*block: Node) -> str:
    return "\n".join(lines_of(eliminate_dead_code(list(block))))


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ([Assign("a", Const(1)), Assign("b", A), Return(A)], "a = 1\nreturn a"),
        ([Assign("a", B), Assign("b", C), Assign("c", Const(1)), Store(2, A)], "a = b\nb = c\nc = 1\nbox[2] = a"),
        ([Store(1, Const(4), adds=True), Return(Const(0), "lacking")], "box[1] += 4\nreturn 0  # lacking"),
        ([If(A, [Assign("b", Const(1))], [Assign("c", Const(2))]), Return(Const(1))], "return 1"),
        ([If(A, [], [Return(Const(2))])], "if not (a):\n    return 2"),
        ([If(A, [Return(Const(1))], [Return(B)])], "if a:\n    return 1\nelse:\n    return b"),
        ([If(A, [Return(B)], [If(C, [Return(D)])])], "if a:\n    return b\nelif c:\n    return d"),
        ([If(A, [Return(B)], [If(C, [], [Return(D)])])],
         "if a:\n    return b\nelse:\n    if not (c):\n        return d"),
        ([For("a", B, [Assign("c", A), If(C, [Break()])])], ""),
        ([For("a", B, [If(C, [Break()]), Assign("d", A)]), Return(D)],
         "for a in range(b):\n    if c:\n        break\n    d = a\nreturn d"),
        ([While(A, [Assign("b", Const(1))]), Return(C)], "return c"),
        ([While(body=[Assign("b", B + 1), If(B > 3, [Break()])]), Return(B)],
         "while True:\n    b = b + 1\n    if b > 3:\n        break\nreturn b"),
        ([While(A, [For("b", C, [If(D, [Break()])]), Return(A)])], "while a:\n    return a"),
        ([Group([Assign("a", Const(1)), Group([Assign("b", A)])]), Return(B)], "a = 1\nb = a\nreturn b"),
    ],
)  # fmt: skip
def test_what_nothing_needs_is_dropped(block: list[Node], text: str) -> None:
    assert text_of(*block) == text


@pytest.mark.parametrize("op", ["and", "or"])
def test_a_long_condition_has_a_line_for_each_operand(op: str) -> None:
    names = [f"a_local_with_a_rather_long_name_{number}" for number in range(4)]
    condition = Logic(
        op, (Local(names[0]), Local(names[1]) < 2, Logic("and" if op == "or" else "or", (A, B)), Local(names[3]))
    )
    inner = "a and b" if op == "or" else "(a or b)"
    lines = [f"{names[0]}", f"{op} {names[1]} < 2", f"{op} {inner}", f"{op} {names[3]}"]
    expected = "".join(f"    {line}\n" for line in lines)
    assert text_of(If(condition, [Return(C)])) == f"if (\n{expected}):\n    return c"
    assert text_of(Return(condition, "why")) == f"return (\n{expected})  # why"
    assert text_of(If(C, [Return(A)], [If(condition, [Return(B)])])).startswith("if c:\n    return a\nelif (\n")


@pytest.mark.parametrize("size", [119, 120, 121])
def test_a_condition_that_fits_has_one_line(size: int) -> None:
    condition = both(A, Local("b" * (size - len("if a and :"))))
    assert text_of(If(condition, [Return(C)])).count("\n") == (1 if size <= 120 else 4)
