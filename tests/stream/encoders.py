"""Encoders of public formats, written from their descriptions alone: nothing of sigflow is used here.

Each takes a random number generator and gives the pieces of a capture in order; what kind of piece each is, is the
truth that `test_described.py` compares with.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import NamedTuple

FRAME, IDLE, PART = "frame", "idle", "part"


class Piece(NamedTuple):
    """Bytes of a capture.  kind: a frame, idle bytes between frames, or what stands once around them."""

    kind: str
    data: bytes


def crc(width: int, poly: int, init: int, reflected: bool, xorout: int, data: bytes) -> int:
    """A CRC, bit by bit.  Returns the value, an integer of `width` bits."""
    value, top = init, 1 << (width - 1)
    for byte in data:
        for bit in range(8):
            next_bit = byte >> (bit if reflected else 7 - bit) & 1
            carry = (value & top != 0) ^ next_bit
            value = value << 1 & (1 << width) - 1
            value ^= poly if carry else 0
    if reflected:
        value = int(f"{value:0{width}b}"[::-1], 2)
    return value ^ xorout


def frames(datas: list[bytes]) -> list[Piece]:
    return [Piece(FRAME, data) for data in datas]


def rtcm3(rng: random.Random) -> list[Piece]:
    """RTCM 10403, 4: d3, six reserved bits, ten of length, the message, CRC-24Q."""
    datas = []
    for _ in range(60):
        body = struct.pack(">H", rng.randrange(1001, 1300) << 4) + rng.randbytes(rng.randrange(0, 200))
        head = struct.pack(">BH", 0xD3, len(body)) + body
        datas.append(head + crc(24, 0x864CFB, 0, False, 0, head).to_bytes(3, "big"))
    return frames(datas)


def dnp3(rng: random.Random) -> list[Piece]:
    """IEEE 1815, 9.2: a header of eight bytes, then blocks of at most 16, each with a CRC-16/DNP."""

    def checked(block: bytes) -> bytes:
        return block + struct.pack("<H", crc(16, 0x3D65, 0, True, 0xFFFF, block))

    datas = []
    for _ in range(60):
        data = rng.randbytes(rng.choice((0, 1, 15, 16, 17, 32, 33, rng.randrange(251))))
        header = struct.pack("<HBBHH", 0x6405, 5 + len(data), rng.choice((0xC4, 0x44, 0x0B)), rng.randrange(9), 1024)
        datas.append(checked(header) + b"".join(checked(data[at : at + 16]) for at in range(0, len(data), 16)))
    return frames(datas)


def modbus_ascii(rng: random.Random) -> list[Piece]:
    """MODBUS over Serial Line 1.02, 2.5.2: a colon, hexadecimal digits of the message and of its LRC, CR LF."""
    datas = []
    for _ in range(60):
        message = bytes((rng.randrange(1, 248), rng.choice((1, 3, 6, 16)))) + rng.randbytes(rng.randrange(1, 40))
        message += bytes((-sum(message) & 0xFF,))
        datas.append(b":" + message.hex().upper().encode() + b"\r\n")
    return frames(datas)


def srecord(rng: random.Random) -> list[Piece]:
    """Motorola S-records (srec(5)): S, a type, a count, an address of two to four bytes, data, ones' complement sum."""
    records = [(0, 0, b"twelve")] + [
        (rng.choice((1, 2, 3)), rng.randrange(0x10000), rng.randbytes(rng.randrange(1, 33))) for _ in range(60)
    ]
    datas = []
    for kind, address, data in [*records, (5, 60, b""), (9, 0, b"")]:
        width = {0: 2, 1: 2, 2: 3, 3: 4, 5: 2, 9: 2}[kind]
        body = bytes((width + len(data) + 1,)) + address.to_bytes(width, "big") + data
        body += bytes((~sum(body) & 0xFF,))
        datas.append(f"S{kind}{body.hex().upper()}\n".encode())
    datas[-1] = datas[-1][:-1]  # (no newline at the end of the file)
    return frames(datas)


def gdl90(rng: random.Random) -> list[Piece]:
    """GDL 90 Data Interface Specification, 2.2: flags, 7d escapes; a CRC that is begun without two bytes of zeros."""
    pieces = []
    for _ in range(80):
        message = bytes((rng.choice((0, 7, 10, 20)),)) + rng.randbytes(rng.choice((6, 18, 27, 436)))
        value = 0
        for byte in message:  # (as the specification's sample code has it: the byte enters below)
            for _ in range(8):
                value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
            value ^= byte
        unit = message + struct.pack("<H", value)
        stuffed = b"".join(bytes((0x7D, byte ^ 0x20)) if byte in (0x7D, 0x7E) else bytes((byte,)) for byte in unit)
        pieces += [Piece(IDLE, b"\x7e"), Piece(FRAME, stuffed + b"\x7e")]
    return pieces


