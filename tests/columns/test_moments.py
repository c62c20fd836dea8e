"""The times of many frames are those of each frame."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import numpy as np
import pytest

import sigflow
from sigflow.columns.frame import FrameType
from sigflow.columns.gather import Stretches
from sigflow.columns.moments import Times, times_of
from sigflow.columns.options import ALL, Options
from sigflow.columns.table import Table
from sigflow.events import Record
from tests.columns.kit import batch

SPEC = """
meta: {{id: timed, endian: be}}
-sigflow-stream: {{sync: none, confirm: {{chain: 8}}, max-frame: 4096, time: {{{time}}}}}
seq:
  - {{id: word, type: u8}}
  - {{id: signed, type: s4}}
  - {{id: real, type: f8}}
  - {{id: short, type: f4}}
  - {{id: box, type: box}}
types:
  box: {{seq: [{{id: day, type: u2}}, {{id: on, type: b1}}, {{id: part, type: b7}}]}}
"""

#: What the time is, and whether that can be told of many frames at once.
TIMES = {
    "field: signed, unit: ms": True,
    "field: signed, unit: s, epoch: '2000-01-01T12:00:00'": True,
    "field: word, unit: ns": False,
    "field: word, unit: s": False,
    "field: real, unit: s": False,
    "field: short, unit: us, epoch: '1980-01-06'": True,
    "expr: box.day * 86400 + box.part, unit: s, epoch: '1958-01-01'": True,
    "expr: signed // 3 + real, unit: us": True,
    "expr: box.day / 7 % 5 - (-signed), unit: ms": True,
    "expr: word * 1000000, unit: s": True,
    "expr: box.day / (box.part % 4), unit: s": False,
    "expr: 'box.on ? signed : 7', unit: s": False,
    "expr: 'signed == 5 ? 3 : signed', unit: s": False,
    "expr: real * 0.5, unit: ms": True,
}


def frames(chance: random.Random, count: int, *, wild: bool) -> list[bytes]:
    words = [0, 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1] if wild else [5]
    reals = [0.5, -1.5, float("nan"), float("inf"), 1e300, 9.2e9, 2.5e-9] if wild else [0.5, -1.5, 2.5e-9, 1e6]
    made = []
    for _ in range(count):
        word = chance.choice([*words, chance.randrange(1 << 40)])
        real, short = chance.choice(reals), chance.choice([0.1, 1.5, -3.25])
        rest = chance.randrange(1 << 16), chance.randrange(256)
        made.append(struct.pack(">Qidf", word, chance.randrange(-9, 1 << 31), real, short) + struct.pack(">HB", *rest))
    return made


@pytest.mark.parametrize("time", TIMES)
def test_the_times_of_many_frames_are_those_of_each(time: str, tmp_path: Path) -> None:
    (tmp_path / "timed.ksy").write_text(SPEC.format(time=time.replace("//", "/")), encoding="utf-8")
    format = sigflow.compile(tmp_path / "timed.ksy")
    scalars = FrameType(format).scalars
    chance = random.Random(time)
    told = 0
    for wild in (False, True):
        for count in (0, 1, 2, 3, 70):
            raws = frames(chance, count, wild=wild)
            times = times_of(format, scalars, Stretches.of(format, batch(raws)))
            if times is not None:
                told += count == 70
                assert times.listed() == [format.time_of(Record(format, 0, raw, 0)) for raw in raws]
    assert told == 2 if TIMES[time] else told < 2


def test_times_that_int64_does_not_hold_are_kept() -> None:
    for listed in ([], [None], [5, None, -7], [1 << 70, None, -(1 << 70)]):
        assert Times.of(listed).listed() == listed
    assert Times.of([1 << 70]).values.dtype == object and Times.of([1]).values.dtype == np.int64


@pytest.mark.parametrize("time", TIMES)
def test_a_column_of_times_is_what_each_frame_says(time: str, tmp_path: Path) -> None:
    """Whatever makes it; null for what 64 bits of nanoseconds do not hold, and where there is none."""
    (tmp_path / "timed.ksy").write_text(SPEC.format(time=time.replace("//", "/")), encoding="utf-8")
    format = sigflow.compile(tmp_path / "timed.ksy")
    table = Table([format], ALL)
    chance = random.Random(time)
    for wild in (False, True):
        raws = frames(chance, 70, wild=wild)
        column = table.batch(batch(raws)).column("_time")
        wanted = [format.time_of(Record(format, 0, raw, 0)) for raw in raws]
        held = [None if moment is None or abs(moment) >= 1 << 63 else moment for moment in wanted]
        assert column.cast("int64").to_pylist() == held


DOUBTFUL = """
meta: {id: doubtful, endian: be}
-sigflow-stream: {confirm: {chain: 2}, time: {field: at, unit: s, epoch: "2000-01-01"}}
seq:
  - {id: magic, contents: [0x7e, 0x81]}
  - {id: at, type: u4}
  - {id: name, type: str, size: 2, encoding: UTF-8}
"""


def test_a_column_of_times_where_frames_do_not_parse(tmp_path: Path) -> None:
    """A text that does not decode: that frame has no time, and the others have theirs."""
    (tmp_path / "doubtful.ksy").write_text(DOUBTFUL)
    format = sigflow.compile(tmp_path / "doubtful.ksy")
    for bad in (False, True):
        texts = [b"ab", b"\xff\xff" if bad else b"cd", b"ef"]
        raws = [b"\x7e\x81" + struct.pack(">I", number) + text for number, text in enumerate(texts)]
        for fields in (None, ("at",)):
            made = Table([format], Options(fields=fields)).batch(batch(raws)).column("_time")
            wanted = [format.time_of(Record(format, 0, raw, 0)) for raw in raws]
            assert made.cast("int64").to_pylist() == wanted
