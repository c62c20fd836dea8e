"""The counters of a native pass tell what the trackers tell alone, however often they hand a frame to each other."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy
import pytest

from sigflow.engine import follow
from sigflow.engine.counters import Counters, Shown
from sigflow.engine.passes import Batch
from sigflow.events import Event
from sigflow.runtime.envelope import Sequence
from sigflow.stream.sequence import Counts, Tracker

#: Modulus and step of the counters that are tried.
KINDS = [(256, 1), (256, 4), (100, 1), (1 << 16, 1), (1 << 32, 3), (1 << 64, 1), (1 << 64, 7), (8, 1), (1 << 14, 2)]
STREAMS = (0, 7, 300)


def values(rng: random.Random, modulus: int, step: int) -> list[int]:
    """Counters as they come from a wire on which frames are lost, repeated and shuffled, and counters begin anew."""
    found, value = [], rng.choice((0, 1, modulus // 2, modulus - 5 * step, (1 << 63) - 9)) % modulus
    while len(found) < 300:
        kind = rng.random()
        found.append(value)
        if kind < 0.1:
            value += step * rng.choice((1, 2, 5, 900, 3000))  # lost
        elif kind < 0.2:
            found += found[-1:] * rng.randrange(1, 4)  # repeated at once
        elif kind < 0.3:
            found += found[-rng.randrange(1, 9) :]  # repeated later
        elif kind < 0.35:
            found[-3:] = rng.sample(found[-3:], len(found[-3:]))
        elif kind < 0.37:
            value = rng.randrange(modulus)
        elif kind < 0.4:
            found.append(rng.randrange(modulus + 20) % (1 << 64))
        value = (value + step) % modulus
    return found


def signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


@pytest.mark.filterwarnings("ignore:overflow")  # the kernel counts beyond 63 bits, as machine code does
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(12))
def test_counters_tell_what_trackers_tell(kind: tuple[int, int], seed: int) -> None:
    rng = random.Random(f"{kind} {seed}")
    sequence = Sequence("n", *kind)
    of_stream = {stream: iter(values(rng, *kind)) for stream in STREAMS}
    frames = [(rng.choice(STREAMS[: 1 + seed % 3])) for _ in range(300)]
    told = [(stream, next(of_stream[stream])) for stream in frames]

    counts, theirs = Counts(), list[Event]()
    tracker = Tracker("f", sequence, counts)
    for place, (stream, value) in enumerate(told):
        tracker.follow(stream, value, 10 * place, theirs)

    format: Any = SimpleNamespace(
        name="f", envelope=SimpleNamespace(sequence=sequence), stream_of=lambda record: record.stream
    )
    counters = Counters([format], [True], follow.follow)
    rows = numpy.array([(10 * n, 10 * n + 10, signed(value), stream) for n, (stream, value) in enumerate(told)])
    ours: list[Event] = []
    for first in range(0, len(rows), 70):
        batch = Batch(
            rows[first : first + 70], numpy.zeros((len(rows[first : first + 70]), 2), numpy.int64), *[rows] * 3, 0
        )

        def record(row: int, first: int = first) -> Any:
            stream, value = told[first + row]
            return SimpleNamespace(stream=stream, sequence=value, start=10 * (first + row))

        for row, shown in counters.over(batch, record):
            found = list(shown.events()) if isinstance(shown, Shown) else shown
            assert found[0].offset == 10 * (first + row)  # type: ignore[attr-defined]
            ours += found
    assert ours == theirs
    assert [getattr(counters.counts, each) for each in Counts.__slots__] == [
        getattr(counts, each) for each in Counts.__slots__
    ]


def test_repeated_frames_are_told_natively() -> None:
    """A capture in which every frame comes twice and some are lost or late is not counted frame by frame."""
    format: Any = SimpleNamespace(
        name="f", envelope=SimpleNamespace(sequence=Sequence("n", 1 << 32)), stream_of=lambda record: record.stream
    )
    counters = Counters([format], [True], follow.follow)
    kept = [value for value in range(500) if value % 50 != 10]
    kept[20:400] = [each for n in range(20, 400, 2) for each in (kept[n + 1], kept[n])]
    rows = numpy.array([(n, n + 1, value, 0) for n, value in enumerate(each for each in kept for _ in range(2))])
    asked = []

    def record(row: int) -> Any:
        asked.append(row)
        return SimpleNamespace(stream=0, sequence=int(rows[row, 2]), start=row)

    batch = Batch(rows, numpy.zeros((len(rows), 2), numpy.int64), *[rows] * 3, 0)
    assert len(list(counters.over(batch, record))) <= 3
    assert (counters.counts.duplicate, counters.counts.lost) == (490, 10)
    assert asked == [0]
