"""Dead letters of events, and events of dead letters.

A frame is made again of its bytes, by the format of the same name; so its place, number and stamps are what they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sigflow.diagnostics import Severity
from sigflow.errors import SigflowError
from sigflow.events import Gap, Loss, Note, Record, Span, Stamp
from sigflow.quarantine import DeadLetter
from sigflow.quarantine.letters import At, OfFrame
from sigflow.recover.readback import specs_used
from sigflow.watch.alarms.rules import spelt
from sigflow.watch.handlers.declared import START, STOP
from sigflow.watch.handlers.occurrences import Handled, Hook, Key, Occurrence

if TYPE_CHECKING:
    from sigflow.stream.format import Format


def letter_of(
    handler: str, occurrence: Occurrence, formats: Mapping[str, Format], capture: str, name: str
) -> DeadLetter:
    """What is kept of an event that a handler failed on.  capture, name: of the stream."""
    event, key = occurrence.event, occurrence.key
    raw, frame, stop = b"", None, key.offset
    stamps: tuple[Stamp | None, Stamp | None] = None, None
    if isinstance(event, Record):
        raw, stop = event.raw, event.stop
        (spec,) = specs_used([formats[event.format]])
        frame = OfFrame(event.index, spec)
        stamps = event.stamps
    elif isinstance(event, Gap):
        stop = event.span.stop
    at = At(key.stream, key.offset, stop, key.number)
    return DeadLetter(handler, occurrence.what, capture, name, at, _detail(event), raw, frame, stamps)


def _detail(event: Handled) -> dict[str, Any]:
    if isinstance(event, Gap):
        return {"reasons": [*event.reasons]}
    if isinstance(event, Loss):
        stream = event.stream if isinstance(event.stream, int | None) else spelt(event.stream)
        counters = {"expected": event.expected, "found": event.found}
        return {"stream": stream, "count": event.count, "format": event.format, **counters}
    if isinstance(event, Note):
        about = {"code": event.code, "severity": event.severity.value, "message": event.message}
        return {**about, "format": event.format}
    return {}


def occurrence_of(letter: DeadLetter, formats: Mapping[str, Format]) -> Occurrence:
    """The event of a letter.  Raises `SigflowError` where its format is not among these, or it is damaged."""
    at = letter.at
    try:
        return Occurrence(letter.event, _event(letter, formats), Key(at.stream, at.start, at.number))
    except (KeyError, TypeError, ValueError) as error:
        raise SigflowError(f"the letter {letter.id} is damaged: {type(error).__name__}: {error}") from error


def _event(letter: DeadLetter, formats: Mapping[str, Format]) -> Handled:
    at, detail = letter.at, letter.detail
    if letter.frame is not None:
        spec = letter.frame.spec
        if spec.name not in formats:
            raise SigflowError(f"its format {spec.name!r} is not named")
        format = formats[spec.name]
        if spec.preamble:
            format = format.with_preamble(bytes.fromhex(spec.preamble))
        record = Record(format, at.start, letter.raw, letter.frame.index)
        if letter.stamps != (None, None):
            record.stamps = letter.stamps
        return record
    if letter.event in (START, STOP):
        return Hook(letter.event, at.stream, at.start)
    if "reasons" in detail:
        return Gap(Span(at.start, at.stop), tuple(map(str, detail["reasons"])))
    if "count" in detail:
        counters = int(detail["expected"]), int(detail["found"])
        return Loss(detail["stream"], int(detail["count"]), str(detail["format"]), *counters, at.start)
    return Note(
        str(detail["code"]), Severity(detail["severity"]), str(detail["message"]), at.start, str(detail["format"])
    )
