"""Values while a native measure is written: text of Python that gives them at run time, with what is known now.

An integer carries its bounds; one that may pass the largest int64 is the two's complement of an unsigned number of 64
bits ("wide").  A truth carries what follows where it holds and where it does not.  Bytes and strings are never copied:
a range of `data`, a literal, or a pair of locals that stands for either (a literal as the negative `-1 - number`).
An object is its members; where one of several values stands, `Cases` has them by the value of a local, the tag.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sigflow.compiler.emit.expressions import AND, ATOM, NOT, OR, SUM, UNARY

if TYPE_CHECKING:
    from sigflow.compiler.emit.native.streams import Stream
    from sigflow.compiler.plan import ClassPlan

#: The largest and the least int64, and the largest unsigned number of 64 bits.
MOST, LEAST, WIDE = (1 << 63) - 1, -1 << 63, (1 << 64) - 1

#: Bounds by the text of an expression.
Ranges = tuple[tuple[str, int, int], ...]


def bracketed(text: str, own: int, precedence: int) -> str:
    """The text where its surroundings bind as strongly as `precedence`."""
    return f"({text})" if own < precedence else text


@dataclass(frozen=True, slots=True)
class Int:
    """An integer: text, bounds, and how strongly the text binds.  empty: what else is known where it is zero."""

    text: str
    low: int
    high: int
    own: int = ATOM
    empty: Ranges = ()

    @staticmethod
    def of(value: int) -> Int:
        """A constant; `text` is that of its two's complement."""
        signed = value - (1 << 64) if MOST < value <= WIDE else value
        return Int(str(signed), value, value, ATOM if signed >= 0 else UNARY)

    @property
    def value(self) -> int | None:
        """The value where there is only one."""
        return self.low if self.low == self.high else None

    @property
    def wide(self) -> bool:
        """Whether it may pass the largest int64."""
        return self.high > MOST

    def at(self, precedence: int) -> str:
        """The text, in brackets where it needs them."""
        return bracketed(self.text, self.own, precedence)


@dataclass(frozen=True, slots=True)
class Flag:
    """A truth: text, its opposite, and what is known where it holds (`yes`) and where it does not (`no`)."""

    text: str
    own: int = ATOM
    opposite: str = ""
    opposite_own: int = ATOM
    yes: Ranges = ()
    no: Ranges = ()

    @staticmethod
    def of(value: bool) -> Flag:
        """A constant."""
        return Flag(str(value), ATOM, str(not value), ATOM)

    @property
    def value(self) -> bool | None:
        """The value where it is known."""
        return {"True": True, "False": False}.get(self.text)

    def at(self, precedence: int) -> str:
        """The text, in brackets where it needs them."""
        return bracketed(self.text, self.own, precedence)

    def negated(self) -> Flag:
        """Its opposite."""
        return Flag(self.opposite, self.opposite_own, self.text, self.own, self.no, self.yes)


def flag(text: str, own: int = ATOM, yes: Ranges = (), no: Ranges = ()) -> Flag:
    """A truth whose opposite has no form of its own."""
    return Flag(text, own, f"not {bracketed(text, own, NOT)}", NOT, yes, no)


def both(left: Flag, right: Flag) -> Flag:
    """`left and right`."""
    if left.value is not None:
        return right if left.value else left
    if right.value is not None:
        return left if right.value else right
    opposites = (f"({one.opposite})" if one.opposite_own < OR else one.opposite for one in (left, right))
    text = f"{left.at(AND)} and {right.at(AND)}"
    return Flag(text, AND, " or ".join(opposites), OR, (*left.yes, *right.yes), _whichever(left.no, right.no))


def _whichever(left: Ranges, right: Ranges) -> Ranges:
    """What is known where one of the two is, but not which."""
    found = []
    for text, low, high in left:
        found += [(text, min(low, least), max(high, most)) for other, least, most in right if other == text]
    return tuple(found)


def either(left: Flag, right: Flag) -> Flag:
    """`left or right`."""
    return both(left.negated(), right.negated()).negated()


@dataclass(frozen=True, slots=True)
class Pos:
    """A place in `data`: a local name and a constant."""

    base: str
    offset: int = 0

    def __str__(self) -> str:
        if not self.offset:
            return self.base
        return f"{self.base} {'+' if self.offset > 0 else '-'} {abs(self.offset)}"

    def plus(self, count: int) -> Pos:
        """The place so many bytes further."""
        return Pos(self.base, self.offset + count)

    def at(self, precedence: int) -> str:
        """The text, in brackets where it needs them."""
        return bracketed(str(self), SUM if self.offset else ATOM, precedence)


#: The encoding of a string of which only literals are known so far.
ANY_ENCODING = "?"


@dataclass(frozen=True, slots=True)
class Bytes:
    """data[start:stop], and its size; `encoding`: of a string, Python's name.

    literals: numbers of the literals that `start` (a local) may stand for instead.  plain: known to be ASCII.
    """

    start: Pos
    stop: Pos
    size: Int
    encoding: str = ""
    literals: tuple[int, ...] = ()
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes or a string that the spec says."""

    value: bytes | str


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
    known: dict[Any, tuple[Value, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IO:
    """A stream."""

    stream: Stream


@dataclass(frozen=True, slots=True)
class Cases:
    """One of several values: values[n] where the local `tag` is n."""

    tag: str
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


Value = Int | Flag | Bytes | Literal | Unknown | SymbolicObject | IO | Cases | SymbolicList | None
