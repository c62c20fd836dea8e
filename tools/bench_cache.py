"""What caches are worth: of machine code on the disk, and of the frames and the index of a recording in memory.

    python tools/bench_cache.py [--repeats N] [--json FILE]

Each call is a process of its own, which validates a capture of a few megabytes.  A hit: the machine code of an earlier
call is loaded.  A miss: the folder is empty.  Without: the folder cannot be written, as in every call there.  An
eviction: the folder is full of a hundred other scans, and the bound allows none of them beside the new one.  In memory:
frames of an indexed capture by their numbers, each asked for again (a hit), for the first time (a miss), with room for
a few only (an eviction each), and with nothing kept.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.bench_parser import make_capture
from tools.figures import Figures

ROOT = Path(__file__).resolve().parent.parent
OTHERS, SIZE = 100, 50_000


def called(capture: Path, cache: Path, bound: int | None = None) -> float:
    """Seconds of a call."""
    environment = os.environ | {
        "SIGFLOW_CACHE": str(cache),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated")]),
    }
    if bound is not None:
        environment["SIGFLOW_CACHE_BYTES"] = str(bound)
    command = [sys.executable, "-m", "sigflow", "validate", str(capture), "-s", "sgf1", "--engine", "native", "-q"]
    begin = time.monotonic()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def emptied(cache: Path) -> None:
    """No cache."""
    shutil.rmtree(cache, ignore_errors=True)


def full(cache: Path) -> None:
    """A cache of other scans."""
    emptied(cache)
    for number in range(OTHERS):
        folder = cache / "native" / f"{number:024x}"
        folder.mkdir(parents=True)
        (folder / "scan-0.o").write_bytes(bytes(SIZE))


def kept(cache: Path) -> None:
    """The cache of the call before."""


def in_memory(repeats: int) -> tuple[str, tuple[str, ...], list[tuple[str, float, float]]]:
    """Microseconds of a frame by its number."""
    import random

    import sigflow
    from sigflow import caches
    from sigflow.recording.indexing import build_index

    frames = 100_000
    with tempfile.TemporaryDirectory() as name:
        capture = Path(name) / "capture.sgf"
        capture.write_bytes(make_capture(64, frames))
        with sigflow.open(capture, "sgf1", index="never") as recording:
            build_index(recording, f"{capture}.sigidx")
        numbers = random.Random(0).sample(range(frames), 2000)
        bounds = dict(caches.BOUNDS)
        seconds: dict[str, list[float]] = {}
        for _ in range(repeats):
            for way, index, kept, again in (
                ("hit", bounds["index"], bounds["frames"], True),
                ("miss", bounds["index"], bounds["frames"], False),
                ("eviction", bounds["index"], 1 << 15, False),
                ("without frames", bounds["index"], 0, True),
                ("without both", 0, 0, True),
            ):
                caches.bound("index", index)
                caches.bound("frames", kept)
                with sigflow.open(capture, "sgf1", index="require") as recording:
                    for number in numbers if again else numbers[:1]:
                        assert recording.frame(number).value is not None
                    begin = time.process_time()
                    for number in numbers:
                        assert recording.frame(number).value is not None
                    seconds.setdefault(way, []).append(time.process_time() - begin)
        for kind, size in bounds.items():
            caches.bound(kind, size)
    medians = {way: statistics.median(times) / len(numbers) * 1e6 for way, times in seconds.items()}
    rows = [(way, median, median / medians["hit"]) for way, median in medians.items()]
    return f"a frame by its number, of {frames} of 64 bytes, decoded", ("", "us", "of a hit"), rows


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    figures = Figures("cache", "python tools/bench_cache.py")
    with tempfile.TemporaryDirectory() as name:
        capture, cache, nowhere = Path(name) / "capture.sgf", Path(name) / "cache", Path(name) / "file"
        capture.write_bytes(make_capture(1000, 5000))
        nowhere.write_bytes(b"")  # a file, in which no folder can be made
        calls: dict[str, tuple[Callable[[Path], None], Path, int | None]] = {
            "hit": (kept, cache, None),
            "miss": (emptied, cache, None),
            "eviction of 100 others": (full, cache, 1),
            "without": (kept, nowhere, None),
        }
        seconds: dict[str, list[float]] = {way: [] for way in calls}
        for _ in range(options.repeats):
            called(capture, cache)
            for way, (prepare, folder, bound) in calls.items():
                prepare(folder)
                seconds[way].append(called(capture, folder, bound))
    medians = {way: statistics.median(times) for way, times in seconds.items()}
    rows = [(way, 1000 * median, median / medians["hit"]) for way, median in medians.items()]
    title = f"validate, {capture.name} of 5 MB, a process each; median of {options.repeats}"
    figures.table(title, ("", "ms", "of a hit"), rows)
    figures.table(*in_memory(options.repeats))
    figures.keep(options.json)


if __name__ == "__main__":
    main()
