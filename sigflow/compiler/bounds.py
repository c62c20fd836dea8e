"""Between which integers the value of an expression lies, whatever the bytes say; None where that is not bounded.

An interval per node, from the widths of the fields that it names.  It is an over-estimate: it knows no relation between
two fields.
"""

from __future__ import annotations

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.layout import constant
from sigflow.compiler.model import Bits, Number
from sigflow.compiler.types import Types

Interval = tuple[int, int]

#: What is counted or measured in a stream is less than this.
LARGEST_SIZE = 1 << 48
#: Beyond this no interval is followed: it would only grow.
_LARGEST = 1 << 128
#: Members and operators inside each other that are followed.
_DEEPEST = 40


def bounds(expr: ex.Expr, types: Types, depth: int = 0) -> Interval | None:
    """The interval of an integer expression."""
    value = constant(expr)
    if isinstance(value, int):
        return (int(value), int(value))
    if depth > _DEEPEST:
        return None
    interval = _bounds(expr, types, depth + 1)
    return interval if interval is not None and interval[0] > -_LARGEST and interval[1] < _LARGEST else None


def wire_bounds(wire: Number | Bits) -> Interval:
    """Of what can be read of the wire."""
    if isinstance(wire, Bits):
        return (0, (1 << wire.width) - 1)
    bits = 8 * wire.size
    return (0, (1 << bits) - 1) if wire.kind == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)


def _bounds(expr: ex.Expr, types: Types, depth: int) -> Interval | None:
    if isinstance(expr, ex.Choice):
        return _joined(bounds(expr.yes, types, depth), bounds(expr.no, types, depth))
    if isinstance(expr, ex.Unary):
        inner = bounds(expr.value, types, depth)
        shift = 1 if expr.op == "~" else 0
        return None if inner is None or expr.op == "not" else (-inner[1] - shift, -inner[0] - shift)
    if isinstance(expr, ex.Binary):
        return _arithmetic(expr.op, bounds(expr.left, types, depth), bounds(expr.right, types, depth))
    if isinstance(expr, ex.Subscript):
        numbers = _entries(expr, types, depth)
        return (min(numbers), max(numbers)) if numbers else None
    if isinstance(expr, ex.Attribute | ex.Call) and expr not in types.members:
        return _method(expr, types, depth)
    member = types.members.get(expr)
    return _member(member, types, depth) if isinstance(member, sc.Attr) else None


def _entries(expr: ex.Expr, types: Types, depth: int) -> list[int]:
    """The numbers in a table of constants, or in the one that is looked up; [] where some are none."""
    member = types.members.get(expr)
    if isinstance(member, sc.Attr) and member.value is not None and depth <= _DEEPEST:
        return _entries(member.value.expr, types, depth + 1)
    if isinstance(expr, ex.Subscript):
        return _entries(expr.value, types, depth + 1) if depth <= _DEEPEST else []
    if not isinstance(expr, ex.ListOf):
        return []
    rows = [
        _entries(item, types, depth + 1) if isinstance(item, ex.ListOf) else [constant(item)] for item in expr.items
    ]
    numbers = [number for row in rows for number in row]
    known = [number for number in numbers if isinstance(number, int) and not isinstance(number, bool)]
    return known if len(known) == len(numbers) and all(rows) else []


def _member(attr: sc.Attr, types: Types, depth: int) -> Interval | None:
    if attr.value is not None:
        return bounds(attr.value.expr, types, depth)
    wire = types.names.wires.get(attr)
    plain = attr.repeat is None and isinstance(wire, Number | Bits) and getattr(wire, "kind", "u") != "f"
    return wire_bounds(wire) if plain and isinstance(wire, Number | Bits) else None


def _method(expr: ex.Attribute | ex.Call, types: Types, depth: int) -> Interval | None:
    kind = types.nodes[expr.value].kind if expr.value in types.nodes else ""
    if expr.id in ("length", "size", "pos", "_sizeof"):
        return (0, LARGEST_SIZE)
    if expr.id == "index_of":
        return (-1, LARGEST_SIZE)
    if kind == "bytes" and expr.id in ("first", "last", "min", "max"):
        return (0, 255)
    if kind == "bool":
        return (0, 1)
    return bounds(expr.value, types, depth) if kind == "enum" else None


def _joined(first: Interval | None, other: Interval | None) -> Interval | None:
    return None if first is None or other is None else (min(first[0], other[0]), max(first[1], other[1]))


def _arithmetic(op: str, left: Interval | None, right: Interval | None) -> Interval | None:
    if op == "&" and not (left is not None and right is not None):
        # What is not negative bounds the result by itself.
        known = left if left is not None else right
        return (0, known[1]) if known is not None and known[0] >= 0 else None
    if left is None or right is None:
        return (0, right[1] - 1) if op == "%" and right is not None and right[0] > 0 else None
    if op == "+":
        return (left[0] + right[0], left[1] + right[1])
    if op == "-":
        return (left[0] - right[1], left[1] - right[0])
    if op == "*":
        corners = [corner * other for corner in left for other in right]
        return (min(corners), max(corners))
    if op == "/":
        if right[0] <= 0:
            return None
        corners = [corner // other for corner in left for other in right]
        return (min(corners), max(corners))
    if op == "%":
        return (0, right[1] - 1) if right[0] > 0 else None
    if op == ">>":
        return (min(left[0], 0), max(left[1], 0)) if right[0] >= 0 else None
    if op == "<<":
        if right[0] < 0 or right[1] > _LARGEST.bit_length():
            return None
        return (min(left[0] << right[1], left[0]), max(left[1] << right[1], left[1]))
    if left[0] < 0 or right[0] < 0:
        # In two's complement: as many bits as the wider of the two.
        bits = max(abs(end).bit_length() for end in (*left, *right))
        return (-(1 << bits), (1 << bits) - 1)
    if op == "&":
        return (0, min(left[1], right[1]))
    return (0, (1 << max(left[1].bit_length(), right[1].bit_length())) - 1)
