"""The forms of files that grow: what a frame is in them, and what stands before the first and behind the last."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sigflow.columns.plain_json import dumps
from sigflow.events import Record
from sigflow.recording.csv_columns import CsvColumns, line
from sigflow.recording.frames import View
from sigflow.session.sinks import RecordFormat
from sigflow.stream.format import Format

#: The column of CSV for what a text header says: which keys there will be is not known when the first row is written.
METADATA = "metadata"


def ndjson(formats: Mapping[str, Format]) -> RecordFormat:
    """A line of JSON for each, as `sigflow parse --format ndjson` prints it."""
    views = _views(formats)
    return RecordFormat(lambda record: dumps(views[record.format].of(record)).encode() + b"\n")


def raw(formats: Mapping[str, Format]) -> RecordFormat:
    """The bytes of the frames."""
    return RecordFormat(lambda record: record.raw)


def csv(formats: Mapping[str, Format]) -> RecordFormat:
    """A header, and a row for each, as `sigflow parse --format csv` prints them; but for the keys of a text header,
    which are JSON in one column.
    """
    views = _views(formats)
    columns = CsvColumns(views)
    keys = any(view.has_metadata for view in views.values())

    def of(record: Record) -> bytes:
        tree = views[record.format].of(record)
        cells = columns.cells(tree)
        if keys:
            cells.append(tree.get(METADATA))
        return line(cells).encode("ascii", "backslashreplace")

    return RecordFormat(of, line([*columns.head, METADATA] if keys else columns.head).encode())


def _views(formats: Mapping[str, Format]) -> dict[str, View]:
    return {name: View(format) for name, format in formats.items()}


def mcap(formats: Mapping[str, Format]) -> RecordFormat:
    """A message of JSON for each, on the channel of its format."""
    from sigflow.session.mcap import mcap_of

    return mcap_of(_views(formats))


#: By the scheme of the URI.
FORMS: dict[str, Callable[[Mapping[str, Format]], RecordFormat]] = {
    "ndjson": ndjson,
    "raw": raw,
    "csv": csv,
    "mcap": mcap,
}
