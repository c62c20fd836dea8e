"""A transport for code that waits: a loop of its own, in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from sigflow.transport import open_target
from sigflow.transport.address import Address
from sigflow.transport.base import Transport

T = TypeVar("T")
#: Seconds for what is left to be sent, at the end.
ENDING = 5.0


class BlockingTarget:
    """Sends to a URI.  State: the loop, in its thread; the transport, while it is open."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._transport: Transport | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"sigflow {address.text}", daemon=True)
        self._thread.start()

    def _do(self, work: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

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
            self._do(transport.close(), ENDING)

    def close(self) -> None:
        """Close it, and end the loop."""
        try:
            self.drop()
        finally:
            self._loop.call_soon_threadsafe(self._end)
            self._thread.join(ENDING)
            self._loop.close()

    def _end(self) -> None:
        """End the loop, and what still waits in it, such as for somebody to connect."""
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.call_soon(self._loop.stop)
