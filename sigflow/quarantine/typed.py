"""Plain data held against a type: what a ledger or a pack says may have been altered by anybody.

Types are those that the rows of a ledger need: `int`, `str`, `float`, an enum by its value, a dataclass by the names of
its fields, a named tuple or a tuple from a list, and unions.  A `bool` is no `int` here.
"""

from __future__ import annotations

import dataclasses
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints


def typed(value: object, type: Any, place: str = "$") -> Any:
    """`value` as `type`; raises a `ValueError` that says what was wanted, what there is, and where."""
    origin, arguments = get_origin(type), get_args(type)
    if origin is UnionType:
        (inner,) = (member for member in arguments if member is not NoneType)
        return None if value is None else typed(value, inner, place)
    if origin is tuple:
        items = _list(value, place)
        if arguments[-1] is Ellipsis:
            arguments = arguments[:1] * len(items)
        return tuple(_items(items, arguments, len(arguments), place))
    if dataclasses.is_dataclass(type):
        return type(**_fields(value, type, place))  # type: ignore[operator]
    if issubclass(type, tuple):
        hints = [*get_type_hints(type).values()]
        required = len(hints) - len(getattr(type, "_field_defaults", {}))
        return type(*_items(_list(value, place), hints, required, place))
    if issubclass(type, Enum):
        try:
            return type(value)
        except ValueError:
            raise ValueError(f"no {type.__name__}: {str(value)[:80]!r} at {place}") from None
    if not isinstance(value, type) or isinstance(value, bool):
        raise _wrong(type.__name__, value, place)
    return value


def _fields(value: object, type: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(type.__name__, value, place)
    hints = get_type_hints(type)
    for field in dataclasses.fields(type):
        if field.default is dataclasses.MISSING and field.name not in value:
            raise ValueError(f"{type.__name__} lacks {field.name!r} at {place}")
    return {name: typed(value[name], hint, f"{place}.{name}") for name, hint in hints.items() if name in value}


def _list(value: object, place: str) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _wrong("list", value, place)
    return value


def _items(items: list[Any] | tuple[Any, ...], types: Any, required: int, place: str) -> list[Any]:
    if not required <= len(items) <= len(types):
        raise ValueError(f"expected {len(types)} items, got {len(items)} at {place}")
    return [
        typed(item, type, f"{place}[{number}]") for number, (item, type) in enumerate(zip(items, types, strict=False))
    ]


def _wrong(wanted: str, value: object, place: str) -> ValueError:
    return ValueError(f"expected {wanted}, got {type(value).__name__} at {place}")
