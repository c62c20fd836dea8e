"""The description of how a module's objects are written: the function `_writing`, data of `sigflow.runtime.writing`.

It is printed from the steps of the plan that the parser is printed from, wire by wire.
"""

from __future__ import annotations

from collections.abc import Callable

from sigflow.compiler import encodings
from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.checks import failing, wanted
from sigflow.compiler.emit.expressions import ATOM, COMPARE, NOT
from sigflow.compiler.emit.shared import Module, stuffing_text
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.inverse import Inverse, Solved
from sigflow.compiler.layout import constant
from sigflow.compiler.measure import operations as op
from sigflow.compiler.model import Bits, Bytes, Number, Shape, Switched, Text, User, Wire
from sigflow.compiler.naming import upper_camel
from sigflow.compiler.plan import ClassPlan, Plan, Step, ValueStep

#: What the module calls the package of the descriptions.
_PACKAGE = "writing"
_LAMBDA = "lambda self, i, _: "


def write_writing(module: Module, plan: Plan, out: Writer) -> None:
    """The function `_writing`."""
    writing = _Writing(module, plan)
    with out.block(f"def _writing() -> {module.std('Any')}:"):
        alias = "" if writing.package == _PACKAGE else f" as {writing.package}"
        out(f"from sigflow.runtime import {_PACKAGE}{alias}")
        out()
        with out.block("return {"):
            for spec, class_plan in plan.classes.items():
                writing.one_class(plan.class_names[spec], class_plan, out)
            scope = module.measure.scope if module.measure is not None else None
            for name, part in (("_Preamble", scope.preamble), ("_Trailer", scope.trailer)) if scope is not None else ():
                if part is not None:
                    writing.one_class(name, part, out)
        out("}")


