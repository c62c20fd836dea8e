"""What there is to reach in a format: a table of points for each field and instance of its classes.

A field that is there at all is a point.  Beside that, where the spec lets it vary: its condition both ways, the cases
of its switch, the members of its enum, its lowest and highest value, how long its list or its bytes are (none, one,
more), and both ways of each conditional in its expressions.

What follows from other fields has no bounds of its own: constants, checksums, counters of sequences; nor has what an
expression checks.  Of numbers that say a size only the bounds that `valid` says count, and of floating-point numbers
none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sigflow.frozen import frozen
from sigflow.runtime.envelope import Envelope, parts_of
from sigflow.runtime.writing import (
    Branch,
    Check,
    ClassWriting,
    Computed,
    Extent,
    Formula,
    Put,
    PutBits,
    PutBytes,
    PutCase,
    PutNumber,
    PutObject,
    PutText,
)
from sigflow.runtime.writing.numbers import bounds
from sigflow.runtime.writing.reachable import classes, constant, extent_of, leaves, objects_in, sizes_of
from sigflow.stream.format import Format

#: What points may be, in the order in which they are listed.
KINDS = ("field", "if", "case", "enum", "bound", "length", "branch")
#: Lengths that are told apart.
LENGTHS = ("0", "1", "more")


@frozen
class Point:
    """Something to reach.  type, field: ids in the spec; place: line, column and YAML path, of the spec of `module`.

    kind: one of `KINDS`; what: which of several of this kind.
    """

    module: str
    place: tuple[int, int, str]
    type: str
    field: str
    kind: str
    what: str = ""

    def words(self) -> str:
        """The point in words, without its place."""
        name = f"{self.type}.{self.field}"
        return name if self.kind == "field" else f"{name}: {self.kind} {self.what}"


class Member:
    """The points of a field or an instance, and their counts.  State: the counts."""

    def __init__(self, writing: ClassWriting, member: Put | Computed, follows: bool, sizes: frozenset[str]) -> None:
        """follows: whether its value follows from others.  sizes: attributes that say sizes."""
        self.put = member if isinstance(member, Put) else None
        self.member = member
        self.writing = writing
        self.count = 0
        #: Counts of the other points, by their kinds and what they are.
        self.counts: dict[tuple[str, str], int] = {}
        #: What is counted of numbers.
        self.low: int | None = None
        self.high: int | None = None
        self.formulas: list[tuple[Formula | Check, tuple[Branch, ...]]] = []
        self.members: dict[int, str] = {}
        self.cases: list[tuple[PutCase, list[tuple[Any, Formula | None, str, Any]]]] = []
        if self.put is not None:
            self._list_put(self.put, follows, sizes)
        else:
            assert isinstance(member, Computed)
            if member.condition is not None:
                self._list("if", "true", "false")
            self._branches(member.formula)

    def give(self) -> list[int]:
        """The counts, which begin anew here."""
        counted = [self.count, *self.counts.values()]
        self.count = 0
        self.counts = dict.fromkeys(self.counts, 0)
        return counted

    def take(self, counts: Iterator[int]) -> None:
        """Add the next counts, which `give` gave elsewhere."""
        self.count += next(counts)
        for key in self.counts:
            self.counts[key] += next(counts)

    def _list(self, kind: str, *names: str) -> None:
        for name in names:
            self.counts.setdefault((kind, name), 0)

    def _branches(self, formula: Formula | Check | None) -> None:
        if formula is None or not formula.branches:
            return
        self.formulas.append((formula, formula.branches))
        for branch in formula.branches:
            self._list("branch", f"{branch.text}: true", f"{branch.text}: false")

    def _list_put(self, put: Put, follows: bool, sizes: frozenset[str]) -> None:
        if put.condition is not None:
            self._list("if", "true", "false")
            self._branches(put.condition)
        repeat = put.repeat
        if repeat is not None:
            fixed = repeat.kind == "expr" and repeat.code is not None and constant(repeat.code) is not None
            self._list("length", *(() if fixed else LENGTHS[1:] if repeat.kind == "until" else LENGTHS))
            self._branches(repeat.code)
        self._wire(put.wire, set())
        for wire in leaves(put.wire):
            extent = extent_of(wire)
            if extent is not None:
                self._branches(extent.size if isinstance(extent.size, Formula) else None)
                if repeat is None and isinstance(wire, PutBytes | PutText) and varies(extent) and not follows:
                    self._list("length", *LENGTHS)
            if isinstance(wire, PutObject):
                for argument in wire.arguments:
                    self._branches(argument)
        for check in put.checks:
            self._branches(check)
        if put.enum is not None:
            ids = getattr(put.enum, "_IDS", {})
            allowed = self._allowed(put)
            self.members = {
                member.value: ids.get(member.name, member.name)
                for member in put.enum
                if allowed is None or member.value in allowed
            }
            self._list("enum", *self.members.values())
        elif isinstance(put.wire, PutNumber | PutBits) and not (
            isinstance(put.wire, PutNumber) and put.wire.kind == "f"
        ):
            self._bounds(put, put.wire, follows, put.name in sizes)

    def _bounds(self, put: Put, wire: PutNumber | PutBits, follows: bool, is_size: bool) -> None:
        """The lowest and the highest number."""
        allowed = self._allowed(put)
        if any(check.kind in ("equal", "member") for check in put.checks) or follows:
            return
        if allowed is not None:
            self.members = {value: str(value) for value in allowed}
            self._list("bound", *self.members.values())
            return
        low, high = bounds(wire)
        lowest: int | None = None if is_size else low
        highest: int | None = None if is_size else high
        for check in put.checks:
            if check.kind in ("least", "most") and check.wanted is not None:
                wanted = constant(Formula(check.wanted))
                if check.kind == "least":
                    lowest = wanted if isinstance(wanted, int) and wanted >= low else None
                else:
                    highest = wanted if isinstance(wanted, int) and wanted <= high else None
            elif check.kind == "true":
                lowest = highest = None  # (which of them it lets pass cannot be told)
        self.low, self.high = lowest, highest
        self._list("bound", *(f"min {lowest}" for _ in "m" if lowest is not None))
        self._list("bound", *(f"max {highest}" for _ in "m" if highest is not None))

    @staticmethod
    def _allowed(put: Put) -> list[Any] | None:
        """The numbers that `valid` lists; None where it lists none."""
        for check in put.checks:
            if check.kind == "among" and check.wanted is not None:
                values = constant(Formula(check.wanted))
                if isinstance(values, list | tuple | bytes):
                    return [getattr(value, "value", value) for value in values]
            if check.kind == "equal" and check.wanted is not None:
                value = constant(Formula(check.wanted))
                return [value] if isinstance(value, int) else None
        return None

    def _wire(self, wire: Any, names: set[str]) -> None:
        """The cases of a switch, and of the switches in it."""
        if not isinstance(wire, PutCase):
            return
        cases: list[tuple[Any, Formula | None, str, Any]] = []
        for case, inner in wire.cases:
            known = constant(case) if case is not None else None
            name = "_" if case is None else case.text or str(known)
            cases.append((known, case, name, inner))
            self._list("case", name)
            self._wire(inner, names)
        if not any(case is None for case, _ in wire.cases):
            self._list("case", "none of them")
        self.cases.append((wire, cases))
        self._branches(wire.on)

    def points(self, module: str) -> Iterator[tuple[Point, int]]:
        """All points, with their counts."""
        place, type_, id_ = self.member.place, self.writing.id, self.member.id
        yield Point(module, place, type_, id_, "field"), self.count
        for (kind, what), count in self.counts.items():
            yield Point(module, place, type_, id_, kind, what), count


def varies(extent: Extent) -> bool:
    """Whether bytes have more than one length."""
    if extent.contents is not None:
        return False
    if isinstance(extent.size, int):
        return extent.size > 1 and (extent.term is not None or extent.pad is not None)
    return not (isinstance(extent.size, Formula) and constant(extent.size) is not None)


def members_of(format: Format) -> dict[type[Any], list[Member]]:
    """The fields and instances of all classes of a format."""
    listed: dict[type[Any], list[Member]] = {}
    tops: list[tuple[type[Any], Envelope | None]] = []
    if format.envelope is None:
        if format.root is not None:
            tops.append((format.root, None))
    else:
        for part in (format.envelope, *parts_of(format.envelope)):
            if part.decode.unit is not None:
                tops.append((part.decode.unit, part))
            tops += [(codec.target, None) for codec in part.decode.codecs if codec.target is not None]
    for top, envelope in tops:
        reached = classes(top)
        sizes = frozenset(
            solution.name for writing in reached for formula in _all_sizes(writing) for solution in formula.solutions
        )
        for writing in reached:
            if writing.target in listed:
                continue
            follows = _follows(envelope) if writing.target is top else set()
            listed[writing.target] = [
                Member(writing, member, member.id in follows, sizes) for member in (*writing.puts, *writing.instances)
            ]
    return listed


def _all_sizes(writing: ClassWriting) -> Iterator[Formula]:
    """The expressions of all sizes and counts, and the value instances that they may speak of."""
    for member in (*writing.puts, *writing.instances):
        if isinstance(member, Computed):
            yield member.formula
            continue
        yield from sizes_of(member)
        for wire in objects_in(member):
            yield from wire.arguments


def _follows(envelope: Envelope | None) -> set[str]:
    """The fields whose values follow from others, or count."""
    if envelope is None:
        return set()
    names = {checksum.field for checksum in envelope.search.checksums}
    if envelope.decode.sequence is not None:
        names.add(envelope.decode.sequence.field)
    return names
