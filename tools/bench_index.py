"""What an index costs to make, and what it saves: one run, ratios.

    python tools/bench_index.py [--frames N] [--repeats N] [--lookups N] [--gib N] [--json FILE]

Two captures are written: frames of SGF1 with payloads of 64 bytes, and frames with kinds, fifty streams and a time
(`bench_stats`).  Each is validated, and validated while its index is made, in turn, by the time of the processor.  Then
frames at random are asked for by number, offset, time and sequence counter, by the clock, once each of what is asked
was asked before; each is looked at again.

With --gib a capture of so many GiB is written (sparsely: payloads are zeros), and asked for a thousandth of its time;
told are the bytes that the process read for that, by the system's count (`/proc/self/io`), those of the index included.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from zlib import crc32

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sigflow
from sigflow import caches
from sigflow.index.file import Index
from sigflow.recording import Recording
from sigflow.recording.indexed import path_of
from sigflow.recording.indexing import build_index
from tools import bench_stats
from tools.bench_parser import make_capture
from tools.figures import Cell, Figures

#: Frames that are made at a time.
PIECE = 500_000
#: Bytes of a payload of the large capture.
LARGE = 65_000


def timed(work: Callable[[Recording], object], path: Path, format: sigflow.Format) -> float:
    """The processor's time for a piece of work on a capture."""
    with sigflow.open(path, format, engine="native", index="never") as recording:
        begin = process_time()
        work(recording)
        return process_time() - begin


def built(path: Path, format: sigflow.Format, repeats: int) -> tuple[Cell, ...]:
    """Validating, and the same with an index made: a row."""
    place = path_of(str(path))
    without, making = [], []
    for _ in range(repeats):
        without.append(timed(lambda recording: recording.validate(), path, format))
        making.append(timed(lambda recording: build_index(recording, place), path, format))
    with Index(place) as index:
        frames = index.frames
    plain, whole = statistics.median(without), statistics.median(making)
    return format.name, plain / frames * 1e9, whole / frames * 1e9, whole / plain, Path(place).stat().st_size / frames


def looked_up(path: Path, format: sigflow.Format, lookups: int) -> tuple[Cell, ...]:
    """Microseconds for a frame by number, offset, time and counter; None where the format has no time."""
    rng = random.Random(7)
    with sigflow.open(path, format, index="require") as recording:
        places = recording.places()
        assert places is not None
        caches.bound("frames", 0)  # (what a frame costs that was not asked for before)
        chosen = [recording.frame(rng.randrange(len(places))) for _ in range(lookups)]

        def counted(record: sigflow.Record) -> sigflow.Record | None:
            matches = recording.counted(record.sequence or 0, format.stream_of(record), format.name)
            return next((match for match in matches if match.index == record.index), None)

        methods: list[Callable[[sigflow.Record], sigflow.Record | None]] = [
            lambda record: recording.frame(record.index),
            lambda record: recording.frame_at(record.start),
            lambda record: recording.first_since(record.time) if record.time is not None else None,
            counted,
        ]
        row: list[Cell] = [format.name]
        for method in methods:
            timeless = method is methods[2] and chosen[0].time is None
            times = []
            for record in chosen if not timeless else ():
                begin = perf_counter()
                match = method(record)
                times.append(perf_counter() - begin)
                assert match is not None and (match.raw == record.raw or method is methods[2])
            row.append(statistics.median(times) * 1e6 if times else None)
    return tuple(row)


