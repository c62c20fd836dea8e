"""The fields of a frame, read as `measure` reads them, and those of sized types in it, read as their `_read` does.

An object is a `Thing` whose members are values; types without a size are read in place, so a type that contains itself
has no native measure.  Where ways part (`if`, `switch-on`), each way is written in its own block; where they meet, what
differs is in locals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.expressions import COMPARE, OR
from sigflow.compiler.emit.look.checks import Checks
from sigflow.compiler.emit.look.choice import Way
from sigflow.compiler.emit.look.draft import Draft, Ended, Inexpressible
from sigflow.compiler.emit.look.evaluate import FAILED, Around, Evaluator
from sigflow.compiler.emit.look.frame import TOO_LONG, Frame
from sigflow.compiler.emit.look.lists import Lists
from sigflow.compiler.emit.look.members import Members
from sigflow.compiler.emit.look.part import Part
from sigflow.compiler.emit.look.statements import If
from sigflow.compiler.emit.look.streams import State, Stream
from sigflow.compiler.emit.look.values import (
    Bytes,
    Flag,
    Int,
    Pos,
    Thing,
    Unknown,
    Value,
)
from sigflow.compiler.emit.measure import Scope, is_bounded, wires_of
from sigflow.compiler.emit.shared import Module, limits_of
from sigflow.compiler.layout import integer
from sigflow.compiler.model import Bits, Number, Shape, Switched, Text, User, Wire
from sigflow.compiler.model import Bytes as BytesWire
from sigflow.compiler.plan import ClassPlan, Step

#: A condition, worked out where it is asked for, and what is read where it holds.
Option = tuple[Callable[[], Flag] | None, Callable[[], Value]]


class Reader:
    """Reads objects into a draft."""

    def __init__(self, draft: Draft, module: Module, scope: Scope, frame: Frame) -> None:
        self.draft = draft
        self.module = module
        self.scope = scope
        self.hints = scope.hints
        self.plans = scope.plan.classes
        self.frame = frame
        self.members = Members(self)
        self.ev = Evaluator(draft, module.types, self.members.value, self.members.io)
        self.lists = Lists(self)
        self.checks = Checks(self)
        self.by_path = {attr.place.path: reason for attr, reason in self.hints.reasons.items()}
        #: Where the fields stand that checksums speak of: (start, stop) by the object and the field.
        self.places: dict[tuple[Thing, sc.Attr], tuple[Pos, Pos]] = {}
        self.marked: set[sc.Attr] = set()
        self._reading: list[ClassPlan] = []

    # ------------------------------------------------------------ objects

    def read(self, thing: Thing) -> Thing:
        """Read all fields of an object."""
        self.draft.spend()
        if thing.plan in self._reading:
            raise Inexpressible("a type that contains itself")
        if thing.plan.debug:
            raise Inexpressible("a type that is read for debugging")
        self._reading.append(thing.plan)
        try:
            self.decide_order(thing)
            passing = False
            for step in thing.plan.steps:
                place, self.draft.place = self.draft.place, step.attr.place
                if isinstance(thing.stream, Frame):
                    passing = self.bounded(thing, step, passing)
                else:
                    start = thing.stream.state.pos
                    self.step(thing, step)
                    self.keep(thing, step, start, thing.stream)
                self.draft.place = place
        finally:
            self._reading.pop()
        return thing

    def decide_order(self, thing: Thing) -> None:
        """The byte order of a class that calculates it."""
        plan = thing.plan
        undecided = self.by_path.get(plan.spec.place.path, FAILED)
        if plan.order == "inherited":
            thing.is_le = thing.parent.is_le if thing.parent is not None else None
            if thing.is_le is None:
                self.draft.leave(undecided)
            return
        endian = plan.spec.meta.endian
        if plan.order != "calc" or not isinstance(endian, sc.Endian):
            return
        on = self.ev.value(endian.on.expr, Around(thing))

        def undecidable() -> Value:
            self.draft.leave(undecided)

        options: list[Option] = []
        for case, order in endian.cases:
            if case is not None:
                options.append((partial(self.case, thing, on, case), partial(Flag.of, order == "le")))
        otherwise = next((order for case, order in endian.cases if case is None), None)
        options.append((None, undecidable if otherwise is None else lambda: Flag.of(otherwise == "le")))
        value = self.ways(thing.stream, options, "is_le")
        assert isinstance(value, Flag)
        thing.is_le = value

    def case(self, thing: Thing, on: Value, case: sc.Code) -> Flag:
        """Whether a case of a switch applies."""
        return self.ev.compare("==", on, self.ev.value(case.expr, Around(thing, on=on)))

    # ------------------------------------------------------------ streams and ways

    @contextmanager
    def naming(self, hint: str) -> Iterator[None]:
        """What locals that an expression needs are called."""
        before, self.ev.choices.hint = self.ev.choices.hint, hint
        try:
            yield
        finally:
            self.ev.choices.hint = before

    @contextmanager
    def on(self, stream: Stream) -> Iterator[None]:
        """Read from `stream`: what it puts off comes before whatever is written."""
        before = self.draft.settle
        before()
        self.draft.settle = stream.settle
        try:
            yield
            stream.settle()
        finally:
            self.draft.settle = before

    def ways(self, stream: Stream, options: list[Option], wanted: str) -> Value:
        """The first option whose condition holds; the last has none."""
        draft = self.draft
        draft.settle()
        before = stream.state
        ends: list[tuple[Way, State, dict[str, tuple[int, int]]]] = []

        def go(work: Callable[[], Value]) -> None:
            stream.state = before
            try:
                value = work()
                draft.settle()
            except Ended:
                return
            ends.append(((draft.block, value), stream.state, dict(draft.facts)))

        direct = draft.block
        with ExitStack() as stack:
            for condition, work in options:
                holds = condition() if condition is not None else Flag.of(True)
                if holds.value is False:
                    continue
                if holds.value is True:
                    go(work)
                    break
                draft.settle()
                node = If(holds.text)
                draft.put(node)
                with draft.within(node.then):
                    draft.learn(holds.yes)
                    go(work)
                stack.enter_context(draft.within(node.other))
                draft.learn(holds.no)
        if not ends:
            raise Ended
        if len(ends) == 1:
            (_, value), stream.state, draft.facts = ends[0]
            return value
        stream.meet(before, [(block, state) for (block, _), state, _ in ends])
        assert all(block is not direct for (block, _), _, _ in ends)
        return self.ev.choices.one([way for way, _, _ in ends], wanted)

    # ------------------------------------------------------------ fields of the frame

    def bounded(self, thing: Thing, step: Step, passing: bool) -> bool:
        """A field within its `-sigflow-max-size`, with its places kept where a checksum needs them."""
        attr, frame = step.attr, self.frame
        start = frame.state.pos
        limit = self.hints.max_sizes.get(attr)
        if limit is None:
            passing = self.field(thing, step, passing)
        else:
            with frame.within(limit, self.hints.reasons.get(attr, TOO_LONG)):
                passing = self.field(thing, step, passing)
        self.keep(thing, step, start, frame)
        return passing

    def keep(self, thing: Thing, step: Step, start: Pos, stream: Stream) -> None:
        """Keep where a field stands that a checksum speaks of."""
        if step.attr in self.marked:
            self.places[thing, step.attr] = start, stream.state.pos.plus(-trailing(step))

    def field(self, thing: Thing, step: Step, passing: bool) -> bool:
        """A field: read, or passed over; gives whether any was passed over."""
        if self.scope.looked(step) or is_early(step, passing):
            self.step(thing, step)
            return passing
        if step.attr.condition is None:
            self.skip(thing, step)
            return True
        self.ways(
            thing.stream,
            [
                (lambda: self.ev.truth(step.attr.condition.expr, Around(thing)), lambda: self.skip(thing, step)),  # type: ignore[union-attr]
                (None, lambda: None),
            ],
            step.attr.id,
        )
        return True

    def skip(self, thing: Thing, step: Step) -> None:
        """Pass over a field."""
        attr = step.attr
        count = None
        if attr.repeat is not None:
            assert attr.repeat.code is not None
            count = self.ev.integer(attr.repeat.code.expr, Around(thing))
        size = self.size_of(wires_of(step.wire)[0], thing)
        if count is not None:
            size = self.ev.sums.binary("*", count, size, FAILED)
        self.frame.hint = f"{thing.prefix}{attr.id}"
        self.frame.skip(size)

    def size_of(self, wire: Wire, thing: Thing) -> Int:
        """The bytes of one value that is passed over."""
        if isinstance(wire, Number):
            return Int.of(wire.size)
        if isinstance(wire, User) and not is_bounded(wire):
            bits = self.module.layout.class_bits(wire.target) if isinstance(wire.target, sc.ClassSpec) else None
            return Int.of((bits or 0) // 8)
        shape: Shape | None = getattr(wire, "shape", None)
        assert shape is not None
        if shape.contents is not None:
            return Int.of(len(shape.contents))
        assert shape.size is not None
        return self.ev.integer(shape.size.expr, Around(thing))

    # ------------------------------------------------------------ one field

    def step(self, thing: Thing, step: Step) -> None:
        """A field that is read."""
        attr = step.attr
        if attr.condition is None:
            thing.members[attr] = self.body(thing, step, thing.stream)
            return
        code = attr.condition
        thing.members[attr] = self.ways(
            thing.stream,
            [
                (lambda: self.ev.truth(code.expr, Around(thing)), lambda: self.body(thing, step, thing.stream)),
                (None, lambda: None),
            ],
            f"{thing.prefix}{attr.id}",
        )

    def body(self, thing: Thing, step: Step, stream: Stream) -> Value:
        """A field whose condition holds: its value, checked."""
        if step.attr.repeat is not None:
            return self.lists.read(thing, step, stream)
        value = self.assigned(thing, step, stream)
        self.checks.check(thing, step, value)
        return value

    def assigned(self, thing: Thing, step: Step, stream: Stream, index: Int | None = None) -> Value:
        """One value of a field."""
        stream.hint = f"{thing.prefix}{step.attr.id}"
        wire = step.wire
        if not isinstance(wire, Switched):
            return self.value(thing, step, wire, stream, index)
        on = self.ev.value(wire.on.expr, Around(thing, index=index))
        options: list[Option] = []
        for code, inner in wire.cases:
            if code is not None:
                read = partial(self.value, thing, step, inner, stream, index)
                options.append((partial(self.case, thing, on, code), read))
        otherwise = next((inner for code, inner in wire.cases if code is None), None)
        options.append(
            (None, lambda: self.value(thing, step, otherwise, stream, index) if otherwise is not None else None)
        )
        return self.ways(stream, options, stream.hint)

    def value(self, thing: Thing, step: Step, wire: Wire, stream: Stream, index: Int | None) -> Value:
        """One value of a wire."""
        if isinstance(wire, Number):
            return self.number(thing, wire, stream)
        if isinstance(wire, Bits):
            found = stream.bits(wire.width, wire.order)
            if isinstance(found, Unknown):
                return found
            name = stream.later(stream.hint, found.text)
            if wire.boolean:
                return Flag(f"{name} != 0", COMPARE, f"{name} == 0", COMPARE)
            return Int(name, found.low, found.high)
        if isinstance(wire, BytesWire | Text):
            found_bytes = self.stretch(thing, step, wire.shape, stream, index)
            return self.ev.stretches.decode(found_bytes, wire.encoding) if isinstance(wire, Text) else found_bytes
        if isinstance(wire, User):
            return self.object(thing, step, wire, stream, index)
        raise Inexpressible("a switch inside a switch")

    @staticmethod
    def number(thing: Thing, wire: Number, stream: Stream) -> Value:
        """A number."""
        start = stream.fixed(wire.size)
        if wire.kind == "f":
            return Unknown("a float")
        need = stream.draft.need

        def text(order: str) -> str:
            return f"{need(f'{wire.kind}{wire.size}{order}')}(data, {start})"

        if wire.order == "calc":
            if thing.is_le is None:
                raise Inexpressible("the byte order of another element")
            shown = f"{text('le')} if {thing.is_le.at(OR)} else {text('be')}"
            if thing.is_le.value is not None:
                shown = text("le" if thing.is_le.value else "be")
        else:
            shown = text(wire.order)
        bits = 8 * wire.size
        low, high = (-1 << bits - 1, (1 << bits - 1) - 1) if wire.kind == "s" else (0, (1 << bits) - 1)
        return Int(stream.later(stream.hint, shown), low, high)

    def stretch(self, thing: Thing, step: Step, shape: Shape, stream: Stream, index: Int | None) -> Bytes:
        """The bytes of a shape."""
        if shape.process is not None and (not isinstance(stream, Frame) or self.scope.valued(step)):
            raise Inexpressible("bytes that are processed before they are looked at")
        if shape.contents is not None:
            start = stream.fixed(len(shape.contents))
            return Bytes(start, stream.state.pos, Int.of(len(shape.contents)))
        if shape.size is None and not shape.eos:
            assert shape.term is not None
            return stream.until(shape.term, shape.include, shape.consume, shape.eos_error)
        if shape.eos:
            return self.cut(stream.rest(), shape, stream)
        assert shape.size is not None
        size = self.ev.integer(shape.size.expr, Around(thing, index=index))
        negative = FAILED if integer(shape.size) is not None else self.hints.reasons.get(step.attr, FAILED)
        return self.cut(stream.sized(size, negative), shape, stream)

    def cut(self, whole: Bytes, shape: Shape, stream: Stream) -> Bytes:
        """Bytes without their padding and what follows the terminator."""
        draft, start, stop = self.draft, whole.start, whole.stop
        pads = shape.pad is not None and shape.term != bytes((shape.pad,))
        if not pads and shape.term is None:
            return whole
        if pads:
            name = draft.name(f"{stream.hint}_stop")
            draft.assign(name, f"{draft.need('without_padding')}(data, {start}, {stop}, {shape.pad})")
            stop = Pos(name)
        if shape.term is not None:
            found, name = draft.name(f"{stream.hint}_end"), draft.name(f"{stream.hint}_stop")
            draft.assign(found, stream.search(shape.term, str(start), str(stop)))
            after = Pos(found, len(shape.term) if shape.include else 0)
            draft.assign(name, f"{after} if {found} >= 0 else {stop}")
            stop = Pos(name)
        high = draft.known(whole.size).high
        return Bytes(start, stop, Int(f"{stop} - {start.at(10)}", 0, high, 9))

    def object(self, thing: Thing, step: Step, wire: User, stream: Stream, index: Int | None) -> Value:
        """An object of a class."""
        if not isinstance(wire.target, sc.ClassSpec) or wire.target not in self.plans:
            raise Inexpressible("a type of another spec, or an opaque one")
        plan, hint, inner = self.plans[wire.target], stream.hint, stream
        if wire.shape is not None:
            whole = self.stretch(thing, step, wire.shape, stream, index)
            if wire.shape.process is not None:
                return whole  # (nothing needs what is in it)
            inner = Part(self.draft, whole)
            inner.depth = self.lists.depth
        around = Around(thing, index=index)
        arguments = []
        for param, one in zip(plan.params, wire.arguments, strict=True):
            with self.naming(f"{hint}_{param.name}"):
                arguments.append(self.ev.value(one.expr, around))
        parent: Value = thing
        if step.attr.no_parent:
            parent = None
        elif step.attr.parent is not None:
            parent = self.ev.value(step.attr.parent.expr, around)
        if parent is not None and not isinstance(parent, Thing):
            raise Inexpressible("a parent that is one of several objects")
        made = Thing(plan, f"{hint}_", parent, thing.root, inner)
        for param, argument in zip(plan.params, arguments, strict=True):
            made.members[param.param] = self.ev.short(argument, f"{hint}_{param.name}")
        if inner is stream:
            return self.read(made)
        with self.on(inner):
            self.within_depth(made)
            self.read(made)
        return made

    def within_depth(self, made: Thing) -> None:
        """Hold an object of a sized type against the depth that its spec allows."""
        limit = limits_of(made.plan.spec).get("depth")
        depth = 0
        at: Thing | None = made
        while at is not None:
            depth += at.plan is made.plan
            at = at.parent
        if limit is not None and depth > limit:
            self.draft.leave(FAILED)


def is_early(step: Step, passing: bool) -> bool:
    """Whether a field that nothing needs is read all the same, since nothing was passed over before it."""
    sized = isinstance(step.wire, User) and is_bounded(step.wire)
    return not passing and isinstance(step.wire, Number | User) and not sized


def trailing(step: Step) -> int:
    """What to take off the position for a terminator that is no byte of the field."""
    shape: Shape | None = getattr(step.wire, "shape", None)
    if shape is None or shape.term is None or shape.size is not None or not shape.consume or shape.include:
        return 0
    return len(shape.term)
