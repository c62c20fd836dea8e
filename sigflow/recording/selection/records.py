"""A frame of an array as a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow.events import Record

if TYPE_CHECKING:
    from sigflow.columns.frames import FrameBatch
    from sigflow.stream.format import Format


def record_of(format: Format, frames: FrameBatch, row: int) -> Record:
    """The record of a row."""
    start, stop = int(frames.starts[row]), int(frames.stops[row])
    raw = frames.data[start:stop].tobytes()
    return Record(format, int(frames.offsets[row]), raw, int(frames.indexes[row]))
