"""A recording as a dataset of Arrow, for engines that say which columns and rows they want (DuckDB, Polars, pandas).

Rules.  Only columns that are asked for, or that a filter looks at, are made.  A filter is applied by Arrow to the rows,
whatever it is.  Where the capture has an index, only those blocks are read in which a row may pass, by the bounds of
`_offset`, `_index` and `_time` (`pruning`).

A name of an enum that stands in a struct or a list is a plain text, where a table has a dictionary: DuckDB hands no
filter to a table with such a column.

Strategy.  A dataset is asked by `scanner`, which the methods of Arrow's class call, too.  Each scanner is one pass.
Methods of that class that would look at its own, empty, state are answered here, or refused.

pyarrow is imported with this module, which is imported when a dataset is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as arrow_dataset

from sigflow.columns.table import TIME, Table
from sigflow.errors import UsageError
from sigflow.recording import tables
from sigflow.recording.pruning import NANOSECONDS, Blocks

if TYPE_CHECKING:
    from sigflow.columns.options import Options
    from sigflow.recording.recording import Recording
    from sigflow.recording.start import Start

#: The column that is made where rows are only counted.
PLACE = "_offset"


class RecordingDataset(arrow_dataset.Dataset):  # type: ignore[misc]  # (pyarrow has no types)
    """The frames of a recording, which must stay open.  Every scanner begins at the beginning."""

    def __init__(self, recording: Recording, wanted: Options, *, in_microseconds: bool = False) -> None:
        """wanted: the columns of the dataset.  in_microseconds: whether `_time` is, with a column `_time_ns` beside it:
        DuckDB hands on conditions on such times only.  Raises `UsageError` where there is no such column, or the
        recording can be read once only.
        """
        if not recording.storage.repeatable:
            raise UsageError(f"{recording.name} can be read once only, and a dataset more often: take its batches")
        self._recording = recording
        self._table = Table(recording.run().formats, wanted)
        fields = [field.with_type(_undone(field.type)) for field in self._table.schema]
        places = [number for number, field in enumerate(fields) if field.name == TIME]
        for place in places if in_microseconds else ():
            kind = fields[place].type
            rough = pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) else pa.duration("us")
            fields[place : place + 1] = [fields[place].with_type(rough), pa.field(NANOSECONDS, pa.int64())]
        self._schema = pa.schema(fields, metadata=self._table.schema.metadata)

    @property
    def schema(self) -> pa.Schema:
        """The schema of all columns."""
        return self._schema

    def scanner(
        self,
        columns: Sequence[str] | Mapping[str, pa.compute.Expression] | None = None,
        filter: pa.compute.Expression | None = None,
        **options: Any,
    ) -> arrow_dataset.Scanner:
        """Returns what gives the rows, once: as of `pyarrow.dataset.Dataset.scanner`, with its options."""
        if columns is None:
            names = self.schema.names
        else:
            asked = [] if isinstance(columns, Mapping) else columns
            names = [name for name in self.schema.names if name in asked]
        looked_at = [] if filter is None else [filter]
        if isinstance(columns, Mapping):
            looked_at += columns.values()
        needed = {*names, *(name for expression in looked_at for name in names_in(expression, self.schema))}
        table = self._table.only({TIME if name == NANOSECONDS else name for name in needed} or {PLACE})
        kept = {*table.schema.names} - ({TIME} - needed) | (needed & {NANOSECONDS})
        schema = pa.schema([field for field in self.schema if field.name in kept], metadata=self.schema.metadata)
        if schema.names == [PLACE] and filter is None and self._recording.wanted.everything:
            batches = self._only_places(schema)
        else:
            made = self._batches(table, None if filter is None else self._starts(filter))
            batches = (_as(schema, batch) for batch in made)
        reader = pa.RecordBatchReader.from_batches(schema, batches)
        if columns is None or isinstance(columns, Mapping):
            shown: Any = columns
        else:
            shown = list(columns)
        return arrow_dataset.Scanner.from_batches(reader, columns=shown, filter=filter, **options)

    def _batches(self, table: Table, starts: Sequence[Start] | None) -> Iterator[pa.RecordBatch]:
        recording = self._recording
        runs = [recording.run_of_frames()] if starts is None else map(recording.run_from, starts)
        for run in runs:
            yield from tables.batches_of(run, table, workers=recording.workers, picker=recording.picker(run.formats))
        recording.end()

    def _only_places(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Where the frames begin, which needs no more than the scan: rows are counted by it."""
        for offsets in self._recording.run().offsets():
            yield pa.RecordBatch.from_arrays([pa.array(offsets, schema.types[0])], schema=schema)
        self._recording.end()

    @cached_property
    def _blocks(self) -> Blocks | None:
        """Where the blocks of the capture are; None where it has no index, or frames are chosen otherwise."""
        places = None if self._recording.whole_only else self._recording.places()
        return None if places is None else Blocks(places.index.bounds, self.schema)

    def _starts(self, filter: pa.compute.Expression) -> Sequence[Start] | None:
        return None if self._blocks is None else self._blocks.starts(filter)

    def count_rows(self, filter: pa.compute.Expression | None = None, **options: Any) -> int:
        """Returns how many rows there are, of those that pass; without a filter no column is made."""
        if filter is None and self._recording.wanted.everything:
            count = sum(map(len, self._recording.run().offsets()))
            self._recording.end()
            return count
        batches = self.scanner(columns=[PLACE], filter=filter, **options).to_batches()
        return sum(batch.num_rows for batch in batches)

    def filter(self, expression: pa.compute.Expression | None) -> arrow_dataset.Dataset:
        """Not possible: give the filter to what reads."""
        raise UsageError(
            "a filtered dataset: give the filter to what reads (scanner, to_table, to_batches, count_rows)"
        )

    def replace_schema(self, schema: pa.Schema) -> arrow_dataset.Dataset:
        """Not possible: a schema follows from the formats."""
        raise UsageError("the schema of a recording follows from its formats")

    def get_fragments(self, filter: pa.compute.Expression | None = None) -> Iterator[arrow_dataset.Fragment]:
        """Not possible: a recording is one piece; `sigflow.scale.plan` cuts it."""
        raise UsageError("a recording has no fragments: `sigflow.scale.plan` cuts it into partitions")

    @property
    def partition_expression(self) -> pa.compute.Expression:
        """What is true of every row: nothing that is known."""
        return pa.compute.scalar(True)

    def sort_by(self, sorting: Any, **options: Any) -> arrow_dataset.InMemoryDataset:
        """Returns the rows, sorted, in memory."""
        return arrow_dataset.InMemoryDataset(self.to_table(**options).sort_by(sorting))

    def join(self, *arguments: Any, **options: Any) -> arrow_dataset.InMemoryDataset:
        """Returns the rows, joined with those of another dataset, in memory."""
        return arrow_dataset.InMemoryDataset(self.to_table()).join(*arguments, **options)

    def join_asof(self, *arguments: Any, **options: Any) -> arrow_dataset.InMemoryDataset:
        """Not possible: Arrow does not carry columns of dictionaries, such as `_format`, over such a join."""
        raise UsageError("join_asof: take some columns as a table first (to_table), and join that")

    def __reduce__(self) -> tuple[Any, ...]:
        raise UsageError(
            "a dataset of an open recording is not pickled: `sigflow.scale.plan` makes partitions that are"
        )

    def __repr__(self) -> str:
        return f"<dataset of {self._recording!r}>"


