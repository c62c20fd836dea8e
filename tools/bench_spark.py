"""A grouped count in Spark of SGF1 captures, beside the same rows from Parquet: one run, ratios.

    python tools/bench_spark.py [--mib N] [--repeats N] [--cores N] [--json FILE]

The capture has frames of 26 to 102 bytes, 64 on average, of 24 streams, in a file that is in memory once it was
written.  Timed are whole queries, in turn, after one of each for warming up: by the clock, and by the processor time of
Spark with its workers, which others on the machine do not change.  A rate is bytes of the capture by seconds; all
queries must say the same.
"""

from __future__ import annotations

import argparse
import os
import statistics
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sigflow
from sigflow.recording.indexed import path_of
from sigflow.recording.indexing import build_index
from tools.figures import Figures

ROOT = Path(__file__).resolve().parent.parent
#: Frames that are made; the capture is them again and again.
FRAMES = 400_000


def made() -> bytes:
    """Frames of 26 to 102 bytes, 64 on average, of 24 streams whose counters begin at 0."""
    parts = []
    for number in range(FRAMES):
        content = number.to_bytes(4, "big") * (number % 20)
        head = struct.pack(">4sBBIQI", b"SGF1", 1, 0, number % 24, number // 24, len(content))
        parts += [head, struct.pack(">I", zlib.crc32(content, zlib.crc32(head))), content]
    return b"".join(parts)


def session(cores: int, folder: str, **more: str) -> Any:
    """A Spark session on so many threads of this machine."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "generated"), str(ROOT)])
    builder = SparkSession.builder.master(f"local[{cores}]").appName("sigflow")
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": str(cores),
        "spark.sql.python.filterPushdown.enabled": "true",
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
        "spark.local.dir": folder,
        "spark.ui.showConsoleProgress": "false",
        **more,
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def processor_time(process: int) -> float:
    """Seconds of the processor that a process and what it has started have taken, of those that are still there."""
    tick = os.sysconf("SC_CLK_TCK")
    told: dict[int, tuple[int, float]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                words = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # (it has ended)
            told[int(name)] = int(words[1]), sum(int(word) for word in words[11:15]) / tick
    mine = {process}
    while more := {number for number, (parent, _) in told.items() if parent in mine} - mine:
        mine |= more
    return sum(told[number][1] for number in mine if number in told)


def process_of(spark: Any) -> int:
    """The process of a session's JVM."""
    return int(spark._jvm.java.lang.ProcessHandle.current().pid())


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--mib", type=int, default=1024, help="MiB of the capture (default 1024)")
    options.add_argument("--repeats", type=int, default=3, help="rounds (default 3)")
    options.add_argument("--cores", type=int, default=1, help="threads of Spark (default 1)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    chosen = options.parse_args(arguments)
    piece = made()
    figures = Figures("spark", "python tools/bench_spark.py")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "capture.sgf"
        path.write_bytes(piece * ((chosen.mib << 20) // len(piece)))
        size = path.stat().st_size
        with sigflow.open(path, "sgf1", index="never", workers=os.cpu_count() or 1) as source:
            frames = build_index(source, path_of(str(path))).frames
        spark = session(chosen.cores, folder)
        try:
            rows = measured(spark, path, folder, chosen.repeats, size)
        except AssertionError as error:
            print(f"they do not say the same: {error}", file=sys.stderr)
            return 1
        finally:
            spark.stop()
    figures.table(
        f"A grouped count by stream: {frames:,} frames, {size:,} bytes, Spark on {chosen.cores} threads; "
        f"median of {chosen.repeats}",
        ("", "s by the clock", "MB/s by the clock", "s of the processor", "MB/s a core, by the processor"),
        rows,
    )
    figures.keep(chosen.json)
    return 0


def measured(
    spark: Any, path: Path, folder: str, repeats: int, size: int
) -> list[tuple[str, float, float, float, float]]:
    """The rows of the table; `AssertionError` where the queries do not say the same."""
    read = spark.read.format("sigflow").option("spec", "sgf1").option("index", "require")
    whole = read.load(str(path))
    columns = ["_offset", "_length", "_index", "version", "stream_id", "sequence", "payload_length", "checksum"]
    whole.select(*columns).write.parquet(f"{folder}/rows")
    without = spark.read.format("sigflow").option("spec", "sgf1").option("index", "never")
    numbers = ",".join(columns)
    sources: dict[str, Callable[[], Any]] = {
        "sigflow, the column that is wanted": lambda: read.option("columns", "stream_id").load(str(path)),
        "the same, without an index": lambda: without.option("columns", "stream_id").load(str(path)),
        "sigflow, eight columns": lambda: read.option("columns", numbers).load(str(path)),
        "Parquet (Spark reads the column that is wanted)": lambda: spark.read.parquet(f"{folder}/rows"),
    }
    process = process_of(spark)
    clock: dict[str, list[float]] = {name: [] for name in sources}
    processor: dict[str, list[float]] = {name: [] for name in sources}
    answers = set()
    for number in range(repeats + 1):
        for name, source in sources.items():
            begin, spent = perf_counter(), processor_time(process)
            counts = source().groupBy("stream_id").count().collect()
            answers.add(str(sorted((row["stream_id"], row["count"]) for row in counts)))
            if number:
                clock[name].append(perf_counter() - begin)
                processor[name].append(processor_time(process) - spent)
    assert len(answers) == 1, answers
    out = []
    for name in sources:
        took, spent = statistics.median(clock[name]), max(statistics.median(processor[name]), 1e-9)
        out.append((name, took, size / took / 1e6, spent, size / spent / 1e6))
    return out


if __name__ == "__main__":
    sys.exit(main())
