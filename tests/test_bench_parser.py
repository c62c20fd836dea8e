"""The benchmark against other parsers: it measures the same work for all, and says who could not take part."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import bench_parser as bench
from tools import oracle

SMALL = bench.make_capture(64, 5)
WHOLE = bench.Tally(frames=5, total=sum(sequence + 64 for sequence in range(5)))


@pytest.mark.parametrize("name", bench.PEERS)
def test_every_peer_reads_the_same(name: str) -> None:
    if name == bench.KAITAI and oracle.why_absent():
        pytest.skip(f"no official compiler: {oracle.why_absent()}")
    assert bench.PEERS[name]()(SMALL) == WHOLE


@pytest.mark.parametrize("name", [name for name in bench.PEERS if not name.startswith("sigflow")])
def test_other_peers_stop_at_damage(name: str) -> None:
    if name == bench.KAITAI and oracle.why_absent():
        pytest.skip(f"no official compiler: {oracle.why_absent()}")
    damaged = bytearray(SMALL)
    damaged[90 * 2 + 40] ^= 1  # in the payload of the third frame
    with pytest.raises(bench.Damaged, match="2 frames, then"):
        bench.PEERS[name]()(bytes(damaged))


def test_a_capture_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "small.sgf"
    path.write_bytes(SMALL)
    assert bench.main([str(path), "--repeats", "1", "--only", "hand-written"]) == 0
    shown = capsys.readouterr().out
    assert f"{path}: 450 bytes, 5 frames" in shown and bench.HAND in shown


def test_an_absent_peer_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def absent() -> bench.Reader:
        raise bench.Absent("not installed here")

    monkeypatch.setattr(bench, "PEERS", {bench.HAND: bench.hand_written, "another": absent})
    assert bench.main(["--repeats", "1", "--scale", "0.0001"]) == 0
    assert "left out: another: not installed here" in capsys.readouterr().out


def test_peers_that_disagree_are_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(
        bench, "PEERS", {bench.HAND: bench.hand_written, "liar": lambda: lambda data: bench.Tally(1, 1)}
    )
    assert bench.main(["--repeats", "1", "--scale", "0.0001"]) == 1
    assert "do not agree" in capsys.readouterr().err


def test_a_missing_capture_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert bench.main([str(tmp_path / "none.sgf"), "--only", "hand-written"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
