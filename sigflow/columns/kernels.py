"""Columns natively: plain functions over arrays, compiled where there is enough to do.

The functions are ordinary Python and say the same uncompiled.  Those of TLV lists keep what `codecs.tlv` keeps: of a
list that ends inside an element the elements before it, of one nested too deep the bytes; and they find wrong what it
finds wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sigflow.engine import build
from sigflow.engine.sums import text_of
from sigflow.engine.unstuff import put8le
from sigflow.reads import u1, u2be, u2le, u4be, u4le, u8be, u8le

if TYPE_CHECKING:
    from sigflow.limits import Limits

    Array = np.ndarray[Any, Any]

#: Bytes of lists, and objects whose fields are gathered, from which on the compiled functions are worth loading.
ENOUGH = 1 << 20
ENOUGH_OBJECTS = 1 << 16
#: Bytes that may be written behind those that are copied.
SLACK = 16
_HEADER = 4
#: Eight characters each of what stands around the parts of an element, the first in the lowest bits.
_TAG = 0x203A22676174227B
_LENGTH = 0x74676E656C22202C
_LENGTH_END = 0x203A2268
_VALUE = 0x65756C617622202C
_VALUE_BYTES = 0x22203A22
_VALUE_LIST = 0x5B203A22
#: A depth is told in 16 bits.  An element's value has at most 65,535 bytes, so no list is nested deeper.
_DEEPEST = 0xFFFF


def depth_of(limits: Limits) -> int:
    """How many constructed elements one may stand in."""
    depth = limits.with_defaults().depth
    assert depth is not None
    return min(depth, _DEEPEST)


def copy(data: Array, at: int, stop: int, values: Array, place: int) -> int:
    """Put data[at:stop] to values[place]; what stands behind it there, up to SLACK bytes, is lost.  Gives 0."""
    while at < stop:
        if at + 16 <= len(data):
            put8le(values, place, u8le(data, at))  # type: ignore[no-untyped-call]
            put8le(values, place + 8, u8le(data, at + 8))  # type: ignore[no-untyped-call]
            at += 16
            place += 16
        else:
            values[place] = data[at]
            at += 1
            place += 1
    return 0


def take(data: Array, begins: Array, ends: Array, offsets: Array, values: Array) -> int:
    """Put data[begins[i]:ends[i]] one behind the other, and where they end (offsets[i + 1]); gives how much it is.

    values: with room for SLACK bytes more.
    """
    filled = 0
    offsets[0] = 0
    for row in range(len(begins)):
        copy(data, begins[row], ends[row], values, filled)
        filled += ends[row] - begins[row]
        offsets[row + 1] = filled
    return filled


def read(data: Array, starts: Array, stops: Array, fields: Array, out: Array) -> int:
    """Numbers at fixed places of the objects data[starts[i]:stops[i]]; gives 0.

    fields: for each field (offset, form, place): where it stands, counted from the end of the object where that is
    negative; what it is, see `FORMS`; and where in `out` its numbers go, one behind the other and little-endian, a
    field of higher place later.  out: with room for SLACK bytes more.
    """
    for n in range(len(fields)):
        offset = fields[n, 0]
        form = fields[n, 1]
        at = fields[n, 2]
        bases = starts if offset >= 0 else stops
        if form == 0:
            for row in range(len(bases)):
                put8le(out, at + row, u1(data, bases[row] + offset))  # type: ignore[no-untyped-call]
        elif form == 1:
            for row in range(len(bases)):
                put8le(out, at + 2 * row, u2be(data, bases[row] + offset))  # type: ignore[no-untyped-call]
        elif form == 2:
            for row in range(len(bases)):
                put8le(out, at + 2 * row, u2le(data, bases[row] + offset))  # type: ignore[no-untyped-call]
        elif form == 3:
            for row in range(len(bases)):
                put8le(out, at + 4 * row, u4be(data, bases[row] + offset))  # type: ignore[no-untyped-call]
        elif form == 4:
            for row in range(len(bases)):
                put8le(out, at + 4 * row, u4le(data, bases[row] + offset))  # type: ignore[no-untyped-call]
        elif form == 5:
            for row in range(len(bases)):
                put8le(out, at + 8 * row, u8be(data, bases[row] + offset))  # type: ignore[no-untyped-call]
        else:
            for row in range(len(bases)):
                put8le(out, at + 8 * row, u8le(data, bases[row] + offset))  # type: ignore[no-untyped-call]
    return 0


#: The number of a form by its bytes and whether it is big-endian.
FORMS = {
    (1, True): 0,
    (1, False): 0,
    (2, True): 1,
    (2, False): 2,
    (4, True): 3,
    (4, False): 4,
    (8, True): 5,
    (8, False): 6,
}


def flatten(
    data: Array,
    starts: Array,
    stops: Array,
    limit: int,
    counts: Array,
    depths: Array,
    tags: Array,
    lengths: Array,
    plain: Array,
    offsets: Array,
    values: Array,
    ends: Array,
) -> int:
    """The elements of the lists data[starts[i]:stops[i]], outer before inner; gives how many there are.

    Written are, per list, how many elements there are up to its end (counts[i + 1]); per element its depth, tag and
    length, whether its value is bytes (`plain`), and where these end in `values` (offsets[n + 1]).  limit: how many
    constructed elements one may stand in.  ends: room for as many numbers and one.  values: with room for SLACK more.
    """
    count = 0
    filled = 0
    for row in range(len(starts)):
        at = starts[row]
        stop = stops[row]
        level = 0
        ends[0] = stop
        while True:
            if stop - at >= _HEADER:
                tag = u2be(data, at)
                length = u2be(data, at + 2)
                end = at + _HEADER + length
            if stop - at < _HEADER or end > stop:
                # The list is over, or ends inside an element: on behind the element that it is the value of.
                if level == 0:
                    break
                at = stop
                level -= 1
                stop = ends[level]
                continue
            depths[count] = level
            tags[count] = tag
            lengths[count] = length
            at += _HEADER
            if tag & 0x8000 and level < limit:
                plain[count] = False
                level += 1
                ends[level] = end
                stop = end
            else:
                plain[count] = True
                copy(data, at, end, values, filled)
                filled += length
                at = end
            count += 1
            offsets[count] = filled
        counts[row + 1] = count
    return count


def write_number(out: Array, place: int, number: int) -> int:
    """Put a number below 100,000 to out[place] in digits; gives where it ends."""
    stop = place + 1 + (number >= 10) + (number >= 100) + (number >= 1000) + (number >= 10000)
    at = stop
    while at > place:
        at -= 1
        out[at] = 48 + number % 10
        number //= 10
    return stop


def write_lists(
    data: Array, starts: Array, stops: Array, limit: int, pairs: Array, offsets: Array, out: Array, ends: Array
) -> int:
    """The lists data[starts[i]:stops[i]] as JSON, one behind the other; gives how much text it is.

    Written is where the text of each list ends (offsets[i + 1]).  pairs: the two hexadecimal digits of each byte, the
    first in the lowest bits.  out: with room for `room_of` bytes.  limit, ends: as of `flatten`.
    """
    filled = 0
    offsets[0] = 0
    for row in range(len(starts)):
        at = starts[row]
        stop = stops[row]
        level = 0
        ends[0] = stop
        first = True
        out[filled] = 91  # [
        filled += 1
        while True:
            end = at
            if stop - at >= _HEADER:
                end = at + _HEADER + u2be(data, at + 2)
            if end == at or end > stop:
                out[filled] = 93  # ]
                filled += 1
                if level == 0:
                    break
                out[filled] = 125  # }
                filled += 1
                at = stop
                level -= 1
                stop = ends[level]
                first = False
                continue
            if not first:
                out[filled] = 44  # a comma
                out[filled + 1] = 32
                filled += 2
            tag = u2be(data, at)
            put8le(out, filled, _TAG)  # type: ignore[no-untyped-call]
            filled = write_number(out, filled + 8, tag)
            put8le(out, filled, _LENGTH)  # type: ignore[no-untyped-call]
            put8le(out, filled + 8, _LENGTH_END)  # type: ignore[no-untyped-call]
            filled = write_number(out, filled + 12, u2be(data, at + 2))
            put8le(out, filled, _VALUE)  # type: ignore[no-untyped-call]
            at += _HEADER
            if tag & 0x8000 and level < limit:
                put8le(out, filled + 8, _VALUE_LIST)  # type: ignore[no-untyped-call]
                filled += 12
                level += 1
                ends[level] = end
                stop = end
                first = True
                continue
            put8le(out, filled + 8, _VALUE_BYTES)  # type: ignore[no-untyped-call]
            filled += 12
            while at < end:
                put8le(out, filled, pairs[u1(data, at)])  # type: ignore[no-untyped-call]
                filled += 2
                at += 1
            out[filled] = 34  # a quote
            out[filled + 1] = 125  # }
            filled += 2
            first = False
        offsets[row + 1] = filled
    return filled


def room_of(size: int, lists: int) -> int:
    """Bytes that lists of so many bytes in all take as JSON, at most, with SLACK."""
    return (size // _HEADER) * (2 + 8 + 5 + 12 + 5 + 12 + 2) + 2 * size + 2 * lists + SLACK


def check(data: Array, starts: Array, stops: Array, limit: int, wrong: Array, ends: Array) -> None:
    """Set wrong[i] where the list data[starts[i]:stops[i]] ends inside an element or is nested too deep."""
    for row in range(len(starts)):
        at = starts[row]
        stop = stops[row]
        level = 0
        ends[0] = stop
        while True:
            if at == stop:
                if level == 0:
                    break
                level -= 1
                stop = ends[level]
                continue
            if stop - at < _HEADER:
                wrong[row] = True
                break
            end = at + _HEADER + ((int(data[at + 2]) << 8) | int(data[at + 3]))
            if end > stop:
                wrong[row] = True
                break
            if data[at] & 0x80:
                if level == limit:
                    wrong[row] = True
                    break
                level += 1
                ends[level] = end
                stop = end
                at += _HEADER
            else:
                at = end


class Kernels(NamedTuple):
    """The functions, compiled."""

    flatten: Callable[..., int]
    check: Callable[..., object]
    take: Callable[..., int]
    read: Callable[..., int]
    write_lists: Callable[..., int]


def as_written() -> Kernels:
    """The functions as they are, for tests."""
    return Kernels(flatten, check, take, read, write_lists)


class Loader:
    """Says when to load the compiled functions.  State: the bytes that would have been theirs so far."""

    def __init__(self) -> None:
        self._bytes = 0

    def worth(self, size: int) -> bool:
        """Whether it pays, now that there are lists of so many bytes more; it does where they are loaded."""
        self._bytes += size
        return self._bytes >= ENOUGH or compiled.cache_info().currsize > 0


@cache
def compiled() -> Kernels | None:
    """The functions compiled, kept on disk for the next time; None where there is no compiler."""
    if find_spec("llvmlite") is None:
        return None
    text = text_of(as_written())
    return Kernels(*(build.kernel(text, name) for name in Kernels._fields))


class _Gathered:
    """State: the objects that were gathered so far."""

    objects = 0


def worth(objects: int) -> Kernels | None:
    """The compiled functions, where it pays to load them now that fields of so many objects more are gathered."""
    _Gathered.objects += objects
    return compiled() if _Gathered.objects >= ENOUGH_OBJECTS and objects else None
