"""Constructs that say where bytes end, and what stands beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sigflow.compiler.construct.compiler import Compiler, Fragment, fixed
from sigflow.compiler.construct.expressions import number, said
from sigflow.compiler.construct.scope import At, Meaning, Stays, kind_of, nothing
from sigflow.runtime.construct.groups import Aligning, Beside, Copied, Filled, Peeked
from sigflow.runtime.construct.views import Changed, Member, Nothing, Padded, Same, Terminated


def prefixed(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Prefixed`: a length, and what stands in so many bytes."""
    _bytes_only(at)
    length = compiler.member(con.lengthfield, replace(at, name=f"{at.name}_size", encoding=None, whole=False))
    size = said(length.meaning)
    if length.meaning.kind != "int":
        raise Stays("a length that is no integer", at.place)
    if con.includelength:
        own = fixed(con.lengthfield)
        if own is None:
            raise Stays("a length that counts itself and has no constant size", at.place)
        size = f"{size} - {own}"
    part = compiler.region(con.subcon, at, {"size": size.replace("@", "")})
    return _emitted(compiler, part, at)


def _emitted(compiler: Compiler, part: Fragment, at: At) -> Fragment:
    """A part as an attribute of the type at hand."""
    assert part.keys is not None  # (regions are one attribute)
    from sigflow.compiler import naming

    id = at.builder.emit(at.name, {**part.keys, "doc": at.docs} if at.docs else part.keys, at.place)
    return Fragment(None, Member(naming.attribute(id), id, part.view), part.meaning.within(f"@{id}"))


def _bytes_only(at: At) -> None:
    if at.builder.bits:
        raise Stays("a region of bytes inside `Bitwise`", at.place)


