"""One stream on its way: received, written to the raw capture, decoded, handed to the sinks.

The way of a chunk: `take` appends it to the raw capture and scans it; what was found goes to the outlets.  `commit`
puts the raw capture on the disk; behind it a *barrier* tells the outlets up to where they may go.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sigflow.errors import UsageError
from sigflow.events import Event, FrameRun, Gap, Record, Stamp
from sigflow.reasons import CHECKSUM
from sigflow.session.outlet import Outlet
from sigflow.session.sinks import EVERY, Barrier, Frames
from sigflow.storage.session import ledger as ledgers
from sigflow.storage.session.ledger import Ledger
from sigflow.storage.session.reader import Contents, StreamStorage, sync_newest
from sigflow.storage.session.writer import StreamWriter
from sigflow.stream.checkpoint import Checkpoint
from sigflow.stream.cuts import CONCATENATED, RECONNECT
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from sigflow.transport import Chunk
from sigflow.transport.boot import boot_id

#: Seconds between two barriers.
BARRIER = 0.1
#: Bytes that are not on the disk yet, at most, before no more are taken.
UNSYNCED = 32 << 20
#: Bytes that are not on the disk yet and for which a commit does not wait for its time: the disk has enough to do.
GROUP = 1 << 20
#: Bytes that are decoded at once of what was stored.
STORED = 1 << 20


#: Says in the ledger what a restart needs.
Rows = Callable[[Ledger], object]


class Shared(NamedTuple):
    """What the streams of a session share."""

    formats: Sequence[Format]
    ledger: Ledger
    outlets: Sequence[Outlet]
    seen: Callable[[int, Event], object]
    max_wait: float | None = None
    synced: bool = True
    segment_bytes: int = 64 << 20
    segment_seconds: float = 600.0
    engine: str = "auto"


def _now() -> Stamp:
    return Stamp(time.time_ns(), time.monotonic_ns(), "", boot_id())


class Pipeline:
    """State: the writer of the raw capture; the decoder; the candidate that is waited for, and since when; when the
    last barrier was.
    """

    def __init__(self, number: int, folder: str, shared: Shared) -> None:
        """Goes on where the stream's folder and the ledger say.  Raises `OSError` where that cannot be read."""
        self.number = number
        self._shared = shared
        self._contents = Contents(folder, verify=False)
        sync_newest(self._contents)
        self.writer = StreamWriter(
            folder,
            self._contents.position,
            synced=shared.synced,
            boot=boot_id(),
            segment_bytes=shared.segment_bytes,
            segment_seconds=shared.segment_seconds,
        )
        self._names = [format.name for format in shared.formats]
        self.decoder = self._resumed()
        self._committing = asyncio.Lock()
        self._barrier_at = time.monotonic()
        self._barrier_frames = -1
        self._waits = (-1, 0.0)
        self._ledger_at = 0.0
        self.last_stamp: Stamp | None = None
        #: Is set when much waits for the disk.
        self.much = asyncio.Event()
        #: Gaps in which a frame failed its checksum.
        self.refused = 0

    def _resumed(self) -> Decoder:
        """A decoder from the last checkpoint that no sink is behind."""
        shared, contents = self._shared, self._contents
        slowest = min((outlet.sink.position(self.number) for outlet in shared.outlets), default=None)
        point = shared.ledger.resumable(self.number, slowest)
        marks = [(offset, self._names[number]) for offset, number in contents.marks if number < len(self._names)]
        self._from = 0
        try:
            checkpoint = None if point is None else Checkpoint.from_json(point.state)
        except UsageError:  # of another version, or damaged: all of it is decoded again, and gives the same
            checkpoint = None
        if checkpoint is None:
            whole = Decoder(shared.formats, marks=marks, cuts=contents.cuts, engine=shared.engine)
            return self._begin(whole, 0)
        rest = contents.cuts[checkpoint.cut_count :]
        if any(cut.offset < checkpoint.offset for cut in rest):  # the disk was damaged: there are more than there were
            rest = [cut for cut in contents.cuts if cut.offset >= checkpoint.offset]
        decoder = Decoder(
            shared.formats,
            marks=[mark for mark in marks if mark[0] >= checkpoint.offset and mark not in checkpoint.marks],
            cuts=[cut for cut in rest if cut not in checkpoint.cuts],
            resume=checkpoint,
            engine=shared.engine,
        )
        self._from = checkpoint.start
        return self._begin(decoder, checkpoint.index)

    def _begin(self, decoder: Decoder, first: int) -> Decoder:
        """Tell the sinks of the stream, and which frame is the first that comes."""
        for outlet in self._shared.outlets:
            outlet.sink.begin_stream(self.number, first, decoder.formats)
        return decoder

    async def catch_up(self) -> None:
        """Decode what is stored and was not decoded, or not taken by every sink, before the process ended."""
        contents = self._contents
        if not contents.stored and not contents.cuts:
            return
        with StreamStorage(contents, str(self.number)) as storage:
            at = storage.at(self._from)
            while data := storage.read(at, at + STORED):
                at += len(data)
                self.decoder.feed(data)
                self._deliver()
                await self.room()
                passed = self._pass_barrier()
                if passed is not None:
                    passed[0].set()  # it is on the disk already

    # ---------------------------------------------------------------- what comes in

    def resume(self, ended: bool) -> None:
        """The source is there again, after the process had ended: a cut, where something had come before.

        ended: whether all that had come was decided then, as at the end of a stream.
        """
        if self._contents.pieces or self._contents.cuts:
            self._cut(CONCATENATED, 0, _now()) if ended else self._cut(RECONNECT, None, _now())

    def _cut(self, kind: str, missing: int | None, stamp: Stamp) -> None:
        self.writer.cut(kind, missing, stamp)
        self.decoder.cut(kind, missing, stamp=stamp)

    def take(self, chunk: Chunk) -> None:
        """A chunk came in.  To be followed by `await room()`.  Raises `OSError` where it cannot be written."""
        for cut in chunk.cuts:
            self._cut(cut.kind, cut.missing, chunk.stamp)
        for note in chunk.notes:
            self.writer.note(0, note.times, chunk.stamp)
        self.writer.append(chunk.data, chunk.stamp)
        if self.writer.offset - self.writer.acknowledged >= GROUP:
            self.much.set()
        self.decoder.feed(chunk.data, stamp=chunk.stamp)
        self.last_stamp = chunk.stamp
        self._deliver()

    async def room(self) -> None:
        """Wait until the sinks, and the disk, have come along."""
        for outlet in self._shared.outlets:
            await outlet.room()
        if self.writer.offset - self.writer.acknowledged > UNSYNCED:
            await self.commit()

    def _deliver(self) -> None:
        """Hand on what was found."""
        if not self._shared.outlets:
            for event in self.decoder.others():
                self._seen(event)
            return
        pieces: list[Frames] = []
        size = 0
        for piece in self.decoder.pieces():
            if isinstance(piece, FrameRun):
                pieces.append(piece)
                size += len(piece.raw)
                continue
            records = []
            for event in piece:
                if isinstance(event, Record):
                    records.append(event)
                    size += event.stop - event.start
                else:
                    self._seen(event)
            if records:
                pieces.append(records)
        if pieces:
            for outlet in self._shared.outlets:
                outlet.put(self.number, pieces, size)

    def _seen(self, event: Event) -> None:
        if isinstance(event, Gap) and any(reason.endswith(f":{CHECKSUM}") for reason in event.reasons):
            self.refused += 1
        self._shared.seen(self.number, event)

    # ---------------------------------------------------------------- time

    def tick(self) -> None:
        """Time has passed: abandon what is waited for too long."""
        if self._shared.max_wait is None:
            return
        at, now = self.decoder.state[0], time.monotonic()
        if at != self._waits[0] or not self.decoder.statistics.pending_bytes:
            self._waits = at, now
        elif now - self._waits[1] >= self._shared.max_wait:
            mark = self.decoder.abandon()
            self._waits = -1, now
            if mark is not None and mark[1] in self._names:  # (else it was a preamble: those are asked for once)
                self.writer.mark(mark[0], self._names.index(mark[1]), _now())
                self._deliver()

    async def commit(self, *, final: bool = False) -> int:
        """Put on the disk what came in, and let the sinks go on up to here.  Returns the acknowledged offset."""
        async with self._committing:
            self.much.clear()
            passed = self._pass_barrier(final=final)
            try:
                await asyncio.get_running_loop().run_in_executor(None, self._sync, passed, final)
            except BaseException as error:
                # What is not on the disk must not be in a sink, either; and nobody may wait for it.
                for outlet in self._shared.outlets:
                    outlet.abort(error)
                if passed is not None:
                    passed[0].set()
                raise
            return self.writer.acknowledged

    def _sync(self, passed: tuple[threading.Event, Rows] | None, final: bool) -> None:
        """What `commit` does on the disk."""
        self.writer.commit()
        if passed is None:
            return
        acknowledged, rows = passed
        acknowledged.set()
        if not self._shared.outlets and (final or time.monotonic() - self._ledger_at >= EVERY):
            with self._shared.ledger.transaction():
                rows(self._shared.ledger)
            self._ledger_at = time.monotonic()

    def _pass_barrier(self, *, final: bool = False) -> tuple[threading.Event, Rows] | None:
        """A barrier, if it is time for one: what is set when all before it is on the disk, and what the ledger shall
        say then.
        """
        now = time.monotonic()
        if not final and now - self._barrier_at < BARRIER:
            return None
        self._deliver()
        frames = self.decoder.statistics.frames
        if not final and frames == self._barrier_frames:
            return None
        self._barrier_at, self._barrier_frames = now, frames
        rows = self._ended(frames) if final else self._checkpoint()
        acknowledged = threading.Event()
        for outlet in self._shared.outlets:
            outlet.pass_on(Barrier(self.number, frames, rows, final), acknowledged)
        return acknowledged, rows

    def _checkpoint(self) -> Rows:
        """What the ledger says of here."""
        point = self.decoder.checkpoint()
        number, offset = self.number, self.writer.offset
        kept = ledgers.Checkpoint(point.index, point.offset, point.to_json())

        def rows(ledger: Ledger) -> None:
            ledger.checkpoint(number, kept)
            ledger.acknowledge(number, offset)

        return rows

    def _ended(self, frames: int) -> Rows:
        """What it says of the end, in the same transaction as the first sink that has taken all: what goes on later
        goes on behind an end.  (It is resumed from the checkpoint before.)
        """
        number, offset = self.number, self.writer.offset

        def rows(ledger: Ledger) -> None:
            ledger.acknowledge(number, offset)
            ledger.end_stream(number, time.time_ns(), frames)

        return rows

    async def end(self) -> None:
        """The stream ends here, or the process does: what waits is decided, and goes to the sinks."""
        self.decoder.feed_eof()
        self._deliver()
        await self.commit(final=True)
        await asyncio.get_running_loop().run_in_executor(None, self.writer.close)
