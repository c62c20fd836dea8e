"""The states of ISA-18.2: every path through them."""

from __future__ import annotations

from itertools import product

import pytest

from sigflow.watch.alarms import states
from sigflow.watch.alarms.learning import Learnt
from sigflow.watch.alarms.persistence import ForATime, InARow, OfTheLast
from sigflow.watch.alarms.states import ACK, OFF, ON, SHELVE, UNSHELVE, step
from sigflow.watch.alarms.windows import Window


@pytest.mark.parametrize("latch", [False, True])
def test_every_path(latch: bool) -> None:
    """Raised and cleared take turns, whatever happens; one that latches is cleared only once acknowledged."""
    for path in product([ON, OFF, ACK, SHELVE, UNSHELVE], repeat=6):
        state, holds, raised, acked = states.NORMAL, False, False, False
        for happens in path:
            if (happens == ON and holds) or (happens == OFF and not holds):
                continue
            holds = holds if happens not in (ON, OFF) else happens == ON
            before = state
            state, told = step(state, happens, latch=latch, holds=holds)
            for what in told:
                if what in ("shelved", "unshelved"):
                    raised = acked = False
                elif what == "raised":
                    assert not raised
                    raised, acked = True, False
                elif what == "acknowledged":
                    assert before in (states.UNACKNOWLEDGED, states.RETURNED, states.LATCHED)
                    acked = True
                elif what == "cleared":
                    assert raised and (acked or not latch) and not holds
                    raised = False
            assert raised == (state in states.ACTIVE), path
            assert state == states.SHELVED or not holds or raised, path


def test_persistence() -> None:
    looks = [True, False, True, True, False, True, True, True]
    assert [InARow(1).take(look, None) for look in looks] == looks
    three = InARow(3)
    assert [three.take(look, None) for look in looks] == [False] * 7 + [True]
    two = OfTheLast(2, 3)
    assert [two.take(look, None) for look in looks] == [False, False, True, True, True, True, True, True]
    second = ForATime(10)
    times = [0, 5, 10, 12, 15, 16, 25, 26]
    assert [second.take(*pair) for pair in zip(looks, times, strict=True)] == [False] * 7 + [True]
    assert not second.take(True, None) and not second.take(True, 100)
    assert not second.take(True, 50) and second.take(True, 60)  # (a clock that was set back)


def test_a_window() -> None:
    window = Window(1000)
    for time in range(0, 1000, 100):
        window.add(time, 1, 2)
    assert window.sums == (10, 20) and not window.full
    window.add(1000, 1, 2)
    assert window.sums == (10, 20) and window.full
    window.add(995, 1, 0)  # earlier: counts as the last
    assert window.sums == (11, 20)
    window.add(5000, 1, 1)
    assert window.sums == (1, 1)
    window.add(10, 7, 7)  # set back by more than the window: anew
    assert window.sums == (7, 7) and not window.full


def test_what_is_usual() -> None:
    learnt = Learnt(0.0)
    for value in [10.0, 11.0, 12.0, 1e9, 9.0]:
        learnt.add(value)
    learnt.finish()
    assert learnt.known == (11.0, pytest.approx(1.4826))
    assert learnt.sigmas(11.0) == 0 and learnt.sigmas(20.0) > 6
    many = Learnt(0.5)
    for number in range(100_000):
        many.add(float(number % 3))
    assert len(many.tree()[0]) < 20_000
    many.finish()
    assert many.known is not None and many.known[0] == 1.0
    same = Learnt(0.0)
    same.add(0.0)
    same.finish()
    assert (same.sigmas(0.0), same.sigmas(1e-30)) == (0.0, float("inf"))
