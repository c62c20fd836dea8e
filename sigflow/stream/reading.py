"""What a record says beside its value: payload through its codecs, metadata, findings.

The bytes of a record are a frame whatever is found here.  A part that cannot be parsed, a codec that fails, a rule of
the spec that asks for a note: each is a finding with its absolute offset and its field path, and the rest is kept.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from enum import Enum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sigflow import codecs
from sigflow.diagnostics import Finding, Severity, hex_excerpt
from sigflow.errors import CodecError
from sigflow.events import Reading
from sigflow.reasons import CHECKSUM
from sigflow.runtime.envelope import Measured
from sigflow.runtime.measure import WIRE_ERRORS, maybe_advance, reason_of
from sigflow.runtime.stored import layouts_in
from sigflow.runtime.struct import attribute, current_limits, label
from sigflow.runtime.window import Window
from sigflow.stream.shown import check_of

if TYPE_CHECKING:
    from sigflow.events import Record
    from sigflow.limits import Limits
    from sigflow.runtime.envelope import Codec, Elements, Envelope

#: The code of a finding about a codec that failed.
CODEC = "codec"
#: The code of a finding about a payload that another codec took.
FALLBACK = "fallback"


def read(envelope: Envelope, limits: Limits, record: Record, unit: Any, fault: BaseException | None) -> Reading:
    """The reading of a record whose bytes parse to `unit`, as far as `fault` let them."""
    findings: list[Finding] = []
    if fault is not None:
        findings += parse_findings(envelope, record, fault)
    for rule in envelope.decode.notes:
        if _holds(rule.when, unit, envelope, record, rule.path, findings, fault):
            findings.append(Finding(rule.code, Severity.NOTE, rule.text, record.start, envelope.about.name, rule.path))
    for elements in envelope.decode.elements:
        findings += _of_elements(elements, envelope, record, unit)
    payload, offset = _payload(envelope, record, unit)
    applied: int | None = None
    for number, codec in enumerate(envelope.decode.codecs):
        if payload is None or not _holds(codec.when, unit, envelope, record, codec.field, findings, fault):
            continue
        try:
            value, problems = _decoded(codec, payload, limits)
        except (CodecError, *WIRE_ERRORS) as error:
            text = str(error) if isinstance(error, CodecError) else f"{type(error).__name__}: {error}"
            place = record.start + place_in(envelope, record.raw, offset)
            other = _by_others(codec, payload, limits)
            if other is None:
                findings.append(Finding(CODEC, Severity.ERROR, text, place, envelope.about.name, codec.field))
                break  # the next codec would get what it is not made for
            name, (value, problems) = other
            text = f"codec {name} took what {codec.name} refused: {text}"
            findings.append(Finding(FALLBACK, Severity.NOTE, text, place, envelope.about.name, codec.field))
        for problem in problems:
            # Once a codec has changed the bytes, an offset in them is none in the stream.
            inside = offset + (problem.offset if payload.__class__ is memoryview else 0)
            place = record.start + place_in(envelope, record.raw, inside)
            path = codec.field + problem.path
            findings.append(Finding(problem.code, Severity.ERROR, problem.message, place, envelope.about.name, path))
        payload, applied = value, number
    metadata: dict[str, str] = {}
    if envelope.decode.metadata is not None and fault is None:
        metadata = envelope.decode.metadata(unit)
    return Reading(payload, metadata, tuple(findings), applied)


def _of_elements(elements: Elements, envelope: Envelope, record: Record, unit: Any) -> Iterator[Finding]:
    """A finding for each element whose checksum does not hold."""
    try:
        layouts = elements.layouts(unit) or ()
    except WIRE_ERRORS as error:
        # (Where parsing has failed, that is a finding already.)
        text = f"the checksum of an element cannot be looked at: {type(error).__name__}: {error}"
        if record.fault is None:
            path = elements.checksum.field
            yield Finding("undecided", Severity.WARNING, text, record.start, envelope.about.name, path)
        return
    for layout in layouts:
        check = check_of(elements.checksum, layout, record.unit)
        if not check.holds:
            place = record.start + place_in(envelope, record.raw, check.offset)
            yield Finding(CHECKSUM, Severity.ERROR, check.values, place, envelope.about.name, check.field)


def place_in(envelope: Envelope, raw: bytes, offset: int) -> int:
    """Where in a frame's bytes what stands at an offset of its unit is."""
    if envelope.search.framing is None:
        return offset
    from sigflow.runtime.framing import places_of

    places = places_of(envelope.search.framing, raw)
    return places[min(offset, len(places) - 1)]


def parse_findings(envelope: Envelope, record: Record, fault: BaseException) -> tuple[Finding, ...]:
    """The findings for what went wrong while the frame was parsed, of which `fault` was the first."""
    faults: tuple[BaseException, ...] = getattr(fault, "faults", (fault,))
    about = envelope.about
    return tuple(
        parse_finding(
            about.name,
            about.spec,
            envelope.measure.reasons,
            record,
            error,
            place_in(envelope, record.raw, getattr(error, "field_offset", 0)),
        )
        for error in faults
    )


