"""Text that can be written as UTF-8, whatever it came from: a name of a file may hold halves of surrogates."""

from __future__ import annotations


def writable(text: str) -> str:
    """The text, with halves of surrogates written as `\\udcNN`."""
    return text.encode("utf-8", "backslashreplace").decode()
