"""20,000 damaged streams: whole, bytewise, at random cuts and with caches dropped, event for event the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings

from sigflow.runtime.envelope import Envelope
from tests.envelopes import changed
from tests.lanes import TIMES
from tests.stream import formats as f
from tests.stream.damage import stream
from tests.stream.ways import decode_all_ways
from tests.tape import tapes

LISTS: dict[str, list[list[Envelope]]] = {
    "checksums": [
        [f.FRAME], [f.FRAME_SLOW], [f.PAIR], [f.BARE], [f.ZEROED], [f.TEXT], [f.FRAME, f.PAIR, f.TEXT],
        [f.BARE, f.FRAME], [f.PAIR, f.ZEROED], [f.FRAME_LIVE], [f.FRAME_LIVE, f.PAIR],
        [changed(f.FRAME, max_frame=9)],  # not even a header fits
    ],
    "chains": [
        [f.LEGACY], [f.SPACE], [f.SPACE_SLOW], [f.FLAG], [changed(f.SPACE, chain=1)], [f.LEGACY, f.SPACE],
        [changed(f.LEGACY, max_frame=20, chain=2)], [f.FLAG, f.SPACE_SLOW], [changed(f.SPACE, max_frame=9, chain=6)],
        [f.ANY], [f.COUNTED], [changed(f.COUNTED, chain=2, max_frame=30)], [f.COUNTED, f.FLAG], [f.ANY, f.COUNTED],
    ],
    "mixed": [
        [f.LEGACY, f.FRAME], [f.SPACE, f.TEXT], [f.TEXT, f.FLAG], [f.PAIR, f.SPACE_SLOW], [f.FLAG, f.BARE],
        [f.FRAME, f.SPACE, f.PAIR], [f.COUNTED, f.FRAME], [f.SPACE_SLOW, f.TEXT, f.FRAME], [f.FRAME_LIVE, f.SPACE],
    ],
    "long chains": [
        [changed(f.SPACE, chain=8)], [changed(f.FLAG, chain=5)], [changed(f.LEGACY, chain=8, max_frame=60)],
        [changed(f.SPACE, chain=5), changed(f.LEGACY, chain=2)], [changed(f.SPACE_SLOW, chain=7), f.ZEROED],
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", LISTS)
@settings(max_examples=1200 * TIMES)
@given(rng=tapes())
def test_all_ways_agree(kind: str, rng: random.Random) -> None:
    agree(kind, rng)


@pytest.mark.parametrize("kind", LISTS)
@settings(max_examples=500)
@given(rng=tapes())
def test_all_ways_agree_on_some(kind: str, rng: random.Random) -> None:
    agree(kind, rng)


def agree(kind: str, rng: random.Random) -> None:
    """One stream of one of the lists of this kind, both drawn, decoded in all ways."""
    envelopes = rng.choice(LISTS[kind])
    makers = [f.MAKERS[envelope.about.name] for envelope in envelopes]
    markers = [literal for envelope in envelopes for literal in envelope.search.sync] or [b"\0\1"]
    decode_all_ways(envelopes, stream(rng, makers, markers, rng.choice((24, 40, 64))), rng)
