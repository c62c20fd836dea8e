"""What is an instruction or two of the processor, in place of functions of the same names.

Kernel code spells them out in Python (`reads`, `crc_kernels`, `vectors`), which is what runs uncompiled.  Each one here
takes the same arguments and gives the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from sigflow.engine.llvm import arrays
from sigflow.engine.llvm.kinds import BYTES, NUMBER, Array, Kind, Tuple, Value, Vector, number, parts_of
from sigflow.engine.llvm.writer import Writer

#: Writes a call: of these arguments, and with or without a look at indexes.  Raises `TypeError` for other kinds.
Instruction = Callable[[Writer, Sequence[Value], bool], Value]


def _expect(values: Sequence[Value], *kinds: Kind | type) -> list[str]:
    """The parts of arguments of these kinds, of arrays the first."""
    if len(values) != len(kinds):
        raise TypeError(f"takes {len(kinds)} arguments, not {len(values)}")
    for value, kind in zip(values, kinds, strict=True):
        if not (isinstance(value.kind, kind) if isinstance(kind, type) else value.kind == kind):
            raise TypeError(f"takes {kind}, not {value.kind}")
    return [value.parts[0] for value in values]


# ---------------------------------------------------------------- numbers and arrays


def _extreme(name: str) -> Instruction:
    def write(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
        first, *others = _expect(values, *[NUMBER] * len(values))
        for other in others:
            first = writer.call("i64", name, f"i64 {first}", f"i64 {other}")
        return number(first)

    return write


def _absolute(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
    (operand,) = _expect(values, NUMBER)
    return number(writer.call("i64", "llvm.abs.i64", f"i64 {operand}", "i1 false"))


def _length(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
    (value,) = values
    if isinstance(value.kind, Tuple):
        return number(str(len(value.kind.members)))
    _expect(values, Array)
    return number(value.parts[1])


def _same(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
    return number(_expect(values, NUMBER)[0])


def _turned(name: str) -> Instruction:
    def write(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
        return number(writer.call("i64", name, f"i64 {_expect(values, NUMBER)[0]}"))

    return write


def _bytes_below(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
    zeros = writer.call("i64", "llvm.cttz.i64", f"i64 {_expect(values, NUMBER)[0]}", "i1 false")
    return number(writer.op(f"lshr i64 {zeros}, 3"))


# ---------------------------------------------------------------- reads and writes of any alignment


def _reader(bits: int, signed: bool, big: bool) -> Instruction:
    swapped = bits > 8 and big == (sys.byteorder == "little")

    def write(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
        _, at = _expect(values, BYTES, NUMBER)
        loaded = writer.op(f"load i{bits}, ptr {arrays.byte(writer, values[0], at, bits // 8, checked)}, align 1")
        if swapped:
            loaded = writer.call(f"i{bits}", f"llvm.bswap.i{bits}", f"i{bits} {loaded}")
        return number(loaded if bits == 64 else writer.op(f"{'sext' if signed else 'zext'} i{bits} {loaded} to i64"))

    return write


def _put8le(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
    _, at, operand = _expect(values, BYTES, NUMBER, NUMBER)
    if sys.byteorder == "big":
        operand = writer.call("i64", "llvm.bswap.i64", f"i64 {operand}")
    writer.line(f"store i64 {operand}, ptr {arrays.byte(writer, values[0], at, 8, checked)}, align 1")
    return number("0")


# ---------------------------------------------------------------- vectors

#: LLVM's names of the instructions, by the number of words.
_MULTIPLY = {2: "llvm.x86.pclmulqdq", 4: "llvm.x86.pclmulqdq.256", 8: "llvm.x86.pclmulqdq.512"}
_SHUFFLE = {2: "llvm.x86.ssse3.pshuf.b.128", 4: "llvm.x86.avx2.pshuf.b", 8: "llvm.x86.avx512.pshuf.b.512"}


def _of(words: int, operand: str) -> Value:
    return Value(Vector(words), (operand,))


def _words(value: Value) -> int:
    if not isinstance(value.kind, Vector):
        raise TypeError(f"takes a vector, not {value.kind}")
    return value.kind.words


def _count(value: Value) -> int:
    """A number of words, which is known when it is compiled."""
    if value.parts[0] not in ("2", "4", "8"):
        raise TypeError("takes 2, 4 or 8 as the number of words")
    return int(value.parts[0])


def _load(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
    _, at, _ = _expect(values, Array, NUMBER, NUMBER)
    words = _count(values[2])
    address = arrays.byte(writer, values[0], at, 8 * words, checked)
    return _of(words, writer.op(f"load <{words} x i64>, ptr {address}, align 1"))


def _pair_of(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
    low, high = _expect(values, NUMBER, NUMBER)
    half = writer.op(f"insertelement <2 x i64> zeroinitializer, i64 {low}, i64 0")
    return _of(2, writer.op(f"insertelement <2 x i64> {half}, i64 {high}, i64 1"))


def _word(place: int) -> Instruction:
    def write(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
        (vector,) = values
        return number(writer.op(f"extractelement <{_words(vector)} x i64> {vector.parts[0]}, i64 {place}"))

    return write


def _bitwise(name: str) -> Instruction:
    def write(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
        words = _words(values[0])
        left, right = _expect(values, values[0].kind, values[0].kind)
        return _of(words, writer.op(f"{name} <{words} x i64> {left}, {right}"))

    return write


def _shuffled(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
    words = _words(values[0])
    bytes_ = f"<{8 * words} x i8>"
    operands = [
        f"{bytes_} {writer.op(f'bitcast <{words} x i64> {operand} to {bytes_}')}"
        for operand in _expect(values, values[0].kind, values[0].kind)
    ]
    shuffled = writer.call(bytes_, _SHUFFLE[words], *operands)
    return _of(words, writer.op(f"bitcast {bytes_} {shuffled} to <{words} x i64>"))


def _product(writer: Writer, values: Sequence[Value], halves: int) -> Value:
    words = _words(values[0])
    operands = [f"<{words} x i64> {operand}" for operand in _expect(values, values[0].kind, values[0].kind)]
    # The last operand has to be a literal of LLVM's own.
    return _of(words, writer.call(f"<{words} x i64>", _MULTIPLY[words], *operands, f"i8 {halves}"))


def _half_product(halves: int) -> Instruction:
    return lambda writer, values, checked: _product(writer, values, halves)


def _multiplied(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
    low, high = (_product(writer, values, halves) for halves in (0x00, 0x11))
    (type_,) = parts_of(low.kind)
    return Value(low.kind, (writer.op(f"xor {type_} {low.parts[0]}, {high.parts[0]}"),))


def _arranged(writer: Writer, value: Value, places: Sequence[int]) -> Value:
    """The vector of these words of another, by number; from its number of words on they are 0."""
    words = _words(value)
    order = ", ".join(f"i32 {place}" for place in places)
    vector = f"<{words} x i64>"
    register = writer.op(
        f"shufflevector {vector} {value.parts[0]}, {vector} zeroinitializer, <{len(places)} x i32> <{order}>"
    )
    return _of(len(places), register)


def _spread(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
    _expect(values, Vector(2), NUMBER)
    return _arranged(writer, values[0], [0, 1] * (_count(values[1]) // 2))


def _widened(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
    _expect(values, Vector(2), NUMBER)
    return _arranged(writer, values[0], [0, 1] + [2] * (_count(values[1]) - 2))


def _added(writer: Writer, values: Sequence[Value], checked: bool) -> Value:
    (value,) = values
    total = _arranged(writer, value, [0, 1])
    for place in range(2, _words(value), 2):
        total = _bitwise("xor")(writer, [total, _arranged(writer, value, [place, place + 1])], checked)
    return total


#: By name.
INSTRUCTIONS: dict[str, Instruction] = {
    "min": _extreme("llvm.smin.i64"),
    "max": _extreme("llvm.smax.i64"),
    "abs": _absolute,
    "len": _length,
    "int": _same,
    "wrapped": _same,
    "bytes_reversed": _turned("llvm.bswap.i64"),
    "bits_reversed": _turned("llvm.bitreverse.i64"),
    "bytes_below": _bytes_below,
    "put8le": _put8le,
    **{
        f"{kind}{bits // 8}{order}": _reader(bits, kind == "s", order == "be")
        for bits in (8, 16, 32, 64)
        for kind in "us"
        for order in (("",) if bits == 8 else ("be", "le"))
    },
}
#: The same where the processor multiplies without carry; see `sigflow.engine.vectors`.
VECTORS: dict[str, Instruction] = {
    "words_at": _load,
    "pair_at": lambda writer, values, checked: _load(writer, [*values, number("2")], checked),
    "pair_of": _pair_of,
    "low_word": _word(0),
    "high_word": _word(1),
    "xor_words": _bitwise("xor"),
    "and_words": _bitwise("and"),
    "shuffled": _shuffled,
    "multiplied": _multiplied,
    "low_low": _half_product(0x00),
    "high_low": _half_product(0x01),
    "low_high": _half_product(0x10),
    "high_high": _half_product(0x11),
    "added_up": _added,
    "spread": _spread,
    "widened": _widened,
}
