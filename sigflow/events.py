"""Events: what a decoder says about a stream.  Records, and between them gaps and what is idle; losses and notes beside
them.

Rules.  Every byte of the stream is in exactly one record, gap or stretch of idle bytes.  Events are plain classes with
slots, since one is made per frame; a record is made with its bytes and its place, and works out the rest (value,
payload, diagnostics, ...) when it is first asked for.  Equality is that of content; stamps do not count, for they
depend on how the chunks fell.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from sigflow.diagnostics import Severity

if TYPE_CHECKING:
    import numpy  # type: ignore[import-not-found, unused-ignore]

    from sigflow.diagnostics import Finding


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from offset `start` up to, not including, `stop`."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __contains__(self, offset: object) -> bool:
        return isinstance(offset, int) and self.start <= offset < self.stop

    def __str__(self) -> str:
        return f"[{self.start}, {self.stop})"


class Stamp(NamedTuple):
    """When and by which way a chunk came in; the caller of `feed` reads the clocks.

    boot: which boot of the machine the monotonic clock counts from.  number: of the chunk, counted from 0 by its
    transport.
    """

    wall_ns: int
    monotonic_ns: int
    transport: str = ""
    boot: str = ""
    number: int = 0


class Reading(NamedTuple):
    """What reading a record found beside its value.

    codec: which of the format's codecs gave the payload, counted from 0; None where it is as it was sent.
    """

    payload: Any
    metadata: Mapping[str, str]
    diagnostics: tuple[Finding, ...]
    codec: int | None = None


class Reader(Protocol):
    """What a record needs of its format."""

    @property
    def name(self) -> str:
        """The format's name."""

    @property
    def late(self) -> Callable[[bytes, tuple[Any, ...] | None], Any] | None:
        """Makes the value of a frame from its bytes, and its header if that is known, where that cannot fail."""

    def unit_of(self, raw: bytes) -> bytes:
        """The unit in the bytes of a frame."""

    def value_of(self, record: Record) -> Any:
        """The record's value, or what could be parsed of it."""

    def read(self, record: Record) -> Reading:
        """Payload, metadata and diagnostics of the record."""

    def replaced(self, record: Record, values: Mapping[str, Any], keep: str | Iterable[str]) -> bytes:
        """The bytes of the record with other values in the fields at these paths."""

    def patched(
        self, record: Record, values: Mapping[str, Any], keep: str | Iterable[str]
    ) -> list[tuple[int, bytes, bytes]]:
        """What that changes in the stream."""

    def rules_of(self, record: Record) -> tuple[int, ...]:
        """The rules of sigflow.yaml that apply to the record, by their numbers."""

    def physical_of(self, record: Record) -> dict[str, Any]:
        """What rules of sigflow.yaml make of the record."""

    def sequence_of(self, record: Record) -> int | None:
        """The wire's counter."""

    def time_of(self, record: Record) -> int | None:
        """The wire's time in nanoseconds."""

    def byte_order_of(self, record: Record) -> str | None:
        """`big` or `little`, where the format declares one."""


_UNREAD: Any = object()
#: Bytes of a frame that its `repr` shows.
_SHOWN = 12
_NO_STAMPS: tuple[Stamp | None, Stamp | None] = (None, None)
#: Bytes that records may share, where a frame has not more, and how many may: who keeps one record keeps so much.
SHARED = 8192
SHARING = 128


class Stamped(Protocol):
    """Knows which chunks came in when."""

    def of(self, start: int, stop: int) -> tuple[Stamp | None, Stamp | None]:
        """The stamps of the chunks with the bytes at `start` and at `stop` - 1."""


class FrameRun:
    """Frames that follow each other without a byte between them, and what their records share.

    readers: the formats, of each frame, or as many at least, where all are the same.  raw: their bytes.  bounds: where
    each begins, and the last one ends, counted from any place; shift: the offset of that place in the stream.  first:
    the index of the first.  heads: of each, see `Record`.  Iterating makes the records, each when it is taken: who
    takes them one by one has few alive, and the garbage collector little to do.
    """

    __slots__ = ("bounds", "carried", "faults", "first", "heads", "late", "raw", "readers", "shift", "stamps")

    def __init__(
        self,
        readers: Sequence[Reader],
        raw: bytes,
        bounds: tuple[int, ...],
        shift: int,
        first: int,
        heads: Sequence[tuple[Any, ...] | None] | None = None,
        late: Callable[[bytes, tuple[Any, ...] | None], Any] | None = None,
    ) -> None:
        """late: that of the formats, where all have the same; else it is asked of each."""
        self.late = late
        self.readers = readers
        #: What few records have, so that the others need no room for it: by their rows.  (Stamps also by offsets.)
        self.faults: dict[int, BaseException] | None = None
        self.carried: dict[int, tuple[Any, ...]] | None = None
        self.stamps: list[tuple[Stamp | None, Stamp | None]] | Stamped | None = None
        self.raw = raw
        self.bounds = bounds
        self.shift = shift
        self.first = first
        self.heads = heads

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __iter__(self) -> Iterator[Record]:
        new, kind, unread = object.__new__, Record, _UNREAD
        for row in range(len(self.bounds) - 1):
            record = new(kind)
            record._of = self
            record._row = row
            record._value = unread
            yield record


