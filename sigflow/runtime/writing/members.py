"""The members of an object that is written as it is: whether they are there, lists, and values that are no objects."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from sigflow.runtime.stream import EMPTY
from sigflow.runtime.writing.description import Put, PutBits, PutBytes, PutCase, PutNumber, PutObject, PutText, Wire
from sigflow.runtime.writing.node import MISSING
from sigflow.runtime.writing.numbers import bounds, packed
from sigflow.runtime.writing.ranges import ByteRanges
from sigflow.runtime.writing.refusals import refused_by
from sigflow.runtime.writing.stream import WriteStream
from sigflow.runtime.writing.trees import fits, held


class Members(ByteRanges):
    """Checks and writes members."""

    def inner(self, unit: Any, put: Put, wire: PutObject, value: Any, stream: WriteStream | None, i: Any) -> None:
        """An object in the stream at hand, or in one of its own."""
        raise NotImplementedError

    def holds(self, unit: Any, put: Put, name: str) -> bool:
        """Whether a member is there, by its `if`."""
        if put.condition is None:
            return True
        holds = self.evaluate(put.condition, unit, put)
        return unit.__dict__.get(name) is not None if holds is MISSING else bool(holds)

    def member(self, unit: Any, put: Put, stream: WriteStream | None) -> None:
        """A field, or an instance as a field of the name under which its value is kept."""
        value = held(unit, put.name)
        self.path.append(put.id)
        if put.repeat is not None:
            self.listed(unit, put, value, stream)
        else:
            self.value(unit, put, put.wire, value, stream, None)
        self.path.pop()

    # ---------------------------------------------------------------- lists

    def listed(self, unit: Any, put: Put, value: Any, stream: WriteStream | None) -> None:
        """A list, which must be as long as its kind of repetition says."""
        repeat = put.repeat
        assert repeat is not None
        if not isinstance(value, list | tuple):
            raise self.refused(put, "a list", self.unset(put) if value is None else value)
        count: Any = MISSING
        if repeat.kind == "expr" and repeat.code is not None:
            count = self.evaluate(repeat.code, unit, put)
            if not isinstance(put.wire, PutCase) and count is not MISSING and len(value) != max(count, 0):
                raise self.refused(put, count, len(value))
        if repeat.kind == "until" and not value:
            raise self.refused(put, "at least one element", 0)
        shown_so_far: list[Any] = []
        unit.__dict__[put.name] = shown_so_far  # expressions see what has been read by then
        try:
            self.elements(unit, put, value, stream, count, shown_so_far)
        finally:
            unit.__dict__[put.name] = value

    def elements(
        self, unit: Any, put: Put, value: Any, stream: WriteStream | None, count: Any, listed: list[Any]
    ) -> None:
        """The elements of a list.  count: how many there are to be, if that is said; listed: gets them, one by one."""
        repeat = put.repeat
        assert repeat is not None
        i = 0
        for number, element in enumerate(value):
            if repeat.kind == "eos" and stream is not None and stream.fixed and stream.is_eof():
                raise self.refused(put, number, len(value))
            self.path.append(i)
            i = self.skipped(unit, put, element, i, count)
            self.value(unit, put, put.wire, element, stream, i)
            listed.append(element)
            if repeat.kind == "until" and repeat.code is not None:
                ends = self.evaluate(repeat.code, unit, put, i, element)
                if ends is not MISSING and bool(ends) != (number == len(value) - 1):
                    raise self.refused(put, number == len(value) - 1, bool(ends))
            self.path.pop()
            i += 1
        if repeat.kind == "eos" and stream is not None and stream.fixed and not stream.is_eof():
            raise self.refused(put, 0, stream.size() - stream.pos())
        if count is not MISSING and isinstance(put.wire, PutCase):
            i = self.skipped(unit, put, MISSING, i, count)
            if i != max(count, 0):
                raise self.refused(put, count, len(value))

    def skipped(self, unit: Any, put: Put, element: Any, i: int, count: Any) -> int:
        """The index of the next element: where no case of a switch applies, a list has none."""
        if count is MISSING or not isinstance(put.wire, PutCase):
            return i
        first = i
        while i < min(count, first + EMPTY) and self.case(unit, put, put.wire, element, i) is None:
            i += 1
        return i

    # ---------------------------------------------------------------- values

    def value(self, unit: Any, put: Put, wire: Wire, value: Any, stream: WriteStream | None, i: Any) -> None:
        """One value, and what the spec asks of it."""
        if isinstance(wire, PutCase):
            chosen = self.case(unit, put, wire, value, i)
            if chosen is not None:
                self.value(unit, put, chosen, value, stream, i)
            return
        if value is None:
            raise self.refused(put, "a value", self.unset(put))
        if isinstance(wire, PutObject):
            self.inner(unit, put, wire, value, stream, i)
        else:
            _VALUES[type(wire)](self, unit, put, wire, value, stream, i)
        error = refused_by(put, unit, i, value, stream)
        if error is not None:
            raise self.placed(error)

    def case(self, unit: Any, put: Put, wire: Wire, value: Any, i: Any) -> Wire | None:
        """The wire of a value; None where no case of its switch applies."""
        if not isinstance(wire, PutCase):
            return wire
        on = self.evaluate(wire.on, unit, put, i)
        otherwise = None
        for tag, inner in wire.cases:
            if tag is None:
                otherwise = inner
            elif on is MISSING:
                if fits(inner, value):
                    return inner
            elif self.evaluate(tag, unit, put, i) == on:
                return inner
        return otherwise if otherwise is None else self.case(unit, put, otherwise, value, i)

    def number(self, unit: Any, put: Put, wire: PutNumber, value: Any, stream: WriteStream | None, i: Any) -> None:
        """A number, which must fit."""
        if wire.kind == "f":
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self.refused(put, "a number", value)
            try:
                raw = packed(wire, value, unit)
            except OverflowError:
                raise self.refused(put, f"a number of {wire.size} bytes", value) from None
        else:
            raw = packed(wire, self.integer(put, value, *bounds(wire)), unit)
        if stream is not None:
            stream.write(raw)

    def bits(self, _unit: Any, put: Put, wire: PutBits, value: Any, stream: WriteStream | None, i: Any) -> None:
        """A bit field."""
        number = self.integer(put, value, *bounds(wire))
        if stream is not None:
            stream.write_bits(number, wire.width, wire.order)

    def integer(self, put: Put, value: Any, low: int, high: int) -> int:
        """An integer, a boolean or an enum's member as the number that it is."""
        number = value.value if isinstance(value, Enum) else value
        if not isinstance(number, int):
            raise self.refused(put, "an integer", value)
        if not low <= number <= high:
            raise self.refused(put, f"{low} to {high}", number)
        return int(number)

    def bytes(self, unit: Any, put: Put, wire: PutBytes, value: Any, stream: WriteStream | None, i: Any) -> None:
        """Bytes."""
        if not isinstance(value, bytes | bytearray | memoryview):
            raise self.refused(put, "bytes", value)
        self.content(unit, put, wire.extent, bytes(value), stream, i)

    def text(self, unit: Any, put: Put, wire: PutText, value: Any, stream: WriteStream | None, i: Any) -> None:
        """A text; what its encoding lacks is Python's own error."""
        if not isinstance(value, str):
            raise self.refused(put, "a text", value)
        try:
            raw = value.encode(wire.encoding)
        except UnicodeError as error:
            raise self.placed(error) from None
        self.content(unit, put, wire.extent, raw, stream, i)


_VALUES: dict[type[Wire], Callable[..., None]] = {
    PutNumber: Members.number,
    PutBits: Members.bits,
    PutBytes: Members.bytes,
    PutText: Members.text,
}
