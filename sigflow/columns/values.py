"""Values of any kind to Arrow, by the column tree: the way for what has no fixed place.

What a value lacks, because its frame could be parsed only in part, is null; so are an integer of more than 38 digits
and what is not of the type that its column has.  Text that is no Unicode keeps its odd code points as `\\udcXX`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from sigflow.calibration.measure import NONE, Applying
from sigflow.columns.arrow import DIGITS, arrow, row_type, type_of
from sigflow.columns.names import Names
from sigflow.columns.render import render
from sigflow.columns.tree import Case, Flat, Leaf, Listed, Member, Node, OneOf, Struct
from sigflow.errors import LimitExceeded
from sigflow.runtime.column import Bits, Bytes, Computed, Named, Number, Text
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.surrogates import writable

if TYPE_CHECKING:
    import pyarrow

#: Computed fields may lead round in circles: so many after one another are followed, and by way of them as long as a
#: value has no more rows than this.
MOST_INSTANCES = 100
MOST_ROWS = 1 << 16

Values = Sequence[Any]
#: The rules of sigflow.yaml that apply to the frame of each value; None where there are none.
Rules = Sequence[Applying] | None


def array_of(node: Node, values: Values, names: Names, rules: Rules = None) -> pyarrow.Array:
    """The column of these values, one each; None is null."""
    return _ARRAYS[type(node)](node, values, names, rules)


def members_of(members: Iterable[Member], objects: Values, names: Names, rules: Rules = None) -> list[pyarrow.Array]:
    """The column of each member over these objects; an object may be None."""
    return [_member(member, objects, names, rules) for member in members]


def _member(member: Member, objects: Values, names: Names, rules: Rules) -> pyarrow.Array:
    get = instance if member.column.instance else getattr
    values = [None if owner is None else get(owner, member.attribute, None) for owner in objects]
    measure = member.physical
    if measure is not None:
        by_value = rules if rules is not None else [NONE] * len(values)
        values = [measure.of(value, applying) for value, applying in zip(values, by_value, strict=True)]
    return array_of(member.node, values, names, rules)


def instance(owner: Any, name: str, default: None) -> Any:
    """An instance of an object; one that cannot be had is None."""
    try:
        return getattr(owner, name, default)
    except WIRE_ERRORS:
        return default


# ---------------------------------------------------------------- leaves


def _leaf(node: Leaf, values: Values, names: Names, rules: Rules) -> pyarrow.Array:
    kind = node.kind
    if isinstance(kind, Named):
        return names.array(kind, values)
    if isinstance(kind, Text):
        return _texts(values)
    if isinstance(kind, Bytes):
        return _whole(values, type_of(node))
    if isinstance(kind, Number | Bits | Computed):
        to = type_of(node)
        return _whole([_digits(value) for value in values] if str(to).startswith("decimal") else values, to)
    return _texts([None if value is None else json.dumps(render(value).tree) for value in values])


def _whole(values: Values, to: pyarrow.DataType) -> pyarrow.Array:
    pa = arrow()
    try:
        made = pa.array(values, to, from_pandas=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        made = pa.array([_fitting(value, to) for value in values], to, from_pandas=False)
    if isinstance(made, pa.ChunkedArray):
        raise LimitExceeded("a column of one batch holds 2 GiB or more: ask for smaller batches")
    return made


def _fitting(value: Any, to: pyarrow.DataType) -> Any:
    """A value as it is, or None where it is not of the type that the spec says."""
    pa = arrow()
    if isinstance(value, list) and pa.types.is_binary(to) and all(byte in range(256) for byte in value):
        return bytes(value)  # what an expression lists byte by byte
    try:
        pa.scalar(value, to)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return None
    return value


def _digits(value: int | None) -> int | None:
    return None if value is None or abs(value) >= 10**DIGITS else value


def _texts(values: Values) -> pyarrow.Array:
    pa = arrow()
    try:
        return _whole(values, pa.string())
    except UnicodeEncodeError:
        shown = [None if text is None else writable(text) for text in values]
        return _whole(shown, pa.string())


# ---------------------------------------------------------------- what has parts


def _struct(node: Struct, values: Values, names: Names, rules: Rules) -> pyarrow.Array:
    return _structs(members_of(node.members, values, names, rules), type_of(node), [owner is None for owner in values])


def _structs(parts: list[pyarrow.Array], to: pyarrow.DataType, absent: list[bool]) -> pyarrow.Array:
    pa = arrow()
    mask = pa.array(absent, pa.bool_())
    if not parts:
        return pa.array([None if gone else {} for gone in absent], to)
    return pa.StructArray.from_arrays(parts, fields=list(to), mask=mask)


def _listed(node: Listed, values: Values, names: Names, rules: Rules) -> pyarrow.Array:
    lists = [value if isinstance(value, list | tuple) else None for value in values]
    items = [item for value in lists if value is not None for item in value]
    counts = [None if value is None else len(value) for value in lists]
    return _lists(counts, array_of(node.item, items, names, _each(rules, counts)), type_of(node))


def _each(rules: Rules, counts: Sequence[int | None]) -> Rules:
    """The rules of lists as those of their items."""
    if rules is None:
        return None
    return [applying for applying, count in zip(rules, counts, strict=True) for _ in range(count or 0)]


def _lists(counts: list[int | None], items: pyarrow.Array, to: pyarrow.DataType) -> pyarrow.Array:
    pa = arrow()
    offsets, at = [0], 0
    for count in counts:
        at += count or 0
        offsets.append(at)
    mask = pa.array([count is None for count in counts], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items, type=to, mask=mask)


def _one_of(node: OneOf, values: Values, names: Names, rules: Rules) -> pyarrow.Array:
    left = list(values)
    parts = []
    for case in node.cases:
        mine = [value if value is not None and is_case(case, value) else None for value in left]
        left = [value if other is None else None for value, other in zip(left, mine, strict=True)]
        parts.append(array_of(case.node, mine, names, rules))
    if len(node.cases) == 1:
        return parts[0]
    return _structs(parts, type_of(node), [value is None for value in values])


def is_case(case: Case, value: Any) -> bool:
    """Whether a value is of the type of a case."""
    if not isinstance(case.of, str):
        return value.__class__ is case.of
    return _WORDS[case.of](value)


_WORDS: dict[str, Callable[[Any], bool]] = {
    "int": lambda value: isinstance(value, int) and value.__class__ is not bool,
    "bool": lambda value: value.__class__ is bool,
    "float": lambda value: isinstance(value, float),
    "str": lambda value: isinstance(value, str) and not isinstance(value, Enum),
    "bytes": lambda value: isinstance(value, bytes | bytearray | memoryview),
    "any": lambda value: True,
}


# ---------------------------------------------------------------- recursions


def _flat(node: Flat, values: Values, names: Names, rules: Rules) -> pyarrow.Array:
    pa = arrow()
    counts: list[int | None] = []
    nodes: list[Any] = []
    depths: list[int] = []
    for value in values:
        before = len(nodes)
        if value is not None:
            _walk(node, value, nodes, depths)
        counts.append(None if value is None else len(nodes) - before)
    to = row_type(node)
    parts = [pa.array(depths, pa.uint16())]
    filled = node.filled
    if len(filled) == 1:
        parts += members_of(filled[0][1].members, nodes, names)
    else:
        for number, (target, row) in enumerate(filled, 1):
            mine = [item if item.__class__ is target else None for item in nodes]
            members = members_of(row.members, mine, names)
            parts.append(_structs(members, to.field(number).type, [item is None for item in mine]))
    rows = pa.StructArray.from_arrays(parts, fields=list(to))
    return _lists(counts, rows, type_of(node))


def rows_of(node: Flat, value: Any) -> list[tuple[Any, int]]:
    """The objects of a recursion, outer before inner, and how deep each lies; none of what is no recursion."""
    rows: list[Any] = []
    depths: list[int] = []
    _walk(node, value, rows, depths)
    return list(zip(rows, depths, strict=True))


def _walk(node: Flat, value: Any, rows: list[Any], depths: list[int]) -> None:
    """Append the objects of a recursion, outer before inner, and how deep each lies."""
    most = len(rows) + MOST_ROWS
    stack = [(value, 0, 0)]
    while stack:
        entry, depth, computed = stack.pop()
        row = node.rows.get(entry.__class__)
        if row is None:
            if isinstance(entry, list | tuple):
                stack.extend((item, depth, computed) for item in reversed(entry))
            continue
        if computed and len(rows) >= most:
            continue
        if row.members:
            rows.append(entry)
            depths.append(min(depth, 0xFFFF))
        deeper = depth + 1 if row.members else depth
        for column in reversed(row.inner):
            hops = computed + column.instance
            if hops <= MOST_INSTANCES:
                stack.append((instance(entry, column.name, None), deeper, hops))


_ARRAYS: dict[type, Callable[[Any, Values, Names, Rules], Any]] = {
    Leaf: _leaf,
    Struct: _struct,
    Listed: _listed,
    OneOf: _one_of,
    Flat: _flat,
}
