"""What a table must hold, told from the JSON form of frames (`parse --format ndjson`): the oracle of the tests.

It reads the plain tree alone, so it knows the class of an object by its fields; a spec of two classes with the same
fields in one switch would not do.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

from sigflow.columns.tree import Case, Flat, Leaf, Listed, Member, Node, OneOf, Struct
from sigflow.runtime.column import Bits, Bytes, Computed, Named, Number, Text


def row_of(members: tuple[Member, ...], tree: dict[str, Any]) -> dict[str, Any]:
    """The row that a struct's plain tree must be."""
    return {part.name: member(part, tree.get(part.column.id)) for part in members}


def member(part: Member, tree: Any) -> Any:
    """One member of it."""
    if part.physical is None:
        return value(part.node, tree)
    assert part.column.physical is not None
    scale, offset, _ = part.column.physical

    def physical(raw: Any) -> Any:
        if isinstance(raw, list):
            return [physical(item) for item in raw]
        return None if raw is None else number(raw) * scale + offset

    return physical(tree)


def number(tree: Any) -> Any:
    return float(tree) if isinstance(tree, str) else tree


def value(node: Node, tree: Any) -> Any:
    """What a plain tree must be in a column."""
    if tree is None:
        return None
    if isinstance(node, Leaf):
        return leaf(node, tree)
    if isinstance(node, Struct):
        return row_of(node.members, tree)
    if isinstance(node, Listed):
        return [value(node.item, item) for item in tree]
    if isinstance(node, OneOf):
        right = next((case for case in node.cases if is_case(case, tree)), None)
        if len(node.cases) == 1:
            return None if right is None else value(right.node, tree)
        return {case.name: value(case.node, tree) if case is right else None for case in node.cases}
    rows: list[dict[str, Any]] = []
    flatten(node, tree, 0, rows)
    return rows


def leaf(node: Leaf, tree: Any) -> Any:
    kind = node.kind
    if isinstance(kind, Named):
        return tree["name"] if tree["name"] is not None else str(tree["raw"])
    if isinstance(kind, Bytes):
        return bytes.fromhex(tree)
    if isinstance(kind, Text):
        return tree.encode("utf-8", "backslashreplace").decode()
    if isinstance(kind, Number | Computed) and kind.kind in ("f", "float"):
        return float(number(tree))
    if isinstance(kind, Computed) and kind.kind == "int" and kind.low is None:
        return Decimal(tree) if abs(tree) < 10**38 else None
    return tree if isinstance(kind, Number | Bits | Computed) else json.dumps(tree)


def is_case(case: Case, tree: Any) -> bool:
    if isinstance(case.node, Struct):
        ids = {member.column.id for member in case.node.members}
        return isinstance(tree, dict) and ids == set(tree)
    if isinstance(case.node, Flat):
        return isinstance(tree, dict) and row_for(case.node, tree) is not None
    kinds = {"int": int, "bool": bool, "float": float, "str": str, "bytes": str}
    if case.of == "int":
        return (isinstance(tree, int) and not isinstance(tree, bool)) or (isinstance(tree, dict) and "raw" in tree)
    if not isinstance(case.of, str):
        return tree == {}
    return case.of == "any" or isinstance(tree, kinds[case.of])


def row_for(node: Flat, tree: dict[str, Any]) -> Any:
    """The class of a recursion whose object a plain tree is: the one that has its fields."""
    for row in node.rows.values():
        ids = {member.column.id for member in row.members} | {member.id for member in row.inner}
        if ids == set(tree):
            return row
    return None


def flatten(node: Flat, tree: Any, depth: int, rows: list[dict[str, Any]]) -> None:
    """The rows of a recursion."""
    if isinstance(tree, list):
        for item in tree:
            flatten(node, item, depth, rows)
    right = row_for(node, tree) if isinstance(tree, dict) else None
    if right is None:
        return
    row = right
    if row.members:
        shown: dict[str, Any] = {node.depth: depth}
        if len(node.filled) == 1:
            shown |= row_of(row.members, tree)
        else:
            shown |= {other.name: row_of(other.members, tree) if other is row else None for _, other in node.filled}
        rows.append(shown)
    for inner in row.inner:
        flatten(node, tree.get(inner.id), depth + bool(row.members), rows)


def same(value: Any, other: Any) -> bool:
    """Equality in which NaN is NaN, and lists, tuples and arrays are lists."""
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(same(item, other[name]) for name, item in value.items())
    if isinstance(value, list | tuple) and isinstance(other, list | tuple):
        return len(value) == len(other) and all(map(same, value, other))
    if isinstance(value, float) and isinstance(other, float):
        return value == other or (math.isnan(value) and math.isnan(other))
    return bool(value == other)
