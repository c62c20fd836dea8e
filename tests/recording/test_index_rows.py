"""What an index tells of kinds, streams and times is the same, packed by kernel code from rows, and from records."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

import sigflow
from sigflow.index.file import Index
from sigflow.recording.index_rows import RowPacker
from sigflow.recording.indexing import build_index

SPEC = """
meta: {{id: counted, endian: {endian}, bit-endian: be}}
-sigflow-stream:
  checksum: {{field: sum, algorithm: sum-8, over: [magic..body]}}
  time: {time}
  kind: {kind}
  sequence: {{field: count, per: source}}
seq:
  - {{id: magic, contents: "CN"}}
  - {{id: high, type: b3}}
  - {{id: low, type: b5}}
  - {{id: mode, type: s2, enum: modes}}
  - {{id: source, type: u1}}
  - {{id: count, type: u4}}
  - {{id: stamp, type: {stamp}}}
  - {{id: body, size: 2}}
  - {{id: sum, type: u1}}
enums: {{modes: {{1: one, -3: other}}}}
"""

#: Of a format its endianness, its kind and time, the type of the stamp, and whether the rows tell all of these.
VARIANTS: dict[str, tuple[str, str, str, str, bool]] = {
    "microseconds": ("be", "low", "{field: stamp, unit: us, epoch: '2020-01-01'}", "u8", True),
    "signed": ("le", "high", "{field: stamp, unit: ms}", "s4", True),
    "signed, 64 bits": ("be", "mode", "{field: stamp, unit: ns}", "s8", True),
    "small": ("le", "mode", "{field: stamp, unit: s}", "s1", True),
    "expressions": ("be", "high * 32 + low", "{expr: stamp / 3, unit: ms}", "u2", False),
    "a float": ("le", "low", "{field: stamp, unit: s}", "f4", False),
}


def capture_of(endian: str, stamp: str, rng: random.Random) -> bytes:
    """Frames, some with a bit turned."""
    letter, order = {"u8": "Q", "s4": "i", "s8": "q", "s1": "b", "u2": "H", "f4": "f"}[stamp], "<>"[endian == "be"]
    low = 0 if stamp.startswith("u") else -100
    frames = []
    for number in range(300):
        mode = rng.choice([1, -3, 900])
        time = rng.choice([number // 3, number // 3, rng.randrange(low, 100)])
        time = 1 << 63 | time if stamp == "u8" and rng.random() < 0.01 else time
        body = struct.pack(
            f"{order}2sBhBI{letter}2s", b"CN", rng.randrange(256), mode, rng.randrange(5), number, time, b"xy"
        )
        frame = bytearray(body + bytes((sum(body) & 255,)))
        frame[-2] ^= rng.random() < 0.05
        frames.append(bytes(frame))
    return b"".join(frames)


def told(index: Index) -> object:
    """What an index of one block tells of counters and times."""
    block, where = index.block(0)
    streams = sorted(block.keys.streams)
    ranges = [[column.tolist() for column in index.counters(0, stream)[2:]] for stream in streams]
    return len(index), index.frames, streams, sorted(block.kinds), block.times, ranges, len(where.stops)


@pytest.mark.parametrize("name", VARIANTS)
def test_both_ways_tell_the_same(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    endian, kind, time, stamp, quickly = VARIANTS[name]
    (tmp_path / "counted.ksy").write_text(SPEC.format(endian=endian, kind=kind, time=time, stamp=stamp))
    format = sigflow.compile(tmp_path / "counted.ksy")
    path = tmp_path / "capture"
    told_traits: list[object] = []
    told_by = RowPacker.pack

    def packing(*arguments: object) -> object:
        for part in told_by(*arguments):  # type: ignore[arg-type]
            told_traits.append(part.traits)
            yield part

    for seed in range(5):
        path.write_bytes(capture_of(endian, stamp, random.Random(seed)))
        for way in ("native", "python"):
            monkeypatch.setattr(RowPacker, "pack", packing)
            with sigflow.open(path, format, engine=way, index="never") as source:
                build_index(source, str(tmp_path / way))
        with Index(str(tmp_path / "native")) as native, Index(str(tmp_path / "python")) as python:
            assert native.difference(python) == ""
            assert told(native) == told(python)
    assert [traits is not None for traits in told_traits] == [quickly] * 5
