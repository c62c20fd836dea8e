"""The sections `metadata` and `compute` of sigflow.yaml, bound to formats: what is wrong with them, or formats that
know what is said of their frames (`Format.with_calibrations`).

Rules.  A rule is for the formats that it names, else for all that have its fields; a field that none of them has is a
mistake.  In `when` fields are raw: what they are calibrated to follows from it.  Which rules apply to a frame is a
function of the frame and its source alone: of its own time, and not of when it came in.

calibration_entries  one entry under `calibrate`, and the version of a rule
calibrated_fields    which fields can be calibrated
rule_frames          which frames a rule is for
quantities           computed quantities
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from glob import escape
from typing import TYPE_CHECKING

from sigflow.calibration.kinds import Both
from sigflow.calibration.measure import Measure
from sigflow.calibration.rules import Calibrations, Rule, versions_of
from sigflow.columns.physical import measure_of
from sigflow.compiler.problems import did_you_mean
from sigflow.config import texts
from sigflow.errors import UsageError
from sigflow.recording.calibrated_fields import columns_at, has_column, values_of, why_no_number
from sigflow.recording.calibration_entries import Unfit, calibration_of, version_of
from sigflow.recording.grouping import Grouping
from sigflow.recording.quantities import asked_by, circle_of, names_of, quantity_of
from sigflow.recording.rule_frames import RuleFrames, selection_of, sources_of
from sigflow.recording.selection.binding import FRAME, FUNCTIONS
from sigflow.recording.selection.fitting import Fitting, is_dated
from sigflow.recording.selection.where import ConditionError, bound_terms

if TYPE_CHECKING:
    from sigflow.config import Config
    from sigflow.config.sections import ComputedQuantity, MetadataRule, When
    from sigflow.stream.format import Format

#: The sections.
METADATA, COMPUTE = "metadata", "compute"
_WORDS = {"any": "of a kind that is not known beforehand (write .as<f8>)", "enum": "an enum (its number is .to_i)"}

#: Values that a computed quantity reads at most, with those that it asks for; how deep these may ask for others.
STEPS, DEPTH = 10_000, 60

Path = tuple[str | int, ...]


def calibrated(config: Config, formats: Sequence[Format], source: str = "") -> tuple[list[Format], list[UsageError]]:
    """These formats with what the file says of their frames, and what is wrong with it, with the places.

    source: what the frames come from, as rules name it.
    """
    if not config.metadata and not config.compute:
        return list(formats), []
    return _Binding(config, formats).bound(source)


def ruled(file: str, formats: Sequence[Format], name: str) -> list[Format]:
    """These formats with what a file says of the frames of a capture.  Raises `UsageError` for the first mistake."""
    from sigflow import config
    from sigflow.storage.session.opening import source_of

    made, mistakes = calibrated(config.read(file), formats, source_of(name) or name)
    if mistakes:
        raise mistakes[0]
    return made


class _Binding:
    """A file and formats.  State: what is wrong, and what is known of each format by now."""

    def __init__(self, config: Config, formats: Sequence[Format]) -> None:
        self._config = config
        self._formats = [format.with_calibrations(None) if format.calibrations else format for format in formats]
        self._framed = [format for format in self._formats if not format.is_part]
        self._mistakes: list[UsageError] = []
        self._rules: dict[str, list[Rule]] = {format.name: [] for format in self._framed}
        self._chosen: dict[str, dict[str, dict[int, tuple[Both, str]]]] = {name: {} for name in self._rules}
        #: Of computed quantities, by format and name: how many values they read, and how deep they ask for others.
        self._efforts: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in self._rules}

    def bound(self, source: str) -> tuple[list[Format], list[UsageError]]:
        """See `calibrated`."""
        for place, rule in zip(self._places(METADATA), self._config.metadata, strict=True):
            self._rule(place, rule)
        known = {format.name: self._calibrations(format, source) for format in self._framed}
        self._quantities(known)
        for format in self._framed:
            if known[format.name].measures:
                fields = values_of(format.with_calibrations(known[format.name]))
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
        named = texts(names)
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
        if not self._comparable(path, rule, meant):
            return
        by_format = self._fields((*path, "calibrate"), entries, meant)
        version = rule.version or version_of(rule)
        for format in meant:
            fields = by_format.get(format.name, {})
            if entries and not fields and not rule.set:
                continue
            times = (None if since is None else since.ns, None if until is None else until.ns)
            when = RuleFrames(
                format, rule.when, times, any(bound is not None and bound.dated for bound in (since, until))
            )
            sources = sources_of(self._sources(texts(rule.when.source)))
            self._rules[format.name].append(Rule(place, version, rule.set, sources, when.of_record, when.of_frames))
            for field, entry in fields.items():
                self._chosen[format.name].setdefault(field, {})[place] = entry

    def _sources(self, named: Sequence[str]) -> list[str]:
        """The patterns, and the URIs of sources of the file that are called so."""
        own = self._config.sources
        return [*named, *(escape(self._config.uri(own[name].uri)) for name in named if name in own)]

    def _comparable(self, path: Path, rule: MetadataRule, meant: Sequence[Format]) -> bool:
        """Whether bounds on the time are of the kind that the times of a format are, where one has times."""
        timed = [format for format in meant if Grouping(format).has_times]
        for key, bound in (("from", rule.from_), ("until", rule.until)):
            if bound is not None and timed and all(is_dated(format) != bound.dated for format in timed):
                wanted = "seconds since its own start (12.5s)" if bound.dated else "a date (2026-01-31)"
                self._wrong((*path, key), f"the time of {timed[0].name} is {wanted}, found {bound.text}")
                return False
        return True

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
            Fitting(selection_of(when), meant)
        except ConditionError as error:
            self._within((*path, "where"), error)
        except UsageError as error:
            self._wrong(path, str(error).replace("--", ""))
        else:
            return True
        return False

    def _able(self, when: When, format: Format) -> bool:
        try:
            Fitting(selection_of(when), [format])
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
                columns, known = columns_at(format, field)
                if not columns:
                    lacking.append((field.split(".")[-1], format, known))
                    continue
                wrong = next((words for column in columns if (words := why_no_number(column)) is not None), None)
                if wrong is None and not has_column(format, field):
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
            column = columns_at(format, field)[0][0]
            base, spec_unit = None, ""
            if column.physical is not None:
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
        unmade: set[str] = set()
        for place, entry in entries:
            path: Path = (COMPUTE, place)
            meant = self._meant(entry.format)
            if not meant or self._taken(path, entry, meant, known):
                continue
            formats = [format.with_calibrations(known[format.name]) for format in meant]
            followed = {format.name: list(known[format.name].followed) for format in meant}
            if unmade & set(asked_by(entry.value)):
                unmade.add(entry.name)  # what it asks for is told already
                continue
            if too_much := self._asks_too_much(entry, meant):
                self._wrong((*path, "value"), too_much)
                unmade.add(entry.name)
                continue
            try:
                terms = bound_terms(entry.value, formats, followed=followed)
            except ConditionError as error:
                unmade.add(entry.name)
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
                known[name] = replace(before, quantities=(*before.quantities, made), followed=tuple(followed[name]))

    def _taken(
        self, path: Path, entry: ComputedQuantity, meant: Sequence[Format], known: Mapping[str, Calibrations]
    ) -> bool:
        """Whether something else has the name."""
        name = entry.name
        what = ""
        if name in FUNCTIONS or name in FRAME:
            what = "a word of the language"
        if name == "metadata":
            what = "what rules set, as a column,"
        for format in meant:
            if known[format.name].quantity(name) is not None:
                what = f"another quantity of {format.name}"
            elif name in names_of(format.with_calibrations(known[format.name])):
                what = f"a field of {format.name}"
        if what:
            self._wrong((*path, "name"), f"{name!r} is {what} already")
        return bool(what)

    def _asks_too_much(self, entry: ComputedQuantity, meant: Sequence[Format]) -> str:
        """What is to be said where it takes too long to compute a quantity, with all that it asks for; else "".

        What is asked for twice is computed twice, so that a few lines could ask for more than can ever be computed.
        """
        asked = asked_by(entry.value)
        for format in meant:
            efforts = [self._efforts[format.name].get(name, (1, 0)) for name in asked]
            steps, depth = 1 + sum(steps for steps, _ in efforts), 1 + max((depth for _, depth in efforts), default=0)
            if steps > STEPS:
                return f"with what it asks for, {entry.name!r} reads more than {STEPS} values"
            if depth > DEPTH:
                return f"{entry.name!r} asks for quantities that ask for others, more than {DEPTH} deep"
            self._efforts[format.name][entry.name] = steps, depth
        return ""

    def _circle(self, place: int, entry: ComputedQuantity, entries: Sequence[tuple[int, ComputedQuantity]]) -> str:
        """What is to be said where a quantity asks for one that is not there yet; "" where it asks for no such one."""
        by_name = {other.name: other for number, other in entries if number >= place}
        later = [name for name in asked_by(entry.value) if name in by_name]
        if not later:
            return ""
        way = circle_of(entry.name, by_name)
        if way:
            return f"{entry.name!r} is computed in a circle: {' -> '.join([*way, entry.name])}"
        return f"{later[0]!r} is computed below {entry.name!r}: a quantity asks for those before it"
