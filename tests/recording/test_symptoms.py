"""Captures that something happened to: each shows its symptom and no other, and plain damage shows none."""

from __future__ import annotations

import base64
import gzip
import random
import re
import struct
import zlib
from pathlib import Path

import pytest

import sigflow
from sigflow.recording.symptoms import FILES, Symptom, symptoms
from sigflow.recording.undo import UNDOS
from tests.stream.test_bundled import MAKERS
from tools.make_samples import sgf1

ROOT = Path(__file__).resolve().parents[2]
RNG = random.Random(7)
PAYLOADS = [RNG.randbytes(size) for size in (40, 200, 90, 300, 11, 150)]
SGF = b"".join(sgf1(7, number, payload) for number, payload in enumerate(PAYLOADS))
UBX = b"".join(MAKERS["ubx"](payload) for payload in PAYLOADS)
NMEA = b"".join(MAKERS["nmea0183"](payload) for payload in PAYLOADS)
HDR = b"".join(MAKERS["instrument_hdr"](payload) for payload in PAYLOADS)
CODED = b"".join(MAKERS["instrument_hdr"](b"number %d" % number) for number in range(4))
#: Every value of a byte but XON and XOFF.
ALL = bytes(set(range(256)) - {0x11, 0x13})


def shifted(raw: bytes, bits: int) -> bytes:
    """The bytes, some bits later."""
    return ((int.from_bytes(raw, "big") | (1 << 8 * len(raw))) << (8 - bits)).to_bytes(len(raw) + 2, "big")


def reversed_bits(raw: bytes) -> bytes:
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in raw)


def little(number: int, payload: bytes, version: int = 1) -> bytes:
    """An SGF1 frame by a sender that writes little-endian."""
    head = struct.pack("<4sBBIQI", b"SGF1", version, 0, 7, number, len(payload))
    return head + struct.pack("<I", zlib.crc32(payload, zlib.crc32(head))) + payload


def with_parity(raw: bytes) -> bytes:
    return bytes(byte | (byte.bit_count() & 1) << 7 for byte in raw)


def dumped(raw: bytes) -> bytes:
    """As `xxd` prints it."""
    rows = (raw[at : at + 16] for at in range(0, len(raw), 16))
    return b"".join(b"%08x: %b  ........\n" % (16 * n, row.hex(" ", 2).encode()) for n, row in enumerate(rows))


#: The capture, its format, the symptom and something that it says.
ROWS: dict[str, tuple[bytes, str, str, str]] = {
    "inverted": (bytes(255 - byte for byte in SGF), "sgf1", "polarity", "6 frames come out"),
    "bits reversed": (reversed_bits(UBX), "ubx", "bit-order", "6 frames come out"),
    **{f"{bits} bits late": (shifted(SGF, bits), "sgf1", "bit-slip", f"beginning {bits} bit") for bits in (1, 4, 7)},
    "words swapped": (b"".join(SGF[at : at + 2][::-1] for at in range(0, len(SGF), 2)), "sgf1", "byte-pairs", "frames"),
    "LF for CR LF": (NMEA.replace(b"\r\n", b"\n"), "nmea0183", "line-ends", "with CR LF for each LF"),
    "LF for CR LF, three lines": (b"\n".join(NMEA.split(b"\r\n")[:3]) + b"\n", "nmea0183", "line-ends", "3 frames"),
    "CR for CR LF, three lines": (b"\r".join(NMEA.split(b"\r\n")[:3]) + b"\r", "nmea0183", "line-ends", "for each CR "),
    "CR for CR LF": (NMEA.replace(b"\r\n", b"\r"), "nmea0183", "line-ends", "6 frames"),
    "sentences without a checksum": (b"$GPGGA,123519,4807.038,N\r\n" * 3, "nmea0183", "unterminated-lines", "2 lines"),
    "CR LF for LF": (UBX.replace(b"\n", b"\r\n"), "ubx", "line-ends", "with LF for each CR LF"),
    "LF for CR": (CODED.replace(b"\r", b"\n"), "instrument_hdr", "line-ends", "for each LF LF"),
    "CR for LF": (CODED.replace(b"\n", b"\r"), "instrument_hdr", "line-ends", "for each CR CR"),
    "a parity bit": (with_parity(NMEA), "nmea0183", "parity", "6 frames come out"),
    "seven bits": (bytes(byte & 0x7F for byte in UBX * 2), "ubx", "seven-bits", "markers of ubx"),
    "seven bits of SGF1": (bytes(byte & 0x7F for byte in SGF), "sgf1", "seven-bits", "6 markers"),
    "little-endian": (
        b"".join(little(n, text) for n, text in enumerate(PAYLOADS)),
        "sgf1",
        "byte-order",
        "payload_length",
    ),
    "doubled": (
        b"".join(sgf1(7, n, b"\xff\1" * 9) for n in range(4)).replace(b"\xff", b"\xff\xff"),
        "sgf1",
        "telnet",
        "4 frames",
    ),
    "a dump": (dumped(SGF), "sgf1", "dump", "hexadecimal"),
    "base64": (base64.encodebytes(SGF), "sgf1", "dump", "base64"),
    "compressed": (gzip.compress(SGF), "sgf1", "not-a-capture", "a gzip file"),
    "another format": (UBX, "sgf1", "another-format", "ubx finds 6 frames"),
    "counters": (sgf1(7, 1, b"a") + sgf1(7, 5, b"b"), "sgf1", "frames-never-came", "miss 3 frames"),
    "headers": (
        b"".join(b"\xaa\xbb\xcc\xdd" + sgf1(7, n, b"a") for n in range(9)),
        "sgf1",
        "bytes-between-frames",
        "4 bytes",
    ),
    "a marker in a value": (
        b"*HDR\r\nA:*HDR\r\nLEN:1\r\n;END\r\nA" + HDR,
        "instrument_hdr",
        "delimiter-collision",
        "1 headers",
    ),
    "flow control": (b"".join(sgf1(7, n, ALL * 4)[:-1] for n in range(9)), "sgf1", "flow-control", "0x11"),
}


