"""Kernel code: numbers from bytes.  What a native measure and the native form of a checksum read with.

`data` is a one-dimensional uint8 array; every number is an int64, one of 64 unsigned bits its two's complement.  Who
calls has made sure that the bytes are there.  When compiled, these may be replaced by single loads.
"""

from __future__ import annotations

from typing import Any

# ---------------------------------------------------------------- kernel code


def u1(data: Any, at: int) -> int:
    """The byte at data[at]."""
    return int(data[at]) & 0xFF


def u2be(data: Any, at: int) -> int:
    """Two bytes, big-endian."""
    return u1(data, at) << 8 | u1(data, at + 1)


def u2le(data: Any, at: int) -> int:
    """Two bytes, little-endian."""
    return u1(data, at) | u1(data, at + 1) << 8


def u4be(data: Any, at: int) -> int:
    """Four bytes, big-endian."""
    return u2be(data, at) << 16 | u2be(data, at + 2)


def u4le(data: Any, at: int) -> int:
    """Four bytes, little-endian."""
    return u2le(data, at) | u2le(data, at + 2) << 16


def u8be(data: Any, at: int) -> int:
    """Eight bytes, big-endian, as two's complement."""
    return s4be(data, at) << 32 | u4be(data, at + 4)


def u8le(data: Any, at: int) -> int:
    """Eight bytes, little-endian, as two's complement."""
    return u4le(data, at) | s4le(data, at + 4) << 32


def s1(data: Any, at: int) -> int:
    """The signed byte at data[at]."""
    return (u1(data, at) ^ 0x80) - 0x80


def s2be(data: Any, at: int) -> int:
    """Two bytes, signed, big-endian."""
    return (u2be(data, at) ^ 0x8000) - 0x8000


def s2le(data: Any, at: int) -> int:
    """Two bytes, signed, little-endian."""
    return (u2le(data, at) ^ 0x8000) - 0x8000


def s4be(data: Any, at: int) -> int:
    """Four bytes, signed, big-endian."""
    return (u4be(data, at) ^ 0x80000000) - 0x80000000


def s4le(data: Any, at: int) -> int:
    """Four bytes, signed, little-endian."""
    return (u4le(data, at) ^ 0x80000000) - 0x80000000


def s8be(data: Any, at: int) -> int:
    """Eight bytes, signed, big-endian."""
    return u8be(data, at)


def s8le(data: Any, at: int) -> int:
    """Eight bytes, signed, little-endian."""
    return u8le(data, at)
