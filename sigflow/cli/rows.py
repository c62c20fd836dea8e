"""Rows of text of many frames at once, for the forms that have a row for each frame.

A form says what stands in the rows of frames whose fields can be gathered (`RowMaker`).  All other frames are printed
one by one as ever: those of formats that cannot be gathered, those that may have something to say beside their fields,
and those in which something fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sigflow.events import Record
from sigflow.recording.grouping import records_of

if TYPE_CHECKING:
    import numpy
    import pyarrow

    from sigflow.columns.budget import Budget
    from sigflow.columns.frames import FrameBatch
    from sigflow.columns.gather import Stretches
    from sigflow.columns.pieces import Piece
    from sigflow.columns.placed import PlacedFields
    from sigflow.recording.frames import View
    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Many:
    """Frames of one format: their units, where they stood, and their numbers in the stream."""

    view: View
    fields: PlacedFields
    rows: Stretches
    frames: FrameBatch
    index: Array
    budget: Budget

    def times(self) -> list[str | None]:
        """The time of each frame as text."""
        from sigflow.columns.moments import times_of
        from sigflow.columns.times import time_text

        format = self.fields.type.format
        times = times_of(format, self.fields.type.scalars, self.rows)
        listed = times.listed() if times is not None else map(format.time_of, records_of(format, self.frames))
        return [time_text(time, epoch=self.view.dated) for time in listed]


class RowMaker(Protocol):
    """The pieces of the rows of some frames, and which of them have to be printed one by one."""

    def __call__(self, many: Many, /) -> tuple[list[Piece], Array]:
        """The rows, each with the end of its line."""


class RowTexts:
    """Makes the rows of frames.  formats: in the order in which batches number them."""

    def __init__(
        self,
        views: Mapping[str, View],
        formats: Sequence[Format],
        make: RowMaker,
        alone: Callable[[Record], str],
    ) -> None:
        """make: makes the rows of frames that are gathered.  alone: the row of a frame."""
        from sigflow.columns.placed import placed_of

        self._make = make
        self._alone = alone
        self._formats = formats
        self._views = [views[format.name] for format in formats]
        self._fields = [
            placed_of(format, view.wanted, view.fields) for format, view in zip(formats, self._views, strict=True)
        ]

    @property
    def quick(self) -> bool:
        """Whether rows of any format are made of many frames at once."""
        return any(fields is not None for fields in self._fields)

    def of(self, frames: FrameBatch, records: Mapping[int, Record]) -> pyarrow.Array:
        """The rows of these frames.  records: of those that may have something to say, by their place in the batch."""
        import numpy

        from sigflow.columns.arrow import arrow

        pa = arrow()
        rest = numpy.zeros(len(frames), bool)
        rest[list(records)] = True
        order = numpy.empty(len(frames), numpy.int64)
        arrays: list[pyarrow.Array] = []
        size = 0
        for number, fields in enumerate(self._fields):
            mine = numpy.flatnonzero((frames.formats == number) & ~rest)
            if fields is None:
                rest[mine] = True
                continue
            if not len(mine):
                continue
            texts, unsaid = self._gathered(number, frames, mine)
            order[mine] = size + numpy.arange(len(mine))
            rest[mine[unsaid]] = True
            arrays.append(texts)
            size += len(mine)
        left = numpy.flatnonzero(rest)
        if not len(left) and len(arrays) == 1:
            return arrays[0]
        order[left] = size + numpy.arange(len(left))
        alone = [self._alone(records[row] if row in records else self._record(frames, row)) for row in left.tolist()]
        arrays.append(pa.array(alone, pa.string()))
        return pa.concat_arrays(arrays).take(pa.array(order))

    def _record(self, frames: FrameBatch, row: int) -> Record:
        (record,) = records_of(self._formats[int(frames.formats[row])], frames.part(row, row + 1))
        return record

    def _gathered(self, number: int, frames: FrameBatch, mine: Array) -> tuple[pyarrow.Array, Array]:
        """The rows of some frames, all of one format, and which of them are to be printed one by one."""
        import numpy

        from sigflow.columns.arrow import arrow
        from sigflow.columns.budget import Budget, TooMuch
        from sigflow.columns.pieces import joined

        pa = arrow()
        view, fields = self._views[number], self._fields[number]
        assert fields is not None
        some = frames if len(mine) == len(frames) else frames.at(mine)
        try:
            many = Many(view, fields, fields.rows(some), some, frames.indexes[mine], Budget())
            pieces, unsaid = self._make(many)
            return joined(pieces, len(mine)), unsaid | many.rows.failed
        except (TooMuch, pa.ArrowInvalid, pa.ArrowCapacityError):
            if len(mine) <= 1:
                return pa.array([""] * len(mine), pa.string()), numpy.ones(len(mine), bool)
        half = len(mine) // 2
        parts = [self._gathered(number, frames, part) for part in (mine[:half], mine[half:])]
        return pa.concat_arrays([part[0] for part in parts]), numpy.concatenate([part[1] for part in parts])


def text_between(texts: pyarrow.Array, start: int, stop: int) -> memoryview:
    """Some of the rows as one text, in UTF-8."""
    import numpy

    _, offsets, data = texts.buffers()
    if data is None or stop <= start:
        return memoryview(b"")
    ends = numpy.frombuffer(offsets, numpy.int32)
    first, last = int(ends[texts.offset + start]), int(ends[texts.offset + stop])
    return memoryview(data)[first:last]
