"""The states of an alarm, and what leads from one to another (ISA-18.2-2016, the alarm state transition diagram).

Names of the standard: normal; unacknowledged (active, nobody has seen it); acknowledged (active, seen); returned to
normal, unacknowledged; latched (it would have returned, and stays until it is acknowledged); shelved.
"""

from __future__ import annotations

NORMAL, UNACKNOWLEDGED, ACKNOWLEDGED = "normal", "unacknowledged", "acknowledged"
RETURNED, LATCHED, SHELVED = "returned", "latched", "shelved"
#: In these it is raised.
ACTIVE = (UNACKNOWLEDGED, ACKNOWLEDGED, LATCHED)

#: What happens: the condition holds from now on, or does not; an operator acknowledges, shelves, or takes it out again.
ON, OFF, ACK, SHELVE, UNSHELVE = "on", "off", "ack", "shelve", "unshelve"

#: What is told.
RAISED, CLEARED, ACKED, IS_SHELVED, UNSHELVED = "raised", "cleared", "acknowledged", "shelved", "unshelved"

_NOTHING: tuple[str, ...] = ()
#: By state and what happens: the next state, and what is told.  What is not here changes nothing.
_COMMON = {
    (NORMAL, ON): (UNACKNOWLEDGED, (RAISED,)),
    (UNACKNOWLEDGED, ACK): (ACKNOWLEDGED, (ACKED,)),
    (ACKNOWLEDGED, OFF): (NORMAL, (CLEARED,)),
    (RETURNED, ON): (UNACKNOWLEDGED, (RAISED,)),
    (RETURNED, ACK): (NORMAL, (ACKED,)),
    (LATCHED, ON): (UNACKNOWLEDGED, _NOTHING),
    (LATCHED, ACK): (NORMAL, (ACKED, CLEARED)),
}
_PLAIN = {**_COMMON, (UNACKNOWLEDGED, OFF): (RETURNED, (CLEARED,))}
_LATCHING = {**_COMMON, (UNACKNOWLEDGED, OFF): (LATCHED, _NOTHING)}


def step(state: str, happens: str, *, latch: bool, holds: bool) -> tuple[str, tuple[str, ...]]:
    """The next state, and what is told.

    latch: whether it stays raised until acknowledged.  holds: whether the condition does, which counts where a shelved
    alarm is taken out again: while it is shelved nothing of it is told.
    """
    if state == SHELVED:
        if happens != UNSHELVE:
            return state, _NOTHING
        return (UNACKNOWLEDGED, (UNSHELVED, RAISED)) if holds else (NORMAL, (UNSHELVED,))
    if happens == SHELVE:
        return SHELVED, (IS_SHELVED,)
    return (_LATCHING if latch else _PLAIN).get((state, happens), (state, _NOTHING))