def _undone(kind: pa.DataType, *, inside: bool = False) -> pa.DataType:
    """A type without the dictionaries that stand in structs and lists."""
    if pa.types.is_dictionary(kind):
        return kind.value_type if inside else kind
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_undone(field.type, inside=True)) for field in kind])
    if pa.types.is_list(kind):
        item = kind.value_field
        return pa.list_(item.with_type(_undone(item.type, inside=True)))
    return kind


def _as(schema: pa.Schema, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same rows with the types of a schema."""
    if batch.schema == schema:
        return batch
    columns = []
    for field in schema:
        column = batch.column(TIME if field.name == NANOSECONDS else field.name)
        columns.append(column if column.type == field.type else _cast(column, field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """A column as one of another type; of microseconds those that are over count."""
    if not pa.types.is_timestamp(kind) and not pa.types.is_duration(kind):
        return column.cast(kind)
    numbers = column.cast(pa.int64())
    # (Arrow divides towards 0.)
    wholes = pa.compute.divide(numbers, 1000)
    over = pa.compute.greater(pa.compute.multiply(wholes, 1000), numbers)
    return pa.compute.subtract(wholes, over.cast(pa.int64())).cast(kind)


def names_in(expression: pa.compute.Expression, schema: pa.Schema) -> list[str]:
    """The columns that an expression looks at: those without which it cannot be bound."""
    if "FieldPath(" in str(expression):
        return list(schema.names)  # by its place: all must be there
    return [name for number, name in enumerate(schema.names) if not _binds(expression, schema.remove(number))]


def _binds(expression: pa.compute.Expression, schema: pa.Schema) -> bool:
    try:
        arrow_dataset.dataset(schema.empty_table()).scanner(columns={"value": expression})
    except pa.ArrowInvalid:
        return False
    return True
