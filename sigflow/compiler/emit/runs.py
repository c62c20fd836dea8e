"""Fields of fixed size in a row, read by one unpack.

A run is exact: where the stream ends inside it, or it begins in the middle of a byte, its fields are read one after the
other, so that the right one fails and those before it are set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sigflow.compiler import encodings
from sigflow.compiler.emit.reads import Reads
from sigflow.compiler.emit.shared import LETTERS, SIGNS
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.layout import integer
from sigflow.compiler.model import Bits, Bytes, Number, Shape, Text, User
from sigflow.compiler.plan import Step

#: Bytes of the largest field in a run; a larger one gains nothing by it.
LARGEST = 1 << 16
_BIT_LETTERS = {8: "B", 16: "H", 32: "I", 64: "Q"}


@dataclass(frozen=True, slots=True)
class Packed:
    """A member of a run: its steps (several for bit fields of one unit), its struct letter, size, and byte order (""
    for either)."""

    steps: tuple[Step, ...]
    letter: str
    size: int
    order: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run: members that one unpack reads."""

    number: int
    order: str
    members: tuple[Packed, ...]

    @property
    def size(self) -> int:
        """Bytes of the whole run."""
        return sum(member.size for member in self.members)


class Runs(Reads):
    """Writes the reading of a class, runs merged."""

    #: The object that the fields of a run are set on.
    owner = "self"

    def seq(self) -> None:
        """All fields, runs merged."""
        steps = list(self.plan.steps)
        at = 0
        while at < len(steps):
            if steps[at].attr in self.module.placed:
                with self.placed(steps[at]):
                    self.step(steps[at])
                at += 1
                continue
            packed, after = self.run(steps, at)
            if len(packed) > 1 or (packed and len(packed[0].steps) > 1):
                self.write_run(packed)
            else:
                after = self.bit_group(steps, at)
                if after == at:
                    self.step(steps[at])
                    after = at + 1
            at = after

    def run(self, steps: list[Step], at: int) -> tuple[list[Packed], int]:
        """The longest run of fields from `at` that one unpack can read, and where it ends."""
        found: list[Packed] = []
        order = ""
        while at < len(steps):
            packed = self.packed(steps, at)
            if packed is None or (packed.order and order and packed.order != order):
                break
            order = order or packed.order
            found.append(packed)
            at += len(packed.steps)
        return found, at

    def packed(self, steps: list[Step], at: int) -> Packed | None:
        """The field at `at` as a member of a run, if it can be one."""
        step = steps[at]
        attr, wire = step.attr, step.wire
        if attr.condition is not None or attr.repeat is not None or attr in self.module.placed:
            return None
        if isinstance(wire, Number):
            return Packed((step,), LETTERS[wire.kind, wire.size], wire.size, self.number_order(wire))
        if isinstance(wire, Bytes | Text):
            size = self.fixed(wire.shape)
            return Packed((step,), f"{size}s", size, "") if size else None
        if isinstance(wire, User) and wire.shape is not None and self.module.positions_are_private:
            size = self.fixed(wire.shape) if wire.shape.bounded else None
            return Packed((step,), f"{size}s", size, "") if size else None
        if isinstance(wire, Bits):
            group = self.bits_from(steps, at)
            letter = _BIT_LETTERS.get(sum(one.wire.width for one in group if isinstance(one.wire, Bits)))
            if letter is not None:
                size = {"B": 1, "H": 2, "I": 4, "Q": 8}[letter]
                return Packed(tuple(group), letter, size, wire.order if size > 1 else "")
        return None

    def fixed(self, shape: Shape) -> int | None:
        """The constant size of bytes that are read as they are."""
        if shape.process is not None or shape.eos:
            return None
        size = len(shape.contents) if shape.contents is not None else integer(shape.size)
        return size if size is not None and size <= LARGEST else None

    def bits_from(self, steps: list[Step], at: int) -> list[Step]:
        """The bit fields in a row from `at` that have no condition, repeat or check, all of one bit order."""
        first = steps[at].wire
        found: list[Step] = []
        for step in steps[at:]:
            attr, wire = step.attr, step.wire
            if not isinstance(wire, Bits) or not isinstance(first, Bits) or wire.order != first.order:
                break
            if attr.condition is not None or attr.repeat is not None or attr in self.module.placed:
                break
            found.append(step)
        return found

    def write_run(self, members: list[Packed]) -> None:
        """One unpack for all of them, then what has to be made of each value."""
        order = next((member.order for member in members if member.order), "be")
        run = Run(len(self.module.runs), SIGNS[order], tuple(members))
        self.module.runs.append(run)
        out = self.out
        unaligned = isinstance(members[0].steps[0].wire, Bits)
        checked = any(self.may_fail(step) for member in members[:-1] for step in member.steps)
        short = f"io._end - io._pos < {run.size}"
        if unaligned or checked or any(self.may_fail(step) for step in members[-1].steps[:-1]):
            # Too short, or in the middle of a byte: one after the other, so that the right one fails.
            with out.block(f"if io._bits_left or {short}:" if unaligned else f"if {short}:"):
                for member in members:
                    for step in member.steps:
                        self.step(step)
            with out.block("else:"):
                self.unpack(run)
            return
        self.module.need("Run")
        with out.block(f"if {short}:"):
            out(f"_RUN_{run.number}.short(self, io)")
        self.unpack(run)

    def may_fail(self, step: Step) -> bool:
        """Whether a field can fail although its bytes are there."""
        return self.has_check(step) or isinstance(step.wire, Text | User)

    def whole(self) -> list[Packed]:
        """The members of the one run that all fields of this class are, where none can fail; else []."""
        steps = list(self.plan.steps)
        if (
            self.plan.params
            or self.plan.order in ("calc", "inherited")
            or not all(isinstance(step.wire, Bits | Number) for step in steps)
        ):
            return []
        members, after = self.run(steps, 0)
        return members if after == len(steps) and not any(self.has_check(step) for step in steps) else []

    def taken(self, members: list[Packed], owner: str, at: str) -> None:
        """All fields of `owner`, from the bytes `raw` of a frame, which are there."""
        self.owner = owner
        if len(members) == 1 and members[0].letter == "B":
            self.unpacked(f"raw[{at}]", members[0])
            return
        order = next((member.order for member in members if member.order), "be")
        run = Run(len(self.module.runs), SIGNS[order], tuple(members))
        self.module.runs.append(run)
        self.unpack(run, f"raw, {at}")

    def unpack(self, run: Run, source: str = "") -> None:
        """The unpack of a run that is all there, from the stream, or from `source`."""
        out = self.out
        targets, after = [], []
        ordered = False  # behind a check or a nested object, fields are set in their order
        for number, member in enumerate(run.members):
            step = member.steps[0]
            ordered = ordered or isinstance(step.wire, User)
            if self.plain(step) and not ordered:
                targets.append(f"{self.owner}.{step.name}")
                after.append(("", member))
            else:
                targets.append(f"_{number}")
                after.append((f"_{number}", member))
            ordered = ordered or any(self.has_check(one) for one in member.steps)
        comma = "," if len(targets) == 1 else ""
        out(f"{', '.join(targets)}{comma} = _UNPACK_{run.number}({source or 'io._data, io._pos'})")
        if not source:
            out(f"io._pos += {run.size}")
        behind = run.size
        for temporary, member in after:
            behind -= member.size
            if temporary:
                self.unpacked(temporary, member)
            self.behind = behind
            for step in member.steps:
                self.checks(step, f"{self.owner}.{step.name}")
        self.behind = 0

    @staticmethod
    def plain(step: Step) -> bool:
        """Whether what the unpack gives is the field's value."""
        wire = step.wire
        if isinstance(wire, Bytes):
            return wire.shape.pad is None and wire.shape.term is None
        return isinstance(wire, Number) and step.enum is None

    def unpacked(self, temporary: str, member: Packed) -> None:
        """Values from what the unpack gave: bit fields, enums, strings."""
        step = member.steps[0]
        wire = step.wire
        target = f"{self.owner}.{step.name}"
        if self.plain(step):
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
        self.out(f"{targets} = {self.module.split_by(apart.out.lines)}[{source}]")

    def split(self, source: str, group: list[Step], total: int, targets: Sequence[str] = ()) -> None:
        """Bit fields out of the integer `source` of `total` bits.  targets: where to, if not to the fields."""
        passed = 0
        for step, target in zip(group, targets or [f"{self.owner}.{one.name}" for one in group], strict=True):
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

    def bit_group(self, steps: list[Step], at: int) -> int:
        """Several bit fields in a row as one bit read, split; gives where it ended, or `at` where there is no such
        row.
        """
        group = self.bits_from(steps, at) if isinstance(steps[at].wire, Bits) else []
        if any(self.has_check(step) for step in group[:-1]):
            return at
        total = sum(step.wire.width for step in group if isinstance(step.wire, Bits))
        if len(group) < 2 or total > 64:
            return at
        wire = group[0].wire
        assert isinstance(wire, Bits)
        with self.out.block(f"if io.holds_bits({total}):"):
            self.out(f"bits = io.read_bits_int_{wire.order}({total})")
            self.split("bits", group, total)
        with self.out.block("else:"):
            for step in group:
                self.out(f"self.{step.name} = {self.value(step.wire, step, f'self.{step.name}', False)}")
        for step in group:
            self.checks(step, f"self.{step.name}")
        return at + len(group)
