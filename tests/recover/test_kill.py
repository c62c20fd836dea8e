"""Killed at random moments, `sigflow recover` leaves nothing half written and loses nothing it acknowledged.

Some rounds of `tools/kill_recover.py`, which runs as many as one likes.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.transcript import ROOT
from tools import kill_recover


def test_twenty_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "generated")]))
    states = kill_recover.run(20, 1, tmp_path)
    assert sum(states.values()) == 20
