"""A class as a `Struct`: its fields in order, bit fields in groups, each instance before what needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.construct.expressions import outward
from sigflow.compiler.emit.construct.fields import Fields
from sigflow.compiler.emit.construct.losses import Lost
from sigflow.compiler.emit.construct.names import hidden
from sigflow.compiler.emit.construct.printing import Code, call, named
from sigflow.compiler.emit.construct.uses import endian_codes
from sigflow.compiler.layout import integer
from sigflow.compiler.model import Bits, User
from sigflow.compiler.plan import ClassPlan, Step, ValueStep

if TYPE_CHECKING:
    from sigflow.compiler.emit.construct.module import Module

#: Instances that need each other in a row.
DEEPEST = 60
#: The kinds of values that an instance may have.
_PLAIN = ("int", "float", "str", "bytes", "bool", "enum", "user", "array", "struct", "untyped")


class StructWriter:
    """Writes one class.  State: the parts of the struct so far, and which members have a place among them."""

    def __init__(self, module: Module, plan: ClassPlan) -> None:
        self.module = module
        self.plan = plan
        self.spec = plan.spec
        self.fields = Fields(module, plan.spec)
        self.parts: list[Code] = []
        self.placed: set[sc.Attr] = set()
        self.placing: list[sc.Attr] = []
        self.instances = {step.attr: step for step in plan.instances}
        self.keys: list[str] = []

    def write(self) -> Code:
        """The class; raises `Lost` where a field of it is lost whose extent is not known."""
        module = self.module
        for param in self.spec.params:
            self.parts.append(named(module.names.key(param), call("Computed", module.parameters[param])))
        self._byte_order()
        steps = list(self.plan.steps)
        run = self._row(steps)
        if run and len(run) == len(steps) and self._only_bits():
            return self._bit_struct(run)
        while steps:
            run = self._row(steps)
            if run:
                self._group(run, steps[len(run)] if len(run) < len(steps) else None)
                del steps[: len(run)]
                continue
            self._step(steps.pop(0))
        for attr in self.instances:
            self._place(attr)
        return call("Struct", *self.parts)

    # ------------------------------------------------------------ fields in order

    def _step(self, step: Step) -> None:
        self._needed(step.attr)
        attr = step.attr
        try:
            self.parts.append(self._named(step, self.fields.field(step)))
        except Lost as lost:
            raise Lost(lost.why, lost.place or attr.place, lost.told) from None
        if self.fields.greedy(step):
            condition = attr.condition
            end: Code = "Terminated"
            self.parts.append(call("If", self.fields.ex.text(condition), end) if condition is not None else end)
        self._read(step)

    def _named(self, step: Step, code: Code) -> Code:
        return named(step.attr.id, code, step.attr.doc.text.strip())

    def _read(self, step: Step) -> None:
        """A member has its place: its check stands behind it."""
        self.placed.add(step.attr)
        check = self.fields.check(step)
        if check is not None:
            self.parts.append(check)

    def _needed(self, attr: sc.Attr) -> None:
        """Give a place to all that a member needs; raises `Lost` where that comes later."""
        uses, module = self.module.uses, self.module
        asked = uses.asked_within(attr, self.spec)
        own = uses.own(uses.codes(attr)) - {attr}
        for member in sorted({*own, *(member for _, _, member in asked)}, key=lambda member: member.place.line):
            if member in self.instances:
                self._place(member)
        for spec, asking, member in asked:
            if member in self.placed or member in module.losses.fields:
                continue
            lost = Lost(f"it asks for '{member.id}' of what it stands in, which is read later")
            if asking is None:
                module.losses.classes.setdefault(spec, lost.why)
            else:
                module.losses.lose(asking, lost)
        for member in own:
            if member not in self.placed and member not in module.losses.fields:
                raise Lost(f"it asks for '{member.id}', which is read later")

    # ------------------------------------------------------------ instances

    def _place(self, attr: sc.Attr) -> None:
        """Give an instance its place, unless it has one or is lost."""
        losses = self.module.losses
        if attr in self.placed or (attr in losses.fields and attr not in losses.raw):
            return
        if attr in self.placing:
            losses.lose(attr, Lost("it is needed before it can be read: Construct reads a struct from front to back"))
            return
        if len(self.placing) > DEEPEST:
            losses.lose(attr, Lost(f"instances that need each other, more than {DEEPEST} in a row"))
            return
        self.placing.append(attr)
        try:
            step = self.instances[attr]
            code = losses.attempt(attr, lambda: self._instance(step))
            if code is not None:
                self.parts.append(named(attr.id, code, attr.doc.text.strip()))
                if isinstance(step, Step):
                    self._read(step)
            self.placed.add(attr)
        finally:
            self.placing.pop()

    def _instance(self, step: Step | ValueStep) -> Code:
        self._needed(step.attr)
        if isinstance(step, Step):
            if isinstance(step.wire, Bits):
                raise Lost("an instance of a bit field")
            if self.module.uses.endless(step.attr):
                raise Lost("it contains another one without end, and Construct reads it at once")
            return self.fields.field(step)
        return self._value(step)

    def _value(self, step: ValueStep) -> Code:
        attr, ex = step.attr, self.fields.ex
        assert attr.value is not None  # (it is a value)
        if step.type.kind not in _PLAIN or outward(attr.value.expr):
            raise Lost("an instance that is a stream, or an object around it", attr.value.place)
        text = ex.text(attr.value)
        if step.enum is not None:
            text = f"lambda this: labelled({ex.inside(attr.value)}, {self.module.enum(step.enum)})"
        if not ex.certain(attr.value.expr):
            # (Kaitai computes it when it is asked for.)
            inside = text.removeprefix("lambda this: ") if step.enum is not None else ex.inside(attr.value)
            text = f"lambda this: attempt(lambda: {inside})"
        code: Code = call("Computed", text)
        return call("If", ex.text(attr.condition), code) if attr.condition is not None else code

    # ------------------------------------------------------------ byte order

    def _byte_order(self) -> None:
        if self.plan.order not in ("calc", "inherited"):
            return
        text = "this._._is_le"
        endian = self.spec.meta.endian
        if isinstance(endian, sc.Endian):
            for member in self.module.uses.own(endian_codes(self.spec)):
                if member in self.instances:
                    self._place(member)
                elif member not in self.placed:
                    raise Lost(f"the byte order asks for '{member.id}', which is read later", endian.place)
            text = self._decided(endian)
        self.parts.append(named("_is_le", call("Computed", text)))

    def _decided(self, endian: sc.Endian) -> str:
        keys = [(self.fields.key(on), order == "le") for on, order in endian.cases if on is not None]
        if any(key is None for key, _ in keys):
            raise Lost("a byte order by cases that are no constants", endian.place)
        table = "{" + ", ".join(f"{key}: {order}" for key, order in keys) + "}"
        on = self.fields.ex.inside(endian.on)
        other = next((order == "le" for case, order in endian.cases if case is None), None)
        return f"lambda this: {table}[{on}]" if other is None else f"lambda this: {table}.get({on}, {other})"

    # ------------------------------------------------------------ bits

    def _row(self, steps: list[Step]) -> list[Step]:
        """The bit fields at the beginning of these."""
        row: list[Step] = []
        for step in steps:
            repeat = step.attr.repeat
            listed = repeat is None or (repeat.kind == "expr" and integer(repeat.code) is not None)
            if not isinstance(step.wire, Bits) or step.attr.condition is not None or not listed:
                break
            row.append(step)
        return row

    def _only_bits(self) -> bool:
        """Whether a class of bit fields can be one group of bits: nothing else in it reads, or asks for the stream."""
        values = all(isinstance(step, ValueStep) for step in self.plan.instances)
        return values and not self.parts and not self.module.uses.parent_matters(self.spec)

    def _bit_struct(self, row: list[Step]) -> Code:
        """A class that is nothing but bit fields."""
        parts, swapped = self._bits(row, None)
        self.parts += parts
        for step in row:
            self._read(step)
        for attr in self.instances:
            self._place(attr)
        code = call("BitStruct", *self.parts)
        return call("ByteSwapped", code) if swapped else code

    def _group(self, row: list[Step], following: Step | None) -> None:
        """Bit fields between others: a group that is hidden, and a value for each."""
        key = hidden("bits", self.spec, self.keys)
        self.keys.append(key)
        parts, swapped = self._bits(row, following)
        code: Code = call("BitStruct", *parts)
        self.parts.append(named(key, call("ByteSwapped", code) if swapped else code))
        for step in row:
            self.module.expressions.grouped[step.attr] = key
        for step in row:
            text = f"this{self.fields.ex.field('', step.attr, step.attr.id)[0]}"
            self.parts.append(named(step.attr.id, call("Computed", text)))
        for step in row:
            self._read(step)

    def _bits(self, row: list[Step], following: Step | None) -> tuple[list[Code], bool]:
        """The fields of a group, and whether their bytes stand the other way round."""
        total, orders = 0, set()
        parts: list[Code] = []
        for step in row:
            self._needed(step.attr)
            assert isinstance(step.wire, Bits)  # (a row of them)
            repeat = step.attr.repeat
            total += step.wire.width * (integer(repeat.code) or 0 if repeat is not None else 1)
            orders.add(step.wire.order)
            if repeat is not None and step.wire.order == "le":
                raise Lost("a list of bit fields from the lowest bit on", step.attr.place)
            parts.append(self._named(step, self.fields.bits(step)))
        if len(orders) > 1:
            raise Lost("bit fields of both orders in a row", row[0].attr.place)
        swapped = orders == {"le"}
        if total % 8:
            if not self._aligned(following):
                raise Lost("bit fields that do not end with a byte", row[-1].attr.place)
            rest = hidden("rest", self.spec, self.keys)
            self.keys.append(rest)
            parts.append(named(rest, call("Default", call("BitsInteger", str(-total % 8)), "0")))
        if swapped:
            parts.reverse()
        return parts, swapped and total > 8

    def _aligned(self, following: Step | None) -> bool:
        """Whether what is left of a byte is passed over."""
        if following is not None:
            wire = following.wire
            return not isinstance(wire, Bits) and not (isinstance(wire, User) and not wire.bounded)
        return self.spec is self.module.uses.unit or self.module.uses.alone(self.spec)
