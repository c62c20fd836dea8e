"""What goes out next of a replay, and when; a state machine without a clock and without a terminal.

Rules.  The schedule is absolute: an item at position p is due at `clock + (p - position) / tempo`, of the last moment
at which something was changed by hand (paused, resumed, another tempo, a seek), so that errors do not add up; who falls
behind catches up.  Items come out in the order of the recording, each once, but for a seek, behind which they go on
from the first one that is not before the new position.  A pause holds what is not out yet.

Positions are seconds of the schedule, over all loops.  The clock comes in with each call.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from sigflow.replay.schedule import Schedule

Item = TypeVar("Item")
#: Items, and bytes of them, that are read before they are due, at most.
AHEAD, AHEAD_BYTES = 4096, 8 << 20
#: Items that are taken at once, at most, and bytes of them before no more are.
TAKEN, TAKEN_BYTES = 256, 1 << 20


class Player(Generic[Item]):
    """State: the pass that items are read from, and what was read ahead; where the schedule stood at which moment; the
    tempo; whether it is paused, and how many steps were asked for meanwhile; the loop.
    """

    def __init__(
        self,
        passes: Callable[[], Iterable[Item]],
        schedules: Callable[[], Schedule[Item]],
        *,
        loops: int = 1,
        tempo: float = 1.0,
        paused: bool = False,
        repeatable: bool = True,
        period: float = 0.0,
        size: Callable[[Item], int] = lambda item: 0,
    ) -> None:
        """passes: begins the recording once more; schedules: that of one pass.  tempo: infinite: everything is due at
        once.  repeatable: whether there can be more than one pass; without that nothing is read ahead, since reading
        may wait for who writes.  period: seconds from one loop to the next where a loop has one item.  size: bytes of
        an item.
        """
        self._passes, self._schedules = passes, schedules
        self._loops = loops
        self._repeatable = repeatable
        self._period, self._size = period, size
        self.tempo = tempo
        self.paused = paused
        self.ended = False
        #: Items that were taken, and of the last of them how many seconds after it was due.
        self.taken, self.late = 0, 0.0
        self.loop = 0
        self._steps = 0
        self._clock = 0.0
        self._anchor = 0.0
        self._last = 0.0  # position of the last item that was taken
        self._ahead: deque[tuple[float, Item]] = deque()
        self._ahead_bytes = 0
        self._base = 0.0  # position at which this loop begins
        self._from = -math.inf  # items before this position are passed over
        self._begin_pass()

    def _begin_pass(self) -> None:
        self._items: Iterator[Item] = iter(self._passes())
        self._schedule = self._schedules()
        self._number = 0
        self._read = self._before = self._base  # positions of the last item that was read, and of the one before

    # ---------------------------------------------------------------- reading

    def _more(self) -> bool:
        """Read the next item; whether there is one.  A loop begins when all of the one before it is out."""
        while True:
            for item in self._items:
                position = self._base + self._schedule(self._number, item)
                self._number += 1
                self._before, self._read = self._read, position
                if position >= self._from:
                    self._ahead.append((position, item))
                    self._ahead_bytes += self._size(item)
                    return True
            if self._ahead or not self._number or self.loop + 1 >= self._loops:
                return False
            # The next loop begins as long after the last item as that came after the one before it.
            self.loop += 1
            self._base = self._read + (self._read - self._before if self._number > 1 else self._period)
            self._begin_pass()

    def _head(self) -> tuple[float, Item] | None:
        """The next item and its position; None, and it has ended, where there is none."""
        if not self._ahead and not self._more():
            self.ended = True
            return None
        return self._ahead[0]

    @property
    def ready(self) -> bool:
        """Whether the next item was read, so that `due` and `take` do not wait for it."""
        return bool(self._ahead) or self.ended

    def read_ahead(self, count: int = 16) -> bool:
        """Read some items before they are due, if more may be held; whether any was read."""
        full = len(self._ahead) >= AHEAD or self._ahead_bytes >= AHEAD_BYTES
        if full or not self._repeatable or math.isinf(self.tempo):
            return False
        return sum(self._more() for _ in range(count)) > 0

    # ---------------------------------------------------------------- time

    def begin(self, now: float) -> None:
        """The clock shows this: the first item is due, unless it is paused."""
        self._clock = now

    def due(self) -> float:
        """When the next item is due, by the clock; infinite where it is paused, or has ended."""
        head = self._head()
        if head is None or (self.paused and not self._steps):
            return math.inf
        return self._clock if self.paused else self._clock + (head[0] - self._anchor) / self.tempo

    def take(self, now: float) -> list[Item]:
        """The items that are due, in their order, as many as may be taken at once."""
        out: list[Item] = []
        size = 0
        # (Reading may wait for who writes: not while items are held that may go out.)
        while len(out) < TAKEN and size < TAKEN_BYTES and (self._repeatable or not out) and (due := self.due()) <= now:
            position, item = self._pop()
            out.append(item)
            size += self._size(item)
            self._last, self.late = position, now - due
            if self.paused:
                self._steps -= 1
                self._anchor, self._clock, self.late = position, now, 0.0
        self.taken += len(out)
        return out

    def _pop(self) -> tuple[float, Item]:
        position, item = self._ahead.popleft()
        self._ahead_bytes -= self._size(item)
        return position, item

    def position(self, now: float) -> float:
        """Where the schedule stands: not before the last item that was taken, not behind the next."""
        if self.paused:
            return self._anchor
        head = self._head()
        farthest = self._last if head is None else max(self._last, head[0])
        if math.isinf(self.tempo):
            return farthest
        return min(max(self._anchor + (now - self._clock) * self.tempo, self._last), farthest)

    def _hold(self, now: float) -> None:
        """What follows counts from here and now."""
        self._anchor, self._clock = self.position(now), now

    # ---------------------------------------------------------------- what is done by hand

    def pause(self, now: float) -> None:
        """Hold, or go on where it was held."""
        self._hold(now)
        self.paused, self._steps = not self.paused, 0

    def step(self, now: float) -> None:
        """Hold, and let one more item out."""
        if not self.paused:
            self.pause(now)
        self._steps += 1

    def change(self, now: float, factor: float) -> None:
        """So many times as fast as until now."""
        self._hold(now)
        self.tempo = min(max(self.tempo * factor, 1e-6), 1e6) if math.isfinite(self.tempo) else self.tempo

    def seek(self, now: float, seconds: float) -> bool:
        """Go on so many seconds of the schedule farther, or back, but not before this loop; whether that can be."""
        self._hold(now)
        target = max(self._anchor + seconds, self._base)
        if seconds < 0:
            if not self._repeatable:
                return False
            self._drop()
            self._begin_pass()
        while self._ahead and self._ahead[0][0] < target:
            self._pop()
        self._from = target
        self._anchor = self._last = target
        self._steps = 0
        return True

    def _drop(self) -> None:
        self._ahead.clear()
        self._ahead_bytes = 0

    def end(self) -> None:
        """Nothing more goes out."""
        self._drop()
        self._items, self.ended = iter(()), True
