"""Where bytes are written: a stream that grows, with a position, bits that wait for the rest of their byte, and an
account of which bytes were written.

It is a stream of the reader, too, over the bytes that the last round of writing gave: so what expressions of a spec ask
of a stream, and the instances that they read from it, mean the same as where the bytes are read.
"""

from __future__ import annotations

from sigflow.runtime.stream import KaitaiStream


class Sink(KaitaiStream):
    """One stream.  before: its bytes as the last round wrote them.  size: how many it has, where that is known
    otherwise.

    source: the bytes that stood here before, when what is written was read from them; else None.
    """

    def __init__(self, before: bytes = b"", size: int | None = None, source: bytes | None = None) -> None:
        super().__init__(before)
        self.data = bytearray()
        self.source = source
        #: The path of the object that is written here, and of its last bit field.
        self.path: tuple[str | int, ...] = ()
        self.bits_path: tuple[str | int, ...] = ()
        #: Bytes of a terminator that were written last, and are not needed where the stream ends.
        self.optional = 0
        if size is not None:
            self._end = size
            self._data = before[:size].ljust(max(size, 0), b"\0")
        self._spare_bits = 0  # bits of the last byte that are not written yet
        self._spare_low = 0  # the lowest of them
        #: Ranges that were written, in the order of writing; those that touch are joined.
        self.ranges: list[list[int]] = []

    def is_eof(self) -> bool:
        """Whether all bytes that there are, as far as that is known, were written."""
        return self._pos >= self._end and not self._spare_bits

    def seek(self, n: int) -> None:
        """Go on at offset n."""
        super().seek(n)
        self._spare_bits = 0

    # ---------------------------------------------------------------- bytes and bits

    def write(self, data: bytes) -> None:
        """Bytes at the position.  Bits that are missing to a whole byte stay as they are."""
        self._spare_bits = 0
        self._put(data)

    def _put(self, data: bytes) -> None:
        if not data:
            return
        self.optional = 0
        pos, stop = self._pos, self._pos + len(data)
        if pos > len(self.data):
            self.data.extend(bytes(pos - len(self.data)))
        self.data[pos:stop] = data
        self._pos = stop
        if self.ranges and self.ranges[-1][1] == pos:
            self.ranges[-1][1] = stop
        else:
            self.ranges.append([pos, stop])

    def write_bits(self, value: int, width: int, order: str, rest: int = 0) -> None:
        """A bit field of so many bits.  order: `be`, from the most significant bit of each byte on, or `le`.

        rest: what stands in the bits of its last byte until other fields are written there.
        """
        little = order == "le"
        left = self._spare_bits
        if left:  # (a field of the other order goes on in the same byte, at its other end)
            take = min(left, width)
            shift = self._spare_low if little else self._spare_low + left - take
            part = value & ((1 << take) - 1) if little else value >> (width - take)
            byte, mask = self.data[self._pos - 1], ((1 << take) - 1) << shift
            self.data[self._pos - 1] = byte & ~mask | (part & ((1 << take) - 1)) << shift
            self._spare_bits = left - take
            self._spare_low += take if little else 0
            width -= take
            value = value >> take if little else value & ((1 << width) - 1)
        if not width:
            self.data[self._pos - 1] |= rest if self._spare_bits else 0
            return
        size = (width + 7) // 8
        spare = 8 * size - width
        raw = (value if little else value << spare).to_bytes(size, "little" if little else "big")
        if spare:
            raw = raw[:-1] + bytes((raw[-1] | rest,))
        self._put(raw)
        self._spare_bits, self._spare_low = spare, 8 - spare if little else 0

    def align(self) -> int:
        """Begin the next byte; returns what the source has in the bits of the last one that no field has."""
        spare, self._spare_bits = self._spare_bits, 0
        if not spare or self.source is None or self._pos > len(self.source):
            return 0
        rest = self.source[self._pos - 1] & ((1 << spare) - 1) << self._spare_low
        self.data[self._pos - 1] |= rest
        return rest

    def holes(self) -> list[tuple[int, int]]:
        """The ranges [start, stop) within what was written that nothing was written into, in order."""
        holes, at = [], 0
        for start, stop in sorted(self.ranges):
            if start > at:
                holes.append((at, start))
            at = max(at, stop)
        return holes
