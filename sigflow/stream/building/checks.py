"""The checksums of a frame that is being built: computed last, over the bytes as built."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from sigflow.frozen import frozen
from sigflow.runtime.envelope import Measured
from sigflow.runtime.measure import WIRE_ERRORS, maybe_advance
from sigflow.runtime.stored import layouts_in, of_wire, written
from sigflow.runtime.window import Window
from sigflow.stream.building.wire import on_wire
from sigflow.stream.shown import Check, check_of

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Checksum, Envelope, Layout


@frozen
class Checked:
    """A unit and its trailer with their checksums.  refused: why it is no frame, "" where it is one.

    changed: the checksums that were computed, with the values that stood there.  open: checksums that nothing that
    could be stored would make hold.
    """

    unit: bytes
    trailer: bytes
    refused: str = ""
    changed: tuple[Check, ...] = ()
    open: tuple[Check, ...] = ()


def measured_of(envelope: Envelope, unit: bytes, limit: int) -> Measured | str:
    """The measure of a whole unit, or why it is refused."""
    search = envelope.search
    marks = search.sync if search.aborted_by_sync else ()  # which a header must not hold, since the scan asks for that
    window = Window(unit, 0, len(unit), max(limit, len(unit)), marks, closed=search.closed)
    measured = maybe_advance(envelope.measure.incremental(window), envelope.measure.reasons)
    if measured is None:
        return "it would need more bytes"
    if isinstance(measured, Measured) and measured.length != len(unit):
        return f"it is {len(unit)} bytes long, but its fields say {measured.length}"
    return measured


def with_checksums(envelope: Envelope, unit: bytes, trailer: bytes, limit: int, keep: Collection[str] = ()) -> Checked:
    """A unit with all its checksums but those whose fields `keep` names.

    A checksum that another covers has to be there first: they are computed until all of them hold.
    """
    changed: dict[int, Check] = {}
    rest: list[Check] = []
    checksums = envelope.search.checksums
    for _ in range(len(checksums) + 2):
        measured = measured_of(envelope, unit, limit)
        if isinstance(measured, str):
            return Checked(unit, trailer, measured, tuple(changed.values()))
        rest = []
        for checksum, layout in _laid(envelope, measured, unit, trailer):
            raw = unit + trailer
            check = check_of(checksum, layout, raw)
            if check.holds or _named(checksum.field, keep):
                continue
            if check.computed is None or checksum.order == "told":
                rest.append(check)
                continue
            field = raw[check.offset : check.offset + check.size]
            fresh = written(checksum, check.computed, field)
            if len(fresh) != len(field):
                rest.append(check)
                continue
            changed.setdefault(check.offset, check)
            raw = raw[: check.offset] + fresh + raw[check.offset + check.size :]
            unit, trailer = raw[: len(unit)], raw[len(unit) :]
            rest.append(check)
        if not rest:
            break
    return Checked(unit, trailer, "", tuple(changed.values()), tuple(rest))


def _named(field: str, keep: Collection[str]) -> bool:
    return "all" in keep or field in keep


def _laid(envelope: Envelope, measured: Measured, unit: bytes, trailer: bytes) -> Iterator[tuple[Checksum, Layout]]:
    """The checksums of a frame, with their layouts."""
    wire: bytes | None = None
    for number, checksum in enumerate(envelope.search.checksums):
        if checksum.stored is not None and checksum.pieces is not None:
            yield checksum, (checksum.stored, checksum.pieces)
            continue
        laid = measured.checks[number]
        if checksum.wire and envelope.search.framing is not None:
            wire = wire or on_wire(envelope.search.framing, unit, trailer)
            laid = of_wire(laid, envelope.search.framing, wire)
        for layout in layouts_in(checksum, laid):
            yield checksum, layout
    for elements in envelope.decode.elements:
        try:
            layouts = elements.layouts(envelope.decode.parse(unit, None)) or ()
        except WIRE_ERRORS:
            continue
        for layout in layouts:
            yield elements.checksum, layout
