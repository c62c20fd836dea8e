"""Captures with a preamble, cut at the bytes of their beginning: each part is accounted for.

Every byte of the first 256, where the preamble and the first frames are, and up to 4 KiB every seventh, from
another one on for each capture.  All of them: SIGFLOW_CUTS=1.
"""

from __future__ import annotations

import os

import pytest

from tests.recording import test_around
from tests.recording.test_around import CAPTURES, WIRES, format_of

pytestmark = test_around.pytestmark


@pytest.mark.slow
@pytest.mark.parametrize("name", CAPTURES)
def test_cut_in_the_first_4_kib(name: str) -> None:
    data, format = (WIRES / CAPTURES[name][0]).read_bytes(), format_of(name)
    step, first = (1, 1025) if os.environ.get("SIGFLOW_CUTS") else (13, 129)
    for stop in (*range(first), *range(first + list(CAPTURES).index(name) % step, 4097, step), 4096):
        for piece in (data[:stop], data[stop:8192]):
            decoder = format.decoder()
            decoder.feed(piece)
            decoder.feed_eof()
            list(decoder.events())
            statistics = decoder.statistics
            assert statistics.frame_bytes + statistics.gap_bytes == len(piece)
