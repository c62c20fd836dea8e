"""Nested calls as text: on one line where they fit, else one part a line, as people write Construct schemas.

What is printed is code already: text of a spec is in it as checked names and as literals (`literal`) alone.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

#: Letters of a line.
WIDTH = 110


@dataclass(frozen=True, slots=True)
class Group:
    """Parts in brackets: a call, a dict."""

    opening: str
    parts: tuple[Code, ...]
    closing: str


@dataclass(frozen=True, slots=True)
class Member:
    """A part with what stands before it (a name, a keyword, a key), and a documentation behind it."""

    head: str
    body: Code
    doc: str = ""


Code = str | Group | Member


def call(name: str, *parts: Code) -> Group:
    """A call of a function."""
    return Group(f"{name}(", parts, ")")


def named(name: str, body: Code, doc: str = "") -> Member:
    """A field of a struct."""
    return Member(f"{literal(name)} / ", body, doc)


def literal(value: object) -> str:
    """A constant as code; text and bytes in double quotes, where that needs no more escapes."""
    shown = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    quote = 1 if shown[:1] == "b" else 0
    if isinstance(value, str | bytes) and shown[quote] == "'" and '"' not in shown:
        return f'{shown[:quote]}"{shown[quote + 1 : -1]}"'
    return shown


def on_one_line(code: Code) -> str:
    """The code on one line."""
    if isinstance(code, str):
        return code
    if isinstance(code, Member):
        return f"{code.head}{on_one_line(code.body)}{f' * {literal(code.doc)}' if code.doc else ''}"
    return f"{code.opening}{', '.join(map(on_one_line, code.parts))}{code.closing}"


def lines(code: Code, indent: int = 0, before: str = "", after: str = "") -> list[str]:
    """The code as lines.  before, after: what stands on the first and on the last line besides."""
    margin = " " * indent
    whole = f"{margin}{before}{on_one_line(code)}{after}"
    if isinstance(code, str) or (len(whole) <= WIDTH and not _holds_fields(code)):
        return [whole]
    if isinstance(code, Member):
        if not code.doc:
            return lines(code.body, indent, before + code.head, after)
        return [*lines(code.body, indent, before + code.head), *_doc(code.doc, indent, after)]
    inner = [line for part in code.parts for line in lines(part, indent + 4, after=",")]
    return [f"{margin}{before}{code.opening}", *inner, f"{margin}{code.closing}{after}"]


def _holds_fields(code: Code) -> bool:
    """Whether a struct of several fields is in it, whose fields stand on lines of their own."""
    if isinstance(code, Member):
        return _holds_fields(code.body)
    if isinstance(code, str):
        return False
    several = len(code.parts) > 1 and code.opening.endswith("Struct(")
    return several or any(map(_holds_fields, code.parts))


def _doc(text: str, indent: int, after: str) -> list[str]:
    """A documentation on lines of its own."""
    margin = " " * indent
    shown = f"{margin}* {literal(text)}{after}"
    if len(shown) <= WIDTH:
        return [shown]
    pieces = []
    for line in text.splitlines(keepends=True):
        words = textwrap.wrap(line, WIDTH - indent - 12, drop_whitespace=False, replace_whitespace=False) or [line]
        pieces += words if "".join(words) == line else [line]
    if "".join(pieces) != text:
        pieces = [text]
    return [f"{margin}* (", *(f"{margin}    {literal(piece)}" for piece in pieces), f"{margin}){after}"]
