"""TLV lists natively: plain functions over arrays, compiled where there is enough to do.

The functions are ordinary Python and say the same uncompiled.  They keep what `codecs.tlv` keeps: of a list that ends
inside an element the elements before it, of one nested too deep the bytes; and they find wrong what it finds wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sigflow.engine import build
from sigflow.engine.sums import text_of

if TYPE_CHECKING:
    from sigflow.limits import Limits

    Array = np.ndarray[Any, Any]

#: Bytes of lists from which on the compiled functions are worth loading.
ENOUGH = 1 << 20
_HEADER = 4
#: A depth is told in 16 bits.  An element's value has at most 65,535 bytes, so no list is nested deeper.
_DEEPEST = 0xFFFF


def depth_of(limits: Limits) -> int:
    """How many constructed elements one may stand in."""
    depth = limits.with_defaults().depth
    assert depth is not None
    return min(depth, _DEEPEST)


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
    constructed elements one may stand in.  ends: room for as many numbers and one.
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
                tag = (int(data[at]) << 8) | int(data[at + 1])
                length = (int(data[at + 2]) << 8) | int(data[at + 3])
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
                for place in range(at, end):
                    values[filled] = data[place]
                    filled += 1
                at = end
            count += 1
            offsets[count] = filled
        counts[row + 1] = count
    return count


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


class Loader:
    """Says when to load the compiled functions.  State: the bytes that would have been theirs so far."""

    def __init__(self) -> None:
        self._bytes = 0

    def worth(self, size: int) -> bool:
        """Whether it pays, now that there are lists of so many bytes more; it does where the compiler is there."""
        self._bytes += size
        return self._bytes >= ENOUGH or "llvmlite" in sys.modules


@cache
def compiled() -> Kernels | None:
    """The functions compiled, kept on disk for the next time; None where there is no compiler."""
    if find_spec("llvmlite") is None:
        return None
    text = text_of((flatten, check))
    return Kernels(build.kernel(text, "flatten"), build.kernel(text, "check"))
