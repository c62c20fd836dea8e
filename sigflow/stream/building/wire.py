"""A unit as it stands on the wire: stuffed, between its delimiters or behind its literal, with its trailer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow.runtime.framing import stretch_of, unit_of

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Framing


def on_wire(framing: Framing | None, unit: bytes, trailer: bytes = b"", before: bytes | None = None) -> bytes:
    """The bytes of a frame with this unit.

    before: the frame that the unit was read from.  Where the unit is the same, so is the frame: stuffing may be freer
    than the way that is chosen here.
    """
    if framing is None:
        return unit
    stuffed = None
    if before is not None and unit_of(framing, before) == unit:
        start, stop = stretch_of(framing, before)
        stuffed = before[start:stop]
    if stuffed is None:
        reserved = bytes(sorted({*framing.delimiter, *framing.start, *framing.end}))
        stuffed = framing.stuffing.stuff(unit, reserved) if framing.stuffing is not None else unit
    if not framing.delimiter:
        return framing.start + stuffed + framing.end + trailer
    is_open = before is not None and framing.last_open and not before.endswith(framing.delimiter)
    return stuffed if is_open else stuffed + framing.delimiter


def trailer_of(framing: Framing | None, before: bytes | None) -> bytes:
    """What stands behind the end of a unit: that of the frame it was read from, else zeros, for a checksum."""
    size = framing.trailer if framing is not None else 0
    if not size:
        return b""
    return before[len(before) - size :] if before is not None else bytes(size)
