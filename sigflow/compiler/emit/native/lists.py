"""Lists: a loop over the elements, none of which is kept.

What is asked of a list afterwards, or while the next element is read, is asked of its last element, its first, or one
whose place follows from its number.  For the last and the first, each iteration hands on what somebody asks for (see
`carried`); one of fixed size is read again where it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow.compiler.emit.native.builder import FAILED, Builder, Inexpressible, Unreachable
from sigflow.compiler.emit.native.carried import Carried, LoopInfo, Retry
from sigflow.compiler.emit.native.evaluate import Context
from sigflow.compiler.emit.native.frame import ClosedFrame, Frame
from sigflow.compiler.emit.native.statements import Assign, Break, For, Group, If, Loop, Node, While
from sigflow.compiler.emit.native.streams import FAR, NOWHERE, State, Stream
from sigflow.compiler.emit.native.substream import Substream
from sigflow.compiler.emit.native.tree import BOX, DATA, Const, Expr, Local, both, call, hexadecimal
from sigflow.compiler.emit.native.values import (
    Bytes,
    Flag,
    Int,
    Literal,
    SymbolicList,
    SymbolicObject,
    Value,
)
from sigflow.compiler.model import Bits, Switched, Text
from sigflow.compiler.model import Bytes as BytesWire
from sigflow.compiler.plan import Step
from sigflow.runtime.native import BAILOUT
from sigflow.runtime.stream import EMPTY

if TYPE_CHECKING:
    from sigflow.compiler.emit.native.reading import Reader

#: How often a loop is written again before that is given up.
_ATTEMPTS = 6


class Listing(SymbolicList):
    """A list: while an element is read (`index` of them are there), once it has been, and when all are."""

    def __init__(self, reader: Reader, step: Step, obj: SymbolicObject, stream: Stream, info: LoopInfo) -> None:
        self.reader = reader
        self.step = step
        self.obj = obj
        self.stream = stream
        self.start = stream.state.pos
        self.count = Int.of(0)
        self.index: Int | None = None
        self.current: tuple[Value] | None = None
        self.done = False
        #: What the last and the first iteration hand on.
        self.before = Group()
        self.holes = [Group(), Group()]
        self.carried = [
            Carried(reader, self.before.body, hole.body, strings)
            for hole, strings in zip(self.holes, info.strings, strict=True)
        ]
        self._previous: list[Value | None] = [None, None]
        bits = reader.module.layout.wire_bits(step.wire)
        self.unit = bits // 8 if bits and not bits % 8 and not isinstance(step.wire, Switched | Bits) else 0

    # ------------------------------------------------------------ what expressions ask for

    def _asked(self) -> None:
        if not self.done and self.reader.builder.memoizing:
            raise Inexpressible("an instance that depends on a list which is still being read")
        wire = self.step.wire
        if isinstance(wire, Switched) and all(on is not None for on, _ in wire.cases):
            raise Inexpressible("a list that lacks the elements to which no case applies")

    def size(self) -> Int:
        self._asked()
        return self.reader.builder.refined(self.count)

    def last(self) -> Value:
        self._asked()
        if self.current is not None:
            return self.current[0]
        return self._some(0)

    def first(self) -> Value:
        self._asked()
        return self._some(1)

    def _some(self, which: int) -> Value:
        """The last or first element of those that were read in other iterations."""
        reader = self.reader
        reader.builder.refuse(reader.ev.arithmetic.compare("<", reader.builder.refined(self.count), Int.of(1)), FAILED)
        if self._previous[which] is None:
            step = self.step
            if isinstance(step.wire, Switched):
                raise Inexpressible("an element that is one of several types")
            hint = f"{'last' if which == 0 else 'first'}_{self.obj.prefix}{step.attr.id}"
            carried = self.carried[which]
            self._previous[which] = carried.value(step, step.wire, hint, self.obj, (which,), lambda element: element)
        return self._previous[which]

    def at(self, index: Int) -> Value:
        self._asked()
        reader, builder = self.reader, self.reader.builder
        if self.index is not None and self.current is None and index.expr == self.index.expr - 1:
            return self._some(0)
        if self.done and index.expr == self.count.expr - 1:
            return self._some(0)
        if not self.unit:
            if self.done and index.value == 0:
                return self._some(1)
            raise Inexpressible("an element by its number, in a list whose elements differ in size")
        builder.refuse(reader.ev.arithmetic.compare("<", index, Int.of(0)), BAILOUT)
        index = builder.refined(index)
        builder.refuse(reader.ev.arithmetic.compare(">=", index, builder.refined(self.count)), FAILED)
        index = builder.refined(index)
        start = builder.let(f"{self.obj.prefix}{self.step.attr.id}_at", self.start + index.expr * self.unit)
        return reader.members.reread(self.obj, self.step, Bytes(start, start.plus(self.unit), Int.of(self.unit)))


class Lists:
    """Reads lists."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.builder: Builder = reader.builder
        self.ev = reader.ev
        #: How many loops are being written.
        self.depth = 0

    def read(self, obj: SymbolicObject, step: Step, stream: Stream) -> Value:
        """A list, element by element."""
        builder, repeat = self.builder, step.attr.repeat
        assert repeat is not None
        count: Int | None = None
        if repeat.kind == "expr":
            assert repeat.code is not None
            count = self.ev.arithmetic.narrow(self.ev.integer(repeat.code.expr, Context(obj)))
            limit = obj.plan.spec.limits.get("repeat")
            if limit is not None:
                builder.refuse(self.ev.arithmetic.compare(">", count, Int.of(limit)), FAILED)
            count = builder.refined(count)
        builder.flush()
        before, info = stream.state, LoopInfo()
        for _ in range(_ATTEMPTS):
            block: list[Node] = []
            listing = obj.members[step.attr] = Listing(self.reader, step, obj, stream, info)
            self.depth += 1
            try:
                with builder.attempt(block):
                    if isinstance(step.wire, Bits) and count is not None:
                        self._bits(listing, count, step.wire)
                    else:
                        self._loop(listing, count, info)
            except Retry:
                stream.state = before
                continue
            finally:
                self.depth -= 1
                if step.attr.is_instance:  # (these are worked out again where they are asked for)
                    obj.members.pop(step.attr)
            builder.block.extend(block)
            listing.done = True
            listing.index = listing.current = None
            return listing
        raise Inexpressible("elements that hand on ever more")

    # ------------------------------------------------------------ the loop

    def _loop(self, listing: Listing, count: Int | None, info: LoopInfo) -> None:
        """The loop, and the state of the stream behind it."""
        builder, stream, step = self.builder, listing.stream, listing.step
        repeat = step.attr.repeat
        assert repeat is not None
        entry = stream.state
        info.unaligned = info.unaligned or entry.left != 0
        left = None if info.unaligned else 0
        pos, looked, i = builder.local("pos"), builder.local("looked"), builder.local("i")
        builder.assign(pos, entry.pos)
        if isinstance(stream, Frame):
            builder.assign(looked, entry.looked)
        stream.state = State(pos, NOWHERE, looked if isinstance(stream, Frame) else entry.looked, left)
        if count is None:
            builder.assign(i, Const(0))
        most = FAR if count is None else max(count.high - 1, 0)
        loop: Loop = For(i.name, count.expr) if count is not None else While()
        if repeat.kind == "eos":
            assert isinstance(stream, Substream | ClosedFrame)
            if info.unaligned:
                raise Inexpressible("a list to the end of elements that end within a byte")
            loop = While(pos < stream.stop)
            most = min(most, max(stream.size.high - 1, 0)) if self._moves(listing) else most
        guard = self._guard(listing, most + 1, pos)
        builder.put(listing.before)
        builder.put(loop)
        index = Int(i, 0, most)
        listing.index = listing.count = index
        alive = True
        with builder.within(loop.body):
            try:
                self._body(listing, index, pos, looked, guard, info)
            except Unreachable:
                alive = False
        if not alive and count is None and repeat.kind == "until":
            raise Unreachable
        there = stream.is_there(stream.state.pos) and (
            repeat.kind == "until" or (entry.pos.name == entry.tested.name and entry.pos.offset <= entry.tested.offset)
        )
        tested = pos if there and alive else NOWHERE
        stream.state = State(pos, tested, looked if isinstance(stream, Frame) else entry.looked, left)
        if repeat.kind == "until":
            listing.count = Int(i + 1, 1, most + 1)
        elif count is None:
            listing.count = Int(i, 0, most + 1)
        else:
            listing.count = _not_negative(count)
        if guard is not None:
            builder.refuse(both(pos.equals(entry.pos), listing.count.expr > 0), BAILOUT)

    def _bits(self, listing: Listing, count: Int, wire: Bits) -> None:
        """A list of bit fields, which need not begin where a byte does."""
        builder, stream = self.builder, listing.stream
        state = stream.state
        if state.left is None or (state.left and state.order != wire.order):
            raise Inexpressible("a list of bit fields that begins at a bit which the data decides")
        first = state.pos.plus(-1) if state.left else state.pos
        skipped = 8 - state.left if state.left else 0
        looked, i, stop = builder.local("looked"), builder.local("i"), builder.local("stop")
        if isinstance(stream, Frame):
            builder.assign(looked, state.looked)
        index = Int(i, 0, max(count.high - 1, 0))
        listing.index = listing.count = index
        loop = For(i.name, count.expr)
        builder.put(listing.before)
        builder.put(loop)

        def bits(elements: Expr) -> Expr:
            """How many bits so many elements and those skipped are."""
            return Const(skipped) + elements * wire.width if skipped else elements * wire.width

        with builder.within(loop.body):
            builder.assign(stop, first + (bits(i + 1) + 7 >> 3))
            stream.need(stop)
            number = builder.let(stream.hint, builder.call(f"bits_{wire.order}", DATA, first, bits(i), wire.width))
            value: Value = Int(number, 0, (1 << wire.width) - 1)
            if wire.boolean:
                value = Flag(number.differs(0))
            self._element(listing, index, value)
            if isinstance(stream, Frame):
                builder.put(Assign(looked.name, stop))
        listing.count = _not_negative(count)
        after = builder.let("pos", first + (bits(listing.count.expr) + 7 >> 3))
        left: int | None = (8 - skipped) % 8 if not wire.width % 8 else None
        if listing.count.value is not None:
            left = -(skipped + listing.count.value * wire.width) % 8
        seen = looked if isinstance(stream, Frame) else state.looked
        stream.state = State(after, NOWHERE, seen, left, wire.order)

    def _moves(self, listing: Listing) -> bool:
        """Whether each element takes a byte at least; where there is one more, what runs up to a terminator does."""
        repeat, wire = listing.step.attr.repeat, listing.step.wire
        if repeat is not None and repeat.kind == "eos" and isinstance(wire, BytesWire | Text):
            shape = wire.shape
            if shape.term is not None and shape.consume and shape.size is None and not shape.eos:
                return True
        return self.reader.module.layout.takes_bytes(wire)

    def _guard(self, listing: Listing, most: int, pos: Local) -> Local | None:
        """A local for the position 65,536 elements ago, where elements may be empty; see `KaitaiStream.moved`."""
        stream = listing.stream
        if self._moves(listing):
            return None
        stream.empty += most if stream.depth == self.depth - 1 else FAR
        if most < EMPTY and stream.empty <= 2 * EMPTY:
            return None
        return self.builder.let("moved", pos)

    def _body(
        self, listing: Listing, index: Int, pos: Local, looked: Local, guard: Local | None, info: LoopInfo
    ) -> None:
        """One iteration."""
        builder, reader, stream, step = self.builder, self.reader, listing.stream, listing.step
        obj, repeat = listing.obj, step.attr.repeat
        assert repeat is not None
        value = reader.assigned(obj, step, stream, index)
        self._element(listing, index, value)
        done: Local | None = None
        if repeat.kind == "until":
            assert repeat.code is not None
            ends = self.ev.truth(repeat.code.expr, Context(obj, value, index=index))
            done = builder.let("done", ends.expr)
        builder.flush()
        state = stream.state
        if state.left != 0 and not info.unaligned:
            info.unaligned = True
            raise Retry
        if isinstance(stream, Frame):
            builder.put(Assign(looked.name, state.looked))  # (may be told from where the element began)
        builder.put(Assign(pos.name, state.pos))
        if done is not None:
            builder.put(If(done, [Break()]))
        i = index.expr
        if repeat.kind != "expr":
            assert isinstance(i, Local)
            builder.put(Assign(i.name, i + 1))
            limit = obj.plan.spec.limits.get("repeat")
            if limit is not None:
                builder.refuse(i > limit, FAILED)
        if guard is not None:
            with builder.when((i & hexadecimal(0xFFFF)).equals(hexadecimal(0xFFFF))):
                builder.refuse(pos.equals(guard), BAILOUT)
                builder.assign(guard, pos)

    def _element(self, listing: Listing, index: Int, value: Value) -> None:
        """An element that was read: what it hands on, then its checks."""
        builder = self.builder
        builder.flush()
        listing.current = (value,)
        listing.count = Int(index.expr + 1, 1, index.high + 1)
        builder.put(listing.holes[0])
        builder.put(If(index.expr.equals(0), [listing.holes[1]]))
        for carried in listing.carried:
            carried.read(value)
        self.reader.checks.check(listing.obj, listing.step, value, index)
        self._unique_key(listing.obj, listing.step, value, index)

    def _unique_key(self, obj: SymbolicObject, step: Step, value: Value, index: Int) -> None:
        """`-sigflow-unique`: a key that came before is refused."""
        unique = self.reader.hints.uniques.get(step.attr)
        if unique is None or not isinstance(obj.stream, Frame):
            return
        code, reason = unique
        builder = self.builder
        if self.depth > 1:
            raise Inexpressible("unique keys in a list of lists")
        key = self.ev.value(code.expr, Context(obj, value, index=index))
        seen = builder.local("seen")
        if isinstance(key, Bytes):
            if any(builder.literals[number] for number in key.literals):
                builder.refuse(both(key.start < 0, key.stop > key.start), BAILOUT)
            builder.assign(seen, builder.call("seen_before", DATA, BOX, index.expr, key.start, key.stop))
        elif isinstance(key, Literal) and not key.value:
            builder.assign(seen, builder.call("seen_before", DATA, BOX, index.expr, 0, 0))
        elif isinstance(key, Int | Flag):
            number = self.ev.arithmetic.narrow(self.ev.as_int(key))
            builder.assign(seen, builder.call("number_seen", BOX, index.expr, number.expr))
        else:
            raise Inexpressible("unique keys of several kinds")
        builder.refuse(seen > 0, reason)
        builder.refuse(seen < 0, BAILOUT)


def _not_negative(count: Int) -> Int:
    """How many elements a list of so many has."""
    return count if count.low >= 0 else Int(call("max", count.expr, 0), 0, max(count.high, 0))
