"""How fast a capture behind a URL is read, beside the same file here: one run, ratios, and what the server was asked.

    python tools/bench_remote.py [--mib N] [--repeats N] [--delay MS] [--json FILE]

The server gives files over HTTP in ranges, on this machine, in a process of its own; `--delay` has it wait before each
answer, as stores do that are far.  Whole captures are scanned, one column is made of them, and one frame in the middle
is read by an index that lies here.  Timed by the clock, in turn.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sigflow
from sigflow.recording.indexing import build_index
from tools.bench_spark import made
from tools.figures import Figures


class Server(ThreadingHTTPServer):
    """Serves one file.  State: how many ranges were asked for, and their bytes."""

    daemon_threads = True

    def __init__(self, path: Path, delay: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.file = path
        self.etag = f'"{md5(str(path).encode()).hexdigest()}"'
        self.delay = delay
        self.asked = [0, 0]


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        time.sleep(self.server.delay)
        self._head(200, self.server.file.stat().st_size)

    def do_GET(self) -> None:
        if self.path == "/asked":
            told = json.dumps(self.server.asked).encode()
            self.server.asked = [0, 0]
            self._head(200, len(told))
            self.wfile.write(told)
            return
        time.sleep(self.server.delay)
        start, stop = (int(number) for number in self.headers["Range"].removeprefix("bytes=").split("-"))
        with self.server.file.open("rb") as file:
            file.seek(start)
            data = file.read(stop + 1 - start)
        self.server.asked[0] += 1
        self.server.asked[1] += len(data)
        self._head(206, len(data))
        self.wfile.write(data)

    def _head(self, code: int, length: int) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", self.server.etag)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


def serve(path: Path, delay: float, told: Connection) -> None:
    server = Server(path, delay)
    told.send(f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--mib", type=int, default=256, help="MiB of the capture (default 256)")
    options.add_argument("--repeats", type=int, default=3, help="rounds (default 3)")
    options.add_argument("--delay", type=float, default=0, metavar="MS", help="before each answer (default 0)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    chosen = options.parse_args(arguments)
    piece = made()
    with tempfile.TemporaryDirectory() as folder:
        path, index = Path(folder) / "capture.sgf", str(Path(folder) / "index")
        path.write_bytes(piece * max((chosen.mib << 20) // len(piece), 1))
        size = path.stat().st_size
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.Process(target=serve, args=(path, chosen.delay / 1000, theirs), daemon=True)
        server.start()
        try:
            host = ours.recv()
            with sigflow.open(path, "sgf1", index="never") as source:
                build_index(source, index)
            by_url = str(Path(folder) / "index-of-url")
            with sigflow.open(f"{host}/capture.sgf", "sgf1", index="never") as source:
                frames = build_index(source, by_url).frames
            figures = Figures("remote", "python tools/bench_remote.py")
            for what, read in questions(frames).items():
                rows = []
                readers = {"file": partial(read, str(path), index), "URL": partial(read, f"{host}/capture.sgf", by_url)}
                for name, took, answers in measured(readers, chosen.repeats, host):
                    rows.append((name, took, size / took / 1e6, *answers))
                rows = [(*row[:3], row[1] / rows[0][1], *row[3:]) for row in rows]
                figures.table(
                    f"{what}: {frames:,} frames, {size:,} bytes, {chosen.delay:g} ms before each answer",
                    ("", "s", "MB/s of the capture", "times that of the file", "ranges", "bytes read of it"),
                    rows,
                )
        finally:
            server.terminate()
            server.join()
    figures.keep(chosen.json)
    return 0


def questions(frames: int) -> dict[str, Callable[[str, str], object]]:
    """What is asked of a capture, by its path or URL, and an index of it."""

    def scan(name: str, index: str) -> int:
        with sigflow.open(name, "sgf1", index="never") as source:
            return sum(len(batch) for batch in source.run().frames(raw=False))

    def column(name: str, index: str) -> int:
        with sigflow.open(name, "sgf1", index="never") as source:
            return sum(batch.num_rows for batch in source.batches(fields=["stream_id"]))

    def frame(name: str, index: str) -> bytes:
        with sigflow.open(name, "sgf1", index=index) as source:
            return source.frame(frames // 2).raw

    return {"a scan": scan, "one column": column, "a frame in the middle, by an index": frame}


def measured(
    readers: dict[str, Callable[[], object]], repeats: int, host: str
) -> list[tuple[str, float, tuple[int, int]]]:
    """Of each the median of its seconds, and what the server was asked for each time."""
    spent: dict[str, list[float]] = {name: [] for name in readers}
    asked: dict[str, tuple[int, int]] = {}
    answers = set()
    for number in range(repeats + 1):
        for name, reader in readers.items():
            urllib.request.urlopen(f"{host}/asked").read()
            begin = perf_counter()
            answers.add(reader())
            if number:
                spent[name].append(perf_counter() - begin)
            told = json.loads(urllib.request.urlopen(f"{host}/asked").read())
            asked[name] = told[0], told[1]
    if len(answers) != 1:
        raise SystemExit(f"file and URL do not say the same: {answers}")
    return [(name, statistics.median(times), asked[name]) for name, times in spent.items()]


if __name__ == "__main__":
    sys.exit(main())
