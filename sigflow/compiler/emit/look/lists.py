"""Lists: a loop over the elements, none of which is kept.

What is asked of a list afterwards, or while the next element is read, is asked of its last element, its first, or one
whose place follows from its number.  For the last and the first, each iteration hands on what somebody asks for (see
`carried`); one of fixed size is read again where it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow.compiler.emit.expressions import COMPARE, PRODUCT, SUM
from sigflow.compiler.emit.look.carried import Again, Carried, Found
from sigflow.compiler.emit.look.draft import BAILOUT, Draft, Ended, Inexpressible
from sigflow.compiler.emit.look.evaluate import FAILED, Around
from sigflow.compiler.emit.look.frame import Frame
from sigflow.compiler.emit.look.part import Part
from sigflow.compiler.emit.look.statements import Assign, Break, Group, If, Loop, Node
from sigflow.compiler.emit.look.streams import FAR, State, Stream
from sigflow.compiler.emit.look.values import (
    Bytes,
    Flag,
    Int,
    Literal,
    Many,
    Pos,
    Thing,
    Value,
    flag,
)
from sigflow.compiler.emit.reads import Reads
from sigflow.compiler.emit.shared import limits_of
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.model import Bits, Switched, Text
from sigflow.compiler.model import Bytes as BytesWire
from sigflow.compiler.plan import Step
from sigflow.runtime.stream import EMPTY

if TYPE_CHECKING:
    from sigflow.compiler.emit.look.reading import Reader

#: How often a loop is written again before that is given up.
_ATTEMPTS = 6


class Listing(Many):
    """A list: while an element is read (`index` of them are there), once it has been, and when all are."""

    def __init__(self, reader: Reader, step: Step, thing: Thing, stream: Stream, known: Found) -> None:
        self.reader = reader
        self.step = step
        self.thing = thing
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
            Carried(reader, self.before.body, hole.body, one)
            for hole, one in zip(self.holes, known.strings, strict=True)
        ]
        self._mirrors: list[Value | None] = [None, None]
        bits = reader.module.layout.wire_bits(step.wire)
        self.unit = bits // 8 if bits and not bits % 8 and not isinstance(step.wire, Switched | Bits) else 0

    # ------------------------------------------------------------ what expressions ask for

    def _asked(self) -> None:
        if not self.done and self.reader.draft.lasting:
            raise Inexpressible("an instance that depends on a list which is still being read")
        wire = self.step.wire
        if isinstance(wire, Switched) and all(on is not None for on, _ in wire.cases):
            raise Inexpressible("a list that lacks the elements to which no case applies")

    def size(self) -> Int:
        self._asked()
        return self.reader.draft.known(self.count)

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
        reader.draft.refuse(reader.ev.sums.compare("<", reader.draft.known(self.count), Int.of(1)), FAILED)
        if self._mirrors[which] is None:
            step = self.step
            if isinstance(step.wire, Switched):
                raise Inexpressible("an element that is one of several types")
            hint = f"{'last' if which == 0 else 'first'}_{self.thing.prefix}{step.attr.id}"
            carried = self.carried[which]
            self._mirrors[which] = carried.value(step, step.wire, hint, self.thing, (which,), lambda one: one)
        return self._mirrors[which]

    def at(self, index: Int) -> Value:
        self._asked()
        reader, draft = self.reader, self.reader.draft
        if self.index is not None and self.current is None and index.text == f"{self.index.text} - 1":
            return self._some(0)
        if self.done and index.text == f"{self.count.text} - 1":
            return self._some(0)
        if not self.unit:
            if self.done and index.value == 0:
                return self._some(1)
            raise Inexpressible("an element by its number, in a list whose elements differ in size")
        draft.refuse(reader.ev.sums.compare("<", index, Int.of(0)), BAILOUT)
        index = draft.known(index)
        draft.refuse(reader.ev.sums.compare(">=", index, draft.known(self.count)), FAILED)
        index = draft.known(index)
        name = draft.name(f"{self.thing.prefix}{self.step.attr.id}_at")
        draft.assign(name, f"{self.start} + {index.at(PRODUCT)} * {self.unit}")
        return reader.members.again(self.thing, self.step, Bytes(Pos(name), Pos(name, self.unit), Int.of(self.unit)))


class Lists:
    """Reads lists."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.draft: Draft = reader.draft
        self.ev = reader.ev
        #: How many loops are being written.
        self.depth = 0

    def read(self, thing: Thing, step: Step, stream: Stream) -> Value:
        """A list, element by element."""
        draft, repeat = self.draft, step.attr.repeat
        assert repeat is not None
        count: Int | None = None
        if repeat.kind == "expr":
            assert repeat.code is not None
            count = self.ev.sums.narrow(self.ev.integer(repeat.code.expr, Around(thing)))
            limit = limits_of(thing.plan.spec).get("repeat")
            if limit is not None:
                draft.refuse(self.ev.sums.compare(">", count, Int.of(limit)), FAILED)
            count = draft.known(count)
        draft.settle()
        before, known = stream.state, Found()
        for _ in range(_ATTEMPTS):
            block: list[Node] = []
            listing = thing.members[step.attr] = Listing(self.reader, step, thing, stream, known)
            self.depth += 1
            try:
                with draft.attempt(block):
                    if isinstance(step.wire, Bits) and count is not None:
                        self._bits(listing, count, step.wire)
                    else:
                        self._loop(listing, count, known)
            except Again:
                stream.state = before
                continue
            finally:
                self.depth -= 1
                if step.attr.is_instance:  # (these are worked out again where they are asked for)
                    thing.members.pop(step.attr)
            draft.block.extend(block)
            listing.done = True
            listing.index = listing.current = None
            return listing
        raise Inexpressible("elements that hand on ever more")

    # ------------------------------------------------------------ the loop

    def _loop(self, listing: Listing, count: Int | None, known: Found) -> None:
        """The loop, and the state of the stream behind it."""
        draft, stream, step = self.draft, listing.stream, listing.step
        repeat = step.attr.repeat
        assert repeat is not None
        entry = stream.state
        known.unaligned = known.unaligned or entry.left != 0
        left = None if known.unaligned else 0
        pos, looked, i = draft.name("pos"), draft.name("looked"), draft.name("i")
        draft.assign(pos, str(entry.pos))
        if isinstance(stream, Frame):
            draft.assign(looked, str(entry.looked))
        stream.state = State(Pos(pos), Pos(""), Pos(looked) if isinstance(stream, Frame) else entry.looked, left)
        if count is None:
            draft.assign(i, "0")
        most = FAR if count is None else max(count.high - 1, 0)
        head = f"for {i} in range({count.text})" if count is not None else "while True"
        if repeat.kind == "eos":
            assert isinstance(stream, Part)
            if known.unaligned:
                raise Inexpressible("a list to the end of elements that end within a byte")
            head = f"while {pos} < {stream.stop}"
            most = min(most, max(stream.size.high - 1, 0)) if self._moves(listing) else most
        guard = self._guard(listing, most + 1, pos, i)
        loop = Loop(head)
        draft.put(listing.before)
        draft.put(loop)
        index = Int(i, 0, most)
        listing.index = listing.count = index
        alive = True
        with draft.within(loop.body):
            try:
                self._body(listing, index, pos, looked, guard, known)
            except Ended:
                alive = False
        if not alive and count is None and repeat.kind == "until":
            raise Ended
        there = stream.known(stream.state.pos) and (
            repeat.kind == "until" or (entry.pos.base == entry.tested.base and entry.pos.offset <= entry.tested.offset)
        )
        tested = Pos(pos) if there and alive else Pos("")
        stream.state = State(Pos(pos), tested, Pos(looked) if isinstance(stream, Frame) else entry.looked, left)
        if repeat.kind == "until":
            listing.count = Int(f"{i} + 1", 1, most + 1, SUM)
        elif count is None:
            listing.count = Int(i, 0, most + 1)
        else:
            listing.count = count if count.low >= 0 else Int(f"max({count.text}, 0)", 0, max(count.high, 0))
        if guard:
            nothing = f"{pos} == {entry.pos} and {listing.count.at(COMPARE + 1)} > 0"
            draft.refuse(flag(nothing, 2), BAILOUT)

    def _bits(self, listing: Listing, count: Int, wire: Bits) -> None:
        """A list of bit fields, which need not begin where a byte does."""
        draft, stream = self.draft, listing.stream
        state = stream.state
        if state.left is None or (state.left and state.order != wire.order):
            raise Inexpressible("a list of bit fields that begins at a bit which the data decides")
        first = state.pos.plus(-1) if state.left else state.pos
        skipped = 8 - state.left if state.left else 0
        looked, i, stop = draft.name("looked"), draft.name("i"), draft.name("stop")
        if isinstance(stream, Frame):
            draft.assign(looked, str(state.looked))
        index = Int(i, 0, max(count.high - 1, 0))
        listing.index = listing.count = index
        loop = Loop(f"for {i} in range({count.text})")
        draft.put(listing.before)
        draft.put(loop)
        before = f"{skipped} + " if skipped else ""
        with draft.within(loop.body):
            draft.assign(stop, f"{first} + ({before}({i} + 1) * {wire.width} + 7 >> 3)")
            stream.need(Pos(stop))
            name = draft.name(stream.hint)
            read = draft.need(f"bits_{wire.order}")
            draft.assign(name, f"{read}(data, {first}, {before}{i} * {wire.width}, {wire.width})")
            value: Value = Int(name, 0, (1 << wire.width) - 1)
            if wire.boolean:
                value = Flag(f"{name} != 0", COMPARE, f"{name} == 0", COMPARE)
            self._element(listing, index, value)
            if isinstance(stream, Frame):
                draft.put(Assign(looked, stop))
        listing.count = count if count.low >= 0 else Int(f"max({count.text}, 0)", 0, max(count.high, 0))
        after = draft.name("pos")
        draft.assign(after, f"{first} + ({before}{listing.count.at(PRODUCT)} * {wire.width} + 7 >> 3)")
        left: int | None = (8 - skipped) % 8 if not wire.width % 8 else None
        if listing.count.value is not None:
            left = -(skipped + listing.count.value * wire.width) % 8
        seen = Pos(looked) if isinstance(stream, Frame) else state.looked
        stream.state = State(Pos(after), Pos(""), seen, left, wire.order)

    def _moves(self, listing: Listing) -> bool:
        """Whether each element takes a byte at least; where there is one more, what runs up to a terminator does."""
        repeat, wire = listing.step.attr.repeat, listing.step.wire
        if repeat is not None and repeat.kind == "eos" and isinstance(wire, BytesWire | Text):
            shape = wire.shape
            if shape.term is not None and shape.consume and shape.size is None and not shape.eos:
                return True
        return Reads(self.reader.module, listing.thing.plan, "", Writer()).takes_bytes(wire)

    def _guard(self, listing: Listing, most: int, pos: str, i: str) -> str:
        """A local for the position 65,536 elements ago, where elements may be empty; see `KaitaiStream.moved`."""
        stream = listing.stream
        if self._moves(listing):
            return ""
        stream.empty += most if stream.depth == self.depth - 1 else FAR
        if most < EMPTY and stream.empty <= 2 * EMPTY:
            return ""
        moved = self.draft.name("moved")
        self.draft.assign(moved, pos)
        return moved

    def _body(self, listing: Listing, index: Int, pos: str, looked: str, guard: str, known: Found) -> None:
        """One iteration."""
        draft, reader, stream, step = self.draft, self.reader, listing.stream, listing.step
        thing, repeat = listing.thing, step.attr.repeat
        assert repeat is not None
        value = reader.assigned(thing, step, stream, index)
        self._element(listing, index, value)
        done = ""
        if repeat.kind == "until":
            assert repeat.code is not None
            ends = self.ev.truth(repeat.code.expr, Around(thing, value, index=index))
            done = draft.name("done")
            draft.assign(done, ends.text)
        draft.settle()
        state = stream.state
        if state.left != 0 and not known.unaligned:
            known.unaligned = True
            raise Again
        if isinstance(stream, Frame):
            draft.put(Assign(looked, str(state.looked)))  # (may be told from where the element began)
        draft.put(Assign(pos, str(state.pos)))
        if done:
            draft.put(If(done, [Break()]))
        if repeat.kind != "expr":
            draft.put(Assign(index.text, f"{index.text} + 1"))
            limit = limits_of(thing.plan.spec).get("repeat")
            if limit is not None:
                draft.refuse(flag(f"{index.text} > {limit}", COMPARE), FAILED)
        if guard:
            node = If(f"{index.text} & 0xffff == 0xffff")
            with draft.inside(node, "then"):
                draft.refuse(flag(f"{pos} == {guard}", COMPARE), BAILOUT)
                draft.assign(guard, pos)

    def _element(self, listing: Listing, index: Int, value: Value) -> None:
        """An element that was read: what it hands on, then its checks."""
        draft = self.draft
        draft.settle()
        listing.current = (value,)
        listing.count = Int(f"{index.text} + 1", 1, index.high + 1, SUM)
        draft.put(listing.holes[0])
        draft.put(If(f"{index.text} == 0", [listing.holes[1]]))
        for carried in listing.carried:
            carried.read(value)
        self.reader.checks.check(listing.thing, listing.step, value, index)
        self._unique_key(listing.thing, listing.step, value, index)

    def _unique_key(self, thing: Thing, step: Step, value: Value, index: Int) -> None:
        """`-sigflow-unique`: a key that came before is refused."""
        unique = self.reader.hints.uniques.get(step.attr)
        if unique is None or not isinstance(thing.stream, Frame):
            return
        code, reason = unique
        draft = self.draft
        if self.depth > 1:
            raise Inexpressible("unique keys in a list of lists")
        key = self.ev.value(code.expr, Around(thing, value, index=index))
        if isinstance(key, Literal) and not key.value:
            key = Bytes(Pos("0"), Pos("0"), Int.of(0))
        name = draft.name("seen")
        if isinstance(key, Bytes):
            if any(draft.literals[number] for number in key.literals):
                literal = f"{key.start} < 0 and {key.stop} > {key.start}"
                draft.refuse(flag(literal, 2), BAILOUT)
            call = draft.need("seen_before")
            draft.assign(name, f"{call}(data, box, {index.text}, {key.start}, {key.stop})")
        elif isinstance(key, Int | Flag):
            number = self.ev.sums.narrow(self.ev.as_int(key))
            draft.assign(name, f"{draft.need('number_seen')}(box, {index.text}, {number.text})")
        else:
            raise Inexpressible("unique keys of several kinds")
        draft.refuse(flag(f"{name} > 0", COMPARE), reason)
        draft.refuse(flag(f"{name} < 0", COMPARE), BAILOUT)
