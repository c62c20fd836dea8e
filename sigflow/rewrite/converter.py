"""Frames of some formats as frames of another, many at a time.

Where all expressions can be computed of arrays, and the target is put together of columns, no object is made for a
frame; else each frame is parsed and built by itself.  Both give the same bytes.  State: the counters of the target's
streams.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow.columns.conditions import unit_of
from sigflow.columns.frames import FrameBatch
from sigflow.columns.gather import Stretches
from sigflow.columns.layouts import FrameLayout, Unfitting
from sigflow.columns.names import distinct
from sigflow.compiler import expression as ex
from sigflow.errors import BuildError, UsageError
from sigflow.events import Record
from sigflow.recording.grouping import key_of, records_of
from sigflow.recording.selection.terms import Many
from sigflow.recording.selection.vectors import NotExact
from sigflow.rewrite.mapping import COUNTED, FormatMapping, Rule
from sigflow.runtime.column import Bits, Bytes
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.plain import asdict
from sigflow.runtime.struct import KaitaiStruct
from sigflow.stream.building.many import MOST_ROWS, BuiltFrames

if TYPE_CHECKING:
    from sigflow.stream.format import Format

    Array = np.ndarray[Any, Any]
    Path = tuple[str, ...]

#: Streams whose counters are kept.
MOST_STREAMS = 1 << 20


class Converter:
    """Makes frames of the target.  numbers: of the formats of the frames, in the order of the mappings."""

    def __init__(self, target: Format, mappings: Mapping[int, FormatMapping], *, arrays: bool = True) -> None:
        """mappings: by the numbers of the formats of frames.  arrays: False has every frame built by itself."""
        self.target = target
        self._mappings = mappings
        self._layout = FrameLayout.of(target) if arrays else None
        self._able = {number: self._by_arrays(mapping) for number, mapping in mappings.items()}
        self._counters: dict[Any, int] = {}
        envelope = target.envelope
        self._sequence = envelope.decode.sequence if envelope is not None else None
        self._counted = any(rule.origin == COUNTED for mapping in mappings.values() for rule in mapping.rules)

    def _by_arrays(self, mapping: FormatMapping) -> _Arrays | None:
        if self._layout is None:
            return None
        try:
            return _Arrays(mapping, self._layout)
        except Unfitting:
            return None

    def frames(self, frames: FrameBatch) -> BuiltFrames:
        """The frames of the target for these frames, in their order.

        Raises `BuildError` with what is wrong with the first that cannot be converted.
        """
        numbers = np.unique(frames.formats).tolist() if len(frames) else []
        if self._layout is not None and len(numbers) == 1 and self._able[numbers[0]] is not None:
            counters = dict(self._counters) if self._counted else self._counters
            try:
                return self._of_arrays(self._able[numbers[0]], frames)
            except (Unfitting, NotExact):
                self._counters = counters
        return self._one_by_one(frames)

    # ------------------------------------------------------------ many at once

    def _of_arrays(self, arrays: _Arrays | None, frames: FrameBatch) -> BuiltFrames:
        assert arrays is not None and self._layout is not None  # whoever calls this has looked
        columns, payload, begins, ends = arrays.columns(frames)
        if arrays.counted is not None:
            columns[arrays.counted] = self._counts(arrays, columns, len(frames))
        return self._layout.frames(columns, payload, begins, ends)

    def _counts(self, arrays: _Arrays, columns: Mapping[Path, Array], size: int) -> Array:
        """The sequence numbers of these frames, each stream counted on."""
        assert self._sequence is not None  # so a field is counted
        keys, places = arrays.streams(self._sequence, columns, size)
        numbers: dict[Any, int] = {}
        same = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
        places = same[places] if len(keys) > 1 else np.zeros(size, np.int64)
        if len(numbers) == 1:
            rank, counts = np.arange(size), [size]
        else:
            counts = np.bincount(places, minlength=len(numbers)).tolist()
            order = np.argsort(places, kind="stable")
            starts = np.cumsum([0, *counts[:-1]])
            rank = np.empty(size, np.int64)
            rank[order] = np.arange(size) - np.repeat(starts, counts)
        before = [self._counters.get(key, 0) for key in numbers]
        step, modulus = self._sequence.step, self._sequence.modulus
        if any((first + count) * step >= min(modulus, 1 << 63) for first, count in zip(before, counts, strict=True)):
            made = [(before[place] + own) * step % modulus for place, own in zip(places, rank.tolist(), strict=True)]
            values: Array = np.array(made, np.uint64 if modulus > 1 << 63 else np.int64)
        else:
            values = (np.array(before, np.int64)[places] + rank) * step
        for key, first, count in zip(numbers, before, counts, strict=True):
            self._keep(key, first + count)
        return values

    def _keep(self, key: Any, count: int) -> None:
        if key not in self._counters and len(self._counters) >= MOST_STREAMS:
            raise UsageError(f"there are more than {MOST_STREAMS} streams to count")
        self._counters[key] = count

    # ------------------------------------------------------------ one by one

    def _one_by_one(self, frames: FrameBatch) -> BuiltFrames:
        made: list[bytes] = [b""] * len(frames)
        mistakes: list[Any] = []
        told: list[str] = []
        waiting = {
            number: (np.flatnonzero(frames.formats == number).tolist(), mapping)
            for number, mapping in self._mappings.items()
        }
        iterators = {
            number: records_of(mapping.source, frames.at(np.array(places, np.int64)))
            for number, (places, mapping) in waiting.items()
            if places
        }
        for row, number in enumerate(frames.formats.tolist()):
            record = next(iterators[number])
            try:
                made[row] = self._frame(self._mappings[number], record)
            except BuildError as error:
                mistakes += error.mistakes
                told.append(f"the {record.format} frame at {record.start}: {error}")
                if len(told) == MOST_ROWS:
                    told.append("further frames are not looked at")
                    break
        if told:
            raise BuildError("\n".join(told), mistakes)
        return BuiltFrames.of(made)

    def _frame(self, mapping: FormatMapping, record: Record) -> bytes:
        """One frame.  Raises `BuildError`."""
        value: dict[str, Any] = {}
        counted: Rule | None = None
        for rule in mapping.rules:
            if rule.term is None:
                counted = rule
                continue
            try:
                result = rule.term.of_record(record)
            except WIRE_ERRORS as error:
                text = f"`{rule.text}` cannot be computed: {error}"
                raise BuildError(f"{self.target.name}: {rule.name}: {text}") from error
            _put(value, rule.path, asdict(result) if isinstance(result, KaitaiStruct | list) else result)
        if counted is None or self._sequence is None:
            return self.target.build(value)
        _put(value, counted.path, 0)
        raw = self.target.build(value)
        key = key_of(self._sequence.stream, self.target.parse(raw)) if self._sequence.stream is not None else None
        count = self._counters.get(key, 0)
        number = count * self._sequence.step % self._sequence.modulus
        if number:
            _put(value, counted.path, number)
            raw = self.target.build(value)
        self._keep(key, count + 1)
        return raw


def _put(value: dict[str, Any], path: Path, item: Any) -> None:
    for part in path[:-1]:
        value = value.setdefault(part, {})
    value[path[-1]] = item


class _Arrays:
    """The rules of a mapping as operations on arrays.  counted: the path of the field that is counted.

    Raises `Unfitting` where frames have to be converted one by one.
    """

    def __init__(self, mapping: FormatMapping, layout: FrameLayout) -> None:
        self._source = mapping.source
        self._layout = layout
        self.counted: Path | None = None
        self._rules: list[tuple[Path, Callable[[Many], Any]]] = []
        self._payload: tuple[int, int | None] | None = None
        known = {*layout.numbers, *([layout.length.path] if layout.length is not None else ())}
        for rule in mapping.rules:
            if rule.term is None:
                self.counted = rule.path
            elif rule.path == layout.body:
                self._payload = _place_of(mapping.source, rule.expr)
            elif rule.path in known and rule.term.of_frames is not None:
                self._rules.append((rule.path, rule.term.of_frames))
            else:
                raise Unfitting
        if (layout.body is None) != (self._payload is None):
            raise Unfitting

    def columns(self, frames: FrameBatch) -> tuple[dict[Path, Array], Array, Array, Array]:
        """The numbers of the target's frames by path; their payloads, and where each begins and ends in these."""
        rows = Stretches.of(self._source, frames)
        many = Many(frames, rows)
        columns: dict[Path, Array] = {}
        for path, of_frames in self._rules:
            vector = of_frames(many)
            if (vector.bad is not None and vector.bad.any()) or vector.kind not in "bi":
                raise Unfitting
            columns[path] = vector.values.astype(np.uint8) if vector.kind == "b" else vector.values
        if self._payload is None:
            none = np.zeros(len(frames), np.int64)
            return columns, np.zeros(1, np.uint8), none, none
        begins, ends = rows.limits(*self._payload)
        return columns, rows.data, begins, ends

    def streams(self, sequence: Any, columns: Mapping[Path, Array], size: int) -> tuple[list[Any], Array]:
        """The streams of the target's frames, and of which each frame is."""
        places: Array = np.zeros(size, np.int64)
        if sequence.stream is None:
            return [None], places
        if sequence.needs is None:
            raise Unfitting
        tuples: list[tuple[Any, ...]] = [()]
        for name in sequence.needs:
            path = (*name.split("."),)
            field = self._layout.numbers.get(path)
            if field is None or path not in columns:
                raise Unfitting
            numbers, mine = distinct(np.broadcast_to(columns[path], (size,)))
            members = field.put.enum._value2member_map_ if field.put.enum is not None else {}
            boolean = isinstance(field.kind, Bits) and getattr(field.put.wire, "boolean", False)
            values = [bool(number) if boolean else members.get(number, number) for number in numbers.tolist()]
            both, places = distinct(places * len(values) + mine)
            split = (divmod(number, len(values)) for number in both.tolist())
            tuples = [(*tuples[before], values[own]) for before, own in split]
        return [key_of(sequence.stream, unit_of(sequence.needs, values)) for values in tuples], places


def _place_of(source: Format, expr: ex.Expr | None) -> tuple[int, int | None]:
    """Where the bytes of a frame stand that an expression names.  Raises `Unfitting` where it is more than a name."""
    from sigflow.columns.frame import FrameType

    kind = FrameType(source)
    name = expr.id if isinstance(expr, ex.Name) else ""
    column = next((column for column in kind.classes[kind.unit].columns if column.id == name), None)
    if column is None or column.place is None or column.id not in kind.gathered or not isinstance(column.kind, Bytes):
        raise Unfitting
    if column.kind.pad is not None or column.kind.term is not None:
        raise Unfitting
    return column.place


def mapped_numbers(formats: Sequence[Format], mappings: Sequence[FormatMapping]) -> dict[int, FormatMapping]:
    """The mappings by the numbers of the formats of a pass."""
    by_name = {mapping.source.name: mapping for mapping in mappings}
    return {number: by_name[format.name] for number, format in enumerate(formats) if format.name in by_name}
