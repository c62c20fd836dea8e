"""The queue between what comes in by itself and who takes it: bounded in bytes, exact in what it drops."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from sigflow.reasons import OVERFLOW
from sigflow.transport.base import PIECE, WAITING, Chunk, Clock, Cut, Note


def joined(cuts: Iterable[Cut]) -> tuple[Cut, ...]:
    """The cuts at one place, overflows beside each other as one."""
    out: list[Cut] = []
    for cut in cuts:
        if out and cut.kind == out[-1].kind == OVERFLOW:
            before = out.pop().missing
            cut = Cut(OVERFLOW, None if before is None or cut.missing is None else before + cut.missing)
        out.append(cut)
    return tuple(out)


class Inbox:
    """Chunks that wait to be taken.  Small ones that came in together are taken together.

    State: the chunks, and their bytes; cuts and notes behind the newest of them; whether the source was asked to wait;
    whether, and by which error, it has ended.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        bound: int = WAITING,
        overflow: str = "block",
        join: bool = True,
        pause: Callable[[], object] = lambda: None,
        resume: Callable[[], object] = lambda: None,
    ) -> None:
        """bound: bytes that wait, at most, and one piece more.  overflow: of `OVERFLOWS`; with `block` the source is
        paused at half of the bound.  join: whether pieces that nothing separates may be taken as one.
        """
        self._clock = clock
        self._bound = bound
        self._overflow = overflow
        self._join = join
        self._pause, self._resume = pause, resume
        self._chunks: deque[Chunk] = deque()
        self._held = 0
        self._cuts: list[Cut] = []
        self._notes: list[Note] = []
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._ended = False
        self._error: BaseException | None = None
        self.received = 0
        self.dropped = 0

    def put(self, data: bytes, cut: Cut | None = None) -> None:
        """Bytes came in.  cut: what lies before them."""
        size = len(data)
        self.received += size
        if cut is not None:
            self._cuts.append(cut)
        if self._overflow != "block" and self._held and self._held + size > self._bound:
            if self._overflow == "drop-newest":
                self.dropped += size
                self._cuts.append(Cut(OVERFLOW, size))
                return
            while self._chunks and self._held + size > self._bound:
                self._drop_oldest()
        self._append(data)
        if self._overflow == "block" and not self._paused and self._held * 2 >= self._bound:
            self._paused = True
            self._pause()
        self._wake()

    def _append(self, data: bytes) -> None:
        self._chunks.append(Chunk(data, self._clock.stamp(), joined(self._cuts), tuple(self._notes)))
        self._held += len(data)
        self._cuts.clear()
        self._notes.clear()

    def note(self, note: Note, cut: Cut | None = None) -> None:
        """The system said something; it is told with the next chunk.  cut: what it means for the bytes."""
        self._notes.append(note)
        if cut is not None:
            self._cuts.append(cut)

    def _drop_oldest(self) -> None:
        """Let go of the oldest chunk; what it said, and that it is missing, is said by the one behind it."""
        gone = self._chunks.popleft()
        self._held -= len(gone.data)
        self.dropped += len(gone.data)
        cuts = (*gone.cuts, Cut(OVERFLOW, len(gone.data)))
        if self._chunks:
            heir = self._chunks.popleft()
            self._chunks.appendleft(heir._replace(cuts=joined((*cuts, *heir.cuts)), notes=gone.notes + heir.notes))
        else:
            self._cuts[:0] = cuts
            self._notes[:0] = gone.notes

    def end(self, error: BaseException | None = None) -> None:
        """Nothing more comes; by which error, where it is not that the other end closed."""
        if not self._ended:
            self._ended, self._error = True, error
            if self._cuts or self._notes:
                self._append(b"")
        self._wake()

    @property
    def ended(self) -> bool:
        """Whether nothing more comes in; what has may still wait."""
        return self._ended

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def get(self) -> Chunk | None:
        """The next bytes; None at the end.  Raises the error that ended it, once all that came before is taken."""
        while not self._chunks:
            if self._ended:
                if self._error is not None:
                    raise self._error
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        first = self._chunks.popleft()
        size = len(first.data)
        pieces = [first.data]
        while self._join and self._chunks and size < PIECE:
            chunk = self._chunks[0]
            if chunk.cuts or chunk.notes or size + len(chunk.data) > PIECE:
                break
            self._chunks.popleft()
            pieces.append(chunk.data)
            size += len(chunk.data)
        self._held -= size
        if self._paused and self._held * 4 <= self._bound:
            self._paused = False
            self._resume()
        return first if len(pieces) == 1 else first._replace(data=b"".join(pieces))
