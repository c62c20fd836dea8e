"""The stream part of a generated module: how a frame is measured and parsed, and its envelope `FORMAT`."""

from __future__ import annotations

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.columns import needs
from sigflow.compiler.emit.late import write_late
from sigflow.compiler.emit.native import Missing, NativeMeasure
from sigflow.compiler.emit.shared import Module
from sigflow.compiler.emit.static import StaticMeasure
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.hints import ChecksumHint
from sigflow.compiler.measure import MeasurePlan
from sigflow.compiler.measure.static import is_quick
from sigflow.compiler.model import Number, Switched, Wire
from sigflow.compiler.plan import Plan
from sigflow.runtime.envelope import CrcParameters


def write_stream(
    module: Module, plan: Plan, measure: MeasurePlan, native: NativeMeasure | Missing, out: Writer, hash: str
) -> None:
    """Everything below the class."""
    _Stream(module, plan, measure, out, hash).write(native)


class _Stream:
    def __init__(self, module: Module, plan: Plan, measure: MeasurePlan, out: Writer, hash: str) -> None:
        self.module = module
        self.plan = plan
        self.hints = measure.hints
        self.layout = measure.static
        self.lazy = measure.late is not None
        self.out = out
        self.hash = hash
        self.unit = plan.classes[self.hints.unit]
        self.ex = module.expressions
        self.any = module.std("Any")
        self.entries: list[str] = []

    def write(self, native: NativeMeasure | Missing) -> None:
        runs = self.layout is not None and is_quick(self.hints)
        if self.layout is not None:
            static = StaticMeasure(self.module, self.hints, self.layout, self.out)
            static.tables()
            static.measure()
            if runs:
                static.run()
        self.steps()
        self.parse()
        self.describe(runs)
        self.native_measure(native)
        out = self.out
        out()
        out()
        with out.block(f"FORMAT = {self.module.need('Envelope')}("):
            for entry in self.entries:
                out(entry)
        out(")")

    # ------------------------------------------------------------ functions

    def fresh(self, stream: str) -> None:
        """`unit`: an object of the frame's class that has not read anything."""
        name = self.unit.qualified
        self.out(f"unit = {name}.__new__({name})")
        self.out(f"unit._io, unit._parent, unit._root = {stream}, None, unit")
        for param, argument in zip(self.unit.params, self.hints.arguments, strict=True):
            self.out(f"unit.{param.name} = {self.ex.code(argument)}")
        if self.unit.order == "inherited":
            self.out("unit._is_le = None")

    def function(self, name: str, parameters: str, result: str) -> str:
        """The head of a function."""
        self.out()
        self.out()
        return f"def {name}({parameters}) -> {result}:"

    def steps(self) -> None:
        """`_steps`: the frame measured while its bytes arrive."""
        with self.out.block(self.function("_steps", f"io: {self.module.need('Window')}", self.any)):
            self.fresh("io")
            self.out("return (yield from unit._steps(io))")

    def parse(self) -> None:
        """`_parse`: the value of a frame's bytes."""
        out = self.out
        if self.layout is not None and self.lazy:
            write_late(self.module, self.unit, self.layout, self.out)
        with out.block(self.function("_parse", f"raw: bytes, head: {self.any}", self.unit.qualified)):
            if self.lazy:
                with out.block("if head is not None:"):
                    out("return _late(raw, head)")
            self.fresh(f"{self.module.need('KaitaiStream')}(raw)")
            with out.block("try:"):
                out("unit._read()")
            with out.block(f"except {self.module.need('WIRE_ERRORS')} as error:"):
                out(f"{self.module.need('salvage')}(error, unit)")
                out("raise")
            out("return unit")

    def native_measure(self, native: NativeMeasure | Missing) -> None:
        """`_native_measure`: the native measure, or why there is none."""
        if isinstance(native, Missing):
            place = native.place
            self.add("inexpressible", repr(f"{native.text} ({place.path or '/'}, line {place.line})"))
            return
        parameters = f"data: {self.any}, at: int, end: int, limit: int, box: {self.any}"
        with self.out.block(self.function("_native_measure", parameters, "int")):
            for line in native.lines:
                self.out(line)
        self.add("native_measure", "_native_measure")
        self.add("native_reasons", repr(native.reasons))
        self.add("native_min_limit", str(native.least))
        if native.counts:
            self.add("native_counts", "True")

    def method(self, name: str, code: sc.Code, result: str = "") -> str:
        """A function of the unit that gives an expression's value; gives its name."""
        with self.out.block(self.function(name, f"self: {self.unit.qualified}", result or self.any)):
            self.out(f"return {self.ex.code(code)}")
        return name

    # ------------------------------------------------------------ the envelope

    def add(self, key: str, value: str) -> None:
        self.entries.append(f"{key}={value},")

    def describe(self, runs: bool) -> None:
        hints, layout = self.hints, self.layout
        self.add("name", repr(self.plan.spec.top.id))
        self.add("spec", repr(self.plan.file))
        self.add("source_hash", repr(self.hash))
        self.add("parse", "_parse")
        self.add("steps", "_steps")
        self.add("unit", self.unit.qualified)
        self.add("columns", "_columns")
        if layout is not None:
            self.add("measure", "_measure")
            self.add("header", str(layout.header))
        if runs:
            self.add("run", "_run")
            self.add("head", "_HEAD")
        if self.lazy:
            self.add("late", "_late")
        self.add("sync", repr(hints.sync))
        self.add("max_frame", str(hints.max_frame))
        self.add("min_frame", str(hints.min_frame))
        self.add("header_bits", repr(round(hints.header_bits, 3)))
        if hints.chain is not None:
            self.add("chain", str(hints.chain))
        if hints.checksums:
            self.add("checksums", f"({', '.join(self.checksum(one) for one in hints.checksums)},)")
        if not hints.aborted_by_sync:
            self.add("aborted_by_sync", "False")
        if hints.overtaken_by:
            self.add("overtaken_by", repr(hints.overtaken_by))
        self.sequence()
        self.time()
        if hints.kind is not None:
            self.add("kind", self.method("_kind", hints.kind))
            read = needs(hints.kind, self.unit, self.module)
            if read is not None:
                self.add("kind_needs", repr(read))
        self.payload()
        self.metadata()
        self.codecs()
        self.notes()
        reasons = {attr.place.path: reason for attr, reason in hints.reasons.items()}
        if reasons:
            self.add("reasons", repr(reasons))
        self.words()

    def checksum(self, one: ChecksumHint) -> str:
        algorithm = repr(one.algorithm) if isinstance(one.algorithm, str) else self.parameters(one.algorithm)
        parts = [repr(one.name), algorithm, str(one.size), repr(one.order)]
        if self.layout is not None and self.layout.holds(one):
            offsets = self.layout.offsets()
            pieces = [
                (offsets[over.first][0], offsets[over.last][1])
                for over in one.over
                if over.first is not None and over.last is not None
            ]
            parts += [f"stored={offsets[one.attr][0] + one.inner}", f"pieces={tuple(pieces)!r}"]
        if one.zeroed:
            parts.append("zeroed=True")
        if one.conditions:
            parts.append("optional=True")
        parts.append(f"over={one.written!r}")
        return f"{self.module.need('Checksum')}({', '.join(parts)})"

    def parameters(self, one: CrcParameters) -> str:
        values = f"{one.width}, {hex(one.poly)}, {hex(one.init)}, {one.refin}, {one.refout}, {hex(one.xorout)}"
        return f"{self.module.need('CrcParameters')}({values})"

    def sequence(self) -> None:
        one = self.hints.sequence
        if one is None:
            return
        parts = [repr(one.attr.id), str(one.modulus), str(one.step)]
        if one.per is not None:
            parts.append(f"stream={self.method('_stream', one.per)}")
            read = needs(one.per, self.unit, self.module)
            if read is not None:
                parts.append(f"needs={read!r}")
        if one.when is not None:
            parts.append(f"counts={self.method('_counts', one.when, 'bool')}")
        members = self.layout.members if self.layout is not None else ()
        headed = self.layout.headed() if self.layout is not None else ()
        heads = {step.attr: at for at, member in enumerate(members) for step in member.steps if step in headed}
        if one.attr in heads:
            parts.append(f"head={heads[one.attr]}")
            per = self.module.types.members.get(one.per.expr) if one.per is not None else None
            if isinstance(per, sc.Attr) and per in heads:
                parts.append(f"stream_head={heads[per]}")
        self.add("sequence", f"{self.module.need('Sequence')}({', '.join(parts)})")

    def time(self) -> None:
        one = self.hints.time
        if one is not None:
            name = self.method("_time", one.code)
            self.add("time", f"{self.module.need('Time')}({name}, {one.nanoseconds}, {one.epoch!r})")

    def payload(self) -> None:
        attr = self.hints.payload
        if attr is not None:
            self.add("payload", repr(attr.id))
            if self.layout is not None and attr in self.layout.offsets():
                self.add("payload_at", repr(self.layout.offsets()[attr]))
        code = self.hints.byte_order
        if code is not None:
            with self.out.block(self.function("_byte_order", f"self: {self.unit.qualified}", "str")):
                self.out(f"return 'little' if {self.ex.at(code.expr, 5)} in ('L', 'l', 'le', 'little') else 'big'")
            self.add("byte_order", "_byte_order")
        elif isinstance(self.plan.spec.top.meta.endian, str):
            self.add("byte_order", repr("little" if self.plan.spec.top.meta.endian == "le" else "big"))

    def metadata(self) -> None:
        one = self.hints.metadata
        if one is None:
            return
        with self.out.block(self.function("_metadata", f"self: {self.unit.qualified}", "dict[str, str]")):
            condition = f" if {self.ex.code(one.when)}" if one.when is not None else ""
            name = self.plan.member_names[one.attr]
            self.out(f"return {{{self.ex.code(one.key)}: {self.ex.code(one.value)} for _ in self.{name}{condition}}}")
        self.add("metadata", "_metadata")

    def codecs(self) -> None:
        parts = []
        for number, one in enumerate(self.hints.codecs):
            values = [repr(one.attr.id), repr(one.name)]
            if one.when is not None:
                values.append(f"when={self.method(f'_codec_{number}', one.when, 'bool')}")
                read = needs(one.when, self.unit, self.module)
                if read is not None:
                    values.append(f"needs={read!r}")
            if one.target is not None:
                with self.out.block(self.function(f"_decode_{number}", "payload: bytes", self.any)):
                    self.out(f"return {self.plan.class_names[one.target]}({self.module.need('KaitaiStream')}(payload))")
                values.append(f"parse=_decode_{number}")
                values.append(f"target={self.plan.class_names[one.target]}")
            parts.append(f"{self.module.need('Codec')}({', '.join(values)})")
        if parts:
            self.add("codecs", f"({', '.join(parts)},)")

    def notes(self) -> None:
        parts = []
        for number, one in enumerate(self.hints.notes):
            name = self.method(f"_note_{number}", one.when, "bool")
            values = [repr(one.attr.id), repr(one.code), repr(one.text), name]
            read = needs(one.when, self.unit, self.module)
            if read is not None:
                values.append(repr(read))
            parts.append(f"{self.module.need('NoteRule')}({', '.join(values)})")
        if parts:
            self.add("notes", f"({', '.join(parts)},)")

    def words(self) -> None:
        parts = []
        for step in self.unit.steps:
            attr = step.attr
            text = _written(attr, step.wire)
            doc = attr.doc.text.strip().split("\n")[0]
            parts.append(
                f"{self.module.need('Field')}({attr.id!r}, {text!r}, {doc!r})"
                if doc
                else f"{self.module.need('Field')}({attr.id!r}, {text!r})"
            )
        if parts:
            self.add("fields", f"({', '.join(parts)},)")
        spec = self.plan.spec.top
        if spec.meta.title:
            self.add("title", repr(spec.meta.title))
        doc = (self.hints.unit.doc.text or spec.doc.text).strip()
        if doc:
            self.add("doc", repr(doc))


def _written(attr: sc.Attr, wire: Wire) -> str:
    """The type of a field, for people."""
    if isinstance(wire, Switched):
        text = "switch"
    elif isinstance(attr.type, sc.TypeRef):
        text = attr.type.text
    else:
        text = "bytes"
    if isinstance(wire, Number) and wire.order and not text.endswith(("le", "be")):
        text += wire.order if wire.order != "calc" else ""
    return f"{text}[]" if attr.repeat is not None else text
