"""The other end of a transport, in a process of its own, by the standard library alone (and pyserial's own server).

`python -m tests.transport.peer HOW WHERE SEED COUNT`: sends the bytes of `sent(SEED, COUNT)` in pieces of random size,
down to single bytes.  A server prints its port first.
"""

from __future__ import annotations

import os
import random
import socket
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator


def frames(seed: int, count: int) -> list[bytes]:
    """So many frames of an instrument that answers with text headers."""
    rng = random.Random(seed)
    out = []
    for number in range(count):
        payload = rng.randbytes(rng.randrange(1, 60))
        head = b"*HDR\r\nDEV:%d\r\nLEN:%d\r\n;END\r\n" % (number, len(payload))
        out.append(head + payload + zlib.crc32(payload).to_bytes(4, "big"))
    return out


def sent(seed: int, count: int) -> bytes:
    """The bytes that a peer sends."""
    return b"".join(frames(seed, count))


def fragments(data: bytes, seed: int) -> Iterator[bytes]:
    """The bytes in pieces of random size: many single bytes, some large ones."""
    rng = random.Random(~seed)
    at = 0
    while at < len(data):
        size = rng.choice((1, 1, 2, 7, 60, 500, 5000))
        yield data[at : at + size]
        at += size


def tcp_client(where: str, pieces: Iterator[bytes]) -> None:
    host, port = where.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            peer.sendall(piece)


def _serve(server: socket.socket, pieces: Iterator[bytes]) -> None:
    print(server.getsockname()[1] if server.family == socket.AF_INET else 0, flush=True)
    peer, _ = server.accept()
    with peer:
        for piece in pieces:
            peer.sendall(piece)
        # Closed for sending first: who receives has all of it before the connection is gone.
        peer.shutdown(socket.SHUT_WR)
        peer.recv(1)


def tcp_server(where: str, pieces: Iterator[bytes]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        _serve(server, pieces)


def tcp_reset(where: str, pieces: Iterator[bytes]) -> None:
    """Sends what there is, then resets the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        peer, _ = server.accept()
        for piece in pieces:
            peer.sendall(piece)
        peer.recv(1)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()


def unix_server(where: str, pieces: Iterator[bytes]) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(where)
        server.listen()
        _serve(server, pieces)


def unix_client(where: str, pieces: Iterator[bytes]) -> None:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(where)
        for piece in pieces:
            peer.sendall(piece)


def udp(where: str, pieces: Iterator[bytes]) -> None:
    """A datagram each, slowly enough for any receiver."""
    host, port = where.rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        for number, piece in enumerate(pieces):
            peer.sendto(piece, (host, int(port)))
            if number % 50 == 49:
                time.sleep(0.005)


def file(where: str, pieces: Iterator[bytes]) -> None:
    """A FIFO, a device, or a file that grows."""
    descriptor = os.open(where, os.O_WRONLY | os.O_APPEND | os.O_NOCTTY)
    _write(descriptor, pieces)
    os.close(descriptor)


def descriptor(where: str, pieces: Iterator[bytes]) -> None:
    """An open descriptor that was inherited."""
    _write(int(where), pieces)


def _write(descriptor: int, pieces: Iterator[bytes]) -> None:
    for piece in pieces:
        view = memoryview(piece)
        while view:
            view = view[os.write(descriptor, view) :]


def rfc2217(where: str, pieces: Iterator[bytes]) -> None:
    """A serial line behind a server of RFC 2217."""
    import serial
    import serial.rfc2217

    class Connection:
        def __init__(self, peer: socket.socket) -> None:
            self.peer = peer

        def write(self, data: bytes) -> None:
            self.peer.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        peer, _ = server.accept()
        line = serial.serial_for_url("loop://", timeout=0)
        manager = serial.rfc2217.PortManager(line, Connection(peer))
        peer.settimeout(0.05)
        quiet = 0
        while quiet < 20:  # until the client has set the line up
            try:
                list(manager.filter(peer.recv(1024)))
            except TimeoutError:
                quiet += 1
        peer.settimeout(None)
        for piece in pieces:
            peer.sendall(b"".join(manager.escape(piece)))
        while peer.recv(1024):
            pass


HOWS: dict[str, Callable[[str, Iterator[bytes]], None]] = {
    "tcp-client": tcp_client, "tcp-server": tcp_server, "tcp-reset": tcp_reset, "unix-server": unix_server,
    "unix-client": unix_client, "udp": udp, "file": file, "descriptor": descriptor, "rfc2217": rfc2217,
}  # fmt: skip


if __name__ == "__main__":
    _, how, where, seed, count = sys.argv
    HOWS[how](where, fragments(sent(int(seed), int(count)), int(seed)))
