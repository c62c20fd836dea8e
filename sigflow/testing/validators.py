"""The check of validators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sigflow import recording
from sigflow.diagnostics import Finding
from sigflow.events import Record
from sigflow.recording.report import Report
from sigflow.recording.validators import LONGEST_MESSAGE, MOST, Validator, findings_of, get, validator_of
from sigflow.runtime.plain import asdict
from sigflow.testing import streams
from sigflow.testing.contract import Contract

#: Records that a validator is given for its memory to be looked at, and the bytes that may stay behind.
MANY, KEPT = 4000, 512 << 10


def check_validator(
    validator: str | Validator | Callable[..., Any], records: Sequence[Record] = (), report: Report | None = None
) -> None:
    """Holds a validator against its contract: it gives findings that say what is wrong and lie in the frame that they
    are about; the same for the same capture, whatever it was asked before; it changes nothing, does not raise, and
    does not grow.

    validator: a name, a `Validator`, a function or a class.  records: such as it is given; those of a generated capture
    where none are.  report: a verdict, as it is given.  Raises `PluginError`.
    """
    made = get(validator) if isinstance(validator, str) else getattr(validator, "_sigflow_validator", None)
    if made is None:
        made = validator_of(getattr(validator, "__name__", "validator"), validator)
    rules = Contract("validator", made.name)
    examples = list(records) or streams.records(made.formats)
    if report is None:
        usual = made.formats[0] if made.formats else streams.USUAL
        with recording.open(b"".join(record.raw for record in examples), usual) as opened:
            report = opened.validate()
    first = _said(rules, made, examples, report)
    rules.equal(_said(rules, made, examples, report), first, "it says the same of the same capture")
    _said(rules, made, examples[: len(examples) // 2], report)
    rules.equal(_said(rules, made, examples, report), first, "each capture is a new beginning")
    _steady(rules, made, examples)


def _object(rules: Contract, validator: Validator) -> Any:
    try:
        made = validator.make()
    except Exception as error:
        rules.raised(error, "it can be made", "without arguments")
    asked = [getattr(made, name, None) for name in ("record", "recording")]
    rules.hold(any(map(callable, asked)), "it has a method record, or recording", type(made).__name__)
    return made


def _said(rules: Contract, validator: Validator, records: Sequence[Record], report: Report) -> list[Finding]:
    made, findings = _object(rules, validator), []
    for record in records if hasattr(made, "record") else ():
        where = f"frame {record.index} at offset {record.start}"
        before = record.raw, repr(asdict(record.value))
        said = _findings(rules, validator, partial(made.record, record), record.start, record.format, where)
        rules.equal((record.raw, repr(asdict(record.value))), before, "it leaves the record as it is", where)
        rules.hold(len(said) <= MOST, f"it has at most {MOST} findings of a record", f"{where}: more")
        for finding in said:
            inside = record.start <= finding.offset < record.stop
            rules.hold(inside, "its findings lie in the frame that they are about", f"{where}: offset {finding.offset}")
        findings += said
    if hasattr(made, "recording"):
        said = _findings(rules, validator, lambda: made.recording(report), 0, "", "the verdict")
        for finding in said:
            inside = 0 <= finding.offset <= report.bytes
            rules.hold(inside, "its findings lie in the capture", f"offset {finding.offset} of {report.bytes}")
        findings += said
    return findings


def _findings(
    rules: Contract, validator: Validator, ask: Callable[[], Any], offset: int, format: str, where: str
) -> list[Finding]:
    findings: list[Finding] = []
    try:
        for finding in findings_of(ask(), validator.name, offset, format):
            findings.append(finding)
            if len(findings) > MOST:
                break
    except TypeError as error:
        rules.raised(error, "it gives texts, Findings, or None", where)
    except Exception as error:
        rules.raised(error, "it does not raise", where)
    for finding in findings:
        rules.hold(finding.message.strip(), "its findings say what is wrong", f"{where}: {finding.message!r}")
        rules.hold(len(finding.message) < LONGEST_MESSAGE, "its findings are short", f"{where}: {len(finding.message)}")
    return findings


def _steady(rules: Contract, validator: Validator, records: Sequence[Record]) -> None:
    """One object is given very many records."""
    made = _object(rules, validator)
    if not hasattr(made, "record"):
        return
    turn = 0

    def ask() -> None:
        nonlocal turn
        # (Further records, of new bytes and numbers.)
        record = records[turn % len(records)].moved(turn << 12, turn)
        list(findings_of(made.record(record), validator.name, record.start, record.format))
        turn += 1

    rules.bounded(ask, "its memory does not grow with the records", MANY, KEPT)
