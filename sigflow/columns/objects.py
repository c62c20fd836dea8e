"""Frames parsed one by one, a few at a time, and turned into columns: the way that always goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.columns import budget as budgets
from sigflow.columns.extras import Extra
from sigflow.columns.payload import CodecColumn
from sigflow.columns.tree import Member
from sigflow.columns.values import Rules, array_of, members_of
from sigflow.events import Record

if TYPE_CHECKING:
    import pyarrow

    from sigflow.columns.budget import Budget
    from sigflow.columns.frames import FrameBatch
    from sigflow.columns.names import Names
    from sigflow.stream.format import Format

#: Frames that are objects at the same time, and their bytes, at most; one frame there is always.
FRAMES = 1024
BYTES = 1 << 20

Source = Member | CodecColumn | Extra


def parsed(
    sources: Sequence[Source], format: Format, frames: FrameBatch, weighed: bool, names: Names, budget: Budget
) -> list[pyarrow.Array]:
    """The columns of these frames.  weighed: their values may be larger than their bytes."""
    from sigflow.columns.arrow import arrow

    pieces = [_columns(sources, format, part, weighed, names, budget) for part in _parts(frames)] or [
        _columns(sources, format, frames, weighed, names, budget)
    ]
    if len(pieces) == 1:
        return pieces[0]
    return [arrow().concat_arrays(list(column)) for column in zip(*pieces, strict=True)]


def _parts(frames: FrameBatch) -> Iterator[FrameBatch]:
    begin, size = 0, 0
    for number, length in enumerate((frames.stops - frames.starts).tolist()):
        if number > begin and (number - begin == FRAMES or size + length > BYTES):
            yield frames.part(begin, number)
            begin, size = number, 0
        size += length
    if begin < len(frames):
        yield frames.part(begin, len(frames))


def _columns(
    sources: Sequence[Source], format: Format, frames: FrameBatch, weighed: bool, names: Names, budget: Budget
) -> list[pyarrow.Array]:
    values: list[Any] = []
    records: list[Record] = []
    decoded_values: list[tuple[Any, int | None]] = []
    decoded = any(isinstance(source, CodecColumn) for source in sources)
    places = (frames.starts, frames.stops, frames.offsets, frames.indexes)
    for row, (start, stop, offset, index) in enumerate(zip(*(place.tolist() for place in places), strict=True)):
        record = Record(format, offset, frames.data[start:stop].tobytes(), index)
        if frames.carried is not None:
            record.carried = frames.carried[row]
        value = record.value
        values.append(value)
        records.append(record)
        if weighed:
            budget.take(budgets.weight(value))
        if decoded:
            reading = format.read(record)
            decoded_values.append((reading.payload, reading.codec))
            if reading.codec is not None:
                budget.take(budgets.weight(reading.payload))
    rules: Rules = None
    if format.calibrations is not None and any(isinstance(source, Member) for source in sources):
        applied = format.calibrations.applied(frames)
        rules = [applied.kinds[place] for place in applied.places.tolist()]
    return [_column(source, format, records, values, decoded_values, names, rules) for source in sources]


def _column(
    source: Source,
    format: Format,
    records: Sequence[Record],
    values: Sequence[Any],
    decoded_values: Sequence[tuple[Any, int | None]],
    names: Names,
    rules: Rules,
) -> pyarrow.Array:
    if isinstance(source, CodecColumn):
        return array_of(source.node, source.values(decoded_values), names)
    if isinstance(source, Member):
        return members_of([source], values, names, rules)[0]
    return source.array(format, records, names)
