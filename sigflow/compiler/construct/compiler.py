"""From Construct objects to the types of a spec: one function for each kind of construct, in tables by class.

A construct becomes a `Fragment`.  Where one attribute says it all, the part is its keys, and whoever asked emits them;
where it takes several, they are emitted into the type at hand, and the part says what they mean together.  A construct
that is not declarative raises `Stays`: it is taken back to the nearest place whose bytes can be told, and left there to
Construct.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sigflow.compiler import naming
from sigflow.compiler.construct.places import Places
from sigflow.compiler.construct.scope import At, Meaning, Scope, Stays, kind_of, named, nothing
from sigflow.compiler.construct.tree import MAX_DEPTH, TypeBuilder
from sigflow.diagnostics import Place
from sigflow.runtime.construct.views import Adapted, Member, Opaque, View, Wrapped


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a construct became.  keys: of the one attribute that it is; None where it was emitted.  view: of the
    attribute, or of the object with what was emitted.
    """

    keys: dict[str, Any] | None
    view: View
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Stay:
    """A construct that Construct itself has to run, and why."""

    place: Place
    what: str
    why: str


class Compiler:
    """State: what stays Construct, the checksums seen, and the types of structs that were made before."""

    def __init__(self, places: Places, table: dict[str, Handler]) -> None:
        self.places = places
        self.table = table
        self.stays: list[Stay] = []
        #: Checksums that a known function computes: the field's id, the algorithm, and what it is over.
        self.checksums: list[dict[str, Any]] = []
        self.shared: dict[tuple[int, bool], tuple[TypeBuilder, Fragment]] = {}
        self.open: dict[tuple[int, bool], tuple[TypeBuilder, list[View]]] = {}
        #: Keeps what `shared` knows by its identity.
        self.kept: list[Any] = []

    # ---------------------------------------------------------------- one construct

    def part(self, con: Any, at: At) -> Fragment:
        """A construct, declarative or as bytes of constant size that Construct parses."""
        mark, stays, sums = at.builder.mark(), len(self.stays), len(self.checksums)
        try:
            return self.declared(con, at)
        except Stays as stay:
            self.undo(at, mark)
            del self.stays[stays:], self.checksums[sums:]
            size = fixed(con)
            if size is None or at.builder.bits or stay.whole:
                raise Stays(stay.why, stay.place or at.place, stay.whole) from None
            self.stays.append(Stay(stay.place or at.place, named(con), stay.why))
            return Fragment({"size": size}, Opaque(con), nothing("bytes"))

    def declared(self, con: Any, at: At) -> Fragment:
        """A construct that is declarative; raises `Stays` where it is not."""
        if at.builder.depth > MAX_DEPTH:
            raise Stays(f"nested deeper than {MAX_DEPTH} types", at.place)
        at = replace(at, node=self.places.of(con, at.node))
        handler = self.table.get(kind_of(con))
        if handler is None:
            return self.adapted(con, at)
        return handler(self, con, at)

    def adapted(self, con: Any, at: At) -> Fragment:
        """An Adapter: what it adapts is read as ever, the value is made by the adapter."""
        from construct import Adapter

        if not isinstance(con, Adapter):
            what = "is not declarative" if kind_of(con) else "is a class of the user's own"
            raise Stays(f"{named(con)} {what}", at.place)
        if at.encoding is not None:
            raise Stays("text of what an adapter makes", at.place)  # (the bytes are read, and the text is made of them)
        inner = self.part(con.subcon, replace(at, encoding=None))
        if kind_of(con) not in CONVERSIONS:
            self.stays.append(Stay(at.place, named(con), "an adapter"))
        return Fragment(inner.keys, Adapted(con, inner.view), nothing("adapted"))

    def renamed(self, con: Any, at: At) -> tuple[Any, At]:
        """A construct without its names, and the place where it stands."""
        docs = ""
        while kind_of(con) == "Renamed":
            docs = docs or con.docs
            if con.name and con.name != at.name:
                node = self.places.field(con.name, self.places.of(con, at.node))
                path = f"{at.path}/{con.name}"
                at = replace(at, name=con.name, node=node, place=self.places.place(node, path), path=path)
            con = con.subcon
        return con, replace(at, docs=str(docs or ""))

    def member(self, con: Any, at: At, id: str = "") -> Fragment:
        """A construct as attributes of the type at hand.  id: the one it shall have, where it is one attribute."""
        con, at = self.renamed(con, at)
        docs, at = at.docs, replace(at, docs="")
        part = self.part(con, at)
        if part.keys is None:
            return part
        keys = {**part.keys, "doc": docs} if docs else part.keys
        id = at.builder.emit(at.name, keys, at.place, id)
        return Fragment(None, Member(naming.attribute(id), id, part.view), part.meaning.within(f"@{id}"))

    def single(self, con: Any, at: At) -> Fragment:
        """A construct as one attribute, of a type that only the spec has where it takes several."""
        con, at = self.renamed(con, at)
        mark = at.builder.mark()
        part = self.part(con, replace(at, docs=""))
        if part.keys is not None:
            return part
        self.undo(at, mark)
        return self.wrapped(con, at)

    def wrapped(self, con: Any, at: At) -> Fragment:
        """A construct inside a type of its own, which makes no context."""
        builder = at.builder.child(at.name, at.place, at.builder.bits)
        inner = self.member(con, replace(at, builder=builder, docs="", name="value", whole=False))
        text = inner.meaning.text
        meaning = replace(inner.meaning, text=text.replace("@", "$.") if text is not None else None)
        return Fragment({"type": builder.id}, Wrapped(inner.view), meaning)

    def region(self, con: Any, at: At, extent: dict[str, Any]) -> Fragment:
        """A construct that stands alone in bytes of known extent: what is not declarative is parsed of the bytes."""
        con, at = self.renamed(con, at)
        if positions_count_on() and positioned(con):
            raise Stays("positions in a region, which count from the beginning of the stream", at.place, whole=True)
        mark, stays, sums = at.builder.mark(), len(self.stays), len(self.checksums)
        at = replace(at, docs="")
        try:
            if kind_of(con) in WHOLE:
                part = self.declared(con, replace(at, whole=True))
                if part.keys is not None and not part.keys.keys() & extent.keys() and "repeat" not in part.keys:
                    return Fragment({**part.keys, **extent}, part.view, part.meaning)
                self.undo(at, mark)
            elif at.encoding is not None:
                raise Stays("text of what is no bytes", at.place)
            inner = self.wrapped(con, at)
            assert inner.keys is not None  # (it is a type)
            return Fragment({**inner.keys, **extent}, inner.view, inner.meaning)
        except Stays as stay:
            self.undo(at, mark)
            del self.stays[stays:], self.checksums[sums:]
            if at.encoding is not None or stay.whole:
                raise
            self.stays.append(Stay(stay.place or at.place, named(con), stay.why))
            return Fragment(dict(extent), Opaque(con), nothing("bytes"))

    def undo(self, at: At, mark: tuple[Any, ...]) -> None:
        """Take back what was emitted since the mark, and forget the types that went with it."""
        at.builder.reset(mark)
        types = at.builder.root.types
        self.shared = {key: entry for key, entry in self.shared.items() if types.get(entry[0].id) is entry[0]}

    # ---------------------------------------------------------------- contexts

    def entered(self, at: At, builder: TypeBuilder) -> At:
        """The place inside a construct that has a context of its own."""
        scope = Scope(builder, at.scope)
        return replace(at, builder=builder, scope=scope, encoding=None, whole=False)


