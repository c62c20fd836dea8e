"""What an index costs to make, and what it saves: one run, ratios.

    python tools/bench_index.py [--frames N] [--repeats N] [--lookups N] [--json FILE]

Two captures are written: frames of SGF1 with payloads of 64 bytes, and frames with kinds, fifty streams and a time
(`bench_stats`).  Each is validated, and validated while its index is made, in turn, by the time of the processor.  Then
frames at random are asked for by number, offset, time and sequence counter, by the clock, once each of what is asked
was asked before; each is looked at again.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sigflow
from sigflow.index.file import Index
from sigflow.recording import Recording
from sigflow.recording.indexed import path_of
from sigflow.recording.indexing import build_index
from tools import bench_stats
from tools.bench_parser import make_capture
from tools.figures import Cell, Figures

#: Frames that are made at a time.
PIECE = 500_000


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


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--frames", type=int, default=2_000_000, help="frames of each capture (default 2,000,000)")
    options.add_argument("--repeats", type=int, default=5, help="rounds (default 5)")
    options.add_argument("--lookups", type=int, default=1000, help="frames that are asked for (default 1,000)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "counted.ksy"
        spec.write_text(bench_stats.SPEC, encoding="utf-8")
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
    figures = Figures("index", "python tools/bench_index.py")
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
