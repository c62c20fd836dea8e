"""One stream on its way: received, written to the raw capture, decoded, handed to the sinks.

The way of a chunk: `take` appends it to the raw capture and feeds the decoder; `deliver` hands what was found to the
outlets.  `commit` puts the raw capture on the disk; behind it a *barrier* tells the outlets up to where they may go.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sigflow.errors import UsageError
from sigflow.events import Event, Gap, Stamp
from sigflow.reasons import CHECKSUM, NO_MARKER
from sigflow.recording.following import following_of, follows
from sigflow.recover.readback import specs_used
from sigflow.session.found import Found
from sigflow.session.outlet import Outlet
from sigflow.session.refused import stream_id
from sigflow.session.retention import Retain, first_kept
from sigflow.session.sinks import EVERY, FRAMES, REFUSED, Barrier
from sigflow.storage.session import ledger as ledgers
from sigflow.storage.session.begin import Begin, cuts_before, remove_before
from sigflow.storage.session.entries import note_code
from sigflow.storage.session.extents import Extent
from sigflow.storage.session.ledger import Ledger
from sigflow.storage.session.reader import Contents, StreamStorage, sync_newest
from sigflow.storage.session.writer import StreamWriter
from sigflow.stream.checkpoint import Checkpoint
from sigflow.stream.cuts import CONCATENATED, RECONNECT
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from sigflow.stream.statistics import Statistics
from sigflow.transport import Chunk, GoesOn, Note, Transport
from sigflow.transport.boot import boot_id

#: Bytes before the place where a source goes on that must be those that were received.
KNOWN = 256
#: Seconds between two barriers.
BARRIER = 0.1
#: Bytes that are not on the disk yet, at most, before no more are taken.
UNSYNCED = 32 << 20
#: Bytes that are not on the disk yet and for which a commit does not wait for its time: the disk has enough to do.
GROUP = 1 << 20
#: Bytes of memory that a stretch takes that waits for the quarantine, about.
STRETCH = 1000
#: Bytes that are decoded at once of what was stored.
STORED = 1 << 20


#: Says in the ledger what a restart needs.
Rows = Callable[[Ledger], object]


class Shared(NamedTuple):
    """What the streams of a session share.  names: of all formats of the session, which its files number."""

    formats: Sequence[Format]
    names: Sequence[str]
    ledger: Ledger
    outlets: Sequence[Outlet]
    seen: Callable[[int, Event], object]
    noted: Callable[[int, Note, str], object]
    fallback: Sequence[Format] = ()
    begun_ns: int = 0
    retain: Retain | None = None
    told: Callable[[str, str], object] = lambda severity, words: None
    max_wait: float | None = None
    synced: bool = True
    segment_bytes: int = 64 << 20
    segment_seconds: float = 600.0
    engine: str = "auto"


def _now() -> Stamp:
    return Stamp(time.time_ns(), time.monotonic_ns(), "", boot_id())


class Pipeline:
    """State: the writer of the raw capture; the decoder, and what it has found; the candidate that is waited for, and
    since when; when the last barrier was, and whether something was handed on since.
    """

    def __init__(self, number: int, folder: str, shared: Shared) -> None:
        """Goes on where the stream's folder and the ledger say.  Raises `OSError` where that cannot be read."""
        self.number = number
        self._shared = shared
        self._kept = shared.ledger.begin(number)
        if self._kept is not None:
            remove_before(folder, self._kept[0])  # where a process was killed meanwhile
        self._contents = Contents(folder, verify=False, whole=True)
        sync_newest(self._contents)
        self.writer = StreamWriter(
            folder,
            self._contents.position,
            synced=shared.synced,
            boot=boot_id(),
            segment_bytes=shared.segment_bytes,
            segment_seconds=shared.segment_seconds,
        )
        source = shared.ledger.source_of(number)
        self._formats, self._fallback = (
            [format.of_source(source) for format in formats] for formats in (shared.formats, shared.fallback)
        )
        self._names = shared.names
        both = [*self._formats, *self._fallback]
        self._following = following_of(both) if follows(both) else None
        #: Whether the state of the scan is one of several.
        self._several = bool(self._fallback) or self._following is not None
        for piece in self._contents.pieces:
            self.writer.extents.add(Extent(piece.segment, piece.offset, piece.place, piece.length))
        self._folder = folder
        self.decoder, self._found = self._resumed()
        self._committing, self._delivering = asyncio.Lock(), asyncio.Lock()
        self._barrier_at = time.monotonic()
        self._handed_on = True
        self._point: ledgers.Checkpoint | None = None
        self._point_frames = self.statistics.frames
        self._waits = (-1, 0.0)
        self._ledger_at = self._retained_at = 0.0
        #: Where the stream might begin, by segment, as far as the ledger was not told; of which it was.
        self._may_begin: dict[int, ledgers.Checkpoint] = {}
        self._said: set[int] = set()
        #: Of the last chunk that came in, and of the last that had come when frames were found, as of a commit.
        self.last_stamp: Stamp | None = None
        self.frame_stamp: Stamp | None = None
        self._seen_frames = self._point_frames
        #: Is set when much waits for the disk.
        self.much = asyncio.Event()
        #: Gaps in which a frame failed its checksum; gaps by the reasons in them; bytes of gaps by the first that says
        #: more than that there is no marker.  (How many reasons there are is bounded by the specs.)
        self.refused = 0
        self.refusals: Counter[str] = Counter()
        self.refused_bytes: Counter[str] = Counter()

    def _resumed(self) -> tuple[Decoder, Found]:
        """A decoder, and what goes with it, from the last checkpoint that no sink is behind."""
        shared = self._shared
        slowest = min((outlet.sink.position(self.number) for outlet in shared.outlets), default=None)
        point = shared.ledger.resumable(self.number, slowest)
        if point is not None and self._kept is not None and point.offset < self._kept[0].offset:
            point = None  # what it needs was removed
        states = [] if point is None else [point.state]
        if self._kept is not None:
            begin, state = self._kept
            states.append(state)
            for outlet in shared.outlets:
                if (position := outlet.sink.position(self.number)) < begin.frames:
                    gone = f"frames {position} to {begin.frames - 1} of stream {self.number}"
                    shared.told("warning", f"{outlet.sink.name}: {gone} were removed before it had them")
        for state in states:
            try:
                return self._from(state)
            except UsageError:
                continue  # of another version, or damaged: what is decoded again gives the same
        if self._kept is not None:
            self._contents = Contents(self._folder, verify=False)
        return self._from(None)

    def _from(self, state: Any) -> tuple[Decoder, Found]:
        """state: what the ledger has of a checkpoint, None for the beginning.  Raises `UsageError` for what is none."""
        shared, contents = self._shared, self._contents
        marks = [(offset, self._names[number]) for offset, number in contents.marks if number < len(self._names)]
        cuts = contents.cuts
        checkpoint = tried = None
        self._start = 0
        if self._following is not None:
            self._following.restore([])
        if state is not None:
            if self._several:
                parts = state if isinstance(state, dict) else {}
                state, tried = parts.get("scan"), parts.get("fallback")
                if self._following is not None:
                    self._following.restore(parts.get("last"))
            checkpoint = Checkpoint.from_json(state)
            tried = Checkpoint.from_json(tried) if shared.fallback else None
            self._start = checkpoint.start
            had = checkpoint.cut_count - (contents.begin.cuts if contents.begin is not None else 0)
            rest = cuts[max(had, 0) :]
            before = sum(cut.offset < checkpoint.offset for cut in cuts)
            reached = sum(cut.offset <= checkpoint.offset for cut in cuts) + len(checkpoint.cuts)
            if not before <= had <= reached:  # the disk was damaged: there are more or fewer than there were
                rest = [cut for cut in cuts if cut.offset >= checkpoint.offset]
            cuts = [cut for cut in rest if cut not in checkpoint.cuts]
            marks = [mark for mark in marks if mark[0] >= checkpoint.offset and mark not in checkpoint.marks]
        decoder = Decoder(self._formats, marks=marks, cuts=cuts, resume=checkpoint, engine=shared.engine)
        stage = Found(
            decoder,
            self._fallback,
            self.writer.extents,
            self._folder,
            stream_id(shared.begun_ns, self.number),
            self._folder,
            specs_used((*shared.formats, *shared.fallback)),
            self._seen,
            wanted={outlet.sink.wants for outlet in shared.outlets},
            following=self._following,
        )
        if tried is not None:
            stage.restore(tried)
        for outlet in shared.outlets:
            outlet.sink.begin_stream(self.number, stage.statistics.frames, stage.formats)
        return decoder, stage

    @property
    def statistics(self) -> Statistics:
        """What was counted, with what the fallback formats took."""
        return self._found.statistics

    async def catch_up(self) -> None:
        """Decode what is stored and was not decoded, or not taken by every sink, before the process ended."""
        contents = self._contents
        if not contents.stored and not contents.cuts:
            return
        with StreamStorage(contents, str(self.number)) as storage:
            size = 0
            for data, stamp in storage.stamped(storage.at(self._start)):
                self.decoder.feed(data, stamp=stamp)
                size += len(data)
                if size >= STORED:
                    size = 0
                    await self._caught_up()
            await self._caught_up()

    async def _caught_up(self) -> None:
        """Hand on what was found in some of it."""
        await self.deliver()
        passed = self._pass_barrier()
        if passed is not None:
            passed[0].set()  # it is on the disk already

    # ---------------------------------------------------------------- what comes in

    async def go_on(self, source: Transport) -> bool:
        """Let a source that reads from what stays go on where the raw capture ends; whether it does."""
        contents = self._contents
        told = self._shared.ledger.place_before(self.number, contents.offset)
        if told is None or not isinstance(source, GoesOn):
            return False
        begun, place = told
        with StreamStorage(contents, str(self.number)) as storage:
            size = storage.size or 0
            before = storage.read(max(size - min(KNOWN, contents.offset - begun), 0), size)
        try:
            return await source.go_on(place, contents.offset - begun, before)
        except ValueError:  # (the disk was damaged)
            return False

    def resume(self, ended: bool, went_on: bool) -> None:
        """The source is there again, after the process had ended: a cut, where something had come before.

        ended: whether all that had come was decided then, as at the end of a stream.  went_on: whether what comes is
        what follows.
        """
        if not self._contents.pieces and not self._contents.cuts:
            return
        if ended:
            self._cut(CONCATENATED, 0, _now())
        elif not went_on:
            self._cut(RECONNECT, None, _now())

    def _cut(self, kind: str, missing: int | None, stamp: Stamp) -> None:
        self.writer.cut(kind, missing, stamp)
        self.decoder.cut(kind, missing, stamp=stamp)

    def take(self, chunk: Chunk) -> None:
        """A chunk came in.  To be followed by `await deliver()`.  Raises `OSError` where it cannot be written."""
        for cut in chunk.cuts:
            self._cut(cut.kind, cut.missing, chunk.stamp)
        for note in chunk.notes:
            self.writer.note(note_code(note.what), note.times, chunk.stamp)
            self._shared.noted(self.number, note, chunk.stamp.transport)
        if chunk.place:
            self._shared.ledger.place(self.number, self.writer.offset, chunk.place)
        self.writer.append(chunk.data, chunk.stamp)
        if self.writer.offset - self.writer.acknowledged >= GROUP:
            self.much.set()
        self.decoder.feed(chunk.data, stamp=chunk.stamp)
        self.last_stamp = chunk.stamp

    async def deliver(self) -> None:
        """Hand on what was found, and wait until the sinks, and the disk, have come along."""
        await self._deliver()
        for outlet in self._shared.outlets:
            await outlet.room()
        if self.writer.offset - self.writer.acknowledged > UNSYNCED:
            await self.commit()

    async def _deliver(self) -> None:
        async with self._delivering:
            async for part in self._found.parts():
                self._handed_on = True
                sizes = {FRAMES: part.size, REFUSED: STRETCH * len(part.refused)}
                for outlet in self._shared.outlets:
                    wants = outlet.sink.wants
                    outlet.put(self.number, getattr(part, wants), sizes.get(wants, part.size))

    def _seen(self, event: Event) -> None:
        if isinstance(event, Gap):
            self.refusals.update(event.reasons)
            first = next((reason for reason in event.reasons if reason != NO_MARKER), NO_MARKER)
            self.refused_bytes[first] += len(event.span)
            self.refused += any(reason.endswith(f":{CHECKSUM}") for reason in event.reasons)
        self._shared.seen(self.number, event)

    # ---------------------------------------------------------------- time

    async def tick(self) -> None:
        """Time has passed: abandon what is waited for too long."""
        if self._shared.max_wait is None or self._delivering.locked():
            return
        at, now = self.decoder.state[0], time.monotonic()
        if at != self._waits[0] or not self.decoder.statistics.pending_bytes:
            self._waits = at, now
        elif now - self._waits[1] >= self._shared.max_wait:
            mark = self.decoder.abandon()
            self._waits = -1, now
            if mark is not None and mark[1] in self._names:  # (else it was a preamble: those are asked for once)
                self.writer.mark(mark[0], self._names.index(mark[1]), _now())
                await self._deliver()

    async def commit(self, *, final: bool = False) -> int:
        """Put on the disk what came in, and let the sinks go on up to here.  Returns the acknowledged offset."""
        async with self._committing:
            self.much.clear()
            passed = None
            if final or not self._delivering.locked():
                await self._deliver()
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
        if self._shared.retain is not None and (final or time.monotonic() - self._retained_at >= EVERY):
            self._retained_at = time.monotonic()
            self._retain(self._shared.retain)
        if not self._shared.outlets and (final or time.monotonic() - self._ledger_at >= EVERY):
            with self._shared.ledger.transaction():
                rows(self._shared.ledger)
            self._ledger_at = time.monotonic()

    @property
    def waits(self) -> bool:
        """Whether there is something for a commit: bytes, or frames that wait for a barrier.

        A barrier comes now and then although nothing has come, so that a sink makes final what it has.
        """
        return self.writer.waits or self._barrier_due

    @property
    def _barrier_due(self) -> bool:
        return time.monotonic() - self._barrier_at >= (BARRIER if self._handed_on else EVERY)

    def _pass_barrier(self, *, final: bool = False) -> tuple[threading.Event, Rows] | None:
        """A barrier, if it is time for one, behind all that was found: what is set when all before it is on the disk,
        and what the ledger shall say then.
        """
        if not final and not self._barrier_due:
            return None
        self._barrier_at, self._handed_on = time.monotonic(), False
        frames = self.statistics.frames
        if frames != self._seen_frames:
            self._seen_frames, self.frame_stamp = frames, self.last_stamp
        rows = self._ended(frames) if final else self._checkpoint(frames)
        acknowledged = threading.Event()
        for outlet in self._shared.outlets:
            outlet.pass_on(Barrier(self.number, frames, rows, final), acknowledged)
        return acknowledged, rows

    def _checkpoint(self, frames: int) -> Rows:
        """What the ledger says of here.

        There is one checkpoint for each number of frames, so that a sink that has so many has all that lies before it.
        """
        number, offset = self.number, self.writer.offset
        point, fallbacks = self.decoder.checkpoint(), self._found.fallbacks
        self.writer.extents.release(point.offset if point.open is None else point.open.start)
        if frames > self._point_frames:
            self._point_frames = frames
            state = point.to_json()
            if self._several:
                state = {"scan": state}
                if fallbacks is not None:
                    state["fallback"] = fallbacks.checkpoint().to_json()
                if self._following is not None:
                    state["last"] = self._following.tree()
            self._point = ledgers.Checkpoint(frames, point.offset, state)
        kept, begun = self._point, self.writer.begun
        if kept is not None and kept.offset == point.offset and point.open is None:
            while begun and begun[0][1] <= point.start:
                self._may_begin[begun.pop(0)[0]] = kept
        may_begin, said = dict(self._may_begin), self._said
        while said:
            self._may_begin.pop(said.pop(), None)

        def rows(ledger: Ledger) -> None:
            if kept is not None:
                ledger.checkpoint(number, kept)
            for segment, first in may_begin.items():
                ledger.may_begin(number, segment, first)
                said.add(segment)
            ledger.acknowledge(number, offset)

        return rows

    def _retain(self, retain: Retain) -> None:
        """Remove what is not to be kept any longer."""
        ledger = self._shared.ledger
        slowest = min((outlet.sink.position(self.number) for outlet in self._shared.outlets), default=None)
        point = ledger.resumable(self.number, slowest)
        if point is None:
            return
        scan = Checkpoint.from_json(point.state["scan"] if self._several else point.state)
        floor = scan.start if scan.open is None else min(scan.start, scan.open.start)
        beginnings = ledger.beginnings(self.number)
        first = first_kept(self._folder, retain, beginnings, floor)
        if first is not None:
            point = beginnings[first]
            begin = Begin(first, point.offset, point.frames, cuts_before(self._folder, first))
            ledger.remove_before(self.number, begin)
            remove_before(self._folder, begin)

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
        await self.commit(final=True)
        await asyncio.get_running_loop().run_in_executor(None, self.writer.close)
