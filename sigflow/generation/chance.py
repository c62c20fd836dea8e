"""Where choices come from: a seed, or whoever else makes them (`sigflow.strategies`).

Everything is made of `getrandbits`, whose numbers a seed fixes for every Python version and platform.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")


class Chance(Protocol):
    """Makes choices."""

    def integer(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""

    def choice(self, options: Sequence[T]) -> T:
        """An element of a sequence that is not empty; the first ones are the simplest."""

    def data(self, size: int) -> bytes:
        """So many bytes."""

    def boundary(self) -> bool:
        """Whether a value at a bound is chosen, and not any."""


class Seeded:
    """Choices that follow from a seed.  State: the generator."""

    def __init__(self, seed: int) -> None:
        self.bits = random.Random(seed).getrandbits

    def integer(self, low: int, high: int) -> int:
        """See `Chance`."""
        span = high - low + 1
        if span <= 1 << 24:
            return low + (self.bits(32) * span >> 32)
        return low + (self.bits(span.bit_length() + 8) * span >> (span.bit_length() + 8))

    def choice(self, options: Sequence[T]) -> T:
        """See `Chance`."""
        return options[self.bits(32) * len(options) >> 32]

    def data(self, size: int) -> bytes:
        """See `Chance`."""
        return self.bits(8 * size).to_bytes(size, "little") if size else b""

    def boundary(self) -> bool:
        """See `Chance`."""
        return not self.bits(3)
