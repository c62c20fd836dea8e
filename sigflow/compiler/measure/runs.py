"""Fields of fixed size in a row: what one unpack, or one read of bits, can take at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sigflow.compiler import schema as sc
from sigflow.compiler.layout import integer
from sigflow.compiler.model import Bits, Bytes, Number, Shape, Text, User
from sigflow.compiler.plan import ClassPlan, Step

#: struct's letters by kind and size of a number, and its signs for the byte orders.
LETTERS = {
    ("u", 1): "B",
    ("u", 2): "H",
    ("u", 4): "I",
    ("u", 8): "Q",
    ("s", 1): "b",
    ("s", 2): "h",
    ("s", 4): "i",
    ("s", 8): "q",
    ("f", 4): "f",
    ("f", 8): "d",
}
SIGNS = {"le": "<", "be": ">"}
#: Bytes of the largest field in a run; a larger one gains nothing by it.
LARGEST = 1 << 16
#: The most bit fields in a row that are no whole unit are one read of so many bits.
_WORD = 64
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
    """Members that one unpack reads."""

    members: tuple[Packed, ...]

    @property
    def order(self) -> str:
        """The byte order of all of them."""
        return next((member.order for member in self.members if member.order), "be")

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its fields."""
        return tuple(step for member in self.members for step in member.steps)

    @property
    def size(self) -> int:
        """Bytes of the whole run."""
        return sum(member.size for member in self.members)


@dataclass(frozen=True, slots=True)
class BitGroup:
    """Bit fields that one read of bits takes."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Packing:
    """How fields of one class become runs.  order: that of numbers without one of their own.  placed: fields that are
    read by themselves, since their places are kept.  private: whether nobody can see the position of a stream while an
    object is made of bytes from it.
    """

    order: str = ""
    placed: frozenset[sc.Attr] = frozenset()
    private: bool = True

    def parts(self, steps: Sequence[Step]) -> Iterator[Run | BitGroup | Step]:
        """Fields in their order, in runs as long as can be."""
        at = 0
        while at < len(steps):
            run, after = self.run(steps, at)
            group = self.bits_from(steps, at)
            if len(run) > 1 or (run and len(run[0].steps) > 1):
                yield Run(tuple(run))
                at = after
            elif len(group) > 1 and _width(group) <= _WORD and not any(step.attr.checked for step in group[:-1]):
                yield BitGroup(tuple(group))
                at += len(group)
            else:
                yield steps[at]
                at += 1

    def run(self, steps: Sequence[Step], at: int) -> tuple[list[Packed], int]:
        """The longest run of fields from `at` that one unpack can read, and where it ends."""
        members: list[Packed] = []
        order = ""
        while at < len(steps):
            packed = self.packed(steps, at)
            if packed is None or (packed.order and order and packed.order != order):
                break
            order = order or packed.order
            members.append(packed)
            at += len(packed.steps)
        return members, at

    def packed(self, steps: Sequence[Step], at: int) -> Packed | None:
        """The field at `at` as a member of a run, if it can be one."""
        step = steps[at]
        wire = step.wire
        if not self._plain(step):
            return None
        if isinstance(wire, Number):
            order = self.order if wire.order == "calc" else wire.order
            return Packed((step,), LETTERS[wire.kind, wire.size], wire.size, order)
        if isinstance(wire, Bits):
            group = self.bits_from(steps, at)
            letter = _BIT_LETTERS.get(_width(group))
            size = _width(group) // 8
            return Packed(tuple(group), letter, size, wire.order if size > 1 else "") if letter is not None else None
        if isinstance(wire, Bytes | Text) or (isinstance(wire, User) and wire.bounded and self.private):
            size = _fixed(wire.shape)
            return Packed((step,), f"{size}s", size, "") if size else None
        return None

    def bits_from(self, steps: Sequence[Step], at: int) -> list[Step]:
        """The bit fields in a row from `at` that have no condition or repeat, all of one bit order."""
        first = steps[at].wire
        group: list[Step] = []
        for step in steps[at:]:
            if not isinstance(step.wire, Bits) or not isinstance(first, Bits) or step.wire.order != first.order:
                break
            if not self._plain(step):
                break
            group.append(step)
        return group

    def whole(self, plan: ClassPlan) -> Run | None:
        """The one run that all fields of a class are, where none of them can fail; else None."""
        unsteady = bool(plan.params) or plan.order in ("calc", "inherited")
        if unsteady or not all(isinstance(step.wire, Bits | Number) and not step.attr.checked for step in plan.steps):
            return None
        members, after = self.run(plan.steps, 0)
        return Run(tuple(members)) if members and after == len(plan.steps) else None

    def _plain(self, step: Step) -> bool:
        return step.attr.condition is None and step.attr.repeat is None and step.attr not in self.placed


def is_plain(step: Step) -> bool:
    """Whether what an unpack gives for a field is its value."""
    wire = step.wire
    if isinstance(wire, Bytes):
        return wire.shape.pad is None and wire.shape.term is None
    return isinstance(wire, Number) and step.enum is None


def _width(group: list[Step]) -> int:
    return sum(step.wire.width for step in group if isinstance(step.wire, Bits))


def _fixed(shape: Shape | None) -> int:
    """The constant size of bytes that are read as they are; 0 for none."""
    if shape is None or shape.process is not None or shape.eos:
        return 0
    size = len(shape.contents) if shape.contents is not None else integer(shape.size)
    return size if size is not None and size <= LARGEST else 0
