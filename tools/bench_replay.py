"""How well a replay over a socket keeps its schedule, as who receives it sees it.

    python tools/bench_replay.py [--seconds N] [--rates R,R] [--engine auto|python|native] [--json FILE]

`sigflow replay CAPTURE --rate R --to tcp://…` runs as a process of its own; this one receives, and takes the monotonic
clock, which is the machine's, when the last byte of each frame has come in.  Nobody but the sender knows when it began:
the start is taken such that no frame is early, so lateness is that over the earliest frame.  Drift is how much farther
from its schedule the median frame of the last second (or fifth) is than that of the first, in milliseconds a minute.
Scheduling, sending and receiving are all in it, and so is the machine's other load: beside each replay stands a bare
sender, a loop of `sleep` and `sendall` that knows no format, in the same minute.  With --realtime both ends, of either,
are scheduled before all else (SCHED_RR; for root on Linux), as on a machine that does nothing else.
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

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.bench_parser import make_capture
from tools.figures import Figures

ROOT = Path(__file__).resolve().parent.parent
PAYLOAD = 64
SIZE = PAYLOAD + 26
#: What is asked of it: milliseconds that 99 of 100 frames may be late, and that it may drift in a minute.
LATE, DRIFT = 2.0, 5.0


#: A sender that does nothing but keep the schedule.
BARE = """
import socket, sys, time
path, port, rate, size = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
data = open(path, "rb").read()
with socket.create_connection(("127.0.0.1", port)) as peer:
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    begin, number = time.monotonic(), 0
    while number * size < len(data):
        due = int((time.monotonic() - begin) * rate) + 1
        if due > number:
            peer.sendall(data[number * size : due * size])
            number = due
        time.sleep(max(begin + number / rate - time.monotonic(), 0))
    print(time.monotonic() - begin)
"""


def first_of_all() -> None:
    """Schedule this process, and those that it begins, before those that are not real-time."""
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))


def arrivals(rate: float, frames: int, engine: str) -> list[float]:
    """When each frame came in, in seconds of the monotonic clock.  engine: `bare`: the sender without a format."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        path = Path(folder) / "capture.sgf"
        path.write_bytes(make_capture(PAYLOAD, frames))
        uri = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        words = [sys.executable, "-m", "sigflow", "replay", str(path), "-s", "sgf1", "--rate", str(rate)]
        words += ["--engine", engine, "--to", uri]
        if engine == "bare":
            words = [sys.executable, "-c", BARE, str(path), uri.rpartition(":")[2], str(rate), str(SIZE)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated")])}
        with subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as sender:
            server.settimeout(60)
            peer, _ = server.accept()
            moments: list[float] = []
            received = 0
            with peer:
                while data := peer.recv(1 << 16):
                    now = time.monotonic()
                    received += len(data)
                    moments += [now] * (received // SIZE - len(moments))
        if sender.returncode or len(moments) != frames:
            raise SystemExit(f"the replay sent {len(moments)} of {frames} frames, exit code {sender.returncode}")
    return moments


def judged(moments: list[float], rate: float) -> tuple[float, float, float, float]:
    """Lateness in milliseconds (median, 99 %, most), and drift in milliseconds a minute."""
    over = [moment - number / rate for number, moment in enumerate(moments)]
    least = min(over)
    late = sorted((moment - least) * 1e3 for moment in over)
    part = min(round(rate), len(over) // 5)
    between = (len(over) - part) / rate
    drift = (statistics.median(over[-part:]) - statistics.median(over[:part])) * 1e3 / between * 60
    return statistics.median(late), late[int(len(late) * 0.99)], late[-1], drift


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--seconds", type=float, default=60, help="of each replay (default 60)")
    options.add_argument("--rates", default="250,2000,10000", help="frames a second (default 250,2000,10000)")
    options.add_argument("--engine", default="auto", help="of the replay (default auto)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    options.add_argument("--realtime", action="store_true", help="before all else that the machine does")
    chosen = options.parse_args(arguments)
    if chosen.realtime:
        first_of_all()
    rows: list[tuple[str, float, float, float, float]] = []
    kept = True
    for text in chosen.rates.split(","):
        rate = float(text)
        for engine in (chosen.engine, "bare"):
            moments = arrivals(rate, max(int(rate * chosen.seconds), 10), engine)
            row = judged(moments, rate)
            rows.append((f"{rate:,.0f}" + (", bare sender" if engine == "bare" else ""), *row))
            kept &= engine == "bare" or (row[1] < LATE and abs(row[3]) < DRIFT)
            print(f"{rows[-1][0]}: 99 % {row[1]:.3f} ms late, drift {row[3]:.3f} ms a minute", flush=True)
    figures = Figures("replay", f"python tools/bench_replay.py --seconds {chosen.seconds:g}")
    figures.table(
        f"Frames of {SIZE} bytes over TCP, {chosen.seconds:g} s each, as received; milliseconds",
        ("frames a second", "median late", "99 %", "most", "drift a minute"),
        rows,
    )
    figures.keep(chosen.json)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
