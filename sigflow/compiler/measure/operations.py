"""The operations of a measure: what is done with the bytes of a frame, field by field, until its end is known.

A measure is a tuple of these for each class that is read without a size of its own.  They say what happens and in
which order, never how it is written: every printer of a measure walks the same list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sigflow.compiler import schema as sc
from sigflow.compiler.model import User, Wire
from sigflow.compiler.plan import Step
from sigflow.runtime.stuffing import Stuffing

#: How many: known beforehand, or told by an expression.
Size = int | sc.Code


@dataclass(frozen=True, slots=True)
class Source:
    """What follows comes from this field of the spec."""

    step: Step


@dataclass(frozen=True, slots=True)
class Need:
    """The bytes of fields in a row must have arrived: their sizes, or the widths of bit fields."""

    sizes: tuple[int, ...]
    bits: bool = False


@dataclass(frozen=True, slots=True)
class NeedComputed:
    """So many bytes must have arrived.  negative: the reason where that is below zero; None for the general one."""

    size: sc.Code
    negative: str | None = None


@dataclass(frozen=True, slots=True)
class NeedTerminator:
    """The terminator of the bytes that begin here must have arrived.  anywhere: it may stand at any place.  stuffing:
    it ends bytes that are stuffed so.
    """

    term: bytes
    anywhere: bool = False
    stuffing: Stuffing | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A value, whose bytes are there.  undone: whether what the spec says under `process` is undone."""

    step: Step
    wire: Wire
    undone: bool = True


@dataclass(frozen=True, slots=True)
class Measure:
    """An object without a size of its own, measured in turn.  size: its bytes, where that is a constant and nothing in
    it is looked at.
    """

    step: Step
    wire: User
    size: int | None


@dataclass(frozen=True, slots=True)
class Skip:
    """Bytes that nothing looks at: they need not have arrived.  count: how often `size`, for a list.  negative: the
    reason where that is below zero.
    """

    step: Step
    size: Size
    count: sc.Code | None
    negative: str


@dataclass(frozen=True, slots=True)
class Predicate:
    """What must hold for a value: it is `equal` to the one here, at `least` or at `most` it, `among` these, a `member`
    of the enum, or makes the expression `true`.
    """

    kind: str
    values: tuple[bytes | sc.Code, ...] = ()
    enum: sc.Enum | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """The frame is refused for `reason` unless the value just read passes."""

    step: Step
    predicate: Predicate
    reason: str


@dataclass(frozen=True, slots=True)
class Unique:
    """The frame is refused for `reason` where an element of the same key came before."""

    key: sc.Code
    reason: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Keep where a field of the class starts, or stops, by its name.  inner: with its object, for the frame to ask;
    else in a local.  less: bytes of a terminator that lie before this place and are none of the field's.
    """

    name: str
    stop: bool
    inner: bool
    less: int = 0


@dataclass(frozen=True, slots=True)
class Enter:
    """Until `Leave`: where a field reaches more than so many bytes beyond here, it is refused for `reason`."""

    step: Step
    limit: int
    reason: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The end of what the last `Enter` began."""


@dataclass(frozen=True, slots=True)
class Branch:
    """What is done where a field's `if` holds."""

    step: Step
    condition: sc.Code
    then: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """One of several ways by a value; otherwise: where no case applies, None where then nothing is read."""

    step: Step
    on: sc.Code
    cases: tuple[tuple[sc.Code, tuple[Operation, ...]], ...]
    otherwise: tuple[Operation, ...] | None


@dataclass(frozen=True, slots=True)
class Loop:
    """What is done with each element of a list."""

    step: Step
    repeat: sc.Repeat
    body: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A kept place: the mark, and the fields that lead to the object which keeps it.  Inside an object with a stream of
    its own, places count from where that begins.
    """

    owner: tuple[sc.Attr, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Behind:
    """A place so many bytes behind the end of a unit: in its trailer."""

    offset: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """The bytes between two sums of places; decode: the encoding, where they are a text that spells what is covered."""

    start: tuple[Place | Behind, ...]
    stop: tuple[Place | Behind, ...]
    decode: str = ""


@dataclass(frozen=True, slots=True)
class Covered:
    """A checksum of the frame: `inner` bytes from the sum of the places `stored` on stands its value; it covers
    stretches, or what an expression gives; a frame has it where all conditions hold.  told: what gives a value of it.
    """

    stored: tuple[Place | Behind, ...]
    inner: int
    pieces: tuple[Stretch | sc.Code, ...]
    conditions: tuple[sc.Code, ...]
    told: sc.Code | None = None


@dataclass(frozen=True, slots=True)
class Elements:
    """A checksum of each element of a type: the one of this number."""

    spec: sc.ClassSpec
    number: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The frame ends here; where its checksums stand and what they cover, and of which elements it has more."""

    checksums: tuple[Covered, ...]
    elements: tuple[Elements, ...] = ()


#: What one field of a class is, beside what stands around it.
Field = Read | Measure | Skip | Branch | Switch | Loop
Operation = Field | Source | Need | NeedComputed | NeedTerminator | Check | Unique | Mark | Enter | Leave | Finish


def predicates(attr: sc.Attr, enum: sc.Enum | None) -> Iterator[Predicate]:
    """What `contents` and `valid` say of a field, in the order in which it is asked."""
    if attr.contents is not None:
        yield Predicate("equal", (attr.contents,))
    valid = attr.valid
    if valid is None:
        return
    codes = tuple(code for code in valid.codes if code is not None)
    if valid.kind == "range":
        yield from (
            Predicate(kind, (code,))
            for kind, code in zip(("least", "most"), valid.codes, strict=True)
            if code is not None
        )
    else:
        yield Predicate(_KINDS[valid.kind], codes, enum if valid.kind == "in-enum" else None)


_KINDS = {"eq": "equal", "any-of": "among", "in-enum": "member", "expr": "true"}
