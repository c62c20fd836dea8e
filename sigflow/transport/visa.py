"""Instruments by VISA: GPIB, USB-TMC, VXI-11, HiSLIP, sockets; by pyvisa, with pyvisa-py where no other VISA is there.

A query is sent, once or again and again, and each answer is a chunk.  An answer that is one block of IEEE 488.2 (8.7.9
and 8.7.10: `#` and a digit, so many digits of length, the bytes; or `#0` and bytes up to the end) is given without what
is around the bytes, unless `raw=1`.  Each instrument has a thread of its own, for VISA waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sigflow.errors import UsageError
from sigflow.stream.cuts import BOUNDARY
from sigflow.transport.address import Address
from sigflow.transport.base import Chunk, Clock, Cut, Note, TransportError

if TYPE_CHECKING:
    from pyvisa.resources import MessageBasedResource

#: The pure Python implementation.
LIBRARY = "@py"
#: Seconds for an answer, where the URI says nothing.
TIMEOUT = 5.0
#: Bytes of one answer, at most.
LARGEST = 256 << 20


def block(answer: bytes) -> bytes | None:
    """What a block of IEEE 488.2 holds; None for what is none, or is cut.  The newline that ends a message is no part
    of it.

    >>> block(b"#15hello"), block(b"#0hello\\n"), block(b"1.5\\n")
    (b'hello', b'hello', None)
    """
    if answer[:1] != b"#" or not answer[1:2].isdigit():
        return None
    if answer[1:2] == b"0":
        return answer[2:].removesuffix(b"\n")
    begin = 2 + int(answer[1:2])
    digits = answer[2:begin]
    if not digits.isdigit() or len(digits) != begin - 2:
        return None
    end = begin + int(digits)
    return answer[begin:end] if answer[end:] in (b"", b"\n", b"\r\n") and len(answer) >= end else None


def lacking(answer: bytes) -> int:
    """Bytes that a definite block still lacks; 0 for what is whole, or is none."""
    if answer[:1] != b"#" or not answer[1:2].isdigit() or answer[1:2] == b"0":
        return 0
    begin = 2 + int(answer[1:2])
    if len(answer) < begin:
        return begin - len(answer)
    digits = answer[2:begin]
    return max(begin + int(digits) - len(answer), 0) if digits.isdigit() else 0


class Instrument:
    """One instrument.  State: the session with it; how many answers came; when the next query is due; whether the
    newline behind the last answer may still come.
    """

    waits = True
    lasting = False

    def __init__(self, address: Address) -> None:
        options = address.options
        self.name = address.text
        self._address = address
        self._query: str | None = options.get("query")
        self._every: float = options.get("every", 0.0)
        self._count: int | None = options.get("count")
        self._raw: bool = options.get("raw", False)
        self._clock = Clock(address.text)
        self._thread = ThreadPoolExecutor(1, f"sigflow {address.text}")
        self._closing = threading.Event()
        self._due = 0.0
        self._answers = 0
        self._received = 0
        self._behind = False
        self._resource: MessageBasedResource | None = None
        self._manager: Any = None
        self._late: list[Note] = []

    async def open(self) -> Instrument:
        """Begin the session."""
        await self._call(self._open)
        return self

    async def _call(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    def _open(self) -> None:
        try:
            import pyvisa
        except ImportError as error:
            raise UsageError(f"{self.name!r} needs pyvisa and pyvisa-py: install sigflow[visa]") from error
        try:
            self._manager = pyvisa.ResourceManager(self._address.options.get("library", LIBRARY))
            resource = self._manager.open_resource(self._address.rest)
            resource.timeout = self._address.options.get("timeout", TIMEOUT) * 1000
            # A message ends with a newline (IEEE 488.2, 7.5); a stream of bytes has nothing else to end an answer.
            resource.write_termination = "\n"
            if isinstance(resource, pyvisa.resources.TCPIPSocket | pyvisa.resources.SerialInstrument):
                resource.read_termination = "\n"
            self._resource = resource
        except Exception as error:  # (pyvisa and its backends raise many classes)
            raise TransportError(f"{self.name}: cannot open: {error}") from error

    def _asked(self) -> bytes:
        assert self._resource is not None
        try:
            if self._query is not None:
                self._resource.write(self._query)
            answer = bytes(self._resource.read_raw())
            if self._behind and answer in (b"\n", b"\r\n"):
                answer = bytes(self._resource.read_raw())
            while lacking(answer) and len(answer) < LARGEST:
                answer += bytes(self._resource.read_raw())
        except Exception as error:  # (as above)
            raise TransportError(f"{self.name}: {error}") from error
        # A read ends at a newline, which may be the last byte of a block: the one that ends the message comes then.
        self._behind = answer[:1] == b"#" and answer[1:2] != b"0" and block(answer + b"\n") is not None
        return answer

    async def receive(self) -> Chunk | None:
        """The next answer; None after as many as the URI asks for."""
        if self._closing.is_set() or (self._count is not None and self._answers >= self._count):
            return None
        loop = asyncio.get_running_loop()
        if self._due > loop.time():
            await asyncio.sleep(self._due - loop.time())
        begun = loop.time()
        answer = await self._call(self._asked)
        # By an absolute schedule; what an instrument is too slow for is left out.
        self._due = max(self._due + self._every, begun) if self._due else begun + self._every
        content = None if self._raw else block(answer)
        data = answer if content is None else content
        cuts = (Cut(BOUNDARY),) if self._answers and content is not None else ()
        self._answers += 1
        self._received += len(data)
        return Chunk(data, self._clock.stamp(), cuts)

    async def send(self, data: bytes) -> None:
        """Send a message as it is."""

        def write() -> None:
            assert self._resource is not None
            try:
                self._resource.write_raw(data)
            except Exception as error:  # (as above)
                raise TransportError(f"{self.name}: nothing can be sent: {error}") from error

        await self._call(write)

    async def close(self) -> None:
        """End the session."""
        if not self._closing.is_set():
            self._closing.set()
            if self._resource is not None:
                await self._call(self._resource.close)
            self._thread.shutdown(wait=False)

    def describe(self) -> Mapping[str, Any]:
        """Its name, the answers and bytes that came."""
        return {"uri": self.name, "received": self._received, "answers": self._answers}


async def open_instrument(address: Address, **how: object) -> Instrument:
    """Begin a session with an instrument."""
    return await Instrument(address).open()
