"""Recordings as batches, tables and arrays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import sigflow
from sigflow.columns.table import Table
from sigflow.recording import batches as batches_
from tests.cli.calls import SAMPLES
from tools.bench_parser import make_capture

MIXED = make_capture(20, 30) + b"noise" + bytes.fromhex("b562 05 01 0200 0601 0f38") * 5 + make_capture(3, 4)


def test_a_table_has_a_row_per_frame() -> None:
    with sigflow.open(SAMPLES / "malformed_frame.sgf", "sgf1") as recording:
        table = recording.to_arrow()
        records = list(recording)
    assert table.column_names[:4] == ["_offset", "_length", "_format", "_index"]
    assert table["_offset"].to_pylist() == [record.start for record in records]
    assert table["_length"].to_pylist() == [len(record.raw) for record in records]
    assert table["sequence"].to_pylist() == [record.sequence for record in records]
    assert table["payload"].to_pylist() == [bytes(record.payload) for record in records]


@pytest.mark.parametrize("size", [1, 7, 30, 1000])
def test_batches(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with sigflow.open(MIXED, ["sgf1", "ubx"], chunk_size=50) as recording:
        whole = recording.to_arrow()
        batches = list(recording.batches(size))
        assert [batch.num_rows for batch in batches[:-1]] == [size] * (len(batches) - 1)
        assert pa.Table.from_batches(batches).equals(whole)
        monkeypatch.setattr(batches_, "BYTES", 100)
        small = list(recording.batches(size))
        assert max(sum(batch["_length"].to_pylist()) for batch in small) <= 100
        assert pa.Table.from_batches(small).equals(whole)
    assert whole["_format"].to_pylist() == ["sgf1"] * 30 + ["ubx"] * 5 + ["sgf1"] * 4
    assert whole["_index"].to_pylist() == list(range(39))
    assert whole["ubx"].null_count == 34 and whole["sgf1"].null_count == 5
    assert whole["ubx"][30].as_py()["payload"] == b"\x06\x01"


def test_what_is_asked_for() -> None:
    with sigflow.open(SAMPLES / "oscilloscope.hdr", "instrument_hdr") as recording:
        assert "byte_order" not in recording.to_arrow().column_names
        assert "byte_order" in recording.to_arrow(instances=True).column_names
        table = recording.to_arrow(fields=["byte_order", "lines[0].text.value"])
        assert table.column_names[4:] == ["byte_order", "lines[0].text.value"]
        with pytest.raises(sigflow.UsageError, match="unknown field 'nothing'; known: marker, lines"):
            recording.to_arrow(fields=["nothing"])


def test_numbers_as_an_array() -> None:
    with sigflow.open(SAMPLES / "valid_telemetry.sgf", "sgf1") as recording:
        array = recording.to_numpy()
        table = recording.to_arrow()
        values = [record.value for record in recording]
    assert array.dtype.names is not None and array.dtype.names[:3] == ("_offset", "_length", "_index")
    for name in ("_offset", "_length", "_index", "version", "stream_id", "sequence", "checksum"):
        assert array[name].tolist() == table[name].to_pylist()
    assert array["flags.encoding"].tolist() == [int(value.flags.encoding) for value in values]
    assert array["flags.compressed"].dtype == np.dtype(bool)
    assert array["sequence"].dtype == np.dtype(np.uint64) and int(array["sequence"].max()) == (1 << 64) - 1


def test_arrays_are_of_one_format() -> None:
    with sigflow.open(MIXED, ["sgf1", "ubx"]) as recording, pytest.raises(sigflow.UsageError, match="sgf1, ubx"):
        recording.to_numpy()


def test_nothing_in_it() -> None:
    with sigflow.open(b"", "sgf1") as recording:
        assert recording.to_arrow().num_rows == 0 and len(recording.to_numpy()) == 0
        assert list(recording.batches()) == []
    with sigflow.open(b"") as recording:
        assert recording.to_arrow().column_names == ["_offset", "_length", "_format", "_index"]
        assert recording.to_numpy().dtype.names == ("_offset", "_length", "_index")


def test_a_whole_file_is_a_table_of_one_row(tmp_path: Path) -> None:
    import wave

    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(20))
    wav = sigflow.compile(Path(__file__).parents[1] / "specs" / "wav.ksy")
    with sigflow.open(tmp_path / "a.wav", wav) as recording:
        table = recording.to_arrow()
    assert table.num_rows == 1 and table["_format"].to_pylist() == ["wav"]


def test_without_pyarrow() -> None:
    text = """
import sys
sys.modules["pyarrow"] = None
import sigflow
with sigflow.open(b"", "sgf1") as recording:
    assert len(recording.to_numpy()) == 0
    try:
        recording.to_arrow()
    except sigflow.UsageError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "tables need pyarrow: pip install 'sigflow[arrow]'\n"


def test_small_batches_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    with sigflow.open(MIXED, ["sgf1", "ubx"]) as recording:
        whole = recording.to_arrow()
        run = recording.run()
        small = list(run.frames(4))
        for size in (1, 5, 8, 1000):
            batches = list(batches_.merged(small, size))
            assert sum(map(len, batches)) == 39 and all(len(batch) <= max(size, 4) for batch in batches)
            table = Table(run.formats)
            assert pa.Table.from_batches([part for batch in batches for part in table.batches(batch)]).equals(whole)
        monkeypatch.setattr(batches_, "BYTES", 300)
        assert max(len(batch.data) for batch in batches_.merged(small)) <= 300


def test_the_native_engine_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_capture(40, 3000) + b"noise" + MIXED
    tables = []
    for engine in ("python", "native"):
        with sigflow.open(data, ["sgf1", "ubx"], engine=engine) as recording:
            tables.append((recording.to_arrow(), list(recording.batches(1000))))
    (table, batches), (other, native_batches) = tables
    assert table.equals(other)
    assert pa.Table.from_batches(batches).equals(pa.Table.from_batches(native_batches)) and len(native_batches) < 10


@pytest.mark.parametrize("engine", ["python", "native"])
def test_frames_and_the_verdict_in_one_pass(engine: str) -> None:
    with sigflow.open(MIXED + b"x" + MIXED, ["sgf1", "ubx"], engine=engine) as recording:
        verdict = recording.run(keep=True).verdict()
        batches = list(verdict.frames())
        report, right = verdict.report(recording.name), recording.validate()
        assert sum(map(len, batches)) == report.frames == 78
        assert (report.sound, list(report.gaps), list(report.diagnostics)) == (
            right.sound,
            list(right.gaps),
            list(right.diagnostics),
        )
