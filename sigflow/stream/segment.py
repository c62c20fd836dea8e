"""The part of a stream that is at hand: its bytes, and where they stand.

Whoever looks at a place takes the segment and an index into its bytes, `at`; the offset in the stream is base + at.
"""

from __future__ import annotations

Buffer = bytes | bytearray

#: What comes behind the bytes at hand (`Segment.final`): more may come; nothing, the stream ends there; or nothing, for
#: it was cut there, maybe in the middle of a frame.
MORE, ENDS, BREAKS = 0, 1, 2


class Segment:
    """data: the bytes.  base: the offset of the first.  final: what comes behind them.  begins: where frames begin,
    behind what stands before all of them; -1 where they began before a cut.
    """

    __slots__ = ("base", "begins", "data", "final")

    def __init__(self, data: Buffer, base: int) -> None:
        self.data = data
        self.base = base
        self.final = MORE
        self.begins = 0
