"""Every JSON form fits the schema that ships with the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.calls import SAMPLES, Call
from tests.cli.schema import faults
from tests.cli.transcript import ROOT

DOCUMENTS = [
    ("verdict", ["validate", SAMPLES / "valid_telemetry.sgf", "--format", "json"]),
    ("verdict", ["validate", SAMPLES / "malformed_frame.sgf", "--format", "json"]),
    ("verdict", ["validate", SAMPLES / "mixed_noise.hdr", "--format", "json"]),
    ("frames", ["parse", SAMPLES / "valid_telemetry.sgf", "--format", "json"]),
    ("frames", ["parse", SAMPLES / "nested.tlv", "-s", "tlv", "--format", "json", "--instances"]),
    ("frames", ["parse", SAMPLES / "oscilloscope.hdr", "--format", "json", "--instances"]),
    ("inspect", ["inspect", SAMPLES / "malformed_frame.sgf", "--format", "json"]),
    ("inspect", ["inspect", SAMPLES / "legacy_archive.sgf", "-s", "sgf_legacy", "--format", "json"]),
    ("inspect", ["inspect", SAMPLES / "mixed_noise.hdr", "--frame", "2", "--format", "json"]),
    ("explanation", ["inspect", SAMPLES / "malformed_frame.sgf", "--offset", "140", "--explain", "--format", "json"]),
    ("benchmark", ["benchmark", SAMPLES / "valid_telemetry.sgf", "--format", "json"]),
    ("stats", ["stats", SAMPLES / "malformed_frame.sgf", "--format", "json"]),
    ("stats", ["stats", SAMPLES / "nested.tlv", "-s", "tlv", "--format", "json"]),
    ("rows", ["sql", f"FROM '{SAMPLES / 'valid_telemetry.sgf'}'", "--format", "json"]),
    ("cache", ["cache", "show", "--format", "json"]),
    ("formats", ["formats", "--format", "json"]),
    ("plugins", ["plugins", "--format", "json"]),
    ("format", ["formats", "ccsds_space_packet", "--format", "json"]),
    ("lint", ["lint", ROOT / "formats" / "tlv.ksy", "--format", "json"]),
]


@pytest.mark.parametrize(("name", "arguments"), DOCUMENTS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_document_fits_its_schema(sigflow: Call, name: str, arguments: list[object]) -> None:
    document = json.loads(sigflow(*arguments).out)
    assert faults(document, name) == []


def test_every_line_of_a_stream_of_frames_fits(sigflow: Call) -> None:
    lines = sigflow("parse", SAMPLES / "valid_telemetry.sgf", "--format", "ndjson").out.splitlines()
    assert len(lines) == 24
    for line in lines:
        frame = json.loads(line)
        assert faults(frame, "frame") == []
        assert "payload" in frame


def test_the_summary_of_several_captures_fits(sigflow: Call) -> None:
    called = sigflow("validate", SAMPLES / "valid_telemetry.sgf", SAMPLES / "truncated_stream.sgf", "--format", "json")
    *verdicts, summary = map(json.loads, called.out.splitlines())
    assert [faults(verdict, "verdict") for verdict in verdicts] == [[], []]
    assert faults(summary, "summary") == []


def test_a_spec_with_errors_fits(sigflow: Call, tmp_path: Path) -> None:
    spec = tmp_path / "bad.ksy"
    spec.write_text("meta: {id: bad}\nseq:\n  - {id: a, type: nothing}\n  - {id: b, size: c}\n")
    document = json.loads(sigflow("lint", spec, "--format", "json").out)
    assert faults(document, "lint") == []
    assert [(problem["line"], problem["severity"]) for problem in document] == [(3, "error"), (4, "error")]


def test_what_is_said_of_a_session_fits(sigflow: Call, tmp_path: Path) -> None:
    folder, status = tmp_path / "session", tmp_path / "status"
    source = f"pipe:{SAMPLES / 'malformed_frame.sgf'}"
    sigflow("ingest", source, "-s", "sgf1", "--to", folder, "--once", "--status", status, "--quiet")
    lines = [json.loads(line) for line in status.read_text().splitlines()]
    assert lines and [faults(line, "ingest-status") for line in lines] == [[]] * len(lines)
    (line,) = sigflow("top", folder, "--once", "--format", "ndjson").out.splitlines()
    assert faults(json.loads(line), "source-status") == []
    segment = folder / "raw" / "0" / "0.seg"
    for data in (segment.read_bytes(), b"x" + segment.read_bytes()[1:]):
        segment.write_bytes(data)
        for command, schema in (("show", "session"), ("check", "session"), ("repair", "session-repair")):
            assert faults(json.loads(sigflow("session", command, folder, "--format", "json").out), schema) == []


def test_the_checker_finds_faults(sigflow: Call) -> None:
    verdict = json.loads(sigflow("validate", SAMPLES / "malformed_frame.sgf", "--format", "json").out)
    for key in verdict:
        less = {name: value for name, value in verdict.items() if name != key}
        assert faults(less, "verdict"), key
    assert faults(verdict | {"frames": -1}, "verdict")
    assert faults(verdict | {"frames": "6"}, "verdict")
    assert faults(verdict | {"extra": 1}, "verdict")
    assert faults(verdict | {"gaps": [{"start": 1, "stop": 2, "reasons": ["two words"]}]}, "verdict")
