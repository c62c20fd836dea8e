"""A storage opened with a format: iterates over what is in it in bounded memory, and gives the verdict on it."""

from __future__ import annotations

import copy
import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

from sigflow import catalog, storage
from sigflow.diagnostics import Finding, Severity
from sigflow.errors import UsageError
from sigflow.events import Gap, Loss, Note, Record
from sigflow.recording import tables
from sigflow.recording.choice import NATIVE, Choice
from sigflow.recording.detect import detect
from sigflow.recording.diagnosis import Budget
from sigflow.recording.fallback import FallbackRun, fallbacks
from sigflow.recording.faults import Examiner, Told
from sigflow.recording.losses import findings_of
from sigflow.recording.report import EMPTY, LONGEST, OF_COUNTER, OF_GAP, OF_RECORD, Report, finding_of
from sigflow.recording.run import AnyRun, Run
from sigflow.storage.base import Closing, pieces
from sigflow.storage.compressed import read_through
from sigflow.storage.memory import MemoryStorage
from sigflow.storage.tape import Tape
from sigflow.stream.format import Format

if TYPE_CHECKING:
    import numpy
    import pyarrow

    from sigflow.columns.table import Table
    from sigflow.events import Event
    from sigflow.limits import Limits
    from sigflow.recording.native import NativeRun
    from sigflow.storage import Storage

#: What a recording may be read with.
Named = Format | str | os.PathLike[str]


def open(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Storage,
    format: Named | Sequence[Named] | None = None,
    *,
    limits: Limits | None = None,
    strict: bool = False,
    mmap: bool = False,
    chunk_size: int | None = None,
    engine: str = "auto",
    workers: int = 1,
    fallback: Sequence[Named] = (),
    import_paths: Sequence[str | os.PathLike[str]] = (),
    opaque_types: bool = False,
    allow_imports: Sequence[str] = (),
) -> Recording:
    """Open a recorded stream with a format, or several that are interleaved in it.

    source: a path (`-`: standard input), bytes, a binary file object, or a storage; a compressed file is read through,
    by its ending or its first bytes.  format: a Format, a name, a `.ksy` path, or a list of such; None: the bundled
    formats that find frames in the first MiB.  strict: raise a `StreamError` at the first damage.  engine: `python`,
    `native`, or `auto`, which is native from 4 MiB on where the formats allow it; both give the same.  workers: threads
    of the native engine.  fallback: formats that are tried, in their order, on what the others left in gaps.
    import_paths, opaque_types, allow_imports: for `.ksy` paths, as `sigflow.compile` has them.
    Raises `UsageError` where no format is given and none is found, or the native engine cannot scan for the formats.
    """

    def load(named: Named) -> Format:
        if isinstance(named, Format):
            return named
        return catalog.load(named, import_paths=import_paths, opaque_types=opaque_types, allow_imports=allow_imports)

    opened = storage.open(source, mmap=mmap)
    try:
        others = [load(each) for each in fallback]
        formats: list[Format] = []
        if format is not None:
            named = [format] if isinstance(format, Format | str | os.PathLike) else list(format)
            formats = [load(each) for each in named]
        if all(each.envelope is not None for each in formats):
            opened = read_through(opened, [sync for each in formats if each.envelope for sync in each.envelope.sync])
        if format is None:
            formats = [each.format for each in detect(opened, limits)]
            if not formats and opened.read(0, 1):
                raise UsageError(f"{opened.name}: no bundled format finds a frame in the first MiB; name one")
        return Recording(
            opened,
            formats,
            limits=limits,
            strict=strict,
            chunk_size=chunk_size,
            engine=engine,
            workers=workers,
            fallback=others,
        )
    except BaseException:
        opened.close()
        raise


