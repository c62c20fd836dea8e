"""The description of a module's classes as columns: the function `_columns`, data of `sigflow.runtime.column`.

The types are those that the spec gives.  A field has a place where the sizes of all fields before it are known, or of
all behind it; of a class that is read without a `size`, the end is that of its last field.
"""

from __future__ import annotations

from sigflow.compiler import encodings
from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.bounds import bounds
from sigflow.compiler.emit.shared import Module
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.layout import integer
from sigflow.compiler.measure.places import Place, places
from sigflow.compiler.model import Bits, Bytes, Number, Shape, Text, Type, User, Wire, shape_of, wires_of
from sigflow.compiler.plan import ClassPlan, Plan, Step, ValueStep

#: The kinds of what an expression gives that are numbers, and how `Computed` calls them.
_COMPUTED = ("float", "bool")


def write_columns(module: Module, plan: Plan, out: Writer, hash: str) -> None:
    """The function `_columns`."""
    columns = _Columns(module, plan)
    body = Writer()
    for spec, class_plan in plan.classes.items():
        body(f"{plan.class_names[spec]}: {columns.need('Fields')}({spec.id!r}, (")
        for line in columns.of(class_plan):
            body(f"    {line},")
        body(")),")
    scope = module.measure.scope if module.measure is not None else None
    for name, part in (("_Preamble", scope.preamble), ("_Trailer", scope.trailer)) if scope is not None else ():
        if part is not None:
            body(f"{name}: {columns.need('Fields')}({plan.spec.top.id!r}, (")
            for line in columns.of(part):
                body(f"    {line},")
            body(")),")
    returned = columns.need("Module")
    with out.block(f"def _columns() -> {module.std('Any')}:"):
        names = [
            name if module.alias(name) == name else f"{name} as {module.alias(name)}" for name in sorted(columns.names)
        ]
        out(f"from sigflow.runtime.column import {', '.join(names)}")
        out()
        with out.block(f"return {returned}({plan.file!r}, {hash!r}, {{"):
            for line in body.lines:
                out(line)
        out("})")


class _Columns:
    """Writes the columns of classes.  State: the names of `runtime.column` that they need."""

    def __init__(self, module: Module, plan: Plan) -> None:
        self.module = module
        self.plan = plan
        self.names: set[str] = set()

    def need(self, name: str) -> str:
        """A name of `runtime.column`."""
        self.names.add(name)
        return self.module.alias(name)

    def of(self, plan: ClassPlan) -> list[str]:
        """The columns of one class."""
        extents = places(plan, self.module.layout)
        lines = [
            self.column(step, self.field(step, plan, extents.get(step.attr)), extents.get(step.attr))
            for step in plan.steps
        ]
        for instance in plan.instances:
            kind = self.computed(instance) if isinstance(instance, ValueStep) else self.field(instance, plan, None)
            lines.append(self.column(instance, kind, None))
        return lines

    def column(self, member: Step | ValueStep, kind: str, place: Place | None) -> str:
        attr = member.attr
        parts = [repr(attr.id), kind]
        if place is not None:
            parts.append(repr((place.start, place.stop)))
        if member.name != attr.id:
            parts.append(f"attribute={member.name!r}")
        if attr.condition is not None:
            parts.append("optional=True")
        if attr.checked:
            parts.append("checked=True")
        if isinstance(member, Step) and any(_processed(wire) for wire in wires_of(member.wire)):
            parts.append("processed=True")
        if attr.is_instance:
            parts.append("instance=True")
        measures = attr.physical
        if measures is not None:
            parts.append(f"physical={measures!r}")
        doc = self.module.doc_of(attr)
        if doc:
            parts.append(f"doc={doc}")
        return f"{self.need('Column')}({', '.join(parts)})"

    # ------------------------------------------------------------ kinds

    def field(self, step: Step, plan: ClassPlan, place: Place | None) -> str:
        kind = self.wire(step.wire, step, place)
        repeat = step.attr.repeat
        if repeat is None:
            return kind
        count = integer(repeat.code) if repeat.kind == "expr" else None
        most = plan.spec.limits.get("repeat")
        known = count is not None and count >= 0 and (most is None or count <= most)
        return f"{self.need('Many')}({kind}{f', {count}' if known else ''})"

    def wire(self, wire: Wire, step: Step, place: Place | None) -> str:
        if isinstance(wire, Number):
            order = f", {wire.order!r}" if wire.order else ""
            return self.enumerated(step, f"{self.need('Number')}({wire.kind!r}, {wire.size}{order})")
        if isinstance(wire, Bits):
            return self.enumerated(step, self.bits(wire, place))
        if isinstance(wire, Bytes):
            return f"{self.need('Bytes')}({', '.join(self.cut(wire.shape))})"
        if isinstance(wire, Text):
            return (
                f"{self.need('Text')}({', '.join([repr(encodings.python_name(wire.encoding)), *self.cut(wire.shape)])})"
            )
        if isinstance(wire, User):
            return self.nested(wire)
        cases = list(dict.fromkeys(self.wire(case, step, None) for _, case in wire.cases))
        return f"{self.need('Switch')}(({', '.join(cases)},))"

    def enumerated(self, step: Step, text: str) -> str:
        if step.enum is None:
            return text
        return f"{self.need('Named')}({self.plan.class_names[step.enum]}, {text})"

    def bits(self, wire: Bits, place: Place | None) -> str:
        parts = [str(wire.width)]
        if wire.order != "be":
            parts.append(repr(wire.order))
        if place is not None and place.shift:
            parts.append(f"shift={place.shift}")
        if wire.boolean:
            parts.append("boolean=True")
        return f"{self.need('Bits')}({', '.join(parts)})"

    @staticmethod
    def cut(shape: Shape) -> list[str]:
        """What is cut off behind bytes of a known size."""
        if shape.size is None and not shape.eos:
            return []
        parts = []
        if shape.pad is not None:
            parts.append(f"pad={shape.pad}")
        if shape.term is not None:
            parts.append(f"term={shape.term!r}")
            if shape.include:
                parts.append("include=True")
            if shape.anywhere and len(shape.term) > 1:
                parts.append("anywhere=True")
        return parts

    def nested(self, wire: User) -> str:
        if isinstance(wire.target, str):
            return f"{self.need('Unknown')}()"
        name = self.plan.class_names[wire.target]
        parts = [name]
        if wire.shape is not None or "depth" in wire.target.limits:
            parts.append("apart=True")
        if wire.target not in self.plan.classes:
            parts.append(f"home={name.partition('.')[0]}")
        return f"{self.need('Nested')}({', '.join(parts)})"

    def computed(self, step: ValueStep) -> str:
        """The kind of what an expression gives."""
        assert step.attr.value is not None
        limits = bounds(step.attr.value.expr, self.module.types)
        return self.type(step.type, f", {limits[0]}, {limits[1]}" if limits is not None else "")

    def type(self, type_: Type, limits: str = "") -> str:
        if type_.kind == "int":
            return f"{self.need('Computed')}('int'{limits})"
        if type_.kind in _COMPUTED:
            return f"{self.need('Computed')}({type_.kind!r})"
        if type_.kind == "enum":
            number = f"{self.need('Computed')}('int'{limits})"
            return f"{self.need('Named')}({self.plan.class_names[type_.ref]}, {number})"
        if type_.kind == "bytes":
            return f"{self.need('Bytes')}()"
        if type_.kind == "str":
            return f"{self.need('Text')}()"
        if type_.kind == "user":
            return self.nested(User(type_.ref, (), None))
        if type_.kind == "array":
            return f"{self.need('Many')}({self.type(type_.ref)})"
        return f"{self.need('Unknown')}()"


