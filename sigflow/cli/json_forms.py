"""Frames as JSON: one document, or one object a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sigflow.cli.formatter import Style, Write
from sigflow.cli.text import dumps

if TYPE_CHECKING:
    from sigflow.recording.frames import View


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
