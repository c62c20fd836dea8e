"""Diagnostics: what is wrong, how bad it is, and where.

A place is either in a spec (file, line, column, YAML path) or in a stream (byte offset, format, field path).  Codes are
stable: those of specs are `SFnnn` and stand in the compiler's table, those of streams are words (`unknown-version`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from enum import StrEnum

from sigflow.frozen import frozen

#: So many letters before and after the place are shown of a line too long to show.
_NEAR = 100
#: Letters of a name from which on it is no misspelling of any.
_LONGEST_NAME = 200


def nearest(written: str, known: Iterable[str]) -> str:
    """The known name that a name may be a misspelling of; "" where none is near."""
    from difflib import get_close_matches
    from heapq import nsmallest

    if len(written) >= _LONGEST_NAME:
        return ""
    # Comparing is slow, so of very many names only those of about the same length are compared.
    likely = nsmallest(300, (name for name in known if name), key=lambda name: abs(len(name) - len(written)))
    near = get_close_matches(written, likely, n=1, cutoff=0.6)
    return near[0] if near and near[0] != written else ""


class Severity(StrEnum):
    """How bad a diagnostic is.  Errors in a capture give exit code 3; warnings and notes do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@frozen
class Place:
    """A place in a spec: 1-based line and column, and the YAML path (`/seq/0/id`)."""

    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@frozen
class Diagnostic:
    """One finding about a spec: `str()` is the one-line form `FILE:LINE:COL: severity CODE: message`."""

    code: str
    severity: Severity
    message: str
    place: Place = Place()
    source: str = ""  # the line of the spec at the place, for the caret

    @property
    def file(self) -> str:
        """The spec's path, as it was named."""
        return self.place.file

    @property
    def line(self) -> int:
        """The 1-based line; 0 where the whole file is meant."""
        return self.place.line

    @property
    def column(self) -> int:
        """The 1-based column."""
        return self.place.column

    @property
    def path(self) -> str:
        """The YAML path of the element (`/seq/0/id`)."""
        return self.place.path

    def __str__(self) -> str:
        head = f"{self.place}: " if str(self.place) else ""
        return f"{head}{self.severity} {self.code}: {self.message}"

    def excerpt(self) -> str:
        """Returns the one-line form, then the spec's line with a caret under the column; of a very long line, what is
        near.
        """
        if not self.source or not self.line:
            return str(self)
        start = 0 if len(self.source) <= 2 * _NEAR else max(self.column - _NEAR, 0)
        shown = self.source[start : start + 2 * _NEAR]
        return f"{self}\n  {shown}\n  {' ' * (self.column - 1 - start)}^"


@frozen
class Finding:
    """One finding about a stream: where in the bytes, in which format's which field, and where the spec says so.

    place: the spec's file, line and column.  excerpt: the bytes around, with a caret (`hex_excerpt`).  Both are for
    people, empty where they are not known, and no part of what a finding is.
    """

    code: str
    severity: Severity
    message: str
    offset: int  # absolute byte position
    format: str = ""
    path: str = ""  # field path, e.g. payload.items[3].tag
    place: str = field(default="", compare=False)
    excerpt: str = field(default="", compare=False)

    def __str__(self) -> str:
        where = f"offset {self.offset}" + (f", {self.format}" if self.format else "")
        return f"{where}{f'.{self.path}' if self.path else ''}: {self.severity} {self.code}: {self.message}"


def hex_excerpt(data: bytes, at: int, base: int) -> str:
    """Two lines: up to sixteen bytes of `data` around data[at] in hexadecimal and as text, and a caret under that byte.

    base: the offset of data[0] in the stream.  Empty where data[at] is not there.
    """
    if not 0 <= at < len(data):
        return ""
    first = max(at - (base + at) % 16, 0)
    row = data[first : first + 16 - (base + first) % 16]
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
    head = f"{base + first:10}  "
    return f"{head}{row.hex(' '):47}  {text}\n{' ' * (len(head) + 3 * (at - first))}^"
