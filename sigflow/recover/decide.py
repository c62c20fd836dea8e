"""What becomes of each stretch of a stream: written, or left out.  A pure function of the events and the mode.

Between two gaps the frames are one run of bytes, with what is idle between them: idle bytes are written wherever
frames would be.  What is left out is told once the frame after it is known, or the
stream has ended, since that frame is its neighbour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sigflow.events import Event, Gap, Idle, Record, Span
from sigflow.quarantine import Neighbour, RefusedRange, SpecUsed

if TYPE_CHECKING:
    from sigflow.diagnostics import Finding

#: Which good frames are written: all; those before the first gap; those after the last; all, but only on paper.
MODES = ("all", "before", "after", "report")
#: The reason of good frames that are not written.
LEFT_OUT = "left-out"


class Anew:
    """What was to be written so far is not: the output begins anew."""


ANEW = Anew()
#: A frame or idle bytes to be written, a stretch that is left out, or the output begins anew.
Decision = Record | Idle | RefusedRange | Anew
Judge = Callable[[Event], "Sequence[Finding]"]


def decide(
    events: Iterable[Event], mode: str, *, name: str, specs: tuple[SpecUsed, ...], judge: Judge = lambda event: ()
) -> Iterator[Decision]:
    """The decisions, in the order of the stream.  The stretches do not say yet of which capture they are.

    judge: is given each event, and gives its diagnostics.
    """
    waiting: list[RefusedRange] = []
    last: Record | None = None
    run: int | None = None  # where the open run of frames begins
    before: Neighbour | None = None  # the frame before it
    damaged = False

    def left_out(start: int, stop: int) -> RefusedRange:
        return RefusedRange("", name, Span(start, stop), (LEFT_OUT,), specs, before=before)

    for event in events:
        findings = judge(event)
        if isinstance(event, Record):
            if run is None:
                run, before = event.start, neighbour(last)
                yield from followed(waiting, neighbour(event))
            last = event
            if mode != "before" or not damaged:
                yield event
        elif isinstance(event, Idle):
            if mode != "before" or not damaged:
                yield event
        elif isinstance(event, Gap):
            if run is not None and last is not None:
                if mode == "after":
                    yield ANEW
                if mode == "after" or (mode == "before" and damaged):
                    waiting.append(left_out(run, last.stop))
            run, damaged = None, True
            waiting.append(
                RefusedRange("", name, event.span, event.reasons, specs, tuple(findings), before=neighbour(last))
            )
    if mode == "before" and damaged and run is not None and last is not None:
        waiting.append(left_out(run, last.stop))
    yield from followed(waiting, None)


def without(events: Iterable[Event], fits: Callable[[Record], bool], judge: Judge) -> Iterator[Event]:
    """These events with the frames that do not fit as stretches to be left out, of which those side by side are one.

    judge: is given these frames; of the stretches it has nothing to say.
    """
    start = stop = 0
    for event in events:
        if isinstance(event, Record) and not fits(event):
            judge(event)
            if start < stop < event.start:
                yield Gap(Span(start, stop), (LEFT_OUT,))
            start, stop = (start if start < stop == event.start else event.start), event.stop
            continue
        if start < stop and isinstance(event, Record | Gap | Idle):
            yield Gap(Span(start, stop), (LEFT_OUT,))
            start = stop
        yield event
    if start < stop:
        yield Gap(Span(start, stop), (LEFT_OUT,))


def is_unwanted(event: Event) -> bool:
    """Whether this is a stretch of frames that do not fit."""
    return isinstance(event, Gap) and event.reasons == (LEFT_OUT,)


def followed(waiting: list[RefusedRange], after: Neighbour | None) -> Iterator[RefusedRange]:
    """What waited for the frame after it."""
    for refused in waiting:
        yield replace(refused, after=after)
    waiting.clear()


def neighbour(record: Record | None) -> Neighbour | None:
    """A record as the neighbour of a stretch."""
    if record is None:
        return None
    return Neighbour(record.format, record.start, record.stop, record.index, record.sequence)
