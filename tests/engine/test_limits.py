"""Limits of the user's on what is repeated, nested or inflated: frames are found natively, and what a frame says of
them is the same.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

import sigflow
from sigflow.events import Record
from sigflow.limits import Limits
from tests.engine.ways import shape

SPEC = """
meta: {{id: limited, endian: le}}
-sigflow-stream:
  sync: [0x53]
  max-frame: 400
  checksum: {{field: crc, algorithm: CRC-16/ARC, over: sync..body}}
seq:
  - {{id: sync, contents: [0x53]}}
  - {{id: len, type: u1}}
  - {{id: body, size: len, {body}}}
  - {{id: crc, type: u2}}
types:
  rows:
    -sigflow-limits: {{repeat: 4}}
    seq: [{{id: count, type: u1}}, {{id: items, type: u1, repeat: expr, repeat-expr: count}}]
  node:
    -sigflow-limits: {{depth: 3}}
    seq: [{{id: more, type: u1}}, {{id: inner, type: node, if: more > 0}}]
"""
BODIES = {"repeat": "type: rows", "depth": "type: node", "inflated": "process: zlib"}
LIMITS = [None, Limits(repeat=2, depth=2, inflated=20), Limits(repeat=9), Limits(depth=9), Limits(inflated=5)]


def stream(kind: str, rng: random.Random) -> bytes:
    """Frames whose bodies keep the limits, or do not."""
    frames = []
    for _ in range(60):
        size = rng.randrange(12)
        if kind == "repeat":
            body = bytes((size,)) + rng.randbytes(size)
        elif kind == "depth":
            body = b"\1" * size + b"\0"
        else:
            body = zlib.compress(bytes(4 * size))
        covered = b"\x53" + bytes((len(body),)) + body
        frame = covered + sigflow_crc(covered).to_bytes(2, "little")
        frames.append(frame if rng.random() < 0.9 else frame[:-1] + b"?")
    return b"".join(frames)


def sigflow_crc(data: bytes) -> int:
    """CRC-16/ARC, bit by bit."""
    register = 0
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return register


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("kind", BODIES)
def test_both_engines_say_the_same(kind: str, limits: Limits | None, tmp_path: Path) -> None:
    path = tmp_path / "limited.ksy"
    path.write_text(SPEC.format(body=BODIES[kind]), encoding="utf-8")
    format = sigflow.compile(path).with_limits(limits)
    data = stream(kind, random.Random(kind))
    events, reports = {}, {}
    for engine in ("python", "native"):
        with sigflow.open(data, format, engine=engine) as recording:
            events[engine] = list(recording.events())
            reports[engine] = replace(recording.validate(), engine="", work_ratio=0.0)
    said = [
        [event.diagnostics for event in events[engine] if isinstance(event, Record)] for engine in ("python", "native")
    ]
    assert shape(events["python"]) == shape(events["native"])
    assert said[0] == said[1] and len(said[0]) > 40
    assert reports["python"] == reports["native"]
    exceeded = sum("limit" in str(findings) for findings in said[0])
    assert 0 <= exceeded < len(said[0])
    if limits == LIMITS[1]:
        assert exceeded
