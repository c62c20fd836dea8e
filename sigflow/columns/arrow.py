"""Arrow: the library, imported when a table is asked for, and the types and schemas of column trees.

Integers have the smallest type that holds all their values, by the width of their field; those of an expression whose
range is not known are decimals of 38 digits.  Enums are dictionaries of text: the names in the order of their values,
and for a value without a name its digits.  Every column but those of the envelope may be null.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sigflow.columns.tree import Flat, Leaf, Listed, Member, Node, OneOf, Struct, interval
from sigflow.errors import UsageError
from sigflow.runtime.column import Bits, Bytes, Computed, Named, Number, Text, Unknown

if TYPE_CHECKING:
    import pyarrow

#: Digits of the decimals that hold integers of unknown range.
DIGITS = 38
#: What the schema calls the versions of the rules that may calibrate a column.
CALIBRATION = "calibration"
_FLOATS = {4: "float32", 8: "float64"}


def arrow() -> Any:
    """The library; `UsageError` saying how to install it where it is absent."""
    try:
        import pyarrow
    except ImportError as error:
        raise UsageError("tables need pyarrow: pip install 'sigflow[arrow]'") from error
    return pyarrow


def has_arrow() -> bool:
    """Whether the library is installed; it is not imported."""
    return find_spec("pyarrow") is not None


def type_of(node: Node) -> pyarrow.DataType:
    """The Arrow type of a column."""
    pa = arrow()
    if isinstance(node, Leaf):
        return _leaf(node)
    if isinstance(node, Struct):
        return pa.struct([field_of(member) for member in node.members])
    if isinstance(node, Listed):
        return pa.list_(pa.field("item", type_of(node.item)))
    if isinstance(node, OneOf):
        if len(node.cases) == 1:
            return type_of(node.cases[0].node)
        return pa.struct([pa.field(case.name, type_of(case.node)) for case in node.cases])
    return pa.list_(pa.field("item", row_type(node), nullable=False))


def row_type(node: Flat) -> pyarrow.StructType:
    """The type of the rows of a recursion."""
    pa = arrow()
    depth = pa.field(node.depth, pa.uint16(), nullable=False)
    filled = node.filled
    if len(filled) == 1:
        return pa.struct([depth, *(field_of(member) for member in filled[0][1].members)])
    rows = [pa.field(row.name, pa.struct([field_of(entry) for entry in row.members])) for _, row in filled]
    return pa.struct([depth, *rows])


def field_of(member: Member) -> pyarrow.Field:
    """A member as a field: its type, and what the spec says of it."""
    return arrow().field(member.name, type_of(member.node), metadata=_said(member))


def _said(member: Member) -> dict[str, str] | None:
    said = {}
    if member.column.doc:
        said["doc"] = member.column.doc
    unit = member.physical.unit if member.physical is not None else (member.column.physical or ("", "", ""))[2]
    if unit:
        said["unit"] = unit
    if member.physical is not None and member.physical.versions:
        said[CALIBRATION] = ", ".join(member.physical.versions)
    kind = _inmost(member.node)
    if isinstance(kind, Named):
        said["enum"] = json.dumps({entry.name: entry.value for entry in kind.enum})
    return said or None


def _inmost(node: Node) -> object:
    while isinstance(node, Listed):
        node = node.item
    return node.kind if isinstance(node, Leaf) else None


def _leaf(leaf: Leaf) -> pyarrow.DataType:
    pa, kind = arrow(), leaf.kind
    if isinstance(kind, Named):
        return pa.dictionary(pa.int32(), pa.string())
    if isinstance(kind, Bytes):
        return pa.binary()
    if isinstance(kind, Text | Unknown):
        return pa.string()
    if (isinstance(kind, Bits) and kind.boolean) or (isinstance(kind, Computed) and kind.kind == "bool"):
        return pa.bool_()
    if isinstance(kind, Number) and kind.kind == "f":
        return getattr(pa, _FLOATS[kind.size])()
    if isinstance(kind, Computed) and kind.kind == "float":
        return pa.float64()
    return _integer(interval(kind))


def _integer(values: tuple[int, int] | None) -> pyarrow.DataType:
    pa = arrow()
    if values is not None:
        low, high = values
        for bits in (8, 16, 32, 64):
            if low >= 0 and high < 1 << bits:
                return getattr(pa, f"uint{bits}")()
            if low < 0 and -(1 << bits - 1) <= low and high < 1 << bits - 1:
                return getattr(pa, f"int{bits}")()
    return pa.decimal128(DIGITS, 0)


def masked(values: Any, there: Any, type_: pyarrow.DataType) -> pyarrow.Array:
    """A column of the numbers of an array, without a copy.  there: a mask of those that are not null; None: all are."""
    import numpy as np

    pa = arrow()
    bits = None if there is None else pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(type_, len(values), [bits, pa.py_buffer(np.ascontiguousarray(values))])
