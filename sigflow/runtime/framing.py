"""What of a frame's bytes is its unit, where units do not stand on the wire as they are (`Framing`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Framing


def stretch_of(framing: Framing, raw: bytes) -> tuple[int, int]:
    """Where the unit stands in the bytes of a frame, still stuffed: behind what begins it, before what ends it."""
    if framing.delimiter:
        return 0, len(raw) - (len(framing.delimiter) if raw.endswith(framing.delimiter) else 0)
    return len(framing.start), len(raw) - len(framing.end) - framing.trailer


def extent_of(framing: Framing, raw: bytes) -> int | None:
    """The bytes of the frame, sound or not, that begins `raw`, by what ends it; None where that is not there."""
    begin, end = len(framing.start), framing.delimiter or framing.end
    if not end:
        return None
    if framing.stuffing is not None and framing.stuffing.kind in ("double", "escape"):
        place, _ = framing.stuffing.find_end(raw, end, begin, len(raw))
    else:
        place = raw.find(end, begin)
    stop = place + len(end) + framing.trailer
    return stop if place >= 0 and stop <= len(raw) else None


def _stuffed(framing: Framing, raw: bytes) -> bytes:
    start, stop = stretch_of(framing, raw)
    return raw[start:stop]


def _unstuffed(framing: Framing, stuffed: bytes) -> bytes | None:
    return framing.stuffing.unstuff(stuffed) if framing.stuffing is not None else stuffed


def is_stuffed(framing: Framing, raw: bytes) -> bool:
    """Whether the unit in the bytes of a frame is something that the stuffing gives."""
    return _unstuffed(framing, _stuffed(framing, raw)) is not None


def unit_of(framing: Framing, raw: bytes) -> bytes:
    """The unit of a whole frame; of bytes that are none, what stands where the unit would."""
    stuffed = _stuffed(framing, raw)
    unit = _unstuffed(framing, stuffed)
    return stuffed if unit is None else unit


def checked_of(framing: Framing, raw: bytes) -> bytes:
    """What the checksums of a whole frame see: the unit, and behind it the bytes of the trailer."""
    return unit_of(framing, raw) + raw[len(raw) - framing.trailer :] if framing.trailer else unit_of(framing, raw)


def places_of(framing: Framing, raw: bytes) -> list[int]:
    """For each byte that the checksums see where it begins in the bytes of the frame, and where the last one ends.

    Of bytes that are no whole frame, as far as they go.
    """
    start, stop = stretch_of(framing, raw)
    stuffed = raw[start:stop]
    inside = framing.stuffing.places(stuffed) if framing.stuffing is not None else range(len(stuffed) + 1)
    places = [start + place for place in inside]
    if framing.trailer:
        places[-1:] = range(len(raw) - framing.trailer, len(raw) + 1)
    return places
