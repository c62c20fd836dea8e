"""`sigflow corrupt`: the list that it prints is what it did."""

from __future__ import annotations

import json
from pathlib import Path

from sigflow.recover.corrupt import Fault
from tests.cli.calls import SAMPLES, Call
from tests.cli.schema import faults as faults_of_form
from tests.recover.test_corrupt import undone


def test_the_command_writes_the_list(sigflow: Call, tmp_path: Path) -> None:
    capture, out = SAMPLES / "valid_telemetry.sgf", tmp_path / "out.sgf"
    called = sigflow("corrupt", capture, "-o", out, "--seed", 5, "--faults", 20, "--format", "ndjson")
    trees = [json.loads(line) for line in called.out.splitlines()]
    assert called.code == 0 and len(trees) == 20
    assert [faults_of_form(tree, "fault") for tree in trees] == [[]] * 20
    faults = [
        Fault(
            tree["kind"],
            tree["offset"],
            tree["out_offset"],
            bytes.fromhex(tree["before"]),
            bytes.fromhex(tree["after"]),
        )
        for tree in trees
    ]
    assert undone(out.read_bytes(), faults) == capture.read_bytes()
    assert [fault.tree() for fault in faults] == trees
