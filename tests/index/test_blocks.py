"""Frames packed and unpacked: the kernel, compiled and as it is, against what it means; and what cannot be unpacked."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from sigflow.engine import build
from sigflow.index import blocks
from sigflow.index.blocks import Packed, packed, place, unpacked
from sigflow.recording.indexing import build_text
from sigflow.runtime.box import MARK_UNCOUNTED

#: Format, stream, and whether it counts.
KeyOf = tuple[int, int, bool]
COMPILED = build.kernel(build_text(), "pack")


def rows_of(rng: random.Random, count: int) -> tuple[np.ndarray, np.ndarray, list[KeyOf]]:
    """Rows as a native scan gives them, and of each frame what it is told apart by."""
    frames, marks, keys = [], [], []
    at = rng.randrange(100)
    longest = rng.choice([1, 2, 300, 70_000, 1 << 33])
    streams = [rng.randrange(-(1 << 63), 1 << 63) for _ in range(rng.choice([1, 3, 300]))]
    for _ in range(count):
        at += rng.choice([0, 0, 0, 1, 5000, 1 << 34])
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


@pytest.mark.filterwarnings("ignore:overflow encountered")  # (of the hash, in NumPy's numbers)
@pytest.mark.parametrize("pack", [COMPILED, blocks.pack], ids=["compiled", "plain"])
def test_the_kernel_packs_as_is_meant(pack: object) -> None:
    assert callable(pack)
    table = np.zeros((blocks.KEYS, blocks.KEY_COLUMNS), np.int64)
    for seed in range(60):
        rng = random.Random(seed)
        frames, marks, keys = rows_of(rng, rng.choice([1, 2, 50, 700]))
        order, outcome = np.zeros(blocks.MOST_KEYS, np.int64), np.zeros(blocks.OUTCOMES, np.int64)
        out = np.zeros(24 * len(frames), np.uint8)
        told = np.array([1, 0, 1], np.int64)
        before = int(frames[0, 0]) - rng.choice([0, 7]) if frames[0, 0] > 7 else 0
        done = pack(frames, marks, len(frames), before, told, out, table, order, outcome)
        assert done == len(frames)
        listed = list(dict.fromkeys(keys))
        codes = np.array([listed.index(key) for key in keys], np.int64)
        wanted = packed(frames[:, 0], frames[:, 1], codes, before)
        assert (outcome[blocks.LEAST_SIZE], outcome[blocks.SIZE_WIDTH], outcome[blocks.CODE_WIDTH]) == wanted[1:4]
        assert out[: outcome[blocks.BYTES_PACKED]].tobytes() == wanted.data
        where = unpacked(wanted, before)
        for row in rng.sample(range(len(frames)), min(len(frames), 20)):
            assert place(wanted, row, before) == (*frames[row, :2].tolist(), codes[row])
        for column, real in zip(where, (frames[:, 0], frames[:, 1], codes), strict=True):
            assert column.tolist() == real.tolist()
        ranges = ranges_of(frames, keys)
        for key, row in zip(listed, table[order[: len(listed)]].tolist(), strict=True):
            assert (divmod(row[0] - 1, 2), row[1]) == ((key[0], int(key[2])), key[1])
            if key[2]:
                sign = 1 << 63
                told_range = row[blocks.KEY_LEAST] + sign, row[blocks.KEY_GREATEST] + sign, bool(row[blocks.KEY_RISING])
                assert told_range == ranges[key]
        table[order[: len(listed)], blocks.KEY_FORMAT] = 0
        assert not table[:, blocks.KEY_FORMAT].any()


def test_a_block_ends_where_it_has_too_many_keys() -> None:
    count = blocks.MOST_KEYS + 10
    starts = np.arange(count, dtype=np.int64)
    frames = np.column_stack([starts, starts + 1, starts, starts])
    marks = np.zeros((count, 2), np.int64)
    table = np.zeros((blocks.KEYS, blocks.KEY_COLUMNS), np.int64)
    order, outcome = np.zeros(blocks.MOST_KEYS, np.int64), np.zeros(blocks.OUTCOMES, np.int64)
    out = np.zeros(24 * count, np.uint8)
    assert COMPILED(frames, marks, count, 0, np.ones(1, np.int64), out, table, order, outcome) == blocks.MOST_KEYS


@pytest.mark.parametrize(
    "changed",
    [
        {"frames": 0}, {"frames": blocks.MOST_FRAMES + 1}, {"least": 0}, {"least": 1 << 62}, {"size_width": 3},
        {"code_width": 5}, {"leads": 9}, {"data": b""},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(changed: dict[str, object]) -> None:
    starts = np.array([0, 10, 30], np.int64)
    sound = packed(starts, starts + 5, np.array([0, 1, 0], np.int64), 0)
    assert unpacked(sound, 0).starts.tolist() == starts.tolist()
    with pytest.raises(ValueError, match="cannot be"):
        unpacked(Packed(**{**sound._asdict(), **changed}), 0)  # type: ignore[arg-type]


def test_leads_that_cannot_be_are_refused() -> None:
    starts = np.array([3, 10, 30], np.int64)
    sound = packed(starts, starts + 5, np.zeros(3, np.int64), 0)
    for at, value in ((3, 9), (3, 0x80), (14, 0xFF)):
        data = bytearray(sound.data)
        data[-36 + at] = value
        with pytest.raises(ValueError, match=r"beyond|cannot be"):
            unpacked(sound._replace(data=bytes(data)), 0)
