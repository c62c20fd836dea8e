"""The data source in Spark itself, on two threads: rows of damaged captures, streams over restarts, and indexes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow.recording import indexing
from sigflow.recording.indexed import path_of, verified
from sigflow.recording.indexing import build_index
from tests.cli.transcript import ROOT, blocks
from tests.recording.test_index import stream_of
from tests.spark.test_batch import expected
from tools.bench_parser import make_capture

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "valid_telemetry.sgf"
PLACES = ["_index", "_offset", "_length"]


def places_of(path: Path, names: list[str]) -> list[tuple[int, ...]]:
    with sigflow.open(path, names, index="never") as source:
        return [tuple(row[name] for name in PLACES) for row in source.to_arrow(fields=[]).to_pylist()]


def test_it_is_found_by_its_name_and_asked_with_conditions(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "FRAMES", 4)
    path = tmp_path / "x.sgf"
    path.write_bytes(SAMPLE.read_bytes())
    with sigflow.open(path, "sgf1", engine="python", index="never") as source:
        build_index(source, path_of(str(path)))
    frames = spark.read.format("sigflow").option("spec", "sgf1").option("split_bytes", 1).load(str(path))
    assert frames.schema["sequence"].dataType.simpleString() == "decimal(20,0)"
    some = frames.where("_index >= 6 and stream_id < 1000").select("_index", "stream_id")
    wanted = [row for row in expected(SAMPLE, ["sgf1"]) if row["_index"] >= 6 and row["stream_id"] < 1000]
    assert [tuple(row) for row in some.collect()] == [(row["_index"], row["stream_id"]) for row in wanted]
    assert some.rdd.getNumPartitions() == 5  # of 6: the index says what cannot pass


def test_damaged_captures_and_an_index_by_tasks(spark: Any, tmp_path: Path) -> None:
    from sigflow.scale import index

    names = ["ubx", "nmea0183"]
    path = tmp_path / "capture"
    path.write_bytes(b"".join(stream_of(tuple(names), n) for n in range(6)))
    wanted = places_of(path, names)
    read = spark.read.format("sigflow").option("spec", ",".join(names)).option("split_bytes", 2000)
    (made,) = index(spark, path, names, range_bytes=3000)
    with sigflow.open(path, names, index="require") as source:
        assert verified(source, made.index) == "" and made.frames == len(wanted)
    whole = read.option("index", "require").option("columns", ",".join(PLACES)).load(str(path)).collect()
    assert sorted(tuple(row) for row in whole) == wanted


def test_a_stream_over_restarts(spark: Any, tmp_path: Path) -> None:
    """Torn ends, growth and a rotation; each query ends, and the next goes on from its checkpoint."""
    live = tmp_path / "live"
    live.mkdir()
    frames = make_capture(30, 40)
    length = len(frames) // 40
    rows = tmp_path / "rows"

    def run() -> None:
        read = spark.readStream.format("sigflow").option("spec", "sgf1").option("columns", "sequence")
        query = (
            read.load(str(live))
            .writeStream.format("parquet")
            .option("path", str(rows))
            .option("checkpointLocation", str(tmp_path / "checkpoint"))
            .trigger(availableNow=True)
            .start()
        )
        query.awaitTermination()

    (live / "a.sgf").write_bytes(frames[: 10 * length + 9])
    run()
    with (live / "a.sgf").open("ab") as file:
        file.write(frames[10 * length + 9 : 20 * length + 3])
    (live / "a.sgf").rename(live / "a.sgf.1")
    (live / "a.sgf").write_bytes(frames[20 * length :])
    run()
    assert sorted(int(row["sequence"]) for row in spark.read.parquet(str(rows)).collect()) == list(range(40))


def test_the_recipe_of_the_documents(spark: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = list(blocks((ROOT / "docs" / "scale.md").read_text(encoding="utf-8")))
    place = next(number for number, (name, _, _) in enumerate(listed) if name == "recipe.py")
    (tmp_path / "telemetry.sgf").write_bytes(SAMPLE.read_bytes())
    # It gets the session that there is, which was begun in another folder.
    recipe = listed[place][2].replace("telemetry.sgf", str(tmp_path / "telemetry.sgf"))
    exec(compile(recipe, "recipe.py", "exec"), {})
    assert capsys.readouterr().out == listed[place + 1][2]
