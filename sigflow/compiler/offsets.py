"""Where a letter of a scalar's value stands in the scalar as written: quotes, escapes, folded and indented lines.

A mistake inside an expression is shown at its own letter, also where the expression is quoted or spans lines.  The
value and its source are walked side by side; white space is where they differ (YAML folds and indents lines), so a
letter that is none is always looked for behind the source's white space.
"""

from __future__ import annotations

import re

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_HEADER = re.compile(r"[|>][^\r\n]*(?:\r\n|[\r\n\x85\u2028\u2029])")
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
#: In double quotes, a backslash at the end of a line joins it with the next.
_JOINED = re.compile(r"[ \t]*\\(?:\r\n|[\r\n\x85\u2028\u2029])[ \t]*")
_ESCAPES = {"x": 4, "u": 6, "U": 10}


def located(written: str, value: str, offset: int) -> tuple[int, int]:
    """(lines down, column) of the letter at `offset` of `value`, whose source is `written`.  Columns count from 0, in
    the first line from the scalar's start, in others from the line's.
    """
    before = written[: _index(written, value, offset)]
    breaks = list(_BREAK.finditer(before))
    return len(breaks), len(before) - (breaks[-1].end() if breaks else 0)


def _index(written: str, value: str, offset: int) -> int:
    at = _PROPERTIES.match(written).end()  # type: ignore[union-attr]  # it matches the empty string
    style = written[at : at + 1]
    if style in ("|", ">"):
        header = _HEADER.match(written, at)
        at = header.end() if header else len(written)
    elif style in ("'", '"'):
        at += 1
    for number, letter in enumerate(value[: offset + 1]):
        joined = _JOINED.match(written, at) if style == '"' else None
        at = joined.end() if joined else at
        if not letter.isspace():
            at = _behind_space(written, at, style)
        elif not written.startswith((letter, "\\" if style == '"' else letter), at):
            continue  # a folded line break: the source has it as other white space, skipped with the next letter
        if number == offset:
            return at
        at += _width(written, at, style)
    return at


def _behind_space(written: str, at: int, style: str) -> int:
    while at < len(written):
        joined = _JOINED.match(written, at) if style == '"' else None
        if joined:
            at = joined.end()
        elif written[at].isspace():
            at += 1
        else:
            break
    return at


def _width(written: str, at: int, style: str) -> int:
    if style == '"' and written.startswith("\\", at):
        return _ESCAPES.get(written[at + 1 : at + 2], 2)
    return 2 if style == "'" and written.startswith("''", at) else 1
