"""What happened to a frame is told: each kind of damage, seeded, on frames of several formats."""

from __future__ import annotations

import random
import re
import struct
import zlib
from pathlib import Path

import pytest

import sigflow
from sigflow import Format, catalog, checksums
from sigflow.recording.diagnosis.budget import FRAMES
from sigflow.recording.diagnosis.search import Budget, Cause
from sigflow.recording.diagnosis.search import diagnose as diagnosed
from sigflow.recording.symptoms import symptoms
from tests.work import calls_of
from tools.make_samples import sgf1
from tools.score_causes import WIRES, said, score
from tools.score_diagnosis import BASE, DAMAGES, SGF1, Damage, frame, offered, parts


def diagnose(format: Format, data: bytes, base: int, budget: Budget | None = None) -> tuple[Cause, ...]:
    return diagnosed(format, data, base, budget=budget).causes()


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
    assert diagnose(SGF1, head + swapped + payload, 0, Budget(work=100)) == ()


def test_time_is_the_backstop() -> None:
    data = bytearray(frame(random.Random(1)))
    data[-1] ^= 1
    assert diagnose(SGF1, bytes(data), 0)
    out = Budget(seconds=0)
    assert diagnose(SGF1, bytes(data), 0, out) == () and out.cut and out.over


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
            messages.append([diagnostic.message for diagnostic in recording.validate().diagnostics])
    assert all(listed == messages[0] for listed in messages)
    assert sum("; likely one bit flipped at offset" in message for message in messages[0]) == FRAMES


# ---------------------------------------------------------------- firm causes


@pytest.mark.parametrize("name", WIRES)
def test_firm_causes_are_true(name: str) -> None:
    """The share of a test run; `tools/score_causes.py` has the rest."""
    wire = WIRES[name]
    done = score(wire, 4, 12)
    assert done.true == done.firm
    assert done.single == 20
    if wire.tells:
        assert done.firm >= 20
        assert done.told >= 16


def test_a_short_checksum_is_weak_by_its_odds() -> None:
    """Of 8,192 bits of a frame one in eight makes a checksum of 16 bits right, whatever happened."""
    wire = WIRES["crc16_be"]
    data = bytearray(wire.frame(random.Random(5), 1))
    data[40] ^= 4
    causes = diagnose(wire.format(), bytes(data), 0)
    assert causes and not any(cause.firm for cause in causes)
    assert all("(weak: of " in cause.message for cause in causes)


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize("behind", [0, 3])
def test_no_writer_is_blamed_where_other_frames_hold(engine: str, behind: int) -> None:
    """The frames come behind the gap, so that they are not known when it is looked at."""
    head, payload = parts(random.Random(9))
    swapped = head + struct.pack("<I", zlib.crc32(head + payload)) + payload
    good = b"".join(sgf1(7, 6 + number, b"good") for number in range(behind))
    with sigflow.open(swapped + good, SGF1, engine=engine) as recording:
        (message,) = [
            diagnostic.message for diagnostic in recording.validate().diagnostics if diagnostic.code == "checksum"
        ]
    assert ("little-endian" in message) is not behind
    assert ("likely" in message) is not behind


def test_no_cause_points_into_a_frame_that_is_believed() -> None:
    """A length that claims the next frame as well: what stands there is none of the damaged one's."""
    rng = random.Random(10)
    data = bytearray(sgf1(7, 1, rng.randbytes(60)))
    size = len(data)
    data[21] ^= 0x40  # 60 bytes become 124
    data[40] ^= 0xFF
    data[50] ^= 0xFF
    with sigflow.open(bytes(data) + sgf1(7, 2, rng.randbytes(200)), SGF1) as recording:
        report = recording.validate()
    assert [(gap.span.start, gap.span.stop) for gap in report.gaps] == [(0, size)]
    for diagnostic in report.diagnostics:
        for cause in said(diagnostic.message):
            places = [int(place) for place in re.findall(r"at offset (\d+)", cause.words)]
            assert all(place < size for place in places)


def test_frames_in_a_row_are_each_diagnosed() -> None:
    """They make one gap with one finding, in which each is told."""
    rng = random.Random(12)
    pieces, places = [], []
    for number in range(4):
        data = bytearray(sgf1(7, number, rng.randbytes(50)))
        data[30 + number] ^= 8
        places.append(sum(map(len, pieces)) + 30 + number)
        pieces.append(bytes(data))
    with sigflow.open(b"".join(pieces), SGF1) as recording:
        (diagnostic,) = recording.validate().diagnostics
    told = [int(place) for place in re.findall(r"one bit flipped at offset (\d+)", diagnostic.message)]
    assert told == places


SLOW = """meta: {id: slow, endian: le}
-sigflow-stream:
  max-frame: 65536
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: [magic..items]}
seq:
  - {id: magic, contents: "MARK"}
  - {id: items, type: item, repeat: until, repeat-until: _.value == 0}
  - {id: crc, type: u2}
types:
  item:
    seq: [{id: value, type: u1}]
"""


def test_a_slow_spec_costs_no_more_than_others(tmp_path: Path) -> None:
    """Its measure takes a step for each byte: that is what the work is counted by.

    Calls of functions are counted, some 0.1 us each; as time, it is less than a second of the processor.
    """
    path = tmp_path / "slow.ksy"
    path.write_text(SLOW, encoding="utf-8")
    format = sigflow.compile(path)
    data = (b"MARK" + b"x" * 8000 + b"\0\x12\x34") * 3
    with sigflow.open(data, format) as recording:
        scan = calls_of(lambda: list(recording.events()))
        reports = []
        calls = calls_of(lambda: reports.append(recording.validate()))
        (report,) = reports
        assert report.diagnostics_total == 1
        calls += calls_of(lambda: symptoms(recording, report))
    assert symptoms(recording, report) == []
    assert calls - scan < MOST_CALLS, (calls, scan)


#: Calls that a diagnosis may take in all: what a second allows, and a good deal less than without a bound.
MOST_CALLS = 2_000_000


def test_what_was_not_searched_is_said() -> None:
    data = damaged_stream(80)
    with sigflow.open(data, SGF1) as recording:
        some = [diagnostic.message for diagnostic in recording.validate().diagnostics]
        every = [diagnostic.message for diagnostic in recording.validate(explain_all=True).diagnostics]
    assert sum("not searched for, which --explain-all does" in message for message in some) == 40 - FRAMES
    assert sum("; likely one bit flipped at offset" in message for message in every) == 40
