"""Counting what the values of frames reach.  Memory is that of the points, however many frames there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sigflow.coverage.points import KINDS, Member, Point, members_of
from sigflow.events import Record
from sigflow.runtime.envelope import parts_of
from sigflow.runtime.struct import KaitaiStruct
from sigflow.runtime.writing import Branch, Computed, Put, PutBytes, PutCase, PutText
from sigflow.runtime.writing.derive import FAILURES
from sigflow.stream.format import Format

_MISSING = object()


class Coverage:
    """What frames of some formats have reached.  State: the counts of the points."""

    def __init__(self, formats: Iterable[Format]) -> None:
        self.formats = list(formats)
        self._members = [members_of(format) for format in self.formats]
        self._numbers: dict[str, int] = {}
        for number, format in enumerate(self.formats):
            self._numbers[format.name] = number
            for part in parts_of(format.envelope) if format.envelope is not None else ():
                self._numbers[part.about.name] = number
        #: Frames of each format; those of its preamble and trailer are none.
        self.frames = [0] * len(self.formats)

    def add(self, record: Record) -> None:
        """Count what a frame reaches.  What of it does not parse reaches nothing."""
        number = self._numbers.get(record.format)
        if number is None:
            return
        self.frames[number] += record.format == self.formats[number].name
        members = self._members[number]
        waiting: list[Any] = [record.value]
        if isinstance(record.payload, KaitaiStruct):
            waiting.append(record.payload)
        while waiting:
            unit = waiting.pop()
            for member in members.get(type(unit), ()):
                if isinstance(member.member, Computed):
                    _computed(member, member.member, unit)
                else:
                    waiting.extend(_put(member, member.member, unit))

    def give(self) -> dict[str, list[int]]:
        """The counts, which begin anew here; `take` of a coverage of the same formats adds them."""
        added = {"frames": self.frames, "points": [count for member in self._all() for count in member.give()]}
        self.frames = [0] * len(self.formats)
        return added

    def take(self, added: dict[str, list[int]]) -> None:
        """Add counts that `give` gave elsewhere."""
        self.frames = [have + more for have, more in zip(self.frames, added["frames"], strict=True)]
        counts = iter(added["points"])
        for member in self._all():
            member.take(counts)

    def _all(self) -> Iterator[Member]:
        for by_class in self._members:
            for members in by_class.values():
                yield from members

    def points(self, number: int) -> list[tuple[Point, int]]:
        """All points of the format of this number, with their counts, in the order of the spec."""
        format = self.formats[number]
        listed: dict[Point, int] = {}
        for members in self._members[number].values():
            for member in members:
                for point, count in member.points(_module(member, format)):
                    listed[point] = listed.get(point, 0) + count
        order = {kind: place for place, kind in enumerate(KINDS)}
        return sorted(listed.items(), key=lambda item: (item[0].module, item[0].place[:2], order[item[0].kind]))

    def missing(self, number: int) -> list[Point]:
        """The points that no frame has reached."""
        return [point for point, count in self.points(number) if not count]

    def kinds(self, number: int) -> dict[str, tuple[int, int]]:
        """By kind, how many points were reached, and how many there are."""
        total: Counter[str] = Counter()
        reached: Counter[str] = Counter()
        for point, count in self.points(number):
            total[point.kind] += 1
            reached[point.kind] += bool(count)
        return {kind: (reached[kind], total[kind]) for kind in KINDS if total[kind]}


def _module(member: Member, format: Format) -> str:
    """The spec that a class is from: "" for that of the format."""
    target: Any = member.writing.target
    unit: Any = format.value_class
    return "" if target.__module__ == unit.__module__ else target.__module__.rpartition(".")[2]


def _computed(member: Member, computed: Computed, unit: Any) -> None:
    """A value instance."""
    if computed.condition is not None:
        try:
            holds = bool(computed.condition.value(unit, None, None))
        except FAILURES:
            return
        _count(member, "if", "true" if holds else "false")
        if not holds:
            return
    member.count += 1
    for _, branches in member.formulas:
        _branches(member, branches, unit, None, None)


def _put(member: Member, put: Put, unit: Any) -> Iterator[Any]:
    """A field; gives the objects in it."""
    try:
        value = getattr(unit, put.name, _MISSING)
    except FAILURES:
        return
    if value is _MISSING:
        return  # (the frame did not parse so far)
    if put.condition is not None:
        _count(member, "if", "false" if value is None else "true")
    if value is None and not _is_empty_case(put):
        return
    member.count += 1
    if put.repeat is not None and isinstance(value, list):
        _count(member, "length", _length(len(value)))
        for i, element in enumerate(value):
            yield from _element(member, put, unit, element, i)
    else:
        yield from _element(member, put, unit, value, None)


def _is_empty_case(put: Put) -> bool:
    """Whether a field may be there and have no value."""
    return isinstance(put.wire, PutCase) and put.condition is None


def _element(member: Member, put: Put, unit: Any, value: Any, i: int | None) -> Iterator[Any]:
    if member.cases:
        _cases(member, unit, i, put.wire)
    for _, branches in member.formulas:
        _branches(member, branches, unit, i, value)
    if isinstance(value, KaitaiStruct):
        yield value
        return
    if isinstance(value, bytes | str) and put.repeat is None and isinstance(put.wire, PutBytes | PutText | PutCase):
        _count(member, "length", _length(len(value)))
    number = getattr(value, "value", value)
    if member.members:
        name = member.members.get(number)
        if name is not None:
            _count(member, "enum" if put.enum is not None else "bound", name)
    elif isinstance(number, int):
        if number == member.low:
            _count(member, "bound", f"min {int(number)}")
        if number == member.high:
            _count(member, "bound", f"max {int(number)}")


def _length(length: int) -> str:
    return "more" if length > 1 else str(length)


def _count(member: Member, kind: str, what: str) -> None:
    key = kind, what
    if key in member.counts:
        member.counts[key] += 1


def _cases(member: Member, unit: Any, i: int | None, wire: Any) -> None:
    """Count the case that applies, and that of a switch in it."""
    for switch, cases in member.cases:
        if switch is not wire:
            continue
        try:
            on = switch.on.value(unit, i, None)
        except FAILURES:
            return
        on = getattr(on, "value", on)
        chosen: tuple[str, Any] | None = None
        for known, case, name, inner in cases:
            if case is None:
                chosen = chosen or (name, inner)
                continue
            try:
                value = known if known is not None else case.value(unit, i, None)
            except FAILURES:
                continue
            if value == on:
                chosen = name, inner
                break
        _count(member, "case", chosen[0] if chosen is not None else "none of them")
        if chosen is not None:
            _cases(member, unit, i, chosen[1])


def _branches(member: Member, branches: tuple[Branch, ...], unit: Any, i: int | None, value: Any) -> None:
    """Count which ways the conditionals of an expression go."""
    held: list[bool | None] = []
    for branch in branches:
        holds: bool | None = None
        if branch.outer is None or held[branch.outer[0]] is branch.outer[1]:
            try:
                holds = bool(branch.holds(unit, i, value))
            except FAILURES:
                holds = None
        held.append(holds)
        if holds is not None:
            _count(member, "branch", f"{branch.text}: {'true' if holds else 'false'}")
