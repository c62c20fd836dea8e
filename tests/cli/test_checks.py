"""`validate --check`: validators beside the verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sigflow as api
from sigflow.errors import UsageError
from sigflow.recording import validators
from tests.cli.calls import SAMPLES, Call, process
from tests.cli.schema import faults

VALID = SAMPLES / "valid_telemetry.sgf"
DAMAGED = SAMPLES / "malformed_frame.sgf"
CHECKS = """
from sigflow import Finding, Severity

def long(record):
    if len(record.span) > 70:
        yield f"{len(record.span)} bytes"

class Counting:
    def __init__(self): self.count = 0
    def record(self, record): self.count += 1
    def recording(self, report): return f"{self.count} of {report.frames}, {report.gap_bytes} in gaps"

class AtTheEnd:
    def recording(self, report): return [Finding("seen", Severity.NOTE, "at the end", report.bytes)]

def fails(record):
    if record.index == 3: raise KeyError("three")

def many(record):
    return ["again"] * 5000

def forges(record):
    return "\\x1b[31mred\\n" * 1000

class Unmakeable:
    def __init__(self): raise OSError("no")
    def record(self, record): pass

number = 7
"""


@pytest.fixture
def checks(tmp_path: Path) -> Path:
    path = tmp_path / "checks.py"
    path.write_text(CHECKS)
    return path


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    registry = validators.REGISTRY
    monkeypatch.setattr(registry, "_things", dict(registry._things))


@pytest.mark.parametrize(
    ("capture", "name", "code", "says"),
    [
        (VALID, "long", 3, ["check long: 2 findings in 24 records", "error long at offset 368, sgf1: 71 bytes"]),
        (VALID, "Counting", 3, ["check Counting: 1 finding in 24 records", "at offset 0: 24 of 24, 0 in gaps"]),
        (VALID, "AtTheEnd", 0, ["check AtTheEnd: 1 finding", "note seen at offset 1181: at the end"]),
        (DAMAGED, "AtTheEnd", 3, ["damaged", "note seen at offset 308: at the end"]),
        (VALID, "fails", 1, ["check fails: 0 findings in 4 records, failed at frame 3, offset 161: KeyError: 'three'"]),
        (VALID, "many", 1, ["1000 findings in 1 record, failed at frame 0, offset 0: SigflowError: more than 1000"]),
        (VALID, "Unmakeable", 1, ["check Unmakeable: 0 findings, failed when it was made: OSError: no"]),
        (VALID, "number", 2, ["found int, wanted a function or a class"]),
        (VALID, "absent", 2, ["there is no such name in the file"]),
    ],
)
def test_what_validators_say(sigflow: Call, checks: Path, capture: Path, name: str, code: int, says: list[str]) -> None:
    called = sigflow("validate", capture, "-s", "sgf1", "--check", f"{checks}:{name}", "--color", "never")
    assert called.code == code
    for words in says:
        assert words in called.out + called.err
    if code == 2:
        return
    called = sigflow("validate", capture, "-s", "sgf1", "--check", f"{checks}:{name}", "--format", "json")
    assert called.code == code
    document = json.loads(called.out)
    assert faults(document, "verdict") == []
    (check,) = document.pop("checks")
    assert (check["failed"] is not None) == (code == 1)
    # The verdict is what it is without.
    assert document == json.loads(sigflow("validate", capture, "-s", "sgf1", "--format", "json").out)


def test_what_is_printed_forges_nothing(sigflow: Call, checks: Path) -> None:
    called = sigflow("validate", VALID, "-s", "sgf1", "--check", f"{checks}:forges")
    assert "\x1b" not in called.out
    assert max(map(len, called.out.splitlines())) < 6000


@pytest.mark.parametrize("name", ["nowhere", "module:attribute", ":", "x.py:"])
def test_an_unknown_name(sigflow: Call, name: str) -> None:
    called = sigflow("validate", VALID, "--check", name)
    assert called.code == 2
    assert "validator" in called.err and "Traceback" not in called.err


def test_a_file_that_fails_when_it_is_run(sigflow: Call, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("raise SystemExit(4)")
    called = sigflow("validate", VALID, "--check", f"{tmp_path}/bad.py:x")
    assert (called.code, called.out) == (1, "")
    assert "fails when it is run: SystemExit: 4" in called.err
    assert sigflow("validate", VALID, "--check", f"{tmp_path}/none.py:x").code == 1


def test_only_frames_that_are_selected_are_given(sigflow: Call, checks: Path) -> None:
    arguments = ["validate", VALID, "-s", "sgf1", "--check", f"{checks}:Counting", "--where", "_index < 5"]
    called = sigflow(*arguments)
    assert "5 of 24, 0 in gaps" in called.out and "selected: 5 frames" in called.out
    document = json.loads(sigflow(*arguments, "--format", "json").out)
    assert document["selected"]["frames"] == document["checks"][0]["records"] == 5


@pytest.mark.parametrize("jobs", [[], ["--jobs", "2"]])
def test_the_summary_of_several(sigflow: Call, checks: Path, jobs: list[str]) -> None:
    arguments = [
        "validate",
        VALID,
        DAMAGED,
        "-s",
        "sgf1",
        "--check",
        f"{checks}:long",
        "--check",
        f"{checks}:fails",
        *jobs,
    ]
    called = sigflow(*arguments)
    assert called.code == 1
    assert "2 findings of checks, 2 checks failed" in called.out.splitlines()[-1]
    *_, summary = map(json.loads, sigflow(*arguments, "--format", "json").out.splitlines())
    assert faults(summary, "summary") == []
    assert (summary["summary"]["check_findings"], summary["summary"]["checks_failed"]) == (2, 2)


def test_a_pipe_and_an_empty_capture(sigflow: Call, checks: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    called = sigflow("validate", empty, "--check", f"{checks}:Counting")
    assert called.code == 3 and "0 of 0" in called.out
    arguments = ["validate", "-", "-s", "sgf1", "--check", f"{checks}:Counting"]
    done = process(tmp_path, *arguments, input=VALID.read_bytes())
    assert done.returncode == 3 and b"24 of 24" in done.stdout


def test_an_index_is_built_beside(sigflow: Call, checks: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sgf"
    copy.write_bytes(VALID.read_bytes())
    called = sigflow("validate", copy, "-s", "sgf1", "--build-index", "--check", f"{checks}:long")
    assert called.code == 3 and "check long: 2 findings in 24 records" in called.out
    assert (tmp_path / "copy.sgf.sigidx").exists()


def test_a_file_is_run_once(sigflow: Call, tmp_path: Path) -> None:
    """What it registers is registered then."""
    path = tmp_path / "twice.py"
    path.write_text(
        "import sigflow, sys\nprint('run', file=sys.stderr)\n"
        "@sigflow.validator('first')\ndef a(record): pass\n"
        "@sigflow.validator('second', format='ubx')\ndef b(record): raise SystemExit(5)\n"
        "def c(record): raise SystemExit(5)\n"
    )
    named = [f"{path}:a", f"{path}:b", "first", f"{path}:c"]
    called = sigflow("validate", VALID, "-s", "sgf1", *(part for name in named for part in ("--check", name)))
    assert called.code == 1 and called.err.count("run") == 1
    for line in ("check first: 0 findings in 24 records", "check second: 0 findings\n", "offset 0: SystemExit: 5"):
        assert line in called.out


def test_names_of_the_configuration(sigflow: Call, checks: Path, tmp_path: Path) -> None:
    api.validator("mine")(lambda record: "it is there")
    file = tmp_path / "sigflow.yaml"
    file.write_text("checks: [mine]\n")
    called = sigflow("validate", VALID, "-s", "sgf1", "--config", file)
    assert called.code == 3 and "check mine: 24 findings" in called.out
    assert "checks 1" in sigflow("config", "check", file).out
    for text, says in {
        "checks: [mine, yours]": f"{file}:1:16: unknown validator 'yours'",
        f"checks: ['{checks}:long']": f"{file}:1:10:",
        "checks: {a: b}": "found",
    }.items():
        file.write_text(text)
        for command in (["validate", VALID, "-s", "sgf1", "--config", file], ["config", "check", file]):
            called = sigflow(*command)
            assert called.code == 2 and says in called.err, (text, called.err)


def test_in_python() -> None:
    @api.validator("short", format="sgf1")
    def short(record: api.Record) -> str | None:
        return "short" if len(record.span) < 40 else None

    @api.validator("of the whole", over="recording")
    def whole(report: api.Report) -> None:
        assert report.frames == 24

    @api.validator("of others", format=["ubx"])
    def others(record: api.Record) -> str:
        return "never"

    with api.open(VALID, "sgf1") as recording:
        report = recording.validate(checks=["short", "of the whole", "of others"])
        plain = recording.validate()
    assert plain.checks == () and report.sound and plain.tree().keys() == report.tree().keys() - {"checks"}
    first, second, third = report.checks
    assert first.findings_total == sum(len(finding.message) > 0 for finding in first.findings) > 0
    assert {finding.code for finding in first.findings} == {"short"}
    assert (second.findings, second.failed, third.records) == ((), "", 0)
    with pytest.raises(UsageError, match="already registered"):
        api.validator("short")(short)
    with pytest.raises(UsageError, match="wanted 'record' or 'recording'"):
        api.validator("x", over="frames")(short)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="neither a method record nor recording"):
        api.validator("x")(int)


def test_many_findings_are_counted_and_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validators, "LONGEST", 5)
    api.validator("all")(lambda record: ["a", "b"])
    with api.open(VALID, "sgf1") as recording:
        (check,) = recording.validate(checks=["all"]).checks
    assert (len(check.findings), check.findings_total, check.errors) == (5, 48, 48)
    assert check.tree()["findings_total"] == 48
