"""What the hints of a spec say, understood."""

from __future__ import annotations

from dataclasses import dataclass, field

from sigflow.compiler import schema as sc
from sigflow.diagnostics import Place
from sigflow.limits import DEFAULT_FRAME
from sigflow.runtime.envelope import CrcParameters


@dataclass(frozen=True, slots=True, eq=False)
class Over:
    """Covered bytes: from the first byte of `first` to the last of `last`; or an expression."""

    first: sc.Attr | None = None
    last: sc.Attr | None = None
    code: sc.Code | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ChecksumHint:
    """One checksum: the attribute that holds it, its algorithm and bytes, and what it covers."""

    attr: sc.Attr
    algorithm: str | CrcParameters
    size: int
    order: str
    over: tuple[Over, ...]
    zeroed: bool
    written: str
    place: Place  # of `over`
    when: sc.Code | None = None

    @property
    def conditions(self) -> tuple[sc.Code, ...]:
        """What must hold for a frame to have this checksum: `checksum.if`, and the `if` of its field."""
        return tuple(code for code in (self.when, self.attr.condition) if code is not None)


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
    """One payload codec of an attribute; `target` is a type of the spec, where the name is one."""

    attr: sc.Attr
    name: str
    when: sc.Code | None
    target: sc.ClassSpec | None


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
    chain: int | None = None
    sequence: SequenceHint | None = None
    overtaken_by: str | None = None
    aborted_by_sync: bool = True
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
