"""Input files for the specs in `tests/specs`: made here, by Python alone, and found on the machine where it has some.

`inputs(kind, folder)` writes the made ones into `folder` and gives them with those found. The made ones are the same
bytes in every run (but for the library's version inside a SQLite file); no file is downloaded and none is checked in.
"""

from __future__ import annotations

import gzip
import importlib.util
import io
import sqlite3
import struct
import sys
import tarfile
import wave
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

LARGEST_FOUND = 400_000


def found(*candidates: Path | str | None, limit: int = 2) -> list[Path]:
    """Those of the candidates that are regular files of a bearable size, at most `limit`."""
    paths = [Path(item).resolve() for item in candidates if item is not None]
    there = [path for path in paths if path.is_file() and 0 < path.stat().st_size <= LARGEST_FOUND]
    return there[:limit]


def elf() -> dict[str, bytes]:
    """A 32-bit big-endian program of two sections; no machine here has one."""
    names = b"\0.text\0.shstrtab\0"
    code = bytes(range(16))
    base = 52 + 32
    sections = b"".join(
        struct.pack(">10I", *fields)
        for fields in (
            (0,) * 10,
            (1, 1, 6, 0x10000 + base, base, len(code), 0, 0, 4, 0),
            (7, 3, 0, 0, base + len(code), len(names), 0, 0, 1, 0),
        )
    )
    ident = b"\x7fELF" + bytes([1, 2, 1, 0, 0]) + bytes(7)
    header = struct.pack(">HHIIIIIHHHHHH", 2, 20, 1, 0x10000 + base, 52, base + 33, 0, 52, 32, 1, 40, 3, 2)
    segment = struct.pack(">8I", 1, 0, 0x10000, 0x10000, base + 16, base + 16, 5, 0x10000)
    return {"big32.elf": ident + header + segment + code + names + sections}


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png() -> dict[str, bytes]:
    def image(color: int, depth: int, rows: list[bytes], *more: bytes) -> bytes:
        header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, len(rows), depth, color, 0, 0, 0))
        pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
        parts = [b"\x89PNG\r\n\x1a\n", header, *more, png_chunk(b"IDAT", pixels), png_chunk(b"IEND", b"")]
        return b"".join(parts)

    palette = png_chunk(b"PLTE", bytes(range(12)))
    texts = (
        png_chunk(b"tEXt", b"Title\0caf\xe9"),
        png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"again " * 40)),
        png_chunk(b"iTXt", "Author\0\0\0de\0Verfasser\0Jürgen".encode()),
        png_chunk(b"tIME", struct.pack(">HBBBBB", 2024, 2, 29, 12, 30, 59)),
        png_chunk(b"gAMA", struct.pack(">I", 45455)),
        png_chunk(b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
    )
    return {
        "indexed.png": image(3, 8, [bytes([0, 1, 2, 3])] * 3, *texts[:3], palette, png_chunk(b"bKGD", b"\2")),
        "rgb.png": image(2, 8, [bytes(range(12))] * 2, *texts[3:], png_chunk(b"bKGD", struct.pack(">3H", 1, 2, 3))),
    }


def zip_archive() -> dict[str, bytes]:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content, method in (
            ("folder/", b"", zipfile.ZIP_STORED),
            ("folder/plain.txt", b"plain text\n", zipfile.ZIP_STORED),
            ("folder/packed.txt", b"again and " * 200, zipfile.ZIP_DEFLATED),
            ("ümlaut.bin", bytes(range(256)), zipfile.ZIP_DEFLATED),
        ):
            info = zipfile.ZipInfo(name, (2024, 2, 29, 12, 30, 58))
            info.compress_type = method
            info.comment = b"a comment" if "packed" in name else b""
            info.extra = struct.pack("<HH4s", 0xCAFE, 4, b"more") if "plain" in name else b""
            archive.writestr(info, content)
        archive.comment = b"of the whole archive"
    return {"made.zip": file.getvalue()}


