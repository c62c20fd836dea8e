"""The measure of a frame while its bytes arrive.

`Steps` writes a method `_steps` on the frame's class and on the unsized types in it: the reading of the class once
more, but before each read it waits for the bytes (`while io.lacks(n): yield`), a failed check raises `Refused` with
the gap's reason, and bytes that nothing needs are passed over unread.

What is looked at: whatever has a check, whatever a later size, condition or check needs, anything that a terminator
ends, and the numbers and bit fields before the first bytes that are passed over.  Other bytes, strings and sized
types are skipped: they need not have arrived.  `flat` writes the same as one plain function where the layout is
static.
"""

from __future__ import annotations

from collections.abc import Iterator

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.expressions import AND
from sigflow.compiler.emit.reads import Reads, trailing
from sigflow.compiler.emit.shared import Module
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.hints import Hints, Path
from sigflow.compiler.layout import integer
from sigflow.compiler.model import Bits, Bytes, Number, Shape, Switched, User, Wire
from sigflow.compiler.plan import ClassPlan, Plan, Step
from sigflow.compiler.problems import Problems

_BUILT_IN = frozenset(("zlib", "xor", "rol", "ror"))


class Scope:
    """Which classes are measured, and which of their members a measure needs the values of."""

    def __init__(self, plan: Plan, module: Module, hints: Hints) -> None:
        self.plan = plan
        self.module = module
        self.hints = hints
        self.classes: list[ClassPlan] = []
        self.needed: set[sc.Attr] = set()
        self._walk(plan.classes[hints.unit])
        for one in self.classes:
            for code in _steering(one):
                self.need(code.expr)
        for code in self._of_hints():
            self.need(code.expr)
        #: Fields inside others whose places a checksum needs; by class, for their objects keep them.
        self.inner: set[sc.Attr] = set()
        for checksum in hints.checksums:
            for path in checksum.paths:
                if len(path) > 1:
                    self.needed.update(path)
                    self.inner.update(path[1:])

    def _walk(self, plan: ClassPlan) -> None:
        waiting = [plan]
        while waiting:
            one = waiting.pop()
            if one in self.classes:
                continue
            self.classes.append(one)
            for step in one.steps:
                for wire in wires_of(step.wire):
                    if isinstance(wire, User) and not is_bounded(wire) and isinstance(wire.target, sc.ClassSpec):
                        waiting.append(self.plan.classes.get(wire.target, one))

    def _of_hints(self) -> Iterator[sc.Code]:
        for checksum in self.hints.checksums:
            yield from checksum.conditions
            for over in checksum.over:
                if over.code is not None:
                    yield over.code
        for code, _ in self.hints.uniques.values():
            yield code

    def need(self, expr: ex.Expr | None) -> None:
        """Every member that an expression reaches, directly or through instances."""
        stack = [expr]
        while stack:
            one = stack.pop()
            if one is None:
                continue
            member = self.module.types.members.get(one)
            if isinstance(member, sc.Attr) and member not in self.needed:
                self.needed.add(member)
                codes = (member.value, member.condition, member.pos, member.size, member.io)
                stack.extend(code.expr for code in codes if code is not None)
            stack.extend(ex.children(one))

    def valued(self, step: Step) -> bool:
        """Whether a measure needs the value of a field, and not just its bytes."""
        attr = step.attr
        checked = attr.valid is not None or attr.contents is not None or attr in self.hints.uniques
        return checked or attr in self.needed or (attr.repeat is not None and attr.repeat.kind == "until")

    def number(self, attr: sc.Attr) -> int:
        """The number of a field in its class."""
        return next(plan.spec.seq.index(attr) for plan in self.plan.classes.values() if attr in plan.spec.seq)

    def looked(self, step: Step) -> bool:
        """Whether a measure has to read a field, wherever it stands."""
        attr = step.attr
        if attr in self.needed or attr.valid is not None or attr.contents is not None or attr in self.hints.uniques:
            return True
        if attr.repeat is not None and (attr.repeat.kind == "until" or _by_index(step)):
            return True
        switched = isinstance(step.wire, Switched)
        return any(self._reads(wire, switched) for wire in wires_of(step.wire))

    def _reads(self, wire: Wire, switched: bool) -> bool:
        if isinstance(wire, Bits):
            return True
        if isinstance(wire, Number):
            return switched
        if isinstance(wire, User) and not is_bounded(wire):
            return switched or not self.passable(wire)
        shape: Shape | None = getattr(wire, "shape", None)
        return shape is not None and shape.contents is None and shape.size is None and not shape.eos

    def passable(self, wire: User) -> bool:
        """Whether an unsized type has a fixed size, and nothing in it is checked or needed."""
        spec = wire.target
        bits = self.module.layout.class_bits(spec) if isinstance(spec, sc.ClassSpec) else None
        if bits is None or bits % 8 or not isinstance(spec, sc.ClassSpec):
            return False
        stack, seen = [spec], {spec}
        while stack:
            one = stack.pop()
            for attr in one.attrs():
                if attr.valid is not None or attr.contents is not None or attr in self.needed:
                    return False
            inner = [
                held.target
                for attr in one.seq
                if isinstance(held := self.module.types.names.wires.get(attr), User)
                and isinstance(held.target, sc.ClassSpec)
                and not is_bounded(held)
            ]
            stack.extend(one for one in inner if one not in seen)
            seen.update(inner)
        return True


