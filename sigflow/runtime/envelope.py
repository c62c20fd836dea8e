"""The envelope: what a generated module says about one frame of its stream format.

Data only; the compiler writes it, the scan reads it.  Offsets are relative to the first byte of the frame; a negative
offset counts from its end (-2 is two bytes before it), and a stop of None is the frame's end.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sigflow.frozen import frozen

if TYPE_CHECKING:
    from sigflow.runtime.column import Module
    from sigflow.runtime.stuffing import Stuffing
    from sigflow.runtime.window import Window

#: A measure that lacks bytes.
NEED = 0

#: The frames of a run: start, stop and header tuple.
_Frames = list[tuple[int, int, tuple[Any, ...]]]
#: See `Measure.run`.
Run = Callable[[Any, int, int, int, int, _Frames, Any], tuple[int, str | None, int]]

#: One stretch of covered bytes: (start, stop) relative to the frame, literal bytes, or (start, stop, encoding) of a
#: text that spells them.
Piece = tuple[int, int | None] | bytes | tuple[int, int | None, str]
#: Where the value of a checksum stands, what it covers, and, where it has one that is told, that value.
Layout = tuple[int, tuple[Piece, ...]] | tuple[int, tuple[Piece, ...], int]
#: What a measure tells of a checksum of a frame: its layout; of one of each element of a type as many; None for none.
Laid = Layout | tuple[Layout, ...] | None


class Refused(Exception):
    """Raised while a frame is measured: the bytes are no frame of this format.  `reason` is the gap's reason."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path


class Measured:
    """What measuring found: the length of the frame in bytes, and per checksum where its value stands and what it
    covers.

    `checks[i]` is the layout of a checksum, or None where the frame has no such checksum; of one of each element of a
    type it is as many layouts.  `looked` is how many leading bytes were looked at.
    """

    __slots__ = ("checks", "length", "looked")

    def __init__(self, length: int, looked: int, checks: tuple[Laid, ...] = ()) -> None:
        self.length = length
        self.looked = looked
        self.checks = checks


@frozen
class CrcParameters:
    """A CRC that has no catalogue name: the Rocksoft model's parameters."""

    #: Bits of the value, and the polynomial without its highest bit.
    width: int
    poly: int
    #: The register before the first byte.
    init: int = 0
    #: Whether the bits of each byte, and those of the value, are reversed.
    refin: bool = False
    refout: bool = False
    #: What the value is combined with at the end, by exclusive or.
    xorout: int = 0


@frozen
class SumParameters:
    """A sum of words that has no name."""

    #: Bits of the sum: 8, 16 or 32.
    width: int
    #: What is added up: `u1`, `u2le`, `u2be`, `u4le` or `u4be`; what an odd tail lacks counts as zeros.
    word: str = "u1"
    #: What becomes of a carry: `none`, or `end-around`.
    carry: str = "none"
    #: `none`, `ones` or `twos`: the complement that is taken at the end.
    complement: str = "none"
    #: What the sum begins with.
    init: int = 0
    #: The bits of the value that count; None: all.
    mask: int | None = None


@frozen
class XorParameters:
    """An XOR of words that has no name."""

    #: Bits of the value: 8 or 16.
    width: int
    #: What is combined: `u1`, or `u2be` or `u2le`; what an odd tail lacks counts as zeros.
    word: str = "u1"
    #: What it begins with.
    init: int = 0


#: What names an algorithm: a registered name, or parameters.
Named = str | CrcParameters | SumParameters | XorParameters


@frozen
class Checksum:
    """One checksum of a frame."""

    #: The attribute that holds the stored value.
    field: str
    #: A registered name, or free parameters; None where the measure tells what is computed.
    algorithm: Named | None
    #: Bytes of the stored value.
    size: int
    #: `big` or `little`; `hex`, `decimal` or `octal` for text digits; `told` where the measure tells what is stored.
    order: str
    #: Where the value is stored and what it covers, where the layout is static (see the file's opening); else None:
    #: then the measure gives both per frame.
    stored: int | None = None
    pieces: tuple[Piece, ...] | None = None
    #: The stored value lies inside `pieces` and counts as zeros.
    zeroed: bool = False
    #: The coverage as the spec says it, for people; of one without an algorithm, the expression.
    over: str = ""
    #: Not every frame has it; which do is told by the measure.
    optional: bool = False
    #: Where the stored value is not all bits of its bytes: how far they are shifted to the right, and what is kept.
    shift: int = 0
    mask: int | None = None
    #: The stored value is a signed number.
    signed: bool = False
    #: The measure tells the computed value, or the stored one, with the layout of each frame.
    told: bool = False
    #: Some of what it covers is what text spells.
    decoded: bool = False
    #: Whether bytes of the wire are covered, as they stand in a frame that is stuffed.
    wire: bool = False
    #: It is one of each element of a type, as many as the measure tells layouts of.
    of_elements: bool = False


