"""A reading in partitions with Spark's types, without Spark: rows, columns, conditions, and what options say."""

from __future__ import annotations

import datetime
import json
import pickle
import random
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

pytest.importorskip("pyspark.sql.datasource", reason="PySpark is absent: the extra `spark` is not installed")

from pyspark.sql import datasource

import sigflow
from pyspark_sigflow import batch, types
from pyspark_sigflow.filters import condition_of
from pyspark_sigflow.options import ReadOptions
from pyspark_sigflow.source import ASKS_WITH_FILTERS, DefaultSource
from sigflow.errors import UsageError
from sigflow.recording import indexing
from sigflow.recording.indexed import path_of
from sigflow.recording.indexing import build_index
from tests.recording.test_index import LISTS, TIMED, stream_of, timed_frame

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "valid_telemetry.sgf"


def read(filters: Iterable[Any] = (), **options: object) -> list[dict[str, Any]]:
    """The rows, as tasks give them to Spark."""
    texts = {name: str(value) for name, value in options.items()}
    source = DefaultSource(texts)
    schema = source.schema()
    reader = batch.FilteredReader(ReadOptions.of(texts), schema)
    reader.pushFilters(list(filters))
    tasks = [pickle.loads(pickle.dumps((reader, partition))) for partition in reader.partitions()]
    rows = []
    for own, partition in tasks:
        for made in own.read(partition):
            assert made.schema == types.arrow_schema(schema)
            rows += made.to_pylist()
    return rows


def expected(path: Path, names: Iterable[str], **options: Any) -> list[dict[str, Any]]:
    """The rows of `to_arrow`, with the types that Spark has."""
    with sigflow.open(path, list(names), index="never", engine="python") as source:
        table = source.to_arrow(**options)
    rows = table.to_pylist()
    for row in rows:
        for field in table.schema:
            row[field.name] = _as(row[field.name], field.type)
    return rows


def _as(value: Any, kind: pa.DataType) -> Any:
    """Numbers of 64 bits without a sign are decimals; nothing else changes its value."""
    if value is None:
        return None
    if kind == pa.uint64():
        return Decimal(value)
    if pa.types.is_struct(kind):
        return {field.name: _as(value[field.name], field.type) for field in kind}
    if pa.types.is_list(kind):
        return [_as(item, kind.value_type) for item in value]
    return value


@pytest.mark.parametrize("index", ["never", "require"])
@pytest.mark.parametrize("names", LISTS, ids="+".join)
def test_rows_are_those_of_the_capture(
    tmp_path: Path, names: tuple[str, ...], index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "FRAMES", 5)
    wanted = []
    for seed in range(3):
        path = tmp_path / f"capture{seed}"
        path.write_bytes(b"".join(stream_of(names, 10 * seed + n) for n in range(3)))
        with sigflow.open(path, list(names), engine="python", index="never") as source:
            build_index(source, path_of(str(path)))
        rows = expected(path, names)
        assert read(path=path, spec=",".join(names), split_bytes=200, index=index) == rows
        wanted += [{"_capture": str(path), **row} for row in rows]
    assert read(path=tmp_path, spec=",".join(names), split_bytes=200, index=index, capture=True) == wanted
    assert read(path=tmp_path / "capture[0-9]", spec=",".join(names), capture="true") == wanted


def test_columns() -> None:
    rows = read(path=SAMPLE, columns="sequence, flags.encoding,_index")
    assert [list(row) for row in rows[:1]] == [["sequence", "flags.encoding", "_index"]]
    wanted = expected(SAMPLE, ["sgf1"], fields=["sequence", "flags.encoding"])
    assert [row["sequence"] for row in rows] == [row["sequence"] for row in wanted]
    assert [row["flags.encoding"] for row in rows] == [row["flags.encoding"] for row in wanted]
    with pytest.raises(UsageError, match="nothing"):
        read(path=SAMPLE, columns="nothing")
    assert [row["_capture"] for row in read(path=SAMPLE, columns="_capture")] == [str(SAMPLE)] * 24


