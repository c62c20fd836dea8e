"""Expressions of a spec for a Construct schema: of `this` where its operators can say it, else as a lambda.

`this` builds an expression that is evaluated later: `&`, `|` and `~` stand for `and`, `or` and `not`, and both sides
are always evaluated.  So where the right side might fail unless the left one holds, and for choices, methods and
streams, it is a lambda, which is plain Python.  The way back in (`construct.expressions`) knows the first alone.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable
from typing import ClassVar

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.construct.losses import Losses, Lost
from sigflow.compiler.emit.construct.names import Names
from sigflow.compiler.emit.construct.printing import literal
from sigflow.compiler.emit.expressions import (
    ATOM,
    BIT_AND,
    BIT_OR,
    CHOICE,
    COMPARE,
    POSTFIX,
    UNARY,
    Expressions,
    may_be_absent,
)
from sigflow.compiler.layout import constant
from sigflow.compiler.plan import Plan
from sigflow.compiler.types import Types

#: What a name of a field would hide, or be hidden by, as an attribute of Construct's containers.
_CONTAINER = frozenset(
    """
    clear copy fromkeys get items keys move_to_end pop popitem search search_all setdefault update values
    """.split()  # noqa: SIM905
)
#: What stands for a stream's methods in the module (`helpers`).
_STREAM = {"size": "stream_length", "pos": "position", "eof": "at_end"}
#: Methods that functions of Construct's expressions stand for.
_FUNCTIONS = {
    ("bytes", "length"): "len_", ("bytes", "size"): "len_", ("str", "length"): "len_", ("array", "size"): "len_",
    ("array", "min"): "min_", ("array", "max"): "max_", ("bytes", "min"): "min_", ("bytes", "max"): "max_",
}  # fmt: skip


class _Function(Exception):
    """The expression takes a function: `this` cannot say it."""


class Written(Expressions):
    """Expressions in the text of one module.

    State, set by `text`: where the expression at hand stands.
    """

    def __init__(
        self, plan: Plan, types: Types, names: Names, losses: Losses, grouped: dict[sc.Attr, str], rooted: bool
    ) -> None:
        """grouped: the group of each bit field that stands in one, beside the value that the spec has it as.  rooted:
        whether the root of the spec is read at all.
        """
        super().__init__(plan, types)
        self.names = names
        self.losses = losses
        self.grouped = grouped
        self.rooted = rooted
        self._item = ""
        self._base = "this"
        self._function = False
        self._lists: sc.Attr | None = None
        self._code: sc.Code | None = None

    # ------------------------------------------------------------ entry

    def text(self, code: sc.Code, item: str = "", hops: int = 0, lists: sc.Attr | None = None) -> str:
        """The expression as an argument of a construct.

        item: what `_` is: a field, or `obj` for an element of the list `lists`.  hops: how many contexts lie between
        the place where it is evaluated and the class that it was written in.
        """
        try:
            return self._written(code, item, hops, lists, False)
        except _Function:
            parameters = "obj, items, this" if lists is not None else "this"
            return f"lambda {parameters}: {self._written(code, item, hops, lists, True)}"

    def function(self, code: sc.Code, item: str, parameters: str) -> str:
        """The expression as the body of a lambda with these parameters."""
        return f"lambda {parameters}: {self._written(code, item, 0, None, True)}"

    def inside(self, code: sc.Code, item: str = "") -> str:
        """The expression as part of a lambda."""
        return self._written(code, item, 0, None, True)

    def _written(self, code: sc.Code, item: str, hops: int, lists: sc.Attr | None, function: bool) -> str:
        before = self._item, self._base, self._function, self._lists, self._code
        self._base = "this" + "._" * hops
        self._function, self._lists, self._code = function, lists, code
        self._item = item if not lists or function else "obj_"
        try:
            return self.code(code)
        except Lost as lost:
            raise Lost(lost.why, lost.place or code.place) from None
        finally:
            self._item, self._base, self._function, self._lists, self._code = before

    def simply(self, said: bool = False) -> None:
        """What follows is nothing that `this` can say, unless it is `said`."""
        if not self._function and not said:
            raise _Function

    # ------------------------------------------------------------ names

    def _name(self, expr: ex.Name) -> tuple[str, int]:
        if expr.id == "_sizeof":
            return str(self.types.sizes[expr]), ATOM
        if expr.id == "_":
            return self._element(), POSTFIX
        if expr.id in ("_parent", "_root", "_index", "_io", "_is_le"):
            self._plain_this()
        if expr.id == "_parent":
            return f"{self._base}._", POSTFIX
        if expr.id == "_root" and not self.rooted:
            raise Lost("the root of the spec, of which a frame is a part")
        if expr.id in ("_root", "_index"):
            return f"this.{expr.id}", POSTFIX
        if expr.id in ("_io", "_is_le"):
            return f"{self._base}.{expr.id}", POSTFIX
        member = self.types.members.get(expr)
        if member is None:
            raise Lost(f"'{expr.id}' has no meaning in Construct")
        if member is self._lists:
            self.simply()
            return "items", ATOM
        self._plain_this()
        return self.field(self._base, member, expr.id)

    def _element(self) -> str:
        if not self._item:
            raise Lost("'_' has no meaning there in Construct")
        return self._item

    def _plain_this(self) -> None:
        """`this` means the element where a list is read; a function is handed both."""
        if self._lists is not None:
            self.simply()

    def field(self, owner: str, member: sc.Attr | sc.Param | None, id: str) -> tuple[str, int]:
        if member is None:
            raise Lost(f"'{id}' is of a type that the spec does not have")
        if isinstance(member, sc.Attr) and member in self.losses.fields:
            left = "left as bytes" if member in self.losses.raw else "left out"
            raise Lost(f"'{id}' is {left}")
        name = self.names.key(member)
        if isinstance(member, sc.Attr) and member in self.grouped:
            return f"{owner}.{self.grouped[member]}{_step(name)}", POSTFIX
        return f"{owner}{_step(name)}", POSTFIX

    def method(self, expr: ex.Expr, value: ex.Expr, name: str, arguments: tuple[ex.Expr, ...]) -> tuple[str, int]:
        if expr in self.types.sizes:
            return str(self.types.sizes[expr]), ATOM
        kind = self.types.nodes[value].kind
        if kind == "io":
            self.simply()
            return f"{_STREAM[name]}(this, {self.at(value, CHOICE)})", ATOM
        if name in ("_parent", "_root"):
            if not outward(value):
                raise Lost(f"'{name}' of an object that was read")
            if name == "_root":
                return "this._root", POSTFIX
            return f"{self.at(value, POSTFIX)}._", POSTFIX
        if name == "_io":
            return f"{self.at(value, POSTFIX)}._io", POSTFIX
        if expr in self.types.members:
            return self.field(self.at(value, POSTFIX), self.types.members[expr], name)
        if not self._function:
            return self._without_function(value, kind, name)
        return super().method(expr, value, name, arguments)

    def _without_function(self, value: ex.Expr, kind: str, name: str) -> tuple[str, int]:
        function = _FUNCTIONS.get((kind, name))
        if function is not None:
            return f"{function}({self.at(value, CHOICE)})", ATOM
        if name in ("first", "last") and kind in ("array", "bytes"):
            return f"{self.at(value, POSTFIX)}[{0 if name == 'first' else -1}]", POSTFIX
        raise _Function

    # ------------------------------------------------------------ operators

    def _subscript(self, expr: ex.Subscript) -> tuple[str, int]:
        index = constant(expr.index)
        if not isinstance(index, int):
            self.simply()
        return super()._subscript(expr)

    def _list(self, expr: ex.ListOf) -> tuple[str, int]:
        if self.types.nodes[expr].kind != "bytes":
            self.simply()
        return super()._list(expr)

    def _unary(self, expr: ex.Unary) -> tuple[str, int]:
        if not self._function and expr.op == "not":
            return f"~{self.at(expr.value, UNARY)}", UNARY
        if expr.op == "~":
            self.simply()
        return super()._unary(expr)

    def _binary(self, expr: ex.Binary) -> tuple[str, int]:
        if expr.op == "<<" and integer_of(expr.right) is None:
            left, right = self.at(expr.left, 8), self.at(expr.right, 9)
            return f"{left} << {right}", 8
        return super()._binary(expr)

    def _logic(self, expr: ex.Logic) -> tuple[str, int]:
        if self._function:
            return super()._logic(expr)
        self.simply(self.certain(expr.right))
        own = BIT_AND if expr.op == "and" else BIT_OR
        sign = "&" if expr.op == "and" else "|"
        return f"{self.at(expr.left, own)} {sign} {self.at(expr.right, own + 1)}", own

    def certain(self, expr: ex.Expr) -> bool:
        """Whether an expression has a value whatever the bytes are."""
        return all(self._certain(node) for node in ex.walk(expr))

    def _certain(self, expr: ex.Expr) -> bool:
        member = self.types.members.get(expr)
        if isinstance(member, sc.Attr):
            return not may_be_absent(member, self.types) and member.condition is None
        if isinstance(expr, ex.Binary) and expr.op in ("/", "%", "<<", ">>"):
            divisor = integer_of(expr.right)
            return divisor is not None and divisor >= (expr.op in ("/", "%"))
        if isinstance(expr, ex.Attribute):
            return expr.id in ("length", "size", "_io", "_parent", "_root", "to_s", "pos", "eof")
        return not isinstance(expr, ex.Subscript | ex.Call)

    def _compare(self, expr: ex.Compare) -> tuple[str, int]:
        left, right = self.at(expr.left, COMPARE + 1), self.at(expr.right, COMPARE + 1)
        kinds = {self.types.nodes[part].kind for part in (expr.left, expr.right) if part in self.types.nodes}
        if "enum" in kinds and expr.op not in ("==", "!="):
            self.simply()
            left, right = f"int({left})", f"int({right})"
        elif isinstance(expr.right, ex.EnumLabel):
            right = self._label(expr.right)
        elif isinstance(expr.left, ex.EnumLabel):
            left = self._label(expr.left)
        return f"{left} {expr.op} {right}", COMPARE

    def _choice(self, expr: ex.Choice) -> tuple[str, int]:
        self.simply()
        return super()._choice(expr)

    def _format(self, expr: ex.Format) -> tuple[str, int]:
        self.simply()
        return super()._format(expr)

    def _label(self, expr: ex.EnumLabel) -> str:
        return literal(expr.label)

    def _enum_label(self, expr: ex.EnumLabel) -> tuple[str, int]:
        """A label as a value: the name, which knows its number."""
        entry = self.types.enums[expr].entry(expr.label)
        assert entry is not None  # (it was resolved)
        return f"EnumIntegerString.new({entry.value}, {literal(expr.label)})", POSTFIX

    NODES: ClassVar[dict[type[ex.Expr], Callable[..., tuple[str, int]]]] = {
        **Expressions.NODES,
        ex.Format: _format,
        ex.Name: _name,
        ex.Subscript: _subscript,
        ex.ListOf: _list,
        ex.Unary: _unary,
        ex.Binary: _binary,
        ex.Compare: _compare,
        ex.Logic: _logic,
        ex.Choice: _choice,
        ex.EnumLabel: _enum_label,
    }


def outward(expr: ex.Expr) -> bool:
    """Whether an expression leads to an object that the one at hand stands in."""
    while isinstance(expr, ex.Attribute) and expr.id in ("_parent", "_root"):
        expr = expr.value
    return isinstance(expr, ex.Name) and expr.id in ("_parent", "_root")


def integer_of(expr: ex.Expr) -> int | None:
    """The value of a constant integer, if it is one."""
    value = constant(expr)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _step(name: str) -> str:
    """A step of a path: `.name`, or in brackets what Python, or a container, has another meaning for."""
    if keyword.iskeyword(name) or name in _CONTAINER or not name.isidentifier():
        return f"[{literal(name)}]"
    return f".{name}"
