"""Serial lines, by pyserial: it sets the line up, and the loop reads its descriptor, which is twice as fast.

pyserial's own URLs (`rfc2217://HOST:PORT`, `loop://`, `socket://…`) have no descriptor, and neither has a line on
Windows: a thread reads those.  The counts of overruns, bad frames, parity errors and breaks that Linux keeps for a line
are told when they rise.
"""

from __future__ import annotations

import array
import asyncio
import os
import queue
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sigflow.errors import UsageError
from sigflow.reasons import OVERFLOW
from sigflow.transport.address import Address
from sigflow.transport.base import Chunk, Clock, Cut, Note, TransportError
from sigflow.transport.descriptors import DescriptorStream
from sigflow.transport.inbox import Inbox

if TYPE_CHECKING:
    import serial

#: Seconds a thread waits for bytes before it looks whether it shall end.
TURN = 0.1
#: Bytes a thread asks for at once.
ASKED = 64 << 10
#: TIOCGICOUNT of <asm-generic/ioctls.h>, and the counters of `struct serial_icounter_struct` that tell of loss.
TIOCGICOUNT = 0x545D
COUNTERS = {6: "bad-frames", 7: "overruns", 8: "parity-errors", 9: "breaks", 10: "buffer-overruns"}
#: Those that say that bytes are missing.
_LOSING = ("overruns", "buffer-overruns")
_PARITY = {"none": "N", "even": "E", "odd": "O", "mark": "M", "space": "S"}
_WORDS = {
    "bad-frames": "the line had bytes without a stop bit: is the baud rate right?",
    "overruns": "the line lost bytes in the hardware",
    "parity-errors": "the line had bytes of the wrong parity: is the parity right?",
    "breaks": "the line had breaks",
    "buffer-overruns": "the system's buffer for the line was full",
}


def _opened(address: Address) -> serial.SerialBase:
    try:
        import serial
    except ImportError as error:
        raise UsageError(f"{address.text!r} needs pyserial: install sigflow[serial]") from error
    options = address.options
    stopbits = {"1": serial.STOPBITS_ONE, "1.5": serial.STOPBITS_ONE_POINT_FIVE, "2": serial.STOPBITS_TWO}
    try:
        return serial.serial_for_url(
            address.rest,
            baudrate=options.get("baud", 9600),
            bytesize=options.get("bytesize", 8),
            parity=_PARITY[options.get("parity", "none")],
            stopbits=stopbits[options.get("stopbits", "1")],
            rtscts=options.get("rtscts", False),
            dsrdtr=options.get("dsrdtr", False),
            xonxoff=options.get("xonxoff", False),
            timeout=TURN,
            write_timeout=None,
        )
    except (OSError, ValueError) as error:  # (SerialException is an OSError)
        raise TransportError(f"{address.text}: cannot open: {error}") from error


class SerialLine(DescriptorStream):
    """A line with a descriptor.  State: the counts that the system gave last."""

    def __init__(self, address: Address, port: Any, *, overflow: str) -> None:
        self._port = port
        #: Whether the other end waits when it is told to.
        self.waits = bool(address.options.get("rtscts") or address.options.get("xonxoff"))
        self._counts = _counters(port.fileno())
        super().__init__(address.text, port.fileno(), port.fileno(), owned=False, overflow=overflow)

    def came(self, data: bytes) -> None:
        """Bytes came in; if the system lost some before, that is told with them."""
        self._count()
        super().came(data)

    def _count(self) -> None:
        """See what the system has counted since the last time."""
        counts = _counters(self._port.fileno())
        for name, count in counts.items():
            new = count - self._counts.get(name, 0)
            if new > 0:
                self._inbox.note(Note(name, _WORDS[name], new), Cut(OVERFLOW) if name in _LOSING else None)
        self._counts = {**self._counts, **counts}

    async def close(self) -> None:
        """Give the line back."""
        if self._port.is_open:
            self._count()
        await super().close()
        self._port.close()

    def describe(self) -> Mapping[str, Any]:
        """As of any descriptor, and the line's settings and counts."""
        settings = {"baud": self._port.baudrate, "parity": self._port.parity, "rtscts": self._port.rtscts}
        return {**super().describe(), **settings, **self._counts}


