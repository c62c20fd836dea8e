"""How objects of generated classes are written: what the compiler says of it, as data.

A generated module has a function `_writing`, which gives a `ClassWriting` for each class by what follows.  It is made
of the same plan that the parser is printed from, and says the same: one `Put` for each field, in order.  Who writes
(`walk`), checks or generates values carries it out.

An expression of the spec is a `Formula`: a function of the object, of the index in a list and of the element `_`.
With it goes how it is solved for the fields in it: what a length must be so that the expression gives this size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from sigflow.frozen import frozen
from sigflow.runtime.stuffing import Stuffing


@frozen
class Solution:
    """How a formula is solved for one number in it.

    name: the attribute, of the object that owner(self, i, element) gives; None for `owner`: of the object itself.
    index: where that attribute is a list, the place in it.  value(self, i, element, n): what it must be for the formula
    to give n; None where nothing will do.  part: it is only some bits of what is looked for, the others make up the
    rest.
    """

    name: str
    value: Callable[[Any, Any, Any, Any], Any]
    owner: Callable[[Any, Any, Any], Any] | None = None
    index: Callable[[Any, Any, Any], int] | None = None
    part: bool = False


@frozen
class Branch:
    """A conditional in an expression.  text: its condition as the spec writes it.

    holds(self, i, element): whether it holds.  outer: where it stands in a branch of another conditional of the same
    expression, the number of that one, and whether it is the branch where that condition holds.
    """

    text: str
    holds: Callable[[Any, Any, Any], Any]
    outer: tuple[int, bool] | None = None


@frozen
class Formula:
    """An expression.  value(self, i, element): what it gives.  solutions: see there, one for each field in it."""

    value: Callable[[Any, Any, Any], Any]
    solutions: tuple[Solution, ...] = ()
    #: As the spec writes it.
    text: str = ""
    #: The conditionals in it.
    branches: tuple[Branch, ...] = ()
    #: Whether it asks a stream for its size or position, which the bytes that it speaks of may change.
    of_stream: bool = False


#: A number that the spec says, or an expression.
Amount = int | Formula


@frozen
class Process:
    """What was done to bytes: `zlib`, `xor`, `rol`, `ror`, a stuffing, or a class of the user's (`own`)."""

    name: str
    arguments: tuple[Formula, ...] = ()
    stuffing: Stuffing | None = None
    own: Callable[..., Any] | None = None


@frozen
class Extent:
    """Which bytes a value stands in: so many, all that is left, or up to a terminator, and how they are filled."""

    contents: bytes | None = None
    size: Amount | None = None
    eos: bool = False
    term: bytes | None = None
    include: bool = False
    consume: bool = True
    eos_error: bool = True
    pad: int | None = None
    process: Process | None = None
    #: Whether the terminator may stand at any place, and not only at multiples of its own size.
    anywhere: bool = False
    #: Of a terminator that is the literal which ends stuffed bytes.
    ended: Stuffing | None = None


@frozen
class PutNumber:
    """A number: kind `u`, `s` or `f`, its bytes, and `le`, `be`, `calc` or ``, as the object's class says."""

    kind: str
    size: int
    order: str = ""


@frozen
class PutBits:
    """A bit field."""

    width: int
    order: str
    boolean: bool = False


@frozen
class PutBytes:
    """Bytes."""

    extent: Extent


@frozen
class PutText:
    """A text in an encoding, by Python's name of it."""

    extent: Extent
    encoding: str


@frozen
class PutObject:
    """An object of a class, in the stream at hand or, with an extent, in one of its own.

    target: the class.  arguments: its params.  parent(self, i, element): its parent, None for the object at hand;
    no_parent: it has none.
    """

    target: type[Any]
    arguments: tuple[Formula, ...] = ()
    extent: Extent | None = None
    parent: Callable[[Any, Any, Any], Any] | None = None
    no_parent: bool = False


@frozen
class PutCase:
    """One of several, by the value of an expression; a case with None is what is left."""

    on: Formula
    cases: tuple[tuple[Formula | None, Wire], ...]


