"""What all hints are read with: keys, numbers, names of fields, and expressions of the type they speak of."""

from __future__ import annotations

from collections.abc import Iterable

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.hints.model import Hints
from sigflow.compiler.model import Names
from sigflow.compiler.problems import Problems
from sigflow.compiler.scalars import code_in
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence
from sigflow.compiler.types import Context, Types
from sigflow.diagnostics import Place


class Reader:
    """Reads hints of one spec."""

    def __init__(self, spec: sc.Spec, names: Names, types: Types, problems: Problems) -> None:
        self.file = spec
        self.names = names
        self.types = types
        self.problems = problems

    def bad(self, node: Node | sc.Attr, message: str, code: str = "SF502") -> None:
        self.problems.add(code, node.place, message)

    def keys(self, node: Mapping, legal: tuple[str, ...], what: str) -> None:
        for key, _ in node:
            if key.text not in legal:
                self.problems.add(
                    "SF501", key, f"unknown key '{key.text}' of {what}, expected: {', '.join(legal)}", (key.text, legal)
                )

    def expression(self, node: Node | None, context: Context, *kinds: str) -> sc.Code | None:
        """The expression in a hint, typed; a field that it does not know is reported where it stands."""
        if node is None:
            return None
        if isinstance(node, Mapping) and node.get("expr") is not None:
            self.keys(node, ("expr",), "an expression")
            return self.expression(node.get("expr"), context, *kinds)
        code = code_in(node, self.problems)
        if code is None:
            return None
        if isinstance(code.expr, ex.Name) and self.misspelt(code.expr.id, context):
            self.unknown(code.expr.id, code.place, context.spec.member_ids())
            return None
        type_ = self.types.of(code, context)
        if kinds and type_.kind not in (*kinds, "any"):
            self.bad(node, f"expected {' or '.join(kinds)}, got {type_}")
        return code

    @staticmethod
    def misspelt(id: str, context: Context) -> bool:
        """Whether a lone name is no field at all."""
        return not id.startswith("_") and context.spec.member(id) is None and not context.spec.broken

    def unknown(self, id: str, place: Place, known: Iterable[str]) -> None:
        self.problems.add("SF508", place, f"unknown field '{id}'", (id, known))

    def no_field(self, id: str, spec: sc.ClassSpec, place: Place) -> None:
        """Report an id, or a path, that is none of a class's own fields."""
        first = id.partition(".")[0].strip()
        if "." in id and any(attr.id == first for attr in spec.seq):
            self.problems.add("SF502", place, f"expected a field of the frame itself, got the path '{id}'")
        elif spec.member(id) is not None:
            kind = "an instance" if id in spec.instances else "a param"
            text = f"'{id}' is {kind}, which has no place of its own in a frame; name the fields that it is made of"
            self.problems.add("SF502", place, text)
        elif not spec.broken:
            self.unknown(id, place, [attr.id for attr in spec.seq])

    def integer(self, node: Node | None, least: int, most: int = 1 << 63) -> int | None:
        if node is None:
            return None
        value = node.integer if isinstance(node, Scalar) else None
        if value is None or not least <= value <= most:
            wanted = f"of at least {least}" if value is None or value < least else f"of at most {most}"
            self.bad(node, f"expected an integer {wanted}, got {node.describe()}")
            return None
        return value

    def field(self, node: Node | None, hints: Hints) -> sc.Attr | None:
        """The field of the unit's own `seq` that a hint names."""
        if not isinstance(node, Scalar):
            if node is not None:
                self.bad(node, f"expected a field, got {node.describe()}")
            return None
        return self.named(node.text, node.place, hints)

    def named(self, id: str, place: Place, hints: Hints) -> sc.Attr | None:
        attr_ = next((attr for attr in hints.unit.seq if attr.id == id), None)
        if attr_ is None:
            self.no_field(id, hints.unit, place)
            return None
        hints.mentioned.add(id)
        return attr_

    def literal(self, node: Node) -> bytes | None:
        """Bytes as a hint says them: a text, a byte, or a list of bytes."""
        if isinstance(node, Sequence):
            values = [item.integer if isinstance(item, Scalar) else None for item in node.items]
            if all(value is not None and 0 <= value <= 255 for value in values):
                return bytes(value for value in values if value is not None)
        elif isinstance(node, Scalar) and not node.is_null:
            value = node.integer
            if value is not None and 0 <= value <= 255:
                return bytes((value,))
            return node.text.encode("utf-8", "surrogatepass")
        self.bad(node, f"expected a string or a list of bytes, got {node.describe()}")
        return None
