"""The user's limits on what is nested, repeated or inflated: both engines find the same frames, and say the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

import sigflow
from sigflow.columns.options import Options
from sigflow.columns.table import Table
from sigflow.limits import Limits
from sigflow.recording import Recording
from sigflow.recording.native import NativeRun
from sigflow.storage.memory import MemoryStorage
from tests.columns.shown import same
from tests.columns.test_ways import sgf1_frames

LISTS = """
meta: {id: lists, endian: be}
-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: [magic..body]}}
-sigflow-limits: {repeat: 6}
seq:
  - {id: magic, contents: LS}
  - {id: count, type: u1}
  - {id: items, type: u1, repeat: expr, repeat-expr: count}
  - {id: pairs, type: u1, repeat: expr, repeat-expr: 4}
  - {id: size, type: u1}
  - {id: body, type: node, size: size}
  - {id: sum, type: u1}
types:
  node:
    -sigflow-limits: {depth: 3}
    seq:
      - {id: left, type: u1}
      - {id: inner, type: node, size: left, if: left > 0}
"""
FIXED = """
meta: {id: fixed, endian: be}
-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: [magic..items]}}
seq:
  - {id: magic, contents: FX}
  - {id: items, type: u1, repeat: expr, repeat-expr: 5}
  - {id: sum, type: u1}
"""


def checked(body: bytes) -> bytes:
    return body + bytes([sum(body) & 255])


def lists(chance: random.Random) -> bytes:
    inner = b""
    for _ in range(chance.randrange(7)):
        inner = bytes([len(inner)]) + inner
    items = chance.randbytes(chance.choice((0, 1, 2, 5, 6, 7, 9)))
    return checked(b"LS" + bytes([len(items)]) + items + b"abcd" + bytes([len(inner)]) + inner)


def telemetry(chance: random.Random) -> bytes:
    import struct
    from zlib import crc32

    (frame,) = sgf1_frames(1, seed=chance.randrange(1 << 30))
    head = frame[:10] + chance.randrange(9).to_bytes(8, "big") + frame[18:22]
    return head + struct.pack(">I", crc32(frame[26:], crc32(head))) + frame[26:]


def shown(event: object) -> object:
    return (event.start, event.diagnostics, event.raw) if isinstance(event, sigflow.Record) else event


def events_of(data: bytes, format: sigflow.Format) -> Iterator[object]:
    decoder = sigflow.Decoder([format], engine="native")
    for at in range(0, len(data), 700):
        decoder.feed(data[at : at + 700])
        yield from map(shown, decoder.events())
    decoder.feed_eof()
    yield from map(shown, decoder.events())


LIMITS = [
    Limits(), Limits(repeat=2), Limits(repeat=100), Limits(depth=1), Limits(depth=9), Limits(depth=0, inflated=9),
    Limits(inflated=1), Limits(repeat=4, depth=2, inflated=40),
]  # fmt: skip
MAKERS = {"lists": lists, "fixed": lambda chance: checked(b"FX" + chance.randbytes(5)), "sgf1": telemetry}


@pytest.mark.parametrize("name", MAKERS)
def test_both_engines_say_the_same_under_any_limits(name: str, tmp_path: Path) -> None:
    for spec, text in (("lists", LISTS), ("fixed", FIXED)):
        (tmp_path / f"{spec}.ksy").write_text(text, encoding="utf-8")
    format = sigflow.load("sgf1") if name == "sgf1" else sigflow.compile(tmp_path / f"{name}.ksy")
    chance = random.Random(name)
    data = b"".join(MAKERS[name](chance) + (chance.randbytes(3) if chance.random() < 0.05 else b"") for _ in range(250))
    totals = set()
    for limits in LIMITS:
        reports, tables = [], []
        for engine in ("python", "native"):
            with Recording(MemoryStorage(data), [format], limits=limits, engine=engine) as recording:
                assert isinstance(recording.run(), NativeRun) == (engine == "native")
                report = recording.validate()
                reports.append({**report.tree(), "engine": "", "work_ratio": 0})
                run = recording.run()
                table = Table(run.formats, Options())
                made = [batch for frames in run.frames() for batch in table.batches(frames)]
                tables.append([row for batch in made for row in batch.to_pylist()])
        assert reports[0] == reports[1]
        assert same(tables[0], tables[1]) and len(tables[0]) > 150
        # Live, the scan hands records on.
        lived = list(events_of(data, format.with_limits(limits)))
        with Recording(MemoryStorage(data), [format], limits=limits, engine="python") as recording:
            assert lived == [shown(event) for event in recording.events()]
        totals.add(report.diagnostics_total)
    assert len(totals) > (0 if name == "fixed" else 2)
