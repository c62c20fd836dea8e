"""Where `sigflow parse` writes tables: an Arrow or a Parquet file, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from sigflow.cli.output import Nothing
from sigflow.columns.options import ALL, Options
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.columns.files import Writer
    from sigflow.columns.frames import FrameBatch
    from sigflow.columns.options import ALL, Options
    from sigflow.columns.table import Table
    from sigflow.stream.format import Format

#: The forms that are tables.
TABLES = ("arrow", "parquet")


class TableFile:
    """A table that is written to a file; captures of the same formats can be added one after the other.

    State: the writer and its table, from the first capture on.
    """

    def __init__(self, form: str, file: BinaryIO, wanted: Options = ALL) -> None:
        self._form = form
        self._file = file
        self._wanted = wanted
        self._table: Table | None = None
        self._writer: Writer | None = None

    def add(
        self,
        batches: Callable[[], Iterable[FrameBatch]],
        formats: Sequence[Format],
        capture: str,
        threads: Callable[[Table], int],
    ) -> None:
        """The frames of one capture, of these formats.  threads: by how many threads the columns are made."""
        table, writer = self._open(formats)
        if [format.name for format in formats] != [format.name for format in table.formats]:
            had, has = (", ".join(format.name for format in names) or "none" for names in (table.formats, formats))
            raise UsageError(f"one table has one list of formats: there were {had}, here are {has}; name them with -s")
        from sigflow.columns.threads import record_batches

        for batch in record_batches(batches(), table, threads(table), capture):
            writer.write(batch)

    def _open(self, formats: Sequence[Format]) -> tuple[Table, Writer]:
        if self._table is None or self._writer is None:
            from sigflow.columns.files import WRITERS
            from sigflow.columns.table import Table

            self._table = Table(formats, self._wanted)
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
