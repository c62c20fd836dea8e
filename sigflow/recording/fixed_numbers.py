"""Numbers at fixed places of frames, where they can be read without looking at anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sigflow.runtime.column import Bits, Named, Number

if TYPE_CHECKING:
    from sigflow.columns.gather import Scalar
    from sigflow.stream.format import Format


class FixedNumber(NamedTuple):
    """A whole number at a fixed place of frames.

    at: its offset, from the end of the frame where it is negative.  size: its bytes, 1, 2, 4 or 8.  signed: whether it
    may be negative.  shift: how many bits stand below it; mask: those that are left.
    """

    at: int
    size: int
    big: bool
    signed: bool = False
    shift: int = 0
    mask: int = -1

    @property
    def needed(self) -> int:
        """Bytes that a frame must have."""
        return self.at + self.size if self.at >= 0 else -self.at

    def value(self, raw: int) -> int:
        """The number, from its bits as they are."""
        number = raw & (1 << 8 * self.size) - 1
        return number - (1 << 8 * self.size) if self.signed and number >> 8 * self.size - 1 else number

    def of(self, data: bytes) -> int:
        """The number in a frame that has `needed` bytes."""
        at = self.at if self.at >= 0 else len(data) + self.at
        number = int.from_bytes(data[at : at + self.size], "big" if self.big else "little", signed=self.signed)
        return number >> self.shift & self.mask


def fixed_number(scalar: Scalar | None, format: Format) -> FixedNumber | None:
    """Where the number stands in frames of the format; None where that is no whole number, or not told."""
    kind = scalar.kind.of if scalar is not None and isinstance(scalar.kind, Named) else scalar and scalar.kind
    if (
        scalar is None
        or not isinstance(kind, Number | Bits)
        or (isinstance(kind, Number) and kind.kind == "f")
        or format.envelope is None
        or format.envelope.search.framing is not None
    ):
        return None
    places = [column.place for column in scalar.way if column.place is not None]
    if len(places) < len(scalar.way) or (len(places) > 1 and any(start < 0 for start, _ in places)):
        return None
    start, stop = places[-1]
    at, size, big = sum(place[0] for place in places), (stop or 0) - start, kind.order != "le"
    if size not in (1, 2, 4, 8):
        return None
    if isinstance(kind, Number):
        return FixedNumber(at, size, big, signed=kind.kind == "s")
    return FixedNumber(at, size, big, shift=kind.shift, mask=(1 << kind.width) - 1) if kind.width < 64 else None
