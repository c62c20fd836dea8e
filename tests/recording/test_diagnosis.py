"""What happened to a frame is told: each kind of damage, seeded, on frames of several formats."""

from __future__ import annotations

import random
import struct
import zlib

import pytest

import sigflow
from sigflow import catalog, checksums
from sigflow.recording.diagnosis import diagnose
from sigflow.recording.faults import DIAGNOSED
from tools.make_samples import sgf1
from tools.score_diagnosis import BASE, DAMAGES, SGF1, Damage, frame, offered, parts


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_the_true_cause_is_offered(damage: Damage) -> None:
    """The share of a test run; `tools/score_diagnosis.py` has the rest."""
    rng = random.Random(damage.__name__)
    missed = 0
    for _ in range(60):
        data, told = damage(rng)
        causes = offered(data)
        assert len(causes) <= 3
        missed += not any(told(cause) for cause in causes)
    assert missed <= 1


def test_noise_has_no_cause() -> None:
    rng = random.Random(3)
    for _ in range(20):
        head, payload = parts(rng)
        assert diagnose(SGF1, head + rng.randbytes(4) + payload + rng.randbytes(60), BASE) == ()


def test_a_good_frame_has_no_cause() -> None:
    assert diagnose(SGF1, frame(random.Random(1)), 0) == ()


def test_work_is_bounded() -> None:
    """A frame far larger than the work allows still has its other causes."""
    head = b"SGF1\x01\0" + struct.pack(">IQI", 7, 5, 1 << 20)
    payload = random.Random(4).randbytes(1 << 20)
    swapped = struct.pack("<I", zlib.crc32(head + payload))
    assert [cause.kind for cause in diagnose(SGF1, head + swapped + payload, 0)] == ["order"]
    assert diagnose(SGF1, head + swapped + payload, 0, work=100) == ()


def ubx(payload: bytes) -> bytes:
    body = bytes([1, 7]) + struct.pack("<H", len(payload)) + payload
    return b"\xb5\x62" + body + struct.pack("<H", checksums.get("fletcher-16-mod256").compute(body))


def test_a_trailer_and_a_short_checksum() -> None:
    """UBX: 16 bits, behind the payload.  Chance is said where it plays a part."""
    format = catalog.load("ubx")
    rng = random.Random(6)
    told = 0
    for _ in range(100):
        data = bytearray(ubx(rng.randbytes(40)))
        at = rng.choice([place for place in range(2, len(data)) if place not in (4, 5)])
        data[at] ^= 1 << rng.randrange(8)
        causes = diagnose(format, bytes(data), 0)
        told += any(cause.kind == "flip" and cause.offset == at for cause in causes)
    assert told >= 80  # the highest bit of a byte weighs the same at every other place
    data = bytearray(ubx(rng.randbytes(40)))
    del data[20]
    assert all("weak: of" in cause.message for cause in diagnose(format, bytes(data) + b"\xb5\x62", 0))


def test_a_weak_checksum_tells_no_place() -> None:
    sentence = b"$GPGLL,4916.45,N,12311.12,W,225444,A*31\r\n"
    format = catalog.load("nmea0183")
    data = sentence.replace(b"4916", b"4917")
    assert not [cause for cause in diagnose(format, data, 0) if cause.kind in ("flip", "drop") and cause.offset == 7]


def damaged_stream(count: int) -> bytes:
    rng = random.Random(8)
    pieces = []
    for number in range(count):
        data = bytearray(sgf1(7, number, rng.randbytes(20)))
        if number % 2:
            data[rng.randrange(30, len(data))] ^= 1
        pieces.append(bytes(data))
    return b"".join(pieces)


def test_a_verdict_tells_as_many_as_it_lists_whatever_the_chunks() -> None:
    data = damaged_stream(80)
    messages = []
    for options in ({}, {"chunk_size": 1}, {"chunk_size": 50}, {"engine": "native"}):
        with sigflow.open(data, SGF1, **options) as recording:
            messages.append([found.message for found in recording.validate().diagnostics])
    assert all(each == messages[0] for each in messages)
    assert sum("; likely one bit flipped at offset" in message for message in messages[0]) == DIAGNOSED
