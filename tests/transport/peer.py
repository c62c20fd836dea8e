"""The other end of a transport, in a process of its own, by the standard library alone (and pyserial's own server).

`python -m tests.transport.peer HOW WHERE LOG SEED FRAMES CUTS STALLS STALL`: sends what a `Plan` says, each part over a
connection of its own, and writes into LOG what was sent.  A server prints its port first.  When all is sent it prints
`sent`, and lets go of the last connection once its standard input ends.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import itertools
import os
import random
import signal
import socket
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.transport.plan import CLOSE, HALF, RESET, Log, Plan, Transmission

#: Seconds for the other end to do what is waited for.
PATIENCE = 60.0


def place_of(address: tuple[str, int]) -> str:
    """As a receiver knows it."""
    return f"{address[0]}:{address[1]}"


def said(words: object) -> None:
    """Tell who started us."""
    print(words, flush=True)


def released() -> None:
    """All is sent: wait until we may go."""
    said("sent")
    sys.stdin.read()


def unread(descriptor: int, request: int) -> int:
    """What the system says of a queue."""
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, request, count)
    return count[0]


# ---------------------------------------------------------------- sockets


def _send(peer: socket.socket, plan: Plan, part: Transmission, log: Log, last: bool) -> None:
    """Send a part, and end the connection as the part says."""
    for piece in plan.pieces(part, plan.data):
        peer.sendall(piece)
    if last:
        released()
    unsent, name = 0, ""
    if peer.family == socket.AF_INET:
        name = place_of(peer.getsockname())
    if part.closing == RESET and peer.family == socket.AF_INET:
        unsent = unread(peer.fileno(), termios.TIOCOUTQ)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif part.closing == HALF:
        peer.shutdown(socket.SHUT_WR)
        peer.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionError):
            peer.recv(1)
    log.add(part, unsent, name)
    peer.close()


def _serve(server: socket.socket, plan: Plan, log: Log) -> None:
    said(server.getsockname()[1] if server.family == socket.AF_INET else 0)
    parts = plan.parts((CLOSE, HALF, RESET) if server.family == socket.AF_INET else (CLOSE, HALF))
    for part in parts:
        peer, _ = server.accept()
        if peer.family == socket.AF_INET:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _send(peer, plan, part, log, part is parts[-1])


def tcp_server(where: str, plan: Plan, log: Log) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        _serve(server, plan, log)


def unix_server(where: str, plan: Plan, log: Log) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(where)
        server.listen()
        _serve(server, plan, log)


def tcp_client(where: str, plan: Plan, log: Log) -> None:
    host, port = where.rsplit(":", 1)
    parts = plan.parts((CLOSE, HALF, RESET))
    for part in parts:
        peer = socket.create_connection((host, int(port)))
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _send(peer, plan, part, log, part is parts[-1])


def unix_client(where: str, plan: Plan, log: Log) -> None:
    parts = plan.parts((CLOSE, HALF))
    for part in parts:
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(where)
        _send(peer, plan, part, log, part is parts[-1])


def _datagrams(where: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Send each, slowly enough for any receiver."""
    host, port = where.rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        for number, piece in enumerate(pieces):
            peer.sendto(piece, (host, int(port)))
            if number % 50 == 49:
                time.sleep(0.005)
            yield piece


def udp(where: str, plan: Plan, log: Log) -> None:
    """Any bytes in a datagram.  (A sender that is another one is no cut.)"""
    data = plan.data
    for part in plan.parts():
        for _ in _datagrams(where, plan.pieces(part, data)):
            pass
    log.add(Transmission(0, len(data), CLOSE))
    released()


def udp_frames(where: str, plan: Plan, log: Log) -> None:
    """Some frames in a datagram; with cuts, some datagrams end anywhere."""
    data, rng = plan.data, random.Random(plan.seed)
    places = [0]
    for frame in _ends(plan):
        if rng.random() < 0.5:
            places.append(frame)
    places = sorted({*places, len(data), *(part.start for part in plan.parts())})
    parts = [Transmission(start, stop, CLOSE) for start, stop in itertools.pairwise(places)]
    for part, _ in zip(parts, _datagrams(where, (data[part.start : part.stop] for part in parts)), strict=True):
        log.add(part)
    released()


def _ends(plan: Plan) -> Iterator[int]:
    from tests.transport.plan import frames

    at = 0
    for frame in frames(plan.seed, plan.frames):
        at += len(frame)
        yield at


# ---------------------------------------------------------------- descriptors and files


