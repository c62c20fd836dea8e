"""Random kernel code, and what CPython makes of it with numbers of 64 bits.

`program` writes a text with a function `entry(a, b, c, data, X, W, T, G)`: numbers; arrays of uint8, int64, int32, and
int64 in two dimensions; and a pair of arrays.  `reference` runs the same text in CPython, each operation by the words
of `ARITHMETIC`, each array an `Items`.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from typing import Any

from sigflow.engine.llvm.program import folded

SIZES = {"data": 16, "X": 8, "W": 8}
ROWS, COLUMNS = 4, 8
LITERALS = (0, 1, 2, 3, 7, 8, 63, 64, 255, 256, 0xFFFF, 0x7FFFFFFFFFFFFFFF, -1, -2, -7, -0x8000000000000000)


def wrapped(x: int) -> int:
    return ((x + (1 << 63)) & ((1 << 64) - 1)) - (1 << 63)


def shifted_left(x: int, by: int) -> int:
    return wrapped(x << by) if 0 <= by < 64 else 0


def shifted_right(x: int, by: int) -> int:
    return x >> (by if 0 <= by < 64 else 63)


#: What an operator means, by its name in the syntax tree.
ARITHMETIC: dict[str, Callable[..., int]] = {
    "Add": lambda x, y: wrapped(x + y),
    "Sub": lambda x, y: wrapped(x - y),
    "Mult": lambda x, y: wrapped(x * y),
    "FloorDiv": lambda x, y: wrapped(x // y) if y else 0,
    "Mod": lambda x, y: x % y if y else 0,
    "LShift": shifted_left,
    "RShift": shifted_right,
    "BitAnd": lambda x, y: x & y,
    "BitOr": lambda x, y: x | y,
    "BitXor": lambda x, y: x ^ y,
    "USub": lambda x: wrapped(-x),
    "Invert": lambda x: ~x,
    "UAdd": lambda x: x,
}


class Items:
    """An array: of items of so many bits, which are there or not."""

    def __init__(self, values: list[Any], bits: int, signed: bool) -> None:
        self.values = values
        self._bits = bits
        self._signed = signed

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Slice(self, *index.indices(len(self))[:2])
        row, index = index if isinstance(index, tuple) else (None, index)
        values = self.values if row is None else self.values[self._there(row, self.values)]
        return values[self._there(index, values)]

    def __setitem__(self, index: Any, value: int) -> None:
        row, index = index if isinstance(index, tuple) else (None, index)
        values = self.values if row is None else self.values[self._there(row, self.values)]
        value &= (1 << self._bits) - 1
        values[self._there(index, values)] = value - (1 << self._bits) * (self._signed and value >> self._bits - 1)

    @staticmethod
    def _there(index: int, values: list[Any]) -> int:
        assert 0 <= index < len(values)
        return index


class Slice(Items):
    """A stretch of an array, which is written through."""

    def __init__(self, of: Items, start: int, stop: int) -> None:
        super().__init__(of.values[start : max(start, stop)], of._bits, of._signed)
        self._of, self._start = of, start

    def __getitem__(self, index: Any) -> Any:
        return self._of[self._start + self._there(index, self.values)]

    def __setitem__(self, index: Any, value: int) -> None:
        self._of[self._start + self._there(index, self.values)] = value


class _Spelt(ast.NodeTransformer):
    """Every operation as a call of what it means."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return _meant(node.op, node.left, node.right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return node if isinstance(node.op, ast.Not) else _meant(node.op, node.operand)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        left = ast.parse(ast.unparse(node.target), mode="eval").body
        return self.visit(ast.Assign([node.target], ast.BinOp(left, node.op, node.value)))  # type: ignore[no-any-return]


def _meant(op: ast.AST, *operands: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(f"meant_{type(op).__name__}", ast.Load()), list(operands), [])


def reference(text: str) -> Callable[..., Any]:
    """The function `entry` of a text, in CPython."""
    tree = ast.fix_missing_locations(_Spelt().visit(ast.parse(text)))
    space: dict[str, Any] = {f"meant_{name}": function for name, function in ARITHMETIC.items()}
    space["abs"] = lambda x: wrapped(abs(x))
    exec(compile(tree, "<reference>", "exec"), space)
    entry: Callable[..., Any] = space["entry"]
    return entry


