"""The reference interpreter of the language: reads bytes by walking a `Plan`, one step after the other.

It is a second, plain statement of what a spec means, to hold the emitted code against.  Rules: it shares nothing with
`sigflow.compiler.emit` nor with `sigflow.runtime`; it has a reader (`byte_reader`) and an evaluation of expressions
(`evaluation`) of its own; whatever the emitter does at once (runs of fields, lists of numbers, groups of bits) is done
here one value at a time.

Not understood, and refused by `why_not`: opaque types and custom processes (they are the user's own code), and types of
`ks-debug` inside specs without it (nobody reads their fields).  `-sigflow-` hints have no meaning here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import kaitaistruct

from sigflow.compiler import encodings
from sigflow.compiler import schema as sc
from sigflow.compiler.check import check
from sigflow.compiler.lower import lower
from sigflow.compiler.model import Bits, Number, Shape, Switched, Text, User, Wire, wires_of
from sigflow.compiler.phases import _Specs
from sigflow.compiler.plan import ClassPlan, Plan, Step, ValueStep
from sigflow.compiler.problems import Problems
from sigflow.compiler.resolve import Scope, resolve
from sigflow.compiler.types import Types
from sigflow.errors import LimitExceeded
from tests.byte_reader import PROCESSES, Reader, cut
from tests.evaluation import Frame, Member, evaluate, named

#: A list of more elements that take no byte would never end.
MOST_EMPTY = 1 << 16


# ---------------------------------------------------------------- from a path to plans


@dataclass(frozen=True, slots=True)
class Program:
    """A spec with all it imports, ready to be run."""

    top: ClassPlan
    plans: tuple[Plan, ...]
    classes: dict[sc.ClassSpec, ClassPlan]
    types: Types

    def why_not(self) -> str:
        """Why the interpreter does not run this; empty where it does."""
        for plan in self.plans:
            for class_ in plan.classes.values():
                if class_.debug != self.top.debug:
                    return f"'{class_.spec.title}' and '{self.top.spec.title}' differ in ks-debug"
                for step in (*class_.steps, *class_.instances):
                    for wire in wires_of(step.wire) if isinstance(step, Step) else ():
                        if isinstance(wire, User) and isinstance(wire.target, str):
                            return f"'{step.attr.id}' is of the opaque type '{wire.target}'"
                        shape = getattr(wire, "shape", None)
                        if shape is not None and shape.process and ".".join(shape.process.path) not in PROCESSES:
                            return f"'{step.attr.id}' has the custom process '{'.'.join(shape.process.path)}'"
        return ""

    def run(self, data: bytes) -> Object:
        """The object that these bytes are."""
        thing = Object(self, self.top, Reader(data), None, None, None, ())
        thing.read()
        return thing


def load(path: Path, import_paths: Iterable[Path] = (), opaque_types: bool = False) -> Program:
    """The compiler's phases up to `lower`, for a spec and its imports; they must find no error."""
    problems = Problems()
    specs = _Specs(list(import_paths), problems)
    spec = specs.main(path)
    assert spec is not None, problems.sorted()
    scope = Scope(specs.tops, frozenset(specs.lost), frozenset())
    names = resolve(scope, opaque_types, problems)
    types = Types(names, scope, opaque_types, problems)
    check(specs.tops, names, types, frozenset(), problems)
    assert not problems.failed, problems.sorted()
    plans = tuple(lower(lowered, specs.tops, names, types) for lowered in specs.specs.values())
    classes = {owner: plan for lowered in plans for owner, plan in lowered.classes.items()}
    return Program(classes[spec.top], plans, classes, types)


# ---------------------------------------------------------------- objects


