"""Kills an ingestion by SIGKILL at random moments, again and again, in one session, and checks what is there then.

`python -m tools.kill_ingest [--kills 1000] [--seed 1]`.  A server sends frames of SGF1 with damage between them, in
pieces of random size, to whoever connects.  Each life of the ingestion is a process of its own, which is killed after a
random time, but the last.  Then: every byte that was acknowledged is in the session; no start was refused; each file of
a sink has each frame of the session's capture once, in order, and nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

import sigflow
from sigflow.quarantine import Quarantine
from sigflow.session import sinks
from sigflow.session.ingest import Ingestion, Settings
from sigflow.session.sinks import Batching
from sigflow.storage.base import pieces
from sigflow.storage.session.reader import Contents
from tools.make_samples import sgf1

#: An older agent's frames, which the first format does not find.
OLDER = """
meta: {id: older, endian: be}
-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: magic..body}, sequence: {field: n}, max-frame: 300}
seq: [{id: magic, contents: OLD}, {id: n, type: u2}, {id: len, type: u1}, {id: body, size: len}, {id: sum, type: u1}]
"""


def older(number: int, body: bytes) -> bytes:
    """One of them."""
    head = b"OLD" + (number & 0xFFFF).to_bytes(2, "big") + bytes([len(body)]) + body
    return head + bytes([sum(head) & 255])


class Server:
    """Sends frames, in their order over all connections, to one who connects at a time.  State: the next number."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._number = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        #: Bytes that the connection from now on gives before it is closed; None: as many as are taken.
        self.left: int | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            peer, _ = self._socket.accept()
            with peer:
                try:
                    while self.left is None or self.left > 0:
                        self._send(peer)
                except OSError:
                    continue

    def _send(self, peer: socket.socket) -> None:
        rng = self._rng
        data = bytearray()
        for _ in range(rng.randrange(1, 40)):
            data += sgf1(7, self._number, rng.randbytes(rng.randrange(200)))
            self._number += 1
            if rng.random() < 0.05:
                data += rng.randbytes(rng.randrange(1, 60))
            elif rng.random() < 0.05:
                data += older(self._number, rng.randbytes(rng.randrange(30)))
            elif rng.random() < 0.05:
                data[-1] ^= 1
        at = 0
        while at < len(data):
            size = rng.choice((1, 100, 5000))
            peer.sendall(data[at : at + size])
            at += size
        if self.left is not None:
            self.left -= len(data)
        time.sleep(rng.choice((0, 0.002, 0.02)))


def life(folder: Path, uri: str, once: bool, told: int) -> None:
    """One life of the ingestion, in this process.  told: a descriptor for its status."""
    out = folder / "out"
    sinks.EVERY = 0.25
    uris = [
        f"ndjson:{out}/a.ndjson", f"csv:{out}/a.csv", f"mcap:{out}/a.mcap", f"raw:{out}/a.raw",
        f"parquet:{out}/parquet", f"arrow:{out}/arrow",
    ]  # fmt: skip

    def say(lines: list[dict[str, object]]) -> None:
        os.write(told, (json.dumps(lines[0]) + "\n").encode())

    settings = Settings(once=once, batching=Batching(rows=400, seconds=0.2), commit=0.01, segment_bytes=200_000)
    format = sigflow.load("sgf1")
    fallback = [sigflow.load(folder / "older.ksy")]
    session = str(folder / "session")
    ingestion = Ingestion([uri], [format], ["sgf1"], session, uris, settings, fallback=fallback, status=say)
    ingestion.status_seconds = 0.05
    outcome = asyncio.run(ingestion.run())
    assert not outcome.failed, outcome.failed


