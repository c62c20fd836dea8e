"""A window that counts the steps of the measure that goes over it, which are what a measure costs."""

from __future__ import annotations

from sigflow.runtime.window import Window


class CountingWindow(Window):
    """As `Window`.  steps: how often it was asked for bytes."""

    steps = 0

    def lacks(self, n: int) -> bool:
        """See `Window`."""
        self.steps += 1
        return super().lacks(n)

    def lacks_bits(self, n: int) -> bool:
        """See `Window`."""
        self.steps += 1
        return super().lacks_bits(n)

    def lacks_term(self, term: bytes, consume: bool = True) -> bool:
        """See `Window`."""
        self.steps += 1
        return super().lacks_term(term, consume)
