"""A window that counts the steps of the measure that goes over it, which are what a measure costs."""

from __future__ import annotations

from sigflow.runtime.stuffing import Stuffing
from sigflow.runtime.window import Window


class CountingWindow(Window):
    """As `Window`.  steps: for how many fields it was asked for bytes."""

    steps = 0

    def lacks(self, *sizes: int) -> bool:
        """See `Window`."""
        self.steps += len(sizes)
        return super().lacks(*sizes)

    def lacks_bits(self, *widths: int) -> bool:
        """See `Window`."""
        self.steps += len(widths)
        return super().lacks_bits(*widths)

    def lacks_term(self, term: bytes, consume: bool = True, anywhere: bool = False) -> bool:
        """See `Window`."""
        self.steps += 1
        return super().lacks_term(term, consume, anywhere)

    def lacks_stuffed(self, stuffing: Stuffing, term: bytes) -> bool:
        """See `Window`."""
        self.steps += 1
        return super().lacks_stuffed(stuffing, term)
