"""One code of a diagnostic: how bad it is, what it is about, what to do, a spec with it and one without."""

from __future__ import annotations

from dataclasses import dataclass

from sigflow.diagnostics import Severity

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE


@dataclass(frozen=True, slots=True)
class Code:
    """One code.  `bad` is a spec that shows the problem and `good` one that does not; the documentation is made from
    them, and a test compiles them.  encoding: how `bad` is written to a file.  times: how often `bad` is repeated.
    """

    severity: Severity
    title: str
    advice: str
    bad: str
    good: str
    encoding: str = "utf-8"
    times: int = 1
