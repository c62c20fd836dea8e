"""The measure of a frame, in two forms that say the same.

`Steps` writes a method `_steps` on the frame's class and on the unsized types in it: the reading of the class once more, but
before each read it waits for the bytes (`while io.lacks(n): yield`), a failed check raises `Refused` with the gap's reason,
and bytes that nothing needs are passed over unread.  `Flat` writes, where the layout is static up to one size, a plain
function that unpacks the header once.

What is looked at: numbers and bit fields, whatever has a check, whatever a later size, condition or check needs, and
anything that a terminator ends.  Other bytes, strings and sized types are skipped: they need not have arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sigflow.compiler import expression as ex
from sigflow.compiler import naming
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.reads import _LETTERS, _SIGNS, Module, Packed, Reads, Run
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.hints import Hints
from sigflow.compiler.layout import integer
from sigflow.compiler.model import Bits, Bytes, Number, Shape, Switched, Text, User, Wire
from sigflow.compiler.plan import ClassPlan, Plan, Step, ValueStep
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

    def _walk(self, plan: ClassPlan) -> None:
        if plan in self.classes:
            return
        self.classes.append(plan)
        for step in plan.steps:
            for wire in _flat(step.wire):
                if isinstance(wire, User) and not _bounded(wire) and wire.target in self.plan.classes:
                    self._walk(self.plan.classes[wire.target])  # type: ignore[index]

    def _of_hints(self) -> Iterator[sc.Code]:
        for checksum in self.hints.checksums:
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
            stack.extend(children(one))

    def looked(self, step: Step) -> bool:
        """Whether a measure has to read a field, wherever it stands."""
        attr = step.attr
        if attr in self.needed or attr.valid is not None or attr.contents is not None or attr in self.hints.uniques:
            return True
        if attr.repeat is not None and attr.repeat.kind == "until":
            return True
        switched = isinstance(step.wire, Switched)
        return any(self._reads(wire, switched) for wire in _flat(step.wire))

    def _reads(self, wire: Wire, switched: bool) -> bool:
        if isinstance(wire, Bits):
            return True
        if isinstance(wire, Number):
            return switched
        if isinstance(wire, User) and not _bounded(wire):
            return switched or not self.passable(wire)
        shape: Shape | None = getattr(wire, "shape", None)
        return shape is not None and shape.contents is None and shape.size is None and not shape.eos

    def passable(self, wire: User) -> bool:
        """Whether an unsized type has a fixed size, and nothing in it is checked or needed."""
        spec = wire.target
        bits = self.module.layout.class_bits(spec) if isinstance(spec, sc.ClassSpec) else None
        if bits is None or bits % 8 or not isinstance(spec, sc.ClassSpec):
            return False
        stack = [spec]
        while stack:
            one = stack.pop()
            for attr in one.attrs():
                if attr.valid is not None or attr.contents is not None or attr in self.needed:
                    return False
            stack.extend(
                inner.target
                for attr in one.seq
                if isinstance(inner := self.module.types.names.wires.get(attr), User) and isinstance(inner.target, sc.ClassSpec) and not _bounded(inner)
            )
        return True


def _bounded(wire: User) -> bool:
    return wire.shape is not None and wire.shape.bounded


def _flat(wire: Wire) -> list[Wire]:
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
        for wire in _flat(step.wire):
            if isinstance(wire, User):
                codes.extend(wire.arguments)
        yield from (code for code in codes if code is not None)


def children(expr: ex.Expr) -> list[ex.Expr]:
    """The nodes directly below a node."""
    found: list[ex.Expr] = []
    for name in expr.__dataclass_fields__:
        value = getattr(expr, name)
        if isinstance(value, ex.Expr):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(one for one in value if isinstance(one, ex.Expr))
    return found


def derivable(plan: Plan, module: Module, hints: Hints, problems: Problems) -> bool:
    """Whether the length of a frame follows from its fields; where it does not, the place is reported."""
    scope = Scope(plan, module, hints)
    before = problems.failed
    for one in scope.classes:
        for step in one.steps:
            why = _obstacle(step, plan, module)
            if why:
                problems.add("SF507", step.attr.place, f"the length of a frame cannot be derived: '{step.attr.id}' {why}")
        for instance in one.instances:
            if isinstance(instance, Step) and instance.attr in scope.needed:
                problems.add("SF507", instance.attr.place, f"the length of a frame cannot be derived: it needs '{instance.attr.id}', an instance that seeks")
    return problems.failed == before


def _obstacle(step: Step, plan: Plan, module: Module) -> str:
    attr = step.attr
    if attr.repeat is not None and attr.repeat.kind == "eos":
        return "is repeated to the end of the stream"
    for wire in _flat(step.wire):
        shape: Shape | None = getattr(wire, "shape", None)
        if shape is not None and shape.eos:
            return "extends to the end of the stream"
        if shape is not None and shape.process is not None and ".".join(shape.process.path) not in _BUILT_IN:
            return "has a custom process"
        if isinstance(wire, User) and not _bounded(wire) and wire.target not in plan.classes:
            return "is of an imported or opaque type without `size`"
    return ""


class Steps(Reads):
    """Writes the waiting reads of one class."""

    def __init__(self, module: Module, plan: ClassPlan, order: str, out: Writer, scope: Scope) -> None:
        super().__init__(module, plan, order, out)
        self.scope = scope
        self.hints = scope.hints
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
        if step.attr in self.marks:
            self.out(f"start_{number} = io.pos()")
        self.bounded(step)
        if step.attr in self.marks:
            self.out(f"stop_{number} = io.pos(){self.trailing(step)}")

    def trailing(self, step: Step) -> str:
        """What to take off the position for a terminator that is no byte of the field."""
        shape: Shape | None = getattr(step.wire, "shape", None)
        if shape is None or shape.term is None or shape.size is not None or not shape.consume or shape.include:
            return ""
        return f" - {len(shape.term)}"

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
        """A field: read, or passed over.  A number that nothing needs is read only while nothing was passed over before it."""
        if self.scope.looked(step) or (not self.passing and isinstance(step.wire, Number | User) and not self.sized(step.wire)):
            self.step(step)
            return
        self.passing = True
        attr = step.attr
        size = self.size_of(_flat(step.wire)[0])
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
        return isinstance(wire, User) and _bounded(wire)

    def size_of(self, wire: Wire) -> str:
        """The bytes of one value that is passed over."""
        if isinstance(wire, Number):
            return str(wire.size)
        if isinstance(wire, User) and not _bounded(wire):
            bits = self.module.layout.class_bits(wire.target) if isinstance(wire.target, sc.ClassSpec) else None
            return str((bits or 0) // 8)
        shape: Shape | None = getattr(wire, "shape", None)
        assert shape is not None
        return str(len(shape.contents)) if shape.contents is not None else self.ex.code(shape.size)

    # ------------------------------------------------------------ reading, with waits

    def bit_group(self, steps: list[Step], at: int) -> int:
        return at

    def run(self, steps: list[Step], at: int) -> tuple[list[Packed], int]:
        return [], at

    def wait(self, condition: str) -> None:
        with self.out.block(f"while {condition}:"):
            self.out("yield")

    def numbers_at_once(self, step: Step, target: str, repeat: sc.Repeat) -> bool:
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
        elif isinstance(wire, User) and not _bounded(wire):
            return self.child(wire, step)
        return super().value(wire, step, target, repeated)

    def child(self, wire: User, step: Step) -> str:
        """An object of an unsized type, measured in turn."""
        out, plan = self.out, self.ex.plan.classes[wire.target]  # type: ignore[index]
        name = self.ex.plan.class_names[wire.target]
        parent = "None" if step.attr.no_parent else "self" if step.attr.parent is None else self.ex.code(step.attr.parent)
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
                pieces.append(f"(start_{self.index(over.first)}, stop_{self.index(over.last)})")
            parts.append(f"(start_{self.index(checksum.attr)}, ({', '.join(pieces)},))")
        checks = f", ({', '.join(parts)},)" if parts else ""
        self.out(f"return {self.module.need('Measured')}(io.pos(), io.looked{checks})")

    def index(self, attr: sc.Attr) -> int:
        return next(number for number, step in enumerate(self.plan.steps) if step.attr is attr)


# ------------------------------------------------------------------ the fast form


@dataclass(frozen=True, slots=True)
class FlatLayout:
    """A frame whose layout is static: a packed header, one stretch of computed size, a fixed trailer."""

    order: str
    members: tuple[Packed, ...]
    opaque: frozenset[Step]
    header: int
    body: Step | None
    body_size: sc.Code | None
    trailer: tuple[tuple[Step, int], ...]
    trailer_size: int

    def offsets(self) -> dict[sc.Attr, tuple[int, int | None]]:
        """Where each field stands: (start, stop), from the frame's start, or negative from its end; None is the end."""
        found: dict[sc.Attr, tuple[int, int | None]] = {}
        at = 0
        for member in self.members:
            for step in member.steps:
                found[step.attr] = (at, at + member.size)
            at += member.size
        if self.body is not None:
            found[self.body.attr] = (at, -self.trailer_size or None)
        left = self.trailer_size
        for step, size in self.trailer:
            if self.body is None:
                found[step.attr] = (at, at + size)
                at += size
            else:
                found[step.attr] = (-left, -(left - size) or None)
            left -= size
        return found


