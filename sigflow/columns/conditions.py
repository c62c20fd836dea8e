"""Conditions of a spec over many frames: the generated function is called once per distinct combination of its fields.

So a condition means here what it means for one frame, whatever it says, and costs nothing per frame: the fields of
conditions have few values (flags, kinds, versions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow.columns.gather import Scalar, Stretches
from sigflow.columns.names import distinct
from sigflow.runtime.column import Bits, Named, Number
from sigflow.runtime.measure import WIRE_ERRORS

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]


#: What is said of a condition.
NO, YES, UNDECIDED = range(3)


def verdicts(
    when: Callable[[Any], bool], needs: tuple[str, ...], scalars: Mapping[str, Scalar], rows: Stretches
) -> Array:
    """Of a condition, for each frame: NO, YES, or UNDECIDED where it cannot be computed.

    needs: the attribute paths of the fields that it reads.  scalars: the numbers of a frame, by these paths.
    """
    count = len(rows)
    combined = np.zeros(count, np.int64)
    found: list[list[Any]] = []
    for path in needs:
        scalar = scalars[path]
        values, places = distinct(scalar.numbers(rows))
        combined = combined * len(values) + places
        found.append([_value(scalar.kind, value) for value in values.tolist()])
    numbers, places = distinct(combined)
    said: Array = np.array([_verdict(when, needs, _pick(number, found)) for number in numbers.tolist()], np.int8)
    each: Array = said[places]
    return each


def _pick(number: int, found: list[list[Any]]) -> list[Any]:
    """The values of one combination."""
    picked = []
    for values in reversed(found):
        number, place = divmod(number, len(values))
        picked.append(values[place])
    return picked[::-1]


def _verdict(when: Callable[[Any], bool], needs: tuple[str, ...], values: list[Any]) -> int:
    unit = SimpleNamespace()
    for path, value in zip(needs, values, strict=True):
        *way, name = path.split(".")
        one = unit
        for part in way:
            if not hasattr(one, part):
                setattr(one, part, SimpleNamespace())
            one = getattr(one, part)
        setattr(one, name, value)
    try:
        return YES if when(unit) else NO
    except WIRE_ERRORS:
        return UNDECIDED


def _value(kind: Number | Bits | Named, value: Any) -> Any:
    """A raw number as the generated class has it."""
    if isinstance(kind, Named):
        return kind.enum._value2member_map_.get(value, value)
    return bool(value) if isinstance(kind, Bits) and kind.boolean else value
