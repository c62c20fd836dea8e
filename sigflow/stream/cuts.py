"""Cuts: where bytes are known to be missing, or what was received by itself was joined.  A cut is input, as the bytes
are.

What lies before a cut is scanned as if the stream ended there, and nothing spans it; behind it a scan begins anew, in
the state that the kind of the cut says.  Sequence counters and the numbers of frames go on.  Bytes that are known to be
missing count as bytes of the stream: they are a gap, and what follows has the offset that it would have had.

    kind           behind it the lock is   units may begin there   the preamble is asked for   the last unit may be open
    boundary       start                   yes                     no                          yes
    reconnect      start                   yes                     again                       no
    concatenated   start                   yes                     again                       yes
    overflow       no                      no                      no                          no
    removed        start                   yes                     again                       yes

`removed` is where a recording lacks its beginning, which was removed on purpose: those bytes are no gap, and count as
idle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from sigflow.errors import UsageError
from sigflow.events import Stamp
from sigflow.reasons import OVERFLOW
from sigflow.stream.chain import NO, START
from sigflow.stream.segment import BREAKS, ENDS, MORE

BOUNDARY, RECONNECT, CONCATENATED, REMOVED = "boundary", "reconnect", "concatenated", "removed"
#: The code of a note that bytes are missing, and how many is not known.
BYTES_MISSING = "bytes-missing"


class Kind(NamedTuple):
    """What a kind of cut means.

    final: what the scan before it is told of its end.  lock: the one behind it.  begins: whether a unit between
    delimiters may begin right behind it.  asks: whether a preamble is asked for there.  unknown: what a note says
    where it is not known how many bytes are missing; "": then none are known to be.
    """

    final: int
    lock: int
    begins: bool
    asks: bool
    unknown: str


KINDS: dict[str, Kind] = {
    BOUNDARY: Kind(ENDS, START, True, False, ""),
    RECONNECT: Kind(BREAKS, START, True, True, "the connection was lost and made anew here"),
    CONCATENATED: Kind(ENDS, START, True, True, ""),
    OVERFLOW: Kind(BREAKS, NO, False, False, "bytes were dropped here"),
    REMOVED: Kind(ENDS, START, True, True, ""),
}


class Cut(NamedTuple):
    """A cut in a stream.

    offset: where it is, in the stream; of the first missing byte, where some are.  kind: `boundary`, `reconnect`,
    `concatenated`, `overflow` or `removed`.  missing: how many bytes are missing, None where that is not known.
    stamp: when it was.
    """

    offset: int
    kind: str
    missing: int | None = None
    stamp: Stamp | None = None

    @property
    def stop(self) -> int:
        """The offset of what follows."""
        return self.offset + (self.missing or 0)

    @property
    def silent(self) -> bool:
        """Whether nothing is told of it."""
        return self.missing == 0 or (self.missing is None and not KINDS[self.kind].unknown)


def checked(cut: Cut) -> Cut:
    """The same cut.  Raises `UsageError` where it is none."""
    if cut.kind not in KINDS:
        raise UsageError(f"a cut of kind {cut.kind!r}, wanted one of {', '.join(KINDS)}")
    for name, number in (("at offset", cut.offset), ("with missing bytes", cut.missing or 0)):
        if not isinstance(number, int) or number < 0:
            raise UsageError(f"a cut {name} {number!r}, wanted a number from 0 on")
    return cut


def in_order(cuts: Iterable[Cut | tuple[int, str] | tuple[int, str, int | None]], start: int = 0) -> list[Cut]:
    """Cuts in the order of the stream; those at one offset stay in theirs.  start: where the stream goes on.

    Raises `UsageError` where one is none, or lies before `start`, or in the missing bytes of another.
    """
    try:
        listed = sorted((checked(Cut(*cut)) for cut in cuts), key=lambda cut: cut.offset)
    except TypeError:
        raise UsageError(f"cuts {cuts!r}, wanted offset, kind and maybe missing bytes of each") from None
    for cut in listed:
        if cut.offset < start:
            raise UsageError(f"a cut at offset {cut.offset}, where the stream goes on at {start}")
        start = cut.stop
    return listed


class Queue:
    """What came behind the next cut, in order: it waits until what lies before that is decided.

    State: the cuts, each with the chunks behind it; cuts that are known beforehand and were not reached yet.
    """

    __slots__ = ("_waiting", "size", "to_come")

    def __init__(self) -> None:
        self._waiting: deque[tuple[Cut, Kind, list[bytes]]] = deque()
        #: Bytes of the stream that wait here, the missing ones among them.
        self.size = 0
        #: The cuts that are known beforehand.
        self.to_come: deque[Cut] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def final(self) -> int:
        """What comes behind the bytes before the first cut; MORE where none waits."""
        return self._waiting[0][1].final if self._waiting else MORE

    @property
    def cuts(self) -> list[Cut]:
        """All cuts that were not reached by the scan, in order."""
        return [*(cut for cut, _, _ in self._waiting), *self.to_come]

    def cut(self, cut: Cut) -> None:
        """Have a cut wait."""
        self._waiting.append((cut, KINDS[cut.kind], []))
        self.size += cut.missing or 0

    def add(self, chunk: bytes) -> None:
        """Have a chunk wait, behind the last cut."""
        self._waiting[-1][2].append(chunk)
        self.size += len(chunk)

    @property
    def first(self) -> tuple[Cut, Kind, list[bytes]]:
        """What `take` gives."""
        return self._waiting[0]

    def take(self) -> tuple[Cut, Kind, list[bytes]]:
        """The first cut, its kind, and the chunks between it and the next."""
        taken = self._waiting.popleft()
        cut, _, chunks = taken
        self.size -= (cut.missing or 0) + sum(map(len, chunks))
        return taken

    def pairs(self) -> list[tuple[Cut, bytes]]:
        """The cuts that wait, each with the bytes up to the next; nothing is taken."""
        return [(cut, b"".join(chunks)) for cut, _, chunks in self._waiting]
