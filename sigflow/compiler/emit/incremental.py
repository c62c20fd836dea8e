"""The incremental measure: a frame is measured while its bytes arrive.

`IncrementalMeasure` writes a method `_steps` on the frame's class and on the unsized types in it, from the operations
of `measure`: what must have arrived is waited for (`while io.lacks(n): yield`), a failed check raises `Refused` with
the gap's reason, and bytes that nothing looks at are passed over unread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.expressions import AND
from sigflow.compiler.emit.reads import Reads, Slot
from sigflow.compiler.emit.shared import Module, line_of, stuffing_text
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.measure import operations as op
from sigflow.compiler.plan import ClassPlan, Step
from sigflow.reasons import INVALID


class IncrementalMeasure(Reads):
    """Writes the measure of one class in one byte order (`le`, `be`, or `` where the order is fixed per field)."""

    def __init__(self, module: Module, plan: ClassPlan, order: str, out: Writer) -> None:
        super().__init__(module, plan, order, out)
        self.missing = False  # where a frame ends does not depend on how its objects say that a field is absent

    def method(self, name: str, operations: Sequence[op.Operation]) -> None:
        """The method of the class that measures it."""
        out = self.out
        out()
        with out.block(f"def {name}(self, io: {self.module.need('Window')}) -> {self.module.std('Any')}:"):
            for operation in operations:
                self.write(
                    (operation,), self.slot(operation.step) if isinstance(operation, op.Field | op.Check) else _NOWHERE
                )
            # (It is a generator also where nothing waits.)
            out("yield" if operations and isinstance(operations[-1], op.Finish) else "yield from ()")

    # ------------------------------------------------------------ waiting

    def wait(self, condition: str) -> None:
        with self.out.block(f"while {condition}:"):
            self.out("yield")

    def leave_if(self, condition: str, reason: str) -> None:
        with self.out.block(f"if {condition}:"):
            self.out(f"raise {self.module.need('Refused')}({reason!r})")

    def source(self, operation: op.Source, _slot: Slot) -> None:
        self.out(line_of(operation.step.attr))

    def need(self, operation: op.Need, _slot: Slot) -> None:
        self.wait(f"io.lacks{'_bits' if operation.bits else ''}({', '.join(map(str, operation.sizes))})")

    def need_computed(self, operation: op.NeedComputed, _slot: Slot) -> None:
        self.out(f"size = {self.ex.code(operation.size)}")
        if operation.negative is not None:
            self.leave_if("size < 0", operation.negative)
        self.wait("io.lacks(size)")

    def need_terminator(self, operation: op.NeedTerminator, _slot: Slot) -> None:
        if operation.stuffing is not None:
            self.wait(f"io.lacks_stuffed({stuffing_text(self.module, operation.stuffing)}, {operation.term!r})")
            return
        self.wait(f"io.lacks_term({operation.term!r}{', anywhere=True' if operation.anywhere else ''})")

    def size(self, size: op.Size) -> str:
        return str(size) if isinstance(size, int) else self.ex.code(size)

    # ------------------------------------------------------------ objects, and what is passed over

    def measure(self, operation: op.Measure, slot: Slot) -> None:
        """An object of an unsized type, measured in turn."""
        out, plan = self.out, self.ex.plan.classes[operation.wire.target]  # type: ignore[index]
        name = self.ex.plan.class_names[operation.wire.target]
        out(f"child = {name}.__new__({name})")
        out(f"child._io, child._parent, child._root = io, {self.parent(operation.step)}, self._root")
        if plan.order == "inherited":
            out("child._is_le = self._is_le")
        for param, argument in zip(plan.params, operation.wire.arguments, strict=True):
            out(f"child.{param.name} = {self.ex.code(argument)}")
        out("yield from child._steps(io)")
        self.put("child", slot)

    def skip(self, operation: op.Skip, _slot: Slot) -> None:
        size = self.size(operation.size)
        if operation.count is not None:
            size = f"({self.ex.code(operation.count)}) * ({size})"
        computed = isinstance(operation.size, sc.Code) or operation.count is not None
        self.out(
            f"io.skip({size}, {operation.negative!r})"
            if computed and operation.negative != INVALID
            else f"io.skip({size})"
        )

    # ------------------------------------------------------------ checks

    def at_once(self, step: Step, target: str, repeat: sc.Repeat) -> bool:
        return False  # every element is waited for

    def refuse(self, operation: op.Check, value: str) -> None:
        self.out(f"raise {self.module.need('Refused')}({operation.reason!r})")

    def unique(self, operation: op.Unique, _slot: Slot) -> None:
        self.out(f"key = {self.ex.code(operation.key)}")
        self.leave_if("key in seen", operation.reason)
        self.out("seen.add(key)")

    # ------------------------------------------------------------ places and bounds

    def mark(self, operation: op.Mark, _slot: Slot) -> None:
        owner = "self._" if operation.inner else ""
        self.out(f"{owner}{_which(operation)} = io.pos(){f' - {operation.less}' if operation.less else ''}")

    def enter(self, operation: op.Enter, _slot: Slot) -> None:
        self.out(f"io.enter({operation.limit}, {operation.reason!r})")

    def leave(self, _one: op.Leave, _slot: Slot) -> None:
        self.out("io.leave()")

    # ------------------------------------------------------------ the end

    def finish(self, operation: op.Finish, _slot: Slot) -> None:
        """Give what was measured."""
        parts = self.layouts(operation.checksums)
        for element in operation.elements:
            name = self.ex.plan.class_names[element.spec]
            parts.append(f"{self.module.need('layouts_of')}(self, {name}, {element.number})")
        checks = f", ({', '.join(parts)},)" if parts else ""
        self.out(f"return {self.module.need('Measured')}(io.pos(), io.looked{checks})")

    def element(self, checksums: Sequence[op.Covered]) -> None:
        """The method of a class whose elements are checked that says where its checksums stand."""
        out = self.out
        out()
        with out.block(f"def _layouts(self) -> {self.module.std('Any')}:"):
            out(f"return ({', '.join(self.layouts(checksums))},)")

    def layouts(self, checksums: Sequence[op.Covered]) -> list[str]:
        """Where each checksum stands and what it covers."""
        parts = []
        for checksum in checksums:
            pieces = ", ".join(self.piece(piece) for piece in checksum.pieces)
            stored = self.place(checksum.stored)
            if checksum.inner:
                stored += f" {'+' if checksum.inner > 0 else '-'} {abs(checksum.inner)}"
            pieces = f"({pieces},)" if pieces else "()"
            told = f", {self.ex.code(checksum.told)}" if checksum.told is not None else ""
            layout = f"({stored}, {pieces}{told})"
            conditions = " and ".join(self.ex.at(code.expr, AND) for code in checksum.conditions)
            parts.append(f"{layout} if {conditions} else None" if conditions else layout)
        return parts

    def piece(self, piece: op.Stretch | sc.Code) -> str:
        """Covered bytes."""
        if isinstance(piece, op.Stretch):
            decode = f", {piece.decode!r}" if piece.decode else ""
            return f"({self.place(piece.start)}, {self.place(piece.stop)}{decode})"
        text = self.ex.code(piece)
        return f"bytes(({text},))" if self.module.types.nodes[piece.expr].kind == "int" else text

    def place(self, places: tuple[op.Place | op.Behind, ...]) -> str:
        """A place in the frame; that of no field is its beginning."""
        return " + ".join(map(self.part, places)) or "0"

    def part(self, place: op.Place | op.Behind) -> str:
        """A place that a place in the frame is the sum of."""
        if isinstance(place, op.Behind):
            return f"io.size() + {place.offset}"
        names = self.ex.plan.member_names
        if not place.mark.inner:
            return _which(place.mark)
        return ".".join(["self", *(names[attr] for attr in place.owner), f"_{_which(place.mark)}"])

    WRITERS: ClassVar[dict[type[op.Operation], Callable[[Any, Any, Slot], None]]] = {
        **Reads.WRITERS,
        op.Source: source,
        op.Need: need,
        op.NeedComputed: need_computed,
        op.NeedTerminator: need_terminator,
        op.Measure: measure,
        op.Skip: skip,
        op.Unique: unique,
        op.Mark: mark,
        op.Enter: enter,
        op.Leave: leave,
        op.Finish: finish,
    }


#: What is no field has no value.
_NOWHERE = Slot("", (), "")


def _which(mark: op.Mark) -> str:
    return f"{'stop' if mark.stop else 'start'}_{mark.name}"
