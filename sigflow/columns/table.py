"""Frames as a table: the columns of one format or of several, and batches of them.

Rules.  First come `_offset`, `_length`, `_format` and `_index` of the frame, then the fields of the frame type in the
order of the spec.  Of several formats, each is one column, named after it: a struct that is null in the rows of other
formats.  A table has one row per frame, in the order of the stream.

Strategy.  Where all columns that are asked for can be gathered, the frames are not parsed, but for those in which
something fails.  Otherwise all are, a few at a time.  A batch that would become too large is made as several.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sigflow.columns import payload
from sigflow.columns.arrow import arrow, field_of, type_of
from sigflow.columns.budget import Budget, TooMuch
from sigflow.columns.extras import (
    Attached,
    Calculated,
    Extra,
    Keyed,
    Led,
    Metadata,
    Moments,
    Numbers,
    OfRules,
    Versions,
)
from sigflow.columns.frame import FrameType
from sigflow.columns.frames import FrameBatch
from sigflow.columns.kernels import Loader
from sigflow.columns.names import Names
from sigflow.columns.numbers import checked
from sigflow.columns.objects import Source, parsed
from sigflow.columns.options import ALL
from sigflow.columns.options import Options as Options  # noqa: PLC0414  # it is asked for here, too
from sigflow.columns.paths import Step, field_at, part_at, steps_of
from sigflow.columns.physical import measures_of
from sigflow.columns.reach import METADATA, Paths, of_format, unknown
from sigflow.columns.tree import Listed, Member, Struct, Trees, unique

if TYPE_CHECKING:
    import pyarrow

    from sigflow.columns.gather import Stretches
    from sigflow.stream.format import Format

#: The columns of every table.
ENVELOPE = ("_offset", "_length", "_format", "_index")
#: The column of the time, where a format has one.
TIME = "_time"
#: The column of the versions of the rules of sigflow.yaml that apply to a frame.
VERSIONS = "_calibration"
#: Arrow counts the bytes of a column in 32 bits.
_GATHERED = 1 << 31


@dataclass(frozen=True, slots=True, eq=False)
class _Output:
    """A column of the table: its field, the top-level column that it is of, and the way there."""

    field: pyarrow.Field
    source: int
    steps: tuple[Step, ...]


class FormatColumns:
    """The columns of one format."""

    def __init__(self, format: Format, wanted: Options, several: bool = False) -> None:
        """several: it is one of several formats, so that a path may begin with its name."""
        self.format = format
        self.type = FrameType(format)
        self.unknown: list[str] = []
        self.sources: list[Source] = []
        self._outputs: list[_Output] = []
        self._paths: Paths | None = None
        self._choose(wanted, several)
        self._show_payload(wanted)
        self.fields: list[pyarrow.Field] = [output.field for output in self._outputs]
        #: The time of the frames, where the format has one.
        self.time = _moments(format)
        #: The versions of the rules that apply to them, where the format has some.
        calibrations = format.calibrations
        self.versions = Versions(VERSIONS) if calibrations is not None and calibrations.versioned else None
        self._weighed = self.type.grows
        self._loader = Loader()
        self._guards = self._doubted()
        self._parses = wanted.objects or format.envelope is None
        #: Whether no frame has to be parsed, but for those in which something fails.
        self.gathers = not self._parses and self._can_gather()

    @property
    def _beside(self) -> list[Extra]:
        """What is in columns of the table that are common to all formats."""
        return [extra for extra in (self.time, self.versions) if extra is not None]

    def only(self, names: Collection[str], timed: bool, versioned: bool) -> FormatColumns:
        """The same with only these of its columns.  timed, versioned: whether the time, and the versions of rules, are
        among them.
        """
        other = copy(self)
        outputs = [output for output in self._outputs if output.field.name in names]
        used = sorted({output.source for output in outputs})
        other.sources = [self.sources[source] for source in used]
        other._outputs = [replace(output, source=used.index(output.source)) for output in outputs]
        other.fields = [output.field for output in outputs]
        other.time = self.time if timed else None
        other.versions = self.versions if versioned else None
        other._loader = Loader()
        other._guards = other._doubted()
        other.gathers = not self._parses and other._can_gather()
        return other

    # ------------------------------------------------------------ what is asked for

    def _choose(self, wanted: Options, several: bool) -> None:
        sources = self._all(wanted.instances, wanted.physical)
        if wanted.fields is None:
            for name, source in sources.items():
                self._take(name, source, ())
            for key in self._keys():
                self._add(Attached(unique(f"{METADATA}.{key}", set(sources)), key))
            if self.format.envelope is not None and self.format.envelope.decode.metadata is not None:
                self._add(Metadata(unique(METADATA, set(sources))))
            return
        more: dict[str, Source] | None = None
        for path in dict.fromkeys(wanted.fields):
            own = of_format(path, self.format.name) if several else path
            # With the name of the format and without, it is one column.
            taken = {output.field.name for output in self._outputs}
            candidates = list(dict.fromkeys([path, own]))
            if any(output in taken or self._found(output, sources) for output in candidates):
                continue
            if more is None:
                more = self._all(True, True)
            if not any(self._found(output, more or {}) or self._led(output) for output in candidates):
                self.unknown.append(path)

    def _led(self, path: str) -> bool:
        """Take what a path leads to that is no part of a column."""
        reached = self.paths.find(path)
        if reached is None:
            return False
        if reached.source == METADATA:
            key = path.removeprefix(f"{METADATA}.")
            told = self.format.envelope is not None and self.format.envelope.decode.metadata is not None
            attached = key in self._keys() and not told
            self._add(Metadata(path) if key == path else Attached(path, key) if attached else Keyed(path, key))
        elif reached.kind is not None:
            self._add(Led(path, reached, self.paths.node(reached.kind)))
        return reached.source == METADATA or reached.kind is not None

    @property
    def paths(self) -> Paths:
        """What the paths of the format lead to."""
        if self._paths is None:
            self._paths = Paths(self.format)
        return self._paths

    def _keys(self) -> tuple[str, ...]:
        """The keys of metadata that rules of sigflow.yaml set."""
        return self.format.calibrations.keys if self.format.calibrations is not None else ()

    def _add(self, extra: Extra) -> None:
        self.sources.append(extra)
        said = extra.said if isinstance(extra, Calculated) else None
        field = arrow().field(extra.name, extra.type, metadata=said or None)
        self._outputs.append(_Output(field, len(self.sources) - 1, ()))

    def _show_payload(self, wanted: Options) -> None:
        """The payload as numbers, in the column of its field, or in one of its own."""
        if wanted.payload is None:
            return
        from sigflow.columns.numbers import column_of

        name, apart = column_of(self.format, [output.field.name for output in self._outputs])
        self._add(Numbers(name, wanted.payload))
        if not apart:
            made = self._outputs.pop()
            place = next(n for n, output in enumerate(self._outputs) if output.field.name == name)
            self._outputs[place] = made

    def _all(self, instances: bool, physical: bool) -> dict[str, Source]:
        """The top-level columns by name."""
        trees = Trees(self.type.module, instances=instances, physical=physical, measures=measures_of(self.format))
        members = trees.members(self.type.unit)
        sources: dict[str, Source] = {source.name: source for source in members}
        sources.update((source.name, source) for source in payload.codec_columns(self.format.envelope, members, trees))
        calibrations = self.format.calibrations
        for quantity in calibrations.quantities if calibrations is not None else ():
            sources[quantity.name] = Calculated(quantity.name, quantity)
        return sources

    def _found(self, path: str, sources: Mapping[str, Source]) -> bool:
        steps = steps_of(path)
        source = sources.get(str(steps[0])) if steps else None
        return source is not None and self._take(path, source, steps[1:])

    def _take(self, name: str, source: Source, steps: tuple[Step, ...]) -> bool:
        if isinstance(source, Calculated):
            if not steps:
                self._add(replace(source, name=name))
            return not steps
        assert isinstance(source, Member | payload.CodecColumn)
        whole = field_of(source) if isinstance(source, Member) else arrow().field(source.name, type_of(source.node))
        field = field_at(whole, steps)
        if field is None:
            return False
        if source not in self.sources:
            self.sources.append(source)
        self._outputs.append(_Output(field.with_name(name).with_nullable(True), self.sources.index(source), steps))
        return True

    # ------------------------------------------------------------ the way there

    def _can_gather(self) -> bool:
        from sigflow.columns.payloads import can_gather

        for source in self.sources:
            if not isinstance(source, Member | payload.CodecColumn):
                continue  # its frames are parsed in any case
            if isinstance(source, Member):
                if source.column.instance or source.column.id not in self.type.gathered or _has_instances(source):
                    return False
            elif self.format.envelope is None or not can_gather(self.format.envelope, self.type.scalars):
                return False
        return True

    @property
    def reads(self) -> bool:
        """Whether the bytes of frames are looked at."""
        return bool(self.sources) or bool(self._beside)

    def arrays(self, frames: FrameBatch, names: Names, budget: Budget) -> list[pyarrow.Array]:
        """The columns of these frames, all of this format."""
        if not self.reads:
            return []
        sources: list[Source] = [*self.sources, *self._beside]
        if self.gathers and len(frames) and len(frames.data) < _GATHERED:
            from sigflow.columns.gather import Stretches

            rows = Stretches.of(self.format, frames)
            rows.expect([source.column for source in (*self._members, *self._guards)])
            gathered = iter(self._gather(rows, frames, names, budget))
            left = self._extras(sources, rows, frames, names, budget)
            arrays = [left[id(source)] if id(source) in left else next(gathered) for source in sources]
        else:
            arrays = parsed(sources, self.format, frames, self._weighed, names, budget)
        shown = [part_at(arrays[source.source], source.steps) for source in self._outputs]
        return shown + arrays[len(self.sources) :]

    def _extras(
        self, sources: Sequence[Source], rows: Stretches, frames: FrameBatch, names: Names, budget: Budget
    ) -> dict[int, pyarrow.Array]:
        """What is no field, by the source: of many frames at once where that goes, else of frames that are parsed.

        rows: of which it is known by now whether they fail to parse.
        """
        made: dict[int, pyarrow.Array] = {}
        left: list[Source] = []
        for source in sources:
            array = None
            if isinstance(source, Member | payload.CodecColumn):
                continue
            if isinstance(source, OfRules):
                array = source.of_frames(rows)
            elif isinstance(source, Calculated):
                array = source.of_frames(rows, frames)
            elif isinstance(source, Moments) and not rows.failed.any():
                array = source.of_frames(self.format, self.type.scalars, rows)
            if array is None:
                left.append(source)
            else:
                made[id(source)] = array
        if left:
            arrays = parsed(left, self.format, frames, self._weighed, names, budget)
            made.update((id(source), array) for source, array in zip(left, arrays, strict=True))
        return made

    def _gather(self, rows: Stretches, frames: FrameBatch, names: Names, budget: Budget) -> list[pyarrow.Array]:
        from sigflow.columns.gather import gathered

        for guard in self._guards:
            gathered(guard, rows, names)
        by_source: dict[int, pyarrow.Array] = {id(source): gathered(source, rows, names) for source in self._members}
        codecs = [source for source in self.sources if isinstance(source, payload.CodecColumn)]
        if codecs:
            arrays = payload.gathered(codecs, self.type, rows, names, budget, self._loader)
            by_source.update(zip(map(id, codecs), arrays, strict=True))
        columns = [by_source[id(source)] for source in self._plain]
        return self._corrected(columns, frames, rows.failed, names, budget) if rows.failed.any() else columns

    @property
    def _members(self) -> list[Member]:
        return [source for source in self.sources if isinstance(source, Member)]

    @property
    def _plain(self) -> list[Source]:
        """The columns that are gathered where they can be."""
        return [source for source in self.sources if isinstance(source, Member | payload.CodecColumn)]

    def _doubted(self) -> list[Member]:
        """The fields that tell which frames fail to parse, and are not asked for as they are."""
        asked = {source.name for source in self.sources if isinstance(source, Member) and source.physical is None}
        return [
            source
            for source in self.type.members
            if source.column.id in self.type.doubtful and source.name not in asked
        ]

    def _corrected(
        self, columns: list[pyarrow.Array], frames: FrameBatch, failed: Any, names: Names, budget: Budget
    ) -> list[pyarrow.Array]:
        """The columns, with the frames that failed as they are when they are parsed."""
        import numpy as np

        pa = arrow()
        which = np.flatnonzero(failed)
        right = parsed(self._plain, self.format, frames.at(which), self._weighed, names, budget)
        order = np.arange(len(frames))
        order[which] = len(frames) + np.arange(len(which))
        taken = pa.array(order)
        return [pa.concat_arrays(list(pair)).take(taken) for pair in zip(columns, right, strict=True)]


def _has_instances(member: Member) -> bool:
    """Whether computed fields are shown inside a column."""
    waiting = [member]
    while waiting:
        inner = waiting.pop()
        if inner.column.instance:
            return True
        node = inner.node
        while isinstance(node, Listed):
            node = node.item
        if isinstance(node, Struct):
            waiting.extend(node.members)
    return False


# ---------------------------------------------------------------- tables


class Table:
    """The table of a list of formats.  State: the dictionaries of enums, which grow from batch to batch."""

    def __init__(self, formats: Sequence[Format], wanted: Options = ALL) -> None:
        pa = arrow()
        if wanted.payload is not None:
            checked(wanted.payload, formats)
        self.formats = tuple(formats)
        self.columns = [FormatColumns(format, wanted, len(formats) > 1) for format in formats]
        #: The dictionaries of enums.
        self.names = Names()
        self._captures = pa.array(wanted.captures, pa.string()) if wanted.captures else None
        self._format_names = pa.array([format.name for format in formats], pa.string())
        _refuse_unknown(self.columns)
        head = [
            pa.field("_offset", pa.int64(), nullable=False),
            pa.field("_length", pa.int64(), nullable=False),
            pa.field("_format", pa.dictionary(pa.int32(), pa.string()), nullable=False),
            pa.field("_index", pa.int64(), nullable=False),
        ]
        if self._captures is not None:
            head.insert(0, pa.field("_capture", pa.dictionary(pa.int32(), pa.string()), nullable=False))
        #: The type of the time; a date wherever a format can tell one.
        self._time = _time_type(self.columns)
        if self._time is not None:
            head.append(pa.field(TIME, self._time))
        #: The type of the versions of rules; None where no format has rules.
        self._versions = next((item.versions.type for item in self.columns if item.versions is not None), None)
        if self._versions is not None:
            head.append(pa.field(VERSIONS, self._versions))
        self._head = [field.name for field in head if field.name not in (TIME, VERSIONS)]
        #: The formats that have a column of their own, by number; of a single format its fields are the columns.
        self._among = [number for number, format in enumerate(self.columns) if format.fields]
        if len(self.columns) == 1:
            fields = self.columns[0].fields
        else:
            shown = [self.columns[number] for number in self._among]
            fields = [pa.field(format.format.name, pa.struct(format.fields)) for format in shown]
        #: The schema of every batch.
        self.schema: pyarrow.Schema = pa.schema([*head, *fields], metadata=self._said())

    def only(self, names: Collection[str]) -> Table:
        """The same table with only these of its columns: the others are not made.  It has dictionaries of its own."""
        table = copy(self)
        table.names = Names()
        several = len(self.columns) > 1
        table.columns = []
        for columns in self.columns:
            mine = [field.name for field in columns.fields if columns.format.name in names] if several else names
            table.columns.append(columns.only(mine, TIME in names, VERSIONS in names))
        table._time = self._time if TIME in names else None
        table._versions = self._versions if VERSIONS in names else None
        table._head = [name for name in self._head if name in names]
        table._among = [number for number in self._among if table.columns[number].fields]
        kept = [field for field in self.schema if field.name in names]
        table.schema = arrow().schema(kept, metadata=self.schema.metadata)
        return table

    @property
    def reads(self) -> bool:
        """Whether the bytes of frames are looked at; if not, their places suffice."""
        return any(columns.reads for columns in self.columns)

    def _said(self) -> dict[str, str]:
        """What the file says of its formats."""
        said = []
        for columns in self.columns:
            envelope = columns.format.envelope
            said.append(
                {
                    "name": columns.format.name,
                    "spec": columns.type.module.spec,
                    "hash": columns.type.module.source_hash,
                    "title": envelope.about.title if envelope is not None else "",
                    "fields": dict(_docs(columns.fields)),
                }
            )
        return {"sigflow.formats": json.dumps(said)}

    @property
    def gathers(self) -> bool:
        """Whether no frame has to be parsed, but for those in which something fails."""
        return all(columns.gathers for columns in self.columns)

    @property
    def width(self) -> int:
        """How many columns of fields are made."""
        return sum(len(columns.sources) for columns in self.columns)

    def fixed(self) -> Table:
        """The same table for another thread; `NewName` where a value comes that no dictionary has."""
        table = copy(self)
        table.names = self.names.fixed()
        return table

    def batches(self, frames: FrameBatch, capture: str = "") -> Iterator[pyarrow.RecordBatch]:
        """These frames as record batches: one, or where that would become too large, several.

        capture: which of several captures they are of.
        """
        waiting = [frames]
        while waiting:
            batch = waiting.pop()
            try:
                yield self.batch(batch, Budget() if len(batch) > 1 else Budget(None), capture)
            except TooMuch:
                half = len(batch) // 2
                waiting += [batch.part(half, len(batch)), batch.part(0, half)]

    def batch(self, frames: FrameBatch, budget: Budget | None = None, capture: str = "") -> pyarrow.RecordBatch:
        """These frames as one record batch."""
        import numpy as np

        pa = arrow()
        budget = budget or Budget(None)
        makers: dict[str, Callable[[], pyarrow.Array]] = {
            "_capture": lambda: _repeated(capture, self._captures, len(frames)),
            "_offset": lambda: pa.array(frames.offsets),
            "_length": lambda: pa.array(frames.stops - frames.starts),
            "_format": lambda: pa.DictionaryArray.from_arrays(
                pa.array(frames.formats.astype(np.int32)), self._format_names
            ),
            "_index": lambda: pa.array(frames.indexes),
        }
        arrays = [makers[name]() for name in self._head]
        beside: list[pyarrow.Array] = []
        if len(self.columns) == 1:
            columns = self.columns[0]
            made_of_it = columns.arrays(frames, self.names, budget)
            fields, beside = made_of_it[: len(columns.fields)], made_of_it[len(columns.fields) :]
        else:
            made = {
                number: self._one_of(number, frames, budget, beside)
                for number, columns in enumerate(self.columns)
                if columns.fields or columns.time is not None or columns.versions is not None
            }
            fields = [made[number] for number in self._among]
        if self._time is not None:
            arrays.append(_coalesced(beside, self._time, len(frames)))
        if self._versions is not None:
            arrays.append(_coalesced(beside, self._versions, len(frames)))
        arrays += fields
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _one_of(self, number: int, frames: FrameBatch, budget: Budget, beside: list[pyarrow.Array]) -> pyarrow.Array:
        """The column of one format among several; its times, and versions of rules, are added to `beside`."""
        import numpy as np

        pa = arrow()
        mine, some = frames.formats == number, frames.only(number)
        fields = self.columns[number].fields
        arrays = self.columns[number].arrays(some, self.names, budget)
        places = pa.array(np.cumsum(mine) - 1, mask=~mine)
        beside += [array.take(places) for array in arrays[len(fields) :]]
        arrays = arrays[: len(fields)]
        if not fields:
            return pa.nulls(len(frames))
        rows = pa.StructArray.from_arrays(arrays, fields=fields)
        return rows.take(places)


def _repeated(text: str, among: pyarrow.Array, times: int) -> pyarrow.Array:
    """A column that says the same in each row, of a dictionary."""
    pa = arrow()
    which = pa.array([among.to_pylist().index(text)] * times, pa.int32())
    return pa.DictionaryArray.from_arrays(which, among)


def _moments(format: Format) -> Moments | None:
    time = format.envelope.decode.time if format.envelope is not None else None
    return None if time is None else Moments(TIME, time.epoch is not None)


def _time_type(columns: Sequence[FormatColumns]) -> pyarrow.DataType | None:
    types = [item.time.type for item in columns if item.time is not None]
    return next((item for item in types if arrow().types.is_timestamp(item)), types[0] if types else None)


def _coalesced(columns: Sequence[pyarrow.Array], to: pyarrow.DataType, size: int) -> pyarrow.Array:
    """One value of this type per row; a format whose times are no dates has none where others have dates."""
    import pyarrow.compute as pc

    pa = arrow()
    fitting = [column for column in columns if column.type == to]
    if len(fitting) > 1 and pa.types.is_dictionary(to):
        return pc.coalesce(*(column.cast(to.value_type) for column in fitting)).dictionary_encode()
    return pc.coalesce(*fitting) if len(fitting) > 1 else fitting[0] if fitting else pa.nulls(size, to)


def _refuse_unknown(columns: Sequence[FormatColumns]) -> None:
    """A field that no format has is a mistake, not an empty column."""
    for path in columns[0].unknown if columns else ():
        if all(path in column.unknown for column in columns):
            raise unknown(path, [column.paths for column in columns])


def _docs(fields: Sequence[pyarrow.Field], prefix: str = "") -> Iterator[tuple[str, str]]:
    """What the spec says of the fields, by their paths."""
    pa = arrow()
    for field in fields:
        path = f"{prefix}{field.name}"
        said = (field.metadata or {}).get(b"doc")
        if said:
            yield path, said.decode()
        kind = field.type
        while pa.types.is_list(kind):
            kind = kind.value_type
        if pa.types.is_struct(kind):
            yield from _docs(list(kind), f"{path}.")


def schema_of(format: Format, wanted: Options = ALL) -> pyarrow.Schema:
    """The schema of a format's table."""
    return Table([format], wanted).schema
