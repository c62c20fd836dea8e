"""The benchmark of filters and merges says something, and finds what is wrong."""

from __future__ import annotations

from pathlib import Path

from tools.bench_rewrite import run


def test_it_runs(tmp_path: Path) -> None:
    speeds = run(tmp_path, 1, 1)
    assert list(speeds) == ["validate", "filter", "merge"]
    assert all(speed > 0 for speed in speeds.values())
