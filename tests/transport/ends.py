"""Every transport between two processes: one sends what a `Plan` says, one ingests it, and all of it must be there.

What is compared: the raw capture with what each connection has sent; the frames with those that lie whole in what came
over one connection; the events of the live decoder with those of the capture that is scanned afterwards; what the
ledger says with all of it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import NamedTuple

import sigflow
from sigflow.errors import SigflowError
from sigflow.storage.session.ledger import Ledger
from sigflow.storage.session.reader import Contents, StreamStorage
from sigflow.stream.cuts import OVERFLOW
from sigflow.transport.ring import path_of
from tests.stream.ways import shape
from tests.transport.plan import RESET, Log, Plan, Sent, frames
from tests.transport.receiver import FORMAT, Seen

ROOT = Path(__file__).resolve().parents[2]
#: Seconds for anything to happen, and in which nothing comes where it is not known how much will.
PATIENCE, QUIET = 120.0, 1.0


class Way(NamedTuple):
    """A transport.

    peer: which other end (`peer.HOWS`).  uri: with `{where}` and `{port}`.  first: who is there first.  joins: whether
    the end of a connection may be missed where the next one comes at once; then no byte is lost, either.  streams:
    whether each connection is a stream of its own.  cuts: whether it can be cut.  prepare: makes what is there before.
    """

    peer: str
    uri: str
    first: str = "peer"
    joins: bool = False
    streams: bool = False
    cuts: bool = True
    prepare: Callable[[Path], object] = lambda where: None


WAYS: dict[str, Way] = {
    "tcp": Way("tcp-server", "tcp://127.0.0.1:{port}?reconnect=10ms"),
    "tcp-listen": Way("tcp-client", "tcp-listen://127.0.0.1:0", first="receiver", streams=True),
    "udp": Way("udp", "udp://127.0.0.1:{port}", first="receiver", cuts=False),
    "udp, frames": Way("udp-frames", "udp://127.0.0.1:{port}?boundary=frame", first="receiver"),
    "unix": Way("unix-server", "unix:{where}?reconnect=10ms"),
    "unix-listen": Way("unix-client", "unix-listen:{where}", first="receiver", streams=True),
    "pipe": Way("fifo", "pipe:{where}?reconnect=10ms", first="receiver", joins=True, prepare=os.mkfifo),
    "exec": Way("command", "exec:{command}", first="receiver"),
    "-": Way("standard", "-", cuts=False),
    "tail, by name": Way("tail-by-name", "tail:{where}?poll=10ms", first="receiver", prepare=Path.touch),
    "tail, by copy": Way("tail-by-copy", "tail:{where}?poll=10ms", first="receiver", prepare=Path.touch),
    "serial": Way("pty", "serial:{where}?baud=115200&reconnect=20ms"),
    "rfc2217": Way("rfc2217", "serial:rfc2217://127.0.0.1:{port}?baud=115200&reconnect=20ms"),
    "visa, socket": Way("instrument", "visa:TCPIP::127.0.0.1::{port}::SOCKET?query=CURV%3F&reconnect=20ms&timeout=0.2"),
    "ipc": Way("ring", "ipc:{ring}?size=67108864&reconnect=20ms", first="receiver", joins=True),
}


class Result(NamedTuple):
    """What came of it.  cuts: that were told; lost: bytes; wrong: what differs, in words."""

    frames: int
    bytes: int
    cuts: int
    lost: int
    marks: int
    seconds: float
    wrong: list[str]


class Process:
    """One of the two.  State: the lines that it has printed and nobody read."""

    def __init__(self, module: str, arguments: list[str], **more: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT, stdin=more.get("stdin", subprocess.PIPE), stdout=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        self.lines: Queue[str] = Queue()
        if more.get("read", True):
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(ValueError):  # it was closed
            for line in self.process.stdout:
                self.lines.put(line.decode().strip())

    def line(self, wanted: Callable[[str], bool] = lambda line: True) -> str:
        """The next line of this kind."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                line = self.lines.get(timeout=0.5)
            except Empty:
                if self.process.poll() is not None and self.lines.empty():
                    raise SigflowError(f"{self.process.args}: it has ended") from None
                continue
            if wanted(line):
                return line
        raise SigflowError(f"{self.process.args}: it says nothing more")

    def end(self) -> None:
        """End it, and all that it has started."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def ended(process: Process) -> Iterator[Process]:
    """The process, which is ended afterwards."""
    try:
        yield process
    finally:
        process.end()


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trying:
        trying.bind(("127.0.0.1", 0))
        return int(trying.getsockname()[1])


def check(name: str, folder: Path, plan: Plan, *, max_wait: float = 0.0) -> Result:
    """Send what the plan says over a transport, and compare.  max_wait: as of `ingest`; it hits the plan's stalls."""
    way, begun = WAYS[name], time.monotonic()
    where, log_path, session = folder / "where", folder / "log", folder / "session"
    if not way.cuts:
        plan = plan._replace(cuts=0)
    way.prepare(where)
    numbers = [str(number) for number in plan]
    ring = f"check-{os.getpid()}-{abs(hash(folder))}"
    spots = {
        "where": where,
        "port": free_port(),
        "ring": ring,
        "command": f"{sys.executable} -m tests.transport.peer command {where} {log_path} {' '.join(numbers)}",
    }

    def peer() -> Process:
        at = way.uri.format(**spots).partition("&")[0] if name == "ipc" else str(where)
        at = f"127.0.0.1:{spots['port']}" if "{port}" in way.uri or name == "tcp-listen" else at
        return Process("tests.transport.peer", [way.peer, at, str(log_path), *numbers], read=name != "-")

    def receiver(stdin: object = subprocess.DEVNULL) -> Process:
        uri = way.uri.format(**spots)
        return Process(
            "tests.transport.receiver", [uri, str(session), str(folder / "events"), str(max_wait), "0"], stdin=stdin
        )

    try:
        with ExitStack() as stack:
            sender = None
            if way.first == "peer":
                sender = stack.enter_context(ended(peer()))
                if name != "-":
                    line = sender.line()
                    spots["port"] = int(line) if line.isdigit() else 0
                receiving = stack.enter_context(
                    ended(receiver(sender.process.stdout if name == "-" else subprocess.DEVNULL))
                )
            else:
                receiving = stack.enter_context(ended(receiver()))
                told = receiving.line(lambda line: "listening" in line or "received" in line)
                if way.streams:
                    spots["port"] = int(told.rpartition("port ")[2].rstrip('"}').replace("-", "0"))
                if name != "exec":
                    sender = stack.enter_context(ended(peer()))
            if sender is not None and name != "-":
                sender.line(lambda line: line == "sent")
            _wait(receiving, log_path, len(plan.data))
            if sender is not None and sender.process.stdin is not None:
                sender.process.stdin.close()
                if name != "-":
                    sender.process.wait(PATIENCE)
            if way.streams:
                time.sleep(0.2)
            receiving.process.send_signal(signal.SIGTERM)
            receiving.process.wait(PATIENCE)
    finally:
        if name == "ipc" and os.path.exists(path_of(ring)):
            os.remove(path_of(ring))
    sent_frames = frames(plan.seed, plan.frames)
    return compared(way, sent_frames, Log(log_path).read(), session, seen_in(folder), time.monotonic() - begun)


