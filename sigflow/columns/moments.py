"""The times of many frames at once, where they hang on numbers at fixed places.

A time that is such a number is computed in arrays.  Of any other the generated function is asked once, for columns of
Python's own integers: it reads nothing but numbers, so what it does to a column it does to each of its numbers, and
where it would have to decide by one it raises.  Then each frame is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from sigflow.columns.conditions import unit_of
from sigflow.runtime.column import Bits, Number
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.stream.format import epoch_of

if TYPE_CHECKING:
    from sigflow.columns.gather import Scalar, Stretches
    from sigflow.runtime.envelope import Time
    from sigflow.stream.format import Format

    Array = np.ndarray[Any, Any]

#: What 64 bits hold, with room for rounding.
_MOST = 1 << 62


class Times(NamedTuple):
    """Nanoseconds, as int64 or, where that does not hold them, as objects; and of which frames they are known."""

    values: Array
    known: Array

    @classmethod
    def of(cls, times: Sequence[int | None]) -> Times:
        """Those of a list, in which None is no time."""
        known = np.array([time is not None for time in times], bool)
        plain = [time or 0 for time in times]
        wide = any(not -_MOST < time < _MOST for time in plain)
        return cls(np.array(plain, object if wide else np.int64), known)

    def listed(self) -> list[int | None]:
        """As a list, in which None is no time."""
        pairs = zip(self.values.tolist(), self.known.tolist(), strict=True)
        return [value if known else None for value, known in pairs]


def times_of(format: Format, scalars: Mapping[str, Scalar], rows: Stretches) -> Times | None:
    """The times of these frames, as `Format.time_of` tells them; None where each frame has to be asked.

    scalars: the numbers of a frame, by the paths of their attributes.  None of the frames fails to parse.
    """
    time = format.envelope.decode.time if format.envelope is not None else None
    if time is None or time.needs is None or len(rows) < 2:
        return None
    plain = plain_time(format, scalars)
    if plain is not None:
        return _of_numbers(plain.numbers(rows), time)
    kinds = [scalars[path].kind for path in time.needs if path in scalars]
    if not all(map(_is_number, kinds)) or len(kinds) < len(time.needs) or not kinds:
        return None
    return _of_columns([scalars[path].numbers(rows) for path in time.needs], time)


def plain_time(format: Format, scalars: Mapping[str, Scalar]) -> Scalar | None:
    """The number that the times of a format are as it stands, but for their unit and epoch; None where there is none.

    scalars: as of `times_of`.
    """
    time = format.envelope.decode.time if format.envelope is not None else None
    scalar = (
        scalars.get(time.needs[0]) if time is not None and time.needs is not None and len(time.needs) == 1 else None
    )
    if time is None or scalar is None or not _is_number(scalar.kind):
        return None
    return scalar if _is_as_it_stands(time) else None


def _is_number(kind: object) -> bool:
    return isinstance(kind, Number) or (isinstance(kind, Bits) and not kind.boolean)


class _Number:
    """What is no number: whoever asks anything of it but to be handed on gets an error."""

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("a number is asked for")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __hash__ = _refuse


def _is_as_it_stands(time: Time) -> bool:
    """Whether the time is the one number that it is made of."""
    assert time.needs is not None
    number: Any = _Number()
    try:
        return time.value(unit_of(time.needs, (number,))) is number
    except WIRE_ERRORS:
        return False


def _of_numbers(numbers: Array, time: Time) -> Times | None:
    scale, epoch = time.nanoseconds, epoch_of(time)
    if numbers.dtype.kind == "f":
        with np.errstate(all="ignore"):
            scaled = numbers.astype(np.float64) * scale
            known = np.isfinite(scaled)
            scaled = np.rint(np.where(known, scaled, 0.0))
        if np.abs(scaled).max() >= _MOST - abs(epoch):
            return None
        return Times(scaled.astype(np.int64) + epoch, known)
    ends = [int(numbers.min()) * scale + epoch, int(numbers.max()) * scale + epoch]
    if not all(-_MOST < end < _MOST for end in ends) or not -_MOST < ends[1] - epoch < _MOST:
        return None
    return Times(numbers.astype(np.int64) * scale + epoch, np.ones(len(numbers), bool))


def _of_columns(numbers: Sequence[Array], time: Time) -> Times | None:
    assert time.needs is not None
    columns = [np.array(column.tolist(), object) for column in numbers]
    try:
        values: Any = time.value(unit_of(time.needs, tuple(columns)))
    except WIRE_ERRORS:
        return None
    if not isinstance(values, np.ndarray) or values.dtype != object or values.shape != columns[0].shape:
        return None
    scale, epoch = time.nanoseconds, epoch_of(time)
    return Times.of([_rounded(value, scale, epoch) for value in values.tolist()])


def _rounded(value: float, scale: int, epoch: int) -> int | None:
    try:
        return round(value * scale) + epoch
    except WIRE_ERRORS:
        return None
