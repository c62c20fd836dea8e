"""Seeded damaged streams: frames of some formats with noise between, bits flipped, bytes lost, pieces moved.

Pure functions of a `random.Random`.  The streams are short and the damage is dense, so that the hard cases come up:
frames inside payloads, markers cut by the end, length fields that lie, lists of zeros.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

#: Makes a frame with this payload.
Maker = Callable[[bytes], bytes]


def stream(rng: random.Random, makers: Sequence[Maker], markers: Sequence[bytes], size: int = 160) -> bytes:
    """A damaged stream of about `size` bytes.  markers: pieces that noise is sprinkled with."""
    data = b""
    while len(data) < size:
        data += _piece(rng, makers, markers)
        if rng.random() < 0.1:
            break
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 4))):
        data = rng.choice(DAMAGES)(rng, data)
    return data[: 3 * size]


def _piece(rng: random.Random, makers: Sequence[Maker], markers: Sequence[bytes]) -> bytes:
    kind = rng.random()
    if kind < 0.80:
        frame = rng.choice(makers)(_payload(rng, makers, markers))
        return _run(rng, makers, frame) if rng.random() < 0.25 else frame
    if kind < 0.88:
        return rng.randbytes(rng.randrange(1, 9))
    if kind < 0.94:
        return b"".join(rng.choice((*markers, b"\0", b"\1")) for _ in range(rng.randrange(1, 8)))
    return bytes(rng.randrange(1, 12))


def _run(rng: random.Random, makers: Sequence[Maker], frame: bytes) -> bytes:
    """Several small frames in a row, as chains need them."""
    return frame + b"".join(rng.choice(makers)(rng.randbytes(rng.randrange(3))) for _ in range(rng.randrange(2, 6)))


def _payload(rng: random.Random, makers: Sequence[Maker], markers: Sequence[bytes]) -> bytes:
    kind = rng.random()
    if kind < 0.45:
        return rng.randbytes(rng.choice((0, 1, 2, 3, 5, 9)))
    if kind < 0.6:
        return bytes(rng.randrange(6)) + rng.choice((*markers, b""))
    if kind < 0.7:
        return rng.randbytes(2).join(rng.choice(markers or [b"x"]) for _ in range(3))
    inner = b"".join(rng.choice(makers)(rng.randbytes(rng.randrange(4))) for _ in range(rng.randrange(1, 4)))
    return rng.randbytes(rng.randrange(2)) + inner + rng.randbytes(rng.randrange(2))


def _flip(rng: random.Random, data: bytes) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << rng.randrange(8),)) + data[at + 1 :]


def _cut(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.randrange(1, 9) :]


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.randrange(1, 5)) + data[at:]


def _zero(rng: random.Random, data: bytes) -> bytes:
    at, size = rng.randrange(len(data) + 1), rng.randrange(1, 12)
    return data[:at] + bytes(len(data[at : at + size])) + data[at + size :]


def _end(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _begin(rng: random.Random, data: bytes) -> bytes:
    return data[rng.randrange(min(len(data), 40) + 1) :]


def _double(rng: random.Random, data: bytes) -> bytes:
    at, size = rng.randrange(len(data) + 1), rng.randrange(1, 30)
    return data[: at + size] + data[at:]


#: One kind of damage each.
DAMAGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip, _flip, _flip, _cut, _insert, _zero, _end, _begin, _double
)  # fmt: skip


def chunks(rng: random.Random, data: bytes) -> list[bytes]:
    """The same bytes in chunks of random sizes, some empty."""
    pieces, at = [], 0
    while at < len(data):
        size = rng.choice((1, 0, 1, 2, 3, 7, 20, 64))  # (the first is what a tape at its end chooses)
        pieces.append(data[at : at + size])
        at += size
    return pieces