def mpeg_ts(rng: random.Random) -> list[Piece]:
    """ISO/IEC 13818-1, 2.4.3: packets of 188 bytes; the continuity counter goes on in packets with a payload only."""
    counters: dict[int, int] = {}
    datas = []
    for _ in range(200):
        pid, control = rng.choice((0, 0x100, 0x101, 0x1FFF)), rng.choice((1, 1, 1, 2, 3))
        if pid == 0x1FFF:
            control = 1  # (the counter of null packets means nothing)
        if control & 1:
            counters[pid] = counters.get(pid, -1) + 1 & 15
        head = struct.pack(">BHB", 0x47, pid, control << 4 | counters.get(pid, 15))
        room = 184
        if control & 2:
            field = 183 if control == 2 else rng.randrange(1, 183)
            head += bytes((field, 0)) + b"\xff" * (field - 1)
            room -= field + 1
        datas.append(head + rng.randbytes(room))
    return frames(datas)


def ogg(rng: random.Random) -> list[Piece]:
    """RFC 3533, 6: pages with lacing values and a CRC-32 over the page with the CRC's bytes as zeros."""
    datas = []
    for serial in (7, 0xDEADBEEF):
        for page in range(25):
            lacing = [rng.randrange(256) for _ in range(rng.randrange(12))]
            flags = 2 if page == 0 else 4 if page == 24 else 0
            head = b"OggS" + struct.pack("<BBqII", 0, flags, page * 960, serial, page)
            tail = bytes((len(lacing), *lacing)) + rng.randbytes(sum(lacing))
            value = crc(32, 0x04C11DB7, 0, False, 0, head + bytes(4) + tail)
            datas.append(head + struct.pack("<I", value) + tail)
    return frames(datas)


def flv(rng: random.Random) -> list[Piece]:
    """Adobe Flash Video File Format 10.1, annex E: a header, tags, each followed by its size."""
    datas, time = [], 0
    for _ in range(80):
        body = rng.randbytes(rng.randrange(1, 300))
        kind, time = rng.choice((8, 9, 18)), time + rng.randrange(40)
        tag = struct.pack(">B3s3sB3s", kind, len(body).to_bytes(3, "big"), time.to_bytes(3, "big"), 0, bytes(3)) + body
        datas.append(tag + struct.pack(">I", len(tag)))
    return [Piece(PART, b"FLV\x01\x05" + struct.pack(">II", 9, 0)), *frames(datas)]


def mp3(rng: random.Random) -> list[Piece]:
    """ISO/IEC 11172-3, 2.4.1: frames of layer III; the length follows from bit rate, sampling frequency and padding."""
    rates = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    datas = []
    for _ in range(80):
        rate, frequency, padding = rng.randrange(14), rng.randrange(3), rng.randrange(2)
        size = 144000 * rates[rate] // (44100, 48000, 32000)[frequency] + padding
        head = bytes((0xFF, 0xFB, rate + 1 << 4 | frequency << 2 | padding << 1, 0xC0))
        datas.append(head + rng.randbytes(size - 4))
    return frames(datas)


def sml(rng: random.Random) -> list[Piece]:
    """BSI TR-03109-1, annex IV, SML transport protocol 1: escapes of four bytes, padding and CRC-16/X-25 at the end."""
    escape = b"\x1b" * 4
    datas = []
    for _ in range(40):
        words = [
            rng.choice((escape, rng.randbytes(4))) if rng.random() < 0.2 else rng.randbytes(4)
            for _ in range(rng.randrange(2, 60))
        ]
        padding = rng.randrange(4)
        body = b"".join(words)[: -padding or None] + bytes(padding)
        stuffed = b"".join(
            body[at : at + 4] * (2 if body[at : at + 4] == escape else 1) for at in range(0, len(body), 4)
        )
        wire = escape + b"\x01" * 4 + stuffed + escape + b"\x1a" + bytes((padding,))
        datas.append(wire + struct.pack("<H", crc(16, 0x1021, 0xFFFF, True, 0xFFFF, wire)))
    return frames(datas)


def dsmr(rng: random.Random) -> list[Piece]:
    """DSMR P1 Companion Standard 5.0.2, 5.2: from the slash to the mark, CRC-16/ARC in four hexadecimal digits."""
    datas = []
    for minute in range(40):
        lines = ["1-3:0.2.8(50)", f"0-0:1.0.0(2401011200{minute:02}W)"]
        lines += [f"1-0:{rng.randrange(1, 3)}.8.{rng.randrange(1, 3)}({rng.randrange(10**9) / 1000:010.3f}*kWh)"] * 3
        text = ("/ISk5\\2MT382-1000\r\n\r\n" + "\r\n".join(lines) + "\r\n!").encode()
        datas.append(text + f"{crc(16, 0x8005, 0, True, 0, text):04X}\r\n".encode())
    return frames(datas)


