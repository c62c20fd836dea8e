"""The small formats of `tests.stream.formats` with a native measure, written by hand as the compiler would emit it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sigflow.reads import u1, u2be
from sigflow.runtime.envelope import Envelope
from tests.envelopes import changed
from tests.stream import formats as f


def frame(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 11 > end:
        return 0
    box[0] = 11
    box[1] = 0
    box[2] = u1(data, at + 5)
    box[3] = u1(data, at + 4)
    box[4] = 7
    box[5] = 2
    box[6] = 0
    box[7] = 7
    box[8] = 11
    box[9] = 11 + u1(data, at + 6)
    return 11 + u1(data, at + 6)


def pair(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 3 > end:
        return 0
    box[0] = 3
    box[1] = 0
    return u1(data, at + 2) + 4


def bare(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 1 > end:
        return 0
    box[0] = 1
    box[1] = 0
    return u1(data, at) + 5


def zeroed(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 5 > end:
        return 0
    box[0] = 5
    box[1] = 1
    return u1(data, at + 2) + 5


def text(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    ceiling = at + 43
    size = -1
    line = at + 3
    cursor = at + 3
    looked = 3
    while True:
        if cursor + 1 > ceiling:
            return -1
        looked = cursor + 1 - at
        if cursor + 1 > end:
            return 0
        if u1(data, cursor) != 10:
            cursor += 1
            continue
        stop = cursor
        cursor += 1
        if stop - line >= 2 and u1(data, stop - 2) == 42 and u1(data, stop - 1) == 84:
            return -2
        if stop == line:
            break
        if stop - line >= 2 and u1(data, line) == 76 and u1(data, line + 1) == 58:
            if size >= 0 or stop - line > 6 or stop - line == 2:
                return -3
            size = 0
            for n in range(line + 2, stop):
                if u1(data, n) < 48 or u1(data, n) > 57:
                    return -3
                size = size * 10 + u1(data, n) - 48
        line = cursor
    if size < 0:
        return -3
    if cursor - at + size + 2 > limit:
        return -4
    box[0] = looked
    box[1] = 0
    box[4] = cursor - at + size
    box[5] = 1
    box[6] = cursor - at
    box[7] = cursor - at + size
    return cursor - at + size + 2


def legacy(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 3 > end:
        return 0
    box[0] = 3
    box[1] = 0
    return u2be(data, at + 1) + 3


def space(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 1 > end:
        return 0
    if u1(data, at) >> 5:
        return -1
    if at + 2 > end:
        return 0
    box[0] = 2
    box[1] = 0
    return u1(data, at + 1) + 3


def flag(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 3 > end:
        return 0
    box[0] = 3
    box[1] = 0
    return u1(data, at + 2) + 3


#: By name: the measure, its reasons, its fixed bytes.
NATIVE_MEASURES: dict[str, tuple[Callable[..., int], tuple[str, ...], int]] = {
    "frame": (frame, (), 11),
    "pair": (pair, (), 3),
    "bare": (bare, (), 1),
    "zeroed": (zeroed, (), 5),
    "text": (text, ("header-too-long", "aborted", "bad-length", "too-long"), 3),
    "legacy": (legacy, (), 3),
    "space": (space, ("bad-version",), 2),
    "space-slow": (space, ("bad-version",), 2),
    "flag": (flag, (), 3),
    "any": (legacy, (), 3),
}


def with_native_measure(envelope: Envelope) -> Envelope:
    """The envelope, so that it can be scanned natively."""
    if envelope.measure.native is not None:
        return envelope
    native_measure, reasons, least = NATIVE_MEASURES[envelope.about.name]
    return changed(
        envelope,
        native=native_measure,
        native_reasons=reasons,
        native_min_limit=least,
        native_counts=envelope.decode.sequence is not None,
        head=(lambda data, at: (data[at + 4], data[at + 5]))
        if envelope is not f.FRAME_SLOW and envelope.about.name == "frame"
        else None,
    )


#: Lists of formats that the native engine takes, as in `tests.stream.test_all_ways`.
LISTS: tuple[tuple[Envelope, ...], ...] = (
    (f.FRAME,), (f.FRAME_SLOW,), (f.PAIR,), (f.BARE,), (f.ZEROED,), (f.TEXT,), (f.FRAME, f.PAIR, f.TEXT),
    (f.BARE, f.FRAME), (f.PAIR, f.ZEROED),
    (f.LEGACY,), (f.SPACE,), (f.SPACE_SLOW,), (f.FLAG,), (changed(f.SPACE, chain=1),),
    (changed(f.LEGACY, max_frame=20, chain=2),), (f.FLAG, f.SPACE_SLOW), (changed(f.SPACE, max_frame=9, chain=6),),
    (f.LEGACY, f.FRAME), (f.SPACE, f.TEXT), (f.TEXT, f.FLAG), (f.PAIR, f.SPACE_SLOW), (f.FLAG, f.BARE),
    (f.FRAME, f.SPACE, f.PAIR), (f.SPACE_SLOW, f.TEXT, f.FRAME),
    (changed(f.SPACE, chain=8),), (changed(f.FLAG, chain=5),), (changed(f.LEGACY, chain=8, max_frame=60),),
    (changed(f.SPACE_SLOW, chain=7), f.ZEROED),
    (f.ANY,), (f.COUNTED,), (changed(f.COUNTED, chain=2, max_frame=30),), (f.COUNTED, f.FRAME), (f.ANY, f.COUNTED),
    (f.LEGACY, f.SPACE), (f.FLAG, f.LEGACY, f.FRAME), (f.COUNTED, f.SPACE), (f.SPACE, changed(f.COUNTED, chain=2)),
    (f.SPACE, f.COUNTED, changed(f.FLAG, chain=5)), (changed(f.LEGACY, chain=8, max_frame=60), f.COUNTED, f.SPACE_SLOW),
    (f.FRAME_LIVE,), (f.FRAME_LIVE, f.PAIR), (f.FRAME_LIVE, f.SPACE),
)  # fmt: skip
