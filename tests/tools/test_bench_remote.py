"""The benchmark of captures behind URLs says how much of them was read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is absent: the extra `remote` is not installed")

from tools import bench_remote, bench_spark


def test_a_short_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_spark, "FRAMES", 20_000)
    kept = tmp_path / "figures.json"
    assert bench_remote.main(["--mib", "2", "--repeats", "1", "--json", str(kept)]) == 0
    scan, column, frame = json.loads(kept.read_text())["tables"]
    assert [row[0] for row in scan["rows"]] == ["file", "URL"]
    size = 1_280_000
    assert size <= scan["rows"][1][-1] == column["rows"][1][-1] <= size + (64 << 10)
    assert frame["rows"][1][-1] <= 128 << 10 and frame["rows"][0][-1] == 0
