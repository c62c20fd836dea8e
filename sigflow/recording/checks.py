"""The checksums of one frame, stored and computed, for people: `inspect` and the diagnostics of refused frames.

The scan has its own, faster way; this one looks at a single frame whose bytes are all there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigflow import checksums
from sigflow.runtime.stored import decoded, number

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Checksum, Envelope, Layout, Measured, Piece


@dataclass(frozen=True, slots=True)
class Check:
    """One checksum of one frame.  `offset`: where the stored value stands in the frame; `size`: its bytes.

    `stored` is None where the bytes there are not a number (text that is not hexadecimal), `computed` is None where a
    text that it covers spells no bytes.  `width`: bits of the value.
    """

    field: str
    algorithm: str
    offset: int
    size: int
    stored: int | None
    computed: int | None
    over: str = ""
    width: int = 0

    @property
    def holds(self) -> bool:
        """Whether the two values are equal."""
        return self.stored == self.computed is not None

    def hex(self, value: int | None) -> str:
        """A value with all its digits."""
        if value is None:
            return "not a number"
        digits = 2 * -(-self.width // 8)
        return f"0x{value:0{digits}x}" if value >= 0 else f"-0x{-value:0{digits}x}"


def checks_of(envelope: Envelope, measured: Measured, raw: bytes) -> list[Check]:
    """Every checksum that the frame `raw`, which was measured to be that long, has."""
    return [_check(envelope.search.checksums[number], number, measured, raw) for number in present(envelope, measured)]


def present(envelope: Envelope, measured: Measured) -> list[int]:
    """The numbers of the checksums that a frame has."""
    return [n for n, checksum in enumerate(envelope.search.checksums) if _layout(checksum, n, measured) is not None]


def _layout(checksum: Checksum, number: int, measured: Measured) -> Layout | None:
    if checksum.stored is not None and checksum.pieces is not None:
        return checksum.stored, checksum.pieces
    return measured.checks[number]


def _check(checksum: Checksum, index: int, measured: Measured, raw: bytes) -> Check:
    layout = _layout(checksum, index, measured)
    assert layout is not None  # the frame has it
    at, pieces = layout[0], layout[1]
    told = layout[2] if len(layout) == 3 else None
    at = at if at >= 0 else len(raw) + at
    covered = bytearray(raw)
    if checksum.zeroed:
        covered[at : at + checksum.size] = bytes(checksum.size)
    algorithm = checksums.get(checksum.algorithm) if checksum.algorithm is not None else None
    parts = [_bytes(piece, covered) for piece in pieces]
    computed = told
    if algorithm is not None:
        known = [part for part in parts if part is not None]
        computed = algorithm.compute(b"".join(known)) if len(known) == len(parts) else None
    return Check(
        checksum.field,
        checksums.name_of(checksum.algorithm),
        at,
        checksum.size,
        told if checksum.order == "told" else number(checksum, raw[at : at + checksum.size]),
        computed,
        checksum.over,
        algorithm.width if algorithm is not None else 8 * checksum.size,
    )


def _bytes(piece: Piece, raw: bytearray) -> bytes | None:
    """What a piece stands for; None for a text that spells no bytes."""
    if isinstance(piece, bytes):
        return piece
    start, stop = (at if at is None or at >= 0 else len(raw) + at for at in piece[:2])
    covered = bytes(raw[start:stop])
    return decoded(covered, piece[2]) if len(piece) == 3 else covered