def _write(descriptor: int, pieces: Iterator[bytes]) -> None:
    for piece in pieces:
        view = memoryview(piece)
        while view:
            view = view[os.write(descriptor, view) :]


def fifo(where: str, plan: Plan, log: Log) -> None:
    parts, rng = plan.parts(), random.Random(plan.seed)
    for part in parts:
        descriptor = os.open(where, os.O_WRONLY)
        _write(descriptor, plan.pieces(part, plan.data))
        log.add(part)
        if part is parts[-1]:
            released()
        # (The other end sees that nobody writes where it has read all, and nobody comes at once.)
        seen, until = rng.random() < 0.7, time.monotonic() + PATIENCE
        while seen and unread(descriptor, termios.FIONREAD) and time.monotonic() < until:
            time.sleep(0.001)
        os.close(descriptor)
        time.sleep(rng.choice((0.03, 0.1)) if seen else 0)


def standard(where: str, plan: Plan, log: Log) -> None:
    """To standard output, which is the other's input."""
    part = Transmission(0, len(plan.data), CLOSE)
    _write(1, plan.pieces(part, plan.data))
    log.add(part)
    sys.stdin.read()


def command(where: str, plan: Plan, log: Log) -> None:
    """A command that is run again and again; whose turn it is is kept in a file.  It fails, is killed, or ends."""
    part_number = os.path.getsize(where) if os.path.exists(where) else 0
    parts = plan.parts((CLOSE, "fail", "killed"))
    if part_number >= len(parts):
        sys.stdin.read()
        return
    part = parts[part_number]
    _write(1, plan.pieces(part, plan.data))
    log.add(part)
    with open(where, "ab") as file:
        file.write(b"x")
    if part_number == len(parts) - 1:
        sys.stdin.read()
    elif part.closing == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit(3 if part.closing == "fail" else 0)


