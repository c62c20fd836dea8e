"""Constructs of several parts: structs and sequences, lists, bits, and schemas that name themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sigflow.compiler.construct.choices import infallible
from sigflow.compiler.construct.compiler import Compiler, Fragment, fixed
from sigflow.compiler.construct.expressions import condition, number
from sigflow.compiler.construct.regions import pointed
from sigflow.compiler.construct.scope import At, Meaning, Stays, kind_of, nothing
from sigflow.compiler.construct.tree import TypeBuilder, id_of, node_of
from sigflow.runtime.construct.groups import Component, Elsewhere, Fields, Focused, Items, Overlaid, Sought, Stopped
from sigflow.runtime.construct.views import Changed, Counted, Fixed, Listed, Opaque, Same, View, Wrapped


def structure(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Struct` and `Sequence`: a type."""
    key = (id(con), at.builder.bits)
    if key in compiler.shared:
        return compiler.shared[key][1]
    if key in compiler.open:
        outer, views = compiler.open[key]
        outer.recursive = True
        return Fragment({"type": outer.id}, Wrapped(Recursive(views)), Meaning("$", "struct"))
    builder = at.builder.child(at.name, at.place, at.builder.bits)
    cell: list[View] = []
    compiler.open[key] = (builder, cell)
    try:
        view, members = contents(compiler, con, at, builder)
    finally:
        del compiler.open[key]
    cell.append(view)
    if builder.recursive and builder.outward:
        raise Stays("a schema that contains itself, and asks for what is outside of it", at.place)
    part = Fragment({"type": builder.id}, Wrapped(view), Meaning("$", "struct", members=members))
    if not builder.outward:
        compiler.shared[key] = (builder, part)
        compiler.kept.append(con)
    return part


