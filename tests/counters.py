"""Counters as they come from wires on which frames are lost, repeated, late, and devices begin anew; and what the
trackers, the native engine and the reference say of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy

from sigflow.engine import follow
from sigflow.engine.counters import CounterEvents, Counters
from sigflow.engine.passes import Batch
from sigflow.events import Event, Loss, Note
from sigflow.limits import Limits
from sigflow.runtime import envelope as model
from sigflow.stream.sequence import Counts, Tracker, ended

#: Modulus and step of the counters that are tried.
KINDS = [
    (256, 1), (256, 4), (100, 1), (1 << 16, 1), (1 << 32, 3), (1 << 64, 1), (1 << 64, 7), (8, 1), (1 << 14, 2),
    (16, 1), (2, 1), (1 << 32, 1), (1 << 14, 1),
]  # fmt: skip
#: How the reference calls what a note says.
NAMES = {
    "sequence-duplicate": "duplicate",
    "sequence-reordered": "late",
    "sequence-restarted": "restart",
    "sequence-stray": "stray",
}
#: Streams that are told apart, by their ids.
STREAMS = (0, 7, 300)


def values(rng: random.Random, modulus: int, step: int, count: int = 300) -> list[int]:
    """So many counters."""
    counters: list[int] = []
    value = rng.choice((0, 1, modulus // 2, modulus - 5 * step, (1 << 63) - 9)) % modulus
    trouble = rng.choice((0.1, 0.4, 1.0))
    while len(counters) < count:
        kind = rng.random() / trouble
        counters.append(value)
        if kind < 0.1:
            value += step * rng.choice((1, 2, 5, 900, 1023, 1024, 1025, 3000, modulus // step // 2))  # lost
        elif kind < 0.2:
            counters += counters[-1:] * rng.randrange(1, 4)  # repeated at once
        elif kind < 0.3:
            counters += counters[-rng.randrange(1, 9) :]  # repeated later
        elif kind < 0.36:
            counters[-3:] = rng.sample(counters[-3:], len(counters[-3:]))
        elif kind < 0.4:
            value = -step  # begins anew
        elif kind < 0.42:
            value = rng.randrange(modulus)
        elif kind < 0.46:
            counters.append(rng.randrange(modulus))  # a stray
        value = (value + step) % modulus
    return counters[:count]


def told(events: Sequence[Event], counts: Counts) -> tuple[list[tuple[Any, ...]], dict[str, int]]:
    """Events and totals in the reference's words; offsets are ten times the index."""
    said: list[tuple[Any, ...]] = []
    for event in events:
        if isinstance(event, Loss):
            said.append(("loss", event.offset // 10, event.count))
        elif isinstance(event, Note) and event.code in NAMES:
            said.append((NAMES[event.code], event.offset // 10))
    names = {"lost": "lost", "duplicate": "duplicate", "reordered": "late", "restarts": "restart", "strays": "stray"}
    return said, {names[key]: count for key, count in counts.tree().items()}


def by_tracker(
    counters: Sequence[tuple[Any, int]], modulus: int, step: int, window: int = 1024
) -> tuple[list[Event], Counts]:
    """What the Python tracker says of (stream, counter) in the order of the frames."""
    counts, out = Counts(), list[Event]()
    tracker = Tracker("f", model.Sequence("n", modulus, step), counts, window)
    for place, (stream, value) in enumerate(counters):
        tracker.follow(stream, value, 10 * place, out)
    return [*out, *ended([tracker])], counts


def signed(value: int) -> int:
    """64 bits as two's complement."""
    return value - (1 << 64) if value >> 63 else value


def by_native(
    counters: Sequence[tuple[int, int]],
    modulus: int,
    step: int,
    window: int | None = None,
    entry: Callable[..., int] = follow.follow,
    size: int = 70,
    asked: list[int] | None = None,
) -> tuple[list[Event], Counts]:
    """The same natively, in batches of `size` frames.  asked: gets the frames that the trackers decided."""
    sequence = model.Sequence("n", modulus, step)
    format: Any = SimpleNamespace(
        name="f",
        envelope=SimpleNamespace(decode=SimpleNamespace(sequence=sequence)),
        stream_of=lambda record: record.stream,
        limits=Limits(reorder=window),
    )
    native = Counters([format], [True], entry)
    rows = [(10 * n, 10 * n + 10, signed(value), stream) for n, (stream, value) in enumerate(counters)]
    events: list[Event] = []
    for first in range(0, len(rows), size):
        base = 10 * first
        frames = numpy.array(rows[first : first + size], numpy.int64).reshape(-1, 4)
        frames[:, :2] -= base
        batch = Batch(frames, numpy.zeros((len(frames), 2), numpy.int64), *[frames] * 3, base)

        def record(row: int, first: int = first) -> Any:
            if asked is not None:
                asked.append(first + row)
            stream, value = counters[first + row]
            return SimpleNamespace(stream=stream, sequence=value, start=10 * (first + row), value=None)

        for _, shown in native.over(batch, record):
            events += shown.events() if isinstance(shown, CounterEvents) else shown
    return [*events, *native.end()], native.counts
