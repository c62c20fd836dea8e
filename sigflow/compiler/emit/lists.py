"""Lists of values: loops that end, and lists of plain numbers that are read at once.

The generated code has the index in `i`, and the element in `_`.
"""

from __future__ import annotations

from collections.abc import Callable

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.expressions import COMPARE
from sigflow.compiler.emit.values import Values
from sigflow.compiler.layout import integer
from sigflow.compiler.measure.runs import LETTERS, SIGNS
from sigflow.compiler.model import Bits, Number, Switched, Wire
from sigflow.compiler.plan import Step


class Lists(Values):
    """Writes the lists of one class."""

    def empty(self, step: Step, target: str) -> None:
        """The list of values, and those of raw bytes, before any was read."""
        for name in (target, *self.raw_names(step)):
            self.out(f"{name} = []")

    def repeated(self, step: Step, target: str, item: Callable[[], object], whole: str = "") -> None:
        """The loop over the elements of a list; item: writes what is done with one.

        whole: how many have been read before it, as code, of the `count` that there are to be.
        """
        out, repeat = self.out, step.attr.repeat
        assert repeat is not None
        guard = not self.module.layout.takes_bytes(step.wire)
        if repeat.kind == "expr":
            if guard:
                out("moved = io._pos")
            numbers = f"{whole}, count" if whole else self.count(repeat)
            with out.block(f"for i in range({numbers}):"):
                item()
                if guard:
                    self.guard("i")
            if guard:
                out(f"io.listed(moved, len({target}))")
            return
        out("i = 0")
        if guard:
            out("moved = io._pos")
        head = f"while {self.left()}:" if repeat.kind == "eos" else "while True:"
        with out.block(head):
            item()
            if repeat.kind == "until":
                with out.block(f"if {self.ex.code(repeat.code)}:"):
                    out("break")
            out("i += 1")
            self.counted("i")
            if guard:
                self.guard("i")
        if guard:
            out(f"io.listed(moved, len({target}))")

    def count(self, repeat: sc.Repeat) -> str:
        """How many elements a list shall have, within the limit that the spec sets."""
        limit = self.plan.spec.limits.get("repeat")
        text = self.ex.code(repeat.code)
        return text if limit is None else f"{self.module.need('within_repeat')}({text}, {limit})"

    def whole_count(self, repeat: sc.Repeat) -> str:
        """The same where a negative count would mean something else than none."""
        code = repeat.code
        assert code is not None
        member = self.module.types.members.get(code.expr) if isinstance(code.expr, ex.Name) else None
        wire = self.module.types.names.wires.get(member) if isinstance(member, sc.Attr) else None
        unsigned = isinstance(wire, Bits) or (isinstance(wire, Number) and wire.kind == "u")
        known = integer(code)
        if unsigned or (known is not None and known >= 0):
            return self.count(repeat)
        return f"max({self.count(repeat)}, 0)"

    def counted(self, text: str) -> None:
        """Hold the elements read so far against that limit."""
        limit = self.plan.spec.limits.get("repeat")
        if limit is not None:
            self.out(f"{self.module.need('within_repeat')}({text}, {limit})")

    def guard(self, index: str) -> None:
        """Every 65,536 elements: has any byte been taken?  (An element may be empty; a list of them must end.)"""
        with self.out.block(f"if not {index} + 1 & 0xFFFF:"):
            self.out("moved = io.moved(moved)")

    def left(self) -> str:
        """Whether the stream holds more, as code."""
        return "io._pos < io._end" if self.module.whole_bytes else "not io.is_eof()"

    # ------------------------------------------------------------ numbers at once

    def at_once(self, step: Step, target: str, repeat: sc.Repeat) -> bool:
        """A list that needs no loop; gives whether it is one."""
        if self.plan.debug or repeat.kind == "until" or step.attr.valid is not None:
            return False
        return self.unswitched(step, target, repeat) or self.numbers_at_once(step, step.wire, target, repeat)

    def unswitched(self, step: Step, target: str, repeat: sc.Repeat) -> bool:
        """A list of one of several plain numbers, by something that does not change on the way: decided once."""
        wire, out = step.wire, self.out
        if not isinstance(wire, Switched) or len(wire.cases) > 8 or not self.loop_invariant(wire.on.expr, step.attr):
            return False
        if not all(isinstance(case, Number) for _, case in wire.cases):
            return False
        if not self.loop_invariant(repeat.code.expr if repeat.code else None, step.attr):
            return False
        if repeat.kind == "eos" and all(on is not None for on, _ in wire.cases):
            return False
        out(f"on = {self.ex.code(wire.on)}")
        word = "if"
        for on, case in wire.cases:
            if on is not None:
                with out.block(f"{word} on == {self.ex.at(on.expr, COMPARE + 1)}:"):
                    self.numbers_at_once(step, case, target, repeat)
                word = "elif"
        otherwise = next((case for on, case in wire.cases if on is None), None)
        with out.block("else:" if word == "elif" else "if True:"):
            if otherwise is not None:
                self.numbers_at_once(step, otherwise, target, repeat)
            else:
                out("pass")
        return True

    def loop_invariant(self, expr: ex.Expr | None, attr: sc.Attr) -> bool:
        """Whether an expression has one value while the elements of `attr` are read."""
        stack, seen = [expr], set()
        while stack:
            node = stack.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            if isinstance(node, ex.Name) and node.id in ("_io", "_index", "_"):
                return False
            if isinstance(node, ex.Attribute) and node.id == "_io":
                return False
            member = self.module.types.members.get(node)
            if member is attr:
                return False
            if isinstance(member, sc.Attr) and member.is_instance:
                codes = (member.value, member.condition, member.pos, member.size, member.io)
                stack.extend(code.expr for code in codes if code is not None)
            stack.extend(ex.children(node))
        return True

    def numbers_at_once(self, step: Step, wire: Wire, target: str, repeat: sc.Repeat) -> bool:
        """A list of plain numbers is one unpack, a list of bit fields one loop in the reader."""
        if isinstance(wire, Bits) and repeat.kind == "expr":
            self.out(f"io.read_bits({target}, {wire.order!r}, {wire.width}, {self.count(repeat)})")
            if wire.boolean:
                self.out(f"{target}[:] = map(bool, {target})")
            elif step.enum is not None:
                table = self.module.members_of(step.enum)
                self.out(f"{target}[:] = [{table}.get(_, _) for _ in {target}]")
            return True
        if not isinstance(wire, Number):
            return False
        name = f"_{wire.kind.upper()}{wire.size}{self.number_order(wire).upper()}"
        self.module.arrays[name] = (SIGNS[self.number_order(wire) or "be"], LETTERS[wire.kind, wire.size])
        count = self.whole_count(repeat) if repeat.kind == "expr" else "-1"
        self.out(f"io.read_numbers({target}, {name}, {count})")
        if repeat.kind == "eos":
            self.counted(f"len({target})")
        if step.enum is not None:
            table = self.module.members_of(step.enum)
            self.out(f"{target}[:] = [{table}.get(_, _) for _ in {target}]")
        return True
