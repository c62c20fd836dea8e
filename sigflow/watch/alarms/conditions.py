"""Whether an alarm's condition holds: one class for each kind of alarm.

A condition is asked at every frame that is meant (`frame`), told of every other one (`passed`), and of gaps and losses
(`other`); it answers with looks: whether it holds there, and what was seen.  A look in which it cannot be told is none.
Its state goes with the stream, and is JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sigflow.events import Event, Gap, Loss, Record
from sigflow.reasons import CHECKSUM
from sigflow.recording.selection.keys import is_spelt
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.watch.alarms.learning import Learnt
from sigflow.watch.alarms.windows import Window

#: Values of a format's frames; raises one of `WIRE_ERRORS` where there is none.
OfRecord = Callable[[Record], Any]
#: Time spans without a frame that are learnt of one by one.
_PASSED = 1000


class Place(NamedTuple):
    """Where something was seen.  frame: its index, None where it was at none; time: in nanoseconds."""

    format: str
    frame: int | None
    offset: int
    time: int | None

    @classmethod
    def of(cls, record: Record, time: int | None) -> Place:
        """The place of a frame."""
        return cls(record.format, record.index, record.start, time)


class Look(NamedTuple):
    """What was seen.  expected: what it ought to have been.  at: where, None: at the event itself."""

    holds: bool
    value: Any = None
    expected: Any = None
    at: Place | None = None


_NONE: tuple[Look, ...] = ()


class Condition:
    """State: none, unless a descendant has some."""

    def frame(self, record: Record, time: int | None, raised: bool) -> Iterable[Look]:
        """A frame that is meant.  raised: whether the alarm is, so that it may be harder to clear."""
        return _NONE

    def passed(self, record: Record, time: int | None) -> Iterable[Look]:
        """A frame that is not meant."""
        return _NONE

    def other(self, event: Event, at: Place, raised: bool) -> Iterable[Look]:
        """A gap or a loss."""
        return _NONE

    def waits(self, now: int) -> bool:
        """Whether nothing has come for too long, when the clock says this, in nanoseconds since 1970."""
        return False

    def waited(self) -> Iterable[Look]:
        """That was so."""
        return _NONE

    def tree(self) -> Any:
        """The state as JSON."""
        return None

    def restore(self, tree: Any) -> None:
        """The other way round."""


class Bounds(NamedTuple):
    """When a number is wrong: above, or below; and when it is well again, which may be harder."""

    above: float | None
    below: float | None
    clear: float | None

    def wrong(self, value: float, raised: bool) -> bool:
        """Whether it is."""
        if self.above is not None:
            return value > self.above if not raised or self.clear is None else value >= self.clear
        assert self.below is not None
        return value < self.below if not raised or self.clear is None else value <= self.clear

    @property
    def bound(self) -> float | None:
        """The bound that makes it wrong."""
        return self.above if self.above is not None else self.below


class When(Condition):
    """A condition over the fields of a frame."""

    def __init__(
        self,
        when: Mapping[str, OfRecord],
        clear: Mapping[str, OfRecord],
        value: Mapping[str, OfRecord],
    ) -> None:
        """By the names of formats; clear: empty, where it is that `when` does not hold."""
        self._when, self._clear, self._value = when, clear, value

    def frame(self, record: Record, time: int | None, raised: bool) -> Iterable[Look]:
        """One look, where the fields are there."""
        name = record.format
        try:
            clear = self._clear.get(name) if raised else None
            holds = self._when[name](record) is True if clear is None else clear(record) is not True
        except WIRE_ERRORS:
            return _NONE
        value = self._value.get(name)
        try:
            return (Look(holds, None if value is None else value(record)),)
        except WIRE_ERRORS:
            return (Look(holds),)


class Rate(Condition):
    """How much of something there is in a time: per second, per frame, or per byte."""

    def __init__(self, counted: str, per: str, span: int, bounds: Bounds, formats: frozenset[str]) -> None:
        self._counted, self._per = counted, per
        self._seconds = span / 1e9
        self._bounds = bounds
        self._formats = formats
        self._window = Window(span)

    def frame(self, record: Record, time: int | None, raised: bool) -> Iterable[Look]:
        """It counts, and is looked at."""
        if time is None:
            return _NONE
        size = record.stop - record.start
        what = {"frames": 1, "bytes": size}.get(self._counted, 0)
        self._window.add(time, what, {"frames": 1, "bytes": size}.get(self._per, 0))
        return self._looked(raised)

    def other(self, event: Event, at: Place, raised: bool) -> Iterable[Look]:
        """So is what it says."""
        what = self._amount(event)
        if not what or at.time is None:
            return _NONE
        self._window.add(at.time, what, 0)
        return self._looked(raised)

    def _amount(self, event: Event) -> int:
        if isinstance(event, Loss):
            return event.count if self._counted == "lost" and event.format in self._formats else 0
        if not isinstance(event, Gap):
            return 0
        if self._counted == "checksum-failures":
            return sum(reason.removesuffix(f":{CHECKSUM}") in self._formats for reason in event.reasons)
        return {"gaps": 1, "gap-bytes": len(event.span)}.get(self._counted, 0)

    def _looked(self, raised: bool) -> Iterable[Look]:
        first, second = self._window.sums
        if self._per == "second":
            value = first / self._seconds
        else:
            value = first / second if second else float(first)
        if self._bounds.below is not None and self._bounds.above is None and not self._window.full:
            return _NONE
        return (Look(self._bounds.wrong(value, raised), value, self._bounds.bound),)

    def tree(self) -> Any:
        """The window."""
        return self._window.tree()

    def restore(self, tree: Any) -> None:
        """The same."""
        self._window.restore(tree)


class Silence(Condition):
    """No frame for a time.  It begins where the last frame was, whoever notices it: another frame, or the clock.

    State: the place of the last frame; when it came in, by the clock.
    """

    def __init__(self, span: int) -> None:
        self._span = span
        self._last: Place | None = None
        self._came: int | None = None

    def frame(self, record: Record, time: int | None, raised: bool) -> Iterable[Look]:
        """It was silent until now, perhaps; it is not any more."""
        looks = [*self._until(time), Look(False)]
        self._last = Place.of(record, time)
        self._came = _came(record)
        return looks

    def passed(self, record: Record, time: int | None) -> Iterable[Look]:
        """Another frame has the time."""
        if self._last is None:
            self._last = Place(record.format, None, record.start, time)
            self._came = _came(record)
        return self._until(time)

    def _until(self, time: int | None) -> Iterable[Look]:
        last = self._last
        if last is None or last.time is None or time is None or time - last.time < self._span:
            return _NONE
        return (self._silent(last),)

    def _silent(self, last: Place) -> Look:
        at = last._replace(time=None if last.time is None else last.time + self._span)
        return Look(True, self._span / 1e9, None, at)

    def waits(self, now: int) -> bool:
        """Whether nothing has come for too long."""
        return self._came is not None and now - self._came >= self._span

    def waited(self) -> Iterable[Look]:
        """The clock noticed it."""
        return _NONE if self._last is None else (self._silent(self._last),)

    def tree(self) -> Any:
        """The last frame, and when it came in."""
        return [None if self._last is None else list(self._last), self._came]

    def restore(self, tree: Any) -> None:
        """The same."""
        last, came = tree
        self._last = None if last is None else Place(*last)
        self._came = None if came is None else int(came)


def _came(record: Record) -> int | None:
    stamp = record.stamps[1]
    return None if stamp is None else stamp.wall_ns


class Lost(Condition):
    """So many frames lost at once; it is over with the next frame that comes without a loss."""

    def __init__(self, count: int, formats: frozenset[str]) -> None:
        self._count = count
        self._formats = formats
        self._at = -1

    def frame(self, record: Record, time: int | None, raised: bool) -> Iterable[Look]:
        """It may be the one that showed the loss."""
        return _NONE if record.start <= self._at else (Look(False),)

    def other(self, event: Event, at: Place, raised: bool) -> Iterable[Look]:
        """A loss, perhaps."""
        if not isinstance(event, Loss) or event.format not in self._formats or event.count < self._count:
            return _NONE
        self._at = event.offset
        return (Look(True, event.count, None, at),)

    def tree(self) -> Any:
        """Where the last was shown."""
        return self._at

    def restore(self, tree: Any) -> None:
        """The same."""
        self._at = int(tree)


class Baseline(Condition):
    """What is usual is learnt; then a value that is far from it.

    State: what was learnt; since when; of a rate, the slice of time that is counted, and how many frames it has.
    """

    def __init__(
        self, of: str, value: Mapping[str, OfRecord], learn: int, sigmas: float, over: int, at_least: float
    ) -> None:
        """of: `frame-rate`, `frame-size`, or a text of which `value` has the meaning by formats."""
        self._of, self._value = of, value
        self._learn, self._sigmas, self._over = learn, sigmas, over
        # A frame more or less in a slice, and a byte more or less, are nothing.
        least = {RATE: 1e9 / over, SIZE: 1.0}.get(of, 0.0)
        self._learnt = Learnt(max(at_least, least))
        self._since: int | None = None
        self._slice: int | None = None
        self._frames = 0
        self._whole = False

    def frame(self, record: Record, time: int | None, raised: bool) -> Iterator[Look]:
        """One more value, or a slice of time that is over."""
        if time is None:
            return
        if self._since is None or time < self._since:
            self._since = time
        if self._of == RATE:
            yield from self._rates(time)
            return
        try:
            value: Any = record.stop - record.start if self._of == SIZE else self._value[record.format](record)
            number = float(value)
        except WIRE_ERRORS:
            return
        if math.isfinite(number):
            yield from self._seen(number, value, time)

    def _rates(self, time: int) -> Iterator[Look]:
        slice_ = time // self._over
        if self._slice is not None and slice_ > self._slice:
            for number in range(self._slice, min(slice_, self._slice + _PASSED)):
                rate = (self._frames if number == self._slice else 0) / (self._over / 1e9)
                if self._whole or number > self._slice:  # (the first begins in the middle)
                    yield from self._seen(rate, rate, (number + 1) * self._over)
            self._whole = True
        if slice_ != self._slice:
            if self._slice is not None and slice_ < self._slice:
                self._whole = False
            self._slice, self._frames = slice_, 0
        self._frames += 1

    def _seen(self, number: float, value: Any, time: int) -> Iterator[Look]:
        assert self._since is not None
        if self._learnt.known is None:
            if time - self._since <= self._learn:
                self._learnt.add(number)
                return
            self._learnt.finish()
        if self._learnt.known is not None:
            yield Look(self._learnt.sigmas(number) > self._sigmas, value, self._learnt.known[0])

    def tree(self) -> Any:
        """All of it."""
        return [self._learnt.tree(), self._since, self._slice, self._frames, self._whole]

    def restore(self, tree: Any) -> None:
        """The same."""
        learnt, self._since, self._slice, frames, whole = tree
        self._learnt.restore(learnt)
        self._frames, self._whole = int(frames), bool(whole)


#: What a baseline may be of, beside expressions; what a state is compared with, beside values.
RATE, SIZE, LAST = "frame-rate", "frame-size", "last"


class State(Condition):
    """What an instrument declares is not what it ought to be.  State: what it declared last, as text."""

    def __init__(self, declared: Mapping[str, OfRecord], wanted: str) -> None:
        self._declared, self._wanted = declared, wanted
        self._last: str | None = None

    def frame(self, record: Record, time: int | None, raised: bool) -> Iterable[Look]:
        """One look, where it declares something."""
        try:
            value = self._declared[record.format](record)
        except WIRE_ERRORS:
            return _NONE
        if value is None:
            return _NONE
        if self._wanted != LAST:
            return (Look(not is_spelt(value, self._wanted), value, self._wanted),)
        last, self._last = self._last, str(value)
        return (Look(last is not None and last != self._last, value, last),)

    def tree(self) -> Any:
        """What it declared last."""
        return self._last

    def restore(self, tree: Any) -> None:
        """The same."""
        self._last = None if tree is None else str(tree)
