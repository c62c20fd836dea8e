"""Any index leads to no wrong frame: the bytes of a sound one are changed, or what stands in its tables."""

from __future__ import annotations

import random
import sqlite3
from functools import cache
from pathlib import Path
from unittest import mock

import sigflow
from sigflow.errors import SigflowError
from sigflow.recording import indexing
from sigflow.recording.indexing import build_index
from tests.hostile.folders import folder

GUIDES = ("sigflow.index", "sigflow.recording.places")
SPEC = """
meta: {id: timed, endian: be}
-sigflow-stream:
  checksum: {field: sum, algorithm: CRC-32/ISO-HDLC, over: [mark..body]}
  time: {field: time, unit: ms}
  kind: kind
  sequence: {field: count, per: device}
seq:
  - {id: mark, contents: "T#"}
  - {id: kind, type: u1}
  - {id: device, type: u1}
  - {id: count, type: u1}
  - {id: time, type: u4}
  - {id: len, type: u1, valid: {max: 9}}
  - {id: body, size: len}
  - {id: sum, type: u4}
"""
FRAMES = 60
#: Of so many inputs one is read from a place on, which costs as much as all else.
READ = 8
#: The tables, and their columns.
TABLES = {
    "about": ("key", "value"),
    "blocks": (
        "number", "first", "start", "stop", "frames", "least", "size_width", "code_width", "kind_width", "leads",
        "time_least", "time_greatest", "sorted", "keys", "kinds", "data",
    ),
    "counters": ("format", "stream", "block", "code", "rising", "least", "greatest"),
    "gaps": ("start", "stop", "reasons"),
}  # fmt: skip


@cache
def timed() -> sigflow.Format:
    """The format of the capture."""
    place = folder() / "timed.ksy"
    place.write_text(SPEC)
    return sigflow.compile(place)


@cache
def capture() -> tuple[Path, dict[int, bytes]]:
    """A capture, and the frames in it by their offsets."""
    from zlib import crc32

    rng, parts = random.Random(5), []
    for number in range(FRAMES):
        body = rng.randbytes(rng.randrange(9))
        head = bytes((rng.randrange(3), rng.randrange(2), number)) + (100 * number).to_bytes(4, "big")
        frame = b"T#" + head + bytes((len(body),)) + body
        parts.append(frame + crc32(frame).to_bytes(4, "big") + b"?" * (rng.randrange(8) == 0))
    path = folder() / "indexed"
    path.write_bytes(b"".join(parts))
    with sigflow.open(path, timed(), index="never") as source:
        return path, {record.start: record.raw for record in source}


@cache
def sound_index() -> bytes:
    """The index of the capture, of several blocks."""
    path, _ = capture()
    place = folder() / "sound"
    with mock.patch.object(indexing, "FRAMES", 16), sigflow.open(path, timed(), engine="python") as source:
        build_index(source, str(place))
    return place.read_bytes()


def index(data: bytes) -> None:
    """An index whose bytes are changed (first byte even: an offset (u2), a length (u1), bytes; and again), or the
    values in its tables (odd: table, column, row, type (u1 each), 8 bytes; and again).

    All that an index is asked for is asked: each frame is one of the capture.
    """
    place = folder() / "index"
    place.write_bytes(changed_bytes(data[1:]) if not data or data[0] % 2 == 0 else sound_index())
    if data and data[0] % 2:
        change_values(place, data[1:])
    path, frames = capture()
    with sigflow.open(path, timed(), index=str(place), engine="python") as source:
        try:
            source.places()
        except SigflowError:
            return
        for ask in questions(source, sum(data)):
            try:
                for record in ask():
                    assert frames.get(record.start) == record.raw, (record.start, record.raw)
            except SigflowError:
                pass


def changed_bytes(data: bytes) -> bytes:
    """The sound index with some of its bytes replaced."""
    raw, at = bytearray(sound_index()), 0
    while at + 3 < len(data):
        offset, size = int.from_bytes(data[at : at + 2], "big") % len(raw), data[at + 2]
        piece = data[at + 3 : at + 3 + size]
        raw[offset : offset + len(piece)] = piece
        at += 3 + size
    return bytes(raw)


def change_values(place: Path, data: bytes) -> None:
    """Put other values into the tables of an index, where these take them."""
    database = sqlite3.connect(place, isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    for at in range(0, len(data) - 11, 12):
        table, columns = list(TABLES.items())[data[at] % len(TABLES)]
        column, row, kind = columns[data[at + 1] % len(columns)], data[at + 2], data[at + 3] % 5
        raw = data[at + 4 : at + 12]
        value = (
            int.from_bytes(raw, "big", signed=True),
            int.from_bytes(raw[:2], "big", signed=True),
            raw.decode("latin-1"),
            raw,
            f'[[{raw[0] % 3}, {raw[1] % 3}], ["{raw[2] % 3}", ""]]',
        )[kind]
        try:
            (count,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
            chosen = f"SELECT {columns[0]} FROM {table} LIMIT 1 OFFSET {row % max(count, 1)}"
            database.execute(f"UPDATE {table} SET {column} = ? WHERE {columns[0]} = ({chosen})", (value,))
        except sqlite3.Error:
            pass
    database.close()


def questions(source: sigflow.Recording, seed: int) -> list:  # type: ignore[type-arg]
    """What is asked of an index."""
    rng = random.Random(seed)
    number, offset, time = rng.randrange(FRAMES + 2), rng.randrange(1200), rng.randrange(-1, 100 * FRAMES) * 10**6

    def listed(record: sigflow.Record | None) -> list[sigflow.Record]:
        return [] if record is None else [record]

    def numbered(number: int) -> list[sigflow.Record]:
        try:
            return [source.frame(number)]
        except IndexError:
            return []  # there are not so many, as it says

    def all_of_it() -> list[sigflow.Record]:
        places = source.places()
        if places is not None:
            list(places.index.gaps())
            places.index.ledger(len(places.index))
            for block in range(len(places.index)):
                places.index.block(block)
        return []

    readings = (
        lambda: list(source.filter(since=offset, until=offset + 200)),
        lambda: list(source.filter(where=f"count >= {number} and time < 3000")),
    )
    return [
        lambda: numbered(number),
        lambda: numbered(0),
        lambda: listed(source.frame_at(offset)),
        lambda: listed(source.first_since(time)),
        lambda: list(source.counted(rng.randrange(FRAMES), rng.randrange(2))),
        all_of_it,
        *(readings if seed % READ == 0 else ()),
    ]
