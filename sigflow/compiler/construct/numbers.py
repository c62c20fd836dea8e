"""Numbers, bits, bytes and text: constructs that are one attribute."""

from __future__ import annotations

import struct
import sys
from dataclasses import replace
from functools import partial
from typing import Any

from sigflow.compiler import encodings
from sigflow.compiler.construct.compiler import Compiler, Fragment
from sigflow.compiler.construct.expressions import number
from sigflow.compiler.construct.scope import At, Meaning, Stays, kind_of, nothing
from sigflow.runtime.construct.views import Adapted, Changed, Same

PLAIN = Same()
_ORDERS = {">": "be", "<": "le", "!": "be", "=": "le" if sys.byteorder == "little" else "be"}
_SIZES = {"b": 1, "h": 2, "l": 4, "q": 8, "f": 4, "d": 8}


def format_field(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Int16ub`, `Float32l` and their like."""
    order, letter = _ORDERS.get(con.fmtstr[:1], ""), con.fmtstr[1:]
    if letter == "e":
        layout = struct.Struct(con.fmtstr)
        view = Changed(partial(_unpacked, layout), layout.pack, PLAIN)
        return Fragment({"size": 2}, view, nothing("float"))
    if not order or letter.lower() not in _SIZES or at.builder.bits:
        raise Stays(f"a field of the format {con.fmtstr!r}", at.place)
    size = _SIZES[letter.lower()]
    kind = "f" if letter in "fd" else "s" if letter.islower() else "u"
    name = f"{kind}{size}{order if size > 1 else ''}"
    return Fragment({"type": name}, PLAIN, Meaning("$", "float" if kind == "f" else "int"))


def _unpacked(layout: struct.Struct, data: bytes) -> Any:
    return layout.unpack(data)[0]


def bytes_integer(compiler: Compiler, con: Any, at: At) -> Fragment:
    """Integers of any number of bytes."""
    size, swapped = con.length, con.swapped
    if callable(swapped) or at.builder.bits:
        raise Stays("an integer whose byte order is computed", at.place)
    order = "le" if swapped else "be"
    if isinstance(size, int) and size in (1, 2, 4, 8):
        name = f"{'s' if con.signed else 'u'}{size}{order if size > 1 else ''}"
        return Fragment({"type": name}, PLAIN, Meaning("$"))
    if isinstance(size, int) and 1 < size < 8:
        return _signed({"type": f"b{size * 8}{order}"}, size * 8, con.signed)
    if isinstance(size, int) and size < 1:
        raise Stays(f"an integer of {size} bytes", at.place)
    python: Any = "little" if swapped else "big"
    view = Changed(
        partial(int.from_bytes, byteorder=python, signed=con.signed),
        partial(_to_bytes, size, python, con.signed),
        PLAIN,
    )
    if not isinstance(size, int):
        raise Stays("an integer whose size is computed", at.place)
    return Fragment({"size": number(size, at)}, view, nothing())


def _to_bytes(size: int, order: Any, signed: bool, value: int) -> bytes:
    return value.to_bytes(size, order, signed=signed)


def _signed(keys: dict[str, Any], width: int, signed: bool) -> Fragment:
    if not signed:
        return Fragment(keys, PLAIN, Meaning("$"))
    view = Changed(partial(_to_signed, width), partial(_to_unsigned, width), PLAIN)
    return Fragment(keys, view, Meaning(f"($ - (($ >> {width - 1}) << {width}))"))


def _to_signed(width: int, value: int) -> int:
    return value - ((value >> (width - 1)) << width)


def _to_unsigned(width: int, value: int) -> int:
    if not -(1 << (width - 1)) <= value < 1 << (width - 1):
        raise ValueError(f"{value} does not fit a signed integer of {width} bits")
    return value & ((1 << width) - 1)


def bits_integer(compiler: Compiler, con: Any, at: At) -> Fragment:
    """Bit fields."""
    width, signed = con.length, con.signed
    if not at.builder.bits:
        raise Stays("bits outside of `Bitwise`", at.place)
    if not isinstance(width, int) or not 1 <= width <= 64 or con.swapped:
        raise Stays("a bit field that is computed, swapped, or wider than 64 bits", at.place)
    if width == 1:
        view = Changed(int, bool, PLAIN)
        return Fragment({"type": "b1"}, view, Meaning("($ ? 1 : 0)")) if not signed else _bit_sign()
    return _signed({"type": f"b{width}"}, width, signed)


def _bit_sign() -> Fragment:
    return Fragment({"type": "b1"}, Changed(_negative, bool, PLAIN), Meaning("($ ? -1 : 0)"))


def _negative(value: bool) -> int:
    return -int(value)


def flag(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Flag`: a byte, or a bit, as a boolean."""
    if at.builder.bits:
        return Fragment({"type": "b1"}, PLAIN, Meaning("$", "bool"))
    return Fragment({"type": "u1"}, Changed(bool, int, PLAIN), Meaning("($ != 0)", "bool"))


def bytes_of(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Bytes`."""
    if at.builder.bits:
        raise Stays("bytes inside `Bitwise`", at.place)
    return _texted({"size": number(con.length, at)}, at)


def greedy_bytes(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`GreedyBytes`."""
    if at.builder.bits:
        raise Stays("bytes inside `Bitwise`", at.place)
    return _texted({} if at.whole else {"size-eos": True}, at)


def _texted(keys: dict[str, Any], at: At) -> Fragment:
    if at.encoding is None:
        return Fragment(keys, PLAIN, Meaning("$", "bytes"))
    return Fragment({"type": "str", "encoding": at.encoding, **keys}, PLAIN, Meaning("$", "str"))


def string_encoded(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`PaddedString`, `PascalString`, `CString`, `GreedyString`."""
    encoding = _encoding(con.encoding)
    if encoding is not None:
        mark = at.builder.mark()
        try:
            return compiler.declared(con.subcon, replace(at, encoding=encoding))
        except Stays:
            compiler.undo(
                at, mark
            )  # (text of what is no plain bytes: the bytes are read, and the text is made of them)
    inner = compiler.declared(con.subcon, replace(at, encoding=None))
    return Fragment(inner.keys, Adapted(con, inner.view), nothing("str"))


def _encoding(name: str) -> str | None:
    """The name that specs have for an encoding of Python's; None where they have none, or another meaning."""
    known = {"utf8": "UTF-8", "utf_8": "UTF-8", "u8": "UTF-8", "ascii": "ASCII", "utf_16_le": "UTF-16LE",
             "utf_16_be": "UTF-16BE", "utf_32_le": "UTF-32LE", "utf_32_be": "UTF-32BE", "latin_1": "ISO-8859-1",
             "latin1": "ISO-8859-1", "iso8859_1": "ISO-8859-1"}  # fmt: skip
    encoding = known.get(str(name).lower().replace("-", "_"))
    return encoding if encoding is not None and encodings.canonical(encoding) == encoding else None


def null_stripped(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`NullStripped` of bytes, in a region."""
    sub, _ = compiler.renamed(con.subcon, at)
    if kind_of(sub) != "GreedyBytes" or con.pad != b"\0":
        raise Stays("stripping of what is not single zeros", at.place)
    part = greedy_bytes(compiler, sub, at)
    assert part.keys is not None  # (it is bytes)
    return Fragment({**part.keys, "pad-right": con.pad[0]}, part.view, part.meaning)


def var_int(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`VarInt`: base 128, the lowest group first."""
    if at.builder.bits:
        raise Stays("a VarInt inside `Bitwise`", at.place)
    view = Changed(_joined, _split, PLAIN)
    return Fragment({"type": _varint_type(at)}, view, Meaning("$.value"))


def zig_zag(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`ZigZag`: a VarInt whose lowest bit is the sign."""
    part = var_int(compiler, con, at)
    return Fragment(part.keys, Changed(_unzigzag, _zigzag, part.view), Meaning("(($.value >> 1) ^ (-($.value & 1)))"))


def _unzigzag(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def _zigzag(value: int) -> int:
    return value * 2 if value >= 0 else -value * 2 - 1


def _joined(held: Any) -> int:
    return sum(group.value << (7 * place) for place, group in enumerate(held.groups))


def _split(value: int) -> dict[str, Any]:
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"a VarInt is an integer from 0 on, got {value!r}")
    groups = [value & 127]
    while value := value >> 7:
        groups.append(value & 127)
    last = len(groups) - 1
    return {"groups": [{"has_next": place < last, "value": group} for place, group in enumerate(groups)]}


def _varint_type(at: At) -> str:
    """The id of the type of all VarInts."""
    number_type, new = at.builder.helper("varint", at.place)
    if not new:
        return number_type.id
    group, _ = at.builder.helper("varint_group", at.place)
    group.emit("has_next", {"type": "b1"}, at.place)
    group.emit("value", {"type": "b7"}, at.place)
    keys = {"type": group.id, "repeat": "until", "repeat-until": "not _.has_next"}
    number_type.emit("groups", keys, at.place)
    parts = ["groups[0].value"]
    parts += [f"(groups.size > {place} ? groups[{place}].value << {7 * place} : 0)" for place in range(1, 9)]
    number_type.instance("value", {"value": " + ".join(parts)}, at.place)
    return number_type.id


TABLE = {
    "FormatField": format_field, "BytesInteger": bytes_integer, "BitsInteger": bits_integer, "Flag": flag,
    "Bytes": bytes_of, "GreedyBytes": greedy_bytes, "StringEncoded": string_encoded, "NullStripped": null_stripped,
    "VarInt": var_int, "ZigZag": zig_zag,
}  # fmt: skip
