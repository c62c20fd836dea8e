"""The rows of a native scan, packed into blocks: kernel code, which says the same uncompiled, and what it works with.

Beside the rows it reads the numbers that frames hold at fixed places and are told apart by: their kinds and times.
"""

from __future__ import annotations

from typing import Any

from sigflow.index.blocks import LEAD
from sigflow.reads import u1, u2be, u2le, u4be, u4le, u8be, u8le
from sigflow.runtime.box import MARK_UNCOUNTED, MARK_UNTOLD

#: Rows of the table of keys, by a hash: twice its format's number and whether it counts, + 1; its stream; its code; the
#: least and the greatest counter, in an order that holds for unsigned numbers; the last one, and whether each was
#: greater than the one before.  The table of kinds has the same: the format's number + 2, or 1 where it has none, its
#: number, and its code.
KEY_FORMAT = 0
KEY_STREAM = 1
KEY_CODE = 2
KEY_LEAST = 3
KEY_GREATEST = 4
KEY_LAST = 5
KEY_RISING = 6
KEY_COLUMNS = 7
KEYS = 8192
#: Keys, and kinds, of a block at most: so that a place in the table is soon kind_count.
MOST_KEYS = 4096
#: What is read of the frames of a format.  Of its kind the offset in the frame, from the end where it is negative; the
#: form (`FORMS`, -1: no kind); the bits that are shifted out, and the mask of those that are left.  Of its time offset
#: and form, and what is turned and then taken away, so that signed and unsigned numbers are in order.  Bytes that a
#: frame must have for that.
KIND_AT = 0
KIND_FORM = 1
KIND_SHIFT = 2
KIND_MASK = 3
TIME_AT = 4
TIME_FORM = 5
TIME_TURNED = 6
TIME_LESS = 7
NEEDED = 8
TRAITS = 9
#: What is told of the times of a format: of how many frames, the least and the greatest, the last, and whether none is
#: less than the one before.
TIMED = 0
TIME_LEAST = 1
TIME_GREATEST = 2
TIME_LAST = 3
TIME_RISING = 4
TIMES = 5
#: What is told of a block: rows that were packed, keys, bytes of the shortest frame, widths, leads, bytes of all
#: columns, whether something was not told, for which records must be asked, and kinds.
ROWS_PACKED = 0
KEYS_FOUND = 1
LEAST_SIZE = 2
SIZE_WIDTH = 3
CODE_WIDTH = 4
KIND_WIDTH = 5
LEADS = 6
BYTES_PACKED = 7
NOT_TOLD = 8
KINDS_FOUND = 9
OUTCOMES = 10
#: Bytes of `out` for a row.
ROOM = 24
#: The sign of a number of 64 bits: with it turned, unsigned numbers are in the order of signed ones.
SIGN = -0x8000000000000000
#: The number of a form by its bytes and whether it is big-endian.
FORMS = {
    (1, True): 0, (1, False): 0, (2, True): 1, (2, False): 2,
    (4, True): 3, (4, False): 4, (8, True): 5, (8, False): 6,
}  # fmt: skip