def _by_index(step: Step) -> bool:
    """Whether the elements of a list differ in size by their number: they cannot be passed over all at once."""
    shapes = [getattr(wire, "shape", None) for wire in wires_of(step.wire)]
    codes = [shape.size.expr for shape in shapes if shape is not None and shape.size is not None]
    return any(isinstance(one, ex.Name) and one.id == "_index" for code in codes for one in ex.walk(code))


def is_bounded(wire: User) -> bool:
    return wire.shape is not None and wire.shape.bounded


def wires_of(wire: Wire) -> list[Wire]:
    return [one for _, one in wire.cases] if isinstance(wire, Switched) else [wire]


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


def derivable(plan: Plan, module: Module, hints: Hints, problems: Problems) -> bool:
    """Whether the length of a frame follows from its fields; where it does not, the place is reported."""
    scope = Scope(plan, module, hints)
    before = problems.failed
    for one in scope.classes:
        for step in one.steps:
            why = _obstacle(step, plan, scope)
            if why:
                problems.add(
                    "SF507", step.attr.place, f"the length of a frame cannot be derived: '{step.attr.id}' {why}"
                )
        for instance in one.instances:
            if isinstance(instance, Step) and instance.attr in scope.needed:
                problems.add(
                    "SF507",
                    instance.attr.place,
                    f"the length of a frame cannot be derived: it needs '{instance.attr.id}', an instance that seeks",
                )
    return problems.failed == before


def _obstacle(step: Step, plan: Plan, scope: Scope) -> str:
    attr = step.attr
    if attr.repeat is not None and attr.repeat.kind == "eos":
        return "is repeated to the end of the stream"
    for wire in wires_of(step.wire):
        shape: Shape | None = getattr(wire, "shape", None)
        if shape is not None and shape.eos:
            return "extends to the end of the stream"
        custom = shape is not None and shape.process is not None and ".".join(shape.process.path) not in _BUILT_IN
        if custom and scope.valued(step):
            return "has a custom process, and what it gives is checked, or decides about other fields"
        if isinstance(wire, User) and not is_bounded(wire) and wire.target not in plan.classes:
            return "is of an imported or opaque type without `size`"
    return ""


