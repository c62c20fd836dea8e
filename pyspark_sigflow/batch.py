"""A reading: captures in partitions, each read by one task.

Rules.  The rows are those of `Recording.to_arrow` of each capture, with Spark's types.  A capture with an index is not
looked at for the plan; one without is scanned once by the driver (`sigflow.scale.index` has that done by tasks before).
One that cannot be cut, such as a compressed one, is one partition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql.datasource import DataSourceReader, InputPartition

from pyspark_sigflow import types
from pyspark_sigflow.filters import condition_of
from sigflow import recording as recordings
from sigflow.columns.options import Options
from sigflow.columns.table import ENVELOPE, TIME, Table
from sigflow.errors import UsageError
from sigflow.index.identity import Identity, obstacle
from sigflow.recording import Recording, tables
from sigflow.scale.captures import captures_of
from sigflow.scale.partitions import Partition, Plan, plan

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

    from pyspark_sigflow.options import ReadOptions
    from sigflow.recording.start import Start
    from sigflow.stream.format import Format

#: The column that says which capture a row is of.
CAPTURE = "_capture"
#: Columns that are no fields.
BESIDE = (*ENVELOPE, TIME)


class Columns:
    """The columns that are made: of a table as Arrow has it, and as Spark wants them."""

    def __init__(self, options: ReadOptions, names: Sequence[str] | None) -> None:
        """names: of the columns; None: all."""
        self.capture = options.capture if names is None else CAPTURE in names
        self._names = names
        asked = options.columns
        fields = None if asked is None else tuple(name for name in asked if name not in (*BESIDE, CAPTURE))
        self._options = Options(options.instances, options.physical, fields)

    def table(self, formats: Sequence[Format]) -> Table:
        """The table of these formats, which are bound to their preamble."""
        table = Table(formats, self._options)
        if self._names is None:
            return table
        lacking = next((name for name in self._names if name not in table.schema.names and name != CAPTURE), None)
        if lacking is not None:
            raise UsageError(f"there is no column {lacking!r}: wanted some of {', '.join(table.schema.names)}")
        # Of rows that are only counted, one column is made.
        return table.only([name for name in self._names if name != CAPTURE] or ENVELOPE[:1])

    def schema(self, formats: Sequence[Format]) -> pa.Schema:
        """As Arrow has it, in the order that was asked for."""
        schema = self.table(formats).schema
        names = self._names if self._names is not None else [*([CAPTURE] if self.capture else []), *schema.names]
        of_capture = pa.field(CAPTURE, pa.string(), nullable=False)
        return pa.schema([of_capture if name == CAPTURE else schema.field(name) for name in names])

    def converted(self, batches: Iterable[pa.RecordBatch], schema: pa.Schema, name: str) -> Iterator[pa.RecordBatch]:
        """The batches as Spark wants them.  name: of the capture."""
        for batch in batches:
            if self.capture:
                batch = batch.append_column(CAPTURE, pa.repeat(pa.scalar(name), batch.num_rows))
            yield types.converted(batch, schema)


def opened(name: str, formats: Sequence[Format], options: ReadOptions, index: str) -> Recording:
    """A capture with the formats that are named, else with those that are found in it."""
    named = list(formats) or None
    return recordings.open(name, named, limits=options.limits, engine=options.engine, index=index)


def formats_of(options: ReadOptions) -> tuple[Format, ...]:
    """The formats that are named, else those of the first capture.  Raises `UsageError` where there are none."""
    formats = options.formats()
    if not formats:
        with opened(captures_of(options.paths)[0], (), options, "never") as source:
            formats = tuple(source.formats)
    if not formats:
        raise UsageError("option spec: name a format, the first capture holds no bytes")
    return formats


def schema_of(options: ReadOptions) -> StructType:
    """The columns of a reading in Spark."""
    formats: Sequence[Format] = formats_of(options)
    if any(format.is_part or format.envelope is None for format in formats):
        with opened(captures_of(options.paths)[0], formats, options, "never") as source:
            formats = source.run().formats
    return types.spark_schema(Columns(options, options.columns).schema(formats))


class Reader(DataSourceReader):
    """Reads captures.  Pickled, with the formats, once for all tasks; what differs is in the partitions."""

    def __init__(self, options: ReadOptions, schema: StructType) -> None:
        self._options = options
        self._formats = formats_of(options)
        self._schema = schema
        #: Conditions that rows have to fulfil, as Spark says them.
        self._filters: list[Any] = []

    def partitions(self) -> list[InputPartition]:
        """The partitions of all captures, in order.  Raises what `sigflow.scale.plan` raises."""
        out: list[InputPartition] = []
        for name in captures_of(self._options.paths):
            with opened(name, self._formats, self._options, self._options.index) as source:
                out += map(InputPartition, self._of(source))
        # (Where Spark is given none, it makes one of nothing.)
        return out or [InputPartition(None)]

    def _of(self, source: Recording) -> Iterator[tuple[Partition, Identity | None]]:
        if obstacle(source.storage, source.formats) or not source.storage.size:
            yield Partition(source.name, 0, None, 0), None
            return
        planned = plan(source, split_bytes=self._options.split_bytes)
        left = self._left(source)
        for partition in planned.partitions:
            for part in [partition] if left is None else _within(partition, left):
                yield part, planned.identity

    def _left(self, source: Recording) -> Sequence[Start] | None:
        """The parts in which rows may pass, by the index; None where all may."""
        places = source.places() if self._filters else None
        if places is None:
            return None
        from sigflow.recording.pruning import Blocks

        schema = Table(source.bound()).schema
        condition = condition_of(self._filters, schema)
        return None if condition is None else Blocks(places.index.bounds, schema).starts(condition)

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """The rows of a partition, as record batches."""
        if partition.value is None:
            return
        part, identity = partition.value
        options = self._options
        columns = Columns(options, self._schema.names)
        if identity is None:
            source = opened(part.capture, self._formats, options, "never")
        else:
            source = Plan((), self._formats, options.limits, identity, options.engine).opened(part.capture)
        with source:
            run = source.run() if identity is None else source.run_from(part.start)
            table = columns.table(run.formats)
            batches: Iterable[pa.RecordBatch] = tables.batches_of(run, table)
            condition = condition_of(self._filters, table.schema)
            if condition is not None:
                batches = (batch for whole in batches if (batch := whole.filter(condition)).num_rows)
            yield from columns.converted(batches, types.arrow_schema(self._schema), part.capture)
            source.end()


class FilteredReader(Reader):
    """The same, which takes conditions."""

    def pushFilters(self, filters: list[Any]) -> list[Any]:
        """Takes them, and gives all back: Spark looks at what is left of the rows."""
        self._filters = list(filters)
        return filters


def _within(partition: Partition, left: Sequence[Start]) -> Iterator[Partition]:
    """What is left of a partition of whole blocks, of parts that are whole blocks, too."""
    for start in left:
        first = max((start.offset, start.first), (partition.offset, partition.first))
        stops = [stop for stop in (start.stop, partition.stop) if stop is not None]
        stop = min(stops) if stops else None
        if stop is None or first[0] < stop:
            yield partition._replace(offset=first[0], stop=stop, first=first[1])
