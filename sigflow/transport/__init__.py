"""Where live bytes come from and go to: each by a URI (see `address`), all by one contract (see `base`)."""

from __future__ import annotations

import sys
from typing import Any

from sigflow.errors import UsageError
from sigflow.registry import loaded
from sigflow.transport.address import Address, is_uri, parse
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
from sigflow.transport.schemes import Opener, Scheme, get, register_transport

__all__ = [
    "OVERFLOWS", "Address", "Chunk", "Cut", "GoesOn", "Listener", "Note", "Scheme", "Transport",
    "TransportError", "is_uri", "listen", "open", "open_target", "parse", "register_transport", "reopens",
]  # fmt: skip

#: Connections at a time, at most, where who listens says nothing.
PEERS = 256


def _of(uri: str | Address) -> Address:
    address = parse(uri) if isinstance(uri, str) else uri
    if sys.platform == "win32" and get(address.scheme).posix:
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
    return await _opened(address, get(address.scheme).receive, overflow=overflow, after=after)


async def _opened(address: Address, opener: Opener | str | None, **how: Any) -> Transport:
    """A transport of ours, or one of others, guarded."""
    if opener is None:
        raise UsageError(f"{address.text!r}: it is only sent to")
    if isinstance(opener, str):
        ours: Transport = await loaded(opener)(address, **how)
        return ours
    from sigflow.transport.guard import guarded

    return await guarded(address, opener, **how)


def reopens(address: Address) -> bool:
    """Whether there may be more behind an end, so that it is opened again."""
    return get(address.scheme).reopens(address)


async def open_target(uri: str | Address) -> Transport:
    """Opens a stream to send to: as `open`, but a FIFO or file is written, datagrams are sent there, a ring is made."""
    address = _of(uri)
    scheme = get(address.scheme)
    if not scheme.sends:
        raise UsageError(f"{address.text!r} is only read")
    if scheme.send is None:
        return await open(address)
    return await _opened(address, scheme.send, overflow="block", after=None)


async def listen(uri: str | Address, *, most: int | None = None) -> Listener:
    """Lets others connect to a URI that listens.  most: connections at a time, at most (see `listening`)."""
    address = _of(uri)
    if not address.listens:
        raise UsageError(f"{address.text!r}: nobody connects to {address.scheme}:")
    listening = get(address.scheme).listen
    assert listening is not None  # (it listens)
    places = PEERS if most is None else most
    if isinstance(listening, str):
        ours: Listener = await loaded(listening)(address, most=places)
        return ours
    from sigflow.transport.guard import guarded_listener

    return await guarded_listener(address, listening, most=places)
