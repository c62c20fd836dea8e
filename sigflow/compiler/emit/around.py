"""What stands once around the frames of a file: its preamble and its trailer, each as a class and a format of its own.

The classes are the whole file's with a part of its fields.  Units that were read behind a preamble have its object as
their `_root`.
"""

from __future__ import annotations

from sigflow.compiler.emit.calls import Call, Many, write_value
from sigflow.compiler.emit.classes import write_part
from sigflow.compiler.emit.shared import Module
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.hints.model import AroundHint, PartHint
from sigflow.compiler.measure import MeasurePlan
from sigflow.compiler.measure.operations import Operation
from sigflow.compiler.plan import ClassPlan, Plan

#: What the classes are called.
NAMES = {"preamble": "_Preamble", "trailer": "_Trailer"}


class Around:
    """Writes them."""

    def __init__(self, module: Module, plan: Plan, measure: MeasurePlan, out: Writer, hash: str) -> None:
        self.module = module
        self.plan = plan
        self.measure = measure
        self.out = out
        self.hash = hash
        self.any = module.std("Any")

    def write(self, parameters: tuple[str, ...]) -> Call:
        """The classes and functions; gives what the envelope says of them.  parameters: see `NativeMeasure`."""
        hint, scope = self.measure.hints.around, self.measure.scope
        assert hint is not None  # it is asked for where there is one
        call = Call(self.module.need("Around"))
        for name, plan, operations, part in (
            ("preamble", scope.preamble, self.measure.preamble, hint.preamble),
            ("trailer", scope.trailer, self.measure.trailer, hint.trailer),
        ):
            call[name] = self.part(name, plan, operations, hint, part) if plan is not None else "None"
        with self.out.block(self.function("_parameters", f"root: {self.any}", "tuple[int, ...]")):
            values = ", ".join(f"int(root.{path})" for path in parameters)
            self.out(f"return ({values}{',' if len(parameters) == 1 else ''})")
        call["parameters"] = "_parameters"
        if scope.asks_root:
            call["needed"] = "True"
        return call

    def function(self, name: str, parameters: str, result: str) -> str:
        """The head of a function."""
        self.out()
        self.out()
        return f"def {name}({parameters}) -> {result}:"

    def part(
        self, name: str, plan: ClassPlan, operations: tuple[Operation, ...], hint: AroundHint, part: PartHint
    ) -> str:
        """One of the two; gives the name of its envelope."""
        out, module, type_ = self.out, self.module, NAMES[name]
        out()
        out()
        write_part(module, plan, type_, operations, out)
        with out.block(self.function(f"_{name}_steps", f"io: {module.need('Window')}", self.any)):
            out(f"unit = {type_}.__new__({type_})")
            out("unit._io, unit._parent, unit._root = io, None, unit")
            if plan.order == "inherited":
                out("unit._is_le = None")
            out("return (yield from unit._steps(io))")
        with out.block(self.function(f"_parse_{name}", f"raw: bytes, head: {self.any}", type_)):
            out(f"unit = {type_}.__new__({type_})")
            out(f"unit._io, unit._parent, unit._root = {module.need('KaitaiStream')}(raw), None, unit")
            with out.block("try:"):
                out("unit._read()")
            with out.block(f"except {module.need('WIRE_ERRORS')} as error:"):
                out(f"{module.need('keep_partial')}(error, unit)")
                out("raise")
            out("return unit")
        spec = self.plan.spec.top
        about = Call(
            module.need("About"), {"name": repr(f"{spec.alias or spec.id}:{name}"), "spec": repr(self.plan.file)}
        )
        about["source_hash"] = repr(self.hash)
        field = module.need("Field")
        about["fields"] = Many(
            "(", ")", [f"{field}({step.attr.id!r}, {module.type_of(step)!r})" for step in plan.steps]
        )
        search = Call(module.need("Search"), {"sync": repr(part.sync), "max_frame": str(hint.most)})
        search["min_frame"] = str(max(part.smallest, 1))
        search["header_bits"] = repr(round(part.bits, 3))
        search["role"] = repr(name)
        measure = Call(module.need("Measure"), {"incremental": f"_{name}_steps"})
        reasons = {attr.place.path: reason for attr, reason in self.measure.hints.reasons.items()}
        if reasons:
            measure["reasons"] = Many("{", "}", [f"{path!r}: {reason!r}" for path, reason in reasons.items()])
        decode = Call(module.need("Decode"), {"parse": f"_parse_{name}", "unit": type_, "columns": "_columns"})
        envelope = Call(module.need("Envelope"), {"about": about, "search": search, "measure": measure})
        envelope["decode"] = decode
        out()
        out()
        write_value(out, f"{name.upper()} = ", envelope, "")
        return name.upper()
