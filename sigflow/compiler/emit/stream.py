"""The stream part of a generated module: how a frame is measured and parsed, and its envelope `FORMAT`."""

from __future__ import annotations

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.around import Around
from sigflow.compiler.emit.building import FORMS, QuickBuild
from sigflow.compiler.emit.calls import Call, Many, write_value
from sigflow.compiler.emit.columns import needs
from sigflow.compiler.emit.late import write_late
from sigflow.compiler.emit.native import Missing, NativeMeasure
from sigflow.compiler.emit.shared import Module, stuffing_text
from sigflow.compiler.emit.static import StaticMeasure
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.hints import ChecksumHint
from sigflow.compiler.hints.model import CodecHint, ElementHint, MetadataHint, NoteHint, SequenceHint
from sigflow.compiler.measure import MeasurePlan
from sigflow.compiler.measure.static import is_quick
from sigflow.compiler.plan import Plan, Step
from sigflow.runtime.envelope import CrcParameters, Framing, SumParameters, XorParameters


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
        self.whole = measure
        self.layout = measure.static
        self.lazy = measure.late is not None
        self.out = out
        self.hash = hash
        self.unit = plan.classes[self.hints.unit]
        self.ex = module.expressions
        self.any = module.std("Any")
        #: Whether frames can be built at once.
        self.builds = False
        self.derived: tuple[str, ...] = ()

    def write(self, native: NativeMeasure | Missing) -> None:
        runs = is_quick(self.layout, self.hints)
        if self.layout is not None:
            static = StaticMeasure(self.module, self.hints, self.layout, self.out)
            static.tables()
            static.measure()
            if runs:
                static.run()
            quick = QuickBuild(self.module, self.hints, self.layout, self.unit, self.out)
            self.builds = quick.write()
            self.derived = tuple(quick.derived)
        self.steps()
        self.parse()
        measure = self.measure(runs)
        parts = {"search": self.search(), "measure": measure, "decode": self.decode()}
        self.native_measure(measure, native)
        if self.hints.around is not None:
            around = Around(self.module, self.plan, self.whole, self.out, self.hash)
            parts["around"] = around.write(native.parameters if isinstance(native, NativeMeasure) else ())
        self.out()
        self.out()
        envelope = Call(self.module.need("Envelope"), {"about": self.about(), **parts})
        write_value(self.out, "FORMAT = ", envelope, "")

    # ------------------------------------------------------------ functions

    def fresh(self, stream: str) -> None:
        """`unit`: an object of the frame's class that has not read anything."""
        name = self.unit.qualified
        self.out(f"unit = {name}.__new__({name})")
        owners = "root, unit if root is None else root" if self.hints.around is not None else "None, unit"
        self.out(f"unit._io, unit._parent, unit._root = {stream}, {owners}")
        for param, argument in zip(self.unit.params, self.hints.arguments, strict=True):
            self.out(f"unit.{param.name} = {self.ex.code(argument)}")
        if self.unit.order == "inherited":
            self.out(f"unit._is_le = {'root._is_le' if self.hints.around is not None else 'None'}")

    def function(self, name: str, parameters: str, result: str) -> str:
        """The head of a function."""
        self.out()
        self.out()
        return f"def {name}({parameters}) -> {result}:"

    def root(self) -> str:
        """The parameter of a function for what stands once around the frames, where anything does."""
        return f", root: {self.any} = None" if self.hints.around is not None else ""

    def steps(self) -> None:
        """`_steps`: the frame measured while its bytes arrive."""
        with self.out.block(self.function("_steps", f"io: {self.module.need('Window')}{self.root()}", self.any)):
            self.fresh("io")
            self.out("return (yield from unit._steps(io))")

    def parse(self) -> None:
        """`_parse`: the value of a frame's bytes."""
        out = self.out
        if self.layout is not None and self.lazy:
            write_late(self.module, self.unit, self.layout, self.out)
        parameters = f"raw: bytes, head: {self.any}{self.root()}"
        with out.block(self.function("_parse", parameters, self.unit.qualified)):
            if self.lazy:
                with out.block("if head is not None:"):
                    out("return _late(raw, head)")
            self.fresh(f"{self.module.need('KaitaiStream')}(raw)")
            with out.block("try:"):
                out("unit._read()")
            with out.block(f"except {self.module.need('WIRE_ERRORS')} as error:"):
                out(f"{self.module.need('keep_partial')}(error, unit)")
                out("raise")
            out("return unit")

    def native_measure(self, measure: Call, native: NativeMeasure | Missing) -> None:
        """`_native_measure`: the native measure, or why there is none; `measure` says it, too."""
        if isinstance(native, Missing):
            place = native.place
            measure["inexpressible"] = repr(f"{native.text} ({place.path or '/'}, line {place.line})")
            return
        parameters = f"data: {self.any}, at: int, end: int, limit: int, box: {self.any}"
        with self.out.block(self.function("_native_measure", parameters, "int")):
            for line in native.lines:
                self.out(line)
        measure["native"] = "_native_measure"
        measure["native_reasons"] = repr(native.reasons)
        measure["native_min_limit"] = str(native.least)
        if native.counts:
            measure["native_counts"] = "True"

    def method(self, name: str, code: sc.Code, result: str = "") -> str:
        """A function of the unit that gives an expression's value; gives its name."""
        with self.out.block(self.function(name, f"self: {self.unit.qualified}", result or self.any)):
            self.out(f"return {self.ex.code(code)}")
        return name

    # ------------------------------------------------------------ the envelope

    def about(self) -> Call:
        """What it is called."""
        spec = self.plan.spec.top
        about = Call(self.module.need("About"))
        about["name"] = repr(spec.alias or spec.id)
        about["spec"] = repr(self.plan.file)
        about["source_hash"] = repr(self.hash)
        if spec.meta.title:
            about["title"] = repr(spec.meta.title)
        doc = (self.hints.unit.doc.text or spec.doc.text).strip()
        if doc:
            about["doc"] = repr(doc)
        if self.unit.steps:
            about["fields"] = Many("(", ")", [self.field(step) for step in self.unit.steps])
        return about

    def field(self, step: Step) -> str:
        """A field of the frame, for people."""
        texts = [repr(step.attr.id), repr(self.module.type_of(step)), self.module.doc_of(step.attr)]
        return f"{self.module.need('Field')}({', '.join(filter(None, texts))})"

    def search(self) -> Call:
        """How a frame is found."""
        hints = self.hints
        search = Call(self.module.need("Search"))
        search["sync"] = repr(hints.sync)
        search["max_frame"] = str(hints.max_frame)
        search["min_frame"] = str(hints.min_frame)
        search["header_bits"] = repr(round(hints.header_bits, 3))
        if hints.chain is not None:
            search["chain"] = str(hints.chain)
        checksums: list[str | Call | Many] = [self.checksum(checksum) for checksum in hints.checksums]
        checksums += [
            self.checksum(element.checksum, of_elements=True) for element in hints.elements if element.in_frame
        ]
        if checksums:
            search["checksums"] = Many("(", ")", checksums)
        if not hints.aborted_by_sync:
            search["aborted_by_sync"] = "False"
        if hints.framing is not None:
            search["framing"] = self.framing(hints.framing.framing)
        if hints.idle:
            search["idle"] = repr(hints.idle)
        if hints.idle_max is not None:
            search["idle_max"] = str(hints.idle_max)
        if hints.overtaken_by:
            search["overtaken_by"] = repr(hints.overtaken_by)
        return search

    def framing(self, framing: Framing) -> Call:
        call = Call(self.module.need("Framing"))
        for name, literal in (("delimiter", framing.delimiter), ("start", framing.start), ("end", framing.end)):
            if literal:
                call[name] = repr(literal)
        if framing.stuffing is not None:
            call["stuffing"] = stuffing_text(self.module, framing.stuffing)
        if framing.trailer:
            call["trailer"] = str(framing.trailer)
        if framing.last_open:
            call["last_open"] = "True"
        return call

    def checksum(self, checksum: ChecksumHint, of_elements: bool = False) -> Call:
        """A checksum of the frame, or of each element of a type."""
        algorithm, stored = checksum.algorithm, checksum.stored
        text = repr(algorithm) if isinstance(algorithm, str | None) else self.parameters(algorithm)
        call = Call(self.module.need("Checksum"))
        call["field"] = repr(checksum.name)
        call["algorithm"] = text
        call["size"] = str(stored.size)
        call["order"] = repr(stored.order)
        if not of_elements and self.layout is not None and self.layout.holds(checksum):
            offsets = self.layout.offsets()
            pieces = [
                (offsets[over.first][0], offsets[over.last][1])
                for over in checksum.over
                if over.first is not None and over.last is not None
            ]
            call["stored"] = str(offsets[checksum.attr][0] + stored.inner)
            call["pieces"] = repr(tuple(pieces))
        if checksum.zeroed:
            call["zeroed"] = "True"
        if checksum.conditions or of_elements:
            call["optional"] = "True"
        if stored.mask is not None:
            call["shift"], call["mask"] = str(stored.shift), hex(stored.mask)
        flags = {
            "signed": checksum.signed,
            "told": checksum.told,
            "decoded": checksum.decoded,
            "of_elements": of_elements,
            "wire": checksum.wire,
        }
        for key, holds in flags.items():
            if holds:
                call[key] = "True"
        call["over"] = repr(checksum.written)
        return call

    def parameters(self, model: CrcParameters | SumParameters | XorParameters) -> str:
        """The parameters of an algorithm that has no name."""
        values = [
            hex(value) if isinstance(value, int) and not isinstance(value, bool) and key != "width" else repr(value)
            for key in model.__dataclass_fields__
            for value in (getattr(model, key),)
        ]
        return f"{self.module.need(type(model).__name__)}({', '.join(values)})"

    def measure(self, runs: bool) -> Call:
        """How long it is, but for what the native measure says."""
        measure = Call(self.module.need("Measure"))
        measure["incremental"] = "_steps"
        reasons = {attr.place.path: reason for attr, reason in self.hints.reasons.items()}
        if reasons:
            measure["reasons"] = Many("{", "}", [f"{path!r}: {reason!r}" for path, reason in reasons.items()])
        if self.layout is not None:
            measure["static"] = "_measure"
            measure["header"] = str(self.layout.header)
        if runs:
            measure["head"] = "_HEAD"
            measure["run"] = "_run"
        return measure

    def decode(self) -> Call:
        """What its bytes mean."""
        hints = self.hints
        decode = Call(self.module.need("Decode"))
        decode["parse"] = "_parse"
        if self.lazy:
            decode["late"] = "_late"
        decode["unit"] = self.unit.qualified
        decode["columns"] = "_columns"
        if self.builds:
            decode["builds"] = f"({', '.join(FORMS)})"
            decode["derived"] = repr(self.derived)
        if hints.sequence is not None:
            decode["sequence"] = self.sequence(hints.sequence)
        if hints.time is not None:
            time = Call(self.module.need("Time"))
            time["value"] = self.method("_time", hints.time.code)
            time["nanoseconds"] = str(hints.time.nanoseconds)
            time["epoch"] = repr(hints.time.epoch)
            self.add_needs(time, "needs", hints.time.code)
            decode["time"] = time
        if hints.kind is not None:
            decode["kind"] = self.method("_kind", hints.kind)
            self.add_needs(decode, "kind_needs", hints.kind)
        if hints.payload is not None:
            decode["payload"] = repr(hints.payload.id)
            if self.layout is not None and hints.payload in self.layout.offsets():
                decode["payload_at"] = repr(self.layout.offsets()[hints.payload])
        order = self.byte_order()
        if order:
            decode["byte_order"] = order
        if hints.metadata is not None:
            decode["metadata"] = self.metadata(hints.metadata)
        if hints.codecs:
            decode["codecs"] = Many("(", ")", [self.codec(number, codec) for number, codec in enumerate(hints.codecs)])
        elements = [element for element in hints.elements if not element.in_frame]
        if elements:
            decode["elements"] = Many("(", ")", [self.element(n, element) for n, element in enumerate(elements)])
        if hints.notes:
            decode["notes"] = Many("(", ")", [self.note(number, note) for number, note in enumerate(hints.notes)])
        return decode

    def add_needs(self, call: Call, key: str, code: sc.Code) -> None:
        """The numbers that a function of the unit reads, where it reads no more."""
        paths = needs(code, self.unit, self.module)
        if paths is not None:
            call[key] = repr(paths)

    def sequence(self, sequence: SequenceHint) -> Call:
        call = Call(self.module.need("Sequence"))
        call["field"] = repr(sequence.attr.id)
        call["modulus"] = str(sequence.modulus)
        call["step"] = str(sequence.step)
        if sequence.per is not None:
            call["stream"] = self.method("_stream", sequence.per)
            self.add_needs(call, "needs", sequence.per)
        if sequence.when is not None:
            call["counts"] = self.method("_counts", sequence.when, "bool")
        kept = self.layout.headed() if self.layout is not None else []
        members = self.layout.members if self.layout is not None else []
        heads = {step.attr: place for place, member in enumerate(members) for step in member.steps if step in kept}
        if sequence.attr in heads:
            call["head"] = str(heads[sequence.attr])
            per = self.module.types.members.get(sequence.per.expr) if sequence.per is not None else None
            if isinstance(per, sc.Attr) and per in heads:
                call["stream_head"] = str(heads[per])
        return call

    def byte_order(self) -> str:
        """The byte order of the payload; "" where the spec says none."""
        code, endian = self.hints.byte_order, self.plan.spec.top.meta.endian
        if code is not None:
            with self.out.block(self.function("_byte_order", f"self: {self.unit.qualified}", "str")):
                self.out(f"return 'little' if {self.ex.at(code.expr, 5)} in ('L', 'l', 'le', 'little') else 'big'")
            return "_byte_order"
        return repr("little" if endian == "le" else "big") if isinstance(endian, str) else ""

    def metadata(self, hint: MetadataHint) -> str:
        with self.out.block(self.function("_metadata", f"self: {self.unit.qualified}", "dict[str, str]")):
            condition = f" if {self.ex.code(hint.when)}" if hint.when is not None else ""
            name = self.plan.member_names[hint.attr]
            key, value = self.ex.code(hint.key), self.ex.code(hint.value)
            self.out(f"return {{{key}: {value} for _ in self.{name}{condition}}}")
        return "_metadata"

    def codec(self, number: int, codec: CodecHint) -> Call:
        call = Call(self.module.need("Codec"))
        call["field"] = repr(codec.attr.id)
        call["name"] = repr(codec.name)
        if codec.when is not None:
            call["when"] = self.method(f"_codec_{number}", codec.when, "bool")
            self.add_needs(call, "needs", codec.when)
        if codec.target is not None:
            with self.out.block(self.function(f"_decode_{number}", "payload: bytes", self.any)):
                text = f"{self.plan.class_names[codec.target]}({self.module.need('KaitaiStream')}(payload))"
                self.out(
                    f"return {self.module.need_to_write('read_now')}({text})" if self.module.write else f"return {text}"
                )
            call["parse"] = f"_decode_{number}"
            call["target"] = self.plan.class_names[codec.target]
        if codec.thing is not None:
            module, path = codec.thing
            self.module.processes.add(module)
            call["thing"] = f"{module}.{path}"
        return call

    def element(self, number: int, element: ElementHint) -> Call:
        """A checksum of elements that is looked at when a record is."""
        name = f"_elements_{number}"
        with self.out.block(self.function(name, f"self: {self.unit.qualified}", self.any)):
            kind = self.plan.class_names[element.spec]
            self.out(f"return {self.module.need('layouts_of')}(self, {kind}, {element.number})")
        call = Call(self.module.need("Elements"))
        call["checksum"] = self.checksum(element.checksum, of_elements=True)
        call["layouts"] = name
        return call

    def note(self, number: int, note: NoteHint) -> Call:
        call = Call(self.module.need("NoteRule"))
        call["path"] = repr(note.attr.id)
        call["code"] = repr(note.code)
        call["text"] = repr(note.text)
        call["when"] = self.method(f"_note_{number}", note.when, "bool")
        self.add_needs(call, "needs", note.when)
        return call
