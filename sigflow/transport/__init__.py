"""Where live bytes come from and go to: each by a URI (see `address`), all by one contract (see `base`)."""

from __future__ import annotations

import os
import sys

from sigflow.errors import UsageError
from sigflow.transport.address import STANDARD, Address, is_uri, parse
from sigflow.transport.base import (
    OVERFLOWS,
    Chunk,
    Cut,
    GoesOn,
    Listener,
    Note,
    Transport,
    TransportError,
)

__all__ = [
    "OVERFLOWS", "Address", "Chunk", "Cut", "GoesOn", "Listener", "Note", "Transport",
    "TransportError", "is_uri", "listen", "open", "open_target", "parse", "reopens",
]  # fmt: skip


def _of(uri: str | Address) -> Address:
    address = parse(uri) if isinstance(uri, str) else uri
    if sys.platform == "win32" and address.scheme in ("unix", "unix-listen", "pipe"):
        raise UsageError(f"{address.text!r}: there is no {address.scheme}: on Windows")
    return address


async def open(uri: str | Address, *, overflow: str = "block", after: Transport | None = None) -> Transport:
    """Opens a stream to receive from.

    overflow: what becomes of bytes that nobody takes and that cannot be made to wait; see `OVERFLOWS`.  after: one that
    has ended and is lasting; this one goes on behind it, and it is to be closed then.  A URI that listens gives the
    first who connects, and lets nobody else connect.

    Raises `UsageError` for what is no URI of a transport, and `TransportError` where it cannot be opened.
    """
    address = _of(uri)
    if overflow not in OVERFLOWS:
        raise UsageError(f"overflow {overflow!r} is none of {', '.join(OVERFLOWS)}")
    if address.listens:
        listener = await listen(address)
        try:
            return await listener.accept()
        finally:
            await listener.close()
    if address.scheme in ("tcp", "unix"):
        from sigflow.transport import sockets

        return await sockets.connect(address)
    if address.scheme == "udp":
        from sigflow.transport import datagrams

        return await datagrams.bind(address, overflow=overflow)
    if address.scheme == "tail":
        from sigflow.transport.tail import Tail

        return Tail(address)
    if address.scheme == "serial":
        from sigflow.transport import serial_line

        return await serial_line.open_line(address, overflow=overflow)
    if address.scheme == "visa":
        from sigflow.transport import visa

        return await visa.open_instrument(address)
    if address.scheme == "ipc":
        from sigflow.transport.ring import RingReader

        return RingReader(address, after=after if isinstance(after, RingReader) else None)
    from sigflow.transport import descriptors

    if address.scheme == STANDARD:
        return descriptors.standard()
    return descriptors.command(address) if address.scheme == "exec" else descriptors.fifo(address)


def reopens(address: Address) -> bool:
    """Whether there may be more behind an end: a file is read once, and some transports have no end."""
    if address.scheme == "pipe":
        return not os.path.isfile(address.rest)
    return address.scheme not in (STANDARD, "tail", "udp") and not address.listens


async def open_target(uri: str | Address) -> Transport:
    """Opens a stream to send to: as `open`, but a FIFO or file is written, datagrams are sent there, a ring is made."""
    address = _of(uri)
    if address.scheme == "udp":
        from sigflow.transport import datagrams

        return await datagrams.sender(address)
    if address.scheme == "pipe":
        from sigflow.transport import descriptors

        return descriptors.fifo(address, write=True)
    if address.scheme == "ipc":
        from sigflow.transport.ring import RingWriter

        return RingWriter(address)
    if address.scheme == "tail":
        raise UsageError(f"{address.text!r} is only read")
    return await open(address)


async def listen(uri: str | Address, *, most: int | None = None) -> Listener:
    """Lets others connect to a URI that listens.  most: connections at a time, at most (see `listening`)."""
    address = _of(uri)
    if not address.listens:
        raise UsageError(f"{address.text!r}: nobody connects to {address.scheme}:")
    from sigflow.transport import listening

    return await listening.listen(address, most=listening.PEERS if most is None else most)
