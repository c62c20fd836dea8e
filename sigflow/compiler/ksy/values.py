"""The values of keys: texts, flags, numbers, identifiers, expressions; what is none is reported."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sigflow.compiler import schema as sc
from sigflow.compiler.problems import Problems
from sigflow.compiler.scalars import code_in, type_in
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence

_ID = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)


class Values:
    """Reads the values of one file; the only state is where problems go."""

    def __init__(self, file: str, problems: Problems) -> None:
        self.file = file
        self.problems = problems

    def text(self, node: Node | None, default: str = "") -> str:
        if node is None:
            return default
        if isinstance(node, Scalar) and not node.is_null:
            return node.text
        self.problems.add("SF112", node.place, f"expected a string, got {node.describe()}")
        return default

    def flag(self, node: Node | None, default: bool) -> bool:
        if node is None:
            return default
        if isinstance(node, Scalar) and node.boolean is not None:
            return node.boolean
        self.problems.add("SF113", node.place, f"expected true or false, got {node.describe()}")
        return default

    def byte(self, node: Node) -> int | None:
        value = node.integer if isinstance(node, Scalar) else None
        if value is None or not 0 <= value <= 255:
            self.problems.add("SF114", node.place, f"expected an integer from 0 to 255, got {node.describe()}")
            return None
        return value

    def mapping(self, node: Node | None, what: str) -> Mapping | None:
        if node is None or isinstance(node, Mapping):
            return node
        self.problems.add("SF111", node.place, f"{what} is a map, got {node.describe()}")
        return None

    def items(self, node: Node | None, what: str) -> tuple[Node, ...]:
        if node is None:
            return ()
        if isinstance(node, Sequence):
            return node.items
        self.problems.add("SF111", node.place, f"{what} is a list, got {node.describe()}")
        return ()

    def keys(self, node: Mapping, legal: Iterable[str]) -> bool:
        """Whether all keys are legal; those that are not are reported."""
        legal = sorted(legal)
        known = True
        for key, _ in node:
            if key.text not in legal and not key.text.startswith("-"):
                known = False
                self.problems.add(
                    "SF115", key, f"unknown key '{key.text}', expected: {', '.join(legal)}", (key.text, legal)
                )
        return known

    def hints(self, node: Mapping) -> tuple[dict[str, Node], dict[str, Scalar]]:
        mine = [(key, value) for key, value in node if key.text.startswith("-sigflow")]
        return {key.text: value for key, value in mine}, {key.text: key for key, _ in mine}

    def identifier(self, node: Node, what: str) -> str:
        text = node.text if isinstance(node, Scalar) and not node.is_null else ""
        if not _ID.match(text):
            shown = repr(text) if text else node.describe()
            self.problems.add("SF116", node.place, f"invalid {what} ID: {shown}, expected /^[a-z][a-z0-9_]*$/")
            return text if _NAME.match(text) else ""  # what refers to it is no mistake of its own
        return text

    def code(self, node: Node | None) -> sc.Code | None:
        return code_in(node, self.problems)

    def type_ref(self, node: Node | None) -> sc.TypeRef | None:
        return type_in(node, self.problems)

    def doc(self, node: Mapping) -> sc.Doc:
        refs = node.get("doc-ref")
        if isinstance(refs, Sequence):
            texts = tuple(self.text(item) for item in refs.items)
        else:
            texts = (self.text(refs),) if refs is not None else ()
        return sc.Doc(self.text(node.get("doc")), texts)
