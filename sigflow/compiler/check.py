"""Whether everything fits: the type wanted at each place of the language, and the arguments that types are given.

Every expression of the schema is typed here, once; later phases only look up what was found.
"""

from __future__ import annotations

from dataclasses import replace

from sigflow.compiler import schema as sc
from sigflow.compiler.kinds import assignable, comparison
from sigflow.compiler.layout import integer
from sigflow.compiler.model import ANY, Bytes, Names, Switched, Text, Type, User, Wire, wires_of
from sigflow.compiler.problems import Problems, plural
from sigflow.compiler.satisfiable import impossible
from sigflow.compiler.types import Context, Types

_BUILT_IN = {"xor": ("int", "bytes"), "rol": ("int",), "ror": ("int",)}
_WORDS = {
    "int": "an integer",
    "bool": "a boolean",
    "str": "a string",
    "io": "a stream",
    "struct": "a structure",
    "bytes": "bytes",
}


def check(
    tops: dict[str, sc.ClassSpec], names: Names, types: Types, allowed: frozenset[str], problems: Problems
) -> None:
    """Check every class of these specs.  `allowed`: the modules that a custom `process` may come from."""
    checker = _Checker(names, types, allowed, problems)
    for top in tops.values():
        for spec in top.walk():
            checker.klass(spec)


