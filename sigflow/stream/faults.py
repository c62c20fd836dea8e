"""Strict mode: the error that says what the first damage of a stream is, with its facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sigflow.diagnostics import Finding, Severity
from sigflow.errors import ChecksumError, CodecError, LimitExceeded, StreamError, Truncated
from sigflow.reasons import CHECKSUM, TOO_LONG, TRUNCATED
from sigflow.stream.reading import CODEC
from sigflow.stream.scan import Format, Refusals
from sigflow.stream.segment import Segment

if TYPE_CHECKING:
    from sigflow.events import Record


def _checksum(format: Format, segment: Segment, at: int) -> StreamError:
    base = segment.base
    assert format.checks is not None  # only such formats refuse for this reason
    length = format.header.look(segment, at)
    assert isinstance(length, int)  # the header was found valid
    stored, computed = format.checks.explain(segment, at, at + length)
    shown = "no number" if stored is None else f"{stored:#x}"
    message = (
        f"offset {base + at}, {format.name}: the frame of {length} bytes stores checksum {shown}, wanted {computed:#x}"
    )
    return ChecksumError(message, offset=base + at, format=format.name, stored=stored, computed=computed)


def _too_long(format: Format, segment: Segment, at: int) -> StreamError:
    data, base = segment.data, segment.base
    measure, limit = format.header.envelope.measure.static, format.header.limit
    length = measure(data, at, len(data)) if measure is not None else None
    found = length if isinstance(length, int) else None
    shown = "frame length" if found is None else f"frame length {found}"
    message = f"offset {base + at}, {format.name}: {shown} exceeds limit {limit}"
    return LimitExceeded(message, offset=base + at, format=format.name, found=found, limit=limit)


def _truncated(format: Format, segment: Segment, at: int) -> StreamError:
    data, base = segment.data, segment.base
    length = format.header.look(segment, at)
    wanted = f"{length} bytes" if isinstance(length, int) else "its header"
    message = f"offset {base + at}, {format.name}: the stream ends {len(data) - at} bytes into a frame, wanted {wanted}"
    return Truncated(message, offset=base + at, format=format.name)


_BY_REASON: dict[str, Callable[[Format, Segment, int], StreamError]] = {
    CHECKSUM: _checksum,
    TOO_LONG: _too_long,
    TRUNCATED: _truncated,
}


def damage(formats: Sequence[Format], segment: Segment, at: int, refusals: Refusals) -> StreamError:
    """The error for gap bytes at data[at]: the first refusal, or that no marker stands there."""
    data, base = segment.data, segment.base
    if not refusals:
        found = bytes(data[at : at + 8]).hex(" ")
        wanted = " or ".join(literal.hex(" ") for each in formats for literal in each.header.sync)
        return StreamError(f"offset {base + at}: found {found}, wanted a sync marker ({wanted})", offset=base + at)
    number, reason = refusals[0]
    format = formats[number]
    known = _BY_REASON.get(reason)
    if known is not None:
        return known(format, segment, at)
    return StreamError(
        f"offset {base + at}, {format.name}: no frame here: {reason}", offset=base + at, format=format.name
    )


def too_long(name: str, limit: int) -> StreamError:
    """The error for a whole file that is longer than the limit."""
    return LimitExceeded(
        f"{name}: the file is longer than the limit of {limit} bytes", offset=0, format=name, limit=limit
    )


def in_record(record: Record) -> StreamError | None:
    """The error for the first finding in a record that is one; None if nothing is wrong with it."""
    finding: Finding | None = next((each for each in record.diagnostics if each.severity is Severity.ERROR), None)
    if finding is None:
        return None
    if finding.code == CODEC:
        return CodecError(str(finding), offset=finding.offset, format=finding.format)
    return StreamError(str(finding), offset=finding.offset, format=finding.format)
