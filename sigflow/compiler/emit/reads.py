"""How fields are read, one at a time: conditions, lists, switches, checks.

`Reads` writes the statements of one class for one byte order, from the operations of `measure`.  `runs` merges fields
of fixed size on top of this, and `incremental` has more operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.checks import failing, wanted
from sigflow.compiler.emit.lists import Lists
from sigflow.compiler.emit.shared import Module, line_of
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.measure import operations as op
from sigflow.compiler.measure.planning import element, reading, trailing
from sigflow.compiler.model import shape_of
from sigflow.compiler.plan import ClassPlan, Step

#: The errors of Kaitai, by the kind of the predicate, and those that say what was wanted.
_ERRORS = {
    "equal": "NotEqual",
    "least": "LessThan",
    "most": "GreaterThan",
    "among": "NotAnyOf",
    "member": "NotInEnum",
    "true": "Expr",
}
_FACING = ("NotEqual", "LessThan", "GreaterThan")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a value goes: the field, lines with the value in their braces, and what it is called behind them.

    element: whether that is into a list.  absent: the line where no case of a switch applies.
    """

    target: str
    lines: tuple[str, ...]
    name: str
    element: bool = False
    absent: str = ""


class Reads(Lists):
    """Writes the reading of one class in one byte order."""

    def __init__(self, module: Module, plan: ClassPlan, order: str, out: Writer) -> None:
        super().__init__(module, plan, order, out)
        #: Bytes of a run that lie behind the field being checked: where it is refused, they have not been read.
        self.behind = 0
        #: Whether a field that is not there is no attribute of the object either, as in Kaitai's Python target.
        self.missing = module.missing
        #: The field that the lines from one on are about, by the line's distance from the first one of the function.
        self.field_lines: dict[int, str] = {}
        self._first = len(out.lines) - 1

    def begin(self, *steps: Step) -> None:
        """What follows is about these fields: say where they stand in the spec."""
        self.about(steps[0])
        self.out(line_of(*(step.attr for step in steps)))

    def about(self, step: Step) -> None:
        """What follows is about this field."""
        line = len(self.out.lines) - self._first
        if next(reversed(self.field_lines.values()), "") != step.name:
            self.field_lines[line] = step.name

    @contextmanager
    def placed(self, step: Step) -> Iterator[None]:
        """Keep where a field stands in its stream, if somebody asks."""
        asked, less = step.attr in self.module.placed, trailing(step.wire)
        if asked:
            self.out(f"self._start_{step.name} = io.pos()")
        yield
        if asked:
            self.out(f"self._stop_{step.name} = io.pos(){f' - {less}' if less else ''}")

    def step(self, step: Step) -> None:
        """One field by itself."""
        self.write(reading(step), self.slot(step))

    def body(self, step: Step, target: str) -> None:
        """A field whose condition holds."""
        self.write(reading(step, conditional=False), self.slot(step, target))

    def slot(self, step: Step, target: str = "") -> Slot:
        """Where the value of a field goes."""
        target = target or f"self.{step.name}"
        absent = f"{target} = None" if step.attr.is_instance or not self.missing else ""
        return Slot(target, (f"{target} = {{}}",), target, absent=absent)

    def write(self, operations: Iterable[op.Operation], slot: Slot) -> None:
        """Operations in their order."""
        for operation in operations:
            self.WRITERS[type(operation)](self, operation, slot)

    # ------------------------------------------------------------ values and ways

    def read(self, operation: op.Read, slot: Slot) -> None:
        shape = shape_of(operation.wire)
        if shape is None or operation.undone:
            self.put(self.value(operation.wire, operation.step, slot.target, slot.element), slot)
        else:
            self.put(self.byte_range(shape), slot)  # where it ends is told by the bytes as they stand

    def put(self, text: str, slot: Slot) -> None:
        for line in slot.lines:
            self.out(line.format(text))

    def branch(self, operation: op.Branch, slot: Slot) -> None:
        with self.out.block(f"if {self.ex.code(operation.condition)}:"):
            self.write(operation.then, slot)
        if not self.missing and not isinstance(operation.then[0], op.Skip):
            with self.out.block("else:"):
                self.out(f"{slot.target} = None")

    def switch(self, operation: op.Switch, slot: Slot) -> None:
        """One of several wires; where no case applies, a list gets no element."""
        out = self.out
        if slot.element and len(slot.lines) > 1:
            out("_ = None")
        inner = replace(slot, lines=("; ".join(slot.lines),))

        def other() -> None:
            if operation.otherwise is not None:
                self.write(operation.otherwise, inner)
            elif slot.absent:
                out(slot.absent)

        if not operation.cases:
            other()
            return
        out(f"on = {self.ex.code(operation.on)}")
        for number, (case, operations) in enumerate(operation.cases):
            with out.block(f"{'elif' if number else 'if'} {self.case(case)}"):
                self.write(operations, inner)
        if operation.otherwise is not None or slot.absent or slot.element:
            with out.block("else:"):
                other()

    def case(self, on: sc.Code) -> str:
        """The rest of the line of a case: `on == x:`.

        An enum's member is compared as the number it is, which is faster.
        """
        enum = self.module.types.enums.get(on.expr)
        entry = enum.entry(on.expr.label) if enum is not None and isinstance(on.expr, ex.EnumLabel) else None
        if entry is None:
            return f"on == {self.ex.at(on.expr, 5)}:"
        return f"on == {entry.value}:  # {self.ex.code(on)}"

    def loop(self, operation: op.Loop, slot: Slot) -> None:
        target = slot.target
        if any(isinstance(inner, op.Unique) for inner in operation.body):
            self.out("seen = set()")
        self.empty(operation.step, target)
        if self.at_once(operation.step, target, operation.repeat):
            return
        named = operation.repeat.kind == "until" or any(
            isinstance(inner, op.Check | op.Unique) for inner in operation.body
        )
        lines = ("_ = {}", f"{target}.append(_)") if named else (f"{target}.append({{}})",)
        whole = self.objects_at_once(operation, target)
        self.repeated(operation.step, target, lambda: self.write(operation.body, Slot(target, lines, "_", True)), whole)

    def objects_at_once(self, operation: op.Loop, target: str) -> str:
        """Objects of a list that are read before its loop, which then begins behind them; "" for none."""
        return ""

    # ------------------------------------------------------------ checks

    def check(self, operation: op.Check, slot: Slot) -> None:
        if operation.predicate.kind == "true" and slot.name != "_":
            self.out(f"_ = {slot.name}")
        with self.out.block(f"if {failing(operation.predicate, slot.name, self.module)}:"):
            self.refuse(operation, slot.name)

    def checks(self, step: Step, value: str) -> None:
        """`contents` and `valid` of one value."""
        for operation in element(step):
            if isinstance(operation, op.Check):
                self.check(operation, Slot(value, (), value))

    def refuse(self, operation: op.Check, value: str) -> None:
        """Raise Kaitai's error."""
        error = _ERRORS[operation.predicate.kind]
        details = "_" if error == "Expr" else value
        if error in _FACING:
            details = f"{wanted(operation.predicate, self.module)}, {value}"
        name = self.module.need(f"Validation{error}Error")
        if self.behind:
            self.out(f"io._pos -= {self.behind}")
        self.out(f"raise {name}({details}, io, {operation.step.attr.place.path!r})")

    WRITERS: ClassVar[dict[type[op.Operation], Callable[[Any, Any, Slot], None]]] = {
        op.Read: read,
        op.Branch: branch,
        op.Switch: switch,
        op.Loop: loop,
        op.Check: check,
    }
