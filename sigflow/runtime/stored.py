"""How the value of a checksum is written in a frame, and the bytes that a text in it spells."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Checksum, Laid, Layout

#: The bases of numbers that are written as digits.
BASES = {"hex": 16, "decimal": 10, "octal": 8}
_LETTERS = {"hex": "X", "decimal": "d", "octal": "o"}
_DIGITS = {"hex": b"0123456789abcdefABCDEF", "decimal": b"0123456789", "octal": b"01234567"}


def layouts_in(checksum: Checksum, laid: Laid) -> tuple[Layout, ...]:
    """The layouts in what a measure tells of a checksum."""
    if laid is None:
        return ()
    layouts: Any = laid if checksum.of_elements else (laid,)
    return layouts  # type: ignore[no-any-return]


def bits_in(checksum: Checksum) -> int:
    """How many bits a stored value has."""
    if checksum.mask is not None:
        return checksum.mask.bit_count()
    base = BASES.get(checksum.order)
    return 8 * checksum.size if base is None else (base**checksum.size).bit_length() - 1


def number(checksum: Checksum, field: bytes) -> int | None:
    """The value that a field holds; None where the text there is no number."""
    base = BASES.get(checksum.order)
    if base is not None:
        return None if field.translate(None, _DIGITS[checksum.order]) or not field else int(field, base)
    order = "little" if checksum.order == "little" else "big"
    value = int.from_bytes(field, order, signed=checksum.signed)  # type: ignore[arg-type]
    return value if checksum.mask is None else value >> checksum.shift & checksum.mask


def written(checksum: Checksum, value: int, field: bytes) -> bytes:
    """The field with this value in it, hexadecimal digits in upper case; bits that are none of the value's stay."""
    size = checksum.size
    if checksum.order in BASES:
        return f"{value:0{size}{_LETTERS[checksum.order]}}".encode()
    order = "little" if checksum.order == "little" else "big"
    if checksum.mask is not None:
        others = int.from_bytes(field, order) & ~(checksum.mask << checksum.shift)  # type: ignore[arg-type]
        value = others | (value & checksum.mask) << checksum.shift
    return (value % (1 << 8 * size)).to_bytes(size, order)  # type: ignore[arg-type]


def _hex(text: bytes) -> bytes | None:
    try:
        return binascii.unhexlify(text)
    except ValueError:
        return None


def _base64(text: bytes) -> bytes | None:
    """RFC 4648, section 4, with its padding, and without bits that say nothing (3.5)."""
    try:
        raw = binascii.a2b_base64(text)
    except ValueError:
        return None
    return raw if binascii.b2a_base64(raw, newline=False) == text else None


#: The encodings of bytes as text.
DECODINGS: dict[str, Callable[[bytes], bytes | None]] = {"hex": _hex, "base64": _base64}


def decoded(text: bytes, encoding: str) -> bytes | None:
    """The bytes that a text spells; None where it spells none."""
    return DECODINGS[encoding](text)
