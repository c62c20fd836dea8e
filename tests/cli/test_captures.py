"""Captures that real instruments recorded: every tally comes out exactly, and detection finds the formats by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.calls import Call


def tallies(captures: Path) -> dict[str, dict[str, object]]:
    by_capture: dict[str, dict[str, object]] = json.loads((captures / "tallies.json").read_text(encoding="utf-8"))
    assert by_capture
    return by_capture


@pytest.mark.parametrize("options", [(), ("--chunk-size", "997"), ("--mmap",)], ids=["", "chunks", "mapped"])
def test_every_tally(sigflow: Call, captures: Path, options: tuple[str, ...]) -> None:
    for name, wanted in tallies(captures).items():
        assert isinstance(wanted["specs"], list)
        specs = [word for spec in wanted["specs"] for word in ("-s", spec)]
        called = sigflow("validate", captures / name, *specs, "--format", "json", *options)
        verdict = json.loads(called.out)
        assert {format: count["frames"] for format, count in verdict["by_format"].items()} == wanted["frames"], name
        assert verdict["gap_bytes"] == wanted["gap_bytes"], name
        assert verdict["frame_bytes"] + verdict["gap_bytes"] == verdict["bytes"] == (captures / name).stat().st_size
        assert verdict["work_ratio"] <= 8


def test_detection_finds_the_same_formats(sigflow: Call, captures: Path) -> None:
    for name, wanted in tallies(captures).items():
        called = sigflow("validate", captures / name, "--format", "json")
        if wanted["specs"] == ["ccsds_space_packet"]:
            assert called.code == 2  # neither a marker nor a checksum: it must be named
            continue
        verdict = json.loads(called.out)
        assert isinstance(wanted["specs"], list)
        assert sorted(verdict["specs"]) == sorted(wanted["specs"]), name
        assert verdict["gap_bytes"] == wanted["gap_bytes"], name


def test_a_capture_is_shown_without_harm(sigflow: Call, captures: Path) -> None:
    for name in tallies(captures):
        for command in (["parse", "--limit", "50"], ["inspect"], ["parse", "--format", "csv", "--limit", "50"]):
            assert sigflow(command[0], captures / name, *command[1:]).code in (0, 2, 3)
