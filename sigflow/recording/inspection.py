"""Frames and gaps as they lie in the capture: checksums stored and computed, the bytes of each field, where the
payload is.

Payloads are not processed: no codec runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sigflow.columns.render import render
from sigflow.events import Gap, Idle, Record
from sigflow.recording.checks import Check
from sigflow.recording.diagnosis.search import Budget, Cause
from sigflow.recording.faults import Examiner, Look, look
from sigflow.recording.fields import FieldSpan, field_spans
from sigflow.recording.values import FieldValue, Values
from sigflow.runtime.framing import extent_of, is_stuffed, places_of, unit_of
from sigflow.stream.reading import payload_span

if TYPE_CHECKING:
    from sigflow.recording.run import AnyRun
    from sigflow.recording.selection.choice import Picker
    from sigflow.stream.format import Format

#: Bytes of a field that are shown, and of a frame whose fields are looked for.
SHOWN = 64
LARGEST = 1 << 20
#: Gaps of a whole capture whose candidates are shown with their fields; of the others one asks by offset.
DETAILED = 100


@dataclass(frozen=True, slots=True)
class Piece:
    """A field, its offset in the stream, its length, the first of its bytes, and what they say.  wire: how these stand
    on the wire, where that is not as they are.
    """

    path: str
    offset: int
    length: int
    head: bytes
    shown: FieldValue | None = None
    wire: bytes = b""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A frame, or what was refused as one (`reason`); `pieces` are its fields, where they were asked for.

    causes: what may have happened to a frame whose checksum does not hold.
    """

    format: str
    offset: int
    length: int | None
    reason: str
    path: str
    message: str
    checks: tuple[Check, ...]
    payload: Piece | None
    pieces: tuple[Piece, ...]
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One stretch of the capture: a frame with its index, a gap with its reasons and what was refused in it, or idle
    bytes.
    """

    kind: str
    offset: int
    length: int
    index: int | None
    reasons: tuple[str, ...]
    candidates: tuple[Candidate, ...]


def inspect(
    run: AnyRun, *, frame: int | None = None, offset: int | None = None, picker: Picker | None = None
) -> Iterator[Item]:
    """Every stretch of a run that keeps its bytes; or only the frame of that index, or what lies at that offset.

    picker: of the frames only these, up to where no further frame is meant; gaps and idle bytes as ever.

    The bytes of the fields are given for what was asked for by itself, and for what was refused.
    """
    formats = {format.name: format for format in run.formats}
    held: set[str] = set()  # the formats of which there were frames
    examiner = Examiner(run.formats, run.known, budget=Budget(DETAILED), held=held.__contains__)
    alone = frame is not None or offset is not None
    gaps = 0
    for event in run.events():
        if not isinstance(event, Record | Gap | Idle):
            continue
        if isinstance(event, Record):
            held.add(event.format)
        if frame is not None and not (isinstance(event, Record) and event.index == frame):
            continue
        if offset is not None and offset not in event.span:
            continue
        if picker is not None:
            if picker.full or picker.beyond(event.span.start, event.index if isinstance(event, Record) else -1):
                return
            if isinstance(event, Record) and not picker.takes(event):
                continue
        if isinstance(event, Record):
            yield _frame(event, formats[event.format], alone)
        elif isinstance(event, Idle):
            yield Item("idle", event.span.start, len(event.span), None, (), ())
        else:
            gaps += 1
            yield _gap(event, examiner, run, alone or gaps <= DETAILED)
        if alone:
            return


def _frame(record: Record, format: Format, fields: bool) -> Item:
    seen = look(format, record.raw) if format.envelope is not None else Look("", 0, "", "", len(record.raw))
    candidate = _candidate(format, record.start, record.raw, seen, fields)
    return Item("frame", record.start, len(record.raw), record.index, (), (candidate,))


def _gap(gap: Gap, examiner: Examiner, run: AnyRun, fields: bool) -> Item:
    refused = []
    for offset, format, seen in examiner.examine(gap):
        framing = format.envelope.search.framing if format.envelope is not None else None
        length = seen.length or (format.max_frame if framing is not None else SHOWN * 4)
        raw = run.known(offset, offset + min(length, LARGEST))
        known = True
        if framing is not None and seen.length is None:
            extent = extent_of(framing, raw)
            raw = raw[: extent or SHOWN * 4]
            known = extent is None or is_stuffed(framing, raw)  # else what its fields are is not known
        causes = examiner.causes(gap, offset, format, seen)
        candidate = _candidate(format, offset, raw, seen, fields and known)
        refused.append(replace(candidate, causes=causes))
    return Item("gap", gap.span.start, len(gap.span), None, gap.reasons, tuple(refused))


def _candidate(format: Format, offset: int, raw: bytes, seen: Look, fields: bool) -> Candidate:
    spans: list[FieldSpan] = []
    frame = _OnWire(format, offset, raw)
    if format.envelope is not None and fields:
        spans = field_spans(format.envelope, frame.unit[:LARGEST])
    values = Values(format, raw) if spans else None
    pieces = tuple(frame.piece(span, values) for span in spans)
    return Candidate(
        format.name,
        offset,
        seen.length,
        seen.reason,
        seen.path,
        seen.message,
        seen.checks,
        _payload(format, frame, pieces, seen),
        pieces,
    )


class _OnWire:
    """A frame and its unit, whose fields are told by their places on the wire."""

    def __init__(self, format: Format, offset: int, raw: bytes) -> None:
        framing = format.envelope.search.framing if format.envelope is not None else None
        self.unit = raw if framing is None else unit_of(framing, raw)
        self.size = len(raw)
        self._offset = offset
        self._raw = raw
        self._places = None if framing is None else places_of(framing, raw)

    def piece(self, span: FieldSpan, values: Values | None = None) -> Piece:
        stop = min(span.stop, span.start + SHOWN)
        shown = values.of(span.path) if values is not None else None
        head = self.unit[span.start : stop]
        start = self._place(span.start)
        wire = self._raw[start : self._place(stop)] if self._places is not None else head
        return Piece(
            span.path, self._offset + start, span.stop - span.start, head, shown, wire if wire != head else b""
        )

    def _place(self, at: int) -> int:
        return at if self._places is None else self._places[min(at, len(self._places) - 1)]


def _payload(format: Format, frame: _OnWire, pieces: tuple[Piece, ...], seen: Look) -> Piece | None:
    envelope = format.envelope
    if envelope is None or envelope.decode.payload is None or seen.length is None:
        return None
    if seen.length == frame.size and (span := payload_span(envelope, frame.unit)) is not None:
        return frame.piece(FieldSpan(envelope.decode.payload, *span))
    return next((piece for piece in pieces if piece.path == envelope.decode.payload), None)


# ---------------------------------------------------------------- JSON form


def item_tree(item: Item) -> dict[str, Any]:
    """The plain tree of a stretch."""
    tree: dict[str, Any] = {"kind": item.kind, "offset": item.offset, "length": item.length}
    if item.kind == "idle":
        return tree
    if item.kind == "frame":
        return tree | {"index": item.index} | _candidate_tree(item.candidates[0])
    return tree | {
        "reasons": list(item.reasons),
        "refused": [_refused_tree(candidate) for candidate in item.candidates],
    }


def _candidate_tree(candidate: Candidate) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "format": candidate.format,
        "checksums": [
            {
                "field": check.field,
                "algorithm": check.algorithm,
                "offset": candidate.offset + check.offset,
                "stored": check.stored,
                "computed": check.computed,
                "holds": check.holds,
            }
            for check in candidate.checks
        ],
        "payload": None if candidate.payload is None else _piece_tree(candidate.payload),
    }
    if candidate.pieces:
        tree["fields"] = [_piece_tree(piece) for piece in candidate.pieces]
    return tree


def _refused_tree(candidate: Candidate) -> dict[str, Any]:
    head = {
        "offset": candidate.offset,
        "length": candidate.length,
        "reason": candidate.reason,
        "path": candidate.path,
        "message": candidate.message,
        "causes": [cause_tree(cause) for cause in candidate.causes],
    }
    return head | _candidate_tree(candidate)


def cause_tree(cause: Cause) -> dict[str, Any]:
    """The plain tree of what may have happened."""
    return {"kind": cause.kind, "offset": cause.offset, "message": cause.message}


def _piece_tree(piece: Piece) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "path": piece.path,
        "offset": piece.offset,
        "length": piece.length,
        "head": piece.head.hex(),
    }
    if piece.wire:
        tree["wire"] = piece.wire.hex()
    if piece.shown is not None:
        tree["value"] = piece.shown.value
        if piece.shown.physical is not None:
            tree["physical"] = render(piece.shown.physical).tree
            tree["unit"] = piece.shown.unit
    return tree
