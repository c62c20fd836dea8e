"""The forms in which frames are printed: table, json, ndjson, csv.  Each writes a frame at a time and keeps none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sigflow.cli.text import dumps, escape
from sigflow.recording.frames import field_ids

if TYPE_CHECKING:
    from sigflow.stream.format import Format

#: Writes a piece of the result.
Write = Callable[[str], object]
#: What is said of every frame, before its fields.
ENVELOPE = ("format", "index", "offset", "length")
#: Characters of one field's value in the table.
WIDEST = 32


class Form(Protocol):
    """A way to print frames."""

    def begin(self, formats: Sequence[Format]) -> None:
        """What stands before the first frame."""

    def frame(self, tree: dict[str, Any]) -> None:
        """One frame, as `recording.frames` gives it."""

    def end(self) -> None:
        """What stands after the last."""


class Ndjson:
    """One frame a line."""

    def __init__(self, write: Write, fields: Sequence[str]) -> None:
        self._write = write

    def begin(self, formats: Sequence[Format]) -> None:
        """Nothing."""

    def frame(self, tree: dict[str, Any]) -> None:
        """The frame on a line."""
        self._write(f"{dumps(tree)}\n")

    def end(self) -> None:
        """Nothing."""


class Json:
    """One document with all frames, each on a line of its own."""

    def __init__(self, write: Write, fields: Sequence[str]) -> None:
        self._write = write
        self._first = True

    def begin(self, formats: Sequence[Format]) -> None:
        """The head of the document."""
        self._first = True
        self._write('{"schema_version": 1, "frames": [')

    def frame(self, tree: dict[str, Any]) -> None:
        """The next element."""
        self._write(f"{'' if self._first else ','}\n{dumps(tree)}")
        self._first = False

    def end(self) -> None:
        """The end of the document."""
        self._write("]}\n" if self._first else "\n]}\n")


class Csv:
    """A header, then a row per frame: where it stood, then its fields; what is not a single value is JSON in its cell.

    The columns are the fields that were asked for, else those that the formats declare.
    """

    def __init__(self, write: Write, fields: Sequence[str]) -> None:
        self._write = write
        self._columns = list(fields)
        self._begun = False

    def begin(self, formats: Sequence[Format]) -> None:
        """The header, once for all captures."""
        if self._begun:
            return
        self._begun = True
        if not self._columns:
            self._columns = list(dict.fromkeys(name for format in formats for name in field_ids(format)))
        self._row([*ENVELOPE, *self._columns])

    def frame(self, tree: dict[str, Any]) -> None:
        """The row of a frame."""
        value = tree["value"]
        fields = [value.get(name) if isinstance(value, dict) else None for name in self._columns]
        self._row([*(tree[name] for name in ENVELOPE), *fields])

    def end(self) -> None:
        """Nothing."""

    def _row(self, cells: Sequence[Any]) -> None:
        self._write(",".join(map(_cell, cells)) + "\n")


def _cell(value: Any) -> str:
    """A value as RFC 4180 has it; control characters are escaped, so that a cell is always on one line."""
    if value is None:
        return ""
    text = short_enum(value) if isinstance(value, dict) and set(value) == {"name", "raw"} else None
    if text is None:
        text = dumps(value) if isinstance(value, dict | list | bool) else str(value)
    text = escape(text)
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if any(mark in text for mark in ',"') else text


def short_enum(value: dict[str, Any]) -> str:
    """An enum in few characters: its name, or its number where it has none."""
    return str(value["raw"] if value["name"] is None else value["name"])


class Table:
    """For people: one line a frame, long values cut."""

    def __init__(self, write: Write, fields: Sequence[str]) -> None:
        self._write = write
        self._head = False

    def begin(self, formats: Sequence[Format]) -> None:
        """The line of column names."""
        if not self._head:
            self._write(f"{'index':>8} {'offset':>12} {'length':>8}  {'format':<18} fields\n")
        self._head = True

    def frame(self, tree: dict[str, Any]) -> None:
        """The line of a frame."""
        self._write(f"{frame_line(tree)}\n")

    def end(self) -> None:
        """Nothing."""


def frame_line(tree: dict[str, Any]) -> str:
    """A frame on one line."""
    value = tree["value"]
    pairs = value.items() if isinstance(value, dict) else [("value", value)]
    fields = " ".join(f"{name}={short(each)}" for name, each in pairs)
    head = f"{tree['index']:>8} {tree['offset']:>12} {tree['length']:>8}  {tree['format']:<18}"
    return escape(f"{head} {fields}")


def short(value: Any) -> str:
    """A value in few characters."""
    if isinstance(value, dict):
        if set(value) == {"name", "raw"}:
            return short_enum(value)
        text = "{" + " ".join(f"{name}={short(each)}" for name, each in list(value.items())[:WIDEST]) + "}"
    elif isinstance(value, list):
        text = f"[{len(value)}]"
    elif value is None:
        return "-"
    elif isinstance(value, bool):
        return "true" if value else "false"
    else:
        text = str(value)
    return text if len(text) <= WIDEST * 2 else f"{text[:WIDEST]}...({len(text)})"


FORMS: dict[str, Callable[[Write, Sequence[str]], Form]] = {
    "table": Table,
    "json": Json,
    "ndjson": Ndjson,
    "csv": Csv,
}
