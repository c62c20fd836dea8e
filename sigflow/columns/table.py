"""Frames as a table: the columns of one format or of several, and batches of them.

Rules.  First come `_offset`, `_length`, `_format` and `_index` of the frame, then the fields of the frame type in the
order of the spec.  Of several formats, each is one column, named after it: a struct that is null in the rows of other
formats.  A table has one row per frame, in the order of the stream.

Strategy.  Where all columns that are asked for can be gathered, the frames are not parsed, but for those in which
something fails.  Otherwise all are, a few at a time.  A batch that would become too large is made as several.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow.columns import payload
from sigflow.columns.arrow import arrow, field_of, type_of
from sigflow.columns.budget import Budget, TooMuch
from sigflow.columns.frame import FrameType
from sigflow.columns.frames import FrameBatch
from sigflow.columns.kernels import Loader
from sigflow.columns.names import Names
from sigflow.columns.objects import Source, parsed
from sigflow.columns.paths import Step, field_at, part_at, steps_of
from sigflow.columns.tree import Listed, Member, Struct, Trees
from sigflow.errors import UsageError

if TYPE_CHECKING:
    import pyarrow

    from sigflow.stream.format import Format

#: The columns of every table.
ENVELOPE = ("_offset", "_length", "_format", "_index")
#: Arrow counts the bytes of a column in 32 bits.
_GATHERED = 1 << 31


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a table shall have.

    instances: computed fields.  physical: a column FIELD_physical for each field with a scale, an offset or a unit.
    fields: the paths of fields (`flags.encoding`, `lines[0].text`), each a column; None for all.  objects: parse every
    frame, even where that is not needed.
    """

    instances: bool = False
    physical: bool = False
    fields: tuple[str, ...] | None = None
    objects: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Output:
    """A column of the table: its field, the top-level column that it is of, and the way there."""

    field: pyarrow.Field
    source: int
    steps: tuple[Step, ...]


class FormatColumns:
    """The columns of one format."""

    def __init__(self, format: Format, wanted: Wanted) -> None:
        self.format = format
        self.type = FrameType(format)
        self.unknown: list[str] = []
        self.known: list[str] = []
        self.sources: list[Source] = []
        self._outputs: list[_Output] = []
        self._choose(wanted)
        self.fields: list[pyarrow.Field] = [one.field for one in self._outputs]
        self._weighed = self.type.grows
        self._loader = Loader()
        self._guards = self._doubted()
        #: Whether no frame has to be parsed, but for those in which something fails.
        self.gathers = not wanted.objects and format.envelope is not None and self._can_gather()

    # ------------------------------------------------------------ what is asked for

    def _choose(self, wanted: Wanted) -> None:
        sources = self._all(wanted.instances, wanted.physical)
        if wanted.fields is None:
            for name, source in sources.items():
                self._take(name, source, ())
            return
        asked = dict.fromkeys(wanted.fields)
        more: dict[str, Source] | None = None
        self.known = list(sources)
        for path in asked:
            if self._found(path, sources):
                continue
            if more is None:
                more = self._all(True, True)
                self.known = list(more)
            if not self._found(path, more):
                self.unknown.append(path)

    def _all(self, instances: bool, physical: bool) -> dict[str, Source]:
        """The top-level columns by name."""
        trees = Trees(self.type.module, instances=instances, physical=physical)
        members = trees.members(self.type.unit)
        sources: dict[str, Source] = {one.name: one for one in members}
        sources.update((one.name, one) for one in payload.codec_columns(self.format.envelope, members, trees))
        return sources

    def _found(self, path: str, sources: Mapping[str, Source]) -> bool:
        steps = steps_of(path)
        source = sources.get(str(steps[0])) if steps else None
        return source is not None and self._take(path, source, steps[1:])

    def _take(self, name: str, source: Source, steps: tuple[Step, ...]) -> bool:
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

        for one in self.sources:
            if isinstance(one, Member):
                if one.column.instance or one.column.id not in self.type.gathered or _has_instances(one):
                    return False
            elif self.format.envelope is None or not can_gather(self.format.envelope, self.type.scalars):
                return False
        return True

    def arrays(self, frames: FrameBatch, names: Names, budget: Budget) -> list[pyarrow.Array]:
        """The columns of these frames, all of this format."""
        if self.gathers and len(frames) and len(frames.data) < _GATHERED:
            found = self._gather(frames, names, budget)
        else:
            found = parsed(self.sources, self.format, frames, self._weighed, names, budget)
        return [part_at(found[one.source], one.steps) for one in self._outputs]

    def _gather(self, frames: FrameBatch, names: Names, budget: Budget) -> list[pyarrow.Array]:
        import numpy as np

        from sigflow.columns.gather import Stretches, gathered

        rows = Stretches(frames.data, frames.starts, frames.stops, np.zeros(len(frames), bool))
        members = [one for one in self.sources if isinstance(one, Member)]
        rows.expect([one.column for one in (*members, *self._guards)])
        for guard in self._guards:
            gathered(guard, rows, names)
        found: dict[int, pyarrow.Array] = {id(one): gathered(one, rows, names) for one in members}
        codecs = [one for one in self.sources if isinstance(one, payload.CodecColumn)]
        if codecs:
            arrays = payload.gathered(codecs, self.type, rows, names, budget, self._loader)
            found.update(zip(map(id, codecs), arrays, strict=True))
        columns = [found[id(one)] for one in self.sources]
        return self._corrected(columns, frames, rows.failed, names, budget) if rows.failed.any() else columns

    def _doubted(self) -> list[Member]:
        """The fields that tell which frames fail to parse, and are not asked for as they are."""
        asked = {one.name for one in self.sources if isinstance(one, Member) and one.physical is None}
        return [one for one in self.type.members if one.column.id in self.type.doubtful and one.name not in asked]

    def _corrected(
        self, columns: list[pyarrow.Array], frames: FrameBatch, failed: Any, names: Names, budget: Budget
    ) -> list[pyarrow.Array]:
        """The columns, with the frames that failed as they are when they are parsed."""
        import numpy as np

        pa = arrow()
        which = np.flatnonzero(failed)
        some = FrameBatch(
            frames.data, frames.starts[which], frames.stops[which], frames.offsets[which], frames.formats[which]
        )
        right = parsed(self.sources, self.format, some, self._weighed, names, budget)
        order = np.arange(len(frames))
        order[which] = len(frames) + np.arange(len(which))
        taken = pa.array(order)
        return [pa.concat_arrays(list(pair)).take(taken) for pair in zip(columns, right, strict=True)]


