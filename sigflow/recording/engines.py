"""The engines that scan, and which of them does: what the user asks for, what the formats allow, and whether the stream
is long enough to pay.

`ENGINES` is the table of them.  An engine that is added has its folder, a kind of run (`run.AnyRun`), and its row here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from sigflow.engine import AUTO, NAMES, NATIVE, PYTHON, Native, pays_from
from sigflow.errors import UsageError
from sigflow.frozen import frozen
from sigflow.recording.run import AnyRun, Run
from sigflow.storage import DEFAULT_CHUNK
from sigflow.storage.base import chunks_between, cuts_of, marks_of
from sigflow.stream.around import is_asked
from sigflow.stream.decoder import Decoder

if TYPE_CHECKING:
    from sigflow.engine.live import LiveEngine
    from sigflow.limits import Limits
    from sigflow.recording.start import Start
    from sigflow.storage import Storage
    from sigflow.stream.format import Format


@frozen
class Engine:
    """An engine.  obstacle: why it cannot scan for these formats, "" where it can.  threads: whether it takes several
    workers.
    """

    obstacle: Callable[[Sequence[Format]], str]
    threads: bool


#: Bytes of a stream that no Python scan takes long for, whatever they are.
WORTH = 1 << 16

ENGINES: dict[str, Engine] = {
    PYTHON: Engine(lambda formats: "", threads=False),
    NATIVE: Engine(Native.obstacle, threads=True),
}
assert (AUTO, *ENGINES) == NAMES


@frozen
class Reading:
    """What is to be scanned.  chunks: gives it in pieces of at most so many bytes.  formats: with the limits that hold
    here.  keep: whether gaps will be looked at again.  start: where it begins and ends, in a storage that can be read
    at any offset; None: it is all of it.
    """

    storage: Storage
    chunks: Callable[[int], Iterable[bytes]]
    formats: Sequence[Format]
    strict: bool = False
    keep: bool = False
    chunk_size: int | None = None
    start: Start | None = None


class Choice:
    """The engine asked for.  State: the native scan, once it was made.

    notice: is told what takes a while, and why `auto` is not native where the stream is long enough.
    """

    def __init__(self, engine: str = AUTO, workers: int = 1, notice: Callable[[str], None] | None = None) -> None:
        if engine not in NAMES:
            raise UsageError(f"engine {engine!r}, wanted one of {', '.join(NAMES)}")
        if workers < 1:
            raise UsageError(f"{workers} workers, wanted at least 1")
        self.engine = engine
        self.workers = workers
        self._notice = notice
        self._native: Native | None = None
        self._told = False

    def run(self, reading: Reading) -> AnyRun:
        """A pass by the engine that it shall be.  Raises `UsageError` where the one asked for cannot do it."""
        engine, storage = None, reading.storage
        cuts, marks = cuts_of(storage), marks_of(storage)
        if reading.formats and not reading.strict:
            if cuts or marks:
                engine = self.live(reading.formats)
                if self.workers > 1:
                    self._tell(f"one worker scans, not {self.workers}: the recording has cuts or marks")
            elif storage.repeatable and storage.size is not None:
                native = self.native(reading.formats, storage.size)
                if native is not None:
                    from sigflow.recording.native import NativeRun

                    return NativeRun(
                        storage, native, chunk_size=reading.chunk_size, workers=self.workers, start=reading.start
                    )
                if storage.size >= WORTH:  # it may turn out to take the Python scan long
                    engine = self.live(reading.formats)
            else:
                engine = self.live(reading.formats)
        if reading.start is not None:
            from sigflow.recording.start import checkpoint_at

            resume = checkpoint_at(reading.start, reading.formats)
            size = reading.chunk_size or DEFAULT_CHUNK
            chunks = chunks_between(storage, size, resume.start, reading.start.stop)
            return Run(
                chunks, reading.formats, keep=reading.keep, engine=engine, resume=resume, stop=reading.start.stop
            )
        return Run(
            reading.chunks(reading.chunk_size or DEFAULT_CHUNK),
            reading.formats,
            strict=reading.strict,
            keep=reading.keep,
            engine=engine,
            cuts=cuts,
            marks=marks,
        )

    def _tell(self, text: str) -> None:
        """Say it once."""
        if self._notice is not None and not self._told:
            self._told = True
            self._notice(text)

    def native(self, formats: Sequence[Format], size: int | None) -> Native | None:
        """The native scan of these formats, or None for the Python one.  size: bytes of the stream, None: not known."""
        if self.engine == PYTHON or (self.engine == AUTO and size is not None and size < pays_from(formats, size)):
            return None
        if self._native is not None and list(self._native.formats) == list(formats):
            return self._native
        if not any(format.envelope is None or is_asked(format.envelope) for format in formats):
            return None  # without a preamble there is nothing to be scanned for
        obstacle = ENGINES[NATIVE].obstacle(formats)
        if obstacle and self.engine == NATIVE:
            raise UsageError(f"--engine native: {obstacle}")
        if obstacle:
            self._tell(f"the Python engine scans: {obstacle}")
            return None
        self._native = Native(formats, notice=self._notice)
        return self._native

    @property
    def scan(self) -> Native | None:
        """The native scan, if one was made."""
        return self._native

    def live(self, formats: Sequence[Format]) -> LiveEngine | None:
        """What may scan for a decoder whose stream is not known to be long; None for the Python scan alone."""
        if self.engine == PYTHON or any(format.envelope is None for format in formats):
            return None
        from sigflow.engine.live import LiveEngine

        def due(formats: Sequence[Format], fed: int) -> float:
            return 0 if self.engine == NATIVE else pays_from(formats, fed)

        if self.engine == NATIVE:
            self.native(formats, None)  # where there is none, this says so
        return LiveEngine(lambda formats: self.native(formats, None), due)


def read_through(formats: Sequence[Format], raw: bytes, limits: Limits | None = None) -> Decoder:
    """A decoder that has read these bytes, all that there are, and has counted what is in them."""
    engine = Choice().live(formats) if len(raw) >= WORTH else None
    decoder = Decoder(formats, limits, engine=engine)
    decoder.feed(raw)
    decoder.feed_eof()
    decoder.count()
    return decoder
