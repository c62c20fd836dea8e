"""The columns of frames as CSV, and the cells of one frame: the same in a table that is printed and in one that grows.

First come the columns of the frame, as in Arrow: `_capture` where there are several captures, `_offset`, `_length`,
`_format`, `_index`, `_time` where a format has one, and `_calibration` where rules of sigflow.yaml are meant.  Then
come the fields, of several formats each as `FORMAT.FIELD`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sigflow.columns.csv_text import cell

if TYPE_CHECKING:
    from sigflow.recording.frames import View

#: Where the frame's own columns are in its tree.
ENVELOPE = {"_capture": "capture", "_offset": "offset", "_length": "length", "_format": "format", "_index": "index"}


class CsvColumns:
    """The columns of these formats.  Nothing changes in it.

    envelope: the columns of the frame; head: all of them.
    """

    def __init__(self, views: Mapping[str, View], *, captures: bool = False) -> None:
        """captures: whether there is a column that says of which capture a frame is."""
        self._views = views
        self._several = len(views) > 1
        self.envelope = [name for name in ENVELOPE if name != "_capture" or captures]
        if any(view.wanted.lenient for view in views.values()):
            self.envelope.append("_damaged")
        if any(view.timed for view in views.values()):
            self.envelope.append("_time")
        if any(view.versioned for view in views.values()):
            self.envelope.append("_calibration")
        self.head = list(self.envelope)
        #: The places of each format's values among the cells.
        self.places: dict[str, list[tuple[str, int]]] = {}
        for name, view in views.items():
            columns = {field: self.name(name, field) for field in view.names}
            self.head += [column for column in dict.fromkeys(columns.values()) if column not in self.head]
            self.places[name] = [(field, self.head.index(column)) for field, column in columns.items()]

    def name(self, format: str, field: str) -> str:
        """The column of a field: of several formats, behind the name of its format."""
        return f"{format}.{field.removeprefix(f'{format}.')}" if self._several else field

    def cells(self, tree: dict[str, Any]) -> list[Any]:
        """What stands in the cells of a frame, but for its metadata.  tree: as `View.of` gives it."""
        view = self._views[tree["format"]]
        cells: list[Any] = [None] * len(self.head)
        cells[: len(self.envelope)] = [tree.get(ENVELOPE.get(name, name[1:])) for name in self.envelope]
        if tree.get("damaged"):
            cells[self.envelope.index("_damaged")] = tree["damaged"]["code"]
        value = tree["value"]
        for field, place in self.places[tree["format"]]:
            cells[place] = value.get(field) if isinstance(value, dict) else None
            if field == view.numbers:
                cells[place] = tree["payload"]
        return cells


def line(cells: list[Any], *, safe: bool = False) -> str:
    """A line of cells.  safe: as of `csv_text.cell`."""
    return ",".join([cell(value, safe=safe) for value in cells]) + "\n"
