"""The kinds of values in kernel code, and what LLVM holds of each: one or more parts, every part of an LLVM type.

A number is an int64.  An array is its address and its shape, contiguous.  A vector has 2, 4 or 8 words of 64 bits and
is in a register.  A tuple is its members.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """An int64; of truth values 1 and 0."""


@dataclass(frozen=True, slots=True)
class Array:
    """An array of integers of so many bits, with one or two dimensions."""

    bits: int
    signed: bool
    dimensions: int = 1


@dataclass(frozen=True, slots=True)
class Vector:
    """Words of 64 bits that are computed with side by side."""

    words: int


@dataclass(frozen=True, slots=True)
class Tuple:
    """Several values."""

    members: tuple[Kind, ...]


Kind = Number | Array | Vector | Tuple

NUMBER = Number()
BYTES = Array(8, False)
NUMBERS = Array(64, True)
TABLE = Array(64, True, 2)


@dataclass(frozen=True, slots=True)
class Value:
    """A value: its kind, and for each part of that an operand of LLVM, a register's name or a literal."""

    kind: Kind
    parts: tuple[str, ...]

    def members(self) -> Iterator[Value]:
        """The members of a tuple."""
        assert isinstance(self.kind, Tuple)
        at = 0
        for kind in self.kind.members:
            count = len(parts_of(kind))
            yield Value(kind, self.parts[at : at + count])
            at += count


def number(operand: str) -> Value:
    """The number in this operand."""
    return Value(NUMBER, (operand,))


def tuple_of(values: list[Value]) -> Value:
    """The tuple of these values."""
    return Value(Tuple(tuple(value.kind for value in values)), tuple(part for value in values for part in value.parts))


def parts_of(kind: Kind) -> tuple[str, ...]:
    """The LLVM types of the parts of a value of this kind."""
    if isinstance(kind, Number):
        return ("i64",)
    if isinstance(kind, Array):
        return ("ptr", *["i64"] * kind.dimensions)
    if isinstance(kind, Vector):
        return (f"<{kind.words} x i64>",)
    return tuple(part for member in kind.members for part in parts_of(member))


def type_of(kind: Kind) -> str:
    """The LLVM type of what a function gives that gives a value of this kind."""
    parts = parts_of(kind)
    return parts[0] if len(parts) == 1 else f"{{ {', '.join(parts)} }}"


#: The kinds of arguments by the characters of a layout, see `sigflow.engine.calls`.
_OF_CHARACTERS: dict[str, Kind] = {
    "i": NUMBER,
    "b": BYTES,
    "1": NUMBERS,
    "2": TABLE,
    "h": Array(16, True),
    "H": Array(16, False),
    "l": Array(32, True),
    "L": Array(32, False),
}


def of_layout(layout: str) -> list[Kind]:
    """The kinds of the arguments of a layout."""
    kinds: list[list[Kind]] = [[]]
    for character in layout:
        if character == "(":
            kinds.append([])
        elif character == ")":
            members = Tuple(tuple(kinds.pop()))
            kinds[-1].append(members)
        else:
            kinds[-1].append(_OF_CHARACTERS[character])
    return kinds[0]
