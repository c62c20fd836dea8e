"""The fields of a frame, read as `measure` reads them, and those of sized types in it, read as their `_read` does.

An object is a `SymbolicObject` whose members are values; types without a size are read in place, so a type that
contains itself has no native measure.  Where the reading branches (`if`, `switch-on`), each branch is written in a
block of its own; where the branches join, what differs between them is in locals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.native.branches import Branch
from sigflow.compiler.emit.native.builder import FAILED, Builder, Inexpressible, Unreachable
from sigflow.compiler.emit.native.checks import Checks
from sigflow.compiler.emit.native.elements import Elements
from sigflow.compiler.emit.native.evaluate import Context, Evaluator
from sigflow.compiler.emit.native.frame import Frame
from sigflow.compiler.emit.native.lists import Lists
from sigflow.compiler.emit.native.members import Members
from sigflow.compiler.emit.native.statements import If
from sigflow.compiler.emit.native.streams import State, Stream
from sigflow.compiler.emit.native.substream import Substream
from sigflow.compiler.emit.native.tree import DATA, Conditional, Expr, Local
from sigflow.compiler.emit.native.values import (
    Bytes,
    Flag,
    Int,
    SymbolicObject,
    Unknown,
    Value,
)
from sigflow.compiler.emit.shared import Module
from sigflow.compiler.layout import integer
from sigflow.compiler.measure import MeasurePlan
from sigflow.compiler.measure import operations as op
from sigflow.compiler.measure.planning import trailing
from sigflow.compiler.model import Bits, Number, Shape, Switched, Text, User, Wire
from sigflow.compiler.model import Bytes as BytesWire
from sigflow.compiler.plan import ClassPlan, Step

#: A condition, worked out where it is asked for, and what is read where it holds.
Option = tuple[Callable[[], Flag] | None, Callable[[], Value]]


class Reader:
    """Reads objects by a builder."""

    def __init__(self, builder: Builder, module: Module, measure: MeasurePlan, frame: Frame) -> None:
        self.builder = builder
        self.module = module
        self.measure = measure
        self.hints = measure.hints
        self.plans = measure.scope.plan.classes
        self.frame = frame
        self.members = Members(self)
        self.ev = Evaluator(builder, module.types, self.members.value, self.members.io)
        self.lists = Lists(self)
        self.checks = Checks(self)
        self.by_path = {attr.place.path: reason for attr, reason in self.hints.reasons.items()}
        #: Where the fields stand that checksums speak of: (start, stop) by the object and the field.
        self.places: dict[tuple[SymbolicObject, sc.Attr], tuple[Local, Local]] = {}
        self.marked: set[sc.Attr] = set()
        self.elements = Elements(self)
        self._reading: list[ClassPlan] = []

    # ------------------------------------------------------------ objects

    def read(self, obj: SymbolicObject) -> SymbolicObject:
        """Read all fields of an object."""
        self.builder.spend()
        if obj.plan in self._reading:
            raise Inexpressible("a type that contains itself")
        if obj.plan.debug:
            raise Inexpressible("a type that is read for debugging")
        self._reading.append(obj.plan)
        try:
            self.decide_order(obj)
            place = self.builder.place
            if isinstance(obj.stream, Frame):
                self.measured(obj, obj.stream)
            for step in obj.plan.steps if not isinstance(obj.stream, Frame) else ():
                self.builder.place = step.attr.place
                start = obj.stream.state.pos
                self.step(obj, step)
                if step.attr in self.marked:
                    self.places[obj, step.attr] = start, obj.stream.state.pos.plus(-trailing(step.wire))
            self.builder.place = place
        finally:
            self._reading.pop()
        return obj

    def decide_order(self, obj: SymbolicObject) -> None:
        """The byte order of a class that calculates it."""
        plan = obj.plan
        undecided = self.by_path.get(plan.spec.place.path, FAILED)
        if plan.order == "inherited":
            obj.is_le = obj.parent.is_le if obj.parent is not None else None
            if obj.is_le is None:
                self.builder.leave(undecided)
            return
        endian = plan.spec.meta.endian
        if plan.order != "calc" or not isinstance(endian, sc.Endian):
            return
        on = self.ev.value(endian.on.expr, Context(obj))

        def undecidable() -> Value:
            self.builder.leave(undecided)

        options: list[Option] = []
        for case, order in endian.cases:
            if case is not None:
                options.append((partial(self.case, obj, on, case), partial(Flag.of, order == "le")))
        otherwise = next((order for case, order in endian.cases if case is None), None)
        options.append((None, undecidable if otherwise is None else lambda: Flag.of(otherwise == "le")))
        value = self.branches(obj.stream, options, "is_le")
        assert isinstance(value, Flag)
        obj.is_le = value

    def case(self, obj: SymbolicObject, on: Value, case: sc.Code) -> Flag:
        """Whether a case of a switch applies."""
        return self.ev.compare("==", on, self.ev.value(case.expr, Context(obj, on=on)))

    # ------------------------------------------------------------ streams and branches

    @contextmanager
    def naming(self, hint: str) -> Iterator[None]:
        """What locals that an expression needs are called."""
        before, self.ev.branches.hint = self.ev.branches.hint, hint
        try:
            yield
        finally:
            self.ev.branches.hint = before

    @contextmanager
    def on(self, stream: Stream) -> Iterator[None]:
        """Read from `stream`: what it puts off comes before whatever is written."""
        before = self.builder.flush
        before()
        self.builder.flush = stream.flush
        try:
            yield
            stream.flush()
        finally:
            self.builder.flush = before

    def branches(self, stream: Stream, options: list[Option], wanted: str) -> Value:
        """The first option whose condition holds; the last has none."""
        builder = self.builder
        builder.flush()
        before = stream.state
        ends: list[tuple[Branch, State, dict[Expr, tuple[int, int]]]] = []

        def go(work: Callable[[], Value]) -> None:
            stream.state = before
            try:
                value = work()
                builder.flush()
            except Unreachable:
                return
            ends.append(((builder.block, value), stream.state, dict(builder.ranges)))

        direct = builder.block
        with ExitStack() as stack:
            for condition, work in options:
                holds = condition() if condition is not None else Flag.of(True)
                if holds.value is False:
                    continue
                if holds.value is True:
                    go(work)
                    break
                builder.flush()
                node = If(holds.expr)
                builder.put(node)
                with builder.within(node.then):
                    builder.assume(holds.yes)
                    go(work)
                stack.enter_context(builder.within(node.other))
                builder.assume(holds.no)
        if not ends:
            raise Unreachable
        if len(ends) == 1:
            (_, value), stream.state, builder.ranges = ends[0]
            return value
        stream.join(before, [(block, state) for (block, _), state, _ in ends])
        assert all(block is not direct for (block, _), _, _ in ends)
        return self.ev.branches.join([branch for branch, _, _ in ends], wanted)

    # ------------------------------------------------------------ fields of the frame

    def measured(self, obj: SymbolicObject, frame: Frame) -> None:
        """The fields of an object of the frame, read or passed over as its operations say."""
        attr: sc.Attr | None = None
        start = frame.state.pos
        with ExitStack() as bounds:
            for operation in self.measure.classes[obj.plan.spec]:
                if isinstance(operation, op.Source):
                    attr, start = operation.step.attr, frame.state.pos
                    self.builder.place = attr.place
                elif isinstance(operation, op.Enter):
                    bounds.enter_context(frame.within(operation.limit, operation.reason))
                elif isinstance(operation, op.Leave):
                    bounds.close()
                elif isinstance(operation, op.Skip):
                    self.skip(obj, operation)
                elif isinstance(operation, op.Branch) and isinstance(operation.then[0], op.Skip):
                    self.skip_if(obj, operation.condition, operation.then[0])
                elif isinstance(operation, op.Field):
                    self.step(obj, operation.step)
                elif isinstance(operation, op.Mark) and operation.stop and attr is not None:
                    self.places[obj, attr] = start, frame.state.pos.plus(-operation.less)

    def skip_if(self, obj: SymbolicObject, condition: sc.Code, passed: op.Skip) -> None:
        """Pass over a field where its condition holds."""
        options: list[Option] = [
            (lambda: self.ev.truth(condition.expr, Context(obj)), lambda: self.skip(obj, passed)),
            (None, lambda: None),
        ]
        self.branches(obj.stream, options, passed.step.attr.id)

    def skip(self, obj: SymbolicObject, passed: op.Skip) -> None:
        """Pass over a field."""
        count = self.ev.integer(passed.count.expr, Context(obj)) if passed.count is not None else None
        size = Int.of(passed.size) if isinstance(passed.size, int) else self.ev.integer(passed.size.expr, Context(obj))
        if count is not None:
            size = self.ev.arithmetic.binary("*", count, size, FAILED)
        self.frame.hint = f"{obj.prefix}{passed.step.attr.id}"
        self.frame.skip(size, passed.negative)

    # ------------------------------------------------------------ one field

    def step(self, obj: SymbolicObject, step: Step) -> None:
        """A field that is read."""
        attr = step.attr
        if attr.condition is None:
            obj.members[attr] = self.body(obj, step, obj.stream)
            return
        code = attr.condition
        obj.members[attr] = self.branches(
            obj.stream,
            [
                (lambda: self.ev.truth(code.expr, Context(obj)), lambda: self.body(obj, step, obj.stream)),
                (None, lambda: None),
            ],
            f"{obj.prefix}{attr.id}",
        )

    def body(self, obj: SymbolicObject, step: Step, stream: Stream) -> Value:
        """A field whose condition holds: its value, checked."""
        if step.attr.repeat is not None:
            return self.lists.read(obj, step, stream)
        value = self.assigned(obj, step, stream)
        if not step.attr.is_instance:
            obj.members[step.attr] = value  # (what is checked may ask for it by its name)
        self.checks.check(obj, step, value)
        return value

    def assigned(self, obj: SymbolicObject, step: Step, stream: Stream, index: Int | None = None) -> Value:
        """One value of a field."""
        stream.hint = f"{obj.prefix}{step.attr.id}"
        wire = step.wire
        if not isinstance(wire, Switched):
            return self.value(obj, step, wire, stream, index)
        on = self.ev.value(wire.on.expr, Context(obj, index=index))
        options: list[Option] = []
        for code, inner in wire.cases:
            if code is not None:
                read = partial(self.value, obj, step, inner, stream, index)
                options.append((partial(self.case, obj, on, code), read))
        otherwise = next((inner for code, inner in wire.cases if code is None), None)
        options.append(
            (None, lambda: self.value(obj, step, otherwise, stream, index) if otherwise is not None else None)
        )
        return self.branches(stream, options, stream.hint)

    def value(self, obj: SymbolicObject, step: Step, wire: Wire, stream: Stream, index: Int | None) -> Value:
        """One value of a wire."""
        if isinstance(wire, Number):
            return self.number(obj, wire, stream)
        if isinstance(wire, Bits):
            bits = stream.bits(wire.width, wire.order)
            if isinstance(bits, Unknown):
                return bits
            local = stream.defer(stream.hint, bits.expr)
            return Flag(local.differs(0)) if wire.boolean else Int(local, bits.low, bits.high)
        if isinstance(wire, BytesWire | Text):
            raw = self.byte_range(obj, step, wire.shape, stream, index)
            return self.ev.byte_ranges.decode(raw, wire.encoding) if isinstance(wire, Text) else raw
        if isinstance(wire, User):
            return self.object(obj, step, wire, stream, index)
        raise Inexpressible("a switch inside a switch")

    @staticmethod
    def number(obj: SymbolicObject, wire: Number, stream: Stream) -> Value:
        """A number."""
        start = stream.fixed(wire.size)
        if wire.kind == "f":
            return Unknown("a float")

        def load(order: str) -> Expr:
            return stream.builder.call(f"{wire.kind}{wire.size}{order}", DATA, start)

        if wire.order != "calc":
            loaded = load(wire.order)
        elif obj.is_le is None:
            raise Inexpressible("the byte order of another element")
        elif obj.is_le.value is not None:
            loaded = load("le" if obj.is_le.value else "be")
        else:
            loaded = Conditional(obj.is_le.expr, load("le"), load("be"))
        bits = 8 * wire.size
        low, high = (-1 << bits - 1, (1 << bits - 1) - 1) if wire.kind == "s" else (0, (1 << bits) - 1)
        return Int(stream.defer(stream.hint, loaded), low, high)

    def byte_range(self, obj: SymbolicObject, step: Step, shape: Shape, stream: Stream, index: Int | None) -> Bytes:
        """The bytes of a shape."""
        if shape.process is not None and (not isinstance(stream, Frame) or self.measure.scope.valued(step)):
            raise Inexpressible("bytes that are processed before they are looked at")
        if shape.contents is not None:
            start = stream.fixed(len(shape.contents))
            return Bytes(start, stream.state.pos, Int.of(len(shape.contents)))
        if shape.size is None and not shape.eos:
            assert shape.term is not None
            if shape.ended is not None:
                raise Inexpressible("an end that is looked for among stuffed bytes")
            return stream.until(shape)
        if shape.eos:
            return self.cut(stream.rest(), shape, stream)
        assert shape.size is not None
        size = self.ev.integer(shape.size.expr, Context(obj, index=index))
        negative = FAILED if integer(shape.size) is not None else self.hints.reasons.get(step.attr, FAILED)
        return self.cut(stream.sized(size, negative), shape, stream)

    def cut(self, whole: Bytes, shape: Shape, stream: Stream) -> Bytes:
        """Bytes without their padding and what follows the terminator."""
        builder, start, stop = self.builder, whole.start, whole.stop
        pads = shape.pad is not None and shape.term != bytes((shape.pad,))
        if not pads and shape.term is None:
            return whole
        if pads:
            assert shape.pad is not None
            stop = builder.let(f"{stream.hint}_stop", builder.call("without_padding", DATA, start, stop, shape.pad))
        if shape.term is not None:
            end = builder.let(f"{stream.hint}_end", stream.search(shape.term, start, stop, shape.anywhere))
            after = end.plus(len(shape.term) if shape.include else 0)
            stop = builder.let(f"{stream.hint}_stop", Conditional(end >= 0, after, stop))
        return Bytes(start, stop, Int(stop - start, 0, builder.refined(whole.size).high))

    def object(self, obj: SymbolicObject, step: Step, wire: User, stream: Stream, index: Int | None) -> Value:
        """An object of a class."""
        if not isinstance(wire.target, sc.ClassSpec) or wire.target not in self.plans:
            raise Inexpressible("a type of another spec, or an opaque one")
        plan, hint, inner = self.plans[wire.target], stream.hint, stream
        if wire.shape is not None:
            whole = self.byte_range(obj, step, wire.shape, stream, index)
            if wire.shape.process is not None:
                return whole  # (nothing needs what is in it)
            inner = Substream(self.builder, whole)
            inner.depth = self.lists.depth
        context = Context(obj, index=index)
        arguments = []
        for param, code in zip(plan.params, wire.arguments, strict=True):
            with self.naming(f"{hint}_{param.name}"):
                arguments.append(self.ev.value(code.expr, context))
        parent: Value = obj
        if step.attr.no_parent:
            parent = None
        elif step.attr.parent is not None:
            parent = self.ev.value(step.attr.parent.expr, context)
        if parent is not None and not isinstance(parent, SymbolicObject):
            raise Inexpressible("a parent that is one of several objects")
        made = SymbolicObject(plan, f"{hint}_", parent, obj.root, inner)
        for param, argument in zip(plan.params, arguments, strict=True):
            made.members[param.param] = self.ev.short(argument, f"{hint}_{param.name}")
        if inner is stream:
            self.read(made)
        else:
            with self.on(inner):
                self.within_depth(made)
                self.read(made)
        self.elements.read(made, step)
        return made

    def within_depth(self, made: SymbolicObject) -> None:
        """Hold an object of a sized type against the depth that its spec allows."""
        limit = made.plan.spec.limits.get("depth")
        depth = 0
        at: SymbolicObject | None = made
        while at is not None:
            depth += at.plan is made.plan
            at = at.parent
        if limit is not None and depth > limit:
            self.builder.leave(FAILED)
