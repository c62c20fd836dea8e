"""Text from captures, made harmless: nothing in it can move a cursor, colour a terminal or turn the line around.

Every character that does not print (controls, escape sequences, bidirectional marks, lone surrogates) is shown as its
escape.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator


def escape(text: str) -> str:
    """`plain_text.escape`, which is not loaded where everything prints, as nearly always."""
    if text.isprintable():
        return text
    from sigflow.columns import plain_text

    return plain_text.escape(text)


def cells(text: str) -> int:
    """How many columns of a terminal a text takes that prints: wide characters take two, marks above others none."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def shortened(text: str, width: int) -> str:
    """A text in so many columns: of a longer one the beginning, and dots."""
    if cells(text) <= width:
        return text
    dots = "." * min(3, max(width - 1, 1))
    kept = ""
    left = width - len(dots)
    for char in text:
        left -= cells(char)
        if left < 0:
            break
        kept += char
    return f"{kept}{dots}"


def place_text(in_hex: bool) -> Callable[[int], str]:
    """How an offset is written."""
    return hex if in_hex else str


#: An offset in a message of ours, as it is written in all of them.
_PLACE = re.compile(r"\b((?:at |from |to )?offsets? |(?:frame|gap|record) (?:at )?)(\d+)(?:(\.\.)(\d+))?(?![\w.])")


#: A line of hex, which begins with an offset.
_EXCERPT = re.compile(r" +(\d+)(?=  [0-9a-f]{2} )")


def places_in_hex(message: str, place: Callable[[int], str]) -> str:
    """A message with its offsets as `place` writes them."""
    if place is str:
        return message
    row = _EXCERPT.match(message)
    if row is not None:
        return f"{place(int(row[1])):>{row.end(1)}}{message[row.end(1) :]}"
    return _PLACE.sub(
        lambda match: f"{match[1]}{place(int(match[2]))}{f'..{place(int(match[4]))}' if match[3] else ''}", message
    )


#: What colours a text; it takes no column.
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def folded(line: str, width: int | None) -> str:
    """A line of prose as lines that fit so many columns, broken between words; what follows is indented more.

    None: as it is.  What is indented by four or more is no prose but stands in columns, and stays.
    """
    if width is None or cells(_STYLE.sub("", line)) <= width or line.startswith("    "):
        return line
    indent = " " * (len(line) - len(line.lstrip(" ")))
    lines, have = [indent], len(indent)
    for word in line.split():
        size = cells(_STYLE.sub("", word))
        if have > len(indent) and have + 1 + size > width:
            indent = indent if len(lines) > 1 else f"{indent}    "
            lines.append(indent)
            have = len(indent)
        lines[-1] += word if have == len(indent) else f" {word}"
        have += size + (have > len(indent))
    return "\n".join(lines)


#: Bytes in one line of hex.
ROW = 16


def hex_rows(data: bytes, base: int) -> Iterator[tuple[int, str, str]]:
    """Lines of hex: the offset of the first byte, which is `base` for data[0]; the bytes; the text they are."""
    for at in range(0, len(data), ROW):
        row = data[at : at + ROW]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield base + at, f"{row.hex(' '):<{ROW * 3 - 1}}", shown


def preview(head: bytes, most: int = 16, *, total: int | None = None) -> str:
    """A line about some bytes: their count, the first of them, and the text they are, if they are text."""
    count = len(head) if total is None else total
    head = head[:most]
    more = "..." if count > len(head) else ""
    if head and all(32 <= byte < 127 for byte in head):
        return f'{count} B "{head.decode("ascii")}{more}"'
    return f"{count} B {head.hex()}{more}" if head else "0 B"
