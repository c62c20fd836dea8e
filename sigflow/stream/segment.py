"""The part of a stream that is at hand: its bytes, and where they stand.

Whoever looks at a place takes the segment and an index into its bytes, `at`; the offset in the stream is base + at.
"""

from __future__ import annotations

Buffer = bytes | bytearray


class Segment:
    """data: the bytes.  base: the offset of the first.  final: the stream ends with them.  begins: where frames begin,
    behind what stands before all of them.
    """

    __slots__ = ("base", "begins", "data", "final")

    def __init__(self, data: Buffer, base: int) -> None:
        self.data = data
        self.base = base
        self.final = False
        self.begins = 0
