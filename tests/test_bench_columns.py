"""The benchmark of columns: both sides read the same, and it says who could not take part."""

from __future__ import annotations

import pytest

from tools import bench_columns as bench
from tools import oracle


def test_both_say_the_same() -> None:
    if oracle.why_absent():
        pytest.skip(f"no official compiler: {oracle.why_absent()}")
    data = bench.make_capture(3, 64)
    assert bench.kaitai_dicts()(data) == bench.sigflow_arrow()(data).to_pylist()


def test_it_prints_a_figure_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--frames", "20", "--repeats", "1"]) == 0
    shown = capsys.readouterr().out
    assert bench.ARROW in shown and bench.COLUMNS in shown and bench.KAITAI in shown
    assert bench.from_frames(bench.make_capture(4, 10))(b"").num_rows == 4


def test_an_absent_peer_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(oracle, "why_absent", lambda: "no npm here")
    assert bench.main(["--frames", "5", "--repeats", "1"]) == 0
    assert f"left out: {bench.KAITAI}: no npm here" in capsys.readouterr().out