def tail_by_name(where: str, plan: Plan, log: Log) -> None:
    """Files are rotated by name, the newest being PATH.1; often several between two looks of who follows."""
    parts, rng = plan.parts(), random.Random(plan.seed)
    for kept, part in enumerate(parts):
        descriptor = os.open(where, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        _write(descriptor, plan.pieces(part, plan.data))
        os.close(descriptor)
        log.add(part)
        if part is parts[-1]:
            break
        for number in range(kept, 0, -1):
            os.rename(f"{where}.{number}", f"{where}.{number + 1}")
        os.rename(where, f"{where}.1")
        time.sleep(rng.choice((0.0, 0.003, 0.02)))
    released()


def tail_by_copy(where: str, plan: Plan, log: Log) -> None:
    """The file is copied and truncated, sometimes before who follows can have read all of it."""
    parts, rng = plan.parts(), random.Random(plan.seed)
    descriptor = os.open(where, os.O_WRONLY | os.O_APPEND)
    for part in parts:
        _write(descriptor, plan.pieces(part, plan.data))
        waited = rng.random() < 0.7
        if waited:
            time.sleep(0.1)
        log.add(part, 0 if waited or part is parts[-1] else None)
        if part is not parts[-1]:
            os.ftruncate(descriptor, 0)
    released()
    os.close(descriptor)


# ---------------------------------------------------------------- serial lines, instruments, rings


def pty(where: str, plan: Plan, log: Log) -> None:
    """A line that is unplugged between two parts, sometimes with bytes in it, and plugged in again after a while."""
    import pty as terminals
    import tty

    parts, rng = plan.parts((CLOSE, RESET)), random.Random(plan.seed)
    for part in parts:
        ours, theirs = terminals.openpty()
        tty.setraw(theirs)
        with contextlib.suppress(FileNotFoundError):
            os.remove(where)
        os.symlink(os.ttyname(theirs), where)
        said("line")
        _line_open(theirs)
        _write(ours, plan.pieces(part, plan.data))
        if part is parts[-1]:
            released()
        # (What was written comes to the other end's queue by and by.)
        until, quiet = time.monotonic() + PATIENCE, 0
        while part.closing == CLOSE and quiet < 15 and time.monotonic() < until:
            quiet = 0 if unread(theirs, termios.FIONREAD) else quiet + 1
            time.sleep(0.003)
        log.add(part, 0 if part.closing == CLOSE else None)
        os.remove(where)
        os.close(ours)
        os.close(theirs)
        time.sleep(rng.choice((0.0, 0.01, 0.05)))


def _line_open(descriptor: int) -> None:
    """Wait until the other end has set the line up: what comes before that it throws away, as pyserial does."""
    until = time.monotonic() + PATIENCE
    while termios.tcgetattr(descriptor)[4] != termios.B115200 and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(0.1)  # (that it is thrown away comes last, and cannot be seen)


def rfc2217(where: str, plan: Plan, log: Log) -> None:
    """A serial line behind a server of RFC 2217."""
    import serial
    import serial.rfc2217

    class Connection:
        def __init__(self, peer: socket.socket) -> None:
            self.peer = peer

        def write(self, data: bytes) -> None:
            self.peer.sendall(data)

    parts = plan.parts()
    with socket.create_server(("127.0.0.1", 0)) as server:
        said(server.getsockname()[1])
        for part in parts:
            peer, _ = server.accept()
            manager = serial.rfc2217.PortManager(serial.serial_for_url("loop://", timeout=0), Connection(peer))
            _negotiate(peer, manager)
            for piece in plan.pieces(part, plan.data):
                peer.sendall(b"".join(manager.escape(piece)))
            if part is parts[-1]:
                released()
            log.add(part)
            peer.shutdown(socket.SHUT_WR)
            peer.settimeout(PATIENCE)
            with contextlib.suppress(OSError):
                while peer.recv(1024):
                    pass
            peer.close()


def _negotiate(peer: socket.socket, manager: Any) -> None:
    """Until the client has set the line up, and thrown away what came before."""
    peer.settimeout(0.05)
    quiet = 0
    while quiet < 4:
        try:
            list(manager.filter(peer.recv(1024)))
            quiet = 0
        except TimeoutError:
            quiet += 1
    peer.settimeout(None)


def instrument(where: str, plan: Plan, log: Log) -> None:
    """An instrument that answers `CURV?` with a block of IEEE 488.2 that holds some frames; a connection that is lost
    ends in an answer.
    """
    data, rng = plan.data, random.Random(plan.seed)
    ends = [end for end in _ends(plan) if rng.random() < 0.1]
    places = sorted({0, len(data), *ends})
    answers = [Transmission(start, stop, CLOSE) for start, stop in itertools.pairwise(places)]
    lost = set(rng.sample(range(len(answers) - 1), min(plan.cuts, len(answers) - 1)))
    with socket.create_server(("127.0.0.1", 0)) as server:
        said(server.getsockname()[1])
        turn = 0
        while turn < len(answers):
            peer, _ = server.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while turn < len(answers) and peer.recv(100).endswith(b"CURV?\n"):
                part = answers[turn]
                block = b"#9%09d" % (part.stop - part.start) + data[part.start : part.stop] + b"\n"
                size = rng.randrange(len(block)) if turn in lost else len(block)
                for begin in range(0, size, 97):
                    peer.sendall(block[begin : min(begin + 97, size)])
                log.add(part, part.stop - part.start if turn in lost else 0)
                turn += 1
                if turn - 1 in lost:
                    break
            if turn == len(answers):
                released()
            peer.close()


def ring(where: str, plan: Plan, log: Log) -> None:
    """A writer in a process of its own for each part, which is killed or ends."""
    from sigflow import transport
    from sigflow.transport.ring import RingWriter

    parts, rng = plan.parts((CLOSE, "killed")), random.Random(plan.seed)
    for part in parts:
        child = os.fork()
        if not child:
            writer = RingWriter(transport.parse(where))
            for piece in plan.pieces(part, plan.data):
                writer.write(piece)
            if part.closing == "killed" and part is not parts[-1]:
                os.kill(os.getpid(), signal.SIGKILL)
            if part is parts[-1]:
                released()
            writer.end()
            os._exit(0)
        log.add(part)
        os.waitpid(child, 0)
        time.sleep(rng.choice((0.0, 0.02, 0.3)))


HOWS: dict[str, Callable[[str, Plan, Log], None]] = {
    "tcp-client": tcp_client, "tcp-server": tcp_server, "unix-server": unix_server, "unix-client": unix_client,
    "udp": udp, "udp-frames": udp_frames, "fifo": fifo, "standard": standard, "command": command,
    "tail-by-name": tail_by_name, "tail-by-copy": tail_by_copy, "pty": pty, "rfc2217": rfc2217,
    "instrument": instrument, "ring": ring,
}  # fmt: skip


def main(arguments: list[str]) -> None:
    """Be one."""
    how, where, log, seed, count, cuts, stalls, stall = arguments
    HOWS[how](where, Plan(int(seed), int(count), int(cuts), int(stalls), float(stall)), Log(log))


if __name__ == "__main__":
    main(sys.argv[1:])
