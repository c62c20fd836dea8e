"""Which kinds of values go together: what may be compared, passed, or stand in one list."""

from __future__ import annotations

from sigflow.compiler import expression as ex
from sigflow.compiler.model import ANY, FLOAT, STRUCT, UNTYPED, Type, array_of

_ORDERED = frozenset(("int", "float", "str", "bytes"))


def is_bytes(expr: ex.ListOf) -> bool:
    """Whether a list literal is a byte array, unless a cast says otherwise: integer literals from 0 to 255 only."""
    return bool(expr.items) and all(isinstance(item, ex.Int) and 0 <= item.value <= 255 for item in expr.items)


def comparison(op: str, left: Type, right: Type) -> str | None:
    """What is wrong with comparing these two, if anything."""
    if "any" in (left.kind, right.kind):
        return None
    if left.is_number and right.is_number:
        return None
    if left.kind != right.kind:
        return f"{left} can't be compared with {right}"
    if left.kind == "enum" and left.ref is not right.ref:
        return f"{left} can't be compared with {right}"
    if op not in ("==", "!=") and left.kind not in _ORDERED:
        return f"'{op}' does not order values of {left}"
    if left.kind in ("array", "io", "untyped") or left.is_struct:
        return f"{left} can't be compared"
    return None


def combined(types: list[Type]) -> Type | None:
    """The type that covers all of these; None where they are of several kinds."""
    if not types or ANY in types:
        return ANY
    if UNTYPED in types:
        return UNTYPED
    first = types[0]
    for other in types[1:]:
        if other == first:
            continue
        if first.is_number and other.is_number:
            first = FLOAT
        elif first.is_struct and other.is_struct:
            first = STRUCT
        elif first.kind == other.kind == "array":
            element = combined([first.ref, other.ref])
            if element is None:
                return None
            first = array_of(element)
        else:
            return None
    return first


def assignable(source: Type, target: Type) -> bool:
    """Whether a value of `source` may be passed where `target` is wanted."""
    if "any" in (source.kind, target.kind) or target in (UNTYPED, source):
        return True
    if source.is_struct and target.is_struct:
        return target.kind == "struct" or source.ref == target.ref
    if source.kind == target.kind == "array":
        return assignable(source.ref, target.ref)
    return source.kind == target.kind and source.kind not in ("enum", "user")
