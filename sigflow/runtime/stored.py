"""How the value of a checksum is written in a frame, and the bytes that a text in it spells."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Checksum, Framing, Laid, Layout, Piece

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


#: What is covered stands on the wire, see `raw_of`.
RAW = "raw"


def of_wire(laid: Laid, framing: Framing, wire: bytes) -> Laid:
    """What a measure tells of a checksum, with bytes in place of the pieces that stand for those of the wire.

    wire: the whole frame.
    """
    if laid is None or not isinstance(laid[0], int):
        return laid  # (elements cover nothing of the wire)
    layout: Any = laid
    pieces: tuple[Piece, ...] = tuple(
        raw_of(framing, wire, piece) if isinstance(piece, tuple) and piece[2:] and piece[2].startswith(RAW) else piece
        for piece in layout[1]
    )
    return cast("Laid", (layout[0], pieces, *layout[2:]))


def raw_of(framing: Framing, wire: bytes, piece: tuple[int, int | None, str]) -> bytes:
    """The bytes of the wire that a piece of a unit stands for.

    wire: a whole frame.  piece: its places in the unit, and behind it those in the trailer; and which literals it goes
    over besides: `<` from the beginning of the one that begins the unit on, `>` to the end of the one that ends it.
    """
    first, behind = len(framing.start), len(wire) - framing.trailer
    last = behind - len(framing.end)
    if framing.delimiter:
        last = behind = len(wire) - (len(framing.delimiter) if wire.endswith(framing.delimiter) else 0)
    stuffed = wire[first:last]
    places = framing.stuffing.places(stuffed) if framing.stuffing is not None else list(range(len(stuffed) + 1))
    size, (start, stop, edges) = len(places) - 1, piece
    begin = 0 if "<" in edges else first + places[start] if start < size else behind + start - size
    if ">" in edges:
        return wire[begin : behind if not framing.delimiter else len(wire)]
    stop = size if stop is None else stop
    return wire[begin : first + places[stop] if stop <= size else behind + stop - size]