def gzip_member() -> dict[str, bytes]:
    plain = gzip.compress(b"payload " * 100, mtime=0)
    extra = struct.pack("<H2sH3s", 7, b"sf", 3, b"abc")
    rich = b"\x1f\x8b\x08\x1c" + struct.pack("<IBB", 1700000000, 2, 3) + extra + b"caf\xe9.txt\0comment\0" + plain[10:]
    return {"plain.gz": plain, "rich.gz": rich}


def wav() -> dict[str, bytes]:
    def sound(channels: int, width: int, frames: bytes) -> bytes:
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(channels)
            out.setsampwidth(width)
            out.setframerate(8000)
            out.writeframes(frames)
        return file.getvalue()

    stereo = sound(2, 2, b"".join(struct.pack("<hh", n * 37 % 4000, -n) for n in range(400)))
    tags = b"INFO" + struct.pack("<4sI", b"INAM", 5) + b"name\0\0" + struct.pack("<4sI", b"IART", 4) + b"who\0"
    body = stereo[8:] + struct.pack("<4sI", b"LIST", len(tags)) + tags
    tagged = b"RIFF" + struct.pack("<I", len(body)) + body
    return {"stereo.wav": tagged, "mono.wav": sound(1, 1, bytes(range(200)))}


def bmp() -> dict[str, bytes]:
    def image(bits: int, width: int, rows: list[bytes], palette: bytes, colors: int, height: int) -> bytes:
        start = 54 + len(palette)
        pixels = b"".join(row + bytes(-len(row) % 4) for row in rows)
        head = struct.pack("<2sIHHi", b"BM", start + len(pixels), 0, 0, start)
        info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, len(pixels), 2835, 2835, colors, 0)
        return head + info + palette + pixels

    palette = b"".join(bytes([n, 255 - n, n // 2, 0]) for n in range(16))
    return {
        "rgb.bmp": image(24, 3, [bytes(range(9)), bytes(range(9, 18))], b"", 0, 2),
        "down.bmp": image(8, 5, [bytes(range(5))] * 3, palette, 16, -3),
        "nibbles.bmp": image(4, 3, [b"\x12\x30"] * 2, palette, 0, 2),
        "bits.bmp": image(1, 9, [b"\xa5\x80"] * 2, palette[:8], 2, 2),
    }


def ttf() -> dict[str, bytes]:
    wide = ["Déjà".encode("utf-16-be"), "𝄞".encode("utf-16-be")]
    texts = [(3, 1, 0x409, 1, wide[0]), (1, 0, 0, 4, b"Plain"), (0, 3, 0, 6, wide[1])]
    records, strings = b"", b""
    for platform, encoding, language, name, text in texts:
        records += struct.pack(">6H", platform, encoding, language, name, len(text), len(strings))
        strings += text
    codes = [(65, 90, -60), (0xFFFF, 0xFFFF, 1)]
    ends, starts, deltas = zip(*((stop, start, delta) for start, stop, delta in codes), strict=True)
    table = struct.pack(">HH4H", 0, 4, 4, 4, 1, 0)
    table += struct.pack(">2HH2H2h2H", *ends, 0, *starts, *deltas, 0, 0)
    cmap4 = struct.pack(">HH", 4, len(table) + 2) + table[2:]
    dates_and_box = (1, 2, -5, -6, 7, 8)
    tables = {
        b"head": struct.pack(
            ">iiIIHHqq4hHHhhh", 0x10000, 0x18000, 0, 0x5F0F3CF5, 3, 1000, *dates_and_box, 3, 9, 2, 0, 0
        ),
        b"hhea": struct.pack(">ihhhH", 0x10000, 800, -200, 90, 1000) + bytes(24),
        b"maxp": struct.pack(">iH", 0x10000, 27) + bytes(26),
        b"name": struct.pack(">HHH", 0, len(texts), 6 + len(records)) + records + strings,
        b"cmap": struct.pack(">HHHHI", 0, 1, 3, 1, 12) + cmap4,
        b"post": struct.pack(">iihhI", 0x30000, -0x8000, -75, 50, 0) + bytes(16),
        b"glyf": bytes(range(20)),
    }
    offset = 12 + 16 * len(tables)
    directory, body = b"", b""
    for tag, content in tables.items():
        directory += struct.pack(">4sIII", tag, zlib.crc32(content), offset + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    return {"made.ttf": struct.pack(">I4H", 0x10000, len(tables), 64, 2, 48) + directory + body}


def java_class() -> dict[str, bytes]:
    def utf8(text: str) -> bytes:
        raw = text.encode()
        return struct.pack(">BH", 1, len(raw)) + raw

    constants = [
        utf8("Hello"),
        struct.pack(">BH", 7, 1),
        utf8("java/lang/Object"),
        struct.pack(">BH", 7, 3),
        struct.pack(">Bq", 5, -(1 << 40)),
        struct.pack(">Bd", 6, 2.5),
        struct.pack(">Bi", 3, -7),
        struct.pack(">Bf", 4, 0.5),
        utf8("main"),
        utf8("([Ljava/lang/String;)V"),
        utf8("Code"),
        utf8("SourceFile"),
        utf8("Hello.java"),
        struct.pack(">BHH", 12, 11, 12),
        struct.pack(">BHH", 10, 2, 16),
        struct.pack(">BH", 8, 1),
    ]
    places = len(constants) + 2  # the long and the double take two each
    code = struct.pack(">HHI", 1, 1, 2) + b"\x00\xb1" + struct.pack(">H4H", 1, 0, 1, 1, 0) + struct.pack(">H", 0)
    method = struct.pack(">4H", 9, 11, 12, 1) + struct.pack(">HI", 13, len(code)) + code
    head = b"\xca\xfe\xba\xbe" + struct.pack(">HHH", 0, 52, places + 1) + b"".join(constants)
    body = struct.pack(">HHH", 0x21, 2, 4) + struct.pack(">HH", 1, 2) + struct.pack(">H4H", 1, 2, 11, 12, 0)
    body += struct.pack(">H", 1) + method + struct.pack(">HHIH", 1, 14, 2, 15)
    return {"Hello.class": head + body}


def sqlite() -> dict[str, bytes]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA page_size = 512")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, weight REAL, raw BLOB, n INTEGER)")
    connection.execute("CREATE INDEX by_name ON t (name)")
    connection.execute("BEGIN")
    for row in range(300):
        values = (row, f"näme {row * 7919 % 300}", row / 4, bytes([row % 256]) * (row % 9), row**3 * (-1) ** row)
        connection.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?)", values)
    connection.execute("COMMIT")
    return {"made.sqlite": connection.serialize()}


def pcap() -> dict[str, bytes]:
    def ipv4(protocol: int, body: bytes, options: bytes = b"") -> bytes:
        words = 5 + len(options) // 4
        head = struct.pack(">BBHHHBBH4s4s", 0x40 | words, 0xB9, words * 4 + len(body), 7, 0x4000, 64, protocol, 0,
                           bytes([192, 168, 0, 9]), bytes([8, 8, 8, 8]))  # fmt: skip
        return head + options + body

    udp = struct.pack(">HHHH", 5353, 53, 12, 0) + b"dns?"
    tcp = struct.pack(">HHIIHHHH", 40000, 80, 1, 2, 0x6018, 512, 0, 0) + b"\2\4\5\xb4" + b"GET /"
    macs = b"\xff" * 6 + bytes([2, 0, 0, 0, 0, 9])
    arp = struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + macs[6:] + bytes([10, 0, 0, 1]) + bytes(6) + bytes([10, 0, 0, 2])
    frames = [
        macs + b"\x08\x00" + ipv4(17, udp),
        macs + b"\x08\x00" + ipv4(6, tcp, b"\x94\4\0\0") + bytes(5),
        macs + b"\x08\x06" + arp,
        macs + b"\x88\xcc" + b"lldp",
    ]

    def capture(order: str, link: int, bodies: list[bytes]) -> bytes:
        parts = [struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)]
        for number, body in enumerate(bodies):
            original = len(body) + number % 2
            parts.append(struct.pack(order + "IIII", 1700000000 + number, 250000, len(body), original) + body)
        return b"".join(parts)

    return {"little.pcap": capture("<", 1, frames), "big.pcap": capture(">", 101, [frames[0][14:], frames[1][14:-5]])}


def tar() -> dict[str, bytes]:
    def archive(form: int) -> bytes:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=form) as out:
            members = (("folder/file.txt", b"text\n" * 150), ("empty", b""), ("nää/" * 9 + "x" * 90, b"long name"))
            for name, content in members:
                info = tarfile.TarInfo(name)
                info.size, info.mtime, info.uname = len(content), 1700000000, "someone"
                out.addfile(info, io.BytesIO(content))
            link = tarfile.TarInfo("link")
            link.type, link.linkname = tarfile.SYMTYPE, "folder/file.txt"
            out.addfile(link)
        return file.getvalue()

    return {"pax.tar": archive(tarfile.PAX_FORMAT), "ustar.tar": archive(tarfile.USTAR_FORMAT)}


