"""Kernel code: numbers and bytes as frames spell them, stored values of checksums and texts that these cover.

`runtime/stored.py` says the same of bytes.
"""

from __future__ import annotations

from typing import Any

from sigflow.reads import u1

# ---------------------------------------------------------------- kernel code

#: How far below its piece a text is said in a list of stretches, where -256 to -1 stand for bytes.
SPELT_BELOW = 256
#: Encodings of bytes as text, by their numbers.
HEX = 0
BASE64 = 1


def number_at(data: Any, at: Any, size: Any, little: Any) -> Any:
    """The number of so many bytes at data[at]."""
    value = 0
    for n in range(size):
        value = value << 8 | u1(data, at + size - 1 - n if little else at + n)
    return value


def digit_of(byte: Any) -> Any:
    """The number that a hexadecimal digit of either case stands for; 99 where the byte is none."""
    if 48 <= byte <= 57:
        return byte - 48
    if 65 <= byte <= 70 or 97 <= byte <= 102:
        return (byte & 7) + 9
    return 99


def digits_differ(data: Any, at: Any, size: Any, base: Any, value: Any) -> Any:
    """Whether the digits at data[at] do not spell this number, or are no digits of this base."""
    number = 0
    for n in range(at, at + size):
        digit = digit_of(u1(data, n))
        if digit >= base:
            return True
        number = number * base + digit
    return number != value


def sextet_of(byte: Any) -> Any:
    """The number that a letter of base64 stands for; 99 where the byte is none."""
    if 65 <= byte <= 90:
        return byte - 65
    if 97 <= byte <= 122:
        return byte - 71
    if 48 <= byte <= 57:
        return byte + 4
    if byte == 43:
        return 62
    return 63 if byte == 47 else 99


def is_spelt(data: Any, start: Any, stop: Any, encoding: Any) -> Any:
    """Whether the text data[start:stop] spells bytes."""
    if encoding == HEX:
        for n in range(start, stop):
            if digit_of(u1(data, n)) > 15:
                return False
        return stop - start & 1 == 0
    body = stop
    while body > start and u1(data, body - 1) == 61:
        body -= 1
    for n in range(start, body):
        if sextet_of(u1(data, n)) > 63:
            return False
    if stop - start & 3 or stop - body > 2:
        return False
    # The last letter has bits that say nothing, which are 0.
    unused = 2 * (stop - body)
    return unused == 0 or sextet_of(u1(data, body - 1)) & (1 << unused) - 1 == 0


def spelt_size(data: Any, start: Any, stop: Any, encoding: Any) -> Any:
    """How many bytes a text spells."""
    if encoding == HEX:
        return stop - start >> 1
    size = (stop - start >> 2) * 3
    for n in range(max(start, stop - 2), stop):
        size -= u1(data, n) == 61
    return size


def spelt_byte(data: Any, start: Any, index: Any, encoding: Any) -> Any:
    """The byte of this number that the text at data[start] spells."""
    if encoding == HEX:
        at = start + 2 * index
        return (digit_of(u1(data, at)) & 15) << 4 | digit_of(u1(data, at + 1)) & 15
    at = start + index // 3 * 4 + index % 3
    high, low = sextet_of(u1(data, at)) & 63, sextet_of(u1(data, at + 1)) & 63
    shift = 2 * (index % 3)
    return (high << 2 + shift | low >> 4 - shift) & 0xFF
