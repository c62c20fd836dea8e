"""The fuzzer counts what it runs, keeps the input that breaks, and ends there."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hostile.targets import TARGETS
from tools import fuzz


def test_a_target_that_holds(tmp_path: Path) -> None:
    fuzz.by_mutator("codecs", 300, 1, tmp_path, tmp_path / "codecs.json")
    found = json.loads((tmp_path / "codecs.json").read_text())
    assert found["runs"] == 300 and found["slowest_seconds"] < fuzz.SECONDS and found["memory_mib"] > 1
    assert not list(tmp_path.glob("crash-*"))


def test_the_input_that_breaks_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(data: bytes) -> None:
        if len(data) == 7:
            raise ZeroDivisionError

    monkeypatch.setitem(TARGETS, "codecs", replace(TARGETS["codecs"], run=run, seeds=lambda: [b"12345678"]))
    with pytest.raises(ZeroDivisionError):
        fuzz.by_mutator("codecs", 10_000, 1, tmp_path, tmp_path / "codecs.json")
    assert len((tmp_path / "crash-codecs").read_bytes()) == 7


def test_an_input_that_takes_long_breaks_a_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spent = iter((0.0, 1.5))
    monkeypatch.setattr(time, "process_time", lambda: next(spent))
    watch = fuzz.Watch(lambda data: None, tmp_path / "p.json")
    with pytest.raises(fuzz.Broken, match=r"an input of 3 bytes took 1.50 s, the bound is 1 s"):
        watch(b"abc")
