"""Undamaged streams whose payloads are hard: frames inside frames, constant fill, zeros; and when they may be misread.

Rule 5 of `docs/architecture.md` has a price: in three cases a sound frame that holds a run of frames is refused. Within
n frames behind it the capture is cut or a null header follows; the run begins with its own stream's next counter; the
run ends where it does, with the counter before that of what follows.  `price` finds them by looking at every place
whatever the scan does.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Kind(NamedTuple):
    """A format: bytes of its header; the length that a header claims (0: none); stream id and counter, where it has
    any, and the counter's modulus; headers of a chain; whether a header of zeros is null.
    """

    name: str
    header: int
    length: Callable[[bytes, int], int]
    key: Callable[[bytes, int], tuple[int, int]] | None
    modulus: int
    chain: int
    nulls: bool
    most: int


def _space(data: bytes, at: int) -> int:
    return 0 if data[at] >> 5 else 7 + int.from_bytes(data[at + 4 : at + 6], "big")


KINDS = (
    Kind(
        "ccsds_space_packet", 6, _space,
        lambda data, at: (int.from_bytes(data[at : at + 2], "big") & 0x7FF, data[at + 2] << 8 & 0x3F00 | data[at + 3]),
        1 << 14, 12, True, 65536,
    ),
    Kind("sgf_legacy", 6, lambda data, at: 6 + int.from_bytes(data[at + 2 : at + 6], "big"), None, 1, 8, True, 65536),
    Kind("tlv", 4, lambda data, at: 4 + int.from_bytes(data[at + 2 : at + 4], "big"), None, 1, 8, False, 65535),
)  # fmt: skip


class Builder:
    """Makes frames of one kind.  State: the counters of its streams."""

    def __init__(self, kind: Kind, rng: random.Random) -> None:
        self.kind = kind
        self._rng = rng
        self._counters: dict[int, int] = {}

    def frame(self, payload: bytes, stream: int) -> bytes:
        """The next frame of a stream."""
        payload = payload[: self.kind.most]
        if self.kind.name == "ccsds_space_packet":
            counter = self._counters.setdefault(stream, self._rng.choice((0, 1, 100, 16380)))
            self._counters[stream] = counter + 1
            payload = payload or b"\1"
            return struct.pack(">HHH", stream, 0xC000 | counter & 0x3FFF, len(payload) - 1) + payload
        return struct.pack(">HI" if self.kind.name == "sgf_legacy" else ">HH", stream, len(payload)) + payload

    def payload(self, depth: int) -> bytes:
        """A payload: nothing much, one byte over and over, or frames."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.35 or depth > 2:
            return rng.randbytes(rng.randrange(40))
        if kind < 0.6:
            return bytes((rng.choice((0, 0, 1, 1, 2, 7, 255, rng.randrange(256))),)) * rng.randrange(1, 400)
        if kind < 0.65:
            return bytes(rng.randrange(30)) + rng.randbytes(rng.randrange(30)) + bytes(rng.randrange(30))
        streams = [rng.randrange(1, 60) for _ in range(rng.choice((1, 1, 2)))]
        count = rng.choice((1, 3, 8, 9, 12, 13, 20, 40))
        return b"".join(self.frame(self.payload(depth + 1) if rng.random() < 0.3 else rng.randbytes(rng.randrange(9)),
                                   rng.choice(streams)) for _ in range(count))  # fmt: skip

    def stream(self) -> list[bytes]:
        """One to sixty frames."""
        rng = self._rng
        streams = [rng.randrange(60, 2000) for _ in range(rng.choice((1, 1, 3)))]
        if rng.random() < 0.15:
            streams.append(rng.randrange(1, 60))  # one that is in payloads, too
        frames = [self.frame(self.payload(0), rng.choice(streams)) for _ in range(rng.choice((1, 2, 5, 13, 30, 60)))]
        if rng.random() < 0.1:
            frames.append(self.frame(bytes(rng.randrange(200)), rng.choice(streams)))
        return frames


def price(kind: Kind, frames: Sequence[bytes]) -> set[str]:
    """Which of the three cases come up in an undamaged stream of these frames: "cut", "own", "flows"."""
    data, n = b"".join(frames), kind.chain
    none = len(data) + 1
    following = [none] * (none + 1)
    for at in range(len(data) - kind.header + 1):
        stop = at + kind.length(data, at)
        if stop > at and stop <= len(data) and not (kind.nulls and not any(data[at : at + kind.header])):
            following[at] = stop
    last = list(range(none + 1))  # the last frame of the run of n that begins here; then its end
    for _ in range(n - 1):
        last = [following[at] for at in last]
    names: set[str] = set()
    begin = 0
    starts = []
    for frame in frames:
        starts.append(begin)
        begin += len(frame)
    for number, (start, frame) in enumerate(zip(starts, frames, strict=True)):
        end = start + len(frame)
        runs = [at for at in range(start + 1, end) if following[last[at]] <= end]
        if not runs:
            continue
        behind = starts[number + 1 : number + 1 + n]
        if any(kind.nulls and not any(data[at : at + kind.header]) for at in behind):
            names.add("cut")
        if kind.key is None:
            continue
        stream, counter = kind.key(data, start)
        if any(kind.key(data, at) == (stream, (counter + 1) % kind.modulus) for at in runs):
            names.add("own")
        first: dict[int, int] = {}
        for at in behind:
            first.setdefault(*kind.key(data, at))
        for at in runs:
            if following[last[at]] == end:
                stream, counter = kind.key(data, last[at])
                if first.get(stream) == (counter + 1) % kind.modulus:
                    names.add("flows")
    return names
