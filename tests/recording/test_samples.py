"""Every sample comes out as was counted while it was made; truncation and damage show offset, reason and field path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow.limits import Limits
from tests.cli.transcript import ROOT

SAMPLES = ROOT / "samples"
NAMES = sorted(path.name.removesuffix(".expected.json") for path in SAMPLES.glob("*.expected.json"))


def expectation(name: str) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((SAMPLES / f"{name}.expected.json").read_text(encoding="utf-8"))
    return expected


def test_there_are_samples() -> None:
    assert len(NAMES) == 7


@pytest.mark.parametrize("chunk_size", [1, 7, 64, 1 << 16])
@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_what_was_counted_when_it_was_made(name: str, chunk_size: int) -> None:
    wanted = expectation(name)
    with sigflow.open(SAMPLES / name, wanted["specs"], chunk_size=chunk_size) as recording:
        tree = recording.validate().tree()
    assert {format: count["frames"] for format, count in tree["by_format"].items() if count["frames"]} == wanted[
        "frames"
    ]
    for key in ("specs", "bytes", "gap_bytes", "gaps", "sequence"):
        assert tree[key] == wanted[key], key
    known = [
        {key: finding[key] for key in ("code", "severity", "offset", "format", "path")}
        for finding in tree["diagnostics"]
    ]
    assert known == wanted["diagnostics"]
    assert tree["sound"] == (not wanted["gaps"])
    assert all(finding["message"] for finding in tree["diagnostics"])


def test_a_wrong_checksum_is_told_with_both_values() -> None:
    report = sigflow.open(SAMPLES / "malformed_frame.sgf").validate()
    finding = next(finding for finding in report.diagnostics if finding.code == "checksum")
    raw = (SAMPLES / "malformed_frame.sgf").read_bytes()
    stored = raw[finding.offset : finding.offset + 4].hex()
    import zlib

    at = finding.offset - 22
    length = int.from_bytes(raw[at + 18 : at + 22], "big")
    computed = zlib.crc32(raw[at : at + 22] + raw[at + 26 : at + 26 + length])
    assert f"stored 0x{stored}, computed 0x{computed:08x}" in finding.message


@pytest.mark.parametrize("name", ["valid_telemetry.sgf", "oscilloscope.hdr"])
def test_records_come_in_order_and_carry_their_bytes(name: str) -> None:
    raw = (SAMPLES / name).read_bytes()
    with sigflow.open(SAMPLES / name) as recording:
        records = list(recording)
        assert [record.index for record in records] == list(range(len(records)))
        assert b"".join(record.raw for record in records) == raw
        assert list(recording) == records  # again from the beginning


def test_opening_of_bytes_and_of_formats() -> None:
    raw = (SAMPLES / "valid_telemetry.sgf").read_bytes()
    frames = [len(list(sigflow.open(raw, named))) for named in (None, "sgf1", sigflow.load("sgf1"), ["sgf1", "ubx"])]
    assert frames == [24] * 4


def test_a_capture_in_which_nothing_is_found_needs_a_format() -> None:
    with pytest.raises(sigflow.UsageError, match="no bundled format finds a frame"):
        sigflow.open(b"nothing of the kind")
    assert sigflow.open(b"").validate().sound


def test_strict_raises_at_the_first_damage() -> None:
    cases = {"truncated_stream.sgf": sigflow.Truncated, "malformed_frame.sgf": sigflow.ChecksumError}
    for name, error in cases.items():
        with sigflow.open(SAMPLES / name, strict=True) as recording, pytest.raises(error):
            list(recording)


def test_a_lower_frame_limit_refuses() -> None:
    with sigflow.open(SAMPLES / "valid_telemetry.sgf", "sgf1", limits=Limits(frame=40)) as recording:
        report = recording.validate()
    assert 0 < report.frames < 24
    assert {reason for gap in report.gaps for reason in gap.reasons} == {"sgf1:too-long", "no-marker"}
    finding = report.diagnostics[0]
    assert finding.code == "too-long"
    assert "frame length 64 exceeds limit 40" in finding.message


def test_the_attributes_of_a_report_are_the_keys_of_the_verdict() -> None:
    report = sigflow.open(SAMPLES / "malformed_frame.sgf").validate()
    tree = report.tree()
    assert all(hasattr(report, key) for key in tree)
    assert (report.frames, report.gap_bytes, report.sound, report.schema_version) == (6, 44, False, 1)
    assert report.by_format == {"sgf1": {"frames": 6, "bytes": 264}}
    assert report.capture.endswith("malformed_frame.sgf")


def test_long_lists_are_cut_and_counted() -> None:
    from sigflow.recording.verdict import EventVerdict

    raw = (SAMPLES / "valid_telemetry.sgf").read_bytes()[:64]
    recording = sigflow.open((raw + b"?") * 30, "sgf1")
    run = recording.run(keep=True)
    verdict = EventVerdict(run, longest=10)
    for event in run.events():
        verdict.add(event)
    tree = verdict.report("x").tree()
    assert (len(tree["gaps"]), tree["gaps_total"]) == (10, 30)
    # The same frame again and again: its sequence number is a duplicate.
    assert tree["sequence"]["duplicate"] == 29
    assert (len(tree["diagnostics"]), tree["diagnostics_total"]) == (10, 29)


def test_memory_of_a_long_gap_is_bounded() -> None:
    """The chunks that are kept to look at a gap again end at a limit."""
    from sigflow.recording.run import KEPT, Run
    from sigflow.runtime.envelope import Envelope

    format = sigflow.load("sgf1")
    assert isinstance(format.envelope, Envelope)
    chunk = bytes(1 << 20)
    run = Run((chunk for _ in range(64)), [format], keep=True)
    kept = 0
    for _ in run.events():
        kept = max(kept, run._kept_bytes)
    assert 0 < kept <= KEPT + len(chunk)


def test_a_format_for_a_whole_file(tmp_path: Path) -> None:
    spec = tmp_path / "whole.ksy"
    spec.write_text("meta: {id: whole}\nseq:\n  - {id: magic, contents: WF}\n  - {id: rest, size-eos: true}\n")
    whole = sigflow.compile(spec)
    with sigflow.open(b"WFabc", whole) as recording:
        report = recording.validate()
        (record,) = recording
    assert (report.frames, report.frame_bytes, report.sound) == (1, 5, True)
    assert record.value.rest == b"abc"
    with sigflow.open(b"XFabc", whole) as recording:
        report = recording.validate()
    (finding,) = report.diagnostics
    assert (report.frames, report.gap_bytes, report.sound, finding.code) == (1, 0, False, "contents")
    with sigflow.open(b"WFabc", whole, limits=Limits(frame=4)) as recording:
        report = recording.validate()
    assert (report.frames, report.gap_bytes, report.sound) == (0, 5, False)
