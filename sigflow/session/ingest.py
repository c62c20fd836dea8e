"""Ingestion: sources, each a stream or several, into the folder of a session and on to the sinks."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any

from sigflow import transport
from sigflow.errors import SigflowError, UsageError
from sigflow.events import Event
from sigflow.frozen import frozen
from sigflow.recording.fallback import fallbacks
from sigflow.session.folder import SessionFolder
from sigflow.session.measuring import Asking, measured
from sigflow.session.opening import beside_sinks, sink_of
from sigflow.session.outlet import AnySink, Outlet
from sigflow.session.pipeline import Pipeline, Shared
from sigflow.session.retention import Retain
from sigflow.session.sinks import Batching, Place, Sink
from sigflow.session.source import COUNTS, STATUS_KEYS, Origin, Source
from sigflow.session.status import StatusFile
from sigflow.session.telling import Telling
from sigflow.storage.session.opening import formats_by_source
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from sigflow.transport import Address, Note, Transport, TransportError
from sigflow.transport.again import MOST, Reconnecting

if TYPE_CHECKING:
    from sigflow.config import Config
    from sigflow.session.alarms import OnChange
    from sigflow.session.handling import HandlerSink
    from sigflow.session.metrics import MetricsPage
    from sigflow.watch.handlers.declared import Handler
    from sigflow.watch.handlers.running import Counts

#: Seconds between two commits where the caller says nothing.
COMMIT = 0.02
#: Seconds of a graceful stop after which sinks that have not taken all get the rest when the session goes on.
STOPPING = 0.7
#: Zeros that the native scan is tried with before anything comes in.
PREPARED = 1 << 16
#: Connections of all listening sources at a time, at most; those that have ended and are being put on the disk.
PEERS, ENDING = 256, 16
#: Descriptors of a connection, and those that all else may need.
EACH, OTHERS = 3, 100
#: What is told otherwise, or not worth telling.
UNTOLD = ("disconnected", "reconnected")


@frozen
class Settings:
    """How it is done.

    commit: seconds between two commits; 0: one after each chunk; None: never wait for the disk, so that nothing is
    acknowledged.  overflow: of `transport.OVERFLOWS`.  max_wait: seconds after which a candidate that waits for bytes
    is abandoned.  once: end when every source has ended, else they are connected to anew.  reconnect: seconds between
    two tries, at most, where the URI says nothing.  quarantine: whether what is in no frame is kept there.  retain: how
    much of the raw capture is kept, None: all of it.  actions: whether alarms run programs, and send to URLs.
    audit: whether what goes wrong is kept row by row, each with a hash over those before it.
    """

    commit: float | None = COMMIT
    overflow: str = "block"
    max_wait: float | None = None
    once: bool = False
    reconnect: float = MOST
    batching: Batching = Batching()
    segment_bytes: int = 64 << 20
    segment_seconds: float = 600.0
    engine: str = "auto"
    quarantine: bool = True
    retain: Retain | None = None
    actions: bool = False
    audit: bool = False


@frozen
class Outcome:
    """What came of it.  failed: what could not be done, in words.  handled: what became of the events that each handler
    was called for, by its name (`watch.handlers.running.Counts`).
    """

    frames: int
    bytes: int
    gap_bytes: int
    lost: int
    failed: tuple[str, ...]
    handled: Mapping[str, Counts] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether nothing is damaged or lost, and no handler failed."""
        handled = all(not (counts.failed or counts.late or counts.dropped) for counts in self.handled.values())
        return not self.gap_bytes and not self.lost and handled


