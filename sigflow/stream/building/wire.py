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
    reserved = bytes(sorted({*framing.delimiter, *framing.start, *framing.end}))
    stuffed = unit
    if framing.stuffing is not None:
        again = _as_before(framing, unit, before, reserved) if before is not None else None
        stuffed = framing.stuffing.stuff(unit, reserved) if again is None else again
    if not framing.delimiter:
        return framing.start + stuffed + framing.end + trailer
    is_open = before is not None and framing.last_open and not before.endswith(framing.delimiter)
    return stuffed if is_open else stuffed + framing.delimiter


def _as_before(framing: Framing, unit: bytes, before: bytes, reserved: bytes) -> bytes | None:
    """A unit stuffed as the one before was, where it is the same; None where nothing can be taken from there."""
    stuffing = framing.stuffing
    assert stuffing is not None
    old = unit_of(framing, before)
    start, stop = stretch_of(framing, before)
    raw = before[start:stop]
    if old == unit:
        return raw
    if stuffing.kind not in ("escape", "double") or len(stuffing.mark) != 1 or stuffing.unstuff(raw) != old:
        return None
    # Every byte is stuffed by itself: what both begin and end with, and of units of one length every byte that is the
    # same, stands as it stood.
    places = stuffing.places(raw)
    ends = [*places[1:], len(raw)]
    if len(old) == len(unit):
        same = [at for at in range(len(unit)) if unit[at] == old[at]]
        pieces = {at: raw[places[at] : ends[at]] for at in same}
        return b"".join(pieces.get(at) or stuffing.stuff(unit[at : at + 1], reserved) for at in range(len(unit)))
    most = min(len(old), len(unit))
    head = next((at for at in range(most) if old[at] != unit[at]), most)
    tail = next((at for at in range(most - head) if old[-1 - at] != unit[-1 - at]), most - head)
    middle = stuffing.stuff(unit[head : len(unit) - tail], reserved)
    return raw[: places[head]] + middle + raw[places[len(old) - tail] :]


def trailer_of(framing: Framing | None, before: bytes | None) -> bytes:
    """What stands behind the end of a unit: that of the frame it was read from, else zeros, for a checksum."""
    size = framing.trailer if framing is not None else 0
    if not size:
        return b""
    return before[len(before) - size :] if before is not None else bytes(size)
