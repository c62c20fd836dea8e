"""What a generated module says about the types of its fields, so that frames become columns without an object each.

Data only; the compiler writes it (`_columns` of a module), `sigflow.columns` reads it.  The types are complete: which
columns there are, and of which types, depends on the spec alone and never on the bytes.

Rules.  A place is (start, stop) in bytes, from the first byte of the object that the field is of; a negative offset
counts from the object's end, and a stop of None is the end.  A field has a place only where it stands there in every
object, so that nothing has to be parsed to find it.  Bit fields give how far they are shifted left in those bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Number:
    """A number on the wire: kind `u`, `s` or `f`, bytes, and order `le`, `be`, `calc` or, for one byte, ``."""

    kind: str
    size: int
    order: str = ""


@dataclass(frozen=True, slots=True)
class Bits:
    """A bit field, of the order `le` or `be`; `shift`: how many bits of its place stand below it."""

    width: int
    order: str = "be"
    shift: int = 0
    boolean: bool = False


@dataclass(frozen=True, slots=True)
class Computed:
    """What an expression gives: kind `int` (within low and high, None where they are not known), `float`, `bool`."""

    kind: str
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Bytes:
    """A byte array.  pad, term, include: what is cut off behind a known size.  anywhere: whether the terminator may
    stand at any place, and not only at multiples of its own size.
    """

    pad: int | None = None
    term: bytes | None = None
    include: bool = False
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A string; the encoding is Python's name for it, "" where it was computed.  The rest is as of `Bytes`."""

    encoding: str = ""
    pad: int | None = None
    term: bytes | None = None
    include: bool = False
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A number of which some values have names."""

    enum: type[IntEnum]
    of: Number | Bits | Computed


@dataclass(frozen=True, slots=True)
class Nested:
    """An object of a class.  apart: it has a stream or a limit of its own, so that it may fail in a good frame.

    home: the module whose `_columns` describes the class, where it is another one.
    """

    target: type[Any]
    apart: bool = False
    home: object = None


@dataclass(frozen=True, slots=True)
class Many:
    """A list; `count` elements, where that is a constant."""

    item: Kind
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """One of several kinds."""

    cases: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """What the spec gives no type."""


Kind = Number | Bits | Computed | Bytes | Text | Named | Nested | Many | Switch | Unknown


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a class: its id, its kind, its place where it has one, and what is said of it.

    attribute: the Python name, where it is not the id.  optional: it has a condition.  checked: it may be refused.
    processed: its bytes are not those on the wire.  instance: it is computed, or read from elsewhere, when it is asked
    for.  physical: (scale, offset, unit).
    """

    id: str
    kind: Kind
    place: tuple[int, int | None] | None = None
    attribute: str = ""
    optional: bool = False
    checked: bool = False
    processed: bool = False
    instance: bool = False
    physical: tuple[float, float, str] | None = None
    doc: str = ""

    @property
    def name(self) -> str:
        """The Python attribute."""
        return self.attribute or self.id


@dataclass(frozen=True, slots=True)
class Fields:
    """A class: its id in the spec, and its columns in order."""

    id: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Module:
    """What `_columns` of a generated module gives: the spec's file and hash, and the classes that it defines."""

    spec: str
    source_hash: str
    classes: Mapping[type[Any], Fields]
