"""Frames for people: a table with aligned columns, one line a frame.

Rules.  The columns of the frame come first, then a column for each field; what is nested has a column for each of its
parts, by its path, down to lists.  Long values are shortened; what does not fit the width of the terminal is shortened
more, and the last columns are left out, which is said once.  `wide` shows all.  Where there are several formats, each
value stands behind its name.

Strategy.  The widths are those of the first frames and of the names.  A longer value later on is shortened to its
column, or, where all is shown, pushes what follows to the right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.cli.formatter import Style, Write
from sigflow.cli.text import cells, escape, shortened
from sigflow.columns.plain_text import is_enum, short_enum
from sigflow.columns.reach import METADATA

if TYPE_CHECKING:
    from sigflow.recording.frames import View

#: Characters of a value, where the width does not ask for less, and the fewest that it is shortened to.
WIDEST = 32
NARROWEST = 7
#: Characters that wait until the widths are known, at most.
HELD = 1 << 20
#: Columns of one format.
MOST = 200
#: The columns of the frame, and where they are in its tree.
ENVELOPE = {
    "_capture": "capture",
    "_index": "index",
    "_offset": "offset",
    "_length": "length",
    "_format": "format",
    "_time": "time",
}
#: What stands on the right of its column, and how wide that is at least.
NUMBERS = {"_index": 6, "_offset": 9, "_length": 7}


class Grid:
    """The table.  State: the frames that wait until the widths are known, and then the widths."""

    def __init__(self, write: Write, style: Style) -> None:
        self._write = write
        self._style = style
        self._views: Mapping[str, View] = {}
        self._waiting: list[tuple[str, dict[str, str]]] = []
        self._held = 0
        self._first: list[dict[str, str]] = []
        self._layouts: dict[str, Layout] = {}
        self._said = False
        self._begun = False
        self._headed = ""

    def begin(self, views: Mapping[str, View]) -> None:
        """The frames of another capture."""
        if list(views) != list(self._views):
            self._flush()
            self._layouts = {}
            self._headed = ""
        self._views = views
        self._begun = True

    def frame(self, tree: dict[str, Any]) -> None:
        """The line of a frame, maybe later."""
        row = self._cells(tree)
        self._waiting.append((tree["format"], row))
        self._held += sum(map(len, row.values()))
        if self._layouts or len(self._waiting) > self._style.ahead or self._held > HELD:
            self._flush()

    def end(self) -> None:
        """What waits is shown."""
        self._flush()

    def close(self) -> None:
        """A table without frames has its head all the same."""
        if self._begun and not self._headed:
            self._flush(head=True)

    # ------------------------------------------------------------ what a frame says

    def _cells(self, tree: dict[str, Any]) -> dict[str, str]:
        view = self._views[tree["format"]]
        cells = {name: text(tree[key], None) for name, key in ENVELOPE.items() if key in tree}
        cells["_offset"] = self._style.place(tree["offset"])
        if "damaged" in tree:
            cells["_damaged"] = tree["damaged"]["code"] if tree["damaged"] else ""
        value = tree["value"]
        parts = value if isinstance(value, dict) and not is_enum(value) else {"value": value}
        if view.wanted.fields is not None:
            parts = {name: part for name, part in parts.items() if name in view.names}
        if view.numbers is not None:
            parts = parts | {view.numbers: tree["payload"]}
        if view.wanted.fields is None:
            parts = parts | {f"{METADATA}.{key}": part for key, part in tree.get("metadata", {}).items()}
        widest = None if self._style.wide else WIDEST
        for name, part in _flat(parts):
            if len(cells) < MOST or self._style.wide:
                cells[name] = text(part, widest)
        return cells

    # ------------------------------------------------------------ lines

    def _flush(self, *, head: bool = False) -> None:
        if not self._layouts:
            self._first = [row for _, row in self._waiting]
            for name in self._views:
                rows = [row for format, row in self._waiting if format == name]
                if rows or head:
                    self._layouts[name] = self._layout(name, rows)
        for format, row in self._waiting:
            layout = self._layouts.get(format)
            if layout is None:
                layout = self._layouts[format] = self._layout(format, [row])
            self._head(format, layout)
            self._write(f"{layout.line(row)}\n")
        self._waiting.clear()
        self._held = 0
        if head:
            for format, layout in self._layouts.items():
                self._head(format, layout)

    def _layout(self, format: str, rows: Sequence[dict[str, str]]) -> Layout:
        several = len(self._views) > 1
        return Layout(self._names(format, rows), rows, self._style, several, [*self._first, *rows])

    def _head(self, format: str, layout: Layout) -> None:
        """The line of names, once; of several formats the values have their names with them."""
        if self._headed and (self._headed == format or len(self._views) > 1):
            return
        self._headed = format
        self._write(f"{layout.head()}\n")

    def _names(self, format: str, rows: Sequence[dict[str, str]]) -> list[str]:
        """The columns of a format: those that its first frames have, in their order."""
        names = dict.fromkeys(name for row in rows for name in row)
        if not rows:
            names = dict.fromkeys([*NUMBERS, "_format", *self._views[format].names])
        if any(view.timed for view in self._views.values()):
            names["_time"] = None  # also for a format that has none, so that what follows is aligned
        first = [name for name in ENVELOPE if name in names]
        return [*first, *(name for name in names if name not in first)]


class Layout:
    """How wide the columns of one format are."""

    def __init__(
        self,
        names: Sequence[str],
        rows: Sequence[dict[str, str]],
        style: Style,
        several: bool,
        every: Sequence[dict[str, str]],
    ) -> None:
        """every: the first rows of all formats, which have the columns of the frame in common."""
        self._several = several
        self._style = style
        self._own = [name for name in names if name not in ENVELOPE]
        self._names = list(names)
        self._widths = {
            name: max(
                0 if self._labelled(name) else cells(name),
                *(cells(row.get(name, "-")) for row in (every if name in ENVELOPE else rows)),
                0,
            )
            for name in names
        }
        for name, least in NUMBERS.items():
            self._widths[name] = max(self._widths.get(name, 0), least)
        self.left_out = 0
        if style.width is not None and not style.wide:
            self._fit(style.width)

    def _labelled(self, name: str) -> bool:
        """Whether the name of a value stands before it."""
        return self._several and name in self._own

    def _room(self, name: str) -> int:
        return self._widths[name] + (cells(name) + 1 if self._labelled(name) else 0)

    def _total(self) -> int:
        return sum(self._room(name) + 2 for name in self._names) - 2

    def _fit(self, width: int) -> None:
        """Take room from the widest fields; then leave out the last."""
        if "_capture" in self._widths:
            self._widths["_capture"] = min(self._widths["_capture"], max(width // 4, cells("_capture")))
        while self._total() > width and self._own:
            widest = max(self._own, key=lambda name: self._widths[name])
            if self._widths[widest] <= NARROWEST:
                break
            others = sorted(self._widths[name] for name in self._own)
            next_widest = others[-2] if len(others) > 1 else NARROWEST
            least = max(NARROWEST, min(next_widest, self._widths[widest] - 1))
            self._widths[widest] = max(least, self._widths[widest] - (self._total() - width))
        while self._own and self._total() > width - (len(self._note()) + 2 if self.left_out else 0):
            self._names.remove(self._own.pop())
            self.left_out += 1

    def _note(self) -> str:
        return f"... {self.left_out} more: --wide"

    def head(self) -> str:
        """The names."""
        line = self._line(
            {name: "" if self._labelled(name) else self._title(name) for name in self._names}, labels=False
        )
        note = self._note()
        if self._style.width is not None and cells(line) + 2 + len(note) > self._style.width:
            note = "..."
        return f"{line}  {note}" if self.left_out else line

    def _title(self, name: str) -> str:
        """A name; where there is no room for a path, its last part."""
        return name if cells(name) <= self._widths[name] else name.rpartition(".")[2]

    def line(self, row: Mapping[str, str]) -> str:
        """A frame."""
        line = self._line(row, labels=True)
        return f"{line}  ..." if self.left_out else line

    def _line(self, row: Mapping[str, str], *, labels: bool) -> str:
        parts = []
        for name in self._names:
            width = self._widths[name]
            shown = row.get(name, "-")
            if not self._style.wide and name in self._own:
                shown = shortened(shown, width)
            elif name == "_capture" and cells(shown) > width:
                shown = shortened(shown[::-1], width)[::-1]  # the end of a path says more than its beginning
            room = " " * max(0, width - cells(shown))
            shown = f"{room}{shown}" if name in NUMBERS else f"{shown}{room}"
            parts.append(f"{name}={shown}" if labels and self._labelled(name) else shown)
        return escape("  ".join(parts)).rstrip()


def _flat(parts: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """The parts of nested objects, each by its path."""
    pairs: list[tuple[str, Any]] = []
    for name, part in parts.items():
        if isinstance(part, dict) and part and not is_enum(part) and prefix.count(".") < 8:
            pairs += _flat(part, f"{prefix}{name}.")
        else:
            pairs.append((f"{prefix}{name}", part))
    return pairs


def text(value: Any, widest: int | None) -> str:
    """A value in a cell: with `widest` in few characters, else whole."""
    if value is None:
        return "-"
    if is_enum(value):
        return short_enum(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        if widest is not None and len(value) > 4:
            shown = f"[{' '.join(text(item, widest) for item in value[:3])} ... {len(value)}]"
            return shown if len(shown) <= widest else f"[{len(value)}]"
        shown = f"[{' '.join(text(item, widest) for item in value)}]"
        return shown if widest is None or len(shown) <= widest else f"[{len(value)}]"
    if isinstance(value, dict):
        return f"{{{' '.join(f'{name}={text(item, widest)}' for name, item in value.items())}}}"
    shown = escape(str(value))
    return shown if widest is None or len(shown) <= widest else shortened(shown, widest)


def frame_line(tree: dict[str, Any]) -> str:
    """A frame on one line that stands alone."""
    value = tree["value"]
    pairs = _flat(value) if isinstance(value, dict) and not is_enum(value) else [("value", value)]
    fields = " ".join(f"{name}={text(field, WIDEST)}" for name, field in pairs[:MOST])
    head = f"{tree['index']:>8} {tree['offset']:>12} {tree['length']:>8}  {tree['format']:<18}"
    return escape(f"{head} {fields}")
