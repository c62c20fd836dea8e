"""Opening the captures of a command: formats are loaded once, each capture is one piece of work with its own exit
code."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from sigflow import catalog, engine, storage
from sigflow.cli import exits
from sigflow.cli.options import Presumed
from sigflow.cli.progress import watched, watched_together
from sigflow.cli.terminal import complain, complain_of_usage, counted
from sigflow.config import Config, configured, program_of
from sigflow.errors import SigflowError, StreamError, UsageError
from sigflow.recording import Recording
from sigflow.runtime.envelope import PREAMBLE
from sigflow.storage.compressed import CompressedStorage, read_through
from sigflow.storage.mapped import MappedStorage

if TYPE_CHECKING:
    from sigflow.cli.jobs import Joined
    from sigflow.cli.options import Jobs, Settings
    from sigflow.cli.terminal import Screen
    from sigflow.cli.worker import Kept
    from sigflow.storage import Storage
    from sigflow.stream.format import Format


def formats_of(settings: Settings) -> list[Format]:
    """The formats that were named.  Raises what `catalog.load` raises."""
    formats = [catalog.load(spec, limits=settings.limits, **settings.compiling.options()) for spec in settings.specs]
    names = [format.name for format in formats]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"format {twice!r} is named twice")
    return _with_preambles(formats, settings)


def _with_preambles(formats: list[Format], settings: Settings) -> list[Format]:
    """The formats, with what the options say of their preambles."""
    preambles = settings.preambles
    if not preambles.named:
        return formats
    able = [
        format
        for format in formats
        if any(part.envelope is not None and part.envelope.search.role == PREAMBLE for part in format.parts())
    ]
    if not able:
        names = ", ".join(format.name for format in formats) or "no format is named"
        raise UsageError(f"{preambles.named}: none of the formats has a preamble ({names})")
    raw = None
    if preambles.file is not None:
        with storage.open(preambles.file) as opened:
            inner = read_through(opened, [])
            raw = inner.read(0, max(part.max_frame for format in able for part in format.parts()))
    changed = []
    for format in formats:
        if format in able:
            try:
                format = format.with_preamble(raw, asked=preambles.asked, concatenated=preambles.concatenated)
            except StreamError as error:
                raise UsageError(f"--preamble {preambles.file}: {error}") from error
        changed.append(format)
    return changed


#: Shows how far a storage is read.
Watch = Callable[["Storage"], "Storage"]


def for_each(
    captures: Sequence[str],
    settings: Settings,
    work: Callable[[Recording], int],
    *,
    watch: bool = True,
    jobs: Jobs | None = None,
    kept: Kept | None = None,
    joined: Joined | None = None,
) -> int:
    """Do the work on every capture, whatever becomes of the others, and give the worst exit code.

    The streams of a session are a capture each.  watch: whether each has a progress bar.  jobs: where several may be
    read at a time; the work then writes to standard output and standard error alone.  kept: what it leaves behind
    beside that.  joined: what puts its outputs together, where that is more than one behind the other.
    """
    captures = expanded(captures)
    read_once(captures)
    config = configured(settings.config)
    formats = formats_of(settings)

    def task(name: str, watched: Watch | None) -> int:
        return _one(name, formats, settings, config, work, watched)

    if jobs is not None and jobs.worker is not None:
        return jobs.worker.serve(task, kept)
    sizes = [size_of(name) for name in captures] if len(captures) > 1 else [0]
    if jobs is not None and jobs.pooled:
        from sigflow.cli.jobs import Pool

        stream = next((name for name in captures if name in STREAMS), None)
        if stream is not None:
            raise UsageError(f"{stream}: with --jobs or --resume captures are files, not standard input")
        return Pool(captures, sizes, formats, settings, jobs, kept, joined).run()
    engine.expect(sum(sizes))
    return exits.worst([task(name, partial(watched, screen=settings.screen) if watch else None) for name in captures])


def size_of(capture: str) -> int:
    """Bytes of a capture on the disk; 0 where that cannot be told."""
    try:
        if os.path.isdir(capture):
            return sum(size_of(os.path.join(capture, name)) for name in os.listdir(capture))
        return os.stat(capture).st_size
    except OSError:
        return 0


def expanded(names: Sequence[str]) -> list[str]:
    """The captures, with each session as its streams."""
    out: list[str] = []
    for name in names:
        streams = [name]
        if os.path.isdir(name):
            from sigflow.storage.session.opening import captures_of

            streams = captures_of(name)
            if not streams:
                raise UsageError(f"{name}: the session holds no stream yet")
        out += streams
    return out


def recorded_formats(name: str, settings: Settings) -> list[Format]:
    """The formats that a session says its streams have; none where this is no stream of one.

    Raises `UsageError` for one that is a program: a session may be somebody else's, and runs nothing by itself.
    """
    if not os.path.isdir(name):
        return []
    from dataclasses import replace

    from sigflow.storage.session.opening import specs_of

    specs = specs_of(name)
    for spec in specs:
        program = program_of(spec)
        if program is not None and program not in settings.compiling.allow_imports:
            raise UsageError(
                f"{name}: the session names {spec!r}, which would run {program}: name it with -s, or allow it "
                f"(--allow-import {program})"
            )
    return formats_of(replace(settings, specs=tuple(specs))) if specs else []


#: Paths of standard input.
STREAMS = (storage.STANDARD_INPUT, "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")


def read_once(names: Sequence[str]) -> None:
    """`UsageError` where standard input is named more than once: the second reading would find nothing."""
    streams = [name for name in names if name in STREAMS]
    if len(streams) > 1:
        raise UsageError(
            f"standard input is named {len(streams)} times ({', '.join(streams)}), and can be read once only"
        )


def _one(
    name: str,
    formats: list[Format],
    settings: Settings,
    config: Config,
    work: Callable[[Recording], int],
    watch: Watch | None,
) -> int:
    try:
        with opened_recording(name, formats, settings, config, watch=watch) as (recording, opened, _):
            return _told(opened, work(recording))
    except _FAILURES as error:
        return _failed(error, name)


class NotOpened(Exception):
    """A capture could not be opened, and why."""

    def __init__(self, error: SigflowError | OSError) -> None:
        super().__init__(str(error))
        self.error = error


_FAILURES = (SigflowError, OSError, NotOpened)


def _failed(error: Exception, name: str | None = None) -> int:
    """Tell of an error, and give the exit code.  name: the one capture that is at work; what the system says of another
    file, which is written, is told of that.
    """
    if isinstance(error, BrokenPipeError):
        raise error
    if isinstance(error, UsageError):
        complain_of_usage(error)
        return exits.USAGE
    if isinstance(error, NotOpened):
        error = error.error
    elif name is not None and isinstance(error, OSError) and error.filename in (None, name):
        complain(f"{name}: {exits.words(error)}")
        return exits.FAILED
    complain(exits.words(error))
    return exits.FAILED


def attempted(work: Callable[[], int]) -> int:
    """Do the work, which may open recordings, and give the exit code; what fails is told."""
    try:
        return work()
    except _FAILURES as error:
        return _failed(error)


@contextmanager
def opened_recording(
    name: str, formats: list[Format], settings: Settings, config: Config, *, watch: Watch | None = None
) -> Iterator[tuple[Recording, Storage, list[Format]]]:
    """A capture, what is read of it, and the formats: those that were named, else those that are detected in it.

    watch: what shows how far it is read.
    """
    try:
        opened = storage.open(name, mmap=settings.mmap)
    except (SigflowError, OSError) as error:
        raise NotOpened(error) from error
    if settings.mmap and not isinstance(opened, MappedStorage):
        settings.screen.note(f"{name}: only a plain file can be mapped, so this is read")
    with opened:
        opened = _unpacked(opened, formats, settings)
        named = [] if isinstance(settings.specs, Presumed) else formats
        chosen = named or recorded_formats(name, settings) or formats or detected(opened, settings)
        used, fallback = fallen_back(chosen, settings, config, name)
        source = watch(opened) if watch is not None else opened
        recording = Recording(
            source,
            used,
            limits=settings.limits,
            chunk_size=settings.chunk_size,
            engine=settings.engine,
            workers=settings.workers,
            notice=settings.screen.note,
            fallback=fallback,
            index=settings.index,
            index_folder=config.index,
        )
        yield recording, opened, chosen


@contextmanager
def at_any_offset(recording: Recording, folder: str, screen: Screen) -> Iterator[Recording]:
    """The recording; where its storage cannot be read at any offset, that of a copy in `folder`, with its own bar."""
    from sigflow.storage.spool import seekable

    with seekable(recording.storage, folder) as source:
        yield recording.over(watched(source, screen)) if source is not recording.storage else recording


def together(captures: Sequence[str], settings: Settings, work: Callable[[list[Recording]], int]) -> int:
    """Do the work on all captures at once, and give the exit code; nothing is done where one cannot be read.

    All are read with the same formats: those that were named, else those that are detected in the first that has any.
    """
    captures = expanded(captures)
    read_once(captures)
    config = configured(settings.config)
    formats = formats_of(settings)
    try:
        with ExitStack() as stack:
            recordings, storages = [], []
            for name in captures:
                recording, opened, formats = stack.enter_context(opened_recording(name, formats, settings, config))
                if not formats and len(captures) > 1:
                    settings.screen.diagnostic("note", f"{name}: the capture holds no bytes")
                    continue  # so nothing was detected in it
                recordings.append(recording)
                storages.append(opened)
            if not recordings:
                raise UsageError("the captures hold no bytes; name a format with -s")
            sources = stack.enter_context(watched_together(storages, settings.screen))
            code = work([recording.over(source) for recording, source in zip(recordings, sources, strict=True)])
            return exits.worst([_told(opened, code) for opened in storages])
    except _FAILURES as error:
        return _failed(error)


def _unpacked(opened: Storage, formats: Sequence[Format], settings: Settings) -> Storage:
    """What the capture holds, where its first bytes say that it is compressed; a line says so."""
    if any(format.envelope is None for format in formats):
        return opened  # a whole-file format may be that of the compressed file itself
    inner = read_through(
        opened, [literal for named in formats if named.envelope for literal in named.envelope.search.sync]
    )
    if inner is not opened and isinstance(inner, CompressedStorage):
        settings.screen.note(f"{opened.name}: it begins like a {inner.kind} file, and is read through")
    return inner


def _told(opened: Storage, code: int) -> int:
    """The exit code, once it was told that a compressed capture is damaged, of which what could be read was used."""
    fault = getattr(opened, "fault", None)
    if fault is None:
        return code
    complain(str(fault))
    return exits.worst([code, exits.DAMAGED])


def fallen_back(
    formats: Sequence[Format], settings: Settings, config: Config, name: str
) -> tuple[list[Format], list[Format]]:
    """The formats with their fallback codecs, and the fallback formats; a line says which there are."""
    codecs = config.codecs()
    fallback = config.formats(formats, settings.limits, settings.compiling.options())
    if fallback:
        names = ", ".join(format.name for format in fallback)
        settings.screen.note(f"{name}: what is left in gaps is tried with {names} ({config.file})")
    used = [[member.with_fallback(codecs) for member in group] for group in (formats, fallback)]
    return with_rules(used[0], used[1], settings, config, name)


def with_rules(
    formats: list[Format], fallback: list[Format], settings: Settings, config: Config, name: str
) -> tuple[list[Format], list[Format]]:
    """The formats with what the file says of their frames; a line says what that is.  Raises the first mistake."""
    if not config.metadata and not config.compute:
        return formats, fallback
    from sigflow.recording.calibrating import calibrated
    from sigflow.storage.session.opening import source_of

    both, mistakes = calibrated(config, [*formats, *fallback], source_of(name) or name)
    if mistakes:
        raise mistakes[0]
    told = [words for format in both if (words := _ruled(format))]
    if told:
        settings.screen.note(f"{name}: {'; '.join(told)} ({config.file})")
    return both[: len(formats)], both[len(formats) :]


def _ruled(format: Format) -> str:
    """What the file says of the frames of a format; "" where it says nothing."""
    calibrations = format.calibrations
    if calibrations is None:
        return ""
    said = {
        "set": calibrations.keys,
        "calibrated": tuple(calibrations.measures),
        "computed": tuple(quantity.name for quantity in calibrations.quantities),
    }
    return f"{format.name}: " + ", ".join(f"{what} {' '.join(names)}" for what, names in said.items() if names)


def detected(opened: Storage, settings: Settings) -> list[Format]:
    """The formats that the capture holds, and a line that says so; none where it is empty."""
    wait = f"{opened.name}: no format named: waiting for the first MiB of the stream, or for a second of silence in it"
    from sigflow.recording.detect import detect

    seen = detect(opened, settings.limits, lambda: settings.screen.note(wait))
    come: int | None = getattr(opened, "come", None)
    where = "the first MiB" if come is None else f"the first {counted(come, 'byte')}"
    if not seen:
        if opened.read(0, 1):
            raise UsageError(f"{opened.name}: no bundled format finds a frame in {where}; name a format with -s")
        return []
    choice = ", ".join(f"{candidate.format.name} ({counted(candidate.frames, 'frame')})" for candidate in seen)
    settings.screen.note(f"{opened.name}: no format named, found in {where}: {choice}")
    return [candidate.format for candidate in seen]
