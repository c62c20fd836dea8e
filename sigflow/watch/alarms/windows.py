"""What is counted in a time: the last so many nanoseconds, in slots of a hundredth of these.

Rules.  A slot begins at a multiple of its length, so what a window holds depends on the times of the frames alone.  A
time that is earlier than the last counts as the last, where it is not earlier by the whole window: then a clock was
set back, and the window begins anew.
"""

from __future__ import annotations

from collections import deque
from typing import Any

SLOTS = 100


class Window:
    """State: the slots with their sums, of two things that are counted."""

    def __init__(self, span: int) -> None:
        self._slot = max(span // SLOTS, 1)
        self._slots: deque[list[int]] = deque()  # number of the slot, first, second
        self._first = self._second = 0
        self._begun: int | None = None

    def add(self, time: int, first: int, second: int) -> None:
        """So much happened at this time."""
        number = time // self._slot
        if self._slots:
            last = self._slots[-1][0]
            if number < last - SLOTS:
                self.clear()
            else:
                number = max(number, last)
        if self._begun is None:
            self._begun = number
        if self._slots and self._slots[-1][0] == number:
            self._slots[-1][1] += first
            self._slots[-1][2] += second
        else:
            self._slots.append([number, first, second])
            while self._slots[0][0] <= number - SLOTS:
                _, old, other = self._slots.popleft()
                self._first -= old
                self._second -= other
        self._first += first
        self._second += second

    @property
    def sums(self) -> tuple[int, int]:
        """How much of each, in the window that ends now."""
        return self._first, self._second

    @property
    def full(self) -> bool:
        """Whether the time of a window has passed since the first that was counted."""
        return self._begun is not None and self._slots[-1][0] - self._begun >= SLOTS

    def clear(self) -> None:
        """Begin anew."""
        self._slots.clear()
        self._first = self._second = 0
        self._begun = None

    def tree(self) -> Any:
        """The state as JSON."""
        return [self._begun, [list(slot) for slot in self._slots]]

    def restore(self, tree: Any) -> None:
        """The other way round."""
        begun, slots = tree
        self._begun = None if begun is None else int(begun)
        self._slots = deque([int(number), int(first), int(second)] for number, first, second in slots)
        self._first = sum(slot[1] for slot in self._slots)
        self._second = sum(slot[2] for slot in self._slots)
