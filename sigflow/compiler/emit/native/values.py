"""Values while a native measure is written: expressions that give them at run time, with what is known of them now.

An integer carries its bounds; one that may pass the largest int64 is the two's complement of an unsigned number of 64
bits ("wide").  A truth carries what follows where it holds and where it does not.  Bytes and strings are never copied:
a range of `data`, a literal, or a pair of locals that stands for either (a literal as the negative `-1 - number`).
An object is its members; where one of several values stands, `Cases` has them by the value of a local, the tag.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sigflow.compiler.emit.native import tree
from sigflow.compiler.emit.native.tree import Const, Expr, Local, Truth

if TYPE_CHECKING:
    from sigflow.compiler.emit.native.streams import Stream
    from sigflow.compiler.plan import ClassPlan

#: The largest and the least int64, and the largest unsigned number of 64 bits.
MOST, LEAST, WIDE = (1 << 63) - 1, -1 << 63, (1 << 64) - 1

#: Bounds of expressions: (expression, least, most) each.
Ranges = tuple[tuple[Expr, int, int], ...]


def signed(value: int) -> int:
    """An integer as int64: of a larger number of 64 unsigned bits, the two's complement."""
    return value - (1 << 64) if MOST < value <= WIDE else value


@dataclass(frozen=True, slots=True)
class Int:
    """An integer: expression and bounds.  empty: what else is known where it is zero."""

    expr: Expr
    low: int
    high: int
    empty: Ranges = ()

    @staticmethod
    def of(value: int) -> Int:
        """A constant; the expression is its two's complement."""
        return Int(Const(signed(value)), value, value)

    @property
    def value(self) -> int | None:
        """The value where there is only one."""
        return self.low if self.low == self.high else None

    @property
    def wide(self) -> bool:
        """Whether it may pass the largest int64."""
        return self.high > MOST


@dataclass(frozen=True, slots=True)
class Flag:
    """A truth: expression, and what is known where it holds (`yes`) and where it does not (`no`)."""

    expr: Expr
    yes: Ranges = ()
    no: Ranges = ()

    @staticmethod
    def of(value: bool) -> Flag:
        """A constant."""
        return Flag(Truth(value))

    @property
    def value(self) -> bool | None:
        """The value where it is known."""
        return self.expr.value if isinstance(self.expr, Truth) else None

    def negated(self) -> Flag:
        """Its opposite."""
        return Flag(tree.negated(self.expr), self.no, self.yes)


def both(left: Flag, right: Flag) -> Flag:
    """`left and right`."""
    if left.value is not None:
        return right if left.value else left
    if right.value is not None:
        return left if right.value else right
    return Flag(tree.both(left.expr, right.expr), (*left.yes, *right.yes), _whichever(left.no, right.no))


def either(left: Flag, right: Flag) -> Flag:
    """`left or right`."""
    return both(left.negated(), right.negated()).negated()


def _whichever(left: Ranges, right: Ranges) -> Ranges:
    """What is known where one of the two is, but not which."""
    return tuple(
        (expr, min(low, least), max(high, most))
        for expr, low, high in left
        for other, least, most in right
        if other == expr
    )


#: The encoding of a string of which only literals are known so far.
ANY_ENCODING = "?"


@dataclass(frozen=True, slots=True)
class Bytes:
    """data[start:stop], and its size; `encoding`: of a string, Python's name.

    literals: numbers of the literals that `start` (a local) may stand for instead.  plain: known to be ASCII.
    """

    start: Local
    stop: Local
    size: Int
    encoding: str = ""
    literals: tuple[int, ...] = ()
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes or a string that the spec says."""

    value: bytes | str


@dataclass(frozen=True, slots=True)
class Table:
    """A list of constants that the spec says, or a list of such lists: its numbers in order, its sizes, and the place
    of the first one that is meant.
    """

    numbers: tuple[int, ...]
    shape: tuple[int, ...]
    at: Int = Int(Const(0), 0, 0)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that int64 arithmetic does not hold; whoever needs it says why there is no native measure."""

    what: str


@dataclass(slots=True, eq=False)
class SymbolicObject:
    """An object: its class, and the values of its members by their node of the schema.

    prefix: of the names of its locals.  is_le: its calculated byte order.
    """

    plan: ClassPlan
    prefix: str
    parent: SymbolicObject | None
    root: SymbolicObject | None
    stream: Stream
    is_le: Flag | None = None
    members: dict[Any, Value] = field(default_factory=dict)
    #: Instances that were worked out, and the block that this happened in.
    memo: dict[Any, tuple[Value, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IO:
    """A stream."""

    stream: Stream


@dataclass(frozen=True, slots=True)
class Cases:
    """One of several values: values[n] where `tag` is n."""

    tag: Local
    values: tuple[Value, ...]


class SymbolicList(ABC):
    """A list, while it is read and after; see `lists`."""

    @abstractmethod
    def size(self) -> Int:
        """How many elements it has."""

    @abstractmethod
    def first(self) -> Value:
        """The first element."""

    @abstractmethod
    def last(self) -> Value:
        """The last element."""

    @abstractmethod
    def at(self, index: Int) -> Value:
        """One element."""


Value = Int | Flag | Bytes | Literal | Table | Unknown | SymbolicObject | IO | Cases | SymbolicList | None