def beast(rng: random.Random) -> list[Piece]:
    """Mode-S Beast: 1a, a type, time, signal level, the message; 1a is doubled.  DF 17 has a parity of its own."""
    datas = []
    for _ in range(90):
        kind = rng.choice((0x31, 0x32, 0x33, 0x33))
        message = rng.randbytes({0x31: 2, 0x32: 7, 0x33: 14}[kind])
        if kind == 0x33:
            message = bytes((rng.choice((0x8D, 0xA0, 0x8F)),)) + message[1:11]
            message += crc(24, 0xFFF409, 0, False, 0, message).to_bytes(3, "big")
            if message[0] == 0xA0:  # (the parity of a Comm-B reply is overlaid with the address)
                message = message[:11] + rng.randbytes(3)
        unit = bytes((kind,)) + rng.randbytes(7) + message
        datas.append(b"\x1a" + unit.replace(b"\x1a", b"\x1a\x1a"))
    return frames(datas)


def siemens_3964r(rng: random.Random) -> list[Piece]:
    """Siemens 3964R: STX, data with DLE doubled, DLE ETX, the XOR of all bytes behind STX as they stand on the wire."""
    pieces = []
    for _ in range(60):
        data = bytes(
            rng.choice((0x10, rng.randrange(256))) if rng.random() < 0.1 else rng.randrange(256)
            for _ in range(rng.randrange(1, 80))
        )
        wire = data.replace(b"\x10", b"\x10\x10") + b"\x10\x03"
        value = 0
        for byte in wire:
            value ^= byte
        pieces += [Piece(FRAME, b"\x02" + wire + bytes((value,)))]
    return pieces


def kermit(rng: random.Random) -> list[Piece]:
    """Kermit Protocol Manual, 6: MARK, LEN, SEQ, TYPE, data, a check of three characters (CRC-16/KERMIT), CR."""
    datas = []
    for count in range(100):
        data = bytes(rng.randrange(32, 127) for _ in range(rng.randrange(80)))
        body = bytes((len(data) + 5 + 32, count % 64 + 32, ord("D"))) + data
        value = crc(16, 0x1021, 0, True, 0, body)
        check = bytes((value >> 12, value >> 6 & 63, value & 63))
        datas.append(b"\x01" + body + bytes(char + 32 for char in check) + b"\r")
    return frames(datas)


def osdp(rng: random.Random) -> list[Piece]:
    """SIA OSDP 2.2, 5.9: SOM, address, length, control, data; a CRC-16 or a sum of bytes, as a bit of control says."""
    pieces = []
    for count in range(90):
        with_crc = rng.random() < 0.7
        data = rng.choice((b"\x60", b"\x40", b"\x53" + rng.randbytes(rng.randrange(40))))
        size = 5 + len(data) + (2 if with_crc else 1)
        head = (
            struct.pack("<BBHB", 0x53, rng.choice((0, 0x80, 1, 0x81)), size, count % 4 | (4 if with_crc else 0)) + data
        )
        check = struct.pack("<H", crc(16, 0x1021, 0x1D0F, False, 0, head)) if with_crc else bytes((-sum(head) & 0xFF,))
        pieces += [Piece(IDLE, b"\xff"), Piece(FRAME, head + check)]
    return pieces


def secs1(rng: random.Random) -> list[Piece]:
    """SEMI E4 (SECS-I), 7: a length, ten bytes of header, text, a sum in 16 bits; ENQ, EOT and ACK go round it."""
    pieces = [Piece(IDLE, b"\x05\x04")]
    for count in range(60):
        header = struct.pack(">HBBHI", rng.choice((0x8001, 1)), 0x80 | rng.randrange(1, 10), 1, 0x8001, count)
        text = rng.randbytes(rng.randrange(245))
        block = header + text
        pieces += [Piece(FRAME, bytes((len(block),)) + block + struct.pack(">H", sum(block) & 0xFFFF))]
        pieces += [Piece(IDLE, b"\x06\x05\x04" if count < 59 else b"\x06")]
    return pieces


def roland(rng: random.Random) -> list[Piece]:
    """MIDI 1.0, system exclusive, as Roland fills it: address, data, and what makes their sum end in seven zeros."""
    pieces = []
    for _ in range(80):
        body = bytes(rng.randrange(128) for _ in range(4 + rng.randrange(1, 40)))
        head = bytes((0xF0, 0x41, 0x10, 0x00, 0x00, 0x6A, 0x12))
        pieces += [Piece(FRAME, head + body + bytes((-sum(body) & 0x7F, 0xF7)))]
        if rng.random() < 0.3:
            pieces.append(Piece(IDLE, rng.choice((b"\xfe", b"\xf8"))))
    return pieces


