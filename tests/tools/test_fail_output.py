"""Some points of `tools/fail_output.py`, which runs as many as one likes: no output is ever half written."""

from __future__ import annotations

from pathlib import Path

from tools import fail_output


def test_six_points(tmp_path: Path) -> None:
    assert sum(fail_output.run(6, 8, tmp_path).values()) == 6


def test_fifteen_points(tmp_path: Path) -> None:
    outcome = fail_output.run(15, 7, tmp_path)
    assert sum(outcome.values()) == 15
    assert {what.partition(":")[0] for what in outcome} == set(fail_output.FAULTS)
