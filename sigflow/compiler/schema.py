"""A spec as understood: what `ksy` makes of the YAML tree.  Names are not resolved yet; every thing keeps its place.

Nodes are compared by identity: two attributes that read alike are still two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sigflow.compiler import expression as ex
from sigflow.compiler.source import Mapping, Node, Scalar
from sigflow.diagnostics import Place
from sigflow.runtime.stuffing import Stuffing

NOWHERE = Place()


@dataclass(frozen=True, slots=True, eq=False)
class _Written:
    """What was read from a scalar."""

    scalar: Scalar

    @property
    def text(self) -> str:
        """The scalar's text."""
        return self.scalar.text

    @property
    def place(self) -> Place:
        """The place of the scalar."""
        return self.scalar.place

    def at(self, offset: int) -> Place:
        """The place of what stands at this offset of the text."""
        return self.scalar.at(offset)


@dataclass(frozen=True, slots=True, eq=False)
class Code(_Written):
    """An expression with the scalar it stands in."""

    expr: ex.Expr


@dataclass(frozen=True, slots=True, eq=False)
class TypeRef(_Written):
    """A type as an attribute names it."""

    name: ex.TypeName


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One case of a switch; `on` is None for the else case `_`."""

    on: Code | None
    type: TypeRef
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Switch:
    """`type: {switch-on, cases}`."""

    on: Code
    cases: tuple[Case, ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """`repeat`: kind `eos`, `expr` or `until`."""

    kind: str
    code: Code | None
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Valid:
    """`valid`: kind `eq`, `range` (min, max), `any-of`, `in-enum` or `expr`."""

    kind: str
    codes: tuple[Code | None, ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Process:
    """`process`: `zlib`, `xor(k)`, `rol(n)`, `ror(n)`, or a dotted name."""

    path: tuple[str, ...]
    arguments: tuple[ex.Expr, ...]
    scalar: Scalar
    place: Place
    #: Of `-sigflow-unstuff`, which stands in for a process: what is undone.
    stuffing: Stuffing | None = None
    #: The literal that ends what is stuffed, where the attribute has one: looked for in the stuffed bytes.
    end: bytes = b""


@dataclass(frozen=True, slots=True, eq=False)
class Doc:
    """`doc` and `doc-ref`."""

    text: str = ""
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Attr:
    """A field of `seq`, or an instance (`pos` / `io` / `value`)."""

    id: str
    place: Place
    id_place: Place
    type: TypeRef | Switch | None = None
    contents: bytes | None = None
    size: Code | None = None
    size_eos: bool = False
    terminator: bytes | None = None
    include: bool = False
    consume: bool = True
    eos_error: bool = True
    pad_right: int | None = None
    encoding: str | None = None
    enum: TypeRef | None = None
    condition: Code | None = None
    repeat: Repeat | None = None
    valid: Valid | None = None
    process: Process | None = None
    parent: Code | None = None
    no_parent: bool = False
    pos: Code | None = None
    io: Code | None = None
    value: Code | None = None
    is_instance: bool = False
    doc: Doc = Doc()
    hints: dict[str, Node] = field(default_factory=dict)
    hint_keys: dict[str, Scalar] = field(default_factory=dict)
    key_places: dict[str, Place] = field(default_factory=dict)
    #: It has an unknown key, which may be a misspelling of what it seems to lack.
    doubtful: bool = False

    def key(self, key: str) -> Place:
        """The place of the value of one of the attribute's keys."""
        return self.key_places.get(key, self.place)

    @property
    def anywhere(self) -> bool:
        """Whether its terminator may stand at any place, and not only at multiples of its own size."""
        node = self.hints.get("-sigflow-terminator")
        return self.ended or (isinstance(node, Scalar) and node.text == "anywhere")

    @property
    def ended(self) -> bool:
        """Whether its terminator ends stuffed bytes, and is looked for where nothing of it is stuffed."""
        return self.process is not None and bool(self.process.end)

    @property
    def checked(self) -> bool:
        """Whether a value of it may be refused."""
        return self.valid is not None or self.contents is not None

    @property
    def physical(self) -> tuple[float, float, str] | None:
        """(scale, offset, unit) of a field that measures something."""
        texts = [
            node.text if isinstance(node := self.hints.get(f"-sigflow-{key}"), Scalar) else None
            for key in ("scale", "offset", "unit")
        ]
        if texts == [None, None, None]:
            return None
        scale, offset, unit = texts
        return float(scale or 1), float(offset or 0), unit or ""


@dataclass(frozen=True, slots=True, eq=False)
class Param:
    """A parameter of a type.  `doubtful`: its type could not be read."""

    id: str
    place: Place
    id_place: Place
    type: TypeRef | None
    enum: TypeRef | None
    doc: Doc = Doc()
    doubtful: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class EnumEntry:
    """One value of an enum."""

    value: int
    id: str
    place: Place
    doc: Doc = Doc()


