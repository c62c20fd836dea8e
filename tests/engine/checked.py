"""Small formats with a check of every kind: a spec, and what makes its frames, which shares no code with sigflow.

`FORMATS` has for each row of the table of checks its formats.  An encoder gives a frame and the offsets of the bytes
that its check covers or that hold its value.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

#: Makes of a body a frame, and the offsets of what is checked in it.
Encoder = Callable[[bytes], tuple[bytes, list[int]]]


@dataclass(frozen=True, slots=True)
class Checked:
    """A format.  folded: whether letters of either case say the same in it."""

    name: str
    spec: str
    encode: Encoder
    folded: bool = False
    native: bool = True


# ---------------------------------------------------------------- checksums, written out


def crc(data: bytes, width: int, poly: int, init: int = 0, mirrored: bool = False, xorout: int = 0) -> int:
    register, top = init, 1 << width - 1
    for byte in data:
        bits = range(8) if mirrored else reversed(range(8))
        for bit in bits:
            out = bool(register & top) ^ bool(byte >> bit & 1)
            register = (register << 1 & (1 << width) - 1) ^ (poly if out else 0)
    if mirrored:
        register = int(f"{register:0{width}b}"[::-1], 2)
    return register ^ xorout


def modbus(data: bytes) -> int:
    return crc(data, 16, 0x8005, 0xFFFF, True)


def crc_24q(data: bytes) -> int:
    return crc(data, 24, 0x864CFB)


def folded(words: list[int], bits: int, total: int = 0) -> int:
    """The ones' complement sum."""
    for word in words:
        total += word
        while total >> bits:
            total = (total & (1 << bits) - 1) + (total >> bits)
    return total


def words(data: bytes, size: int, order: str) -> list[int]:
    return [
        int.from_bytes(data[at : at + size].ljust(size, b"\0"), order)  # type: ignore[arg-type]
        for at in range(0, len(data), size)
    ]


def xor(numbers: list[int] | bytes, value: int = 0) -> int:
    for number in numbers:
        value ^= number
    return value


# ---------------------------------------------------------------- plain frames: magic, n, body, and a value behind

HEAD = "meta: {{id: {id}, endian: {endian}{more}}}\n-sigflow-stream:\n  max-frame: 300\n  checksum: {checksum}\n"
SEQ = "seq:\n  - {id: magic, contents: [0xa5, 0x5c]}\n  - {id: n, type: u1}\n  - {id: body, size: n}\n"


def plain(
    name: str,
    checksum: str,
    value: Callable[[bytes], bytes],
    field: str = "{id: crc, type: u2}",
    endian: str = "be",
    more: str = "",
    rest: str = "",
    folded: bool = False,
) -> Checked:
    """magic, n, body, and what `value` makes of all of them."""
    fields = "".join(f"  - {line}\n" for line in field.split("\n"))
    spec = HEAD.format(id=name, endian=endian, more=more, checksum=checksum) + SEQ + fields + rest

    def encode(body: bytes) -> tuple[bytes, list[int]]:
        raw = b"\xa5\x5c" + bytes((len(body),)) + body
        frame = raw + value(raw)
        return frame, [*range(len(frame))]

    return Checked(name, spec, encode, folded)


def of(algorithm: str, over: str = "[magic..body]", **more: str) -> str:
    field = more.pop("name", "crc")
    extra = "".join(f", {key}: {value}" for key, value in more.items())
    return f"{{field: {field}, algorithm: {algorithm}, over: {over}{extra}}}"


def big(size: int, compute: Callable[[bytes], int]) -> Callable[[bytes], bytes]:
    return lambda raw: compute(raw).to_bytes(size, "big")


def little(size: int, compute: Callable[[bytes], int]) -> Callable[[bytes], bytes]:
    return lambda raw: compute(raw).to_bytes(size, "little")


# ---------------------------------------------------------------- paths

TYPES = (
    "types:\n  hdr: {seq: [{id: magic, contents: [0xa5, 0x5c]}, {id: n, type: u1}]}\n"
    "  foot: {seq: [{id: kind, type: u1}, {id: crc, type: u2le}]}\n"
    "  pdu: {seq: [{id: n, type: u1}, {id: data, size: n}, {id: crc, type: u2}]}\n"
)