def seen_in(folder: Path) -> Seen:
    """What a receiver has left there."""
    seen = Seen()
    with open(folder / "events", "rb") as file:
        seen.__dict__.update(pickle.load(file))
    return seen


#: Resources of instruments that pyvisa-sim simulates, in the process that asks them.
SIMULATED = {"visa, simulated GPIB": "GPIB0::8::INSTR", "visa, simulated socket": "TCPIP0::localhost::5025::SOCKET"}
_DEVICES = """
spec: "1.0"
devices:
  scope:
    eom:
      GPIB INSTR: {{q: "\\n", r: "\\n"}}
      TCPIP SOCKET: {{q: "\\n", r: "\\n"}}
    error: ERROR
    dialogues: [{{q: "CURV?", r: {answer}}}]
resources:
  GPIB0::8::INSTR: {{device: scope}}
  TCPIP0::localhost::5025::SOCKET: {{device: scope}}
"""


def plain_frame() -> bytes:
    """A frame that is text, its checksum, too: the answers of a simulated instrument are."""
    for number in itertools.count():
        payload = b"%d" % number
        checksum = zlib.crc32(payload).to_bytes(4, "big")
        if checksum.isascii() and checksum.decode().isalnum():
            return b"*HDR\r\nLEN:%d\r\n;END\r\n" % len(payload) + payload + checksum
    raise AssertionError


def check_simulated(name: str, folder: Path, count: int) -> Result:
    """Ask a simulated instrument so many times."""
    begun, frame, session = time.monotonic(), plain_frame(), folder / "session"
    library = folder / "devices.yaml"
    library.write_text(_DEVICES.format(answer=json.dumps(f"#3{len(frame):03}{frame.decode()}")))
    uri = f"visa:{SIMULATED[name]}?query=CURV%3F&count={count}&library={library}@sim"
    arguments = [uri, str(session), str(folder / "events"), "0", "1"]
    with ended(Process("tests.transport.receiver", arguments, stdin=subprocess.DEVNULL)) as receiving:
        receiving.process.wait(PATIENCE)
    size = len(frame)
    log = [Sent(number * size, (number + 1) * size, "", 0) for number in range(count)]
    way = Way("", "")
    return compared(way, [frame] * count, log, session, seen_in(folder), time.monotonic() - begun)


def _wait(receiving: Process, log_path: Path, size: int) -> None:
    """Until all has come that will."""
    quiet, before = time.monotonic(), -1
    while True:
        received = json.loads(receiving.line(lambda line: '"received"' in line))["received"]
        if received != before:
            quiet, before = time.monotonic(), received
        if received >= size or (time.monotonic() - quiet > QUIET and received and log_path.exists()):
            return
        if time.monotonic() - quiet > PATIENCE:
            raise SigflowError(f"{received} bytes of {size} came")


