"""Functions of a spec over many frames: the generated function is called once per distinct combination of its fields.

So a condition, a kind or a stream id means here what it means for one frame, whatever it says, and costs little per
frame: the fields that such functions read have few values (flags, kinds, versions).
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
    units, places = combinations(needs, scalars, rows)
    said: Array = np.array([_verdict(when, unit) for unit in units], np.int8)
    by_row: Array = said[places]
    return by_row


def _verdict(when: Callable[[Any], bool], unit: SimpleNamespace) -> int:
    try:
        return YES if when(unit) else NO
    except WIRE_ERRORS:
        return UNDECIDED


def combinations(
    needs: tuple[str, ...], scalars: Mapping[str, Scalar], rows: Stretches
) -> tuple[list[SimpleNamespace], Array]:
    """The distinct combinations of these fields, each as an object that has them, and for each frame which it has."""
    places: Array = np.zeros(len(rows), np.int64)
    tuples: list[tuple[Any, ...]] = [()]
    for path in needs:
        scalar = scalars[path]
        numbers, mine = distinct(scalar.numbers(rows))
        values = [value_of(scalar.kind, number) for number in numbers.tolist()]
        if len(tuples) == 1:
            tuples, places = [(*tuples[0], value) for value in values], mine
            continue
        both, places = distinct(places * len(values) + mine)
        split = (divmod(number, len(values)) for number in both.tolist())
        tuples = [(*tuples[before], values[own]) for before, own in split]
    return [unit_of(needs, values) for values in tuples], places


def unit_of(needs: tuple[str, ...], values: tuple[Any, ...]) -> SimpleNamespace:
    """An object that has these values at these paths of attributes."""
    unit = SimpleNamespace()
    for path, value in zip(needs, values, strict=True):
        *way, name = path.split(".")
        owner = unit
        for part in way:
            if not hasattr(owner, part):
                setattr(owner, part, SimpleNamespace())
            owner = getattr(owner, part)
        setattr(owner, name, value)
    return unit


def value_of(kind: Number | Bits | Named, value: Any) -> Any:
    """A raw number as the generated class has it."""
    if isinstance(kind, Named):
        return kind.enum._value2member_map_.get(value, value)
    return bool(value) if isinstance(kind, Bits) and kind.boolean else value