def footed(body: bytes) -> tuple[bytes, list[int]]:
    raw = b"\xa5\x5c" + bytes((len(body),)) + body + b"K"
    return raw + struct.pack("<H", modbus(raw)), [*range(len(raw) + 2)]


def sized(body: bytes) -> tuple[bytes, list[int]]:
    raw = b"\xa5\x5c" + bytes((len(body) + 4, len(body))) + body
    return raw + struct.pack(">H", modbus(raw)) + b"?", [*range(len(raw) + 2)]


def part(body: bytes) -> tuple[bytes, list[int]]:
    raw = b"\xa5\x5c" + bytes((len(body),)) + body + b"K"
    return raw + struct.pack("<H", modbus(raw[2:-1])), [*range(2, len(raw) - 1), len(raw), len(raw) + 1]


def path(name: str, field: str, over: str, middle: str, encode: Encoder) -> Checked:
    checksum = f"{{field: {field}, algorithm: CRC-16/MODBUS, over: {over}}}"
    spec = HEAD.format(id=name, endian="be", more="", checksum=checksum) + "seq:\n  - {id: hdr, type: hdr}\n" + middle
    return Checked(name, spec + TYPES, encode)


PATHS = (
    path("footed", "foot.crc", "[hdr..foot.kind]", "  - {id: body, size: hdr.n}\n  - {id: foot, type: foot}\n", footed),
    path("spanned", "foot.crc", "[hdr.n..body]", "  - {id: body, size: hdr.n}\n  - {id: foot, type: foot}\n", part),
    path("sized", "pdu.crc", "[hdr..pdu.data]", "  - {id: pdu, size: hdr.n, type: pdu}\n", sized),
)

# ---------------------------------------------------------------- fields

ALL_64 = (1 << 64) - 1
CRC_24Q, MODBUS = "CRC-24Q", "CRC-16/MODBUS"
FIELDS = (
    plain("b24", of(CRC_24Q), big(3, crc_24q), "{id: crc, type: b24}"),
    plain(
        "b24le", of(CRC_24Q), little(3, crc_24q), "{id: crc, type: b24}", more=", bit-endian: le"
    ),
    plain(
        "b15", of("CRC-15/CAN"), big(2, lambda raw: 0x8000 | crc(raw, 15, 0x4599)),
        "{id: flag, type: b1, valid: true}\n{id: crc, type: b15}",
    ),
    plain(
        "b12", of("{sum: 16, mask: 0xfff}"), lambda raw: ((sum(raw) & 0xFFF) << 4 | 9).to_bytes(2, "big"),
        "{id: crc, type: b12}\n{id: rest, type: b4, valid: 9}",
    ),
    plain("three", of(CRC_24Q, order="le"), little(3, crc_24q), "{id: crc, size: 3}"),
    plain(
        "five", of("CRC-40/GSM"), big(5, lambda raw: crc(raw, 40, 0x0004820009, 0, False, (1 << 40) - 1)),
        "{id: crc, size: 5}",
    ),
    plain(
        "eight", of("CRC-64/XZ"), big(8, lambda raw: crc(raw, 64, 0x42F0E1EBA9EA3693, ALL_64, True, ALL_64)),
        "{id: crc, type: u8}",
    ),
    plain(
        "hex", of(MODBUS, encoding="hex"), lambda raw: b"%04X" % modbus(raw),
        "{id: crc, type: str, size: 4, encoding: ASCII}", folded=True,
    ),
    plain(
        "decimal", of("sum-8", encoding="decimal"), lambda raw: b"%03d" % (sum(raw) & 0xFF),
        "{id: crc, type: str, size: 3, encoding: ASCII}",
    ),
    plain("octal", of("sum-16", encoding="octal"), lambda raw: b"%06o" % (sum(raw) & 0xFFFF), "{id: crc, size: 6}"),
    plain(
        "instance", of(MODBUS, name="c"), little(2, modbus), "{id: lo, type: u1}\n{id: hi, type: u1}",
        rest="instances: {c: {value: 'hi << 8 | lo'}}\n",
    ),
    plain(
        "spelt", of("sum-8", name="c"), lambda raw: b"%03d" % (sum(raw) & 0xFF),
        "{id: crc, type: str, size: 3, encoding: ASCII}", rest="instances: {c: {value: crc.to_i}}\n",
    ),
    plain(
        "terminated", "{field: {expr: crc.to_i(16)}, algorithm: CRC-16/MODBUS, over: magic..body}",
        lambda raw: b"%x\r" % modbus(raw), "{id: crc, type: str, terminator: 13, encoding: ASCII}", folded=True,
    ),
    plain(
        "masked", of("{sum: 16, mask: 0x7fff}", name="c"), lambda raw: (0x8000 | sum(raw) & 0x7FFF).to_bytes(2, "big"),
        "{id: word, type: u2, valid: {min: 0x8000}}", rest="instances: {c: {value: word & 0x7fff}}\n",
    ),
    plain(
        "expected", "{field: {expr: 'crc ^ 0xffff'}, algorithm: CRC-16/MODBUS, over: magic..body}",
        big(2, lambda raw: modbus(raw) ^ 0xFFFF),
    ),
    plain(
        "apart", "{field: {expr: 'hi << 8 | lo'}, algorithm: CRC-16/MODBUS, over: [magic..body, between]}",
        lambda raw: bytes((modbus(raw + b"-") >> 8,)) + b"-" + bytes((modbus(raw + b"-") & 0xFF,)),
        "{id: hi, type: u1}\n{id: between, type: u1}\n{id: lo, type: u1}",
    ),
)  # fmt: skip

