"""What peers that mean harm can do to an ingestion, and to the others that it serves.

    python -m tools.check_hostile_peers [NAME ...] [--scale 1.0]

An ingestion listens, in a process of its own; one good peer sends frames over all of the time, while others send
garbage, headers that never end, frames that never come, connect ten thousand times in a row, say nothing, or say a byte
at a time.  The good peer's bytes must all be there, the memory bounded, and what was refused told.  Prints a line for
each attack with the most memory; the exit code is 1 if anything is not as it must be.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
for path in (ROOT / "generated", ROOT):
    sys.path.insert(0, str(path))

from sigflow.storage.session.ledger import Ledger  # noqa: E402
from sigflow.storage.session.reader import Contents, StreamStorage  # noqa: E402
from tests.transport.plan import frames  # noqa: E402

Address = tuple[str, int]
#: Frames that the good peer has, and seconds between two.
GOOD, PACE = 10_000, 0.002
#: Seconds for all to be over.
PATIENCE = 120.0


def connected(address: Address) -> socket.socket:
    """A connection, that waits for nothing forever."""
    peer = socket.create_connection(address, 30)
    peer.settimeout(30)
    return peer


def _flood(address: Address, pieces: Callable[[int], bytes], count: int, peers: int) -> None:
    """So many peers send so many pieces each, all at once."""

    def send(number: int) -> None:
        with contextlib.suppress(OSError), connected(address) as peer:
            for piece in range(count):
                peer.sendall(pieces(number * count + piece))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(peers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)


def garbage(address: Address, scale: float) -> None:
    """Eight peers send 8 MiB of random bytes each."""
    _flood(address, lambda number: random.Random(number).randbytes(1 << 16), int(128 * scale) or 1, 8)


def endless_headers(address: Address, scale: float) -> None:
    """Eight peers begin a header that does not end, of 4 MiB each."""
    head, line = b"*HDR\r\n", b"KEY%07d:VALUE\r\n"

    def piece(number: int) -> bytes:
        return head + b"".join(line % key for key in range(3000))

    _flood(address, piece, int(80 * scale) or 1, 8)


def absent_frames(address: Address, scale: float) -> None:
    """Sixteen peers announce the longest frame that there is, and send most of it, then wait."""
    peers = []
    for _ in range(max(int(16 * scale), 2)):
        peer = connected(address)
        peer.sendall(b"*HDR\r\nLEN:10000000\r\n;END\r\n" + bytes(9_900_000))
        peers.append(peer)
    time.sleep(1)
    for peer in peers:
        peer.close()


def reconnects(address: Address, scale: float) -> None:
    """Ten thousand connections in a row, of a frame each."""
    for frame in frames(9, int(10_000 * scale)):
        with contextlib.suppress(OSError), connected(address) as peer:
            peer.sendall(frame)


def silence(address: Address, scale: float) -> None:
    """Ten thousand connections that say nothing; hundreds are open at a time."""
    peers: list[socket.socket] = []
    for _ in range(int(10_000 * scale)):
        with contextlib.suppress(OSError):
            peers.append(connected(address))
        if len(peers) > 400:
            peers.pop(0).close()
    for peer in peers:
        peer.close()


def slow(address: Address, scale: float) -> None:
    """Four hundred peers send a byte now and then."""
    peers = []
    for _ in range(400):
        with contextlib.suppress(OSError):
            peers.append(connected(address))
    for byte in b"*HDR\r\nLEN:5\r\n;END\r\nabcde"[: max(int(24 * scale), 3)]:
        for peer in peers:
            with contextlib.suppress(OSError):
                peer.sendall(bytes((byte,)))
        time.sleep(0.2)
    for peer in peers:
        peer.close()


class Attack(NamedTuple):
    """most_mib: memory of the ingestion, at most.  told: what must have been said, "": nothing."""

    do: Callable[[Address, float], None]
    most_mib: int
    told: str = ""


ATTACKS = {
    "garbage": Attack(garbage, 300),
    "endless headers": Attack(endless_headers, 300),
    "absent frames": Attack(absent_frames, 600),
    "reconnects": Attack(reconnects, 300),
    "silence": Attack(silence, 300, "gives way to a new connection"),
    "slow": Attack(slow, 400, "another one is refused"),
}


class Result(NamedTuple):
    """What came of it.  mib: the most memory; wrong: what is not as it must be."""

    mib: float
    seconds: float
    streams: int
    folder_mib: float
    wrong: list[str]


def memory_mib(pid: int) -> float:
    """The most memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert match is not None
    return int(match[1]) / 1024


