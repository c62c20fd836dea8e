"""What the corpus expects of bad specs: the leading comment of each file in `formats_err`, as data.

    # FILE: /yaml/path:
    #       severity: text

A path is written as in the spec; where the corpus renders another compiler's internal names (`IntNum(42)`), they are
turned back. A file without such a comment must compile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.compiler.kst_corpus import corpus

HEAD = re.compile(r"# (?P<file>[\w.]+\.ksy):(?: (?P<path>/.*)|(?P<line>\d+):(?P<column>\d+)):$")
BODY = re.compile(r"#\s+(?P<severity>error|warning): (?P<text>.*)$")
UNSPECIFIED = "# ?"
RENDERED = re.compile(r"(?:Name\(identifier\((\w+)\)\)|IntNum\((\d+)\))")


@dataclass(frozen=True, slots=True)
class Expected:
    """One expected message: `path` where it has one, else the place of a YAML error."""

    file: str
    severity: str
    text: str
    path: str | None
    line: int | None
    column: int | None


@dataclass(frozen=True, slots=True)
class BadSpec:
    """A file of `formats_err`; verdict is `rejected`, `warned`, `accepted`, or `unspecified`."""

    name: str
    messages: tuple[Expected, ...]
    verdict: str


def load_bad_spec(name: str) -> BadSpec:
    messages: list[Expected] = []
    unspecified = False
    head: re.Match[str] | None = None
    for line in (corpus() / "formats_err" / f"{name}.ksy").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        unspecified = unspecified or line.startswith(UNSPECIFIED)
        if match := HEAD.match(line):
            head = match
        elif (match := BODY.match(line)) and head is not None:
            path = head["path"]
            messages.append(
                Expected(
                    file=head["file"],
                    severity=match["severity"],
                    text=match["text"],
                    path=None if path is None else RENDERED.sub(lambda name: name[1] or name[2], path),
                    line=int(head["line"]) if head["line"] else None,
                    column=int(head["column"]) if head["column"] else None,
                )
            )
    severities = {message.severity for message in messages}
    known = "rejected" if "error" in severities else "warned" if "warning" in severities else "accepted"
    return BadSpec(name, tuple(messages), "unspecified" if unspecified else known)
