"""Names to what they name: types, enums, byte orders, encodings, and who may be whose parent.

A type is looked for in the class at hand, then outwards, then among the top-level classes of the spec and of what it
imports.  Byte order and encoding come from the nearest enclosing `meta`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from sigflow.compiler import encodings
from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.layout import constant, integer
from sigflow.compiler.model import (
    ANY,
    BOOL,
    BYTES,
    FLOAT,
    INT,
    IO,
    STR,
    STRUCT,
    UNTYPED,
    Bits,
    Bytes,
    Names,
    Number,
    Shape,
    Switched,
    Text,
    Type,
    User,
    Wire,
    array_of,
    wires_of,
)
from sigflow.compiler.problems import Problems
from sigflow.compiler.reach import hinted, reached
from sigflow.diagnostics import Place

_NUMBER = re.compile(r"(?![us]1.|f[12])([usf])([1248])(le|be)?\Z")
#: What looks like a number or a bit field, and is none unless the spec defines it.
_NUMBER_LIKE = re.compile(r"[usfb][0-9]+(le|be)?\Z")
#: What a module of an opaque type may be called.
_MODULE = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
_BITS = re.compile(r"b([1-9][0-9]*)(le|be)?\Z")
_PURE = {
    "str": STR, "bytes": BYTES, "bool": BOOL, "io": IO, "struct": STRUCT, "any": UNTYPED,
}  # fmt: skip
#: Numbers as values, which have no byte order.
PURE_NUMBERS = ("u1", "u2", "u4", "u8", "s1", "s2", "s4", "s8", "f4", "f8")
_BUILT_IN = ("str", "strz", "u1", "u2", "u4", "u8", "s1", "s2", "s4", "s8", "f4", "f8", "b1")


class Scope:
    """Where names are looked up: the specs at hand by the id of their top-level class."""

    def __init__(
        self,
        tops: dict[str, sc.ClassSpec],
        lost: frozenset[str] = frozenset(),
        allowed: frozenset[str] = frozenset(),
    ) -> None:
        self.tops = tops
        self._lost = lost
        #: Modules of the user's own that opaque types may come from.
        self.allowed = allowed

    def lost(self, path: tuple[str, ...]) -> bool:
        """Whether a name that is not found is that of an import that failed: that was reported, and is enough."""
        return path[0] in self._lost

    def find_type(self, path: tuple[str, ...], scope: sc.ClassSpec) -> sc.ClassSpec | None:
        """The class that `path` names from within `scope`."""
        at: sc.ClassSpec | None = scope
        while at is not None:
            type_ = _descend(at.types.get(path[0]), path[1:])
            if type_ is not None:
                return type_
            if at.id == path[0]:
                type_ = _descend(at, path[1:])
                if type_ is not None:
                    return type_
            at = at.up
        return _descend(self.tops.get(path[0]), path[1:])

    def find_enum(self, path: tuple[str, ...], scope: sc.ClassSpec) -> sc.Enum | None:
        """The enum that `path` names from within `scope`."""
        if len(path) > 1:
            owner = self.find_type(path[:-1], scope)
            return owner.enums.get(path[-1]) if owner else None
        at: sc.ClassSpec | None = scope
        while at is not None:
            if path[0] in at.enums:
                return at.enums[path[0]]
            at = at.up
        return None

    def type_names(self, scope: sc.ClassSpec, path: tuple[str, ...] = ()) -> Iterator[str]:
        """The names of types that `scope` sees, for a suggestion; inside the type that `path` leads to, if it does."""
        owner = self.find_type(path[:-1], scope) if len(path) > 1 else None
        if owner is not None:
            yield from ("::".join((*path[:-1], id)) for id in owner.types)
            return
        at: sc.ClassSpec | None = scope
        while at is not None:
            yield from at.types
            at = at.up
        yield from self.tops
        yield from _BUILT_IN

    def enum_names(self, scope: sc.ClassSpec) -> Iterator[str]:
        """The names of enums that `scope` sees, for a suggestion."""
        at: sc.ClassSpec | None = scope
        while at is not None:
            yield from at.enums
            at = at.up


def _descend(start: sc.ClassSpec | None, path: Iterable[str]) -> sc.ClassSpec | None:
    for name in path:
        start = start.types.get(name) if start is not None else None
    return start


def resolve(scope: Scope, opaque: bool, problems: Problems) -> Names:
    """Resolve every name in these specs.  `opaque`: unknown types are taken as opaque even where a spec does not say
    so.
    """
    names = Names()
    resolver = _Resolver(scope, names, opaque, problems)
    for top in scope.tops.values():
        for spec in top.walk():
            resolver.klass(spec)
    named = (scope.find_type(path, spec) for top in scope.tops.values() for spec in top.walk() for path in hinted(spec))
    names.reached = reached((*scope.tops.values(), *(target for target in named if target is not None)), names)
    return names


class _Resolver:
    def __init__(self, scope: Scope, names: Names, opaque: bool, problems: Problems) -> None:
        self.scope = scope
        self.names = names
        self.opaque = opaque
        self.problems = problems

    def klass(self, spec: sc.ClassSpec) -> None:
        for param in spec.params:
            self.names.params[param] = self.param(param, spec)
        for attr in spec.attrs():
            if attr.enum is not None:
                enum = self.enum(attr.enum, spec)
                if enum is not None:
                    self.names.enums[attr] = enum
            if attr.value is not None or (attr.is_instance and "value" in attr.key_places):
                continue
            wire = self.wire(attr, spec)
            if wire is None:
                self.names.broken.add(attr)
                continue
            self.names.wires[attr] = wire
            self.check_enum(attr, wire)
            self.parents(attr, wire, spec)
        if spec.meta.encoding is not None:
            self.encoding(spec.meta.encoding, spec.meta.encoding_place)

    # ------------------------------------------------------------ types

    def param(self, param: sc.Param, spec: sc.ClassSpec) -> Type:
        enum = self.enum(param.enum, spec) if param.enum is not None else None
        if enum is not None:
            self.names.enums[param] = enum
        if param.doubtful:
            return ANY  # reported where it was read
        type_ = BYTES
        if param.type is not None:
            type_ = self.pure(param.type, param.type.name, spec) or ANY
            for _ in range(param.type.name.arrays if type_ != ANY else 0):
                type_ = array_of(type_)
        if type_ == ANY:
            return ANY
        if param.enum is not None and type_ != INT:
            self.problems.add("SF206", param.enum.place, f"an enum needs an integer type, '{param.id}' is {type_}")
            return ANY
        return type_ if enum is None else Type("enum", enum)

    def pure(self, ref: sc.TypeRef, name: ex.TypeName, spec: sc.ClassSpec) -> Type | None:
        """The type of values that a name in `params` or in `.as<>` stands for."""
        if name.called or name.arrays > 1:
            self.problems.add(
                "SF302", ref.at(name.at), f"expected a type without arguments, or a list of it: '{ref.text}'"
            )
            return None
        if len(name.path) == 1:
            text = name.path[0]
            if text in PURE_NUMBERS:
                return FLOAT if text.startswith("f") else INT
            bits = _BITS.match(text)
            if bits and (bit_width(text) is not None or self.scope.find_type(name.path, spec) is None):
                return BOOL if bits.group(1) == "1" else INT
            if text in _PURE:
                return _PURE[text]
        target = self.target(ref, name, spec)
        if target is None:
            return None
        return Type("opaque", target) if isinstance(target, str) else Type("user", target)

    def target(self, ref: sc.TypeRef, name: ex.TypeName, spec: sc.ClassSpec) -> sc.ClassSpec | str | None:
        type_ = self.scope.find_type(name.path, spec)
        if type_ is not None:
            self.names.used.add(type_)
            return type_
        if self.scope.lost(name.path):
            return None
        if len(name.path) == 1 and _MODULE.match(name.path[0]) and not keyword.iskeyword(name.path[0]):
            if spec.top.meta.opaque_types and not self.opaque and name.path[0] not in self.scope.allowed:
                # The spec's author says so, the user has not: the code may be made, but not run here.
                text = f"opaque type '{name.path[0]}' is code of a module of this name, which the parser imports"
                self.problems.add("SF315", ref.at(name.at), f"{text}; --opaque-types or --allow-import allow it")
            if self.opaque or spec.top.meta.opaque_types:
                return name.path[0]
        written = "::".join(name.path)
        known = self.scope.type_names(spec, name.path)
        self.problems.add("SF204", ref.at(name.at), f"unknown type '{written}'", (written, known))
        return None

    def enum(self, ref: sc.TypeRef, spec: sc.ClassSpec) -> sc.Enum | None:
        plain = not ref.name.called and not ref.name.arrays
        enum = self.scope.find_enum(ref.name.path, spec) if plain else None
        if enum is None:
            if self.scope.lost(ref.name.path):
                return None
            written = "::".join(ref.name.path) if plain else ref.text
            self.problems.add("SF205", ref.place, f"unknown enum '{written}'", (written, self.scope.enum_names(spec)))
        else:
            self.names.used.add(enum)
        return enum

    def check_enum(self, attr: sc.Attr, wire: Wire) -> None:
        if attr.enum is None:
            return
        for inner in wires_of(wire):
            if not isinstance(inner, Bits) and not (isinstance(inner, Number) and inner.kind != "f"):
                self.problems.add(
                    "SF206", attr.enum.place, f"an enum needs an integer type, '{attr.id}' is {_describe(inner)}"
                )
                return

    # ------------------------------------------------------------ wires

    def wire(self, attr: sc.Attr, spec: sc.ClassSpec) -> Wire | None:
        if isinstance(attr.type, sc.Switch):
            return self.switched(attr, attr.type, spec)
        if attr.type is None:
            if "type" in attr.key_places:
                return None  # reported where it was read
            shape = self.shape(attr, None, spec)
            if not shape.bounded:
                if not attr.doubtful and not {"size", "terminator", "contents", "size-eos"} & attr.key_places.keys():
                    self.problems.add(
                        "SF401",
                        attr.place,
                        f"'{attr.id}' has no type, so it needs `size`, `size-eos`, `terminator` or `contents`",
                    )
                return None
            return Bytes(shape)
        return self.single(attr, attr.type, spec)

    def single(self, attr: sc.Attr, ref: sc.TypeRef, spec: sc.ClassSpec) -> Wire | None:
        name = ref.name
        text = name.path[0] if len(name.path) == 1 else ""
        if name.arrays:
            self.problems.add("SF302", ref.place, f"'{ref.text}' is a list; use `repeat`")
            return None
        number, bits = _NUMBER.match(text), _BITS.match(text)
        if number is None and bit_width(text) is None and self.scope.find_type(name.path, spec) is not None:
            bits = None  # `b65` is no bit field where the spec has a type of this name
        elif number is None and bits is None and _NUMBER_LIKE.match(text):
            self.problems.add("SF204", ref.place, f"unknown type '{text}'", (text, self.scope.type_names(spec)))
            return None
        if name.called and (number or bits or text in ("str", "strz")):
            self.problems.add("SF302", ref.place, f"'{text}' takes no arguments")
            return None
        if number:
            return self.number(ref, number, spec)
        if bits:
            width = bit_width(text)
            if width is None:
                self.problems.add("SF402", ref.place, f"a bit field has 1 to 64 bits, got {bits.group(1):.20}")
                return None
            return Bits(width, bits.group(2) or self.bit_order(spec), width == 1 and attr.enum is None)
        if text in ("str", "strz"):
            return self.text(attr, text == "strz", ref, spec)
        target = self.target(ref, name, spec)
        if target is None:
            return None
        arguments = tuple(sc.Code(ref.scalar, argument) for argument in name.arguments)
        shape = self.shape(attr, None, spec)
        if shape.process is not None and not shape.bounded:
            text = f"'{attr.id}' has a `process` before its type, so it needs `size`, `size-eos` or `terminator`"
            self.problems.add("SF401", attr.place if ref is attr.type else ref.place, text)
            return None
        return User(target, arguments, shape if shape.bounded or shape.process else None)

    def number(self, ref: sc.TypeRef, match: re.Match[str], spec: sc.ClassSpec) -> Wire | None:
        kind, size, order = match.group(1), int(match.group(2)), match.group(3) or ""
        if size > 1 and not order:
            order_of_spec = byte_order(spec)
            if order_of_spec is None and spec.doubtful:
                return None
            if order_of_spec is None:
                self.problems.add(
                    "SF403",
                    ref.place,
                    f"'{ref.text}' needs a byte order: write `{ref.text}le`, `{ref.text}be` or `meta/endian`",
                )
                return None
            order = order_of_spec
        return Number(kind, size, order if size > 1 else "")

    def bit_order(self, spec: sc.ClassSpec) -> str:
        at: sc.ClassSpec | None = spec
        while at is not None:
            if at.meta.bit_endian is not None:
                return at.meta.bit_endian
            at = at.up
        return "be"

    def text(self, attr: sc.Attr, zero: bool, ref: sc.TypeRef, spec: sc.ClassSpec) -> Wire | None:
        encoding = attr.encoding
        if encoding is None:
            at: sc.ClassSpec | None = spec
            while at is not None and encoding is None:
                encoding = at.meta.encoding
                at = at.up
        else:
            encoding = self.encoding(encoding, attr.key("encoding"))
        if encoding is None and (attr.doubtful or spec.doubtful):
            return None
        if encoding is None:
            self.problems.add(
                "SF404",
                replace(ref.place, path=attr.place.path) if ref is attr.type else ref.place,
                f"'{attr.id}' is a string, so it needs an `encoding`, here or in `meta`",
            )
            return None
        encoding = encodings.canonical(encoding) or encoding
        term = encodings.terminator(encoding) if zero else None
        shape = self.shape(attr, term, spec)
        if not shape.bounded:
            if not attr.doubtful and not {"size", "terminator", "size-eos"} & attr.key_places.keys():
                self.problems.add(
                    "SF401", attr.place, f"'{attr.id}' is a string, so it needs `size`, `size-eos` or `terminator`"
                )
            return None
        return Text(shape, encoding)

    def encoding(self, written: str, place: Place) -> str:
        known = encodings.canonical(written)
        if known is None:
            self.problems.add("SF601", place, f"unknown encoding '{written}'", (written, encodings.NAMES))
        elif known != written:
            self.problems.add(
                "SF602", place, f"use the canonical name `{known}` of the encoding instead of `{written}`"
            )
        return written

    def shape(self, attr: sc.Attr, term: bytes | None, spec: sc.ClassSpec) -> Shape:
        return Shape(
            attr.contents, attr.size, attr.size_eos, attr.terminator if attr.terminator is not None else term,
            attr.include, attr.consume, attr.eos_error, attr.pad_right, attr.process, attr.anywhere,
        )  # fmt: skip

    def switched(self, attr: sc.Attr, switch: sc.Switch, spec: sc.ClassSpec) -> Wire | None:
        cases: list[tuple[sc.Code | None, Wire]] = []
        failed = False
        for case in switch.cases:
            wire = self.single(attr, case.type, spec)
            if wire is None:
                failed = True
                continue
            cases.append((case.on, wire))
        if failed:
            return None
        raw = self.shape(attr, None, spec)
        if raw.bounded and all(on is not None for on, _ in cases):
            cases.append((None, Bytes(raw)))
        return Switched(switch.on, tuple(cases))

    # ------------------------------------------------------------ parents

    def parents(self, attr: sc.Attr, wire: Wire, spec: sc.ClassSpec) -> None:
        """Note whose objects this field reads; a field, or a case, that constants rule out makes none.  (A type that
        nothing uses does count: its class is generated, and may be read by whoever likes.)
        """
        count = integer(attr.repeat.code) if attr.repeat is not None and attr.repeat.kind == "expr" else None
        never = constant(attr.condition.expr if attr.condition else None) is False or (count is not None and count < 1)
        possible = [] if never else _possible(wire)
        for inner in wires_of(wire):
            if isinstance(inner, User) and isinstance(inner.target, sc.ClassSpec):
                table = self.names.parents if inner in possible else self.names.unlikely_parents
                table.setdefault(inner.target, []).append((None if attr.no_parent else attr.parent or spec, spec))


def _possible(wire: Wire) -> list[Wire]:
    """The wires of a switch that its value can lead to; all of them where the bytes decide."""
    if not isinstance(wire, Switched):
        return [wire]
    on = constant(wire.on.expr)
    if on is None:
        return [inner for _, inner in wire.cases]
    values = [(None if case is None else constant(case.expr), case is None, inner) for case, inner in wire.cases]
    same = [inner for value, otherwise, inner in values if not otherwise and (value is None or value == on)]
    return same or [inner for _, otherwise, inner in values if otherwise]


def bit_width(type_name: str) -> int | None:
    """The width of a bit type of 1 to 64 bits."""
    bits = _BITS.match(type_name)
    width = int(bits.group(1)) if bits and len(bits.group(1)) < 3 else 0
    return width if 1 <= width <= 64 else None


def byte_order(spec: sc.ClassSpec) -> str | None:
    """`le`, `be`, `calc` or None: the byte order in force in a class."""
    at: sc.ClassSpec | None = spec
    while at is not None:
        if at.meta.endian is not None:
            return at.meta.endian if isinstance(at.meta.endian, str) else "calc"
        at = at.up
    return None


def _describe(wire: Wire) -> str:
    if isinstance(wire, User):
        return f"of type '{wire.target if isinstance(wire.target, str) else wire.target.id}'"
    return {"Number": "a float", "Bytes": "bytes", "Text": "a string"}.get(type(wire).__name__, "of another type")
