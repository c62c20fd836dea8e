"""A Construct module of a spec, from the plan that its generated class is made of.

A type becomes a `Struct`, one with parameters a function that makes one, an enum a table.  Types stand in the order in
which they are needed; one that contains itself is bound when it is read.  What has no form in Construct is lost
(`losses`): the module is written again until nothing more is.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from sigflow.compiler import naming
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.construct import stream
from sigflow.compiler.emit.construct.expressions import Written
from sigflow.compiler.emit.construct.helpers import HELPERS
from sigflow.compiler.emit.construct.losses import Losses, Lost
from sigflow.compiler.emit.construct.names import IMPORTED, OF_CORE, Names, snake
from sigflow.compiler.emit.construct.printing import Code, Group, Member, call, lines, literal
from sigflow.compiler.emit.construct.structs import StructWriter
from sigflow.compiler.emit.construct.uses import Uses
from sigflow.compiler.emit.writer import Writer, comment
from sigflow.compiler.hints import Hints
from sigflow.compiler.plan import ClassPlan, Plan
from sigflow.compiler.types import Types
from sigflow.diagnostics import Place

#: Types inside each other that are followed.
DEEPEST = 60
#: Labels that are parameters of Construct's `Enum` itself.
_NO_LABELS = frozenset(("self", "subcon"))


@dataclass(frozen=True, slots=True)
class ConstructModule:
    """The module: its text; the name of its object; what was lost, with its places.

    left_out: fields that are not there, or are there as bytes, each as the path of its class and its id.
    text is empty where nothing of the spec can be carried over.
    """

    text: str
    name: str
    lost: tuple[tuple[Place, str], ...]
    left_out: frozenset[tuple[str, str]]


def construct_module(
    main: Plan, plans: Mapping[sc.ClassSpec, ClassPlan], types: Types, hints: Hints | None, refused: str = ""
) -> ConstructModule:
    """The Construct module of a spec.  plans: of all classes, also of what it imports.  refused: why the hints of the
    stream cannot stand beside the schema; they are lost then.
    """
    losses = Losses()
    unit = hints.unit if hints is not None else main.spec.top
    grouped: dict[sc.Attr, str] = {}
    while True:
        before = losses.count, len(grouped)
        module = Module(main, plans, types, unit, losses, grouped)
        text, name = module.text(hints, refused)
        if (losses.count, len(grouped)) == before:
            break
    left_out = frozenset((plans[module.uses.owner[attr]].qualified, attr.id) for attr in losses.fields)
    return ConstructModule(text, name, tuple(losses.listed()), left_out)


class Module:
    """One round of writing.  State: the definitions so far, and the classes that are being written."""

    def __init__(
        self,
        main: Plan,
        plans: Mapping[sc.ClassSpec, ClassPlan],
        types: Types,
        unit: sc.ClassSpec,
        losses: Losses,
        grouped: dict[sc.Attr, str],
    ) -> None:
        self.plan = main
        self.plans = plans
        self.types = types
        self.unit = unit
        self.losses = losses
        self.names = Names()
        self.uses = Uses(unit, types.names, types)
        self.expressions = Written(main, types, self.names, losses, grouped, unit is main.spec.top)
        self.parameters: dict[sc.Param, str] = {}
        self._open: list[sc.ClassSpec] = []
        self._done: set[sc.ClassSpec] = set()
        self._enums: dict[sc.Enum, str] = {}
        self._out = Writer()
        for spec in self.uses.below(unit):
            self.names.klass(spec)

    # ------------------------------------------------------------ what fields name

    def reference(self, spec: sc.ClassSpec, arguments: list[str]) -> Code:
        """A class as a field names it, with the arguments that it is handed."""
        if spec in self.losses.classes:
            raise Lost(self.losses.classes[spec], told=True)
        name = self.names.klass(spec)
        code: Code = call(name, *arguments) if spec.params else name
        if spec in self._open:
            return Group("LazyBound(lambda: ", (code,), ")")
        if spec not in self._done:
            self._class(spec)
        return code

    def enum(self, enum: sc.Enum) -> str:
        """The table of an enum."""
        if any(entry.id in _NO_LABELS for entry in enum.entries):
            raise Lost(f"the enum '{enum.id}' has a label that is a parameter of Construct's `Enum`")
        if enum not in self._enums:
            self._enums[enum] = self.names.enum(enum)
        return self._enums[enum]

    def _class(self, spec: sc.ClassSpec) -> None:
        if len(self._open) > DEEPEST:
            raise Lost(f"types inside each other, more than {DEEPEST}")
        self._open.append(spec)
        try:
            names = [self.names.param(param) for param in spec.params]
            self.parameters.update(zip(spec.params, names, strict=True))
            code = StructWriter(self, self.plans[spec]).write()
        except Lost as lost:
            self.losses.classes.setdefault(spec, lost.why)
            if not lost.told:
                self.losses.others.setdefault(lost.place or spec.place, f"the type '{spec.id}' is left out: {lost.why}")
            raise Lost(lost.why, told=True) from None
        finally:
            self._open.remove(spec)
        self._done.add(spec)
        out = self._out
        out()
        if spec.doc.text.strip():
            out(f"# {comment(spec.doc.text.strip().splitlines()[0])}")
        name = self.names.klass(spec)
        if spec.params:
            out()
            with out.block(f"def {name}({', '.join(names)}):"):
                for line in lines(code, 4, "return "):
                    out(line[4:])
            out()
        else:
            for line in lines(code, 0, f"{name} = "):
                out(line)

    # ------------------------------------------------------------ the whole

    def text(self, hints: Hints | None, refused: str) -> tuple[str, str]:
        """The text of the module, and the name of its object; both empty where nothing can be carried over."""
        top = self.plan.spec.top
        try:
            code = self._object(hints)
        except Lost as lost:
            if not lost.told:
                self.losses.others.setdefault(lost.place or self.unit.place, lost.why)
            return "", ""
        stream.note_others(self.uses.below(self.unit), self.losses)
        hinted = hints is not None and not refused
        if hints is not None:
            carrier = next(spec for spec in top.walk() if stream.HINT in spec.hints)
            if refused:
                self.losses.others.setdefault(
                    carrier.hint_keys[stream.HINT].place, f"the hints of the stream: {refused}"
                )
            else:
                code = call("sigflow.stream", code, *stream.keywords(carrier, self.losses))
        if isinstance(code, str):
            return self._whole(hinted), code
        name = naming.unique(snake(top.alias or top.id), self.names.taken)
        self._out()
        for line in lines(code, 0, f"{name} = "):
            self._out(line)
        return self._whole(hinted), name

    def _object(self, hints: Hints | None) -> Code:
        arguments = [self.expressions.text(code) for code in hints.arguments] if hints is not None else []
        if self.unit.params and not arguments:
            raise Lost(f"the type '{self.unit.id}' has parameters")
        return self.reference(self.unit, arguments)

    def _whole(self, streams: bool) -> str:
        body = self._out.text()
        tables = Writer()
        for enum, name in self._enums.items():
            entries = tuple(Member(f"{literal(entry.id)}: ", str(entry.value)) for entry in enum.entries)
            for line in lines(Group("{", entries, "}"), 0, f"{name} = "):
                tables(line)
        used = _named(body)
        helpers: list[str] = []
        for name, text in reversed(HELPERS.items()):
            if name in used:
                helpers.insert(0, text)
                used |= _named(text)
        out = Writer()
        out.doc(f"{self._title()}\n\nA Construct schema, made of {comment(self.plan.file)} by `sigflow convert-spec`.")
        out()
        _imports(out, used, streams)
        for text in helpers:
            out()
            out()
            for line in text.splitlines():
                out(line)
        if helpers:
            out()
        if self._enums:
            out()
            for line in tables.lines:
                out(line)
        for line in body.rstrip("\n").split("\n"):
            out(line)
        return out.text()

    def _title(self) -> str:
        top = self.plan.spec.top
        return comment(top.meta.title or top.alias or top.id)


def _named(text: str) -> set[str]:
    """The names in code."""
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def _imports(out: Writer, used: set[str], streams: bool) -> None:
    names = sorted(used & (IMPORTED - OF_CORE))
    code = ", ".join(names)
    if len(code) < 80:
        out(f"from construct import {code}")
    else:
        with out.block("from construct import ("):
            for name in names:
                out(f"{name},")
        out(")")
    if used & OF_CORE:
        out(f"from construct.core import {', '.join(sorted(used & OF_CORE))}")
    if streams:
        out()
        out("import sigflow")


__all__ = ["ConstructModule", "construct_module"]
