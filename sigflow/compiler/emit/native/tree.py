"""Expressions of the native measure as a tree of small nodes, which have no effects, and their text.

Two nodes are equal where their text is, so what is known of an expression is kept by its node.  Python's operators make
nodes: `a + 1 <= b` is a comparison.  Only equality keeps its usual meaning; `a.equals(b)` is the node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sigflow.compiler.emit.expressions import (
    AND,
    ATOM,
    BIT_AND,
    BIT_OR,
    BIT_XOR,
    CHOICE,
    COMPARE,
    NOT,
    OR,
    PRODUCT,
    SHIFT,
    SUM,
    UNARY,
)

#: How strongly Python's operators bind.
_PRECEDENCE = {
    "|": BIT_OR, "^": BIT_XOR, "&": BIT_AND, "<<": SHIFT, ">>": SHIFT, "+": SUM, "-": SUM, "*": PRODUCT, "//": PRODUCT,
    "%": PRODUCT,
}  # fmt: skip
#: What holds where a comparison does not, and the comparison with its sides exchanged.
OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


class Expr:
    """An expression."""

    __slots__ = ()

    def __add__(self, other: Operand) -> Expr:
        return Operation("+", self, expr_of(other))

    def __sub__(self, other: Operand) -> Expr:
        return Operation("-", self, expr_of(other))

    def __mul__(self, other: Operand) -> Expr:
        return Operation("*", self, expr_of(other))

    def __and__(self, other: Operand) -> Expr:
        return Operation("&", self, expr_of(other))

    def __or__(self, other: Operand) -> Expr:
        return Operation("|", self, expr_of(other))

    def __lshift__(self, other: Operand) -> Expr:
        return Operation("<<", self, expr_of(other))

    def __rshift__(self, other: Operand) -> Expr:
        return Operation(">>", self, expr_of(other))

    def __lt__(self, other: Operand) -> Expr:
        return Compare("<", self, expr_of(other))

    def __le__(self, other: Operand) -> Expr:
        return Compare("<=", self, expr_of(other))

    def __gt__(self, other: Operand) -> Expr:
        return Compare(">", self, expr_of(other))

    def __ge__(self, other: Operand) -> Expr:
        return Compare(">=", self, expr_of(other))

    def equals(self, other: Operand) -> Expr:
        """The comparison `self == other`."""
        return Compare("==", self, expr_of(other))

    def differs(self, other: Operand) -> Expr:
        """The comparison `self != other`."""
        return Compare("!=", self, expr_of(other))

    def __bool__(self) -> bool:
        raise TypeError("an expression is neither true nor false before the measure runs")


Operand = Expr | int


@dataclass(frozen=True, slots=True)
class Const(Expr):
    """An integer.  digits: how many it is written with at least where it is hexadecimal, else 0."""

    value: int
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Truth(Expr):
    """`True` or `False`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Local(Expr):
    """The value of a local variable, and a constant that is added to it."""

    name: str
    offset: int = 0

    def plus(self, count: int) -> Local:
        """The same with so much more added; of a position, that many bytes further."""
        return Local(self.name, self.offset + count)


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A call of a function, of `sigflow.runtime.native` or built in; loads of bytes are calls over `DATA`."""

    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Operation(Expr):
    """An integer operation of two operands."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Inverted(Expr):
    """`~operand`."""

    operand: Expr


