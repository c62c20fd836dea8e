"""How fast frames are picked and merged, beside the scan of the same capture: one run, ratios.

    python tools/bench_rewrite.py [--mib N] [--repeats N]

What is timed is the whole of `filtered` and `merged`: scan, condition or order, writing, syncing and reading back, by
the clock on the wall and on a warm file.  So it depends on the disk, and on who else syncs.  The capture is of SGF1, in
frames of 90 to 1,100 bytes of four streams; for the merge each frame is in one of eight files.
"""

from __future__ import annotations

import argparse
import random
import statistics
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from zlib import crc32

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sigflow
from sigflow.rewrite.filtering import filtered
from sigflow.rewrite.merging import merged

STREAMS, FILES = 4, 8
WHERE = "sequence % 2 == 0"


def write_captures(folder: Path, size: int, seed: int = 1) -> Path:
    """A capture of so many bytes, and the same frames in eight files; gives the first."""
    rng = random.Random(seed)
    blob = rng.randbytes(1 << 20)
    counters = [0] * STREAMS
    whole = folder / "whole.sgf"
    parts = [open(folder / f"part{number}.sgf", "wb") for number in range(FILES)]  # noqa: SIM115
    written = 0
    with open(whole, "wb") as file:
        while written < size:
            stream = rng.randrange(STREAMS)
            length = rng.randint(64, 1074)
            at = rng.randrange(len(blob) - length)
            head = b"SGF1" + struct.pack(">BBIQI", 1, 0, stream, counters[stream], length)
            payload = blob[at : at + length]
            frame = head + struct.pack(">I", crc32(payload, crc32(head))) + payload
            counters[stream] += 1
            file.write(frame)
            parts[rng.randrange(FILES)].write(frame)
            written += len(frame)
    for part in parts:
        part.close()
    return whole


def timed(work: Callable[[], object], repeats: int) -> float:
    """The median of the seconds that it takes, once everything is loaded."""
    work()
    seconds = []
    for _ in range(repeats):
        begin = perf_counter()
        work()
        seconds.append(perf_counter() - begin)
    return statistics.median(seconds)


def run(folder: Path, mib: int, repeats: int) -> dict[str, float]:
    """MB/s of a scan, a filter that keeps half, and a merge of eight captures."""
    whole = write_captures(folder, mib << 20)
    size = whole.stat().st_size
    recording = sigflow.open(whole, "sgf1")
    out = str(folder / "out.sgf")

    def filter_half() -> None:
        Path(out).unlink(missing_ok=True)
        assert filtered(recording.filter(WHERE), out).tree()["placed"]

    def merge_all() -> None:
        Path(out).unlink(missing_ok=True)
        parts = [sigflow.open(folder / f"part{number}.sgf", "sgf1", chunk_size=1 << 20) for number in range(FILES)]
        result = merged(parts, out, "sequence")
        assert result.tree()["placed"] and not result.lost and not result.counts["late"]
        for part in parts:
            part.close()

    seconds = {
        "validate": timed(recording.validate, repeats),
        "filter": timed(filter_half, repeats),
        "merge": timed(merge_all, repeats),
    }
    recording.close()
    return {name: size / 1e6 / taken for name, taken in seconds.items()}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="How fast frames are picked and merged, beside a scan.")
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        speeds = run(Path(name), options.mib, options.repeats)
    for what, speed in speeds.items():
        print(f"{what:<10}{speed:8.0f} MB/s  {speed / speeds['validate']:.2f} of validate")


if __name__ == "__main__":
    main()