# ---------------------------------------------------------------- comparing


def _came(session: Path) -> Iterator[tuple[int, Contents, list[bytes], int]]:
    """Of each stream its number, its contents, what came between two cuts, and how many cuts there were."""
    for folder in sorted((session / "raw").iterdir(), key=lambda path: int(path.name)):
        contents = Contents(str(folder))
        with StreamStorage(contents, folder.name) as storage:
            data = b"".join(storage.chunks())
        places = [0, *(storage.at(cut.offset) for cut in contents.cuts), len(data)]
        parts = [data[start:stop] for start, stop in itertools.pairwise(places)]
        yield int(folder.name), contents, parts, len(contents.cuts)


def _spans(data: bytes, log: list[Sent], parts: list[bytes], joins: bool) -> tuple[list[tuple[int, int]], list[str]]:
    """Which spans of what was sent have come, in order, and what is wrong with that."""
    parts = [part for part in parts if part]
    if joins:
        whole = b"".join(parts)
        if whole != data:
            return [], [f"{len(whole)} bytes came that are not the {len(data)} that were sent"]
        ends = {sent.stop for sent in log} | {0}
        spans, at = [], 0
        for part in parts:
            spans.append((at, at + len(part)))
            at += len(part)
        return spans, [f"a cut at {start}, where no connection ended" for start, _ in spans if start not in ends]
    spans, wrong, turn = [], [], 0
    for sent in log:
        size = sent.stop - sent.start
        part = parts[turn] if turn < len(parts) else b""
        if part and data.startswith(part, sent.start) and len(part) <= size:
            spans.append((sent.start, sent.start + len(part)))
            turn += 1
        else:
            part = b""
        # (A connection that was reset before it was taken was none.)
        none = sent.closing == RESET and not part
        if sent.unsent is not None and size - len(part) > sent.unsent and not none:
            wrong.append(f"{sent}: {len(part)} of {size} bytes came")
    if turn < len(parts):
        wrong.append(f"{len(parts) - turn} parts of {len(parts)} came that nobody sent: {parts[turn][:60]!r}")
    return spans, wrong


def _whole(sent_frames: Sequence[bytes], spans: list[tuple[int, int]]) -> list[bytes]:
    """The frames that lie whole in one of the spans."""
    out, at, turn = [], 0, 0
    for frame in sent_frames:
        while turn < len(spans) and spans[turn][1] < at + len(frame):
            turn += 1
        if turn < len(spans) and spans[turn][0] <= at:
            out.append(frame)
        at += len(frame)
    return out


def compared(
    way: Way, sent_frames: Sequence[bytes], log: list[Sent], session: Path, seen: Seen, seconds: float
) -> Result:
    """What differs."""
    data = b"".join(sent_frames)
    format = sigflow.load(FORMAT)
    wrong: list[str] = []
    ledger = Ledger(str(session))
    rows = {row.stream: row for row in ledger.streams()}
    ledger.close()
    all_parts, cuts, marks, records = [], 0, 0, []
    for stream, contents, parts, count in _came(session):
        all_parts += parts
        cuts, marks = cuts + count, marks + len(contents.marks)
        wrong += [f"stream {stream}: {damage}" for damage in contents.damage]
        if any(cut.kind == OVERFLOW for cut in contents.cuts):
            wrong.append(f"stream {stream}: bytes were dropped")
        with sigflow.open(session / "raw" / str(stream), format) as recording:
            events = shape(list(recording.events()))
        offline = [event for event in events if event[0] == "frame"], [event for event in events if event[0] != "frame"]
        live = seen.records.get(stream, []), seen.others.get(stream, [])
        for what, before, after in zip(("frames", "events"), live, offline, strict=True):
            if before != after:
                place = next(
                    (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
                    min(len(before), len(after)),
                )
                pair = before[place : place + 1], after[place : place + 1]
                wrong.append(f"stream {stream}: {what} live and later differ at {place}: {pair}")
        records += [event[2] for event in offline[0]]
        row = rows[stream]
        if (row.acknowledged, row.frames, row.ended_ns is None) != (contents.offset, len(offline[0]), False):
            wrong.append(f"stream {stream}: the ledger says {row}, there are {contents.offset} bytes")
    if way.streams and any(sent.peer for sent in log):
        by_peer = {sent.peer: sent for sent in log}
        unknown = [row.peer for row in rows.values() if row.peer not in by_peer]
        wrong += [f"{peer} has sent nothing" for peer in unknown]
    spans, differences = _spans(data, log, all_parts, way.joins)
    wrong += differences
    whole = _whole(sent_frames, spans)
    if not marks and records != whole:
        wrong.append(f"{len(records)} frames, not the {len(whole)} that came whole")
    came = sum(map(len, all_parts))
    told = max(len(rows) - 1, 0) if way.streams else cuts
    return Result(len(records), came, told, len(data) - came, marks, seconds, wrong)


def emptied(folder: Path) -> Path:
    """The folder, which is there and empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