@dataclass(slots=True, eq=False)
class Object:
    """An object: `values` has its params, its fields as far as they are read, and the instances asked for, by ID."""

    program: Program
    plan: ClassPlan
    io: Reader
    parent: Any
    root: Any
    is_le: bool | None
    arguments: tuple[Any, ...]
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.root is None and self.plan.spec.up is None:
            self.root = self
        self.values.update(zip((param.param.id for param in self.plan.params), self.arguments, strict=True))

    def get(self, id: str) -> Any:
        """A member by its ID; an instance is read when it is first asked for."""
        if id in _OWN:
            return getattr(self, _OWN[id])
        if id in self.values:
            return self.values[id]
        for instance in self.plan.instances:
            if instance.attr.id == id:
                return self.instance(instance)
        raise AttributeError(f"'{self.plan.spec.title}' has no '{id}', or not yet")

    def eval(self, code: sc.Code | None, frame: Frame | None = None) -> Any:
        assert code is not None
        return evaluate(code.expr, frame or Frame(self), self.program.types)

    # ------------------------------------------------------------ reading

    def read(self) -> None:
        """All fields."""
        if self.plan.order == "calc":
            self.decide_order()
        elif self.plan.order == "inherited" and self.is_le is None:
            raise kaitaistruct.UndecidedEndiannessError(self.plan.spec.place.path)
        for step in self.plan.steps:
            if step.attr.condition is not None and not self.eval(step.attr.condition):
                self.values[step.attr.id] = None
            else:
                self.read_step(step, self.io)

    def decide_order(self) -> None:
        endian = self.plan.spec.meta.endian
        assert isinstance(endian, sc.Endian)
        on = self.eval(endian.on)
        for case, order in sorted(endian.cases, key=lambda pair: pair[0] is None):
            if case is None or self.eval(case) == on:
                self.is_le = order == "le"
                return
        raise kaitaistruct.UndecidedEndiannessError(self.plan.spec.place.path)

    def instance(self, step: Step | ValueStep) -> Any:
        """An instance that has no value yet; what fails leaves none behind."""
        attr = step.attr
        if attr.condition is not None and not self.eval(attr.condition):
            return None
        if isinstance(step, ValueStep):
            self.values[attr.id] = named(step.enum, self.eval(attr.value))
            return self.values[attr.id]
        io = self.eval(attr.io) if attr.io is not None else self.io
        before = io.at
        try:
            if attr.pos is not None:
                io.seek(self.eval(attr.pos))
            self.read_step(step, io)
        except BaseException:
            self.values.pop(attr.id, None)
            raise
        finally:
            if attr.pos is not None:
                io.seek(before)
        return self.values[attr.id]

    def read_step(self, step: Step, io: Reader) -> None:
        """A field, or an instance, whose condition holds."""
        repeat, id = step.attr.repeat, step.attr.id
        frame = Frame(self)
        if repeat is None:
            self.values[id] = frame.item = self.value(step, step.wire, io, frame, None)
            self.validate(step, frame)
            return
        self.values[id] = items = []
        count = self.eval(repeat.code) if repeat.kind == "expr" else 0
        moved = io.at
        while frame.index < count if repeat.kind == "expr" else repeat.kind == "until" or not io.eof():
            frame.item = self.value(step, step.wire, io, frame, _ABSENT)
            if frame.item is _ABSENT:  # no case applies: the list gets no element
                frame.item = None
            else:
                items.append(frame.item)
            self.validate(step, frame)
            if repeat.kind == "until" and self.eval(repeat.code, frame):
                break
            frame.index += 1
            if frame.index % MOST_EMPTY == 0:
                if moved == io.at:
                    raise LimitExceeded("the list takes no byte", found=frame.index, limit=MOST_EMPTY)
                moved = io.at

    def value(self, step: Step, wire: Wire, io: Reader, frame: Frame, absent: Any) -> Any:
        """One value of a wire; `absent` where no case of a switch applies."""
        if isinstance(wire, Switched):
            frame.on = self.eval(wire.on, frame)
            for on, inner in sorted(wire.cases, key=lambda case: case[0] is None):
                if on is None or self.eval(on, frame) == frame.on:
                    return self.value(step, inner, io, frame, absent)
            return absent
        if isinstance(wire, Number):
            return named(step.enum, self.number(wire, io))
        if isinstance(wire, Bits):
            bits = io.bits(wire.width, wire.order)
            return bits != 0 if wire.boolean else named(step.enum, bits)
        if isinstance(wire, User):
            return self.user(step, wire, io, frame)
        data = self.byte_range(wire.shape, io, frame)
        return data.decode(encodings.python_name(wire.encoding)) if isinstance(wire, Text) else data

    def number(self, wire: Number, io: Reader) -> int | float:
        little = self.is_le if wire.order == "calc" else wire.order == "le"
        data = io.take(wire.size)
        if wire.kind == "f":
            number: float = struct.unpack(("<" if little else ">") + {4: "f", 8: "d"}[wire.size], data)[0]
            return number
        return int.from_bytes(data, "little" if little else "big", signed=wire.kind == "s")

    def byte_range(self, shape: Shape, io: Reader, frame: Frame) -> bytes:
        """The bytes of a shape, as they are after its process."""
        if shape.contents is not None:
            data = io.take(len(shape.contents))
        elif shape.size is not None:
            data = cut(io.take(self.eval(shape.size, frame)), shape)
        elif shape.term is not None and not shape.eos:
            data = io.take_until(shape.term, shape.include, shape.consume, shape.eos_error)
        else:
            data = cut(io.take_all(), shape)
        if shape.process is None:
            return data
        arguments = [evaluate(argument, frame, self.program.types) for argument in shape.process.arguments]
        return PROCESSES[".".join(shape.process.path)](data, *arguments)

    def user(self, step: Step, wire: User, io: Reader, frame: Frame) -> Object:
        assert isinstance(wire.target, sc.ClassSpec)
        if wire.shape is not None:
            io = Reader(self.byte_range(wire.shape, io, frame))
        arguments = tuple(self.eval(argument, frame) for argument in wire.arguments)
        parent: Any = None
        root: Any = None
        is_le = None
        plan = self.program.classes[wire.target]
        if wire.target.top is self.plan.spec.top:  # (an object of another spec is the top of its own tree)
            if not step.attr.no_parent:
                parent = self if step.attr.parent is None else self.eval(step.attr.parent, frame)
            root = self.root
            is_le = self.is_le if plan.order == "inherited" else None
        thing = Object(self.program, plan, io, parent, root, is_le, arguments)
        thing.read()
        return thing

    # ------------------------------------------------------------ checks

    def validate(self, step: Step, frame: Frame) -> None:
        """`contents` and `valid` of the value in `frame.item`."""
        attr, value, io, path = step.attr, frame.item, self.io, step.attr.place.path
        if attr.contents is not None and value != attr.contents:
            raise kaitaistruct.ValidationNotEqualError(attr.contents, value, io, path)
        if attr.valid is None:
            return
        kind = attr.valid.kind
        codes = [None if code is None else self.eval(code, frame) for code in attr.valid.codes]
        if kind == "eq" and value != codes[0]:
            raise kaitaistruct.ValidationNotEqualError(codes[0], value, io, path)
        if kind == "range" and codes[0] is not None and not value >= codes[0]:
            raise kaitaistruct.ValidationLessThanError(codes[0], value, io, path)
        if kind == "range" and codes[1] is not None and not value <= codes[1]:
            raise kaitaistruct.ValidationGreaterThanError(codes[1], value, io, path)
        if kind == "any-of" and value not in codes:
            raise kaitaistruct.ValidationNotAnyOfError(value, io, path)
        if kind == "in-enum" and not isinstance(value, Member):
            raise kaitaistruct.ValidationNotInEnumError(value, io, path)
        if kind == "expr" and not codes[0]:
            raise kaitaistruct.ValidationExprError(value, io, path)


_ABSENT = object()
_OWN = {"_io": "io", "_root": "root", "_parent": "parent", "_is_le": "is_le"}
