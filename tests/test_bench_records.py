"""The benchmark of what is read of records: both sides must give the same, and an absent peer is said."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tools import bench_parser, oracle
from tools import bench_records as bench


def test_it_measures_the_same_for_both(capsys: pytest.CaptureFixture[str]) -> None:
    if oracle.why_absent():
        pytest.skip(f"no official compiler: {oracle.why_absent()}")
    assert bench.main(["--rounds", "1", "--frames", "50"]) == 0
    _, title, _, *rows = capsys.readouterr().out.splitlines()
    assert "50 frames" in title and [line[:16].rstrip() for line in rows] == list(bench.WAYS)


def test_without_kaitai_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def absent() -> Any:
        raise bench_parser.Absent("no node here")

    monkeypatch.setattr(bench, "kaitai_class", absent)
    assert bench.main([]) == 1
    assert capsys.readouterr().err == "nothing to compare with: no node here\n"


def test_a_difference_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def liar(stream: Any) -> Any:
        magic, version, _, stream_id, sequence, length, checksum = bench.HEADER.unpack(stream.read_bytes(26))
        return SimpleNamespace(
            magic=magic, version=version, flags=SimpleNamespace(reserved=0, compressed=False, encoding=1),
            stream_id=stream_id, sequence=sequence, payload_length=length, checksum=checksum,
            payload=stream.read_bytes(length),
        )  # fmt: skip

    monkeypatch.setattr(bench, "kaitai_class", lambda: liar)
    assert bench.main(["--rounds", "1", "--frames", "5"]) == 1
    assert capsys.readouterr().err == "the two do not read the same\n"