def test_a_schema_that_is_given_chooses_columns() -> None:
    schema = types.spark_schema(pa.schema([("stream_id", pa.int64()), ("_index", pa.int64())]))
    reader = batch.Reader(ReadOptions.of({"path": str(SAMPLE), "spec": "sgf1"}), schema)
    made = [made for part in reader.partitions() for made in reader.read(part)]
    assert sum(batch.num_rows for batch in made) == 24 and made[0].schema.names == ["stream_id", "_index"]


def test_types() -> None:
    unsigned = {8: "smallint", 16: "int", 32: "bigint", 64: "decimal(20,0)"}
    schema = pa.schema([(f"u{bits}", getattr(pa, f"uint{bits}")()) for bits in unsigned])
    assert [field.dataType.simpleString() for field in types.spark_schema(schema)] == list(unsigned.values())
    greatest = pa.RecordBatch.from_pydict({f"u{bits}": [(1 << bits) - 1] for bits in unsigned}, schema=schema)
    made = types.converted(greatest, types.arrow_schema(types.spark_schema(schema)))
    assert [int(value) for value in made.to_pylist()[0].values()] == [(1 << bits) - 1 for bits in unsigned]
    names = pa.dictionary(pa.int32(), pa.string())
    nested = pa.schema([("a", pa.list_(pa.struct([("b", pa.uint64()), ("c", names), ("t", pa.timestamp("ns"))])))])
    first = pa.StructArray.from_arrays(
        [
            pa.array([1 << 63], pa.uint64()),
            pa.array(["x"]).dictionary_encode(),
            pa.array([1_234_567_891], "timestamp[ns]"),
        ],
        ["b", "c", "t"],
    )
    column = pa.ListArray.from_arrays([0, 1], first)
    assert column.type == nested.field("a").type
    batch_ = pa.RecordBatch.from_arrays([column], ["a"])
    made = types.converted(batch_, types.arrow_schema(types.spark_schema(batch_.schema)))
    inner = made.to_pylist()[0]["a"][0]
    assert inner == {"b": Decimal(1 << 63), "c": "x", "t": datetime.datetime(1970, 1, 1, 0, 0, 1, 234567)}


