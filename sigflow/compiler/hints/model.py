"""What the hints of a spec say, understood."""

from __future__ import annotations

from dataclasses import dataclass, field

from sigflow.compiler import schema as sc
from sigflow.diagnostics import Place
from sigflow.limits import DEFAULT_FRAME
from sigflow.runtime.envelope import Framing, Named
from sigflow.runtime.stored import BASES, RAW

#: The fields that lead to one inside others: the first is the frame's own, the last is meant.
Path = tuple[sc.Attr, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a value stands: `size` bytes from the byte `inner` of the field at the end of `path` on, as a number of
    this order (`big`, `little`), or as digits (`hex`, `decimal`, `octal`); `fields`: all that they lie in.

    shift, mask: where it is not all of these bits.  unaligned: whether the field begins within the byte that `inner`
    counts from.  told: the expression that gives the value instead, then `order` is `told`.
    """

    path: Path
    inner: int
    size: int
    order: str
    fields: tuple[Path, ...]
    shift: int = 0
    mask: int | None = None
    unaligned: bool = False
    told: sc.Code | None = None

    @property
    def bits(self) -> int:
        """How many bits of a value surely fit."""
        if self.mask is not None:
            return (~self.mask & self.mask + 1).bit_length() - 1
        base = BASES.get(self.order)
        return 8 * self.size if base is None else (base**self.size).bit_length() - 1


@dataclass(frozen=True, slots=True, eq=False)
class Over:
    """Stored bytes: from the first byte of the field that `start` leads to, to the last of that of `stop`; or an
    expression.  decode: the encoding, where they are those that this text spells; `raw`, where they are those of the
    wire, `<` behind it from the literal that begins the unit on, `>` to the end of the one that ends it.
    """

    start: Path = ()
    stop: Path = ()
    code: sc.Code | None = None
    decode: str = ""

    @property
    def first(self) -> sc.Attr | None:
        """The field of the frame with which the covered bytes begin, or in which they do."""
        return self.start[0] if self.start else None

    @property
    def last(self) -> sc.Attr | None:
        """The same of their end."""
        return self.stop[0] if self.stop else None


@dataclass(frozen=True, slots=True, eq=False)
class ChecksumHint:
    """One checksum: its name in the spec, where its value is stored, its algorithm, what it covers.

    told: the value that an expression gives: without an algorithm the computed one, else the expected one.
    """

    name: str
    stored: Stored
    place: Place  # of `over`, or of the expression
    #: What must hold for a frame to have this checksum: `checksum.if`, and the `if` of the fields that it stands in.
    conditions: tuple[sc.Code, ...] = ()
    algorithm: Named | None = None
    told: sc.Code | None = None
    signed: bool = False
    over: tuple[Over, ...] = ()
    zeroed: bool = False
    written: str = ""

    @property
    def path(self) -> Path:
        """What leads to the field."""
        return self.stored.path

    @property
    def inner(self) -> int:
        """Where the value begins, counted from where the field is found."""
        return self.stored.inner - self.stored.unaligned

    @property
    def attr(self) -> sc.Attr:
        """The field of the frame that is the checksum, or that holds it."""
        return self.path[0]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where the field stands and what it covers begins and ends."""
        return (self.path, *(path for over in self.over if over.code is None for path in (over.start, over.stop)))

    @property
    def nested(self) -> bool:
        """Whether any of them lies inside a field of the frame."""
        return any(len(path) > 1 for path in self.paths)

    @property
    def decoded(self) -> bool:
        """Whether some of what it covers is what text spells."""
        return any(over.decode and not over.decode.startswith(RAW) for over in self.over)

    @property
    def wire(self) -> bool:
        """Whether some of what it covers are bytes as they stand on the wire."""
        return any(over.decode.startswith(RAW) for over in self.over)

    @property
    def codes(self) -> tuple[sc.Code, ...]:
        """The expressions that a measure works out for it."""
        told = (self.told,) if self.told is not None else ()
        return (*self.conditions, *told, *(over.code for over in self.over if over.code is not None))


@dataclass(frozen=True, slots=True, eq=False)
class FramingHint:
    """How units stand on the wire.  trailer: the type of what stands behind the end of one."""

    framing: Framing
    trailer: sc.ClassSpec | None = None
    #: Where each field of the trailer stands, counted from the end of the unit.
    behind: dict[sc.Attr, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class PartHint:
    """Some fields of a whole file in a row, and what they say before a byte is read (see `evidence`)."""

    attrs: tuple[sc.Attr, ...] = ()
    sync: tuple[bytes, ...] = ()
    bits: float = 0.0
    smallest: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class AroundHint:
    """What stands once around the frames of a file, in the class `root` that is the whole of it.

    preamble, trailer: its fields before the frames, and behind them; none where these are no matter.  most: bytes that
    the preamble may have, and the trailer.
    """

    root: sc.ClassSpec
    preamble: PartHint
    trailer: PartHint
    most: int


@dataclass(frozen=True, slots=True, eq=False)
class ElementHint:
    """A checksum of each element of a type, the one of this `number` of that type.  in_frame: whether it decides about
    the frame; else it is a finding of the record.
    """

    spec: sc.ClassSpec
    checksum: ChecksumHint
    in_frame: bool
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class SequenceHint:
    """The sequence counter."""

    attr: sc.Attr
    per: sc.Code | None
    step: int
    modulus: int
    when: sc.Code | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TimeHint:
    """The time of a frame."""

    code: sc.Code
    nanoseconds: int
    epoch: str | None


@dataclass(frozen=True, slots=True, eq=False)
class CodecHint:
    """One payload codec of an attribute.

    target: a type of the spec, where the name is one.  thing: a module of the user's own and what it has there, where
    the name is `module:object`.
    """

    attr: sc.Attr
    name: str
    when: sc.Code | None
    target: sc.ClassSpec | None
    thing: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NoteHint:
    """A note on the record."""

    attr: sc.Attr
    when: sc.Code
    code: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class MetadataHint:
    """Elements of a repeated attribute as a mapping of text."""

    attr: sc.Attr
    key: sc.Code
    value: sc.Code
    when: sc.Code | None
    #: When a frame is built: keys whose values are computed, and the key of the element that closes the list.
    derived: tuple[tuple[str, sc.Code], ...] = ()
    last: str | None = None


@dataclass(slots=True, eq=False)
class Hints:
    """All hints of one spec."""

    unit: sc.ClassSpec
    arguments: tuple[sc.Code, ...] = ()
    sync: tuple[bytes, ...] = ()
    max_frame: int = DEFAULT_FRAME
    min_frame: int = 1
    header_bits: float = 0.0
    checksums: tuple[ChecksumHint, ...] = ()
    elements: list[ElementHint] = field(default_factory=list)
    #: The fields that lead to elements which are checked.
    leads: set[sc.Attr] = field(default_factory=set)
    chain: int | None = None
    sequence: SequenceHint | None = None
    overtaken_by: str | None = None
    aborted_by_sync: bool = True
    framing: FramingHint | None = None
    around: AroundHint | None = None
    idle: tuple[bytes, ...] = ()
    idle_max: int | None = None
    time: TimeHint | None = None
    kind: sc.Code | None = None
    byte_order: sc.Code | None = None
    payload: sc.Attr | None = None
    codecs: list[CodecHint] = field(default_factory=list)
    notes: list[NoteHint] = field(default_factory=list)
    metadata: MetadataHint | None = None
    reasons: dict[sc.Attr, str] = field(default_factory=dict)
    max_sizes: dict[sc.Attr, int] = field(default_factory=dict)
    uniques: dict[sc.Attr, tuple[sc.Code, str]] = field(default_factory=dict)
    #: Ids of fields that a hint speaks of.
    mentioned: set[str] = field(default_factory=set)

    @property
    def closed(self) -> bool:
        """Whether the wire says where a unit ends, before it is measured."""
        return self.framing is not None and self.framing.framing.closed
