"""Thirty Construct schemas in the style of its documentation, and values to build them of: what the tests compare.

Each entry is a schema and a function from a seeded generator to a value that Construct builds.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

from construct import (
    Aligned,
    AlignedStruct,
    Array,
    Bit,
    BitsInteger,
    BitsSwapped,
    BitStruct,
    Bitwise,
    Byte,
    Bytes,
    BytesInteger,
    ByteSwapped,
    Check,
    Checksum,
    Compressed,
    Computed,
    Const,
    CString,
    Default,
    Enum,
    ExprAdapter,
    FixedSized,
    Flag,
    FlagsEnum,
    Float32b,
    Float64l,
    FocusedSeq,
    GreedyBytes,
    GreedyRange,
    GreedyString,
    Hex,
    HexDump,
    If,
    IfThenElse,
    Int8sb,
    Int8ub,
    Int16sl,
    Int16ub,
    Int16ul,
    Int24sb,
    Int24ub,
    Int24ul,
    Int32ub,
    Int32ul,
    Int64sb,
    Lazy,
    LazyBound,
    Mapping,
    Nibble,
    NullStripped,
    NullTerminated,
    OneOf,
    Optional,
    Padded,
    PaddedString,
    Padding,
    PascalString,
    Pass,
    Peek,
    Pointer,
    Prefixed,
    PrefixedArray,
    RawCopy,
    Rebuild,
    RepeatUntil,
    Seek,
    Select,
    Sequence,
    StopIf,
    Struct,
    Switch,
    Tell,
    Terminated,
    Union,
    VarInt,
    ZigZag,
    len_,
    max_,
    min_,
    obj_,
    sum_,
    this,
)  # fmt: skip

Make = Callable[[Random], Any]


def text(random: Random, most: int = 6, letters: str = "abcxyz019é") -> str:
    """Text of a few letters."""
    return "".join(random.choice(letters) for _ in range(random.randrange(most + 1)))


def data(random: Random, most: int = 8) -> bytes:
    """A few bytes."""
    return random.randbytes(random.randrange(most + 1))


# ---------------------------------------------------------------- 1 to 10: one level, or two

BITMAP = Struct(
    "signature" / Const(b"BMP"),
    "width" / Int8ub,
    "height" / Int8ub,
    "pixels" / Array(this.width * this.height, Byte),
)


def bitmap(random: Random) -> Any:
    width, height = random.randrange(4), random.randrange(4)
    return {"width": width, "height": height, "pixels": list(random.randbytes(width * height))}


NUMBERS = Struct(
    "a" / Int8sb, "b" / Int16sl, "c" / Int24ub, "d" / Int24ul, "e" / Int64sb, "f" / Float32b, "g" / Float64l,
    "h" / BytesInteger(5, signed=True), "i" / Int24sb, "j" / ByteSwapped(Int32ub), "k" / BytesInteger(9),
    "sum" / Computed(this.a + this.c * 2 - this.i), "half" / Computed(this.d / 2), "low" / Computed(this.e & 0xFF),
)  # fmt: skip


def numbers(random: Random) -> Any:
    return {
        "a": random.randrange(-128, 128), "b": random.randrange(-(1 << 15), 1 << 15), "c": random.randrange(1 << 24),
        "d": random.randrange(1 << 24), "e": random.randrange(-(1 << 63), 1 << 63), "f": random.randrange(100) / 4,
        "g": random.random(), "h": random.randrange(-(1 << 39), 1 << 39), "i": random.randrange(-(1 << 23), 1 << 23),
        "j": random.randrange(1 << 32), "k": random.randrange(1 << 72),
    }  # fmt: skip


TEXTS = Struct(
    "name" / PaddedString(8, "utf8"),
    "title" / PascalString(VarInt, "utf8"),
    "path" / CString("utf8"),
    "wide" / PaddedString(8, "utf-16-le"),
    "zero" / CString("utf-16-be"),
    "rest" / GreedyString("utf8"),
)


def texts(random: Random) -> Any:
    return {
        "name": text(random, 4), "title": text(random), "path": text(random), "wide": text(random, 3),
        "zero": text(random), "rest": text(random),
    }  # fmt: skip


FLAGS = BitStruct(
    "version" / BitsInteger(3),
    "urgent" / Flag,
    "kind" / Enum(Nibble, data=1, ack=2, reset=15),
    Padding(2),
    "delta" / BitsInteger(6, signed=True),
    "modes" / Array(4, Bit),
    "tail" / Default(Nibble, 9),
)


def flags(random: Random) -> Any:
    return {
        "version": random.randrange(8), "urgent": random.random() < 0.5, "kind": random.choice(["data", "ack", 7]),
        "delta": random.randrange(-32, 32), "modes": [random.randrange(2) for _ in range(4)],
    }  # fmt: skip


RIGHTS = Struct(
    "rights" / FlagsEnum(Byte, read=1, write=2, run=4, all=7),
    "mode" / Enum(Int16ub, off=0, on=1, standby=300),
    "speed" / Mapping(Byte, {"slow": 1, "fast": 2}),
    "owner" / If(this.rights.write, PascalString(Byte, "ascii")),
    "until" / If(this.mode == "on", Int16ub),
    "level" / IfThenElse(this.speed == "fast", Int8ub, Int16ub),
)


def rights(random: Random) -> Any:
    mode, speed = random.choice(["off", "on", "standby", 77]), random.choice(["slow", "fast"])
    bits = {key: random.random() < 0.5 for key in ("read", "write", "run")}
    return {
        "rights": bits, "mode": mode, "speed": speed, "owner": text(random, 5, "abc") if bits["write"] else None,
        "until": random.randrange(1 << 16) if mode == "on" else None, "level": random.randrange(256),
    }  # fmt: skip


CHOICE = Struct(
    "type" / Enum(Byte, number=1, text=2, pair=3),
    "body" / Switch(
        this.type,
        {"number": Int32ub, "text": PascalString(Byte, "utf8"), "pair": Struct("x" / Byte, "y" / Byte)},
        default=Const(b"?"),
    ),
    "code" / Byte,
    "more" / Switch(this.code, {1: Int16ub, 2: Int16ul}),
    "end" / Const(0x55, Int8ub),
)  # fmt: skip


def choice(random: Random) -> Any:
    type_ = random.choice(["number", "text", "pair", 9])
    bodies: dict[Any, Any] = {"number": 77, "text": text(random), "pair": {"x": 1, "y": 2}, 9: None}
    code = random.randrange(4)
    return {"type": type_, "body": bodies[type_], "code": code, "more": 500 if code in (1, 2) else None}


SEQUENCE = Sequence("first" / Byte, Const(b"\xff"), Padding(1), Int16ub, "last" / PrefixedArray(Byte, Int16ul))


def sequence(random: Random) -> Any:
    return [random.randrange(256), None, None, 77, [random.randrange(1 << 16) for _ in range(random.randrange(4))]]


UNTIL = Struct(
    "zero" / RepeatUntil(obj_ == 0, Byte),
    "marked" / RepeatUntil((obj_.mark > 100) | (obj_.size == 0), Struct("mark" / Byte, "size" / Int16ub)),
    "own" / Prefixed(Byte, RepeatUntil(lambda item, items, context: len(items) == 2, Byte)),
    "rest" / GreedyBytes,
)


def until(random: Random) -> Any:
    return {
        "zero": [random.randrange(1, 256) for _ in range(random.randrange(4))] + [0],
        "marked": [{"mark": 3, "size": 9}] * random.randrange(3) + [{"mark": 200, "size": 1}], "own": [1, 2],
        "rest": data(random),
    }  # fmt: skip


SIZES = Struct(
    "padded" / Padded(4, Int16ub),
    "aligned" / Aligned(4, PascalString(Byte, "ascii")),
    "word" / Aligned(4, Int24ub),
    "fixed" / FixedSized(6, GreedyBytes),
    "stripped" / FixedSized(6, NullStripped(GreedyBytes)),
    "line" / NullTerminated(GreedyBytes, term=b"\n"),
    "open" / NullTerminated(GreedyBytes, term=b";", include=True),
    "tail" / Prefixed(Int16ub, GreedyBytes, includelength=True),
    Padding(3),
)


def sizes(random: Random) -> Any:
    return {
        "padded": 3, "aligned": text(random, 5, "abc"), "word": 9, "fixed": random.randbytes(6),
        "stripped": b"ab"[: random.randrange(3)], "line": b"line"[: random.randrange(5)], "open": b"open",
        "tail": data(random),
    }  # fmt: skip


VARINTS = Struct("count" / Rebuild(VarInt, len_(this.items)), "items" / Array(this.count, ZigZag), "total" / VarInt)


def varints(random: Random) -> Any:
    items = [random.randrange(-(1 << 30), 1 << 30) for _ in range(random.randrange(4))]
    return {"items": items, "total": random.randrange(1 << random.randrange(1, 40))}


# ---------------------------------------------------------------- 11 to 20: positions, checks, checksums

POINTERS = Struct(
    "offset" / Int8ub,
    "start" / Tell,
    "next" / Peek(Int16ub),
    "body" / Bytes(6),
    "there" / Pointer(this.offset, Byte),
    "last" / Pointer(-1, Byte),
    "stop" / Tell,
    "size" / Computed(this.stop - this.start),
)


def pointers(random: Random) -> Any:
    offset, body = random.randrange(7), random.randbytes(6)
    raw = bytes([offset]) + body
    return {"offset": offset, "body": body, "there": raw[offset], "last": raw[-1], "next": None}


CHECKED = Struct(
    "low" / Byte,
    "high" / Byte,
    Check(this.low <= this.high),
    "values" / Array(3, Byte),
    Check((this.values[0] >= this.low) & ~(this.values[2] > this.high)),
    "extremes" / Computed(max_(this.values) - min_(this.values)),
    "sum" / Computed(sum_(this.values)),
    Terminated,
)


def checked(random: Random) -> Any:
    low = random.randrange(100)
    return {"low": low, "high": low + 100, "values": [low + random.randrange(100) for _ in range(3)]}


SUMMED = Struct(
    "fields" / RawCopy(Struct("a" / Byte, "b" / PascalString(Byte, "ascii"))),
    "checksum" / Checksum(Int32ub, zlib.crc32, this.fields.data),
)


def summed(random: Random) -> Any:
    return {"fields": {"value": {"a": random.randrange(256), "b": text(random, 5, "abc")}}}


XMODEM = Struct(
    "header" / RawCopy(Struct("kind" / Const(b"X"), "number" / Hex(Int16ub))),
    "payload" / RawCopy(Bytes(8)),
    "crc" / Checksum(Hex(Int16ub), lambda held: binascii.crc_hqx(held, 0), this.header.data + this.payload.data),
)


def xmodem(random: Random) -> Any:
    return {"header": {"value": {"number": random.randrange(1 << 16)}}, "payload": {"value": random.randbytes(8)}}


OPTIONAL = Struct(
    "items" / Prefixed(Byte, GreedyRange(Struct("a" / Int8ub, "b" / Int16ub))),
    "note" / Optional(Int16ub),
    "mark" / Peek(Byte),
    "rest" / HexDump(GreedyBytes),
)


def optional(random: Random) -> Any:
    items = [{"a": 1, "b": random.randrange(1 << 16)} for _ in range(random.randrange(4))]
    note = random.choice([None, 5])
    return {"items": items, "note": note, "rest": data(random) if note else b"", "mark": None}


STOP = Struct(
    "version" / Byte,
    "name" / PascalString(Byte, "ascii"),
    StopIf(this.version == 0),
    "size" / Int16ub,
    StopIf(this.version < 2),
    "data" / Bytes(this.size & 7),
)


def stop(random: Random) -> Any:
    size = random.randrange(1 << 16)
    return {"version": random.randrange(4), "name": "ab", "size": size, "data": random.randbytes(size & 7)}


TREE = Struct(
    "value" / Byte,
    "children" / PrefixedArray(Byte, LazyBound(lambda: TREE)),
)


def tree(random: Random, depth: int = 0) -> Any:
    count = random.randrange(3) if depth < 4 else 0
    return {"value": random.randrange(256), "children": [tree(random, depth + 1) for _ in range(count)]}


FOCUS = Struct(
    "id" / FocusedSeq("id", Const(b"#"), "id" / Int16ub, Padding(1)),
    "pairs" / Array(2, Sequence(Byte, Bytes(2))),
    "bits" / Bitwise(Array(8, Bit)),
    "swapped" / BitsSwapped(Byte),
)


def focus(random: Random) -> Any:
    return {
        "id": random.randrange(1 << 16), "pairs": [[1, b"ab"], [2, random.randbytes(2)]],
        "bits": [random.randrange(2) for _ in range(8)], "swapped": random.randrange(256),
    }  # fmt: skip


ADAPTED = Struct(
    "scaled" / ExprAdapter(Int16ub, obj_ / 10, obj_ * 10),
    "odd" / OneOf(Byte, [1, 3, 5, 7]),
    "packed" / Prefixed(Int16ub, Compressed(GreedyBytes, "zlib")),
    "length" / Byte,
    "own" / Prefixed(Byte, Struct("n" / Byte, "data" / Bytes(lambda context: context.n % 4))),
)


def adapted(random: Random) -> Any:
    number = random.randrange(256)
    return {
        "scaled": random.randrange(1000), "odd": random.choice([1, 3, 5, 7]), "packed": data(random), "length": 1,
        "own": {"n": number, "data": random.randbytes(number % 4)},
    }  # fmt: skip


FALLBACK = Struct(
    "head" / Int16ub,
    "body"
    / Prefixed(Byte, Select(Struct(Const(b"A"), "a" / Int16ub), Struct(Const(b"B"), "b" / Int32ub), GreedyBytes)),
    "items" / Prefixed(Byte, GreedyRange(PascalString(Byte, "ascii"))),
    "lazy" / Lazy(Int32ub),
)


def fallback(random: Random) -> Any:
    body = random.choice([{"a": 5}, {"b": 77}, b"zz"])
    return {"head": 1, "body": body, "items": [text(random, 3, "ab") for _ in range(random.randrange(3))], "lazy": 9}


# ---------------------------------------------------------------- 21 to 30: three levels and more

POINT = Struct("x" / Int16sl, "y" / Int16sl)
SHAPES = Struct(
    "magic" / Const(b"SHP\x01"),
    "shapes" / PrefixedArray(Int16ub, Struct(
        "kind" / Enum(Byte, circle=1, polygon=2, group=3),
        "label" / PascalString(Byte, "utf8"),
        "shape" / Switch(this.kind, {
            "circle": Struct("centre" / POINT, "radius" / Int16ub),
            "polygon": Struct("points" / PrefixedArray(Byte, POINT)),
            "group": Struct("members" / PrefixedArray(Byte, Struct("of" / POINT, "kind" / Computed(this._._._.kind)))),
        }),
    )),
)  # fmt: skip


def point(random: Random) -> Any:
    return {"x": random.randrange(-9, 9), "y": random.randrange(-999, 999)}


def shapes(random: Random) -> Any:
    def shape() -> Any:
        kind = random.choice(["circle", "polygon", "group"])
        of = {
            "circle": lambda: {"centre": point(random), "radius": 7},
            "polygon": lambda: {"points": [point(random) for _ in range(random.randrange(3))]},
            "group": lambda: {"members": [{"of": point(random)} for _ in range(random.randrange(3))]},
        }  # fmt: skip
        return {"kind": kind, "label": text(random), "shape": of[kind]()}

    return {"shapes": [shape() for _ in range(random.randrange(4))]}


NESTED = Struct(
    "width" / Byte,
    "outer" / Struct(
        "count" / Byte,
        "middle" / Array(this.count & 3, Struct(
            "n" / Byte,
            "inner" / Struct(
                "row" / Bytes(this._._._.width & 7),
                "column" / Array(this._.n & 3, Int16ub),
                "root" / Computed(this._root.width),
            ),
        )),
    ),
)  # fmt: skip


def nested(random: Random) -> Any:
    width, count = random.randrange(256), random.randrange(256)

    def middle() -> Any:
        n = random.randrange(256)
        return {"n": n, "inner": {"row": random.randbytes(width & 7), "column": [7] * (n & 3)}}

    return {"width": width, "outer": {"count": count, "middle": [middle() for _ in range(count & 3)]}}


MATRIX = Struct(
    "rows" / Byte,
    "columns" / Byte,
    "cells" / Array(this.rows & 3, Array(this.columns & 3, Struct("value" / Int16ub, "good" / Flag))),
    "table" / Prefixed(Int16ub, Array(2, Prefixed(Byte, Array(2, BitStruct("a" / Nibble, "b" / Nibble))))),
)


def matrix(random: Random) -> Any:
    rows, columns = random.randrange(256), random.randrange(256)
    cell = {"value": random.randrange(1 << 16), "good": True}
    return {
        "rows": rows, "columns": columns, "cells": [[cell] * (columns & 3) for _ in range(rows & 3)],
        "table": [[{"a": 1, "b": random.randrange(16)}] * 2 for _ in range(2)],
    }  # fmt: skip


ETHER = Struct(
    "destination" / Bytes(6),
    "source" / Bytes(6),
    "type" / Enum(Int16ub, ipv4=0x0800, arp=0x0806),
    "payload" / Switch(this.type, {
        "ipv4": Struct(
            "header" / BitStruct("version" / Const(4, Nibble), "length" / Nibble),
            "protocol" / Enum(Byte, tcp=6, udp=17),
            "total" / Int16ub,
            "body" / Switch(this.protocol, {
                "udp": Struct("port" / Int16ub, "size" / Rebuild(Int16ub, len_(this.data)), "data" / Bytes(this.size)),
            }, default=Struct("raw" / PascalString(Byte, "ascii"))),
        ),
        "arp": Struct("operation" / Enum(Byte, ask=1, tell=2), "sender" / Array(4, Byte)),
    }, default=Struct("unknown" / GreedyBytes)),
)  # fmt: skip


def ether(random: Random) -> Any:
    type_ = random.choice(["ipv4", "arp", 0x1234])
    protocol = random.choice(["udp", "tcp"])
    body = {"port": 53, "data": data(random)} if protocol == "udp" else {"raw": text(random, 4, "ab")}
    payloads: dict[Any, Any] = {
        "ipv4": {"header": {"length": 5}, "protocol": protocol, "total": 9, "body": body},
        "arp": {"operation": "ask", "sender": [10, 0, 0, 1]}, 0x1234: {"unknown": data(random)},
    }  # fmt: skip
    return {"destination": random.randbytes(6), "source": b"source", "type": type_, "payload": payloads[type_]}


CHUNKS = Struct(
    "signature" / Const(b"CHNK"),
    "chunks" / PrefixedArray(VarInt, Struct(
        "tag" / PaddedString(4, "ascii"),
        "data" / Prefixed(Int32ul, Struct(
            "flags" / FlagsEnum(Byte, packed=1, last=0x80),
            "size" / If(this.flags.packed, VarInt),
            "body" / GreedyBytes,
        )),
        "crc" / Hex(Int32ul),
    )),
    "trailer" / Optional(Int32ub),
)  # fmt: skip


def chunks(random: Random) -> Any:
    def chunk() -> Any:
        packed = random.random() < 0.5
        inner = {"flags": {"packed": packed}, "size": 300 if packed else None, "body": data(random)}
        return {"tag": text(random, 4, "abc"), "data": inner, "crc": random.randrange(1 << 32)}

    return {"chunks": [chunk() for _ in range(random.randrange(3))], "trailer": random.choice([None, 77])}


ALIGNED = AlignedStruct(
    4,
    "a" / Byte,
    "b" / Int16ub,
    "c" / Struct("n" / Byte, "d" / Aligned(2, PascalString(Byte, "ascii")), "e" / Padded(3, Byte)),
)


def aligned(random: Random) -> Any:
    return {"a": 1, "b": 2, "c": {"n": 3, "d": text(random, 5, "abc"), "e": 4}}


DIRECTORY = Struct(
    "count" / Byte,
    "entries" / Array(this.count & 3, Struct(
        "offset" / Byte,
        "size" / Byte,
        "body" / Pointer(this.offset & 7, Struct("first" / Byte, "second" / Byte)),
    )),
    "blob" / Bytes(8),
)  # fmt: skip


def directory(random: Random) -> Any:
    # A pointer writes where it points to, so what it says is what stands there in the end.
    return {"count": 0, "entries": [], "blob": random.randbytes(8)}


SESSION = Struct(
    "hello" / RawCopy(Struct("version" / Byte, "names" / PrefixedArray(Byte, CString("ascii")))),
    "at" / Tell,
    "messages" / Prefixed(Int16ub, PrefixedArray(Byte, Struct(
        "sequence" / VarInt,
        "body" / Prefixed(VarInt, Struct("kind" / Byte, "data" / NullTerminated(GreedyBytes, require=False))),
        "note" / IfThenElse(this.body.kind > 127, Struct("long" / Int32ub), Struct("short" / Int16ub)),
    ))),
    "crc" / Checksum(Int32ul, zlib.crc32, this.hello.data),
)  # fmt: skip


def session(random: Random) -> Any:
    def message() -> Any:
        kind = random.randrange(256)
        body = {"kind": kind, "data": text(random, 4, "abc").encode()}
        return {"sequence": random.randrange(1000), "body": body, "note": {"long": 5} if kind > 127 else {"short": 6}}

    names = [text(random, 3, "abc") for _ in range(random.randrange(3))]
    return {
        "hello": {"value": {"version": 1, "names": names}},
        "messages": [message() for _ in range(random.randrange(3))],
    }


BITS = BitStruct(
    "head" / Struct("kind" / Nibble, "size" / Nibble),
    "parts" / Array(2, Struct("on" / Flag, "value" / BitsInteger(7, signed=True), "pair" / Array(2, Nibble))),
    "wide" / BitsInteger(20),
    "rest" / Nibble,
)


def bits(random: Random) -> Any:
    part = {"on": True, "value": random.randrange(-64, 64), "pair": [1, random.randrange(16)]}
    return {"head": {"kind": 1, "size": 2}, "parts": [part, part], "wide": random.randrange(1 << 20), "rest": 3}


CONSTANTS = Struct(
    "magic" / Const("SIGF", PaddedString(8, "ascii")),
    "zero" / Const(0, Int16ub),
    "kind" / Const("on", Enum(Byte, off=0, on=1)),
    "size" / Default(Byte, 3),
    "body" / Struct(
        "inner" / Struct("mark" / Const(-2, Int8sb), "deep" / Struct("value" / Default(Byte, 7))),
        "nothing" / Pass,
        "fill" / Bytes(this._.size & 7),
    ),
)  # fmt: skip


def constants(random: Random) -> Any:
    size = random.randrange(256)
    return {"size": size, "body": {"inner": {"deep": {}}, "fill": random.randbytes(size & 7)}}


REGISTERS = Struct(
    "count" / Byte * "how many there are",
    "registers" / Array(this.count & 3, Union(
        0, "raw" / Bytes(4), "words" / Array(2, Int16ub), "signed" / Int16sl, "parts" / Struct("a" / Byte, "b" / Byte),
    )),
    "view" / Union("number", "number" / Int32ul, "bytes" / Array(4, Byte)),
    "more" / Array(this.view.number & 3, Byte),
)  # fmt: skip


def registers(random: Random) -> Any:
    count, number = random.randrange(256), random.randrange(1 << 32)
    raw = [{"raw": random.randbytes(4)} if random.random() < 0.5 else {"words": [1, 2]} for _ in range(count & 3)]
    more = [7] * (number & 3)
    return {"count": count, "registers": raw, "view": {"number": number}, "more": more}


MOVED = Struct(
    "name" / PaddedString(4, "ascii"),
    "offset" / Byte,
    Seek(8),
    "body" / Bytes(this.offset & 3),
    "inner" / Struct("kind" / Const(7, Byte), "size" / Computed(this._.offset + 1)),
)


def moved(random: Random) -> Any:
    offset = random.randrange(256)
    return {"name": text(random, 4, "abc"), "offset": offset, "body": random.randbytes(offset & 3), "inner": {}}


MIXED = Struct(
    "at" / Byte,
    "bits" / BitsSwapped(BitStruct("low" / Nibble, "high" / Nibble)),
    "word" / ByteSwapped(Int24ub),
    "union" / Union("all", "all" / Bytes(2), "first" / Byte),
    Seek(this.at & 1 | 16),
    "alternative" / Prefixed(Byte, Select(Const(b"AB"), Int16ub)),
    "greedy" / GreedyRange(Int16ub),
    Terminated,
)


def mixed(random: Random) -> Any:
    return {
        "at": random.randrange(256), "bits": {"low": 1, "high": random.randrange(16)}, "word": 9,
        "union": {"all": random.randbytes(2)}, "alternative": 77, "greedy": [1, 2, 3][: random.randrange(4)],
    }  # fmt: skip


CONTROL = Struct(
    "unit" / Mapping(Byte, {"metre": 1, "foot": 2}),
    "blocks" / RepeatUntil(obj_.last, Struct(
        "last" / Flag,
        "level" / Byte,
        Check(this.level < 0xF0),
        "body" / Prefixed(Byte, Struct(
            "kind" / Byte,
            StopIf(this.kind == 0),
            "next" / If(this.kind == 1, LazyBound(lambda: LINK)),
            "padding" / GreedyBytes,
        )),
    )),
)  # fmt: skip
LINK = Struct("name" / PascalString(Byte, "ascii"), "more" / Flag, "link" / If(this.more, LazyBound(lambda: LINK)))


def link(random: Random, depth: int = 0) -> Any:
    more = depth < 3 and random.random() < 0.5
    return {"name": text(random, 3, "abc"), "more": more, "link": link(random, depth + 1) if more else None}


def control(random: Random) -> Any:
    def block(last: bool) -> Any:
        kind = random.randrange(3)
        body = {"kind": kind, "next": link(random) if kind == 1 else None, "padding": data(random, 3)}
        return {"last": last, "level": random.randrange(0xF0), "body": body}

    blocks = [block(False) for _ in range(random.randrange(3))]
    return {"unit": random.choice(["metre", "foot"]), "blocks": [*blocks, block(True)]}


SCHEMAS: dict[str, tuple[Any, Make]] = {
    "bitmap": (BITMAP, bitmap), "numbers": (NUMBERS, numbers), "texts": (TEXTS, texts), "flags": (FLAGS, flags),
    "rights": (RIGHTS, rights), "choice": (CHOICE, choice), "sequence": (SEQUENCE, sequence), "until": (UNTIL, until),
    "sizes": (SIZES, sizes), "varints": (VARINTS, varints), "pointers": (POINTERS, pointers),
    "checked": (CHECKED, checked), "summed": (SUMMED, summed), "xmodem": (XMODEM, xmodem),
    "optional": (OPTIONAL, optional), "stop": (STOP, stop), "tree": (TREE, tree), "focus": (FOCUS, focus),
    "adapted": (ADAPTED, adapted), "fallback": (FALLBACK, fallback), "shapes": (SHAPES, shapes),
    "nested": (NESTED, nested), "matrix": (MATRIX, matrix), "ether": (ETHER, ether), "chunks": (CHUNKS, chunks),
    "aligned": (ALIGNED, aligned), "directory": (DIRECTORY, directory), "session": (SESSION, session),
    "bits": (BITS, bits), "constants": (CONSTANTS, constants),
    "registers": (REGISTERS, registers), "moved": (MOVED, moved), "mixed": (MIXED, mixed),
    "control": (CONTROL, control),
}  # fmt: skip
