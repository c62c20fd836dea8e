"""One value as a cell of CSV."""

from __future__ import annotations

from typing import Any

from sigflow.columns.plain_json import dumps
from sigflow.columns.plain_text import escape, is_enum, short_enum

#: What makes a spreadsheet take a text for a formula, or for several cells.
FORMULAS = tuple("=+-@\t\r\n＝＋－＠")


def cell(value: Any, *, safe: bool = False) -> str:
    """One value.  safe: what a spreadsheet would compute has an apostrophe before it, which makes it text there."""
    if value is None:
        return ""
    if is_enum(value):
        return quoted(short_enum(value))
    if isinstance(value, str):
        if safe and value.startswith(FORMULAS):
            value = f"'{value}"
        return quoted(escape(value.replace("\\", "\\\\"))) if value else '""'
    return quoted(dumps(value)) if isinstance(value, dict | list | bool) else str(value)


def quoted(text: str) -> str:
    """A text in quotes, where it needs them."""
    if not any(mark in text for mark in ',"\n\r') and text == text.strip():
        return text
    return f'"{text.replace(chr(34), chr(34) * 2)}"'
