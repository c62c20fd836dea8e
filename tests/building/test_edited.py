"""Edits: the field changes, and what follows from it; everything else stays as it was, byte for byte."""

from __future__ import annotations

import os
import random
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow.errors import BuildError, UsageError
from sigflow.stream.format import Format
from tests.building.edits import edited
from tests.building.kit import format_of
from tests.stream.test_wires import CAPTURES as OF_WIRES
from tests.stream.test_wires import SPECS, WIRES

ROOT = Path(__file__).parents[2]
CAPTURES = Path(os.environ.get("SIGFLOW_CAPTURES") or "absent")
SAMPLES = {"valid_telemetry.sgf": "sgf1", "oscilloscope.hdr": "instrument_hdr", "legacy_archive.sgf": "sgf_legacy"}


def edits_of(path: Path, formats: list[Format]) -> int:
    """How many edits of the first frames of a capture were made."""
    return edited(islice(sigflow.open(path, formats), 40), 6, random.Random(7))[0]


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples(sample: str) -> None:
    assert edits_of(ROOT / "samples" / sample, [sigflow.load(SAMPLES[sample])])


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="SIGFLOW_CAPTURES names no folder")
@pytest.mark.parametrize("capture", ["ubx-MIXED2.log", "ccsds-jpss.bin"])
def test_real_captures(capture: str) -> None:
    names = ["ubx", "nmea0183"] if capture.startswith("ubx") else ["ccsds_space_packet"]
    assert edits_of(CAPTURES / capture, [sigflow.load(name) for name in names])


@pytest.mark.skipif(not WIRES.is_dir(), reason="SIGFLOW_WIRES names no folder")
@pytest.mark.parametrize("capture", OF_WIRES)
def test_wires(capture: str) -> None:
    assert edits_of(WIRES / capture, [sigflow.compile(SPECS / f"{name}.ksy") for name in OF_WIRES[capture]])


def record_of(format: Format, raw: bytes) -> Any:
    decoder = format.decoder()
    decoder.feed(raw)
    return next(event for event in decoder.events() if hasattr(event, "raw"))


def test_what_a_value_does_not_carry_stays() -> None:
    format = format_of(
        """
        -sigflow-stream: {sync: M, checksum: {field: sum, algorithm: sum-8, over: mark..tail}}
        seq:
          - {id: mark, contents: M}
          - {id: a, type: str, size: 6, terminator: 0}
          - {id: part, size: 4, type: part}
          - {id: tail, type: u1}
          - {id: sum, type: u1}
        types: {part: {seq: [{id: x, type: u1}]}}
        """
    )
    raw = b"Mab\x00zz!\x05ABC\x09"
    raw += bytes([sum(raw) % 256])
    record = record_of(format, raw)
    assert record.replace({"tail": 8})[:-1] == b"Mab\x00zz!\x05ABC\x08"
    assert record.replace({"a": "cd"})[:-1] == b"Mcd\x00zz!\x05ABC\x09"
    assert record.replace({"a": "abcd"})[:-1] == b"Mabcd\x00!\x05ABC\x09"
    assert record.replace({"part.x": 6})[:-1] == b"Mab\x00zz!\x06ABC\x09"
    assert record.patch({"tail": 9}) == []
    assert record.patch({"tail": 8}) == [(11, b"\x09" + raw[-1:], b"\x08" + bytes([raw[-1] - 1]))]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("flags.encodin", "did you mean 'encoding'"),
        ("stream", "did you mean 'stream_id'"),
        ("payload[0]", "it has no elements"),
        ("a..b", "no path of a field"),
    ],
)
def test_a_path_that_leads_nowhere(path: str, text: str) -> None:
    record = next(iter(sigflow.open(ROOT / "samples" / "valid_telemetry.sgf", "sgf1")))
    with pytest.raises(UsageError, match=text):
        record.replace({path: 1})
    with pytest.raises(BuildError, match="follows from the rest"):
        record.replace({"payload_length": 1})
    assert record.replace({"payload_length": 1}, keep=["payload_length"])[18:22] == b"\x00\x00\x00\x01"


def test_bytes_that_were_escaped_without_need_stay_so() -> None:
    format = format_of(
        """
        -sigflow-stream:
          framing: {delimiter: 0x7e, stuffing: hdlc}
          checksum: {field: sum, algorithm: sum-8, over: body}
        seq: [{id: body, size: _io.size - 1}, {id: sum, type: u1}]
        """
    )
    unit = bytes([1, 2, 0x7E, 3])
    sum_ = sum(unit) % 256
    raw = bytes([0x7D, 0x21, 2, 0x7D, 0x5E, 3, sum_, 0x7E])  # the first byte need not have been escaped
    record = record_of(format, b"\x7e" + raw)
    assert record.raw.endswith(raw) and record.value.body == unit
    begin = len(record.raw) - len(raw)
    assert format.build(record) == record.raw
    assert record.replace({"body": bytes([1, 4, 0x7E, 3])})[begin:] == raw[:2] + b"\x04" + raw[3:6] + bytes(
        [sum_ + 2, 0x7E]
    )
    longer = record.replace({"body": bytes([1, 2, 9, 0x7E, 3])})
    assert longer[begin : begin + 7] == raw[:3] + b"\x09" + raw[3:6]
