"""The replay clock: when each frame of a recording is due.

Rules.  The schedule is absolute: frame n is due at `start + due(n)`, whatever the frames before it took, so errors do
not add up; a reader that falls behind catches up.  Times that go backwards wait for nothing.  A clock that leaps by
more than a given gap makes nobody wait: it goes on at once, and who wants to know is told.  Clock and sleep come in as
arguments.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar


class Timed(Protocol):
    """What a schedule looks at: a frame's time in nanoseconds, None where it has none."""

    @property
    def time(self) -> int | None: ...


Item = TypeVar("Item")
#: Seconds after the start at which item n is due.
Schedule = Callable[[int, Item], float]


def at_rate(frames_per_second: float) -> Schedule[object]:
    """Frame n is due n / rate seconds after the start."""
    return lambda number, _: number / frames_per_second


def at_once() -> Schedule[object]:
    """Every frame is due at once."""
    return lambda number, _: 0.0


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


def paced(
    items: Iterable[Item],
    schedule: Schedule[Item],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
    before_wait: Callable[[], object] = lambda: None,
) -> Iterator[Item]:
    """The items, each when it is due.  `before_wait` is called before each sleep: what was written is flushed there."""
    start = clock()
    for number, item in enumerate(items):
        due = start + schedule(number, item)
        if due > clock():
            before_wait()
            while (left := due - clock()) > 0:
                sleep(left)
        yield item