class _Writing:
    """Writes the descriptions of classes."""

    def __init__(self, module: Module, plan: Plan) -> None:
        self.module = module
        self.plan = plan
        self.ex = module.expressions
        self.package = module.alias(_PACKAGE)
        self.inverse = Inverse(module.types, lambda expr: self.ex.at(expr, ATOM), self.name)

    def name(self, name: str) -> str:
        """A name of the package of descriptions."""
        return f"{self.package}.{name}"

    def one_class(self, name: str, plan: ClassPlan, out: Writer) -> None:
        """A class by its name in the module."""
        with out.block(f"{name}: {self.name('ClassWriting')}("):
            out(f"{name}, {plan.spec.id!r},")
            for members in (plan.steps, plan.instances):
                if not members:
                    out("(),")
                    continue
                with out.block("("):
                    for member in members:
                        text = self.computed(member) if isinstance(member, ValueStep) else self.put(member)
                        out(f"{text},")
                out("),")
            if plan.params:
                out(f"params={tuple(param.name for param in plan.params)!r},")
            if plan.order in ("calc", "inherited"):
                out(f"order={plan.order!r},")
            if isinstance(plan.spec.meta.endian, sc.Endian):
                out(f"endian={self.endian(plan.spec.meta.endian)},")
            if plan.spec.limits:
                out(f"limits={plan.spec.limits!r},")
        out("),")

    def endian(self, endian: sc.Endian) -> str:
        """Whether an object is little-endian: None where its bytes do not say."""
        on = self.ex.at(endian.on.expr, COMPARE + 1)
        text = "None"
        for case, order in reversed(endian.cases):
            value = str(order == "le")
            text = value if case is None else f"{value} if {on} == {self.ex.at(case.expr, COMPARE + 1)} else {text}"
        return f"lambda self: {text}"

    # ------------------------------------------------------------ members

    def call(self, name: str, *arguments: str, **named: str) -> str:
        """A description; what is empty is left out."""
        listed = [*arguments, *(f"{key}={text}" for key, text in named.items() if text)]
        return f"{self.name(name)}({', '.join(listed)})"

    def computed(self, step: ValueStep) -> str:
        attr = step.attr
        assert attr.value is not None
        return self.call(
            "Computed", repr(step.name), repr(attr.id), self.formula(attr.value),
            condition=self.formula(attr.condition) if attr.condition is not None else "",
            place=self.place(attr),
        )  # fmt: skip

    @staticmethod
    def place(attr: sc.Attr) -> str:
        return repr((attr.place.line, attr.place.column, attr.place.path))

    def put(self, step: Step) -> str:
        attr = step.attr
        default = self.module.types.defaults.get(attr)
        return self.call(
            "Put", repr(step.name), repr(attr.id), self.wire(step.wire, step),
            enum=self.plan.class_names[step.enum] if step.enum is not None else "",
            condition=self.formula(attr.condition) if attr.condition is not None else "",
            repeat=self.repeat(attr.repeat) if attr.repeat is not None else "",
            checks=self.checks(step),
            place=self.place(attr),
            pos=self.formula(attr.pos) if attr.pos is not None else "",
            io=_LAMBDA + self.ex.code(attr.io) if attr.io is not None else "",
            default=self.formula(default) if default is not None else "",
            unnamed="True" if attr.id.startswith("_unnamed") else "",
            physical=repr(attr.physical) if attr.physical is not None else "",
            metadata=self.metadata(attr),
        )  # fmt: skip

    def metadata(self, attr: sc.Attr) -> str:
        hint = self.module.measure.hints.metadata if self.module.measure is not None else None
        if hint is None or hint.attr is not attr:
            return ""
        derived = [f"({key!r}, {self.formula(code)})" for key, code in hint.derived]
        return self.call(
            "Metadata", self.formula(hint.key), self.formula(hint.value),
            derived=f"({', '.join(derived)},)" if derived else "",
            last=repr(hint.last) if hint.last is not None else "",
        )  # fmt: skip

    def repeat(self, repeat: sc.Repeat) -> str:
        code = repeat.code
        return self.call("Repeat", repr(repeat.kind), *([self.formula(code)] if code is not None else []))

    def checks(self, step: Step) -> str:
        """What `contents` and `valid` ask of a value, which is called `_`."""
        texts = []
        for predicate in op.predicates(step.attr, step.enum):
            value = self.wanted(predicate)
            refuses = _LAMBDA + failing(predicate, "_", self.module)
            text = branches = ""
            if predicate.kind == "true" and isinstance(predicate.values[0], sc.Code):
                text = repr(predicate.values[0].text.strip())
                branches = self.branches(predicate.values[0].expr, predicate.values[0].text)
            arguments = [repr(predicate.kind), refuses, *([_LAMBDA + value] if value else [])]
            texts.append(self.call("Check", *arguments, text=text, branches=branches))
        return f"({', '.join(texts)},)" if texts else ""

    def wanted(self, predicate: op.Predicate) -> str:
        if predicate.kind in ("equal", "least", "most"):
            return wanted(predicate, self.module)
        if predicate.kind == "among":
            codes = [self.ex.code(code) for code in predicate.values if isinstance(code, sc.Code)]
            return f"[{', '.join(codes)}]"
        return ""

    # ------------------------------------------------------------ expressions

    def formula(self, code: sc.Code) -> str:
        return self.formula_of(code.expr, code.text)

    def formula_of(self, expr: ex.Expr, text: str = "") -> str:
        solutions = [self.solution(solved) for solved in self.inverse.of(expr)]
        listed = f"({', '.join(solutions)},)" if solutions else "()"
        shown = [repr(text.strip())] if text else []
        named = {
            "branches": self.branches(expr, text) if text else "",
            "of_stream": "True" if self.asks_stream(expr) else "",
        }
        if not solutions and not shown:
            return self.call("Formula", _LAMBDA + self.ex.at(expr, 0), **named)
        return self.call("Formula", _LAMBDA + self.ex.at(expr, 0), listed, *shown, **named)

    def branches(self, expr: ex.Expr, text: str) -> str:
        """The conditionals in an expression, the outer ones first."""
        texts: list[str] = []

        def visit(node: ex.Expr, outer: str) -> None:
            if not isinstance(node, ex.Choice):
                for child in ex.children(node):
                    visit(child, outer)
                return
            condition = text[node.condition.at : node.yes.at].rstrip("( \n\t").removesuffix("?").strip()
            number = len(texts)
            holds = _LAMBDA + self.ex.at(node.condition, 0)
            texts.append(self.call("Branch", repr(condition), holds, *([outer] if outer else [])))
            visit(node.condition, outer)
            visit(node.yes, f"({number}, True)")
            visit(node.no, f"({number}, False)")

        visit(expr, "")
        return f"({', '.join(texts)},)" if texts else ""

    def asks_stream(self, expr: ex.Expr) -> bool:
        """Whether an expression, or a value instance that it reads, speaks of a stream."""
        waiting, seen = [expr], set[sc.Attr | sc.Param]()
        while waiting:
            for node in ex.walk(waiting.pop()):
                if isinstance(node, ex.Name | ex.Attribute) and node.id == "_io":
                    return True
                member = self.module.types.members.get(node)
                if isinstance(member, sc.Attr) and member.value is not None and member not in seen:
                    seen.add(member)
                    waiting.append(member.value.expr)
        return False

    def amount(self, code: sc.Code) -> str:
        """A size: the number, where it is one."""
        known = constant(code.expr)
        return str(known) if isinstance(known, int) and not isinstance(known, bool) else self.formula(code)

    def solution(self, solved: Solved) -> str:
        value = solved.value
        for condition, holds in reversed(solved.guards):
            text = self.ex.at(condition, NOT + 1)
            value = f"({value}) if {text} else None" if holds else f"None if {text} else ({value})"
        return self.call(
            "Solution", repr(self.plan.member_names[solved.member]), f"lambda self, i, _, n: {value}",
            owner=_LAMBDA + self.ex.at(solved.owner, 0) if solved.owner is not None else "",
            index=_LAMBDA + self.ex.at(solved.index, 0) if solved.index is not None else "",
            part="True" if solved.part else "",
        )  # fmt: skip

    # ------------------------------------------------------------ wires

    def wire(self, wire: Wire, step: Step) -> str:
        return _WIRES[type(wire)](self, wire, step)

    def _number(self, wire: Number, _step: Step) -> str:
        order = [repr(wire.order)] if wire.order else []
        return self.call("PutNumber", repr(wire.kind), str(wire.size), *order)

    def _bits(self, wire: Bits, _step: Step) -> str:
        return self.call("PutBits", str(wire.width), repr(wire.order), boolean="True" if wire.boolean else "")

    def _bytes(self, wire: Bytes, _step: Step) -> str:
        return self.call("PutBytes", self.extent(wire.shape))

    def _text(self, wire: Text, _step: Step) -> str:
        return self.call("PutText", self.extent(wire.shape), repr(encodings.python_name(wire.encoding)))

    def _user(self, wire: User, step: Step) -> str:
        if isinstance(wire.target, str):
            module = dict(self.plan.imports).get(wire.target, wire.target)
            name = f"{module}.{upper_camel(wire.target)}"
        else:
            name = self.plan.class_names[wire.target]
        arguments = [self.formula(code) for code in wire.arguments]
        attr = step.attr
        return self.call(
            "PutObject", name,
            arguments=f"({', '.join(arguments)},)" if arguments else "",
            extent=self.extent(wire.shape) if wire.shape is not None else "",
            parent=_LAMBDA + self.ex.code(attr.parent) if attr.parent is not None else "",
            no_parent="True" if attr.no_parent else "",
        )  # fmt: skip

    def _switch(self, wire: Switched, step: Step) -> str:
        cases = [
            f"({self.formula(on) if on is not None else None}, {self.wire(case, step)})" for on, case in wire.cases
        ]
        return self.call("PutCase", self.formula(wire.on), f"({', '.join(cases)}{',' if cases else ''})")

    def extent(self, shape: Shape) -> str:
        """A shape."""
        return self.call(
            "Extent",
            contents=repr(shape.contents) if shape.contents is not None else "",
            size=self.amount(shape.size) if shape.size is not None else "",
            eos="True" if shape.eos else "",
            term=repr(shape.term) if shape.term is not None else "",
            include="True" if shape.include else "",
            consume="False" if not shape.consume else "",
            eos_error="False" if not shape.eos_error else "",
            pad=str(shape.pad) if shape.pad is not None else "",
            process=self.process(shape.process) if shape.process is not None else "",
            anywhere="True" if shape.anywhere else "",
            ended=stuffing_text(self.module, shape.ended) if shape.ended is not None else "",
        )

    def process(self, process: sc.Process) -> str:
        """What is undone when bytes are read."""
        if process.stuffing is not None:
            return self.call("Process", '"unstuff"', stuffing=stuffing_text(self.module, process.stuffing))
        name = ".".join(process.path)
        arguments = [self.formula_of(argument) for argument in process.arguments]
        own = ""
        if name not in ("zlib", "xor", "rol", "ror"):
            module = ".".join(process.path[:-1]) or process.path[-1]
            self.module.processes.add(module)
            own = f"{module}.{upper_camel(process.path[-1])}"
        return self.call("Process", repr(name), arguments=f"({', '.join(arguments)},)" if arguments else "", own=own)


_WIRES: dict[type[Wire], Callable[..., str]] = {
    Number: _Writing._number, Bits: _Writing._bits, Bytes: _Writing._bytes, Text: _Writing._text,
    User: _Writing._user, Switched: _Writing._switch,
}  # fmt: skip
