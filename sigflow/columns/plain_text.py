"""Parts of plain trees as text that is harmless: nothing in it can move a cursor or turn a line around."""

from __future__ import annotations

from typing import Any


def escape(text: str) -> str:
    """`text` with every character that does not print written as `\\xNN`, `\\uNNNN` or `\\UNNNNNNNN`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(ord(char)) for char in text)


def _escaped(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def short_enum(value: dict[str, Any]) -> str:
    """An enum in few characters: its name, or its number where it has none."""
    return str(value["raw"] if value["name"] is None else value["name"])


def is_enum(value: Any) -> bool:
    """Whether a plain tree is an enum."""
    return isinstance(value, dict) and set(value) == {"name", "raw"}