class _Checker:
    def __init__(self, names: Names, types: Types, allowed: frozenset[str], problems: Problems) -> None:
        self.names = names
        self.types = types
        self.allowed = allowed
        self.problems = problems

    def want(self, code: sc.Code | None, context: Context, *kinds: str) -> Type:
        """Type an expression that has to be of one of these kinds."""
        if code is None:
            return ANY
        type_ = self.types.of(code, context)
        if type_.kind not in (*kinds, "any") and not ("struct" in kinds and type_.is_struct):
            self.problems.add("SF310", code.at(code.expr.at), f"expected {_WORDS[kinds[0]]}, got {type_}")
        return type_

    def klass(self, spec: sc.ClassSpec) -> None:
        context = Context(spec)
        if isinstance(spec.meta.endian, sc.Endian):
            on = self.types.of(spec.meta.endian.on, context)
            for case, _ in spec.meta.endian.cases:
                self.case(case, on, context)
        self.want(spec.to_string, context, "str")
        for attr in spec.attrs():
            self.want(attr.condition, context, "bool")
            if attr.value is not None:
                self.types.value(attr, spec)
            else:
                self.attr(attr, context)

    def attr(self, attr: sc.Attr, context: Context) -> None:
        self.want(attr.pos, context, "int")
        self.want(attr.io, context, "io")
        context = replace(context, indexed=attr.repeat is not None)  # what follows is evaluated for each element
        if evaluates_parent(attr, self.names):
            self.want(attr.parent, context, "struct")
        else:
            self.idle(attr.parent, context, "parent", "only an object of a type of your own has a parent")
        if evaluates_size(attr, self.names):
            self.size(attr, context)
        else:
            why = "`contents` say" if attr.contents is not None else "its type says"
            self.idle(attr.size, context, "size", f"{why} how long '{attr.id}' is")
        if attr.size is not None and attr.size_eos:
            place = replace(attr.key("size-eos"), path=attr.place.path)
            self.problems.add("SF407", place, "`size` and `size-eos` exclude each other")
        self.fixed(attr)
        wire = self.names.wires.get(attr)
        if wire is not None:
            self.wire(wire, attr, context)
        if attr.process is not None:
            self.process(attr.process, context)
        if attr.repeat is not None:
            self.repeat(attr, attr.repeat, context)
        if attr.valid is not None:
            self.valid(attr, attr.valid, context)

    def size(self, attr: sc.Attr, context: Context) -> None:
        size = self.want(attr.size, context, "int")
        constant = integer(attr.size)
        if constant is not None and constant < 0 and size.kind == "int":
            self.problems.add("SF406", attr.key("size"), f"a size is 0 or more, got {constant}")

    def idle(self, code: sc.Code | None, context: Context, key: str, why: str) -> None:
        """An expression that nothing evaluates: what is wrong in it harms no one."""
        if code is None:
            return
        known, self.types.problems = self.types.problems, Problems()
        try:
            self.types.of(code, context)
            mistakes = self.types.problems.sorted()
        finally:
            self.types.problems = known
        more = f" (and it is wrong: {mistakes[0].message})" if mistakes else ""
        self.problems.add("SF606", code.place, f"nothing evaluates this `{key}`: {why}{more}")

    def fixed(self, attr: sc.Attr) -> None:
        """What cannot stand beside `contents`, which is bytes and a check of their value in one."""
        if attr.contents is None:
            return
        if isinstance(self.names.wires.get(attr), User | Switched):
            self.problems.add("SF407", attr.key("contents"), "`contents` are bytes, which have no `type`")
        if "valid" in attr.key_places:
            place = replace(attr.key("valid"), path=attr.place.path)
            self.problems.add("SF407", place, "`contents` and `valid` exclude each other")

    def wire(self, wire: Wire, attr: sc.Attr, context: Context) -> None:
        if isinstance(wire, Switched):
            on = self.types.of(wire.on, context)
            for case, inner in wire.cases:
                self.case(case, on, context)
                self.wire(inner, attr, context)
        elif isinstance(wire, User) and isinstance(wire.target, sc.ClassSpec):
            self.arguments(wire, wire.target, attr, context)
        elif isinstance(wire, User):
            for argument in wire.arguments:
                self.types.of(argument, context)

    def case(self, case: sc.Code | None, on: Type, context: Context) -> None:
        if case is None:
            return
        type_ = self.types.of(case, context)
        mistake = comparison("==", on, type_)
        if mistake:
            self.problems.add("SF309", case.at(case.expr.at), mistake)

    def arguments(self, wire: User, target: sc.ClassSpec, attr: sc.Attr, context: Context) -> None:
        place = wire.arguments[0].place if wire.arguments else attr.key("type")
        if len(wire.arguments) != len(target.params):
            self.problems.add(
                "SF311",
                place,
                f"type '{target.title}' takes {plural(len(target.params), 'argument')}, got {len(wire.arguments)}",
            )
        for number, (argument, param) in enumerate(zip(wire.arguments, target.params, strict=False)):
            type_, wanted = self.types.of(argument, context), self.names.params.get(param, ANY)
            if not assignable(type_, wanted):
                place = argument.at(argument.expr.at)
                self.problems.add("SF312", place, f"argument {number + 1}, '{param.id}', is {wanted}, got {type_}")

    def process(self, process: sc.Process, context: Context) -> None:
        types_ = [self.types.of(sc.Code(process.scalar, item), context) for item in process.arguments]
        name = ".".join(process.path)
        if process.stuffing is not None:
            return
        if name == "zlib":
            if types_:
                self.problems.add("SF313", process.place, f"`zlib` takes no arguments, got {len(types_)}")
        elif name in _BUILT_IN:
            if len(types_) != 1 or types_[0].kind not in (*_BUILT_IN[name], "any"):
                shown = ", ".join(str(item) for item in types_) or "none"
                self.problems.add(
                    "SF313",
                    process.place,
                    f"`{name}` takes {' or '.join(_WORDS[kind] for kind in _BUILT_IN[name])}, got {shown}",
                )
        elif not allowed_import(name, self.allowed):
            self.problems.add(
                "SF314",
                process.place,
                f"custom process '{name}' is code that the parser imports; --allow-import {name} allows it",
            )

    def repeat(self, attr: sc.Attr, repeat: sc.Repeat, context: Context) -> None:
        if repeat.kind == "expr":
            self.want(repeat.code, replace(context, indexed=False), "int")
        elif repeat.kind == "until":
            self.want(repeat.code, replace(context, element=self.types.element(attr)), "bool")

    def valid(self, attr: sc.Attr, valid: sc.Valid, context: Context) -> None:
        element = self.types.element(attr)
        inner = replace(context, element=element)
        op = "<=" if valid.kind == "range" else "=="
        for code in valid.codes:
            if code is None:
                continue
            if valid.kind == "expr":
                self.want(code, inner, "bool")
                continue
            mistake = comparison(op, element, self.types.of(code, inner))
            if mistake:
                self.problems.add("SF309", code.at(code.expr.at), mistake)
        for place, why in impossible(attr, valid, self.names.wires.get(attr), self.types):
            self.problems.add("SF408", place, why)


def evaluates_size(attr: sc.Attr, names: Names) -> bool:
    """Whether reading a field looks at its `size`: not where `contents` or numbers have their own."""
    if attr.contents is not None:
        return False
    wire = names.wires.get(attr)
    wires = wires_of(wire)
    return wire is None or any(isinstance(inner, Bytes | Text | User) for inner in wires)


def evaluates_parent(attr: sc.Attr, names: Names) -> bool:
    """Whether reading a field makes an object, which has a parent."""
    wire = names.wires.get(attr)
    wires = wires_of(wire)
    return wire is None or any(isinstance(inner, User) for inner in wires)


def allowed_import(name: str, allowed: frozenset[str]) -> bool:
    """Whether a custom process, or the module or package it lies in, was allowed."""
    parts = name.split(".")
    return any(".".join(parts[:count]) in allowed for count in range(1, len(parts) + 1))


__all__ = ["allowed_import", "check", "evaluates_size"]
