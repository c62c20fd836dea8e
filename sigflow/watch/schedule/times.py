"""When a job is due: a cron expression, or an interval.

Rules.  A cron expression has five fields, as crontab(5) says: minute, hour, day of the month, month, day of the week,
of which 0 and 7 are Sunday; where both days are restricted, either is enough.  It is of a time zone: a time that a
change to summer time leaves out is due as long after the change as it would be, and of one that comes twice the first
counts.  An interval is due at its multiples since 1970-01-01 00:00 UTC, so that the times are the same whenever a
process began.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, NamedTuple

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from tzlocal import get_localzone

if TYPE_CHECKING:
    from sigflow.config.units import Duration

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(\*|([a-z]{3}|[0-7])(?:-([a-z]{3}|[0-7]))?)(?:/([1-7]))?\Z")
_FIELDS = ("minute", "hour", "day", "month", "day_of_week")
#: What the shortest interval is, in nanoseconds.
SHORTEST = 10**9
#: By how much the clock on the wall is set at most; the time after one.
_SHIFT, _NEXT = timedelta(hours=3), timedelta(microseconds=1)
#: Times that were missed are counted up to here, where they must be counted one by one.
COUNTED = 10_000


class Missed(NamedTuple):
    """Times that have passed: the first, the last, how many; more: there are still more, after `last`."""

    first: datetime
    last: datetime
    number: int
    more: bool = False


class _Local(BaseTrigger):  # type: ignore[misc]  # (APScheduler has no types)
    """What a trigger says of the clock on the wall of a time zone.

    The trigger itself sees that clock as if it were UTC: APScheduler 3.11 gives times that have passed where an
    hour comes twice.
    """

    def __init__(self, inner: BaseTrigger, zone: tzinfo) -> None:
        self._inner = inner
        self._zone = zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The first time that is not before `now`; None: there is none."""
        before = now - _SHIFT
        local = now.astimezone(self._zone)
        if before.astimezone(self._zone).utcoffset() != local.utcoffset():
            local = local.replace(tzinfo=UTC) - _SHIFT  # a time that was left out may be due only now
        wall: datetime | None = local.replace(tzinfo=UTC, fold=0)
        while wall is not None:
            wall = self._inner.get_next_fire_time(None, wall)
            if wall is None:
                return None
            due = wall.replace(tzinfo=self._zone).astimezone(UTC)
            if due >= now:
                return due
            wall += _NEXT
        return None


def cron(text: str, zone: tzinfo | None) -> BaseTrigger:
    """What is due when a cron expression says so.  zone: None: that of the machine.  Raises `ValueError`."""
    fields = text.lower().split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"a cron expression has five fields (minute hour day month weekday), this has {len(fields)}")
    said = dict(zip(_FIELDS, fields, strict=True))
    weekday = said["day_of_week"] = _weekdays(said["day_of_week"])
    either = [said] if said["day"] == "*" or weekday == "*" else [{**said, "day_of_week": "*"}, {**said, "day": "*"}]
    triggers = [_trigger(fields_) for fields_ in either]
    return _Local(triggers[0] if len(triggers) == 1 else OrTrigger(triggers), _zone() if zone is None else zone)


def _zone() -> tzinfo:
    """That of the machine."""
    try:
        local: tzinfo = get_localzone()
    except (ValueError, OSError, KeyError):  # TZ may be any text
        said = os.environ.get("TZ", "")
        raise ValueError(f"the time zone of this machine is not known (TZ={said!r}): name one as `timezone`") from None
    return local


def _trigger(said: dict[str, str]) -> CronTrigger:
    try:
        return CronTrigger(**said, timezone=UTC)
    except (ValueError, TypeError) as error:
        raise ValueError(f"no cron expression: {error}") from error


def _weekdays(text: str) -> str:
    """The names of the days: APScheduler numbers them from Monday on, cron from Sunday on."""
    days: list[int] = []
    for part in text.split(","):
        match = _PART.match(part)
        if match is None:
            raise ValueError(f"no cron expression: {part!r} is no day of the week")
        whole, first, last, step = match.groups()
        if whole == "*":
            if step is None:
                return "*"
            days += range(0, 7, int(step))
            continue
        begin = _weekday(first)
        end = 6 if last is None and step is not None else begin if last is None else _weekday(last)
        if end < begin and end == 0:
            end = 7  # `5-7`, or `fri-sun`
        if end < begin:
            raise ValueError(f"no cron expression: the days {part!r} end before they begin")
        days += (day % 7 for day in range(begin, end + 1, int(step or 1)))
    return ",".join(_DAYS[day] for day in sorted(set(days)))


def _weekday(text: str) -> int:
    if text.isdecimal():
        return int(text) % 7
    if text not in _DAYS:
        raise ValueError(f"no cron expression: {text!r} is no day of the week")
    return _DAYS.index(text)


def interval(span: Duration) -> BaseTrigger:
    """What is due at the multiples of a span.  Raises `ValueError` for less than a second."""
    if span.ns < SHORTEST:
        raise ValueError("the shortest interval is one second")
    microseconds = span.ns // 1000
    trigger = IntervalTrigger(seconds=1, start_date=datetime(1970, 1, 1, tzinfo=UTC), timezone=UTC)
    trigger.interval = timedelta(microseconds=microseconds)  # (its arguments are whole seconds)
    trigger.interval_length = trigger.interval.total_seconds()
    return trigger


def after(trigger: BaseTrigger, moment: datetime) -> datetime | None:
    """The first time that is due later than this."""
    due: datetime | None = trigger.get_next_fire_time(None, moment + _NEXT)
    return due


def passed(trigger: BaseTrigger, since: datetime, until: datetime) -> Missed | None:
    """The times that are due later than `since`, and not later than `until`."""
    first = after(trigger, since)
    if first is None or first > until:
        return None
    if isinstance(trigger, IntervalTrigger):
        steps = (until - first) // trigger.interval
        return Missed(first, first + steps * trigger.interval, steps + 1)
    last, count = first, 1
    while (due := after(trigger, last)) is not None and due <= until:
        if count == COUNTED:
            return Missed(first, last, count, more=True)
        last = due
        count += 1
    return Missed(first, last, count)


class Skipping(BaseTrigger):  # type: ignore[misc]  # (APScheduler has no types)
    """A trigger that does not give times which have passed long ago one by one: the clock may be set by years.

    late: so much later than it was due a job is still begun.  skipped: is told what was left out.
    """

    def __init__(self, inner: BaseTrigger, late: timedelta, skipped: Callable[[Missed], object]) -> None:
        self._inner = inner
        self._late = late
        self._skipped = skipped
        self._told: datetime | None = None

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The next time; None: there is none."""
        if previous_fire_time is None:
            return after(self._inner, now)
        bound = now - self._late
        if previous_fire_time < bound:
            missed = passed(self._inner, previous_fire_time, bound)
            if missed is not None and (self._told is None or missed.last > self._told):
                self._told = missed.last  # (it is asked for the same more than once)
                self._skipped(missed)
            return after(self._inner, bound)
        return after(self._inner, previous_fire_time)
