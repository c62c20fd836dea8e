"""The columns with types that Spark has.

Rules.  Spark has no unsigned numbers: each has the next wider type (uint8 as smallint, uint16 as int, uint32 as bigint,
uint64 as decimal(20, 0)), so that no value changes.  Names of enums are texts.  Times, of day or since something, are
in microseconds, as Spark has no finer ones: the rest of the nanoseconds is cut off.  All else is what it is in Arrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

_WIDER = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.decimal128(20, 0),
    pa.float16(): pa.float32(),
}


def widened(kind: pa.DataType) -> pa.DataType:
    """The type that a column of this type has in Spark."""
    if kind in _WIDER:
        return _WIDER[kind]
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    if pa.types.is_duration(kind):
        return pa.duration("us")
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, widened(field.type), field.nullable) for field in kind])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        item = kind.value_field
        return pa.list_(pa.field("element", widened(item.type), item.nullable))
    return kind


def spark_schema(schema: pa.Schema) -> StructType:
    """The schema in Spark of columns with this schema in Arrow; what a spec says of a field is its comment."""
    from pyspark.sql.pandas.types import from_arrow_type
    from pyspark.sql.types import StructField, StructType

    fields = []
    for field in schema:
        doc = (field.metadata or {}).get(b"doc")
        said = {"comment": doc.decode("utf-8", "replace")} if doc else None
        fields.append(StructField(field.name, from_arrow_type(widened(field.type)), field.nullable, said))
    return StructType(fields)


def arrow_schema(schema: StructType) -> pa.Schema:
    """The schema that Spark wants batches to have."""
    from pyspark.sql.pandas.types import to_arrow_schema

    return to_arrow_schema(schema, timezone="UTC")


def converted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The columns of this schema, of a batch that has at least these."""
    columns = [_as(batch.column(field.name), field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _as(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if column.type == kind:
        return column
    # Not safe only where a time loses what Spark cannot hold; numbers have room.
    return column.cast(kind, safe=not _has_times(kind))


def _has_times(kind: Any) -> bool:
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        return True
    return any(_has_times(kind.field(n).type) for n in range(kind.num_fields))
