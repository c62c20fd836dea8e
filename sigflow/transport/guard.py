"""What others bring as a transport is held to the contract of all: whatever it raises is a `TransportError`, what it
gives is a chunk, and closing it twice is nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from sigflow.errors import SigflowError
from sigflow.transport.address import Address
from sigflow.transport.base import Chunk, Listener, Transport, TransportError

T = TypeVar("T")
#: What a transport has.
HAS = ("name", "waits", "lasting", "receive", "send", "close", "describe")


async def _do(name: str, work: Awaitable[T]) -> T:
    try:
        return await work
    except SigflowError:
        raise
    except Exception as error:  # whatever code that we did not write does
        raise TransportError(f"{name}: {type(error).__name__}: {error}") from error


class Guarded:
    """A transport of others.  State: that; whether it was closed."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self.name = inner.name
        self.waits = bool(inner.waits)
        self.lasting = bool(inner.lasting)
        self._closed = False

    async def receive(self) -> Chunk | None:
        """The next bytes; None where the other end has closed, and once it was closed here."""
        if self._closed:
            return None
        chunk = await _do(self.name, self.inner.receive())
        if chunk is not None and not isinstance(chunk, Chunk):
            raise TransportError(f"{self.name}: found {type(chunk).__name__}, wanted a Chunk or None")
        return chunk

    async def send(self, data: bytes) -> None:
        """Send all of the bytes."""
        await _do(self.name, self.inner.send(data))

    async def close(self) -> None:
        """Give back what it holds."""
        if not self._closed:
            self._closed = True
            await _do(self.name, self.inner.close())

    def describe(self) -> Mapping[str, Any]:
        """What it is and what it has counted."""
        try:
            return dict(self.inner.describe())
        except Exception as error:  # whatever code that we did not write does
            raise TransportError(f"{self.name}: describe: {type(error).__name__}: {error}") from error


class GuardedGoesOn(Guarded):
    """The same of one that can go on from a place."""

    async def go_on(self, place: str, more: int, before: bytes) -> bool:
        """As of `GoesOn`."""
        inner: Any = self.inner
        return bool(await _do(self.name, inner.go_on(place, more, before)))


class GuardedListener:
    """A listener of others."""

    def __init__(self, inner: Listener) -> None:
        self.inner = inner
        self.name, self.port = inner.name, inner.port

    @property
    def told(self) -> Callable[[str, str], object]:
        """Is told what becomes of connections that are not taken."""
        return self.inner.told

    @told.setter
    def told(self, told: Callable[[str, str], object]) -> None:
        self.inner.told = told

    async def accept(self) -> Transport:
        """The next one who connects."""
        return _checked(self.name, await _do(self.name, self.inner.accept()))

    async def close(self) -> None:
        """Accept no more."""
        await _do(self.name, self.inner.close())


async def guarded_listener(
    address: Address, listening: Callable[..., Awaitable[Listener]], *, most: int
) -> GuardedListener:
    """Let others connect.  Raises `TransportError` where that cannot be."""
    return GuardedListener(await _do(address.text, _called(listening, address, most=most)))


async def guarded(
    address: Address, opener: Callable[..., Awaitable[Transport]], *, overflow: str, after: Transport | None
) -> Transport:
    """Open it.  Raises `TransportError` where it cannot be opened, or is no transport."""
    before = after.inner if isinstance(after, Guarded) else None
    return _checked(address.text, await _do(address.text, _called(opener, address, overflow=overflow, after=before)))


async def _called(opener: Callable[..., Awaitable[T]], address: Address, **how: object) -> T:
    """What it gives; that it is called at all may be the mistake."""
    return await opener(address, **how)


def _checked(name: str, inner: Transport) -> Guarded:
    """The transport, where it is one."""
    lacking = [part for part in HAS if not hasattr(inner, part)]
    if lacking:
        what = type(inner).__name__
        raise TransportError(f"{name}: found {what}, wanted a transport: it has no {', '.join(lacking)}")
    return GuardedGoesOn(inner) if hasattr(inner, "go_on") else Guarded(inner)