def pack(
    data: Any,
    frames: Any,
    marks: Any,
    end: Any,
    before: Any,
    told: Any,
    traits: Any,
    out: Any,
    table: Any,
    order: Any,
    kinds: Any,
    kind_order: Any,
    times: Any,
    outcome: Any,
) -> Any:
    """Pack the first rows of a native scan, up to `end`, or so many as have not too many keys and kinds.

    data: of which the rows tell places.  before: where the frame before them ends.  told: by format, 0 where it has no
    counter.  traits: by format.  out: room for `ROOM` bytes a row.  table, kinds: of zeros; order, kind_order: their
    rows in the order of their codes.  times: by format, of zeros.
    """
    keys = 0
    kind_count = 0
    least = frames[0, 1] - frames[0, 0]
    most = least
    leads = 0
    stop = before
    outcome[NOT_TOLD] = 0
    row = 0
    codes_at = 8 * end
    kinds_at = 10 * end
    leads_at = 12 * end
    while row < end:
        k = marks[row, 0]
        start = frames[row, 0]
        after = frames[row, 1]
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
        kind_format = 1
        kind = 0
        if after - start < traits[k, NEEDED]:
            outcome[NOT_TOLD] = 1
        elif traits[k, KIND_FORM] >= 0:
            kind_format = k + 2
            at = (start if traits[k, KIND_AT] >= 0 else after) + traits[k, KIND_AT]
            kind = number_at(data, at, traits[k, KIND_FORM]) >> traits[k, KIND_SHIFT] & traits[k, KIND_MASK]
        kind_place = key_place(kind_format, kind, kinds)
        if table[place, KEY_FORMAT] == 0 and keys == MOST_KEYS:
            break
        if kinds[kind_place, KEY_FORMAT] == 0:
            if kind_count == MOST_KEYS:
                break
            kinds[kind_place, KEY_FORMAT] = kind_format
            kinds[kind_place, KEY_STREAM] = kind
            kinds[kind_place, KEY_CODE] = kind_count
            kind_order[kind_count] = kind_place
            kind_count += 1
        if table[place, KEY_FORMAT] == 0:
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
        put2le(out, kinds_at + 2 * row, kinds[kind_place, KEY_CODE])
        if traits[k, TIME_FORM] >= 0 and after - start >= traits[k, NEEDED]:
            at = (start if traits[k, TIME_AT] >= 0 else after) + traits[k, TIME_AT]
            time = (number_at(data, at, traits[k, TIME_FORM]) ^ traits[k, TIME_TURNED]) - traits[k, TIME_LESS]
            if times[k, TIMED] == 0:
                times[k, TIME_LEAST] = time
                times[k, TIME_GREATEST] = time
                times[k, TIME_RISING] = 1
            elif time < times[k, TIME_LAST]:
                times[k, TIME_RISING] = 0
            times[k, TIMED] += 1
            times[k, TIME_LAST] = time
            times[k, TIME_LEAST] = min(times[k, TIME_LEAST], time)
            times[k, TIME_GREATEST] = max(times[k, TIME_GREATEST], time)
        if start != stop:
            put4le(out, leads_at + LEAD * leads, row)
            put4le(out, leads_at + LEAD * leads + 4, start - stop)
            put4le(out, leads_at + LEAD * leads + 8, start - stop >> 32)
            leads += 1
        stop = after
        size = stop - start
        least = min(least, size)
        most = max(most, size)
        row += 1
    size_width = width_of(most - least)
    code_width = width_of(keys - 1)
    kind_width = width_of(kind_count - 1)
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
    shrink(out, codes_at, at, row, code_width)
    at += code_width * row
    shrink(out, kinds_at, at, row, kind_width)
    at += kind_width * row
    for n in range(LEAD * leads):
        out[at + n] = out[leads_at + n]
    outcome[ROWS_PACKED] = row
    outcome[KEYS_FOUND] = keys
    outcome[LEAST_SIZE] = least
    outcome[SIZE_WIDTH] = size_width
    outcome[CODE_WIDTH] = code_width
    outcome[KIND_WIDTH] = kind_width
    outcome[LEADS] = leads
    outcome[BYTES_PACKED] = at + LEAD * leads
    outcome[KINDS_FOUND] = kind_count
    return row


def key_place(format: Any, stream: Any, table: Any) -> Any:
    """The row of a key, or a free one for it."""
    place = (stream * 40503 + format * 977 + (stream >> 13)) & (KEYS - 1)
    while table[place, KEY_FORMAT] != 0 and (table[place, KEY_FORMAT] != format or table[place, KEY_STREAM] != stream):
        place = (place + 1) & (KEYS - 1)
    return place


def number_at(data: Any, at: Any, form: Any) -> Any:
    """The number of a form, as `reads` has it."""
    number = 0
    if form == 0:
        number = u1(data, at)
    elif form == 1:
        number = u2be(data, at)
    elif form == 2:
        number = u2le(data, at)
    elif form == 3:
        number = u4be(data, at)
    elif form == 4:
        number = u4le(data, at)
    elif form == 5:
        number = u8be(data, at)
    else:
        number = u8le(data, at)
    return number


def shrink(out: Any, source: Any, at: Any, count: Any, width: Any) -> Any:
    """Move numbers of two bytes to where they take one or two; of none nothing."""
    if width == 1:
        for n in range(count):
            out[at + n] = out[source + 2 * n]
    elif width == 2:
        for n in range(2 * count):
            out[at + n] = out[source + n]


def width_of(greatest: Any) -> Any:
    """As `blocks.key_width`."""
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