def _has_instances(member: Member) -> bool:
    """Whether computed fields are shown inside a column."""
    waiting = [member]
    while waiting:
        one = waiting.pop()
        if one.column.instance:
            return True
        node = one.node
        while isinstance(node, Listed):
            node = node.item
        if isinstance(node, Struct):
            waiting.extend(node.members)
    return False


# ---------------------------------------------------------------- tables


class Table:
    """The table of a list of formats.  State: the dictionaries of enums, which grow from batch to batch."""

    def __init__(self, formats: Sequence[Format], wanted: Wanted = Wanted()) -> None:  # frozen
        pa = arrow()
        self.formats = tuple(formats)
        self.columns = [FormatColumns(one, wanted) for one in formats]
        self._names = Names()
        self._format_names = pa.array([one.name for one in formats], pa.string())
        _refuse_unknown(self.columns)
        envelope = [
            pa.field("_offset", pa.int64(), nullable=False),
            pa.field("_length", pa.int64(), nullable=False),
            pa.field("_format", pa.dictionary(pa.int32(), pa.string()), nullable=False),
            pa.field("_index", pa.int64(), nullable=False),
        ]
        #: The formats that have a column of their own, by number; of a single format its fields are the columns.
        self._among = [number for number, one in enumerate(self.columns) if one.fields]
        if len(self.columns) == 1:
            fields = self.columns[0].fields
        else:
            shown = [self.columns[number] for number in self._among]
            fields = [pa.field(one.format.name, pa.struct(one.fields)) for one in shown]
        #: The schema of every batch.
        self.schema: pyarrow.Schema = pa.schema([*envelope, *fields], metadata=self._said())

    def _said(self) -> dict[str, str]:
        """What the file says of its formats."""
        said = []
        for one in self.columns:
            envelope = one.format.envelope
            said.append(
                {
                    "name": one.format.name,
                    "spec": one.type.module.spec,
                    "hash": one.type.module.source_hash,
                    "title": envelope.title if envelope is not None else "",
                    "fields": dict(_docs(one.fields)),
                }
            )
        return {"sigflow.formats": json.dumps(said)}

    def batches(self, frames: FrameBatch) -> Iterator[pyarrow.RecordBatch]:
        """These frames as record batches: one, or where that would become too large, several."""
        waiting = [frames]
        while waiting:
            one = waiting.pop()
            try:
                yield self.batch(one, Budget() if len(one) > 1 else Budget(None))
            except TooMuch:
                half = len(one) // 2
                waiting += [one.part(half, len(one)), one.part(0, half)]

    def batch(self, frames: FrameBatch, budget: Budget | None = None) -> pyarrow.RecordBatch:
        """These frames as one record batch."""
        import numpy as np

        pa = arrow()
        budget = budget or Budget(None)
        kinds = pa.DictionaryArray.from_arrays(pa.array(frames.formats.astype(np.int32)), self._format_names)
        index = np.arange(frames.first, frames.first + len(frames))
        found = [pa.array(frames.offsets), pa.array(frames.stops - frames.starts), kinds, pa.array(index)]
        if len(self.columns) == 1:
            found += self.columns[0].arrays(frames, self._names, budget)
        else:
            found += [self._one_of(number, frames, budget) for number in self._among]
        return pa.RecordBatch.from_arrays(found, schema=self.schema)

    def _one_of(self, number: int, frames: FrameBatch, budget: Budget) -> pyarrow.Array:
        """The column of one format among several."""
        import numpy as np

        pa = arrow()
        mine, some = frames.formats == number, frames.only(number)
        fields = self.columns[number].fields
        arrays = self.columns[number].arrays(some, self._names, budget)
        rows = pa.StructArray.from_arrays(arrays, fields=fields)
        return rows.take(pa.array(np.cumsum(mine) - 1, mask=~mine))


def _refuse_unknown(columns: Sequence[FormatColumns]) -> None:
    """A field that no format has is a mistake, not an empty column."""
    for path in columns[0].unknown if columns else ():
        if all(path in one.unknown for one in columns):
            from difflib import get_close_matches

            known = list(dict.fromkeys(name for one in columns for name in one.known))
            near = get_close_matches(path, known, 1)
            hint = f", did you mean {near[0]!r}?" if near else f"; known: {', '.join(known)}"
            raise UsageError(f"unknown field {path!r}{hint}")


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


def schema_of(format: Format, wanted: Wanted = Wanted()) -> pyarrow.Schema:  # frozen
    """The schema of a format's table."""
    return Table([format], wanted).schema
