"""Specs, frames and readers for the tests of the forms of `parse`."""

from __future__ import annotations

import csv
import io
import math
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from tests.cli.calls import SAMPLES

VALID = SAMPLES / "valid_telemetry.sgf"
SCOPE = SAMPLES / "oscilloscope.hdr"
TEXT_FORMS = ("table", "json", "ndjson", "csv")
FORMS = (*TEXT_FORMS, "arrow", "parquet")

LENGTH = """
meta: {id: beacon, endian: be}
-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: [magic..body]}}
seq:
  - {id: magic, contents: [0xb5, 0xc0]}
  - {id: length, type: u2}
  - {id: offset, type: u1}
  - {id: format, type: u1}
  - {id: index, type: str, encoding: UTF-8, size: 1}
  - {id: body, size: length - 8}
  - {id: sum, type: u1}
"""
TEXTS = """
meta: {id: texts, endian: be}
-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: [magic..last]}}
seq:
  - {id: magic, contents: TX}
  - {id: size, type: u1}
  - {id: text, type: str, size: size, encoding: UTF-8}
  - {id: count, type: s8}
  - {id: ratio, type: f8}
  - {id: there, type: u1}
  - {id: more, type: str, size: 0, encoding: UTF-8, if: there == 1}
  - {id: last, type: u1}
  - {id: sum, type: u1}
"""
SENSOR = """
meta: {id: sensor, endian: be}
-sigflow-stream:
  checksum: {field: sum, algorithm: sum-8, over: [magic..body]}
  time: {expr: at, unit: us, epoch: '1970-01-01'}
seq:
  - {id: magic, contents: SN}
  - {id: at, type: u8}
  - {id: kind, type: u1, enum: kinds}
  - {id: temperature, type: s2, -sigflow-scale: 0.01, -sigflow-offset: -40, -sigflow-unit: C}
  - {id: levels, type: u1, repeat: expr, repeat-expr: 2, -sigflow-scale: 0.5}
  - {id: body, type: {switch-on: kind, cases: {'kinds::pair': pair, 'kinds::single': single}}, size: 4}
  - {id: sum, type: u1}
types:
  pair: {seq: [{id: left, type: u2}, {id: right, type: u2, -sigflow-scale: 2}]}
  single: {seq: [{id: left, type: u4}]}
instances:
  twice: {value: temperature * 2}
enums: {kinds: {1: pair, 2: single}}
"""


def framed(body: bytes) -> bytes:
    return body + bytes([sum(body) & 255])


def beacon(body: bytes, index: bytes = b"x") -> bytes:
    return framed(b"\xb5\xc0" + struct.pack(">HBB", 8 + len(body), 7, 9) + index + body)


def text(content: bytes, count: int = -(1 << 63), ratio: float = math.nan, there: int = 0) -> bytes:
    return framed(b"TX" + bytes([len(content)]) + content + struct.pack(">qdBB", count, ratio, there, 3))


def sensor(at: int, kind: int = 1, temperature: int = 4000) -> bytes:
    return framed(b"SN" + struct.pack(">QBhBBHH", at, kind, temperature, 3, 4, 1, 2))


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def unescaped(cell: str) -> str:
    """As the documentation says it."""
    return cell.encode("latin-1", "backslashreplace").decode("unicode_escape")


def table(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return parquet.read_table(path).to_pylist()
    return pa.ipc.open_file(path).read_all().to_pylist()
