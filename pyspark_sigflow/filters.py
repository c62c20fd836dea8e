"""Conditions of Spark as one of Arrow, over the columns as they are before they get Spark's types.

Rules.  The condition lets pass at least what Spark's conditions let pass: what is not understood, or cannot be said of
a column's type, is left out, and Spark looks at the rows that are left in any case.  So it spares work, and decides
nothing.  Times lose digits on their way to Spark; bounds on them are wider by that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import and_
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Nanoseconds that a time of Arrow has at most, and some room.
_MOST = (1 << 63) - 2000
#: By the name of Spark's condition.
_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "EqualTo": lambda field, value: field == value,
    "EqualNullSafe": lambda field, value: field == value,
    "GreaterThan": lambda field, value: field > value,
    "GreaterThanOrEqual": lambda field, value: field >= value,
    "LessThan": lambda field, value: field < value,
    "LessThanOrEqual": lambda field, value: field <= value,
}
#: Which bounds a condition on a time has: below, above.
_BOUNDS = {
    "EqualTo": (True, True),
    "EqualNullSafe": (True, True),
    "GreaterThan": (True, False),
    "GreaterThanOrEqual": (True, False),
    "LessThan": (False, True),
    "LessThanOrEqual": (False, True),
}


def condition_of(filters: Iterable[Any], schema: pa.Schema) -> pc.Expression | None:
    """What all of these say together; None where that is nothing.  schema: of the columns before."""
    said = [condition for item in filters if (condition := _one(item, schema)) is not None]
    return reduce(and_, said) if said else None


def _one(item: Any, schema: pa.Schema) -> pc.Expression | None:
    path: tuple[str, ...] | None = getattr(item, "attribute", None)
    kind = _type_at(schema, path) if path else None
    if kind is None or path is None:
        return None
    name, field = type(item).__name__, pc.field(*path)
    if name in _COMPARED and (pa.types.is_timestamp(kind) or pa.types.is_duration(kind)):
        return _timed(name, field, item.value, kind)
    if name in _COMPARED:
        scalar = _scalar(item.value, kind)
        return None if scalar is None else _COMPARED[name](field, scalar)
    if name == "In":
        scalars = [_scalar(value, kind) for value in item.value]
        if any(scalar is None for scalar in scalars) or not scalars:
            return None
        return field.isin(pa.array([scalar.as_py() for scalar in scalars if scalar is not None], kind))
    return None


def _type_at(schema: pa.Schema, path: tuple[str, ...]) -> pa.DataType | None:
    if path[0] not in schema.names:
        return None
    kind = schema.field(path[0]).type
    for name in path[1:]:
        place = kind.get_field_index(name) if pa.types.is_struct(kind) else -1
        if place < 0:
            return None
        kind = kind.field(place).type
    return kind


def _scalar(value: Any, kind: pa.DataType) -> pa.Scalar | None:
    """The value as the column has it; None where it cannot be one, or its type is compared in other ways."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    fits = (
        (pa.types.is_integer(kind) and isinstance(value, int) and not isinstance(value, bool))
        or (pa.types.is_boolean(kind) and isinstance(value, bool))
        or (pa.types.is_string(kind) and isinstance(value, str))
    )
    if not fits:
        return None
    try:
        return pa.scalar(value, kind)
    except (pa.ArrowInvalid, OverflowError):
        return None


def _timed(name: str, field: Any, value: Any, kind: Any) -> pc.Expression | None:
    """The bounds on a time of day, or since something; None where the value is no such time."""
    if kind.unit != "ns":
        return None
    if pa.types.is_timestamp(kind):
        if not isinstance(value, datetime) or (value.tzinfo is None) != (kind.tz is None):
            return None
        value = (value if value.tzinfo is not None else value.replace(tzinfo=UTC)) - _EPOCH
    if not isinstance(value, timedelta):
        return None
    told = value // timedelta(microseconds=1) * 1000
    if not -_MOST < told < _MOST:
        return None
    below, above = _BOUNDS[name]
    bounds = [field >= pa.scalar(told - 1000, kind)] if below else []
    bounds += [field <= pa.scalar(told + 1000, kind)] if above else []
    return reduce(and_, bounds)
