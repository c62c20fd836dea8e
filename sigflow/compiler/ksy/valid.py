"""What the value of an attribute must be: `valid`."""

from __future__ import annotations

from collections.abc import Callable

from sigflow.compiler import schema as sc
from sigflow.compiler.ksy.values import Values
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence


class ValidReader(Values):
    """Reads `valid`."""

    def valid(self, node: Node | None, enum: Node | None) -> sc.Valid | None:
        if node is None:
            return None
        if not isinstance(node, Mapping):
            code = self.code(node)
            return sc.Valid("eq", (code,), node.place) if code is not None else None
        self.keys(node, self._VALID)
        kinds = {key.text: key for key, _ in node if not key.text.startswith("-")}
        for kind, make in self._VALID.items():
            if kind in kinds:
                form = ("min", "max") if kind in ("min", "max") else (kind,)
                for other, key in kinds.items():
                    if other in self._VALID and other not in form:
                        self.problems.add("SF126", key, f"`valid` has one form: `{other}` does not go with `{kind}`")
                return make(self, node, enum)
        if not kinds:
            self.problems.add("SF126", node.place, "expected one of eq, min, max, any-of, in-enum, expr")
        return None

    def _valid_eq(self, node: Mapping, _enum: Node | None) -> sc.Valid | None:
        code = self.code(node.get("eq"))
        return sc.Valid("eq", (code,), node.place) if code is not None else None

    def _valid_range(self, node: Mapping, _enum: Node | None) -> sc.Valid | None:
        return sc.Valid("range", (self.code(node.get("min")), self.code(node.get("max"))), node.place)

    def _valid_any(self, node: Mapping, _enum: Node | None) -> sc.Valid | None:
        listed = node.get("any-of")
        codes = [code for item in self.items(listed, "any-of") if (code := self.code(item))]
        return sc.Valid("any-of", tuple(codes), node.place) if isinstance(listed, Sequence) else None

    def _valid_enum(self, node: Mapping, enum: Node | None) -> sc.Valid | None:
        value = node.get("in-enum")
        place = value.place if value is not None else node.place
        if not isinstance(value, Scalar) or value.boolean is not True:
            shown = value.describe() if value is not None else "nothing"
            self.problems.add("SF127", place, f"only `true` is a value of `in-enum`, got {shown}")
            return None
        if enum is None:
            self.problems.add("SF127", place, "`in-enum` needs the key `enum`")
            return None
        return sc.Valid("in-enum", (), place)

    def _valid_expr(self, node: Mapping, _enum: Node | None) -> sc.Valid | None:
        code = self.code(node.get("expr"))
        return sc.Valid("expr", (code,), node.place) if code is not None else None

    _VALID: dict[str, Callable[[ValidReader, Mapping, Node | None], sc.Valid | None]] = {  # noqa: RUF012  # a table
        "eq": _valid_eq,
        "min": _valid_range,
        "max": _valid_range,
        "any-of": _valid_any,
        "in-enum": _valid_enum,
        "expr": _valid_expr,
    }
