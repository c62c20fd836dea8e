"""One native pass over a storage, as `run.Run` is one of a decoder.

Strategy.  The native scan gives rows, not objects.  For who iterates, a record is made of each row; for a verdict only
of those whose record may have something to say.  What a verdict lists is kept as rows too, and made into gaps and
findings when somebody looks: a capture with many thousand faults is judged as fast as a sound one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from sigflow.engine.events import RowEvents
from sigflow.recording.batches import BYTES, SIZE, merged
from sigflow.recording.native_rows import NativeRows
from sigflow.recording.native_verdict import NativeVerdict
from sigflow.recording.report import LONGEST
from sigflow.stream.sink import Between, OpenGap, idle_most

if TYPE_CHECKING:
    from sigflow.columns.frames import FrameBatch
    from sigflow.events import Event
    from sigflow.recording.diagnosis import Budget


class NativeRun(NativeRows):
    """A pass over a storage that can be read again; once only.  As `run.AnyRun`."""

    def frames(self, size: int = SIZE) -> Iterator[FrameBatch]:
        """The frames as arrays, at most `size` at a time."""
        return merged(
            chain.from_iterable(self.framed(batch, index, size, BYTES) for batch, index in self.batches()), size
        )

    def verdict(self, longest: int = LONGEST, budget: Budget | None = None) -> NativeVerdict:
        """A verdict on this pass."""
        return NativeVerdict(self, longest, budget)

    def events(self) -> Iterator[Event]:
        """The events in the order of the stream."""
        return chain.from_iterable(self._events())

    def _events(self) -> Iterator[Iterable[Event]]:
        between = Between(OpenGap([format.name for format in self.formats]), idle_most(self.formats))
        told = RowEvents(self.ordered, self.reasons, between, self._bytes)
        for batch, index in self.batches():
            yield from told.pieces(batch, index, self.shown(batch, index))
        out: list[Event] = []
        between.close(out)
        yield out
        yield self.ended()
