"""Choices that Hypothesis draws, for what is described as a function of a `random.Random`.

A `Tape` is such a generator that reads its choices from bytes instead of making them up by a seed, so a stream, its
damage and its cuts are drawn all in one, and what shows a fault shrinks: fewer bytes mean fewer choices, and where the
tape has ended, or says 0, the first thing is chosen.
"""

from __future__ import annotations

import random

from hypothesis import strategies as st


class Tape(random.Random):
    """A generator of which every number comes from these bytes, in order; behind them all is 0."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = data
        self._at = 0

    def getrandbits(self, k: int, /) -> int:
        """The next k bits; the numbers of `Random` below a bound are made of such."""
        size = (k + 7) // 8
        piece = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(piece.ljust(size, b"\0"), "big") >> 8 * size - k

    def random(self) -> float:
        """The next 16 bits as a part of 1."""
        return self.getrandbits(16) / 65536

    def __repr__(self) -> str:
        return f"Tape({self._data!r})"


def tapes(size: int = 300) -> st.SearchStrategy[Tape]:
    """Tapes of `size` bytes, which shrink to zeros.  One is read once: it is drawn for the test that uses it."""
    return st.binary(min_size=size, max_size=size).map(Tape)
