"""Frames as CSV that can be read back: RFC 4180, with unique column names and an exact escape.

Rules.  First come the columns of the frame, then the fields (`recording.csv_columns`), and for each key of the header
`metadata.KEY`.  Null is an empty cell, an empty text `""`.  What is not
a single value is JSON.  In texts a backslash is doubled, and a character that does not print is written `\\xNN`,
`\\uNNNN` or `\\UNNNNNNNN`: so a cell is on one line, and what it says is exact.

Strategy.  Which keys there are is known at the end only.  Where a format has metadata, the rows go to a file without a
name first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

from sigflow.cli.formatter import Style, Write
from sigflow.columns.csv_text import cell
from sigflow.columns.plain_json import dumps
from sigflow.columns.reach import METADATA
from sigflow.errors import UsageError
from sigflow.recording.csv_columns import CsvColumns, line

if TYPE_CHECKING:
    import numpy

    from sigflow.cli.rows import Many, RowTexts
    from sigflow.columns.pieces import Piece
    from sigflow.recording.frames import View
    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]

#: Keys of metadata that have columns; a capture must not make a line longer than anybody can read.
MOST_KEYS = 1000
#: Bytes of rows that wait in memory.
HELD = 8 << 20


def fitting(had: Sequence[str], has: Sequence[str]) -> None:
    """Raises `UsageError` where the formats of a capture are not those that the table began with."""
    if had != has:
        names = [", ".join(formats) or "none" for formats in (had, has)]
        raise UsageError(
            f"one table has one list of formats: there were {names[0]}, here are {names[1]}; name them with -s"
        )


class Csv:
    """A header, then a row per frame.  State: the columns, and where keys of metadata are found, the rows."""

    def __init__(self, write: Write, style: Style) -> None:
        self._write = write
        self._style = style
        self._formats: list[str] = []
        self._begun = False
        self._columns = CsvColumns({})
        self._keys: dict[str, int] | None = None
        self._rows: Any = None
        self._views: Mapping[str, View] = {}

    def begin(self, views: Mapping[str, View]) -> None:
        """The header, once for all captures."""
        if self._begun and self._style.head is None:
            fitting(self._formats, list(views))
            self._views = views
            return
        self._begun = True
        self._views = views
        self._formats = list(views)
        self._columns = CsvColumns(views, captures=self._style.several)
        if any(view.has_metadata and view.wanted.fields is None for view in views.values()):
            if self._style.head is not None:
                raise UsageError("--jobs: which columns metadata has is known at the end; name some with --fields")
            self._keys = {}
            self._rows = SpooledTemporaryFile(HELD, "w+", encoding="ascii", errors="strict", newline="\n")  # noqa: SIM115
        elif self._style.head is not None:
            self._style.head(self._formats, self._line(self._columns.head))
        else:
            self._row(self._columns.head)

    def frame(self, tree: dict[str, Any]) -> None:
        """The row of a frame."""
        cells = self._columns.cells(tree)
        if self._keys is None:
            self._row(cells)
            return
        self._hold(tree, cells)

    def _hold(self, tree: dict[str, Any], cells: list[Any]) -> None:
        """Keep a row with its metadata until all columns are known."""
        assert self._keys is not None
        more: dict[int, str] = {}
        for key, text in tree.get("metadata", {}).items():
            name = self._columns.name(tree["format"], f"{METADATA}.{key}")
            if name not in self._keys and len(self._keys) >= MOST_KEYS:
                raise UsageError(
                    f"csv has no more than {MOST_KEYS} columns of metadata; name those that are needed with --fields"
                )
            more[self._keys.setdefault(name, len(self._keys))] = text
        line = [*map(self._cell, cells), *("" for _ in self._keys)]
        for number, text in more.items():
            line[len(cells) + number] = self._cell(text)
        self._rows.write(f"{dumps([len(self._keys), ','.join(line)])}\n")

    def rows(self, formats: Sequence[Format], capture: str | None) -> RowTexts | None:
        """A line for each frame; None where there are keys of metadata, of which the last may come last."""
        from sigflow.cli.rows import RowTexts

        if self._keys is not None or any(view.wanted.lenient for view in self._views.values()):
            return None
        views = self._views
        return RowTexts(
            views,
            formats,
            lambda many: self._many(many, capture),
            lambda record: self._line(self._columns.cells(views[record.format].of(record, capture))),
        )

    def lines(self, rows: memoryview) -> memoryview:
        """The next lines."""
        return rows

    def _many(self, many: Many, capture: str | None) -> tuple[list[Piece], Array]:
        """The lines of many frames."""
        from sigflow.cli.csv_cells import cell_of
        from sigflow.columns.pieces import as_column, digits

        frames, safe = many.frames, self._style.safe
        columns: list[list[Piece]] = [[] for _ in self._columns.head]
        envelope: dict[str, Callable[[], Piece]] = {
            "_capture": lambda: self._cell(capture),
            "_offset": lambda: digits(frames.offsets),
            "_length": lambda: digits(frames.stops - frames.starts),
            "_format": lambda: self._cell(many.view.format.name),
            "_index": lambda: digits(many.index),
            "_time": lambda: as_column(list(map(self._cell, many.times()))) if many.view.timed else "",
        }
        for place, name in enumerate(self._columns.envelope):
            columns[place] = [envelope[name]()]
        places = dict(self._columns.places[many.view.format.name])
        for field in many.fields.fields:
            if field.member is not None:
                columns[places[field.name]] = cell_of(field.member, field.rows(many.rows), safe=safe)
        pieces: list[Piece] = [piece for column in columns for piece in (*column, ",")]
        return [*pieces[:-1], "\n"], many.rows.failed

    def end(self) -> None:
        """The rows that waited, where no other capture follows."""
        if not self._style.several:
            self.close()

    def close(self) -> None:
        """The rows that waited until all columns were known."""
        if self._keys is None or self._rows is None or self._rows.closed:
            return
        self._row([*self._columns.head, *self._keys])
        self._rows.seek(0)
        import json

        total = len(self._keys)
        for held in self._rows:
            count, row = json.loads(held)
            self._write(f"{row}{',' * (total - count)}\n")
        self._rows.close()

    def _row(self, cells: Sequence[Any]) -> None:
        self._write(self._line(cells))

    def _line(self, cells: Sequence[Any]) -> str:
        return line(list(cells), safe=self._style.safe)

    def _cell(self, value: Any) -> str:
        """A value as RFC 4180 has it."""
        return cell(value, safe=self._style.safe)
