"""Every sample and every real capture: the native engine, as it is and compiled, whole and by workers, finds the
same.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.streams import native
from tests.engine.ways import by_workers, check_native, events_of
from tests.stream.ways import check_tiles, shape

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = {
    "valid_telemetry.sgf": "sgf1", "malformed_frame.sgf": "sgf1", "truncated_stream.sgf": "sgf1",
    "legacy_archive.sgf": "sgf_legacy", "oscilloscope.hdr": "instrument_hdr", "mixed_noise.hdr": "instrument_hdr",
    "nested.tlv": "tlv",
}  # fmt: skip
CAPTURES = (
    "ubx-ALL.log", "ubx-MIXED.log", "ubx-MIXED2.log", "ubx-BADCK2.log", "ubx-SF-calibration.log", "ccsds-jpss.bin"
)  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(name: str) -> None:
    data = (ROOT / "samples" / name).read_bytes()
    for compile in (False, True):
        check_native(native(SAMPLES[name], compile), data, len(data))


@pytest.mark.parametrize("name", CAPTURES)
def test_capture(captures: Path, name: str) -> None:
    specs = json.loads((captures / "tallies.json").read_text())[name]["specs"]
    data = (captures / name).read_bytes()
    scan = native("+".join(specs), True)
    expected = check_native(scan, data, len(data), all_ways=False)
    wanted = shape(expected)
    check_tiles(expected, data)
    for workers in (2, 3, 7):
        assert shape(by_workers(scan, [data], workers, len(data) // 9 + 1)) == wanted
    short = data[:40_000]
    assert shape(events_of(native("+".join(specs), False), [short])) == shape(events_of(scan, [short]))
