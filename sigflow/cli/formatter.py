"""What every formatter of frames is told and does.  Each writes a frame at a time and keeps none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from sigflow.cli.rows import RowTexts
    from sigflow.recording.frames import View
    from sigflow.stream.format import Format

#: Writes a piece of the result.
Write = Callable[[str], object]
#: Takes the formats of a capture, by name, and the head of a document.
Head = Callable[[Sequence[str], str], object]


@dataclass(frozen=True, slots=True)
class Style:
    """How a form is written.

    several: frames of several captures are told apart.  safe: cells of csv that a spreadsheet would compute are made
    text.  width: columns of the terminal that a table must fit; None: as wide as it is.  wide: values are shown whole.
    ahead: frames that are looked at, before the first is printed, to find how wide their columns must be.  place: how a
    table writes offsets.  head: where what is written of each capture is a part of a document that others put together,
    is told how the document begins; then whatever stands between two frames stands before each.
    """

    several: bool = False
    safe: bool = False
    width: int | None = None
    wide: bool = False
    ahead: int = 0
    place: Callable[[int], str] = str
    head: Head | None = None


class Formatter(Protocol):
    """A way to print frames."""

    def begin(self, views: Mapping[str, View]) -> None:
        """What stands before the first frame of a capture.  views: of its formats."""

    def frame(self, tree: dict[str, Any]) -> None:
        """One frame, as a view gives it."""

    def end(self) -> None:
        """What stands after the last frame of a capture."""

    def close(self) -> None:
        """What stands after the last capture."""


@runtime_checkable
class RowFormatter(Formatter, Protocol):
    """A way to print frames that has a row for each, so that those of many frames can be made at once."""

    def rows(self, formats: Sequence[Format], capture: str | None) -> RowTexts | None:
        """What makes the rows of the capture that was begun; None where they must be made one by one.

        formats: as the batches number them.  capture: which of several it is.
        """

    def lines(self, rows: memoryview) -> memoryview:
        """What is to be written for the next rows, in UTF-8 as they are."""
