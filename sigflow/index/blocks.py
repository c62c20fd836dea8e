"""The frames of a stretch, packed: how long each is, what stands before it, and what it is told apart by.

A block is what lies between two checkpoints: it begins where a believed frame ends (the first at 0) and ends with a
frame, so that the state of the scan at its beginning is its offset and the lock behind frames, and nothing else.
Packed it is three columns, one behind the other:

    sizes   of each frame its bytes less those of the shortest, as unsigned numbers of `size_width` bytes
    codes   of each frame the number of its key, in the order in which keys first come, of `code_width` bytes
    leads   for each frame that does not begin where the one before it ends: its place (4 bytes) and the bytes between
            (8 bytes)

All numbers are little-endian, a width of 0 says that all are 0.  A *key* is what frames are told apart by: format,
kind, stream.  `pack` makes the same of the rows of a native scan, compiled where that pays; `packed` is what it means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.runtime.box import MARK_UNCOUNTED, MARK_UNTOLD

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

#: Bytes of a column's numbers.
WIDTHS = (0, 1, 2, 4, 8)
#: Bytes of an entry of the leads: the place of the frame, and the bytes before it.
LEAD = 12
_LEADS = [("place", "<u4"), ("bytes", "<u8")]
#: Frames of a block at most.
MOST_FRAMES = 1 << 20


class Packed(NamedTuple):
    """The frames of a block.  least: bytes of the shortest."""

    frames: int
    least: int
    size_width: int
    code_width: int
    leads: int
    data: bytes

    @property
    def wanted(self) -> int:
        """Bytes that `data` must have."""
        return self.frames * (self.size_width + self.code_width) + LEAD * self.leads


class Unpacked(NamedTuple):
    """The same as arrays of int64.  starts, stops: as offsets in the stream.  codes: the numbers of keys."""

    starts: Array
    stops: Array
    codes: Array


def packed(starts: Array, stops: Array, codes: Array, before: int) -> Packed:
    """Frames, at least one, in order; before: where the one before them ends."""
    import numpy as np

    sizes = stops - starts
    least = int(sizes.min())
    widths = key_width(int(sizes.max()) - least), key_width(int(codes.max()))
    leads = starts - np.concatenate([np.array([before], np.int64), stops[:-1]])
    places = np.flatnonzero(leads)
    rows = np.zeros(len(places), _LEADS)
    rows["place"], rows["bytes"] = places, leads[places]
    columns = [_column(sizes - least, widths[0]), _column(codes, widths[1]), rows.tobytes()]
    return Packed(len(starts), least, *widths, len(places), b"".join(columns))


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
        and len(block.data) == block.wanted
    ):
        raise ValueError("a block of frames that cannot be")
    return block


def place(block: Packed, row: int, before: int) -> tuple[int, int, int]:
    """Of one frame of a block where it starts and stops, and the number of its key; all others need not be unpacked.

    Where the block says what cannot be, so may this.
    """
    import numpy as np

    start, size, width, count = before + row * block.least, block.least, block.size_width, block.frames
    if width:
        sizes = np.frombuffer(block.data, f"<u{width}", row + 1)
        size += int(sizes[row])
        start += int(sizes[:row].sum(dtype=np.uint64))
    if block.leads:
        rows = np.frombuffer(block.data, _LEADS, block.leads, count * (width + block.code_width))
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
    steps = sizes.copy()
    if block.leads:
        behind = count * (block.size_width + block.code_width)
        rows = np.frombuffer(block.data, _LEADS, block.leads, behind)
        places, between = rows["place"].astype(np.int64), rows["bytes"].astype(np.int64)
        if (np.diff(places) <= 0).any() or places[-1] >= count or (between <= 0).any():
            raise ValueError("leads that cannot be")
        steps[places] += between
    if (steps <= 0).any() or int(steps.max()) > (1 << 62) // count or before + int(steps.sum()) >= 1 << 62:
        raise ValueError("frames beyond what there can be")
    stops = np.cumsum(steps) + before
    return Unpacked(stops - sizes, stops, codes)


def _numbers(data: bytes, at: int, count: int, width: int) -> Array:
    import numpy as np

    if not width:
        return np.zeros(count, np.int64)
    return np.frombuffer(data, f"<u{width}", count, at).astype(np.int64)


# ---------------------------------------------------------------- kernel code

#: Rows of the table of keys, by a hash: twice its format's number and whether it counts, + 1; its stream; its code; the
#: least and the greatest counter, in an order that holds for unsigned numbers; the last one, and whether each was
#: greater than the one before.
KEY_FORMAT = 0
KEY_STREAM = 1
KEY_CODE = 2
KEY_LEAST = 3
KEY_GREATEST = 4
KEY_LAST = 5
KEY_RISING = 6
KEY_COLUMNS = 7
KEYS = 8192
#: Keys of a block at most: so that a place in the table is soon found.
MOST_KEYS = 4096
#: What is told of a block: rows that were packed, keys, bytes of the shortest frame, widths, leads, bytes of all
#: columns, and whether a counter was not told, which its record must tell.
ROWS_PACKED = 0
KEYS_FOUND = 1
LEAST_SIZE = 2
SIZE_WIDTH = 3
CODE_WIDTH = 4
LEADS = 5
BYTES_PACKED = 6
NOT_TOLD = 7
OUTCOMES = 8
#: The sign of a number of 64 bits: with it turned, unsigned numbers are in the order of signed ones.
SIGN = -0x8000000000000000


def pack(
    frames: Any, marks: Any, end: Any, before: Any, told: Any, out: Any, table: Any, order: Any, outcome: Any
) -> Any:
    """Pack the first rows of a native scan, up to `end`, or so many as have not too many keys.

    before: where the frame before them ends.  told: by format, 0 where it has no counter.  out: room for 24 bytes a
    row.  table: of zeros; order: its rows in the order of their codes.
    """
    keys = 0
    least = frames[0, 1] - frames[0, 0]
    most = least
    leads = 0
    stop = before
    outcome[NOT_TOLD] = 0
    row = 0
    codes_at = 8 * end
    leads_at = 12 * end
    while row < end:
        k = marks[row, 0]
        counts = told[k]
        stream = 0
        counter = 0
        if counts:
            if marks[row, 1] & MARK_UNTOLD:
                outcome[NOT_TOLD] = 1
            if marks[row, 1] & MARK_UNCOUNTED:
                counts = 0
            else:
                stream = frames[row, 3]
                counter = frames[row, 2] ^ SIGN
        place = key_place(2 * k + counts + 1, stream, table)
        if table[place, KEY_FORMAT] == 0:
            if keys == MOST_KEYS:
                break
            table[place, KEY_FORMAT] = 2 * k + counts + 1
            table[place, KEY_STREAM] = stream
            table[place, KEY_CODE] = keys
            table[place, KEY_LEAST] = counter
            table[place, KEY_GREATEST] = counter
            table[place, KEY_RISING] = 1
            order[keys] = place
            keys += 1
        elif counter <= table[place, KEY_LAST]:
            table[place, KEY_RISING] = 0
        table[place, KEY_LAST] = counter
        table[place, KEY_LEAST] = min(table[place, KEY_LEAST], counter)
        table[place, KEY_GREATEST] = max(table[place, KEY_GREATEST], counter)
        put2le(out, codes_at + 2 * row, table[place, KEY_CODE])
        start = frames[row, 0]
        if start != stop:
            put4le(out, leads_at + LEAD * leads, row)
            put4le(out, leads_at + LEAD * leads + 4, start - stop)
            put4le(out, leads_at + LEAD * leads + 8, start - stop >> 32)
            leads += 1
        stop = frames[row, 1]
        size = stop - start
        least = min(least, size)
        most = max(most, size)
        row += 1
    size_width = key_width(most - least)
    code_width = key_width(keys - 1)
    at = 0
    if size_width == 1:
        for n in range(row):
            out[n] = frames[n, 1] - frames[n, 0] - least
    elif size_width == 2:
        for n in range(row):
            put2le(out, 2 * n, frames[n, 1] - frames[n, 0] - least)
    elif size_width == 4:
        for n in range(row):
            put4le(out, 4 * n, frames[n, 1] - frames[n, 0] - least)
    elif size_width == 8:
        for n in range(row):
            put4le(out, 8 * n, frames[n, 1] - frames[n, 0] - least)
            put4le(out, 8 * n + 4, frames[n, 1] - frames[n, 0] - least >> 32)
    at = size_width * row
    if code_width == 1:
        for n in range(row):
            out[at + n] = out[codes_at + 2 * n]
    elif code_width == 2:
        for n in range(2 * row):
            out[at + n] = out[codes_at + n]
    at += code_width * row
    for n in range(LEAD * leads):
        out[at + n] = out[leads_at + n]
    outcome[ROWS_PACKED] = row
    outcome[KEYS_FOUND] = keys
    outcome[LEAST_SIZE] = least
    outcome[SIZE_WIDTH] = size_width
    outcome[CODE_WIDTH] = code_width
    outcome[LEADS] = leads
    outcome[BYTES_PACKED] = at + LEAD * leads
    return row


def key_place(format: Any, stream: Any, table: Any) -> Any:
    """The row of a key, or a free one for it."""
    place = (stream * 40503 + format * 977 + (stream >> 13)) & (KEYS - 1)
    while table[place, KEY_FORMAT] != 0 and (table[place, KEY_FORMAT] != format or table[place, KEY_STREAM] != stream):
        place = (place + 1) & (KEYS - 1)
    return place


def key_width(greatest: Any) -> Any:
    """The bytes of a column whose greatest number this is."""
    width = 0
    if greatest > 0:
        width = 1
    if greatest > 0xFF:
        width = 2
    if greatest > 0xFFFF:
        width = 4
    if greatest > 0xFFFFFFFF:
        width = 8
    return width


def put2le(out: Any, at: Any, number: Any) -> Any:
    """Write a number of two bytes."""
    out[at] = number & 255
    out[at + 1] = number >> 8 & 255


def put4le(out: Any, at: Any, number: Any) -> Any:
    """Write a number of four bytes."""
    put2le(out, at, number)
    put2le(out, at + 2, number >> 16)