def _counters(descriptor: int) -> dict[str, int]:
    """What Linux has counted of a line; nothing where the driver does not, as that of a pseudo-terminal."""
    if sys.platform != "linux":
        return {}
    import fcntl

    counts = array.array("i", [0] * 20)
    try:
        fcntl.ioctl(descriptor, TIOCGICOUNT, counts)
    except OSError:
        return {}
    return {name: counts[at] for at, name in COUNTERS.items()}


#: Where pyserial's client of RFC 2217 keeps single bytes that it has received.  It raises when the connection ends, and
#: gives nobody what it still has, or has begun to read.
_LEFT = "_read_buffer"


def _left(port: Any) -> bytes:
    """The bytes that such a client has received; none of any other."""
    waiting = getattr(port, _LEFT, None)
    out = bytearray()
    while isinstance(waiting, queue.Queue) and len(out) < ASKED:
        try:
            out += waiting.get_nowait() or b""
        except queue.Empty:
            break
    return bytes(out)


class ThreadedLine:
    """A line without a descriptor, which a thread reads.  State: the inbox; whether the thread shall end."""

    lasting = False

    def __init__(self, address: Address, port: Any, *, overflow: str) -> None:
        self.name = address.text
        self.waits = overflow == "block"
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._go = threading.Event()
        self._go.set()
        self._ending = False
        self._inbox = Inbox(Clock(address.text), overflow=overflow, pause=self._go.clear, resume=self._go.set)
        self._thread = threading.Thread(target=self._read, name=f"sigflow {address.text}", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        error: TransportError | None = None
        try:
            while not self._ending:
                if self._go.wait(TURN) and (data := self._more()):
                    self._loop.call_soon_threadsafe(self._inbox.put, data)
        except (OSError, TypeError) as failed:  # (pyserial reads None where the port was closed meanwhile)
            error = None if self._ending else TransportError(f"{self.name}: {failed}")
        try:
            if rest := _left(self._port):
                self._loop.call_soon_threadsafe(self._inbox.put, rest)
            self._loop.call_soon_threadsafe(self._inbox.end, error)
        except RuntimeError:
            pass  # the loop is closed: nobody waits

    def _more(self) -> bytes:
        """What there is, after a wait for the first byte."""
        if hasattr(self._port, _LEFT):
            return bytes(self._port.read(1)) + _left(self._port)
        return bytes(self._port.read(max(1, min(self._port.in_waiting, ASKED))))

    async def receive(self) -> Chunk | None:
        """The next bytes."""
        return await self._inbox.get()

    async def send(self, data: bytes) -> None:
        """Write all of the bytes."""
        try:
            await self._loop.run_in_executor(None, self._port.write, data)
        except OSError as error:
            raise TransportError(f"{self.name}: nothing can be sent: {error}") from error

    async def close(self) -> None:
        """Give the line back."""
        if not self._ending:
            self._ending = True
            await self._loop.run_in_executor(None, self._thread.join, 10 * TURN)
            self._port.close()
            self._inbox.end()

    def describe(self) -> Mapping[str, Any]:
        """Its name, the bytes that came in and those that were dropped."""
        return {"uri": self.name, "received": self._inbox.received, "dropped": self._inbox.dropped}


async def open_line(address: Address, *, overflow: str = "block", **how: object) -> SerialLine | ThreadedLine:
    """Open a line."""
    port = await asyncio.get_running_loop().run_in_executor(None, _opened, address)
    if os.name != "nt":
        try:
            port.fileno()
        except (AttributeError, OSError):  # (io.UnsupportedOperation is an OSError)
            pass
        else:
            return SerialLine(address, port, overflow=overflow)
    return ThreadedLine(address, port, overflow=overflow)
