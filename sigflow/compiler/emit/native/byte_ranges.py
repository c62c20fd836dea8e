"""Bytes and strings of a measure: what can be asked of them without copying any.

A string is its bytes and an encoding; where it was read, they were found to decode.  Strings are compared as their
bytes, which is the same for every encoding that is supported here: none has two forms of one letter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from sigflow.compiler import encodings
from sigflow.compiler.emit.native.arithmetic import Arithmetic
from sigflow.compiler.emit.native.branches import Branches
from sigflow.compiler.emit.native.builder import FAILED, Builder, Inexpressible
from sigflow.compiler.emit.native.streams import halves, load
from sigflow.compiler.emit.native.tree import (
    DATA,
    MIRRORED,
    Call,
    Compare,
    Conditional,
    Const,
    Expr,
    Local,
    Not,
    Operand,
    call,
)
from sigflow.compiler.emit.native.values import ANY_ENCODING, Bytes, Flag, Int, Literal, Value, both, either, signed
from sigflow.runtime.native import BAILOUT

_HAS_ORDER = ("", ANY_ENCODING, "ascii", "utf-8", "iso8859-1")


@cache
def letters(encoding: str) -> frozenset[int] | None:
    """The bytes that are letters of an encoding of one byte each; None of an encoding of another kind."""
    if not encoding.startswith(("iso8859", "cp", "koi8")):
        return None
    bytes_of: dict[str, int] = {}
    for byte in range(256):
        try:
            letter = bytes((byte,)).decode(encoding)
        except UnicodeDecodeError:
            continue
        except LookupError:
            return None
        if letter in bytes_of or letter.encode(encoding) != bytes((byte,)):
            return None
        bytes_of[letter] = byte
    return frozenset(bytes_of.values())


def spelt(encoding: str) -> str:
    """The encoding in which a literal is written to compare it; strings of which no more is known are literals, too."""
    return "utf-8" if encoding in ("", ANY_ENCODING) else encoding


def is_total(encoding: str) -> bool:
    """Whether any bytes decode."""
    known = letters(encoding)
    return known is not None and len(known) == 256


def _set_of(numbers: frozenset[int]) -> list[Const]:
    """A set of bytes as the arguments of `is_among`."""
    words = (sum(1 << n for n in range(64) if 64 * part + n in numbers) for part in range(4))
    return [Const(signed(word)) for word in words]


class ByteRanges:
    """Operations on bytes and strings, written by a builder."""

    def __init__(self, builder: Builder, branches: Branches) -> None:
        self.builder = builder
        self.branches = branches
        self.arithmetic = Arithmetic(builder)

    def call(self, name: str, value: Bytes, *arguments: Operand) -> Call:
        """A call of a function over the byte range."""
        return self.builder.call(name, DATA, value.start, value.stop, *arguments)

    # ------------------------------------------------------------ decoding

    def decode(self, value: Bytes | Literal, encoding: str) -> Value:
        """The string of these bytes; what does not decode is refused."""
        encoding = encodings.python_name(encoding)
        if isinstance(value, Literal):
            return self._decode_literal(value, encoding)
        self.real(value)
        known = letters(encoding)
        check: Expr | None = None
        if encoding == "ascii":
            check = self.call("is_ascii", value)
        elif encoding == "utf-8":
            check = self.call("is_utf8", value)
        elif known is None:
            raise Inexpressible(f"a string in {encoding}")
        elif len(known) < 256:
            check = self.call("is_among", value, *_set_of(known))
        plain = self.is_plain(value)
        if check is not None and value.size.value != 0 and not (plain and encoding in ("ascii", "utf-8")):
            self.builder.refuse(Not(check), FAILED)
        return replace(value, encoding=encoding, plain=plain or encoding == "ascii")

    def is_plain(self, value: Bytes) -> bool:
        """Whether the bytes are known to be ASCII."""
        most = self.builder.ranges.get(self.call("highest", value))
        return value.plain or value.encoding == "ascii" or (most is not None and most[1] < 0x80)

    def _decode_literal(self, value: Literal, encoding: str) -> Value:
        assert isinstance(value.value, bytes)
        try:
            return Literal(value.value.decode(encoding))
        except UnicodeDecodeError:
            self.builder.leave(FAILED)
        except LookupError:
            raise Inexpressible(f"a string in {encoding}") from None

    def real(self, value: Bytes) -> None:
        """Go on only with what stands in `data`."""
        if value.literals:
            self.builder.refuse(value.start < 0, BAILOUT)

    # ------------------------------------------------------------ comparing

    def compare(self, op: str, left: Bytes | Literal, right: Bytes | Literal) -> Flag:
        """`left op right`."""
        if isinstance(left, Literal) and isinstance(right, Literal):
            return Flag.of(_LITERALS[op](left.value, right.value))
        if op not in ("==", "!="):
            return self._ordered(op, left, right)
        if isinstance(left, Literal):
            left, right = right, left
        assert isinstance(left, Bytes)
        equal = self.equals(left, right) if isinstance(right, Literal) else self._alike(left, right)
        return equal if op == "==" else equal.negated()

    def equals(self, left: Bytes, right: Literal) -> Flag:
        """Whether a byte range is a literal."""
        try:
            raw = right.value if isinstance(right.value, bytes) else right.value.encode(spelt(left.encoding))
        except UnicodeEncodeError:
            return Flag.of(False)
        numbers = [number for number in left.literals if self.builder.literals[number] == raw]
        equal = self.arithmetic.compare("==", left.size, Int.of(len(raw)))
        if equal.value is not False:
            equal = both(equal, self.stands(left.start, raw)) if raw else equal
        if left.literals and equal.value is not False:
            equal = both(Flag(left.start >= 0), equal)
        for number in numbers:
            equal = either(equal, Flag(left.start.equals(-1 - number)))
        return equal

    def stands(self, start: Local, raw: bytes) -> Flag:
        """Whether these bytes stand at a position where so many are."""
        equal = Flag.of(True)
        at = 0
        while at < len(raw):
            size = next(size for size in (8, 4, 2, 1) if size <= len(raw) - at)
            number = signed(int.from_bytes(raw[at : at + size], "big"))
            loaded = load(self.builder, start.plus(at), size, "be").expr
            equal = both(equal, Flag(loaded.equals(Const(number, 2 * size if number >= 0 else 1))))
            at += size
        return equal

    def _alike(self, left: Bytes, right: Bytes) -> Flag:
        if ANY_ENCODING not in (left.encoding, right.encoding) and left.encoding != right.encoding:
            raise Inexpressible("a comparison of strings of different encodings")
        if right.literals and not left.literals:
            left, right = right, left
        alike = Flag(self.call("same", left, right.start, right.stop))
        for side in (right, left):
            if side.literals:
                alike = both(Flag(side.start >= 0), alike)
        for number in left.literals:
            is_literal = Flag(left.start.equals(-1 - number))
            alike = either(alike, both(is_literal, self.equals(right, Literal(self.builder.literals[number]))))
        return alike

    def _ordered(self, op: str, left: Bytes | Literal, right: Bytes | Literal) -> Flag:
        if isinstance(left, Literal):
            left, right, op = right, left, MIRRORED[op]
        assert isinstance(left, Bytes)
        if left.encoding not in _HAS_ORDER:
            raise Inexpressible("the order of strings of this encoding")
        if isinstance(right, Literal):
            self.real(left)
            try:
                raw = right.value if isinstance(right.value, bytes) else right.value.encode(spelt(left.encoding))
            except UnicodeEncodeError:
                raise Inexpressible("the order of a string and letters that its encoding lacks") from None
            return Flag(Compare(op, self.call("order_to", left, *halves(raw)), Const(0)))
        if ANY_ENCODING not in (left.encoding, right.encoding) and left.encoding != right.encoding:
            raise Inexpressible("the order of strings of different encodings")
        self.real(left)
        self.real(right)
        return Flag(Compare(op, self.call("order_of", left, right.start, right.stop), Const(0)))

    # ------------------------------------------------------------ methods

    def method(self, value: Bytes | Literal, name: str, arguments: list[Value]) -> Value:
        """`value.name(arguments)`."""
        text = isinstance(value.value, str) if isinstance(value, Literal) else bool(value.encoding)
        work = _METHODS.get((text, name))
        if work is None:
            raise Inexpressible(f"`{name}` of {'a string' if text else 'bytes'}")
        return work(self, value, arguments)

    def _size(self, value: Bytes | Literal, _arguments: list[Value]) -> Value:
        if isinstance(value, Literal):
            return Int.of(len(value.value))
        if value.encoding == "utf-8":
            self.real(value)
            return Int(self.call("letters_of_utf8", value), 0, self.builder.refined(value.size).high)
        none = ((self.call("lowest", value), 256, 256), (self.call("highest", value), -1, -1))
        return replace(self.builder.refined(value.size), empty=none)

    def _not_empty(self, value: Bytes) -> None:
        self.real(value)
        size = self.builder.refined(value.size)
        self.builder.refuse(self.arithmetic.compare("<", size, Int.of(1)), FAILED)

    def _raw(self, value: Literal) -> bytes:
        if not isinstance(value.value, bytes) or not value.value:
            raise Inexpressible("a method of a literal")
        return value.value

    def _first(self, value: Bytes | Literal, _arguments: list[Value]) -> Value:
        if isinstance(value, Literal):
            return Int.of(self._raw(value)[0])
        self._not_empty(value)
        return self._byte_at(value.start)

    def _last(self, value: Bytes | Literal, _arguments: list[Value]) -> Value:
        if isinstance(value, Literal):
            return Int.of(self._raw(value)[-1])
        self._not_empty(value)
        return self._byte_at(value.stop.plus(-1))

    def _min(self, value: Bytes | Literal, _arguments: list[Value]) -> Value:
        if isinstance(value, Literal):
            return Int.of(min(self._raw(value)))
        self._not_empty(value)
        return Int(self.call("lowest", value), 0, 255)

    def _max(self, value: Bytes | Literal, _arguments: list[Value]) -> Value:
        if isinstance(value, Literal):
            return Int.of(max(self._raw(value)))
        self._not_empty(value)
        return Int(self.call("highest", value), 0, 255)

    def _index_of(self, value: Bytes | Literal, arguments: list[Value]) -> Value:
        wanted = arguments[0]
        if not isinstance(value, Bytes) or not isinstance(wanted, Int):
            raise Inexpressible("`index_of` of a literal")
        self.real(value)
        wanted = self.builder.refined(wanted)
        inside = both(
            self.arithmetic.compare(">=", wanted, Int.of(0)), self.arithmetic.compare("<=", wanted, Int.of(255))
        )
        self.builder.refuse(inside.negated(), FAILED)
        index = self.builder.let("index", self.call("find_byte", value, wanted.expr))
        return Int(Conditional(index < 0, index, index - value.start), -1, self.builder.refined(value.size).high)

    def byte(self, value: Bytes | Literal, index: Int) -> Value:
        """`value[index]`."""
        if isinstance(value, Literal) or value.encoding:
            raise Inexpressible("an element of a literal or a string")
        self.real(value)
        self.builder.refuse(self.arithmetic.compare("<", index, Int.of(0)), BAILOUT)
        index = self.builder.refined(index)
        self.builder.refuse(self.arithmetic.compare(">=", index, self.builder.refined(value.size)), FAILED)
        return self._byte_at(value.start.plus(index.value) if index.value is not None else value.start + index.expr)

    def _byte_at(self, position: Expr) -> Int:
        return Int(self.builder.call("u1", DATA, position), 0, 255)

    def _substring(self, value: Bytes | Literal, arguments: list[Value]) -> Value:
        if not isinstance(value, Bytes) or not (self.is_plain(value) or letters(value.encoding)):
            raise Inexpressible("`substring` of letters of several bytes")
        self.real(value)
        offsets: list[Int] = []
        for argument in arguments:
            if not isinstance(argument, Int):
                raise Inexpressible("`substring` between places that are no integers")
            offset = self.arithmetic.narrow(argument)
            self.builder.refuse(self.arithmetic.compare("<", offset, Int.of(0)), BAILOUT)
            offsets.append(self.builder.refined(offset))
        size = self.builder.refined(value.size)
        start, stop = self.builder.local("cut"), self.builder.local("cut")
        for cut, offset in zip((start, stop), offsets, strict=True):
            self.builder.assign(cut, value.start + call("min", offset.expr, size.expr))
        self.builder.assign(stop, call("max", start, stop))
        return replace(value, start=start, stop=stop, size=Int(stop - start, 0, size.high))

    def _to_s(self, value: Bytes | Literal, arguments: list[Value]) -> Value:
        named = arguments[0]
        assert isinstance(named, Literal)
        return self.decode(value, str(named.value))

    def _to_b(self, value: Bytes | Literal, arguments: list[Value]) -> Value:
        named = arguments[0]
        assert isinstance(named, Literal)
        encoding = encodings.python_name(str(named.value))
        if isinstance(value, Bytes) and value.encoding == encoding:
            return replace(value, encoding="")
        raise Inexpressible("`to_b` to another encoding")

    def _to_i(self, value: Bytes | Literal, arguments: list[Value]) -> Value:
        base = arguments[0] if arguments else Int.of(10)
        if not isinstance(base, Int) or base.value is None or not 2 <= base.value <= 36:
            raise Inexpressible("`to_i` in a base that is no constant from 2 to 36")
        if isinstance(value, Literal):
            try:
                return Int.of(int(value.value, base.value))
            except ValueError:
                self.builder.leave(FAILED)
        assert isinstance(value, Bytes)
        self.real(value)
        number = self.builder.let("number", self.call("digits", value, base.value))
        self.builder.refuse(number.equals(-2), BAILOUT)
        self.builder.refuse(number < 0, FAILED)
        size = self.builder.refined(value.size).high
        return Int(number, 0, min(base.value ** min(size, 64) - 1, (1 << 63) - 1))


_METHODS: dict[tuple[bool, str], Callable[[ByteRanges, Bytes | Literal, list[Value]], Value]] = {
    (False, "length"): ByteRanges._size,
    (False, "size"): ByteRanges._size,
    (False, "first"): ByteRanges._first,
    (False, "last"): ByteRanges._last,
    (False, "min"): ByteRanges._min,
    (False, "max"): ByteRanges._max,
    (False, "index_of"): ByteRanges._index_of,
    (False, "to_s"): ByteRanges._to_s,
    (True, "length"): ByteRanges._size,
    (True, "to_i"): ByteRanges._to_i,
    (True, "to_b"): ByteRanges._to_b,
    (True, "substring"): ByteRanges._substring,
}
_LITERALS: dict[str, Callable[[bytes | str, bytes | str], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