class Recording(Closing):
    """A stream that was recorded, and the formats it is read with.  Iterating gives its records.

    State: the storage, which closing the recording closes.  Every iteration starts from the beginning; that of a pipe
    can be started once only.
    """

    def __init__(
        self,
        source: Storage,
        formats: Sequence[Format],
        *,
        limits: Limits | None = None,
        strict: bool = False,
        chunk_size: int | None = None,
        engine: str = "auto",
        workers: int = 1,
        notice: Callable[[str], None] | None = None,
        fallback: Sequence[Format] = (),
    ) -> None:
        """notice: is told what takes a while, and why the engine is not the one that could be expected.

        fallback: formats that are tried, in their order, on what the others left in gaps.
        """
        others = fallbacks(formats, fallback)
        if others and strict:
            raise UsageError("strict, which ends at the first damage, and fallback formats exclude each other")
        self.storage = source
        #: All formats of which there may be frames.
        self.formats = (*formats, *others)
        self.limits = limits
        self._first = tuple(formats)
        self._fallback = [each.with_limits(limits) for each in others]
        self._strict = strict
        self._chunk_size = chunk_size
        self._limited = [each.with_limits(limits) for each in formats]
        self._choice = Choice(engine, workers, notice)
        self._reports: list[weakref.ref[Report]] = []

    @property
    def name(self) -> str:
        """The name of what is read."""
        return self.storage.name

    def over(self, source: Storage) -> Self:
        """The same formats, limits and ways of reading over another storage."""
        other = copy.copy(self)
        other.storage = source
        other._reports = []
        return other

    def run(self, *, keep: bool = False) -> AnyRun:
        """A new pass from the beginning; `keep` lets gaps be looked at again."""
        if not self._fallback:
            return self._scan(self.storage.chunks, keep)
        if self.storage.repeatable and self.storage.size is not None:
            return FallbackRun(self._scan(self.storage.chunks, keep), self._fallback, partial(pieces, self.storage))
        tape = Tape(self.storage.chunks(self._chunk_size or storage.DEFAULT_CHUNK))
        return FallbackRun(self._scan(lambda size: tape, keep), self._fallback, tape.read, tape.release)

    def _scan(self, chunks: Callable[[int], Iterable[bytes]], keep: bool) -> AnyRun:
        """A pass of the first formats."""
        choice, scanner = self._choice, None
        if self._first and not self._strict:
            if self.storage.repeatable and self.storage.size is not None:
                native = choice.native(self._limited, self.storage.size)
                if native is not None:
                    from sigflow.recording.native import NativeRun

                    return NativeRun(self.storage, native, chunk_size=self._chunk_size, workers=choice.workers)
            else:
                scanner = choice.scanner(self._limited)
        read = chunks(self._chunk_size or storage.DEFAULT_CHUNK)
        return Run(read, self._first, limits=self.limits, strict=self._strict, keep=keep, scanner=scanner)

    def events(self) -> Iterator[Event]:
        """Records, gaps, losses and notes in the order of the stream."""
        return iter(self.run())

    def __iter__(self) -> Iterator[Record]:
        # All of it in C: a generator would cost each record its frame.
        records = filter(cast("Callable[[Event], bool]", Record.__instancecheck__), self.events())
        return chain(cast("Iterator[Record]", records), self._ending())

    def _ending(self) -> Iterator[Record]:
        """Nothing more, or the error of a compressed capture that is damaged: who sees only records, sees that."""
        yield from ()
        fault = getattr(self.storage, "fault", None)
        if fault is not None:
            raise fault

    def batches(
        self,
        size: int = tables.SIZE,
        *,
        instances: bool = False,
        physical: bool = False,
        fields: Sequence[str] | None = None,
    ) -> Iterator[pyarrow.RecordBatch]:
        """The frames as record batches of Arrow, in the order of the stream and in bounded memory.

        size: rows of a batch at most; a batch of large frames has fewer.  instances: with the computed fields.
        physical: with a column of physical values beside each field that has a scale, an offset or a unit.  fields:
        paths (`flags.encoding`), of which each is a column; None for all.  Of several formats each is one column: a
        struct that is null where the frame is of another.  Raises `UsageError` for an unknown field, and where pyarrow
        is absent.
        """
        run = self.run()
        table = self._table(run.formats, instances, physical, fields)
        return cast("Iterator[pyarrow.RecordBatch]", chain(tables.batches_of(run, table, size), self._ending()))

    def to_arrow(
        self, *, instances: bool = False, physical: bool = False, fields: Sequence[str] | None = None
    ) -> pyarrow.Table:
        """All frames as one table of Arrow; the arguments are those of `batches`."""
        from sigflow.columns.arrow import arrow

        run = self.run()
        table = self._table(run.formats, instances, physical, fields)
        found = arrow().Table.from_batches(tables.batches_of(run, table), table.schema)
        list(self._ending())
        return found

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The frames as a stream of Arrow's C interface, in bounded memory: `pyarrow.table(recording)`, and what else
        takes such a stream (Polars, DuckDB).
        """
        from sigflow.columns.arrow import arrow

        run = self.run()
        table = self._table(run.formats, False, False, None)
        reader = arrow().RecordBatchReader.from_batches(table.schema, tables.batches_of(run, table))
        stream: object = reader.__arrow_c_stream__(requested_schema)
        return stream

    def __repr__(self) -> str:
        return f"Recording({self.name!r}, {', '.join(format.name for format in self.formats) or 'no format'})"

    def to_numpy(self) -> numpy.ndarray[Any, Any]:
        """The numbers that stand at a fixed place in every frame, as one structured array; of a single format.

        `_offset`, `_length` and `_index`, then a field for each number, by its path; an enum is its number.
        """
        found = tables.numpy_of(self.run())
        list(self._ending())
        return found

    def _table(self, formats: Sequence[Format], instances: bool, physical: bool, fields: Sequence[str] | None) -> Table:
        from sigflow.columns.table import Table
        from sigflow.columns.wanted import Wanted

        return Table(formats, Wanted(instances, physical, None if fields is None else tuple(fields)))

    def validate(self, *, explain_all: bool = False) -> Report:
        """Scan and read everything: the verdict.

        The likely causes of failed checksums are searched for the first 20 refused frames, for less than a second of
        the processor; explain_all: for all of them, however long that takes.
        """
        budget = Budget.endless() if explain_all else Budget()
        run = self.run(keep=True)
        if run.engine == NATIVE and not isinstance(run, Run | FallbackRun):
            from sigflow.recording.judge import NativeVerdict

            again = getattr(self.storage, "again", None)
            kept: Storage = again() if again is not None else self.storage
            report = NativeVerdict(cast("NativeRun", run), known=kept.read, budget=budget).all().report(self.name)
            if again is not None:
                weakref.finalize(report, kept.close)
            elif not isinstance(self.storage, MemoryStorage):
                self._reports.append(weakref.ref(report))
            return report
        verdict = Verdict(run, budget=budget)
        for event in run:
            verdict.add(event)
        return verdict.report(self.name)

    def close(self) -> None:
        """Close the storage.  What reports will need of it is read before, unless they can do so later."""
        for reference in self._reports:
            report = reference()
            if report is not None:
                report.settle()
        self._reports.clear()
        self.storage.close()


class Verdict:
    """What the events of a run say about the capture.  State: the lists of the verdict, cut at their greatest
    length."""

    def __init__(self, run: AnyRun, longest: int = LONGEST, budget: Budget | None = None, told: int = LONGEST) -> None:
        """budget: of the search for causes of failed checksums; None: they are not searched.  told: findings that
        anybody looks at; further ones are counted, but need not be made.
        """
        self._told = told
        self._run = run
        self._held: set[str] = set()  # the formats of which there were frames
        self._examiner = Examiner(run.formats, run.known, budget=budget, held=self._held.__contains__)
        self._open: list[tuple[int, Told]] = []  # findings that depend on whether frames come, by their place
        self._longest = longest
        self._gaps: list[Gap] = []
        self._gaps_total = 0
        self._diagnostics: list[tuple[tuple[int, int], Finding]] = []  # of gaps and records, each with its place
        self._diagnostics_total = 0
        self._damaged = False
        self._losses = False
        self._counted: list[Loss | Note] = []

    def add(self, event: Event) -> tuple[Finding, ...]:
        """Count one event; gives its findings."""
        found: tuple[Finding, ...]
        if isinstance(event, Record):
            self._held.add(event.format)
            found = event.diagnostics
            if found:
                self.list(found, (event.start, OF_RECORD))
        elif isinstance(event, Gap):
            found = self._gap(event)
            self.list(found, (event.span.start, OF_GAP))
        else:
            finding = finding_of(event, self._run.formats)
            found = () if finding is None else (finding,)
            if isinstance(event, Note) and event.severity is Severity.ERROR:
                self.list(found, (event.offset, OF_COUNTER))  # it is none of a counter
                return found
            self._losses = self._losses or isinstance(event, Loss)
            self._diagnostics_total += 1
            if len(self._counted) < self._longest:
                self._counted.append(event)
        return found

    @property
    def damaged(self) -> bool:
        """Whether there is a gap, a loss, or an error."""
        return self._damaged or self._run.statistics.sequence["lost"] > 0

    @property
    def damaged_so_far(self) -> bool:
        """The same by the events that were added, for a run that is not finished."""
        return self._damaged or self._losses

    def list(self, found: Iterable[Finding], place: tuple[int, int] = (0, 0)) -> None:
        """Count findings of a gap or a record.  place: where in the stream they belong."""
        for finding in found:
            self._damaged = self._damaged or finding.severity is Severity.ERROR
            self._diagnostics_total += 1
            if len(self._diagnostics) < self._longest:
                self._diagnostics.append((place, finding))

    def _gap(self, gap: Gap) -> tuple[Finding, ...]:
        self._damaged = True
        self._gaps_total += 1
        if len(self._gaps) >= self._longest or len(self._diagnostics) >= self._told:
            # Nobody sees it: the look at it would cost and its findings would be cut as well.
            self._diagnostics_total += sum(":" in reason for reason in gap.reasons)
            return ()
        self._gaps.append(gap)
        told = self._examiner.told(gap)
        for place, each in enumerate(told, len(self._diagnostics)):
            if each.of_writers and each.format not in self._held and place < self._longest:
                self._open.append((place, each))
        return tuple(each.said(held=each.format in self._held) for each in told)

    def report(self, capture: str) -> Report:
        """The verdict so far; complete once the run is over."""
        statistics = self._run.statistics
        if not statistics.bytes and not self._damaged:
            self.list([EMPTY])
        for place, told in self._open:
            if told.format in self._held:
                self._diagnostics[place] = self._diagnostics[place][0], told.said(held=True)
        # What a counter shows may be told later than the frame that it is about; a loss is judged by what came after.
        counted = zip(self._counted, findings_of(self._counted, self._run.formats), strict=True)
        placed = [*self._diagnostics, *(((event.offset, OF_COUNTER), finding) for event, finding in counted)]
        placed.sort(key=lambda each: each[0])
        return Report(
            capture=capture,
            specs=tuple(format.name for format in self._run.formats),
            engine=self._run.engine,
            sound=not self.damaged,
            bytes=statistics.bytes,
            frames=statistics.frames,
            frame_bytes=statistics.frame_bytes,
            gap_bytes=statistics.gap_bytes,
            by_format={name: dict(count) for name, count in statistics.by_format.items()},
            gaps=tuple(self._gaps),
            gaps_total=self._gaps_total,
            sequence=dict(statistics.sequence),
            diagnostics=tuple(finding for _, finding in placed[: self._longest]),
            diagnostics_total=self._diagnostics_total,
            work_ratio=statistics.work_ratio,
        )
