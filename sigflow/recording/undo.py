"""What a line, a terminal or a transfer does to bytes, as far as it can be undone, and how to see that it was that.

Each `Undo` is a pure function on bytes.  Nobody reads a stream through it: it is applied to a sample, and if frames
come out of it whose checksums hold, it says what happened.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigflow.recording.engines import read_through
from sigflow.runtime.stored import bits_in

if TYPE_CHECKING:
    from sigflow.stream.format import Format

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_INVERTED = bytes(255 - byte for byte in range(256))
_SEVEN = bytes(byte & 0x7F for byte in range(256))
#: What may stand in a dump in hexadecimal: digits, spaces, and an offset before each line.
_OFFSETS = re.compile(rb"^[0-9a-fA-F]{6,}[: ]", re.MULTILINE)
_TEXTS = re.compile(rb"  .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Undo:
    """Something that happens to bytes.  done: what `apply` does, "with ..."; cause, action: as of a symptom."""

    name: str
    done: str
    apply: Callable[[bytes], bytes]
    cause: str
    action: str


def _shifted(bits: int) -> Callable[[bytes], bytes]:
    """The bytes that begin so many bits later."""

    def shift(raw: bytes) -> bytes:
        size = max(len(raw) - 1, 0)
        return ((int.from_bytes(raw, "big") >> (8 - bits)) & ((1 << 8 * size) - 1)).to_bytes(size, "big")

    return shift


def _pairs(raw: bytes) -> bytes:
    even = bytearray(raw[: len(raw) & ~1])
    even[::2], even[1::2] = even[1::2], even[::2]
    return bytes(even)


def _unhex(raw: bytes) -> bytes:
    text = _TEXTS.sub(b"", _OFFSETS.sub(b"", raw)).translate(None, b" \t\r\n")
    try:
        return binascii.unhexlify(text[: len(text) & ~1])
    except ValueError:
        return b""


def _unbase64(raw: bytes) -> bytes:
    text = raw.translate(None, b" \t\r\n")
    try:
        return base64.b64decode(text[: len(text) & ~3], validate=True)
    except ValueError:
        return b""


_NEWLINES = "Line ends were translated on the way"
_RAW = "copy it as binary, and set a serial line to raw mode (stty raw: no icrnl, igncr, onlcr)"
_SLIP = "The receiver is not aligned to bytes"
_ALIGN = "begin at the right bit: a frame synchronizer must find the marker bit by bit"

#: What is tried, in this order.
UNDOS: tuple[Undo, ...] = (
    Undo("line-ends", "with CR LF for each LF LF", lambda raw: raw.replace(b"\n\n", b"\r\n"), _NEWLINES, _RAW),
    Undo("line-ends", "with CR LF for each LF", lambda raw: re.sub(rb"(?<!\r)\n", b"\r\n", raw), _NEWLINES, _RAW),
    Undo("line-ends", "with CR LF for each CR", lambda raw: re.sub(rb"\r(?!\n)", b"\r\n", raw), _NEWLINES, _RAW),
    Undo("line-ends", "with LF for each CR LF", lambda raw: raw.replace(b"\r\n", b"\n"), _NEWLINES, _RAW),
    Undo("line-ends", "with CR LF for each CR CR", lambda raw: raw.replace(b"\r\r", b"\r\n"), _NEWLINES, _RAW),
    Undo(
        "parity", "without the top bit of each byte", lambda raw: raw.translate(_SEVEN),
        "The top bit is a parity bit", "set the line to 7 data bits with that parity (7E1, 7O1)",
    ),
    Undo(
        "polarity", "with every bit inverted", lambda raw: raw.translate(_INVERTED),
        "The line is inverted", "swap the two wires of the pair, or set the polarity of the receiver",
    ),
    Undo(
        "bit-order", "with the bits of each byte in the other order", lambda raw: raw.translate(_REVERSED),
        "Sender and receiver do not agree which bit of a byte comes first", "set the receiver's bit order (MSB or LSB)",
    ),
    *(
        Undo("bit-slip", f"beginning {bits} bit{'s' * (bits > 1)} later", _shifted(bits), _SLIP, _ALIGN)
        for bits in range(1, 8)
    ),
    Undo(
        "byte-pairs", "with each two bytes swapped", _pairs,
        "The bytes went through something that reads words of 16 bits in the other byte order",
        "swap them when they are recorded",
    ),
    Undo(
        "byte-pairs", "with each two bytes from the second on swapped", lambda raw: _pairs(raw[1:]),
        "The bytes went through something that reads words of 16 bits in the other byte order",
        "swap them when they are recorded",
    ),
    Undo(
        "telnet", "with one 0xff for each two", lambda raw: raw.replace(b"\xff\xff", b"\xff"),
        "A telnet connection doubles 0xff", "use a raw TCP port of the terminal server",
    ),
    Undo("dump", "read as hexadecimal digits", _unhex, "It is a dump, not the bytes", "convert it (xxd -r -p)"),
    Undo("dump", "read as base64", _unbase64, "It is text, not the bytes", "convert it (base64 -d)"),
)  # fmt: skip


def bits_of(format: Format) -> int:
    """Bits of checksum that hold in each frame of a format; 0 where it has none or is no stream."""
    checks = format.envelope.search.checksums if format.envelope is not None else ()
    return sum(map(bits_in, checks))


def frames_in(formats: Sequence[Format], raw: bytes) -> dict[Format, tuple[int, int]]:
    """How many frames of each format these bytes hold, and how many bytes they are."""
    decoder = read_through(formats, raw)
    counts = decoder.statistics.by_format
    return {format: (counts[format.name]["frames"], counts[format.name]["bytes"]) for format in decoder.formats}
