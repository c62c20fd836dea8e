"""`sigflow coverage`: what captures reach of a spec, as text, JSON and comments in the spec."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.calls import SAMPLES, Call
from tests.cli.schema import faults

SAMPLE = SAMPLES / "valid_telemetry.sgf"


def test_text_and_json_agree(sigflow: Call) -> None:
    text = sigflow("coverage", SAMPLE, "-s", "sgf1", "--quiet")
    document = json.loads(sigflow("coverage", SAMPLE, "-s", "sgf1", "--format", "json").out)
    assert text.code == 0 and faults(document, "coverage") == []
    (format,) = document["formats"]
    assert format["frames"] == 24
    assert text.out.startswith(f"sgf1: 24 frames, {format['reached']} of {format['total']} points reached\n")
    missing = [point for point in format["points"] if not point["count"]]
    assert text.out.count("never reached") == len(missing) == format["total"] - format["reached"] > 0
    point = missing[0]
    assert f"{point['file']}:{point['line']}:{point['column']}: never reached: {point['type']}." in text.out


def test_several_captures_are_one_corpus(sigflow: Call, tmp_path: Path) -> None:
    other = tmp_path / "more.sgf"
    assert sigflow("generate", "-s", "sgf1", "--frames", "300", "-o", other).code == 0
    called = sigflow("coverage", SAMPLE, other, "-s", "sgf1")
    assert called.out.startswith("sgf1: 324 frames, 24 of 24 points reached\n") and "never" not in called.out


def test_the_annotated_spec(sigflow: Call, tmp_path: Path) -> None:
    out = tmp_path / "annotated.ksy"
    called = sigflow("coverage", SAMPLE, "-s", "sgf1", "--annotate", out)
    assert called.code == 0
    assert "  - id: magic  # 24\n" in out.read_text()
    assert sigflow("validate", SAMPLE, "-s", out).code == 0
    assert "would overwrite" in sigflow("coverage", SAMPLE, "-s", "sgf1", "--annotate", out).err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [([SAMPLE], "-s"), ([SAMPLE, "-s", "sgf1", "-s", "tlv", "--annotate", "x.ksy"], "one spec")],
)
def test_wrong_usage(sigflow: Call, arguments: list[object], said: str) -> None:
    called = sigflow("coverage", *arguments)
    assert called.code == 2 and said in called.err


def test_a_damaged_capture_has_its_exit_code(sigflow: Call) -> None:
    called = sigflow("coverage", SAMPLES / "malformed_frame.sgf", "-s", "sgf1")
    assert called.code == 3 and called.out.startswith("sgf1: 6 frames")
