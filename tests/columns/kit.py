"""Small stream formats with every kind of field, frames of them, and the strong check: all ways give one table."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

import sigflow
from sigflow.columns.frame import description
from sigflow.columns.frames import FrameBatch
from sigflow.columns.table import Options, Table
from sigflow.runtime.column import Kind
from sigflow.stream.format import Format

HEAD = """
meta: {{id: {name}, endian: {endian}, encoding: {encoding}}}
-sigflow-stream: {{sync: none, confirm: {{chain: 8}}, max-frame: 4096}}
"""

#: Formats by name: byte order, encoding, the rest of the spec, and one frame.
SPECS: dict[str, tuple[str, str, str, str]] = {
    "numbers": (
        "be",
        "ASCII",
        """
seq:
  - {id: a, type: u1}
  - {id: b, type: u2}
  - {id: c, type: u4le}
  - {id: d, type: u8}
  - {id: e, type: s1}
  - {id: f, type: s2le}
  - {id: g, type: s4}
  - {id: h, type: s8}
  - {id: i, type: f4}
  - {id: j, type: f8le}
""",
        "01 0203 04050607 ffffffffffffffff fe ff80 80000000 8000000000000000 7fc00000 000000000000f0ff",
    ),
    "bits": (
        "be",
        "ASCII",
        """
seq:
  - {id: a, type: b3}
  - {id: b, type: b1}
  - {id: c, type: b12, enum: kinds}
  - {id: d, type: b40}
  - {id: e, type: b61}
  - {id: f, type: b3}
  - {id: plain, type: u1}
  - {id: g, type: b7}
  - {id: h, type: b1}
enums:
  kinds: {0: none, 1: some, 0xabc: many}
""",
        "1abc 0102030405 fedcba9876543210 07 81",
    ),
    "bits_le": (
        "le",
        "ASCII",
        """
meta: {bit-endian: le}
seq:
  - {id: a, type: b3}
  - {id: b, type: b1}
  - {id: c, type: b12, enum: kinds}
  - {id: d, type: b17}
  - {id: e, type: b7}
  - {id: f, type: u2}
enums:
  kinds: {0: none, 1: some}
""",
        "1a00 010203 0405",
    ),
    "text": (
        "le",
        "UTF-8",
        """
seq:
  - {id: a, type: str, size: 4}
  - {id: b, type: strz, size: 6, encoding: ASCII}
  - {id: c, type: str, size: 5, pad-right: 0x20, encoding: ISO-8859-1}
  - {id: d, size: 3, pad-right: 0, terminator: 0x2c, include: true}
  - {id: e, type: strz, size: 8, encoding: UTF-16LE}
  - {id: len, type: u1}
  - {id: f, type: str, size: len, encoding: SJIS}
  - {id: last, type: u2}
""",
        "c3a96162 616263000000 e961622020 2c2c00 6100e9000000ffff 02 6162 0102",
    ),
    "nested": (
        "be",
        "ASCII",
        """
seq:
  - {id: head, type: head}
  - {id: points, type: point, repeat: expr, repeat-expr: 3}
  - {id: levels, type: s2, repeat: expr, repeat-expr: 4, -sigflow-scale: 0.5, -sigflow-offset: -1}
  - {id: box, type: box, size: 6}
  - {id: body, type: body(head.size)}
  - {id: sum, type: u2, -sigflow-scale: 0.01, -sigflow-unit: V}
types:
  head:
    seq:
      - {id: size, type: u1, -sigflow-unit: bytes}
      - {id: flags, type: flags}
  flags:
    seq:
      - {id: one, type: b1}
      - {id: rest, type: b7, enum: e}
    enums:
      e: {0: zero, 127: all}
  point:
    seq:
      - {id: x, type: u1}
      - {id: name, type: str, size: 1}
    instances:
      twice: {value: x * 2}
      far: {value: x * 18446744073709551616}
      shown: {value: 'x.to_s + "-"'}
      half: {value: x / 2.0}
      big: {value: x > 9}
  box:
    seq:
      - {id: a, type: u4}
      - {id: b, size: 2}
  body:
    params:
      - {id: n, type: u1}
    seq:
      - {id: data, size: n}
      - {id: tail, type: u1}
""",
        "03 80 0161 0262 0363 0001 0002 fffe 7fff 00000001 6566 616263 09 1234",
    ),
    "boxed": (
        "be",
        "ASCII",
        """
seq:
  - {id: kind, type: u1}
  - {id: box, type: box, size: 4}
  - {id: after, type: u2}
types:
  box:
    seq:
      - {id: a, type: u1, valid: {max: 9}}
      - {id: b, type: u4}
""",
        "01 02030405 0607",
    ),
    "choices": (
        "be",
        "ASCII",
        """
