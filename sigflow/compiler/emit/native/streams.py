"""The two streams that a measure reads from, as places in `data` that the generated code knows.

`Frame` is the window: a read first asks whether the bytes can belong to the frame (else `too-long`, or the reason of
the bound in force) and whether they are there (else NEED).  `Substream` is a range of bytes that are all there: what
reads beyond its end is refused.

Tests are deferred until something depends on them: a run of fields that cannot refuse is tested once.  At the leading
fields, whose places are constants, `limit` is no matter: the caller sees to it that the frame may be that long.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from sigflow.compiler.emit.expressions import ATOM, BIT_AND, BIT_OR, SHIFT, SUM
from sigflow.compiler.emit.native.builder import Builder, Inexpressible
from sigflow.compiler.emit.native.statements import Node
from sigflow.compiler.emit.native.values import Bytes, Flag, Int, Pos, Unknown

#: No frame is longer than this: places and sizes of bytes that are there can be added.
FAR = 1 << 62
#: Terminators and markers longer than this are not searched for.
LONGEST_LITERAL = 16


@dataclass(frozen=True, slots=True)
class State:
    """Where a stream is read.  tested: up to where bytes are known to be there; left: bits of the last byte that are
    still to be read, in this bit order (None: that differs with how one came here); looked: see `Measured`."""

    pos: Pos
    tested: Pos
    looked: Pos
    left: int | None = 0
    order: str = "be"


class Stream(ABC):
    """What both streams do.  `hint` is what the names of locals are made of."""

    def __init__(self, builder: Builder, begin: Pos) -> None:
        self.builder = builder
        self.begin = begin
        self.hint = "x"
        #: Elements of lists that may have been empty so far, and in how many loops the stream was made.
        self.empty = 0
        self.depth = 0
        self.state = State(begin, begin, begin)
        self._wanted: Pos | None = None
        self._deferred: list[tuple[str, str]] = []

    # ------------------------------------------------------------ putting off

    def flush(self) -> None:
        """Write what was deferred."""
        wanted, defer = self._wanted, self._deferred
        self._wanted, self._deferred = None, []
        if wanted is not None:
            self.test(wanted)
            self.state = replace(self.state, tested=wanted)
        for name, text in defer:
            self.builder.assign(name, text)

    def defer(self, wanted: str, text: str) -> str:
        """A local for what is read here, assigned once its bytes are known to be there; gives its name."""
        name = self.builder.name(wanted)
        self._deferred.append((name, text))
        return name

    def known(self, stop: Pos) -> bool:
        """Whether the bytes up to here are known to be there."""
        return any(
            one is not None and one.base == stop.base and stop.offset <= one.offset
            for one in (self._wanted, self.state.tested)
        )

    @abstractmethod
    def test(self, stop: Pos) -> None:
        """Write the test that the bytes up to `stop` are there."""

    def need(self, stop: Pos) -> None:
        """Write that the bytes up to `stop` are asked for."""
        self.test(stop)

    # ------------------------------------------------------------ reading

    def fixed(self, size: int) -> Pos:
        """Take a constant number of bytes; where they begin."""
        self.want(size)
        start = self.state.pos
        self.to(start.plus(size))
        return start

    @abstractmethod
    def want(self, size: int) -> None:
        """Ask for a constant number of bytes from here."""

    def to(self, pos: Pos) -> None:
        """Go on at `pos`, at the beginning of a byte."""
        self.state = replace(self.state, pos=pos, left=0)

    @abstractmethod
    def sized(self, size: Int, negative: str) -> Bytes:
        """Take so many bytes; negative: the reason where that is below zero."""

    def search(self, term: bytes, start: str, stop: str) -> str:
        """Where a terminator first stands between two places, as text; -1 if nowhere."""
        if len(term) == 1:
            return f"{self.builder.need('find_byte')}(data, {start}, {stop}, {term[0]})"
        return f"{self.builder.need('find_term')}(data, {start}, {stop}, {halves(term)})"

    @abstractmethod
    def until(self, term: bytes, include: bool, consume: bool, eos_error: bool) -> Bytes:
        """Take the bytes up to a terminator."""

    def rest(self) -> Bytes:
        """Take what is left."""
        raise Inexpressible("what extends to the end of the stream")

    def bits(self, width: int, order: str) -> Int | Unknown:
        """Take so many bits; the text loads the bytes that they are in."""
        state = self.state
        left = state.left
        if left is None:
            raise Inexpressible("bit fields that begin at a bit which the data decides")
        if left and state.order != order:
            raise Inexpressible("bit fields of both bit orders in one byte")
        more = max(width - left + 7, 0) // 8
        self.want(more)
        first = state.pos.plus(-1) if left else state.pos
        count, skipped = more + (1 if left else 0), 8 - left if left else 0
        self.state = replace(self.state, pos=state.pos.plus(more), left=(left - width) % 8, order=order)
        if count > 8:
            return self._in_nine(first, skipped, width, order)
        shift = 8 * count - skipped - width if order == "be" else skipped
        whole = load(self.builder, first, count, order)
        if width == 64:
            return whole
        text = f"{whole.at(SHIFT)} >> {shift}" if shift else whole.at(BIT_AND)
        most = (1 << width) - 1
        if width + shift == 8 * count < 64:
            return Int(text, 0, most, SHIFT if shift else whole.own)
        return Int(f"{text} & {hex(most)}", 0, most, BIT_AND)

    def _in_nine(self, first: Pos, skipped: int, width: int, order: str) -> Int | Unknown:
        """A bit field that begins within a byte and reaches into the ninth."""
        if width == 64:
            return Unknown("64 bits in nine bytes")
        eight, ninth = load(self.builder, first, 8, order), load(self.builder, first.plus(8), 1, order)
        more = skipped + width - 64
        inner = hex((1 << 64 - skipped) - 1)
        if order == "be":
            text = f"({eight.text} & {inner}) << {more} | {ninth.text} >> {8 - more}"
        else:
            text = f"{eight.text} >> {skipped} & {inner} | ({ninth.text} & {hex((1 << more) - 1)}) << {64 - skipped}"
        return Int(text, 0, (1 << width) - 1, BIT_OR)

    # ------------------------------------------------------------ what expressions ask for

    def place(self) -> Int:
        """`pos`: the offset of the next byte."""
        pos = self.state.pos
        if pos.base == self.begin.base:
            return Int.of(pos.offset - self.begin.offset)
        return Int(f"{pos} - {self.begin.at(SUM + 1)}", 0, FAR, SUM)

    def whole(self) -> Int:
        """`size`: all bytes of the stream."""
        raise Inexpressible("the size of what may still be arriving")

    def ended(self) -> Flag:
        """`eof`: whether nothing is left."""
        raise Inexpressible("the end of what may still be arriving")

    # ------------------------------------------------------------ where branches join

    def join(self, before: State, ends: list[tuple[list[Node], State]]) -> None:
        """Go on where several branches join: for each the block that ends it, and the state there."""
        states = [state for _, state in ends]
        pos = self._common("pos", [one.pos for one in states], ends)
        looked = self._common("looked", [one.looked for one in states], ends)
        tested = states[0].tested if all(one.tested == states[0].tested for one in states) else before.tested
        if all(one.pos == one.tested for one in states):
            tested = pos
        lefts = {(one.left, one.order if one.left else "") for one in states}
        left, order = lefts.pop() if len(lefts) == 1 else (None, "")
        self.state = State(pos, tested, looked, left, order or "be")

    def _common(self, wanted: str, places: list[Pos], ends: list[tuple[list[Node], State]]) -> Pos:
        if all(one == places[0] for one in places):
            return places[0]
        name = self.builder.name(wanted)
        for (block, _), place in zip(ends, places, strict=True):
            with self.builder.within(block):
                self.builder.assign(name, str(place))
        return Pos(name)


def load(builder: Builder, start: Pos, count: int, order: str) -> Int:
    """The number in up to eight bytes."""
    parts: list[tuple[int, int]] = []  # (offset, size) of the loads
    at = 0
    for size in (8, 4, 2, 1):
        if count & size:
            parts.append((at, size))
            at += size
    texts = []
    for offset, size in parts:
        name = builder.need(f"u{size}{order if size > 1 else ''}")
        shift = 8 * (count - offset - size) if order == "be" else 8 * offset
        texts.append(f"{name}(data, {start.plus(offset)})" + (f" << {shift}" if shift else ""))
    return Int(" | ".join(texts), 0, (1 << 8 * count) - 1, ATOM if count in (1, 2, 4, 8) else BIT_OR)


def halves(literal: bytes) -> str:
    """A literal of up to 16 bytes as arguments of `stands`."""
    if len(literal) > LONGEST_LITERAL:
        raise Inexpressible(f"a terminator or marker of more than {LONGEST_LITERAL} bytes")
    first = Int.of(int.from_bytes(literal[:8], "big")).text
    return f"{len(literal)}, {first}, {Int.of(int.from_bytes(literal[8:], 'big')).text}"
