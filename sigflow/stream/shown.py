"""One checksum of one frame, stored and computed, for people: `inspect`, the diagnostics of refused frames and records.

The scan has its own, faster way; this one looks at a single frame whose bytes are all there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow import checksums
from sigflow.frozen import frozen
from sigflow.runtime.stored import decoded, number

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Checksum, Layout, Piece


@frozen
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

    @property
    def values(self) -> str:
        """Both values, how they are computed, and over what."""
        over = f" over {self.over}" if self.over else ""
        return f"stored {self.hex(self.stored)}, computed {self.hex(self.computed)} ({self.algorithm}{over})"

    def hex(self, value: int | None) -> str:
        """A value with all its digits."""
        if value is None:
            return "not a number"
        digits = 2 * -(-self.width // 8)
        return f"0x{value:0{digits}x}" if value >= 0 else f"-0x{-value:0{digits}x}"


def check_of(checksum: Checksum, layout: Layout, raw: bytes) -> Check:
    """The checksum of this layout in the frame `raw`."""
    at, pieces = layout[0], layout[1]
    told = layout[2] if len(layout) == 3 else None
    at = at if at >= 0 else len(raw) + at
    covered: bytes | bytearray = raw
    if checksum.zeroed:
        covered = bytearray(raw)
        covered[at : at + checksum.size] = bytes(checksum.size)
    algorithm = checksums.get(checksum.algorithm) if checksum.algorithm is not None else None
    parts = [_bytes(piece, covered) for piece in pieces]
    computed = told
    if algorithm is not None:
        # Piece by piece, where they stand: a frame may be large, and nothing of it is copied.
        state = algorithm.begin()
        for part in parts:
            state = algorithm.update(state, part) if part is not None else state
        computed = algorithm.finish(state) if None not in parts else None
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


def _bytes(piece: Piece, raw: bytes | bytearray) -> bytes | memoryview | None:
    """What a piece stands for; None for a text that spells no bytes."""
    if isinstance(piece, bytes):
        return piece
    start, stop = (at if at is None or at >= 0 else len(raw) + at for at in piece[:2])
    covered = memoryview(raw)[start:stop]
    return decoded(bytes(covered), piece[2]) if len(piece) == 3 else covered
