"""Undamaged streams with hard payloads are read exactly as built, but for the three cases that cost what they cost.

A share of what `tools/check_undamaged.py` does.
"""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from sigflow import catalog
from tests.reference import pieces
from tests.stream.ways import decode
from tests.undamaged import KINDS, Builder, Kind, price


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_undamaged_streams_are_read_as_they_are(kind: Kind) -> None:
    envelope = catalog.load(kind.name).envelope
    assert envelope is not None and envelope.search.chain == kind.chain
    exact = 0
    for seed in range(50):
        frames = Builder(kind, random.Random(f"{kind.name} {seed}")).stream()
        ends = [sum(map(len, frames[:n])) for n in range(len(frames) + 1)]
        wanted = [("frame", start, stop, kind.name) for start, stop in pairwise(ends)]
        actual = pieces(decode([envelope], [b"".join(frames)]))
        assert actual == wanted or price(kind, frames), seed
        exact += actual == wanted
    assert exact >= 48


def test_the_three_cases_are_what_they_are_named() -> None:
    kind = KINDS[0]
    make = Builder(kind, random.Random(1)).frame
    outer = [make(b"abc", 100) for _ in range(3)]
    inner = b"".join(make(b"x", 5) for _ in range(12))
    behind = [make(b"abc", 100) for _ in range(12)]
    sound = [*outer, make(inner, 100), *(make(b"abc", 100) for _ in range(12))]
    assert price(kind, sound) == set()
    flows = [*outer, make(inner, 100), make(b"x", 5), *behind]
    assert price(kind, flows) == {"flows"}
    null = bytes(7)
    assert price(kind, [*sound[:5], null, *sound[5:]]) == {"cut"}
    own = b"".join(make(b"x", 7) for _ in range(12))
    first = Builder(kind, random.Random(2))
    first._counters[7] = int.from_bytes(own[2:4], "big") - 1 & 0x3FFF
    goes_on = [first.frame(own, 7), *behind]
    assert price(kind, goes_on) == {"own"}
    envelope = catalog.load(kind.name).envelope
    assert envelope is not None
    for frames in (flows, goes_on):
        assert len(pieces(decode([envelope], [b"".join(frames)]))) > len(frames)
