"""The verdict on a candidate of a format without a checksum: what follows it must confirm it
(`docs/architecture.md`, rules 4 and 5).

    lock    confirmed by                                refuted by
    no      a chain: the n - 1 headers that follow      any run of n frames inside what it and they claim
    start   the header that follows, or the end         a run inside its own claim (`_against_run`)
    yes     nothing: the frame before confirms it       a run inside its own claim

While locked or at the start an unbroken chain wins over whatever a payload holds.  A run of n frames inside the claim
refutes it only where it begins with the next frame of the candidate's own stream, where what follows the claimed end is
broken, or where the run ends with the frame before the one that follows.  Counters are looked at only where a header
tells them (`Header.key`).

A header of nothing but zeros is no evidence: it follows nobody, and while locked or at the start it is believed only
where one of the next n headers is not such a one.  Followers may be of any format and count by their header alone, one
whose end the wire tells by its whole unit; what is idle between them is stepped over.
"""

from __future__ import annotations

from collections.abc import Sequence

from sigflow.reasons import NULL, OVERTAKEN, UNCONFIRMED
from sigflow.stream.continuation import Continuations
from sigflow.stream.header import Header, Key, Verdict
from sigflow.stream.idle import Idle
from sigflow.stream.runs import Runs
from sigflow.stream.segment import Segment

#: The lock: whether the frame before confirms the next.
NO, START, YES = 0, 1, 2
LOCKS = ("no", "start", "yes")


class Chain:
    """Verdicts by chain.  The followers found for a candidate that waits are kept (a cache)."""

    def __init__(self, headers: Sequence[Header], runs: Runs, idle: Idle) -> None:
        self._headers = headers
        self._runs = runs
        self._idle = idle
        self._continuations = Continuations(headers, idle)
        self.drop()

    def drop(self) -> None:
        """Forget the followers found."""
        # Offset, header and lock of the candidate; how many followers were found; where they end.
        self._known: tuple[int, Header | None, int, int, int] = (-1, None, NO, 0, 0)
        self._continuations.drop()

    def verdict(self, header: Header, claim: Verdict, segment: Segment, at: int, lock: int, final: int) -> Verdict:
        """The verdict on the candidate at data[at], whose header has the verdict `claim`; `final`: no more bytes will
        come.
        """
        data = segment.data
        if not isinstance(claim, int):
            return claim
        length = claim
        n = header.envelope.search.chain
        assert n is not None  # only formats that are confirmed by chain get here
        stop = at + length
        whole = stop <= len(data)
        if lock == NO:
            if header.null(segment, at):
                return NULL
            verdict: Verdict = None
            if whole:
                verdict, stop = self._followers(segment, at, length, header, lock, final)
            return OVERTAKEN if self._runs.inside(segment, at, stop, n) else verdict
        if header.null(segment, at):
            filled = self._before_not_null(segment, stop, n, final)
            if not filled:
                return NULL if filled is False else None
        # Of a frame that is not all there only the counters can tell that it never will be.
        run = (whole or header.counts) and self._runs.inside(segment, at, stop, n)
        if run and self._continuations.inside(header, segment, at, stop, n):
            return OVERTAKEN
        if not whole:
            return None
        if run:
            return self._against_run(header, segment, at, length, final)
        return length if lock == YES else self._followers(segment, at, length, header, lock, final)[0]

    def _before_not_null(self, segment: Segment, place: int, n: int, final: int) -> bool | None:
        """Whether one of the n headers from `place` on is not null; None while bytes are lacking."""
        data = segment.data
        for _ in range(n):
            behind = self._idle.behind(segment, place)
            if behind is None:
                return None
            place = behind
            if place >= len(data):
                return False if final else None
            for header in self._headers:
                claim = header.look(segment, place)
                if claim is None:
                    return False if final else None
                if claim.__class__ is int:
                    break
            else:
                return False
            if header.envelope.search.chain is None or not header.null(segment, place):
                return True
            place += claim
        return False

    def _against_run(self, header: Header, segment: Segment, at: int, length: int, final: int) -> Verdict:
        """The verdict on a whole frame that holds a run: by what follows its end."""
        data = segment.data
        n = header.envelope.search.chain or 1
        place, streams = at + length, dict[tuple[Header, int], Key]()
        for _ in range(n):
            behind = self._idle.behind(segment, place)
            if behind is None:
                return None
            place = behind
            if place >= len(data):
                if not final:
                    return None
                if place > len(data):
                    return OVERTAKEN
                break
            claim, follower = self._follower(segment, place)
            if claim is None:
                return OVERTAKEN if final else None
            if claim.__class__ is not int:
                return OVERTAKEN
            key = follower.key(data, place)
            if key is not None:
                streams.setdefault((follower, key[0]), key)
            place += claim
        before = [(follower, follower.neighbour(key, -1)) for (follower, _), key in streams.items()]
        ends_with = self._runs.ends_with
        return OVERTAKEN if before and ends_with(segment, at, at + length, n, before) else length

    def _followers(
        self, segment: Segment, at: int, length: int, header: Header, lock: int, final: int
    ) -> tuple[Verdict, int]:
        """The verdict by what follows, and where the last header that was looked at begins."""
        data, base = segment.data, segment.base
        n = 1 if lock == START else (header.envelope.search.chain or 1) - 1
        cut: Verdict = length if lock == START else UNCONFIRMED  # where the stream ends inside the chain
        place, known = at + length, 0
        if self._known[:3] == (base + at, header, lock):
            known, place = self._known[3], self._known[4] - base
        for follower in range(known, n):
            claim: Verdict = None
            behind = self._idle.behind(segment, place)
            place = place if behind is None else behind
            if behind is None:
                pass
            elif place < len(data):
                claim, _ = self._follower(segment, place)
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

    def _follower(self, segment: Segment, at: int) -> tuple[Verdict, Header]:
        """The length that the first format with a valid header here claims, and that format; a reason if there is
        none.
        """
        for header in self._headers:
            verdict = header.look(segment, at)
            if verdict is None:
                return None, header
            if verdict.__class__ is int and (header.envelope.search.chain is None or not header.null(segment, at)):
                return verdict, header
        return UNCONFIRMED, header