def gif() -> dict[str, bytes]:
    head = b"GIF89a" + struct.pack("<HHBBB", 3, 2, 0b1111_0001, 1, 0) + bytes(range(12))
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    control = b"\x21\xf9\x04" + struct.pack("<BHB", 0b101, 50, 2) + b"\0"
    comment = b"\x21\xfe\x05hello\x00"
    data = b"\x02\x04\x84\x8f\xa9\x51\x00"
    plain = b"\x2c" + struct.pack("<HHHHB", 0, 0, 3, 2, 0) + data
    own = b"\x2c" + struct.pack("<HHHHB", 1, 0, 2, 2, 0b1100_0000) + bytes(range(6)) + data
    return {"animated.gif": head + loop + control + plain + comment + own + b";"}


def ico() -> dict[str, bytes]:
    pictures = [png()["rgb.png"], bmp()["nibbles.bmp"][14:]]
    head, body = struct.pack("<HHH", 0, 1, len(pictures)), b""
    offset = len(head) + 16 * len(pictures)
    for picture in pictures:
        head += struct.pack("<BBBBHHII", 0 if not body else 3, 2, 0, 0, 1, 24, len(picture), offset + len(body))
        body += picture
    return {"two.ico": head + body}


def pe() -> dict[str, bytes]:
    def program(wide: bool) -> bytes:
        dos = b"MZ" + bytes(58) + struct.pack("<I", 64)
        word = "Q" if wide else "I"
        optional = struct.pack("<HBB5I", 0x20B if wide else 0x10B, 14, 0, 512, 512, 0, 0x1010, 0x1000)
        optional += b"" if wide else struct.pack("<I", 0x2000)
        optional += struct.pack(f"<{word}II", 0x140000000 if wide else 0x400000, 4096, 512)
        optional += struct.pack("<6H4IHH", 6, 0, 0, 0, 6, 0, 0, 0x3000, 512, 0, 3, 0x8160)
        optional += struct.pack(f"<4{word}II", 1 << 20, 4096, 1 << 20, 4096, 0, 2) + struct.pack(
            "<4I", 0, 0, 0x2000, 40
        )
        coff = struct.pack("<HHIIIHH", 0x8664 if wide else 0x14C, 2, 1700000000, 0, 0, len(optional), 0x2122)
        sections = b"".join(
            struct.pack("<8sIIIIIIHHI", name, 0x40, address, 64, offset, 0, 0, 0, 0, 0x60000020)
            for name, address, offset in ((b".text", 0x1000, 512), (b".rdata\xc3\xa9", 0x2000, 576))
        )
        head = dos + b"PE\0\0" + coff + optional + sections
        return head + bytes(512 - len(head)) + bytes(range(128))

    return {"wide.exe": program(True), "narrow.dll": program(False)}


