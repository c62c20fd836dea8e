"""The frames of a stretch, packed: how long each is, what stands before it, and what it is told apart by.

A block is what lies between two checkpoints: it begins where a believed frame ends (the first at 0) and ends with a
frame, so that the state of the scan at its beginning is its offset and the lock behind frames, and nothing else.
Packed it is four columns, one behind the other:

    sizes   of each frame its bytes less those of the shortest, as unsigned numbers of `size_width` bytes
    codes   of each frame the number of its key, in the order in which keys first come, of `code_width` bytes
    kinds   of each frame the number of its kind, likewise, of `kind_width` bytes
    leads   for each frame that does not begin where the one before it ends: its place (4 bytes) and the bytes between
            (8 bytes)

All numbers are little-endian, a width of 0 says that all are 0.  A *key* is the format and stream of a frame.
`packing.pack` makes the same of the rows of a native scan, by machine code; `packed` is what it means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

#: Bytes of a column's numbers.
WIDTHS = (0, 1, 2, 4, 8)
#: Bytes of an entry of the leads: the place of the frame, and the bytes before it.
LEAD = 12
_LEADS = [("place", "<u4"), ("bytes", "<u8")]
#: Frames after which a sum is kept of the sizes.
STEP = 256
#: Frames of a block at most.
MOST_FRAMES = 1 << 20


class Packed(NamedTuple):
    """The frames of a block.  least: bytes of the shortest."""

    frames: int
    least: int
    size_width: int
    code_width: int
    kind_width: int
    leads: int
    data: bytes

    @property
    def wanted(self) -> int:
        """Bytes that `data` must have."""
        return self.frames * (self.size_width + self.code_width + self.kind_width) + LEAD * self.leads


class Unpacked(NamedTuple):
    """The same as arrays of int64.  starts, stops: as offsets in the stream.  codes, kinds: the numbers of keys and
    kinds.
    """

    starts: Array
    stops: Array
    codes: Array
    kinds: Array


def packed(starts: Array, stops: Array, codes: Array, kinds: Array, before: int) -> Packed:
    """Frames, at least one, in order; before: where the one before them ends."""
    import numpy as np

    sizes = stops - starts
    least = int(sizes.min())
    widths = key_width(int(sizes.max()) - least), key_width(int(codes.max())), key_width(int(kinds.max()))
    leads = starts - np.concatenate([np.array([before], np.int64), stops[:-1]])
    places = np.flatnonzero(leads)
    rows = np.zeros(len(places), _LEADS)
    rows["place"], rows["bytes"] = places, leads[places]
    columns = [_column(sizes - least, widths[0]), _column(codes, widths[1]), _column(kinds, widths[2]), rows.tobytes()]
    return Packed(len(starts), least, *widths, len(places), b"".join(columns))


def with_kinds(block: Packed, kinds: Array) -> Packed:
    """The same frames, which were all of one kind, each of the kind of this number."""
    width, at = key_width(int(kinds.max())), block.frames * (block.size_width + block.code_width)
    return block._replace(kind_width=width, data=block.data[:at] + _column(kinds, width) + block.data[at:])


def _column(numbers: Array, width: int) -> bytes:
    return numbers.astype(f"<u{width}").tobytes() if width else b""


def checked(block: Packed) -> Packed:
    """The same.  Raises `ValueError` where it cannot be a block: it may come from a file that somebody made up."""
    if not (
        0 < block.frames <= MOST_FRAMES
        and 0 <= block.leads <= block.frames
        and 0 < block.least < 1 << 62
        and block.size_width in WIDTHS
        and block.code_width in WIDTHS
        and block.kind_width in WIDTHS
        and len(block.data) == block.wanted
    ):
        raise ValueError("a block of frames that cannot be")
    return block


def sums_of(block: Packed) -> Array:
    """Up to each `STEP`th frame of a block, the sizes as they are packed."""
    import numpy as np

    if not block.size_width:
        return np.zeros(-(-block.frames // STEP), np.uint64)
    sizes = np.frombuffer(block.data, f"<u{block.size_width}", block.frames)
    by_step = np.add.reduceat(sizes, np.arange(0, block.frames, STEP), dtype=np.uint64)
    sums: Array = np.cumsum(by_step, dtype=np.uint64) - by_step
    return sums


def place(block: Packed, row: int, before: int, sums: Array) -> tuple[int, int, int]:
    """Of one frame of a block where it starts and stops, and the number of its key; all others need not be unpacked.

    sums: those of the block.  Where the block says what cannot be, so may this.
    """
    import numpy as np

    start, size, width, count = before + row * block.least, block.least, block.size_width, block.frames
    if width:
        step = row // STEP
        sizes = np.frombuffer(block.data, f"<u{width}", row % STEP + 1, step * STEP * width)
        size += int(sizes[-1])
        start += int(sums[step]) + int(sizes[:-1].sum(dtype=np.uint64))
    if block.leads:
        rows = np.frombuffer(block.data, _LEADS, block.leads, len(block.data) - LEAD * block.leads)
        start += int(rows["bytes"][: int(rows["place"].searchsorted(row, "right"))].sum())
    at, code = count * width + row * block.code_width, 0
    if block.code_width:
        code = int.from_bytes(block.data[at : at + block.code_width], "little")
    return start, start + size, code


def codes(block: Packed) -> Array:
    """Of each frame the number of its key, as the block keeps them."""
    import numpy as np

    width, count = block.code_width, block.frames
    if not width:
        return np.zeros(count, np.uint8)
    return np.frombuffer(block.data, f"<u{width}", count, count * block.size_width)


def stops_of(block: Packed, before: int) -> Array:
    """Where the frames of a block stop; as `place`, where it says what cannot be, so may this."""
    import numpy as np

    sizes: Any = block.least
    if block.size_width:
        sizes = np.frombuffer(block.data, f"<u{block.size_width}", block.frames).astype(np.int64) + block.least
    steps = np.full(block.frames, sizes, np.int64) if isinstance(sizes, int) else sizes
    if block.leads:
        rows = np.frombuffer(block.data, _LEADS, block.leads, len(block.data) - LEAD * block.leads)
        places = rows["place"]
        inside = places < block.frames
        steps[places[inside]] += rows["bytes"][inside].astype(np.int64)
    stops: Array = np.cumsum(steps) + before
    return stops


def row_at(block: Packed, before: int, offset: int) -> int | None:
    """The frame in which an offset lies, where all have the same size and follow each other; else None."""
    return None if block.size_width or block.leads else (offset - before) // block.least


def unpacked(block: Packed, before: int) -> Unpacked:
    """What was packed.  Raises `ValueError` where it cannot be."""
    import numpy as np

    checked(block)
    count = block.frames
    sizes = _numbers(block.data, 0, count, block.size_width) + block.least
    codes = _numbers(block.data, count * block.size_width, count, block.code_width)
    kinds = _numbers(block.data, count * (block.size_width + block.code_width), count, block.kind_width)
    steps = sizes.copy()
    if block.leads:
        rows = np.frombuffer(block.data, _LEADS, block.leads, len(block.data) - LEAD * block.leads)
        places, between = rows["place"].astype(np.int64), rows["bytes"].astype(np.int64)
        if (np.diff(places) <= 0).any() or places[-1] >= count or (between <= 0).any():
            raise ValueError("leads that cannot be")
        steps[places] += between
    if (steps <= 0).any() or int(steps.max()) > (1 << 62) // count or before + int(steps.sum()) >= 1 << 62:
        raise ValueError("frames beyond what there can be")
    stops = np.cumsum(steps) + before
    return Unpacked(stops - sizes, stops, codes, kinds)


def _numbers(data: bytes, at: int, count: int, width: int) -> Array:
    import numpy as np

    if not width:
        return np.zeros(count, np.int64)
    return np.frombuffer(data, f"<u{width}", count, at).astype(np.int64)


def key_width(greatest: int) -> int:
    """The bytes of a column whose greatest number this is."""
    return next(width for width in WIDTHS if greatest < 1 << 8 * width)