def kills(count: int, seed: int, folder: Path) -> str:
    """So many kills, and then a life to the end; what was found wrong, "" if nothing."""
    rng = random.Random(seed)
    server = Server(seed)
    uri = f"tcp://127.0.0.1:{server.port}?reconnect=0.05"
    (folder / "out").mkdir()
    (folder / "older.ksy").write_text(OLDER)
    acknowledged = 0
    for number in range(count + 1):
        last = number == count
        if last:
            server.left = 300_000
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            try:
                life(folder, uri, last, writing)
                os._exit(0)
            except BaseException as error:
                print(f"life {number}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
        os.close(writing)
        with os.fdopen(reading, "rb") as file:
            # Once it is at work; now and then while it begins.
            lines = [file.readline()] if rng.random() < 0.9 else []
            if not last:
                time.sleep(rng.choice((0.0, 0.1, 0.3, 0.8)) * rng.random())
                os.kill(child, signal.SIGKILL)
            lines += file.read().split(b"\n")[:-1]
        _, status = os.waitpid(child, 0)
        if (last and status) or (not last and not os.WIFSIGNALED(status)):
            return f"life {number} ended by itself with status {status}"
        acknowledged = max([acknowledged, *(json.loads(line)["acknowledged"] for line in lines if line)])
    return differences(folder, acknowledged)


def differences(folder: Path, acknowledged: int) -> str:
    """What is not as it must be; "" if nothing."""
    session, out = folder / "session", folder / "out"
    contents = Contents(str(session / "raw" / "0"))
    if contents.offset < acknowledged:
        return f"{acknowledged} bytes were acknowledged, {contents.offset} are there"
    if not acknowledged:
        return "nothing was ever acknowledged"
    if any(cut.kind == "overflow" for cut in contents.cuts):
        return "there are holes"
    fallback = [sigflow.load(folder / "older.ksy")] if (folder / "older.ksy").exists() else []
    with sigflow.open(session, sigflow.load("sgf1"), fallback=fallback) as recording:
        records = list(recording)
    raw = (out / "a.raw").read_bytes()
    if raw != b"".join(record.raw for record in records):
        return f"raw: {len(raw)} bytes, {sum(len(record.raw) for record in records)} wanted"
    lines = [json.loads(line) for line in (out / "a.ndjson").read_text().splitlines()]
    if [(line["index"], line["offset"]) for line in lines] != [(record.index, record.start) for record in records]:
        return f"ndjson: {len(lines)} lines, {len(records)} wanted"
    for name, read in (("csv", csv_rows), ("mcap", mcap_rows)):
        path = out / f"a.{name}"
        rows = read(path) if path.exists() else []
        if path.exists() and rows != [(record.index, record.start) for record in records]:
            return f"{name}: {len(rows)} rows, {len(records)} wanted"
    refused = refused_bytes(session)
    with sigflow.open(session, sigflow.load("sgf1"), fallback=fallback) as recording:
        gaps = [event.span for event in recording.events() if isinstance(event, sigflow.Gap)]
        wanted = [(span.start, b"".join(pieces(recording.storage, span.start, span.stop))) for span in gaps]
    if refused != wanted:
        return f"quarantine: {len(refused)} stretches, {len(wanted)} wanted"
    for form in ("parquet", "arrow"):
        rows = table_rows(out / form, form)
        if rows != [record.start for record in records]:
            return f"{form}: {len(rows)} rows, {len(records)} wanted"
        strange = [path.name for path in (out / form).iterdir() if path.suffix != f".{form}"]
        if strange:
            return f"{form}: {strange}"
    return ""


def csv_rows(path: Path) -> list[tuple[int, int]]:
    """Number and offset of the frames in a file of CSV."""
    with open(path, encoding="ascii", newline="") as file:
        return [(int(row["_index"]), int(row["_offset"])) for row in csv.DictReader(file)]


def mcap_rows(path: Path) -> list[tuple[int, int]]:
    """The same of an MCAP file."""
    from mcap.reader import make_reader

    with open(path, "rb") as file:
        trees = [json.loads(message.data) for _, _, message in make_reader(file).iter_messages(log_time_order=False)]
    return [(tree["index"], tree["offset"]) for tree in trees]


def refused_bytes(session: Path) -> list[tuple[int, bytes]]:
    """Offset and bytes of all that is in the quarantine of a session, in their order."""
    if not (session / "quarantine").is_dir():
        return []
    with Quarantine(session / "quarantine") as quarantine:
        kept = [(entry.refused.span.start, b"".join(quarantine.chunks(entry))) for entry in quarantine.entries()]
    return sorted(kept)


def table_rows(folder: Path, form: str) -> list[int]:
    """The offsets of the frames in files of tables, in the order of their names."""
    import pyarrow
    from pyarrow import feather, parquet

    rows: list[int] = []
    for path in sorted(folder.glob(f"*.{form}"), key=lambda path: int(path.name.split("-")[1])):
        table: pyarrow.Table = parquet.read_table(path) if form == "parquet" else feather.read_table(path)
        rows += table["_offset"].to_pylist()
    return rows


def main() -> int:
    """Kill, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--of-session", type=int, default=20, help="kills of one session")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    done = 0
    while done < asked.kills:
        with tempfile.TemporaryDirectory() as folder:
            wrong = kills(min(asked.of_session, asked.kills - done), asked.seed + done, Path(folder))
        done += min(asked.of_session, asked.kills - done)
        if wrong:
            print(f"seed {asked.seed + done}: {wrong}")
            return 1
        print(f"{done} kills: nothing lost, nothing twice", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
