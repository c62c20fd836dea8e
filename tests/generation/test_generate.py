"""Generated captures: valid in every format that there is, the same for the same seed, and reaching what there is."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import pytest

import sigflow
from sigflow.coverage import Coverage
from sigflow.errors import UsageError
from sigflow.generation import GenerationError
from sigflow.stream.format import Format
from tests.building.kit import format_of

ROOT = Path(__file__).resolve().parent.parent.parent
BUNDLED = ("sgf1", "sgf_legacy", "tlv", "ubx", "nmea0183", "instrument_hdr", "ccsds_space_packet")
WIRES = tuple(sorted(path.stem for path in (ROOT / "tests" / "wires").glob("*.ksy")))

#: Points that no capture can reach, and why; of a format that has others with fewer frames, none.
IMPOSSIBLE = {
    # what a check of the spec says
    "nmea0183": {"sentence.text: length 0", "sentence.pieces: length 0"},
    "instrument_hdr": {
        "instrument_hdr.lines: length 1",  # LEN and the end
        "instrument_hdr.payload: length 0",
        "line.len: branch is_number: false",  # no header is valid then
        "pair.key_bytes: length 0",
    },
    "candump": {"candump.interface: length 0", "candump.can_id: length 0", "candump.can_id: length 1"},
    # sizes that an expression never gives
    "ccsds_space_packet": {"ccsds_space_packet.data: length 0"},
    "adts": {"adts.body: length 0"},
    "dataflash": {"dataflash.body: length 0", "dataflash.body: length 1"},
    "mbus": {"long.body: length 0", "long.body: length 1"},
    "modbus_response": {"modbus_response.values: length 0"},
    "slcan": {"slcan.can_id: length 0", "slcan.can_id: length 1", "slcan.data: length 1"},
    "scpi": {"block.len_data: length 0"},
    "fix": {"fix.body_length: length 0"},
    "syslog_octet": {"syslog_octet.len_message: length 0", "message.priority: length 0"},
    # a frame of 16 MiB, and one of 2 MiB, are above the limit of what is generated, 64 KiB
    "mcap": {"record.len_body: bound max 16777207"},
    "mqtt": {"mqtt.length: branch sizes.size > 3: true"},
    # a length of three digits of seven bits is that of 16 KiB or more, which is rare
    "protobuf": {
        "delimited.length: branch sizes.size > 2: true",
        "delimited.len_value: branch inner.size > 2: true",
    },
}
#: Frames, where there are fewer than of the others: they take long to make.
COUNTS = {"protobuf": 40, "instrument_hdr": 300, "fix": 1000}
#: There is one preamble in a capture: its bounds need several.
ONCE = {"pcap": "header.", "ulog": "ulog."}


def format_named(name: str) -> Format:
    return sigflow.load(name) if name in BUNDLED else sigflow.compile(ROOT / "tests" / "wires" / f"{name}.ksy")


@pytest.mark.parametrize("name", [*BUNDLED, *WIRES])
def test_what_is_generated_is_sound_and_reaches_what_can_be_reached(name: str) -> None:
    format = format_named(name)
    count = COUNTS.get(name, 1500)
    pieces = list(sigflow.generate(format, frames=count, seed=3))
    raw = b"".join(pieces)
    recording = sigflow.open(raw, format)
    coverage = Coverage([format])
    at = 0
    for piece, record in zip(pieces, recording, strict=True):
        assert (record.start, record.raw) == (at, piece)
        at += len(piece)
        coverage.add(record)
    report = recording.validate()
    assert report.sound and not report.gap_bytes and not any(report.sequence.values())
    assert coverage.frames == [count]
    missing = {point.words() for point in coverage.missing(0)}
    once = {words for words in missing if name in ONCE and words.startswith(ONCE[name]) and "bound" in words}
    assert missing - once <= IMPOSSIBLE.get(name, set())
    kinds = {point.kind for point in coverage.missing(0)}
    assert not kinds & {"field", "if", "case", "enum"}


@pytest.mark.parametrize("name", ["sgf1", "nmea0183", "mqtt"])
def test_a_seed_is_a_capture(name: str) -> None:
    format = format_named(name)
    captures = [b"".join(sigflow.generate(format, frames=60, seed=seed)) for seed in (1, 1, 2)]
    assert captures[0] == captures[1] != captures[2]


def test_the_capture_of_a_seed_is_the_same_everywhere() -> None:
    digests = {
        name: hashlib.sha256(b"".join(sigflow.generate(format_named(name), frames=200, seed=7))).hexdigest()[:16]
        for name in ("sgf1", "tlv", "nmea0183")
    }
    assert digests == {"sgf1": "af29a33d4b97f5c9", "tlv": "5a8949c8126ceb53", "nmea0183": "9d43419a1dd51ca8"}


def test_sequences_count_and_wrap() -> None:
    format = format_of(
        """
        seq: [{id: mark, contents: M}, {id: device, type: u1}, {id: count, type: u1}, {id: crc, type: u1}]
        -sigflow-stream:
          checksum: {field: crc, algorithm: xor-8, over: mark..count}
          sequence: {field: count, per: device}
        """
    )
    raw = b"".join(sigflow.generate(format, frames=6000))
    counters: dict[int, list[int]] = {}
    for record in sigflow.open(raw, format):
        counters.setdefault(record.value.device, []).append(record.value.count)
    assert len(counters) > 1
    for counted in counters.values():
        assert all((a + 1) % 256 == b for a, b in pairwise(counted))
    assert any(len(counted) > 256 for counted in counters.values())


def test_times_pass() -> None:
    format = format_of(
        """
        seq: [{id: mark, contents: M}, {id: at, type: u4}, {id: micros, type: u4, valid: {max: 999999}},
              {id: crc, type: u1}]
        -sigflow-stream:
          checksum: {field: crc, algorithm: xor-8, over: mark..micros}
          time: {expr: at * 1000000 + micros, unit: us}
        """
    )
    raw = b"".join(sigflow.generate(format, frames=300))
    times = [record.time for record in sigflow.open(raw, format)]
    assert len(times) == 300 and times == sorted(times)


def test_a_limit_is_kept() -> None:
    format = sigflow.load("sgf1", limits=sigflow.Limits(frame=100))
    sizes = [len(piece) for piece in sigflow.generate(format, frames=500)]
    assert max(sizes) == 100
    assert max(len(piece) for piece in sigflow.generate(sigflow.load("sgf1"), frames=500)) == 1 << 16


def test_errors() -> None:
    with pytest.raises(UsageError, match="-1 frames"):
        sigflow.generate(sigflow.load("sgf1"), frames=-1)
    with pytest.raises(GenerationError, match="no value"):
        next(sigflow.generate(format_of("seq: [{id: a, type: u1, valid: {expr: _ != _}}]"), frames=1))


@pytest.mark.parametrize(
    "spec",
    [
        # (objects in objects, without an end and with one; a list that nothing ends; more elements than are made)
        "seq: [{id: x, type: a}]\n"
        "types: {a: {seq: [{id: n, type: u1}, {id: x, type: a, repeat: expr, repeat-expr: n % 4 + 1}]}}",
        "seq: [{id: x, type: u1, repeat: until, repeat-until: _ > 999}]",
        "seq: [{id: n, type: u4, valid: {min: 1000000}}, {id: x, type: u1, repeat: expr, repeat-expr: n}]",
    ],
)  # fmt: skip
def test_what_has_no_end_is_given_up(spec: str) -> None:
    with pytest.raises(GenerationError, match="x"):
        next(sigflow.generate(format_of(spec), frames=1))


def test_objects_in_objects() -> None:
    format = format_of(
        """
        seq: [{id: x, type: tree}]
        types:
          tree:
            seq:
              - {id: n, type: u1}
              - {id: m, type: u1}
              - {id: left, type: tree, size: n, if: n != 0}
              - {id: right, type: tree, size: m, if: m != 0}
        """
    )
    assert max(len(raw) for raw in sigflow.generate(format, frames=100)) > 8
