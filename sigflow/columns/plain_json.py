"""Plain trees as JSON."""

from __future__ import annotations

from functools import cache
from typing import Any


def dumps(value: Any, *, indent: int | None = None) -> str:
    """JSON in pure ASCII: exact integers, and text that is not Unicode keeps its bytes as `\\udcXX`.

    `value` is a plain tree as `columns.render` makes it, which bounds its depth.  (Faster libraries refuse halves of
    surrogates, or write what is not ASCII.)
    """
    text: str = _encoder(indent).encode(value)
    return text.replace("\x7f", "\\u007f")


@cache
def _encoder(indent: int | None) -> Any:
    import json

    separators = (", ", ": ") if indent is None else None
    return json.JSONEncoder(indent=indent, separators=separators, ensure_ascii=True, allow_nan=False)