def _processed(wire: Wire) -> bool:
    shape = shape_of(wire)
    return shape is not None and shape.process is not None


def needs(code: sc.Code, plan: ClassPlan, module: Module) -> tuple[str, ...] | None:
    """The fields that a condition of the frame reads, as paths of Python attributes; None where it reads more than
    plain numbers of the frame.
    """
    paths: dict[str, None] = {}
    stack = [code.expr]
    while stack:
        node = stack.pop()
        if isinstance(node, ex.Name | ex.Attribute) and not _to_number(node, module):
            path = _path(node, plan, module)
            if path is None:
                return None
            paths[path] = None
        elif isinstance(node, _PLAIN) or _to_number(node, module):
            stack.extend(ex.children(node))
        else:
            return None
    return tuple(sorted(paths))


#: What may stand in a condition whose fields are told, beside the names of fields.
_PLAIN = ex.Int | ex.Float | ex.Bool | ex.EnumLabel | ex.Unary | ex.Binary | ex.Compare | ex.Logic | ex.Choice


def _to_number(expr: ex.Expr, module: Module) -> bool:
    """Whether it is `x.to_i` of an enum or a boolean."""
    if not isinstance(expr, ex.Attribute | ex.Call) or expr.id != "to_i":
        return False
    kind = module.types.nodes.get(expr.value)
    return kind is not None and kind.kind in ("enum", "bool")


def _path(expr: ex.Expr, plan: ClassPlan, module: Module) -> str | None:
    """The path of a number that is a field of the frame, or of a type in it."""
    names: list[str] = []
    node = expr
    while True:
        member = module.types.members.get(node)
        if not isinstance(member, sc.Attr) or member.is_instance or member.repeat is not None:
            return None
        wire = module.types.names.wires.get(member)
        if not isinstance(wire, User if names else Number | Bits):
            return None
        names.append(module.expressions.plan.member_names[member])
        if isinstance(node, ex.Name):
            return ".".join(reversed(names)) if member in plan.spec.seq else None
        if not isinstance(node, ex.Attribute):
            return None
        node = node.value