# ---------------------------------------------------------------- algorithms


def fletcher(raw: bytes, modulus: int) -> int:
    a = b = 0
    for byte in raw:
        a = (a + byte) % modulus
        b = (b + a) % modulus
    return b << 8 | a


ALGORITHMS = (
    plain("sum8", of("sum-8"), big(1, lambda raw: sum(raw) & 0xFF), "{id: crc, type: u1}"),
    plain("lrc", of("LRC"), big(1, lambda raw: -sum(raw) & 0xFF), "{id: crc, type: u1}"),
    plain("ones8", of("{sum: 8, complement: ones}"), big(1, lambda raw: ~sum(raw) & 0xFF), "{id: crc, type: u1}"),
    plain(
        "around8", of("{sum: 8, carry: end-around, complement: ones, init: 7}"),
        big(1, lambda raw: ~folded(list(raw), 8, 7) & 0xFF), "{id: crc, type: u1}",
    ),
    plain("internet", of("internet"), big(2, lambda raw: ~folded(words(raw, 2, "big"), 16) & 0xFFFF)),
    plain(
        "aroundle", of("{sum: 16, word: u2le, carry: end-around, init: 0x1234}"),
        big(2, lambda raw: folded(words(raw, 2, "little"), 16, 0x1234)),
    ),
    plain(
        "words16", of("{sum: 16, word: u2, complement: twos}"),
        little(2, lambda raw: -sum(words(raw, 2, "little")) & 0xFFFF), endian="le",
    ),
    plain(
        "words32", of("{sum: 32, word: u4be}"), big(4, lambda raw: sum(words(raw, 4, "big")) & 0xFFFFFFFF),
        "{id: crc, type: u4}",
    ),
    plain(
        "words32le", of("{sum: 32, word: u4le, complement: ones}"),
        big(4, lambda raw: ~sum(words(raw, 4, "little")) & 0xFFFFFFFF), "{id: crc, type: u4}",
    ),
    plain("mask15", of("{sum: 16, mask: 0x7fff}"), big(2, lambda raw: sum(raw) & 0x7FFF)),
    plain("xor8", of("{xor: 8, init: 0x5a}"), big(1, lambda raw: xor(raw, 0x5A)), "{id: crc, type: u1}"),
    plain("xor16", of("{xor: 16, word: u2be, init: 0x1d0f}"), big(2, lambda raw: xor(words(raw, 2, "big"), 0x1D0F))),
    plain("xor16le", of("{xor: 16, word: u2le}"), big(2, lambda raw: xor(words(raw, 2, "little")))),
    plain("crc24", of("CRC-24/OPENPGP"), big(3, lambda raw: crc(raw, 24, 0x864CFB, 0xB704CE)), "{id: crc, type: b24}"),
    plain("dvbs2", of("CRC-8/DVB-S2"), big(1, lambda raw: crc(raw, 8, 0xD5)), "{id: crc, type: u1}"),
    plain("fletcher", of("Fletcher-16"), big(2, lambda raw: fletcher(raw, 255))),
    plain("fletcher256", of("fletcher-16-mod256"), big(2, lambda raw: fletcher(raw, 256))),
    plain("adler", of("Adler-32"), big(4, zlib.adler32), "{id: crc, type: u4}"),
)  # fmt: skip

