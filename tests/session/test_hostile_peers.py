"""Peers that mean harm: bounded, told, and the others do not notice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sigflow.session import telling
from sigflow.session.telling import Telling
from tools.check_hostile_peers import attacked


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of the other process is looked up in /proc")
@pytest.mark.parametrize(("name", "scale"), [("garbage", 0.05), ("reconnects", 0.02), ("silence", 0.06)])
def test_an_attack(name: str, scale: float, tmp_path: Path) -> None:
    """A share; `python -m tools.check_hostile_peers` does all of it."""
    assert not attacked(name, tmp_path, scale).wrong


def test_what_happens_again_and_again_is_told_once_in_a_while() -> None:
    now, told = [0.0], []
    tell = Telling(lambda severity, words: told.append(words), lambda: now[0])
    for number in range(1000):
        tell("warning", "a", f"a {number}")
        if number % 100 == 0:
            tell("note", "b", "b", 5)
    assert told == ["a 0", "b (5 times)"]
    tell.flush()
    now[0] += telling.EVERY
    tell.flush()
    assert told[2:] == ["a 999 (999 times)", "b (45 times)"]
    tell("warning", "a", "a again", 3)
    tell.flush()
    assert len(told) == 4
    tell.flush(all=True)
    assert told[4:] == ["a again (3 times)"]
    for number in range(3 * telling.DIFFERENT):
        tell("warning", f"peer {number}", "a peer")
    tell.flush(all=True)
    assert len(told) <= 5 + telling.DIFFERENT + 2
    assert len(tell._last) <= telling.DIFFERENT + 1
