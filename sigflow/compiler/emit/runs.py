"""Fields of fixed size in a row, read by one unpack.

A run is exact: where the stream ends inside it, or it begins in the middle of a byte, its fields are read one after the
other, so that the right one fails and those before it are set.
"""

from __future__ import annotations

from collections.abc import Sequence

from sigflow.compiler import encodings
from sigflow.compiler.emit.reads import Reads
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.measure import operations as op
from sigflow.compiler.measure.runs import BitGroup, Packed, Run, is_plain
from sigflow.compiler.model import Bits, Bytes, Text, User
from sigflow.compiler.plan import Step


class Runs(Reads):
    """Writes the reading of a class, runs merged."""

    #: The object that the fields of a run are set on.
    owner = "self"

    def seq(self) -> None:
        """All fields, runs merged."""
        self.in_place = True
        for part in self.module.packing(self.order).parts(self.plan.steps):
            if isinstance(part, Run):
                self.begin(*part.steps)
                self.write_run(part)
            elif isinstance(part, BitGroup):
                self.begin(*part.steps)
                self.bit_group(list(part.steps))
            else:
                self.begin(part)
                with self.placed(part):
                    self.step(part)

    def write_run(self, run: Run) -> None:
        """One unpack for all of them, then what has to be made of each value."""
        members, table = run.members, self.module.run_table(run, self.plan, self.order)
        out = self.out
        unaligned = isinstance(members[0].steps[0].wire, Bits)
        checked = any(self.may_fail(step) for member in members[:-1] for step in member.steps)
        short = f"io._end - io._pos < {run.size}"
        if unaligned or checked or any(self.may_fail(step) for step in members[-1].steps[:-1]):
            # Too short, or in the middle of a byte: one after the other, so that the right one fails.
            with out.block(f"if io._bits_left or {short}:" if unaligned else f"if {short}:"):
                self.in_place = False
                for member in members:
                    for step in member.steps:
                        self.about(step)
                        self.step(step)
                self.in_place = True
            with out.block("else:"):
                self.unpack(run, f"_UNPACK_{table}(io._data, io._pos)")
            return
        self.module.need("Run")
        with out.block(f"if {short}:"):
            out(f"_RUN_{table}.short(self, io)")
        self.unpack(run, f"_UNPACK_{table}(io._data, io._pos)")

    def objects_at_once(self, operation: op.Loop, target: str) -> str:
        """The objects of a list that lie whole in the stream, from one unpack, where they are of a fixed size and none
        can fail.  Gives the number of them as code; "" where they have to be read one by one.
        """
        step, repeat, out = operation.step, operation.repeat, self.out
        plan, run = self.module.packed(step)
        if plan is None or run is None or not self.at_any_place(step, operation):
            return ""
        out(f"whole = max(io._end - io._pos, 0) // {run.size}")
        if repeat.kind == "expr":
            out(f"count = {self.count(repeat)}")
            out("whole = max(min(whole, count), 0)")
        out(f"stop = io._pos + {run.size} * whole")
        table = self.module.run_table(run, plan, "")
        with out.block(f"for values in _RUN_{table}.unpack_all(io._data[io._pos : stop]):"):
            out(f"_ = {self.module.bare(plan.spec)}")
            out(f"_._io, _._parent, _._root = io, {self.parent(step)}, self._root")
            element = Runs(self.module, plan, "", out)
            element.owner = "_"
            element.unpack(run, "values")
            out(f"{target}.append(_)")
        out("io._pos = stop")
        return "whole"

    def at_any_place(self, step: Step, operation: op.Loop) -> bool:
        """Whether nothing is asked while the elements of a list are read, and none of them begins inside a byte."""
        limits = self.plan.spec.limits
        return (
            not self.plan.debug
            and not self.module.write
            and self.module.whole_bytes
            and len(operation.body) == 1
            and operation.repeat.kind != "until"
            and not ("repeat" in limits and operation.repeat.kind == "eos")
            and isinstance(step.wire, User)
            and step.wire.shape is None
        )

    def may_fail(self, step: Step) -> bool:
        """Whether a field can fail although its bytes are there."""
        return step.attr.checked or isinstance(step.wire, Text | User)

    def taken(self, run: Run, owner: str, at: str) -> None:
        """All fields of `owner`, from the bytes `raw` of a frame, which are there."""
        self.owner = owner
        if len(run.members) == 1 and run.members[0].letter == "B":
            self.unpacked(f"raw[{at}]", run.members[0])
        else:
            self.unpack(run, f"_UNPACK_{self.module.run_table(run, self.plan, self.order)}(raw, {at})")

    def unpack(self, run: Run, values: str) -> None:
        """Fields from the values of a run, which are there.  values: an expression that gives a tuple of them."""
        out = self.out
        targets, after = [], []
        ordered = False  # behind a check or a nested object, fields are set in their order
        for number, member in enumerate(run.members):
            step = member.steps[0]
            ordered = ordered or isinstance(step.wire, User)
            if is_plain(step) and not ordered:
                targets.append(f"{self.owner}.{step.name}")
                after.append(("", member))
            else:
                targets.append(f"_{number}")
                after.append((f"_{number}", member))
            ordered = ordered or any(step.attr.checked for step in member.steps)
        comma = "," if len(targets) == 1 else ""
        out(f"{', '.join(targets)}{comma} = {values}")
        if self.owner == "self":
            out(f"io._pos += {run.size}")
        behind = run.size
        for temporary, member in after:
            behind -= member.size
            self.about(member.steps[0])
            if temporary:
                self.unpacked(temporary, member)
            self.behind = behind
            for step in member.steps:
                self.about(step)
                self.checks(step, f"{self.owner}.{step.name}")
        self.behind = 0

    def unpacked(self, temporary: str, member: Packed) -> None:
        """Values from what the unpack gave: bit fields, enums, strings."""
        step = member.steps[0]
        wire = step.wire
        target = f"{self.owner}.{step.name}"
        if is_plain(step):
            self.out(f"{target} = {temporary}")
        elif isinstance(wire, Bits) and member.letter == "B" and len(member.steps) > 1:
            self.of_byte(temporary, member)
        elif isinstance(wire, Bits):
            self.split(temporary, list(member.steps), 8 * member.size)
        elif isinstance(wire, Bytes):
            self.out(f"{target} = {self.cut(temporary, wire.shape)}")
        elif isinstance(wire, Text):
            text = self.cut(temporary, wire.shape)
            self.out(f"{target} = {text}.decode({encodings.python_name(wire.encoding)!r})")
        elif isinstance(wire, User):
            assert wire.shape is not None
            raw = self.keep(f"self._raw_{step.name}", self.cut(temporary, wire.shape), False)
            stream = f"{self.module.need('KaitaiStream')}({raw})"
            self.out(f"{target} = {self.construct(wire, step, stream)}")
        else:
            self.out(f"{target} = {self.enumerated(step, temporary)}")

    def of_byte(self, source: str, member: Packed) -> None:
        """Bit fields that fill one byte, by the table of what they are for each of its values."""
        names = [f"_{number}" for number in range(1, len(member.steps) + 1)]
        apart = Runs(self.module, self.plan, "", Writer())
        apart.split("_0", list(member.steps), 8, names)
        apart.out(f"return {', '.join(names)}")
        targets = ", ".join(f"{self.owner}.{step.name}" for step in member.steps)
        self.out(f"{targets} = {self.module.split_table(apart.out.lines, self.plan, member.steps)}[{source}]")

    def split(self, source: str, group: list[Step], total: int, targets: Sequence[str] = ()) -> None:
        """Bit fields out of the integer `source` of `total` bits.  targets: where to, if not to the fields."""
        passed = 0
        for step, target in zip(group, targets or [f"{self.owner}.{step.name}" for step in group], strict=True):
            wire = step.wire
            assert isinstance(wire, Bits)
            shift = total - passed - wire.width if wire.order == "be" else passed
            text = f"{source} >> {shift}" if shift else source
            if passed + wire.width < total if wire.order == "le" else passed > 0:
                text = f"{text} & {hex((1 << wire.width) - 1)}"
            if wire.boolean:
                text = f"({text}) != 0" if " " in text else f"{text} != 0"
            self.out(f"{target} = {self.enumerated(step, text)}")
            passed += wire.width

    def bit_group(self, group: list[Step]) -> None:
        """Several bit fields in a row as one bit read, split."""
        total = sum(step.wire.width for step in group if isinstance(step.wire, Bits))
        wire = group[0].wire
        assert isinstance(wire, Bits)
        with self.out.block(f"if io.holds_bits({total}):"):
            self.out(f"bits = io.read_bits_int_{wire.order}({total})")
            self.split("bits", group, total)
        with self.out.block("else:"):
            for step in group:
                self.about(step)
                self.out(f"self.{step.name} = {self.value(step.wire, step, f'self.{step.name}', False)}")
        for step in group:
            self.about(step)
            self.checks(step, f"self.{step.name}")
