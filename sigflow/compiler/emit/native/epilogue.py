"""The end of a native measure: what it gives besides the length, as the words of `box` (`sigflow.runtime.box`)."""

from __future__ import annotations

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.native.arithmetic import inside
from sigflow.compiler.emit.native.builder import FAILED, Builder, Inexpressible, MayFail, Unreachable
from sigflow.compiler.emit.native.byte_ranges import is_total
from sigflow.compiler.emit.native.evaluate import Context
from sigflow.compiler.emit.native.layouts import Layouts, offset
from sigflow.compiler.emit.native.reading import Reader
from sigflow.compiler.emit.native.statements import Node, Return, Store
from sigflow.compiler.emit.native.tree import Conditional, Const, call
from sigflow.compiler.emit.native.values import Flag, Int, SymbolicObject, Value, either
from sigflow.compiler.encodings import python_name
from sigflow.compiler.hints import ChecksumHint
from sigflow.compiler.layout import integer
from sigflow.compiler.measure import operations as op
from sigflow.compiler.model import Bits, Number, Shape, Switched, Text, User, Wire, shape_of, wires_of
from sigflow.compiler.model import Bytes as BytesWire
from sigflow.compiler.plan import Step
from sigflow.runtime import box


class Epilogue:
    """Writes the end of a measure.  static: the checksums whose layout the envelope gives."""

    def __init__(self, reader: Reader, unit: SymbolicObject, static: frozenset[ChecksumHint]) -> None:
        self.reader = reader
        self.unit = unit
        self.static = static
        self.builder: Builder = reader.builder
        self.hints = reader.hints
        self.counts = False

    def write(self) -> None:
        """The words, then the length."""
        frame = self.reader.frame
        layouts = Layouts(self.reader, self.unit)
        words = [
            word
            for checksum in self.hints.checksums
            if checksum not in self.static
            for word in layouts.layout(checksum)
        ]
        length = offset(frame.state.pos)
        if not self.reader.module.layout.class_takes_bytes(self.unit.plan.spec):
            self.builder.refuse(self.reader.ev.arithmetic.compare("<", length, Int.of(1)), FAILED)
        frame.finish()
        self.builder.do(Store(box.BOX_LOOKED, offset(frame.state.looked).expr))
        self.builder.do(Store(box.BOX_MARKS, self.trouble().expr))
        self.counters()
        for slot, word in enumerate(words, box.BOX_LAYOUTS):
            self.builder.do(Store(slot, word))
        self.reader.elements.finish()
        if box.BOX_LAYOUTS + len(words) > box.BOX_WORDS:
            raise Inexpressible("checksums of so many pieces")
        self.builder.do(Return(length.expr))

    # ------------------------------------------------------------ counter and stream id

    def counters(self) -> None:
        """The sequence counter and the stream id, where both are told by the bytes looked at."""
        sequence = self.hints.sequence
        if sequence is None:
            return
        values: list[Value] = [self.unit.members.get(sequence.attr)]
        if sequence.per is not None:
            values.append(self.speculate(sequence.per))
        numbers = [self.builder.refined(value) if isinstance(value, Int) else value for value in values]
        if isinstance(numbers[-1], Flag) and len(numbers) == 2:
            numbers[-1] = Int(call("int", numbers[-1].expr), 0, 1)
        if not all(isinstance(value, Int) for value in numbers):
            return
        *_, last = numbers
        if len(numbers) == 2 and isinstance(last, Int) and not inside(last):
            return
        counted = self.speculate(sequence.when) if sequence.when is not None else Flag.of(True)
        if not isinstance(counted, Flag):
            return
        self.counts = True
        uncounted = Const(box.MARK_UNCOUNTED)
        if counted.value is False:
            self.builder.do(Store(box.BOX_MARKS, uncounted, adds=True))
        elif counted.value is None:
            self.builder.do(Store(box.BOX_MARKS, Conditional(counted.expr, Const(0), uncounted), adds=True))
        for slot, value in zip((box.BOX_COUNTER, box.BOX_STREAM), (*numbers, Int.of(0)), strict=False):
            assert isinstance(value, Int)
            self.builder.do(Store(slot, value.expr))

    def speculate(self, code: sc.Code) -> Value:
        """The value of an expression, None where working it out may fail or is beyond a native measure."""
        block: list[Node] = []
        self.builder.speculative = True
        try:
            with self.builder.within(block):
                value = self.reader.ev.value(code.expr, Context(self.unit))
        except (MayFail, Unreachable, Inexpressible):
            return None
        finally:
            self.builder.speculative = False
        self.builder.block.extend(block)
        return value

    # ------------------------------------------------------------ what the record may have to say

    def trouble(self) -> Int:
        """MARK_LOOK where the record must be looked at in Python, else 0."""
        trouble = Flag.of(any(not element.in_frame for element in self.hints.elements))
        for code in [note.when for note in self.hints.notes] + [codec.when for codec in self.hints.codecs]:
            trouble = either(trouble, self.holds(code))
        for step in self.unit.plan.steps:
            trouble = either(trouble, self.may_fail(step))
        frame = self.reader.frame
        if frame.peeks:  # a terminator may lie beyond the frame, which parsing then misses
            looked, pos = frame.state.looked, frame.state.pos
            same = looked.name == pos.name
            trouble = either(trouble, Flag.of(looked.offset > pos.offset) if same else Flag(looked > pos))
        if trouble.value is not None:
            return Int.of(box.MARK_LOOK if trouble.value else 0)
        return Int(Conditional(trouble.expr, Const(box.MARK_LOOK), Const(0)), 0, box.MARK_LOOK)

    def holds(self, code: sc.Code | None) -> Flag:
        """Whether a condition holds; where that cannot be told, it may."""
        value = self.speculate(code) if code is not None else None
        return value if isinstance(value, Flag) else Flag.of(True)

    def may_fail(self, step: Step) -> Flag:
        """Whether a field of the frame may fail to parse though the frame was measured."""
        if self.unit.plan.spec.limits:
            return Flag.of(True)
        if any((shape := shape_of(wire)) is not None and shape.process for wire in wires_of(step.wire)):
            return Flag.of(True)
        if step.attr in self.unit.members:
            return Flag.of(not all(self.sound(target) for target in targets(step.wire)))
        wire = step.wire
        if not isinstance(wire, Switched) or step.attr.condition is not None or step.attr.repeat is not None:
            return Flag.of(not self.harmless(wire, step, 0))
        fails = Flag.of(False)
        cases = [(code, self.harmless(inner, step, 0)) for code, inner in wire.cases]
        on = self.speculate(wire.on)
        if any(code is None and not harmless for code, harmless in cases) or on is None:
            return Flag.of(True)
        for code, harmless in cases:
            if code is not None and not harmless:
                value = self.speculate(code)
                if value is None:
                    return Flag.of(True)
                fails = either(fails, self.reader.ev.compare("==", on, value))
        return fails

    def sound(self, spec: sc.ClassSpec) -> bool:
        """Whether an object that was measured in place cannot fail to parse: no limits, which only parsing asks for,
        and what the measure passed over is harmless.
        """
        for operation in self.reader.measure.classes[spec]:
            if not isinstance(operation, op.Field):
                continue
            done = operation.then[0] if isinstance(operation, op.Branch) else operation
            if isinstance(done, op.Skip):
                if not self.harmless(operation.step.wire, operation.step, 0):
                    return False
            elif not all(self.sound(target) for target in targets(operation.step.wire)):
                return False
        return not spec.limits

    def harmless(self, wire: Wire, step: Step, depth: int) -> bool:
        """Whether a field that the measure passes over cannot fail."""
        if isinstance(wire, Number | Bits):
            return True
        shape: Shape | None = wire.shape if not isinstance(wire, Switched) else None
        if shape is not None and shape.process is not None:
            return False
        if isinstance(wire, BytesWire):
            return True
        if isinstance(wire, Text):
            return is_total(python_name(wire.encoding))
        if isinstance(wire, Switched):
            return step.attr.repeat is None and all(self.harmless(inner, step, depth) for inner in wires_of(wire))
        if not isinstance(wire.target, sc.ClassSpec) or wire.arguments or depth > 8:
            return False
        return self.harmless_class(wire, depth)

    def harmless_class(self, wire: User, depth: int) -> bool:
        """Whether an object that is passed over cannot fail: all is of fixed size, and nothing in it is checked."""
        spec, module = wire.target, self.reader.module
        assert isinstance(spec, sc.ClassSpec)
        plan = self.reader.plans.get(spec)
        bits = module.layout.class_bits(spec)
        if plan is None or bits is None or spec.limits or plan.order in ("calc", "inherited"):
            return False
        if wire.bounded:
            size = integer(wire.shape.size) if wire.shape is not None else None
            if size is None or bits > 8 * size or wire.shape is None or wire.shape.pad is not None or wire.shape.term:
                return False
        return all(
            step.attr.valid is None
            and step.attr.contents is None
            and not isinstance(step.wire, Switched)
            and self.harmless(step.wire, step, depth + 1)
            for step in plan.steps
        )


def targets(wire: Wire) -> list[sc.ClassSpec]:
    """The classes of objects that a wire reads in place."""
    users = [inner for inner in wires_of(wire) if isinstance(inner, User) and not inner.bounded]
    return [user.target for user in users if isinstance(user.target, sc.ClassSpec)]
