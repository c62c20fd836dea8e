"""The checksums of one frame, stored and computed, for people: `inspect` and the diagnostics of refused frames.

The scan has its own, faster way; this one looks at a single frame whose bytes are all there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigflow import checksums

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Checksum, Envelope, Measured, Piece


@dataclass(frozen=True, slots=True)
class Check:
    """One checksum of one frame.  `offset`: where the stored value stands in the frame; `size`: its bytes.

    `stored` is None where the bytes there are not a number (text that is not hexadecimal).
    """

    field: str
    algorithm: str
    offset: int
    size: int
    stored: int | None
    computed: int
    over: str = ""

    @property
    def holds(self) -> bool:
        """Whether the two values are equal."""
        return self.stored == self.computed

    def hex(self, value: int | None) -> str:
        """A value with all its digits."""
        digits = self.size if self.size % 2 == 0 and self.algorithm == "xor-8" else self.size * 2
        return "not a number" if value is None else f"0x{value:0{digits}x}"


def checks_of(envelope: Envelope, measured: Measured, raw: bytes) -> list[Check]:
    """Every checksum that the frame `raw`, which was measured to be that long, has."""
    return [_check(envelope.search.checksums[number], number, measured, raw) for number in present(envelope, measured)]


def present(envelope: Envelope, measured: Measured) -> list[int]:
    """The numbers of the checksums that a frame has."""
    return [n for n, checksum in enumerate(envelope.search.checksums) if _layout(checksum, n, measured) is not None]


def _layout(checksum: Checksum, number: int, measured: Measured) -> tuple[int, tuple[Piece, ...]] | None:
    if checksum.stored is not None and checksum.pieces is not None:
        return checksum.stored, checksum.pieces
    return measured.checks[number]


def _check(checksum: Checksum, number: int, measured: Measured, raw: bytes) -> Check:
    layout = _layout(checksum, number, measured)
    assert layout is not None  # the frame has it
    at, pieces = layout
    at = at if at >= 0 else len(raw) + at
    covered = bytearray(raw)
    if checksum.zeroed:
        covered[at : at + checksum.size] = bytes(checksum.size)
    algorithm = checksums.get(checksum.algorithm)
    computed = algorithm.compute(b"".join(_bytes(piece, covered) for piece in pieces))
    return Check(
        checksum.field,
        algorithm.name,
        at,
        checksum.size,
        _stored(raw[at : at + checksum.size], checksum.order),
        computed,
        checksum.over,
    )


def _bytes(piece: Piece, raw: bytearray) -> bytes:
    if isinstance(piece, bytes):
        return piece
    start, stop = (at if at is None or at >= 0 else len(raw) + at for at in piece)
    return bytes(raw[start:stop])


def _stored(field: bytes, order: str) -> int | None:
    if order == "hex":
        try:
            return int(field.decode("ascii"), 16)
        except ValueError:
            return None
    return int.from_bytes(field, "little" if order == "little" else "big")
