"""What a frame's fields say before a byte is read: its leading literals, its extent, how much evidence a header is."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.layout import constant, integer
from sigflow.compiler.model import Bits, Bytes, Names, Number, Shape, Text, User
from sigflow.compiler.types import Types

#: Types inside each other in which literals and evidence are looked for.
_DEEPEST = 40
#: The longest literal that is looked for, in bytes, and the most evidence that is told apart, in bits.
_LONGEST = 1024
_MOST_BITS = float(1 << 20)


def fixed_literals(attr: sc.Attr, names: Names) -> list[bytes]:
    """The byte strings that a field can be, where `contents` or `valid` leaves only a few."""
    if attr.condition is not None or attr.repeat is not None:
        return []
    if attr.contents is not None:
        return [attr.contents]
    if attr.valid is None or attr.valid.kind not in ("eq", "any-of"):
        return []
    wire = names.wires.get(attr)
    literals: list[bytes] = []
    for code in attr.valid.codes:
        literal = _literal(code.expr if code is not None else None, wire)
        if literal is None:
            return []
        literals.append(literal)
    return literals


def _literal(expr: ex.Expr | None, wire: object) -> bytes | None:
    value = constant(expr)
    if isinstance(wire, Number) and wire.kind != "f" and isinstance(value, int) and wire.order != "calc":
        try:
            return value.to_bytes(wire.size, "little" if wire.order == "le" else "big", signed=wire.kind == "s")
        except OverflowError:
            return None
    if isinstance(wire, Text) and isinstance(value, str):
        literal = value.encode("ascii", "replace")
        return literal if integer(wire.shape.size) == len(literal) and value.isascii() else None
    if isinstance(wire, Bytes) and isinstance(expr, ex.ListOf):
        items = [item.value for item in expr.items if isinstance(item, ex.Int) and 0 <= item.value <= 255]
        literal = bytes(items)
        return literal if len(items) == len(expr.items) and integer(wire.shape.size) == len(items) else None
    return None


def leading(unit: sc.ClassSpec, names: Names) -> list[bytes]:
    """The literals that a frame can begin with: the longest run of leading fields that are fixed, also inside the types
    of leading fields.
    """
    heads, _ = _leading(unit, names, {}, 0)
    return [head for head in heads if head]


#: By class: the literals that its fields begin with, and whether that is all of them; None while it is being found.
_Leading = dict[sc.ClassSpec, tuple[list[bytes], bool] | None]


def _leading(spec: sc.ClassSpec, names: Names, known: _Leading, depth: int) -> tuple[list[bytes], bool]:
    """What the fields of a class can begin with, and whether that is all of them."""
    nothing: tuple[list[bytes], bool] = ([b""], False)
    if spec in known or depth >= _DEEPEST:
        return known.get(spec) or nothing
    known[spec] = None
    heads, whole = [b""], True
    for attr in spec.seq:
        literals = fixed_literals(attr, names)
        inner = None if literals else _held(attr, names)
        if inner is not None:
            literals, whole = _leading(inner, names, known, depth + 1)
            shape = getattr(names.wires[attr], "shape", None)
            # (Behind what a type of its own extent reads there may be more.)
            whole = whole and (shape is None or integer(shape.size) == len(literals[0]))
        if not literals or len(heads) * len(literals) > 16 or len(heads[0]) + len(literals[0]) > _LONGEST:
            whole = False
            break
        heads = [head + literal for head in heads for literal in literals]
        if not whole:
            break
    known[spec] = heads, whole
    return heads, whole


def _held(attr: sc.Attr, names: Names) -> sc.ClassSpec | None:
    """The class of a field that is always there, once, and as it stands on the wire."""
    wire = names.wires.get(attr)
    if not isinstance(wire, User) or not isinstance(wire.target, sc.ClassSpec):
        return None
    plain = wire.shape is None or (wire.shape.process is None and (wire.shape.size is not None or wire.shape.eos))
    return wire.target if plain and attr.condition is None and attr.repeat is None else None


def _wires(unit: sc.ClassSpec, names: Names) -> Iterator[tuple[sc.Attr, object]]:
    for attr in unit.seq:
        yield attr, names.wires.get(attr)


def extent(unit: sc.ClassSpec, names: Names, types: Types) -> tuple[int, int | None]:
    """The smallest and, where the spec bounds it, the largest frame, in bytes."""
    smallest, largest = 0, 0
    bounded = True
    for attr, wire in _wires(unit, names):
        bits = types.layout.attr_bits(attr)
        if bits is not None:
            smallest += bits
            largest += bits
            continue
        most = None
        if attr.repeat is None and isinstance(wire, Bytes | Text | User) and attr.condition is None:
            most = _largest(getattr(wire, "shape", None), unit, names)
        if most is None:
            bounded = False
        else:
            largest += 8 * most
    return (smallest + 7) // 8, (largest + 7) // 8 if bounded else None


def _largest(shape: Shape | None, unit: sc.ClassSpec, names: Names) -> int | None:
    """The most bytes that a size read from the wire can ask for: a field, or a field and a constant."""
    expr = shape.size.expr if shape is not None and shape.size is not None else None
    extra = 0
    if isinstance(expr, ex.Binary) and expr.op in "+-":
        value = constant(expr.right)
        if not isinstance(value, int):
            return None
        extra = value if expr.op == "+" else -value
        expr = expr.left
    if not isinstance(expr, ex.Name):
        return None
    member = unit.member(expr.id)
    wire = names.wires.get(member) if isinstance(member, sc.Attr) else None
    if isinstance(wire, Number) and wire.kind == "u":
        most = (1 << 8 * wire.size) - 1
    elif isinstance(wire, Bits):
        most = (1 << wire.width) - 1
    else:
        return None
    valid = member.valid if isinstance(member, sc.Attr) else None
    if valid is not None and valid.kind == "range" and (bound := integer(valid.codes[1])) is not None:
        most = min(most, bound)
    return max(most + extra, 0)


def evidence(unit: sc.ClassSpec, max_frame: int, names: Names) -> float:
    """-log2 of the chance that random bytes are a valid header."""
    return _evidence(unit, names, {}, 0) + _length_evidence(unit, max_frame, names)


def _evidence(spec: sc.ClassSpec, names: Names, known: dict[sc.ClassSpec, float], depth: int) -> float:
    """The same of the fixed and checked fields of a class, and of types without a size in it, which are measured."""
    if spec in known or depth >= _DEEPEST:
        return known.get(spec, 0.0)
    known[spec] = 0.0  # (while it is being found: a type that holds itself)
    bits = 0.0
    for attr, wire in _wires(spec, names):
        inner = _held(attr, names)
        if inner is not None and isinstance(wire, User) and wire.shape is None:
            bits += _evidence(inner, names, known, depth + 1)
            continue
        literals = fixed_literals(attr, names)
        if literals and all(len(other) == len(literals[0]) for other in literals):
            bits += 8 * len(literals[0]) - math.log2(len(literals))
        elif attr.valid is not None:
            bits += _share(attr.valid, wire)
    known[spec] = bits = min(bits, _MOST_BITS)
    return bits


def _share(valid: sc.Valid, wire: object) -> float:
    size = (
        8 * wire.size if isinstance(wire, Number) and wire.kind != "f" else wire.width if isinstance(wire, Bits) else 0
    )
    if not size:
        return 0.0
    if valid.kind in ("eq", "any-of"):
        return size - math.log2(max(len(valid.codes), 1))
    if valid.kind == "range":
        low, high = (integer(code) for code in valid.codes)
        count = ((1 << size) - 1 if high is None else high) - (low or 0) + 1
        return max(size - math.log2(count), 0.0) if count > 0 else 0.0
    return 0.0


def _length_evidence(unit: sc.ClassSpec, max_frame: int, names: Names) -> float:
    """A length field that could ask for more than max-frame is evidence where it does not."""
    for attr, wire in _wires(unit, names):
        shape = getattr(wire, "shape", None)
        if attr.repeat is None and isinstance(wire, Bytes | Text | User):
            most = _largest(shape, unit, names)
            if most is not None and most > max_frame:
                return math.log2(most / max_frame)
    return 0.0
