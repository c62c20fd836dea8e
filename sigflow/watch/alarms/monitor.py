"""The alarms of a stream: what its events raise and clear, and what operators did.

State: each alarm's, by rule and key; the last time; all of it JSON, so that a monitor goes on where another ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sigflow.errors import UsageError
from sigflow.events import Event, Gap, Idle, Loss, Note, Record
from sigflow.watch.alarms import states
from sigflow.watch.alarms.conditions import Condition, Look, Place
from sigflow.watch.alarms.persistence import Persistence
from sigflow.watch.alarms.rules import Rule, spelt

#: Alarms of their own that a rule with `for-each` has, at most.
MOST = 10_000
#: What raised an alarm that the events alone do not show.
CLOCK, OPERATOR = "clock", "operator"


class Change(NamedTuple):
    """The state of an alarm has changed.  state: what is told of that; condition: the state that it is in now.

    value: what was seen; expected: what it ought to have been.  by: the clock, or an operator.
    """

    alarm: str
    key: str | None
    state: str
    condition: str
    level: str
    at: Place
    value: Any = None
    expected: Any = None
    by: str | None = None


class Operation(NamedTuple):
    """What an operator did: `ack`, `shelve` or `unshelve`; or `clock`: the clock noticed that nothing comes.

    key: of which alarm, None: of all of the rule.  until: when a shelved one comes back by itself, in the time of the
    frames.
    """

    alarm: str
    key: str | None
    what: str
    until: int | None = None


class _Alarm:
    """State: that of the alarm, whether its condition holds (for long enough), until when it is shelved."""

    __slots__ = ("condition", "holds", "key", "persistence", "rule", "state", "until")

    def __init__(self, rule: Rule, key: str | None) -> None:
        self.rule, self.key = rule, key
        self.condition: Condition
        self.persistence: Persistence
        self.condition, self.persistence = rule.new()
        self.state = states.NORMAL
        self.holds = False
        self.until: int | None = None

    def take(self, looks: Iterable[Look], at: Place, by: str | None = None) -> Iterator[Change]:
        """What was seen there."""
        for look in looks:
            place = look.at if look.at is not None else at
            long_enough = self.persistence.take(look.holds, place.time)
            if self.holds:
                if look.holds:
                    continue
                happens = states.OFF
            else:
                if not (look.holds and long_enough):
                    continue
                happens = states.ON
            self.holds = look.holds
            yield from self.happens(happens, place, look, by)

    def happens(self, what: str, at: Place, look: Look | None, by: str | None) -> Iterator[Change]:
        """A step from one state to another."""
        latch = self.rule.alarm.latch
        self.state, told = states.step(self.state, what, latch=latch, holds=self.holds)
        for name in told:
            value, expected = (look.value, look.expected) if look is not None else (None, None)
            yield Change(self.rule.name, self.key, name, self.state, self.rule.alarm.level, at, value, expected, by)

    def shelved_until(self, at: Place) -> Iterator[Change]:
        """It comes back by itself, where it is time."""
        if self.state == states.SHELVED and self.until is not None and at.time is not None and at.time >= self.until:
            self.until = None
            yield from self.happens(states.UNSHELVE, at, None, None)

    def tree(self) -> Any:
        """The state as JSON."""
        return [self.state, self.holds, self.until, self.condition.tree(), self.persistence.tree()]

    def restore(self, tree: Any) -> None:
        """The other way round."""
        self.state, self.holds, self.until, condition, persistence = tree
        self.condition.restore(condition)
        self.persistence.restore(persistence)


class Monitor:
    """Takes the events of a stream in their order."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = list(rules)
        #: By rule, and by key: None where the rule has no `for-each`.
        self._alarms: dict[str, dict[str | None, _Alarm]] = {rule.name: {} for rule in rules}
        for rule in rules:
            if rule.key is None:
                self._alarms[rule.name][None] = _Alarm(rule, None)
        self._time: int | None = None
        self._at = Place("", None, 0, None)
        #: Rules of which not every key has an alarm of its own, because there are too many.
        self.crowded: set[str] = set()

    def _all(self) -> Iterator[_Alarm]:
        for alarms in self._alarms.values():
            yield from alarms.values()

    def take(self, event: Event) -> list[Change]:
        """What an event changes."""
        if isinstance(event, Record):
            return self._frame(event)
        if isinstance(event, Idle | Note):
            return []
        at = self._place(event)
        changes: list[Change] = []
        stream = spelt(event.stream) if isinstance(event, Loss) else None
        for alarm in self._all():
            if alarm.key is not None and alarm.key != stream:
                continue
            looks = alarm.condition.other(event, at, alarm.holds)
            if looks:
                changes += alarm.take(looks, at)
        return changes

    def _place(self, event: Gap | Loss) -> Place:
        if isinstance(event, Loss):
            return Place(event.format, None, event.offset, self._time)
        return Place("", None, event.span.start, self._time)

    def _frame(self, record: Record) -> list[Change]:
        time = record.time
        if time is not None:
            self._time = time
        at = self._at = Place.of(record, time)
        changes: list[Change] = []
        for rule in self._rules:
            alarms = self._alarms[rule.name]
            own = None
            if record.format in rule.formats and (rule.fits is None or rule.fits(record)):
                own = self._alarm(rule, record)
            if own is not None:
                changes += own.shelved_until(at)
                changes += own.take(own.condition.frame(record, time, own.holds), at)
            if rule.kind == "silence":
                for alarm in alarms.values():
                    if alarm is not own:
                        changes += alarm.take(alarm.condition.passed(record, time), at)
        return changes

    def _alarm(self, rule: Rule, record: Record) -> _Alarm | None:
        alarms = self._alarms[rule.name]
        if rule.key is None:
            return alarms[None]
        key = rule.key(record)
        if key is None:
            return None
        if key not in alarms:
            if len(alarms) >= MOST:
                self.crowded.add(rule.name)
                return None
            alarms[key] = _Alarm(rule, key)
        return alarms[key]

    def waits(self, now: int) -> list[Operation]:
        """What the clock does, when it says this, in nanoseconds since 1970, and nothing has come."""
        return [
            Operation(alarm.rule.name, alarm.key, CLOCK)
            for alarm in self._all()
            if not alarm.holds and alarm.condition.waits(now)
        ]

    def operate(self, operation: Operation) -> list[Change]:
        """This was done, behind the last event.  What it does not change, it does not tell."""
        changes: list[Change] = []
        at = self._at._replace(time=self._time)
        for key, alarm in self._alarms.get(operation.alarm, {}).items():
            if operation.key not in (None, key):
                continue
            if operation.what == CLOCK:
                changes += alarm.take(alarm.condition.waited(), at, CLOCK)
                continue
            if operation.what == states.SHELVE:
                alarm.until = operation.until
            changes += alarm.happens(operation.what, at, None, OPERATOR)
        return changes

    @property
    def alarms(self) -> Iterator[tuple[str, str | None, str, str]]:
        """Each that is not normal: name, key, state and level."""
        for alarm in self._all():
            if alarm.state != states.NORMAL:
                yield alarm.rule.name, alarm.key, alarm.state, alarm.rule.alarm.level

    # ---------------------------------------------------------------- going on

    def tree(self) -> Any:
        """The state as JSON."""
        alarms = [[alarm.rule.name, alarm.key, alarm.rule.hash, alarm.tree()] for alarm in self._all()]
        return {"time": self._time, "at": list(self._at), "alarms": alarms}

    def restore(self, tree: Any) -> None:
        """Go on where another ended.  Alarms that are no longer configured, or otherwise, begin anew.

        Raises `UsageError` for what is no state.
        """
        try:
            rules = {(rule.name, rule.hash): rule for rule in self._rules}
            self._time = tree["time"]
            self._at = Place(*tree["at"])
            for name, key, hash, state in tree["alarms"]:
                rule = rules.get((name, hash))
                if rule is not None:
                    alarm = self._alarms[name][key] = _Alarm(rule, key)
                    alarm.restore(state)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise UsageError(f"this is no state of alarms: {type(error).__name__}: {error}") from error
