"""Frames packed and unpacked: the kernel, compiled and as it is, against what it means; and what cannot be unpacked."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from sigflow.engine import build
from sigflow.index import blocks, packing
from sigflow.index.blocks import Packed, packed, place, stops_of, sums_of, unpacked, with_kinds
from sigflow.recording.index_rows import build_text
from sigflow.runtime.box import MARK_UNCOUNTED

#: Format, stream, and whether it counts.
KeyOf = tuple[int, int, bool]
Kernel = Callable[..., int]
COMPILED = build.kernel(build_text(), "pack")
#: Where the kernel tells the shape of a block.
SHAPE = packing.LEAST_SIZE, packing.SIZE_WIDTH, packing.CODE_WIDTH, packing.KIND_WIDTH, packing.LEADS


def rows_of(rng: random.Random, count: int, *, far: bool) -> tuple[np.ndarray, np.ndarray, list[KeyOf]]:
    """Rows as a native scan gives them, and of each frame what it is told apart by.  far: with large numbers."""
    frames, marks, keys = [], [], []
    at = rng.randrange(100)
    longest = rng.choice([1, 2, 300, 70_000, 1 << 33] if far else [1, 2, 300])
    streams = [rng.randrange(-(1 << 63), 1 << 63) for _ in range(rng.choice([1, 3, 300]))]
    for _ in range(count):
        at += rng.choice([0, 0, 0, 1, 5000, 1 << 34] if far else [0, 0, 0, 1, 50])
        size = rng.randrange(1, longest + 1)
        k, stream = rng.randrange(3), rng.choice(streams)
        uncounted = rng.random() < 0.1
        frames.append((at, at + size, rng.randrange(-(1 << 63), 1 << 63), stream))
        marks.append((k, MARK_UNCOUNTED * uncounted))
        keys.append((k, stream if k != 1 and not uncounted else 0, k != 1 and not uncounted))
        at += size
    return np.array(frames, np.int64), np.array(marks, np.int64), keys


def ranges_of(
    frames: np.ndarray, keys: list[tuple[int, int, bool]]
) -> dict[tuple[int, int, bool], tuple[int, int, bool]]:
    """Of each key the least and greatest counter, as unsigned numbers, and whether they rise."""
    counters: dict[KeyOf, list[int]] = {}
    for key, counter in zip(keys, frames[:, 2].tolist(), strict=True):
        counters.setdefault(key, []).append(counter % (1 << 64) if key[2] else 0)
    return {key: (min(told), max(told), all(a < b for a, b in pairwise(told))) for key, told in counters.items()}


class Work:
    """What the kernel works with; each format has a kind in its first byte, the second a time in its last four, too."""

    def __init__(self, rows: int) -> None:
        self.told = np.array([1, 0, 1], np.int64)
        signed = 1 << 31
        self.traits = np.array(
            [
                (0, 0, 0, 255, 0, -1, 0, 0, 1),
                (0, 0, 4, 15, -4, packing.FORMS[4, True], signed, signed, 4),
                (0, -1, 0, 0, 0, -1, 0, 0, 0),
            ]
        )
        self.out = np.zeros(packing.ROOM * rows, np.uint8)
        self.table, self.kinds = (np.zeros((packing.KEYS, packing.KEY_COLUMNS), np.int64) for _ in range(2))
        self.order, self.kind_order = (np.zeros(packing.MOST_KEYS, np.int64) for _ in range(2))
        self.times = np.zeros((3, packing.TIMES), np.int64)
        self.outcome = np.zeros(packing.OUTCOMES, np.int64)

    def pack(
        self, pack: Callable[..., int], data: np.ndarray, frames: np.ndarray, marks: np.ndarray, before: int
    ) -> int:
        return pack(
            data, frames, marks, len(frames), before, self.told, self.traits, self.out, self.table, self.order,
            self.kinds, self.kind_order, self.times, self.outcome,
        )  # fmt: skip


@pytest.mark.filterwarnings("ignore:overflow encountered")  # (of the hash, in NumPy's numbers)
@pytest.mark.parametrize("pack", [COMPILED, packing.pack], ids=["compiled", "plain"])
@pytest.mark.parametrize("far", [False, True])
def test_the_kernel_packs_as_is_meant(pack: Kernel, far: bool) -> None:
    for seed in range(40):
        rng = random.Random(seed)
        frames, marks, keys = rows_of(rng, rng.choice([1, 2, 50, 700]), far=far)
        work = Work(len(frames))
        if far:  # (no bytes are that far off)
            work.traits[:] = work.traits[2]
        data = np.frombuffer(rng.randbytes(0 if far else int(frames[-1, 1])), np.uint8)
        before = int(frames[0, 0]) - rng.choice([0, 7]) if frames[0, 0] > 7 else 0
        assert work.pack(pack, data, frames, marks, before) == len(frames)
        outcome = work.outcome.tolist()
        listed = list(dict.fromkeys(keys))
        codes = np.array([listed.index(key) for key in keys], np.int64)
        said = [kind_of(data, frame, mark[0]) if not far else None for frame, mark in zip(frames, marks, strict=True)]
        kinds = list(dict.fromkeys(said))
        wanted = packed(
            frames[:, 0], frames[:, 1], codes, np.array([kinds.index(kind) for kind in said], np.int64), before
        )
        told = Packed(*(outcome[place] for place in (packing.ROWS_PACKED, *SHAPE)), work.out[: outcome[7]].tobytes())
        assert told == wanted
        where, sums = unpacked(wanted, before), sums_of(wanted)
        assert stops_of(wanted, before).tolist() == frames[:, 1].tolist()
        for row in rng.sample(range(len(frames)), min(len(frames), 20)):
            assert place(wanted, row, before, sums) == (*frames[row, :2].tolist(), codes[row])
        for column, real in zip(where, (frames[:, 0], frames[:, 1], codes), strict=False):
            assert column.tolist() == real.tolist()
        assert [kinds[number] for number in where.kinds.tolist()] == said
        ranges = ranges_of(frames, keys)
        for key, row in zip(listed, work.table[work.order[: len(listed)]].tolist(), strict=True):
            assert (divmod(row[0] - 1, 2), row[1]) == ((key[0], int(key[2])), key[1])
            if key[2]:
                sign = 1 << 63
                least, greatest = row[packing.KEY_LEAST] + sign, row[packing.KEY_GREATEST] + sign
                assert (least, greatest, bool(row[packing.KEY_RISING])) == ranges[key]
        short = not far and any(
            mark[0] == 1 and stop - start < 4 for (start, stop, *_), mark in zip(frames, marks, strict=True)
        )
        assert bool(outcome[packing.NOT_TOLD]) == short
        times = [
            int.from_bytes(data[stop - 4 : stop].tobytes(), "big", signed=True)
            for (start, stop, *_), (k, _) in zip(frames.tolist(), marks.tolist(), strict=True)
            if k == 1 and stop - start >= 4 and not far
        ]
        timed, least, greatest, _, rising = work.times[1].tolist()
        assert timed == len(times) and not work.times[[0, 2]].any()
        if times:
            assert (least, greatest, bool(rising)) == (min(times), max(times), times == sorted(times))


def kind_of(data: np.ndarray, frame: np.ndarray, k: int) -> tuple[int, int] | None:
    """What the kernel reads as the kind of a frame; None of the format that has none, and of a frame too short."""
    start, stop = frame[:2].tolist()
    return None if k == 2 or (k == 1 and stop - start < 4) else (int(k), int(data[start]) >> (4 if k == 1 else 0))


def test_a_block_ends_where_it_has_too_many_keys() -> None:
    count = packing.MOST_KEYS + 10
    starts = np.arange(count, dtype=np.int64)
    frames = np.column_stack([starts, starts + 1, starts, starts])
    marks = np.zeros((count, 2), np.int64)
    work = Work(count)
    assert work.pack(COMPILED, np.zeros(count, np.uint8), frames, marks, 0) == packing.MOST_KEYS


def test_a_block_ends_where_it_has_too_many_kinds() -> None:
    count = packing.MOST_KEYS + 10
    starts = 4 * np.arange(count, dtype=np.int64)
    frames = np.column_stack([starts, starts + 4, starts, starts])
    work = Work(count)
    work.traits[1, packing.KIND_FORM] = packing.FORMS[4, False]
    work.traits[1, packing.KIND_MASK] = -1
    data = np.arange(16, 16 * count + 16, 16, dtype="<u4").view(np.uint8)
    assert work.pack(COMPILED, data, frames, np.ones((count, 2), np.int64), 0) == packing.MOST_KEYS


@pytest.mark.parametrize(
    "changed",
    [
        {"frames": 0}, {"frames": blocks.MOST_FRAMES + 1}, {"least": 0}, {"least": 1 << 62}, {"size_width": 3},
        {"code_width": 5}, {"kind_width": 3}, {"leads": 9}, {"data": b""},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(changed: dict[str, object]) -> None:
    starts = np.array([0, 10, 30], np.int64)
    sound = packed(starts, starts + 5, np.array([0, 1, 0], np.int64), np.zeros(3, np.int64), 0)
    assert unpacked(sound, 0).starts.tolist() == starts.tolist()
    with pytest.raises(ValueError, match="cannot be"):
        unpacked(Packed(**{**sound._asdict(), **changed}), 0)  # type: ignore[arg-type]


def test_leads_that_cannot_be_are_refused() -> None:
    starts = np.array([3, 10, 30], np.int64)
    sound = packed(starts, starts + 5, np.zeros(3, np.int64), np.zeros(3, np.int64), 0)
    for at, value in ((3, 9), (3, 0x80), (14, 0xFF)):
        data = bytearray(sound.data)
        data[-36 + at] = value
        with pytest.raises(ValueError, match=r"beyond|cannot be"):
            unpacked(sound._replace(data=bytes(data)), 0)


def test_kinds_that_are_told_later_are_packed_as_those_told_at_once() -> None:
    starts = np.array([3, 10, 30], np.int64)
    none, kinds = np.zeros(3, np.int64), np.array([0, 300, 7], np.int64)
    for codes in (none, kinds):
        later = with_kinds(packed(starts, starts + 5, codes, none, 0), kinds)
        assert later == packed(starts, starts + 5, codes, kinds, 0)
