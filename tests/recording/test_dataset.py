"""A recording as a dataset, asked by Arrow, DuckDB, Polars and pandas: the rows of `to_arrow`, and no more made or read
than is asked for.
"""

from __future__ import annotations

import operator
import pickle
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as arrow_dataset
import pytest

import sigflow
from sigflow.columns.table import FormatColumns
from sigflow.errors import UsageError
from sigflow.recording import dataset, indexing, pruning
from sigflow.recording.indexed import path_of
from sigflow.recording.indexing import build_index
from sigflow.scale.sql import Database
from sigflow.storage.file import FileStorage
from tests.recording.test_index import LISTS, TIMED, stream_of, timed_frame

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "valid_telemetry.sgf"


def indexed(path: Path, specs: Any) -> None:
    """With small blocks."""
    with sigflow.open(path, specs, engine="python", index="never") as source:
        build_index(source, path_of(str(path)))


def random_filter(rng: random.Random, whole: pa.Table) -> pc.Expression:
    """A condition on columns of the frame, whole or in parts."""
    if rng.random() < 0.3:
        return rng.choice((operator.and_, operator.or_))(random_filter(rng, whole), random_filter(rng, whole))
    if rng.random() < 0.1:
        return ~random_filter(rng, whole)
    name = rng.choice(["_offset", "_index", "_length", "_format"])
    values = whole.column(name).to_pylist() or ["" if name == "_format" else 0]
    if name == "_format":
        return pc.field(name).cast(pa.string()) == rng.choice(values)
    if rng.random() < 0.2:
        return pc.field(name).isin([rng.choice(values) for _ in range(3)])
    compare = rng.choice((operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne))
    return compare(pc.field(name), int(rng.choice(values)) + rng.choice((-1, 0, 0, 1)))


@pytest.mark.parametrize("index", ["never", "require"])
@pytest.mark.parametrize("engine", ["native", "python"])
@pytest.mark.parametrize("names", LISTS, ids="+".join)
def test_the_rows_are_those_of_the_table(
    tmp_path: Path, names: tuple[str, ...], engine: str, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "FRAMES", 5)
    monkeypatch.setattr(pruning, "LENGTH", 3)
    monkeypatch.setattr(pruning, "FEW", 1)
    rng = random.Random(f"{names} {engine}")
    for seed in range(3):
        path = tmp_path / f"capture{seed}"
        path.write_bytes(b"".join(stream_of(names, 100 + 10 * seed + n) for n in range(4)))
        if index == "require":
            indexed(path, list(names))
        with sigflow.open(path, list(names), engine=engine, index=index) as source:
            whole, frames = source.to_arrow(), source.dataset()
            assert frames.schema.names == whole.schema.names
            assert frames.count_rows() == len(whole)
            for _ in range(8):
                wanted = rng.sample(whole.column_names, rng.randrange(1, len(whole.column_names) + 1))
                condition = random_filter(rng, whole)
                expected = whole.filter(condition).select(wanted).to_pylist()
                assert frames.to_table(columns=wanted, filter=condition).to_pylist() == expected, condition
                assert frames.count_rows(filter=condition) == len(expected)