class _Author:
    """Writes statements.  State: the lines, the names of locals, and how many loops are open."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.lines: list[str] = []
        self._names = ["a", "b", "c"]
        self._counted: list[str] = []
        self._loops = 0

    def expression(self, depth: int) -> str:
        rng = self._rng
        if depth <= 0 or rng.random() < 0.15:
            return rng.choice([*self._names, *self._counted, "a", "b", "c", str(rng.choice(LITERALS)), "LIMIT", "True"])

        def inner() -> str:
            return self.expression(depth - 1)

        def varying() -> str:
            """One that is no constant: those are folded without a bound, as Python does."""
            while folded(ast.parse(operand := inner(), mode="eval").body, {"LIMIT": 1}) is not None:
                pass
            return operand

        match rng.randrange(14):
            case 0 | 1 | 2 | 3 | 4:
                return f"({varying()} {rng.choice(['+', '-', '*', '//', '%', '<<', '>>', '&', '|', '^'])} {inner()})"
            case 5:
                by = rng.choice([*LITERALS[1:9], -3, -64, 10])
                return f"({varying()} {rng.choice(['//', '%', '<<', '>>'])} {by})"
            case 6:
                return f"({rng.choice(['-', '~', 'not ', '+'])}{varying()})"
            case 7:
                return f"({inner()} {rng.choice(['and', 'or'])} {inner()})"
            case 8:
                return f"({self.condition(depth - 1)})"
            case 9:
                return f"({inner()} if {self.condition(depth - 1)} else {inner()})"
            case 10:
                return f"{rng.choice(['min', 'max'])}({inner()}, {inner()})"
            case 11:
                return rng.choice([f"abs({inner()})", f"helper({inner()}, {inner()}, X)", f"int({inner()})"])
            case _:
                return self.item(depth - 1)

    def item(self, depth: int) -> str:
        rng, index = self._rng, self.expression(depth)
        name = rng.choice(["data", "X", "W", "T", "G", "part"])
        if name == "T":
            return f"T[{index} & {ROWS - 1}, {self.expression(depth)} % {COLUMNS}]"
        if name == "G":
            return f"picked(G, {rng.choice(['0', '1', 'a & 1', f'({index} & 1)'])}, {self.expression(depth)} & 7)"
        return f"part[{index} % 4]" if name == "part" else f"{name}[{index} % {SIZES[name]}]"

    def condition(self, depth: int) -> str:
        rng = self._rng

        def inner() -> str:
            return self.expression(depth - 1)

        signs = ["==", "!=", "<", "<=", ">", ">="]
        match rng.randrange(6):
            case 0:
                return f"{inner()} {rng.choice(signs)} {inner()} {rng.choice(signs)} {inner()}"
            case 1:
                return f"{inner()} {rng.choice(['in', 'not in'])} ({inner()}, 3, {rng.choice(LITERALS)})"
            case 2:
                return f"({self.condition(depth - 1)} {rng.choice(['and', 'or'])} {inner()})" if depth > 0 else inner()
            case _:
                return f"{inner()} {rng.choice(signs)} {inner()}"

    def block(self, indent: str, count: int, depth: int) -> None:
        for _ in range(count):
            self._statement(indent, depth)

    def _statement(self, indent: str, depth: int) -> None:
        rng = self._rng
        kind = rng.randrange(12) if depth > 0 else rng.randrange(5)
        match kind:
            case 0 | 1:
                self.lines.append(f"{indent}{rng.choice(self._names)} = {self.expression(3)}")
            case 2:
                sign = rng.choice(["+", "^", ">>", "%"])
                self.lines.append(f"{indent}{rng.choice(self._names)} {sign}= {self.expression(2)}")
            case 3:
                sign = rng.choice(["=", "+=", "|="])
                index = self.expression(1) if sign == "=" else rng.choice(self._names)  # (it is spelt twice there)
                target = rng.choice([f"X[{index} % 8]", f"W[{index} & 7]", "part[b % 4]"])
                self.lines.append(f"{indent}{target} {sign} {self.expression(2)}")
            case 4:
                names = rng.sample(self._names, 2)
                self.lines.append(f"{indent}{', '.join(names)} = {self.expression(2)}, {self.expression(2)}")
            case 5 | 6 | 7:
                self.lines.append(f"{indent}if {self.condition(2)}:")
                self.block(indent + "    ", rng.randint(1, 2), depth - 1)
                if rng.random() < 0.5:
                    self.lines.append(f"{indent}else:")
                    self.block(indent + "    ", 1, depth - 1)
            case 8 | 9:
                counted = f"n{len(self._counted)}"
                step = rng.choice(["", "", ", 1", ", 3", ", -1", ", -2", f", ({self.expression(1)} % 5 - 2 or 1)"])
                low, high = (f"({self.expression(1)} % {rng.choice([3, 9])})" for _ in range(2))
                self.lines.append(f"{indent}for {counted} in range({low}, {high}{step}):")
                self._inside(indent, counted, depth)
            case 10:
                fuel = f"f{len(self._counted)}"
                self.lines += [f"{indent}{fuel} = 0", f"{indent}while {fuel} < 5 and {self.condition(1)}:"]
                self.lines.append(f"{indent}    {fuel} += 1")
                self._inside(indent, fuel, depth)
            case _:
                out = ["break", "continue"] if self._loops else []
                way = rng.choice([*out, *out, f"return {self.expression(2)}"])
                self.lines += [f"{indent}if {self.condition(2)}:", f"{indent}    {way}"]

    def _inside(self, indent: str, counted: str, depth: int) -> None:
        self._counted.append(counted)
        self._loops += 1
        self.block(indent + "    ", self._rng.randint(1, 3), depth - 1)
        self._loops -= 1
        self._counted.pop()


HEAD = """
LOW, HIGH = 5, 1 << 20
LIMIT = (HIGH - 1) * LOW


def helper(x, y, X):
    if x > y:
        return x - y
    X[x & 7] = y
    return pair(x, y)[0] ^ 3


def pair(x, y):
    return y, x


def picked(G, n, at):
    array = G[n]
    return array[at]
"""


def program(rng: random.Random) -> str:
    """A text of kernel code."""
    author = _Author(rng)
    author.block("    ", rng.randint(3, 7), 3)
    start, stop = rng.choice([("2", "6"), ("2", ""), ("4", "8"), ("", "4"), ("4 - (a & 3)", "")])
    body = [f"    part = X[{start}:{stop}]", *author.lines, "    P, Q = G", "    a += len(part) + len(G) + P[0] + Q[1]"]
    names = ["def entry(a, b, c, data, X, W, T, G):", '    """Random."""']
    return HEAD + "\n\n" + "\n".join([*names, *body, f"    return {author.expression(3)}"]) + "\n"
