"""What is usual: the median of the values that were seen while learning, and their spread.

The spread is the median of the distances from the median, times 1.4826, which is the standard deviation of a normal
distribution (the scaled median absolute deviation; Rousseeuw and Croux, JASA 88, 1993).  A few odd values do not move
it.
"""

from __future__ import annotations

from statistics import median
from typing import Any

#: Values that are kept, at most; of more, every second is let go of, and only so many are taken from then on.
MOST = 20_000
SCALE = 1.4826


class Learnt:
    """State: the values, each of how many is taken, how many were passed over; then median and spread."""

    def __init__(self, at_least: float) -> None:
        """at_least: the smallest spread that is assumed."""
        self._at_least = at_least
        self._values: list[float] = []
        self._stride = 1
        self._skipped = 0
        self.known: tuple[float, float] | None = None

    def add(self, value: float) -> None:
        """One more value."""
        self._skipped += 1
        if self._skipped < self._stride:
            return
        self._skipped = 0
        self._values.append(value)
        if len(self._values) >= MOST:
            del self._values[1::2]
            self._stride *= 2

    def finish(self) -> None:
        """Nothing more is learnt."""
        if not self._values:
            return
        middle = median(self._values)
        spread = SCALE * median(abs(value - middle) for value in self._values)
        # (Where all values are the same, any other is odd; but not one that a float cannot tell from it.)
        self.known = middle, max(spread, self._at_least, abs(middle) * 1e-9)
        self._values = []

    def sigmas(self, value: float) -> float:
        """How many times the spread a value is away from the median; to be asked once it is known."""
        assert self.known is not None
        middle, spread = self.known
        return abs(value - middle) / spread if spread else (0.0 if value == middle else float("inf"))

    def tree(self) -> Any:
        """The state as JSON."""
        return [self._values, self._stride, self._skipped, list(self.known) if self.known is not None else None]

    def restore(self, tree: Any) -> None:
        """The other way round."""
        values, stride, skipped, known = tree
        self._values = [float(value) for value in values]
        self._stride, self._skipped = int(stride), int(skipped)
        self.known = None if known is None else (float(known[0]), float(known[1]))
