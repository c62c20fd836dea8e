"""Thresholds that are proposed: what is beyond each, counted anew."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.cli.calls import Call
from tests.cli.schema import faults
from tools.check_alarms import SPEC, Script


def test_a_recount(tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng, made = random.Random(4), Script(0)
    values = [round(rng.gauss(20, 3)) if rng.random() < 0.99 else rng.choice([-200, 300]) for _ in range(5000)]
    for value in values:
        made.frame(value)
    Path("probe.ksy").write_text(SPEC)
    Path("a.bin").write_bytes(bytes(made.data))
    for frames in (1, 2):
        arguments = ("alarms", "tune", "a.bin", "-s", "probe.ksy", "--of", "temperature", "--frames", frames)
        called = sigflow(*arguments, "--format", "json")
        tree = json.loads(called.out)
        assert faults(tree, "tuned") == []
        assert (tree["values"], tree["least"], tree["most"]) == (5000, -200.0, 300.0)
        assert tree["median"] == 20 and 2.5 < tree["spread"] < 3.5
        for proposal in tree["proposals"]:
            bound = proposal["above"] if proposal["above"] is not None else proposal["below"]
            beyond = [value > bound if proposal["above"] is not None else value < bound for value in values]
            runs = "".join("x" if away else " " for away in beyond).split()
            assert proposal["frames"] == sum(beyond)
            assert proposal["raised"] == sum(len(run) >= frames for run in runs)
    assert "never): 0 frames, raised 0 times" in sigflow(*arguments).out


def test_what_cannot_be_tuned(sigflow: Call) -> None:
    sample = "samples/valid_telemetry.sgf"
    called = sigflow("alarms", "tune", sample, "-s", "sgf1", "--of", "paylod_length")
    assert (called.code, "did you mean 'payload_length'?" in called.err) == (2, True)
    called = sigflow("alarms", "tune", sample, "-s", "sgf1", "--of", "payload")
    assert (called.code, "no frame has a number there" in called.err) == (0, True)
    assert sigflow("alarms", "tune", sample, "-s", "sgf1").code == 2
