"""What `sigflow tap` and `sigflow top` cost an ingestion that they look at.

    python tools/bench_tap.py [--rate N] [--seconds N] [--rounds N] [--json FILE]

A bare sender of SGF1 frames of 90 bytes keeps a schedule of so many a second over TCP; `sigflow ingest` receives and
keeps them; each is a process of its own.  In turn, round by round: nobody looks on; `top` and a `tap` of 20 frames a
second do; `top` and a `tap` of the frames that a condition picks (one in a thousand), or of all frames, do.  Told are
the sender's rate over all, and how late its last frame was; a session that lacks a frame in the end is an error.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sigflow
from tools.bench_parser import make_capture
from tools.bench_replay import BARE, PAYLOAD, ROOT, SIZE
from tools.figures import Figures

#: Who looks on, by what is told of it.
WATCHERS: dict[str, list[list[str]]] = {
    "nobody looks on": [],
    "top, tap of 20 frames a second": [["top"], ["tap", "--rate", "20"]],
    "top, tap of one frame in 1,000": [["top"], ["tap", "--where", "sequence % 1000 == 0"]],
    "top, tap of all, as JSON": [["top"], ["tap", "--format", "ndjson"]],
}
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated")])}


def begun(*words: str, **more: Any) -> subprocess.Popen[bytes]:
    """A process of this checkout."""
    return subprocess.Popen([sys.executable, *words], env=ENVIRONMENT, stdin=subprocess.DEVNULL, **more)


def sent(capture: Path, frames: int, rate: float, folder: Path, watchers: list[list[str]]) -> tuple[float, float]:
    """The sender's rate, and seconds that its last frame was late.  Raises where a frame is missing."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    session = str(folder / "session")
    ingest = begun("-m", "sigflow", "ingest", f"tcp-listen://127.0.0.1:{port}", "-s", "sgf1", "--to", session, "--once",
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    looking: list[subprocess.Popen[bytes]] = []
    try:
        while not (folder / "session" / "ledger.db").exists():
            time.sleep(0.02)
        for name, *words in watchers:
            looking.append(begun("-m", "sigflow", name, session, *words, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL))  # fmt: skip
        time.sleep(2.0)
        source = begun("-c", BARE, str(capture), str(port), str(rate), str(SIZE), stdout=subprocess.PIPE)
        took = float(source.communicate()[0])
        if source.returncode or ingest.wait(60):
            raise SystemExit(f"exit codes: sender {source.returncode}, ingest {ingest.returncode}")
        for process in looking:
            process.wait(300)
    finally:
        for process in (ingest, *looking):
            if process.poll() is None:
                process.terminate()
                process.wait(10)
    with sigflow.open(session, "sgf1") as recording:
        report = recording.validate()
    if report.frames != frames or not report.sound:
        raise SystemExit(f"the session has {report.frames} of {frames} frames")
    return frames / took, took - (frames - 1) / rate


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--rate", type=float, default=100_000, help="frames a second (default 100,000)")
    options.add_argument("--seconds", type=float, default=10, help="of each ingestion (default 10)")
    options.add_argument("--rounds", type=int, default=3, help="rounds (default 3)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    chosen = options.parse_args(arguments)
    frames = int(chosen.rate * chosen.seconds)
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in WATCHERS}
    with tempfile.TemporaryDirectory() as name:
        capture = Path(name) / "capture.sgf"
        capture.write_bytes(make_capture(PAYLOAD, frames))
        for _ in range(chosen.rounds):
            for who, watchers in WATCHERS.items():
                with tempfile.TemporaryDirectory() as folder:
                    rates[who].append(sent(capture, frames, chosen.rate, Path(folder), watchers))
                print(f"{who}: {rates[who][-1][0]:,.0f} frames/s, {rates[who][-1][1] * 1e3:.1f} ms late", flush=True)
    figures = Figures("tap", f"python tools/bench_tap.py --seconds {chosen.seconds:g} --rounds {chosen.rounds}")
    figures.table(
        f"{chosen.rate:,.0f} frames of {SIZE} bytes a second into a session, {chosen.seconds:g} s each; none missing",
        ("", "frames/s, median", "least", "most", "ms late in the end, median"),
        [
            (
                who,
                statistics.median(rate for rate, _ in seen),
                min(rate for rate, _ in seen),
                max(rate for rate, _ in seen),
                statistics.median(late for _, late in seen) * 1e3,
            )
            for who, seen in rates.items()
        ],
    )
    figures.keep(chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
