"""Bytes as the reference interpreter takes them: a position, bit fields, terminators, and processes undone.

Plain and slow on purpose, and written without a look at `sigflow.runtime`: bits are gathered byte by byte, nothing is
read at once.  Errors are those of Kaitai's runtime.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import kaitaistruct

from sigflow.compiler.model import Shape


class Reader:
    """A position in bytes; `rest` holds the `left` bits of the byte before it that no bit field took yet."""

    __slots__ = ("data", "at", "data", "left", "rest")

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.rest, self.left = data, 0, 0, 0

    def pos(self) -> int:
        return self.at

    def seek(self, pos: int) -> None:
        if pos < 0:
            raise kaitaistruct.InvalidArgumentError(f"cannot seek to {pos}")
        self.align()
        self.at = pos

    def align(self) -> None:
        self.rest = self.left = 0

    def eof(self) -> bool:
        return self.left == 0 and self.at >= len(self.data)

    def need(self, n: int) -> None:
        there = max(len(self.data) - self.at, 0)
        if n > there:
            raise kaitaistruct.EndOfStreamError(f"wanted {n} bytes, there are {there}", n, there)

    def take(self, n: int) -> bytes:
        if n < 0:
            raise kaitaistruct.InvalidArgumentError(f"cannot read {n} bytes")
        self.need(n)
        self.align()
        self.at += n
        return self.data[self.at - n : self.at]

    def take_all(self) -> bytes:
        return self.take(max(len(self.data) - self.at, 0))

    def take_until(self, term: bytes, include: bool, consume: bool, must: bool) -> bytes:
        start = self.at
        length = first_aligned(self.data[start:], term)
        if length is None:
            if must:
                raise kaitaistruct.NoTerminatorFoundError(term, max(len(self.data) - start, 0) % len(term))
            return self.take_all()
        taken = self.take(length)
        self.at += len(term) if consume else 0
        return taken + (term if include else b"")

    def bits(self, n: int, order: str) -> int:
        self.need(-(-max(n - self.left, 0) // 8))
        while self.left < n:
            byte = self.data[self.at]
            self.rest = self.rest << 8 | byte if order == "be" else byte << self.left | self.rest
            self.at += 1
            self.left += 8
        self.left -= n
        if order == "be":
            value, self.rest = divmod(self.rest, 1 << self.left)
        else:
            self.rest, value = divmod(self.rest, 1 << n)
        return value


def first_aligned(data: bytes, term: bytes) -> int | None:
    """Where `term` first stands at a multiple of its size."""
    step = len(term)
    if step == 1:
        at = data.find(term)
        return at if at >= 0 else None
    return next((at for at in range(0, len(data), step) if data[at : at + step] == term), None)


def cut(data: bytes, shape: Shape) -> bytes:
    """Bytes of a known size, less their padding and what stands behind the terminator.

    Where the padding byte is the terminator, the terminator is what ends them.
    """
    if shape.pad is not None and shape.term != bytes((shape.pad,)):
        data = data.rstrip(bytes((shape.pad,)))
    at = first_aligned(data, shape.term) if shape.term is not None else None
    if at is None or shape.term is None:
        return data
    return data[: at + len(shape.term)] if shape.include else data[:at]


def unxor(data: bytes, key: int | bytes) -> bytes:
    keys = key if isinstance(key, bytes) else [key]
    return bytes(byte ^ keys[at % len(keys)] for at, byte in enumerate(data))


def rotated(data: bytes, by: int) -> bytes:
    return bytes((byte << by % 8 | byte >> 8 - by % 8) & 0xFF for byte in data)


PROCESSES: dict[str, Callable[..., bytes]] = {
    "zlib": zlib.decompress,
    "xor": unxor,
    "rol": rotated,
    "ror": lambda data, by: rotated(data, -by),
}
