"""The two streams that a measure reads from, as positions in `data` that the generated code knows.

`Frame` is the window: a read first asks whether the bytes can belong to the frame (else `too-long`, or the reason of
the bound in force) and whether they are there (else NEED).  `Substream` is a range of bytes that are all there: what
reads beyond its end is refused.

Tests are deferred until something depends on them: a run of fields that cannot refuse is tested once.  At the leading
fields, whose places are constants, `limit` is no matter: the caller sees to it that the frame may be that long.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from sigflow.compiler.emit.native.builder import Builder, Inexpressible
from sigflow.compiler.emit.native.statements import Node
from sigflow.compiler.emit.native.tree import DATA, Const, Expr, Local, hexadecimal
from sigflow.compiler.emit.native.values import Bytes, Flag, Int, Unknown, signed
from sigflow.compiler.model import Shape

#: The end of what is known to be there, where that is nothing.
NOWHERE = Local("")
#: No frame is longer than this: positions and sizes of bytes that are there can be added.
FAR = 1 << 62
#: Terminators and markers longer than this are not searched for.
LONGEST_LITERAL = 16


@dataclass(frozen=True, slots=True)
class State:
    """Where a stream is read.  tested: up to where bytes are known to be there; left: bits of the last byte that are
    still to be read, in this bit order (None: that differs with how one came here); looked: see `Measured`."""

    pos: Local
    tested: Local
    looked: Local
    left: int | None = 0
    order: str = "be"


class Stream(ABC):
    """What both streams do.  `hint` is what the names of locals are made of."""

    def __init__(self, builder: Builder, begin: Local) -> None:
        self.builder = builder
        self.begin = begin
        self.hint = "x"
        #: Elements of lists that may have been empty so far, and in how many loops the stream was made.
        self.empty = 0
        self.depth = 0
        self.state = State(begin, begin, begin)
        self._wanted: Local | None = None
        self._deferred: list[tuple[Local, Expr]] = []

    # ------------------------------------------------------------ putting off

    def flush(self) -> None:
        """Write what was deferred."""
        wanted, deferred = self._wanted, self._deferred
        self._wanted, self._deferred = None, []
        if wanted is not None:
            self.test(wanted)
            self.state = replace(self.state, tested=wanted)
        for local, value in deferred:
            self.builder.assign(local, value)

    def defer(self, wanted: str, value: Expr) -> Local:
        """A local for what is read here, assigned once its bytes are known to be there."""
        local = self.builder.local(wanted)
        self._deferred.append((local, value))
        return local

    def is_there(self, stop: Local) -> bool:
        """Whether the bytes up to here are known to be there."""
        return any(
            tested is not None and tested.name == stop.name and stop.offset <= tested.offset
            for tested in (self._wanted, self.state.tested)
        )

    @abstractmethod
    def test(self, stop: Local) -> None:
        """Write the test that the bytes up to `stop` are there."""

    def need(self, stop: Local) -> None:
        """Write that the bytes up to `stop` are asked for."""
        self.test(stop)

    # ------------------------------------------------------------ reading

    def fixed(self, size: int) -> Local:
        """Take a constant number of bytes; where they begin."""
        self.want(size)
        start = self.state.pos
        self.to(start.plus(size))
        return start

    @abstractmethod
    def want(self, size: int) -> None:
        """Ask for a constant number of bytes from here."""

    def to(self, pos: Local) -> None:
        """Go on at `pos`, at the beginning of a byte."""
        self.state = replace(self.state, pos=pos, left=0)

    @abstractmethod
    def sized(self, size: Int, negative: str) -> Bytes:
        """Take so many bytes; negative: the reason where that is below zero."""

    def search(self, term: bytes, start: Local, stop: Local, anywhere: bool) -> Expr:
        """Where a terminator first stands between two positions; -1 if nowhere.  anywhere: not only at multiples of
        its size.
        """
        if len(term) == 1:
            return self.builder.call("find_byte", DATA, start, stop, term[0])
        if anywhere:
            return self.builder.call("find_anywhere", DATA, start, stop, *halves(term))
        return self.builder.call("find_term", DATA, start, stop, *halves(term))

    @abstractmethod
    def until(self, shape: Shape) -> Bytes:
        """Take the bytes up to the terminator of a shape."""

    def rest(self) -> Bytes:
        """Take what is left."""
        raise Inexpressible("what extends to the end of the stream")

    def not_negative(self, size: Int, reason: str) -> Int:
        """A size that is not negative: where it may be, it is refused."""
        size = self.builder.refined(size)
        if size.low < 0:
            self.builder.refuse(Flag(size.expr < 0, no=((size.expr, 0, size.high),)), reason)
            size = self.builder.refined(size)
        return size

    def bits(self, width: int, order: str) -> Int | Unknown:
        """Take so many bits; the expression loads the bytes that they are in."""
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
        most = (1 << width) - 1
        shifted = whole.expr >> shift if shift else whole.expr
        if width + shift == 8 * count < 64:
            return Int(shifted, 0, most)
        return Int(shifted & hexadecimal(most), 0, most)

    def _in_nine(self, first: Local, skipped: int, width: int, order: str) -> Int | Unknown:
        """A bit field that begins within a byte and reaches into the ninth."""
        if width == 64:
            return Unknown("64 bits in nine bytes")
        eight, ninth = load(self.builder, first, 8, order).expr, load(self.builder, first.plus(8), 1, order).expr
        more = skipped + width - 64
        mask = hexadecimal((1 << 64 - skipped) - 1)
        if order == "be":
            joined = (eight & mask) << more | ninth >> 8 - more
        else:
            joined = eight >> skipped & mask | (ninth & hexadecimal((1 << more) - 1)) << 64 - skipped
        return Int(joined, 0, (1 << width) - 1)

    # ------------------------------------------------------------ what expressions ask for

    def place(self) -> Int:
        """`pos`: the offset of the next byte."""
        pos = self.state.pos
        if pos.name == self.begin.name:
            return Int.of(pos.offset - self.begin.offset)
        return Int(pos - self.begin, 0, FAR)

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
        pos = self._common("pos", [state.pos for state in states], ends)
        looked = self._common("looked", [state.looked for state in states], ends)
        tested = pos if all(state.pos == state.tested for state in states) else before.tested
        lefts = {(state.left, state.order if state.left else "") for state in states}
        left, order = lefts.pop() if len(lefts) == 1 else (None, "")
        self.state = State(pos, tested, looked, left, order or "be")

    def _common(self, wanted: str, positions: list[Local], ends: list[tuple[list[Node], State]]) -> Local:
        if all(position == positions[0] for position in positions):
            return positions[0]
        return self.builder.join(
            wanted, [(block, position) for (block, _), position in zip(ends, positions, strict=True)]
        )


def terminated(shape: Shape) -> tuple[bytes, bool, bool, bool]:
    """The terminator of a shape: whether it belongs to the bytes, is taken, and must be there."""
    assert shape.term is not None  # asked of such shapes only
    return shape.term, shape.include, shape.consume, shape.eos_error


def load(builder: Builder, start: Local, count: int, order: str) -> Int:
    """The number in up to eight bytes."""
    loads: list[Expr] = []
    offset = 0
    for size in (8, 4, 2, 1):
        if count & size:
            part = builder.call(f"u{size}{order if size > 1 else ''}", DATA, start.plus(offset))
            shift = 8 * (count - offset - size) if order == "be" else 8 * offset
            loads.append(part << shift if shift else part)
            offset += size
    return Int(reduce(or_, loads), 0, (1 << 8 * count) - 1)


def halves(literal: bytes) -> tuple[Const, Const, Const]:
    """A literal of up to 16 bytes as arguments of `stands`: its size and two numbers."""
    if len(literal) > LONGEST_LITERAL:
        raise Inexpressible(f"a terminator or marker of more than {LONGEST_LITERAL} bytes")
    high, low = (Const(signed(int.from_bytes(half, "big"))) for half in (literal[:8], literal[8:]))
    return Const(len(literal)), high, low
