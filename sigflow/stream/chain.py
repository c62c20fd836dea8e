"""The verdict on a candidate of a format without a checksum: what follows it must confirm it (ARCHITECTURE 4, 4 and 5).

How much must follow depends on the lock: nothing where the frame before was one (yes), one header at the start of the
stream (start), else the whole chain (no).  Followers may be of any format and count by their header alone.  However
confirmed, a frame is overtaken by any whole run of frames inside what it and its followers claim.
"""

from __future__ import annotations

from collections.abc import Sequence

from sigflow.stream.header import Buffer, Header, Verdict
from sigflow.stream.runs import Runs

#: The lock: whether the frame before confirms the next.
NO, START, YES = 0, 1, 2
LOCKS = ("no", "start", "yes")

NULL = "null"
OVERTAKEN = "overtaken"
UNCONFIRMED = "unconfirmed"


class Chain:
    """Verdicts by chain.  The followers found for a candidate that waits are kept (a cache)."""

    def __init__(self, headers: Sequence[Header], runs: Runs) -> None:
        self._headers = headers
        self._runs = runs
        self.drop()

    def drop(self) -> None:
        """Forget the followers found."""
        # Offset, header and lock of the candidate; how many followers were found; where they end.
        self._known: tuple[int, Header | None, int, int, int] = (-1, None, NO, 0, 0)

    def verdict(self, header: Header, data: Buffer, base: int, at: int, lock: int, final: bool) -> Verdict:
        """The verdict on the candidate at data[at]; `final`: no more bytes will come."""
        length = header.look(data, base, at)
        if length.__class__ is not int:
            return length
        if lock == NO and header.null(data, base, at):
            return NULL
        stop = at + length
        n = header.envelope.chain
        assert n is not None  # only formats that are confirmed by chain get here
        verdict: Verdict = length
        if stop > len(data):
            verdict = None
        elif lock != YES:
            verdict, stop = self._followers(header, data, base, at, length, lock, final)
        return OVERTAKEN if self._runs.inside(data, base, at, stop, n) else verdict

    def _followers(
        self, header: Header, data: Buffer, base: int, at: int, length: int, lock: int, final: bool
    ) -> tuple[Verdict, int]:
        """The verdict by what follows, and where the last header that was looked at begins."""
        n = 1 if lock == START else (header.envelope.chain or 1) - 1
        cut: Verdict = length if lock == START else UNCONFIRMED  # where the stream ends inside the chain
        place, known = at + length, 0
        if self._known[:3] == (base + at, header, lock):
            known, place = self._known[3], self._known[4] - base
        for follower in range(known, n):
            claim: Verdict = None
            if place < len(data):
                claim = self._follower(data, base, place)
            elif final:
                whole = place == len(data) and follower > 0
                return (length if whole else cut), place
            if claim is None:
                self._known = (base + at, header, lock, follower, base + place)
                return (cut if final else None), place
            if claim.__class__ is not int:
                return UNCONFIRMED, place
            if follower < n - 1:
                place += claim
        return length, place

    def _follower(self, data: Buffer, base: int, at: int) -> Verdict:
        """The length that the first format with a valid header here claims; a reason if there is none."""
        for header in self._headers:
            verdict = header.look(data, base, at)
            if verdict is None:
                return None
            if verdict.__class__ is int and (header.envelope.chain is None or not header.null(data, base, at)):
                return verdict
        return UNCONFIRMED
