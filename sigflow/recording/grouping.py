"""What many frames of one format are told apart by: their kinds, their streams, and their times.

Where a kind or a stream hangs on fields at fixed places, it is asked for once per distinct combination of these, and a
time of such fields is computed for all frames at once; otherwise each frame is parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sigflow.errors import UsageError
from sigflow.events import Record
from sigflow.recording.fixed_numbers import FixedNumber, fixed_number
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.stream.format import epoch_of

if TYPE_CHECKING:
    import numpy

    from sigflow.columns.frames import FrameBatch
    from sigflow.columns.gather import Scalar, Stretches
    from sigflow.columns.moments import Times
    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]

#: The distinct keys of some frames, and for each frame which it has.
Keys = tuple[list[Any], "Array"]


def records_of(format: Format, frames: FrameBatch) -> Iterator[Record]:
    """The records of frames of one format, each made when it is asked for."""
    view = frames.data.data
    columns = (frames.starts, frames.stops, frames.offsets, frames.indexes)
    carried = frames.carried
    places = zip(*(column.tolist() for column in columns), strict=True)
    for row, (start, stop, offset, index) in enumerate(places):
        record = Record(format, offset, view[start:stop].tobytes(), index)
        if carried is not None:
            record.carried = carried[row]
        yield record


class Records:
    """Frames of one format, and their records, which are made when they are first asked for."""

    def __init__(self, format: Format, frames: FrameBatch, rows: Stretches | None = None) -> None:
        """rows: the same as stretches of bytes, where these are at hand."""
        self.frames = frames
        self._rows = rows
        self._format = format
        self._made: list[Record] = []

    def __iter__(self) -> Iterator[Record]:
        if not self._made:
            self._made = list(records_of(self._format, self.frames))
        return iter(self._made)

    @property
    def rows(self) -> Stretches:
        """The same as stretches of bytes."""
        from sigflow.columns.gather import Stretches

        return Stretches.of(self._format, self.frames) if self._rows is None else self._rows


class Grouping:
    """Tells of the frames of one format.  has_kinds, has_streams, has_times: what the format tells apart."""

    def __init__(self, format: Format) -> None:
        envelope = format.envelope
        self.format = format
        self._kind = envelope.decode.kind if envelope is not None else None
        self._kind_needs = envelope.decode.kind_needs if envelope is not None else None
        self._sequence = envelope.decode.sequence if envelope is not None else None
        self.has_kinds = self._kind is not None
        self.has_streams = self._sequence is not None
        #: Whether frames name the stream that they are of; else there is one.
        self.has_ids = self._sequence is not None and self._sequence.stream is not None
        self.has_times = envelope is not None and envelope.decode.time is not None
        self._scalars = _scalars(format)
        field = self._sequence.field if self._sequence is not None else ""
        counter = next((scalar for scalar in self._scalars.values() if scalar.path == field), None)
        # (A counter may not count in every frame: then each is asked.)
        self._counter = counter if self._sequence is not None and self._sequence.counts is None else None

    def kinds(self, records: Records) -> Keys:
        """The kinds of these frames."""
        return self._keys(records, self.kind_of, self._kind, self._kind_needs)

    def streams(self, records: Records) -> Keys:
        """Their streams; None stands for the only one."""
        sequence = self._sequence
        of_unit, needs = (sequence.stream, sequence.needs) if sequence is not None else (None, None)
        return self._keys(records, self.format.stream_of, of_unit, needs)

    def kind_of(self, record: Record) -> object:
        """The kind of a frame; raises one of `WIRE_ERRORS` where it does not say it."""
        return None if self._kind is None else self._kind(record.value)

    @cached_property
    def kind_number(self) -> FixedNumber | None:
        """The number on which alone the kind of a frame hangs; None where there is no such one."""
        needs = self._kind_needs
        return fixed_number(self._scalars.get(needs[0]), self.format) if needs and len(needs) == 1 else None

    def kind_of_number(self, number: int) -> object:
        """The kind of frames with this `kind_number`; None where it does not say it."""
        from sigflow.columns.conditions import unit_of, value_of

        assert self._kind is not None and self._kind_needs is not None
        kind = self._scalars[self._kind_needs[0]].kind
        return key_of(self._kind, unit_of(self._kind_needs, (value_of(kind, number),)))

    @cached_property
    def time_number(self) -> FixedNumber | None:
        """The number that the time of a frame is, but for its unit and epoch; None where there is no such one."""
        from sigflow.columns.moments import plain_time

        return fixed_number(plain_time(self.format, self._scalars), self.format)

    @cached_property
    def clock(self) -> tuple[int, int]:
        """The unit of `time_number` in nanoseconds, and from when it counts."""
        envelope = self.format.envelope
        time = envelope.decode.time if envelope is not None else None
        return (1, 0) if time is None else (time.nanoseconds, epoch_of(time))

    @cached_property
    def counter_number(self) -> FixedNumber | None:
        """The sequence counter; None where it is no such number, or does not count in every frame."""
        return fixed_number(self._counter, self.format)

    @property
    def time_path(self) -> str:
        """The path of the field that `time_number` is; "" where there is none."""
        envelope = self.format.envelope
        time = envelope.decode.time if envelope is not None and self.time_number is not None else None
        return self._scalars[time.needs[0]].path if time is not None and time.needs else ""

    @property
    def counter_path(self) -> str:
        """The path of the field that `counter_number` is, where that is never negative; "" where there is none."""
        number = self.counter_number
        return self._counter.path if self._counter is not None and number is not None and not number.signed else ""

    def quick_time(self, raw: bytes) -> int | None:
        """The time of a frame, whose value need not be made where it is such a number."""
        number = self.time_number
        if number is None or len(raw) < number.needed:
            return Record(self.format, 0, raw, 0).time
        unit, epoch = self.clock
        return number.of(raw) * unit + epoch

    def quick_counter(self, raw: bytes) -> int | None:
        """Likewise its sequence counter."""
        number = self.counter_number
        if number is None or len(raw) < number.needed:
            return self.format.sequence_of(Record(self.format, 0, raw, 0))
        return number.of(raw)

    def times(self, records: Records) -> Times:
        """Their times."""
        from sigflow.columns.moments import Times, times_of

        times = times_of(self.format, self._scalars, records.rows)
        return Times.of([record.time for record in records]) if times is None else times

    @property
    def modulus(self) -> int:
        """How many values the sequence counter has; 0 where there is none."""
        return self._sequence.modulus if self._sequence is not None else 0

    def counters(self, records: Records) -> tuple[Array, Array]:
        """Their sequence counters, as integers of 64 bits, and of which frames they are known."""
        import numpy

        sequence = self._sequence
        scalar = self._counter
        if sequence is not None and scalar is not None:
            return scalar.numbers(records.rows), numpy.ones(len(records.frames), bool)
        counters = [self._counter_of(record) for record in records]
        known = numpy.array([counter is not None for counter in counters], bool)
        plain = [counter if counter is not None and 0 <= counter < 1 << 64 else 0 for counter in counters]
        return numpy.array(plain, numpy.uint64), known

    def _counter_of(self, record: Record) -> int | None:
        counts = self._sequence.counts if self._sequence is not None else None
        if counts is not None and not key_of(counts, record.value):
            return None
        return self.format.sequence_of(record)

    def _keys(
        self,
        records: Records,
        of_record: Callable[[Record], object],
        of_unit: Callable[[Any], object] | None,
        needs: tuple[str, ...] | None,
    ) -> Keys:
        import numpy

        from sigflow.columns.conditions import combinations

        if of_unit is None:
            return [None], numpy.zeros(len(records.frames), numpy.int64)
        if needs is not None and all(path in self._scalars for path in needs):
            units, places = combinations(needs, self._scalars, records.rows)
            return [key_of(of_unit, unit) for unit in units], places
        numbers: dict[Any, int] = {}
        by_record = [numbers.setdefault(key_of(of_record, record), len(numbers)) for record in records]
        return list(numbers), numpy.array(by_record, numpy.int64)


def _scalars(format: Format) -> dict[str, Scalar]:
    """The numbers at fixed places of a format's frames."""
    from sigflow.columns.frame import FrameType

    try:
        return FrameType(format).scalars
    except UsageError:
        return {}  # its module does not describe its fields


def key_of(ask: Callable[[Any], object], of: Any) -> Any:
    """What a kind or a stream is known by; None where the frame does not say it."""
    try:
        key = ask(of)
        hash(key)
    except WIRE_ERRORS:
        return None
    return key
