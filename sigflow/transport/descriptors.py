"""What the system gives as a descriptor: FIFOs, standard input, what a command prints, the line of a serial port."""

from __future__ import annotations

import asyncio
import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from sigflow.transport.address import Address
from sigflow.transport.base import PIECE, Chunk, Clock, TransportError
from sigflow.transport.inbox import Inbox

#: Seconds for a command to end by itself, once it was told to.
ENDING = 2.0


class DescriptorStream:
    """Reads one descriptor and writes one.  State: the inbox; whether the loop watches the descriptor."""

    waits = True
    lasting = False

    def __init__(
        self, name: str, source: int | None, target: int | None, *, owned: bool = True, overflow: str = "block"
    ) -> None:
        """source, target: where is read, where is written, None: not at all.  owned: whether closing closes them.

        overflow: for a line that cannot wait; see `OVERFLOWS`.
        """
        self.name = name
        self._source, self._target, self._owned = source, target, owned
        self._inbox = Inbox(Clock(name), overflow=overflow, pause=self._pause, resume=self._resume)
        self._reader: asyncio.Task[None] | None = None
        self._watched = False
        self._closed = False
        self._go = asyncio.Event()
        self._go.set()
        self._lock = asyncio.Lock()
        if source is not None:
            self._begin(source)

    def _begin(self, source: int) -> None:
        """Have the loop watch it; what it cannot watch (a plain file; anything on Windows) is read by a thread."""
        loop = asyncio.get_running_loop()
        if sys.platform != "win32" and not stat.S_ISREG(os.fstat(source).st_mode):
            os.set_blocking(source, False)
            try:
                loop.add_reader(source, self._ready)
                self._watched = True
                return
            except (PermissionError, NotImplementedError):
                os.set_blocking(source, True)
        self._reader = loop.create_task(self._read())

    def _pause(self) -> None:
        self._go.clear()
        if self._watched and self._source is not None:
            asyncio.get_running_loop().remove_reader(self._source)

    def _resume(self) -> None:
        self._go.set()
        if self._watched and self._source is not None and not self._closed:
            asyncio.get_running_loop().add_reader(self._source, self._ready)

    def _ready(self) -> None:
        assert self._source is not None
        try:
            data = os.read(self._source, PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._over(error)
            return
        if data:
            self.came(data)
        else:
            self._over(None)

    def came(self, data: bytes) -> None:
        """Bytes came in."""
        self._inbox.put(data)

    def _over(self, error: OSError | None) -> None:
        self._pause()
        # (EIO: the other end of a pseudo-terminal has closed, or the device was unplugged.)
        self._inbox.end(None if error is None else TransportError(f"{self.name}: {error.strerror}"))

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        assert self._source is not None
        while True:
            await self._go.wait()
            try:
                data = await loop.run_in_executor(None, os.read, self._source, PIECE)
            except OSError as error:
                self._inbox.end(TransportError(f"{self.name}: {error.strerror}"))
                return
            if not data:
                self._inbox.end()
                return
            self.came(data)

    async def receive(self) -> Chunk | None:
        """The next bytes; None at the end."""
        return await self._inbox.get()

    async def send(self, data: bytes) -> None:
        """Write all of the bytes."""
        if self._target is None or self._closed:
            raise TransportError(f"{self.name}: nothing can be sent: it is {'closed' if self._closed else 'only read'}")
        async with self._lock:
            view = memoryview(data)
            loop = asyncio.get_running_loop()
            while view:
                try:
                    if os.get_blocking(self._target):
                        view = view[await loop.run_in_executor(None, os.write, self._target, view) :]
                    else:
                        view = view[os.write(self._target, view) :]
                except BlockingIOError:
                    await _writable(self._target)
                except OSError as error:
                    raise TransportError(f"{self.name}: nothing can be sent: {error.strerror}") from error

    async def close(self) -> None:
        """Give back the descriptors."""
        if self._closed:
            return
        self._closed = True
        self._pause()
        if self._reader is not None:
            self._reader.cancel()
        self._inbox.end()
        if self._owned:
            for descriptor in {self._source, self._target} - {None}:
                os.close(descriptor)  # type: ignore[arg-type]

    def describe(self) -> Mapping[str, Any]:
        """Its name, the bytes that came in and those that were dropped."""
        return {"uri": self.name, "received": self._inbox.received, "dropped": self._inbox.dropped}


async def _writable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(descriptor)


async def standard(address: Address, **how: object) -> DescriptorStream:
    """Standard input, and output."""
    return DescriptorStream(address.text, 0, 1, owned=False)


async def read_fifo(address: Address, **how: object) -> DescriptorStream:
    """A FIFO to read."""
    return fifo(address)


async def write_fifo(address: Address, **how: object) -> DescriptorStream:
    """A FIFO, or a file, to write."""
    return fifo(address, write=True)


def fifo(address: Address, *, write: bool = False) -> DescriptorStream:
    """A FIFO, or any other file that is read or written once, from front to back."""
    flags = (os.O_WRONLY | os.O_CREAT | os.O_APPEND) if write else os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(address.rest, flags, 0o666)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise TransportError(f"{address.text}: it is a directory")
    except OSError as error:
        raise TransportError(f"{address.text}: cannot open: {error.strerror}") from error
    stream = DescriptorStream(address.text, None if write else descriptor, descriptor if write else None)
    # As long as somebody has a FIFO open for reading, what is written to it stays, whoever comes and goes.
    stream.lasting = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    return stream


class CommandStream(DescriptorStream):
    """What a command prints; what is sent is its standard input."""

    def __init__(self, address: Address, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None and process.stdin is not None
        # (Copies, which are ours alone to close.)
        source, target = os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno())
        process.stdout.close()
        process.stdin.close()
        self._process = process
        super().__init__(address.text, source, target)

    async def receive(self) -> Chunk | None:
        """The next bytes; None where the command has ended well.  Raises `TransportError` where it has failed."""
        chunk = await super().receive()
        if chunk is None:
            code = await self._code(None)
            if code:
                how = f"was killed by signal {-code}" if code < 0 else f"failed with exit code {code}"
                raise TransportError(f"{self.name}: the command {how}")
        return chunk

    async def _code(self, seconds: float | None) -> int:
        def wait() -> int:
            return self._process.wait(seconds)

        return await asyncio.get_running_loop().run_in_executor(None, wait)

    async def close(self) -> None:
        """End the command: ask it, and kill it where it does not listen."""
        await super().close()
        for end in (self._process.terminate, self._process.kill):
            if self._process.poll() is None:
                end()
                try:
                    await self._code(ENDING)
                except subprocess.TimeoutExpired:
                    continue


async def command(address: Address, **how: object) -> CommandStream:
    """Run a command, without a shell."""
    try:
        words = shlex.split(address.rest)
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    except (OSError, ValueError) as error:
        raise TransportError(f"{address.text}: cannot run: {getattr(error, 'strerror', None) or error}") from error
    return CommandStream(address, process)
