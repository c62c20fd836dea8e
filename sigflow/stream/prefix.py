"""Prefix sums: the checksum of any stretch, however long, from states kept every few bytes.

Each byte enters the states once, and a stretch costs no more than the bytes from its ends to the states before them.
The distance of the states follows from how close to each other candidates can stand at all.  With what the account
allows directly, this is at most eight bytes checksummed for one byte of any stream (`docs/architecture.md`, rule 10).

All of it is cache: it decides how a value is computed, never which.
"""

from __future__ import annotations

from array import array
from typing import Any

from sigflow.checksums import RangeSums
from sigflow.stream.account import Account
from sigflow.stream.segment import Segment

#: Bytes from a stretch's ends to the prefix states before them, for each byte of the stream.
PARTIAL = 3


def spacing(literals: tuple[bytes, ...]) -> int:
    """How many bytes lie at least between two candidates: the smallest period of a sync literal; 1 without one."""
    if len(literals) != 1:
        return 1
    literal = literals[0]
    return next(step for step in range(1, len(literal) + 1) if literal.startswith(literal[step:]))


class Prefix:
    """Prefix states of one algorithm over a stretch of the stream.

    States stand every `every` bytes from `first` on; positions are counted from `zero`.  The anchor is one state more,
    where the undecided bytes begin: the bytes before it may be gone when the next chunk comes.
    """

    __slots__ = ("_account", "_anchor", "_every", "_first", "_ranges", "_states", "_zero")

    def __init__(self, ranges: RangeSums, every: int, account: Account) -> None:
        self._ranges = ranges
        self._every = every
        self._account = account
        self._begin(0)
        self.drop()

    def _begin(self, zero: int) -> None:
        self._zero = self._first = zero
        self._anchor = (zero, self._ranges.start)
        start = [self._ranges.start]
        self._states: Any = array("Q", start) if self._ranges.compact else start

    def drop(self) -> None:
        """Forget the states."""
        del self._states[:]

    def reach(self, segment: Segment, floor: int, stop: int) -> None:
        """Have states up to `stop`.  floor: no later stretch begins before it."""
        data, base = segment.data, segment.base
        every, ranges = self._every, self._ranges
        if not self._states or self._first > floor or self._last() < floor:
            self._begin(floor)
        elif floor - self._first > 2 * every * (len(self._states) // 4 + 16):
            behind = (floor - self._first) // every
            del self._states[:behind]
            self._first += behind * every
        state, states = self._states[-1], self._states
        begin = self._last()
        for at in range(begin, stop - every + 1, every):
            state = ranges.advance(state, data[at - base : at - base + every], at - self._zero)
            states.append(state)
        self._account.checksummed += self._last() - begin

    def _last(self) -> int:
        return self._first + self._every * (len(self._states) - 1)

    def part(self, segment: Segment, start: int, stop: int) -> Any:
        """The part for the bytes from `start` to `stop`, both within reach."""
        low, high = self._state(segment, start), self._state(segment, stop)
        return self._ranges.between(low, high, start - self._zero, stop - self._zero)

    def _state(self, segment: Segment, offset: int) -> int:
        data, base = segment.data, segment.base
        n, rest = divmod(offset - self._first, self._every)
        begin: int = offset - rest
        state: int = self._states[n]
        if begin < self._anchor[0] <= offset:
            begin, state = self._anchor
        if begin == offset:
            return state
        self._account.checksummed += offset - begin
        return self._ranges.advance(state, data[begin - base : offset - base], begin - self._zero)

    def anchor(self, segment: Segment, offset: int) -> None:
        """Keep the state at `offset`; no byte before it will be asked for."""
        if len(self._states) and self._first <= offset <= self._last() and offset != self._anchor[0]:
            self._anchor = (offset, self._state(segment, offset))
