"""Thresholds for an alarm from what is recorded, with how often each would have been raised."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.errors import UsageError
from sigflow.events import Record
from sigflow.recording.selection.where import values_of
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.watch.alarms.learning import Learnt

if TYPE_CHECKING:
    from sigflow.recording import Recording

#: Values that are looked at, at most: eight bytes each.
MOST = 50_000_000
#: The shares of values beyond a threshold that are proposed, and the distances in spreads.
SHARES, SIGMAS = (0.01, 0.001, 0.0001), (3.0, 6.0)


class Proposal(NamedTuple):
    """A threshold.  why: what it follows from; frames: how many values are beyond it; raised: how often an alarm would
    have been raised, with as many frames in a row as were asked for.
    """

    above: float | None
    below: float | None
    why: str
    frames: int
    raised: int


class Tuned(NamedTuple):
    """What the values of an expression are, and what follows.  values: how many numbers; other: frames without one."""

    values: int
    other: int
    least: float
    median: float
    spread: float
    most: float
    proposals: tuple[Proposal, ...]


def tuned(recording: Recording, text: str, frames: int) -> Tuned | None:
    """Thresholds for an expression over the fields of the frames; None where no frame has a number there.

    frames: how many in a row an alarm would wait for.  Raises `UsageError` where the expression does not fit.
    """
    values = values_of(text, [format for format in recording.formats if not format.is_part])
    numbers, other = array("d"), 0
    for record in recording.events():
        if not isinstance(record, Record) or record.format not in values:
            continue
        number = _number(values[record.format], record)
        if number is None:
            other += 1
        elif len(numbers) >= MOST:
            raise UsageError(f"more than {MOST} values: choose fewer frames (--limit, --since)")
        else:
            numbers.append(number)
    return _proposed(numbers, other, frames) if numbers else None


def _number(value: Any, record: Record) -> float | None:
    try:
        number = float(value(record))
    except WIRE_ERRORS:
        return None
    return number if math.isfinite(number) else None


def _proposed(numbers: array[float], other: int, frames: int) -> Tuned:
    import numpy as np

    values = np.frombuffer(numbers)
    learnt = Learnt(0.0)
    for number in values[:: max(len(values) // 10_000, 1)].tolist():
        learnt.add(number)
    learnt.finish()
    assert learnt.known is not None
    median, spread = float(np.median(values)), learnt.known[1]
    proposals = []
    for above in (True, False):
        bounds = [(float(values.max() if above else values.min()), "never")]
        bounds += [(float(np.quantile(values, 1 - share if above else share)), f"{share:.2%}") for share in SHARES]
        bounds += [(median + (1 if above else -1) * sigmas * spread, f"{sigmas:g} spreads") for sigmas in SIGMAS]
        seen = set()
        for bound, why in sorted(bounds, key=itemgetter(0), reverse=not above):
            if bound in seen:
                continue
            seen.add(bound)
            beyond = values > bound if above else values < bound
            raised = sum(_runs(beyond, frames))
            proposals.append(
                Proposal(bound if above else None, None if above else bound, why, int(beyond.sum()), raised)
            )
    return Tuned(len(values), other, float(values.min()), median, spread, float(values.max()), tuple(proposals))


def _runs(beyond: Any, frames: int) -> Iterator[bool]:
    """Of every run of frames beyond a threshold, whether it is long enough."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate(([0], beyond.astype(np.int8), [0]))))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield stop - start >= frames
