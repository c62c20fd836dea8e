"""Damage made on purpose, so that what is recovered can be held against what was there.

Rules.  A fault puts the bytes `after` in the place of the bytes `before` at an offset of the input, and does nothing
else: so the list of faults says exactly what was done, and gives the input back.  Faults do not overlap, and at least
one byte that none of them touches lies between two.  The same random numbers give the same faults; where they come from
is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sigflow.errors import UsageError

if TYPE_CHECKING:
    from random import Random

#: Bytes of the input that are passed on at once.
PIECE = 1 << 20
#: Bytes of a stretch that a fault takes or puts, at most.
LONGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.  offset: in the input; out_offset: where the bytes `after` stand in the output."""

    kind: str
    offset: int
    out_offset: int
    before: bytes
    after: bytes

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "kind": self.kind,
            "offset": self.offset,
            "out_offset": self.out_offset,
            "before": self.before.hex(),
            "after": self.after.hex(),
        }


class Readable(Protocol):
    """What is damaged: bytes that can be read at any offset (a storage is such)."""

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop)."""


# ---------------------------------------------------------------- kinds


def _flip(before: bytes, rng: Random, longest: int) -> bytes:
    """One bit."""
    return bytes([before[0] ^ 1 << rng.randrange(8)])


def _burst(before: bytes, rng: Random, longest: int) -> bytes:
    """Some of the bits of a stretch, its first and its last byte among them."""
    noise = bytearray(rng.randbytes(len(before)))
    for end in (0, -1):
        noise[end] = noise[end] or rng.randrange(1, 256)
    return bytes(a ^ b for a, b in zip(before, noise, strict=True))


def _delete(before: bytes, rng: Random, longest: int) -> bytes:
    """Nothing is left."""
    return b""


def _insert(before: bytes, rng: Random, longest: int) -> bytes:
    """Bytes that were never there."""
    return rng.randbytes(rng.randint(1, longest))


def _duplicate(before: bytes, rng: Random, longest: int) -> bytes:
    """The stretch comes twice."""
    return before + before


def _reorder(before: bytes, rng: Random, longest: int) -> bytes:
    """Two neighbouring stretches change places."""
    cut = rng.randrange(1, len(before))
    return before[cut:] + before[:cut]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault.  least, most: bytes of the input that it takes; most None: as many as a stretch may have."""

    least: int
    most: int | None
    damage: Callable[[bytes, Random, int], bytes]


TRUNCATE = "truncate"
KINDS: dict[str, Kind] = {
    "flip": Kind(1, 1, _flip),
    "burst": Kind(1, None, _burst),
    "delete": Kind(1, None, _delete),
    "insert": Kind(0, 0, _insert),
    "duplicate": Kind(1, None, _duplicate),
    "reorder": Kind(2, None, _reorder),
    TRUNCATE: Kind(1, None, _delete),
}


# ---------------------------------------------------------------- plan and damage


@dataclass(frozen=True, slots=True)
class Site:
    """What is to be damaged, and how."""

    kind: str
    start: int
    stop: int


def plan(size: int, rng: Random, count: int, kinds: Sequence[str], longest: int) -> list[Site]:
    """Where `count` faults of these kinds go in an input of `size` bytes: every place is as likely as any other.

    longest: bytes that one fault takes or puts, at most.  A truncation is the last fault, and there is one only.
    Raises `UsageError` where there is no room for so many.
    """
    truncated = TRUNCATE in kinds and count > 0
    others = [kind for kind in kinds if kind != TRUNCATE]
    if count > truncated and not others:
        raise UsageError(f"{count} faults, but a capture is truncated once only; name another kind too")
    chosen = [rng.choice(others) for _ in range(count - truncated)] + [TRUNCATE] * truncated
    lengths = [_length(KINDS[kind], rng, longest) for kind in chosen]
    free = size - sum(lengths) - (count - 1)
    if free < 0:
        raise UsageError(f"{count} faults take {size - free} bytes, but there are only {size}")
    gaps = sorted(rng.randint(0, free) for _ in range(count))
    if truncated:
        gaps[-1] = free
    sites = []
    taken = 0
    for kind, length, gap in zip(chosen, lengths, gaps, strict=True):
        start = gap + taken
        sites.append(Site(kind, start, start + length))
        taken += length + 1
    return sites


def _length(kind: Kind, rng: Random, longest: int) -> int:
    most = longest if kind.most is None else kind.most
    return rng.randint(kind.least, max(kind.least, most))


def corrupt(
    source: Readable, size: int, sites: Iterable[Site], rng: Random, longest: int, done: Callable[[Fault], object]
) -> Iterator[bytes]:
    """The bytes of the damaged output, in bounded pieces.  sites: in order, as `plan` gives them.

    done: is told of each fault, in the order of the stream, before the bytes that it changed are given.
    """
    at = written = 0
    for site in sites:
        for piece in _between(source, at, site.start):
            written += len(piece)
            yield piece
        before = source.read(site.start, site.stop)
        after = KINDS[site.kind].damage(before, rng, longest)
        done(Fault(site.kind, site.start, written, before, after))
        written += len(after)
        yield after
        at = site.stop
    yield from _between(source, at, size)


def _between(source: Readable, start: int, stop: int) -> Iterator[bytes]:
    for at in range(start, stop, PIECE):
        yield source.read(at, min(at + PIECE, stop))
