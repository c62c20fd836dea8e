"""Sequence accounting: losses, duplicates, late frames, restarts, strays, with the counter's range; bounded memory."""

from __future__ import annotations

import random
from typing import Any

import pytest

from sigflow.diagnostics import Severity
from sigflow.errors import UsageError
from sigflow.events import Event, Loss, Note
from sigflow.limits import Limits
from sigflow.runtime.envelope import Sequence
from sigflow.stream import sequence as module
from sigflow.stream.sequence import Counts, Tracker
from tests import reference as kit
from tests.counters import KINDS, by_tracker, told, values


def follow(counters: list[int], modulus: int = 256, step: int = 1) -> tuple[list[Any], tuple[int, ...]]:
    """What is told of these counters, and what is lost, duplicate, reordered, restarts, strays in the end."""
    events, counts = by_tracker([(None, value) for value in counters], modulus, step)
    said = [
        ("lost", event.count, event.expected, event.found) if isinstance(event, Loss) else event.code
        for event in events
        if isinstance(event, Loss | Note)
    ]
    return said, tuple(counts.tree().values())


DUPLICATE, REORDERED, RESTARTED, STRAY = (
    "sequence-duplicate", "sequence-reordered", "sequence-restarted", "sequence-stray"
)  # fmt: skip
BIG = 1 << 14