# ---------------------------------------------------------------- what text spells


def record(start: bytes, raw: bytes, value: int, end: bytes) -> tuple[bytes, list[int]]:
    """A line of hexadecimal digits with a checksum of one byte."""
    text = (raw + bytes((value,))).hex().upper().encode()
    return start + text + end, [*range(len(start), len(start) + len(text))]


def intel(body: bytes) -> tuple[bytes, list[int]]:
    raw = bytes((len(body), 1, 0, 0)) + body
    return record(b":", raw, -sum(raw) & 0xFF, b"\r\n")


def motorola(body: bytes) -> tuple[bytes, list[int]]:
    raw = bytes((len(body) + 3, 1, 0)) + body
    return record(b"S1", raw, ~sum(raw) & 0xFF, b"\n")


def modbus_ascii(body: bytes) -> tuple[bytes, list[int]]:
    raw = b"\x11\x03" + body
    return record(b":", raw, -sum(raw) & 0xFF, b"\r\n")


def base64_line(body: bytes) -> tuple[bytes, list[int]]:
    text = base64.b64encode(body)
    frame = b"!" + text + b"*" + b"%010d" % zlib.crc32(body) + b"\n"
    return frame, [*range(1, 1 + len(text)), *range(len(text) + 2, len(frame) - 1)]


def hexed(body: bytes) -> tuple[bytes, list[int]]:
    text = body.hex().encode()
    raw = b"\xa5\x5c" + bytes((len(text),)) + text
    return raw + struct.pack(">H", modbus(raw[:3] + body)), [*range(len(raw) + 2)]


SPELT = (
    Checked(
        "intel",
        "meta: {id: intel}\n-sigflow-stream:\n  max-frame: 600\n"
        "  checksum: {field: sum, encoding: hex, algorithm: lrc, over: [{field: size, decode: hex},"
        " {field: rest, decode: hex}]}\n"
        "seq:\n  - {id: start, contents: ':'}\n  - {id: size, type: str, size: 2, encoding: ASCII}\n"
        "  - {id: rest, size: 6 + 2 * size.to_i(16)}\n  - {id: sum, type: str, size: 2, encoding: ASCII}\n"
        "  - {id: eol, contents: [13, 10]}\n",
        intel,
        folded=True,
    ),
    Checked(
        "motorola",
        "meta: {id: motorola, encoding: ASCII}\n-sigflow-stream:\n  max-frame: 600\n"
        "  checksum: {field: sum, encoding: hex, algorithm: {sum: 8, complement: ones},"
        " over: {field: line.covered, decode: hex}}\n"
        "seq:\n  - {id: start, contents: S1}\n  - {id: line, type: line}\n  - {id: sum, type: str, size: 2}\n"
        "  - {id: eol, contents: [10]}\n"
        "types:\n  line: {seq: [{id: covered, type: str, size: 16}]}\n",
        lambda body: motorola((body + bytes(8))[:5]),
        folded=True,
    ),
    Checked(
        "modbus_ascii",
        "meta: {id: modbus_ascii, encoding: ASCII}\n-sigflow-stream:\n  max-frame: 600\n"
        "  checksum: {field: lrc, encoding: hex, algorithm: LRC, over: {field: pdu, decode: hex}}\n"
        "seq:\n  - {id: start, contents: ':'}\n  - {id: pdu, type: str, size: 24}\n  - {id: lrc, type: str, size: 2}\n"
        "  - {id: eol, contents: [13, 10]}\n",
        lambda body: modbus_ascii((body + bytes(10))[:10]),
        folded=True,
    ),
    Checked(
        "base64_line",
        "meta: {id: base64_line, encoding: ASCII}\n-sigflow-stream:\n  max-frame: 600\n"
        "  checksum: {field: crc, encoding: decimal, algorithm: CRC-32/ISO-HDLC, over: {field: text, decode: base64}}\n"
        "seq:\n  - {id: start, contents: '!'}\n  - {id: text, type: str, terminator: 0x2a}\n"
        "  - {id: crc, size: 10, type: str}\n  - {id: eol, contents: [10]}\n",
        base64_line,
    ),
    Checked(
        "hexed",
        HEAD.format(
            id="hexed", endian="be", more="",
            checksum="{field: crc, algorithm: CRC-16/MODBUS, over: [magic..n, {field: body, decode: hex}]}",
        )
        + SEQ
        + "  - {id: crc, type: u2}\n",
        hexed,
        folded=True,
    ),
)  # fmt: skip

