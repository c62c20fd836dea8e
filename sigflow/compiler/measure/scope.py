"""Which classes are measured, which of their members a measure needs the values of, and so what of a frame is looked
at.

Looked at is whatever has a check, whatever a later size, condition or check needs, and anything that a terminator ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.hints import Hints
from sigflow.compiler.model import Bits, Number, Switched, User, Wire, shape_of, wires_of
from sigflow.compiler.plan import ClassPlan, Plan, Step
from sigflow.compiler.types import Types
from sigflow.reasons import CONTENTS, INVALID

_BUILT_IN = frozenset(("zlib", "xor", "rol", "ror"))


class Scope:
    """What a measure of the frames of one spec has to do with; made once, and then only asked."""

    def __init__(self, plan: Plan, types: Types, hints: Hints) -> None:
        self.plan = plan
        self.types = types
        self.hints = hints
        #: The classes that are measured: the frame's, and those that are read in it without a size of their own.
        self.classes: list[ClassPlan] = []
        #: The members whose values a measure needs.
        self.needed: set[sc.Attr] = set()
        #: What stands once around the frames: classes with the fields of the file's before them, and behind them.
        self.preamble = self._part("preamble")
        self.trailer = self._part("trailer")
        self._walk(plan.classes[hints.unit])
        #: Whether the measure of a unit asks for what stands around it.
        self.asks_root = hints.around is not None and any(self._asks_root(measured) for measured in self.classes)
        for part in (self.preamble, self.trailer):
            if part is not None:
                self._walk(part)
        for class_plan in self.classes:
            for code in _steering(class_plan):
                self._need(code.expr)
        for code in self._of_hints():
            self._need(code.expr)
        #: Fields inside others whose places a checksum needs; by class, for their objects keep them.
        self.inner: set[sc.Attr] = set()
        for checksum in hints.checksums:
            for path in checksum.paths:
                if len(path) > 1:
                    self.needed.update(path)
                    self.inner.update(path[1:])
        self.inner |= hints.leads
        for element in hints.elements:
            attrs = {attr for path in element.checksum.paths for attr in path}
            self.inner |= attrs
            if element.in_frame:
                self.needed |= attrs | hints.leads

    def _part(self, name: str) -> ClassPlan | None:
        """The class of the whole file with one part of its fields."""
        around = self.hints.around
        if around is None:
            return None
        attrs = (around.preamble if name == "preamble" else around.trailer).attrs
        if not attrs:
            return None
        whole = self.plan.classes[around.root]
        steps = tuple(step for step in whole.steps if step.attr in attrs)
        return replace(whole, steps=steps, instances=(), classes=(), enums=())

    def _walk(self, plan: ClassPlan) -> None:
        waiting = [plan]
        while waiting:
            class_plan = waiting.pop()
            if class_plan in self.classes:
                continue
            self.classes.append(class_plan)
            for step in class_plan.steps:
                for wire in wires_of(step.wire):
                    if isinstance(wire, User) and not wire.bounded and isinstance(wire.target, sc.ClassSpec):
                        waiting.append(self.plan.classes.get(wire.target, class_plan))

    def _asks_root(self, plan: ClassPlan) -> bool:
        """Whether an expression that steers the reading of a class leads to the object of the whole file."""
        around = self.hints.around
        stack = [code.expr for code in _steering(plan)]
        seen: set[sc.Attr] = set()
        while stack:
            node = stack.pop()
            member = self.types.members.get(node)
            if isinstance(node, ex.Name) and node.id == "_root":
                return True
            if isinstance(member, sc.Attr) and member not in seen:
                seen.add(member)
                if around is not None and member in around.root.seq:
                    return True
                codes = (member.value, member.condition, member.pos, member.size, member.io)
                stack.extend(code.expr for code in codes if code is not None)
            stack.extend(ex.children(node))
        return False

    def _of_hints(self) -> Iterator[sc.Code]:
        elements = [element.checksum for element in self.hints.elements if element.in_frame]
        for checksum in (*self.hints.checksums, *elements):
            yield from checksum.codes
        for code, _ in self.hints.uniques.values():
            yield code

    def _need(self, expr: ex.Expr | None) -> None:
        """Every member that an expression reaches, directly or through instances."""
        stack = [expr]
        while stack:
            node = stack.pop()
            if node is None:
                continue
            member = self.types.members.get(node)
            if isinstance(member, sc.Attr) and member not in self.needed:
                self.needed.add(member)
                codes = (member.value, member.condition, member.pos, member.size, member.io)
                stack.extend(code.expr for code in codes if code is not None)
            stack.extend(ex.children(node))

    def valued(self, step: Step) -> bool:
        """Whether a measure needs the value of a field, and not just its bytes."""
        attr = step.attr
        needed = attr.checked or attr in self.hints.uniques or attr in self.needed
        return needed or (attr.repeat is not None and attr.repeat.kind == "until")

    def reason(self, attr: sc.Attr, general: str = "") -> str:
        """The reason for which a field is refused: its own, or the general one, by default that of its checks."""
        return self.hints.reasons.get(attr, general or (CONTENTS if attr.contents is not None else INVALID))

    def looked(self, step: Step) -> bool:
        """Whether a measure has to read a field, wherever it stands."""
        repeat = step.attr.repeat
        if self.valued(step) or (repeat is not None and (repeat.kind == "eos" or _by_index(step))):
            return True
        switched = isinstance(step.wire, Switched)
        return any(self._reads(wire, switched) for wire in wires_of(step.wire))

    def _reads(self, wire: Wire, switched: bool) -> bool:
        if isinstance(wire, Bits):
            return True
        if isinstance(wire, Number):
            return switched
        if isinstance(wire, User) and not wire.bounded:
            return switched or not self.passable(wire)
        shape = shape_of(wire)
        return shape is not None and shape.contents is None and shape.size is None

    def passable(self, wire: User) -> bool:
        """Whether an unsized type has a fixed size, and nothing in it is checked or needed."""
        spec = wire.target
        bits = self.types.layout.class_bits(spec) if isinstance(spec, sc.ClassSpec) else None
        if bits is None or bits % 8 or not isinstance(spec, sc.ClassSpec):
            return False
        stack, seen = [spec], {spec}
        while stack:
            spec = stack.pop()
            if any(attr.checked or attr in self.needed for attr in spec.attrs()):
                return False
            inner = [
                held.target
                for attr in spec.seq
                if isinstance(held := self.types.names.wires.get(attr), User)
                and isinstance(held.target, sc.ClassSpec)
                and not held.bounded
            ]
            stack.extend(spec for spec in inner if spec not in seen)
            seen.update(inner)
        return True

    # ------------------------------------------------------------ what has no measure

    def obstacles(self) -> Iterator[tuple[sc.Attr, str]]:
        """Why the length of a frame does not follow from its fields: the field, and what it does."""
        for plan in self.classes:
            for step in plan.steps:
                why = self._obstacle(step)
                if why:
                    yield step.attr, f"'{step.attr.id}' {why}"
            for instance in plan.instances:
                if isinstance(instance, Step) and instance.attr in self.needed:
                    yield instance.attr, f"it needs '{instance.attr.id}', an instance that seeks"

    def _obstacle(self, step: Step) -> str:
        closed = self.hints.closed
        if step.attr.repeat is not None and step.attr.repeat.kind == "eos" and not closed:
            return "is repeated to the end of the stream"
        for wire in wires_of(step.wire):
            shape = shape_of(wire)
            if shape is not None and shape.eos and not closed:
                return "extends to the end of the stream"
            process = shape.process if shape is not None else None
            custom = process is not None and not process.stuffing and ".".join(process.path) not in _BUILT_IN
            if custom and self.valued(step):
                return "has a custom process, and what it gives is checked, or decides about other fields"
            if isinstance(wire, User) and not wire.bounded and wire.target not in self.plan.classes:
                return "is of an imported or opaque type without `size`"
        return ""


def _by_index(step: Step) -> bool:
    """Whether the elements of a list differ in size by their number: they cannot be passed over all at once."""
    shapes = [shape_of(wire) for wire in wires_of(step.wire)]
    codes = [shape.size.expr for shape in shapes if shape is not None and shape.size is not None]
    return any(isinstance(node, ex.Name) and node.id == "_index" for code in codes for node in ex.walk(code))


def _steering(plan: ClassPlan) -> Iterator[sc.Code]:
    """The expressions of a class that steer reading."""
    endian = plan.spec.meta.endian
    if isinstance(endian, sc.Endian):
        yield endian.on
    for step in plan.steps:
        attr = step.attr
        codes = [attr.condition, attr.size, attr.repeat.code if attr.repeat is not None else None]
        if attr.valid is not None:
            codes.extend(attr.valid.codes)
        if isinstance(step.wire, Switched):
            codes.append(step.wire.on)
            codes.extend(on for on, _ in step.wire.cases)
        for wire in wires_of(step.wire):
            if isinstance(wire, User):
                codes.extend(wire.arguments)
        yield from (code for code in codes if code is not None)
