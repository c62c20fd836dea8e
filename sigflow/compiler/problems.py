"""Where the phases put the author's mistakes: every problem has a code and a place, and none stops the phase.

The codes and their severity stand in `codes.CODES`; a problem with a code that is not there is a bug, so it fails
loudly.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Protocol

from sigflow.compiler.codes import CODES
from sigflow.diagnostics import Diagnostic, Place, Severity, nearest


class Located(Protocol):
    """Anything that knows its place in a spec."""

    @property
    def place(self) -> Place:
        """Where it stands."""


#: So many problems are kept, and so many of them get a suggestion: a spec made to have millions must not take hours.
MOST = 1000
SUGGESTED = 30
#: A message is cut after so many letters.
LONGEST = 2000


class Problems:
    """The problems found so far, in the order of discovery, each at one place once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Place], Diagnostic] = {}
        self._lines: dict[str, list[str]] = {}
        #: Whether any problem is an error.
        self.failed = False

    def add_source(self, file: str, text: str) -> None:
        """Remember a spec's text, so that a diagnostic can show its line."""
        self._lines[file] = text.splitlines()

    def add(
        self, code: str, where: Located | Place, message: str, near: tuple[str, Iterable[str]] | None = None
    ) -> None:
        """Report `message`; `near` is (what was written, what there is): the nearest name is suggested."""
        place = where if isinstance(where, Place) else where.place
        self.failed = self.failed or CODES[code].severity is Severity.ERROR
        if (code, place) in self._found or len(self._found) > MOST:
            return
        if len(self._found) == MOST:
            code, message, near = "SF129", f"more than {MOST} problems; from here on they are not listed", None
        message = message if len(message) <= LONGEST else f"{message[:LONGEST]}…"
        if near is not None and len(self._found) < SUGGESTED:
            message += did_you_mean(*near)
        lines = self._lines.get(place.file, [])
        source = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
        self._found[code, place] = Diagnostic(code, CODES[code].severity, message, place, source)

    def sorted(self) -> tuple[Diagnostic, ...]:
        """All problems by file and place; that there are more comes last."""
        return tuple(
            sorted(
                self._found.values(),
                key=lambda problem: (problem.code == "SF129", problem.file, problem.line, problem.column, problem.code),
            )
        )


def plural(count: int, noun: str) -> str:
    """`1 argument`, `2 arguments`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def resembles(written: str, known: Iterable[str]) -> bool:
    """Whether a name may be a misspelling of one of these."""
    return len(written) < 200 and bool(get_close_matches(written, list(known), n=1, cutoff=0.6))


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """`, did you mean 'x'?` where a known name is near, else nothing."""
    near = nearest(written, known)
    return f", did you mean '{near}'?" if near else ""
