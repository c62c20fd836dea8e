"""A format: an envelope with limits, and what its records say.

A format without an envelope is a whole file: one frame from the first byte to the end of the stream.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sigflow.errors import StreamError, UsageError
from sigflow.events import Reading, Record
from sigflow.limits import Limits
from sigflow.reasons import TOO_LONG
from sigflow.runtime import pickled
from sigflow.runtime.envelope import FRAMES, NEED, PREAMBLE, TRAILER, Envelope, Measured, bound, parts_of
from sigflow.runtime.framing import unit_of
from sigflow.runtime.measure import WIRE_ERRORS, maybe_advance
from sigflow.runtime.mend import mended
from sigflow.runtime.partial import parse_whole
from sigflow.runtime.struct import KaitaiStruct, attribute, current_limits
from sigflow.runtime.window import Window
from sigflow.stream import reading

if TYPE_CHECKING:
    from sigflow.calibration.rules import Calibrations
    from sigflow.diagnostics import Finding
    from sigflow.runtime.envelope import Field, Framing, Time
    from sigflow.stream.building.many import BuiltFrames
    from sigflow.stream.decoder import Decoder

#: Bytes of a whole file where the user sets no limit.
WHOLE_FILE = 1 << 30


@dataclass(frozen=True, slots=True)
class Preamble:
    """What is known of a format's preamble.  raw: its bytes; asked, concatenated: see `Format.with_preamble`."""

    raw: bytes | None = None
    asked: bool = True
    concatenated: bool = False


