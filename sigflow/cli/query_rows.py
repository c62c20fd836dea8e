"""The rows of a query as text, in the forms in which frames are printed.

Rules.  Values are as `parse` shows them: bytes in hexadecimal, times in RFC 3339, what is not finite as a text.
Columns of one name are told apart by a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from sigflow.cli.formatter import Style, Write
from sigflow.cli.grid import WIDEST, Layout, text
from sigflow.columns.csv_text import cell
from sigflow.columns.plain_json import dumps
from sigflow.columns.times import time_text

if TYPE_CHECKING:
    import pyarrow

Row = list[Any]
#: How many nanoseconds a unit of Arrow has.
NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def rows_of(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[Row]:
    """The rows, of plain values."""
    for batch in batches:
        yield from map(list, zip(*map(_values, batch.columns), strict=True))


def _values(column: pyarrow.Array) -> list[Any]:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        # As numbers: Python's own times have no nanoseconds.
        size, dated = NANOSECONDS[kind.unit], pa.types.is_timestamp(kind)
        times = column.cast(pa.int64()).to_pylist()
        texts = [time_text(None if time is None else time * size, epoch=dated) for time in times]
        local = dated and kind.tz is None
        return [moment.removesuffix("Z") if moment and local else moment for moment in texts]
    return [plain(value) for value in column.to_pylist()]


def plain(value: Any) -> Any:
    """A value as a plain tree."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def unique(names: Sequence[str]) -> list[str]:
    """The names of columns, of which no two are alike."""
    told: list[str] = []
    for name in names:
        other, number = name, 2
        while other in told:
            other, number = f"{name}_{number}", number + 1
        told.append(other)
    return told


def _table(names: Sequence[str], rows: Iterator[Row], write: Write, style: Style) -> None:
    widest = None if style.wide else WIDEST

    def shown(row: Row) -> dict[str, str]:
        return {name: text(value, widest) for name, value in zip(names, row, strict=True)}

    first = [shown(row) for row in islice(rows, style.ahead)]
    layout = Layout(names, first, style, False, first)
    write(f"{layout.head()}\n")
    for row in chain(first, map(shown, rows)):
        write(f"{layout.line(row)}\n")


def _csv(names: Sequence[str], rows: Iterator[Row], write: Write, style: Style) -> None:
    write(",".join(cell(name, safe=style.safe) for name in names) + "\n")
    for row in rows:
        write(",".join(cell(value, safe=style.safe) for value in row) + "\n")


def _ndjson(names: Sequence[str], rows: Iterator[Row], write: Write, style: Style) -> None:
    for row in rows:
        write(f"{dumps(dict(zip(names, row, strict=True)))}\n")


def _json(names: Sequence[str], rows: Iterator[Row], write: Write, style: Style) -> None:
    write('{"schema_version": 1, "rows": [')
    for number, row in enumerate(rows):
        write(f"{',' if number else ''}\n{dumps(dict(zip(names, row, strict=True)))}")
    write("\n]}\n")


#: The forms, and what writes the rows: given the names of the columns.
ROW_FORMS: dict[str, Callable[[Sequence[str], Iterator[Row], Write, Style], None]] = {
    "table": _table,
    "json": _json,
    "ndjson": _ndjson,
    "csv": _csv,
}
