"""Recovering captures of framed units: idle bytes between good frames stay, and what is written reads as it was."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sigflow.events import Event, Gap, Idle, Record
from sigflow.recording import Recording
from sigflow.storage.memory import MemoryStorage
from sigflow.stream.format import Format
from tests.recover.kit import kept, recovered
from tests.stream import framings as f


def stream(name: str, seed: int) -> bytes:
    """Good frames, and damaged stretches between them."""
    rng = random.Random(f"{name} {seed}")
    frames = [f.frame(name, rng.randbytes(rng.randrange(20))) for _ in range(9)]
    return b"".join((*frames[:4], f.damaged(name, rng, 90), *frames[4:], f.damaged(name, rng, 60), *frames[:4]))


def events_of(data: bytes, format: Format) -> list[Event]:
    return list(Recording(MemoryStorage(data), [format]).events())


@pytest.mark.parametrize("name", f.SPECS)
def test_all_good_frames_are_written_with_what_is_idle_between_them(name: str, tmp_path: Path) -> None:
    format = Format(f.envelope(name))
    for seed in range(3):
        data, folder = stream(name, seed), tmp_path / str(seed)
        folder.mkdir()
        done = recovered(data, folder, [format])
        assert done.placed and not done.difference
        events, before = events_of((folder / "out").read_bytes(), format), events_of(data, format)
        assert not [event for event in events if isinstance(event, Gap)]
        frames = [[event.raw for event in of if isinstance(event, Record)] for of in (before, events)]
        idle = [sum(len(event.span) for event in of if isinstance(event, Idle)) for of in (before, events)]
        assert frames[0] == frames[1] and idle[0] == idle[1] == done.idle_bytes
        left = sum(map(len, kept(folder).values()))
        assert done.left_bytes == left == done.gap_bytes
        assert len(data) == done.written_bytes + done.idle_bytes + left


@pytest.mark.parametrize("mode", ["before", "after", "report"])
def test_other_modes(mode: str, tmp_path: Path) -> None:
    format = Format(f.envelope("reduced"))
    good = [f.frame("reduced", bytes((n,))) for n in range(1, 5)]
    data = b"\0" + good[0] + b"\0" + good[1] + b"xy\0" + b"\0\0" + good[2] + b"\0" + good[3]
    done = recovered(data, tmp_path, [format], mode)
    assert not done.difference and done.idle_bytes == 5
    wanted = {"before": b"\0" + good[0] + b"\0" + good[1], "after": b"\0\0" + good[2] + b"\0" + good[3], "report": None}
    out = tmp_path / "out"
    assert (out.read_bytes() if out.exists() else None) == wanted[mode]
