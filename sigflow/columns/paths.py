"""A part of a column by its path (`flags.encoding`, `lines[0].text`): its type, and its values.

Where a list is too short, or what the part is of is null, the part is null.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sigflow.columns.arrow import arrow

if TYPE_CHECKING:
    import pyarrow

Step = str | int

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d{1,9})\]")


def steps_of(path: str) -> tuple[Step, ...]:
    """The names and numbers that a path leads by; () where it is none."""
    steps: list[Step] = []
    at = 0
    while at < len(path) and path[0] != ".":
        match = _STEP.match(path, at)
        if match is None:
            return ()
        steps.append(match[1] if match[1] is not None else int(match[2]))
        at = match.end()
    return tuple(steps)


def field_at(field: pyarrow.Field, steps: tuple[Step, ...]) -> pyarrow.Field | None:
    """The field that these steps lead to from a field; None where they lead nowhere."""
    pa = arrow()
    for step in steps:
        kind = field.type
        if isinstance(step, int):
            if not pa.types.is_list(kind):
                return None
            field = kind.value_field
        else:
            if not pa.types.is_struct(kind) or kind.get_field_index(step) < 0:
                return None
            field = kind.field(step)
    return field


def part_at(values: pyarrow.Array, steps: tuple[Step, ...]) -> pyarrow.Array:
    """The values that these steps lead to."""
    import pyarrow.compute as pc

    for step in steps:
        values = pc.struct_field(values, step) if isinstance(step, str) else _items(values, step)
    return values


def _items(lists: pyarrow.ListArray, number: int) -> pyarrow.Array:
    """The item of this number of each list."""
    import numpy as np

    pa = arrow()
    offsets = lists.offsets.to_numpy()
    at = offsets[:-1] + number
    there = (at < offsets[1:]) & np.asarray(lists.is_valid())
    return lists.values.take(pa.array(at, mask=~there))
