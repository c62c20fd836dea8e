"""A unit of compilation: the functions that one entry needs, each for the kinds of arguments that it is called with.

The entry takes the address of a block of int64 numbers, see `sigflow.engine.calls`.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from sigflow.engine.calls import SYMBOL
from sigflow.engine.llvm.instructions import INSTRUCTIONS, VECTORS, Instruction
from sigflow.engine.llvm.kinds import NUMBER, Kind, of_layout, parts_of
from sigflow.engine.llvm.program import Definition, KernelError, Program
from sigflow.engine.llvm.statements import lowered

#: How functions are put in line, as groups of attributes.  Nothing is taken from a library, so LLVM must not make a
#: loop a call of one's function.
_PLAIN, _APART, _INLINE = "#0", "#1", "#2"
_ATTRIBUTES = [
    f'attributes {group} = {{ nounwind {more}"no-builtins" }}'
    for group, more in ((_PLAIN, ""), (_APART, "noinline "), (_INLINE, "alwaysinline "))
]
#: Nodes of the syntax of a function that is not put in line of each caller, such as the look at a long text header.
_LONG = 800


class Unit:
    """State: what is written so far, by function and kinds.

    Functions are put in line of their callers, which halves the time of a short frame; but for those that are `apart`,
    and long ones, of which LLVM decides.  vectors: whether the instructions on vectors are there.  checked: every index
    is looked at.
    """

    def __init__(
        self, program: Program, *, apart: frozenset[str] = frozenset(), vectors: bool = False, checked: bool = False
    ) -> None:
        self.program = program
        self.checked = checked
        self.instructions: dict[str, Instruction] = INSTRUCTIONS | VECTORS if vectors else INSTRUCTIONS
        self._apart = apart
        self._done: dict[tuple[ast.FunctionDef, tuple[Kind, ...]], tuple[str, Kind] | None] = {}
        self._texts: list[str] = []
        self._declared: set[str] = set()

    @property
    def functions(self) -> list[str]:
        """The symbols of the functions that were compiled."""
        return [done[0] for done in self._done.values() if done is not None]

    def specialised(self, definition: Definition, kinds: Sequence[Kind]) -> tuple[str, Kind]:
        """The name of a function for arguments of these kinds, and the kind of what it gives.

        Raises `TypeError` where it takes other arguments, or calls itself.
        """
        key = definition.node, tuple(kinds)
        if key not in self._done:
            self._done[key] = None
            name = definition.node.name
            symbol = f"{name}.{len(self._done)}"
            text, kind = lowered(self, definition, symbol, kinds, self._inlining(definition), self._declared)
            self._texts.append(text)
            self._done[key] = symbol, kind
        done = self._done[key]
        if done is None:
            raise TypeError("calls itself")
        return done

    def _inlining(self, definition: Definition) -> str:
        if definition.node.name in self._apart:
            return _APART
        return _PLAIN if self.checked or sum(1 for _ in ast.walk(definition.node)) > _LONG else _INLINE

    def text(self, name: str, layout: str) -> str:
        """The module in which the entry is this function, called by a block of this layout.

        Raises `KernelError`.
        """
        kinds = of_layout(layout)
        definition = self.program.functions.get(name)
        if definition is None:
            raise KernelError(f"there is no function {name}")
        try:
            symbol, gives = self.specialised(definition, kinds)
        except TypeError as error:
            raise KernelError(f"{name} {error}") from error
        if gives != NUMBER:
            raise KernelError(f"{name} gives {gives}, where a number is wanted")
        loads, operands = [], []
        for place, part in enumerate(part for kind in kinds for part in parts_of(kind)):
            loads.append(f"%p{place} = getelementptr i64, ptr %block, i64 {place}")
            loads.append(f"%x{place} = load {part}, ptr %p{place}")
            operands.append(f"{part} %x{place}")
        entry = [
            f"define i64 @{SYMBOL}(ptr %block) #0 {{",
            *loads,
            f"%r = call fastcc i64 @{symbol}({', '.join(operands)})",
            "ret i64 %r",
            "}",
        ]
        return "\n".join([*self._texts, *entry, *sorted(self._declared), *_ATTRIBUTES]) + "\n"
