"""Lists: a loop over the elements, none of which is kept.

What is asked of a list afterwards, or while the next element is read, is asked of its last element, its first, or one
whose place follows from its number.  For the last and the first, each iteration hands on the members that somebody
asks for, in locals (`Carried`): a `Mirror` is the element as those locals know it.  An element that is so asked for
before the loop has been written once may turn out to be more than was thought (a literal, say): then the loop is
written again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.expressions import COMPARE, PRODUCT, SUM
from sigflow.compiler.emit.look.draft import HARD, Assign, Break, Draft, Ended, Group, If, Inexpressible, Loop, Node
from sigflow.compiler.emit.look.evaluate import FAILED, Around
from sigflow.compiler.emit.look.frame import Frame
from sigflow.compiler.emit.look.part import Part
from sigflow.compiler.emit.look.streams import FAR, State, Stream
from sigflow.compiler.emit.look.values import (
    ANY_ENCODING,
    IO,
    LEAST,
    MOST,
    WIDE,
    Bytes,
    Cases,
    Flag,
    Int,
    Literal,
    Many,
    Pos,
    Thing,
    Unknown,
    Value,
    flag,
)
from sigflow.compiler.emit.measure import is_bounded
from sigflow.compiler.emit.reads import Reads
from sigflow.compiler.emit.shared import limits_of
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.encodings import python_name
from sigflow.compiler.model import Bits, Number, Switched, Text, Type, User, Wire
from sigflow.compiler.model import Bytes as BytesWire
from sigflow.compiler.plan import Step
from sigflow.runtime.stream import EMPTY

if TYPE_CHECKING:
    from sigflow.compiler.emit.look.reading import Reader

#: The first word of `box` that a measure may use for notes of its own.
SCRATCH = 64
#: How often a loop is written again before that is given up.
_ATTEMPTS = 6

#: How a member of the mirrored element follows from the element.
_Getter = Callable[[Value], Value]


class _Again(Exception):
    """What an iteration hands on is more than was thought."""


# ---------------------------------------------------------------- what an iteration hands on


class Carried:
    """Locals that each iteration (first: only the first one) sets to members of its element.

    before: where they get their first values, which nobody reads; hole: where in the loop they are set.  known: what
    strings among them turned out to be, by their path.
    """

    def __init__(
        self, reader: Reader, before: list[Node], hole: list[Node], known: dict[tuple[object, ...], Bytes]
    ) -> None:
        self.reader = reader
        self.draft: Draft = reader.draft
        self.before = before
        self.hole = hole
        self.known = known
        self.element: tuple[Value] | None = None  # once it has been read
        self._waiting: list[tuple[Value, _Getter, tuple[object, ...]]] = []

    def read(self, element: Value) -> None:
        """The element, as it was read: what was asked for before is set from it."""
        self.element = (element,)
        for slot, get, path in self._waiting:
            self._store(slot, get(element), path)

    def value(self, step: Step, wire: Wire, hint: str, owner: Thing, path: tuple[object, ...], get: _Getter) -> Value:
        """Locals for a value of a wire."""
        if isinstance(wire, Number) and wire.kind == "f":
            return Unknown("a float")
        if isinstance(wire, Number | Bits):
            if isinstance(wire, Bits) and wire.boolean:
                return self._keep(flag(self.draft.name(hint)), path, get)
            bits = 8 * wire.size if isinstance(wire, Number) else wire.width
            signed = isinstance(wire, Number) and wire.kind == "s"
            high = (1 << bits - signed) - 1
            return self._keep(Int(self.draft.name(hint), -high - 1 if signed else 0, high), path, get)
        if isinstance(wire, BytesWire | Text):
            return self.stretch(hint, python_name(wire.encoding) if isinstance(wire, Text) else "", path, get)
        if isinstance(wire, User) and isinstance(wire.target, sc.ClassSpec) and wire.target in self.reader.plans:
            plan = self.reader.plans[wire.target]
            inner = None if is_bounded(wire) else owner.stream
            mirror = Mirror(plan, f"{hint}_", owner, owner.root, inner or owner.stream, carried=self)
            mirror.path, mirror.get, mirror.own_stream = path, get, inner is None
            return mirror
        raise Inexpressible(f"'{step.attr.id}' of another element")

    def stretch(self, hint: str, encoding: str, path: tuple[object, ...], get: _Getter) -> Value:
        """Locals for a stretch, or what stands for one."""
        start, stop = self.draft.name(f"{hint}_start"), self.draft.name(f"{hint}_stop")
        size = Int(f"{stop} - {start}", 0, FAR, SUM)
        slot = Bytes(Pos(start), Pos(stop), size, encoding, (), True)
        known = self.known.get(path)
        if known is None and self.element is not None:
            known = self._pair(slot, get(self.element[0]))[2]
        if known is not None:
            slot = replace(slot, encoding=known.encoding, literals=known.literals, plain=known.plain)
        return self._keep(slot, path, get)

    def member(self, mirror: Mirror, attr: sc.Attr | sc.Param) -> Value:
        """Locals for a member of an element."""
        path = (*mirror.path, attr)
        hint = f"{mirror.prefix}{attr.id}"

        def get(element: Value) -> Value:
            real = mirror.get(element)
            if not isinstance(real, Thing) or attr not in real.members:
                raise Inexpressible(f"'{attr.id}' of another element, which is not always there")
            return real.members[attr]

        param = next((one for one in mirror.plan.params if one.param is attr), None)
        if param is not None:
            return self._param(param.type, hint, path, get)
        step = next((one for one in mirror.plan.steps if one.attr is attr), None)
        if step is None or step.attr.repeat is not None:
            raise Inexpressible(f"'{attr.id}' of another element")
        if step.attr.condition is None:
            return self.value(step, step.wire, hint, mirror, path, get)
        tag = self.draft.name(f"{hint}_case")
        there = self.value(step, step.wire, hint, mirror, (*path, "there"), get)
        if not isinstance(there, Int | Flag | Bytes):
            raise Inexpressible(f"'{attr.id}' of another element, which is not always there")
        return self._keep(Cases(tag, (None, there)), path, get)

    def _param(self, type_: Type, hint: str, path: tuple[object, ...], get: _Getter) -> Value:
        if type_.kind in ("int", "enum"):
            return self._keep(Int(self.draft.name(hint), LEAST, MOST), path, get)
        if type_.kind == "bool":
            return self._keep(flag(self.draft.name(hint)), path, get)
        if type_.kind in ("str", "bytes"):
            return self.stretch(hint, ANY_ENCODING if type_.kind == "str" else "", path, get)
        raise Inexpressible("a param of another element")

    def _keep(self, slot: Value, path: tuple[object, ...], get: _Getter) -> Value:
        self._begin(slot)
        if path and path[-1] == "there":
            return slot
        if self.element is None:
            self._waiting.append((slot, get, path))
        else:
            self._store(slot, get(self.element[0]), path)
        return slot

    def _begin(self, slot: Value) -> None:
        names: list[str] = []
        if isinstance(slot, Int | Flag):
            names = [slot.text]
        elif isinstance(slot, Cases):
            names = [slot.tag]
        elif isinstance(slot, Bytes):
            names = [slot.start.base, slot.stop.base]
        self.before += [Assign(name, "False" if isinstance(slot, Flag) else "0") for name in names]

    def _store(self, slot: Value, value: Value, path: tuple[object, ...]) -> None:
        self.draft.settle()
        with self.draft.within(self.hole):
            self._set(slot, value, path)

    def _set(self, slot: Value, value: Value, path: tuple[object, ...]) -> None:
        draft = self.draft
        if isinstance(slot, Int) and isinstance(value, Int | Flag):
            if isinstance(value, Int) and value.wide and slot.high < WIDE:
                raise Inexpressible("an integer beyond 63 bits that is handed on")
            draft.assign(slot.text, value.text if isinstance(value, Int) else f"int({value.text})")
        elif isinstance(slot, Flag) and isinstance(value, Flag):
            draft.assign(slot.text, value.text)
        elif isinstance(slot, Bytes) and isinstance(value, Bytes | Literal):
            start, stop, found = self._pair(slot, value)
            if found != slot:
                self.known[path] = found
                raise _Again
            draft.assign(slot.start.base, start)
            draft.assign(slot.stop.base, stop)
        elif isinstance(slot, Cases):
            self._set_cases(slot, value, path)
        else:
            raise Inexpressible("a member of another element that is of several kinds")

    def _set_cases(self, slot: Cases, value: Value, path: tuple[object, ...]) -> None:
        if isinstance(value, Cases):
            for number, one in enumerate(value.values):
                node = If(f"{value.tag} == {number}")
                with self.draft.inside(node, "then"):
                    self._set_cases(slot, one, path)
            return
        self.draft.assign(slot.tag, "0" if value is None else "1")
        if value is not None:
            self._set(slot.values[1], value, (*path, "there"))

    def _pair(self, slot: Bytes, value: Value) -> tuple[str, str, Bytes]:
        """Both locals' texts, and the slot as it would have to be."""
        if not isinstance(value, Bytes | Literal):
            raise Inexpressible("a member of another element that is of several kinds")
        if isinstance(value, Bytes):
            encoding = value.encoding if slot.encoding in (ANY_ENCODING, value.encoding) else None
            if value.encoding == ANY_ENCODING:
                encoding = slot.encoding
            if encoding is None:
                raise Inexpressible("strings of different encodings")
            literals = tuple(sorted({*slot.literals, *value.literals}))
            plain = slot.plain and self.reader.ev.stretches.is_plain(value)
            found = replace(slot, encoding=encoding, literals=literals, plain=plain)
            return str(value.start), str(value.stop), found
        raw = value.value if isinstance(value.value, bytes) else value.value.encode("utf-8")
        if not raw.isascii() and slot.encoding != "utf-8":
            raise Inexpressible("a literal in another encoding")
        number = self.draft.literal(raw)
        literals = tuple(sorted({*slot.literals, number}))
        found = replace(slot, literals=literals, plain=slot.plain and raw.isascii())
        return str(-1 - number), str(-1 - number + len(raw)), found


