"""The counters of a native pass tell what the trackers tell alone, however often they hand a frame to each other."""

from __future__ import annotations

import random
from typing import Any

import pytest

from sigflow.stream import sequence as module
from tests.counters import KINDS, STREAMS, by_native, by_tracker, told, values


def counters_of(rng: random.Random, kind: tuple[int, int], streams: int, count: int = 300) -> list[tuple[int, int]]:
    """Counters of some streams, mixed."""
    mine = {stream: iter(values(rng, *kind, count)) for stream in STREAMS}
    return [(stream, next(mine[stream])) for stream in (rng.choice(STREAMS[:streams]) for _ in range(count))]


@pytest.mark.filterwarnings("ignore:overflow")  # the kernel counts beyond 63 bits, as machine code does
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(12))
def test_counters_tell_what_trackers_tell(kind: tuple[int, int], seed: int) -> None:
    rng = random.Random(f"{kind} {seed}")
    counters = counters_of(rng, kind, 1 + seed % 3)
    for window in (1024, rng.choice((1, 3, 40))):
        events, counts = by_tracker(counters, *kind, window)
        assert by_native(counters, *kind, window)[0] == events
        assert told(*by_native(counters, *kind, window)) == told(events, counts)


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("seed", range(8))
def test_the_stream_longest_unseen_is_forgotten(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STREAMS", 5)
    rng = random.Random(seed)
    streams = [rng.randrange(12) for _ in range(400)]
    nexts = dict.fromkeys(range(12), 0)
    counters = []
    for stream in streams:
        nexts[stream] += rng.choice((1, 1, 1, 2, 0, 5000))
        counters.append((stream, nexts[stream] % 65536))
    events, counts = by_tracker(counters, 1 << 16, 1)
    assert by_native(counters, 1 << 16, 1, size=rng.choice((1, 7, 500)))[0] == events
    # A stream seen more than five others ago begins anew, and shows nothing.
    shown = {event.offset // 10: event for event in events}
    for place, stream in enumerate(streams):
        before = next((n for n in range(place - 1, -1, -1) if streams[n] == stream), None)
        if before is not None and len(set(streams[before + 1 : place])) >= 5:
            assert place not in shown or "belongs nowhere" in str(shown[place])
    assert counts.lost > 0


def test_repeated_frames_are_told_natively() -> None:
    """A capture in which every frame comes twice and some are lost or late is not counted frame by frame."""
    kept = [value for value in range(1, 501) if value % 50 != 10]
    kept[20:400] = [frame for n in range(20, 400, 2) for frame in (kept[n + 1], kept[n])]
    counters = [(0, value) for value in kept for _ in range(2)]
    asked: list[Any] = []
    _, counts = by_native(counters, 1 << 32, 1, asked=asked, size=2000)
    assert (counts.duplicate, counts.lost, asked) == (490, 10, [0])
