"""What is so of an ingestion now, as plain data, for who looks on from another thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sigflow.events import Stamp
    from sigflow.session.handling import HandlerSink
    from sigflow.session.outlet import Outlet
    from sigflow.session.source import Source
    from sigflow.watch.handlers.running import Counts

#: Seconds that a busy loop is waited for, before what it said last is told.
WAIT = 2.0


class MeasuredSource(NamedTuple):
    """Of a source, over all of its streams.  counts: `source.COUNTS`.  by_format: frames and bytes.  refusals: gaps by
    the reasons in them; refused_bytes: bytes of gaps by one reason each.  streams, ended: how many come in now, and
    have ended.  last_frame: when that came in.
    """

    source: str
    counts: dict[str, int]
    by_format: dict[str, Counter[str]]
    refusals: Counter[str]
    refused_bytes: Counter[str]
    streams: int
    ended: int
    last_frame: Stamp | None


class MeasuredSink(NamedTuple):
    """Of a sink.  behind_frames: of the streams that run, those that it does not have for good."""

    sink: str
    waiting_bytes: int
    behind_frames: int
    failed: bool


class Measured(NamedTuple):
    """Of all.  handlers: name, counts, whether it is switched off.  alarms: of each rule its name and level, and how
    many alarms there are by their state, and whether that is raised.
    """

    sources: tuple[MeasuredSource, ...]
    sinks: tuple[MeasuredSink, ...] = ()
    handlers: tuple[tuple[str, Counts, bool], ...] = ()
    alarms: tuple[tuple[str, str, dict[tuple[str, bool], int]], ...] = ()


def measured(sources: Sequence[Source], outlets: Sequence[Outlet], handling: Sequence[HandlerSink]) -> Measured:
    """What is so now.  To be called in the loop."""
    running = [pipeline for source in sources for pipeline in source.running]
    frames = {pipeline.number: pipeline.statistics.frames for pipeline in running}
    sinks = tuple(
        MeasuredSink(
            outlet.sink.name,
            outlet.waiting,
            sum(max(count - outlet.sink.position(number), 0) for number, count in frames.items()),
            outlet.error is not None,
        )
        for outlet in outlets
    )
    handlers = tuple((sink.handler.name, sink.counts, bool(sink.off)) for sink in handling)
    alarms = tuple(told for outlet in outlets for told in getattr(outlet.sink, "standing", tuple)())
    return Measured(tuple(source.measured() for source in sources), sinks, handlers, alarms)


class Asking:
    """Asks the loop from another thread.  State: what it said last."""

    def __init__(self, loop: asyncio.AbstractEventLoop, measure: Callable[[], Measured]) -> None:
        self._loop, self._measure = loop, measure
        self._last: Measured | None = None

    def __call__(self) -> Measured | None:
        """What is so now, or was when the loop had time."""
        answer: concurrent.futures.Future[Measured] = concurrent.futures.Future()

        def measure() -> None:
            try:
                answer.set_result(self._measure())
            except BaseException as error:
                answer.set_exception(error)

        try:
            self._loop.call_soon_threadsafe(measure)
            self._last = answer.result(WAIT)
        except (RuntimeError, TimeoutError):  # it has ended, or is busy
            pass
        return self._last
