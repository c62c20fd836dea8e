"""A stream of Spark over files that grow, rotate and end in torn frames, killed again and again: none lost, none twice.

    python tools/check_streaming.py [--restarts N] [--seconds N] [--seed N]

One process writes captures: pieces of frames, so that a look finds torn ends, some bytes of damage between, and after
some hundred frames the file is renamed, often with half a frame at its end for good.  Another runs a query into
Parquet files, from a checkpoint; it is killed (SIGKILL, with all of Spark) at a random moment, so often, and the next
goes on from the checkpoint.  At the end the rows must be the frames that were written whole, each once.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from pathlib import Path

# So that it checks this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.bench_spark import session

#: Frames of a file, at most.
FRAMES = 300


def frame(sequence: int, rng: random.Random) -> bytes:
    content = rng.randbytes(rng.randrange(60))
    head = struct.pack(">4sBBIQI", b"SGF1", 1, 0, 7, sequence, len(content))
    return head + struct.pack(">I", zlib.crc32(content, zlib.crc32(head))) + content


class Writer(threading.Thread):
    """Writes captures.  State: how many frames are whole, and in how many files; how many ended in a torn frame."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__()
        self._folder = folder
        self._rng = random.Random(seed)
        self.stopped = threading.Event()
        self.whole = self.files = self.torn = 0

    def run(self) -> None:
        while not self.stopped.is_set():
            self._file()

    def _file(self) -> None:
        rng, path = self._rng, self._folder / "live.sgf"
        with path.open("ab", buffering=0) as file:
            for _ in range(rng.randrange(FRAMES // 2, FRAMES)):
                data = frame(self.whole, rng)
                cut = rng.randrange(len(data) + 1)
                file.write(data[:cut])
                if rng.random() < 0.5:
                    time.sleep(rng.random() * 0.1)
                file.write(data[cut:])
                self.whole += 1
                if rng.random() < 0.02:
                    file.write(bytes(rng.randrange(128, 256) for _ in range(rng.randrange(1, 20))))
                if self.stopped.is_set():
                    break
            if rng.random() < 0.5:
                file.write(frame(0, rng)[: rng.randrange(1, 26)])
                self.torn += 1
        path.rename(self._folder / f"live.sgf.{self.files}")
        self.files += 1


def query(folder: Path, seconds: float | None) -> None:
    """Runs the query, until it is killed; None: until nothing is left."""
    with tempfile.TemporaryDirectory() as local:
        spark = session(2, local)
        read = spark.readStream.format("sigflow").option("spec", "sgf1").option("columns", "sequence")
        if seconds is not None:
            read = read.option("max_bytes", 20_000)  # (so that a batch ends in the middle of files, too)
        frames = read.load(str(folder / "captures"))
        sink = frames.writeStream.format("parquet").option("path", str(folder / "rows"))
        sink = sink.option("checkpointLocation", str(folder / "checkpoint"))
        sink = sink.trigger(availableNow=True) if seconds is None else sink.trigger(processingTime="100 milliseconds")
        started = sink.start()
        print("begun", flush=True)
        started.awaitTermination()
        spark.stop()


def killed(folder: Path, seconds: float) -> bool:
    """Runs the query in a process group of its own, and kills all of it; returns whether a batch was begun."""
    before = len(list((folder / "checkpoint").glob("offsets/*")))
    program = [sys.executable, __file__, "--query", str(folder)]
    started = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    assert started.stdout is not None
    started.stdout.readline()
    deadline = time.monotonic() + 120
    while len(list((folder / "checkpoint").glob("offsets/*"))) <= before and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(seconds)

    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    return len(list((folder / "checkpoint").glob("offsets/*"))) > before


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--restarts", type=int, default=10, help="how often it is killed (default 10)")
    options.add_argument("--seconds", type=float, default=6, help="seconds of batches before that, at most (default 6)")
    options.add_argument("--seed", type=int, default=1, help="of what is written, and when it is killed (default 1)")
    options.add_argument("--query", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args(arguments)
    if chosen.query is not None:
        query(chosen.query, 0)
        return 0
    rng = random.Random(f"kill {chosen.seed}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "captures").mkdir()
        writer = Writer(folder / "captures", chosen.seed)
        writer.start()
        try:
            begun = sum(killed(folder, rng.random() * chosen.seconds) for _ in range(chosen.restarts))
        finally:
            writer.stopped.set()
            writer.join()
        query(folder, None)
        with tempfile.TemporaryDirectory() as local:
            spark = session(2, local)
            rows = Counter(int(row["sequence"]) for row in spark.read.parquet(str(folder / "rows")).collect())
            spark.stop()
        batches = len(list((folder / "checkpoint").glob("commits/*")))
    lost, twice = set(range(writer.whole)) - set(rows), [number for number, count in rows.items() if count > 1]
    other = set(rows) - set(range(writer.whole))
    print(
        f"{chosen.restarts} kills ({begun} in or after a new batch), {batches} batches, {writer.whole:,} frames in "
        f"{writer.files} files, {writer.torn} with torn ends: {len(lost)} lost, {len(twice)} twice, {len(other)} others"
    )
    return 1 if lost or twice or other or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