class Format:
    """One format, ready to decode.

    limits: the user's, None where the spec's hold.  root: the class of the values, where it is known.  module: the
    generated module.  schema: the fields of the frame.
    """

    def __init__(
        self,
        envelope: Envelope | None,
        limits: Limits | None = None,
        *,
        root: type[KaitaiStruct] | None = None,
        name: str | None = None,
        module: object = None,
        preamble: Preamble | None = None,
        calibrations: Calibrations | None = None,
    ) -> None:
        """preamble: what is known of it, see `with_preamble`.  calibrations: see `with_calibrations`."""
        if envelope is None and (root is None or name is None):
            raise UsageError("a whole-file format needs a parser class and a name")
        self.envelope = envelope
        self.limits = limits or Limits()
        self.root = root
        self.module = module
        self.preamble = preamble
        #: What sigflow.yaml says of its frames; None where it says nothing.
        self.calibrations = calibrations
        #: The file of the spec, for messages.
        self.spec = envelope.about.spec if envelope is not None else f"{name}.ksy"
        self.name: str = name if name is not None else envelope.about.name if envelope is not None else ""
        self._parse: Callable[[bytes, tuple[Any, ...] | None], Any]
        if envelope is not None:
            self._parse = envelope.decode.parse
        else:
            assert root is not None  # so it was given
            self._parse = lambda raw, head: parse_whole(root, raw)
        sequence = envelope.decode.sequence if envelope is not None else None
        if self.limits.over_the_wire:
            self._parse = _within(self.limits, self._parse)
        # Limits on what the wire may ask for hold while a value is parsed whole.
        self.late = envelope.decode.late if envelope is not None and not self.limits.over_the_wire else None
        self._framing = envelope.search.framing if envelope is not None else None
        if self._framing is not None:
            self._parse = _of_units(self._framing, self._parse)
            self.late = _of_units(self._framing, self.late) if self.late is not None else None
        self._quick: Callable[[Any], bytes | None] = self._first_quick
        self._sequence: Callable[[Any], Any] | None = None
        if envelope is not None and sequence is not None:
            self._sequence = attrgetter(attribute(envelope.decode.unit, sequence.field))

    def __repr__(self) -> str:
        if self.envelope is None:
            return f"Format({self.name!r}, a whole file)"
        names = [field.id for field in self.envelope.about.fields]
        fields = ", ".join(names[:8]) + (f", … {len(names)} in all" if len(names) > 8 else "")
        return f"Format({self.name!r}, frames of {self.envelope.search.min_frame} to {self.max_frame} bytes: {fields})"

    def __reduce__(self) -> tuple[Any, ...]:
        made: Any = self.envelope.decode.parse if self.envelope is not None else getattr(self.root, "__init__", None)
        made = getattr(made, "func", made)  # (of a format that is bound to a preamble)
        space: dict[str, Any] = getattr(made, "__globals__", {})
        module: str | None = pickled.entered(space) or space.get("__name__")
        part = "FORMAT" if self.envelope is None else _ENTERED[self.envelope.search.role]
        entered: Any = getattr(sys.modules.get(module or ""), part, None)
        known = entered.decode.parse if isinstance(entered, Envelope) else None
        if module is None or (self.envelope is not None and known is not made):
            from pickle import PicklingError

            raise PicklingError(f"format {self.name!r} was not made from a generated module, which names it")
        if self._view() is not None:
            from pickle import PicklingError

            raise PicklingError(f"format {self.name!r} is of a Construct schema: load it anew where it is needed")
        codecs = {
            codec.name: codec.others for codec in (self.envelope.decode.codecs if self.envelope is not None else ())
        }
        root = self.root.__qualname__ if self.root is not None else None
        if self.calibrations is not None:
            from pickle import PicklingError

            raise PicklingError(f"format {self.name!r} has rules of sigflow.yaml: bind them where it is needed")
        return _restored, (module, space.get(pickled.ORIGIN), self.limits, root, self.name, codecs, part, self.preamble)

    def __copy__(self) -> Format:
        return self  # nothing in it changes

    def __deepcopy__(self, memo: object) -> Format:
        return self

    @property
    def schema(self) -> tuple[Field, ...]:
        """The fields of the frame, in order."""
        return self.envelope.about.fields if self.envelope is not None else ()

    @property
    def value_class(self) -> type[Any] | None:
        """The generated class of its values."""
        return self.envelope.decode.unit if self.envelope is not None else self.root

    @property
    def is_part(self) -> bool:
        """Whether it is a preamble or a trailer, which stands once around the frames of another format."""
        return self.envelope is not None and self.envelope.search.role != FRAMES

    @property
    def max_frame(self) -> int:
        """The largest frame in bytes: the user's limit, else the spec's."""
        if self.limits.frame is not None:
            return self.limits.frame
        return self.envelope.search.max_frame if self.envelope is not None else WHOLE_FILE

    def with_limits(self, limits: Limits | None) -> Format:
        """Returns this format with `limits` over its own: where they say nothing, its own hold.  None changes
        nothing.
        """
        if limits is None:
            return self
        return self._with(self.envelope, limits.over(self.limits))

    def _with(self, envelope: Envelope | None, limits: Limits | None = None) -> Format:
        """This format with another envelope, or other limits."""
        limits = self.limits if limits is None else limits
        return Format(
            envelope,
            limits,
            root=self.root,
            name=self.name,
            module=self.module,
            preamble=self.preamble,
            calibrations=self.calibrations,
        )

    def of_source(self, source: str) -> Format:
        """Returns this format for frames of a source, as rules of sigflow.yaml name it."""
        calibrations = self.calibrations
        return self if calibrations is None else self.with_calibrations(calibrations.of_source(source))

    def with_calibrations(self, calibrations: Calibrations | None) -> Format:
        """Returns this format with what sigflow.yaml says of its frames; None takes that away."""
        made = self._with(self.envelope)
        made.calibrations = calibrations
        return made

    def with_fallback(self, codecs: Mapping[str, Sequence[str]]) -> Format:
        """Returns this format with further codecs, which are tried in their order on a payload that the spec's own
        refuses.

        codecs: names of registered codecs, by the name of the codec that the spec names.
        """
        envelope = self.envelope
        if envelope is None or not any(codec.name in codecs for codec in envelope.decode.codecs):
            return self
        chained = tuple(replace(codec, others=tuple(codecs.get(codec.name, ()))) for codec in envelope.decode.codecs)
        return self._with(replace(envelope, decode=replace(envelope.decode, codecs=chained)))

    # ---------------------------------------------------------------- what stands once around the frames

    def with_preamble(self, raw: bytes | None = None, *, asked: bool = True, concatenated: bool = False) -> Format:
        """Returns this format with a preamble that is known beforehand, or with another way of asking for it.

        raw: a preamble, or what begins with one; it holds where the stream has none of its own.  asked: whether the
        stream is asked for one at its beginning.  concatenated: whether one that stands later begins another file.
        Raises `UsageError` where the format has no preamble, `StreamError` where `raw` does not begin with one.
        """
        envelope = self.envelope
        around = envelope.around if envelope is not None else None
        if envelope is None or around is None or around.preamble is None:
            raise UsageError(f"format {self.name} has no preamble")
        root = None
        if raw is not None:
            preamble = Format(around.preamble, module=self.module)
            size = preamble.measure(raw)
            if size == NEED or size > len(raw):
                raise StreamError(f"the preamble of {self.name} is cut", offset=len(raw), format=self.name)
            raw = raw[:size]
            root = preamble.parse(raw)
        around = replace(around, preamble=around.preamble if asked else None, concatenated=concatenated)
        changed = self._with(replace(envelope, around=around))
        changed.preamble = Preamble(raw, asked, concatenated)
        return changed._with(bound(changed.envelope, root)) if root is not None and changed.envelope else changed

    def bound(self, envelope: Envelope, raw: bytes) -> Format:
        """Returns this format with the envelope that its preamble gave it, and that preamble."""
        made = self._with(envelope)
        asked = self.preamble or Preamble()
        made.preamble = replace(asked, raw=raw)
        return made

    def parts(self) -> list[Format]:
        """Returns the formats of what stands once around the frames and is asked for: preamble, trailer."""
        parts = parts_of(self.envelope) if self.envelope is not None else []
        return [Format(part, replace(self.limits, frame=None), module=self.module) for part in parts]

    # ---------------------------------------------------------------- frames

    def measure(self, data: bytes) -> int:
        """Returns the length in bytes of the frame that begins at data[0], and NEED (0) while that cannot be told.

        The frame itself need not be complete; its checksum is not looked at.  Raises `StreamError` where no frame
        begins there, and `UsageError` for a whole-file format.
        """
        if self.envelope is None:
            raise UsageError(f"{self.name} is a whole-file format: its one frame ends where the stream does")
        reason: int | str | None
        if self._framing is not None:
            from sigflow.stream.account import Account
            from sigflow.stream.headers import header_of
            from sigflow.stream.segment import Segment

            reason = header_of(self.envelope, self.max_frame, Account()).look(Segment(bytes(data), 0), 0)
        else:
            window = Window(
                data,
                0,
                len(data),
                self.max_frame,
                self.envelope.search.sync if self.envelope.search.aborted_by_sync else (),
            )
            measured = maybe_advance(self.envelope.measure.incremental(window), self.envelope.measure.reasons)
            reason = measured.length if isinstance(measured, Measured) else measured
            if isinstance(reason, int) and reason > self.max_frame:
                reason = TOO_LONG
        if reason is None:
            return NEED
        if isinstance(reason, int):
            return reason
        raise StreamError(f"no {self.name} frame begins here: {reason}", offset=0, format=self.name)

    def unit_of(self, raw: bytes) -> bytes:
        """Returns what of the bytes of one complete frame the spec describes: without what frames it, unstuffed."""
        return unit_of(self._framing, raw) if self._framing is not None else raw

    def parse(self, raw: bytes) -> Any:
        """Returns the value of one complete frame: an object of the generated class.

        Raises `StreamError` where the bytes do not parse.
        """
        try:
            return self._parse(bytes(raw), None)
        except WIRE_ERRORS as error:
            text = f"{self.name}: {type(error).__name__}: {error}"
            raise StreamError(text, offset=getattr(error, "offset", None), format=self.name) from error

    def build(self, value: Any, *, keep: str | Iterable[str] = ()) -> bytes:
        """Returns the bytes of one frame with this value; `parse` is its inverse.

        value: a mapping of the frame's fields by the ids of the spec, an object of the generated class, a record, or
        the mapping that `parse --format ndjson` prints for a frame.  What follows from the rest is computed: constants,
        lengths, counts, offsets, tags, checksums, framing.  keep: paths of such fields whose given values are written
        all the same, or `all`.  What a value does not carry is taken from the bytes that it was read from.

        Of a Construct schema a mapping is what Construct's own `build` takes.

        Raises `BuildError` with all mistakes of the value.
        """
        value = self._of_construct(value)
        if not keep:
            raw = self._quick(value)
            if raw is not None:
                return raw
        from sigflow.stream.building import build

        return build(self, value, keep=keep)

    def _view(self) -> Any:
        """What makes Construct's values of objects, where the format is of a Construct schema; else None."""
        return getattr(self.value_class, "_VIEW", None)

    def _of_construct(self, value: Any) -> Any:
        """The fields of the spec for a value as Construct takes it; any other value as it is."""
        view = self._view()
        if view is None or isinstance(value, KaitaiStruct | Record):
            return value
        if isinstance(value, Mapping) and {"format", "value"} <= value.keys():
            return value
        from sigflow.runtime.construct import built

        return built(view, value)

    def build_many(self, values: Any, *, keep: str | Iterable[str] = ()) -> Iterator[BuiltFrames]:
        """Gives the bytes of many frames, in pieces of many frames side by side; `build_many` of the columns of
        recordings gives the frames back.

        values: a table or record batches of Arrow, of pandas or Polars, a mapping of columns by their names, a
        structured array of NumPy, or any iterable of what `build` takes.  A column is a field of the frame by its id or
        path; what is null in it, or has no column, follows from the rest where it can.  Columns that begin with `_`,
        and what codecs made of a payload, are left out.  keep: see `build`.

        A piece is bytes-like; its `offsets` (int64, one more than it has frames) say where frames begin and end.  Where
        a frame is a header of numbers and one payload, no object is made for it.

        Raises `BuildError` with the mistakes of the first rows that have any, and `row` in each; no frame of a piece in
        which there is a mistake is given.
        """
        from sigflow.stream.engines import built_of

        return built_of(self, values, keep)

    def build_at_once(self, value: Any) -> bytes | None:
        """Returns the frame of a value of static layout, None where there is something to say of it: see `build`."""
        return self._quick(value)

    def _first_quick(self, value: Any) -> bytes | None:
        """Builds a frame at once, where that can be done; what it needs is loaded when the first one is built."""
        from sigflow.stream.building.quick import quick

        self._quick = quick(self)
        return self._quick(value)

    def decoder(self, limits: Limits | None = None, strict: bool = False, *, engine: str = "auto") -> Decoder:
        """Returns a new decoder for a stream of this format alone.

        limits: over the format's own.  strict: whether the first damage raises a `StreamError`.  engine: `auto`,
        `native` or `python`, see `Decoder`.
        """
        from sigflow.stream.decoder import Decoder

        return Decoder(self, limits=limits, strict=strict, engine=engine)

    # ---------------------------------------------------------------- what records ask (events.Reader)

    def value_of(self, record: Record) -> Any:
        """Returns the record's value.  Where parsing fails that is what it got to, and the error is kept as
        `record.fault`.
        """
        try:
            return self._parse(record.raw, record.head)
        except WIRE_ERRORS as error:
            value, faults = mended(error, record.unit)
            if faults[0] is not error:
                faults[0].__cause__ = error
            fault: Any = faults[0]
            fault.faults = faults
            record.fault = faults[0]
            return value

    def read(self, record: Record) -> Reading:
        """Returns what reading a record finds beside its value: payload, metadata and findings.  Raises nothing of
        its own.
        """
        unit, fault = record.value, record.fault
        if record.head is not None and self.late is None:
            # A value made from its header alone may not have met what is wrong with the rest; the findings need it.
            whole = Record(self, record.start, record.raw, record.index)
            unit, fault = whole.value, whole.fault
        if self.envelope is None:
            made = Reading(None, {}, self._whole_file_findings(record, fault))
        else:
            made = reading.read(self.envelope, self.limits, record, unit, fault)
        if self.calibrations is None or not self.calibrations.keys:
            return made
        return made._replace(metadata={**made.metadata, **self.calibrations.metadata(self.rules_of(record))})

    def rules_of(self, record: Record) -> tuple[int, ...]:
        """Returns the numbers of the rules of sigflow.yaml that apply to a record."""
        return self.calibrations.rules_of(record) if self.calibrations is not None else ()

    def _whole_file_findings(self, record: Record, fault: BaseException | None) -> tuple[Finding, ...]:
        faults = () if fault is None else getattr(fault, "faults", (fault,))
        return tuple(
            reading.parse_finding(self.name, self.spec, {}, record, error, getattr(error, "field_offset", 0))
            for error in faults
        )

    def physical_of(self, record: Record) -> dict[str, Any]:
        """Returns what rules of sigflow.yaml make of a record, see `Record.physical`."""
        if self.calibrations is None:
            return {}
        return {name: value(record) for name, value in self.calibrations.values.items()}

    def replaced(self, record: Record, values: Mapping[str, Any], keep: str | Iterable[str]) -> bytes:
        """Returns the bytes of a record with other values in these fields, see `Record.replace`."""
        from sigflow.stream.building.edit import replaced

        return replaced(self, record, values, keep, telling=False).raw

    def patched(
        self, record: Record, values: Mapping[str, Any], keep: str | Iterable[str]
    ) -> list[tuple[int, bytes, bytes]]:
        """Returns what that changes in the stream, see `Record.patch`."""
        from sigflow.stream.building.edit import patches

        return patches(record.start, record.raw, self.replaced(record, values, keep))

    def sequence_of(self, record: Record) -> int | None:
        """Returns the counter that the frame carries, as the integer on the wire; None where there is none."""
        if self._sequence is None or self.envelope is None or self.envelope.decode.sequence is None:
            return None
        place = self.envelope.decode.sequence.head
        if record.head is not None and place is not None:
            counter: int = record.head[place]
            return counter
        try:
            return int(self._sequence(record.value))
        except WIRE_ERRORS:
            return None  # the value could not be parsed that far, which its diagnostics say

    def stream_of(self, record: Record) -> object:
        """Returns the id of the stream whose counter the record carries, None where the format has only one.

        Raises one of `WIRE_ERRORS` where the value was not parsed that far.
        """
        sequence = self.envelope.decode.sequence if self.envelope is not None else None
        if sequence is None or sequence.stream is None:
            return None
        return sequence.stream(record.value)

    def time_of(self, record: Record) -> int | None:
        """Returns nanoseconds since 1970, or since the format's own start where it names no epoch; None without a
        time.
        """
        time = self.envelope.decode.time if self.envelope is not None else None
        if time is None:
            return None
        try:
            value = time.value(record.value)
            return round(value * time.nanoseconds) + epoch_of(time)
        except WIRE_ERRORS:
            return None  # as above

    def byte_order_of(self, record: Record) -> str | None:
        """Returns `big` or `little` where the format declares the order of its payload, else None."""
        order = self.envelope.decode.byte_order if self.envelope is not None else None
        return order(record.value) if callable(order) else order