# ---------------------------------------------------------------- expressions


def command(body: bytes) -> tuple[bytes, list[int]]:
    raw = b"\xa5\x5c" + bytes((*(body + bytes(4))[:4],))
    return raw + bytes((~sum(raw[2:]) & 0xFF,)), [*range(2, len(raw) + 1)]


def twice(body: bytes) -> tuple[bytes, list[int]]:
    """The length twice, the second time inverted, as XMODEM counts its blocks."""
    n = bytes((len(body), 255 - len(body)))
    return b"\xa5\x5c" + n + body, [2, 3]


def signed(body: bytes) -> tuple[bytes, list[int]]:
    left, right = (body + bytes(2))[:2]
    value = left - right if -128 <= left - right <= 127 else 0
    left = left if value == left - right else right
    return b"\xa5\x5c" + bytes((left, right)) + struct.pack("b", value), [2, 3, 4]


def words_of(body: bytes) -> tuple[bytes, list[int]]:
    a, b, c = struct.unpack(">HHH", (body + bytes(6))[:6])
    return b"\xa5\x5c" + struct.pack(">HHHH", a, b, c, a ^ b ^ c ^ 0xAAAA), [*range(2, 10)]


COMMAND = "  - {id: a, type: u1}\n  - {id: b, type: u1}\n  - {id: c, type: u1}\n  - {id: d, type: u1}\n"
MAGIC = "seq:\n  - {id: magic, contents: [0xa5, 0x5c]}\n"


def expression(name: str, checksum: str, fields: str, encode: Encoder) -> Checked:
    return Checked(name, HEAD.format(id=name, endian="be", more="", checksum=checksum) + MAGIC + fields, encode)


EXPRESSIONS = (
    expression(
        "command", "{field: sum, expr: ~(a + b + c + d) & 0xff}", COMMAND + "  - {id: sum, type: u1}\n", command
    ),
    expression(
        "equation", "{expr: (255 - n) == inverse}",
        "  - {id: n, type: u1}\n  - {id: inverse, type: u1}\n  - {id: body, size: n}\n", twice,
    ),
    expression(
        "of_words", "{field: check, expr: 'w[0] ^ w[1] ^ w[2] ^ 0xaaaa'}",
        "  - {id: w, type: u2, repeat: expr, repeat-expr: 3}\n  - {id: check, type: u2}\n", words_of,
    ),
    expression(
        "signed", "{field: difference, expr: left - right}",
        "  - {id: left, type: u1}\n  - {id: right, type: u1}\n  - {id: difference, type: s1}\n", signed,
    ),
)  # fmt: skip

# ---------------------------------------------------------------- tables

EXTRA = [50, 124, 137, 0, 237, 217, 104, 119]
RATES = [[0, 32, 48, 300], [0, 8, 16, 24]]


def mavlink(body: bytes) -> tuple[bytes, list[int]]:
    id = len(body) % 8
    raw = bytes((len(body), 7, 1, 1, id)) + body
    value = crc(raw + bytes((EXTRA[id],)), 16, 0x1021, 0xFFFF, True)
    return b"\xfe" + raw + struct.pack("<H", value), [*range(1, len(raw) + 3)]