CASES = {
    "in order": ([5, 6, 7], 256, 1, [], (0, 0, 0, 0, 0)),
    "the counter wraps": ([254, 255, 0, 1], 256, 1, [], (0, 0, 0, 0, 0)),
    "lost": ([1, 4], 256, 1, [("lost", 2, 2, 4)], (2, 0, 0, 0, 0)),
    "lost across the wrap": ([254, 1], 256, 1, [("lost", 2, 255, 1)], (2, 0, 0, 0, 0)),
    "twice at once": ([1, 1, 2], 256, 1, [DUPLICATE], (0, 1, 0, 0, 0)),
    "twice later": ([1, 2, 3, 2, 4], 256, 1, [DUPLICATE], (0, 1, 0, 0, 0)),
    "late": ([1, 3, 2, 4], 256, 1, [("lost", 1, 2, 3), REORDERED], (0, 0, 1, 0, 0)),
    "late and twice": ([1, 3, 2, 2, 4], 256, 1, [("lost", 1, 2, 3), REORDERED, DUPLICATE], (0, 1, 1, 0, 0)),
    "all late": ([1, 6, 3, 4, 5, 2, 7], 256, 1, [("lost", 4, 2, 6), *[REORDERED] * 4], (0, 0, 4, 0, 0)),
    "late across the wrap": ([254, 2, 255, 0, 1, 3], 256, 1, [("lost", 3, 255, 2), *[REORDERED] * 3], (0, 0, 3, 0, 0)),
    "steps of two": ([10, 12, 14], 256, 2, [], (0, 0, 0, 0, 0)),
    "steps of two, lost": ([10, 16], 256, 2, [("lost", 2, 12, 16)], (2, 0, 0, 0, 0)),
    "between two steps": ([10, 16, 13, 18], 256, 2, [("lost", 2, 12, 16), STRAY], (2, 0, 0, 0, 1)),
    "behind, and never seen": (
        [*range(1000, 1014), 900, *range(1014, 1020)], BIG, 1, [REORDERED], (0, 0, 1, 0, 0),
    ),
    "a device that begins anew": ([*range(10000, 10020), *range(20)], BIG, 1, [RESTARTED], (0, 0, 0, 1, 0)),
    "it begins anew soon": ([*range(100, 111), 0, 1, 2], BIG, 1, [RESTARTED], (0, 0, 0, 1, 0)),
    "everything twice over": ([*range(30), *range(30)], BIG, 1, [RESTARTED], (0, 0, 0, 1, 0)),
    "zero comes late": ([BIG - 2, BIG - 1, 1, 0, 2], BIG, 1, [("lost", 1, 0, 1), REORDERED], (0, 0, 1, 0, 0)),
    "zero comes twice": ([0, 1, 2, 0, 3, 4], BIG, 1, [DUPLICATE], (0, 1, 0, 0, 0)),
    "a stray": ([*range(8000, 8014), 100, *range(8014, 8020)], BIG, 1, [STRAY], (0, 0, 0, 0, 1)),
    "a stray ahead": ([1, 2, 3, 9000, 4, 5], BIG, 1, [STRAY], (0, 0, 0, 0, 1)),
    "a stray at the end": ([*range(20), 9000], BIG, 1, [STRAY], (0, 0, 0, 0, 1)),
    "a long loss": (
        [1, 2, 9000, 9001, 9002], 1 << 64, 1, [("lost", 8997, 3, 9000)], (8997, 0, 0, 0, 0),
    ),
    "back where it was before it began anew": (
        [*range(5000, 5010), 0, 1, *range(5012, 5020)], BIG, 1,
        [RESTARTED, RESTARTED, ("lost", 2, 5010, 5012)], (2, 0, 0, 2, 0),
    ),
    "a counter of one bit": ([0, 1, 0, 1, 1, 0], 2, 1, [("lost", 1, 0, 1)], (1, 0, 0, 0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_told(name: str) -> None:
    counters, modulus, step, said, counts = CASES[name]
    assert follow(counters, modulus, step) == (said, counts)


@kit.needed()
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_the_reference_says(kind: tuple[int, int]) -> None:
    """A share of what `tools/check_reference.py --counters` does."""
    reference = kit.load("sequence")
    for seed in range(40):
        rng = random.Random(f"{kind} {seed}")
        counters, window = values(rng, *kind, rng.choice((5, 60, 300))), rng.choice((1024, 1024, 3))
        events, totals = reference.follow(counters, *kind, window)
        expected = [tuple(event) for event in events], totals
        assert told(*by_tracker([(0, value) for value in counters], *kind, window)) == expected, counters


def test_notes_say_which_stream_and_where() -> None:
    tracker = Tracker("f", Sequence("n", 256), Counts())
    out: list[Event] = []
    for stream in (7, "b"):
        tracker.follow(stream, 1, 0, out)
    tracker.follow(7, 1, 42, out)
    (note,) = out
    assert isinstance(note, Note)
    assert (note.offset, note.format, note.message) == (42, "f", "counter 1 was there before in stream 7")


def test_a_note_says_what_a_restart_may_hide_and_a_late_frame_was() -> None:
    events, _ = by_tracker([(None, value) for value in (9000, 9001, 5, 6, 9, 7)], BIG, 1)
    restart, _, late = events
    assert isinstance(restart, Note) and isinstance(late, Note)
    assert restart.message.startswith("counter 5, wanted 9002: it began anew; a long loss")
    assert (late.message, late.counter, late.offset) == ("counter 7 comes late", 7, 50)
    (unmissed,) = by_tracker([(None, value) for value in (1000, 1001, 998, 1002)], BIG, 1)[0]
    assert isinstance(unmissed, Note) and unmissed.message.endswith("was not missed") and unmissed.counter is None


def test_many_strays_are_a_warning() -> None:
    good = list(range(40))
    for every, warned in ((8, True), (20, False)):
        counters = [item for n in good for item in ([n, 9000 + 77 * n] if n % every == every - 1 else [n])]
        notes = [item for item in by_tracker([(5, value) for value in counters], BIG, 1)[0] if isinstance(item, Note)]
        warnings = [note for note in notes if note.severity is Severity.WARNING]
        assert [note.code for note in warnings] == ["sequence-strays"] * warned
        assert all(note.offset == 10 * every and "in stream 5" in note.message for note in warnings)


@pytest.mark.parametrize("seed", range(20))
def test_losses_and_stragglers_add_up(seed: int) -> None:
    """Shuffled a little and thinned out: what is lost in the end is what never came."""
    rng = random.Random(seed)
    sent = list(range(1, 200))
    kept = [value for value in sent if rng.random() < 0.9]
    late = sorted(kept, key=lambda value: value + rng.choice((0, 0, 0, 5)))
    if late[0] != min(late):
        late = [0, *late]
    _, (lost, duplicate, reordered, restarts, strays) = follow(late, 1 << 16)
    assert lost == max(late) - min(late) + 1 - len(late)
    assert duplicate == restarts == strays == 0 and (reordered > 0) == (late != sorted(late))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STREAMS", 10)
    tracker = Tracker("f", Sequence("n", 1 << 32), Counts())
    out: list[Event] = []
    for stream in range(50):
        for n, value in enumerate(range(0, 4000, 2)):
            tracker.follow(stream, value, 10000 * stream + n, out)
        tracker.follow(0, 10 * stream, 10000 * stream + 9000, out)  # seen again and again
    assert sorted(tracker.streams) == [0, *range(41, 50)]
    assert all(max(followed.seen, followed.lacking).bit_length() <= 1024 for followed in tracker.streams.values())
    tracker.follow(1, 17, 999999, out)  # forgotten: it begins anew
    assert tracker.streams[1].expected == 18 and 41 not in tracker.streams


def test_the_window_is_a_limit() -> None:
    assert told(*by_tracker([(0, value) for value in (1, 9, 5, 10)], BIG, 1, 8))[0] == [("loss", 1, 7), ("late", 2)]
    assert told(*by_tracker([(0, value) for value in (1, 9, 10)], BIG, 1, 3))[0] == [("loss", 1, 7)]
    assert told(*by_tracker([(0, value) for value in (1, 9, 2)], BIG, 1, 3))[0] == [("stray", 1)]
    for wrong in (0, -1, 1 << 17):
        with pytest.raises(UsageError, match="reorder"):
            Limits(reorder=wrong)
