"""The JSON form of a frame: where it stood, what it says, what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.columns.options import ALL, Options
from sigflow.columns.render import Rendered, render
from sigflow.columns.times import time_text
from sigflow.recording.report import finding_tree

if TYPE_CHECKING:
    from sigflow.columns.physical import Physical
    from sigflow.columns.reach import Reached
    from sigflow.events import Record
    from sigflow.stream.format import Format

#: The code of a finding about a payload that cannot be shown as numbers.
DTYPE = "payload-dtype"


class View:
    """How the frames of one format are shown: `of` gives the plain tree of each.

    fields: what the paths that are asked for lead to, None where all is shown.
    """

    def __init__(self, format: Format, wanted: Options = ALL, fields: Mapping[str, Reached] | None = None) -> None:
        self.format = format
        self.wanted = wanted
        self.fields = fields
        calibrations = format.calibrations
        self._physical: Physical | None = None
        if wanted.physical or (calibrations is not None and calibrations.measures):
            from sigflow.columns.physical import Physical

            self._physical = Physical(format, instances=wanted.instances, of_spec=wanted.physical)
        #: Whether there are rules, whose versions are told.
        self.versioned = calibrations is not None and calibrations.versioned
        envelope = format.envelope
        time = envelope.decode.time if envelope is not None else None
        #: Whether its times are dates.
        self.dated = time is not None and time.epoch is not None
        self.timed = time is not None
        told = envelope is not None and envelope.decode.metadata is not None
        self.has_metadata = told or (calibrations is not None and bool(calibrations.keys))
        self.decoded = envelope is not None and bool(envelope.decode.codecs)

        #: The column of the payload as numbers: that of its field where it is shown, else one of its own.
        self.numbers: str | None = None
        self.names = self._names()
        if wanted.payload is not None:
            from sigflow.columns.numbers import column_of

            self.numbers, apart = column_of(format, self.names)
            self.names += [self.numbers] * apart

    def _names(self) -> list[str]:
        """The names of what the value of a frame has, in their order."""
        if self.fields is not None:
            return [name for name in dict.fromkeys(self.wanted.fields or ()) if name in self.fields]
        calibrations = self.format.calibrations
        if not (self.wanted.instances or self.wanted.physical or calibrations is not None):
            return field_ids(self.format)
        from sigflow.columns.frame import description
        from sigflow.columns.physical import measures_of
        from sigflow.columns.tree import Trees

        module, unit = description(self.format)
        wanted, measures = self.wanted, measures_of(self.format)
        trees = Trees(module, instances=wanted.instances, physical=wanted.physical, measures=measures)
        quantities = calibrations.quantities if calibrations is not None else ()
        return [member.name for member in trees.members(unit)] + [quantity.name for quantity in quantities]

    def of(self, record: Record, capture: str | None = None) -> dict[str, Any]:
        """The plain tree of a record.  capture: the name of the capture, where there are several."""
        tree: dict[str, Any] = {} if capture is None else {"capture": capture}
        tree |= {
            "format": record.format,
            "index": record.index if record.index >= 0 else None,
            "offset": record.start,
            "length": len(record.raw),
        }
        if self.timed:
            tree["time"] = time_text(self.format.time_of(record), epoch=self.dated)
        if self.versioned:
            assert self.format.calibrations is not None
            tree["calibration"] = self.format.calibrations.version(record.rules)
        if self.wanted.lenient:
            tree["damaged"] = finding_tree(record.damaged) if record.damaged is not None else None
        unshown: list[tuple[str, str, str]] = []
        tree["value"] = self._value(record, unshown)
        findings = [finding_tree(finding) for finding in record.diagnostics]
        if self.has_metadata:
            tree["metadata"] = dict(record.metadata)
        if self.wanted.payload is not None:
            tree["payload"] = self._numbers(record, self.wanted.payload, unshown)
        elif self.decoded:
            payload = render(record.payload)
            tree["payload"] = payload.tree
            unshown += [(code, f"payload{path}", message) for code, path, message in payload.findings]
        findings += [
            {
                "code": code,
                "severity": "note",
                "offset": record.start,
                "format": record.format,
                "path": path,
                "message": message,
            }
            for code, path, message in unshown
        ]
        if findings:
            tree["diagnostics"] = findings
        return tree

    def _value(self, record: Record, unshown: list[tuple[str, str, str]]) -> Any:
        if self.fields is None:
            shown = self._rendered(record.value, record)
            unshown += shown.findings
            calibrations = self.format.calibrations
            if calibrations is not None and isinstance(shown.tree, dict):
                for quantity in calibrations.quantities:
                    shown.tree[quantity.name] = self._rendered(quantity.of(record), record).tree
            return shown.tree
        tree: dict[str, Any] = dict.fromkeys(self.wanted.fields or ())
        for path, reached in self.fields.items():
            shown = self._rendered(reached.of(_SOURCES[reached.source](self.format, record)), record, path)
            unshown += [(code, _joined(path, rest), message) for code, rest, message in shown.findings]
            tree[path] = shown.tree
        return tree

    def _rendered(self, value: Any, record: Record, path: str = "") -> Rendered:
        """path: of the value in the frame."""
        if self._physical is None:
            return render(value, instances=self.wanted.instances)
        at = self._physical.at
        beneath = at if not path else (lambda target, rest: at(target, _joined(path, rest) if rest else path))
        return render(value, instances=self.wanted.instances, physical=beneath, rules=record.rules)

    def _numbers(self, record: Record, dtype: str, unshown: list[tuple[str, str, str]]) -> list[Any] | None:
        from sigflow.columns.numbers import numbers_of, plain

        array = numbers_of(record, dtype)
        if isinstance(array, str):
            unshown.append((DTYPE, "payload", array))
            return None
        return plain(array)


def _payload(format: Format, record: Record) -> tuple[Any, int | None]:
    reading = format.read(record)
    return reading.payload, reading.codec


#: Where what a path leads to is taken from.
_SOURCES: dict[str, Callable[[Format, Record], Any]] = {
    "value": lambda format, record: record.value,
    "metadata": lambda format, record: record.metadata,
    "record": lambda format, record: record,
    "payload": _payload,
}


def views(formats: Sequence[Format], wanted: Options) -> dict[str, View]:
    """How the frames of these formats are shown, by name.

    `UsageError` for a field that none of them has, and for numbers of payloads where none has a payload.
    """
    if wanted.payload is not None:
        from sigflow.columns.numbers import checked

        checked(wanted.payload, formats)
    if wanted.fields is None:
        return {format.name: View(format, wanted) for format in formats}
    from sigflow.columns.reach import resolve

    reached = resolve(formats, wanted.fields)
    return {format.name: View(format, wanted, mine) for format, mine in zip(formats, reached, strict=True)}


def _joined(path: str, rest: str) -> str:
    return f"{path}{'' if not rest or rest[0] == '[' else '.'}{rest}"


def frame_tree(record: Record, format: Format, *, instances: bool = False) -> dict[str, Any]:
    """The plain tree of a record, with all of its fields."""
    return View(format, Options(instances)).of(record)


def field_ids(format: Format) -> list[str]:
    """The ids of the fields of a format's frame, in order."""
    if format.envelope is not None:
        return [field.id for field in format.schema]
    ids = getattr(format.root, "_IDS", {})
    return [ids.get(name, name) for name in getattr(format.root, "_FIELDS", ())]
