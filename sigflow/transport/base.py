"""What every transport answers to: bytes as they come in, each piece with its stamp.

Rules.  A `Chunk` is stamped when its bytes left the kernel.  What is known to be missing before it is said by its
`cuts`; what the system or the other end said of it beside the bytes, by `notes`.  Nothing waits without bound: what
comes in faster than it is taken makes the other end wait where it can, and is dropped by a declared policy where it
cannot, and every dropped byte is in a cut.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

from sigflow.errors import SigflowError
from sigflow.events import Stamp
from sigflow.transport.boot import boot_id

#: Bytes that are received at once, at most.
PIECE = 256 << 10
#: Bytes that wait to be taken, at most, where the caller says nothing.
WAITING = 16 << 20
#: What happens to what cannot wait: it waits all the same (in the system, which drops and may say so), the newest or
#: the oldest bytes are dropped.
OVERFLOWS = ("block", "drop-newest", "drop-oldest")


class TransportError(SigflowError):
    """A transport cannot be opened, or failed."""


class Note(NamedTuple):
    """Something that the system or the other end said.  `what`: a word for machines; `times`: how often, since the
    last note of the same kind.
    """

    what: str
    text: str
    times: int = 1


class Cut(NamedTuple):
    """A cut of the stream (`sigflow.stream.cuts`), before a chunk.  missing: None: nobody knows how many."""

    kind: str
    missing: int | None = None


class Chunk(NamedTuple):
    """Bytes as they came in.  They may be none, where there are only cuts or notes, which lie before them.

    place: where the first of them stands, as JSON, told by a transport that can go on from there (`GoesOn`); said again
    where what it reads from is another thing.
    """

    data: bytes
    stamp: Stamp
    cuts: tuple[Cut, ...] = ()
    notes: tuple[Note, ...] = ()
    place: str = ""


class Transport(Protocol):
    """One stream of bytes to or from somewhere."""

    #: As it was asked for, without secrets.
    name: str
    #: Whether the other end can be made to wait.
    waits: bool
    #: Whether what it reads from is there without anybody at the other end, and keeps what comes meanwhile: it is given
    #: to `open` for the one that goes on behind it, and closed only then.
    lasting: bool

    async def receive(self) -> Chunk | None:
        """The next bytes; None where the other end has closed.  Raises `TransportError` where the connection failed."""
        ...

    async def send(self, data: bytes) -> None:
        """Send all of the bytes.  Raises `TransportError` where that cannot be."""
        ...

    async def close(self) -> None:
        """Give back what it holds; closing twice is allowed."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """What it is and what it has counted: `uri`, `peer`, `received` (bytes), and more, as JSON can say."""
        ...


@runtime_checkable
class GoesOn(Protocol):
    """A transport that reads from what stays, so that a process that begins again need not read twice."""

    async def go_on(self, place: str, more: int, before: bytes) -> bool:
        """Go on so many bytes behind a place that a chunk told; before anything is received.

        before: the last bytes that were received then, which must stand before.  Returns whether that is done: else
        that place is gone, and it begins as ever.
        """
        ...


class Listener(Protocol):
    """Where others connect to."""

    name: str
    #: 0 where it has none.
    port: int
    #: Is told what becomes of connections that are not taken: a word for machines, and words.
    told: Callable[[str, str], object]

    async def accept(self) -> Transport:
        """The next one who connects."""
        ...

    async def close(self) -> None:
        """Accept no more; what was accepted stays open."""
        ...


class Clock:
    """Stamps chunks: the clocks of this machine, the boot that the monotonic one counts from, a running number."""

    def __init__(self, transport: str) -> None:
        self._transport = transport
        self._boot = boot_id()
        self._number = 0

    def stamp(self) -> Stamp:
        """A stamp of now."""
        number = self._number
        self._number += 1
        return Stamp(time.time_ns(), time.monotonic_ns(), self._transport, self._boot, number)
