"""Notes on idle bytes (`idle-doubtful`) from the rows of a native pass, as `sigflow.stream.sink.Between` gives them.

State: the idle bytes that end with the last row, which may go on, or touch a gap, in the next batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sigflow.stream.sink import doubt, idle_most

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy

    from sigflow.events import Event
    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]


class IdleNotes:
    """The notes on idle bytes, batch by batch."""

    def __init__(self, formats: Sequence[Format]) -> None:
        self._most = idle_most(formats)
        self._stop, self._was_idle = -1, False  # the last row: its end, and whether it is idle
        self._open: tuple[int, int, bool] | None = None  # start and stop, and whether they touch a gap

    def of(self, starts: Array, stops: Array, idle: Array) -> list[Event]:
        """The notes on idle bytes that ended meanwhile.  idle: which rows are, the others are pieces of gaps."""
        import numpy

        if not len(starts) or not (idle.any() or self._open is not None):
            if len(starts):
                self._stop, self._was_idle = int(stops[-1]), False
            return []
        adjacent = starts == numpy.concatenate([[self._stop], stops[:-1]])
        behind_idle = numpy.concatenate([[self._was_idle], idle[:-1]])
        touches = adjacent & ~behind_idle
        touches[:-1] |= adjacent[1:] & ~idle[1:]
        notes: list[Event] = []
        if self._open is not None and not (adjacent[0] and idle[0]):
            start, stop, had = self._open
            notes += self._note(start, stop, had or bool(adjacent[0]))
            self._open = None
        self._stop, self._was_idle = int(stops[-1]), bool(idle[-1])
        rows = numpy.flatnonzero(idle)
        if not len(rows):
            return notes
        first, last, touched = starts[rows], stops[rows], touches[rows]
        begins = numpy.flatnonzero(numpy.concatenate([[True], first[1:] != last[:-1]]))
        ends = numpy.concatenate([begins[1:], [len(rows)]]) - 1
        first, last, touched = first[begins], last[ends], numpy.logical_or.reduceat(touched, begins)
        if self._open is not None:
            first[0], touched[0] = self._open[0], touched[0] | self._open[2]
            self._open = None
        if self._was_idle:
            self._open = int(first[-1]), int(last[-1]), bool(touched[-1])
            first, last, touched = first[:-1], last[:-1], touched[:-1]
        for n in numpy.flatnonzero(touched | (last - first > self._most)).tolist():
            notes += self._note(int(first[n]), int(last[n]), bool(touched[n]))
        return notes

    def end(self) -> list[Event]:
        """Those on what is open when the stream ends."""
        if self._open is None:
            return []
        start, stop, touches = self._open
        self._open = None
        return self._note(start, stop, touches)

    def _note(self, start: int, stop: int, touches: bool) -> list[Event]:
        if not touches and stop - start <= self._most:
            return []
        return [doubt(start, stop, self._most, touches=touches)]