def flat_layout(plan: Plan, module: Module, hints: Hints) -> FlatLayout | None:
    """The static layout of the frame, None where it has none."""
    unit = plan.classes[hints.unit]
    scope = Scope(plan, module, hints)
    if unit.order in ("calc", "inherited") or hints.arguments:
        return None
    reads = Reads(module, unit, "", Writer())
    members: list[Packed] = []
    opaque: set[Step] = set()
    steps = list(unit.steps)
    at = 0
    while at < len(steps) and _heads(steps[at], scope):
        packed = reads.packed(steps, at, True)
        if packed is None:
            packed = _opaque(steps[at], module, scope)
            if packed is None:
                return None
            opaque.add(steps[at])
        members.append(packed)
        at += len(packed.steps)
    orders = {member.order for member in members if member.order}
    if len(orders) > 1 or not members or not all(_checkable(step, module) for member in members for step in member.steps):
        return None
    body, body_size = (None, None)
    if at < len(steps):
        body, body_size = _body(steps[at])
        if body is None:
            return None
        if integer(body_size) is None and not _plain(body_size, members, opaque, module):
            return None
        at += 1
    trailer: list[tuple[Step, int]] = []
    for step in steps[at:]:
        bits = module.layout.attr_bits(step.attr)
        checked = step.attr.valid is not None or step.attr.contents is not None or step.attr in scope.needed
        if bits is None or bits % 8 or checked or isinstance(step.wire, Bits | User) or step.attr.repeat is not None:
            return None
        if not isinstance(step.wire, Number | Bytes | Text):
            return None
        trailer.append((step, bits // 8))
    order = orders.pop() if orders else "be"
    header = sum(member.size for member in members)
    return FlatLayout(order, tuple(members), frozenset(opaque), header, body, body_size, tuple(trailer), sum(size for _, size in trailer))


def _heads(step: Step, scope: Scope) -> bool:
    """Whether a field is one of those that `Steps` reads before it passes over anything."""
    return scope.looked(step) or isinstance(step.wire, Number) or (isinstance(step.wire, User) and not _bounded(step.wire))


def _opaque(step: Step, module: Module, scope: Scope) -> Packed | None:
    """A nested type of fixed size in which nothing is checked or needed, as so many bytes."""
    wire, attr = step.wire, step.attr
    if not isinstance(wire, User) or attr.condition is not None or attr.repeat is not None or _bounded(wire) or not scope.passable(wire):
        return None
    bits = module.layout.class_bits(wire.target) if isinstance(wire.target, sc.ClassSpec) else None
    return Packed((step,), f"{bits // 8}s", bits // 8, "") if bits else None


def _body(step: Step) -> tuple[Step | None, sc.Code | None]:
    """The stretch of computed size."""
    attr, wire = step.attr, step.wire
    shape: Shape | None = getattr(wire, "shape", None)
    if isinstance(wire, Switched) or attr.condition is not None or attr.repeat is not None or shape is None or shape.size is None:
        shapes = [getattr(one, "shape", None) for one in _flat(wire)]
        if not isinstance(wire, Switched) or attr.condition is not None or attr.repeat is not None or any(one is None or one.size is None for one in shapes):
            return None, None
        shape = shapes[0]
    assert shape is not None
    return step, shape.size


def _checkable(step: Step, module: Module) -> bool:
    """Whether a header field's checks speak of nothing but constants."""
    valid = step.attr.valid
    if valid is None:
        return True
    return valid.kind != "expr" and all(code is None or not any(_names(code.expr)) for code in valid.codes)


def _names(expr: ex.Expr) -> Iterator[ex.Expr]:
    stack = [expr]
    while stack:
        one = stack.pop()
        if isinstance(one, ex.Name | ex.Attribute | ex.Call | ex.EnumLabel | ex.SizeOf):
            yield one
        stack.extend(children(one))


def _plain(code: sc.Code | None, members: list[Packed], opaque: set[Step], module: Module) -> bool:
    """Whether a size speaks of header fields and constants only."""
    fields = {step.attr for member in members for step in member.steps if step not in opaque and step.enum is None}
    assert code is not None
    return all(isinstance(one, ex.Name) and module.types.members.get(one) in fields for one in _names(code.expr))


class Flat:
    """Writes `_measure`, and `_run` where one checksum of zlib's makes that possible."""

    def __init__(self, module: Module, plan: Plan, hints: Hints, layout: FlatLayout, out: Writer) -> None:
        self.module = module
        self.plan = plan
        self.hints = hints
        self.layout = layout
        self.out = out
        self.names: dict[Step, str] = {}
        for member in layout.members:
            for step in member.steps:
                self.names[step] = naming.attribute(step.attr.id)
        taken = {"data", "at", "end", "limit", "found", "head", "length", "stop", "size", "crc32", "adler32"}
        self.names = {step: f"{name}_" if name in taken else name for step, name in self.names.items()}

    def tables(self) -> None:
        """The header's unpacker."""
        letters = "".join(member.letter for member in self.layout.members)
        self.out(f"_HEAD = {self.module.std('Struct')}({_SIGNS[self.layout.order] + letters!r}).unpack_from")

    def targets(self) -> str:
        found = [f"_bits_{number}" if isinstance(member.steps[0].wire, Bits) else self.names[member.steps[0]] for number, member in enumerate(self.layout.members)]
        return ", ".join(found) + ("," if len(found) == 1 else "")

    def size(self) -> str:
        """The frame's length, as an expression of the header's fields."""
        fixed = self.layout.header + self.layout.trailer_size
        if self.layout.body is None:
            return str(fixed)
        constant = integer(self.layout.body_size)
        if constant is not None:
            return str(fixed + constant)
        return f"{fixed} + {self.body_text(11)}"

    def body_text(self, precedence: int = 0) -> str:
        """The computed size."""
        expressions = self.module.expressions
        assert self.layout.body_size is not None
        saved, expressions.local = expressions.local, {step.attr: name for step, name in self.names.items()}
        text = expressions.at(self.layout.body_size.expr, precedence)
        expressions.local = saved
        return text

    def may_be_negative(self) -> bool:
        """Whether the computed size can be below zero."""
        signed = any(isinstance(step.wire, Number) and step.wire.kind == "s" for step in self.names)
        return self.layout.body_size is not None and (signed or "-" in self.body_text() or "~" in self.body_text())

    def split(self) -> None:
        """Bit fields that a check or the size needs, out of their unit."""
        for number, member in enumerate(self.layout.members):
            if not isinstance(member.steps[0].wire, Bits):
                continue
            passed = 0
            for step in member.steps:
                wire = step.wire
                assert isinstance(wire, Bits)
                shift = 8 * member.size - passed - wire.width if wire.order == "be" else passed
                passed += wire.width
                if step.attr.valid is not None or (self.layout.body_size is not None and self.names[step] in self.body_text()):
                    text = f"_bits_{number} >> {shift}" if shift else f"_bits_{number}"
                    self.out(f"{self.names[step]} = {text} & {hex((1 << wire.width) - 1)}")

    def checks(self, refuse: Callable[[str, str], None]) -> None:
        """The header's checks, in order: refuse(condition, reason)."""
        for member in self.layout.members:
            for step in member.steps:
                attr, name = step.attr, self.names[step]
                reason = self.hints.reasons.get(attr)
                if attr.contents is not None:
                    refuse(f"{name} != {attr.contents!r}", reason or "contents")
                valid = attr.valid
                if valid is None:
                    continue
                for condition in self.conditions(step, valid, name):
                    refuse(condition, reason or "valid")

    def conditions(self, step: Step, valid: sc.Valid, name: str) -> Iterator[str]:
        ex_ = self.module.expressions
        if isinstance(step.wire, Text):
            from sigflow.compiler.encodings import python_name

            name = f"{name}.decode({python_name(step.wire.encoding)!r})"
        if valid.kind == "range":
            for code, op in zip(valid.codes, (">=", "<="), strict=True):
                if code is not None:
                    yield f"not {name} {op} {ex_.at(code.expr, 5)}"
        elif valid.kind == "in-enum":
            assert step.enum is not None
            yield f"{name} not in {self.module.members_of(step.enum)}"
        else:
            listed = [ex_.code(code) for code in valid.codes]
            yield f"{name} != {listed[0]}" if len(listed) == 1 else f"{name} not in ({', '.join(listed)})"

    def measure(self) -> None:
        """The function `_measure`."""
        out = self.out
        out()
        out()
        with out.block(f"def _measure(data: {self.module.std('Any')}, at: int, end: int) -> {self.module.std('Any')}:"):
            with out.block(f"if end - at < {self.layout.header}:"):
                out("return None")
            out(f"{self.targets()} = _HEAD(data, at)")
            self.split()

            def refuse(condition: str, reason: str) -> None:
                with out.block(f"if {condition}:"):
                    out(f"return {reason!r}")

            self.checks(refuse)
            if self.may_be_negative():
                with out.block(f"if {self.body_text()} < 0:"):
                    out(f"return {self.hints.reasons.get(self.layout.body.attr, 'valid') if self.layout.body else 'valid'!r}")
            out(f"return {self.size()}")

    # ------------------------------------------------------------ runs of good frames

    def runs(self) -> bool:
        """Whether a run of good frames can be read by one function."""
        if len(self.hints.checksums) != 1 or self.hints.chain is not None:
            return False
        checksum = self.hints.checksums[0]
        return checksum.algorithm == "CRC-32/ISO-HDLC" and not checksum.zeroed and checksum.order != "hex" and all(over.code is None for over in checksum.over)

    def run(self) -> None:
        """The function `_run`."""
        out, layout = self.out, self.layout
        crc = self.module.std("crc32")
        checksum = self.hints.checksums[0]
        offsets = layout.offsets()
        out()
        out()
        any_ = self.module.std("Any")
        with out.block(f"def _run(data: {any_}, at: int, end: int, limit: int, found: list[{any_}]) -> int:"):
            with out.block(f"while end - at >= {layout.header}:"):
                out("head = _HEAD(data, at)")
                out(f"{self.targets()} = head")
                self.split()
                conditions: list[str] = []
                self.checks(lambda condition, _reason: conditions.append(condition))
                if self.may_be_negative():
                    conditions.append(f"{self.body_text()} < 0")
                if conditions:
                    with out.block(f"if {' or '.join(conditions)}:"):
                        out("break")
                out(f"length = {self.size()}")
                out("stop = at + length")
                with out.block("if stop > end or length > limit:"):
                    out("break")
                text = ""
                for over in checksum.over:
                    assert over.first is not None
                    assert over.last is not None
                    start, stop = _place(offsets[over.first][0]), _place(offsets[over.last][1])
                    piece = f"data[{start}:{stop}]"
                    text = f"{crc}({piece}, {text})" if text else f"{crc}({piece})"
                start, stop = offsets[checksum.attr]
                step = next((one for member in layout.members for one in member.steps if one.attr is checksum.attr), None)
                if step is not None and not isinstance(step.wire, Bits):
                    stored = self.names[step]
                else:
                    stored = f"int.from_bytes(data[{_place(start)}:{_place(stop)}], {checksum.order!r})"
                with out.block(f"if {text} != {stored}:"):
                    out("break")
                out("found.append((at, stop, head))")
                out("at = stop")
            out("return at")


def _place(offset: int | None) -> str:
    """A place in a frame as an index into the buffer."""
    if offset is None:
        return "stop"
    return "at" if offset == 0 else f"at + {offset}" if offset > 0 else f"stop - {-offset}"


__all__ = ["Bytes", "Flat", "FlatLayout", "Run", "Scope", "Steps", "ValueStep", "_LETTERS", "derivable", "flat_layout"]