def test_what_engines_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[list[str]] = []
    arrays = FormatColumns.arrays

    def noted(self: FormatColumns, *arguments: Any) -> Any:
        made.append([source.name for source in self.sources])
        return arrays(self, *arguments)

    monkeypatch.setattr(FormatColumns, "arrays", noted)
    with sigflow.open(SAMPLE, "sgf1") as source:
        whole, frames = source.to_arrow(), source.dataset()
        made.clear()
        counted = duckdb.sql("SELECT count(*) FROM frames").fetchall()
        assert counted == [(24,)]
        assert polars.scan_pyarrow_dataset(frames).select(polars.len()).collect().item() == 24
        assert frames.count_rows() == 24
        assert not any(made)

        made.clear()
        asked = duckdb.sql("SELECT stream_id, count(*) FROM frames WHERE sequence > 5 GROUP BY 1 ORDER BY 1").fetchall()
        wanted = duckdb.sql("SELECT stream_id, count(*) FROM whole WHERE sequence > 5 GROUP BY 1 ORDER BY 1").fetchall()
        assert asked == wanted
        assert made and all(sorted(names) == ["sequence", "stream_id"] for names in made)
        made.clear()
        lazy = polars.scan_pyarrow_dataset(frames).filter(polars.col("stream_id") > 8).select("sequence").collect()
        assert lazy["sequence"].to_list() == whole.filter(pc.field("stream_id") > 8)["sequence"].to_pylist()
        assert made and all(sorted(names) == ["sequence", "stream_id"] for names in made)
        # A counter of 64 bits, which Arrow does not compare with the signed number that Polars hands it.
        with pytest.raises(pa.ArrowInvalid, match="not in range"):
            polars.scan_pyarrow_dataset(frames).filter(polars.col("sequence") > 5).collect()
        unfiltered = polars.scan_pyarrow_dataset(frames, allow_pyarrow_filter=False)
        assert unfiltered.filter(polars.col("sequence") > 5).collect().height == sum(count for _, count in wanted)

        made.clear()
        pandas = frames.to_table(columns=["sequence"]).to_pandas()
        assert pandas["sequence"].tolist() == whole["sequence"].to_pylist()
        assert all(names == ["sequence"] for names in made)
        computed = frames.to_table(columns={"next": pc.field("stream_id") + 1, "at": pc.field(0)})
        assert computed["next"].to_pylist() == [value + 1 for value in whole["stream_id"].to_pylist()]
        assert computed["at"].to_pylist() == whole["_offset"].to_pylist()
        assert frames.head(3).to_pylist() == whole.to_pylist()[:3]
        assert polars.scan_pyarrow_dataset(frames).head(2).collect().height == 2


def test_all_that_a_dataset_can_be_asked() -> None:
    own = vars(dataset.RecordingDataset)
    by_scanner = {"head", "take", "to_batches", "to_table", "_scanner_options", "_scan_options", "_get_fragments"}
    asked = {name for name in dir(arrow_dataset.Dataset) if not name.startswith("__")}
    assert asked - by_scanner <= own.keys()  # (the rest would look at what a subclass has not)
    with sigflow.open(SAMPLE, "sgf1") as source:
        frames, table = source.dataset(), source.to_arrow()
        assert frames.take([3, 5]).to_pylist() == table.take([3, 5]).to_pylist()
        assert sum(batch.num_rows for batch in frames.to_batches()) == 24
        backwards = frames.sort_by([("_index", "descending")]).to_table()
        assert backwards["_index"].to_pylist() == list(range(23, -1, -1))
        assert frames.partition_expression.equals(pc.scalar(True))
        other = arrow_dataset.dataset(pa.table({"_index": pa.array([1, 2], pa.int64()), "more": [1, 2]}))
        small = source.dataset(fields=["sequence"])
        assert small.join(other, "_index", join_type="inner").to_table().num_rows == 2
        for refused in (
            lambda: frames.filter(pc.field("_index") > 1),
            lambda: frames.replace_schema(frames.schema),
            lambda: list(frames.get_fragments()),
            lambda: frames.join_asof(other, "_index", [], 0),
            lambda: pickle.dumps(frames),
        ):
            with pytest.raises(UsageError):
                refused()
        assert "valid_telemetry" in repr(frames)
        with pytest.raises(pa.ArrowInvalid):
            frames.to_table(columns=["nothing"])
        with pytest.raises(UsageError, match="nothing"):
            source.dataset(fields=["nothing"])


def test_a_recording_of_some_frames() -> None:
    with sigflow.open(SAMPLE, "sgf1") as source:
        some = source.filter("sequence > 5", skip=2, limit=4)
        assert some.dataset().to_table().to_pylist() == some.to_arrow().to_pylist()
        assert some.dataset().count_rows() == 4
        assert some.dataset().count_rows(pc.field("_offset") > 600) == sum(record.start > 600 for record in some)


