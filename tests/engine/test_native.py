"""The native engine against the Python engine: the same events on damaged streams, compiled and as plain Python.

`tools/check_engines.py` does the same on as many streams as one wants.
"""

from __future__ import annotations

import pytest

from tests.engine.streams import NAMES, native, stream_of
from tests.engine.ways import check_native
from tests.lanes import TIMES

#: The lists that are compiled here, each of which costs seconds, and how many streams of each: fewer where the Python
#: engine is slow; 2,500 in all.  The others are tried as plain Python, and by the tool.
COMPILED = {
    "sgf1": 625, "ubx+nmea0183": 500, "instrument_hdr": 500, "frame+pair+text 6": 375, "legacy 26": 190,
    "ccsds_space_packet": 125, "tlv": 125, "frame+space+pair 22": 60,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_plain_python(name: str) -> None:
    for seed in range(5 * TIMES):
        check_native(native(name, False), stream_of(name, seed), seed)


@pytest.mark.parametrize(("name", "seed"), [("bare+frame 7", 92)])
def test_streams_that_once_differed(name: str, seed: int) -> None:
    check_native(native(name, False), stream_of(name, seed), seed)


@pytest.mark.parametrize("name", ["sgf1", "legacy 26", "counted+space 35", "flag+legacy+frame 34"])
def test_compiled_on_some(name: str) -> None:
    for seed in range(100):
        check_native(native(name, True), stream_of(name, seed), seed, all_ways=seed % 10 == 0)


@pytest.mark.parametrize("name", COMPILED)
def test_compiled(name: str) -> None:
    for seed in range(COMPILED[name] * TIMES):
        check_native(native(name, True), stream_of(name, seed), seed, all_ways=seed % 10 == 0)