@frozen
class Elements:
    """A checksum of each element of a type that says nothing about the frame: one that fails is a finding."""

    checksum: Checksum
    #: layouts(unit): those of a parsed unit's elements; None where it has none.
    layouts: Callable[[Any], tuple[Layout, ...] | None]


@frozen
class Sequence:
    """The sequence counter of a format."""

    #: The attribute that counts, modulo what, and by which step.
    field: str
    modulus: int
    step: int = 1
    #: Gives the id of the stream that is counted from a parsed unit; None: one counter for all.
    stream: Callable[[Any], object] | None = None
    #: Where `Measure.run` exists, the places of the counter and of the stream id in the header tuples that it gives.
    head: int | None = None
    stream_head: int | None = None
    #: The attribute paths of the numbers that `stream` reads; None where it may read more.
    needs: tuple[str, ...] | None = None
    #: Tells from a parsed unit whether it is one of those that are counted; None: all are.
    counts: Callable[[Any], bool] | None = None


@frozen
class Codec:
    """One payload codec."""

    #: The attribute with the payload.
    field: str
    #: The name in the codec registry, or of the type that `parse` reads.
    name: str
    #: Decides per unit whether it applies; None: always.
    when: Callable[[Any], bool] | None = None
    #: Makes an object of the generated class `target` of the payload's bytes.
    parse: Callable[[bytes], Any] | None = None
    #: The attribute paths of the numbers that `when` reads; None where it may read more.
    needs: tuple[str, ...] | None = None
    target: type[Any] | None = None
    #: Codecs that are tried, in their order, on what this one refuses.
    others: tuple[str, ...] = ()
    #: What decodes, where the spec names a thing of a module of the user's own, which was allowed.
    thing: Any = None


@frozen
class NoteRule:
    """`-sigflow-note`: a remark on some frames."""

    #: The attribute that it is about.
    path: str
    #: The note's code and text.
    code: str
    text: str
    #: Whether a unit gets it.
    when: Callable[[Any], bool]
    #: The attribute paths of the numbers that `when` reads; None where it may read more.
    needs: tuple[str, ...] | None = None


@frozen
class Time:
    """The time of a frame."""

    #: Gives from a unit a count of units of so many nanoseconds.
    value: Callable[[Any], float]
    nanoseconds: int
    #: An ISO date from which on it counts; None: an arbitrary start.
    epoch: str | None = None
    #: The attribute paths of the numbers that `value` reads; None where it may read more.
    needs: tuple[str, ...] | None = None


@frozen
class Field:
    """A field of the frame type, for people."""

    #: Its id, and its type as written.
    id: str
    type: str
    #: The first line of its documentation.
    doc: str = ""


@frozen
class About:
    """What a format is called, and what is said of it to people."""

    #: The format's name.
    name: str
    #: The file of its spec, as messages name it.
    spec: str
    #: A hash of the spec; formats of the same content are equal all the same.
    source_hash: str = field(default="", compare=False)
    #: The spec's title, and its documentation.
    title: str = ""
    doc: str = ""
    #: The fields of the frame type, in order.
    fields: tuple[Field, ...] = ()


#: What a format stands for in a stream (`Search.role`).
FRAMES, PREAMBLE, TRAILER = "frames", "preamble", "trailer"


@frozen
class Framing:
    """How a unit stands on the wire, where that is not as it is.  What measures, checks and parses sees the unit."""

    #: What stands between units, and in none of them; b"" where a unit is found by `start`.
    delimiter: bytes = b""
    #: Instead of that: what begins a unit, and what ends it; b"" for `end` where the unit says its own length.
    start: bytes = b""
    end: bytes = b""
    #: How a unit is stuffed; None where it is not.
    stuffing: Stuffing | None = None
    #: Bytes of what stands unstuffed behind `end`.  Checksums count them as if they followed the unit.
    trailer: int = 0
    #: At the end of the stream, and before a boundary, the last unit may lack its delimiter.
    last_open: bool = False

    @property
    def closed(self) -> bool:
        """Whether the wire says where a unit ends: then it is measured when it is whole, and must be consumed whole."""
        return bool(self.delimiter or self.end)


