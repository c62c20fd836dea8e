"""Expressions solved for what stands in them: what must a length be, so that a size is this?

The result is text of Python again, for what is written: `payload_length - 4` gives n where `payload_length` is `n + 4`.
What an expression reads of a value instance is solved in turn by the instance's own solutions, at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sigflow.compiler import encodings
from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.layout import constant
from sigflow.compiler.model import Bits, Number
from sigflow.compiler.types import Types

#: What the number that an expression is to give is called.
GIVEN = "n"


@dataclass(frozen=True, slots=True)
class Solved:
    """A field that an expression is solved for.

    owner: the object that has it, None for the one at hand.  index: its place in a list.  value: what it must be, in
    terms of `n`.  guards: conditions under which the expression depends on it, with whether they must hold.
    part: it is some bits of the number.
    """

    member: sc.Attr | sc.Param
    owner: ex.Expr | None
    index: ex.Expr | None
    value: str
    guards: tuple[tuple[ex.Expr, bool], ...] = ()
    part: bool = False


class Inverse:
    """Solves expressions.  code: the text of one, in parentheses where it is more than a name."""

    def __init__(self, types: Types, code: Callable[[ex.Expr], str], need: Callable[[str], str]) -> None:
        self._types = types
        self._code = code
        self._need = need

    def of(self, expr: ex.Expr) -> list[Solved]:
        """The solutions of an expression, one for each field that it can be solved for."""
        parts = self._parts(expr)
        return parts or list(self._solve(expr, GIVEN))

    def _solve(self, expr: ex.Expr, wanted: str) -> Iterator[Solved]:
        leaf = self._leaf(expr)
        if leaf is not None:
            yield replace(leaf, value=wanted)
        elif isinstance(expr, ex.Cast):
            yield from self._solve(expr.value, wanted)
        elif isinstance(expr, ex.Unary) and expr.op in ("-", "~"):
            yield from self._solve(expr.value, f"{expr.op}({wanted})")
        elif isinstance(expr, ex.Unary):
            yield from self._solve(expr.value, f"(not ({wanted}))")
        elif isinstance(expr, ex.Choice):
            for solved in self._solve(expr.yes, wanted):
                yield replace(solved, guards=((expr.condition, True), *solved.guards))
            for solved in self._solve(expr.no, wanted):
                yield replace(solved, guards=((expr.condition, False), *solved.guards))
        elif isinstance(expr, ex.Binary):
            yield from self._binary(expr, wanted)
        elif isinstance(expr, ex.Attribute) and expr.id == "to_i":
            kind = self._types.nodes[expr.value].kind
            if kind in ("enum", "bool"):
                yield from self._solve(expr.value, wanted)
            elif kind == "str":
                yield from self._solve(expr.value, f"{self._need('spelled')}({wanted})")
        elif isinstance(expr, ex.Call) and expr.id == "to_s" and self._types.nodes[expr.value].kind == "bytes":
            encoding = expr.arguments[0].value if isinstance(expr.arguments[0], ex.Str) else ""
            yield from self._solve(expr.value, f"({wanted}).encode({encodings.python_name(encoding)!r})")

    def _binary(self, expr: ex.Binary, wanted: str) -> Iterator[Solved]:
        left, right = self._code(expr.left), self._code(expr.right)
        whole = self._types.nodes[expr].kind == "int"
        sides: dict[str, tuple[str, str]] = {
            "+": (f"({wanted}) - {right}", f"({wanted}) - {left}"),
            "-": (f"({wanted}) + {right}", f"{left} - ({wanted})"),
            "^": (f"({wanted}) ^ {right}", f"({wanted}) ^ {left}"),
        }
        exactly = self._need("exactly")
        if expr.op == "*" and whole:
            sides["*"] = (f"{exactly}({wanted}, {right})", f"{exactly}({wanted}, {left})")
        elif expr.op == "*":
            sides["*"] = (f"({wanted}) / {right}", f"({wanted}) / {left}")
        elif expr.op == "/":
            sides["/"] = (f"({wanted}) * {right}", "")
        elif expr.op == "<<":
            sides["<<"] = (f"{exactly}({wanted}, 1 << {right})", "")
        elif expr.op == ">>":
            sides[">>"] = (f"({wanted}) << {right}", "")
        elif expr.op == "&" and isinstance(mask := constant(expr.right), int):
            # The bits that the mask leaves out stay as they are.
            sides["&"] = (f"{left} & ~{mask} | ({wanted}) & {mask}", "")
        for side, value in zip((expr.left, expr.right), sides.get(expr.op, ("", "")), strict=True):
            if value:
                yield from self._solve(side, value)

    # ------------------------------------------------------------ leaves

    def _leaf(self, expr: ex.Expr) -> Solved | None:
        """A field, a param or an instance, or an element of a list of them."""
        if isinstance(expr, ex.Subscript):
            inner = self._leaf(expr.value)
            return replace(inner, index=expr.index) if inner is not None and inner.index is None else None
        member = self._types.members.get(expr)
        if not isinstance(member, sc.Attr | sc.Param):
            return None
        if isinstance(expr, ex.Name):
            return Solved(member, None, None, GIVEN)
        return Solved(member, expr.value, None, GIVEN) if isinstance(expr, ex.Attribute) else None

    def _parts(self, expr: ex.Expr) -> list[Solved]:
        """A number put together of the bits of several fields; [] where it is none."""
        terms: list[tuple[Solved, int, int]] = []  # a field, its width, and how far it is shifted
        waiting = [(expr, 0)]
        while waiting:
            node, shift = waiting.pop()
            if isinstance(node, ex.Cast):
                waiting.append((node.value, shift))
                continue
            if isinstance(node, ex.Binary) and node.op in ("|", "+", "^"):
                waiting += [(node.left, shift), (node.right, shift)]
                continue
            if isinstance(node, ex.Binary) and node.op in ("<<", "*"):
                by = constant(node.right)
                if isinstance(by, int) and (node.op == "<<" or (by > 0 and by & (by - 1) == 0)):
                    waiting.append((node.left, shift + (by if node.op == "<<" else by.bit_length() - 1)))
                    continue
            if isinstance(node, ex.Attribute) and node.id == "to_i" and self._types.nodes[node.value].kind == "bool":
                node = node.value
            leaf = self._leaf(node)
            width = self._width(leaf.member) if leaf is not None else None
            if leaf is None or width is None:
                return []
            terms.append((leaf, width, shift))
        taken = 0
        for _, width, shift in terms:
            mask = ((1 << width) - 1) << shift
            if taken & mask:
                return []
            taken |= mask
        if len(terms) < 2:
            return []
        top = max(shift + width for _, width, shift in terms)
        # The part that holds the highest bits takes all of them, so that a number that does not fit is noticed.
        return [
            replace(
                leaf,
                value=f"{GIVEN} >> {shift}" + ("" if shift + width == top else f" & {(1 << width) - 1}"),
                part=True,
            )
            for leaf, width, shift in terms
        ]

    def _width(self, member: sc.Attr | sc.Param) -> int | None:
        wire = self._types.names.wires.get(member) if isinstance(member, sc.Attr) else None
        if isinstance(wire, Bits):
            return wire.width
        return 8 * wire.size if isinstance(wire, Number) and wire.kind == "u" else None
