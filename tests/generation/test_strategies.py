"""Frames and streams for Hypothesis: valid, and small once they are shrunk."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

import sigflow
from sigflow import strategies
from sigflow.errors import UsageError
from sigflow.stream.format import Format
from tests.building.kit import format_of

WIRES = Path(__file__).resolve().parent.parent / "wires"
NAMES = ("sgf1", "tlv", "nmea0183", "ccsds_space_packet", "pcap", "slip_crc", "mbus", "mqtt", "mcap")
FORMATS: dict[str, Format] = {
    name: sigflow.compile(path) if (path := WIRES / f"{name}.ksy").exists() else sigflow.load(name) for name in NAMES
}
STREAMS = {name: strategies.streams(format) for name, format in FORMATS.items()}


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_streams_are_sound(name: str, data: st.DataObject) -> None:
    report = sigflow.open(data.draw(STREAMS[name]), FORMATS[name]).validate()
    assert report.sound and not report.gap_bytes and not any(report.sequence.values())


def smallest(strategy: Any, wanted: Callable[[bytes], bool]) -> bytes:
    quiet = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    raw: bytes = find(strategy, wanted, settings=quiet)
    return raw


def test_frames_shrink() -> None:
    sgf1 = FORMATS["sgf1"]
    raw = smallest(strategies.frames(sgf1), lambda raw: len(sgf1.parse(raw).payload) > 2)
    value = sgf1.parse(raw)
    assert (value.payload, value.flags.compressed, value.sequence) == (bytes(3), False, 0)
    nmea = FORMATS["nmea0183"]
    raw = smallest(strategies.frames(nmea), lambda raw: len(nmea.parse(raw).body.fields) > 1)
    assert len(raw) < 14


def test_streams_shrink() -> None:
    sgf1 = FORMATS["sgf1"]
    raw = smallest(strategies.streams(sgf1), lambda raw: sum(1 for _ in sigflow.open(raw, sgf1)) == 3)
    assert len(raw) <= 3 * 26 + 2
    raw = smallest(strategies.streams(sgf1, min_frames=2), lambda raw: True)
    assert sum(1 for _ in sigflow.open(raw, sgf1)) == 2


def test_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="from 3 to 2"):
        strategies.streams(FORMATS["sgf1"], min_frames=3, max_frames=2)
    with pytest.raises(strategies.GenerationError, match="a: no value"):
        strategies.frames(format_of("seq: [{id: a, type: u1, valid: {expr: _ != _}}]"))
    monkeypatch.setitem(sys.modules, "hypothesis.strategies", None)
    with pytest.raises(UsageError, match=r"pip install 'sigflow\[hypothesis\]'"):
        strategies.frames(FORMATS["sgf1"])