def write_large(path: Path, size: int) -> int:
    """Frames of 65 KB, a millisecond apart, up to this size; gives how many."""
    zeros = bytes(LARGE)
    frames = size // (bench_stats.HEAD.size + LARGE + 4)
    with path.open("wb") as file:
        for number in range(frames):
            head = bench_stats.HEAD.pack(b"CNTD", 1, number % 50, number // 50, 1000 * number, LARGE)
            file.write(head)
            file.seek(LARGE, 1)
            file.write(crc32(zeros, crc32(head)).to_bytes(4, "big"))
    return frames


def bytes_read() -> int:
    """What this process has read until now, from files and pipes."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(lines[0].split()[1])


def asked_for_times(path: Path, format: sigflow.Format, size: int) -> tuple[int, list[tuple[Cell, ...]]]:
    """Its size, and for each way to ask for a thousandth of the time of a capture what it read."""
    import polars

    from sigflow.scale.sql import Database

    frames = write_large(path, size)
    with sigflow.open(path, format, engine="native", index="never") as recording:
        build_index(recording, path_of(str(path)))
    first, count = frames // 2, max(frames // 1000, 1)
    begin, end = (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(milliseconds=n) for n in (first, first + count))
    wanted = list(range(first, first + count))
    index, time = polars.col("_index"), polars.col("_time")

    def by_filter(recording: Recording) -> list[int]:
        return [record.index for record in recording.filter(since=begin.isoformat(), until=end.isoformat())]

    def by_condition(recording: Recording) -> list[int]:
        where = f"stamp >= {1000 * first} and stamp < {1000 * (first + count)}"
        column: list[int] = recording.filter(where=where).to_arrow(fields=["stamp"])["_index"].to_pylist()
        return column

    def by_polars(recording: Recording) -> list[int]:
        lazy = sigflow.scan_polars(recording).filter((time >= begin) & (time < end)).select(index).collect()
        return [number for (number,) in lazy.rows()]

    def by_sql(recording: Recording) -> list[int]:
        with Database() as database:
            database.add("x", recording)
            query = (
                f"SELECT _index FROM x WHERE _time >= TIMESTAMPTZ '{begin}' AND _time < TIMESTAMPTZ '{end}' ORDER BY 1"
            )
            return [number for batch in database.query(query)[1] for number in batch[0].to_pylist()]

    rows: list[tuple[Cell, ...]] = []
    methods = {"filter(since, until)": by_filter, "filter(where)": by_condition, "Polars": by_polars, "SQL": by_sql}
    for name, method in methods.items():
        with sigflow.open(path, format, engine="native", index="require") as recording:
            method(recording)  # (what is loaded when it is first used is not the capture's)
        before, started = bytes_read(), perf_counter()
        with sigflow.open(path, format, engine="native", index="require") as recording:
            assert method(recording) == wanted, name
        read, meant = bytes_read() - before, count * (bench_stats.HEAD.size + LARGE + 4)
        rows.append((name, count, meant, read, read / meant, perf_counter() - started))
    return path.stat().st_size, rows


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--frames", type=int, default=2_000_000, help="frames of each capture (default 2,000,000)")
    options.add_argument("--repeats", type=int, default=5, help="rounds (default 5)")
    options.add_argument("--lookups", type=int, default=1000, help="frames that are asked for (default 1,000)")
    options.add_argument("--gib", type=int, metavar="N", help="instead ask a capture of so many GiB for times")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    chosen = options.parse_args(arguments)
    figures = Figures("index", "python tools/bench_index.py")
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "counted.ksy"
        spec.write_text(bench_stats.SPEC, encoding="utf-8")
        if chosen.gib is not None:
            size, rows = asked_for_times(Path(folder) / "large", sigflow.compile(spec), chosen.gib << 30)
            figures.table(
                f"a thousandth of the time of a capture of {size:,} bytes, by its index",
                ("asked by", "frames", "bytes of them", "bytes read", "times as many", "s"),
                rows,
            )
            figures.keep(chosen.json)
            return 0
        captures = []
        makers = {
            sigflow.load("sgf1"): partial(make_capture, 64),
            sigflow.compile(spec): bench_stats.make_capture,
        }
        for format, make in makers.items():
            path = Path(folder) / format.name
            with path.open("wb") as file:
                for first in range(0, chosen.frames, PIECE):
                    file.write(make(min(PIECE, chosen.frames - first), first))
            captures.append((path, format))
        rows = [built(path, format, chosen.repeats) for path, format in captures]
        methods = [looked_up(path, format, chosen.lookups) for path, format in captures]
    figures.table(
        f"{chosen.frames:,} frames; median of {chosen.repeats}, time of the processor",
        ("format", "validate, ns/frame", "with its index", "times as long", "bytes a frame"),
        rows,
    )
    figures.table(
        f"a frame at random, median of {chosen.lookups:,}, microseconds by the clock",
        ("format", "by number", "by offset", "by time", "by counter"),
        methods,
    )
    figures.keep(chosen.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
