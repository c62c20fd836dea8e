"""Whether a `valid` can hold for any value that its field can have; where it cannot, no input will ever be accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sigflow.compiler import encodings
from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.kinds import is_bytes
from sigflow.compiler.layout import constant, integer
from sigflow.compiler.model import Bits, Bytes, Number, Text, Wire
from sigflow.compiler.types import Types
from sigflow.diagnostics import Place


def impossible(attr: sc.Attr, valid: sc.Valid, wire: Wire | None, types: Types) -> Iterator[tuple[Place, str]]:
    """The place of each value or bound that the field can never have, and why."""
    if valid.kind == "any-of" and not valid.codes:
        yield valid.place, f"the list is empty: no value of '{attr.id}' is accepted"
    yield from _KINDS[valid.kind](attr, valid, wire, types)


def bounds(wire: Wire | None) -> tuple[int, int] | None:
    """The smallest and the largest integer of a wire; None where it is no integer."""
    if isinstance(wire, Number) and wire.kind in "us":
        bits = 8 * wire.size
        return (0, (1 << bits) - 1) if wire.kind == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)
    if isinstance(wire, Bits) and not wire.boolean:
        return 0, (1 << wire.width) - 1
    return None


def _values(attr: sc.Attr, valid: sc.Valid, wire: Wire | None, types: Types) -> Iterator[tuple[Place, str]]:
    for code in valid.codes:
        why = _never(attr, code.expr, wire, types) if code is not None else ""
        if code is not None and why:
            yield code.at(code.expr.at), why


def _never(attr: sc.Attr, expr: ex.Expr, wire: Wire | None, types: Types) -> str:
    limits = bounds(wire)
    value = _number(expr, types)
    if limits is not None and value is not None and not limits[0] <= value <= limits[1]:
        return f"'{attr.id}' is {limits[0]} to {limits[1]}, never {value}"
    shape = wire.shape if isinstance(wire, Bytes | Text) else None
    if shape is None or shape.eos or shape.pad is not None or shape.term is not None or shape.process is not None:
        return ""
    size, length = integer(shape.size), _length(expr, wire)
    if size is not None and length is not None and size != length:
        return f"'{attr.id}' has {size} bytes, never {length}"
    return ""


def _number(expr: ex.Expr, types: Types) -> int | None:
    if isinstance(expr, ex.EnumLabel):
        enum = types.enums.get(expr)
        entry = enum.entry(expr.label) if enum is not None else None
        return entry.value if entry is not None else None
    value = constant(expr)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _length(expr: ex.Expr, wire: Wire | None) -> int | None:
    if isinstance(wire, Bytes) and isinstance(expr, ex.ListOf) and is_bytes(expr):
        return len(expr.items)
    if isinstance(wire, Text) and isinstance(expr, ex.Str):
        try:
            return len(expr.value.encode(encodings.python_name(wire.encoding)))
        except (LookupError, UnicodeEncodeError):
            return None
    return None


def _range(attr: sc.Attr, valid: sc.Valid, wire: Wire | None, types: Types) -> Iterator[tuple[Place, str]]:
    low, high = (_number(code.expr, types) if code is not None else None for code in valid.codes)
    limits = bounds(wire)
    if low is not None and high is not None and low > high:
        yield valid.place, f"no value of '{attr.id}' is at least {low} and at most {high}"
    elif limits is not None and low is not None and low > limits[1]:
        yield _place(valid.codes[0]), f"'{attr.id}' is {limits[0]} to {limits[1]}, never {low} or more"
    elif limits is not None and high is not None and high < limits[0]:
        yield _place(valid.codes[1]), f"'{attr.id}' is {limits[0]} to {limits[1]}, never {high} or less"


def _place(code: sc.Code | None) -> Place:
    assert code is not None
    return code.at(code.expr.at)


def _enum(attr: sc.Attr, valid: sc.Valid, wire: Wire | None, types: Types) -> Iterator[tuple[Place, str]]:
    limits, enum = bounds(wire), types.names.enums.get(attr)
    if limits and enum and not any(limits[0] <= entry.value <= limits[1] for entry in enum.entries):
        yield valid.place, f"'{attr.id}' is {limits[0]} to {limits[1]}, no value of enum '{enum.id}'"


def _expr(attr: sc.Attr, valid: sc.Valid, _wire: Wire | None, _types: Types) -> Iterator[tuple[Place, str]]:
    if constant(valid.codes[0].expr if valid.codes[0] is not None else None) is False:
        yield _place(valid.codes[0]), f"the check of '{attr.id}' is false for every value"


_KINDS: dict[str, Callable[[sc.Attr, sc.Valid, Wire | None, Types], Iterator[tuple[Place, str]]]] = {
    "eq": _values,
    "any-of": _values,
    "range": _range,
    "in-enum": _enum,
    "expr": _expr,
}
