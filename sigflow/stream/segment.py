"""The part of a stream that is at hand: its bytes, and where they stand.

Whoever looks at a place takes the segment and an index into its bytes, `at`; the offset in the stream is base + at.
"""

from __future__ import annotations

Buffer = bytes | bytearray


class Segment:
    """data: the bytes.  base: the offset of the first.  final: the stream ends with them."""

    __slots__ = ("base", "data", "final")

    def __init__(self, data: Buffer, base: int) -> None:
        self.data = data
        self.base = base
        self.final = False
