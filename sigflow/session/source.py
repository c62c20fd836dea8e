"""One of the URIs that are received from, and what is counted of it over all of its streams."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sigflow.frozen import frozen

if TYPE_CHECKING:
    from sigflow.events import Stamp
    from sigflow.session.pipeline import Pipeline
    from sigflow.stream.format import Format
    from sigflow.transport import Address, Listener, Transport

#: What a line of the status has, in its order.
STATUS_KEYS = ("source", "received", "acknowledged", "frames", "gap_bytes", "lost", "dropped", "age_ms")
#: What is counted of a source.
COUNTS = ("received", "acknowledged", "frames", "gap_bytes", "lost", "dropped", "refused", "reconnects")


@frozen
class Origin:
    """What is received from, and how; None: as of the others.  formats, fallback: of its streams.  max_wait, overflow,
    reconnect: as in the settings of the ingestion.
    """

    uri: str
    formats: tuple[Format, ...] | None = None
    fallback: tuple[Format, ...] | None = None
    max_wait: float | None = None
    overflow: str | None = None
    reconnect: float | None = None


class Source:
    """One of the URIs, and what is counted of it over all of its streams.

    State: the streams that run, each with its transport; the counts of those that have ended.
    """

    def __init__(self, address: Address, origin: Origin | None = None) -> None:
        self.address = address
        self.origin = origin or Origin(address.text)
        self.running: dict[Pipeline, Transport | None] = {}
        self.listener: Listener | None = None
        self.ended = 0
        self._before = dict.fromkeys(COUNTS, 0)
        self._last: dict[str, int | None] = dict.fromkeys(("last_stamp", "frame_stamp"))

    def retire(self, pipeline: Pipeline) -> None:
        """A stream has ended: what is left of it is what was counted."""
        self._last = {name: self._latest(name) for name in self._last}
        _add(self._before, pipeline, self.running.pop(pipeline))
        self.ended += 1

    def counts(self) -> dict[str, int]:
        """What was counted of all streams."""
        counts = dict(self._before)
        for pipeline, opened in self.running.items():
            _add(counts, pipeline, opened)
        return counts

    def _latest(self, name: str) -> int | None:
        """The latest of such stamps, by the monotonic clock."""
        stamps: list[Stamp | None] = [getattr(pipeline, name) for pipeline in self.running]
        moments = [stamp.monotonic_ns for stamp in stamps if stamp is not None]
        return max([*moments, *([before] if (before := self._last[name]) is not None else [])], default=None)

    def status(self) -> dict[str, Any]:
        """What is said of it: the counts, and how old the last byte and the last frame are."""
        now = time.monotonic_ns()
        ages = [None if (last := self._latest(name)) is None else round((now - last) / 1e6, 3) for name in self._last]
        return {"source": self.address.text, **self.counts(), "age_ms": ages[0], "frame_age_ms": ages[1]}


def _add(counts: dict[str, int], pipeline: Pipeline, opened: Transport | None) -> None:
    """Add what was counted of a stream."""
    statistics = pipeline.statistics
    told = opened.describe() if opened is not None else {}
    counts["received"] += pipeline.writer.offset
    counts["acknowledged"] += pipeline.writer.acknowledged
    counts["frames"] += statistics.frames
    counts["gap_bytes"] += statistics.gap_bytes
    counts["lost"] += statistics.sequence["lost"]
    counts["dropped"] += told.get("dropped", 0)
    counts["refused"] += pipeline.refused
    counts["reconnects"] += told.get("reconnects", 0)
