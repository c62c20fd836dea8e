"""When each frame is due."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from sigflow.replay.schedule import at_rate, at_speed


class Item(NamedTuple):
    time: int | None = None


def test_a_rate() -> None:
    schedule = at_rate(250)
    assert [schedule(number, Item()) for number in (0, 1, 250, 10**9)] == [0, 0.004, 1, 4e6]


@pytest.mark.parametrize(("factor", "scale"), [(1, 1.0), (4, 0.25), (0.5, 2.0)])
def test_speed_keeps_the_recorded_pace(factor: float, scale: float) -> None:
    times = [5_000_000_000, 5_250_000_000, None, 4_000_000_000, 6_000_000_000]
    schedule = at_speed(factor)
    # One without a time goes with the one before it; one that goes back waits for nothing.
    seen = [schedule(number, Item(time)) for number, time in enumerate(times)]
    assert seen == [moment * scale for moment in (0, 0.25, 0.25, 0.25, 1)]


def test_a_clock_that_leaps_makes_nobody_wait() -> None:
    times = [10, 9, 1e9, 9.1, 9.2, 400, 401]
    told: list[float] = []
    schedule = at_speed(2, max_gap=60, leapt=lambda item, seconds: told.append(round(seconds, 3)))
    seen = [round(schedule(number, Item(round(time * 1e9))), 6) for number, time in enumerate(times)]
    assert seen == [0, 0, 0, 0, 0.05, 0.05, 0.55]
    assert told == [999999991, -999999990.9, 390.8]


@pytest.mark.parametrize(
    ("factor", "gap", "waits"), [(1, 59, True), (1, 61, False), (1000, 3600, True), (0.1, 50, True)]
)
def test_a_gap_that_is_long_only_one_way_is_kept(factor: float, gap: int, waits: bool) -> None:
    schedule = at_speed(factor, max_gap=60)
    seen = [schedule(0, Item(0)), schedule(1, Item(gap * 10**9))]
    assert seen[1] == (gap / factor if waits else 0)