@frozen
class Search:
    """How a frame is found in a stream: where it may begin, how long it may be, and what confirms it."""

    #: The literals searched for; () when every byte is a candidate.
    sync: tuple[bytes, ...] = ()
    #: The largest and the smallest frame in bytes; the user's limit overrules the largest.
    max_frame: int = 16 << 20
    min_frame: int = 1
    #: -log2 of the chance that random bytes are a valid header; 0 where a header refuses nothing.
    header_bits: float = 0.0
    #: How many headers in a row confirm a frame without a checksum; None where the checksum confirms.
    chain: int | None = None
    #: The checksums of a frame, in the order in which they are looked at.
    checksums: tuple[Checksum, ...] = ()
    #: Whether a second sync literal inside a text header refuses the frame.
    aborted_by_sync: bool = True
    #: `sequence`: in a live stream the next frame of its own sequence overtakes a candidate; else None.
    overtaken_by: str | None = None
    #: PREAMBLE or TRAILER: it stands once, at the beginning or at the very end, and needs nothing else to confirm it.
    role: str = FRAMES
    #: How units stand on the wire, where that is not as they are; then `max_frame` counts bytes of the wire.
    framing: Framing | None = None
    #: What may stand between frames and is neither frame nor damage, in the order in which it is looked for.
    idle: tuple[bytes, ...] = ()
    #: Bytes of idle in a row that are nothing to speak of; None: as many as a frame may have.
    idle_max: int | None = None

    @property
    def sometimes_checked(self) -> bool:
        """Whether a checksum confirms some frames, and something else the others: all checksums are optional."""
        otherwise = self.chain is not None or self.closed
        return otherwise and bool(self.checksums) and all(checksum.optional for checksum in self.checksums)

    @property
    def closed(self) -> bool:
        """Whether the wire says where a unit ends."""
        return self.framing is not None and self.framing.closed

    @property
    def checked(self) -> bool:
        """Whether a checksum confirms frames, be it only those that have one."""
        return bool(self.checksums) and (self.chain is None or self.sometimes_checked)


@frozen
class Measure:
    """How long the frame is that begins at a place, in the forms that the compiler writes; all say the same.

    Numbers that a form gives for a length are not yet held against any limit, unless it says so.

    In a framing that is `closed` a measure sees one whole unit, unstuffed: `incremental` gets a closed window, which
    never lacks bytes, and `native` a unit that ends at `end`, so that NEED says that it is too short.
    """

    #: incremental(window): a generator; yields while bytes are lacking, returns `Measured`, raises `Refused`.
    incremental: Callable[[Window], Generator[None, None, Measured]]
    #: The spec's gap reasons by the YAML path of the attribute that fails.
    reasons: Mapping[str, str] = field(default_factory=dict)

    #: static(data, at, end): where the layout is static, the length of the frame at data[at], a reason (str) why there
    #: is none, or None where fewer than `header` bytes stand between at and end, or where a field
    #: is longer than its `-sigflow-max-size`: then `incremental` decides.
    static: Callable[[Any, int, int], int | str | None] | None = None
    #: Leading bytes that measuring looks at, where that is a constant.
    header: int | None = None
    #: head(data, at): the header of the frame at data[at] as a tuple, where there is such.
    head: Callable[[Any, int], tuple[Any, ...]] | None = None
    #: run(data, at, until, end, limit, frames, checks): whole good frames in a row from `at` on, checksums verified,
    #: each put behind `frames` as (start, stop, header tuple).  Before `until` the whole header is there.  checks: for
    #: each of the checksums its `algorithm`, and stored(data, at), the value that stands at a place, None for what is
    #: no number.  Returns where it stopped, and why: the reason that speaks against the frame there, and the length
    #: that its header claims, where that is within the limit.  So None and a length: not all of it is there; None and
    #: 0: `until` was reached, or only `incremental` can tell; CHECKSUM and a length: a checksum does not hold.
    run: Run | None = None

    #: native(data, at, end, limit, box): the measure over integers only, of the frame that would begin at data[at], a
    #: uint8 array of which data[:end] is there: its length, NEED while bytes are lacking, -1 - k where it is refused
    #: for native_reasons[k], BAILOUT where int64 arithmetic does not reach and `incremental` must decide.  `limit`, the
    #: largest frame, is below 2**62.  What box gets where there is a length, `runtime/box.py` says.
    native: Callable[[Any, int, int, int, Any], int] | None = None
    #: The reasons for which the native form refuses, by their numbers.
    native_reasons: tuple[str, ...] = ()
    #: The smallest limit with which the native form may be called.
    native_min_limit: int = 0
    #: Whether the native form tells the sequence counter and the stream id.
    native_counts: bool = False
    #: What the native form reads of a preamble: it stands in its box from BOX_PARAMETERS on.
    parameters: tuple[int, ...] = ()
    #: Where there is no native form: which construct of the spec is why, with its YAML path and line.
    inexpressible: str = ""


