"""Real captures: every tally comes out, and the events are the same at random cuts and with caches dropped."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from sigflow import catalog
from sigflow.events import Record
from sigflow.runtime.envelope import Envelope
from tests.stream.ways import check_tiles, decode, shape

NAMES = (
    "ubx-ALL.log", "ubx-MIXED.log", "ubx-MIXED2.log", "ubx-BADCK2.log", "ubx-SF-calibration.log", "ccsds-jpss.bin"
)  # fmt: skip
#: Bytes up to which a capture is also fed byte by byte.
BYTEWISE = 10_000


@pytest.mark.parametrize("name", NAMES)
def test_the_tally_comes_out_however_the_chunks_fall(captures: Path, name: str) -> None:
    tally = json.loads((captures / "tallies.json").read_text())[name]
    data = (captures / name).read_bytes()
    envelopes: list[Envelope] = [envelope for spec in tally["specs"] if (envelope := catalog.load(spec).envelope)]
    events = decode(envelopes, [data])
    check_tiles(events, data)
    records = [event for event in events if isinstance(event, Record)]
    counted = {spec: sum(record.format == spec for record in records) for spec in tally["frames"]}
    assert counted == tally["frames"]
    assert len(data) - sum(len(record.raw) for record in records) == tally["gap_bytes"]
    rng = random.Random(name)
    pieces, at = [], 0
    while at < len(data):
        pieces.append(data[at : at + rng.choice((1, 7, 300, 5000, 70000))])
        at += len(pieces[-1])
    assert shape(decode(envelopes, pieces)) == shape(events)
    assert shape(decode(envelopes, pieces, rng)) == shape(events)
    if len(data) <= BYTEWISE:
        assert shape(decode(envelopes, [data[n : n + 1] for n in range(len(data))])) == shape(events)