@dataclass(slots=True, eq=False)
class Mirror(Thing):
    """An element that was read in another iteration.  own_stream: whether it has a stream of its own."""

    carried: Carried | None = None
    path: tuple[object, ...] = ()
    get: _Getter = field(default=lambda element: element)
    own_stream: bool = False
    made: Part | None = None

    def member(self, attr: sc.Attr | sc.Param) -> Value:
        """A field or param."""
        assert self.carried is not None
        if attr not in self.members:
            self.members[attr] = self.carried.member(self, attr)
        return self.members[attr]

    def io(self) -> IO:
        """The element's stream."""
        if not self.own_stream:
            return IO(self.stream)
        assert self.carried is not None
        if self.made is None:

            def get(element: Value) -> Value:
                real = self.get(element)
                assert isinstance(real, Thing) and isinstance(real.stream, Part)
                return Bytes(real.stream.begin, real.stream.stop, real.stream.size)

            whole = self.carried.stretch(f"{self.prefix}io", "", (*self.path, "_io"), get)
            assert isinstance(whole, Bytes)
            self.made = Part(self.carried.draft, whole)
            self.made.passed = True
        return IO(self.made)


# ---------------------------------------------------------------- a list


class Listing(Many):
    """A list: while an element is read (`index` of them are there), once it has been, and when all are."""

    def __init__(
        self, reader: Reader, step: Step, thing: Thing, stream: Stream, known: list[dict[tuple[object, ...], Bytes]]
    ) -> None:
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
            Carried(reader, self.before.body, hole.body, one) for hole, one in zip(self.holes, known, strict=True)
        ]
        self._mirrors: list[Value | None] = [None, None]
        bits = reader.module.layout.wire_bits(step.wire)
        self.unit = bits // 8 if bits and not bits % 8 and not isinstance(step.wire, Switched | Bits) else 0

    # ------------------------------------------------------------ what expressions ask for

    def _asked(self) -> None:
        if not self.done and self.reader.is_working():
            raise Inexpressible("an instance that depends on a list which is still being read")

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
            if which == 1 and self.current is None and not self.done:
                raise Inexpressible("the first element while the list is read")
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
        draft.refuse(reader.ev.sums.compare("<", index, Int.of(0)), HARD)
        index = draft.known(index)
        draft.refuse(reader.ev.sums.compare(">=", index, draft.known(self.count)), FAILED)
        index = draft.known(index)
        name = draft.name(f"{self.thing.prefix}{self.step.attr.id}_at")
        draft.assign(name, f"{self.start} + {index.at(PRODUCT)} * {self.unit}")
        return reader.again(self.thing, self.step, Bytes(Pos(name), Pos(name, self.unit), Int.of(self.unit)))


