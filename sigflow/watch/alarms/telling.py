"""What is told of a change of an alarm: a line, and its JSON form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.columns.render import render
from sigflow.columns.times import time_text
from sigflow.recording.selection.fitting import is_dated

if TYPE_CHECKING:
    from sigflow.stream.format import Format
    from sigflow.watch.alarms.monitor import Change


class Teller:
    """Knows how the formats say times.  Times that the machine's clock gave are dates."""

    def __init__(self, formats: Sequence[Format]) -> None:
        framed = [format for format in formats if format.envelope is not None and not format.is_part]
        #: Whether their times are dates: the format's, or the clock's, where it has none.
        self._dated = {
            format.name: is_dated(format) or (format.envelope is not None and format.envelope.decode.time is None)
            for format in framed
        }

    def time(self, change: Change) -> str | None:
        """When it was."""
        dated = self._dated.get(change.at.format, all(self._dated.values()))
        return time_text(change.at.time, epoch=dated)

    def tree(self, change: Change) -> dict[str, Any]:
        """The JSON form."""
        at = change.at
        tree = {
            "alarm": change.alarm,
            "key": change.key,
            "state": change.state,
            "condition": change.condition,
            "level": change.level,
            "format": at.format or None,
            "index": at.frame,
            "offset": at.offset,
            "time": self.time(change),
            "value": render(change.value).tree,
            "expected": render(change.expected).tree,
        }
        return tree if change.by is None else {**tree, "by": change.by}


def line(tree: Mapping[str, Any]) -> str:
    """One line of text, of the JSON form."""
    name = tree["alarm"] if tree["key"] is None else f"{tree['alarm']} ({tree['key']})"
    where = f"offset {tree['offset']}"
    if tree["index"] is not None:
        where = f"frame {tree['index']} at {where}"
    words = [f"{name}: {tree['state']} ({tree['level']}), {where}", *([tree["time"]] if tree["time"] else [])]
    if tree["value"] is not None:
        value = _shown(tree["value"])
        words.append(value if tree["expected"] is None else f"{value}, expected {_shown(tree['expected'])}")
    if "by" in tree:
        words.append(f"by the {tree['by']}")
    return "; ".join(words)


def _shown(value: Any) -> str:
    if isinstance(value, dict) and "name" in value:
        return str(value["name"] if value["name"] is not None else value.get("raw"))
    return f"{value:g}" if isinstance(value, float) else str(value)
