"""What another end sends: frames of an instrument, in parts, each over a connection of its own, in pieces, with stalls.

All of it follows from the numbers of a `Plan`, so that who sends and who compares need to agree on nothing else.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import time
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

#: Bytes of a piece: many single ones, some large.
PIECES = (1, 1, 2, 7, 60, 500)
#: How a connection ends: closed; closed for sending first; reset.
CLOSE, HALF, RESET = "close", "half", "reset"


@cache
def frames(seed: int, count: int) -> tuple[bytes, ...]:
    """So many frames of an instrument that answers with text headers."""
    rng = random.Random(seed)
    out = []
    for number in range(count):
        payload = rng.randbytes(rng.randrange(1, 60))
        head = b"*HDR\r\nDEV:%d\r\nLEN:%d\r\n;END\r\n" % (number, len(payload))
        out.append(head + payload + zlib.crc32(payload).to_bytes(4, "big"))
    return tuple(out)


@cache
def sent(seed: int, count: int) -> bytes:
    """Their bytes."""
    return b"".join(frames(seed, count))


class Transmission(NamedTuple):
    """What one connection sends: a span of all bytes.  closing: how it ends."""

    start: int
    stop: int
    closing: str


class Sent(NamedTuple):
    """What a connection has sent.  unsent: bytes that were still on their way when it ended, at most; None: unknown.
    peer: by which the receiver may know it.
    """

    start: int
    stop: int
    closing: str
    unsent: int | None
    peer: str = ""


class Plan(NamedTuple):
    """stalls: how often the sender stops for `stall` seconds, wherever that is."""

    seed: int
    frames: int
    cuts: int = 0
    stalls: int = 0
    stall: float = 0.02

    @property
    def data(self) -> bytes:
        """All bytes."""
        return sent(self.seed, self.frames)

    def parts(self, closings: tuple[str, ...] = (CLOSE,)) -> list[Transmission]:
        """One part more than there are cuts, which are anywhere."""
        rng, size = random.Random(f"parts {self.seed}"), len(self.data)
        places = [0, *sorted(rng.sample(range(1, size), self.cuts)), size]
        return [Transmission(start, stop, rng.choice(closings)) for start, stop in itertools.pairwise(places)]

    def pieces(self, part: Transmission, data: bytes) -> Iterator[bytes]:
        """The bytes of a part in pieces of random size; the sender stalls between some."""
        rng = random.Random(f"pieces {self.seed} {part.start}")
        places = random.Random(f"stalls {self.seed}").sample(range(1, len(data)), self.stalls)
        stalls = sorted(place for place in places if part.start < place < part.stop)
        at = part.start
        while at < part.stop:
            stop = min(at + rng.choice(PIECES), stalls[0] if stalls else part.stop, part.stop)
            yield data[at:stop]
            at = stop
            if stalls and at == stalls[0]:
                stalls.pop(0)
                time.sleep(self.stall)


class Log:
    """What was sent, a line each in a file, which two processes may share."""

    def __init__(self, path: str | Path) -> None:
        self._path = path

    def add(self, part: Transmission, unsent: int | None = 0, peer: str = "", *, stop: int | None = None) -> None:
        """A connection has sent its part, or up to `stop`."""
        sent = Sent(part.start, part.stop if stop is None else stop, part.closing, unsent, peer)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(descriptor, json.dumps(sent).encode() + b"\n")
        os.close(descriptor)

    def read(self) -> list[Sent]:
        """All of it."""
        with open(self._path, encoding="utf-8") as file:
            return [Sent(*json.loads(line)) for line in file]