@pytest.fixture
def timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A capture with times, kinds and counters, with an index of small blocks."""
    monkeypatch.setattr(indexing, "FRAMES", 5)
    rng = random.Random(7)
    path = tmp_path / "timed.bin"
    (tmp_path / "timed.ksy").write_text(TIMED, encoding="utf-8")
    path.write_bytes(b"".join(timed_frame(rng, n, 1000 + 3 * n) for n in range(200)))
    with sigflow.open(path, tmp_path / "timed.ksy", engine="python", index="never") as source:
        build_index(source, path_of(str(path)))
    return path


def test_conditions_leave_out_only_what_spark_would(timed: Path) -> None:
    f = datasource
    spec = timed.parent / "timed.ksy"
    options = {"path": timed, "spec": spec, "split_bytes": 50}
    rows = read(**options)
    moment = rows[100]["_time"]
    assert isinstance(moment, datetime.timedelta)
    cases: list[tuple[list[Any], Any]] = [
        ([f.GreaterThanOrEqual(("_index",), 150)], lambda row: row["_index"] >= 150),
        (
            [f.LessThan(("_offset",), 99), f.EqualTo(("kind",), 1)],
            lambda row: row["_offset"] < 99 and row["kind"] == 1,
        ),
        ([f.In(("device",), (0, 7))], lambda row: row["device"] == 0),
        ([f.EqualTo(("kind",), -1)], lambda row: False),
        ([f.GreaterThan(("count",), 300)], lambda row: False),
        ([f.EqualTo(("_time",), moment)], lambda row: row["_time"] == moment),
        ([f.GreaterThan(("_time",), moment)], lambda row: row["_time"] > moment),
        ([f.LessThanOrEqual(("_time",), moment)], lambda row: row["_time"] <= moment),
        ([f.Not(f.EqualTo(("kind",), 1))], lambda row: row["kind"] != 1),
        ([f.IsNotNull(("kind",)), f.StringContains(("nothing",), "x")], lambda row: True),
    ]
    for filters, passes in cases:
        wanted = [row for row in rows if passes(row)]
        left = read(filters, **options)
        assert [row for row in left if passes(row)] == wanted, filters
        assert len(left) <= len(rows)
    # And they do spare work, where they can be understood.
    for case, most in ((0, 50), (1, 10), (2, 130), (5, 1), (6, 100)):
        assert len(read(cases[case][0], **options)) <= most, cases[case][0]
    reader = batch.FilteredReader(
        ReadOptions.of({name: str(value) for name, value in options.items()}),
        DefaultSource({name: str(value) for name, value in options.items()}).schema(),
    )
    every = len(reader.partitions())
    assert list(reader.pushFilters(cases[5][0])) == cases[5][0]
    assert 1 <= len(reader.partitions()) <= 2 < every
    assert condition_of([], pa.schema([])) is None


def test_only_who_hands_on_conditions_is_given_a_reader_that_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    source = DefaultSource({"path": str(SAMPLE)})
    assert type(source.reader(source.schema())) is batch.Reader
    monkeypatch.setitem(__import__("sys").modules, ASKS_WITH_FILTERS, datasource)
    assert type(source.reader(source.schema())) is batch.FilteredReader


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "no capture is named"),
        ({"path": "x", "colums": "a"}, "no option 'colums'"),
        ({"path": "x", "split_bytes": "0"}, "at least 1"),
        ({"path": "x", "max_frame": "much"}, "at least 1"),
        ({"path": "x", "engine": "fast"}, "wanted one of"),
        ({"path": "x", "capture": "perhaps"}, "true or false"),
        ({"path": "x", "columns": ","}, "names nothing"),
        ({"path": "nowhere*.sgf"}, "no capture"),
    ],
)
def test_options_that_say_nothing(options: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        DefaultSource(options).schema()


def test_captures_that_cannot_be_cut_and_empty_ones(tmp_path: Path) -> None:
    import gzip

    (tmp_path / "a.sgf.gz").write_bytes(gzip.compress(SAMPLE.read_bytes()))
    (tmp_path / "b.sgf").write_bytes(b"")
    (tmp_path / "b.sgf.sigidx").write_bytes(b"no capture")
    (tmp_path / "c.sgf").write_bytes(SAMPLE.read_bytes())
    rows = read(path=tmp_path, spec="sgf1", split_bytes=100)
    assert rows == expected(SAMPLE, ["sgf1"]) * 2
    with pytest.raises(FileNotFoundError):
        read(path=tmp_path / "nothing", spec="sgf1")


def test_a_list_of_paths(tmp_path: Path) -> None:
    (tmp_path / "x.sgf").write_bytes(SAMPLE.read_bytes())
    rows = read(paths=json.dumps([str(SAMPLE), str(tmp_path)]), spec="sgf1")
    assert rows == expected(SAMPLE, ["sgf1"]) * 2


def test_limits_are_obeyed() -> None:
    assert len(read(path=SAMPLE, spec="sgf1", max_frame=60)) < 24


def test_urls() -> None:
    fsspec = pytest.importorskip("fsspec", reason="fsspec is absent: the extra `remote` is not installed")
    for name in ("a", "b"):
        with fsspec.open(f"memory://spark/{name}.sgf", "wb") as file:
            file.write(SAMPLE.read_bytes())
    assert read(path="memory://spark/*.sgf", spec="sgf1", split_bytes=100) == expected(SAMPLE, ["sgf1"]) * 2
    assert read(path=f"file://{SAMPLE}") == expected(SAMPLE, ["sgf1"])