@dataclass(frozen=True, slots=True)
class Compare(Expr):
    """A comparison."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Within(Expr):
    """`low <= operand < stop`, of constants."""

    low: Const
    operand: Expr
    stop: Const


@dataclass(frozen=True, slots=True)
class Not(Expr):
    """`not operand`."""

    operand: Expr


@dataclass(frozen=True, slots=True)
class Logic(Expr):
    """`and` or `or` between two or more operands, none of which is the same operation; see `both` and `either`."""

    op: str
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Conditional(Expr):
    """`yes if condition else no`."""

    condition: Expr
    yes: Expr
    no: Expr


#: The parameters of the function.
DATA, AT, END, BOX = Local("data"), Local("at"), Local("end"), Local("box")


def expr_of(operand: Operand) -> Expr:
    """The operand as a node."""
    return Const(operand) if isinstance(operand, int) else operand


def hexadecimal(value: int) -> Const:
    """A constant that is written in hexadecimal digits."""
    return Const(value, 1)


def call(function: str, *arguments: Operand) -> Call:
    """A call."""
    return Call(function, tuple(expr_of(argument) for argument in arguments))


def both(left: Expr, right: Expr) -> Expr:
    """`left and right`."""
    return _logic("and", left, right)


def either(left: Expr, right: Expr) -> Expr:
    """`left or right`."""
    return _logic("or", left, right)


def _logic(op: str, left: Expr, right: Expr) -> Logic:
    operands: list[Expr] = []
    for operand in (left, right):
        operands += operand.operands if isinstance(operand, Logic) and operand.op == op else (operand,)
    return Logic(op, tuple(operands))


def negated(expr: Expr) -> Expr:
    """What is true where `expr` is false."""
    match expr:
        case Truth(value):
            return Truth(not value)
        case Not(operand):
            return operand
        case Compare(op, left, right):
            return Compare(OPPOSITE[op], left, right)
        case Logic(op, operands):
            return Logic("or" if op == "and" else "and", tuple(negated(operand) for operand in operands))
    return Not(expr)


def _operands(expr: Expr) -> tuple[Expr, ...]:
    """The nodes directly below a node."""
    match expr:
        case Operation(_, left, right) | Compare(_, left, right):
            return left, right
        case Call(_, operands) | Logic(_, operands):
            return operands
        case Conditional(condition, yes, no):
            return condition, yes, no
        case Not(operand) | Inverted(operand) | Within(_, operand, _):
            return (operand,)
    return ()


def nodes(expr: Expr) -> Iterator[Expr]:
    """All nodes of an expression."""
    yield expr
    for operand in _operands(expr):
        yield from nodes(operand)


def printed(expr: Expr, precedence: int = 0) -> str:
    """The text of an expression, in brackets where its surroundings bind more strongly: with this precedence."""
    own, text = _printed(expr)
    return f"({text})" if own < precedence else text


def _printed(expr: Expr) -> tuple[int, str]:
    """How strongly the text of an expression binds, and the text."""
    match expr:
        case Const(value, digits):
            text = f"0x{abs(value):0{digits}x}" if digits else str(abs(value))
            return (UNARY, f"-{text}") if value < 0 else (ATOM, text)
        case Truth(value):
            return ATOM, str(value)
        case Local(name, offset):
            return (SUM, f"{name} {'+' if offset > 0 else '-'} {abs(offset)}") if offset else (ATOM, name)
        case Call(function, arguments):
            return ATOM, f"{function}({', '.join(map(printed, arguments))})"
        case Operation(op, left, right):
            own = _PRECEDENCE[op]
            return own, f"{printed(left, own)} {op} {printed(right, own + 1)}"
        case Inverted(operand):
            return UNARY, f"~{printed(operand, UNARY)}"
        case Compare(op, left, right):
            return COMPARE, f"{printed(left, COMPARE + 1)} {op} {printed(right, COMPARE + 1)}"
        case Within(low, operand, stop):
            return COMPARE, f"{printed(low)} <= {printed(operand, COMPARE + 1)} < {printed(stop)}"
        case Not(operand):
            return NOT, f"not {printed(operand, NOT)}"
        case Logic(op, operands):
            own = AND if op == "and" else OR
            return own, f" {op} ".join(printed(operand, own) for operand in operands)
        case Conditional(condition, yes, no):
            return CHOICE, f"{printed(yes, OR)} if {printed(condition, OR)} else {printed(no, CHOICE)}"
    raise TypeError(expr)
