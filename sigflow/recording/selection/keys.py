"""Kinds and streams of frames, as they are spelt on a command line.

An enum is its label or its number, a number is decimal or hexadecimal, bytes are hexadecimal, several parts are joined
by commas.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from sigflow.runtime.struct import label


def is_spelt(key: Any, text: str) -> bool:
    """Whether a text stands for a key."""
    if isinstance(key, tuple | list):
        parts = text.split(",")
        return len(parts) == len(key) and all(is_spelt(*pair) for pair in zip(key, parts, strict=True))
    text = text.strip()
    if isinstance(key, bool):
        return text in (str(key).lower(), str(int(key)))
    if isinstance(key, Enum):
        return text == label(key) or _number(text) == key.value
    if isinstance(key, int):
        return _number(text) == key
    if isinstance(key, bytes | bytearray | memoryview):
        return text.lower() == bytes(key).hex()
    return key is not None and text == str(key)


def _number(text: str) -> int | None:
    try:
        return int(text, 0) if not text.lstrip("-+").isdigit() else int(text)
    except ValueError:
        return None