@frozen
class Decode:
    """What the bytes of a frame mean, once it was found.  Functions of a unit take the value that `parse` gives."""

    #: parse(raw, head): the unit parsed from its bytes.  head: the header tuple of `Measure.run`, or None.
    parse: Callable[[bytes, tuple[Any, ...] | None], Any]
    #: late(raw, head): the unit of a frame that was found, where that cannot fail: it sets the header's fields, the
    #: rest is read when it is asked for.  head: as of `parse`.
    late: Callable[[bytes, tuple[Any, ...] | None], Any] | None = None
    #: The class of a unit.
    unit: type[Any] | None = None
    #: columns(): the module's classes as columns.
    columns: Callable[[], Module] | None = None
    #: build(value, checks): frames built at once of a mapping, of a mapping as it is printed, and of an object; None
    #: where that does not do.  checks: as of `Measure.run`.
    builds: tuple[Callable[[Any, Any], bytes | None], ...] = ()
    #: The ids of the fields that these compute.
    derived: tuple[str, ...] = ()
    #: The counter by which lost frames are told.
    sequence: Sequence | None = None
    #: When the frame was made, as it says itself.
    time: Time | None = None
    #: kind(unit): which kind of frame it is, for counts by kind; kind_needs: as the `needs` of a codec.
    kind: Callable[[Any], object] | None = None
    kind_needs: tuple[str, ...] | None = None
    #: The attribute that is the payload, and where it stands in a frame, where that is static.
    payload: str | None = None
    payload_at: tuple[int, int | None] | None = None
    #: `big`, `little`, or a function of the unit that gives one of them.
    byte_order: str | Callable[[Any], str] | None = None
    #: metadata(unit): keys and texts of the header, in order.
    metadata: Callable[[Any], dict[str, str]] | None = None
    #: What may have to be done to the payload, in the order in which they are asked.
    codecs: tuple[Codec, ...] = ()
    #: What is remarked of some frames.
    notes: tuple[NoteRule, ...] = ()
    #: Checksums of elements that are looked at when a record is.
    elements: tuple[Elements, ...] = ()


@frozen
class Around:
    """What stands once around the frames of a file, and how units depend on it.

    An object of the class of the whole file that holds the fields of the preamble is what they call `_root`.
    """

    #: What stands at the beginning, and at the very end, as frames of their own formats.
    preamble: Envelope | None
    trailer: Envelope | None
    #: Gives the numbers of that object that the native measure reads, in its order.
    parameters: Callable[[Any], tuple[int, ...]]
    #: Whether the length of a unit depends on it: without a preamble such a format has no frames.
    needed: bool = False
    #: Whether a preamble behind the beginning begins the next of several files.
    concatenated: bool = False


@frozen
class Envelope:
    """Everything that is known of one frame of a format, by what it is for."""

    #: What it is called.
    about: About
    #: How it is found.
    search: Search
    #: How it is measured.
    measure: Measure
    #: How it is decoded.
    decode: Decode
    #: What stands once around the frames; then functions of the other parts take a keyword `root`, see `bound`.
    around: Around | None = None
    #: What the preamble says that units are bound to; None where there was none.
    root: Any = field(default=None, compare=False)


def bound(envelope: Envelope, root: Any) -> Envelope:
    """Returns the envelope of units that belong to this root object: what a preamble says is a parameter of them.

    root: what the preamble's `Decode.parse` gives.  Raises what its fields raise, where a parameter is none.
    """
    around = envelope.around
    assert around is not None  # there is nothing to bind
    steps: Any = envelope.measure.incremental
    parse: Any = envelope.decode.parse
    measure = replace(envelope.measure, incremental=partial(steps, root=root), parameters=around.parameters(root))
    return replace(
        envelope, measure=measure, decode=replace(envelope.decode, parse=partial(parse, root=root)), root=root
    )


def parts_of(envelope: Envelope) -> list[Envelope]:
    """What stands once around the frames of a format, and is asked for."""
    around = envelope.around
    return [part for part in (around.preamble, around.trailer) if part is not None] if around is not None else []
