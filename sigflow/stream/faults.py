"""Strict mode: the error that says what the first damage of a stream is, with its facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sigflow.diagnostics import Finding, Severity
from sigflow.errors import ChecksumError, CodecError, LimitExceeded, StreamError, Truncated
from sigflow.reasons import CHECKSUM, TOO_LONG, TRUNCATED
from sigflow.stream.headers import framed
from sigflow.stream.reading import CODEC
from sigflow.stream.scan import Recognizer, Refusals
from sigflow.stream.segment import Segment

if TYPE_CHECKING:
    from sigflow.events import Record
    from sigflow.stream.cuts import Cut


def _checksum(recognizer: Recognizer, segment: Segment, at: int) -> StreamError:
    assert recognizer.checks is not None  # only such formats refuse for this reason
    offset, name, header = segment.base + at, recognizer.name, recognizer.header
    of_units = framed(header)
    length = of_units.unit(segment, at).size if of_units is not None else header.look(segment, at)
    assert isinstance(length, int)  # the header was found valid
    stored, computed = recognizer.checks.explain(segment, at, at + length)
    shown = "no number" if stored is None else f"{stored:#x}"
    wanted = "what its text says, which is no bytes" if computed is None else f"{computed:#x}"
    message = f"offset {offset}, {name}: the frame of {length} bytes stores checksum {shown}, wanted {wanted}"
    return ChecksumError(message, offset=offset, format=name, stored=stored, computed=computed)


def _too_long(recognizer: Recognizer, segment: Segment, at: int) -> StreamError:
    offset, name = segment.base + at, recognizer.name
    measure, limit = recognizer.header.envelope.measure.static, recognizer.header.limit
    if recognizer.header.envelope.search.framing is not None:
        measure = None  # it is for units
    claim = measure(segment.data, at, len(segment.data)) if measure is not None else None
    length = claim if isinstance(claim, int) else None
    shown = "frame length" if length is None else f"frame length {length}"
    message = f"offset {offset}, {name}: {shown} exceeds limit {limit}"
    return LimitExceeded(message, offset=offset, format=name, found=length, limit=limit)


def _truncated(recognizer: Recognizer, segment: Segment, at: int) -> StreamError:
    offset, name = segment.base + at, recognizer.name
    length = recognizer.header.look(segment, at)
    wanted = f"{length} bytes" if isinstance(length, int) else "its header"
    left = len(segment.data) - at
    message = f"offset {offset}, {name}: the stream ends {left} bytes into a frame, wanted {wanted}"
    return Truncated(message, offset=offset, format=name)


_BY_REASON: dict[str, Callable[[Recognizer, Segment, int], StreamError]] = {
    CHECKSUM: _checksum,
    TOO_LONG: _too_long,
    TRUNCATED: _truncated,
}


def damage(recognizers: Sequence[Recognizer], segment: Segment, at: int, refusals: Refusals) -> StreamError:
    """The error for gap bytes at data[at]: the first refusal, or that no marker stands there."""
    offset = segment.base + at
    if not refusals:
        shown = bytes(segment.data[at : at + 8]).hex(" ")
        literals = [literal for recognizer in recognizers for literal in recognizer.header.sync]
        literals += [recognizer.header.delimiter for recognizer in recognizers if recognizer.header.delimiter]
        wanted = " or ".join(literal.hex(" ") for literal in literals)
        return StreamError(f"offset {offset}: found {shown}, wanted a sync marker ({wanted})", offset=offset)
    number, reason = refusals[0]
    recognizer = recognizers[number]
    error_of = _BY_REASON.get(reason)
    if error_of is not None:
        return error_of(recognizer, segment, at)
    message = f"offset {offset}, {recognizer.name}: no frame here: {reason}"
    return StreamError(message, offset=offset, format=recognizer.name)


def too_long(name: str, limit: int) -> StreamError:
    """The error for a whole file that is longer than the limit."""
    return LimitExceeded(
        f"{name}: the file is longer than the limit of {limit} bytes", offset=0, format=name, limit=limit
    )


def missing(cut: Cut) -> StreamError:
    """The error for bytes that are known to be missing."""
    size = "1 byte is" if cut.missing == 1 else f"{cut.missing} bytes are"
    return StreamError(f"offset {cut.offset}: {size} missing", offset=cut.offset)


def in_record(record: Record) -> StreamError | None:
    """The error for the first finding in a record that is one; None if nothing is wrong with it."""
    errors = (finding for finding in record.diagnostics if finding.severity is Severity.ERROR)
    finding: Finding | None = next(errors, None)
    if finding is None:
        return None
    if finding.code == CODEC:
        return CodecError(str(finding), offset=finding.offset, format=finding.format)
    return StreamError(str(finding), offset=finding.offset, format=finding.format)