def rated(body: bytes) -> tuple[bytes, list[int]]:
    version, index = len(body) % 2, len(body) % 3
    size = RATES[version][index]
    raw = b"\xff\xe0" + bytes((version << 4 | index,)) + (body * 60)[:size].ljust(size, b".")
    return raw + struct.pack(">H", modbus(raw)), [*range(len(raw) + 2)]


def weighed(body: bytes) -> tuple[bytes, list[int]]:
    """A check digit by weights."""
    a, b, c = (byte & 3 for byte in (body + bytes(3))[:3])
    return b"\xa5\x5c" + bytes((a, b, c, [3, 1, 700, -5][a] + [3, 1, 700, -5][b] + c & 0xFF)), [2, 3, 4, 5]


TABLES = (
    Checked(
        "mavlink",
        "meta: {id: mavlink, endian: le}\n-sigflow-stream:\n"
        f"  checksum: {{field: crc, algorithm: CRC-16/MCRF4XX, over: [n..body, {{expr: '{EXTRA}[id]'}}]}}\n"
        "seq:\n  - {id: magic, contents: [0xfe]}\n  - {id: n, type: u1}\n  - {id: seq, type: u1}\n"
        "  - {id: system, type: u1}\n  - {id: component, type: u1}\n  - {id: id, type: u1}\n"
        "  - {id: body, size: n}\n  - {id: crc, type: u2}\n",
        mavlink,
    ),
    Checked(
        "rated",
        "meta: {id: rated, endian: be}\n-sigflow-stream:\n"
        "  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: magic..body}\n"
        "seq:\n  - {id: magic, contents: [0xff, 0xe0]}\n  - {id: version, type: b4}\n  - {id: index, type: b4}\n"
        f"  - {{id: body, size: 'rates[version][index]'}}\n  - {{id: crc, type: u2}}\n"
        f"instances: {{rates: {{value: '{RATES}'}}}}\n",
        rated,
    ),
    expression(
        "weighed", "{field: check, expr: 'w[a] + w[b] + c & 0xff'}",
        "  - {id: a, type: u1}\n  - {id: b, type: u1}\n  - {id: c, type: u1}\n  - {id: check, type: u1}\n"
        "instances: {w: {value: '[3, 1, 700, -5]'}}\n",
        weighed,
    ),
)  # fmt: skip

# ---------------------------------------------------------------- elements


def dnp(raw: bytes) -> bytes:
    return struct.pack("<H", crc(raw, 16, 0x3D65, 0, True, 0xFFFF))


def dnp3(body: bytes) -> tuple[bytes, list[int]]:
    """A header, then blocks of at most 16 bytes, each with its CRC."""
    head = b"\x05\x64" + bytes((len(body), 7))
    frame = head + dnp(head)
    for at in range(0, len(body), 16):
        frame += body[at : at + 16] + dnp(body[at : at + 16])
    return frame, [*range(len(frame))]


def packets(body: bytes) -> tuple[bytes, list[int]]:
    """Packets of a size of their own, with a sum of words behind; three in each frame."""
    frame, places = b"\xa5\x5c\x03", []
    for part in (body[:3], body[3:8], body[8:]):
        frame += bytes((len(part) + 2,))
        places += range(len(frame), len(frame) + len(part) + 2)
        frame += part + (sum(words(part, 2, "little")) & 0xFFFF).to_bytes(2, "little")
    return frame + b"\n", places


def mixed(body: bytes) -> tuple[bytes, list[int]]:
    """In a part of known size, what is checked beside what is not, and some in what is."""
    frame, places = b"\xa5\x5c", []
    parts = b""
    for n, part in enumerate((body[:4], body[4:9], body[9:])):
        if n == 1:
            parts += b"\2" + bytes((len(part),)) + part
            continue
        at = len(frame) + 1 + len(parts)
        raw = b"\1" + bytes((len(part),)) + part
        places += [*range(at + 1, at + len(raw) + 1)]
        parts += raw + bytes((xor(raw[1:], 0x33),))
    return frame + bytes((len(parts),)) + parts, places


def optional(body: bytes) -> tuple[bytes, list[int]]:
    """As many elements as the body has letters; without any, only a chain says that it is a frame."""
    frame, places = b"\xa5\x5c\x00\xff" + bytes((len(body) & 3,)), []
    for n in range(len(body) & 3):
        places += range(len(frame), len(frame) + 3)
        frame += bytes((n, body[n])) + bytes((n + body[n] & 0xFF,))
    return frame + b"\x0d\x0a", places


