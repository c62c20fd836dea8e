"""One of the URIs that are received from, and what is counted of it over all of its streams."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from sigflow.frozen import frozen
from sigflow.session.measuring import MeasuredSource

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
        self._formats: dict[str, Counter[str]] = {}
        self._refusals: Counter[str] = Counter()
        self._refused_bytes: Counter[str] = Counter()
        self._last: dict[str, Stamp | None] = dict.fromkeys(("last_stamp", "frame_stamp"))

    def retire(self, pipeline: Pipeline) -> None:
        """A stream has ended: what is left of it is what was counted."""
        self._last = {name: self._latest(name) for name in self._last}
        _add(self._before, pipeline, self.running.pop(pipeline))
        _add_formats(self._formats, pipeline)
        self._refusals.update(pipeline.refusals)
        self._refused_bytes.update(pipeline.refused_bytes)
        self.ended += 1

    def counts(self) -> dict[str, int]:
        """What was counted of all streams."""
        counts = dict(self._before)
        for pipeline, opened in self.running.items():
            _add(counts, pipeline, opened)
        return counts

    def _latest(self, name: str) -> Stamp | None:
        """The latest of such stamps, by the monotonic clock."""
        stamps: list[Stamp | None] = [self._last[name], *(getattr(pipeline, name) for pipeline in self.running)]
        return max((stamp for stamp in stamps if stamp is not None), key=lambda stamp: stamp.monotonic_ns, default=None)

    def measured(self) -> MeasuredSource:
        """What is so of it now."""
        formats = {name: Counter(counts) for name, counts in self._formats.items()}
        refusals, refused_bytes = Counter(self._refusals), Counter(self._refused_bytes)
        for pipeline in self.running:
            _add_formats(formats, pipeline)
            refusals.update(pipeline.refusals)
            refused_bytes.update(pipeline.refused_bytes)
        return MeasuredSource(
            self.address.text,
            self.counts(),
            formats,
            refusals,
            refused_bytes,
            len(self.running),
            self.ended,
            self._latest("frame_stamp"),
        )

    def status(self) -> dict[str, Any]:
        """What is said of it: the counts, and how old the last byte and the last frame are."""
        now = time.monotonic_ns()
        stamps = [self._latest(name) for name in self._last]
        ages = [None if stamp is None else round((now - stamp.monotonic_ns) / 1e6, 3) for stamp in stamps]
        return {"source": self.address.text, **self.counts(), "age_ms": ages[0], "frame_age_ms": ages[1]}


def _add_formats(formats: dict[str, Counter[str]], pipeline: Pipeline) -> None:
    """Add the frames of a stream, and their bytes, by formats."""
    for name, taken in pipeline.statistics.by_format.items():
        formats.setdefault(name, Counter()).update(taken)


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
