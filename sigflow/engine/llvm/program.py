"""The text of kernel code as a program: its functions and constants.  No text is executed for that.

A module of kernel code is constants, functions, and second names for functions.  A constant is an integer expression
over literals and constants before it.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1
_OPERATORS: dict[type[ast.AST], Callable[..., int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}


class KernelError(Exception):
    """Kernel code says what the compiler has no form for; the message begins with its file and line."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A function as it is written, and the file it is in."""

    node: ast.FunctionDef
    file: str

    def error(self, node: ast.AST, what: str) -> KernelError:
        """What to raise about a construct in it."""
        return KernelError(f"{self.file}:{getattr(node, 'lineno', self.node.lineno)}: {what}")


@dataclass(frozen=True, slots=True)
class Program:
    """The functions and constants of some texts, by name."""

    functions: dict[str, Definition] = field(default_factory=dict)
    constants: dict[str, int] = field(default_factory=dict)

    def with_text(self, text: str, file: str, constants: Mapping[str, int] | None = None) -> Program:
        """With those of one text more, which replace those of the same name.

        constants: hold in place of what the text says.  Raises `KernelError` where it is none of kernel code.
        """
        functions, known = dict(self.functions), dict(self.constants)
        chosen = constants or {}
        for node in ast.parse(text, file).body:
            if isinstance(node, ast.FunctionDef):
                functions[node.name] = Definition(node, file)
            elif isinstance(node, ast.Assign):
                _assign(node, file, functions, known)
                known |= {name: chosen[name] for name in chosen.keys() & known.keys()}
            elif not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr):
                raise KernelError(f"{file}:{node.lineno}: a module of kernel code has no {type(node).__name__}")
        return Program(functions, known)


def _assign(node: ast.Assign, file: str, functions: dict[str, Definition], constants: dict[str, int]) -> None:
    target = node.targets[0]
    names, values = [target], [node.value]
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        names, values = target.elts, node.value.elts
    for name, value in zip(names, values, strict=True):
        number = folded(value, constants)
        if isinstance(name, ast.Name) and number is not None:
            constants[name.id] = number
        elif isinstance(name, ast.Name) and isinstance(value, ast.Name) and value.id in functions:
            functions[name.id] = functions[value.id]
        else:
            raise KernelError(f"{file}:{node.lineno}: neither a constant nor a function: {ast.unparse(node)}")


def folded(node: ast.AST, constants: Mapping[str, int]) -> int | None:
    """The number that an expression over literals and constants is; None where it is none."""
    if isinstance(node, ast.Constant):
        return int(node.value) if isinstance(node.value, int) else None
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    operands: list[Any] = []
    if isinstance(node, ast.BinOp):
        operands = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp):
        operands = [node.operand]
    else:
        return None
    numbers = [folded(operand, constants) for operand in operands]
    if None in numbers or type(node.op) not in _OPERATORS:
        return None
    try:
        return _OPERATORS[type(node.op)](*numbers)
    except (ArithmeticError, ValueError):  # what fails in Python is left to the code that is made of it
        return None


def fits(constant: int) -> bool:
    """Whether a number is an int64."""
    return _LOWEST <= constant <= _HIGHEST
