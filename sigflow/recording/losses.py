"""Losses and the frames that came late after all, as one: what a verdict says of both.

A `Loss` is an event when it is seen, and is not taken back when some of its frames come late.  A verdict is made at
the end, and knows both: a loss of which all came is a note, and one of which some came says how many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sigflow.diagnostics import Finding, Severity
from sigflow.events import Event, Loss, Note
from sigflow.recording.report import finding_of

if TYPE_CHECKING:
    from sigflow.stream.format import Format

#: Losses of one stream among which a late frame is looked for; each is of a frame at least, as far back as the window.
_MOST = 1024


def findings_of(events: Iterable[Event], formats: Sequence[Format]) -> list[Finding]:
    """The findings of the losses and notes among these events of one stream, in their order."""
    findings: list[Finding] = []
    losses: dict[tuple[str, Any], list[_Lost]] = defaultdict(list)
    for event in events:
        finding = finding_of(event, formats)
        if finding is None:
            continue
        if isinstance(event, Loss):
            mine = losses[event.format, event.stream]
            mine.append(_Lost(event, len(findings), *_counted(event.format, formats)))
            del mine[:-_MOST]
        elif isinstance(event, Note) and event.counter is not None:
            for loss in reversed(losses[event.format, event.stream]):
                if loss.takes_back(event.counter):
                    findings[loss.place] = loss.finding(findings[loss.place])
                    break
        findings.append(finding)
    return findings


def _counted(name: str, formats: Sequence[Format]) -> tuple[int, int]:
    """Modulus and step of a format's counter."""
    sequence = next(
        (format.envelope.decode.sequence for format in formats if format.name == name and format.envelope is not None),
        None,
    )
    return (sequence.modulus, sequence.step) if sequence is not None else (1 << 64, 1)


class _Lost:
    """A loss.  State: how many of its frames came.  place: of its finding in the list."""

    __slots__ = ("_came", "_event", "_modulus", "_said", "_step", "place")

    def __init__(self, event: Loss, place: int, modulus: int, step: int) -> None:
        self._event = event
        self._modulus = modulus
        self._step = step
        self._came = 0
        self._said = ""
        self.place = place

    def takes_back(self, counter: int) -> bool:
        """Whether this counter was one of those lost; it is not any more."""
        steps, between = divmod((counter - self._event.expected) % self._modulus, self._step)
        if between or steps >= self._event.count:
            return False
        self._came += 1
        return True

    def finding(self, finding: Finding) -> Finding:
        """The finding of this loss, by what came late."""
        self._said = self._said or finding.message
        if self._came >= self._event.count:
            return replace(finding, severity=Severity.NOTE, message=f"{self._said}; all came late")
        return replace(finding, message=f"{self._said}; {self._came} of them came late")