@pytest.mark.parametrize("dated", [True, False])
def test_only_blocks_that_can_match_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dated: bool) -> None:
    monkeypatch.setattr(indexing, "FRAMES", 50)
    (tmp_path / "timed.ksy").write_text(TIMED.replace("unit: ms", "unit: ms, epoch: '2020-01-01'") if dated else TIMED)
    begin: Any = datetime(2020, 1, 1, tzinfo=UTC) if dated else timedelta()
    timed, rng = sigflow.compile(tmp_path / "timed.ksy"), random.Random(5)
    path = tmp_path / "capture"
    path.write_bytes(b"".join(timed_frame(rng, n, 10 * n) for n in range(5000)))
    indexed(path, timed)
    bytes_read = 0
    chunks = FileStorage.chunks

    def counting(self: FileStorage, chunk_size: int = 1024, start: int = 0) -> Any:
        nonlocal bytes_read
        for chunk in chunks(self, chunk_size, start):
            bytes_read += len(chunk)
            yield chunk

    monkeypatch.setattr(FileStorage, "chunks", counting)
    with sigflow.open(path, timed, engine="python", index="require", chunk_size=1024) as source:
        whole, frames = source.to_arrow(), source.dataset()
        size = path.stat().st_size
        time = pc.field("_time")
        for condition, most in (
            (pc.field("_offset") < 1000, 0.1),
            ((pc.field("_index") >= 4000) & (pc.field("_index") < 4100), 0.1),
            ((time >= begin + timedelta(seconds=20)) & (time < begin + timedelta(seconds=21)), 0.1),
            (pc.field("_index").isin([70, 4900]), 0.15),
            (pc.field("_offset") < -1, 0),
            (pc.field("kind") == 1, 1.1),
        ):
            bytes_read = 0
            table = frames.to_table(filter=condition)
            assert bytes_read <= most * size, condition
            assert table.to_pylist() == whole.filter(condition).to_pylist()
            assert len(table) or most == 0
        bytes_read = 0
        counted = duckdb.sql("SELECT count(*) FROM frames WHERE _index BETWEEN 1000 AND 1009").fetchall()
        assert counted == [(10,)] and bytes_read < 0.1 * size
        asked = [(polars.col("_offset") < 500, pc.field("_offset") < 500)]
        if dated:  # (Polars hands no durations to a dataset)
            later = begin + timedelta(seconds=47.5)
            asked.append((polars.col("_time") >= later, time >= later))
        for told, mine in asked:
            bytes_read = 0
            lazy = polars.scan_pyarrow_dataset(frames).filter(told).collect()
            assert lazy.height == len(whole.filter(mine)) and bytes_read < 0.1 * size


def test_duckdb_hands_filters_to_a_table_with_enums_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filters = []
    scanner = dataset.RecordingDataset.scanner

    def noted(self: dataset.RecordingDataset, *arguments: Any, **options: Any) -> Any:
        filters.append(str(options.get("filter")))
        return scanner(self, *arguments, **options)

    monkeypatch.setattr(dataset.RecordingDataset, "scanner", noted)
    with sigflow.open(SAMPLE, "sgf1") as source:
        with duckdb.connect() as database:
            database.register("frames", source.dataset())
            query = "SELECT flags.encoding, count(*) FROM frames WHERE _index < 9 GROUP BY 1"
            counts = database.sql(query).fetchall()
        whole = [row["encoding"] for row in source.to_arrow()["flags"].to_pylist()[:9]]
    assert filters == ["(_index < 9)"]
    assert dict(counts) == {name: whole.count(name) for name in set(whole)}