def peers(sources: int) -> int:
    """Connections at a time of each of so many listening sources: as many as there are descriptors for, at most."""
    try:
        import resource
    except ImportError:  # Windows, where there are thousands
        return PEERS // sources
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    room = PEERS if limit == resource.RLIM_INFINITY else (limit - OTHERS) // EACH - ENDING * sources
    return max(min(PEERS, room) // sources, 1)


class Ingestion:
    """State: the sources, the outlets of the sinks, what has failed, whether it shall stop."""

    def __init__(
        self,
        sources: Sequence[str | Origin],
        formats: Sequence[Format],
        specs: Sequence[str],
        folder: str,
        sinks: Sequence[str | Place] = (),
        settings: Settings | None = None,
        *,
        config: Config | None = None,
        alarmed: OnChange = lambda stream, change, tree: None,
        handlers: Sequence[Handler] = (),
        fallback: Sequence[Format] = (),
        told: Callable[[str, str], object] = lambda severity, words: None,
        seen: Callable[[int, Event], object] = lambda stream, event: None,
        status: Callable[[list[dict[str, Any]]], object] | None = None,
        page: MetricsPage | None = None,
    ) -> None:
        """sources: URIs, or what is said of them beside.  formats: of all of them.  specs: what these were asked for
        by. fallback: formats that are tried on what the others leave.  told: is told what happens, with a severity.
        config: whose alarms are raised; alarmed: is told each change of one, and its JSON form.  handlers: are called
        for the events.  seen: is told gaps, losses and notes of each stream.  status: is given the lines of the status,
        at each commit and each second.  page: tells how it does.

        Raises `UsageError` for URIs that are none.
        """
        self.settings = settings or Settings()
        if not sources:
            raise UsageError("name at least one source")
        origins = [Origin(source) if isinstance(source, str) else source for source in sources]
        self._sources = [Source(transport.parse(origin.uri), origin) for origin in origins]
        texts = [source.address.text for source in self._sources]
        if len(set(texts)) < len(texts):
            raise UsageError(f"the source {next(text for text in texts if texts.count(text) > 1)} is named twice")
        self._formats = list(formats)
        self._specs = list(specs)
        self._path = folder
        self._fallback = fallbacks(self._formats, fallback)
        by_name = {format.name: format for format in (*self._formats, *self._fallback)}
        places = [Place(sink) if isinstance(sink, str) else sink for sink in sinks]
        self._sinks: list[Sink] = [
            sink_of(place.uri, by_name, place.batching or self.settings.batching, folder) for place in places
        ]
        if self.settings.retain is not None and any(format.is_part or format.parts() for format in self._formats):
            raise UsageError("the beginning of a capture says how its frames are to be read: it cannot be removed")
        if len({sink.name for sink in self._sinks}) < len(self._sinks):
            raise UsageError("a sink is named twice")
        self._config, self._alarmed = config, alarmed
        self._handlers = list(handlers)
        self._handling: list[HandlerSink] = []
        self._told = told
        self._tell = Telling(told)
        self._seen = seen
        self._status, self._page = status, page
        self._status_file = StatusFile(folder)
        #: Seconds between two lines of the status.
        self.status_seconds = 1.0
        self._failed: list[str] = []
        self._stopping = asyncio.Event()
        self._numbering = asyncio.Lock()
        #: Streams of sources of before, which are decided to their end.
        self._old = Source(Address("", "", "", {}))

    # ---------------------------------------------------------------- all of it

    async def run(self) -> Outcome:
        """Do it, until the sources have ended or `stop` is called.

        Raises `SigflowError` and `OSError` for what keeps it from beginning, or the raw capture from being written.
        """
        uris = [source.address.text for source in self._sources]
        synced = self.settings.commit is not None
        own = {
            source.address.text: [format.name for format in source.origin.formats]
            for source in self._sources
            if source.origin.formats is not None
        }
        self._folder = SessionFolder(
            self._path,
            self._formats,
            self._specs,
            uris,
            own=own,
            fallback=[format.name for format in self._fallback],
            synced=synced,
        )
        async with AsyncExitStack() as stack:
            stack.callback(self._folder.close)
            outlets: list[Outlet] = []
            hurrying = asyncio.ensure_future(self._hurry(outlets))
            stack.callback(hurrying.cancel)  # (once the outlets are closed)
            beside, self._handling = beside_sinks(
                self._path,
                self._config,
                self._handlers,
                self._folder.document["begun_ns"],
                self._told,
                self._alarmed,
                quarantine=self.settings.quarantine,
                actions=self.settings.actions,
                audit=self.settings.audit,
            )
            sinks: list[AnySink] = [*self._sinks, *beside]
            for sink in sinks:
                outlet = Outlet(sink, self._folder.ledger, self._fail)
                stack.push_async_callback(outlet.close)
                try:
                    sink.begin(self._folder.ledger)
                except OSError as error:
                    if error.errno is None or error.filename is not None:
                        raise
                    raise OSError(error.errno, error.strerror, sink.name) from error
                except SigflowError:
                    raise
                except Exception as error:  # whatever a sink of others does
                    words = f"{type(error).__name__}: {error}"
                    raise SigflowError(f"{sink.name}: the sink cannot begin: {words}") from error
                outlet.start()
                outlets.append(outlet)
            self._shared = Shared(
                self._formats,
                [format.name for format in self._formats],
                self._folder.ledger,
                outlets,
                self._seen,
                self._noted,
                fallback=self._fallback,
                begun_ns=self._folder.document["begun_ns"],
                retain=self.settings.retain,
                told=self._told,
                max_wait=self.settings.max_wait,
                synced=synced,
                segment_bytes=self.settings.segment_bytes,
                segment_seconds=self.settings.segment_seconds,
                engine=self.settings.engine,
            )
            if self._page is not None:
                measure = partial(measured, self._sources, outlets, self._handling)
                self._page.of(Asking(asyncio.get_running_loop(), measure))
            await self._finish_old()
            if not self.settings.once:
                await asyncio.to_thread(self._prepare)
            try:
                async with asyncio.TaskGroup() as group:
                    statuses = group.create_task(self._statuses())
                    running = [group.create_task(self._source(source, group)) for source in self._sources]
                    await asyncio.gather(*running)
                    statuses.cancel()
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None
        return self._outcome()

    def _prepare(self) -> None:
        """Have the native scan ready before anything comes in: what is made while frames come holds them up."""
        if self.settings.engine != "auto":
            return
        for formats in {tuple(source.origin.formats or self._formats) for source in self._sources}:
            with contextlib.suppress(UsageError):  # the formats, or this machine, have none
                decoder = Decoder(formats, engine="native")
                decoder.feed(bytes(PREPARED))
                decoder.count()

    @property
    def frames(self) -> int:
        """Frames that were found so far, over all streams."""
        return sum(source.counts()["frames"] for source in (*self._sources, self._old))

    @property
    def ended(self) -> int:
        """Streams that have ended."""
        return sum(source.ended for source in self._sources)

    def stop(self) -> None:
        """End gracefully: close the sources, decide what waits, commit."""
        self._stopping.set()

    def _noted(self, stream: int, note: Note, source: str) -> None:
        """The system or the other end of a stream said something."""
        if note.what not in UNTOLD:
            severity = "note" if note.what == "rotated" else "warning"
            self._tell(severity, f"{note.what} {stream}", f"{source}: {note.text}", note.times)

    async def _hurry(self, outlets: Sequence[Outlet]) -> None:
        """A sink that is slow does not hold up a graceful stop for long."""
        await self._stopping.wait()
        await asyncio.sleep(STOPPING)
        for outlet in outlets:
            if outlet.hurry():
                self._told("note", f"{outlet.sink.name}: it gets what it has not taken when the session goes on")

    def _fail(self, words: str) -> None:
        self._failed.append(words)
        self._told("error", words)

    # ---------------------------------------------------------------- sources

    async def _source(self, source: Source, group: asyncio.TaskGroup) -> None:
        try:
            if source.address.listens:
                await self._listening(source, group)
            else:
                await self._single(source)
        except TransportError as error:
            self._fail(str(error))

    async def _single(self, source: Source) -> None:
        """A source that is one stream, over all restarts."""
        address, origin, ledger = source.address, source.origin, self._folder.ledger
        known = next((row for row in ledger.streams() if row.source == address.text), None)
        number = known.stream if known is not None else ledger.open_stream(address.text, "", time.time_ns())

        async def opened(after: Transport | None = None) -> Transport:
            return await transport.open(address, overflow=origin.overflow or self.settings.overflow, after=after)

        stream: Transport
        if self.settings.once or not transport.reopens(address):
            stream = await opened()
        else:
            most = address.options.get("reconnect", origin.reconnect or self.settings.reconnect)
            stream = Reconnecting(address.text, opened, most=most, told=lambda words: self._told("note", words))
        await self._stream(source, stream, number, None if known is None else known.ended_ns is not None)

    async def _listening(self, source: Source, group: asyncio.TaskGroup) -> None:
        """A source to which others connect, each a stream of its own, from its first byte on."""
        most = peers(sum(source.address.listens for source in self._sources))
        listener = source.listener = await transport.listen(source.address, most=most)
        listener.told = lambda what, words: self._tell("warning", f"{what} {source.address.text}", words)
        self._told("note", f"{source.address.text}: listening on port {listener.port or '-'}")
        running: set[asyncio.Task[None]] = set()
        try:
            while not self._stopping.is_set():
                # Those whose connection is gone may still be put on the disk: who comes meanwhile waits.
                if len(running) >= most + ENDING:
                    await self._unless_stopped(asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED))
                accepted = await self._unless_stopped(listener.accept())
                if accepted is None:
                    break
                task = group.create_task(self._peer(source, accepted))
                running.add(task)
                task.add_done_callback(running.discard)
                if self.settings.once:
                    break
        finally:
            await listener.close()
        if running:
            await asyncio.wait(running)

    async def _peer(self, source: Source, accepted: Transport) -> None:
        first = await self._unless_stopped(accepted.receive())
        if first is None:
            await accepted.close()
            return
        peer = str(accepted.describe().get("peer", ""))
        # (By a thread: others need not wait until that is on the disk.  One after another: in the order in which they
        # began to speak.)
        opening = partial(self._folder.ledger.open_stream, source.address.text, peer, time.time_ns())
        async with self._numbering:
            number = await asyncio.get_running_loop().run_in_executor(None, opening)
        await self._stream(source, accepted, number, None, first)

    async def _unless_stopped(self, waiting: Any) -> Any:
        """What comes of it; None where it shall stop, or the connection failed."""
        task, stop = asyncio.ensure_future(waiting), asyncio.ensure_future(self._stopping.wait())
        done, _ = await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if task not in done:
            task.cancel()
            return None
        try:
            return task.result()
        except TransportError as error:
            self._tell("warning", "failed", str(error))
            return None

    # ---------------------------------------------------------------- one stream

    def _pipeline(self, source: Source, number: int, stream: Transport | None) -> Pipeline:
        pipeline = Pipeline(number, self._folder.stream_folder(number), self._shared_with(source.origin))
        source.running[pipeline] = stream
        return pipeline

    def _shared_with(self, origin: Origin) -> Shared:
        """What the streams of a source share with the others, and what they have of their own."""
        shared = self._shared
        if origin.max_wait is not None:
            shared = shared._replace(max_wait=origin.max_wait)
        if origin.formats is not None:
            fallback = self._fallback if origin.fallback is None else origin.fallback
            shared = shared._replace(formats=origin.formats, fallback=fallbacks(origin.formats, fallback))
        return shared

    async def _finish_old(self) -> None:
        """Streams that nobody goes on with are decided to their end, where a process was killed before."""
        asked = {source.address.text for source in self._sources if not source.address.listens}
        for row in self._folder.ledger.streams():
            if row.source in asked:
                continue
            behind = any(out.sink.position(row.stream) < row.frames for out in self._shared.outlets)
            if row.ended_ns is None or behind:
                self._old.origin = self._origin_of(row.source)
                pipeline = self._pipeline(self._old, row.stream, None)
                await pipeline.catch_up()
                await pipeline.end()
                self._old.retire(pipeline)

    def _origin_of(self, uri: str) -> Origin:
        """What the session knows of a source, which may be no longer named."""
        named = next((source.origin for source in self._sources if source.address.text == uri), None)
        own = formats_by_source(self._folder.document).get(uri)
        if named is not None or own is None:
            return named or Origin(uri)
        return Origin(uri, tuple(format for format in self._formats if format.name in own))

    async def _stream(
        self, source: Source, stream: Transport, number: int, ended: bool | None, first: Any = None
    ) -> None:
        """ended: of a stream that is gone on with, whether all of it had been decided; None where it is new."""
        pipeline = self._pipeline(source, number, stream)
        try:
            await pipeline.catch_up()
            if ended is not None:
                pipeline.resume(ended, await pipeline.go_on(stream))
                self._folder.ledger.go_on(number)
            received = asyncio.Event()
            committing = asyncio.ensure_future(self._commits(source, pipeline, stream, received))
            closing = asyncio.ensure_future(self._closes(stream))
            try:
                if first is not None:
                    pipeline.take(first)
                    await pipeline.deliver()
                while (chunk := await stream.receive()) is not None:
                    pipeline.take(chunk)
                    await pipeline.deliver()
                    if self.settings.commit == 0:
                        await pipeline.commit()
                        self._say_of([source])
            except TransportError as error:
                self._tell("warning", f"failed {source.address.text}", str(error))
            finally:
                closing.cancel()
                received.set()  # (a commit that has begun is not cancelled: a thread is at it)
                pipeline.much.set()
                await committing
            await stream.close()
            await pipeline.end()
        except BaseException:
            await stream.close()
            pipeline.writer.drop()
            raise
        source.retire(pipeline)

    async def _closes(self, stream: Transport) -> None:
        await self._stopping.wait()
        await stream.close()

    async def _commits(self, source: Source, pipeline: Pipeline, stream: Transport, received: asyncio.Event) -> None:
        """Commit again and again while something new has come, until all was received: when it is time, or when much
        waits.  Nothing more is received where that fails.
        """
        seconds = self.settings.commit or COMMIT
        while not received.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(pipeline.much.wait(), seconds)
            await pipeline.tick()
            if pipeline.waits and not received.is_set():
                try:
                    await pipeline.commit()
                except BaseException:
                    await stream.close()
                    raise
                self._say_of([source])

    # ---------------------------------------------------------------- what is told

    async def _statuses(self) -> None:
        while True:
            await asyncio.sleep(self.status_seconds)
            self._tell.flush()
            self._say()
            for outlet in self._shared.outlets:
                outlet.tick(time.time_ns())

    def _say(self) -> None:
        try:
            self._status_file.write(self._lines(self._sources), self._handled())
        except OSError as error:  # (nothing that came in depends on it)
            self._told("warning", f"the status cannot be written: {error}")
        self._say_of(self._sources)
        if self._status is not None and self._handling:
            self._status(self._handled())

    def _handled(self) -> list[dict[str, Any]]:
        """What is said of the handlers."""
        return [{"handler": sink.handler.name, **sink.counts.tree(), "off": sink.off} for sink in self._handling]

    def _say_of(self, sources: Sequence[Source]) -> None:
        if self._status is not None:
            self._status([{name: line[name] for name in STATUS_KEYS} for line in self._lines(sources)])

    def _lines(self, sources: Sequence[Source]) -> list[dict[str, Any]]:
        """What is said of them.  Where nothing waits for the disk, nothing is acknowledged."""
        lines = [source.status() for source in sources]
        return lines if self.settings.commit is not None else [{**line, "acknowledged": None} for line in lines]

    def _outcome(self) -> Outcome:
        self._tell.flush(all=True)
        self._say()
        all_counts = [source.counts() for source in (*self._sources, self._old)]
        totals = {name: sum(counts[name] for counts in all_counts) for name in COUNTS}
        handled = {sink.handler.name: sink.counts for sink in self._handling}
        counts = totals["frames"], totals["received"], totals["gap_bytes"], totals["lost"]
        return Outcome(*counts, tuple(self._failed), handled)
