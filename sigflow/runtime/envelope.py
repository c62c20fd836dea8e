"""The envelope: what a generated module says about one frame of its stream format.

Data only; the compiler writes it, the scan reads it.  Offsets are relative to the first byte of the frame; a negative
offset counts from its end (-2 is two bytes before it), and a stop of None is the frame's end.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigflow.runtime.column import Module
    from sigflow.runtime.window import Window

#: A measure that lacks bytes.
NEED = 0

#: One stretch of covered bytes: (start, stop) relative to the frame, or literal bytes.
Piece = tuple[int, int | None] | bytes


class Refused(Exception):
    """Raised while a frame is measured: the bytes are no frame of this format.  `reason` is the gap's reason."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path


class Measured:
    """What measuring found: the length of the frame in bytes, and per checksum where its value stands and what it
    covers.

    `checks[i]` is (offset of the stored value, covered pieces), or None where the frame has no such checksum.  `looked`
    is how many leading bytes were looked at.
    """

    __slots__ = ("checks", "length", "looked")

    def __init__(self, length: int, looked: int, checks: tuple[tuple[int, tuple[Piece, ...]] | None, ...] = ()) -> None:
        self.length = length
        self.looked = looked
        self.checks = checks


@dataclass(frozen=True, slots=True)
class CrcParameters:
    """A CRC that has no catalogue name: the Rocksoft model's parameters."""

    width: int
    poly: int
    init: int = 0
    refin: bool = False
    refout: bool = False
    xorout: int = 0