def _restored(
    module: str,
    origin: pickled.Origin | None,
    limits: Limits,
    root: str | None,
    name: str,
    codecs: Mapping[str, Sequence[str]],
    part: str = "FORMAT",
    preamble: Preamble | None = None,
) -> Format:
    """A format as it was pickled."""
    generated = pickled.restored(module, origin) if origin is not None else import_module(module)
    envelope: Envelope | None = getattr(generated, part, None)
    kind: Any = generated
    for name_of_class in (root or "").split(".") if root else ():
        kind = getattr(kind, name_of_class)
    format = Format(envelope, limits, root=kind if root else None, name=name, module=generated)
    format = format.with_fallback({codec: others for codec, others in codecs.items() if others})
    if preamble is None:
        return format
    return format.with_preamble(preamble.raw, asked=preamble.asked, concatenated=preamble.concatenated)


#: What the envelopes of a generated module are called there, by their role.
_ENTERED = {FRAMES: "FORMAT", PREAMBLE: "PREAMBLE", TRAILER: "TRAILER"}


def epoch_of(time: Time) -> int:
    """From when a time counts, in nanoseconds since 1970, of a date without a zone in UTC; 0 of an arbitrary start."""
    if not time.epoch:
        return 0
    date = datetime.fromisoformat(time.epoch)
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return (date - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _of_units(framing: Framing, parse: Callable[[bytes, Any], Any]) -> Callable[[bytes, Any], Any]:
    """`parse` of the bytes of frames whose units are framed."""
    return lambda raw, head: parse(unit_of(framing, raw), head)


def _within(limits: Limits, parse: Callable[[bytes, Any], Any]) -> Callable[[bytes, Any], Any]:
    """`parse` under the user's limits on what a value of the wire may ask for."""

    def parse_within(raw: bytes, head: Any) -> Any:
        token = current_limits.set(limits)
        try:
            return parse(raw, head)
        finally:
            current_limits.reset(token)

    return parse_within
