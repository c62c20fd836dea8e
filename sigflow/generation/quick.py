"""Values of frames that are made at once: of formats with a header of numbers and one payload.

Such a format has no conditions and no lists, so its fields are chosen one by one, without anything being written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sigflow.generation.drawing import payload
from sigflow.generation.values import Values
from sigflow.runtime.envelope import Codec
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.writing import ClassWriting, Formula, Put, PutBits, PutBytes, PutNumber, PutObject, writing_of
from sigflow.runtime.writing.numbers import bounds
from sigflow.runtime.writing.reachable import constant
from sigflow.stream.format import Format

#: Gives the value of a field.
Draw = Callable[[], Any]


class Quick:
    """Chooses the values of a frame.  State: which codecs apply, by the numbers that they ask."""

    def __init__(self, format: Format, values: Values, draws: dict[str, Any]) -> None:
        envelope = format.envelope
        assert envelope is not None
        self._values = values
        self._draws = list(draws.items())
        self._sequence = envelope.decode.sequence
        self._payload = envelope.decode.payload or ""
        self._codecs = envelope.decode.codecs
        self._unit: Any = envelope.decode.unit
        self._needs = [tuple(path.split(".")) for codec in self._codecs for path in codec.needs or ()]
        stream = self._sequence.needs if self._sequence is not None else ()
        self._stream = [tuple(path.split(".")) for path in stream or ()]
        self._applying: dict[tuple[Any, ...], list[Codec]] = {}

    def value(self, counter: Callable[[object], int] | None) -> dict[str, Any]:
        """The values of a frame.  counter(stream): the next counter of a stream."""
        self._values.recent.clear()
        value = _drawn(self._draws)
        if self._codecs:
            key = tuple([_at(value, path) for path in self._needs])
            applying = self._applying.get(key)
            if applying is None:
                applying = self._applying[key] = self._asked(value)
            if applying:
                value[self._payload] = payload(self._values, applying)
        if counter is not None and self._sequence is not None:
            stream = [_at(value, path) for path in self._stream]
            value[self._sequence.field] = counter(stream[0] if stream else None)
        return value

    def _asked(self, value: dict[str, Any]) -> list[Codec]:
        """The codecs that apply to a frame of these values, which they are asked of."""
        unit = self._stand_in(self._unit, value)
        applying = []
        for codec in self._codecs:
            try:
                if codec.when is None or codec.when(unit):
                    applying.append(codec)
            except WIRE_ERRORS:
                continue
        return applying

    def _stand_in(self, kind: Any, value: dict[str, Any]) -> Any:
        unit = kind.__new__(kind)
        writing = writing_of(kind)
        for put in writing.puts if writing is not None else ():
            held: Any = value.get(put.id)
            if isinstance(put.wire, PutObject):
                held = self._stand_in(put.wire.target, held)
            elif put.enum is not None:
                held = put.enum._value2member_map_.get(held, held)
            setattr(unit, put.name, held)
        return unit


def quick(format: Format, writing: ClassWriting, values: Values, counting: bool) -> Quick | None:
    """What chooses values of a format at once; None where that does not do.  counting: counters are not chosen."""
    envelope = format.envelope
    if envelope is None or not envelope.decode.builds or envelope.root is not None:
        return None
    decode = envelope.decode
    sequence = decode.sequence
    if sequence is not None and (sequence.counts is not None or len(sequence.needs or ()) > 1 or not sequence.needs):
        return None
    if decode.time is not None or any(codec.field != decode.payload or codec.needs is None for codec in decode.codecs):
        return None
    computed = {checksum.field for checksum in envelope.search.checksums}
    if counting and sequence is not None:
        computed.add(sequence.field)
    draws = _draws(writing, values, computed, decode.payload or "")
    return Quick(format, values, draws) if draws is not None else None


def _draws(writing: ClassWriting, values: Values, computed: set[str], payload: str) -> dict[str, Any] | None:
    """By field, what draws it; None where a field is not of the usual kinds."""
    draws: dict[str, Any] = {}
    sizes = {
        solution.name
        for put in writing.puts
        if isinstance(put.wire, PutBytes) and isinstance(put.wire.extent.size, Formula)
        for solution in put.wire.extent.size.solutions
    }
    for put in writing.puts:
        if put.condition is not None or put.repeat is not None or put.default is not None:
            return None
        wire = put.wire
        if put.id in computed or any(check.kind == "equal" for check in put.checks):
            continue
        if put.name in sizes:
            if put.checks:
                return None
            continue
        if isinstance(wire, PutNumber | PutBits):
            draw = _number(writing, put, wire, values)
            if draw is None:
                return None
            draws[put.id] = draw
        elif isinstance(wire, PutObject) and wire.extent is None and not wire.arguments and not put.checks:
            inner = writing_of(wire.target)
            inside = _draws(inner, values, set(), "") if inner is not None else None
            if inside is None:
                return None
            draws[put.id] = list(inside.items())
        elif isinstance(wire, PutBytes) and put.id == payload and not put.checks:
            size = wire.extent.size
            if not isinstance(size, Formula) or not size.solutions:
                return None
            draws[put.id] = _payload(writing, put, size, values)
        else:
            return None
    return draws


def _number(writing: ClassWriting, put: Put, wire: PutNumber | PutBits, values: Values) -> Draw | None:
    """What draws a number whose checks are ranges of constants."""
    if isinstance(wire, PutNumber) and wire.kind == "f":
        return None
    low, high = bounds(wire)
    for check in put.checks:
        if check.kind not in ("least", "most") or check.wanted is None:
            return None
        wanted = constant(Formula(check.wanted))
        if wanted is None:
            return None
        low, high = (max(low, wanted), high) if check.kind == "least" else (low, min(high, wanted))
    key = writing.id, put.id, "number"
    goals, chance, pools = values.goals, values.chance, values.pools
    waiting = goals.waiting(key, values.boundaries(writing, put, wire))
    small = high - low <= 255

    def draw() -> Any:
        if not waiting:
            pool = pools.get(put.id)
            if pool and chance.integer(0, 7):
                return chance.choice(pool)
            if small and pool is None:
                return chance.integer(low, high)
        return values.number(writing, put, wire, None, None, put.id)

    return draw


def _payload(writing: ClassWriting, put: Put, size: Formula, values: Values) -> Draw:
    """What draws a payload of any size that its length can say."""
    key = writing.id, put.id, "size"
    names = {solution.name for solution in size.solutions}
    lengths = [other for other in writing.puts if other.name in names and isinstance(other.wire, PutNumber | PutBits)]
    largest = max((_largest(writing, other, size) for other in lengths), default=0)
    most = min(values.free, largest)
    lowest = next((n for n in range(9) if _possible(size, n)), 0)
    waiting: list[Any] = []

    def draw() -> bytes:
        if not waiting:
            waiting.append(values.goals.waiting(key, (0, 1, 2, most)))
        goal = values.goals.take(key, waiting[0], values.chance) if waiting[0] else None
        return values.chance.data(goal if goal is not None else max(values.size(most), lowest))

    return draw


def _largest(writing: ClassWriting, put: Put, size: Formula) -> int:
    """The size that the largest length says."""
    kind: Any = writing.target
    unit, wire = kind.__new__(kind), put.wire
    assert isinstance(wire, PutNumber | PutBits)  # it is a length
    setattr(unit, put.name, bounds(wire)[1])
    try:
        return int(size.value(unit, None, None))
    except WIRE_ERRORS:
        return 0


def _possible(size: Formula, wanted: int) -> bool:
    """Whether a length can say a size."""
    for solution in size.solutions:
        try:
            value = solution.value(None, None, None, wanted)
        except (*WIRE_ERRORS, AttributeError):
            continue
        if isinstance(value, int) and value >= 0:
            return True
    return False


def _drawn(draws: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: draw() if draw.__class__ is not list else _drawn(draw) for name, draw in draws}


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        value = value[part]
    return value
