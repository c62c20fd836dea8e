"""The forms in which frames are printed: table, json, ndjson, csv.  Each writes a frame at a time and keeps none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sigflow.cli.text import dumps

if TYPE_CHECKING:
    from sigflow.recording.frames import View

#: Writes a piece of the result.
Write = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Style:
    """How a form is written.

    several: frames of several captures are told apart.  safe: cells of csv that a spreadsheet would compute are made
    text.  width: columns of the terminal that a table must fit; None: as wide as it is.  wide: values are shown whole.
    ahead: frames that are looked at, before the first is printed, to find how wide their columns must be.  place: how a
    table writes offsets.
    """

    several: bool = False
    safe: bool = False
    width: int | None = None
    wide: bool = False
    ahead: int = 0
    place: Callable[[int], str] = str


class Form(Protocol):
    """A way to print frames."""

    def begin(self, views: Mapping[str, View]) -> None:
        """What stands before the first frame of a capture.  views: of its formats."""

    def frame(self, tree: dict[str, Any]) -> None:
        """One frame, as a view gives it."""

    def end(self) -> None:
        """What stands after the last frame of a capture."""

    def close(self) -> None:
        """What stands after the last capture."""


class Ndjson:
    """One frame a line."""

    def __init__(self, write: Write, style: Style) -> None:
        self._write = write

    def begin(self, views: Mapping[str, View]) -> None:
        """Nothing."""

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
        self._begun = self._first = False

    def begin(self, views: Mapping[str, View]) -> None:
        """The head of the document, once."""
        if not self._begun:
            self._begun = self._first = True
            self._write('{"schema_version": 1, "frames": [')

    def frame(self, tree: dict[str, Any]) -> None:
        """The next element."""
        self._write(f"{'' if self._first else ','}\n{dumps(tree)}")
        self._first = False

    def end(self) -> None:
        """The end of the document, where no other capture follows."""
        if not self._several:
            self.close()

    def close(self) -> None:
        """The end of the document, once."""
        if self._begun:
            self._begun = False
            self._write("]}\n" if self._first else "\n]}\n")


def short_enum(value: dict[str, Any]) -> str:
    """An enum in few characters: its name, or its number where it has none."""
    return str(value["raw"] if value["name"] is None else value["name"])


def is_enum(value: Any) -> bool:
    """Whether a plain tree is an enum."""
    return isinstance(value, dict) and set(value) == {"name", "raw"}


def _csv(write: Write, style: Style) -> Form:
    from sigflow.cli.csv import Csv

    return Csv(write, style)


def _table(write: Write, style: Style) -> Form:
    from sigflow.cli.grid import Grid

    return Grid(write, style)


FORMS: dict[str, Callable[[Write, Style], Form]] = {
    "table": _table,
    "json": Json,
    "ndjson": Ndjson,
    "csv": _csv,
}
