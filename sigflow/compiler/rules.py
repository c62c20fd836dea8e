"""The type of each kind of expression: which operators and methods fit, what names reach, which sizes are fixed.

`Rules` has what is found on the way; how the types of members come about is another matter (`types`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.kinds import combined, comparison, is_bytes
from sigflow.compiler.layout import Layout
from sigflow.compiler.methods import METHODS, element_of
from sigflow.compiler.model import ANY, BOOL, BYTES, FLOAT, INT, IO, STR, Names, Type, array_of
from sigflow.compiler.problems import Problems, plural
from sigflow.compiler.resolve import PURE_NUMBERS, Scope, _Resolver, bit_width


@dataclass(frozen=True, slots=True)
class Context:
    """Where an expression stands: the class, the types of `_` and `_on` where they have a meaning, and whether it is
    evaluated for each element of a list, which is where `_index` has one.
    """

    spec: sc.ClassSpec
    element: Type | None = None
    on: Type | None = None
    indexed: bool = False


class Mistake(Exception):
    """A mistake of the author inside an expression; `near`: what was written and what there is, for a suggestion."""

    def __init__(self, code: str, message: str, at: int, near: tuple[str, Iterable[str]] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.at = at
        self.near = near


#: What has a size.
_SIZED = ("int", "float", "bool", "enum", "bytes", "str", "user", "array")


class Rules(ABC):
    """The types found: of nodes by identity."""

    def __init__(self, names: Names, scope: Scope, opaque: bool, problems: Problems) -> None:
        self.names = names
        self.scope = scope
        self.problems = problems
        self.layout = Layout(names)
        self.nodes: dict[ex.Expr, Type] = {}
        #: The member that a name or an attribute access reaches.
        self.members: dict[ex.Expr, sc.Attr | sc.Param] = {}
        self.enums: dict[ex.Expr, sc.Enum] = {}
        #: The top-level class of the spec in which an enum's label is written.
        self.owners: dict[ex.Expr, sc.ClassSpec] = {}
        self.sizes: dict[ex.Expr, int] = {}
        self.casts: dict[ex.TypeName, Type] = {}
        self.resolver = _Resolver(scope, names, opaque, problems)
        #: The expressions being typed: the last is the one at hand.
        self.codes: list[sc.Code] = []
        #: How many nodes are being typed inside each other.
        self.level = 0

    @abstractmethod
    def member(self, member: sc.Attr | sc.Param, owner: sc.ClassSpec) -> Type:
        """The type of a field, instance or param, as an expression sees it."""

    @abstractmethod
    def parent(self, spec: sc.ClassSpec) -> Type:
        """The type of `_parent` in a class."""

    def type(self, expr: ex.Expr, context: Context) -> Type:
        """The type of a node; after a mistake, which is reported, `any`: it spoils nothing around it."""
        self.level += 1
        try:
            kind = _RULES[type(expr)](self, expr, context)
        except Mistake as mistake:
            self.problems.add(mistake.code, self.codes[-1].at(mistake.at), str(mistake), mistake.near)
            kind = ANY
        finally:
            self.level -= 1
        self.nodes[expr] = kind
        return kind

    def _constant(self, expr: ex.Expr, _context: Context) -> Type:
        return {ex.Int: INT, ex.Float: FLOAT, ex.Str: STR, ex.Bool: BOOL}[type(expr)]

    def _format(self, expr: ex.Format, context: Context) -> Type:
        for part in expr.parts:
            kind = self.type(part, context)
            if kind.kind not in ("int", "str", "any"):
                raise Mistake("SF304", f"an f-string takes integers and strings, got {kind}", part.at)
        return STR

    def _name(self, expr: ex.Name, context: Context) -> Type:
        special = _SPECIAL.get(expr.id)
        if special is not None:
            kind = special(self, context)
            if kind is None:
                raise Mistake("SF203", f"'{expr.id}' has no meaning here", expr.at)
            if expr.id == "_sizeof":
                self.sizes[expr] = self.class_size(context.spec, expr.at)
            return kind
        member = context.spec.member(expr.id)
        if member is None:
            if context.spec.broken:
                return ANY
            if not expr.id[0].islower() and expr.id[0] != "_":
                raise Mistake("SF116", f"invalid ID: '{expr.id}', expected /^[a-z][a-z0-9_]*$/", expr.at)
            near = (expr.id, context.spec.member_ids())
            raise Mistake("SF203", f"unknown field '{expr.id}' in type '{context.spec.title}'", expr.at, near)
        self.members[expr] = member
        self.names.used.add(member)
        try:
            return self.member(member, context.spec)
        except Mistake as mistake:
            raise Mistake(mistake.code, str(mistake), expr.at) from None

    def _attribute(self, expr: ex.Attribute, context: Context) -> Type:
        receiver = self.type(expr.value, context)
        return self.access(expr, receiver, expr.id, (), context)

    def _call(self, expr: ex.Call, context: Context) -> Type:
        receiver = self.type(expr.value, context)
        return self.access(expr, receiver, expr.id, expr.arguments, context)

    def access(
        self, expr: ex.Attribute | ex.Call, receiver: Type, name: str, arguments: tuple[ex.Expr, ...], context: Context
    ) -> Type:
        """The type of `receiver.name(arguments)`."""
        if receiver.kind == "any":
            for argument in arguments:
                self.type(argument, context)
            return ANY
        if name == "_sizeof" and receiver.kind in _SIZED:
            self.sizes[expr] = self.value_size(expr.value, receiver, expr.id_at)
            return INT
        if receiver.kind == "user":
            if isinstance(expr, ex.Call):
                raise Mistake("SF306", f"'{name}' is a member, which takes no arguments", expr.id_at)
            return self.user_access(expr, receiver.ref, name)
        method = METHODS.get((receiver.kind, name))
        if method is None:
            near = (name, (known for kind, known in METHODS if kind == receiver.kind))
            raise Mistake("SF305", f"{receiver} has no member or method '{name}'", expr.id_at, near)
        wanted, result = method
        if isinstance(expr, ex.Call) and not wanted:
            raise Mistake("SF306", f"'{name}' takes no arguments, and no parentheses", expr.id_at)
        required = [wanted_kind for wanted_kind in wanted if not wanted_kind.endswith("?")]
        if not len(required) <= len(arguments) <= len(wanted):
            least, most = plural(len(required), "argument"), len(wanted)
            shown = least if len(required) == most else f"{least} to {most}"
            raise Mistake("SF306", f"'{name}' takes {shown}, got {len(arguments)}", expr.id_at)
        for kind, argument in zip(wanted, arguments, strict=False):
            type_ = self.type(argument, context)
            if kind == "encoding":
                if not isinstance(argument, ex.Str):
                    raise Mistake(
                        "SF307",
                        f"'{name}' takes the name of an encoding as a literal string, got an expression",
                        argument.at,
                    )
                self.resolver.encoding(argument.value, self.codes[-1].at(argument.at))
            elif type_.kind not in (kind.rstrip("?"), "any"):
                raise Mistake("SF307", f"'{name}' takes {_article(kind.rstrip('?'))}, got {type_}", argument.at)
        return result if isinstance(result, Type) else result(receiver)

    def user_access(self, expr: ex.Attribute | ex.Call, spec: sc.ClassSpec, name: str) -> Type:
        """The type of a member of an object of a class."""
        if name == "_root":
            return Type("user", spec.top)
        if name == "_parent":
            return self.parent(spec)
        if name == "_io":
            return IO
        member = spec.member(name)
        if member is None:
            if spec.broken:
                return ANY
            near = (name, spec.member_ids())
            raise Mistake("SF203", f"unknown field '{name}' in type '{spec.title}'", expr.id_at, near)
        self.members[expr] = member
        self.names.used.add(member)
        try:
            return self.member(member, spec)
        except Mistake:
            return ANY  # the same instance of another object, as in `_parent.depth + 1`: the rest tells its type

    def _subscript(self, expr: ex.Subscript, context: Context) -> Type:
        receiver = self.type(expr.value, context)
        index = self.type(expr.index, context)
        if index.kind not in ("int", "any"):
            raise Mistake("SF307", f"an index is an integer, got {index}", expr.index.at)
        if receiver.kind == "array":
            return element_of(receiver)
        if receiver.kind in ("bytes", "any"):
            return INT if receiver.kind == "bytes" else ANY
        raise Mistake("SF305", f"{receiver} has no elements", expr.at)

    def _list(self, expr: ex.ListOf, context: Context) -> Type:
        items = [self.type(item, context) for item in expr.items]
        if is_bytes(expr):
            return BYTES
        if not items:
            raise Mistake("SF308", "a list without elements has no type", expr.at)
        if any(item.kind == "array" for item in items):
            # A row of small numbers is bytes by itself, and one of a table among others.
            items = [
                array_of(INT) if item == BYTES and isinstance(row, ex.ListOf) else item
                for item, row in zip(items, expr.items, strict=True)
            ]
        return array_of(_one_kind(items, "the elements of a list", expr.at))

    def _unary(self, expr: ex.Unary, context: Context) -> Type:
        kind = self.type(expr.value, context)
        wanted = {"not": ("bool",), "-": ("int", "float"), "~": ("int",)}[expr.op]
        if kind.kind not in (*wanted, "any"):
            raise Mistake("SF308", f"'{expr.op}' takes {_article(wanted[0])}, got {kind}", expr.value.at)
        return kind if kind.kind != "any" else (BOOL if expr.op == "not" else ANY)

    def _binary(self, expr: ex.Binary, context: Context) -> Type:
        left, right = self.type(expr.left, context), self.type(expr.right, context)
        kinds = {left.kind, right.kind}
        if "any" in kinds:
            return left if right.kind == "any" else right
        if kinds == {"str"} and expr.op == "+":
            return STR
        if kinds == {"int"}:
            return INT
        if kinds <= {"int", "float"} and expr.op in "+-*/%":
            return FLOAT
        raise Mistake("SF308", f"'{expr.op}' does not take {left} and {right}", expr.at)

    def _compare(self, expr: ex.Compare, context: Context) -> Type:
        left, right = self.type(expr.left, context), self.type(expr.right, context)
        mistake = comparison(expr.op, left, right)
        if mistake:
            raise Mistake("SF309", mistake, expr.at)
        return BOOL

    def _logic(self, expr: ex.Logic, context: Context) -> Type:
        for side in (expr.left, expr.right):
            kind = self.type(side, context)
            if kind.kind not in ("bool", "any"):
                raise Mistake("SF308", f"'{expr.op}' takes booleans, got {kind}", side.at)
        return BOOL

    def _choice(self, expr: ex.Choice, context: Context) -> Type:
        condition = self.type(expr.condition, context)
        if condition.kind not in ("bool", "any"):
            raise Mistake("SF308", f"the condition of '?:' is a boolean, got {condition}", expr.condition.at)
        return _one_kind(
            [self.type(expr.yes, context), self.type(expr.no, context)], "both values of '?:'", expr.yes.at
        )

    def _cast(self, expr: ex.Cast, context: Context) -> Type:
        target = self.casts.get(expr.type)
        if target is None:
            _plain(expr.type, 1)
            target = self._cast_target(sc.TypeRef(self.codes[-1].scalar, expr.type), context)
            for _ in range(expr.type.arrays):
                target = array_of(target)
            self.casts[expr.type] = target
        literal = expr.value if isinstance(expr.value, ex.ListOf) and target.kind in ("array", "bytes") else None
        if literal is None or literal.items:
            self.type(expr.value, context)
        if literal is not None and (not literal.items or is_bytes(literal)):
            self.nodes[literal] = target  # `[1, 2].as<u1[]>` says that these are no bytes, but numbers
        return target

    def _cast_target(self, ref: sc.TypeRef, context: Context) -> Type:
        quiet = Problems()
        resolver = _Resolver(self.scope, self.names, self.resolver.opaque, quiet)
        target = resolver.pure(ref, ref.name, context.spec)
        if target is None:
            if self.scope.lost(ref.name.path):
                return ANY
            written = "::".join(ref.name.path)
            near = (written, self.scope.type_names(context.spec))
            raise Mistake("SF204", f"unknown type '{written}'", ref.name.at, near)
        return target

    def _size_of(self, expr: ex.SizeOf, context: Context) -> Type:
        bits = self.type_bits(expr.type, context)
        if bits is None:
            raise Mistake("SF405", f"the size of type '{expr.type}' is not fixed", expr.at)
        self.sizes[expr] = bits if expr.bits else (bits + 7) // 8
        return INT

    def type_bits(self, name: ex.TypeName, context: Context) -> int | None:
        """The fixed size of a named type, in bits."""
        _plain(name, 0)
        text = name.path[0] if len(name.path) == 1 else ""
        if text in _BUILT_IN_BITS:
            return _BUILT_IN_BITS[text]
        width = bit_width(text)
        if width is not None:
            return width
        spec = self.scope.find_type(name.path, context.spec)
        if spec is None:
            written = "::".join(name.path)
            near = (written, self.scope.type_names(context.spec))
            raise Mistake("SF204", f"unknown type '{written}'", name.at, near)
        self.names.used.add(spec)
        return self.layout.class_bits(spec)

    def class_size(self, spec: sc.ClassSpec, at: int) -> int:
        """The fixed size of a class, in bytes."""
        bits = self.layout.class_bits(spec)
        if bits is None:
            raise Mistake("SF405", f"the size of type '{spec.title}' is not fixed", at)
        return (bits + 7) // 8

    def value_size(self, value: ex.Expr, receiver: Type, at: int) -> int:
        """The fixed size of what `value` was read from, in bytes."""
        member = self.members.get(value)
        bits: int | None = None
        if isinstance(member, sc.Attr) and member.value is None:
            wire = self.names.wires.get(member)
            bits = (
                self.layout.wire_bits(wire)
                if wire is not None and member.repeat is None
                else self.layout.attr_bits(member)
            )
        elif receiver.kind == "user":
            bits = self.layout.class_bits(receiver.ref)
        if bits is None:
            name = member.id if member is not None else str(receiver)
            raise Mistake("SF405", f"the size of '{name}' is not fixed", at)
        return (bits + 7) // 8

    def _enum_label(self, expr: ex.EnumLabel, context: Context) -> Type:
        enum = self.scope.find_enum((*expr.path, expr.enum), context.spec)
        if enum is None:
            if self.scope.lost((*expr.path, expr.enum)):
                return ANY
            written = "::".join((*expr.path, expr.enum))
            near = (written, self.scope.enum_names(context.spec))
            raise Mistake("SF205", f"unknown enum '{written}'", expr.at, near)
        if enum.entry(expr.label) is None and not enum.broken:
            labels = (entry.id for entry in enum.entries)
            raise Mistake(
                "SF207", f"enum '{enum.id}' has no member '{expr.label}'", expr.label_at, (expr.label, labels)
            )
        self.names.used.add(enum)
        self.enums[expr] = enum
        self.owners[expr] = context.spec.top
        return Type("enum", enum)


_BUILT_IN_BITS = {name: 8 * int(name[1:]) for name in PURE_NUMBERS}
_SPECIAL: dict[str, Callable[[Rules, Context], Type | None]] = {
    "_": lambda rules, context: context.element,
    "_on": lambda rules, context: context.on,
    "_io": lambda rules, context: IO,
    "_root": lambda rules, context: Type("user", context.spec.top),
    "_parent": lambda rules, context: rules.parent(context.spec),
    "_index": lambda rules, context: INT if context.indexed else None,
    "_sizeof": lambda rules, context: INT,
}
_RULES: dict[type[ex.Expr], Callable[..., Type]] = {
    ex.Int: Rules._constant,
    ex.Float: Rules._constant,
    ex.Str: Rules._constant,
    ex.Bool: Rules._constant,
    ex.Format: Rules._format,
    ex.Name: Rules._name,
    ex.Attribute: Rules._attribute,
    ex.Call: Rules._call,
    ex.Subscript: Rules._subscript,
    ex.ListOf: Rules._list,
    ex.Unary: Rules._unary,
    ex.Binary: Rules._binary,
    ex.Compare: Rules._compare,
    ex.Logic: Rules._logic,
    ex.Choice: Rules._choice,
    ex.Cast: Rules._cast,
    ex.SizeOf: Rules._size_of,
    ex.EnumLabel: Rules._enum_label,
}


def _plain(name: ex.TypeName, arrays: int) -> None:
    """Refuse a type written with what has no meaning where a value is spoken of: arguments, too many brackets."""
    if name.called or name.arrays > arrays:
        wanted = "the name of a type, or a list of it" if arrays else "the name of a type"
        raise Mistake("SF302", f"expected {wanted}, without arguments", name.at)


def _one_kind(types: list[Type], what: str, at: int) -> Type:
    kind = combined(types)
    if kind is None:
        shown = " and ".join(dict.fromkeys(map(str, types)))
        raise Mistake("SF308", f"{what} are of one kind, got {shown}", at)
    return kind


def _article(kind: str) -> str:
    return {"int": "an integer", "bool": "a boolean", "str": "a string", "float": "a float"}.get(kind, kind)
