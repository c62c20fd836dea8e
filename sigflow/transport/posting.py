"""A target that is handed bytes and does not make the caller wait for each: for who keeps a schedule."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence

from sigflow.transport.address import Address
from sigflow.transport.blocking import BlockingTarget


class PostingTarget(BlockingTarget):
    """State: what was posted and is not sent, and its bytes; whether the loop is at it; the error that ended it."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        #: Whether each piece is a datagram, so that pieces are not joined.
        self.datagrams = address.scheme == "udp"
        self._posted: deque[bytes] = deque()
        self._held = 0
        self._sending = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    def post(self, pieces: Sequence[bytes]) -> None:
        """Hand over bytes that go out as soon as can be, in their order.  To be followed by `wait`.

        Raises the `TransportError` that something posted before has ended with.
        """
        joined = pieces if self.datagrams else [b"".join(pieces)]
        with self._changed:
            self._raise()
            self._posted.extend(joined)
            self._held += sum(map(len, joined))
            begin, self._sending = not self._sending, True
        if begin:
            asyncio.run_coroutine_threadsafe(self._send(), self._loop)

    def wait(self, seconds: float) -> bool:
        """Wait so long, at most, until the transport has taken what was posted; whether it has.  Raises as `post`.

        (Who goes on computing meanwhile would keep the loop's thread from its turn, and what is posted late.)
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._held or self._error is not None, seconds)
            self._raise()
            return not self._held

    def finished(self, seconds: float) -> bool:
        """Wait so long, at most, until the system has taken all that was posted; whether that is so.  Raises as
        `post`.
        """
        done = self.wait(seconds)
        unsent: int = getattr(self._transport, "unsent", 0)
        if done and unsent:
            time.sleep(min(seconds, 0.01))
            done = not getattr(self._transport, "unsent", 0)
        return done

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    async def _send(self) -> None:
        """Send what was posted, in the loop."""
        assert self._transport is not None
        while True:
            with self._changed:
                if not self._posted:
                    self._sending = False
                    return
                data = self._posted.popleft()
            try:
                await self._transport.send(data)
            except BaseException as error:
                with self._changed:
                    self._error = error
                    self._changed.notify_all()
                return
            with self._changed:
                self._held -= len(data)
                self._changed.notify_all()
