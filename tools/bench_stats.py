"""How fast frames with kinds, streams and a time are counted, beside asking each record: one run, ratios.

    python tools/bench_stats.py [--frames N] [--repeats N] [--json FILE]

What is timed is `recording.stats.stats` of a capture in memory, scan and verdict included, by the processor's time of
this process.  The slow way is that for formats whose kinds and times do not hang on numbers at fixed places: every
frame becomes a record.  It counts a tenth of the frames.  Both must say the same.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any
from unittest import mock

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sigflow
from sigflow.recording.stats import stats
from tools.figures import Figures

SPEC = """
meta: {id: counted, endian: be}
-sigflow-stream:
  checksum: {field: sum, algorithm: CRC-32/ISO-HDLC, over: magic..data}
  time: {field: stamp, unit: us, epoch: '2020-01-01'}
  kind: kind
  sequence: {field: count, per: source}
seq:
  - {id: magic, contents: CNTD}
  - {id: kind, type: u1, enum: kinds}
  - {id: source, type: u4}
  - {id: count, type: u4}
  - {id: stamp, type: u8}
  - {id: size, type: u2}
  - {id: data, size: size}
  - {id: sum, type: u4}
enums: {kinds: {1: data, 2: status}}
"""
SOURCES = 50
#: What stands before the data of a frame.
HEAD = struct.Struct(">4sBIIQH")


def make_capture(frames: int, first: int = 0) -> bytes:
    """Frames of 51 to 83 bytes, of four kinds and fifty sources.  first: the number of the first."""
    from zlib import crc32

    parts = []
    for number in range(first, first + frames):
        size = 24 + number % 33
        head = HEAD.pack(b"CNTD", number * 7 % 4, number % SOURCES, number // SOURCES, 1000 * number, size)
        frame = head + bytes(size)
        parts.append(frame + struct.pack(">I", crc32(frame)))
    return b"".join(parts)


def counter(format: sigflow.Format, data: bytes) -> Callable[[], Any]:
    def count() -> Any:
        with sigflow.open(data, format, engine="native") as recording:
            return stats(recording).tree()

    return count


def by_record(count: Callable[[], Any]) -> Callable[[], Any]:
    """The same where nothing stands at a fixed place."""

    def slowly() -> Any:
        with mock.patch("sigflow.recording.grouping._scalars", lambda format: {}):
            return count()

    return slowly


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--frames", type=int, default=1_000_000, help="frames of the capture (default 1,000,000)")
    options.add_argument("--repeats", type=int, default=3, help="rounds (default 3)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counted.ksy"
        path.write_text(SPEC, encoding="utf-8")
        format = sigflow.compile(path)
    few = max(chosen.frames // 10, 1)
    data, part = make_capture(chosen.frames), make_capture(few)
    readers = {
        "stats": (counter(format, data), chosen.frames),
        "stats, each record asked": (by_record(counter(format, part)), few),
    }
    if counter(format, part)() != by_record(counter(format, part))():
        print("the two do not say the same", file=sys.stderr)
        return 1
    spent: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(chosen.repeats):
        for name, (way, frames) in readers.items():
            gc.collect()
            begin = process_time()
            way()
            spent[name].append((process_time() - begin) / frames)
    medians = {name: statistics.median(times) for name, times in spent.items()}
    slow = medians["stats, each record asked"]
    figures = Figures("stats", "python tools/bench_stats.py")
    figures.table(
        f"{chosen.frames:,} frames, {len(data):,} bytes, with kinds, streams and a time; median of {chosen.repeats}",
        ("time of the processor", "ns/frame", "s a million", "times as fast"),
        [(name, took * 1e9, took * 1e6, slow / took) for name, took in medians.items()],
    )
    figures.keep(chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
