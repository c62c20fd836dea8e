"""The sections `metadata` and `compute` of sigflow.yaml, bound to formats: what is wrong with them, or formats that
know what is said of their frames (`Format.with_calibrations`).

Rules.  A rule is for the formats that it names, else for all that have its fields; a field that none of them has is a
mistake.  In `when` fields are raw: what they are calibrated to follows from it.  Which rules apply to a frame is a
function of the frame and its source alone: of its own time, and not of when it came in.

calibration_entries   one entry under `calibrate`, and the version of a rule
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sigflow.calibration.kinds import Both
from sigflow.calibration.measure import Measure
from sigflow.calibration.rules import Calibrations, Quantity, Rule, versions_of
from sigflow.columns.frame import description
from sigflow.columns.physical import measures_of
from sigflow.columns.tree import Listed, Member, OneOf, Struct, Trees, is_number
from sigflow.compiler import expression as ex
from sigflow.compiler.parser import ExpressionError
from sigflow.compiler.problems import did_you_mean
from sigflow.errors import UsageError
from sigflow.recording.calibration_entries import Unfit, calibration_of, version_of
from sigflow.recording.grouping import Grouping, Records
from sigflow.recording.selection.asked import Selection
from sigflow.recording.selection.binding import FRAME, FUNCTIONS
from sigflow.recording.selection.fitting import Fitting, is_dated
from sigflow.recording.selection.terms import Many, Term
from sigflow.recording.selection.vectors import NotExact
from sigflow.recording.selection.where import ConditionError, bound_terms, parsed
from sigflow.runtime.column import Bits, Column, Computed, Kind, Nested, Switch
from sigflow.runtime.column import Many as Repeated
from sigflow.runtime.measure import WIRE_ERRORS

if TYPE_CHECKING:
    from sigflow.columns.frames import FrameBatch
    from sigflow.config import Config
    from sigflow.config.sections import ComputedQuantity, MetadataRule, When
    from sigflow.events import Record
    from sigflow.stream.format import Format

#: The sections.
METADATA, COMPUTE = "metadata", "compute"
#: What 64 bits hold: a computed integer beyond is null.
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
_WORDS = {"any": "of a kind that is not known beforehand (write .as<f8>)", "enum": "an enum (its number is .to_i)"}

Path = tuple[str | int, ...]


def calibrated(config: Config, formats: Sequence[Format], source: str = "") -> tuple[list[Format], list[UsageError]]:
    """These formats with what the file says of their frames, and what is wrong with it, with the places.

    source: what the frames come from, as rules name it.
    """
    if not config.metadata and not config.compute:
        return list(formats), []
    return _Binding(config, formats).bound(source)


class _Binding:
    """A file and formats.  State: what is wrong, and what is known of each format by now."""

    def __init__(self, config: Config, formats: Sequence[Format]) -> None:
        self._config = config
        self._formats = [format.with_calibrations(None) if format.calibrations else format for format in formats]
        self._framed = [format for format in self._formats if not format.is_part]
        self._mistakes: list[UsageError] = []
        self._rules: dict[str, list[Rule]] = {format.name: [] for format in self._framed}
        self._chosen: dict[str, dict[str, dict[int, tuple[Both, str]]]] = {name: {} for name in self._rules}

    def bound(self, source: str) -> tuple[list[Format], list[UsageError]]:
        """See `calibrated`."""
        for place, rule in zip(self._places(METADATA), self._config.metadata, strict=True):
            self._rule(place, rule)
        known = {format.name: self._calibrations(format, source) for format in self._framed}
        self._quantities(known)
        for format in self._framed:
            fields = _values(format.with_calibrations(known[format.name]))
            known[format.name] = replace(known[format.name], fields=fields)
        made = [
            format.with_calibrations(known[format.name])
            if format.name in known and (known[format.name].rules or known[format.name].quantities)
            else format
            for format in self._formats
        ]
        return made, self._mistakes

    def _places(self, section: str) -> Sequence[int]:
        """The places of the entries in the file, of which some may have been left out."""
        entries = getattr(self._config, section)
        document = self._config.document
        return document.kept.get(section, range(len(entries)))[: len(entries)] if document else range(len(entries))

    def _wrong(self, path: Path, words: str, *, key: bool = False) -> None:
        document = self._config.document
        where = document.place(path, key=key) if document is not None else ".".join(map(str, path))
        self._mistakes.append(UsageError(f"{where}: {words}"))

    def _within(self, path: Path, error: ConditionError) -> None:
        document = self._config.document
        where = document.within(path, error.at) if document is not None else ".".join(map(str, path))
        self._mistakes.append(UsageError(f"{where}: {error}"))

    def _meant(self, names: str | Sequence[str]) -> list[Format]:
        named = _texts(names)
        return [format for format in self._framed if not named or format.name in named]

    # ---------------------------------------------------------------- rules

    def _rule(self, place: int, rule: MetadataRule) -> None:
        before = len(self._mistakes)
        path: Path = (METADATA, place)
        entries = dict(self._entries((*path, "calibrate"), rule))
        since, until = rule.from_, rule.until
        if since is not None and until is not None:
            if since.dated != until.dated:
                self._wrong((*path, "until"), "`from` and `until` are both dates, or both seconds")
            elif since.ns >= until.ns:
                self._wrong((*path, "until"), f"nothing is from {since.text} on and before {until.text}")
        if rule.version is not None and (not rule.version or not rule.version.isprintable() or "+" in rule.version):
            self._wrong((*path, "version"), "a version is a text on one line, without `+`")
        meant = self._meant(rule.when.format)
        if not meant or not self._fits((*path, "when"), rule.when, meant) or len(self._mistakes) > before:
            return
        meant = [format for format in meant if self._able(rule.when, format)]
        by_format = self._fields((*path, "calibrate"), entries, meant)
        version = rule.version or version_of(rule)
        for format in meant:
            fields = by_format.get(format.name, {})
            if entries and not fields and not rule.set:
                continue
            times = (None if since is None else since.ns, None if until is None else until.ns)
            when = _When(format, rule.when, times, any(bound is not None and bound.dated for bound in (since, until)))
            sources = _sources(_texts(rule.when.source))
            self._rules[format.name].append(Rule(place, version, rule.set, sources, when.of_record, when.of_frames))
            for field, entry in fields.items():
                self._chosen[format.name].setdefault(field, {})[place] = entry

    def _entries(self, path: Path, rule: MetadataRule) -> Iterator[tuple[str, tuple[Both, str]]]:
        """What makes the physical values of fields, with the units."""
        for field, entry in rule.calibrate.items():
            try:
                yield field, calibration_of(entry)
            except Unfit as error:
                self._wrong((*path, field, *error.at), str(error), key=error.key)

    def _fits(self, path: Path, when: When, meant: Sequence[Format]) -> bool:
        """Whether it can be told which frames are meant."""
        try:
            Fitting(_selection(when), meant)
        except ConditionError as error:
            self._within((*path, "where"), error)
        except UsageError as error:
            self._wrong(path, str(error).replace("--", ""))
        else:
            return True
        return False

    def _able(self, when: When, format: Format) -> bool:
        try:
            Fitting(_selection(when), [format])
        except UsageError:
            return False  # another format has what this one lacks
        return True

    def _fields(
        self, path: Path, entries: Mapping[str, tuple[Both, str]], meant: Sequence[Format]
    ) -> dict[str, dict[str, tuple[Both, str]]]:
        """The fields that each format has."""
        by_format: dict[str, dict[str, tuple[Both, str]]] = {}
        for field, entry in entries.items():
            lacking: list[tuple[str, Format, list[str]]] = []
            for format in meant:
                columns, known = _columns_at(format, field)
                if not columns:
                    lacking.append((field.split(".")[-1], format, known))
                    continue
                wrong = next((words for column in columns if (words := _no_number(column)) is not None), None)
                if wrong is None and not _has_column(format, field):
                    wrong = "it lies in a recursion, or too deep, and has no column of its own"
                if wrong is not None:
                    self._wrong((*path, field), f"{field!r} of {format.name} cannot be calibrated: {wrong}", key=True)
                else:
                    by_format.setdefault(format.name, {})[field] = entry
            if lacking and len(lacking) == len(meant):
                name, _, known = lacking[0]
                where = f"in {lacking[0][1].name}" if len(meant) == 1 else "in any of the formats"
                self._wrong((*path, field), f"unknown field {field!r} {where}{did_you_mean(name, known)}", key=True)
        return by_format

    def _calibrations(self, format: Format, source: str) -> Calibrations:
        rules = tuple(self._rules[format.name])
        measures = {}
        for field, by_rule in self._chosen[format.name].items():
            column = _columns_at(format, field)[0][0]
            base, spec_unit = None, ""
            if column.physical is not None:
                from sigflow.columns.physical import measure_of

                of_spec = measure_of(column)
                assert of_spec is not None
                base, spec_unit = of_spec.base, of_spec.unit
            units = {number: unit for number, (_, unit) in by_rule.items() if unit}
            unit = next(iter(units.values()), spec_unit)
            for number, other in units.items():
                if other != unit:
                    path = (METADATA, number, "calibrate", field, "unit")
                    first = next(iter(units))
                    self._wrong(path, f"found {other!r}, but {unit!r} in metadata[{first}]: a column has one unit")
            if unit != spec_unit and spec_unit:
                base = None  # what the spec says is of another unit
            kinds = {number: entry[0] for number, entry in by_rule.items()}
            measures[field] = Measure(unit, base, kinds, versions_of(rules, list(kinds)))
        return Calibrations(rules, measures, (), source)

    # ---------------------------------------------------------------- computed quantities

    def _quantities(self, known: dict[str, Calibrations]) -> None:
        entries = list(zip(self._places(COMPUTE), self._config.compute, strict=True))
        for place, entry in entries:
            path: Path = (COMPUTE, place)
            meant = self._meant(entry.format)
            if not meant or self._taken(path, entry, meant, known):
                continue
            formats = [format.with_calibrations(known[format.name]) for format in meant]
            try:
                terms = bound_terms(entry.value, formats)
            except ConditionError as error:
                circle = self._circle(place, entry, entries)
                if circle:
                    self._wrong((*path, "value"), circle)
                else:
                    self._within((*path, "value"), error)
                continue
            for name, term in terms.items():
                kind = term.type.kind
                if kind not in ("int", "float", "bool", "str"):
                    words = _WORDS.get(kind, f"{term.type}")
                    self._wrong((*path, "value"), f"a quantity is a number, a boolean or a text; this is {words}")
                    break
                made = quantity_of(entry, term)
                before = known[name]
                known[name] = replace(before, quantities=(*before.quantities, made))

    def _taken(
        self, path: Path, entry: ComputedQuantity, meant: Sequence[Format], known: Mapping[str, Calibrations]
    ) -> bool:
        """Whether something else has the name."""
        name = entry.name
        what = ""
        if name in FUNCTIONS or name in FRAME:
            what = "a word of the language"
        for format in meant:
            if known[format.name].quantity(name) is not None:
                what = f"another quantity of {format.name}"
            elif name in _names(format.with_calibrations(known[format.name])):
                what = f"a field of {format.name}"
        if what:
            self._wrong((*path, "name"), f"{name!r} is {what} already")
        return bool(what)

    def _circle(self, place: int, entry: ComputedQuantity, entries: Sequence[tuple[int, ComputedQuantity]]) -> str:
        """What is to be said where a quantity asks for one that is not there yet; "" where it asks for no such one."""
        by_name = {other.name: other for number, other in entries if number >= place}
        later = [name for name in _asked(entry.value) if name in by_name]
        if not later:
            return ""
        way = _way(entry.name, by_name)
        if way:
            return f"{entry.name!r} is computed in a circle: {' -> '.join([*way, entry.name])}"
        return f"{later[0]!r} is computed below {entry.name!r}: a quantity asks for those before it"


def _values(format: Format) -> dict[str, Callable[[Record], Any]]:
    """What gives the physical values of fields, by their paths, but for those of objects in lists."""
    from sigflow.columns.reach import Paths

    paths = Paths(format)
    by_path = {}
    for path in measures_of(format):
        reached = paths.find(f"{path}_physical")
        if reached is not None:
            by_path[path] = reached.of
    return by_path


def _way(name: str, by_name: Mapping[str, ComputedQuantity]) -> list[str]:
    """The quantities by which one asks for itself; none where it does not."""
    waiting = [[name]]
    seen = set()
    while waiting:
        way = waiting.pop(0)
        for asked in _asked(by_name[way[-1]].value):
            if asked == name:
                return way
            if asked in by_name and asked not in seen:
                seen.add(asked)
                waiting.append([*way, asked])
    return []


def _asked(text: str) -> list[str]:
    """The names in an expression."""
    try:
        return [part.id for part in ex.walk(parsed(text)) if isinstance(part, ex.Name)]
    except ExpressionError:
        return []


def _names(format: Format) -> set[str]:
    """The names of the columns that a format has."""
    from sigflow.columns.options import Options
    from sigflow.recording.frames import View

    return set(View(format, Options(instances=True, physical=True)).names)


def quantity_of(entry: ComputedQuantity, term: Term) -> Quantity:
    """A quantity of a term."""
    kind, of_record, of_many = term.type.kind, term.of_record, term.of_frames

    def of(record: Record) -> Any:
        try:
            return _as(kind, of_record(record))
        except WIRE_ERRORS:
            return None

    def of_frames(rows: Any, frames: Any) -> Any:
        import numpy as np

        assert of_many is not None
        try:
            made = of_many(Many(frames, rows))
        except NotExact:
            return None
        if made.kind == "O":
            return None
        count = len(frames)
        values = np.broadcast_to(made.values, (count,))
        if kind == "float":
            values = values.astype(np.float64)
        return values, None if made.bad is None else np.broadcast_to(made.bad, (count,))

    return Quantity(entry.name, entry.unit, entry.value, kind, of, of_frames, of_many is not None)


def _as(kind: str, value: Any) -> Any:
    """A value as a quantity of this kind; None where it is none."""
    if kind == "float":
        return float(value) if isinstance(value, int | float) else None
    if kind == "int":
        whole = isinstance(value, int) and _LEAST <= value <= _MOST
        return int(value) if whole else None
    return value if isinstance(value, bool if kind == "bool" else str) else None


# ---------------------------------------------------------------- which frames


class _When:
    """Which frames of a format a rule is for, whatever their source."""

    def __init__(self, format: Format, when: When, times: tuple[int | None, int | None], dated: bool) -> None:
        selection = _selection(when)
        self._fitting = None if selection.everything else Fitting(selection, [format])
        self._since, self._until = times
        self._format = format
        self._grouping = Grouping(format)
        #: Whether no time of the format can be compared.
        self._never = self._bounded and (not self._grouping.has_times or dated != is_dated(format))

    @property
    def _bounded(self) -> bool:
        return self._since is not None or self._until is not None

    def of_record(self, record: Record) -> bool:
        """Whether a frame is."""
        if self._never:
            return False
        if self._bounded:
            time = self._format.time_of(record)
            if time is None or not self._is_within(time):
                return False
        return self._fitting is None or self._fitting.of_one(record)

    def _is_within(self, time: int) -> bool:
        return (self._since is None or time >= self._since) and (self._until is None or time < self._until)

    def of_frames(self, frames: FrameBatch) -> Any:
        """Which of these frames are, all of the format."""
        import numpy as np

        keep = np.full(len(frames), not self._never)
        if self._never or not len(frames):
            return keep
        if self._fitting is not None:
            alone = frames if not frames.formats.any() else _numbered(frames)
            keep = self._fitting.of_many(alone)[0]
        if self._bounded and keep.any():
            times = self._grouping.times(Records(self._format, frames))
            keep &= times.known
            if self._since is not None:
                keep &= np.asarray(times.values >= self._since).astype(bool)
            if self._until is not None:
                keep &= np.asarray(times.values < self._until).astype(bool)
        return keep


def _numbered(frames: FrameBatch) -> FrameBatch:
    """The same frames, of a list of formats in which theirs is the only one."""
    import numpy as np

    return replace(frames, formats=np.zeros(len(frames), frames.formats.dtype))


def _selection(when: When) -> Selection:
    return Selection(where=when.where, kinds=_texts(when.kind), streams=_texts(when.stream))


def _sources(patterns: Sequence[str]) -> Callable[[str], bool]:
    if not patterns:
        return lambda source: True
    return lambda source: any(
        fnmatchcase(name, pattern) for name in (source, os.path.basename(source)) for pattern in patterns
    )


def _texts(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


# ---------------------------------------------------------------- fields


def _columns_at(format: Format, path: str) -> tuple[list[Column], list[str]]:
    """The fields that a path leads to, through objects, lists and the cases of switches; and what names there are where
    it leads no further.
    """
    trees = Trees(*description(format)[:1], instances=True)
    targets: list[type[Any]] = [description(format)[1]]
    columns: list[Column] = []
    for id in path.split("."):
        there = [column for target in targets for column in _fields_of(trees, target)]
        columns = [column for column in there if column.id == id]
        if not columns:
            return [], [column.id for column in there]
        targets = [nested.target for column in columns for nested in _objects_in(trees, column.kind)]
    return columns, []


def _fields_of(trees: Trees, target: type[Any]) -> Sequence[Column]:
    fields = trees.known.get(target)
    return fields.columns if fields is not None else ()


def _objects_in(trees: Trees, kind: Kind) -> list[Nested]:
    if isinstance(kind, Nested):
        trees.load(kind)
        return [kind]
    if isinstance(kind, Repeated):
        return _objects_in(trees, kind.item)
    return [nested for case in kind.cases for nested in _objects_in(trees, case)] if isinstance(kind, Switch) else []


def _no_number(column: Column) -> str | None:
    """Why a field is no number; None where it is one, or a list of such."""
    kind = column.kind
    while isinstance(kind, Repeated):
        kind = kind.item
    boolean = (isinstance(kind, Bits) and kind.boolean) or (isinstance(kind, Computed) and kind.kind == "bool")
    if is_number(column) and not boolean:
        return None
    what = "a boolean" if boolean else _KINDS.get(type(kind).__name__, "of a type that is not known")
    return f"it is {what}, and no number"


_KINDS = {
    "Bytes": "bytes",
    "Text": "a text",
    "Named": "an enum",
    "Nested": "an object",
    "Switch": "one of several types",
}


def _has_column(format: Format, path: str) -> bool:
    """Whether there is a column for the physical values of a field."""
    module, unit = description(format)
    measure = Measure("", None)
    waiting: list[Member] = list(Trees(module, instances=True, measures={path: measure}).members(unit))
    while waiting:
        member = waiting.pop()
        if member.physical is measure:
            return True
        nodes = [member.node]
        while nodes:
            node = nodes.pop()
            if isinstance(node, Listed):
                nodes.append(node.item)
            elif isinstance(node, OneOf):
                nodes += [case.node for case in node.cases]
            elif isinstance(node, Struct):
                waiting += node.members
    return False