def frame_runs(
    readers: Sequence[Reader],
    data: memoryview | bytes,
    bounds: tuple[int, ...],
    shift: int,
    first: int,
    heads: Sequence[tuple[Any, ...] | None] | None = None,
    *,
    origin: int = 0,
    same: bool = False,
) -> Iterator[FrameRun]:
    """Frames that follow each other, in runs whose records may share their bytes.

    data: where `bounds` are places of; its first byte is at `origin`.  same: whether all `readers` are, of which there
    are at least `SHARING`.  The rest is as of `FrameRun`.
    """
    row, count = 0, len(bounds) - 1
    late = readers[0].late if same else None
    while row < count:
        start = bounds[row]
        last = row + SHARING
        last = min(last, count)
        if bounds[last] - start > SHARED:
            last = max(bisect_right(bounds, start + SHARED, row, last) - 1, row + 1)
        yield FrameRun(
            readers if same else readers[row:last],
            bytes(data[start - origin : bounds[last] - origin]),
            bounds[row : last + 1],
            shift,
            first + row,
            heads[row:last] if heads is not None else None,
            late,
        )
        row = last


class Record:
    """One frame: its bytes, where they stood, and what they say.

    start: the absolute offset.  raw: the frame's bytes.  index: its number in the stream, from 0, over all formats.
    head: the header fields that finding the frame gave by the way, or None.
    """

    # One of these is made per frame: what is not set when it is made is found missing, and made, when it is asked for.
    __slots__ = ("_of", "_reading", "_row", "_rules", "_value")
    __match_args__ = ("value", "format", "span")
    _of: FrameRun
    _row: int
    _reading: Reading
    _rules: tuple[int, ...]
    _value: Any

    def __init__(self, reader: Reader, start: int, raw: bytes, index: int, head: tuple[Any, ...] | None = None) -> None:
        self._of = FrameRun((reader,), raw, (0, len(raw)), start, index, (head,) if head is not None else None)
        self._row = 0
        self._value = _UNREAD

    @property
    def _reader(self) -> Reader:
        return self._of.readers[self._row]

    @property
    def index(self) -> int:
        """Its number in the stream, from 0, over all formats."""
        return self._of.first + self._row

    @property
    def start(self) -> int:
        """The absolute offset of the first byte."""
        of = self._of
        return of.shift + of.bounds[self._row]

    @property
    def stop(self) -> int:
        """The absolute offset behind the last byte."""
        of = self._of
        return of.shift + of.bounds[self._row + 1]

    @property
    def raw(self) -> bytes:
        """The frame's bytes."""
        of, row = self._of, self._row
        bounds = of.bounds
        origin = bounds[0]
        return of.raw[bounds[row] - origin : bounds[row + 1] - origin]

    @property
    def head(self) -> tuple[Any, ...] | None:
        """The header fields that finding the frame gave by the way, or None."""
        heads = self._of.heads
        return heads[self._row] if heads is not None else None

    def moved(self, by: int = 0, index: int | None = None) -> Record:
        """The same frame at another place of a stream: so many bytes farther, and with another number."""
        return Record(self._reader, self.start + by, self.raw, self.index if index is None else index, self.head)

    def number(self, index: int) -> None:
        """Let this be its number in the stream; what it shares its bytes with is numbered before and behind it."""
        self._of.first = index - self._row

    @property
    def value(self) -> Any:
        """The generated object; where parsing failed, what could be parsed (None if nothing), see `diagnostics`."""
        value = self._value
        if value is _UNREAD:
            of, row = self._of, self._row
            late = of.late or of.readers[row].late
            if late is None:
                value = self._value = of.readers[row].value_of(self)
            else:
                bounds, heads = of.bounds, of.heads
                origin = bounds[0]
                raw = of.raw[bounds[row] - origin : bounds[row + 1] - origin]
                value = self._value = late(raw, heads[row] if heads is not None else None)
        return value

    @property
    def unit(self) -> bytes:
        """The bytes that the spec describes: the frame's, without what frames it and unstuffed; `raw` where it is
        not framed.
        """
        return self._reader.unit_of(self.raw)

    @property
    def fault(self) -> BaseException | None:
        """What kept the value from being parsed whole, once it was asked for."""
        faults = self._of.faults
        return faults.get(self._row) if faults is not None else None

    @fault.setter
    def fault(self, fault: BaseException) -> None:
        faults = self._of.faults
        if faults is None:
            faults = self._of.faults = {}
        faults[self._row] = fault

    @property
    def damaged(self) -> Finding | None:
        """The check that it fails, where it was read leniently (`DamagedRecord`); None of every other frame."""
        return None

    @property
    def format(self) -> str:
        """The name of the format."""
        return self._reader.name

    @property
    def span(self) -> Span:
        """The bytes of the stream that the frame takes."""
        return Span(self.start, self.stop)

    @property
    def stamps(self) -> tuple[Stamp | None, Stamp | None]:
        """The stamps of the chunk with the frame's first byte, and of the one with its last."""
        stamps = self._of.stamps
        if stamps is None:
            return _NO_STAMPS
        return stamps[self._row] if isinstance(stamps, list) else stamps.of(self.start, self.stop)

    @stamps.setter
    def stamps(self, stamps: tuple[Stamp | None, Stamp | None]) -> None:
        of = self._of
        listed = of.stamps if isinstance(of.stamps, list) else [record.stamps for record in of]
        listed[self._row] = stamps
        of.stamps = listed

    @property
    def rules(self) -> tuple[int, ...]:
        """The rules under `metadata` in sigflow.yaml that apply to it, by their numbers in the file, from 0."""
        try:
            return self._rules
        except AttributeError:  # (as of the reading)
            rules = self._rules = self._reader.rules_of(self)
            return rules

    @property
    def carried(self) -> tuple[Any, ...] | None:
        """The last values of frames before it that computed quantities ask for; None where it was not told any."""
        carried = self._of.carried
        return carried.get(self._row) if carried is not None else None

    @carried.setter
    def carried(self, carried: tuple[Any, ...] | None) -> None:
        if self._of.carried is None:
            self._of.carried = {}
        if carried is not None:
            self._of.carried[self._row] = carried

    @property
    def physical(self) -> dict[str, Any]:
        """The physical values of fields that rules of sigflow.yaml calibrate, by their paths, and the computed
        quantities, by their names; None where there is no value.  Empty without such rules.
        """
        return self._reader.physical_of(self)

    @property
    def sequence(self) -> int | None:
        """The wire's counter; None where the format has none."""
        return self._reader.sequence_of(self)

    @property
    def time(self) -> int | None:
        """Nanoseconds since 1970, or since the format's own start where it has no epoch; else of ingestion, or None."""
        time = self._reader.time_of(self)
        if time is None and self.stamps[0] is not None:
            return self.stamps[0].wall_ns
        return time

    def _read(self) -> Reading:
        try:
            return self._reading
        except AttributeError:  # the slot is set at the first look
            reading = self._reading = self._reader.read(self)
            return reading

    @property
    def payload(self) -> Any:
        """A read-only memoryview of the payload, or what its codecs made of it; None where the format names none."""
        return self._read().payload

    @property
    def metadata(self) -> Mapping[str, str]:
        """Keys and texts of the header, in order, and what rules of sigflow.yaml set; empty where there are none."""
        return self._read().metadata

    @property
    def diagnostics(self) -> tuple[Finding, ...]:
        """What is wrong with or remarkable about the frame."""
        return self._read().diagnostics

    def replace(self, values: Mapping[str, Any], *, keep: str | Iterable[str] = ()) -> bytes:
        """Returns the bytes of this frame with other values in the fields at these paths (`flags.encoding`,
        `lines[2].text`); what follows from them is computed anew, and all else stays as it is.

        keep: see `Format.build`.  Raises `UsageError` for a path that the frame has not, `BuildError` where no frame
        can be built.
        """
        return self._reader.replaced(self, values, keep)

    def patch(self, values: Mapping[str, Any], *, keep: str | Iterable[str] = ()) -> list[tuple[int, bytes, bytes]]:
        """Returns what `replace` would change as (offset in the stream, bytes that stand there, bytes in their place),
        in order; [] where nothing changes.  Raises what `replace` raises.
        """
        return self._reader.patched(self, values, keep)

    def numpy(self, dtype: Any) -> numpy.ndarray[Any, Any]:
        """The payload as an array of `dtype`, without a copy, in the byte order that the frame declares.

        A dtype that names its own order (`<u2`) keeps it.  `ValueError` if the payload is no multiple of the item.
        """
        import numpy

        kind = numpy.dtype(dtype)
        order = self._reader.byte_order_of(self)
        if order is not None and not (isinstance(dtype, str) and dtype[:1] in "<>"):
            kind = kind.newbyteorder(">" if order == "big" else "<")
        return numpy.frombuffer(self.payload, kind)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        return (self.start, self.index, self.format, self.raw) == (other.start, other.index, other.format, other.raw)

    def __hash__(self) -> int:
        return hash((self.start, self.index, self.raw))

    def __repr__(self) -> str:
        shown = self.raw[:_SHOWN].hex(" ") + (" …" if len(self.raw) > _SHOWN else "")
        return f"Record({self.format!r}, {self.span}, index={self.index}, {len(self.raw)} bytes: {shown})"

    def __reduce__(self) -> tuple[Any, ...]:
        # The value is parsed again where it is asked for: it may hold what was made for this process alone.
        return _record, (self._reader, self.start, self.raw, self.index, self.stamps)


