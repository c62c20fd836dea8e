"""Sequence accounting: loss, duplicates, reordering, restarts, with the counter's range; bounded memory."""

from __future__ import annotations

import random
from typing import Any

import pytest

from sigflow.events import Event, Loss, Note
from sigflow.runtime.envelope import Sequence
from sigflow.stream import sequence as module
from sigflow.stream.sequence import Counts, Tracker


def follow(values: list[int], modulus: int = 256, step: int = 1) -> tuple[list[Any], tuple[int, int, int]]:
    """What is told of these counter values, and lost, duplicate, reordered in the end."""
    counts = Counts()
    tracker = Tracker("f", Sequence("n", modulus, step), counts)
    out: list[Event] = []
    for offset, value in enumerate(values):
        tracker.follow(None, value, offset, out)
    told = [
        ("lost", each.count, each.expected, each.found) if isinstance(each, Loss) else each.code
        for each in out
        if isinstance(each, Loss | Note)
    ]
    return told, (counts.lost, counts.duplicate, counts.reordered)


DUPLICATE, REORDERED, RESTARTED = "sequence-duplicate", "sequence-reordered", "sequence-restarted"

CASES = [
    ([5, 6, 7], 256, 1, [], (0, 0, 0)),
    ([254, 255, 0, 1], 256, 1, [], (0, 0, 0)),
    ([1, 4], 256, 1, [("lost", 2, 2, 4)], (2, 0, 0)),
    ([254, 1], 256, 1, [("lost", 2, 255, 1)], (2, 0, 0)),
    ([1, 1, 2], 256, 1, [DUPLICATE], (0, 1, 0)),
    ([1, 2, 3, 2, 4], 256, 1, [DUPLICATE], (0, 1, 0)),
    ([1, 3, 2, 4], 256, 1, [("lost", 1, 2, 3), REORDERED], (0, 0, 1)),
    ([1, 3, 2, 2, 4], 256, 1, [("lost", 1, 2, 3), REORDERED, DUPLICATE], (0, 1, 1)),
    ([1, 6, 3, 4, 5, 2, 7], 256, 1, [("lost", 4, 2, 6), *[REORDERED] * 4], (0, 0, 4)),
    ([254, 2, 0, 255, 1], 256, 1, [("lost", 3, 255, 2), *[REORDERED] * 3], (0, 0, 3)),
    ([10, 12, 14], 256, 2, [], (0, 0, 0)),
    ([10, 16], 256, 2, [("lost", 2, 12, 16)], (2, 0, 0)),
    ([10, 16, 14, 13], 256, 2, [("lost", 2, 12, 16), REORDERED, DUPLICATE], (1, 1, 1)),
    ([100000, 0, 1], 1 << 32, 1, [RESTARTED], (0, 0, 0)),
    ([100, 0, 1], 256, 1, [RESTARTED], (0, 0, 0)),
    ([0, 100000], 1 << 64, 1, [("lost", 99999, 1, 100000)], (99999, 0, 0)),
    ([1, 3, 100, 2], 256, 1, [("lost", 1, 2, 3), ("lost", 96, 4, 100), RESTARTED], (97, 0, 0)),
    ([0, 1, 1], 2, 1, [RESTARTED], (0, 0, 0)),  # a counter of one bit tells nothing back from ahead
]


@pytest.mark.parametrize(("values", "modulus", "step", "told", "counts"), CASES)
def test_what_is_told(values: list[int], modulus: int, step: int, told: list[Any], counts: tuple[int, ...]) -> None:
    assert follow(values, modulus, step) == (told, counts)


def test_notes_say_which_stream_and_where() -> None:
    tracker = Tracker("f", Sequence("n", 256), Counts())
    out: list[Event] = []
    for stream in (7, "b"):
        tracker.follow(stream, 1, 0, out)
    tracker.follow(7, 1, 42, out)
    (note,) = out
    assert isinstance(note, Note)
    assert (note.offset, note.format, note.message) == (42, "f", "counter 1 was there before in stream 7")


@pytest.mark.parametrize("seed", range(20))
def test_losses_and_stragglers_add_up(seed: int) -> None:
    """Shuffled a little and thinned out: what is lost in the end is what never came."""
    rng = random.Random(seed)
    sent = list(range(1, 200))
    kept = [value for value in sent if rng.random() < 0.9]
    late = sorted(kept, key=lambda value: value + rng.choice((0, 0, 0, 5)))
    if late[0] != min(late):
        late = [0, *late]
    _, (lost, duplicate, reordered) = follow(late, 1 << 16)
    assert lost == max(late) - min(late) + 1 - len(late)
    assert duplicate == 0 and (reordered > 0) == (late != sorted(late))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STREAMS", 10)
    monkeypatch.setattr(module, "MISSING", 3)
    tracker = Tracker("f", Sequence("n", 1 << 32), Counts())
    out: list[Event] = []
    for stream in range(50):
        for value in range(0, 40, 2):
            tracker.follow(stream, value, 0, out)
    assert list(tracker.expected) == list(range(40, 50))
    assert all(len(missing) == 3 for missing in tracker._missing.values()) and len(tracker._missing) == 10
    tracker.follow(0, 17, 0, out)  # forgotten: it begins anew
    assert tracker.expected[0] == 18
