"""What names mean: the types of values, and how an attribute stands on the wire.

A `Type` is what an expression has; a wire is how bytes become such a value.  Both are plain data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sigflow.compiler import schema as sc
from sigflow.runtime.stuffing import Stuffing


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a value.  `ref`: the class of a `user`, the enum of an `enum`, the element type of an `array`, the
    name of an `opaque`.
    """

    kind: str
    ref: Any = None

    def __str__(self) -> str:
        if self.kind == "array":
            return f"a list of {self.ref}"
        if self.kind in ("user", "enum"):
            return f"{self.kind if self.kind == 'enum' else 'type'} '{self.ref.id}'"
        return _NAMES.get(self.kind, self.kind)

    @property
    def is_number(self) -> bool:
        """Integer or float."""
        return self.kind in ("int", "float")

    @property
    def is_struct(self) -> bool:
        """An object of a generated class."""
        return self.kind in ("user", "struct", "opaque")


_NAMES = {
    "int": "integer", "float": "float", "str": "string", "bytes": "bytes", "bool": "boolean", "io": "stream",
    "struct": "structure", "any": "any", "untyped": "any", "opaque": "opaque type",
}  # fmt: skip

INT, FLOAT, STR, BYTES, BOOL = Type("int"), Type("float"), Type("str"), Type("bytes"), Type("bool")
IO, STRUCT = Type("io"), Type("struct")
#: What a mistake left behind: it fits everywhere, so that it is reported once.
ANY = Type("any")
#: What may be one of several kinds, or was declared as `any`: before it is used, `.as<>` says what it is.
UNTYPED = Type("untyped")


def array_of(element: Type) -> Type:
    """The type of a list."""
    return Type("array", element)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Which bytes: a size, all that is left, up to a terminator; and what is then stripped and undone."""

    contents: bytes | None = None
    size: sc.Code | None = None
    eos: bool = False
    term: bytes | None = None
    include: bool = False
    consume: bool = True
    eos_error: bool = True
    pad: int | None = None
    process: sc.Process | None = None
    #: Whether the terminator may stand at any place, and not only at multiples of its own size.
    anywhere: bool = False

    @property
    def ended(self) -> Stuffing | None:
        """How the bytes are stuffed, where the terminator is the literal that ends them and is looked for in them."""
        return self.process.stuffing if self.process is not None and self.process.end else None

    @property
    def bounded(self) -> bool:
        """Whether it says where the bytes end."""
        return self.contents is not None or self.size is not None or self.eos or self.term is not None


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A number: kind `u`, `s` or `f`, size in bytes, byte order `le`, `be`, `calc` (decided at run time) or `` for
    one byte.
    """

    kind: str
    size: int
    order: str


@dataclass(frozen=True, slots=True, eq=False)
class Bits:
    """A bit field; one of a single bit without an enum is a boolean."""

    width: int
    order: str
    boolean: bool


@dataclass(frozen=True, slots=True, eq=False)
class Bytes:
    """A byte array."""

    shape: Shape


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A string."""

    shape: Shape
    encoding: str


@dataclass(frozen=True, slots=True, eq=False)
class User:
    """An object of a class, read from the stream at hand or, with a shape, from a stream of its own.

    `target` is a class, or the name of an opaque type.
    """

    target: sc.ClassSpec | str
    arguments: tuple[sc.Code, ...]
    shape: Shape | None

    @property
    def bounded(self) -> bool:
        """Whether it has bytes of its own extent."""
        return self.shape is not None and self.shape.bounded


@dataclass(frozen=True, slots=True, eq=False)
class Switched:
    """One of several wires by the value of an expression; a case with `on` None is the else."""

    on: sc.Code
    cases: tuple[tuple[sc.Code | None, Wire], ...]


Wire = Number | Bits | Bytes | Text | User | Switched


def wires_of(wire: Wire | None) -> tuple[Wire, ...]:
    """The wires of a switch, or the wire itself; () for None."""
    if isinstance(wire, Switched):
        return tuple(case for _, case in wire.cases)
    return () if wire is None else (wire,)


def shape_of(wire: Wire | None) -> Shape | None:
    """Which bytes a wire takes, where it says so; None for numbers, switches, and objects read where they stand."""
    return wire.shape if isinstance(wire, Bytes | Text | User) else None


@dataclass(slots=True, eq=False)
class Names:
    """What `resolve` found; a table beside the schema, by identity of its nodes.  `broken`: attributes that it could
    not resolve.
    """

    wires: dict[sc.Attr, Wire] = field(default_factory=dict)
    enums: dict[sc.Attr | sc.Param, sc.Enum] = field(default_factory=dict)
    params: dict[sc.Param, Type] = field(default_factory=dict)
    #: What may be the parent of an object of a class: a class, an expression (`parent:`), or None; and the
    #: class that says so.
    parents: dict[sc.ClassSpec, list[tuple[sc.ClassSpec | sc.Code | None, sc.ClassSpec]]] = field(default_factory=dict)
    #: The same of fields that are never read, because constants rule it out.
    unlikely_parents: dict[sc.ClassSpec, list[tuple[sc.ClassSpec | sc.Code | None, sc.ClassSpec]]] = field(
        default_factory=dict
    )
    broken: set[sc.Attr] = field(default_factory=set)
    #: The classes that are read when some spec's root or a hint's type is.
    reached: set[sc.ClassSpec] = field(default_factory=set)
    #: Enums and classes that something refers to.
    used: set[Any] = field(default_factory=set)
