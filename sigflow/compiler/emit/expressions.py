"""Expressions of a spec as Python, with as few parentheses as Python needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sigflow.compiler import encodings, naming
from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.layout import constant
from sigflow.compiler.model import Switched
from sigflow.compiler.plan import Plan
from sigflow.compiler.types import Types

#: Python's precedences, low to high.
CHOICE, OR, AND, NOT, COMPARE, BIT_OR, BIT_XOR, BIT_AND, SHIFT, SUM, PRODUCT, UNARY, POSTFIX, ATOM = range(14)
_BINARY = {
    "|": BIT_OR,
    "^": BIT_XOR,
    "&": BIT_AND,
    "<<": SHIFT,
    ">>": SHIFT,
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
    "%": PRODUCT,
}
_SPECIAL = {
    "_io": "self._io",
    "_root": "self._root",
    "_parent": "self._parent",
    "_": "_",
    "_on": "on",
    "_index": "i",
    "_is_le": "self._is_le",
}
#: Methods by (kind of receiver, name): a template for the receiver and its arguments, and the template's precedence.
_METHODS: dict[tuple[str, str], tuple[str, int]] = {
    ("bytes", "length"): ("len({0})", ATOM),
    ("bytes", "size"): ("len({0})", ATOM),
    ("bytes", "first"): ("{0}[0]", POSTFIX),
    ("bytes", "last"): ("{0}[-1]", POSTFIX),
    ("bytes", "min"): ("min({0})", ATOM),
    ("bytes", "max"): ("max({0})", ATOM),
    ("bytes", "index_of"): ("{0}.find({1})", POSTFIX),
    ("int", "to_s"): ("str({0})", ATOM),
    ("float", "to_i"): ("int({0})", ATOM),
    ("str", "length"): ("len({0})", ATOM),
    ("str", "reverse"): ("{0}[::-1]", POSTFIX),
    ("str", "to_i"): ("int({0})", ATOM),
    ("str", "substring"): ("{0}[{1}:{2}]", POSTFIX),
    ("bool", "to_i"): ("int({0})", ATOM),
    ("enum", "to_i"): ("int({0})", ATOM),
    ("array", "first"): ("{0}[0]", POSTFIX),
    ("array", "last"): ("{0}[-1]", POSTFIX),
    ("array", "size"): ("len({0})", ATOM),
    ("array", "min"): ("min({0})", ATOM),
    ("array", "max"): ("max({0})", ATOM),
    ("io", "size"): ("{0}.size()", POSTFIX),
    ("io", "pos"): ("{0}.pos()", POSTFIX),
    ("io", "eof"): ("{0}.is_eof()", POSTFIX),
}
#: A shift by more than this that is not a constant is asked for by the wire, and bounded at run time.
_SAFE_SHIFT = 64


class Expressions:
    """Turns trees into text; which module's names it uses is the plan's matter."""

    def __init__(self, plan: Plan, types: Types) -> None:
        self.plan = plan
        self.types = types
        #: Fields that the code at hand has in local variables.
        self.local: dict[sc.Attr, str] = {}
        #: Whether a field that may be no attribute of its object is None where it is none.
        self.lenient = False
        #: How to name something of the runtime; the module sets it.
        self.need: Callable[[str], str] = lambda name: name

    def code(self, code: sc.Code | None) -> str:
        """The text of an expression."""
        assert code is not None
        return self.at(code.expr, CHOICE)

    def at(self, expr: ex.Expr, precedence: int) -> str:
        """The text of a node where the surroundings bind as strongly as `precedence`."""
        text, own = self.node(expr)
        return f"({text})" if own < precedence else text

    def node(self, expr: ex.Expr) -> tuple[str, int]:
        """The text of a node and how strongly it binds."""
        if not isinstance(expr, ex.Int | ex.Float | ex.Str | ex.Bool):
            value = constant(expr)
            if value is not None and not isinstance(value, str):
                return literal(value)
        return self.NODES[type(expr)](self, expr)

    # ------------------------------------------------------------ nodes

    def _literal(self, expr: ex.Int | ex.Float | ex.Str | ex.Bool) -> tuple[str, int]:
        return literal(expr.value)

    def _format(self, expr: ex.Format) -> tuple[str, int]:
        parts = []
        for part in expr.parts:
            if isinstance(part, ex.Str):
                if part.value:
                    parts.append(repr(part.value))
            elif self.types.nodes[part].kind == "str":
                parts.append(self.at(part, SUM))
            else:
                parts.append(f"str({self.at(part, CHOICE)})")
        return (" + ".join(parts), SUM if len(parts) > 1 else UNARY) if parts else ('""', ATOM)

    def _name(self, expr: ex.Name) -> tuple[str, int]:
        if expr.id == "_sizeof":
            return str(self.types.sizes[expr]), ATOM
        if expr.id in _SPECIAL:
            return _SPECIAL[expr.id], POSTFIX
        member = self.types.members.get(expr)
        if isinstance(member, sc.Attr) and member in self.local:
            return self.local[member], ATOM
        return self.field("self", member, expr.id)

    def field(self, owner: str, member: sc.Attr | sc.Param | None, id: str) -> tuple[str, int]:
        """A field of an object."""
        # (Of an opaque type nothing is known but what it would be called.)
        name = self.plan.member_names[member] if member is not None else naming.attribute(id)
        if self.lenient and isinstance(member, sc.Attr) and may_be_absent(member, self.types):
            return f"getattr({owner}, {name!r}, None)", ATOM
        return f"{owner}.{name}", POSTFIX

    def _attribute(self, expr: ex.Attribute) -> tuple[str, int]:
        return self.method(expr, expr.value, expr.id, ())

    def _call(self, expr: ex.Call) -> tuple[str, int]:
        return self.method(expr, expr.value, expr.id, expr.arguments)

    def method(self, expr: ex.Expr, value: ex.Expr, name: str, arguments: tuple[ex.Expr, ...]) -> tuple[str, int]:
        """A member or a method of a receiver."""
        if expr in self.types.sizes:
            return str(self.types.sizes[expr]), ATOM
        kind = self.types.nodes[value].kind
        if name in ("to_s", "to_b") and kind in ("bytes", "str"):
            encoding = arguments[0].value if isinstance(arguments[0], ex.Str) else ""
            verb = "decode" if kind == "bytes" else "encode"
            return f"{self.at(value, POSTFIX)}.{verb}({encodings.python_name(encoding)!r})", POSTFIX
        if (kind, name) == ("str", "to_i") and arguments:
            return f"int({self.at(value, CHOICE)}, {self.at(arguments[0], CHOICE)})", ATOM
        method = _METHODS.get((kind, name))
        if method is None and name in _SPECIAL:
            return f"{self.at(value, POSTFIX)}.{name}", POSTFIX
        if method is None:
            return self.field(self.at(value, POSTFIX), self.types.members.get(expr), name)
        template, precedence = method
        inner = CHOICE if precedence == ATOM else POSTFIX
        return template.format(
            self.at(value, inner), *(self.at(argument, CHOICE) for argument in arguments)
        ), precedence

    def _subscript(self, expr: ex.Subscript) -> tuple[str, int]:
        return f"{self.at(expr.value, POSTFIX)}[{self.at(expr.index, CHOICE)}]", POSTFIX

    def _list(self, expr: ex.ListOf) -> tuple[str, int]:
        if self.types.nodes[expr].kind == "bytes":
            return repr(bytes(item.value for item in expr.items if isinstance(item, ex.Int))), ATOM
        return f"[{', '.join(self.at(item, CHOICE) for item in expr.items)}]", ATOM

    def _unary(self, expr: ex.Unary) -> tuple[str, int]:
        if expr.op == "not":
            return f"not {self.at(expr.value, NOT)}", NOT
        return f"{expr.op}{self.at(expr.value, UNARY)}", UNARY

    def _binary(self, expr: ex.Binary) -> tuple[str, int]:
        op, own = expr.op, _BINARY[expr.op]
        right = constant(expr.right)
        if op == "<<" and not (isinstance(right, int) and right <= _SAFE_SHIFT):
            return f"{self.need('shifted')}({self.at(expr.left, CHOICE)}, {self.at(expr.right, CHOICE)})", ATOM
        if op == "/" and self.types.nodes[expr].kind == "int":
            op = "//"
        return f"{self.at(expr.left, own)} {op} {self.at(expr.right, own + 1)}", own

    def _compare(self, expr: ex.Compare) -> tuple[str, int]:
        return f"{self.at(expr.left, COMPARE + 1)} {expr.op} {self.at(expr.right, COMPARE + 1)}", COMPARE

    def _logic(self, expr: ex.Logic) -> tuple[str, int]:
        own = AND if expr.op == "and" else OR
        return f"{self.at(expr.left, own)} {expr.op} {self.at(expr.right, own + 1)}", own

    def _choice(self, expr: ex.Choice) -> tuple[str, int]:
        return f"{self.at(expr.yes, OR)} if {self.at(expr.condition, OR)} else {self.at(expr.no, CHOICE)}", CHOICE

    def _cast(self, expr: ex.Cast) -> tuple[str, int]:
        return self.node(expr.value)

    def _size_of(self, expr: ex.SizeOf) -> tuple[str, int]:
        return str(self.types.sizes[expr]), ATOM

    def label(self, expr: ex.EnumLabel) -> str:
        """The Python name of an enum's label."""
        return self.plan.labels[self.types.enums[expr]][expr.label]

    def _enum_label(self, expr: ex.EnumLabel) -> tuple[str, int]:
        return f"{self.plan.class_names[self.types.enums[expr]]}.{self.label(expr)}", POSTFIX

    NODES: ClassVar[dict[type[ex.Expr], Callable[..., tuple[str, int]]]] = {
        ex.Int: _literal,
        ex.Float: _literal,
        ex.Str: _literal,
        ex.Bool: _literal,
        ex.Format: _format,
        ex.Name: _name,
        ex.Attribute: _attribute,
        ex.Call: _call,
        ex.Subscript: _subscript,
        ex.ListOf: _list,
        ex.Unary: _unary,
        ex.Binary: _binary,
        ex.Compare: _compare,
        ex.Logic: _logic,
        ex.Choice: _choice,
        ex.Cast: _cast,
        ex.SizeOf: _size_of,
        ex.EnumLabel: _enum_label,
    }


def may_be_absent(attr: sc.Attr, types: Types) -> bool:
    """Whether a field may not be there: by its `if`, or because no case of its switch applies."""
    wire = types.names.wires.get(attr)
    open_ended = isinstance(wire, Switched) and all(on is not None for on, _ in wire.cases)
    return not attr.is_instance and (attr.condition is not None or (open_ended and attr.repeat is None))


def literal(value: int | float | str | bool) -> tuple[str, int]:
    """A literal value as Python."""
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return f'float("{value}")', ATOM
    negative = isinstance(value, int | float) and not isinstance(value, bool) and value < 0
    return _quoted(value) if isinstance(value, str) else repr(value), UNARY if negative else ATOM


def _quoted(text: str) -> str:
    """A string literal in double quotes where that needs no more escapes."""
    shown = repr(text)
    if shown[0] == "'" and '"' not in shown:
        return f'"{shown[1:-1]}"'
    return shown
