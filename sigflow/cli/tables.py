"""Where `sigflow parse` writes tables: an Arrow or a Parquet file, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from sigflow.cli.output import Nothing
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.columns.files import Writer
    from sigflow.columns.frames import FrameBatch
    from sigflow.columns.table import Table
    from sigflow.stream.format import Format

#: The forms that are tables.
TABLES = ("arrow", "parquet")


class TableFile:
    """A table that is written to a file; captures of the same formats can be added one after the other.

    State: the writer and its table, from the first capture on.
    """

    def __init__(
        self, form: str, file: BinaryIO, fields: Sequence[str], instances: bool = False, physical: bool = False
    ) -> None:
        self._form = form
        self._file = file
        self._fields = tuple(fields) or None
        self._instances = instances
        self._physical = physical
        self._table: Table | None = None
        self._writer: Writer | None = None

    def add(self, batches: Iterable[FrameBatch], formats: Sequence[Format]) -> None:
        """The frames of one capture, of these formats."""
        table, writer = self._open(formats)
        if [one.name for one in formats] != [one.name for one in table.formats]:
            had, has = (", ".join(one.name for one in each) or "none" for each in (table.formats, formats))
            raise UsageError(f"one table has one list of formats: there were {had}, here are {has}; name them with -s")
        for frames in batches:
            for batch in table.batches(frames):
                writer.write(batch)

    def _open(self, formats: Sequence[Format]) -> tuple[Table, Writer]:
        if self._table is None or self._writer is None:
            from sigflow.columns.files import WRITERS
            from sigflow.columns.table import Table, Wanted

            self._table = Table(formats, Wanted(self._instances, self._physical, self._fields))
            self._writer = WRITERS[self._form](self._file, self._table.schema)
        return self._table, self._writer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            if self._writer is None:
                raise Nothing  # no capture could be read
            self._writer.close()
