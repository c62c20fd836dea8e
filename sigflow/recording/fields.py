"""Which field of a frame the bytes at an offset belong to: the field path of a fault, and the spans of all fields.

Generated parsers keep no record of where they read, since that would cost every frame.  Two things give it afterwards.
A failed read leaves objects half made: the ones in the traceback, outermost first, and on each the field that was being
read, are the path.  And a frame cut before byte k fails in the field that byte k belongs to, so the spans of the fields
are found by bisection over k.
"""

from __future__ import annotations

import linecache
import re
from dataclasses import dataclass
from itertools import pairwise
from types import FrameType
from typing import TYPE_CHECKING, Any

from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.stream import KaitaiStream, Run
from sigflow.runtime.struct import KaitaiStruct

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope

#: An emitted line that sets a field, or the raw bytes of one, or adds to one.
_ASSIGNED = re.compile(r"\bself\.(?:_raw_)?(\w+)(?: = |\.append\()")


@dataclass(frozen=True, slots=True)
class FieldSpan:
    """The bytes [start, stop) of a frame belong to the field at `path`."""

    path: str
    start: int
    stop: int


def fault_path(error: BaseException) -> tuple[int | None, str]:
    """Where a generated parser failed: the offset in the frame, None where it cannot be told, and the field path."""
    chain: list[tuple[Any, str]] = []  # objects being read, outermost first, and the field of each
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        found = _reading(frame, trace.tb_lineno)
        if found is not None:
            if chain and chain[-1][0] is found[0]:
                chain.pop()
            chain.append(found)
        trace = trace.tb_next
    parts = []
    for target, name in chain:
        if name:
            value = target.__dict__.get(name)
            number = f"[{len(value)}]" if isinstance(value, list) else ""
            parts.append(getattr(target, "_IDS", {}).get(name, name) + number)
    return _position([target for target, _ in chain]), ".".join(parts)


def _reading(frame: FrameType, line: int) -> tuple[Any, str] | None:
    """The object that this frame was reading, and the attribute; None for frames that read none."""
    local = frame.f_locals
    if frame.f_code is Run.short.__code__:
        return local["target"], str(local.get("name", ""))
    target = local.get("self")
    if not isinstance(target, KaitaiStruct):
        return None
    # The emitted line names the attribute that it sets; a check stands in the lines below the one that set it.
    fields = target._FIELDS
    for number in range(line, max(line - 4, frame.f_code.co_firstlineno), -1):
        match = _ASSIGNED.search(linecache.getline(frame.f_code.co_filename, number, frame.f_globals))
        if match and match[1] in fields:
            return target, match[1]
    return target, _last_set(target)


def _last_set(target: KaitaiStruct) -> str:
    """The field after the last one that was set: the best guess without the source."""
    fields = target._FIELDS
    have = [number for number, name in enumerate(fields) if name in target.__dict__]
    return next(iter(fields[have[-1] + 1 if have else 0 :]), fields[-1] if fields else "")


def _position(targets: list[Any]) -> int | None:
    """Where reading stands, from the start of the frame: a substream is the bytes last taken from the stream around
    it."""
    streams: list[KaitaiStream] = []
    for target in targets:
        stream = target.__dict__.get("_io")
        if isinstance(stream, KaitaiStream) and not (streams and streams[-1] is stream):
            streams.append(stream)
    if not streams:
        return None
    position = streams[-1].pos()
    for outer, inner in pairwise(streams):
        position += outer.pos() - inner.size()
    return position if position >= 0 else None


def path_of_place(envelope: Envelope, place: str) -> str:
    """A field path from a YAML path (`/types/line/seq/1` is `line.line_feed`), as far as it can be told; else ""."""
    match = re.fullmatch(r"/seq/(\d+)", place)
    if match and int(match[1]) < len(envelope.fields):
        return envelope.fields[int(match[1])].id
    return ""


# ---------------------------------------------------------------- spans


def field_spans(envelope: Envelope, raw: bytes) -> list[FieldSpan]:
    """The fields of a frame, or of the beginning of one, in the order of their bytes.

    Fields that share a byte (bits) are shown as the field that they are part of.
    """
    last = envelope.fields[-1].id if envelope.fields else ""
    known: dict[int, str] = {}

    def cut(size: int) -> str | None:
        """The field in which a frame of `size` bytes ends too early; None where nothing is lacking."""
        try:
            envelope.parse(raw[:size], None)
        except WIRE_ERRORS as error:
            return fault_path(error)[1]
        return None

    def owner(at: int) -> str:
        """The field that byte `at` belongs to; what takes all the rest can be cut anywhere."""
        if at not in known:
            path = cut(at)
            if path is None and at + 1 < len(raw):
                path = cut(at + 1)
            known[at] = last if path is None else path
        return known[at]

    spans: list[FieldSpan] = []
    start = 0
    while start < len(raw):
        path = owner(start)
        low, high = start, len(raw)  # owner(low) == path, and the field ends at high at the latest
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if owner(middle) == path else (low, middle)
        spans.append(FieldSpan(path, start, high))
        start = high
    return _merged(_without_bits(envelope, raw, spans))


def _without_bits(envelope: Envelope, raw: bytes, spans: list[FieldSpan]) -> list[FieldSpan]:
    """Where one field of a struct seems to have all bytes of several, the span is the struct's."""
    try:
        value = envelope.parse(raw, None)
    except WIRE_ERRORS:
        value = None
    paths = {span.path for span in spans}
    named = []
    for span in spans:
        parent = span.path.rpartition(".")[0]
        if parent and not any(path.startswith(f"{parent}.") for path in paths - {span.path}):
            struct = _at(value, parent)
            if struct is None or len(getattr(struct, "_FIELDS", ())) > 1:
                span = FieldSpan(parent, span.start, span.stop)
        named.append(span)
    return named


def _at(value: Any, path: str) -> Any:
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
