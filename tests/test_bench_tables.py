"""The benchmarks of text and of counts: both ways print the same, and the figures can be read by a program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import bench_columns, bench_scale, bench_stats, bench_text
from tools.figures import read


def test_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "text.json"
    assert bench_text.main(["--frames", "100", "--repeats", "1", "--json", str(out)]) == 0
    rows = {row[0]: row[1:] for row in read(out).tables[0].rows}
    assert rows["opaque arrow"][2] == 1 and "tlv ndjson, a frame at a time" in rows
    assert "opaque arrow" in capsys.readouterr().out


def test_stats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "stats.json"
    assert bench_stats.main(["--frames", "500", "--repeats", "1", "--json", str(out)]) == 0
    assert [row[0] for row in read(out).tables[0].rows] == ["stats", "stats, each record asked"]
    assert "times as fast" in capsys.readouterr().out


def test_columns(tmp_path: Path) -> None:
    out = tmp_path / "columns.json"
    assert bench_columns.main(["--frames", "50", "--repeats", "1", "--json", str(out)]) == 0
    rows = {row[0]: row[1:] for row in read(out).tables[0].rows}
    assert rows[bench_columns.ARROW][3] == 1


def test_scale(tmp_path: Path) -> None:
    out = tmp_path / "scale.json"
    assert bench_scale.main(["--mib", "1", "--repeats", "1", "--json", str(out)]) == 0
    tables = read(out).tables
    assert len(tables) == 4
    assert all(table.rows[0][0] == bench_scale.BATCHES and table.rows[0][3] == 1 for table in tables)
