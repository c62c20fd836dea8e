"""A probe, frames of it, and rules for them."""

from __future__ import annotations

from typing import Any

import numpy as np

import sigflow
from sigflow.config import read
from sigflow.recording.calibrating import calibrated
from sigflow.stream.format import Format

SPEC = """
meta: {id: probe, endian: le}
-sigflow-stream:
  max-frame: 64
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: magic..label}
  time: {field: seconds, unit: s, epoch: "2026-01-01"}
  kind: kind
  sequence: {field: count, per: device}
seq:
  - {id: magic, contents: [0xAB, 0xCD]}
  - {id: kind, type: u1}
  - {id: device, type: u1}
  - {id: count, type: u2}
  - {id: seconds, type: u4}
  - {id: temperature, type: u2}
  - {id: level, type: u2}
  - {id: voltage, type: s2, -sigflow-scale: 0.001, -sigflow-unit: V}
  - {id: ratio, type: f4}
  - {id: body, type: inner}
  - {id: samples, type: s2, repeat: expr, repeat-expr: 3}
  - {id: mode, type: u1, enum: mode}
  - {id: flag, type: b1}
  - {id: part, type: b7}
  - {id: extra, type: u1, if: kind == 1}
  - {id: label, type: str, size: 2, encoding: UTF-8}
  - {id: crc, type: u2}
types:
  inner:
    seq:
      - {id: current, type: u2}
      - {id: points, type: point, repeat: expr, repeat-expr: 2}
  point:
    seq:
      - {id: x, type: s1}
enums:
  mode: {0: idle, 1: run}
"""
CONFIG = """
metadata:
  - {when: {format: probe}, set: {site: roof}, calibrate: {temperature: {poly: [-40.0, 0.0625], unit: degC}}}
  - when: {format: probe, where: "device == 7 and temperature > 300"}
    from: 2026-01-01T05:00
    until: 2026-01-02
    set: {site: cellar, instrument: x1}
    version: v7
    calibrate:
      temperature: {poly: [1, 2e-3, 3e-7]}
      level: {table: [[0, 0.0], [512, 1.2], [1023, 5.0]], unit: m}
      body.current: {scale: 0.1, unit: A}
      body.points.x: {offset: 1.5}
      samples: {scale: 2}
      voltage: {scale: 0.002, unit: V}
  - {when: {kind: 1}, calibrate: {extra: {table: [[0, 1], [255, 2]]}, part: {scale: 0.5}, ratio: {scale: 3}}}
  - {when: {stream: 6}, set: {six: "yes"}, calibrate: {temperature: {scale: 0.1}}}
compute:
  - {format: probe, name: power, value: "voltage * body.current", unit: W}
  - {format: probe, name: hot, value: "temperature > 100 and raw(temperature) > 5"}
  - {format: probe, name: twice, value: "power * 2 + device"}
  - {format: probe, name: both, value: "kind + device"}
  - {name: words, value: "label + \\"!\\""}
  - {name: summed, value: "extra + samples[1] + ratio"}
"""


def crc(data: bytes) -> int:
    """CRC-16/MODBUS."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def frames(count: int, seed: int = 5, *, damaged: bool = False) -> bytes:
    """damaged: whether some frames have text that does not decode: those are parsed, where others are gathered."""
    chance = np.random.default_rng(seed)
    format = sigflow.load("probe.ksy")
    parts = []
    counts: dict[int, int] = {}
    for number in range(count):
        kind, device = int(chance.integers(0, 2)), int(chance.integers(5, 9))
        fields: dict[str, Any] = {
            "kind": kind,
            "device": device,
            "count": counts.setdefault(device, 0),
            "seconds": number * 1800,
            "temperature": int(chance.integers(0, 65536)),
            "level": int(chance.integers(0, 1200)),
            "voltage": int(chance.integers(-3000, 3000)),
            "ratio": [0.1, float("nan"), float("inf"), -2.5][number % 4],
            "body": {"current": int(chance.integers(0, 1000)), "points": [{"x": -3}, {"x": int(number % 100)}]},
            "samples": [1, -2, int(chance.integers(0, 9))],
            "mode": {"name": "run", "raw": 1},
            "flag": bool(number % 2),
            "part": int(chance.integers(0, 128)),
            "label": "ab",
        }
        counts[device] += 1
        if kind:
            fields["extra"] = int(chance.integers(0, 256))
        raw = bytearray(format.build(fields))
        if damaged and number % 7 == 3:
            raw[-4:-2] = b"\xff\xff"
            raw[-2:] = crc(raw[:-2]).to_bytes(2, "little")
        parts.append(bytes(raw))
    return b"".join(parts)


def ruled() -> Format:
    (format,), mistakes = calibrated(read("sigflow.yaml"), [sigflow.load("probe.ksy")])
    assert not mistakes, [str(mistake) for mistake in mistakes]
    return format
