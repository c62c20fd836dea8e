"""Does a run of frames inside the bytes that a frame claims begin with the next frame of that frame's own stream?
(`docs/architecture.md`, rule 5 (a): then the claim is a lie, however well what follows it may look.)

Strategy.  The headers behind the candidate are passed once, from left to right, and entered by stream id and counter.
From those that a candidate asks for, and from no others, the run is followed, once: its nearest end is kept, so that
the next candidate has it at hand.  A header that lacks bytes, and a run that reaches one, waits until they have come.

This is asked only where `Runs` has found a run at all, as it never does in captures without frames inside frames.
All of it is cache: `drop` forgets it and changes no answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from sigflow.stream.header import Header, Key
from sigflow.stream.idle import NO_IDLE, Idle
from sigflow.stream.segment import MORE, Segment

#: Nearest ends of runs that are kept, before those that the candidate has passed are let go of; and of all at most.
_MANY = 1 << 16
_MOST = 1 << 20
#: Headers that are entered before those that the candidate has passed are let go of.
_FEW = 1 << 12
_NONE = 1 << 62

_Heap = list[tuple[int, int]]


class Continuations:
    """The passes over the headers of formats that tell a counter, one for each.  headers: of all formats."""

    def __init__(self, headers: Sequence[Header], idle: Idle = NO_IDLE) -> None:
        self._headers = headers
        self._idle = idle
        self._patterns: dict[Header, re.Pattern[bytes]] = {}
        self.drop()

    def drop(self) -> None:
        """Forget the passes."""
        self._passes: dict[Header, _Pass] = {}
        self._nearest: dict[tuple[int, int], int] = {}  # by offset and frames left: the nearest end, or _NONE
        # The same where there may be a nearer one when more bytes have come, and from which end of the buffer on; as
        # long as the buffer ends where it does.
        self._for_now: dict[tuple[int, int], tuple[int, int]] = {}
        self._end = (-1, MORE)
        self._room = _MANY

    def inside(self, header: Header, segment: Segment, at: int, stop: int, n: int) -> bool:
        """Whether a run of n frames behind data[at] and up to `stop`, which may be beyond the buffer, begins with the
        frame that comes next after the one at data[at] in its stream.
        """
        data, base = segment.data, segment.base
        mine = header.key(data, at) if header.counts else None
        if mine is None:
            return False
        walk = self._passes.get(header)
        if walk is None:
            walk = self._passes[header] = _Pass()
        end = base + len(data)
        self._pass(walk, header, segment, at, min(stop, len(data)))
        heaps = walk.heaps.get(header.neighbour(mine, 1))
        if heaps is None:
            return False
        if self._end != (end, segment.final):
            self._end = (end, segment.final)
            self._for_now.clear()
        if len(self._nearest) > self._room:
            self._nearest = {key: nearest for key, nearest in self._nearest.items() if key[0] > base + at}
            self._room = max(_MANY, 2 * len(self._nearest))
        waiting, ends = heaps
        while waiting and waiting[0][0] <= end:
            _, offset = heappop(waiting)
            if offset <= base + at:
                continue
            nearest, need = self._follow(segment, offset, n, (header,), begins=True)
            if nearest < _NONE:
                heappush(ends, (nearest, offset))
            if need < _NONE:
                heappush(waiting, (need, offset))
        while ends and ends[0][1] <= base + at:
            heappop(ends)
        return bool(ends) and ends[0][0] <= min(base + stop, end)

    def _pass(self, walk: _Pass, header: Header, segment: Segment, at: int, stop: int) -> None:
        """Enter the headers behind `at` and before `stop`."""
        data, base = segment.data, segment.base
        pattern = self._patterns.get(header)
        if pattern is None:
            pattern = self._patterns[header] = header.beginning()
        if walk.cursor <= base + at:
            walk.restart(base + at + 1)
        lacking, walk.lacking = walk.lacking, []
        for offset in lacking:
            if offset > base + at:
                self._enter(walk, header, segment, offset)
        for beginning in pattern.finditer(data, walk.cursor - base, stop):
            self._enter(walk, header, segment, base + beginning.start())
        walk.cursor = max(walk.cursor, base + stop)
        if walk.entered > walk.kept:
            walk.forget(base + at)

    def _enter(self, walk: _Pass, header: Header, segment: Segment, offset: int) -> None:
        data, base = segment.data, segment.base
        length = header.look(segment, offset - base)
        if length is None:
            walk.lacking.append(offset)
        elif length.__class__ is int and not header.null(segment, offset - base):
            key = header.key(data, offset - base)
            if key is not None:
                heappush(walk.heaps.setdefault(key, ([], []))[0], (0, offset))
                walk.entered += 1

    def _follow(
        self, segment: Segment, offset: int, left: int, headers: Sequence[Header], *, begins: bool = False
    ) -> tuple[int, int]:
        """The nearest end of a run of `left` frames from `offset` on, the first of these formats; and the end of the
        buffer from which on there may be a nearer one.  _NONE where there is none.  begins: nothing idle is stepped
        over before the first.
        """
        data, base = segment.data, segment.base
        first = len(headers) < len(self._headers)
        known = None if first else self._nearest.get((offset, left))
        if known is not None:
            return known, _NONE
        asked = offset, left
        if not first and (answer := self._for_now.get(asked)) is not None:
            return answer
        behind = offset - base if begins else self._idle.behind(segment, offset - base)
        if behind is None:
            return _NONE, base + len(data) + 1
        offset = base + behind
        if offset >= base + len(data):
            return _NONE, offset + 1
        nearest, need = _NONE, _NONE
        for header in headers:
            length = header.look(segment, offset - base)
            if length is None:
                need = min(need, base + len(data) + 1)
            elif length.__class__ is int and not (
                header.envelope.search.chain is not None and header.null(segment, offset - base)
            ):
                end, more = offset + length, _NONE
                if left > 1:
                    end, more = self._follow(segment, offset + length, left - 1, self._headers)
                nearest, need = min(nearest, end), min(need, more)
        if first:
            return nearest, need
        kept: dict[tuple[int, int], Any] = self._nearest if need == _NONE else self._for_now
        if len(kept) >= _MOST:
            kept.clear()
        kept[asked] = nearest if need == _NONE else (nearest, need)
        return nearest, need


class _Pass:
    """The pass over one format's headers.  State: the next offset to look at, and what was found before it."""

    __slots__ = ("cursor", "entered", "heaps", "kept", "lacking")

    def __init__(self) -> None:
        self.restart(0)

    def restart(self, cursor: int) -> None:
        """Begin at this offset."""
        self.cursor = cursor
        self.lacking: list[int] = []  # offsets whose header lacks bytes
        # By stream id and counter, two heaps: (end of the stream from which on to follow, offset) of frames whose run
        # was not followed to its end, and (nearest end, offset) of those whose was.
        self.heaps: dict[Key, tuple[_Heap, _Heap]] = {}
        self.entered = 0
        self.kept = _FEW

    def forget(self, floor: int) -> None:
        """Let go of what does not lie behind this offset."""
        left = {}
        for key, heaps in self.heaps.items():
            waiting, ends = ([entry for entry in heap if entry[1] > floor] for heap in heaps)
            if waiting or ends:
                heapify(waiting)
                heapify(ends)
                left[key] = waiting, ends
        self.heaps = left
        self.entered = sum(len(waiting) + len(ends) for waiting, ends in left.values())
        self.kept = max(_FEW, 2 * self.entered)