ELEMENTS = (
    Checked(
        "dnp3",
        "meta: {id: dnp3, endian: le}\n-sigflow-stream:\n  max-frame: 300\n"
        "  checksum: {field: crc, algorithm: CRC-16/DNP, over: [start..control]}\n"
        "seq:\n  - {id: start, contents: [5, 0x64]}\n  - {id: n, type: u1}\n  - {id: control, type: u1}\n"
        "  - {id: crc, type: u2}\n  - {id: blocks, type: block(_index), repeat: expr, repeat-expr: (n + 15) / 16}\n"
        "types:\n  block:\n    params: [{id: i, type: u4}]\n"
        "    -sigflow-checksum: {field: crc, algorithm: CRC-16/DNP, over: data}\n"
        "    seq:\n      - {id: data, size: '(i * 16 + 16 <= _root.n) ? 16 : _root.n - i * 16'}\n"
        "      - {id: crc, type: u2}\n",
        dnp3,
    ),
    Checked(
        "packets",
        "meta: {id: packets, endian: le}\n-sigflow-stream:\n  max-frame: 300\n"
        "seq:\n  - {id: magic, contents: [0xa5, 0x5c]}\n  - {id: count, type: u1}\n"
        "  - {id: packets, type: item, repeat: expr, repeat-expr: count}\n  - {id: end, contents: [10]}\n"
        "types:\n  item: {seq: [{id: size, type: u1, valid: {min: 2}}, {id: packet, type: packet, size: size}]}\n"
        "  packet:\n    -sigflow-checksum: {field: sum, algorithm: {sum: 16, word: u2}, over: data}\n"
        "    seq:\n      - {id: data, size: _io.size - 2}\n      - {id: sum, type: u2}\n",
        packets,
    ),
    Checked(
        "mixed",
        "meta: {id: mixed, endian: be}\n-sigflow-stream:\n  max-frame: 300\n"
        "seq:\n  - {id: magic, contents: [0xa5, 0x5c]}\n  - {id: size, type: u1}\n"
        "  - {id: parts, type: parts, size: size}\n"
        "types:\n  parts: {seq: [{id: items, type: item, repeat: eos}]}\n"
        "  item:\n    seq:\n      - {id: kind, type: u1, valid: {min: 1, max: 2}}\n"
        "      - {id: body, type: {switch-on: kind, cases: {1: checked, 2: free}}}\n"
        "  checked:\n    -sigflow-checksum: {field: check, algorithm: {xor: 8, init: 0x33}, over: [n..data]}\n"
        "    seq: [{id: n, type: u1}, {id: data, size: n}, {id: check, type: u1}]\n"
        "  free: {seq: [{id: n, type: u1}, {id: data, size: n}]}\n",
        mixed,
    ),
    Checked(
        "optional",
        "meta: {id: optional, endian: be}\n-sigflow-stream:\n  max-frame: 30\n  confirm: {chain: 2}\n"
        "seq:\n  - {id: magic, contents: [0xa5, 0x5c, 0, 0xff]}\n  - {id: n, type: u1, valid: {max: 3}}\n"
        "  - {id: items, type: item, repeat: expr, repeat-expr: n}\n  - {id: end, contents: [13, 10]}\n"
        "types:\n  item:\n    -sigflow-checksum: {field: sum, expr: a + b & 0xff}\n"
        "    seq: [{id: a, type: u1}, {id: b, type: u1}, {id: sum, type: u1}]\n",
        optional,
    ),
)

# ---------------------------------------------------------------- checksums that not every frame has


def flagged(body: bytes) -> tuple[bytes, list[int]]:
    """A flag says whether there is a CRC."""
    raw = b"\xa5\x5c" + bytes((len(body) & 1, len(body))) + body
    return (raw + struct.pack("<H", modbus(raw)), [*range(len(raw) + 2)]) if len(body) & 1 else (raw, [])


