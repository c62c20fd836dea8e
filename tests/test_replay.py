"""The replay clock keeps an absolute schedule: what a frame took is not added to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from sigflow.replay import Schedule, at_once, at_rate, at_speed, paced


class Item(NamedTuple):
    time: int | None = None


class World:
    """A clock that only sleeping and working move; sleeping takes a little longer than asked."""

    def __init__(self, oversleep: float = 0.0) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        self.flushes = 0
        self._oversleep = oversleep

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.now += seconds + self._oversleep

    def flush(self) -> None:
        self.flushes += 1


def moments(items: list[Item], schedule: Schedule[Item], world: World, work: Callable[[int], float]) -> list[float]:
    """When each item came out, in seconds after the start."""
    start = world.now
    seen = []
    for number, _ in enumerate(paced(items, schedule, clock=world.clock, sleep=world.sleep, before_wait=world.flush)):
        seen.append(round(world.now - start, 6))
        world.now += work(number)
    return seen


def test_rate_does_not_drift() -> None:
    world = World(oversleep=0.001)
    seen = moments([Item()] * 1000, at_rate(100), world, lambda number: 0.004)
    assert seen[0] == 0
    assert all(abs(moment - number / 100) <= 0.0011 for number, moment in enumerate(seen))
    assert world.flushes == 999


def test_who_falls_behind_catches_up() -> None:
    seen = moments([Item()] * 10, at_rate(10), World(), lambda number: 0.35 if number == 2 else 0.0)
    assert seen == [0, 0.1, 0.2, 0.55, 0.55, 0.55, 0.6, 0.7, 0.8, 0.9]


def test_at_once_never_sleeps() -> None:
    world = World()
    moments([Item()] * 5, at_once(), world, lambda number: 0.0)
    assert world.slept == []


@pytest.mark.parametrize(("factor", "scale"), [(1, 1.0), (4, 0.25), (0.5, 2.0)])
def test_speed_keeps_the_recorded_pace(factor: float, scale: float) -> None:
    times = [5_000_000_000, 5_250_000_000, None, 4_000_000_000, 6_000_000_000]
    seen = moments([Item(time) for time in times], at_speed(factor), World(), lambda number: 0.0)
    # One without a time goes with the one before it; one that goes back waits for nothing.
    assert seen == [moment * scale for moment in (0, 0.25, 0.25, 0.25, 1)]


def test_a_clock_that_leaps_makes_nobody_wait() -> None:
    times = [10, 9, 1e9, 9.1, 9.2, 400, 401]
    told: list[float] = []
    schedule = at_speed(2, max_gap=60, leapt=lambda item, seconds: told.append(round(seconds, 3)))
    seen = moments([Item(round(time * 1e9)) for time in times], schedule, World(), lambda number: 0.0)
    assert seen == [0, 0, 0, 0, 0.05, 0.05, 0.55]
    assert told == [999999991, -999999990.9, 390.8]


@pytest.mark.parametrize(
    ("factor", "gap", "waits"), [(1, 59, True), (1, 61, False), (1000, 3600, True), (0.1, 50, True)]
)
def test_a_gap_that_is_long_only_one_way_is_kept(factor: float, gap: int, waits: bool) -> None:
    schedule = at_speed(factor, max_gap=60)
    seen = moments([Item(0), Item(gap * 10**9)], schedule, World(), lambda number: 0.0)
    assert seen[1] == (gap / factor if waits else 0)


def test_it_is_lazy() -> None:
    def endless() -> object:
        while True:
            yield Item()

    for number, _ in enumerate(paced(endless(), at_once())):  # type: ignore[call-overload]
        if number == 10:
            break
