"""Which field of a frame the bytes at an offset belong to: the field path of a fault, and the spans of all fields.

Generated parsers keep no record of where they read, since that would cost every frame.  Two things give it
afterwards.  A failed read says how far it came (`runtime.partial`).  And a frame cut before byte k fails in the field
that byte k belongs to, so the spans of the fields are found by bisection over k.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sigflow.frozen import frozen
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.partial import CutStream, parse_whole

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope


#: Fields of one frame that are told apart, and bytes that are parsed again to do so.
MOST = 512
WORK = 16 << 20


@frozen
class FieldSpan:
    """The bytes [start, stop) of a frame belong to the field at `path`."""

    path: str
    start: int
    stop: int


def fault_path(error: BaseException) -> tuple[int | None, str]:
    """Where a generated parser failed: the offset in the frame, None where it cannot be told, and the field path."""
    return getattr(error, "field_offset", None), getattr(error, "field_path", "")


def path_of_place(envelope: Envelope, place: str) -> str:
    """A field path from a YAML path (`/types/line/seq/1` is `line.line_feed`), as far as it can be told; else ""."""
    match = re.fullmatch(r"/seq/(\d+)", place)
    if match and int(match[1]) < len(envelope.about.fields):
        return envelope.about.fields[int(match[1])].id
    return ""


# ---------------------------------------------------------------- spans


def field_spans(envelope: Envelope, raw: bytes) -> list[FieldSpan]:
    """The fields of a frame, or of the beginning of one, in the order of their bytes.

    Fields that share a byte (bits) are shown as the field that they are part of.  Of a frame with very many fields, or
    one that is dear to parse, what follows the first of them is one span without a name.
    """
    owners = _Owners(envelope, raw)
    spans: list[FieldSpan] = []
    start = 0
    while start < len(raw):
        if len(spans) == MOST or owners.left < 0:
            spans.append(FieldSpan("", start, len(raw)))
            break
        path = owners.of(start)
        # Steps that double until the field has ended, then halves: what this costs goes by the size of the field.
        step = 1
        while start + step < len(raw) and owners.of(start + step) == path:
            step *= 2
        low, high = start + step // 2, min(start + step, len(raw))
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if owners.of(middle) == path else (low, middle)
        spans.append(FieldSpan(path, start, high))
        start = high
    return _merged(_without_bits(envelope, raw, spans))


class _Owners:
    """Which field each byte of a frame belongs to.  State: what is known, and the bytes that may still be parsed."""

    def __init__(self, envelope: Envelope, raw: bytes) -> None:
        self.left = WORK
        self._envelope = envelope
        self._raw = raw
        self._last = envelope.about.fields[-1].id if envelope.about.fields else ""
        self._known: dict[int, str] = {}

    def of(self, at: int) -> str:
        """The field of byte `at`; what takes all the rest can be cut anywhere."""
        if at not in self._known:
            path = self._cut(at)
            if path is None and at + 1 < len(self._raw):
                path = self._cut(at + 1)
            self._known[at] = self._last if path is None else path
        return self._known[at]

    def _cut(self, size: int) -> str | None:
        """The field in which a frame of `size` bytes ends too early; None where nothing is lacking."""
        self.left -= size
        decode = self._envelope.decode
        try:
            if self._envelope.search.closed and decode.unit is not None:
                # What a unit whose end is known says of itself may go by its size.
                parse_whole(decode.unit, CutStream(self._raw[:size], len(self._raw)))
            else:
                decode.parse(self._raw[:size], None)
        except WIRE_ERRORS as error:
            return fault_path(error)[1]
        return None


def _without_bits(envelope: Envelope, raw: bytes, spans: list[FieldSpan]) -> list[FieldSpan]:
    """Where one field of a struct seems to have all bytes of several, the span is the struct's."""
    try:
        value = envelope.decode.parse(raw, None)
    except WIRE_ERRORS:
        value = None
    paths = {span.path for span in spans}
    named = []
    for span in spans:
        parent = span.path.rpartition(".")[0]
        if parent and not any(path.startswith(f"{parent}.") for path in paths - {span.path}):
            struct = at_path(value, parent)
            if struct is None or len(getattr(struct, "_FIELDS", ())) > 1:
                span = FieldSpan(parent, span.start, span.stop)
        named.append(span)
    return named


def at_path(value: Any, path: str) -> Any:
    """What a field path leads to, None where it leads nowhere."""
    for name, number in re.findall(r"(\w+)|\[(\d+)\]", path):
        if name:
            ids = {shown: attribute for attribute, shown in getattr(value, "_IDS", {}).items()}
            value = getattr(value, ids.get(name, name), None)
        else:
            value = value[int(number)] if isinstance(value, list) and int(number) < len(value) else None
    return value


def _merged(spans: list[FieldSpan]) -> list[FieldSpan]:
    merged: list[FieldSpan] = []
    for span in spans:
        if merged and merged[-1].path == span.path:
            span = FieldSpan(span.path, merged.pop().start, span.stop)
        merged.append(span)
    return merged