def tzif() -> dict[str, bytes]:
    def block(version: bytes, code: str) -> bytes:
        times, kinds = (-(1 << 31), 1000000000, 1700000000), bytes([0, 1, 0])
        head = b"TZif" + version + bytes(15) + struct.pack(">6I", 2, 2, 1, len(times), 2, 8)
        types = struct.pack(">iBB", -5400, 0, 0) + struct.pack(">iBB", 7200, 1, 4)
        leaps = struct.pack(f">{code}i", 78796800, 1)
        return head + struct.pack(f">3{code}", *times) + kinds + types + b"LMT\0CET\0" + leaps + b"\0\1" + b"\1\0"

    return {
        "old.tzif": block(b"\0", "i"),
        "new.tzif": block(b"2", "i") + block(b"2", "q") + b"\nCET-1CEST,M3.5.0,M10.5.0/3\n",
    }


def gettext_mo() -> dict[str, bytes]:
    messages = [("", "Content-Type: text/plain; charset=UTF-8\n"), ("cat\0cats", "Katze\0Katzen"), ("tree", "Bäume ☘")]

    def catalogue(order: str) -> bytes:
        tables, strings = [b"", b""], b""
        start = 28 + 16 * len(messages) + 8
        for side in (0, 1):
            for message in messages:
                raw = message[side].encode()
                tables[side] += struct.pack(order + "II", len(raw), start + len(strings))
                strings += raw + b"\0"
        ends = 28 + 16 * len(messages)
        head = struct.pack(order + "7I", 0x950412DE, 0, len(messages), 28, 28 + 8 * len(messages), 2, ends)
        return head + b"".join(tables) + struct.pack(order + "II", 1, 2) + strings

    return {"little.mo": catalogue("<"), "big.mo": catalogue(">")}


