"""Captures with a preamble, cut at every byte of their beginning: each part is accounted for."""

from __future__ import annotations

import pytest

from tests.recording import test_around
from tests.recording.test_around import CAPTURES, WIRES, format_of

pytestmark = test_around.pytestmark


@pytest.mark.slow
@pytest.mark.parametrize("name", CAPTURES)
def test_cut_at_every_byte_of_the_first_4_kib(name: str) -> None:
    data, format = (WIRES / CAPTURES[name][0]).read_bytes(), format_of(name)
    for stop in range(4097):
        for piece in (data[:stop], data[stop:8192]):
            decoder = format.decoder()
            decoder.feed(piece)
            decoder.feed_eof()
            list(decoder.events())
            statistics = decoder.statistics
            assert statistics.frame_bytes + statistics.gap_bytes == len(piece)