def xmodem(rng: random.Random) -> list[Piece]:
    """XMODEM-1K (Forsberg, 1986): SOH or STX, block number and its complement, 128 or 1024 bytes, CRC-16/XMODEM."""
    pieces = []
    for count in range(1, 60):
        data = rng.randbytes(rng.choice((128, 128, 1024)))
        head = bytes((1 if len(data) == 128 else 2, count & 0xFF, ~count & 0xFF))
        pieces.append(Piece(FRAME, head + data + struct.pack(">H", crc(16, 0x1021, 0, False, 0, data))))
    return [*pieces, Piece(IDLE, b"\x04")]


def ibus(rng: random.Random) -> list[Piece]:
    """FlySky iBus: a length, a command, 14 channels, 0xffff less the sum of the bytes before."""
    datas = []
    for _ in range(90):
        body = struct.pack("<BB14H", 0x20, 0x40, *(rng.randrange(1000, 2001) for _ in range(14)))
        datas.append(body + struct.pack("<H", 0xFFFF - sum(body)))
    return frames(datas)


def stomp(rng: random.Random) -> list[Piece]:
    """STOMP 1.2: a command, headers, an empty line, a body, NUL; newlines between frames keep the connection alive."""
    pieces = []
    for count in range(60):
        body = "".join(rng.choice("abc {}:,\n\u00e9") for _ in range(rng.randrange(90)))
        text = f"{rng.choice(('SEND', 'MESSAGE'))}\ndestination:/queue/{count}\nmessage-id:{count}\n\n{body}"
        newlines = b"\n" * max(rng.randrange(-4, 4), 0)
        pieces.append(Piece(FRAME, newlines + text.encode() + b"\0"))
    return [*pieces, Piece(IDLE, b"\n\n")]


def gsm0710(rng: random.Random) -> list[Piece]:
    """3GPP TS 27.010, 5.2: basic option; flags around address, control, a length of one or two bytes, data, FCS."""
    pieces = []
    for _ in range(80):
        information = rng.randbytes(rng.choice((0, 5, 127, 128, 300)))
        size = len(information)
        length = bytes((size << 1 | 1,)) if size < 128 else struct.pack("<H", size << 1)
        head = bytes((rng.randrange(1, 5) << 2 | 3, 0xEF)) + length
        fcs = crc(8, 0x07, 0xFF, True, 0xFF, head)
        pieces.append(Piece(FRAME, b"\xf9" + head + information + bytes((fcs, 0xF9))))
    return pieces


def hci(rng: random.Random) -> list[Piece]:
    """Bluetooth Core 5.4, volume 4, part A: a type, then a command, data or an event with its length."""
    datas = []
    for _ in range(120):
        kind = rng.choice((1, 2, 3, 4))
        size = rng.randrange(1000 if kind == 2 else 256)
        layout, address = {1: ("<HB", 0x2000), 2: ("<HH", 0x0F00), 3: ("<HB", 0x0F00), 4: ("<BB", 0x60)}[kind]
        head = struct.pack(layout, rng.randrange(1, address) | (0x2000 if kind == 2 else 0), size)
        datas.append(bytes((kind,)) + head + rng.randbytes(size))
    return frames(datas)


def wmbus(rng: random.Random) -> list[Piece]:
    """EN 13757-4, frame format A: a first block of ten bytes, others of at most 16, each with a CRC-16/EN-13757."""

    def checked(block: bytes) -> bytes:
        return block + struct.pack(">H", crc(16, 0x3D65, 0, False, 0xFFFF, block))

    datas = []
    for _ in range(60):
        data = rng.randbytes(rng.choice((1, 15, 16, 17, 32, rng.randrange(1, 246))))
        first = struct.pack("<BBH6s", 9 + len(data), 0x44, 0x2C2D, rng.randbytes(6))
        datas.append(checked(first) + b"".join(checked(data[at : at + 16]) for at in range(0, len(data), 16)))
    return frames(datas)


#: By name of the spec.
ENCODERS: dict[str, Callable[[random.Random], list[Piece]]] = {
    encoder.__name__: encoder
    for encoder in (
        rtcm3, dnp3, modbus_ascii, srecord, gdl90, mpeg_ts, ogg, flv, mp3, sml, dsmr, beast, siemens_3964r, kermit,
        osdp, secs1, roland, xmodem, ibus, stomp, gsm0710, hci, wmbus,
    )
}  # fmt: skip
