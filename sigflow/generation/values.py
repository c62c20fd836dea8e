"""Values of fields that are no objects: numbers, bytes and texts, chosen so that their checks let them pass.

A value comes from the goals, from the constants of the spec, from the bounds, or from anywhere.  Checks that a range, a
list or an enum says are chosen within; of others so many values are tried.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

from sigflow.generation.chance import Chance
from sigflow.generation.goals import Goals
from sigflow.generation.hints import Hints, solutions_for, tokens
from sigflow.runtime.writing import ClassWriting, Put, PutBytes, PutNumber, PutText
from sigflow.runtime.writing.derive import FAILURES
from sigflow.runtime.writing.numbers import bounds

#: Values that are tried for a field before it is given up.
VALUES = 60
#: Frames that fail in a row before their numbers are chosen near each other.
FEW = 4
#: Sizes and counts that are no goal are below this, mostly.
USUAL = 24
#: Characters of a path in a message.
LONGEST = 80
#: Characters that texts are made of, as far as their encoding has them.
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_OTHERS = "äßéñøΩжשع€漢字あ한😀"
_FLOATS = (0.0, 1.0, -1.0, -0.0, 0.1, 1e10, 3.4028234663852886e38, 1.401298464324817e-45, float("inf"), float("-inf"))
_DOUBLES = (1.7976931348623157e308, 5e-324)


class NoValue(Exception):
    """No value of a field was found.  path: of the field; reason: why."""

    def __init__(self, path: str, reason: str) -> None:
        short = path if len(path) <= LONGEST else f"{path[: LONGEST // 2]}…{path[-LONGEST // 2 :]}"
        super().__init__(f"{short}: {reason}" if path else reason)
        self.path = path
        self.reason = reason


class Values:
    """State: the goals; which way of making bytes did last for a field; numbers that come again (`pools`)."""

    def __init__(self, chance: Chance, goals: Goals, hints: Hints, limit: int, free: int) -> None:
        """limit: the largest frame.  free: what is left of it for what has no size of its own."""
        self.chance = chance
        self.goals = goals
        self.hints = hints
        self.limit = limit
        self.free = free
        #: Elements that ended lists, by the place of the list in the spec.
        self.endings: dict[Any, list[Any]] = {}
        #: Elements of lists in frames that were built, by the same.
        self.elements: dict[Any, list[Any]] = {}
        #: Values that were chosen since a frame was built.
        self.work = 0
        #: Numbers of the frame that is being made.
        self.recent: list[int] = []
        #: Whether numbers are large: what a preamble says often is a limit.
        self.generous = False
        #: Whether they are for an object that is nested deep: then what asks for more objects is rarely chosen.
        self.deep = False
        #: By the id of a field whose numbers name streams: those that were chosen.
        self.pools: dict[str, list[int]] = {}
        self._last: dict[Any, int] = {}
        self._alphabets: dict[str, tuple[str, str]] = {}
        self._numbers: dict[str, tuple[Any, ...]] = {}

    @property
    def near(self) -> int:
        """How many of three numbers are chosen near others, where frames fail."""
        return 1 if self.goals.failures <= 4 * FEW else 2

    # ---------------------------------------------------------------- numbers

    def number(self, writing: ClassWriting, put: Put, wire: Any, unit: Any, i: int | None, path: str) -> Any:
        """A number of a field.  Raises `NoValue`."""
        if isinstance(wire, PutNumber) and wire.kind == "f":
            return self._floating(put, wire, unit, i, path)
        low, high = self._range(put, wire, unit, i)
        options = self._options(put, unit, i)
        key = writing.id, put.id, "number"
        waiting = self.goals.known(key)
        if waiting is None:
            waiting = self.goals.waiting(key, self.boundaries(writing, put, wire))
        chance, refused = self.chance, False
        pool = self.pools.get(put.id)
        for tries in range(VALUES):
            goal = self.goals.take(key, waiting, chance) if tries < 2 and waiting else None
            if goal is not None:
                value = goal
            elif options:
                value = chance.choice(options)
            elif pool and chance.integer(0, 7):
                value = chance.choice(pool)
            elif self.recent and self.goals.failures > FEW and chance.integer(0, 2) < self.near:
                # What fails again and again may ask for numbers that have to do with each other.
                value = chance.choice(self.recent[-4:]) + chance.integer(-4, 4)
            elif put.name in self.hints.sizes and tries < VALUES // 2:
                value = self._size_like(writing, put, unit, i)
                if not low <= value <= high:
                    value = low + value % min(high - low + 1, USUAL)
            else:
                value = self._any(put, low, high, tries)
            if not options and not low <= value <= high:
                continue
            passed = passes(put, unit, i, value)
            if passed is not False:
                if pool is not None and value not in pool and len(pool) < 8:
                    pool.append(value)
                self.recent.append(value)
                return value
            refused = True
        why = "its checks refuse all of" if refused else "its type and its checks have none of"
        raise NoValue(path, f"no value: {why} {VALUES} that were tried")

    def _any(self, put: Put, low: int, high: int, tries: int) -> int:
        """A number from anywhere in a range."""
        chance = self.chance
        if self.deep and chance.integer(0, 3):
            return min(max(low, 0), high)
        if self.generous and high - low > 255:
            return chance.integer(max(low, high >> 1), high)
        constants: tuple[int, ...] = self._integers(put)
        if constants and (chance.boundary() or (tries > 8 and tries % 2)):
            return chance.choice(constants)
        if chance.boundary():
            return chance.choice((low, high, min(max(0, low), high)))
        if high - low > 255 and not chance.integer(0, 1):
            return low + chance.integer(0, 255) if low >= 0 else chance.integer(max(low, -128), min(high, 127))
        return chance.integer(low, high)

    def _integers(self, put: Put) -> tuple[Any, ...]:
        held = self._numbers.get(put.id)
        if held is None:
            constants = self.hints.constants.get(put.id, ())
            held = self._numbers[put.id] = tuple(value for value in constants if isinstance(value, int))
        return held

    def _size_like(self, writing: ClassWriting, put: Put, unit: Any, i: int | None) -> int:
        """What a field must be for something to have a size that is small, mostly."""
        wanted = self.size()
        for solution in solutions_for(writing, put.name):
            try:
                value = solution.value(unit, i, None, wanted)
            except FAILURES:
                continue
            if isinstance(value, int):
                return int(value)
        return wanted

    def size(self, most: int | None = None) -> int:
        """A size or a count: small, mostly."""
        most = self.free if most is None else min(most, self.free)
        kind = self.chance.integer(0, 31) if not self.deep else 0
        return self.chance.integer(0, max(min(most, 12 * USUAL if kind == 31 else 0 if kind < 5 else USUAL), 0))

    def _range(self, put: Put, wire: Any, unit: Any, i: int | None) -> tuple[int, int]:
        """What a number's bits and the ranges of its checks allow."""
        low, high = bounds(wire)
        for check in put.checks:
            if check.kind in ("least", "most") and check.wanted is not None:
                try:
                    wanted = check.wanted(unit, i, None)
                except FAILURES:
                    continue
                wanted = getattr(wanted, "value", wanted)
                if check.kind == "least" and wanted > low:
                    low = int(wanted)
                elif check.kind == "most" and wanted < high:
                    high = int(wanted)
        return low, high

    def _options(self, put: Put, unit: Any, i: int | None) -> Sequence[Any]:
        """The values that the checks list."""
        for check in put.checks:
            if check.kind == "member" and put.enum is not None:
                return [member.value for member in put.enum]
            if check.kind in ("among", "equal") and check.wanted is not None:
                try:
                    wanted = check.wanted(unit, i, None)
                except FAILURES:
                    continue
                return [getattr(value, "value", value) for value in (wanted if check.kind == "among" else [wanted])]
        return ()

    def boundaries(self, writing: ClassWriting, put: Put, wire: Any) -> list[int]:
        """The numbers that have to come: members of the enum, constants, bounds."""
        low, high = self._range(put, wire, None, None)
        values: list[int] = [member.value for member in put.enum] if put.enum is not None else []
        values += [value for value in self._options(put, None, None) if isinstance(value, int)]
        if put.name in self.hints.sizes:
            values += self._size_boundaries(writing, put, low, high)
        else:
            values += [low, high]
            values += [0, 1, -1, high >> 1, (high >> 1) + 1]
        values += self._integers(put)
        return [value for value in dict.fromkeys(values) if low <= value <= high]

    def _size_boundaries(self, writing: ClassWriting, put: Put, low: int, high: int) -> Iterator[int]:
        for wanted in (0, 1, 2, self.free):
            for solution in solutions_for(writing, put.name):
                try:
                    value = solution.value(None, None, None, wanted)
                except FAILURES:
                    continue
                if isinstance(value, int):
                    yield value
        yield from (bound for bound in (low, high) if bound <= self.free)

    def _floating(self, put: Put, wire: PutNumber, unit: Any, i: int | None, path: str) -> float:
        goals = _FLOATS if wire.size == 4 else _FLOATS + _DOUBLES
        key = put.place, "float"
        waiting = self.goals.waiting(key, goals)
        letter = "<f" if wire.size == 4 else "<d"
        for tries in range(VALUES):
            value = self.goals.take(key, waiting, self.chance) if tries < 2 else None
            if value is None:
                options = self._options(put, unit, i)
                low, high = self._range(put, PutNumber("s", 8), unit, i)
                if options:
                    value = self.chance.choice(options)
                elif tries % 2 or self.chance.boundary():
                    value = float(self.chance.integer(max(low, -1000), min(high, 1000)))
                else:
                    value = struct.unpack(letter, self.chance.data(wire.size))[0]
            value = struct.unpack(letter, struct.pack(letter, value))[0]
            if value == value and passes(put, unit, i, value) is not False:  # (one that is no number equals nothing)
                return float(value)
        raise NoValue(path, f"no value: its checks refuse {VALUES} that were tried")

    # ---------------------------------------------------------------- bytes and texts

    def content(
        self,
        writing: ClassWriting,
        put: Put,
        wire: PutBytes | PutText,
        unit: Any,
        i: int | None,
        path: str,
        size: int | None,
        forbidden: Sequence[bytes],
        number: int | str | None = None,
    ) -> Any:
        """Bytes or a text.

        size: of its bytes, None where it is free.  forbidden: what must not stand in it.  number: a size that it shall
        say in digits, or a text that it shall be.
        """
        extent = wire.extent
        filled = extent.term is not None or extent.pad is not None
        text = isinstance(wire, PutText)
        encoding = wire.encoding if isinstance(wire, PutText) else "latin-1"
        key = writing.id, put.id, "content"
        options = [value for value in self._options(put, unit, i) if isinstance(value, str | bytes)]
        constants = [value for value in self.hints.constants.get(put.id, ()) if isinstance(value, str)]
        goals: list[Any] = [*options, *constants] if i in (None, 0) else []
        if (size is None or filled) and not options and not constants and i in (None, 0):
            goals += [0, 1, 2, *([size] if size else [])]
        waiting = self.goals.waiting(key, goals)
        last = self._last.get(key, 0)
        last_resort: list[Any] = []
        asked = size != 0 and asks_value(put)
        for tries in range(VALUES):
            goal = self.goals.take(key, waiting, self.chance) if tries < 2 else None
            way = last if tries < 3 else (last + tries) % _WAYS
            if number is not None and tries < VALUES // 2:
                value: Any = str(number)
                value = value.zfill(size) if size is not None and not filled and isinstance(number, int) else value
            elif isinstance(goal, str | bytes):
                value = goal
            elif options:
                value = self.chance.choice(options)
            elif constants and (not self.chance.integer(0, 2) or tries % 3 == 2):
                value = self.chance.choice(constants)
            else:
                length = goal if isinstance(goal, int) else size if size is not None else self.size()
                if size is not None and filled and not isinstance(goal, int):
                    length = self.chance.integer(0, size)
                value = self._characters(way, length, encoding) if text else self._bytes(way, length)
            try:
                raw = value.encode(encoding) if isinstance(value, str) else value
                value = raw if not text else value if isinstance(value, str) else raw.decode(encoding)
            except FAILURES:
                continue
            fits = self._fits(extent, raw, size, filled, forbidden)
            if fits and passes(put, unit, i, value) is not False:
                self._last[key] = way
                return value
            if fits:
                last_resort.append(value)
                if not asked:
                    break
        if last_resort and any(isinstance(member, Put) for member in writing.instances):
            return self.chance.choice(last_resort)  # (its check may see what instances read, when all is written)
        raise NoValue(path, f"no value of {'any size' if size is None else f'{size} bytes'} in {VALUES} tries")

    @staticmethod
    def _fits(extent: Any, raw: bytes, size: int | None, filled: bool, forbidden: Sequence[bytes]) -> bool:
        """Whether bytes can stand in their extent."""
        if size is not None and (len(raw) > size or (not filled and len(raw) < size)):
            return False
        if any(mark in raw for mark in forbidden):
            return False
        if extent.pad is not None and raw.endswith(bytes((extent.pad,))):
            return False
        return extent.term is None or extent.term not in raw or extent.ended is not None

    def _bytes(self, way: int, size: int) -> bytes:
        if way == 0:
            return self.chance.data(size)
        if way == 1:
            return bytes(size)
        if way == 2:
            return b"\xff" * size
        return self._characters(way, size, "ascii").encode()

    def _characters(self, way: int, size: int, encoding: str) -> str:
        """A text of so many bytes, or about as many."""
        if encoding not in self._alphabets:
            self._alphabets[encoding] = _alphabet(encoding)
        narrow, wide = self._alphabets[encoding]
        unit = len(narrow[:1].encode(encoding)) or 1
        if way == 0 and wide != narrow and size > 1 and self.goals.failures <= FEW and not self.chance.integer(0, 3):
            text, left = "", size
            for _ in range(min(size, 3)):
                character = self.chance.choice(wide)
                length = len(character.encode(encoding))
                if length <= left:
                    text, left = text + character, left - length
            return text + self._run(narrow, left // unit)
        alphabet = narrow if way in (0, 3) else "0123456789" if way in (1, 4) else _PRINTABLE[33:59]
        return self._run(alphabet, size // unit)

    def _run(self, alphabet: str, size: int) -> str:
        if size > 64:  # (a long text is not chosen character by character)
            return self._run(alphabet, 61) * (size // 61) + self._run(alphabet, size % 61)
        count = len(alphabet)
        return "".join([alphabet[byte % count] for byte in self.chance.data(size)])


#: Ways in which bytes are made: any, zeros, ones, printable, digits, letters.
_WAYS = 6


def _alphabet(encoding: str) -> tuple[str, str]:
    """The characters of an encoding that take as few bytes as any, and more of them."""

    def kept(characters: str) -> str:
        listed = []
        for character in characters:
            try:
                if character.encode(encoding).decode(encoding) == character:
                    listed.append(character)
            except FAILURES:
                continue
        return "".join(listed)

    narrow = kept(_PRINTABLE)
    return narrow or kept("0123456789") or " ", narrow + kept(_OTHERS)


def passes(put: Put, unit: Any, i: int | None, value: Any) -> bool | None:
    """Whether the checks of a field let a value pass; None where that cannot be told yet."""
    if put.enum is not None:
        value = put.enum._value2member_map_.get(value, value)
    told: bool | None = True
    for check in put.checks:
        try:
            if check.refuses(unit, i, value):
                return False
        except FAILURES:
            told = None
    return told


def asks_value(put: Put) -> bool:
    """Whether the checks of a field ask for its value, and not only for others."""
    return not put.checks or any(
        check.kind != "true" or {"_", put.id}.intersection(tokens(check.text)[0]) for check in put.checks
    )