def attacked(name: str, folder: Path, scale: float = 1.0) -> Result:
    """Do it.  scale: how much of it."""
    attack, begun, session = ATTACKS[name], time.monotonic(), folder / "session"
    command = [sys.executable, "-m", "sigflow", "ingest", "tcp-listen://127.0.0.1:0", "-s", "instrument_hdr"]
    with open(folder / "said", "wb") as said:
        process = subprocess.Popen([*command, "--to", str(session)], cwd=ROOT, stderr=said, stdout=subprocess.DEVNULL)
    wrong: list[str] = []
    try:
        address = ("127.0.0.1", _port(folder / "said", process))
        over, sent = threading.Event(), bytearray()
        good = connected(address)
        peer = good.getsockname()

        def send() -> None:
            for frame in frames(5, GOOD):
                good.sendall(frame)
                sent.extend(frame)
                if over.wait(PACE):
                    break

        sending = threading.Thread(target=send)
        sending.start()
        time.sleep(0.3)
        attack.do(address, scale)
        over.set()
        sending.join()
        good.close()
        _settled(session, process)
        mib = memory_mib(process.pid)
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(30)
        except subprocess.TimeoutExpired:
            code = None
        if code not in (0, 3):
            wrong.append(f"it ended with {code}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    words = (folder / "said").read_text(encoding="utf-8")
    if "Traceback" in words or "rror:" in words:
        wrong.append(words[-2000:])
    if attack.told not in words:
        wrong.append(f"{attack.told!r} was not told: {words[-500:]}")
    if len(words) > 20_000:
        wrong.append(f"it said {len(words)} characters")
    if mib > attack.most_mib:
        wrong.append(f"it had {mib:.0f} MiB, more than {attack.most_mib}")
    ledger = Ledger(str(session))
    rows = ledger.streams()
    ledger.close()
    stream = next((row.stream for row in rows if row.peer == f"{peer[0]}:{peer[1]}"), None)
    if stream is None or _stored(session / "raw" / str(stream)) != bytes(sent):
        wrong.append("the good peer's bytes are not all there")
    used = sum(file.stat().st_blocks * 512 for file in session.rglob("*") if file.is_file())
    return Result(mib, time.monotonic() - begun, len(rows), used / 2**20, wrong)


def _port(said: Path, process: subprocess.Popen[bytes]) -> int:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        match = re.search(r"listening on port (\d+)", said.read_text(encoding="utf-8"))
        if match is not None:
            return int(match[1])
        time.sleep(0.02)
    raise AssertionError(said.read_text(encoding="utf-8"))


def _settled(session: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until nothing more comes in."""
    until, before, since = time.monotonic() + PATIENCE, -1, time.monotonic()
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            received = json.loads((session / "status.json").read_text(encoding="utf-8"))["sources"][0]["received"]
            if received != before:
                before, since = received, time.monotonic()
        if time.monotonic() - since > 2.5:
            return
        time.sleep(0.1)


def _stored(folder: Path) -> bytes:
    contents = Contents(str(folder))
    with StreamStorage(contents, folder.name) as storage:
        return b"".join(storage.chunks())


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 if all is as it must be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    known = "; ".join(ATTACKS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which attacks (default: all of {known})")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of each (default 1)")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in ATTACKS]
    if unknown:
        parser.error(f"{unknown[0]!r} is none of {known}")
    failed = False
    for name in chosen.names or ATTACKS:
        with tempfile.TemporaryDirectory() as folder:
            result = attacked(name, Path(folder), chosen.scale)
        told = f"{result.mib:.0f} MiB at most, {result.streams} streams, {result.folder_mib:.1f} MiB on the disk"
        print(f"{name}: {told}, {result.seconds:.1f} s, {'as it must be' if not result.wrong else 'NOT'}", flush=True)
        for words in result.wrong:
            print(f"  {words[:1000]}", flush=True)
        failed |= bool(result.wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
