"""The benchmarks of text and of counts: both ways print the same, and the figures can be read by a program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import bench_columns, bench_stats, bench_text


def test_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "text.json"
    assert bench_text.main(["--frames", "100", "--repeats", "1", "--json", str(out)]) == 0
    calls = json.loads(out.read_text())["calls"]
    assert calls["opaque arrow"]["x_arrow"] == 1 and "tlv ndjson, a frame at a time" in calls
    assert all(name in capsys.readouterr().out for name in list(calls)[:1])


def test_stats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "stats.json"
    assert bench_stats.main(["--frames", "500", "--repeats", "1", "--json", str(out)]) == 0
    assert set(json.loads(out.read_text())["ways"]) == {"stats", "stats, each record asked"}
    assert "x each record asked" in capsys.readouterr().out


def test_columns(tmp_path: Path) -> None:
    out = tmp_path / "columns.json"
    assert bench_columns.main(["--frames", "50", "--repeats", "1", "--json", str(out)]) == 0
    assert json.loads(out.read_text())["readers"][bench_columns.ARROW]["x_all_fields"] == 1