def parse_finding(
    name: str, spec: str, reasons: Mapping[str, str], record: Record, fault: BaseException, offset: int
) -> Finding:
    """The finding for an error while the frame was parsed, at this offset in its bytes; the error may know its path."""
    path: str = getattr(fault, "field_path", "")
    code = next((code for kind, code in _CODES.items() if isinstance(fault, kind)), "") or reason_of(fault, reasons)
    excerpt = hex_excerpt(record.raw, min(offset, len(record.raw) - 1), record.start)
    place = place_of(spec, fault)
    return Finding(code, Severity.ERROR, words_of(fault), record.start + offset, name, path, place, excerpt)


#: Findings by their errors, where these say what it is; all else is a value that the spec does not allow.
_CODES: dict[type[BaseException], str] = {EOFError: "truncated", UnicodeDecodeError: "encoding", zlib.error: "process"}


def place_of(spec: str, fault: BaseException) -> str:
    """Where the spec has the field that failed: file, line, column."""
    place: tuple[int, int] | None = getattr(fault, "field_place", None)
    return f"{spec}:{place[0]}:{place[1]}" if place is not None and spec else ""


def words_of(fault: BaseException) -> str:
    """What was found and what was wanted, in words."""
    actual: Any = getattr(fault, "actual", None)
    for name, words in _WANTED.items():
        wanted: Any = getattr(fault, name, None)
        if wanted is not None and actual is not None:
            return f"found {short(actual)}, wanted {words}{short(wanted)}"
    text = f"{type(fault).__name__}: {fault}"
    if actual is None:
        return text
    return f"found {short(actual)}, which the spec does not allow" if actual != b"" else "the spec's check fails"


#: Attributes of the errors of failed checks, and what they say.
_WANTED = {"expected": "", "min": "at least ", "max": "at most "}


def short(value: Any) -> str:
    """A value in a message."""
    if isinstance(value, Enum):
        return f"{label(value)} ({value.value})"
    text = value.hex() if isinstance(value, bytes) else repr(value)
    return text if len(text) <= 64 else f"{text[:60]}... ({len(text)} characters)"


def _holds(
    when: Any,
    unit: Any,
    envelope: Envelope,
    record: Record,
    path: str,
    findings: list[Finding],
    fault: BaseException | None,
) -> bool:
    """Whether a condition of the spec holds; that it cannot be decided is a finding, unless a fault explains it."""
    if when is None:
        return True
    try:
        return bool(when(unit))
    except WIRE_ERRORS as error:
        if fault is None:
            text = f"the condition cannot be decided: {type(error).__name__}: {error}"
            findings.append(Finding("undecided", Severity.WARNING, text, record.start, envelope.about.name, path))
        return False


def _payload(envelope: Envelope, record: Record, unit: Any) -> tuple[Any, int]:
    """The payload as it is sent, and its offset in the frame (0 where that is not known)."""
    raw = record.unit
    span = payload_span(envelope, raw)
    if span is not None:
        return memoryview(raw)[span[0] : span[1]], span[0]
    field = envelope.decode.payload or next((codec.field for codec in envelope.decode.codecs), None)
    if field is None:
        return None, 0
    try:
        value = attrgetter(attribute(unit.__class__, field))(unit)
    except AttributeError:
        return None, 0  # the fault that kept it from being parsed is a finding already
    return (memoryview(value) if isinstance(value, bytes) else value), 0


def payload_span(envelope: Envelope, raw: bytes) -> tuple[int, int] | None:
    """Where the payload stands in the bytes of a unit: by the layout, or by a checksum that covers just the payload."""
    if envelope.decode.payload_at is not None:
        start, stop = envelope.decode.payload_at
        start = start if start >= 0 else len(raw) + start
        return start, len(raw) if stop is None else stop if stop >= 0 else len(raw) + stop
    framing = envelope.search.framing
    end = len(raw) + (framing.trailer if framing is not None else 0)  # of what the checksums see
    for n, checksum in enumerate(envelope.search.checksums):
        if checksum.over and checksum.over == envelope.decode.payload:
            window = Window(raw, 0, len(raw), len(raw), closed=envelope.search.closed)
            measured = maybe_advance(envelope.measure.incremental(window), envelope.measure.reasons)
            checks = measured.checks if isinstance(measured, Measured) else ()
            layouts = layouts_in(checksum, checks[n]) if checks else ()
            pieces = layouts[0][1] if len(layouts) == 1 else ()
            if len(pieces) == 1 and isinstance(pieces[0], tuple):
                start, stop = pieces[0][:2]
                return start, end if stop is None else stop if stop >= 0 else end + stop
    return None


def _by_others(codec: Codec, payload: Any, limits: Limits) -> tuple[str, codecs.Decoded] | None:
    """The first of a codec's others that can make something of the payload, and what."""
    for name in codec.others:
        try:
            return name, codecs.get(name).decode(payload, limits)
        except (CodecError, *WIRE_ERRORS):
            continue  # that of the codec that the spec names is told
    return None


def _decoded(codec: Codec, payload: Any, limits: Limits) -> codecs.Decoded:
    if not limits.over_the_wire:
        return _decoded_freely(codec, payload, limits)
    token = current_limits.set(limits)
    try:
        return _decoded_freely(codec, payload, limits)
    finally:
        current_limits.reset(token)


def _decoded_freely(codec: Codec, payload: Any, limits: Limits) -> codecs.Decoded:
    if codec.parse is not None:
        return codecs.Decoded(codec.parse(bytes(payload)))
    return codecs.of(codec).decode(payload, limits)