@dataclass(frozen=True, slots=True, eq=False)
class Enum:
    """An enum; `owner` is the class it is written in."""

    id: str
    place: Place
    entries: tuple[EnumEntry, ...]
    owner: Any  # ClassSpec, which is defined below and refers back
    #: An entry of it could not be read: a label that it seems to lack may be there.
    broken: bool = False
    #: The entries by label, made when one is asked for.
    _index: dict[str, EnumEntry] = field(default_factory=dict)

    def entry(self, label: str) -> EnumEntry | None:
        """The entry of this label, if there is one."""
        if not self._index:
            self._index.update((entry.id, entry) for entry in self.entries)
        return self._index.get(label)


@dataclass(frozen=True, slots=True, eq=False)
class Endian:
    """A calculated byte order; a case with `on` None is the else."""

    on: Code
    cases: tuple[tuple[Code | None, str], ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Import:
    """One of `meta/imports`."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Meta:
    """`meta`, of a spec or of a nested type."""

    id: str = ""
    place: Place = NOWHERE
    title: str = ""
    endian: str | Endian | None = None
    bit_endian: str | None = None
    encoding: str | None = None
    encoding_place: Place = NOWHERE
    imports: tuple[Import, ...] = ()
    debug: bool = False
    opaque_types: bool = False
    #: It has an unknown key or value, which may be what the types seem to lack.
    doubtful: bool = False


@dataclass(slots=True, eq=False)
class ClassSpec:
    """A type: the top level of a spec, or one under `types`.

    Not frozen only because `up` and `types` refer to each other; nothing changes it once `ksy` is done.
    """

    id: str
    place: Place
    up: ClassSpec | None
    file: str
    id_place: Place = NOWHERE
    meta: Meta = Meta()
    doc: Doc = Doc()
    params: tuple[Param, ...] = ()
    seq: tuple[Attr, ...] = ()
    instances: dict[str, Attr] = field(default_factory=dict)
    types: dict[str, ClassSpec] = field(default_factory=dict)
    enums: dict[str, Enum] = field(default_factory=dict)
    to_string: Code | None = None
    hints: dict[str, Node] = field(default_factory=dict)
    hint_keys: dict[str, Scalar] = field(default_factory=dict)
    #: A member of it could not be read: what it seems to lack may be there.
    broken: bool = False
    #: Of a top-level class: what its module and its format are called, where hints that stand beside it name them.
    alias: str = ""
    #: The members by id, made when one is asked for: once nothing is added any more.
    _index: dict[str, Attr | Param] = field(default_factory=dict)

    @property
    def top(self) -> ClassSpec:
        """The spec's top-level class."""
        spec = self
        while spec.up is not None:
            spec = spec.up
        return spec

    @property
    def path(self) -> tuple[str, ...]:
        """The ids from the top level down to this class."""
        return (*self.up.path, self.id) if self.up else (self.id,)

    @property
    def doubtful(self) -> bool:
        """Whether a `meta` in force here has a mistake."""
        return self.meta.doubtful or (self.up is not None and self.up.doubtful)

    @property
    def title(self) -> str:
        """The path as an expression writes it."""
        return "::".join(self.path)

    @property
    def limits(self) -> dict[str, int]:
        """The bounds of `-sigflow-limits`."""
        node = self.hints.get("-sigflow-limits")
        if not isinstance(node, Mapping):
            return {}
        return {
            key.text: value.integer for key, value in node if isinstance(value, Scalar) and value.integer is not None
        }

    def walk(self) -> Iterator[ClassSpec]:
        """This class and all nested in it, outer first."""
        stack = [self]
        while stack:
            spec = stack.pop()
            yield spec
            stack.extend(reversed(spec.types.values()))

    def attrs(self) -> Iterator[Attr]:
        """The fields, then the instances."""
        yield from self.seq
        yield from self.instances.values()

    def member(self, id: str) -> Attr | Param | None:
        """The field, instance or param of this id."""
        if not self._index:
            members: list[Attr | Param] = [*self.params, *self.instances.values(), *reversed(self.seq)]
            self._index.update((member.id, member) for member in members)
        return self._index.get(id)

    def member_ids(self) -> Iterator[str]:
        """The ids of all members."""
        yield from (attr.id for attr in self.seq)
        yield from self.instances
        yield from (param.id for param in self.params)


@dataclass(frozen=True, slots=True, eq=False)
class Spec:
    """One file: its top-level class, and what it imports by the name written."""

    file: str
    top: ClassSpec
    text: str
    root: Mapping
    imported: dict[str, Spec] = field(default_factory=dict)
