"""Nothing that a capture says can move the cursor, colour the terminal or turn a line around."""

from __future__ import annotations

import json

import pytest

from sigflow.cli.text import escape, preview
from sigflow.columns.plain_json import dumps

HOSTILE = ["\x1b[31mred", "a\rb", "a\nb", "\x07", "\x7f", "\x9b2J", "\u202egnp.exe", "\u2028", "\udc80", "\u200b"]


@pytest.mark.parametrize("text", HOSTILE)
def test_escape_leaves_nothing_that_does_not_print(text: str) -> None:
    shown = escape(text)
    assert shown.isprintable()
    assert "\\" in shown
    assert shown.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "wanted"), [("plain é 漢", "plain é 漢"), ("\x1b[0m", "\\x1b[0m"), ("\udcff", "\\udcff")]
)
def test_escape(text: str, wanted: str) -> None:
    assert escape(text) == wanted


@pytest.mark.parametrize("text", HOSTILE)
def test_json_is_ascii_and_reads_back(text: str) -> None:
    shown = dumps({"a": text})
    assert shown.isascii()
    assert shown.isprintable()
    assert json.loads(shown) == {"a": text}


def test_json_keeps_integers_and_bytes_that_are_no_text() -> None:
    assert dumps({"n": 2**64 - 1, "t": b"\xff".decode("utf-8", "surrogateescape")}) == (
        '{"n": 18446744073709551615, "t": "\\udcff"}'
    )


@pytest.mark.parametrize(
    ("head", "total", "wanted"),
    [
        (b"", None, "0 B"),
        (b"alpha", None, '5 B "alpha"'),
        (b"\x00\x01", None, "2 B 0001"),
        (b"a" * 20, None, '20 B "aaaaaaaaaaaaaaaa..."'),
        (b"\x00" * 4, 100, "100 B 00000000..."),
    ],
)
def test_preview(head: bytes, total: int | None, wanted: str) -> None:
    assert preview(head, total=total) == wanted