def found(capture: bytes, format: str) -> list[Symptom]:
    with sigflow.open(capture, format) as recording:
        return symptoms(recording, recording.validate())


@pytest.mark.parametrize("name", ROWS)
def test_what_happened_is_told(name: str) -> None:
    capture, format, symptom, words = ROWS[name]
    told = found(capture, format)
    assert [shown.name for shown in told] == [symptom], told
    assert words in "".join(shown.seen for shown in told)


def test_time_is_the_backstop(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be undone is tried as long as there is time."""
    capture, format, symptom, _ = ROWS["bits reversed"]
    monkeypatch.setattr("sigflow.recording.symptoms.SECONDS", -1.0)
    assert symptom not in [shown.name for shown in found(capture, format)]


VERSIONED = """meta: {id: versioned, endian: be}
-sigflow-stream: {max-frame: 300, checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: [version, body]}}
seq:
  - {id: magic, contents: [0xc0, 0xde, 0xc0, 0xde]}
  - {id: version, type: u1, valid: @}
  - {id: length, type: u1}
  - {id: body, size: length}
  - {id: crc, type: u4}
"""


@pytest.mark.parametrize(
    ("valid", "says"),
    [
        ("{max: 1}", "6 of 6 refused frames are alike: versioned.version, a value is not one that the spec allows"),
        ("1", "the marker c0 de c0 de 01 begins 6 times, and goes on with 02"),
    ],
)
def test_frames_of_another_version(tmp_path: Path, valid: str, says: str) -> None:
    (tmp_path / "versioned.ksy").write_text(VERSIONED.replace("@", valid), encoding="utf-8")
    bodies = [bytes((2, len(payload[:99]))) + payload[:99] for payload in PAYLOADS]
    capture = b"".join(b"\xc0\xde\xc0\xde" + body + zlib.crc32(body).to_bytes(4, "big") for body in bodies)
    (told,) = found(capture, str(tmp_path / "versioned.ksy"))
    assert told.name == "version-skew" and says in told.seen


def test_nothing_is_said_of_a_sound_capture() -> None:
    assert not found(SGF, "sgf1")


@pytest.mark.parametrize(("good", "format"), [(SGF, "sgf1"), (UBX, "ubx"), (NMEA, "nmea0183"), (HDR, "instrument_hdr")])
def test_plain_damage_is_no_symptom_of_a_cause_that_can_be_undone(good: bytes, format: str) -> None:
    rng = random.Random(format)
    of_undos = {undo.name for undo in UNDOS} | {"byte-order", "seven-bits", "flow-control"}
    for _ in range(10):
        data = bytearray(good * 3)
        for _ in range(rng.randrange(1, 20)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        at = rng.randrange(len(data))
        del data[at : at + rng.randrange(9)]
        assert not of_undos & {symptom.name for symptom in found(bytes(data), format)}


def test_gaps_that_begin_with_the_formats_own_marker_are_no_frames_in_others() -> None:
    """Damaged frames of one length between good ones: their lengths say nothing about a transport."""
    pieces = []
    for number in range(20):
        data = bytearray(sgf1(7, number, b"as long as the others"))
        data[-1] ^= number % 2
        pieces.append(bytes(data))
    assert "bytes-between-frames" not in {symptom.name for symptom in found(b"".join(pieces), "sgf1")}


def test_a_capture_with_frames_is_one() -> None:
    """Whatever it begins like."""
    for begin, _, _ in FILES:
        assert "not-a-capture" not in {symptom.name for symptom in found(begin + SGF, "sgf1")}


def test_a_header_that_was_cut_is_not_a_line_without_its_end() -> None:
    sentence = MAKERS["nmea0183"](b"some words")
    told = found(sentence * 2 + sentence[:-6] + sentence * 2, "nmea0183")
    assert [symptom.name for symptom in told] == ["delimiter-collision"]


def test_noise_shows_nothing() -> None:
    for seed in range(5):
        assert not found(random.Random(seed).randbytes(20_000), "sgf1")


def test_every_symptom_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^### `([a-z-]+)`$", text, re.MULTILINE))
    source = (ROOT / "sigflow" / "recording" / "symptoms.py").read_text(encoding="utf-8")
    made = set(re.findall(r'Symptom\(\s*"([a-z-]+)"', source)) | {undo.name for undo in UNDOS}
    assert named == made == {row[2] for row in ROWS.values()} | {"version-skew"}
    assert all(name in text for _, name, _ in FILES)