class DamagedRecord(Record):
    """A frame that fails a check, as lenient reading gives it.  finding: what fails.  Its bytes are those of a gap, and
    it has no number among the frames: its index is -1.
    """

    __slots__ = ("finding",)

    def __init__(self, reader: Reader, start: int, raw: bytes, finding: Finding) -> None:
        super().__init__(reader, start, raw, -1)
        self.finding = finding

    @property
    def damaged(self) -> Finding:
        """What is wrong with it."""
        return self.finding

    @property
    def diagnostics(self) -> tuple[Finding, ...]:
        """What fails, and what else is wrong with or remarkable about the frame."""
        return (self.finding, *self._read().diagnostics)

    def __repr__(self) -> str:
        return f"Damaged{super().__repr__()[:-1]}; {self.finding.code}: {self.finding.message})"

    def __reduce__(self) -> tuple[Any, ...]:
        return DamagedRecord, (self._reader, self.start, self.raw, self.finding)


def _record(reader: Reader, start: int, raw: bytes, index: int, stamps: tuple[Stamp | None, Stamp | None]) -> Record:
    """A record as it was pickled."""
    record = Record(reader, start, raw, index)
    if stamps != _NO_STAMPS:
        record.stamps = stamps
    return record


class _Plain:
    """Equality, hash and repr by the slots, for the events that are only data."""

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, type(self)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__match_args__)})"


