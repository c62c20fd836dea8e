"""A short soak: the ledger is exact, and what is not right is told."""

from __future__ import annotations

import pytest

import sigflow
from tools.make_samples import sgf1
from tools.soak import DAMAGES, NAMES, ROOM, Soak, descriptors, instrument, longest, resident


@pytest.mark.parametrize("seed", [1, 2])
def test_some_thousand_frames_with_damage(seed: int) -> None:
    soak = Soak(seed, 0.05, "python")
    for _ in range(40):
        soak.step()
    soak.end()
    assert soak.broken == ""
    assert soak.good + soak.damaged == 2002
    assert soak.damaged > 10 * len(DAMAGES)
    assert soak.fed > 1 << 20


def test_a_frame_that_does_not_come_out_is_told() -> None:
    soak = Soak(1, 0.0, "python")
    soak._waiting.append((0, b"never sent"))
    soak.step()
    soak.end()
    assert soak.broken == "a frame at 0 that was never sent, or after one that was left out"


def test_what_is_measured() -> None:
    assert 1 < resident() < 1 << 20
    assert descriptors() >= 3


@pytest.mark.parametrize("number", [0, 1])
def test_a_length_that_claims_all_it_may_holds_so_much_back(number: int) -> None:
    limit = 1 << 15
    formats = [sigflow.load(name, limits=sigflow.Limits(frame=limit)) for name in NAMES]
    frame = (sgf1(7, 1, b"abc"), instrument(1, b"abc"))[number]
    decoder = sigflow.Decoder(formats)
    decoder.feed(longest(frame, limit))
    decoder.feed(bytes(limit - ROOM - len(frame)))
    assert not list(decoder.events()) and decoder.pending == (0, NAMES[number])
    decoder.feed(bytes(ROOM + 1))
    assert list(decoder.events()) == [] and decoder.pending is None  # the gap is open
    assert decoder.statistics.gap_bytes > 0
