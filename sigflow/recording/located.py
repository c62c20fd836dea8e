"""Single frames of a recording: by number, offset, time or counter; at once where there is an index, else by reading.

What each gives is said by the method of `Recording` of its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sigflow.events import Record

if TYPE_CHECKING:
    from sigflow.recording.recording import Recording


def frame(recording: Recording, number: int) -> Record:
    """As `Recording.frame`."""
    places = recording.places()
    if places is not None:
        return places.frame(number)
    record = next((record for record in _everything(recording) if record.index == number), None)
    if record is None:
        raise IndexError(f"{recording.name}: there is no frame {number}")
    return record


def frame_at(recording: Recording, offset: int) -> Record | None:
    """As `Recording.frame_at`."""
    places = recording.places()
    if places is not None:
        return places.at(offset)
    return next((record for record in _everything(recording) if offset in record.span), None)


def first_since(recording: Recording, time: int) -> Record | None:
    """As `Recording.first_since`."""
    places = recording.places()
    if places is not None:
        return places.since(time)
    records = _everything(recording)
    return next((record for record in records if record.time is not None and record.time >= time), None)


def counted(recording: Recording, counter: int, stream: object, format: str | None) -> Iterator[Record]:
    """As `Recording.counted`."""
    places = recording.places()
    if places is not None:
        return places.counted(counter, stream, format)
    formats = {own.name: own for own in recording.formats}
    return (
        record
        for record in _everything(recording)
        if record.sequence == counter
        and format in (None, record.format)
        and formats[record.format].stream_of(record) == stream
    )


def _everything(recording: Recording) -> Iterator[Record]:
    """All records, whatever is selected."""
    return (event for event in recording.run().events() if isinstance(event, Record))
