"""A generated class: its docs and annotations, enums, constructor, reading, nested classes and instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.debug import debug_body, debug_step
from sigflow.compiler.emit.incremental import IncrementalMeasure
from sigflow.compiler.emit.late import LateFields
from sigflow.compiler.emit.readwrite import write_changes, write_flags
from sigflow.compiler.emit.runs import Runs
from sigflow.compiler.emit.shared import Module, line_of
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.measure.operations import Operation
from sigflow.compiler.model import Switched, Type
from sigflow.compiler.plan import ClassPlan, Step, ValueStep

_ANNOTATIONS = {
    "int": "int",
    "float": "float",
    "str": "str",
    "bytes": "bytes",
    "bool": "bool",
    "io": "KaitaiStream",
    "struct": "KaitaiStruct",
    "any": "Any",
    "untyped": "Any",
    "opaque": "Any",
}


def write_class(module: Module, plan: ClassPlan, out: Writer) -> None:
    """The whole class."""
    _Class(module, plan, out).write()


def write_part(module: Module, plan: ClassPlan, name: str, operations: Sequence[Operation], out: Writer) -> None:
    """A class of its own for some fields of a class: it reads them and no others, and it is measured."""
    whole = plan.qualified
    part = _Class(module, replace(plan, path=(name,)), out)
    with out.block(f"class {name}({whole}):"):
        out("_INSTANCES = ()")
        part.tables()
        part.reading()
        part.steps(operations)


class _Class:
    def __init__(self, module: Module, plan: ClassPlan, out: Writer) -> None:
        self.module = module
        self.plan = plan
        self.out = out
        self.measure = module.measure
        #: Of each reading function, which field its lines are about (`Reads.field_lines`).
        self.lines: dict[str, dict[int, str]] = {}
        self.fields = {step.name for step in plan.steps} | {param.name for param in plan.params}

    def write(self) -> None:
        plan, out = self.plan, self.out
        with out.block(f"class {plan.path[-1]}({self.base()}):"):
            self.docs()
            self.tables()
            if self.module.write:
                write_flags(plan, out)
            self.annotations()
            for enum, name in plan.enums:
                self.enum(enum, name)
            for nested in plan.classes:
                out()
                write_class(self.module, nested, out)
            self.constructor()
            self.reading()
            self.measuring()
            self.string()
            for instance in plan.instances:
                if isinstance(instance, ValueStep):
                    self.value_instance(instance)
                else:
                    self.parse_instance(instance)
                if self.module.write:
                    write_changes(self.module, instance, out)

    def base(self) -> str:
        """What the class is derived from."""
        return self.module.need_to_write("ReadWriteStruct") if self.module.write else self.module.need("KaitaiStruct")

    # ------------------------------------------------------------ head

    def docs(self) -> None:
        spec, out = self.plan.spec, self.out
        text = spec.doc.text.strip()
        if not text and spec.up is None:
            text = spec.meta.title
        refs = "\n".join(f"Source: {ref}" for ref in spec.doc.refs if ref)
        text = "\n\n".join(part for part in (text, refs) if part)
        if text:
            out.doc(text)
            out()

    def tables(self) -> None:
        plan, out = self.plan, self.out
        if plan.debug:
            out(f"SEQ_FIELDS = {[step.name for step in plan.steps]!r}")
        names = [step.name for step in plan.steps]
        if names:
            out(f"_FIELDS = {_tuple(names)}")
        if plan.instances:
            out(f"_INSTANCES = {_tuple([member.name for member in plan.instances])}")
        members = [(member.name, member.attr) for member in (*plan.steps, *plan.instances)]
        renamed = {name: attr.id for name, attr in members if name != attr.id}
        if renamed:
            out(f"_IDS = {renamed!r}")
        leads = self.measure.hints.leads if self.measure is not None else ()
        leading = [step.name for step in plan.steps if step.attr in leads]
        if leading:
            out(f"_LEADS = {_tuple(leading)}")
        measures = {name: measure for name, attr in members if (measure := attr.physical) is not None}
        if measures:
            out(f"_PHYSICAL = {measures!r}")
        if members:
            with out.block("_PLACES = {"):
                for name, attr in members:
                    out(f"{name!r}: ({attr.place.line}, {attr.place.column}, {attr.place.path!r}),")
            out("}")
        out()

    def annotations(self) -> None:
        for param in self.plan.params:
            self.out(f"{param.name}: {self.annotation(param.type)}")
            self.field_doc(param.param.doc)
        for step in self.plan.steps:
            self.out(f"{step.name}: {self.step_annotation(step)}")
            self.field_doc(step.attr.doc)

    def field_doc(self, doc: sc.Doc) -> None:
        text = "\n\n".join(
            part for part in (doc.text.strip(), "\n".join(f"Source: {ref}" for ref in doc.refs if ref)) if part
        )
        if text:
            self.out.doc(text)

    def step_annotation(self, step: Step) -> str:
        text = self.annotation(step.type)
        if isinstance(step.wire, Switched):
            texts = [self.annotation(self.module.types.wire(case, step.attr)) for _, case in step.wire.cases]
            open_ended = all(on is not None for on, _ in step.wire.cases) and not self.left_out(step)
            text = " | ".join(dict.fromkeys([*texts, *(["None"] if open_ended else [])]))
            if len(set(texts)) > 4:
                text = self.module.std("Any")
        if step.attr.repeat is not None:
            text = f"{self.builtin('list')}[{text}]"
        optional = step.attr.condition is not None and not self.left_out(step)
        if optional and not text.endswith(("None", "Any")):
            text = f"{text} | None"
        return text

    def left_out(self, step: Step) -> bool:
        """Whether a field that is not there is no attribute, and None is none of its values."""
        return self.module.missing and not step.attr.is_instance

    def annotation(self, type_: Type) -> str:
        """A type as an annotation."""
        if type_.kind == "array":
            return f"{self.builtin('list')}[{self.annotation(type_.ref)}]"
        if type_.kind == "user":
            return self.module.expressions.plan.class_names[type_.ref]
        if type_.kind == "enum":
            return f"{self.module.expressions.plan.class_names[type_.ref]} | {self.builtin('int')}"
        text = _ANNOTATIONS[type_.kind]
        if text == "Any":
            return self.module.std("Any")
        return self.module.need(text) if text.startswith("Kaitai") else self.builtin(text)

    def builtin(self, name: str) -> str:
        """A builtin's name, also where a field of the class has it."""
        if name not in self.fields and not any(instance.name == name for instance in self.plan.instances):
            return name
        return f"{self.module.std('builtins')}.{name}"

    def enum(self, enum: sc.Enum, name: str) -> None:
        out = self.out
        out()
        with out.block(f"class {name}({self.module.std('IntEnum')}):"):
            labels = self.module.expressions.plan.labels[enum]
            renamed = {python: label for label, python in labels.items() if python != label}
            if renamed:
                out(f"_IDS = {self.module.std('nonmember')}({renamed!r})")
            for entry in enum.entries:
                out(f"{labels[entry.id]} = {entry.value}")
                if entry.doc.text.strip():
                    out.doc(entry.doc.text)

    # ------------------------------------------------------------ constructor and reading

    def constructor(self) -> None:
        plan, out = self.plan, self.out
        names = [param.name for param in plan.params]
        inherited = plan.order == "inherited"
        any_ = self.module.std("Any")
        typed = [f"{param.name}: {self.annotation(param.type)}" for param in plan.params]
        extra = f", _is_le: {any_} = None" if inherited else ""
        stream_default = " = None" if self.module.write else ""
        head = ", ".join(
            ["self", *typed, f"_io: {any_}{stream_default}", f"_parent: {any_} = None, _root: {any_} = None{extra}"]
        )
        out()
        limits = plan.spec.limits
        with out.block(f"def __init__({head}) -> None:"):
            stream = self.module.need("KaitaiStream")
            as_stream = f"{self.module.need('as_stream')}(_io)"
            either = "_io is None or " if self.module.write else ""
            out(f"self._io = _io if {either}_io.__class__ is {stream} else {as_stream}")
            out("self._parent = _parent")
            out("self._root = _root or self" if plan.spec.up is None else "self._root = _root")
            if inherited:
                out("self._is_le = _is_le")
            for name in names:
                out(f"self.{name} = {name}")
            if "depth" in limits:
                out(f"{self.module.need('within_depth')}(self, {limits['depth']})")
            if plan.debug:
                out(f"self._debug: {any_} = {self.module.std('collections')}.defaultdict(dict)")
            elif not self.module.write:
                out("self._read()")

    def reading(self) -> None:
        plan, out = self.plan, self.out
        if plan.order not in ("calc", "inherited"):
            out()
            with out.block("def _read(self) -> None:"):
                self.body("")
                self.clean()
            self.lines_of_fields()
            return
        path = plan.spec.place.path
        error = self.module.need("UndecidedEndiannessError")
        out()
        with out.block("def _read(self) -> None:"):
            if plan.order == "calc":
                self.decide(path, error)
            else:
                with out.block("if self._is_le is None:"):
                    out(f"raise {error}({path!r})")
            with out.block("if self._is_le:"):
                out("self._read_le()")
            with out.block("else:"):
                out("self._read_be()")
            self.clean()
        for order in ("le", "be"):
            out()
            with out.block(f"def _read_{order}(self) -> None:"):
                self.body(order)
        self.lines_of_fields()

    def clean(self) -> None:
        """What was just read is as it can be written."""
        if self.module.write:
            self.out("self._dirty = False")

    def lines_of_fields(self) -> None:
        """`_LINES`: what a failure in a line of a reading function is about."""
        if self.lines:
            self.out()
            self.out("#: The field that the lines of a function are about, from the distance to its first line on.")
            with self.out.block("_LINES = {"):
                for function, fields in self.lines.items():
                    self.out(f"{function!r}: {fields!r},")
            self.out("}")

    def decide(self, path: str, error: str) -> None:
        endian = self.plan.spec.meta.endian
        assert isinstance(endian, sc.Endian)
        out, ex = self.out, self.module.expressions
        out(f"on = {ex.code(endian.on)}")
        word = "if"
        for case, order in endian.cases:
            if case is not None:
                with out.block(f"{word} on == {ex.at(case.expr, 5)}:"):
                    out(f"self._is_le = {order == 'le'}")
                word = "elif"
        otherwise = next((order for case, order in endian.cases if case is None), None)
        if word == "if":
            out(f"self._is_le = {otherwise == 'le'}")
            return
        with out.block("else:"):
            out(f"raise {error}({path!r})" if otherwise is None else f"self._is_le = {otherwise == 'le'}")

    def body(self, order: str) -> None:
        if not self.plan.steps:
            return
        reads = Runs(self.module, self.plan, order, self.out)
        self.out("io = self._io")
        if self.plan.debug:
            for step in self.plan.steps:
                reads.about(step)
                debug_step(reads, step)
        else:
            reads.seq()
        self.lines[f"_read_{order}" if order else "_read"] = reads.field_lines

    def measuring(self) -> None:
        """What a frame's class, and the unsized types in it, have for the scan."""
        late = LateFields(self.module, self.plan, self.out)
        late.taking()
        measure = self.measure
        if measure is not None and self.plan.spec in measure.elements:
            order = "le" if self.plan.order in ("calc", "inherited") else ""
            IncrementalMeasure(self.module, self.plan, order, self.out).element(measure.elements[self.plan.spec])
        operations = measure.classes.get(self.plan.spec) if measure is not None else None
        if measure is None or operations is None:
            return
        self.steps(operations)
        if self.plan.spec is measure.hints.unit and measure.late is not None:
            late.write(measure.late)

    def steps(self, operations: Sequence[Operation]) -> None:
        """The methods that measure it."""
        if self.plan.order in ("calc", "inherited"):
            self.both_steps(operations)
        else:
            IncrementalMeasure(self.module, self.plan, "", self.out).method("_steps", operations)

    def both_steps(self, operations: Sequence[Operation]) -> None:
        out = self.out
        for order in ("le", "be"):
            IncrementalMeasure(self.module, self.plan, order, out).method(f"_steps_{order}", operations)
        out()
        with out.block(f"def _steps(self, io: {self.module.need('Window')}) -> {self.module.std('Any')}:"):
            if self.plan.order == "calc":
                self.decide(self.plan.spec.place.path, self.module.need("UndecidedEndiannessError"))
            with out.block("if self._is_le:"):
                out("return (yield from self._steps_le(io))")
            out("return (yield from self._steps_be(io))")

    def string(self) -> None:
        code = self.plan.spec.to_string
        if code is None:
            return
        self.out()
        with self.out.block("def __str__(self) -> str:"):
            self.out(f"return {self.module.expressions.code(code)}")

    # ------------------------------------------------------------ instances

    def head(self, step: Step | ValueStep, annotation: str) -> None:
        out = self.out
        out()
        out(line_of(step.attr))
        out("@property")
        with out.block(f"def {step.name}(self) -> {annotation}:"):
            self.field_doc(step.attr.doc)
            parsed = self.module.write and isinstance(step, Step)
            if parsed:
                with out.block(f"if self._should_write_{step.name}:"):
                    out(f"self._write_{step.name}()")
            with out.block(f"if hasattr(self, '_m_{step.name}'):"):
                out(f"return self._m_{step.name}")
            if parsed:
                with out.block(f"if not self.{step.name}__enabled:"):
                    out("return None")
            self.inside(step)
            if step.attr.condition is not None:
                out(f"return getattr(self, '_m_{step.name}', None)")
            else:
                out(f"return self._m_{step.name}")

    def inside(self, step: Step | ValueStep) -> None:
        if isinstance(step, ValueStep):
            self.compute(step)
        else:
            self.seek_and_read(step)

    def value_instance(self, step: ValueStep) -> None:
        annotation = self.annotation(step.type)
        if step.attr.condition is not None and not annotation.endswith("Any"):
            annotation += " | None"
        self.head(step, annotation)

    def compute(self, step: ValueStep) -> None:
        out, ex = self.out, self.module.expressions
        text = ex.code(step.attr.value)
        if step.enum is not None:
            text = f"{self.module.need('named')}({self.module.members_of(step.enum)}, {text})"
        if step.attr.condition is not None:
            with out.block(f"if {ex.code(step.attr.condition)}:"):
                out(f"self._m_{step.name} = {text}")
        else:
            out(f"self._m_{step.name} = {text}")

    def parse_instance(self, step: Step) -> None:
        self.head(step, self.step_annotation(step))

    def seek_and_read(self, step: Step) -> None:
        attr, out, ex = step.attr, self.out, self.module.expressions

        def inner() -> None:
            out(f"io = {ex.code(attr.io)}" if attr.io is not None else "io = self._io")
            checked = attr.checked or attr.repeat is not None
            if attr.pos is None and not checked:
                self.both_orders(step)
                return
            if attr.pos is not None:
                out("_pos = io.pos()")
                out(f"io.seek({ex.code(attr.pos)})")
            with out.block("try:"):
                self.both_orders(step)
            if checked:
                # What failed is no value: the next look fails again.
                with out.block("except BaseException:"):
                    out(f"self.__dict__.pop('_m_{step.name}', None)")
                    out("raise")
            if attr.pos is None:
                return
            with out.block("finally:"):
                out("io.seek(_pos)")

        if attr.condition is not None:
            with out.block(f"if {ex.code(attr.condition)}:"):
                inner()
        else:
            inner()

    def both_orders(self, step: Step) -> None:
        if self.plan.order not in ("calc", "inherited"):
            self.read_instance(step, "")
            return
        with self.out.block("if self._is_le:"):
            self.read_instance(step, "le")
        with self.out.block("else:"):
            self.read_instance(step, "be")

    def read_instance(self, step: Step, order: str) -> None:
        reads = Runs(self.module, self.plan, order, self.out)
        target = f"self._m_{step.name}"
        if self.plan.debug:
            debug_body(reads, step, target, f"_m_{step.name}")
        else:
            reads.body(step, target)


def _tuple(names: list[str]) -> str:
    return "(" + ", ".join(repr(name) for name in names) + ("," if len(names) == 1 else "") + ")"