seq:
  - {id: kind, type: u1, enum: kinds}
  - {id: extra, type: u2, if: kind == kinds::pair}
  - id: body
    size: 4
    type:
      switch-on: kind
      cases:
        kinds::pair: pair
        kinds::word: word
  - id: number
    type:
      switch-on: kind
      cases: {kinds::pair: u2, kinds::word: s4, _: u1}
  - id: count
    type: u1
  - {id: items, type: pair, repeat: expr, repeat-expr: count % 4}
  - {id: raw, size: count % 3}
types:
  pair:
    seq: [{id: a, type: u2}, {id: b, type: u2}]
  word:
    seq: [{id: w, type: u4}, {id: too_much, type: u1}]
enums:
  kinds: {1: pair, 2: word}
""",
        "01 0009 00010002 0007 02 0001000200030004 6162",
    ),
    "codecs": (
        "be",
        "ASCII",
        """
seq:
  - {id: flags, type: flags}
  - {id: len, type: u2}
  - id: payload
    size: len
    -sigflow-codec:
      - {name: zlib, if: flags.packed and len > 0}
      - {name: pair, if: flags.kind == kinds::pair}
      - {name: tlv, if: not (flags.kind.to_i != 2)}
  - {id: end, contents: [0x7e]}
types:
  flags:
    seq: [{id: rest, type: b5}, {id: packed, type: b1}, {id: kind, type: b2, enum: kinds}]
  pair:
    seq: [{id: a, type: u2}, {id: b, type: u2}]
enums:
  kinds: {0: raw, 1: pair, 2: tlv}
""",
        "02 0006 00010002 6162 7e",
    ),
    "trees": (
        "be",
        "ASCII",
        """
seq:
  - {id: size, type: u1}
  - {id: root, type: node, size: size}
  - {id: end, type: u1}
types:
  node:
    seq:
      - {id: depth, type: u1}
      - {id: count, type: u1}
      - {id: children, type: child, repeat: expr, repeat-expr: count % 3}
  child:
    seq:
      - {id: tag, type: u1}
      - {id: node, type: node, if: tag != 0}
      - {id: text, type: strz}
""",
        "0d 01 02 00 616200 05 07 00 6300 0000 ff",
    ),
}


def path_of(name: str, folder: Path) -> Path:
    """The spec as a file."""
    endian, encoding, text, _ = SPECS[name]
    head = HEAD.format(name=name, endian=endian, encoding=encoding)
    if "meta:" in text:
        more = text.split("meta: {")[1].split("}")[0]
        head = head.replace(f"encoding: {encoding}", f"encoding: {encoding}, {more}")
        text = text.replace(f"meta: {{{more}}}\n", "")
    path = folder / f"{name}.ksy"
    path.write_text(head + text, encoding="utf-8")
    return path


@cache
def format_of(name: str) -> Format:
    """A format of `SPECS`, or a bundled one."""
    if name not in SPECS:
        return sigflow.load(name)
    with tempfile.TemporaryDirectory() as folder:
        return sigflow.compile(path_of(name, Path(folder)))


def damaged(format: Format, raw: bytes, count: int, seed: int = 1) -> list[bytes]:
    """Frames that the measure takes: the given one, and random ones near it."""
    chance = random.Random(seed)
    assert format.measure(raw) == len(raw)
    raws = [raw]
    for _ in range(40 * count):
        if len(raws) >= count:
            break
        bytes_ = bytearray(chance.choice(raws))
        for _ in range(chance.randrange(1, 5)):
            bytes_[chance.randrange(len(bytes_))] = chance.choice((0, 1, 2, 3, 9, 0x20, 0x2C, 0x7F, 0x80, 0xE9, 255))
        bytes_ += bytes(chance.randrange(256) for _ in range(64))
        try:
            length = format.measure(bytes(bytes_))
        except sigflow.StreamError:
            continue
        if 0 < length <= len(bytes_):
            raws.append(bytes(bytes_[:length]))
    return raws


def batch(frames: Sequence[bytes], numbers: Sequence[int] | None = None, first: int = 0, gap: int = 3) -> FrameBatch:
    """These frames with so many bytes between them, in a stream."""
    sizes = np.array([len(frame) for frame in frames], np.int64)
    starts = np.cumsum(sizes + gap) - sizes
    data = np.frombuffer(b"".join(bytes(gap) + frame for frame in frames) + b"!", np.uint8)
    kinds = np.zeros(len(frames), np.int32) if numbers is None else np.array(numbers, np.int32)
    return FrameBatch(data, starts, starts + sizes, starts + 1000, kinds, first)


def table_of(formats: Sequence[Format], frames: FrameBatch, wanted: Options) -> pa.Table:
    """All batches of these frames."""
    table = Table(formats, wanted)
    return pa.Table.from_batches(list(table.batches(frames)), table.schema)


def description_of(format: Format) -> dict[str, Kind]:
    """The kinds of the fields of a format's values, by their ids."""
    module, unit = description(format)
    return {column.id: column.kind for column in module.classes[unit].columns}
