"""A transport for code that waits: a loop of its own, in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from sigflow.transport import open_target
from sigflow.transport.address import Address
from sigflow.transport.base import Transport, TransportError

T = TypeVar("T")
#: Seconds for what is left to be sent, at the end.
ENDING = 5.0


async def _settled() -> None:
    """What still waits, such as for somebody to connect, waits no more, and has given back what it holds."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=ENDING / 2)


class BlockingTarget:
    """Sends to a URI.  State: the loop, in its thread; the transport, while it is open; what is waited for; whether
    nothing is any more.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._transport: Transport | None = None
        self._waited: Future[Any] | None = None
        self._interrupted = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"sigflow {address.text}", daemon=True)
        self._thread.start()

    def _do(self, work: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        waited: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        self._waited = waited
        if self._interrupted:
            waited.cancel()
        try:
            return waited.result(seconds)
        except CancelledError:
            raise TransportError(f"{self._address.text}: it was interrupted") from None
        finally:
            self._waited = None

    def interrupt(self) -> None:
        """Wait for nobody any more: what is being opened or sent, by another thread, is a `TransportError` at once."""
        self._interrupted = True
        waited = self._waited
        if waited is not None:
            waited.cancel()

    def open(self) -> None:
        """Open it, where it is not open.  One that listens waits for somebody to connect."""
        if self._transport is None:
            self._transport = self._do(open_target(self._address))

    def send(self, data: bytes) -> None:
        """Open it, where it is not open, and send all of the bytes.  Raises `TransportError`, and is closed then."""
        self.open()
        assert self._transport is not None
        try:
            self._do(self._transport.send(data))
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Close it; the next bytes open it anew."""
        transport, self._transport = self._transport, None
        if transport is not None:
            asyncio.run_coroutine_threadsafe(transport.close(), self._loop).result(ENDING)

    def close(self) -> None:
        """Close it, and end the loop; once more is nothing."""
        if self._loop.is_closed():
            return
        try:
            self.drop()
        finally:
            asyncio.run_coroutine_threadsafe(_settled(), self._loop).result(ENDING)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(ENDING)
            self._loop.close()