@dataclass(frozen=True, slots=True)
class Recursive:
    """The view of a schema inside itself, which is complete once the schema is."""

    cell: list[View]

    def take(self, held: Any, context: Any) -> Any:
        return self.cell[0].take(held, context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        return self.cell[0].put(value, context, into, key)


def contents(compiler: Compiler, con: Any, at: At, builder: TypeBuilder) -> tuple[View, dict[str, Meaning]]:
    """The parts of a struct or a sequence, put into a type; returns their view and what their names mean."""
    inner = compiler.entered(at, builder)
    pieces: list[Component] = []
    elsewhere = ""
    for index, sub in enumerate(con.subcons):
        bare, place = compiler.renamed(sub, replace(inner, name=""))
        name = place.name
        if kind_of(bare) == "StopIf":
            text = condition(bare.condfunc, inner)
            before = f"{builder.condition} and " if builder.condition else ""
            builder.condition = f"{before}(not {text.replace('@', '')})"
            pieces.append(Component(None, True, Stopped(bare.condfunc)))
            continue
        if kind_of(bare) == "Seek":
            elsewhere, inner = _moved(bare, inner, builder)
            pieces.append(Component(name or None, True, Sought(bare.at)))
            continue
        place = replace(place, name=name or id_of(type(bare).__name__), builder=inner.builder)
        ended = index + 1 < len(con.subcons) and type(con.subcons[index + 1]).__name__ == "Terminated"
        if ended and type(bare).__name__ == "GreedyRange" and not elsewhere:
            part = _to_the_end(compiler, bare, place)
        else:
            part = compiler.member(bare, place)
        view = Elsewhere(elsewhere, part.view) if elsewhere else part.view
        pieces.append(Component(name or None, bool(sub.flagbuildnone), view))
        if name:
            meaning = part.meaning
            if elsewhere and meaning.text is not None:
                meaning = replace(meaning, text=meaning.text.replace("@", f"@{elsewhere}."))
            inner.scope.names[name] = meaning
    kind = Items if kind_of(con) == "Sequence" else Fields
    return kind(tuple(pieces)), inner.scope.names


def _moved(con: Any, at: At, builder: TypeBuilder) -> tuple[str, At]:
    """`Seek` to a place counted from the beginning, in the outermost struct: what follows stands there, as an instance.

    Returns its id, and the place inside it.
    """
    if con.whence != 0 or at.scope.up is not None or at.builder is not builder or builder.bits:
        raise Stays("a Seek that is not to a place from the beginning, once in the outermost struct", at.place)
    made = builder.child("moved", at.place)
    id = builder.instance("moved", {"pos": number(con.at, at), "type": made.id}, at.place)
    return id, at.inside(made)


def union(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Union`: several constructs of the same bytes, one of which says how many they are."""
    names = [sub.name for sub in con.subcons]
    chosen = con.parsefrom
    if at.builder.bits or callable(chosen) or chosen is None:
        raise Stays("a Union that does not say which of its parts is passed", at.place)
    chosen = names.index(chosen) if isinstance(chosen, str) else chosen
    builder = at.builder.child(at.name, at.place)
    inner = compiler.entered(at, builder)
    builder.params.append(node_of({"id": "start", "type": "s8"}, at.place))
    builder.taken.add("start")
    parts: list[Component] = []
    for index, sub in enumerate(con.subcons):
        bare, place = compiler.renamed(sub, inner.called(f"part_{index}"))
        part = compiler.member(bare, place) if index == chosen else pointed(compiler, bare, place, "start")
        parts.append(Component(sub.name or None, True, part.view))
        if sub.name:
            inner.scope.names[sub.name] = part.meaning
    view = Overlaid(tuple(parts), tuple(con.subcons), chosen)
    meaning = Meaning("$", "struct", members=inner.scope.names)
    return Fragment({"type": f"{builder.id}(_io.pos)"}, Wrapped(view), meaning)


def focused(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`FocusedSeq`, and `PrefixedArray`, which is one."""
    names = [sub.name for sub in con.subcons]
    if names == ["count", "items"] and con.parsebuildfrom == "items":
        return _counted(compiler, con, at)
    focus = con.parsebuildfrom
    if not isinstance(focus, str):
        raise Stays("a focus that is computed", at.place)
    builder = at.builder.child(at.name, at.place, at.builder.bits)
    view, members = contents(compiler, con, at, builder)
    assert isinstance(view, Fields)
    meaning = members.get(focus, nothing())
    text = meaning.text.replace("@", "$.") if meaning.text is not None else None
    return Fragment({"type": builder.id}, Wrapped(Focused(view.parts, focus)), replace(meaning, text=text))


def _counted(compiler: Compiler, con: Any, at: At) -> Fragment:
    """A count, and so many elements, in the type at hand."""
    inner = compiler.entered(at, at.builder)
    counter, items = con.subcons
    count_con, _ = compiler.renamed(counter, inner)
    count_con = count_con.subcon if kind_of(count_con) == "Rebuild" else count_con
    count = compiler.member(count_con, replace(inner, name=f"{at.name}_count", docs=""))
    inner.scope.names["count"] = count.meaning
    list_con, _ = compiler.renamed(items, inner)
    listed = compiler.member(list_con, replace(inner, name=at.name))
    parts = (Component("count", True, _Unsaid(count.view)), Component("items", False, listed.view))
    return Fragment(None, Focused(parts, "items"), listed.meaning)


@dataclass(frozen=True, slots=True)
class _Unsaid:
    """A count that is derived when a frame is built."""

    inner: View

    def take(self, held: Any, context: Any) -> Any:
        return self.inner.take(held, context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        return None


# ------------------------------------------------------------ lists


def _element(compiler: Compiler, con: Any, at: At) -> Fragment:
    """The part of one element, which is no list itself."""
    place = replace(at, name=f"{at.name}_item", encoding=None, whole=False)
    part = compiler.single(con, place)
    assert part.keys is not None  # (a single part)
    if "repeat" in part.keys or "if" in part.keys or not part.keys:
        part = compiler.wrapped(*compiler.renamed(con, place))
    return part


def array(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Array`: so many elements."""
    if con.discard:
        raise Stays("elements that are discarded", at.place)
    part = _element(compiler, con.subcon, at)
    assert part.keys is not None  # (an element)
    keys = {**part.keys, "repeat": "expr", "repeat-expr": number(con.count, at).replace("@", "")}
    count = con.count if isinstance(con.count, int) else None
    return Fragment(
        keys, Counted(con.count, Listed(part.view)), Meaning("$", "list", element=part.meaning, count=count)
    )


def repeat_until(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`RepeatUntil`: elements up to the first for which an expression holds."""
    if con.discard:
        raise Stays("elements that are discarded", at.place)
    part = _element(compiler, con.subcon, at)
    assert part.keys is not None  # (an element)
    id = at.builder.fresh(at.name)
    listed = Meaning(id, "list", element=part.meaning)
    until = condition(con.predicate, replace(at, item=part.meaning.within("_"), listed=listed))
    keys = {**part.keys, "repeat": "until", "repeat-until": until.replace("@", "")}
    at.builder.emit(at.name, keys, at.place, id)
    from sigflow.compiler import naming
    from sigflow.runtime.construct.views import Member

    view = Member(naming.attribute(id), id, Listed(part.view))
    return Fragment(None, view, Meaning(f"@{id}", "list", element=part.meaning))


def greedy_range(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`GreedyRange`: elements while they can be read; declarative where only the end of the bytes can stop it."""
    size = fixed(con.subcon)
    if con.discard or not size or not infallible(con.subcon) or at.builder.bits:
        raise Stays("elements until one cannot be read", at.place)
    part = _element(compiler, con.subcon, at)
    assert part.keys is not None  # (an element)
    from sigflow.compiler import naming
    from sigflow.compiler.construct.regions import position
    from sigflow.runtime.construct.views import Member

    start = position(at, f"{at.name}_start")
    keys = {**part.keys, "repeat": "expr", "repeat-expr": f"(_io.size - {start}.value) / {size}"}
    id = at.builder.emit(at.name, keys, at.place)
    view = Member(naming.attribute(id), id, Listed(part.view))
    return Fragment(None, view, Meaning(f"@{id}", "list", element=part.meaning))


def _to_the_end(compiler: Compiler, con: Any, at: At) -> Fragment:
    """A `GreedyRange` behind which the bytes must end (`Terminated`): an element that cannot be read is refused."""
    if con.discard or at.builder.bits:
        return compiler.member(con, at)
    mark = at.builder.mark()
    try:
        part = _element(compiler, con.subcon, at)
    except Stays:
        compiler.undo(at, mark)
        return compiler.member(con, at)
    assert part.keys is not None  # (an element)
    from sigflow.compiler import naming
    from sigflow.runtime.construct.views import Member

    id = at.builder.emit(at.name, {**part.keys, "repeat": "eos"}, at.place)
    view = Member(naming.attribute(id), id, Listed(part.view))
    return Fragment(None, view, Meaning(f"@{id}", "list", element=part.meaning))


def lazy_bound(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`LazyBound`: a construct that is named before it is defined."""
    if con.subconfunc.__code__.co_argcount:
        raise Stays("a LazyBound that asks its context", at.place)
    return compiler.part(*compiler.renamed(con.subconfunc(), at))


# ------------------------------------------------------------ bits and byte orders


def transformed(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Bitwise`, `BitStruct`, `ByteSwapped`, `BitsSwapped`."""
    kind = getattr(con.decodefunc, "__name__", "")
    if kind == "bytes2bits" and con.decodeamount == 1 and not at.builder.bits:
        return _bitwise(compiler, con, at)
    if kind == "bytes2bits" and not at.builder.bits:
        return _bitwise(compiler, con, at)
    if kind == "swapbytes" and not at.builder.bits:
        return _swapped(compiler, con, at)
    raise Stays(f"bytes that are transformed by {kind or 'a function'}", at.place)


def _bitwise(compiler: Compiler, con: Any, at: At) -> Fragment:
    bits = fixed(con.subcon)
    if bits is None or bits % 8:
        raise Stays("bits that are no whole number of bytes", at.place)
    hidden = at.name.startswith("_") and at.path.endswith(f"/{at.name}")
    sub, at = compiler.renamed(con.subcon, at)
    if hidden and type(sub).__name__ == "Struct" and at.scope.builder is at.builder:
        return _bits_beside(compiler, sub, at)
    builder = at.builder.child(at.name, at.place, bits=True)
    if kind_of(sub) in ("Struct", "Sequence"):
        view, members = contents(compiler, sub, at, builder)
        meaning = Meaning("$", "struct", members=members)
        return Fragment({"type": builder.id}, Wrapped(view), meaning)
    inner = compiler.member(sub, replace(at, builder=builder, name="value", docs=""))
    text = inner.meaning.text
    meaning = replace(inner.meaning, text=text.replace("@", "$.") if text is not None else None)
    return Fragment({"type": builder.id}, Wrapped(inner.view), meaning)


def _bits_beside(compiler: Compiler, con: Any, at: At) -> Fragment:
    """Bit fields of a group that is hidden (its name begins with `_`): they stand in the type at hand."""
    builder = at.builder
    before, builder.bits = builder.condition, True
    try:
        view, members = contents(compiler, con, at, builder)
    finally:
        builder.bits, builder.condition = False, before
    return Fragment(None, view, Meaning("@", "struct", members=members))


def _swapped(compiler: Compiler, con: Any, at: At) -> Fragment:
    """An integer or a float whose bytes stand the other way round."""
    sub, at = compiler.renamed(con.subcon, at)
    if _fixed_bytes(sub):
        return Fragment({"contents": sub.value[::-1]}, Fixed(sub, REVERSED), nothing("bytes"))
    part = compiler.declared(sub, at) if kind_of(sub) in ("FormatField", "BytesInteger") else None
    kind = str(part.keys.get("type", "")) if part is not None and part.keys is not None else ""
    if part is None or part.keys is None or not kind or isinstance(part.view, Opaque):
        raise Stays("a byte order that is swapped of more than a number", at.place)
    orders = {"be": "le", "le": "be"}
    swapped = kind[:-2] + orders[kind[-2:]] if kind[-2:] in orders else kind
    return Fragment({**part.keys, "type": swapped}, part.view, part.meaning)


def _fixed_bytes(con: Any) -> bool:
    """Whether a construct is a `Const` of as many bytes as stand there."""
    if kind_of(con) != "Const" or kind_of(con.subcon) != "Bytes" or not con.value:
        return False
    return bool(con.subcon.length == len(con.value))


def _reversed(data: bytes) -> bytes:
    return data[::-1]


#: Bytes that stand the other way round.
REVERSED = Changed(_reversed, _reversed, Same())

TABLE = {
    "Struct": structure, "Sequence": structure, "FocusedSeq": focused, "Array": array, "RepeatUntil": repeat_until,
    "GreedyRange": greedy_range, "Union": union, "LazyBound": lazy_bound, "Transformed": transformed,
}  # fmt: skip
