"""The picking of frames as they come, of those that fit what is asked for.

Rules.  What stands once around the frames (a preamble, a trailer) is always meant: without it the others could not be
read.  `skip` and `limit` count the frames that fit all else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.events import Record

if TYPE_CHECKING:
    import numpy

    from sigflow.columns.frames import FrameBatch
    from sigflow.events import Event
    from sigflow.recording.selection.asked import Selection
    from sigflow.recording.selection.fitting import Fitting
    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]


class Picker:
    """Picks frames as they come.  State: how many are to be skipped yet, and how many to be picked.

    Raises `UsageError`, of which `ConditionError` is one, where what is asked for cannot be told of any format.
    """

    def __init__(self, wanted: Selection, formats: Sequence[Format]) -> None:
        self._skip = wanted.skip
        self._left = wanted.limit
        self._chosen: Fitting | None = None
        if not wanted.everything:
            # What this needs is loaded only where it is needed: commands begin sooner.
            from sigflow.recording.selection.fitting import Fitting

            self._chosen = Fitting(wanted, formats)

    @property
    def full(self) -> bool:
        """Whether no further frame will be picked."""
        return self._left == 0

    @property
    def everything(self) -> bool:
        """Whether every frame is picked."""
        return self._chosen is None

    def beyond(self, offset: int, index: int) -> bool:
        """Whether no frame that begins there, or later, is meant."""
        return self.full or (self._chosen is not None and self._chosen.beyond(offset, index))

    def stop(self, frames: FrameBatch, keep: Array) -> int | None:
        """From which of these frames on none is meant, after `keep` of them were picked; None where some may be."""
        if self.full:
            picked = keep.nonzero()[0]
            return int(picked[-1]) + 1 if len(picked) else 0
        return None if self._chosen is None else self._chosen.stop(frames)

    def fits(self, record: Record) -> bool:
        """Whether a frame fits, which does not count for `skip` and `limit`."""
        return self._chosen is None or self._chosen.stands_around(record.format) or self._chosen.of_one(record)

    def takes(self, record: Record) -> bool:
        """Whether this frame, the next of the stream, is picked."""
        chosen = self._chosen
        if chosen is None or chosen.stands_around(record.format):
            return True
        if not chosen.of_one(record):
            return False
        if self._skip:
            self._skip -= 1
            return False
        if self._left is not None:
            if not self._left:
                return False
            self._left -= 1
        return True

    def events(self, events: Iterable[Event]) -> Iterator[Event]:
        """These events without the frames that are not picked, up to where no further frame will be."""
        for event in events:
            if not isinstance(event, Record) or self.takes(event):
                yield event
            elif self.beyond(event.start, event.index):
                return

    def mask(self, frames: FrameBatch) -> Array:
        """Which of these frames, the next of the stream, are picked."""
        import numpy as np

        if self._chosen is None or not len(frames):
            return np.ones(len(frames), bool)
        keep, around = self._chosen.of_many(frames)
        if self._skip or self._left is not None:
            places = np.flatnonzero(keep & ~around)
            skipped = min(self._skip, len(places))
            taken = len(places) - skipped if self._left is None else min(self._left, len(places) - skipped)
            keep[places[:skipped]] = False
            keep[places[skipped + taken :]] = False
            self._skip -= skipped
            self._left = None if self._left is None else self._left - taken
        return keep

    def of(self, frames: FrameBatch) -> FrameBatch:
        """Those of these frames, the next of the stream, that are picked."""
        if self._chosen is None:
            return frames
        keep = self.mask(frames)
        return frames if keep.all() else frames.at(keep)

    def batches(self, batches: Iterable[FrameBatch]) -> Iterator[FrameBatch]:
        """The frames of these batches that are picked, up to where no further frame will be."""
        for frames in batches:
            picked = self.of(frames)
            if len(picked):
                yield picked
            if len(frames) and self.beyond(int(frames.offsets[-1]), int(frames.indexes[-1])):
                return
