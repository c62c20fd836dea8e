"""What a condition says of places, times and sequence counters, as far as an index can tell it of many frames at once.

Of the parts that an `and` at the top joins, those count that compare `_offset`, `_index`, or the field of a format's
time or sequence counter, with a whole number.  All others may hold or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sigflow.columns.physical import is_measured
from sigflow.compiler import expression as ex
from sigflow.recording.grouping import Grouping
from sigflow.recording.selection.bounds import INDEX, OFFSET, TIME
from sigflow.recording.selection.where import conditions, parsed, parts_of
from sigflow.stream.format import Format

COUNTER = "counter"
#: With what a comparison is the same, its sides exchanged.
_EXCHANGED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_COMPUTED: dict[str, Callable[[int, int], int]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
}
#: Digits of numbers that are computed with.
_MOST = 1 << 128


class Range(NamedTuple):
    """What a frame must have: `what` (OFFSET, INDEX, TIME or COUNTER) from `low` to `high`; None: without end.

    Times are nanoseconds, as `Record.time`.
    """

    what: str
    low: int | None
    high: int | None


def ranges_by_format(where: str, formats: Sequence[Format]) -> list[list[Range] | None]:
    """For each format what its frames must have to match; None where none matches.  Raises what `conditions` raises."""
    bound = conditions(where, formats)
    parts = parts_of(parsed(where))
    return [
        None if condition is None else _ranges(parts, format) for format, condition in zip(formats, bound, strict=True)
    ]


def _ranges(parts: Sequence[ex.Expr], format: Format) -> list[Range]:
    grouping = Grouping(format)
    unit, epoch = grouping.clock
    scaled = {"_offset": (OFFSET, 1, 0), "_index": (INDEX, 1, 0)}
    if grouping.counter_path:
        scaled[grouping.counter_path] = (COUNTER, 1, 0)
    if grouping.time_path:
        scaled[grouping.time_path] = (TIME, unit, epoch)
    # What a condition says of a physical value, it does not say of the number that the index knows.
    scaled = {path: clock for path, clock in scaled.items() if not is_measured(format, path)}
    ranges = []
    for part in parts:
        told = _compared(part)
        if told is not None and told[0] in scaled:
            path, op, number = told
            what, unit, epoch = scaled[path]
            number = number * unit + epoch
            low = {">": number + 1, ">=": number, "==": number}.get(op)
            high = {"<": number - 1, "<=": number, "==": number}.get(op)
            ranges.append(Range(what, low, high))
    return ranges


def _compared(part: ex.Expr) -> tuple[str, str, int] | None:
    """The path of a field, and with what it is compared; None where the part is something else."""
    if not isinstance(part, ex.Compare) or part.op not in _EXCHANGED:
        return None
    for field, other, op in ((part.left, part.right, part.op), (part.right, part.left, _EXCHANGED[part.op])):
        path, number = ex.path(field), _number(other)
        if path and number is not None:
            return ".".join(path), op, number
    return None


def _number(expr: ex.Expr) -> int | None:
    """The whole number that an expression is; None where it is none, or a large one."""
    if isinstance(expr, ex.Int):
        return expr.value if abs(expr.value) < _MOST else None
    if isinstance(expr, ex.Unary) and expr.op == "-":
        number = _number(expr.value)
        return None if number is None else -number
    if isinstance(expr, ex.Binary) and expr.op in _COMPUTED:
        left, right = _number(expr.left), _number(expr.right)
        number = None if left is None or right is None else _COMPUTED[expr.op](left, right)
        return number if number is not None and abs(number) < _MOST else None
    return None