class Gap(_Plain):
    """Bytes that are in no frame.  reasons: `no-marker` or `format:reason`, each once, in the order of first sight;
    `overflow` alone where the bytes are missing.

    stamp: where bytes are missing, when that was; else None.
    """

    __slots__ = ("reasons", "span", "stamp")
    __match_args__ = ("span", "reasons")

    def __init__(self, span: Span, reasons: tuple[str, ...], stamp: Stamp | None = None) -> None:
        self.span = span
        self.reasons = reasons
        self.stamp = stamp


class Idle(_Plain):
    """Bytes between frames that are neither frame nor damage: fill that a format declares, and further delimiters."""

    __slots__ = ("span",)
    __match_args__ = ("span",)

    def __init__(self, span: Span) -> None:
        self.span = span


class Loss(_Plain):
    """Frames that never came: `count` of them, between the counter values `expected` and `found`.

    stream: the id whose counter it is, None where the format counts all frames together.  offset: of the frame that
    showed it.  A frame that comes late after all is a `Note` `sequence-reordered`, and the statistics take it back.
    """

    __slots__ = ("count", "expected", "format", "found", "offset", "stream")
    __match_args__ = ("stream", "count", "format", "expected", "found", "offset")

    def __init__(self, stream: object, count: int, format: str, expected: int, found: int, offset: int) -> None:
        self.stream = stream
        self.count = count
        self.format = format
        self.expected = expected
        self.found = found
        self.offset = offset


class Note(_Plain):
    """Something worth knowing about the stream that is neither damage nor loss.

    stream: where it is about a sequence counter, the id of the stream.  counter: where that frame was counted lost
    and came late, its counter; else None.  stamp: where it is about missing bytes, when that was.
    """

    __slots__ = ("code", "counter", "format", "message", "offset", "severity", "stamp", "stream")
    __match_args__ = ("code", "severity", "message", "offset", "format")

    def __init__(self, code: str, severity: Severity, message: str, offset: int, format: str = "") -> None:
        self.code = code
        self.severity = severity
        self.message = message
        self.offset = offset
        self.format = format
        self.counter: int | None = None
        self.stream: object = None
        self.stamp: Stamp | None = None


#: What `Decoder.events` yields.
Event = Record | Gap | Idle | Loss | Note
