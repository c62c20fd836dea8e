"""Captures to filter, merge, split, sort and free of duplicates, and the commands as the API has them."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from pathlib import Path

import sigflow
from sigflow import storage
from sigflow.recording import Recording
from sigflow.storage.disk import DISK, Disk
from tools.make_samples import sgf1

#: A file with a preamble, whose entries have a kind and a time.
LOG = """\
meta: {id: log, endian: le, ks-version: "0.11"}
-sigflow-stream: {unit: entry, preamble: true, confirm: {chain: 4}, kind: kind, time: {field: at, unit: s}}
seq:
  - {id: magic, contents: LOG1}
  - {id: most, type: u2}
  - {id: entries, type: entry, repeat: eos}
types:
  entry:
    seq:
      - {id: tag, contents: [0xee, 0xee]}
      - {id: kind, type: u1, valid: {max: 9}}
      - {id: at, type: u4}
      - {id: len_body, type: u2, valid: {max: _root.most}}
      - {id: body, size: len_body}
"""


def entry(kind: int, at: int, body: bytes) -> bytes:
    return struct.pack("<HBIH", 0xEEEE, kind, at, len(body)) + body


def log(entries: Sequence[bytes], most: int = 40) -> bytes:
    return b"LOG1" + struct.pack("<H", most) + b"".join(entries)


def frames_of(rng: random.Random, count: int, streams: int = 3, longest: int = 120) -> list[bytes]:
    """Frames of several streams, each counted from 0."""
    counters = [0] * streams
    frames = []
    for _ in range(count):
        stream = rng.randrange(streams)
        frames.append(sgf1(stream, counters[stream], rng.randbytes(rng.randrange(longest))))
        counters[stream] += 1
    return frames


def opened(data: bytes, format: object = "sgf1", **more: object) -> Recording:
    return sigflow.open(data, format, **more)  # type: ignore[arg-type]


def raws(path: Path | bytes, format: object = "sgf1") -> list[bytes]:
    """The frames of a file, which has no gap."""
    with storage.open(path) as source:
        recording = sigflow.open(source, format)  # type: ignore[arg-type]
        events = list(recording.events())
    assert not [event for event in events if isinstance(event, sigflow.Gap)]
    return [event.raw for event in events if isinstance(event, sigflow.Record)]


def no_rests(folder: Path) -> None:
    assert not list(folder.glob("*.part"))


__all__ = ["DISK", "LOG", "Disk", "entry", "frames_of", "log", "no_rests", "opened", "raws"]
