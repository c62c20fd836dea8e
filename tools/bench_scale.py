"""How fast DuckDB and Polars ask a recording, beside its batches of the same columns: one run, ratios.

    python tools/bench_scale.py [--mib N] [--repeats N] [--json FILE]

The capture is made of the frames of `samples/valid_telemetry.sgf`, which have 26 to 71 bytes, in a file that is in
memory once it was written.  What is timed is the time on the clock of whole queries, in turn, since engines have
threads of their own; each is compared with `Recording.batches` of the columns that it needs.  All must say the same.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import duckdb
import polars
import pyarrow as pa
import pyarrow.compute as pc

import sigflow
from sigflow.recording.indexed import path_of
from sigflow.recording.indexing import build_index
from sigflow.scale import plan
from tools.figures import Figures

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "valid_telemetry.sgf"
COUNT, SUM, GROUPED, SOME = "rows counted", "a sum of one column", "counts by one column", "a hundredth, by _index"
#: What everything else is compared with, for each question.
BATCHES = "batches()"

Reader = Callable[[], object]


def questions(source: sigflow.Recording, indexed: sigflow.Recording, frames: int) -> dict[str, dict[str, Reader]]:
    """For each question what asks it."""
    dataset, pruned = source.dataset(), indexed.dataset()
    low, high = frames // 2, frames // 2 + frames // 100

    def counted() -> int:
        return sum(batch.num_rows for batch in source.batches(fields=[]))

    def summed() -> int:
        return sum(pc.sum(batch["stream_id"]).as_py() for batch in source.batches(fields=["stream_id"]))

    def grouped() -> dict[int, int]:
        told: dict[int, int] = {}
        for batch in source.batches(fields=["stream_id"]):
            for pair in pc.value_counts(batch["stream_id"]).to_pylist():
                told[pair["values"]] = told.get(pair["values"], 0) + pair["counts"]
        return told

    def some() -> int:
        batches = source.batches(fields=["stream_id"])
        between = (pc.field("_index") >= low) & (pc.field("_index") < high)
        return sum(pa.Table.from_batches([batch]).filter(between).num_rows for batch in batches)

    def in_parts() -> int:
        planned = plan(indexed)
        return sum(batch.num_rows for part in planned.partitions for batch in planned.read(part, fields=["stream_id"]))

    def by_duckdb(text: str, frames: object) -> Reader:
        # (The name in the text is found among the variables here.)
        return lambda: duckdb.sql(text).fetchall() if frames is not None else None

    lazy = polars.scan_pyarrow_dataset(dataset)
    stream = polars.col("stream_id").cast(polars.UInt64)
    chosen = (polars.col("_index") >= low) & (polars.col("_index") < high)
    return {
        COUNT: {
            BATCHES: counted,
            "DuckDB": by_duckdb("SELECT count(*) FROM frames", dataset),
            "Polars": lambda: lazy.select(polars.len()).collect().item(),
            "count_rows": dataset.count_rows,
        },
        SUM: {
            BATCHES: summed,
            "DuckDB": by_duckdb("SELECT sum(stream_id) FROM frames", dataset),
            "Polars": lambda: lazy.select(stream.sum()).collect().item(),
        },
        GROUPED: {
            BATCHES: grouped,
            "DuckDB": by_duckdb("SELECT stream_id, count(*) FROM frames GROUP BY 1", dataset),
            "Polars": lambda: lazy.group_by("stream_id").len().collect().rows(),
            "partitions, one by one, read": in_parts,
        },
        SOME: {
            BATCHES: some,
            "DuckDB, with an index": by_duckdb(
                f"SELECT count(stream_id) FROM frames WHERE _index >= {low} AND _index < {high}", pruned
            ),
            "Polars, with an index": lambda: (
                polars.scan_pyarrow_dataset(pruned).filter(chosen).select(polars.col("stream_id").count()).collect()
            ).item(),
        },
    }


def said(answer: object) -> int:
    """An answer as one number, by which answers are compared."""
    if isinstance(answer, dict):
        return sum(answer.values())
    if isinstance(answer, list):
        return sum(int(row[-1]) for row in answer)
    assert isinstance(answer, int)
    return answer


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--mib", type=int, default=256, help="MiB of the capture (default 256)")
    options.add_argument("--repeats", type=int, default=5, help="rounds (default 5)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    chosen = options.parse_args(arguments)
    piece = SAMPLE.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "capture.sgf"
        path.write_bytes(piece * ((chosen.mib << 20) // len(piece)))
        size = path.stat().st_size
        with sigflow.open(path, "sgf1", index="never") as source:
            frames = build_index(source, path_of(str(path))).frames
        figures = Figures("scale", "python tools/bench_scale.py")
        with (
            sigflow.open(path, "sgf1", index="never") as source,
            sigflow.open(path, "sgf1", index="require") as indexed,
        ):
            for question, readers in questions(source, indexed, frames).items():
                answers = {name: said(reader()) for name, reader in readers.items()}
                if len(set(answers.values())) != 1:
                    print(f"{question}: they do not say the same: {answers}", file=sys.stderr)
                    return 1
                medians = measured(readers, chosen.repeats)
                figures.table(
                    f"{question}: {frames:,} frames, {size:,} bytes; median of {chosen.repeats}",
                    ("time on the clock", "s", "GB/s", "times that of batches()"),
                    [(name, took, size / took / 1e9, took / medians[BATCHES]) for name, took in medians.items()],
                )
    figures.keep(chosen.json)
    return 0


def measured(readers: dict[str, Reader], repeats: int) -> dict[str, float]:
    """Seconds that each takes: the median of so many rounds."""
    spent: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(repeats):
        for name, reader in readers.items():
            gc.collect()
            begin = perf_counter()
            reader()
            spent[name].append(perf_counter() - begin)
    return {name: statistics.median(times) for name, times in spent.items()}


if __name__ == "__main__":
    sys.exit(main())