Wire = PutNumber | PutBits | PutBytes | PutText | PutObject | PutCase


@frozen
class Check:
    """What a value must be.  kind: `equal`, `least`, `most`, `among`, `member` or `true`.

    refuses(self, i, element): whether it is refused.  wanted: what it must be, for people; for `equal` also what it is.
    text: the expression of `true` as the spec writes it; branches: the conditionals in it.
    """

    kind: str
    refuses: Callable[[Any, Any, Any], Any]
    wanted: Callable[[Any, Any, Any], Any] | None = None
    text: str = ""
    branches: tuple[Branch, ...] = ()


@frozen
class Repeat:
    """A list: kind `expr`, of so many, `until`, or `eos`."""

    kind: str
    code: Formula | None = None


@frozen
class Metadata:
    """A list of elements as a mapping of texts (`-sigflow-metadata`).

    key, value: what the texts of an element are.  derived: values that are computed, by their keys.  last: the key of
    the element that closes the list, which has no value.
    """

    key: Formula
    value: Formula
    derived: tuple[tuple[str, Formula], ...] = ()
    last: str | None = None


@frozen
class Put:
    """A field, or an instance that stands at a place.  name: of the attribute; id: in the spec."""

    name: str
    id: str
    wire: Wire
    enum: type[Any] | None = None
    condition: Formula | None = None
    repeat: Repeat | None = None
    checks: tuple[Check, ...] = ()
    #: (line, column, YAML path) in the spec.
    place: tuple[int, int, str] = (0, 0, "")
    #: Of an instance: where it stands, and in which stream.
    pos: Formula | None = None
    io: Callable[[Any, Any, Any], Any] | None = None
    #: What it is where nothing was given (`-sigflow-default`).
    default: Formula | None = None
    #: The spec gives it no id: nobody can give it a value by one.
    unnamed: bool = False
    #: (scale, offset, unit) of what measures something.
    physical: tuple[float, float, str] | None = None
    #: Of a list that may be given as a mapping of texts.
    metadata: Metadata | None = None


@frozen
class Computed:
    """A value instance."""

    name: str
    id: str
    formula: Formula
    condition: Formula | None = None
    place: tuple[int, int, str] = (0, 0, "")


class ClassWriting:
    """How objects of one class are written.  id: its type in the spec.  order: `le`, `be`, `calc` or `inherited`;
    endian(self): whether it is little-endian, of a class that says so itself.  params: the names of its params.
    """

    def __init__(
        self,
        target: type[Any],
        id: str,
        puts: tuple[Put, ...],
        instances: tuple[Put | Computed, ...] = (),
        *,
        params: tuple[str, ...] = (),
        order: str = "",
        endian: Callable[[Any], bool] | None = None,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        self.target = target
        self.id = id
        self.puts = puts
        self.instances = instances
        self.params = params
        self.order = order
        self.endian = endian
        self.limits = dict(limits or {})

    @cached_property
    def members(self) -> dict[str, Put | Computed]:
        """Fields and instances by attribute."""
        return {member.name: member for member in (*self.puts, *self.instances)}

    @cached_property
    def ids(self) -> dict[str, Put | Computed]:
        """Fields and instances by what the spec calls them."""
        return {member.id: member for member in (*self.puts, *self.instances)}


def writing_of(target: type[Any]) -> ClassWriting | None:
    """How objects of a generated class are written; None for a class that no compiler of ours made."""
    space: dict[str, Any] = getattr(getattr(target, "_read", None), "__globals__", {})
    known: dict[type[Any], ClassWriting] | None = space.get("_WRITINGS")
    if known is None:
        describe = space.get("_writing")
        if describe is None:
            return None
        known = space["_WRITINGS"] = describe()
    return known.get(target)


def exactly(number: Any, divisor: Any) -> Any:
    """`number / divisor`, where that is whole; else None."""
    if not divisor or number is None or number % divisor:
        return None
    return number // divisor


def spelled(number: Any) -> str | None:
    """A number in decimal digits; None for none."""
    return None if number is None else str(number)
