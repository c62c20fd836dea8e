"""Where a Construct schema is written: the lines of the user's file, as far as they can be told from its text.

The fields are looked for in the syntax tree of the module: an object that is a global of it is what its assignment
says, a field `"name" / subcon` inside it the first of that name there.
"""

from __future__ import annotations

import ast
from typing import Any

from sigflow.diagnostics import Place


class Places:
    """The places of one module.  file: its name as messages give it.  names: its globals."""

    def __init__(self, file: str, text: str, names: dict[str, Any]) -> None:
        self.file = file
        self.text = text
        self._assignments: dict[int, ast.AST] = {}
        try:
            tree: ast.Module | None = ast.parse(text) if text else None
        except (SyntaxError, ValueError):
            tree = None  # (the module runs, so this is not its text)
        self.root: ast.AST | None = tree
        for node in tree.body if tree is not None else ():
            targets = node.targets if isinstance(node, ast.Assign) else ()
            for target in targets:
                if isinstance(target, ast.Name) and target.id in names:
                    self._assignments[id(names[target.id])] = node

    def of(self, subcon: Any, node: ast.AST | None) -> ast.AST | None:
        """The part of the text in which an object is written that stands in `node`."""
        return self._assignments.get(id(subcon), node)

    def field(self, name: str, node: ast.AST | None) -> ast.AST | None:
        """The part of `node` that defines the field of this name; `node` where there is none."""
        for inner in ast.walk(node) if node is not None else ():
            if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Div):
                left = inner.left
                if isinstance(left, ast.Constant) and left.value == name:
                    return inner
            elif isinstance(inner, ast.keyword) and inner.arg == name:
                return inner
        return node

    def place(self, node: ast.AST | None, path: str) -> Place:
        """The place of a part of the text; the file alone where it is not known."""
        if node is None or not hasattr(node, "lineno"):
            return Place(self.file, 1, 1, path)
        return Place(self.file, node.lineno, getattr(node, "col_offset", 0) + 1, path)
