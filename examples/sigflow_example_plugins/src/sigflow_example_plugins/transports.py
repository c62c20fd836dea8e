"""A transport: a source that makes its frames itself."""

from collections.abc import Mapping
from typing import Any

from sigflow.transport import Address, Chunk, Scheme, Transport, TransportError
from sigflow.transport.base import Clock

from .codecs import encode
from .formats import FORMAT


class Demo:
    """Sends frames, a chunk each.  State: how many were sent, and their bytes."""

    waits = True
    lasting = False

    def __init__(self, address: Address) -> None:
        if not address.rest.isdecimal():
            raise TransportError(f"{address.text}: a number of frames is wanted")
        self.name = address.text
        self._frames = int(address.rest)
        self._first = address.options.get("first", 0)
        self._clock = Clock(address.text)
        self._sent = self._received = 0
        self._closed = False

    async def receive(self) -> Chunk | None:
        """The next frame; None behind the last."""
        if self._closed or self._sent == self._frames:
            return None
        number = (self._first + self._sent) % 256
        kind = "data" if number % 2 else "status"
        raw = FORMAT.build({"number": number, "kind": kind, "body": encode(bytes([number]) * 20)})
        self._sent += 1
        self._received += len(raw)
        return Chunk(raw, self._clock.stamp())

    async def send(self, data: bytes) -> None:
        """Nothing can be sent."""
        raise TransportError(f"{self.name}: it is only read")

    async def close(self) -> None:
        """Make no more."""
        self._closed = True

    def describe(self) -> Mapping[str, Any]:
        """Its name, and the bytes that were made."""
        return {"uri": self.name, "received": self._received}


async def open_demo(address: Address, *, overflow: str, after: Transport | None) -> Demo:
    """Open it; it waits for who takes its frames, so there is no overflow."""
    return Demo(address)


DEMO = Scheme("FRAMES", open_demo, {"first": int}, sends=False)
