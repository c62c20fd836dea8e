"""The incremental measure: a frame is measured while its bytes arrive.

`IncrementalMeasure` writes a method `_steps` on the frame's class and on the unsized types in it, from the operations
of `measure`: what must have arrived is waited for (`while io.lacks(n): yield`), a failed check raises `Refused` with
the gap's reason, and bytes that nothing looks at are passed over unread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.checks import failing
from sigflow.compiler.emit.expressions import AND
from sigflow.compiler.emit.reads import Reads
from sigflow.compiler.emit.shared import Module
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.measure import operations as op
from sigflow.compiler.model import shape_of
from sigflow.compiler.plan import ClassPlan, Step


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a value goes: lines with the value in their braces, and what it is called behind them.  element: whether
    that is into a list.
    """

    lines: tuple[str, ...] = ()
    name: str = ""
    element: bool = False


class IncrementalMeasure:
    """Writes the measure of one class in one byte order (`le`, `be`, or `` where the order is fixed per field)."""

    def __init__(self, module: Module, plan: ClassPlan, order: str, out: Writer) -> None:
        self.module = module
        self.plan = plan
        self.out = out
        self.ex = module.expressions
        # Where a frame ends does not depend on how its objects say that a field is absent.
        self.reads = Reads(module, plan, order, out, missing=False)

    def method(self, name: str, operations: Iterable[op.Operation]) -> None:
        """The method of the class that measures it."""
        out = self.out
        out()
        with out.block(f"def {name}(self, io: {self.module.need('Window')}) -> {self.module.std('Any')}:"):
            last = self.write(operations, _Slot())
            # (It is a generator also where nothing waits.)
            out("yield" if isinstance(last, op.Finish) else "yield from ()")

    def write(self, operations: Iterable[op.Operation], slot: _Slot) -> op.Operation | None:
        """Operations in their order; gives the last one."""
        one = None
        for one in operations:
            self._WRITERS[type(one)](self, one, slot)
        return one

    def field(self, step: Step, slot: _Slot) -> _Slot:
        """The slot of a field that is no element of a list."""
        return slot if slot.name else _Slot((f"self.{step.name} = {{}}",), f"self.{step.name}")

    # ------------------------------------------------------------ waiting

    def wait(self, condition: str) -> None:
        with self.out.block(f"while {condition}:"):
            self.out("yield")

    def refuse(self, condition: str, reason: str) -> None:
        with self.out.block(f"if {condition}:"):
            self.out(f"raise {self.module.need('Refused')}({reason!r})")

    def need(self, one: op.Need, _slot: _Slot) -> None:
        size = self.size(one.size)
        if isinstance(one.size, sc.Code):
            self.out(f"size = {size}")
            size = "size"
            if one.negative is not None:
                self.refuse("size < 0", one.negative)
        self.wait(f"io.lacks{'_bits' if one.bits else ''}({size})")

    def need_terminator(self, one: op.NeedTerminator, _slot: _Slot) -> None:
        self.wait(f"io.lacks_term({one.term!r})")

    def size(self, size: op.Size) -> str:
        return str(size) if isinstance(size, int) else self.ex.code(size)

    # ------------------------------------------------------------ values

    def put(self, text: str, slot: _Slot) -> None:
        for line in slot.lines:
            self.out(line.format(text))

    def read(self, one: op.Read, slot: _Slot) -> None:
        shape = shape_of(one.wire)
        if shape is None or one.undone:
            text = self.reads.value(one.wire, one.step, f"self.{one.step.name}", slot.element)
        else:
            text = self.reads.stretch(shape)  # where it ends is told by the bytes as they stand
        self.put(text, self.field(one.step, slot))

    def measure(self, one: op.Measure, slot: _Slot) -> None:
        """An object of an unsized type, measured in turn."""
        out, plan = self.out, self.ex.plan.classes[one.wire.target]  # type: ignore[index]
        name = self.ex.plan.class_names[one.wire.target]
        out(f"child = {name}.__new__({name})")
        out(f"child._io, child._parent, child._root = io, {self.reads.parent(one.step)}, self._root")
        if plan.order == "inherited":
            out("child._is_le = self._is_le")
        for param, argument in zip(plan.params, one.wire.arguments, strict=True):
            out(f"child.{param.name} = {self.ex.code(argument)}")
        out("yield from child._steps(io)")
        self.put("child", self.field(one.step, slot))

    def skip(self, one: op.Skip, _slot: _Slot) -> None:
        size = self.size(one.size)
        if one.count is not None:
            size = f"({self.ex.code(one.count)}) * ({size})"
        self.out(f"io.skip({size})")

    # ------------------------------------------------------------ checks

    def check(self, one: op.Check, slot: _Slot) -> None:
        value = self.field(one.step, slot).name
        if one.predicate.kind == "true" and value != "_":
            self.out(f"_ = {value}")
        self.refuse(failing(one.predicate, value, self.module), one.reason)

    def unique(self, one: op.Unique, _slot: _Slot) -> None:
        self.out(f"key = {self.ex.code(one.key)}")
        self.refuse("key in seen", one.reason)
        self.out("seen.add(key)")

    # ------------------------------------------------------------ places and bounds

    def mark(self, one: op.Mark, _slot: _Slot) -> None:
        owner = "self._" if one.inner else ""
        self.out(f"{owner}{_which(one)} = io.pos(){f' - {one.less}' if one.less else ''}")

    def enter(self, one: op.Enter, _slot: _Slot) -> None:
        self.out(f"io.enter({one.limit}, {one.reason!r})")

    def leave(self, _one: op.Leave, _slot: _Slot) -> None:
        self.out("io.leave()")

    # ------------------------------------------------------------ ways

    def branch(self, one: op.Branch, slot: _Slot) -> None:
        with self.out.block(f"if {self.ex.code(one.condition)}:"):
            self.write(one.then, slot)
        if not isinstance(one.then[0], op.Skip):
            with self.out.block("else:"):
                self.out(f"self.{one.step.name} = None")

    def switch(self, one: op.Switch, slot: _Slot) -> None:
        slot = self.field(one.step, slot)
        if slot.element and len(slot.lines) > 1:
            self.out("_ = None")
        inner = replace(slot, lines=("; ".join(slot.lines),))
        absent = None if slot.element else f"self.{one.step.name} = None"
        self.reads.ways(one.on, one.cases, one.otherwise, lambda way: self.write(way, inner), absent, slot.element)

    def loop(self, one: op.Loop, _slot: _Slot) -> None:
        target = f"self.{one.step.name}"
        if any(isinstance(inner, op.Unique) for inner in one.body):
            self.out("seen = set()")
        named = one.repeat.kind == "until" or any(isinstance(inner, op.Check | op.Unique) for inner in one.body)
        lines = ("_ = {}", f"{target}.append(_)") if named else (f"{target}.append({{}})",)
        self.reads.empty(one.step, target)
        self.reads.loop(one.step, target, lambda: self.write(one.body, _Slot(lines, "_", True)))

    # ------------------------------------------------------------ the end

    def finish(self, one: op.Finish, _slot: _Slot) -> None:
        """Give what was measured."""
        parts = []
        for checksum in one.checksums:
            pieces = ", ".join(self.piece(piece) for piece in checksum.pieces)
            stored = self.place(checksum.stored) + (f" + {checksum.inner}" if checksum.inner else "")
            layout = f"({stored}, ({pieces},))"
            conditions = " and ".join(self.ex.at(code.expr, AND) for code in checksum.conditions)
            parts.append(f"{layout} if {conditions} else None" if conditions else layout)
        checks = f", ({', '.join(parts)},)" if parts else ""
        self.out(f"return {self.module.need('Measured')}(io.pos(), io.looked{checks})")

    def piece(self, piece: tuple[tuple[op.Place, ...], tuple[op.Place, ...]] | sc.Code) -> str:
        """Covered bytes."""
        if not isinstance(piece, sc.Code):
            start, stop = piece
            return f"({self.place(start)}, {self.place(stop)})"
        text = self.ex.code(piece)
        return f"bytes(({text},))" if self.module.types.nodes[piece.expr].kind == "int" else text

    def place(self, places: tuple[op.Place, ...]) -> str:
        """A place in the frame."""
        names = self.ex.plan.member_names
        return " + ".join(
            ".".join(["self", *(names[attr] for attr in one.owner), f"_{_which(one.mark)}"])
            if one.mark.inner
            else _which(one.mark)
            for one in places
        )

    _WRITERS: dict[type[op.Operation], Callable[[IncrementalMeasure, Any, _Slot], None]] = {  # noqa: RUF012  # a table
        op.Need: need,
        op.NeedTerminator: need_terminator,
        op.Read: read,
        op.Measure: measure,
        op.Skip: skip,
        op.Check: check,
        op.Unique: unique,
        op.Mark: mark,
        op.Enter: enter,
        op.Leave: leave,
        op.Branch: branch,
        op.Switch: switch,
        op.Loop: loop,
        op.Finish: finish,
    }


def _which(mark: op.Mark) -> str:
    return f"{'stop' if mark.stop else 'start'}_{mark.number}"
