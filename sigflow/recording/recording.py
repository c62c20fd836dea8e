"""A storage opened with a format: iterates over what is in it in bounded memory, and gives the verdict on it."""

from __future__ import annotations

import copy
import os
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

from sigflow import catalog, storage
from sigflow.engine import LEAST, MOST
from sigflow.errors import UsageError
from sigflow.events import Gap, Record
from sigflow.recording.batches import SIZE
from sigflow.recording.diagnosis.budget import Budget
from sigflow.recording.engines import Choice, Reading
from sigflow.recording.report import Report
from sigflow.recording.run import AnyRun
from sigflow.recording.selection.asked import ALL, Selection
from sigflow.storage.base import Closing, cuts_of, marks_of, pieces
from sigflow.storage.compressed import read_through
from sigflow.storage.tape import Tape
from sigflow.stream.around import with_parts
from sigflow.stream.cuts import KINDS, Cut
from sigflow.stream.format import Format

if TYPE_CHECKING:
    import numpy
    import pyarrow
    import pyarrow.dataset

    from sigflow.columns.table import Table
    from sigflow.events import Event
    from sigflow.limits import Limits
    from sigflow.recording.editing import Edited
    from sigflow.recording.places import Places
    from sigflow.recording.selection.choice import Picker
    from sigflow.recording.sound import Attempt
    from sigflow.recording.start import Start
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
    lenient: bool = False,
    cuts: Iterable[Cut | tuple[int, str] | tuple[int, str, int | None]] = (),
    marks: Collection[tuple[int, str]] = (),
    index: str = "auto",
    import_paths: Sequence[str | os.PathLike[str]] = (),
    opaque_types: bool = False,
    allow_imports: Sequence[str] = (),
    config: str | os.PathLike[str] | None = None,
) -> Recording:
    """Open a recorded stream with a format, or several that are interleaved in it.

    source: a path (`-`: standard input), a URL (`s3://…`, read in ranges), bytes, a binary file object, or a storage; a
    compressed file is read through, by its ending or its first bytes.  format: a Format, a name, a `.ksy` path, or a
    list of such; None: the bundled formats that find frames in the first MiB.  strict: raise a `StreamError` at the
    first damage.  index: `auto`, `never`, `require`, or a path or URL of one.  engine: `python`,
    `native`, or `auto`, which is native where the formats allow it and it pays: from 2 MiB on, from 16 KiB on in a
    process that has scanned so before; both give the same.  workers: threads of the native engine, which scan, and
    make columns.  fallback: formats that are tried, in their order, on what the others left in gaps.  lenient: also
    give frames that fail a check, marked (`Record.damaged`); the verdict is what it is without.  cuts, marks: those
    that the stream had when it was live, as of `Decoder`; offsets are those of the stream, in which the missing bytes
    count that `source` has not.  With them one thread scans.  import_paths, opaque_types, allow_imports: for `.ksy`
    paths, as `sigflow.compile` has them.  config: a `sigflow.yaml`, of which the sections `metadata` and `compute` hold
    for the frames; without it none does.

    Raises `UsageError` for the first mistake in these sections, where cuts are in no order that a stream can have, no
    format is given and none is found, or the native engine cannot scan for the formats.
    """

    def load(named: Named) -> Format:
        if isinstance(named, Format):
            return named
        return catalog.load(named, import_paths=import_paths, opaque_types=opaque_types, allow_imports=allow_imports)

    opened = storage.open(source, mmap=mmap)
    try:
        others = [load(item) for item in fallback]
        formats: list[Format] = []
        if format is not None:
            named = [format] if isinstance(format, Format | str | os.PathLike) else list(format)
            formats = [load(item) for item in named]
        if all(item.envelope is not None for item in formats):
            opened = read_through(
                opened, [sync for item in formats if item.envelope for sync in item.envelope.search.sync]
            )
        if cuts or marks:
            from sigflow.storage.cut import with_cuts

            opened = with_cuts(opened, cuts, marks)
        if format is None:
            from sigflow.recording.detect import detect

            formats = [item.format for item in detect(opened, limits)]
            if not formats and opened.read(0, 1):
                raise UsageError(f"{opened.name}: no bundled format finds a frame in the first MiB; name one")
        if config is not None:
            from sigflow.recording.calibrating import ruled

            both = ruled(os.fspath(config), [*formats, *others], opened.name)
            formats, others = both[: len(formats)], both[len(formats) :]
        return Recording(
            opened,
            formats,
            limits=limits,
            strict=strict,
            chunk_size=chunk_size,
            engine=engine,
            workers=workers,
            fallback=others,
            lenient=lenient,
            index=os.fspath(index),
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
        lenient: bool = False,
        index: str = "auto",
        index_folder: str = "",
    ) -> None:
        """notice: is told what takes a while, and why the engine is not the one that could be expected.

        fallback: formats that are tried, in their order, on what the others left in gaps.  lenient: whether frames that
        fail a check are given as well, marked (`Record.damaged`).  index: as of `open`.  index_folder: where indexes
        are, if not beside their captures.
        """
        if lenient and strict:
            raise UsageError("strict, which ends at the first damage, and lenient exclude each other")
        others: list[Format] = []
        if fallback:
            from sigflow.recording.fallback import fallbacks

            others = fallbacks(formats, fallback)
        if others and strict:
            raise UsageError("strict, which ends at the first damage, and fallback formats exclude each other")
        self.storage = source
        first = with_parts(format.with_limits(limits) for format in formats)
        #: All formats of which there may be frames.
        self.formats = (*first, *others)
        self.limits = limits
        self._first = first
        self._fallback = [format.with_limits(limits) for format in others]
        self._strict = strict
        #: Whether frames that fail a check are given as well.
        self.lenient = lenient
        self._chunk_size = chunk_size
        self._choice = Choice(engine, workers, notice)
        self._index = index
        #: The folder of indexes; "": they are beside their captures.
        self.index_folder = index_folder
        self._notice = notice
        self._places: list[Places | None] = []  # once they were asked for
        self._reports: list[weakref.ref[Report]] = []
        #: Which frames are given.
        self.wanted = ALL

    @property
    def name(self) -> str:
        """The name of what is read."""
        return self.storage.name

    @property
    def fallback(self) -> bool:
        """Whether other formats are tried on gaps."""
        return bool(self._fallback)

    @property
    def workers(self) -> int:
        """Threads of the native engine."""
        return self._choice.workers

    @property
    def engine(self) -> str:
        """The engine that was asked for."""
        return self._choice.engine

    @property
    def whole_only(self) -> str:
        """Why its frames cannot be read from a later place on as they are from the beginning; "" where they can."""
        if self._strict or self.lenient:
            return f"the reading is {'strict' if self._strict else 'lenient'}"
        if not self.wanted.everything:
            return "only some frames are meant"
        if self._follows:
            return "computed quantities ask for the last values of frames before"
        return "fallback formats are tried" if self.fallback else ""

    def over(self, source: Storage) -> Self:
        """Returns a recording with the same formats, limits and ways of reading, over another storage."""
        other = copy.copy(self)
        if source is not self.storage:
            other._places = []
        other.storage = source
        other._reports = []
        return other

    def filter(
        self,
        where: str | None = None,
        *,
        format_name: str | Sequence[str] = (),
        kind: object = (),
        stream: object = (),
        since: str | int | None = None,
        until: str | int | None = None,
        skip: int = 0,
        limit: int | None = None,
    ) -> Self:
        """Returns a recording of the same, that gives only some of its frames, as records, batches and arrays alike;
        the verdict stays that on all of it.

        where: a condition on the fields of a frame, in the expression language of specs (`sequence > 5 and
        flags.compressed`); beside the fields there are `_offset`, `_length` and `_index`.  A frame in which it cannot
        be computed does not match.  format_name, kind, stream: one, or several of which any will do.  since, until: an
        offset, `#N` for a frame, or a time; until is the first that is not meant.  skip, limit: so many of those that
        fit all else.  Raises `UsageError` (`ConditionError`, with the place, for a condition) where no format has a
        field, the types do not fit, or no format tells what is asked for.
        """
        if skip < 0 or (limit is not None and limit < 0):
            raise UsageError(f"skip {skip} and limit {limit}, wanted 0 or more")
        return self.select(
            Selection(
                where,
                _texts(format_name),
                _texts(kind),
                _texts(stream),
                None if since is None else str(since),
                None if until is None else str(until),
                skip,
                limit,
            )
        )

    def select(self, wanted: Selection) -> Self:
        """Returns a recording of the same that gives only the frames that are wanted.  Raises what `filter` raises."""
        other = self.over(self.storage)
        other.wanted = wanted
        if not wanted.everything:
            other.picker()
        return other

    def picker(self, formats: Sequence[Format] | None = None) -> Picker:
        """Returns what picks the frames that are given, for one pass.  formats: those of the pass."""
        from sigflow.recording.selection.choice import Picker

        return Picker(self.wanted, self.formats if formats is None else formats)

    def edit(
        self,
        out: str | os.PathLike[str],
        values: Mapping[str, Any],
        *,
        keep: str | Iterable[str] = (),
    ) -> Edited:
        """Writes a copy of the capture in which fields of the frames that are meant (`filter`) have other values.

        values: by the paths of fields, what they become: a value, or a function of the record.  A frame of a format
        that lacks a field is not changed.  What follows from the fields is computed anew; all other bytes stay as they
        are, gaps included.  keep: see `Format.build`.  The file is there whole, or not at all.

        Returns what was done.  Raises `UsageError` where no format has a field or the output is what is read,
        `BuildError` where no frame can be built, `OSError` where the file cannot be written.
        """
        from sigflow.recording.editing import written

        return written(self, os.fspath(out), values, keep)

    def run(self, *, keep: bool = False) -> AnyRun:
        """Returns a new pass from the beginning.  keep: whether the bytes of a gap can be looked at again, once it
        was given.

        Raises `UsageError` where the engine that was asked for cannot scan for the formats.
        """
        if not self._follows:
            return self._run(keep=keep)
        from sigflow.recording.following import FollowedRun

        return FollowedRun(self._run(keep=keep))

    @property
    def _follows(self) -> bool:
        """Whether frames are told the last values of others, so that they are read from the beginning."""
        return any(format.calibrations is not None and bool(format.calibrations.followed) for format in self.formats)

    def _run(self, *, keep: bool) -> AnyRun:
        if not self._fallback:
            return self._scan(self.storage.chunks, keep)
        from sigflow.recording.fallback import FallbackRun

        if self.storage.repeatable and self.storage.size is not None:
            return FallbackRun(self._scan(self.storage.chunks, keep), self._fallback, partial(pieces, self.storage))
        tape = Tape(self.storage.chunks(self._chunk_size or storage.DEFAULT_CHUNK))
        return FallbackRun(self._scan(lambda size: tape, keep), self._fallback, tape.read, tape.release)

    def run_of_frames(self, *, keep: bool = False) -> AnyRun:
        """Returns a pass for who wants the frames that are meant and nothing else: where there is an index, it may
        begin and end where these do.
        """
        start = self.start()
        return self.run(keep=keep) if start is None else self.run_from(start, keep=keep)

    def run_from(self, start: Start, *, keep: bool = False) -> AnyRun:
        """Returns a pass over a part of the capture, which can be read at any offset; without fallback formats."""
        return self._scan(self.storage.chunks, keep, start)

    def start(self) -> Start | None:
        """Where a pass for the frames that are meant begins and ends; None where that is the whole capture."""
        wanted = self.wanted
        if self._strict or self.lenient or self._follows or not (wanted.since or wanted.until or self._ranged):
            return None
        places = self.places()
        start = places.start(wanted) if places is not None else None
        return None if start is None or start == (0, 0, None) else start

    @property
    def index_path(self) -> str:
        """Where the index of the capture is, or would be."""
        from sigflow.recording.indexed import AUTO, NEVER, REQUIRE, path_of

        return path_of(self.name, self.index_folder) if self._index in (AUTO, NEVER, REQUIRE) else self._index

    @property
    def _ranged(self) -> bool:
        """Whether an index may tell where frames are that match the condition."""
        where = self.wanted.where
        if where is None or self._index == "never" or any(format.is_part for format in self.formats):
            return False
        from sigflow.recording.selection.ranges import ranges_by_format

        return all(ranges is None or ranges for ranges in ranges_by_format(where, self.formats))

    def places(self) -> Places | None:
        """Returns where the frames are, by the index of the capture; None where it has none that is used.

        Raises `UsageError` where one is required and there is none that holds.
        """
        if not self._places:
            from sigflow.recording import indexed

            way = self._index
            if way == indexed.NEVER or (way == indexed.AUTO and not storage.is_file(self.index_path)):
                return None
            self._places.append(
                indexed.places_of(self, self.bound(), way, self._notice if self._notice is not None else lambda _: None)
            )
        return self._places[0]

    def frame(self, number: int) -> Record:
        """Returns the frame of this index, at once where the capture has an index.

        Raises `IndexError` where there are not so many.
        """
        from sigflow.recording import located

        return located.frame(self, number)

    def frame_at(self, offset: int) -> Record | None:
        """Returns the frame of which a byte stands at this offset; None where it is in no frame."""
        from sigflow.recording import located

        return located.frame_at(self, offset)

    def first_since(self, time: int) -> Record | None:
        """Returns the first frame whose time is this, or later: nanoseconds, as `Record.time`; None where none is."""
        from sigflow.recording import located

        return located.first_since(self, time)

    def counted(self, counter: int, stream: object = None, format: str | None = None) -> Iterator[Record]:
        """Returns an iterator over the frames of a stream whose sequence counter is this, in order.

        stream: its id; None where the format does not tell streams apart.  format: only of this one.
        """
        from sigflow.recording import located

        return located.counted(self, counter, stream, format)

    @property
    def _opens(self) -> bool:
        """Whether one preamble, at the beginning, says what formats are bound to."""
        return any(format.is_part for format in self._first) and not self._begins_anew

    def bound(self) -> Sequence[Format]:
        """Returns the formats as a pass has them, bound to the preamble, where the storage can be read again."""
        if self._opens and self.storage.repeatable and self.storage.size is not None:
            from sigflow.recording.opening import bound_to

            return bound_to(self.storage, self._first)
        return self._first

    def _scan(self, chunks: Callable[[int], Iterable[bytes]], keep: bool, start: Start | None = None) -> AnyRun:
        """A pass of the first formats."""
        formats = self.bound()
        if self._opens and (not self.storage.repeatable or self.storage.size is None):
            from sigflow.recording.opening import bound_on_the_way

            size = self._chunk_size or storage.DEFAULT_CHUNK
            formats, coming = bound_on_the_way(chunks, size, formats)
            chunks = lambda size: coming  # noqa: E731  # (they can be taken once)
        return self._choice.run(Reading(self.storage, chunks, formats, self._strict, keep, self._chunk_size, start))

    @property
    def _begins_anew(self) -> bool:
        """Whether the stream may have more than one preamble, so that formats are bound to each on the way."""
        return any(KINDS[cut.kind].asks for cut in cuts_of(self.storage))

    def events(self) -> Iterator[Event]:
        """Returns an iterator over records, gaps, losses and notes, in the order of the stream, from its beginning.

        Raises `StreamError` at the first damage where the recording is strict; the operating system's errors pass
        through.
        """
        run = self.run(keep=self.lenient)
        events = self._leniently(run) if self.lenient else run.events()
        return events if self.wanted.everything else self.picker(run.formats).events(events)

    def _leniently(self, run: AnyRun) -> Iterator[Event]:
        """The events, and behind each gap the damaged frames in it."""
        from sigflow.recording.lenient import Lenient

        lenient = Lenient(run.formats, run.known)
        for event in run.events():
            yield event
            if isinstance(event, Gap):
                yield from lenient.of_gap(event)

    def __iter__(self) -> Iterator[Record]:
        # All of it in C: a generator would cost each record its frame.
        events = self.events() if self.start() is None else self._picked()
        records = filter(cast("Callable[[Event], bool]", Record.__instancecheck__), events)
        return chain(cast("Iterator[Record]", records), self._ending())

    def _picked(self) -> Iterator[Event]:
        """The events of a pass for the frames that are meant."""
        run = self.run_of_frames()
        return self.picker(run.formats).events(run.events())

    def _ending(self) -> Iterator[Record]:
        """Nothing more, or the error of `end`."""
        yield from ()
        self.end()

    def end(self) -> None:
        """Raises the error of a compressed capture that is damaged: who sees only what is in frames, sees that."""
        fault = getattr(self.storage, "fault", None)
        if fault is not None:
            raise fault

    def batches(
        self,
        size: int = SIZE,
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
        from sigflow.recording import tables

        run = self.run_of_frames()
        table = self._table(run.formats, instances, physical, fields)
        return cast(
            "Iterator[pyarrow.RecordBatch]",
            chain(tables.batches_of(run, table, size, self.workers, self.picker(run.formats)), self._ending()),
        )

    def to_arrow(
        self, *, instances: bool = False, physical: bool = False, fields: Sequence[str] | None = None
    ) -> pyarrow.Table:
        """Returns all frames as one table of Arrow; the arguments, and what is raised, are those of `batches`."""
        from sigflow.columns.arrow import arrow
        from sigflow.recording import tables

        run = self.run_of_frames()
        table = self._table(run.formats, instances, physical, fields)
        batches = tables.batches_of(run, table, workers=self.workers, picker=self.picker(run.formats))
        frames = arrow().Table.from_batches(batches, table.schema)
        self.end()
        return frames

    def dataset(
        self, *, instances: bool = False, physical: bool = False, fields: Sequence[str] | None = None
    ) -> pyarrow.dataset.Dataset:
        """Returns the frames as a `pyarrow.dataset.Dataset`, which engines ask for some columns and rows: DuckDB finds
        the variable that holds it (`SELECT count(*) FROM frames`), Polars takes it by `scan_pyarrow_dataset`.

        Columns that are not asked for are not made.  Where the capture has an index, bounds on `_offset`, `_index` and
        `_time` decide which of its blocks are read.  The recording must stay open.  The arguments are those of
        `batches`.  Raises what `batches` raises, and `UsageError` where the recording can be read once only.
        """
        from sigflow.columns.arrow import arrow
        from sigflow.columns.options import Options

        arrow()
        from sigflow.recording.dataset import RecordingDataset

        return RecordingDataset(self, Options(instances, physical, None if fields is None else tuple(fields)))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The frames as a stream of Arrow's C interface, in bounded memory: `pyarrow.table(recording)`, and what else
        takes such a stream (Polars, DuckDB).
        """
        from sigflow.columns.arrow import arrow
        from sigflow.recording import tables

        run = self.run_of_frames()
        table = self._table(run.formats, False, False, None)
        batches = tables.batches_of(run, table, workers=self.workers, picker=self.picker(run.formats))
        reader = arrow().RecordBatchReader.from_batches(table.schema, batches)
        stream: object = reader.__arrow_c_stream__(requested_schema)
        return stream

    def __repr__(self) -> str:
        return f"Recording({self.name!r}, {', '.join(format.name for format in self.formats) or 'no format'})"

    def to_numpy(self) -> numpy.ndarray[Any, Any]:
        """Returns the numbers that stand at a fixed place in every frame of a single format, as one structured array.

        Its fields are `_offset`, `_length` and `_index`, then one for each number, by its path; an enum is its number.
        Raises `UsageError` where there are several formats, whose frames have no fields in common.
        """
        from sigflow.recording import tables

        run = self.run_of_frames()
        self._check_bound(run.formats)
        array = tables.numpy_of(run, self.picker(run.formats))
        self.end()
        return array

    def _table(self, formats: Sequence[Format], instances: bool, physical: bool, fields: Sequence[str] | None) -> Table:
        from sigflow.columns.options import Options
        from sigflow.columns.table import Table

        self._check_bound(formats)
        return Table(formats, Options(instances, physical, None if fields is None else tuple(fields)))

    def _check_bound(self, formats: Sequence[Format]) -> None:
        """Raises `UsageError` where columns, which are read as one preamble says, would be those of several."""
        if self._begins_anew and any(format.is_part for format in formats):
            why = "is cut where another preamble may begin, and a table is read as one says"
            raise UsageError(f"{self.name} {why}: take its records")

    def validate(self, *, explain_all: bool = False, checks: Sequence[str] = ()) -> Report:
        """Scans and reads everything, and returns the verdict.

        The likely causes of failed checksums are searched for the first 20 refused frames, for less than a second of
        the processor.  explain_all: for all of them, however long that takes.  Damage is told and not raised, but for a
        strict recording, which raises a `StreamError`.

        checks: validators by name (`sigflow.validator`), which are given the records that are meant, and the verdict;
        what they say is in `Report.checks`.  Raises `UsageError` for a name that is none's.
        """
        if checks:
            from sigflow.recording.validators import checked, get

            return checked(self, [get(name) for name in checks], Budget.endless() if explain_all else Budget())[0]
        attempt = self._attempt()
        report = attempt.report() if attempt is not None else None
        if report is not None:
            return report
        report = self.judged(self.run(keep=True), explain_all=explain_all)
        if attempt is not None and report.sound:
            attempt.keep(self._choice.scan)
        return report

    def judged(self, run: AnyRun, *, explain_all: bool = False) -> Report:
        """Returns the verdict on a pass, which keeps its bytes."""
        verdict = run.verdict(budget=Budget.endless() if explain_all else Budget()).all()
        report = verdict.report(self.name)
        if verdict.reads_later:
            self._reports.append(weakref.ref(report))
        return report

    def _attempt(self) -> Attempt | None:
        """To judge it quickly, where nothing stands against that."""
        size = self.storage.size
        if size is None or not LEAST <= size <= MOST:
            return None
        if self._strict or self._fallback or any(format.is_part for format in self._first):
            return None
        if cuts_of(self.storage) or marks_of(self.storage):
            return None
        from sigflow.recording.sound import Attempt

        return Attempt(self.storage, self._first, self._choice.engine)

    def close(self) -> None:
        """Closes the storage.  What reports will need of it is read before, unless they can do so later."""
        for reference in self._reports:
            report = reference()
            if report is not None:
                report.make_lists()
        self._reports.clear()
        for places in self._places:
            if places is not None:
                places.index.close()
        self.storage.close()


def _texts(value: object) -> tuple[str, ...]:
    """One value, or several, as texts."""
    values = value if isinstance(value, list | tuple | set | frozenset) else (value,)
    return tuple(str(item.value if isinstance(item, Enum) else item) for item in values)