class Steps(Reads):
    """Writes the waiting reads of one class."""

    def __init__(self, module: Module, plan: ClassPlan, order: str, out: Writer, scope: Scope) -> None:
        super().__init__(module, plan, order, out)
        self.scope = scope
        self.hints = scope.hints
        self.missing = False  # where a frame ends does not depend on how its objects say that a field is absent
        self.attr: sc.Attr | None = None
        self.passing = False
        self.marks: dict[sc.Attr, None] = {}
        if plan.spec is self.hints.unit:
            for checksum in self.hints.checksums:
                self.marks[checksum.attr] = None
                for over in checksum.over:
                    if over.first is not None and over.last is not None:
                        self.marks[over.first] = self.marks[over.last] = None

    def method(self, name: str) -> None:
        """The method of the class that measures it."""
        out = self.out
        out()
        with out.block(f"def {name}(self, io: {self.module.need('Window')}) -> {self.module.std('Any')}:"):
            for step in self.plan.steps:
                self.attr = step.attr
                self.marked(step)
            if self.plan.spec is self.hints.unit:
                self.finish()
                out("yield")  # (it is a generator also where nothing waits)
            else:
                out("yield from ()")  # (it is a generator also where nothing waits)

    def marked(self, step: Step) -> None:
        """A field, with its offsets kept where a checksum needs them."""
        number = self.plan.steps.index(step)
        mine = step.attr in self.marks
        if mine:
            self.out(f"start_{number} = io.pos()")
        with self.placed(step):
            self.bounded(step)
        if mine:
            self.out(f"stop_{number} = io.pos(){trailing(step)}")

    def bounded(self, step: Step) -> None:
        """A field, within its `-sigflow-max-size`."""
        limit = self.hints.max_sizes.get(step.attr)
        if limit is None:
            self.field(step)
            return
        self.out(f"io.enter({limit}, {self.hints.reasons.get(step.attr, 'too-long')!r})")
        self.field(step)
        self.out("io.leave()")

    def field(self, step: Step) -> None:
        """A field: read, or passed over.  A number that nothing needs is read only while nothing was passed over
        before it.
        """
        if self.scope.looked(step) or (
            not self.passing and isinstance(step.wire, Number | User) and not self.sized(step.wire)
        ):
            self.step(step)
            return
        self.passing = True
        attr = step.attr
        size = self.size_of(wires_of(step.wire)[0])
        if attr.repeat is not None:
            assert attr.repeat.code is not None
            size = f"({self.ex.code(attr.repeat.code)}) * ({size})"
        if attr.condition is None:
            self.out(f"io.skip({size})")
            return
        with self.out.block(f"if {self.ex.code(attr.condition)}:"):
            self.out(f"io.skip({size})")

    @staticmethod
    def sized(wire: Wire) -> bool:
        """Whether a wire has bytes of its own extent."""
        return isinstance(wire, User) and is_bounded(wire)

    def size_of(self, wire: Wire) -> str:
        """The bytes of one value that is passed over."""
        if isinstance(wire, Number):
            return str(wire.size)
        if isinstance(wire, User) and not is_bounded(wire):
            bits = self.module.layout.class_bits(wire.target) if isinstance(wire.target, sc.ClassSpec) else None
            return str((bits or 0) // 8)
        shape: Shape | None = getattr(wire, "shape", None)
        assert shape is not None
        return str(len(shape.contents)) if shape.contents is not None else self.ex.code(shape.size)

    # ------------------------------------------------------------ reading, with waits

    def wait(self, condition: str) -> None:
        with self.out.block(f"while {condition}:"):
            self.out("yield")

    def numbers_at_once(self, step: Step, wire: Wire, target: str, repeat: sc.Repeat) -> bool:
        return False

    def unswitched(self, step: Step, target: str, repeat: sc.Repeat) -> bool:
        return False

    def repeated(self, step: Step, target: str) -> None:
        unique = self.hints.uniques.get(step.attr)
        if unique is not None:
            self.out("seen = set()")
        super().repeated(step, target)

    def item(self, step: Step, target: str, named: bool = False) -> None:
        unique = self.hints.uniques.get(step.attr)
        super().item(step, target, named or unique is not None)
        if unique is not None:
            code, reason = unique
            self.out(f"key = {self.ex.code(code)}")
            with self.out.block("if key in seen:"):
                self.out(f"raise {self.module.need('Refused')}({reason!r})")
            self.out("seen.add(key)")

    def value(self, wire: Wire, step: Step, target: str, repeated: bool) -> str:
        if isinstance(wire, Number):
            self.wait(f"io.lacks({wire.size})")
        elif isinstance(wire, Bits):
            self.wait(f"io.lacks_bits({wire.width})")
        elif isinstance(wire, User) and not is_bounded(wire):
            return self.child(wire, step)
        elif (
            isinstance(wire, Bytes | User)
            and wire.shape is not None
            and wire.shape.process is not None
            and not self.scope.valued(step)
        ):
            return self.stretch(wire.shape)  # where it ends is told by the bytes as they stand
        return super().value(wire, step, target, repeated)

    def child(self, wire: User, step: Step) -> str:
        """An object of an unsized type, measured in turn."""
        out, plan = self.out, self.ex.plan.classes[wire.target]  # type: ignore[index]
        name = self.ex.plan.class_names[wire.target]
        parent = (
            "None" if step.attr.no_parent else "self" if step.attr.parent is None else self.ex.code(step.attr.parent)
        )
        out(f"child = {name}.__new__({name})")
        out(f"child._io, child._parent, child._root = io, {parent}, self._root")
        if plan.order == "inherited":
            out("child._is_le = self._is_le")
        for param, argument in zip(plan.params, wire.arguments, strict=True):
            out(f"child.{param.name} = {self.ex.code(argument)}")
        out("yield from child._steps(io)")
        return "child"

    def stretch(self, shape: Shape) -> str:
        if shape.contents is not None:
            self.wait(f"io.lacks({len(shape.contents)})")
        elif shape.size is not None:
            size = integer(shape.size)
            reason = self.hints.reasons.get(self.attr) if self.attr is not None else None
            if size is None:
                self.out(f"size = {self.ex.code(shape.size)}")
                if reason is not None:
                    with self.out.block("if size < 0:"):
                        self.out(f"raise {self.module.need('Refused')}({reason!r})")
                self.wait("io.lacks(size)")
            else:
                self.wait(f"io.lacks({size})")
        elif shape.term is not None:
            self.wait(f"io.lacks_term({shape.term!r})")
        return super().stretch(shape)

    def refuse(self, condition: str, error: str, facts: str, path: str) -> None:
        reason = self.hints.reasons.get(self.attr) if self.attr is not None else None
        general = "contents" if self.attr is not None and self.attr.contents is not None else "valid"
        with self.out.block(f"if {condition}:"):
            self.out(f"raise {self.module.need('Refused')}({reason or general!r})")

    # ------------------------------------------------------------ the end

    def finish(self) -> None:
        """Give what was measured."""
        parts = []
        for checksum in self.hints.checksums:
            pieces = []
            for over in checksum.over:
                if over.code is not None:
                    text = self.ex.code(over.code)
                    is_int = self.module.types.nodes[over.code.expr].kind == "int"
                    pieces.append(f"bytes(({text},))" if is_int else text)
                    continue
                assert over.first is not None
                assert over.last is not None
                pieces.append(f"({self.place(over.start, 'start')}, {self.place(over.stop, 'stop')})")
            stored = self.place(checksum.path, "start") + (f" + {checksum.inner}" if checksum.inner else "")
            layout = f"({stored}, ({', '.join(pieces)},))"
            conditions = " and ".join(self.ex.at(code.expr, AND) for code in checksum.conditions)
            parts.append(f"{layout} if {conditions} else None" if conditions else layout)
        checks = f", ({', '.join(parts)},)" if parts else ""
        self.out(f"return {self.module.need('Measured')}(io.pos(), io.looked{checks})")

    def place(self, path: Path, which: str) -> str:
        """Where the field that a path leads to starts, or stops, in the frame."""
        if len(path) == 1:
            return f"{which}_{self.index(path[0])}"
        parts, owner = [], "self"
        for number, attr in enumerate(path):
            last = number == len(path) - 1
            wire = self.module.types.names.wires[attr]
            # Places inside an object with a stream of its own count from where that begins.
            if last or (isinstance(wire, User) and wire.shape is not None and wire.shape.bounded):
                own = which if last else "start"
                index = self.scope.number(attr)
                parts.append(f"{own}_{index}" if number == 0 else f"{owner}._{own}_{index}")
            owner = f"{owner}.{self.ex.plan.member_names[attr]}"
        return " + ".join(parts)

    def index(self, attr: sc.Attr) -> int:
        return next(number for number, step in enumerate(self.plan.steps) if step.attr is attr)
