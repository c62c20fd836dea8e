"""Schedules: how many seconds after the first frame of a recording each of its frames is due.

Rules.  Times that go backwards wait for nothing.  A clock that leaps by more than a given gap makes nobody wait: it
goes on at once, and who wants to know is told.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol, TypeVar


class Timed(Protocol):
    """What a schedule looks at: when a frame was sent or received, in nanoseconds; None where nobody knows."""

    @property
    def time(self) -> int | None: ...


Item = TypeVar("Item")
#: Seconds after the first at which item n is due; items come in their order.
Schedule = Callable[[int, Item], float]


def at_rate(frames_per_second: float) -> Schedule[object]:
    """Frame n is due n / rate seconds after the start."""
    return lambda number, _: number / frames_per_second


def at_speed(
    factor: float,
    *,
    max_gap: float = math.inf,
    leapt: Callable[[Timed, float], object] = lambda item, seconds: None,
) -> Schedule[Timed]:
    """As the recorded times say, `factor` times as fast; a frame without a time goes with the one before it.

    max_gap: seconds from one frame to the next, both as recorded and as they would be waited for.  Where the clock
    leaps farther, ahead or back, the frame goes with the one before it, and the clock goes on from there; `leapt` is
    told by how many recorded seconds.
    """
    before: int | None = None
    due = 0.0  # of the latest that is due so far
    now = 0.0  # of the frame before, which may have gone back

    def schedule(number: int, item: Timed) -> float:
        nonlocal before, due, now
        moment = item.time
        if moment is not None:
            step = 0 if before is None else moment - before
            before = moment
            if abs(step) / 1e9 / max(factor, 1) > max_gap:
                leapt(item, step / 1e9)
                now = due
            else:
                now += step / 1e9 / factor
            due = max(due, now)
        return due

    return schedule
