"""Runs of frames inside the bytes that a frame claims (`docs/architecture.md`, rule 5): is there one of n frames in
(q, p]?  And which frames end such a run exactly at p?

Strategy.  The positions are passed once, from left to right.  For each position x that some frame ends at, and each
length k of a run, the largest start of a run of k frames that ends exactly at x is carried: starts only count while
they lie behind the candidate, and the candidate only moves forward, so the largest is all that is ever needed.  A
position whose header lacks bytes waits, and is tried first when more have come: its frame ends behind all that has been
passed, so nothing passed meanwhile could have used it.

Ends beyond `horizon` (the farthest claim asked about) are not carried.  When a farther claim is asked about, the pass
begins anew behind the candidate, with twice the distance, so that it costs each byte one more look in all.

Ends ahead are kept compactly, eight bytes each, in pages of 4,096 positions; a page is spread out when the pass gets
there.  All of this is cache: `drop` forgets it and changes no answer.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

from sigflow.stream.header import Header, Key, one_of
from sigflow.stream.idle import NO_IDLE, Idle
from sigflow.stream.segment import MORE, Segment

_PAGE_BITS = 12
_PAGE = (1 << _PAGE_BITS) - 1
_LEVEL_BITS = 8
_LEVEL = (1 << _LEVEL_BITS) - 1

#: The longest chain that fits into an entry of a page.
LONGEST = _LEVEL

#: Ends of whole runs that are kept, before those that the candidate has passed are dropped.
_MOST_ENDS = 4096

#: Frames, with the place of each and the start of a run that ends with it; and the largest of those starts.
_Frames = list[tuple[Header, int, int]]
_Starts = dict[tuple[Header, Key], int]


class Runs:
    """The pass over a stream of these formats."""

    def __init__(self, headers: Sequence[Header], idle: Idle = NO_IDLE) -> None:
        self._headers = headers
        self._idle = idle
        self._fills = bool(idle)  # (asked for every place)
        self._wanted = {header.envelope.search.chain for header in headers if header.envelope.search.chain is not None}
        self._longest = max(self._wanted, default=0)
        self._least = min((max(1, header.envelope.search.min_frame) for header in headers), default=1)
        self._counted = any(header.counts for header in headers)
        self._pattern: re.Pattern[bytes] | None = None
        self.drop()

    def drop(self) -> None:
        """Forget the pass."""
        self._horizon = 0
        self._tried = (0, MORE)  # how far the stream went when what waits was last tried, and whether it ended there
        self._restart(0)

    def _restart(self, cursor: int) -> None:
        self._cursor = cursor  # the next position to pass
        self._floor = cursor - 1  # the candidate: runs begin behind it
        self._pages: dict[int, array[int]] = {}  # ends ahead: position in the page, level, distance to the start
        self._page = -1  # the page that is spread out
        self._ends: dict[int, list[int]] = {}  # in it: starts by level, for each end
        self._waiting: dict[int, tuple[list[Header], list[int]]] = {}  # headers that lack bytes, starts by level there
        self._whole: dict[int, list[tuple[int, int]]] = {n: [] for n in self._wanted}  # heaps of (end, start)
        # For each end of whole runs: the last frame of each, and where the run begins; once asked for, by counter.
        self._last: dict[int, dict[int, _Frames | _Starts]] = {n: {} for n in self._wanted}

    def inside(self, segment: Segment, at: int, stop: int, n: int) -> bool:
        """Whether n frames in a row lie in the buffer behind `at` and up to `stop`, which may be beyond its end."""
        data, base = segment.data, segment.base
        floor, claim = base + at, base + stop
        end = min(claim, base + len(data))
        if end - floor - 1 < n * self._least:
            return False
        self._aim(floor, claim)
        self._retry(segment)
        self._pass(segment, end)
        heap = self._whole[n]
        while heap and heap[0][1] <= floor:
            heappop(heap)
        return bool(heap) and heap[0][0] <= end

    def ends_with(self, segment: Segment, at: int, stop: int, n: int, frames: Iterable[tuple[Header, Key]]) -> bool:
        """Whether a run of n frames behind data[at] that ends exactly at `stop` ends with one of these frames.

        `inside` was asked before, with the same claim.
        """
        data, base = segment.data, segment.base
        last = self._last[n].get(base + stop)
        if last is None:
            return False
        if isinstance(last, list):
            starts: dict[tuple[Header, Key], int] = {}
            for header, offset, start in last:
                key = header.key(data, offset - base)
                if key is not None:
                    starts[header, key] = max(start, starts.get((header, key), -1))
            last = self._last[n][base + stop] = starts
        return any(last.get(frame, -1) > base + at for frame in frames)

    def _aim(self, floor: int, claim: int) -> None:
        """Go on behind `floor`, with a horizon that `claim` lies within."""
        if self._cursor <= floor + 1:
            self._cursor = floor + 1
            self._horizon = max(self._horizon, claim)
        elif claim > self._horizon:
            self._horizon = floor + 2 * (claim - floor)
            self._restart(floor + 1)
        self._floor = floor

    def _retry(self, segment: Segment) -> None:
        data, base = segment.data, segment.base
        if self._tried == (base + len(data), segment.final):
            return
        self._tried = base + len(data), segment.final
        waiting, self._waiting = self._waiting, {}
        for offset, (headers, starts) in waiting.items():
            if offset > self._floor:
                self._enter_all(segment, offset, headers, starts)

    def _pass(self, segment: Segment, end: int) -> None:
        """Pass the positions before `end`."""
        data, base = segment.data, segment.base
        if self._pattern is None:
            self._pattern = self._beginnings()
        search, headers = self._pattern.search, self._headers
        while self._cursor < end:
            beginning = search(data, self._cursor - base, end - base)
            if beginning is None:
                self._cursor = end
                return
            offset = base + beginning.start()
            if offset >> _PAGE_BITS != self._page:
                self._open(offset >> _PAGE_BITS)
            self._enter_all(segment, offset, headers, self._ends.pop(offset, []))
            self._cursor = offset + 1

    def _beginnings(self) -> re.Pattern[bytes]:
        """The bytes that a frame of some format may begin with, or what is idle."""
        idle = frozenset(literal[0] for literal in self._idle.literals)
        return one_of(idle.union(*(header.beginnings() for header in self._headers)))

    def _enter_all(self, segment: Segment, offset: int, headers: Sequence[Header], starts: list[int]) -> None:
        """Enter the frames that begin here; `starts`: of the runs of 1, 2, ... frames that end here (-1: none)."""
        base = segment.base
        lacking = None
        at = offset - base
        if starts and self._fills:
            # What is idle is stepped over inside a run: it goes on behind it, and not here.
            size = self._idle.size(segment, at)
            if size is None:
                self._waiting[offset] = (list(headers), starts)
                return
            if size:
                for level, start in enumerate(starts, 1):
                    if start > self._floor:
                        self._place(offset + size, level, start)
                starts = []
        for header in headers:
            length = header.look(segment, at)
            if length is None:
                lacking = [*lacking, header] if lacking else [header]
            elif (
                length.__class__ is int
                and offset + length <= self._horizon
                and (header.envelope.search.chain is None or not header.null(segment, at))
            ):
                self._enter(header, offset + length, offset, starts)
        if lacking:
            self._waiting[offset] = (lacking, starts)

    def _enter(self, header: Header, end: int, offset: int, starts: list[int]) -> None:
        """A frame from `offset` to `end`: the runs that end where it begins are one longer."""
        floor, longest = self._floor, self._longest
        if self._counted and header.counts:
            for n, last in self._last.items():
                start = offset if n == 1 else starts[n - 2] if n - 2 < len(starts) else -1
                if start > floor:
                    frames = last.setdefault(end, [])
                    if isinstance(frames, list):  # else all of them are known: this one waited, and ends farther on
                        frames.append((header, offset, start))
        self._carry(end, 1, offset)
        for level, start in enumerate(starts[: longest - 1], 2):
            if start > floor:
                self._carry(end, level, start)

    def _carry(self, end: int, level: int, start: int) -> None:
        heap = self._whole.get(level)
        if heap is not None and not (heap and heap[0][0] <= end and heap[0][1] >= start):
            heappush(heap, (end, start))
        if level < self._longest:
            self._place(end, level, start)

    def _place(self, end: int, level: int, start: int) -> None:
        """A run of so many frames from `start` on may go on at `end`."""
        page = end >> _PAGE_BITS
        if page == self._page:
            self._spread(end, level, start)
        else:
            entry = end & _PAGE | level << _PAGE_BITS | end - start << _PAGE_BITS + _LEVEL_BITS
            entries = self._pages.get(page)
            if entries is None:
                self._pages[page] = array("Q", (entry,))
            else:
                entries.append(entry)

    def _spread(self, end: int, level: int, start: int) -> None:
        starts = self._ends.get(end)
        if starts is None:
            starts = self._ends[end] = [-1] * (self._longest - 1)
        starts[level - 1] = max(starts[level - 1], start)

    def _open(self, page: int) -> None:
        """Spread the entries of a page out, and let go of those before it."""
        self._page = page
        self._ends = {}
        for entry in self._pages.pop(page, ()):
            end = page << _PAGE_BITS | entry & _PAGE
            self._spread(end, entry >> _PAGE_BITS & _LEVEL, end - (entry >> _PAGE_BITS + _LEVEL_BITS))
        for old in [old for old in self._pages if old < page]:
            del self._pages[old]
        for n, last in self._last.items():
            if len(last) > _MOST_ENDS:
                self._last[n] = {end: frames for end, frames in last.items() if end > self._floor}
