"""The fuzzer counts what it runs, keeps the input that breaks, and ends there."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from math import inf
from pathlib import Path
from signal import SIGTERM

import pytest

from tests.hostile.targets import TARGETS
from tools import fuzz


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The fuzzer sets what signals and its timer do, and counts memory; here it has no process of its own."""
    monkeypatch.setattr(fuzz, "MEMORY", inf)
    before = {number: signal.getsignal(number) for number in (*fuzz.STOPS, signal.SIGPROF)}
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    for number, action in before.items():
        signal.signal(number, action)


def job(root: Path, runs: int, seconds: float = inf) -> fuzz.Job:
    (root / "codecs").mkdir()
    return fuzz.Job("codecs", runs, 1, root, seconds)


def test_a_target_that_holds(tmp_path: Path) -> None:
    fuzz.by_mutator(job(tmp_path, 300))
    result = json.loads((tmp_path / "codecs.json").read_text())
    assert result["runs"] == 300 and not result["stopped"]
    assert result["slowest_seconds"] < fuzz.SECONDS and result["memory_mib"] > 1
    assert not list(tmp_path.rglob("crash-*"))


def test_the_input_that_breaks_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(data: bytes) -> None:
        if len(data) == 7:
            raise ZeroDivisionError

    monkeypatch.setitem(TARGETS, "codecs", replace(TARGETS["codecs"], run=run, seeds=lambda: [b"12345678"]))
    with pytest.raises(ZeroDivisionError):
        fuzz.by_mutator(job(tmp_path, 10_000))
    assert len((tmp_path / "codecs" / "crash-codecs").read_bytes()) == 7


def test_an_input_that_takes_long_breaks_a_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spent = iter((0.0, 0.0, 1.5))
    monkeypatch.setattr(time, "process_time", lambda: next(spent))
    watch = fuzz.Watch(lambda data: None, tmp_path / "p.json")
    with pytest.raises(fuzz.Broken, match=r"an input of 3 bytes took 1.50 s, the bound is 1 s"):
        watch(b"abc")


def test_an_input_that_takes_much_memory_breaks_a_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "MEMORY", 512)
    monkeypatch.setattr(fuzz, "peak", lambda: 600)
    watch = fuzz.Watch(lambda data: None, tmp_path / "p.json")
    with pytest.raises(fuzz.Broken, match="resident memory reached 600 MiB, the bound is 512 MiB"):
        for _ in range(1000):
            watch(b"abc")
    assert watch.runs == 1000


def test_a_target_that_is_stopped_tells_what_it_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fuzz.by_mutator(job(tmp_path, 10**9, seconds=0.1))
    result = json.loads((tmp_path / "codecs.json").read_text())
    assert result["stopped"] and 0 < result["runs"] < 10**6

    left = iter(range(50))
    monkeypatch.setitem(
        TARGETS, "codecs", replace(TARGETS["codecs"], run=lambda data: next(left, 0) or os.kill(os.getpid(), SIGTERM))
    )
    (tmp_path / "codecs").rmdir()
    fuzz.by_mutator(job(tmp_path, 10**9))
    result = json.loads((tmp_path / "codecs.json").read_text())
    assert result["stopped"] and result["runs"] < 50


def test_an_input_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(data: bytes) -> None:
        while data:
            pass

    monkeypatch.setattr(fuzz, "HANGS", 0.05)
    monkeypatch.setitem(TARGETS, "codecs", replace(TARGETS["codecs"], run=run, seeds=lambda: [b""]))
    with pytest.raises(fuzz.Broken, match="an input took more than"):
        fuzz.by_mutator(job(tmp_path, 100))


def test_what_is_watched() -> None:
    packages, others = fuzz.watched(["sigflow.stream.chain", "sigflow.runtime", "sigflow_formats"])
    assert packages == ["sigflow", "sigflow_formats"]
    assert {"sigflow", "sigflow.stream", "sigflow.stream.scan"} < set(others)
    assert not {"sigflow.stream.chain", "sigflow.runtime", "sigflow.runtime.window"} & set(others)
