"""Many frames of one format: from columns without an object per frame where its layout allows it, else one by one.

Both ways give the same bytes.  What the columns of a piece say that does not fit the layout, or cannot be told of
arrays, has that piece built one by one: so there is one place that says what is wrong with a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow.columns.arrow import arrow
from sigflow.columns.layouts import FrameLayout, Unfitting
from sigflow.columns.names import distinct
from sigflow.columns.table_values import TableValues, batches_of, is_table, number_of
from sigflow.columns.tree import Leaf, Member, Struct
from sigflow.errors import UsageError
from sigflow.runtime.column import Named
from sigflow.stream.building.many import BYTES, VALUES, BuiltFrames, one_by_one

if TYPE_CHECKING:
    import pyarrow

    from sigflow.stream.format import Format

    Array = np.ndarray[Any, Any]

Path = tuple[str, ...]
#: Rows of which a piece is made, at most: as many as stay in the processor's cache with their frames.
ROWS = 3 << 14


def build_many(
    format: Format, values: Any, *, keep: str | Iterable[str] = (), native: bool | None = None
) -> Iterator[BuiltFrames]:
    """The frames of these values in their order, in pieces of many, see `Format.build_many`.

    native: whether compiled functions put frames together; None: where that pays.
    """
    keep = keep if isinstance(keep, str) else tuple(keep)
    if isinstance(values, str | bytes | bytearray | memoryview):
        raise UsageError(f"many frames are built of a table or of values, not of {type(values).__name__}")
    batches = batches_of(values, ROWS)
    if batches is not None:
        return _of_batches(format, batches, keep, native)
    if not isinstance(values, Iterable):
        raise UsageError(f"many frames are built of a table or of values, not of {type(values).__name__}")
    return _of_iterable(format, iter(values), keep, native)


def _of_iterable(
    format: Format, values: Iterator[Any], keep: str | tuple[str, ...], native: bool | None
) -> Iterator[BuiltFrames]:
    """The frames of an iterable of values, or of tables."""
    for first in values:
        values = chain([first], values)
        if is_table(first):
            batches = (batch for table in values for batch in batches_of(table, ROWS) or ())
            yield from _of_batches(format, batches, keep, native)
        else:
            yield from one_by_one(format, values, keep)
        return


def _of_batches(
    format: Format, batches: Iterator[pyarrow.RecordBatch], keep: str | tuple[str, ...], native: bool | None
) -> Iterator[BuiltFrames]:
    table = TableValues(format)
    layout = FrameLayout.of(format) if not keep else None
    columns = _Columns(layout, table, native) if layout is not None else None
    first = 0
    for batch in batches:
        if columns is None:
            for start in range(0, batch.num_rows, VALUES):
                yield from one_by_one(format, table.rows(batch.slice(start, VALUES)), keep, first + start)
        else:
            yield from columns.frames(batch, first)
        first += batch.num_rows


class _Columns:
    """Builds frames of the columns of batches.  native: see `build_many`."""

    def __init__(self, layout: FrameLayout, table: TableValues, native: bool | None) -> None:
        self._layout = layout
        self._table = table
        self._native = native
        self._known = {*layout.numbers, *layout.literals}
        self._known |= {layout.stored} if layout.stored is not None else set()
        self._known |= {layout.length.path} if layout.length is not None else set()
        self._enums = _enums(table)

    def frames(self, batch: pyarrow.RecordBatch, first: int) -> Iterator[BuiltFrames]:
        """The frames of a batch, the first of which has this number."""
        waiting = [(first, batch)]
        while waiting:
            first, batch = waiting.pop()
            if not batch.num_rows:
                continue
            try:
                made = self._of_batch(batch)
            except _TooLarge:
                half = batch.num_rows // 2
                waiting += [(first + half, batch.slice(half)), (first, batch.slice(0, half))]
            except Unfitting:
                for start in range(0, batch.num_rows, VALUES):
                    values = self._table.rows(batch.slice(start, VALUES))
                    yield from one_by_one(self._layout.format, values, (), first + start)
            else:
                yield made

    def _of_batch(self, batch: pyarrow.RecordBatch) -> BuiltFrames:
        count = batch.num_rows
        columns = _leaves(self._table.columns(batch))
        body = self._layout.body
        if body is not None:
            if body not in columns:
                raise Unfitting
            payload, begins, ends = _payloads(columns.pop(body))
            if count > 1 and int((ends - begins).sum()) + count * self._layout.head > 2 * BYTES:
                raise _TooLarge
        else:
            payload, begins, ends = np.zeros(1, np.uint8), np.zeros(count, np.int64), np.zeros(count, np.int64)
        numbers: dict[Path, Array | int] = {}
        for path, column in columns.items():
            if path not in self._known:
                raise Unfitting  # (a name that the frame has not)
            if column.null_count == count:
                continue  # nothing was given
            literal = self._layout.literals.get(path)
            if literal is None:
                numbers[path] = self._numbers(path, column)
            elif not _all_are(column, literal[1]):
                raise Unfitting
        return self._layout.frames(numbers, payload, begins, ends, native=self._native)

    def _numbers(self, path: Path, column: pyarrow.Array) -> Array:
        """A column as numbers."""
        pa = arrow()
        if column.null_count:
            raise Unfitting
        kind, enum = column.type, self._enums.get(path)
        if enum is not None and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            column = column.dictionary_encode()
            kind = column.type
        if pa.types.is_dictionary(kind):
            if column.dictionary.null_count:
                raise Unfitting
            if enum is None or not (pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type)):
                column = column.dictionary_decode()
                kind = column.type
            else:
                return _of_names(enum, column)
        if pa.types.is_boolean(kind):
            return column.cast(pa.uint8()).to_numpy()  # type: ignore[no-any-return]
        if not pa.types.is_integer(kind):
            raise Unfitting
        return column.to_numpy()  # type: ignore[no-any-return]


class _TooLarge(Exception):
    """The frames of a batch are too many bytes for one piece."""


def _leaves(columns: dict[Path, pyarrow.Array]) -> dict[Path, pyarrow.Array]:
    """Columns, those of structs taken apart.  Raises `Unfitting` where some struct is null."""
    pa = arrow()
    leaves: dict[Path, pyarrow.Array] = {}
    waiting = list(columns.items())
    while waiting:
        path, column = waiting.pop()
        if not pa.types.is_struct(column.type):
            if path in leaves:
                raise Unfitting
            leaves[path] = column
            continue
        if column.null_count:
            raise Unfitting
        names = [field.name for field in column.type]
        waiting += [((*path, name), part) for name, part in zip(names, column.flatten(), strict=True)]
    return leaves


def _payloads(column: pyarrow.Array) -> tuple[Array, Array, Array]:
    """The bytes of a column, and where the value of each row begins and ends in them."""
    pa = arrow()
    if column.null_count:
        raise Unfitting
    kind = column.type
    if pa.types.is_fixed_size_binary(kind):
        size, data = kind.byte_width, column.buffers()[1]
        begins = np.arange(column.offset, column.offset + len(column), dtype=np.int64) * size
        return _bytes_of(data), begins, begins + size
    if str(kind) == "binary_view":
        kind = pa.large_binary()
        try:
            column = column.cast(kind)
        except pa.ArrowNotImplementedError:  # not every pyarrow that has views can
            column = pa.array(column.to_pylist(), kind)
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise Unfitting
    _, offsets, data = column.buffers()
    wide = np.frombuffer(offsets, np.int64 if pa.types.is_large_binary(kind) else np.int32)
    places = wide[column.offset : column.offset + len(column) + 1].astype(np.int64)
    return _bytes_of(data), places[:-1], places[1:]


def _bytes_of(data: Any) -> Array:
    return np.frombuffer(data, np.uint8) if data is not None and len(data) else np.zeros(1, np.uint8)


def _all_are(column: pyarrow.Array, literal: bytes) -> bool:
    """Whether all values of a column that are not null are these bytes."""
    pa = arrow()
    kind = column.type
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)):
        return False
    return all(value in (None, literal) for value in column.unique().to_pylist())


def _of_names(enum: Named, column: pyarrow.Array) -> Array:
    """The numbers of a column of names."""
    indexes = column.indices.to_numpy()
    used, places = distinct(indexes)
    names = column.dictionary.take(arrow().array(used)).to_pylist()
    numbers = [number_of(enum, name) for name in names]
    if any(number is None or not -(1 << 63) <= number < 1 << 64 for number in numbers):
        raise Unfitting
    table = np.array(numbers, np.uint64 if max(number or 0 for number in numbers) >= 1 << 63 else np.int64)
    if table.dtype == np.uint64 and min(number or 0 for number in numbers) < 0:
        raise Unfitting
    taken: Array = table[places]
    return taken


def _enums(table: TableValues) -> dict[Path, Named]:
    """The enums of a frame's numbers, by path."""
    enums: dict[Path, Named] = {}
    waiting: list[tuple[Path, Member]] = [((member.name,), member) for member in table.members.values()]
    while waiting:
        path, member = waiting.pop()
        if isinstance(member.node, Struct):
            waiting += [((*path, inner.name), inner) for inner in member.node.members]
        elif isinstance(member.node, Leaf) and isinstance(member.node.kind, Named):
            enums[path] = member.node.kind
    return enums
