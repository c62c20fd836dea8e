"""Writes `docs/diagnostics.md` from the compiler's table of codes; with `--check`, says whether it is current.

    python -m tools.make_diagnostics [--check]

The example messages are what `lint` prints, so the document cannot say anything else.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from sigflow.compiler import build
from sigflow.compiler.codes import CODES, Code
from sigflow.diagnostics import Diagnostic
from sigflow.recording.examples import findings

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "diagnostics.md"
#: What the examples may import.
HEADER = "meta: {id: header}\nseq:\n  - {id: length, type: u1}\n"
CHAPTERS = {
    "1": "Text and structure",
    "2": "Names",
    "3": "Expressions and types",
    "4": "Layout",
    "5": "Stream hints",
    "6": "Style and advice",
}
#: How an example begins that is a Construct schema.
PYTHON = "from construct import"
INTRODUCTION = """\
# Diagnostics

What `sigflow lint` and `sigflow compile` say about a spec, by code. Every message has the form

    FILE:LINE:COLUMN: severity CODE: text

and below it the line with a caret. An error keeps the spec from being compiled, a warning does not. All problems of a
file come in one run; codes do not change. This document is made from the compiler's own table by
`python -m tools.make_diagnostics`.
"""


def problems(text: str, encoding: str, folder: Path) -> tuple[Diagnostic, ...]:
    """What `lint` says about a spec of this text."""
    (folder / "header.ksy").write_text(HEADER, encoding="utf-8")
    if text.startswith(PYTHON):
        path = folder / "example.py"
        path.write_bytes(text.encode(encoding))
        return findings(path, build(f"{path}:frame"))
    path = folder / "example.ksy"
    path.write_bytes(text.encode(encoding))
    return findings(path, build(path))


def shown(code: str, entry: Code, folder: Path) -> Iterator[str]:
    """The lines of one code's section."""
    problems_shown = [
        problem for problem in problems(entry.bad * entry.times, entry.encoding, folder) if problem.code == code
    ]
    if not problems_shown:
        raise SystemExit(f"{code}: its bad example does not show it")
    yield from (f"### {code}: {entry.title}", "", f"{str(entry.severity).capitalize()}. {entry.advice}", "")
    language = "python" if entry.bad.startswith(PYTHON) else "yaml"
    yield from (f"```{language}", *entry.bad.splitlines(), "```", "")
    if entry.times > 1:
        yield from (f"… {entry.times:,} times:", "")
    elif entry.encoding != "utf-8":
        yield from (f"… saved as {entry.encoding}:", "")
    yield from (
        "```text",
        *(
            f"{problem.line}:{problem.column}: {problem.severity} {code}: {problem.message}"
            for problem in problems_shown
        ),
        "```",
        "",
    )
    yield from ("Better:", "", f"```{language}", *entry.good.splitlines(), "```", "")


def document() -> str:
    """The whole document."""
    lines = [INTRODUCTION]
    with tempfile.TemporaryDirectory() as name:
        before = Path.cwd()
        os.chdir(name)  # messages name the files as they were given
        try:
            for chapter, codes in groupby(CODES.items(), key=lambda item: item[0][2]):
                lines += [f"## {CHAPTERS[chapter]}", ""]
                for code, entry in codes:
                    lines += shown(code, entry, Path())
        finally:
            os.chdir(before)
    return "\n".join(lines).rstrip("\n") + "\n"


def main() -> int:
    """Write the document, or check it."""
    text = document()
    if "--check" in sys.argv[1:]:
        current = DOCUMENT.is_file() and DOCUMENT.read_text(encoding="utf-8") == text
        print(f"{DOCUMENT.name} is {'current' if current else 'not current: run python -m tools.make_diagnostics'}")
        return 0 if current else 1
    DOCUMENT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
