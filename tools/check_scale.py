"""Damaged captures in parts and as datasets, against the same as one table: many seeds.

    python tools/check_scale.py [--cases N] [--seed N] [--spark N]

A case is a seeded damaged capture, 1 to 64 partitions, with an index or without, by one engine, in partitions, as a
dataset, or asked by DuckDB and Polars: its rows must be those of `to_arrow`, and its ledger must add up.  With
`--spark` so many captures are read by Spark, on two threads, half of them with an index that its tasks have made.
"""

from __future__ import annotations

import argparse
import itertools
import pickle
import random
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

# So that it checks this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import duckdb
import polars
import pyarrow as pa

import sigflow
from sigflow.recording import indexing
from sigflow.recording.indexed import path_of
from sigflow.recording.indexing import build_index
from sigflow.scale import index, plan
from tests.recording.test_index import LISTS, stream_of

LEDGER = ("frames", "frame_bytes", "gap_bytes", "idle_bytes", "bytes")
#: Of so many datasets one is asked by the engines.
ASKED = 8


def in_partitions(source: sigflow.Recording, count: int, report: sigflow.Report) -> Any:
    """The rows of the partitions; `AssertionError` where the ledger does not add up."""
    rows: list[dict[str, object]] = []
    told = []
    planned = pickle.loads(pickle.dumps(plan(source, count=count)))
    for partition in planned.partitions:
        reader = planned.read(partition)
        for batch in reader:
            rows += batch.to_pylist()
        told.append(reader.statistics)
    for name in LEDGER:
        assert sum(getattr(statistics, name) for statistics in told) == getattr(report, name), name
    return rows


def asked(source: sigflow.Recording, rows: list[dict[str, object]]) -> None:
    """Asks the dataset by DuckDB and Polars; `AssertionError` where they say something else."""
    dataset = source.dataset()
    places = [(row["_index"], row["_offset"], row["_length"]) for row in rows]
    middle = len(rows) // 2
    with duckdb.connect() as database:
        database.register("frames", dataset)
        query = f"SELECT _index, _offset, _length FROM frames WHERE _index >= {middle} ORDER BY 1"
        assert database.sql(query).fetchall() == places[middle:]
    lazy = polars.scan_pyarrow_dataset(dataset).filter(polars.col("_index") < middle)
    assert lazy.select("_index", "_offset", "_length").collect().rows() == places[:middle]


def check(path: Path, names: tuple[str, ...], seed: int) -> int:
    """Checks one capture, and returns how many cases that were."""
    rng = random.Random(f"{names} {seed}")
    path.write_bytes(b"".join(stream_of(names, 7 * seed + n) for n in range(3)))
    with sigflow.open(path, list(names), engine="python", index="never") as source:
        build_index(source, path_of(str(path)))
        rows, report = source.to_arrow().to_pylist(), source.validate()
    cases = 0
    for engine, way in itertools.product(("python", "native"), ("never", "require")):
        with sigflow.open(path, list(names), engine=engine, index=way) as source:
            assert in_partitions(source, rng.randrange(1, 65), report) == rows, (engine, way)
            assert source.dataset().to_table().to_pylist() == rows, (engine, way)
            cases += 2
            if rng.randrange(ASKED) == 0:
                asked(source, rows)
                cases += 1
    return cases


def in_spark(spark: Any, folder: Path, names: tuple[str, ...], seeds: range) -> int:
    """Reads captures by Spark, half of them with an index that its tasks made, and returns how many these were."""
    rows: list[dict[str, object]] = []
    for seed in seeds:
        path = folder / f"capture{seed:05}"
        path.write_bytes(b"".join(stream_of(names, 7 * seed + n) for n in range(3)))
        with sigflow.open(path, list(names), engine="python", index="never") as source:
            rows += [{"_capture": str(path), **row} for row in as_spark(source.to_arrow())]
    index(spark, folder / "capture????[02468]", names, range_bytes=random.Random(f"{names}").randrange(200, 2000))
    read = spark.read.format("sigflow").option("spec", ",".join(names)).option("capture", "true")
    table = read.option("split_bytes", 1500).load(str(folder)).toArrow()
    assert sorted(table.to_pylist(), key=place) == sorted(rows, key=place), names
    with_index = sum(path.suffix == ".sigidx" for path in folder.iterdir())
    assert with_index == len([seed for seed in seeds if seed % 2 == 0]), with_index
    return len(seeds)


def by_spark(count: int, seed: int) -> int:
    """Reads so many captures by Spark, and returns how many they were."""
    from tools.bench_spark import session

    share = -(-count // len(LISTS))
    with tempfile.TemporaryDirectory() as folder:
        spark = session(2, folder)
        try:
            done = 0
            for names in LISTS:
                captures = Path(folder) / "+".join(names)
                captures.mkdir()
                done += in_spark(spark, captures, names, range(seed, seed + share))
            return done
        finally:
            spark.stop()


def place(row: dict[str, Any]) -> tuple[str, int]:
    return row["_capture"], row["_index"]


def as_spark(table: pa.Table) -> list[dict[str, object]]:
    """The rows with Spark's values: numbers of 64 bits without a sign are decimals."""
    rows = table.to_pylist()
    return [{field.name: _decimal(row[field.name], field.type) for field in table.schema} for row in rows]


def _decimal(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if kind == pa.uint64():
        return Decimal(value)
    if pa.types.is_struct(kind):
        return {field.name: _decimal(value[field.name], field.type) for field in kind}
    return [_decimal(item, kind.value_type) for item in value] if pa.types.is_list(kind) else value


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--cases", type=int, default=12_000, help="cases (default 12,000)")
    options.add_argument("--seed", type=int, default=1, help="the first seed (default 1)")
    options.add_argument("--spark", type=int, default=0, help="captures that Spark reads (default none)")
    chosen = options.parse_args(arguments)
    indexing.FRAMES = 5  # (so that there are many blocks)
    cases = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in itertools.count(chosen.seed):
            for names in LISTS:
                try:
                    cases += check(Path(folder) / "capture", names, seed)
                except AssertionError as error:
                    print(f"seed {seed}, {'+'.join(names)}: {str(error)[:2000]}", file=sys.stderr)
                    return 1
            if cases >= chosen.cases:
                break
    if chosen.spark:
        print(f"{by_spark(chosen.spark, chosen.seed):,} captures by Spark: all rows are those of the whole")
    print(f"{cases:,} cases, up to seed {seed}: all rows and ledgers are those of the whole")
    return 0


if __name__ == "__main__":
    sys.exit(main())
