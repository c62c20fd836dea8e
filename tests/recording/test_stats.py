"""What is counted is what is there."""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path

import pytest

import sigflow
from sigflow.columns import moments
from sigflow.recording import batches, grouping, native_verdict
from sigflow.recording import stats as module
from sigflow.recording.stats import Tally, stats
from tests.cli.calls import SAMPLES

TIMED = """
meta: {id: timed, endian: be}
-sigflow-stream:
  checksum: {field: sum, algorithm: sum-8, over: magic..data}
  time: {field: stamp, unit: ms}
  kind: kind
  sequence: {field: count, per: kind}
seq:
  - {id: magic, contents: TT}
  - {id: kind, type: u1, enum: kinds}
  - {id: count, type: u1}
  - {id: stamp, type: u4}
  - {id: size, type: u1}
  - {id: data, size: size}
  - {id: sum, type: u1}
enums: {kinds: {1: one}}
"""


def timed(kind: int, count: int, stamp: int, size: int) -> bytes:
    head = struct.pack(">2sBBIB", b"TT", kind, count, stamp, size) + bytes(size)
    return head + bytes([sum(head) & 255])


@pytest.fixture
def format(tmp_path: Path) -> sigflow.Format:
    (tmp_path / "timed.ksy").write_text(TIMED, encoding="utf-8")
    return sigflow.compile(tmp_path / "timed.ksy")


def test_by_kind_and_stream_with_rates(format: sigflow.Format) -> None:
    frames = [timed(1, n, 1000 + 100 * n, 6) for n in range(11)] + [timed(2, 0, 5000, 20)]
    with sigflow.open(b"".join(frames) + b"junk", format) as recording:
        tree = stats(recording).tree()
    assert (tree["frames"], tree["gaps"], tree["gap_bytes"], tree["sound"]) == (12, 1, 4, False)
    (counted,) = tree["formats"]
    assert (counted["seconds"], counted["frames_per_second"]) == (4.0, 2.75)
    assert counted["sizes"]["histogram"] == [{"from": 16, "to": 31, "frames": 12}]
    assert counted["sizes"] | {"histogram": []} == {"min": 16, "max": 30, "mean": 17.167, "histogram": []}
    first, second = counted["kinds"]
    assert first["kind"] == {"name": "one", "raw": 1} and second["kind"] == 2
    assert (first["frames_per_second"], first["bytes_per_second"], first["bytes"]) == (10.0, 160.0, 176)
    assert (second["frames_per_second"], second["seconds"]) == (None, 0.0)
    assert [row["stream"] for row in counted["streams"]] == [first["kind"], 2]


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize("size", [1, 25, 1 << 20])
def test_what_is_lost_doubled_and_late_is_of_its_stream(
    format: sigflow.Format, engine: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (batches, native_verdict):
        monkeypatch.setattr(place, "BYTES", size)
    order = [(1, 0), (2, 0), (1, 1), (1, 4), (1, 3), (2, 0), (2, 1), (2, 3)]
    data = b"".join(timed(kind, count, 0, 0) for kind, count in order)
    with sigflow.open(data, format, engine=engine) as recording:
        (counted,) = stats(recording).tree()["formats"]
        report = recording.validate()
    counts = {str(row["stream"]): tuple(row[name] for name in report.sequence) for row in counted["streams"]}
    assert counts == {str({"name": "one", "raw": 1}): (1, 0, 1, 0, 0), "2": (1, 1, 0, 0, 0)}
    assert {name: counted[name] for name in report.sequence} == report.sequence


def test_many_kinds_are_counted_together(format: sigflow.Format, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    with sigflow.open(b"".join(timed(kind, 0, 0, 1) for kind in range(10)), format) as recording:
        (counted,) = stats(recording).tree()["formats"]
    assert (
        len(counted["kinds"]) == 3 and counted["other_kinds"]["frames"] == 7 and counted["other_streams"]["frames"] == 7
    )


def test_the_counts_agree_with_the_verdict() -> None:
    head = struct.pack(">4sBBIQI", b"SGF1", 1, 0, 7, 1, 3)
    frame = head + struct.pack(">I", zlib.crc32(b"abc", zlib.crc32(head))) + b"abc"
    data = frame * 3 + bytes.fromhex("b562 05 01 0200 0601 0f38") + b"?" + frame
    with sigflow.open(data, ["sgf1", "ubx"]) as recording:
        counted, report = stats(recording), recording.validate()
    assert counted.report == report
    assert {row["format"]: {"frames": row["frames"], "bytes": row["bytes"]} for row in counted.tree()["formats"]} == (
        report.by_format
    )


CAPTURES = {"malformed_frame.sgf": "sgf1", "mixed_noise.hdr": "instrument_hdr", "nested.tlv": "tlv"}


@pytest.mark.parametrize("name", CAPTURES)
def test_keys_are_those_of_each_record(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for once per combination of fields, or of every record: the counts are the same."""
    with sigflow.open(SAMPLES / name, CAPTURES[name]) as recording:
        quick = stats(recording).tree()
        monkeypatch.setattr(grouping, "_scalars", lambda format: {})
        assert stats(recording).tree() == quick


def drawn(chance: random.Random, count: int) -> bytes:
    """Frames of a few kinds or of many, some damaged, lost, doubled or without their order."""
    parts = []
    counters: dict[int, int] = {}
    stamp = chance.randrange(1 << 31)
    for _ in range(count):
        kind = chance.choice((1, 2, 2, chance.randrange(256)))
        counters[kind] = counters.get(kind, 0) + chance.choice((0, 1, 1, 1, 1, 1, 3, 254))
        stamp += chance.randrange(-5, 200)
        frame = timed(kind, counters[kind] & 255, stamp % (1 << 32), chance.choice((0, 1, 3, 90, 255)))
        parts.append(frame if chance.random() < 0.95 else frame[: chance.randrange(len(frame))] + b"?")
    return b"".join(parts)


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize("time", ["field: stamp, unit: ms", "expr: stamp * 3 - count, unit: s, epoch: '1999-01-01'"])
def test_random_captures_are_counted_as_by_each_record(
    engine: str, time: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "timed.ksy").write_text(TIMED.replace("field: stamp, unit: ms", time), encoding="utf-8")
    format = sigflow.compile(tmp_path / "timed.ksy")
    chance = random.Random(11)
    for count, size in ((300, 1 << 20), (300, 900), (40, 30), (1, 1)):
        data = drawn(chance, count)
        for place in (batches, native_verdict):
            monkeypatch.setattr(place, "BYTES", size)
        with sigflow.open(data, format, engine=engine) as recording:
            quick = stats(recording).tree()
            with monkeypatch.context() as patched:
                patched.setattr(grouping, "_scalars", lambda format: {})
                patched.setattr(moments, "times_of", lambda format, scalars, rows: None)
                slow = stats(recording).tree()
        assert quick == slow
        mine = quick["formats"][0]
        assert count < 300 or (len(mine["kinds"]) > 5 and mine["seconds"] and mine["lost"] and quick["gaps"])


def test_a_tally_of_nothing() -> None:
    tree = Tally().tree(0, sequence=False)
    assert tree["frames_per_mib"] == 0 and tree["seconds"] is None and tree["sizes"]["histogram"] == []