def python_package_file(package: str, name: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / name


#: Kind of file (and name of its spec): what is made, and what may be found.
KINDS: dict[str, tuple[Callable[[], dict[str, bytes]], Callable[[], list[Path]]]] = {
    "elf": (elf, lambda: found("/bin/true", "/bin/ls", sys.executable)),
    "png": (png, list),
    "zip": (zip_archive, list),
    "gzip_member": (gzip_member, lambda: found("/usr/share/doc/bash/changelog.gz", "/usr/share/doc/tar/changelog.gz")),
    "wav": (wav, list),
    "bmp": (bmp, list),
    "ttf": (ttf, lambda: found(*sorted(Path("/usr/share/fonts/truetype").rglob("*.ttf")), limit=1)),
    "java_class": (java_class, list),
    "sqlite_db": (sqlite, list),
    "pcap": (pcap, list),
    "tar": (tar, list),
    "gif": (gif, list),
    "ico": (ico, list),
    "pe": (pe, lambda: found(python_package_file("pip._vendor.distlib", "t64.exe"))),
    "tzif": (tzif, lambda: found("/usr/share/zoneinfo/Europe/Berlin", "/usr/share/zoneinfo/right/UTC")),
    "gettext_mo": (gettext_mo, lambda: found(*sorted(Path("/usr/share/locale").glob("d*/LC_MESSAGES/*.mo")), limit=1)),
}


def inputs(kind: str, folder: Path) -> list[Path]:
    """The input files of a kind: the made ones, written into `folder`, then those found on this machine."""
    make, find = KINDS[kind]
    made = []
    for name, content in make().items():
        path = folder / name
        path.write_bytes(content)
        made.append(path)
    return [*made, *find()]
