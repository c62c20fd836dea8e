"""Several threads make the record batches that one makes, in its order."""

from __future__ import annotations

import io
import random

import pyarrow as pa
import pytest

import sigflow
from sigflow.columns import names
from sigflow.columns.files import ArrowFile
from sigflow.columns.frames import FrameBatch
from sigflow.columns.options import Options
from sigflow.columns.table import Table
from sigflow.columns.threads import record_batches
from sigflow.engine.stitch import Stitched
from sigflow.recording.native import NativeRun
from sigflow.recording.tables import divided
from tests.columns.kit import SPECS, batch, format_of
from tests.columns.shown import same
from tests.columns.test_ways import frames_of, sgf1_frames
from tools.bench_parser import make_capture


def cut(frames: FrameBatch, size: int) -> list[FrameBatch]:
    return [frames.part(at, at + size) for at in range(0, len(frames), size)]


@pytest.mark.parametrize("name", ["sgf1", "numbers", "nested", "text", "choices"])
@pytest.mark.parametrize("workers", [2, 3])
def test_the_batches_are_those_of_one_thread(name: str, workers: int) -> None:
    format = format_of(name)
    parts = cut(batch(sgf1_frames(300) if name == "sgf1" else frames_of(name, 300), first=3), 17)
    made, alone = (list(record_batches(parts, Table([format]), count)) for count in (workers, 1))
    assert len(made) == len(parts)
    for mine, other in zip(made, alone, strict=True):
        assert mine.schema == other.schema
        assert same(mine.to_pylist(), other.to_pylist())


def test_values_without_a_name_come_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dictionaries grow from batch to batch, so that all of it can be written to one file; and may begin anew."""
    format = format_of("bits")
    raw = bytearray.fromhex(SPECS["bits"][3])
    chance = random.Random(1)
    frames = []
    for number in range(400):
        value = chance.choice((0, 1, 0xABC, number // 40, number // 40 + 100))
        raw[0], raw[1] = value >> 8, value & 255
        frames.append(bytes(raw))
    parts = cut(batch(frames), 11)
    table = Table([format])
    file = io.BytesIO()
    writer = ArrowFile(file, table.schema)
    for part in record_batches(parts, table, 3):
        writer.write(part)
    writer.close()
    read = pa.ipc.open_file(file.getvalue()).read_all()
    alone = pa.Table.from_batches(list(record_batches(parts, Table([format]))))
    assert read["c"].to_pylist() == alone["c"].to_pylist() and len(set(read["c"].to_pylist())) > 15
    monkeypatch.setattr(names, "MOST", 2)
    again = list(record_batches(parts, Table([format]), 3))
    assert [name for part in again for name in part.column("c").to_pylist()] == alone["c"].to_pylist()


def test_who_stops_early_waits_for_nothing_more() -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        frames = batch(frames_of("numbers", 50))
        while True:
            taken += 1
            yield frames

    made = record_batches(endless(), Table([format_of("numbers")]), 2)  # type: ignore[arg-type]
    assert next(made).num_rows == 50
    made.close()  # type: ignore[attr-defined]
    assert taken < 6


def test_an_error_comes_out() -> None:
    broken = batch(frames_of("numbers", 50))
    wrong = FrameBatch(broken.data[:5], broken.starts, broken.stops, broken.offsets, broken.formats)
    with pytest.raises((ValueError, IndexError)):
        list(record_batches([broken, wrong, broken], Table([format_of("numbers")]), 2))


def test_of_frames_that_are_only_counted_nothing_is_copied() -> None:
    data = make_capture(40, 3000)
    with sigflow.open(data, sgf1 := sigflow.load("sgf1"), engine="native") as recording:
        whole, counted = recording.to_arrow(), recording.to_arrow(fields=())
        assert {len(frames.data) for frames in recording.run().frames(raw=False)} == {0}
    assert counted.equals(whole.select(["_offset", "_length", "_format", "_index"])) and len(counted) == 3000
    assert not Table([sgf1], Options(fields=())).reads and Table([sgf1], Options(fields=("version",))).reads


def test_either_the_scan_or_the_columns_are_divided() -> None:
    """By what takes longer; the table is the same."""
    data = make_capture(40, 3000)
    with sigflow.open(data, "sgf1", engine="native") as recording:
        alone = {fields: recording.to_arrow(fields=fields) for fields in (None, ("sequence",), ())}
    with sigflow.open(data, "sgf1", engine="native", workers=2) as recording:
        for fields, table in alone.items():
            assert recording.to_arrow(fields=fields).equals(table)
        run = recording.run()
        assert isinstance(run, NativeRun) and isinstance(run._pass, Stitched)
        assert divided(run, Table(run.formats, Options(fields=("sequence",))), 2) == 1
        assert isinstance(run._pass, Stitched)
        assert divided(run, Table(run.formats), 2) == 2 and not isinstance(run._pass, Stitched)
