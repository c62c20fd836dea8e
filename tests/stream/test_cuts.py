"""Streams with cuts, and decoders that are resumed from checkpoints: in every way the same events.

A share of what `tools/check_cuts.py` does.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings

from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from tests import reference as kit
from tests.stream import formats as f
from tests.stream.cutting import by_parts, decode_cut, missing_bytes, random_cuts
from tests.stream.damage import stream
from tests.stream.test_all_ways import LISTS
from tests.stream.ways import shape
from tests.tape import tapes


@pytest.mark.parametrize("resumes", [0, 0.4])
@pytest.mark.parametrize("kind", LISTS)
@settings(max_examples=60)
@given(rng=tapes())
def test_each_part_is_a_stream_of_its_own(kind: str, resumes: float, rng: random.Random) -> None:
    formats = [Format(envelope) for envelope in rng.choice(LISTS[kind])]
    makers = [f.MAKERS[format.name] for format in formats]
    markers = [literal for format in formats for literal in format.envelope.search.sync] or [b"\0\1"]
    data = stream(rng, makers, markers, rng.choice((24, 40, 64)))
    cuts = random_cuts(rng, len(data))
    expected, counts = by_parts(formats, data, cuts)

    def make(**more: object) -> Decoder:
        return Decoder(formats, engine="python", **more)

    events, decoder = decode_cut(make, data, cuts, rng, resumes=resumes)
    assert shape(events) == expected, (cuts, data.hex())
    statistics = decoder.statistics
    assert statistics.sequence == counts.tree()
    assert statistics.bytes == len(data) + missing_bytes(cuts) and statistics.pending_bytes == 0


@kit.needed()
@pytest.mark.parametrize("block", range(8))
def test_the_reference_says_the_same(block: int) -> None:
    from tools.check_cuts import check

    for seed in range(12 * block, 12 * block + 12):
        assert check(None, seed, 0) is None
        assert check(None, seed, 0.3) is None