@dataclass(frozen=True, slots=True)
class Checksum:
    """One checksum of a frame.

    `algorithm`: a registered name or free CRC parameters.  `size`: bytes of the stored value.  `order`: `big`,
    `little`, or `hex` for text digits.  `stored` and `pieces` are set where the layout is static (see the file's
    opening), else
    None: then `Envelope.steps` gives them per frame.  `zeroed`: the stored value lies inside `pieces` and counts as
    zeros. `field` names the attribute, `over` the coverage as the spec says it (for people).  optional: not every frame
    has it; which do is told by the measure.
    """

    field: str
    algorithm: str | CrcParameters
    size: int
    order: str
    stored: int | None = None
    pieces: tuple[Piece, ...] | None = None
    zeroed: bool = False
    over: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """The sequence counter of a format: `field` counts by `step` modulo `modulus`, for each value of `stream`.

    `stream` gives the stream's id from a parsed unit (None: one counter for all).  `head` is, where `Envelope.run`
    exists, the index of the counter (and `stream_head` of the stream id) in the tuple that `run` gives with each frame.
    needs: the attribute paths of the numbers that `stream` reads; None where it may read more.  counts: tells from a
    parsed unit whether it is one of those that are counted (None: all are).
    """

    field: str
    modulus: int
    step: int = 1
    stream: Callable[[Any], object] | None = None
    head: int | None = None
    stream_head: int | None = None
    needs: tuple[str, ...] | None = None
    counts: Callable[[Any], bool] | None = None


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload codec: `name` in the codec registry, or `parse` (of the generated class `target`); `when` decides per
    unit.

    needs: the attribute paths of the numbers that `when` reads; None where it may read more.  others: codecs that are
    tried, in their order, on what this one refuses.
    """

    field: str
    name: str
    when: Callable[[Any], bool] | None = None
    parse: Callable[[bytes], Any] | None = None
    needs: tuple[str, ...] | None = None
    target: type[Any] | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoteRule:
    """`-sigflow-note`: where `when(unit)` holds, the record gets a note `code` with `text`.  needs: as of `Codec`."""

    path: str
    code: str
    text: str
    when: Callable[[Any], bool]
    needs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Time:
    """The time of a frame: `value(unit)` counts units of `nanoseconds` since `epoch` (ISO date, None: an arbitrary
    start).
    """

    value: Callable[[Any], float]
    nanoseconds: int
    epoch: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the frame type, for people: id, type as written, one-line doc."""

    id: str
    type: str
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Everything the scan needs to know about one frame of a format.

    sync: the literals searched for, () when every byte is a candidate.  chain: how many headers in a row confirm a
    frame of a format without a checksum; None where the checksum confirms.  header: leading bytes that measuring
    looks at, where that is a constant.  header_bits: -log2 of the chance that random bytes are a valid header.

    measure(data, at, end): the fast way where the layout is static: the length of the frame that starts at data[at]
    (not yet held against any limit), a reason (str) why there is none, or None where fewer than `header` bytes stand
    between at and end: then `steps` decides.
    steps(window): a generator; yields while bytes are lacking, returns `Measured`, raises `Refused`.
    reasons: the spec's gap reasons by the YAML path of the attribute that fails.  payload_at: where the payload
    stands in a frame, where that is static.  byte_order: `big`, `little`, or a function of the unit that gives `big`
    or `little`.
    run(data, at, end, limit, found): whole good frames in a row from `at` on, checksum verified, each appended to
    `found` as (start, stop, header tuple); returns where it stopped.  It stops at anything that is not a plain good
    frame.
    head(data, at): the header tuple of the frame at data[at], where there is such.
    late(raw, head): the unit of a frame that was found, where that cannot fail: it sets the header's fields, the rest
    is read when it is asked for.  head: the header tuple of `run`, or None.  lazy: of modules of ABI 2 instead of it:
    `parse` with a header tuple does that.
    parse(raw, head): the unit parsed from its bytes; `head` is the header tuple of `run`, or None.
    unit: the class of a frame's value.  columns(): the module's classes as columns.  kind_needs: of `kind`, as the
    `needs` of a codec.

    native_measure(data, at, end, limit, box): the measure over integers only, of the frame that would begin at
    data[at], a uint8 array of which data[:end] is there: its length (not yet held against `limit`, the largest frame),
    NEED while bytes are lacking, -1 - k where it is refused for native_reasons[k], BAILOUT (-1000) where int64
    arithmetic does not reach and `steps` must decide.  It may be called where native_min_limit <= limit < 2**62.  box,
    an int64 array of 64 words or more, gets, where there is a length: [0] how many leading bytes were looked at; [1] 0
    where the record has surely no diagnostics, else 1, with UNCOUNTED added where the frame is none of those that the
    sequence counts; [2] and [3], if native_counts, the sequence counter as two's complement and the stream id; from [4]
    on, for each checksum whose layout is not static, the offset of the stored value (-1: the frame has no such
    checksum), the number of pieces, and (start, stop) of each, or (-1, literal byte).  box[4:64] may be written also
    where there is no length.
    inexpressible: where there is no `native_measure`, which construct of the spec is why, with its YAML path and line.
    """

    name: str
    spec: str
    parse: Callable[[bytes, tuple[Any, ...] | None], Any]
    steps: Callable[[Window], Generator[None, None, Measured]]
    measure: Callable[[Any, int, int], int | str | None] | None = None
    run: Callable[[Any, int, int, int, list[tuple[int, int, tuple[Any, ...]]]], int] | None = None
    late: Callable[[bytes, tuple[Any, ...] | None], Any] | None = None
    lazy: bool = False
    head: Callable[[Any, int], tuple[Any, ...]] | None = None
    sync: tuple[bytes, ...] = ()
    max_frame: int = 16 << 20
    min_frame: int = 1
    header: int | None = None
    header_bits: float = 0.0
    chain: int | None = None
    checksums: tuple[Checksum, ...] = ()
    aborted_by_sync: bool = True
    overtaken_by: str | None = None
    sequence: Sequence | None = None
    time: Time | None = None
    kind: Callable[[Any], object] | None = None
    kind_needs: tuple[str, ...] | None = None
    payload: str | None = None
    payload_at: tuple[int, int | None] | None = None
    byte_order: str | Callable[[Any], str] | None = None
    metadata: Callable[[Any], dict[str, str]] | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    codecs: tuple[Codec, ...] = ()
    notes: tuple[NoteRule, ...] = ()
    fields: tuple[Field, ...] = ()
    unit: type[Any] | None = None
    columns: Callable[[], Module] | None = None
    title: str = ""
    doc: str = ""
    native_measure: Callable[[Any, int, int, int, Any], int] | None = None
    native_reasons: tuple[str, ...] = ()
    native_min_limit: int = 0
    native_counts: bool = False
    inexpressible: str = ""
    source_hash: str = field(default="", compare=False)

    @property
    def sometimes_checked(self) -> bool:
        """Whether a checksum confirms some frames, and a chain those that have none: all checksums are optional."""
        return self.chain is not None and bool(self.checksums) and all(one.optional for one in self.checksums)
