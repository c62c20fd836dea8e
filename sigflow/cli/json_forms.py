"""Frames as JSON: one document, or one object a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.cli.formatter import Style, Write
from sigflow.columns.plain_json import dumps

if TYPE_CHECKING:
    import numpy

    from sigflow.cli.rows import Many, RowMaker, RowTexts
    from sigflow.columns.pieces import Piece
    from sigflow.recording.frames import View
    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]


def json_rows(capture: str | None, before: str, after: str) -> RowMaker:
    """Makes the trees of frames, as a view gives them, with these texts around each."""

    def make(many: Many) -> tuple[list[Piece], Array]:
        from sigflow.columns.json_payload import payload_text
        from sigflow.columns.pieces import as_column, digits

        view, frames = many.view, many.frames
        head = "" if capture is None else f'"capture": {dumps(capture)}, '
        pieces: list[Piece] = [f'{before}{{{head}"format": {dumps(view.format.name)}, "index": ', digits(many.index)]
        pieces += [', "offset": ', digits(frames.offsets), ', "length": ', digits(frames.stops - frames.starts)]
        if view.timed:
            pieces += [', "time": ', as_column([dumps(time) for time in many.times()])]
        pieces += [', "value": ', *many.fields.json(many.rows)]
        unsaid = many.rows.failed
        if view.decoded:
            payload, unsaid = payload_text(many.fields.type, many.rows, many.budget)
            pieces += [', "payload": ', *payload]
        return [*pieces, f"}}{after}"], unsaid

    return make


#: How a document of frames begins.
DOCUMENT = '{"schema_version": 1, "frames": ['


class Ndjson:
    """One frame a line."""

    def __init__(self, write: Write, style: Style) -> None:
        self._write = write
        self._views: Mapping[str, View] = {}

    def begin(self, views: Mapping[str, View]) -> None:
        """Nothing."""
        self._views = views

    def rows(self, formats: Sequence[Format], capture: str | None) -> RowTexts | None:
        """A line for each frame."""
        from sigflow.cli.rows import RowTexts

        views = self._views
        alone = lambda record: f"{dumps(views[record.format].of(record, capture))}\n"  # noqa: E731
        return RowTexts(views, formats, json_rows(capture, "", "\n"), alone)

    def lines(self, rows: memoryview) -> memoryview:
        """The lines."""
        return rows

    def frame(self, tree: dict[str, Any]) -> None:
        """The frame on a line."""
        self._write(f"{dumps(tree)}\n")

    def end(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Json:
    """One document with all frames of all captures, each on a line of its own.  State: how far it is."""

    def __init__(self, write: Write, style: Style) -> None:
        self._write = write
        self._several = style.several
        self._head = style.head
        self._begun = self._first = False
        self._views: Mapping[str, View] = {}

    def begin(self, views: Mapping[str, View]) -> None:
        """The head of the document, once."""
        self._views = views
        if self._head is not None:
            self._head([*views], DOCUMENT)
        elif not self._begun:
            self._begun = self._first = True
            self._write(DOCUMENT)

    def frame(self, tree: dict[str, Any]) -> None:
        """The next element."""
        self._write(f"{'' if self._first else ','}\n{dumps(tree)}")
        self._first = False

    def rows(self, formats: Sequence[Format], capture: str | None) -> RowTexts | None:
        """An element for each frame, with a comma before it."""
        from sigflow.cli.rows import RowTexts

        views = self._views
        alone = lambda record: f",\n{dumps(views[record.format].of(record, capture))}"  # noqa: E731
        return RowTexts(views, formats, json_rows(capture, ",\n", ""), alone)

    def lines(self, rows: memoryview) -> memoryview:
        """The next elements, the first of all without a comma."""
        if rows and self._first:
            self._first = False
            return rows[1:]
        return rows

    def end(self) -> None:
        """The end of the document, where no other capture follows."""
        if not self._several:
            self.close()

    def close(self) -> None:
        """The end of the document, once."""
        if self._begun:
            self._begun = False
            self._write("]}\n" if self._first else "\n]}\n")
