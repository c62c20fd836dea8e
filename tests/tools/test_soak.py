"""A short soak: the ledger is exact, and what is not right is told."""

from __future__ import annotations

import pytest

from tools.soak import DAMAGES, Soak, descriptors, resident


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
