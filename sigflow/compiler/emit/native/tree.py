"""Expressions of the native measure as a tree of small nodes, which have no effects, and their text.

Two nodes are equal where their text is, so what is known of an expression is kept by its node.  Python's operators make
nodes: `a + 1 <= b` is a comparison.  Only equality keeps its usual meaning; `a.equals(b)` is the node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sigflow.compiler.emit import expressions as level

#: How strongly Python's operators bind.
_PRECEDENCE = {
    "|": level.BIT_OR,
    "^": level.BIT_XOR,
    "&": level.BIT_AND,
    **dict.fromkeys(("<<", ">>"), level.SHIFT),
    **dict.fromkeys(("+", "-"), level.SUM),
    **dict.fromkeys(("*", "//", "%"), level.PRODUCT),
}
_LOGIC = {"and": level.AND, "or": level.OR}
#: What holds where a comparison does not, and the comparison with its sides exchanged.
OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


def _operation(op: str) -> Callable[[Expr, Operand], Expr]:
    return lambda left, right: Operation(op, left, expr_of(right))


def _comparison(op: str) -> Callable[[Expr, Operand], Expr]:
    return lambda left, right: Compare(op, left, expr_of(right))


class Expr:
    """An expression."""

    __slots__ = ()

    __add__, __sub__, __mul__ = _operation("+"), _operation("-"), _operation("*")
    __and__, __or__ = _operation("&"), _operation("|")
    __lshift__, __rshift__ = _operation("<<"), _operation(">>")
    __lt__, __gt__, __ge__ = _comparison("<"), _comparison(">"), _comparison(">=")
    equals, differs = _comparison("=="), _comparison("!=")

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
        case Local() | Const() | Truth():
            return ()
        case Operation(_, left, right) | Compare(_, left, right):
            return left, right
        case Call(_, operands) | Logic(_, operands):
            return operands
        case Conditional(condition, yes, no):
            return condition, yes, no
        case Not(operand) | Inverted(operand) | Within(_, operand, _):
            return (operand,)
    raise TypeError(expr)


def nodes(expr: Expr) -> Iterator[Expr]:
    """All nodes of an expression."""
    left = [expr]
    while left:
        node = left.pop()
        yield node
        left += _operands(node)


def printed(expr: Expr, precedence: int = 0) -> str:
    """The text of an expression, in brackets where its surroundings bind more strongly: with this precedence."""
    own, text = _printed(expr)
    return f"({text})" if own < precedence else text


def operands_of(expr: Logic) -> list[str]:
    """The texts of what `and` or `or` connects."""
    return [printed(operand, _LOGIC[expr.op]) for operand in expr.operands]


def _printed(expr: Expr) -> tuple[int, str]:
    """How strongly the text of an expression binds, and the text."""
    match expr:
        case Const(value, digits):
            text = f"0x{abs(value):0{digits}x}" if digits else str(abs(value))
            return (level.UNARY, f"-{text}") if value < 0 else (level.ATOM, text)
        case Truth(value):
            return level.ATOM, str(value)
        case Local(name, offset):
            return (level.SUM, f"{name} {'+' if offset > 0 else '-'} {abs(offset)}") if offset else (level.ATOM, name)
        case Call(function, arguments):
            return level.ATOM, f"{function}({', '.join(map(printed, arguments))})"
        case Operation(op, left, right):
            own = _PRECEDENCE[op]
            return own, f"{printed(left, own)} {op} {printed(right, own + 1)}"
        case Inverted(operand):
            return level.UNARY, f"~{printed(operand, level.UNARY)}"
        case Compare(op, left, right):
            return level.COMPARE, f"{printed(left, level.COMPARE + 1)} {op} {printed(right, level.COMPARE + 1)}"
        case Within(low, operand, stop):
            return level.COMPARE, f"{printed(low)} <= {printed(operand, level.COMPARE + 1)} < {printed(stop)}"
        case Not(operand):
            return level.NOT, f"not {printed(operand, level.NOT)}"
        case Logic(op):
            return _LOGIC[op], f" {op} ".join(operands_of(expr))
        case Conditional(condition, yes, no):
            return (
                level.CHOICE,
                f"{printed(yes, level.OR)} if {printed(condition, level.OR)} else {printed(no, level.CHOICE)}",
            )
    raise TypeError(expr)
