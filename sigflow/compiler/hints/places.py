"""Where in a frame a hint points: a field, a field of a field (`footer.crc`), or the bytes that spell a value."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.hints.model import Hints, Path, Stored
from sigflow.compiler.hints.reader import Reader
from sigflow.compiler.layout import constant, integer
from sigflow.compiler.model import Bits, Bytes, Number, Text, User
from sigflow.compiler.resolve import byte_order
from sigflow.compiler.source import Node, Scalar
from sigflow.diagnostics import Place
from sigflow.runtime.stored import BASES

#: Value instances and operators inside each other that are followed: a value of so few bytes needs no more.
_DEEPEST = 40
#: Bytes of a value that stands in several fields.
MOST = 8


@dataclass(frozen=True, slots=True)
class _Byte:
    """A byte of a field, and how far it is shifted to the left in a value."""

    path: Path
    index: int
    shift: int


class _No(Exception):
    """Why a value is not the number that adjacent bytes of the frame spell."""


def from_outside(expr: ex.Expr, path: Path) -> ex.Expr:
    """An expression of a class, as one of the frame in which an object of the class stands at this path."""
    at = expr.at
    if isinstance(expr, ex.Name):
        if expr.id in ("_root", "_"):
            return expr
        if expr.id == "_parent" and path[-1].parent is None and not path[-1].no_parent:
            return _named(path[:-1], at)
        return ex.Attribute(at, _named(path, at), expr.id, at)
    own_parent = isinstance(expr, ex.Attribute) and isinstance(expr.value, ex.Name) and expr.value.id == "_parent"
    if isinstance(expr, ex.Attribute) and own_parent and len(path) == 1 and path[0].parent is None:
        return ex.Name(at, expr.id)
    changed: dict[str, Any] = {}
    for name in expr.__dataclass_fields__:
        value = getattr(expr, name)
        if isinstance(value, ex.Expr):
            changed[name] = from_outside(value, path)
        elif isinstance(value, tuple) and any(isinstance(part, ex.Expr) for part in value):
            changed[name] = tuple(from_outside(part, path) if isinstance(part, ex.Expr) else part for part in value)
    return dataclasses.replace(expr, **changed)


def _named(path: Path, at: int) -> ex.Expr:
    """The expression of the frame that gives the object at a path."""
    if not path:
        return ex.Name(at, "_root")
    named: ex.Expr = ex.Name(at, path[0].id)
    for attr in path[1:]:
        named = ex.Attribute(at, named, attr.id, at)
    return named


class PlaceReader(Reader):
    """Reads where hints point to."""

    #: The bytes of the value instances met so far, while a value is taken apart.
    _worked: dict[sc.Attr, list[_Byte]]

    def path(self, text: str, place: Place, hints: Hints) -> Path | None:
        """The fields that a path of ids leads along, from the unit's own to the one that is meant."""
        spec = hints.unit
        path: Path = ()
        framing = hints.framing
        if framing is not None and framing.trailer is not None and text.startswith("trailer."):
            id = text.partition(".")[2].strip()
            behind = next((attr for attr in framing.trailer.seq if attr.id == id), None)
            if behind is None:
                self.no_field(id, framing.trailer, place)
            return (behind,) if behind is not None else None
        for number, id in enumerate(part.strip() for part in text.split(".")):
            attr = next((member for member in spec.seq if member.id == id), None)
            if attr is None:
                self.no_field(id, spec, place)
                return None
            path = (*path, attr)
            if number == 0:
                hints.mentioned.add(id)
            if number + 1 == len(text.split(".")):
                return path
            inner = self._inner(attr, place)
            if inner is None:
                return None
            spec = inner
        return None

    def _inner(self, attr: sc.Attr, place: Place) -> sc.ClassSpec | None:
        """The class of a field whose fields stand in the frame as they are."""
        wire = self.names.wires.get(attr)
        why = ""
        if wire is None:
            return None  # reported where the field stands
        if not isinstance(wire, User) or not isinstance(wire.target, sc.ClassSpec):
            why = "has no fields that are known beforehand"
        elif attr.repeat is not None:
            why = "is a list"
        elif wire.shape is not None and wire.shape.process is not None:
            why = "is processed: its fields do not stand in the frame as they are"
        elif wire.target.top is not self.file.top:
            why = "is of a type of another spec"
        elif wire.target.meta.debug or wire.target.top.meta.debug:
            why = "is read for debugging"
        else:
            return wire.target
        self.problems.add("SF502", place, f"a path cannot lead into '{attr.id}', which {why}")
        return None

    # ------------------------------------------------------------ a value

    def value(self, node: Node | None, order: str | None, hints: Hints) -> Stored | None:
        """The bytes that hold a value: those of a field, or those that a value instance is put together of."""
        if not isinstance(node, Scalar):
            if node is not None:
                self.bad(node, f"expected a field, got {node.describe()}")
            return None
        instance = hints.unit.instances.get(node.text)
        if instance is None:
            path = self.path(node.text, node.place, hints)
            return self.whole(path, order, node) if path is not None else None
        if instance.value is None:
            if "value" in instance.key_places:
                return None  # reported where it stands
            self.bad(node, f"'{instance.id}' is read at a place of its own; name a field of the frame", "SF504")
            return None
        self._worked = {}
        try:
            return self._spelt(instance.value.expr, hints.unit, (), 0)
        except _No as why:
            text = f"the instance '{instance.id}' is no number that adjacent fields spell: {why}"
            self.bad(node, f"{text}; `{{expr: {instance.id}}}` compares whatever value it has", "SF504")
            return None

    def whole(self, path: Path, order: str | None, node: Node) -> Stored | None:
        """A whole field as a number."""
        attr = path[-1]
        wire = self.names.wires.get(attr)
        if wire is None:
            return None  # reported where the field stands
        if attr.repeat is not None:
            self.bad(node, f"a checksum is one value, '{attr.id}' is a list", "SF504")
            return None
        if isinstance(wire, Bytes):
            size = integer(wire.shape.size)
            if size is None or not 1 <= size <= MOST or wire.shape.process or wire.shape.term or wire.shape.pad:
                text = f"as bytes, a checksum is a plain field of `size: 1` to `{MOST}`; '{attr.id}' is none"
                self.bad(node, text, "SF504")
                return None
            meta = "little" if byte_order(self._owner(path)) == "le" else "big"
            return Stored(path, 0, size, order or meta, (path,))
        try:
            part = self._part(path)
            if part is not None:
                return part
            total = self._bytes(path)
        except _No as why:
            self.bad(node, f"a checksum cannot stand in '{attr.id}': {why}", "SF504")
            return None
        return Stored(path, 0, len(total), "little" if len(total) > 1 and total[0].shift == 0 else "big", (path,))

    def _part(self, path: Path) -> Stored | None:
        """A bit field that is no whole bytes: the bytes that it lies in, under a mask; None for what is none."""
        attr = path[-1]
        wire = self.names.wires.get(attr)
        if not isinstance(wire, Bits):
            return None
        if wire.width % 8 == 0:
            return None
        skipped = self._passed(attr, self._owner(path), wire.order) % 8
        size = (skipped + wire.width + 7) // 8
        if size > MOST:
            raise _No(f"it lies in more than {MOST} bytes")
        little = wire.order == "le"
        shift = skipped if little else 8 * size - skipped - wire.width
        order = "little" if little else "big"
        return Stored(path, 0, size, order, (path,), shift, (1 << wire.width) - 1, skipped > 0)

    def _passed(self, attr: sc.Attr, spec: sc.ClassSpec, order: str) -> int:
        """The bits of a byte, and of whole bytes, that stand before a bit field."""
        passed = 0
        for member in reversed(spec.seq[: spec.seq.index(attr)]):
            wire = self.names.wires.get(member)
            if not isinstance(wire, Bits):
                break
            if wire.width % 8 == 0 and member.condition is None and member.repeat is None:
                continue
            if member.condition is not None or member.repeat is not None or wire.order != order:
                raise _No("it does not begin at a bit that is known beforehand")
            passed += wire.width
        return passed

    def _owner(self, path: Path) -> sc.ClassSpec:
        """The class in which the last field of a path is written."""
        return next(class_ for class_ in self.file.top.walk() if path[-1] in class_.seq)

    def _bytes(self, path: Path) -> list[_Byte]:
        """The bytes of an integer, in the order in which they stand."""
        attr = path[-1]
        wire = self.names.wires.get(attr)
        if isinstance(wire, Number) and wire.kind != "f":
            if wire.order == "calc":
                raise _No("the bytes decide its byte order")
            size, little = wire.size, wire.order == "le"
        elif isinstance(wire, Bits):
            if wire.width % 8:
                raise _No(f"it has {wire.width} bits, which are no whole bytes")
            if self._passed(attr, self._owner(path), wire.order) % 8:
                raise _No("it does not begin where a byte does")
            size, little = wire.width // 8, wire.order == "le"
        else:
            raise _No("it is neither an integer, nor `size: 1` to `8` bytes, nor text with `encoding: hex`")
        shifts = range(size) if little else reversed(range(size))
        return [_Byte(path, index, 8 * shift) for index, shift in enumerate(shifts)]

    # ------------------------------------------------------------ a value of several fields

    def _spelt(self, expr: ex.Expr, spec: sc.ClassSpec, before: Path, depth: int) -> Stored:
        """The bytes that a value is put together of, or those of which it is some bits."""
        try:
            return self._whole(expr, spec, before, depth)
        except _No:
            if depth > _DEEPEST:
                raise
            if isinstance(expr, ex.Name) and (inner := spec.instances.get(expr.id)) is not None and inner.value:
                return self._spelt(inner.value.expr, spec, before, depth + 1)
            value = constant(expr.right) if isinstance(expr, ex.Binary) and expr.op in ("&", ">>") else None
            if not isinstance(expr, ex.Binary) or isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise
            word = self._spelt(expr.left, spec, before, depth + 1)
            if word.order not in ("big", "little"):
                raise
            mask = (1 << 8 * word.size) - 1 if word.mask is None else word.mask
            if expr.op == "&":
                return replace(word, mask=mask & value)
            return replace(word, shift=word.shift + min(value, 64), mask=mask >> min(value, 64))

    def _whole(self, expr: ex.Expr, spec: sc.ClassSpec, before: Path, depth: int) -> Stored:
        part = self._part(path) if (path := self._field(expr, spec, before)) is not None else None
        if part is not None:
            return part
        if isinstance(expr, ex.Call | ex.Attribute) and expr.id == "to_i":
            path = self._field(expr.value, spec, before)
            wire = self.names.wires.get(path[-1]) if path else None
            if path is not None and isinstance(wire, Text):
                return self._digits(path, wire, constant(expr.arguments[0]) if isinstance(expr, ex.Call) else 10)
        terms = sorted(self._terms(expr, spec, before, depth), key=lambda term: (self._number(term.path), term.index))
        if not terms:
            raise _No("it speaks of no field")
        for left, right in pairwise(terms):
            if not self._adjacent(left, right):
                raise _No(f"'{left.path[-1].id}' and '{right.path[-1].id}' do not stand side by side")
        shifts = [term.shift for term in terms]
        if len(shifts) > MOST:
            raise _No(f"it has more than {MOST} bytes")
        if shifts not in (up := [8 * n for n in range(len(shifts))], up[::-1]):
            raise _No("its bytes are in no order, little-endian or big-endian")
        fields = tuple(dict.fromkeys(term.path for term in terms))
        return Stored(terms[0].path, terms[0].index, len(terms), "little" if shifts[-1] > 0 else "big", fields)

    @staticmethod
    def _digits(path: Path, wire: Text, base: object) -> Stored:
        """A text whose digits are the value."""
        shape = wire.shape
        size = integer(shape.size) if shape.term is None and shape.pad is None else None
        encoding = next((name for name, known in BASES.items() if known == base), None)
        if size is None or encoding is None or BASES[encoding] ** size > 1 << 64:
            raise _No("only text of a fixed size is a number by its digits, hexadecimal, decimal or octal")
        return Stored(path, 0, size, encoding, (path,))

    def _terms(self, expr: ex.Expr, spec: sc.ClassSpec, before: Path, depth: int) -> list[_Byte]:
        if depth > _DEEPEST:
            raise _No("it lies too deep in other instances and operators")
        depth += 1
        if isinstance(expr, ex.Name) and (inner := spec.instances.get(expr.id)) is not None and inner.value is not None:
            if inner not in self._worked:  # (many may ask for it)
                self._worked[inner] = self._terms(inner.value.expr, spec, before, depth)
            return self._worked[inner]
        if isinstance(expr, ex.Cast):
            return self._terms(expr.value, spec, before, depth)
        if isinstance(expr, ex.Subscript):
            return [self._element(expr, spec, before)]
        if isinstance(expr, ex.Binary):
            return self._combined(expr, spec, before, depth)
        path = self._field(expr, spec, before)
        if path is None:
            raise _No("only fields, shifts by whole bytes, `|`, `+` and `&` with a mask of whole bytes may stand in it")
        return self._bytes(path)

    def _combined(self, expr: ex.Binary, spec: sc.ClassSpec, before: Path, depth: int) -> list[_Byte]:
        if expr.op in ("|", "+", "^"):
            parts = [self._terms(term, spec, before, depth) for term in (expr.left, expr.right)]
            if {term.shift for term in parts[0]} & {term.shift for term in parts[1]}:
                raise _No("two of its bytes overlap")
            return [*parts[0], *parts[1]]
        sides = (expr.left, expr.right) if constant(expr.left) is None else (expr.right, expr.left)
        value = constant(sides[1])
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            terms = self._terms(sides[0], spec, before, depth)
            by = value if expr.op == "<<" and sides[0] is expr.left else -1
            if expr.op == "*" and value > 0 and value & (value - 1) == 0:
                by = value.bit_length() - 1
            if by >= 0 and by % 8 == 0 and by <= 8 * MOST:
                return [_Byte(term.path, term.index, term.shift + by) for term in terms]
            if expr.op == "&":
                kept = [term for term in terms if value >> term.shift & 0xFF]
                if all(value >> term.shift & 0xFF == 0xFF for term in kept):
                    return kept
        raise _No("only shifts by whole bytes, `|`, `+` and `&` with a mask of whole bytes may stand in it")

    def _element(self, expr: ex.Subscript, spec: sc.ClassSpec, before: Path) -> _Byte:
        """A byte of a field of bytes, or of a list of them."""
        path, index = self._field(expr.value, spec, before), constant(expr.index)
        wire = self.names.wires.get(path[-1]) if path else None
        size = integer(wire.shape.size) if isinstance(wire, Bytes) else None
        if path is not None and path[-1].repeat is not None:
            one_byte = isinstance(wire, Number) and wire.size == 1 and path[-1].repeat.kind == "expr"
            size = integer(path[-1].repeat.code) if one_byte else None
        if path is None or size is None or not isinstance(index, int) or not 0 <= index < size:
            raise _No("only a byte at a fixed place of a field of a fixed size may stand in it")
        return _Byte(path, index, 0)

    def _field(self, expr: ex.Expr, spec: sc.ClassSpec, before: Path) -> Path | None:
        """The path of the field that an expression names."""
        if isinstance(expr, ex.Attribute) and expr.id == "to_i" and expr.value in self.types.members:
            return self._field(expr.value, spec, before)
        names = ex.path(expr)
        if names is None:
            return None
        path, at = before, spec
        for number, id in enumerate(names, 1):
            attr = next((member for member in at.seq if member.id == id), None)
            if attr is None:
                return None
            path = (*path, attr)
            wire = self.names.wires.get(attr)
            if number < len(names):
                plain = isinstance(wire, User) and (wire.shape is None or wire.shape.process is None)
                if not plain or attr.repeat is not None or not isinstance(wire.target, sc.ClassSpec):  # type: ignore[union-attr]
                    return None
                if wire.target.top is not self.file.top or wire.target.top.meta.debug:  # type: ignore[union-attr]
                    return None
                at = wire.target  # type: ignore[union-attr]
        return path

    def _number(self, path: Path) -> tuple[int, ...]:
        """The place of a field among its siblings, at each step of a path."""
        return tuple(self._owner(path[: number + 1]).seq.index(attr) for number, attr in enumerate(path))

    def _adjacent(self, left: _Byte, right: _Byte) -> bool:
        """Whether a byte stands right behind another."""
        if left.path == right.path:
            return right.index == left.index + 1
        attr = left.path[-1]
        # (A field that may be absent is there where the value is: its condition is one of the checksum.)
        layout = self.types.layout
        bits = layout.wire_bits(self.names.wires[attr]) if attr.repeat is None else layout.attr_bits(attr)
        last = bits is not None and left.index == bits // 8 - 1
        *before, mine = self._number(left.path)
        *others, its = self._number(right.path)
        return last and right.index == 0 and before == others and its == mine + 1 and left.path[:-1] == right.path[:-1]