def meant(body: bytes) -> tuple[bytes, list[int]]:
    """The field is always there, and means something in half of the frames."""
    raw = b"\xa5\x5c" + bytes((len(body) & 1, len(body))) + body
    value = bytes((sum(raw) & 0xFF,)) if len(body) & 1 else b"?"
    # (Without the flag, it is a good frame that has none.)
    return raw + value, [0, 1, *range(3, len(raw) + 1)] if len(body) & 1 else []


def either(body: bytes) -> tuple[bytes, list[int]]:
    """Two checksums, of which each frame has one, or the other, or none, or both."""
    flags = len(body) & 3
    raw = b"\xa5\x5c" + bytes((flags, len(body))) + body
    ends = (bytes((sum(raw) & 0xFF,)) if flags & 1 else b"") + (struct.pack(">H", modbus(raw)) if flags & 2 else b"")
    return raw + ends, [*range(len(raw + ends))] if flags else []


def mbus(body: bytes) -> tuple[bytes, list[int]]:
    """Long frames, short ones, and a single character; each has its own checksum, or none."""
    if len(body) % 3 == 0:
        return b"\xe5", []
    if len(body) % 3 == 1:
        raw = (body + b"..")[:2]
        return b"\x10" + raw + bytes((sum(raw) & 0xFF,)) + b"\x16", [0, 1, 2, 3, 4]
    raw = body + b"--"
    frame = b"\x68" + bytes((len(raw), len(raw))) + b"\x68" + raw + bytes((sum(raw) & 0xFF,)) + b"\x16"
    return frame, [*range(len(frame))]


FLAGS = "  - {id: flags, type: u1, valid: {max: 3}}\n  - {id: n, type: u1}\n  - {id: body, size: n}\n"


def sometimes(name: str, checksum: str, fields: str, encode: Encoder) -> Checked:
    more = "\n  confirm: {chain: 2}"
    return Checked(name, HEAD.format(id=name, endian="le", more="", checksum=checksum + more) + fields, encode)


SOMETIMES = (
    sometimes(
        "flagged", of(MODBUS), MAGIC + FLAGS + "  - {id: crc, type: u2, if: flags & 1 != 0}\n", flagged
    ),
    sometimes(
        "meant", of("sum-8", **{"if": "flags & 1 == 1"}), MAGIC + FLAGS + "  - {id: crc, type: u1}\n", meant
    ),
    sometimes(
        "either", f"[{of('sum-8', name='sum')}, {of(MODBUS, **{'if': 'flags & 2 != 0'})}]",
        MAGIC + FLAGS + "  - {id: sum, type: u1, if: flags & 1 != 0}\n  - {id: crc, type: u2be, if: flags & 2 != 0}\n",
        either,
    ),
    Checked(
        "mbus",
        "meta: {id: mbus}\n-sigflow-stream:\n  max-frame: 300\n  confirm: {chain: 2}\n  checksum:\n"
        "    - {field: long.checksum, algorithm: sum-8, over: long.body}\n"
        "    - {field: short.checksum, algorithm: sum-8, over: short.control..short.address}\n"
        "seq:\n  - {id: start, type: u1, valid: {any-of: [0x68, 0x10, 0xe5]}}\n"
        "  - {id: long, type: long, if: start == 0x68}\n  - {id: short, type: short, if: start == 0x10}\n"
        "types:\n  long:\n    seq:\n      - {id: n, type: u1, valid: {min: 2}}\n"
        "      - {id: again, type: u1, valid: n}\n      - {id: start, contents: [0x68]}\n"
        "      - {id: body, size: n}\n      - {id: checksum, type: u1}\n      - {id: stop, contents: [0x16]}\n"
        "  short:\n    seq:\n      - {id: control, type: u1}\n      - {id: address, type: u1}\n"
        "      - {id: checksum, type: u1}\n      - {id: stop, contents: [0x16]}\n",
        mbus,
    ),
)  # fmt: skip

FORMATS: dict[str, tuple[Checked, ...]] = {
    "paths": PATHS,
    "fields": FIELDS,
    "algorithms": ALGORITHMS,
    "decode": SPELT,
    "expr": EXPRESSIONS,
    "tables": TABLES,
    "elements": ELEMENTS,
    "if": SOMETIMES,
}