def test_several_passes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "capture.sgf"
    path.write_bytes(SAMPLE.read_bytes() * 2000)
    for workers in (1, 2):
        with sigflow.open(path, "sgf1", engine="native", workers=workers) as source, duckdb.connect() as database:
            database.register("frames", source.dataset())
            joined = database.sql(
                "SELECT count(*), sum(a._length), bool_and(a.checksum = b.checksum AND a.sequence = c.sequence)"
                " FROM frames a JOIN frames b USING (_index) JOIN frames c ON a._offset = c._offset"
            ).fetchall()
        assert joined == [(48000, path.stat().st_size, True)]


def test_what_has_no_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with sigflow.open(Pipe(SAMPLE.read_bytes()), "sgf1") as source, pytest.raises(UsageError, match="once only"):
        source.dataset()


@pytest.fixture
def dated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, sigflow.Format]:
    """A capture of frames whose times are 250 ns apart, around the year 1970, with an index of small blocks."""
    monkeypatch.setattr(indexing, "FRAMES", 5)
    told = "time: {expr: time * 250 - 10000, unit: ns, epoch: '1970-01-01'}"
    spec = TIMED.replace("time: {field: time, unit: ms}", told)
    (tmp_path / "timed.ksy").write_text(spec)
    format, path, rng = sigflow.compile(tmp_path / "timed.ksy"), tmp_path / "capture", random.Random(8)
    path.write_bytes(b"".join(timed_frame(rng, n, n) for n in range(100)))
    indexed(path, format)
    return path, format


def test_sql_asks_for_times(dated: tuple[Path, sigflow.Format], monkeypatch: pytest.MonkeyPatch) -> None:
    path, format = dated
    asked: list[int | None] = []
    batches = dataset.RecordingDataset._batches

    def counting(self: Any, table: Any, starts: Any) -> Any:
        asked.append(None if starts is None else sum(start.stop - start.offset for start in starts))
        return batches(self, table, starts)

    monkeypatch.setattr(dataset.RecordingDataset, "_batches", counting)
    with sigflow.open(path, format, index="require", engine="python") as source, Database() as database:
        exact = [value.value for value in source.to_arrow(fields=["count"])["_time"]]
        database.add("x", source)

        def told(condition: str) -> list[tuple[Any, ...]]:
            query = f"SELECT _index, epoch_us(_time), _time_ns FROM 'x' WHERE {condition} ORDER BY 1"
            _, rows = database.query(query)
            return [tuple(row.values()) for batch in rows for row in batch.to_pylist()]

        everything = [(n, time // 1000, time) for n, time in enumerate(exact)]
        assert told("true") == everything
        for micros in (-10, -3, 0, 5, 100):
            date = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
            assert told(f"_time >= TIMESTAMPTZ '{date}'") == [row for row in everything if row[1] >= micros]
            assert told(f"_time < TIMESTAMPTZ '{date}'") == [row for row in everything if row[1] < micros]
            assert told(f"_time_ns = {micros * 1000}") == [row for row in everything if row[2] == micros * 1000]
    assert asked[0] is None and None not in asked[1:]
    size = path.stat().st_size
    assert sum(read or 0 for read in asked[1:]) < size * (len(asked) - 1) * 0.6


def test_a_capture_as_a_lazy_frame(dated: tuple[Path, sigflow.Format]) -> None:
    path, format = dated
    lazy = sigflow.scan_polars(path, format, index="require")
    some = lazy.filter(polars.col("_time") >= datetime(1970, 1, 1, tzinfo=UTC)).select("_index", "count").collect()
    assert some.rows() == [(n, n) for n in range(40, 100)]
    assert sigflow.scan_polars(SAMPLE, "sgf1", fields=["sequence"]).collect().shape == (24, 5)
    with sigflow.open(SAMPLE, "sgf1") as source:
        assert sigflow.scan_polars(source).select(polars.len()).collect().item() == 24
        with pytest.raises(UsageError, match="a recording has its formats"):
            sigflow.scan_polars(source, "sgf1")
