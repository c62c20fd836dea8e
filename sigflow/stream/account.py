"""The account of work: what has been read and checksummed, and what may still be checksummed directly.

Every new byte of the stream pays for two bytes of direct checksumming.  A clean stream never needs more; where claimed
frames overlap and the account is empty, checksums come from prefix sums instead.  This decides how a value is computed,
never which, so the account may be dropped like any cache.
"""

from __future__ import annotations

#: Bytes that may be checksummed directly for each new byte of the stream.
RATE = 2
#: Bytes that a long clean stream may save up.
SAVED = 1 << 26


class Account:
    """The bytes that may still be checksummed directly, and what was done.

    credit: bytes left.  checksummed: bytes done.  reread: header bytes looked at again.  high, seen: the end of what
    has been paid for, and of the header bytes looked at.
    """

    __slots__ = ("checksummed", "credit", "high", "reread", "seen")

    def __init__(self) -> None:
        self.credit = 0
        self.checksummed = 0
        self.high = 0
        self.reread = 0
        self.seen = 0

    def skip(self, offset: int) -> None:
        """The bytes before the offset pay for nothing: they were not there, or are another scan's."""
        self.high, self.seen = max(self.high, offset), max(self.seen, offset)

    def look(self, start: int, size: int) -> None:
        """Enter a look at the `size` header bytes from `start` on."""
        if start >= self.seen:
            self.seen = start + size
            return
        fresh = start + size - self.seen
        if fresh > 0:
            self.seen += fresh
            size -= fresh
        self.reread += size

    def charge(self, stop: int, cost: int) -> None:
        """Enter `cost` bytes for a frame that ends at `stop`."""
        if stop > self.high:
            self.credit = min(SAVED, self.credit + RATE * (stop - self.high))
            self.high = stop
        self.credit -= cost
        self.checksummed += cost

    def covers(self, stop: int, cost: int) -> bool:
        """Whether `cost` bytes of a frame that ends at `stop` may be checksummed directly; if so, they are entered."""
        if self.credit + RATE * max(0, stop - self.high) < cost:
            return False
        self.charge(stop, cost)
        return True