def fixed_sized(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`FixedSized`."""
    _bytes_only(at)
    part = compiler.region(con.subcon, at, {"size": number(con.length, at)})
    if part.keys is not None and "pad-right" in part.keys:
        return part  # (what fills it up is no part of the value)
    return Fragment(part.keys, Padded(con.length, part.view), part.meaning)


def null_terminated(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`NullTerminated`."""
    _bytes_only(at)
    keys: dict[str, Any] = {"terminator": con.term}
    keys |= {} if con.consume else {"consume": False}
    keys |= {} if con.require else {"eos-error": False}
    if con.require and not con.include:
        return compiler.region(con.subcon, at, keys)
    sub, _ = compiler.renamed(con.subcon, at)
    if kind_of(sub) != "GreedyBytes" or not con.consume or at.encoding is not None:
        raise Stays("a terminator that belongs to the value, or may be missing, of what is no bytes", at.place)
    part = compiler.region(sub, at, {**keys, "include": True})
    meaning = part.meaning if con.include else nothing("bytes")
    return Fragment(part.keys, Terminated(con.term, con.include, part.view), meaning)


def padded(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Padded`, and `Padding`, which pads nothing."""
    sub, _ = compiler.renamed(con.subcon, at)
    if kind_of(sub) == "Pass":
        return _padding(con, at)
    size = fixed(sub)
    if not isinstance(con.length, int) or size is None or size > con.length:
        raise Stays("padding of what has no constant size", at.place)
    part = compiler.member(con.subcon, at)
    fillers = _emit_filler(replace(at, name=f"{at.name}_padding"), con.length - size, con.pattern)
    return Fragment(None, Beside(part.view, fillers), part.meaning)


def _padding(con: Any, at: At) -> Fragment:
    if at.builder.bits:
        if not isinstance(con.length, int):
            raise Stays("padding of computed bits", at.place)
        fillers = _emit_filler(replace(at, name="padding"), con.length, con.pattern)
        return Fragment(None, Beside(Nothing(), fillers), nothing())
    return Fragment({"size": number(con.length, at)}, Filled(con.length, con.pattern), nothing())


def _emit_filler(at: At, size: int, pattern: bytes) -> tuple[tuple[str, Any], ...]:
    """Bytes, or bits, that mean nothing; returns what they are built from, by id."""
    fillers: list[tuple[str, Any]] = []
    if not at.builder.bits:
        fillers += [(at.builder.emit(at.name, {"size": size}, at.place), pattern * size)] if size else []
        return tuple(fillers)
    if pattern != b"\0":
        raise Stays("bits of padding that are not zeros", at.place)
    while size:
        width = min(size, 64)
        fillers.append((at.builder.emit(at.name, {"type": f"b{width}"}, at.place), 0 if width > 1 else False))
        size -= width
    return tuple(fillers)


def aligned(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Aligned`: padding up to a multiple of a size, counted from where it begins."""
    modulus, size = con.modulus, fixed(con.subcon)
    if not isinstance(modulus, int) or modulus < 2:
        raise Stays("an alignment that is computed", at.place)
    if size is not None:
        part = compiler.member(con.subcon, at)
        fillers = _emit_filler(replace(at, name=f"{at.name}_padding"), -size % modulus, con.pattern)
        return Fragment(None, Beside(part.view, fillers), part.meaning)
    _bytes_only(at)
    start = position(at, f"{at.name}_start")
    part = compiler.member(con.subcon, at)
    gap = f"({modulus} - (_io.pos - {start}.value) % {modulus}) % {modulus}"
    filler = at.builder.emit(f"{at.name}_padding", {"size": gap}, at.place)
    return Fragment(None, Aligning(con.subcon, filler, modulus, con.pattern, part.view), part.meaning)


def position(at: At, name: str) -> str:
    """Emit what notes the position in the stream; returns its id."""
    from sigflow.compiler.construct.tree import node_of

    made, new = at.builder.helper("position", at.place)
    if new:
        made.params.append(node_of({"id": "value", "type": "s8"}, at.place))
        made.taken.add("value")
    return at.builder.emit(name, {"type": f"{made.id}(_io.pos)"}, at.place)


def tell(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Tell`: the position in the stream."""
    _bytes_only(at)
    return Fragment(None, *_told(at, position(at, at.name)))


def _told(at: At, id: str) -> tuple[Member, Meaning]:
    from sigflow.compiler import naming

    return Member(naming.attribute(id), id, POSITION), Meaning(f"@{id}.value")


def _value_of(held: Any) -> Any:
    return held.value


def _no_value(value: Any) -> dict[str, Any]:
    return {}


POSITION = Changed(_value_of, _no_value, Same())


def raw_copy(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`RawCopy`: a value, and the bytes it was read from."""
    _bytes_only(at)
    first = position(at, f"{at.name}_start")
    part = compiler.member(con.subcon, at)
    last = position(at, f"{at.name}_stop")
    start, stop = _told(at, first), _told(at, last)
    members = {
        "value": part.meaning,
        "offset1": start[1],
        "offset2": stop[1],
        "length": Meaning(f"(@{last}.value - @{first}.value)"),
    }
    view = Copied(start[0], stop[0], part.view, con.subcon)
    return Fragment(None, view, Meaning("@", "struct", members=members))


def pointer(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Pointer`: what stands elsewhere in the stream."""
    _bytes_only(at)
    if con.stream is not None:
        raise Stays("a pointer into another stream", at.place, whole=True)
    offset = con.offset
    try:
        place = f"_io.size - {-offset}" if isinstance(offset, int) and offset < 0 else number(offset, at)
    except Stays as stay:  # (it has no bytes of its own, and reads others)
        raise Stays(stay.why, stay.place or at.place, whole=True) from None
    return pointed(compiler, con.subcon, at, place)


def pointed(compiler: Compiler, con: Any, at: At, place: str) -> Fragment:
    """A construct that stands at a place of its own."""
    from sigflow.compiler import naming

    part = compiler.single(con, at)
    assert part.keys is not None  # (a single part)
    id = at.builder.instance(at.name, {"pos": place, **part.keys}, at.place)
    return Fragment(None, Member(naming.attribute(id), id, part.view), part.meaning.within(f"@{id}"))


def peek(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Peek`: what comes next, without passing it; nothing where it cannot be parsed."""
    from sigflow.compiler.construct.tree import node_of

    _bytes_only(at)
    builder = at.builder.child(at.name, at.place)
    builder.params.append(node_of({"id": "start", "type": "s8"}, at.place))
    builder.taken.add("start")
    part = compiler.single(con.subcon, replace(at, builder=builder, name="value"))
    assert part.keys is not None  # (a single part)
    id = builder.instance("value", {"pos": "start", **part.keys}, at.place)
    keys = {"type": f"{builder.id}(_io.pos)"}
    return Fragment(keys, Peeked(id, part.view), part.meaning.within(f"$.{id}"))


TABLE = {
    "Prefixed": prefixed, "FixedSized": fixed_sized, "NullTerminated": null_terminated, "Padded": padded,
    "Aligned": aligned, "Tell": tell, "RawCopy": raw_copy, "Pointer": pointer, "Peek": peek,
}  # fmt: skip
