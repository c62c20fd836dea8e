"""Datagrams: UDP.  Each is a chunk; with `boundary=frame` no frame spans two.

A sender of datagrams cannot be made to wait.  What the system drops where nobody takes them it counts (Linux,
`SO_RXQ_OVFL`), and the count is told with the next datagram.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
import sys
from collections.abc import Mapping
from typing import Any

from sigflow.reasons import OVERFLOW
from sigflow.stream.cuts import BOUNDARY
from sigflow.transport.address import Address
from sigflow.transport.base import Chunk, Clock, Cut, Note, TransportError
from sigflow.transport.inbox import Inbox

#: The largest datagram.
LARGEST = 65535
#: Bytes that the system is asked to keep for us.
KEPT = 4 << 20
#: Datagrams that are taken at once, before others get their turn.
TURN = 256
#: Of <asm-generic/socket.h>, which the socket module does not name: the count of dropped datagrams comes with each.
SO_RXQ_OVFL = 40 if sys.platform == "linux" else None
_COUNT = struct.Struct("=I")


class Datagrams:
    """A bound socket.  State: the inbox, the system's count of dropped datagrams, the sender of the newest."""

    waits = False
    lasting = False

    def __init__(self, address: Address, bound: socket.socket, *, overflow: str) -> None:
        self.name = address.text
        self._socket = bound
        self.port: int = bound.getsockname()[1]
        self._go = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._boundary = Cut(BOUNDARY) if address.options.get("boundary") == "frame" else None
        self._target = (address.host, address.port)
        self._seen = 0
        self._first = True
        self.peer = ""
        self._inbox = Inbox(
            Clock(address.text), overflow=overflow, join=self._boundary is None, pause=self._pause, resume=self._resume
        )
        self._resume()

    def _pause(self) -> None:
        self._go.clear()
        if self._reading is None:
            asyncio.get_running_loop().remove_reader(self._socket)

    def _resume(self) -> None:
        self._go.set()
        if self._socket.fileno() >= 0 and self._reading is None:
            loop = asyncio.get_running_loop()
            try:
                loop.add_reader(self._socket, self._take)
            except NotImplementedError:  # the loop of Windows watches no sockets; nobody counts what is dropped, there
                self._reading = loop.create_task(self._read())

    async def _read(self) -> None:
        """Take one datagram after another."""
        while True:
            await self._go.wait()
            try:
                data, peer = await asyncio.get_running_loop().sock_recvfrom(self._socket, LARGEST)
            except OSError as error:
                if self._socket.fileno() < 0:
                    return
                self._inbox.note(Note("socket-error", error.strerror or str(error)))
                continue
            self._came(data, peer)

    def _take(self) -> None:
        """Take what has come."""
        for _ in range(TURN):
            try:
                data, ancillary, _flags, peer = self._socket.recvmsg(LARGEST, socket.CMSG_SPACE(_COUNT.size))
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                # (That one we sent to does not listen comes back here; the socket goes on.)
                self._inbox.note(Note("socket-error", error.strerror or str(error)))
                return
            for level, kind, value in ancillary:
                if level == socket.SOL_SOCKET and kind == SO_RXQ_OVFL and len(value) >= _COUNT.size:
                    self._dropped(_COUNT.unpack_from(value)[0])
            self._came(data, peer)

    def _came(self, data: bytes, peer: tuple[str, int]) -> None:
        self.peer = f"{peer[0]}:{peer[1]}"
        cut, self._first = (None if self._first else self._boundary), False
        self._inbox.put(data, cut)

    def _dropped(self, count: int) -> None:
        new = (count - self._seen) & 0xFFFFFFFF
        self._seen = count
        if new:
            self._inbox.note(Note("dropped-datagrams", "the system dropped datagrams", new), Cut(OVERFLOW))

    async def receive(self) -> Chunk | None:
        """The next datagram, or several, where no boundary is kept between them."""
        return await self._inbox.get()

    async def send(self, data: bytes) -> None:
        """Send one datagram to where the URI says."""
        try:
            await asyncio.get_running_loop().sock_sendto(self._socket, data, self._target)
        except OSError as error:
            raise TransportError(f"{self.name}: nothing can be sent: {error.strerror or error}") from error

    async def close(self) -> None:
        """Give back the socket."""
        if self._socket.fileno() >= 0:
            self._pause()
            if self._reading is not None:
                self._reading.cancel()
            self._socket.close()
        self._inbox.end()

    def describe(self) -> Mapping[str, Any]:
        """Its name, who sent last, the bytes that came in and those that we dropped, and the system's count."""
        inbox = self._inbox
        return {
            "uri": self.name,
            "peer": self.peer,
            "received": inbox.received,
            "dropped": inbox.dropped,
            "dropped_datagrams": self._seen,
        }


def _socket(address: Address) -> socket.socket:
    """A socket of the family of the host."""
    places = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)
    made = socket.socket(places[0][0], socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


async def bind(address: Address, *, overflow: str = "block", **how: object) -> Datagrams:
    """Receive what is sent to there."""
    try:
        made = _socket(address)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KEPT)
            if SO_RXQ_OVFL is not None:
                made.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
            group = address.options.get("group")
            if group is not None:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((address.host, address.port))
            if group is not None:
                _join(made, group, address.options.get("interface", "0.0.0.0"))
        except BaseException:
            made.close()
            raise
    except (OSError, ValueError) as error:
        raise TransportError(f"{address.text}: cannot receive: {getattr(error, 'strerror', None) or error}") from error
    return Datagrams(address, made, overflow=overflow)


def _join(bound: socket.socket, group: str, interface: str) -> None:
    """Join a multicast group (RFC 1112; RFC 3493 for IPv6, where the interface is a number)."""
    where = ipaddress.ip_address(group)
    if where.version == 4:
        request = where.packed + ipaddress.ip_address(interface).packed
        bound.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    else:
        index = int(interface) if interface.isdigit() else 0
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, where.packed + struct.pack("@I", index))


async def sender(address: Address, **how: object) -> Datagrams:
    """A socket that sends to there, from a port of its own."""
    try:
        made = _socket(address)
    except OSError as error:
        raise TransportError(f"{address.text}: cannot send: {error.strerror or error}") from error
    made.bind(("::" if made.family == socket.AF_INET6 else "", 0))
    return Datagrams(address, made, overflow="drop-newest")