def positions_count_on() -> bool:
    """Whether positions inside a region count from the beginning of the stream, as from Construct 2.10.69 on, or from
    that of the region, as Kaitai's do.
    """
    import construct.core

    return hasattr(construct.core, "BytesIOWithOffsets")


def positioned(con: Any, seen: set[int] | None = None) -> bool:
    """Whether a position is told or asked for anywhere in a construct."""
    from construct import Construct

    seen = set() if seen is None else seen
    if id(con) in seen:
        return False
    seen.add(id(con))
    if kind_of(con) in POSITIONS:
        return True
    if kind_of(con) == "LazyBound":
        # The function may make another object each time: what is looked through once is its code.
        code = id(getattr(con.subconfunc, "__code__", con.subconfunc))
        if code in seen:
            return False
        seen.add(code)
        return positioned(con.subconfunc(), seen)
    inner: list[Any] = []
    for part in vars(con).values() if isinstance(con, Construct) else ():
        inner += part.values() if isinstance(part, dict) else part if isinstance(part, list | tuple) else [part]
    return any(positioned(part, seen) for part in inner if isinstance(part, Construct))


def fixed(con: Any) -> int | None:
    """The size in bytes, or bits, that a construct has whatever it reads; None where there is none."""
    try:
        size = con.sizeof()
    except Exception:  # (it may call functions of the user's own, which lack a context)
        return None
    return size if isinstance(size, int) and size >= 0 else None


#: Constructs that tell, or ask for, a position in the stream.
POSITIONS = frozenset(("Tell", "Pointer", "Seek", "RawCopy"))
#: Adapters of Construct's own, which change a value in one way that is known.
CONVERSIONS = frozenset(("EpochTimestampAdapter", "MsdosTimestampAdapter"))
#: Constructs that may take the bytes of a region as they are, in one attribute.
WHOLE = frozenset(("GreedyBytes", "StringEncoded", "NullStripped", "Struct", "Sequence", "Switch", "Hex", "HexDump"))

Handler = Callable[[Compiler, Any, At], Fragment]