class Lists:
    """Reads lists."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.draft: Draft = reader.draft
        self.ev = reader.ev
        self._unique = False
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
        before, known = stream.state, [{}, {}]  # type: ignore[var-annotated]
        for _ in range(_ATTEMPTS):
            block: list[Node] = []
            listing = Listing(self.reader, step, thing, stream, known)
            self.depth += 1
            try:
                with draft.attempt(block):
                    self._loop(listing, count)
            except _Again:
                stream.state = before
                continue
            finally:
                self.depth -= 1
            draft.block.extend(block)
            listing.done = True
            listing.index = listing.current = None
            return listing
        raise Inexpressible("elements that hand on ever more")

    # ------------------------------------------------------------ the loop

    def _loop(self, listing: Listing, count: Int | None) -> None:
        """The loop, and the state of the stream behind it."""
        draft, stream, step = self.draft, listing.stream, listing.step
        repeat = step.attr.repeat
        assert repeat is not None
        entry = stream.state
        if entry.left != 0:
            raise Inexpressible("a list that begins within a byte")
        pos, looked, i = draft.name("pos"), draft.name("looked"), draft.name("i")
        draft.assign(pos, str(entry.pos))
        if isinstance(stream, Frame):
            draft.assign(looked, str(entry.looked))
        stream.state = State(Pos(pos), Pos(""), Pos(looked) if isinstance(stream, Frame) else entry.looked)
        if count is None:
            draft.assign(i, "0")
        most = FAR if count is None else max(count.high - 1, 0)
        head = f"for {i} in range({count.text})" if count is not None else "while True"
        if repeat.kind == "eos":
            assert isinstance(stream, Part)
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
                self._body(listing, index, pos, looked, guard)
            except Ended:
                alive = False
        if not alive and count is None and repeat.kind == "until":
            raise Ended
        there = stream.known(stream.state.pos) and (
            repeat.kind == "until" or (entry.pos.base == entry.tested.base and entry.pos.offset <= entry.tested.offset)
        )
        tested = Pos(pos) if there and alive else Pos("")
        stream.state = State(Pos(pos), tested, Pos(looked) if isinstance(stream, Frame) else entry.looked)
        if repeat.kind == "until":
            listing.count = Int(f"{i} + 1", 1, most + 1, SUM)
        elif count is None:
            listing.count = Int(i, 0, most + 1)
        else:
            listing.count = count if count.low >= 0 else Int(f"max({count.text}, 0)", 0, max(count.high, 0))
        if guard:
            nothing = f"{pos} == {entry.pos} and {listing.count.at(COMPARE + 1)} > 0"
            draft.refuse(flag(nothing, 2), HARD)

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

    def _body(self, listing: Listing, index: Int, pos: str, looked: str, guard: str) -> None:
        """One iteration."""
        draft, reader, stream, step = self.draft, self.reader, listing.stream, listing.step
        thing, repeat = listing.thing, step.attr.repeat
        assert repeat is not None
        thing.members[step.attr] = listing
        value = reader.assigned(thing, step, stream, index)
        draft.settle()
        listing.current = (value,)
        listing.count = Int(f"{index.text} + 1", 1, index.high + 1, SUM)
        reader.checks(thing, step, value, index)
        self._unique_key(thing, step, value, index)
        done = ""
        if repeat.kind == "until":
            assert repeat.code is not None
            ends = self.ev.truth(repeat.code.expr, Around(thing, value, index=index))
            done = draft.name("done")
            draft.assign(done, ends.text)
        draft.settle()
        draft.put(listing.holes[0])
        first = If(f"{index.text} == 0", [listing.holes[1]])
        draft.put(first)
        for carried in listing.carried:
            carried.read(value)
        state = stream.state
        if state.left != 0:
            raise Inexpressible("a list of elements that end within a byte")
        draft.put(Assign(pos, str(state.pos)))
        if isinstance(stream, Frame):
            draft.put(Assign(looked, str(state.looked)))
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
                draft.refuse(flag(f"{pos} == {guard}", COMPARE), HARD)
                draft.assign(guard, pos)

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
                draft.refuse(flag(literal, 2), HARD)
            call = draft.need("seen_before")
            draft.assign(name, f"{call}(data, box, {SCRATCH}, {index.text}, {key.start}, {key.stop})")
        elif isinstance(key, Int | Flag):
            number = self.ev.sums.narrow(self.ev.as_int(key))
            draft.assign(name, f"{draft.need('number_seen')}(box, {SCRATCH}, {index.text}, {number.text})")
        else:
            raise Inexpressible("unique keys of several kinds")
        draft.refuse(flag(f"{name} > 0", COMPARE), reason)
        draft.refuse(flag(f"{name} < 0", COMPARE), HARD)
