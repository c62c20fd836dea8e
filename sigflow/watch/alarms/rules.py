"""The alarms of a configuration, bound to the formats of a stream: every expression is typed before a frame is read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.compiler import expression as ex
from sigflow.compiler.parser import ExpressionError
from sigflow.errors import UsageError
from sigflow.events import Record
from sigflow.frozen import frozen
from sigflow.recording.grouping import Grouping, key_of
from sigflow.recording.selection.where import parsed
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.struct import label
from sigflow.watch.alarms import conditions as kinds
from sigflow.watch.alarms.persistence import ForATime, InARow, OfTheLast, Persistence
from sigflow.watch.meaning import Bound, Meaning

if TYPE_CHECKING:
    from sigflow.config.document import Document
    from sigflow.config.sections import Alarm
    from sigflow.stream.format import Format

#: The keys that say what kind an alarm is.
KINDS = ("when", "rate", "silence", "loss", "baseline", "state")
#: Which further keys each kind takes.
_TAKES = {
    "when": ("clear", "value", "for"),
    "rate": ("clear", "per", "over", "above", "below", "for"),
    "silence": (),
    "loss": (),
    "baseline": ("for",),
    "state": ("for",),
}
_SPECIAL = ("clear", "value", "per", "over", "above", "below", "for")
_METADATA = "metadata."
_SCHEMES = ("http://", "https://")
#: Nanoseconds in which a rate is of, where nothing is said.
OVER = 10 * 10**9


@frozen
class Rule:
    """An alarm.  kind: of `KINDS`.  formats: those whose frames are meant.  fits: whether a frame of these is, None:
    all. key: what alarms of their own are for, None: there is one.  condition, persistence: make new ones.  timed:
    whether it needs times.
    """

    name: str
    alarm: Alarm
    kind: str
    formats: frozenset[str]
    fits: Callable[[Record], bool] | None
    key: Callable[[Record], str | None] | None
    condition: Callable[[], kinds.Condition]
    persistence: Callable[[], Persistence]
    timed: bool

    @property
    def hash(self) -> str:
        """Of what is configured: the state of another rule is none of this one."""
        import msgspec

        return hashlib.sha256(msgspec.json.encode(self.alarm, enc_hook=str)).hexdigest()[:16]

    def new(self) -> tuple[kinds.Condition, Persistence]:
        """One of each, as of a stream that begins."""
        return self.condition(), self.persistence()


def rules(
    alarms: Mapping[str, Alarm], formats: Sequence[Format], document: Document | None = None
) -> tuple[list[Rule], list[UsageError]]:
    """The rules of these alarms, and what is wrong with the others, with the places."""
    framed = [format for format in formats if not format.is_part]
    good, mistakes = [], []
    for name, alarm in alarms.items():
        binding = _Binding(name, alarm, framed, document)
        try:
            rule = binding.rule()
            if rule is not None:
                good.append(rule)
        except UsageError as error:
            mistakes.append(error)
    return good, mistakes


class _Binding:
    """One alarm and the formats."""

    def __init__(self, name: str, alarm: Alarm, formats: Sequence[Format], document: Document | None) -> None:
        self._name = name
        self._alarm = alarm
        self._meaning = Meaning(f"alarm {name!r}", ("alarms", name), alarm, formats, document)
        self._wrong, self._values = self._meaning.wrong, self._meaning.values
        self._formats, self._names = self._meaning.formats, self._meaning.names

    def rule(self) -> Rule | None:
        """None where no frame of these formats is meant."""
        alarm = self._alarm
        said = [kind for kind in KINDS if getattr(alarm, kind) is not None]
        if len(said) != 1:
            what = " and ".join(said) if said else "none of them"
            raise self._wrong((), f"an alarm has one of {', '.join(KINDS)}; here: {what}")
        (kind,) = said
        for key in _SPECIAL:
            value = getattr(alarm, {"for": "for_"}.get(key, key))
            if value not in (None, "second") and key not in _TAKES[kind]:
                raise self._wrong((key,), f"{key!r} says nothing of {kind!r}", key=True)
        for number, action in enumerate(alarm.actions):
            if action != "log" and (action.command is None) == (action.webhook is None):
                raise self._wrong(("actions", number), "an action is `log`, or has either `command` or `webhook`")
            if action != "log" and action.command == []:
                raise self._wrong(("actions", number, "command"), "no program is named")
            if action != "log" and action.webhook is not None and not action.webhook.startswith(_SCHEMES):
                raise self._wrong(("actions", number, "webhook"), "a webhook is an http or https URL")
        timed = kind in ("rate", "silence", "baseline") or (alarm.for_ is not None and alarm.for_.seconds is not None)
        condition = getattr(self, f"_{kind}")()  # (it may leave out formats that lack a field)
        rule = Rule(
            self._name,
            alarm,
            kind,
            self._names,
            self._meaning.fits(),
            self._key(),
            condition,
            self._persistence(),
            timed,
        )
        return rule if self._formats else None

    def _key(self) -> Callable[[Record], str | None] | None:
        key_text = self._alarm.for_each
        if key_text is None:
            return None
        counted = self._alarm.rate
        if counted in ("gaps", "gap-bytes", "checksum-failures"):
            raise self._wrong(("for-each",), f"{counted} are of the whole stream", key=True)
        if (self._alarm.loss is not None or counted == "lost") and key_text != "stream":
            raise self._wrong(("for-each",), "what is lost is known for each `stream` only")
        if key_text in ("kind", "stream"):
            groupings = {format.name: Grouping(format) for format in self._formats}
            asked: dict[str, Any] = {
                name: grouping.kind_of if key_text == "kind" else grouping.format.stream_of
                for name, grouping in groupings.items()
            }
            return lambda record: spelt(key_of(asked[record.format], record))
        bound = self._values(("for-each",), key_text)

        def key(record: Record) -> str | None:
            try:
                return spelt(bound[record.format](record))
            except WIRE_ERRORS:
                return None

        return key

    def _persistence(self) -> Callable[[], Persistence]:
        asked = self._alarm.for_
        if asked is None:
            return lambda: InARow(1)
        frames, of, seconds = asked.frames, asked.of, asked.seconds
        if (frames is None) == (seconds is None):
            raise self._wrong(("for",), "how long: either `frames`, with or without `of`, or `seconds`")
        if seconds is not None:
            if of is not None:
                raise self._wrong(("for", "of"), "`of` goes with `frames`", key=True)
            return lambda: ForATime(seconds.ns)
        assert frames is not None
        if of is None:
            return lambda: InARow(frames)
        if of < frames:
            raise self._wrong(("for", "of"), f"{frames} of the last {of} cannot be")
        return lambda: OfTheLast(frames, of)

    # ---------------------------------------------------------------- one for each kind

    def _when(self) -> Callable[[], kinds.Condition]:
        alarm = self._alarm
        assert alarm.when is not None
        when = self._values(("when",), alarm.when, condition=True)
        clear = {} if alarm.clear is None else self._values(("clear",), alarm.clear, condition=True)
        text = alarm.value if alarm.value is not None else _compared(alarm.when)
        value = {} if text is None else self._values(("value",) if alarm.value is not None else ("when",), text)
        self._names = frozenset(when)
        return lambda: kinds.When(when, clear, value)

    def _rate(self) -> Callable[[], kinds.Condition]:
        alarm, names = self._alarm, self._names
        if alarm.above is None and alarm.below is None:
            raise self._wrong((), "a rate has a bound: `above` or `below`")
        clear = alarm.clear
        if alarm.above is not None and alarm.below is not None:
            if clear is not None:
                raise self._wrong(("clear",), "`below` says already when it is cleared", key=True)
            if alarm.below > alarm.above:
                raise self._wrong(("below",), f"what is raised above {alarm.above:g} is not cleared by {alarm.below:g}")
            bounds = kinds.Bounds(alarm.above, None, alarm.below)
        else:
            cleared = self._number(("clear",), clear)
            if cleared is not None and alarm.above is not None and not cleared <= alarm.above:
                raise self._wrong(("clear",), f"what is raised above {alarm.above:g} is not cleared by {clear}")
            if cleared is not None and alarm.below is not None and not cleared >= alarm.below:
                raise self._wrong(("clear",), f"what is raised below {alarm.below:g} is not cleared by {clear}")
            bounds = kinds.Bounds(alarm.above, alarm.below, cleared)
        counted, per = alarm.rate, alarm.per
        assert counted is not None
        span = alarm.over.ns if alarm.over is not None else OVER
        return lambda: kinds.Rate(counted, per, span, bounds, names)

    def _number(self, path: tuple[str, ...], text: str | None) -> float | None:
        if text is None:
            return None
        try:
            return float(text)
        except ValueError:
            raise self._wrong(path, f"found {text}, wanted a number") from None

    def _silence(self) -> Callable[[], kinds.Condition]:
        silence = self._alarm.silence
        assert silence is not None
        return lambda: kinds.Silence(silence.ns)

    def _loss(self) -> Callable[[], kinds.Condition]:
        count, names = self._alarm.loss, self._names
        assert count is not None
        return lambda: kinds.Lost(count, names)

    def _baseline(self) -> Callable[[], kinds.Condition]:
        asked = self._alarm.baseline
        assert asked is not None
        learn, sigmas, of, at_least = asked.learn.ns, asked.sigmas, asked.of, asked.at_least
        value = {} if of in (kinds.RATE, kinds.SIZE) else self._values(("baseline", "of"), of)
        over = asked.over.ns if asked.over is not None else OVER
        if of == kinds.RATE and learn < 2 * over:
            raise self._wrong(("baseline", "learn"), "at least two times of `over` must be learnt of")
        return lambda: kinds.Baseline(of, value, learn, sigmas, over, at_least)

    def _state(self) -> Callable[[], kinds.Condition]:
        asked = self._alarm.state
        assert asked is not None
        wanted = asked.is_
        if asked.field.startswith(_METADATA):
            key = asked.field.removeprefix(_METADATA)
            declared: Bound = {name: lambda record: record.metadata.get(key) for name in self._names}
        else:
            declared = self._values(("state", "field"), asked.field)
        self._names = frozenset(declared)
        return lambda: kinds.State(declared, wanted)


def _compared(text: str) -> str | None:
    """What a comparison compares: the text on its left; None where it is none."""
    try:
        expr = parsed(text)
    except ExpressionError:
        return None
    if not isinstance(expr, ex.Compare):
        return None
    path = ex.path(expr.left)
    return ".".join(path) if path is not None else None


def spelt(key: Any) -> str | None:
    """A key as it is told, and can be given for `--key`."""
    if key is None:
        return None
    if isinstance(key, tuple | list):
        return ",".join(str(spelt(part)) for part in key)
    if isinstance(key, bytes | bytearray | memoryview):
        return bytes(key).hex()
    if isinstance(key, bool):
        return str(key).lower()
    shown = label(key) if hasattr(key, "name") and hasattr(key, "value") else None
    return str(key) if shown is None else shown
