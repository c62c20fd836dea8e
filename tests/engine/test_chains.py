"""Runs of frames inside a claim, in the native scan: the answer is that of following the headers from every place.

The queue of runs is made short here, so that it is full often: what is asked then is left to the Python scan, and what
is asked after that must still be answered right.
"""

from __future__ import annotations

import random

import numpy
import pytest

from tests.engine.streams import native

#: Bytes of the header before the payload, and the frames of a run.
HEADER, N = 6, 8


def legacy_stream(rng: random.Random, frames: int) -> bytes:
    """Legacy frames, one in twelve with a bit of its length flipped."""
    out = bytearray()
    for _ in range(frames):
        payload = rng.randbytes(rng.randrange(40))
        length = len(payload) ^ (1 << rng.randrange(4, 12) if rng.random() < 1 / 12 else 0)
        out += rng.randrange(1, 9).to_bytes(2, "big") + length.to_bytes(4, "big") + payload
    return bytes(out)


def ends_of_runs(data: bytes) -> list[int]:
    """For each place the end of the run of N frames from there on; beyond the data where there is none."""
    none = 1 << 40
    following = [none] * len(data)
    for at in range(len(data) - HEADER + 1):
        stop = at + HEADER + int.from_bytes(data[at + 2 : at + HEADER], "big")
        if stop <= len(data) and any(data[at : at + HEADER]):
            following[at] = stop
    ends = list(range(len(data)))
    for _ in range(N):
        ends = [following[end] if end < len(data) else none for end in ends]
    return ends


@pytest.mark.parametrize("places", [1, 3, 5, 20, 1 << 10])
def test_a_full_queue_changes_no_later_answer(places: int) -> None:
    scan = native("sgf_legacy", False)
    inside = scan.entries.scan().__globals__["inside"]  # type: ignore[attr-defined]
    full = 0
    for seed in range(6):
        rng = random.Random(f"{places} {seed}")
        data = legacy_stream(rng, 150)
        ends = ends_of_runs(data)
        sweep = scan.sweep()
        queue = numpy.zeros((places, 2), numpy.int64)
        array = numpy.frombuffer(data, numpy.uint8)
        at = 0
        while at < len(data):
            claim = at + rng.choice((60, 200, 500, 1000, 2000, len(data)))
            state, rows, begins, box = sweep._state, sweep._rows, sweep._begins, sweep._box
            held = inside(at, claim, N, array, len(data), state, rows, begins, box, (), queue, sweep._near)
            if held < 0:
                full += 1
            else:
                assert held == any(end <= claim for end in ends[at + 1 :]), (at, claim)
            at += rng.randrange(1, 60)
    assert full or places > 5
