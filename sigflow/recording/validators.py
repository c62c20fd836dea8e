"""Validators: checks of one's own over the records of a capture, and over the verdict on it.

Rules.  A validator is a function of a record or of a report, or a class with the methods `record` and `recording`, of
which each capture has an object of its own.  It gives findings: texts, or `Finding`s.  It changes nothing of the
verdict.  One that raises is told as failed, and asked nothing more about that capture.  Nothing of it is loaded, and no
record is made for it, where no validator is asked for.

Packages bring them by the entry point group `sigflow.validators`, programs by `sigflow.validator`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from sigflow.diagnostics import Finding, Severity
from sigflow.errors import SigflowError, UsageError
from sigflow.events import Record
from sigflow.frozen import frozen
from sigflow.recording.report import LONGEST, CheckReport, Report
from sigflow.recording.verdict import EventVerdict
from sigflow.registry import Registry

if TYPE_CHECKING:
    from sigflow.recording.diagnosis.budget import Budget
    from sigflow.recording.recording import Recording

#: What a validator gives of a record, or of a report.
Said = Iterable["str | Finding"] | str | Finding | None
#: Findings of one record, at most: more are a fault of the validator.
MOST = 1000
#: Characters of a message that are kept.
LONGEST_MESSAGE = 1000


@frozen
class Validator:
    """A validator.  formats: those whose records it is given; all, where none is named.  make: gives an object with a
    method `record(record)` or `recording(report)`, or both.
    """

    name: str
    make: Callable[[], Any]
    formats: tuple[str, ...] = ()


#: Under which name what was decorated keeps its validator, for who names it by its file.
_DECORATED = "_sigflow_validator"
REGISTRY: Registry[Any] = Registry("validator", "sigflow.validators")
T = TypeVar("T", bound=Callable[..., Any])
Over = Literal["record", "recording"]


def validator(name: str, *, format: str | Sequence[str] = (), over: Over = "record") -> Callable[[T], T]:
    """Returns a decorator that makes a function, or a class, a validator of this name, and gives it back.

    A function is called with each `Record` (over: `"record"`), or once with the `Report` (over: `"recording"`).  Of a
    class an object is made for each capture, whose methods `record` and `recording` are called so, as far as it has
    them.  Each gives findings: a text, a `Finding`, several of these, or None.  format: only records of these formats.
    Raises `UsageError` for a name that is taken.
    """

    def register(thing: T) -> T:
        made = _of(name, thing, format, over)
        REGISTRY.register(name, made, getattr(thing, "__module__", ""))
        if isinstance(thing, FunctionType | type):
            setattr(thing, _DECORATED, made)
        return thing

    return register


class _Function:
    """A function, as what a class is."""

    def __init__(self, function: Callable[..., Said], over: Over) -> None:
        setattr(self, over, function)


def _of(name: str, thing: Any, format: str | Sequence[str], over: Over) -> Validator:
    formats = (format,) if isinstance(format, str) else tuple(format)
    if over not in ("record", "recording"):
        raise UsageError(f"validator {name!r}: over {over!r}, wanted 'record' or 'recording'")
    if isinstance(thing, type):
        if not any(callable(getattr(thing, part, None)) for part in ("record", "recording")):
            raise UsageError(f"validator {name!r}: {thing.__name__} has neither a method record nor recording")
        return Validator(name, thing, formats)
    if not callable(thing):
        raise UsageError(f"validator {name!r}: found {type(thing).__name__}, wanted a function or a class")
    return Validator(name, lambda: _Function(thing, over), formats)


def validator_of(name: str, thing: object) -> Validator:
    """The validator that a thing is: a `Validator`, a function of a record, or a class.  Raises `UsageError`."""
    return thing if isinstance(thing, Validator) else _of(name, thing, (), "record")


def get(name: str) -> Validator:
    """The validator of this name, or that of a Python file, `FILE.py:NAME`, which is run.

    Raises `UsageError` where there is none, `SpecError` where the file fails.
    """
    if ":" not in name:
        return validator_of(name, REGISTRY.get(name))
    from sigflow.compiler.construct.python import file_of

    file = file_of(name)
    if file is None:
        raise UsageError(f"{name!r} is no validator: a name, or FILE.py:NAME, is wanted")
    attribute = name.rpartition(":")[2]
    module = _module(os.path.abspath(file))
    if not hasattr(module, attribute):
        raise UsageError(f"{name!r} is no validator: there is no such name in the file")
    thing = getattr(module, attribute)
    return getattr(thing, _DECORATED, None) or validator_of(attribute, thing)


@cache
def _module(file: str) -> ModuleType:
    """The module of a file, which is run once: what it registers is registered then."""
    from sigflow.compiler.construct.python import executed

    return executed(file)


class Check:
    """A validator at work on one capture.  State: its object, the counts and findings, why it failed."""

    def __init__(self, validator: Validator) -> None:
        self.name = validator.name
        self._formats = validator.formats
        self._records = self._total = self._errors = 0
        self._findings: list[Finding] = []
        self._failed = ""
        self._object: Any = None
        self._guard("when it was made", lambda: setattr(self, "_object", validator.make()))
        self._record = getattr(self._object, "record", None)

    def _guard(self, when: str, work: Callable[[], object]) -> None:
        try:
            work()
        except (Exception, SystemExit) as error:  # whatever code that we did not write does
            self._failed = f"{when}: {type(error).__name__}: {error}"[:LONGEST_MESSAGE]

    def record(self, record: Record) -> None:
        """Give it a record, if that is one that it wants."""
        ask = self._record
        if ask is None or self._failed or (self._formats and record.format not in self._formats):
            return
        self._records += 1
        where = f"at frame {record.index}, offset {record.start}"
        self._guard(where, lambda: self._take(ask(record), record.start, record.format, where))

    def _take(self, said: Said, offset: int, format: str, where: str) -> None:
        for number, finding in enumerate(findings_of(said, self.name, offset, format)):
            if number == MOST and where:
                raise SigflowError(f"more than {MOST} findings of one record")
            self._total += 1
            self._errors += finding.severity is Severity.ERROR
            if len(self._findings) < LONGEST:
                self._findings.append(finding)
            elif not where:
                raise SigflowError(f"more than {LONGEST} findings of one recording")

    def end(self, report: Report) -> CheckReport:
        """Give it the verdict; what it has said of all."""
        ask = getattr(self._object, "recording", None)
        if ask is not None and not self._failed:
            self._guard("at the verdict", lambda: self._take(ask(report), 0, "", ""))
        return CheckReport(self.name, self._records, tuple(self._findings), self._total, self._errors, self._failed)


def findings_of(said: Said, name: str, offset: int, format: str) -> Iterator[Finding]:
    """What a validator has said, as findings; a text is an error at this offset.  Raises `TypeError` for all else."""
    if said is None:
        return
    for item in [said] if isinstance(said, str | Finding) else said:
        if isinstance(item, str):
            item = Finding(name, Severity.ERROR, item, offset, format)
        elif not isinstance(item, Finding):
            raise TypeError(f"it gave {type(item).__name__}, wanted texts or Findings")
        yield item if len(item.message) <= LONGEST_MESSAGE else replace(item, message=item.message[:LONGEST_MESSAGE])


def checked(recording: Recording, validators: Sequence[Validator], budget: Budget) -> tuple[Report, dict[str, int]]:
    """The verdict on a recording, with what validators say of it, in one pass; and the frames that are meant, of which
    they are given the records, with their bytes.
    """
    run = recording.run(keep=True)
    picker = recording.picker(run.formats)
    verdict = EventVerdict(run, budget=budget)
    checks = [Check(validator) for validator in validators]
    frames = size = 0

    for event in run.events():
        verdict.add(event)
        if isinstance(event, Record) and picker.takes(event):
            frames += 1
            size += len(event.span)
            for check in checks:
                check.record(event)
    report = verdict.report(recording.name)
    return replace(report, checks=tuple(check.end(report) for check in checks)), {"frames": frames, "bytes": size}
