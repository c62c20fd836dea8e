"""Paths of fields as people write them: `body.lines[2].text`."""

from __future__ import annotations

import re

from sigflow.errors import UsageError
from sigflow.runtime.writing.node import Path

_PART = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<places>(\[\d+\])*)\Z")


def path_of(text: str) -> Path:
    """The parts of a path.  Raises `UsageError` where the text is none."""
    parts: list[str | int] = []
    for piece in text.split("."):
        match = _PART.match(piece.strip())
        if match is None:
            raise UsageError(f"{text!r} is no path of a field: expected names and places, such as lines[2].text")
        parts.append(match["name"])
        parts += [int(place) for place in re.findall(r"\[(\d+)\]", match["places"])]
    return tuple(parts)


def without_places(path: str) -> str:
    """A path without its places in lists."""
    return re.sub(r"\[\d+\]", "", path)
