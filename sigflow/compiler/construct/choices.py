"""Constructs that choose, name, check or compute a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import not_
from typing import Any

from sigflow.compiler.construct.compiler import Compiler, Fragment, Stay, fixed
from sigflow.compiler.construct.expressions import asks_for_stream, condition, literal, said, understood
from sigflow.compiler.construct.hashes import algorithm_of, bytes_named
from sigflow.compiler.construct.scope import At, Meaning, Stays, kind_of, named, nothing
from sigflow.compiler.construct.tree import Text, id_of
from sigflow.runtime.construct.groups import Calculated, Checked, Chosen, Present, Summed
from sigflow.runtime.construct.views import Adapted, Changed, Fixed, Nothing, Same, Supplied, View, evaluated

# ------------------------------------------------------------ names of values


def enum(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Enum`: names by number."""
    inner = compiler.part(*compiler.renamed(con.subcon, at))
    names = {int(value): str(name) for value, name in con.decmapping.items() if isinstance(value, int)}
    numbers = frozenset(names)
    if inner.keys is None or not isinstance(inner.view, Same) or inner.meaning.text != "$" or min(names, default=0) < 0:
        labels = {name: str(value) for value, name in names.items()}
        return Fragment(inner.keys, Adapted(con, inner.view), replace(inner.meaning, kind="enum", labels=labels))
    if not names or "type" not in inner.keys:
        return Fragment(inner.keys, Adapted(con, inner.view), nothing("enum"))
    id, ids = _enum_type(at, names)
    labels = {name: f"{id}::{ids[value]}" for value, name in names.items()}
    meaning = Meaning("$", "enum", labels=labels, numbers=numbers)
    return Fragment({**inner.keys, "enum": id}, Adapted(con, Changed(int, int, Same())), meaning)


def _enum_type(at: At, names: dict[int, str]) -> tuple[str, dict[int, str]]:
    """A new enum of the spec; returns its id, and the id of each value."""
    from sigflow.compiler.construct.tree import node_of

    root = at.builder.root
    id = wanted = id_of(at.name)
    number = 2
    while id in root.enums:
        id, number = f"{wanted}_{number}", number + 1
    ids: dict[int, str] = {}
    for value, name in names.items():
        label = wanted = id_of(name)
        number = 2
        while label in ids.values():
            label, number = f"{wanted}_{number}", number + 1
        ids[value] = label
    root.enums[id] = node_of({str(value): Text(label) for value, label in ids.items()}, at.place)
    return id, ids


def flags_enum(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`FlagsEnum`: a boolean for each flag."""
    inner = compiler.part(*compiler.renamed(con.subcon, at))
    text = inner.meaning.text
    members = None
    if text is not None and inner.meaning.kind == "int":
        members = {name: Meaning(f"(($ & {int(value)}) == {int(value)})", "bool") for name, value in con.flags.items()}
    meaning = Meaning(text, "flags", members=members) if members is not None else nothing("flags")
    return Fragment(inner.keys, Adapted(con, inner.view), meaning)


def mapping(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Mapping` of constants: a value that is none of them is refused."""
    inner = compiler.part(*compiler.renamed(con.subcon, at))
    keys = inner.keys
    numbers = [key for key in con.decmapping if isinstance(key, int) and not isinstance(key, bool)]
    if keys is not None and "type" in keys and len(numbers) == len(con.decmapping) and isinstance(inner.view, Same):
        keys = {**keys, "valid": {"any-of": numbers}}
    labels = {value: str(key) for key, value in con.decmapping.items() if isinstance(value, str)}
    if inner.meaning.kind != "int" or len(labels) != len(con.decmapping):
        return Fragment(keys, Adapted(con, inner.view), nothing("mapped"))
    return Fragment(keys, Adapted(con, inner.view), replace(inner.meaning, kind="enum", labels=labels))


# ------------------------------------------------------------ values that are known


def const(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Const`."""
    sub, _ = compiler.renamed(con.subcon, at)
    value = con.value
    if kind_of(sub) == "Bytes" and isinstance(value, bytes) and value and sub.length == len(value):
        return Fragment({"contents": value}, Fixed(con, Same()), Meaning("$", "bytes"))
    inner = compiler.part(sub, at)
    keys = inner.keys
    if keys is not None and "type" in keys and isinstance(inner.view, Same) and "valid" not in keys:
        if isinstance(value, int) and not isinstance(value, bool) and inner.meaning.kind == "int":
            keys = {**keys, "valid": str(int(value))}
        elif isinstance(value, str) and inner.meaning.kind == "str":
            keys = {**keys, "valid": said(literal(value))}
    return Fragment(keys, Fixed(con, inner.view), inner.meaning)


def default(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Default`: a value for building."""
    inner = compiler.part(*compiler.renamed(con.subcon, at))
    return Fragment(inner.keys, Supplied(con.value, False, inner.view), inner.meaning)


def rebuild(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Rebuild`: a value that is computed when a frame is built."""
    inner = compiler.part(*compiler.renamed(con.subcon, at))
    return Fragment(inner.keys, Supplied(con.func, True, inner.view), inner.meaning)


def through(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Hex` and `HexDump`, which change only how a value is shown."""
    return compiler.part(*compiler.renamed(con.subcon, at))


def computed(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Computed`: nothing on the wire."""
    view = Calculated(con.func)
    try:
        meaning = understood(con.func, at)
    except Stays as stay:
        if callable(con.func):
            if asks_for_stream(con.func):
                raise Stays("a function of the stream", at.place, whole=True) from None
            compiler.stays.append(Stay(at.place, named(con), stay.why))
        return Fragment(None, view, nothing("computed"))
    if meaning.text == f"@{at.name}" and at.name in at.builder.taken:
        return Fragment(None, view, meaning)  # (it is a field already, of this name)
    if meaning.kind in ("int", "float", "bool", "str"):
        id = at.builder.instance(at.name, {"value": said(meaning)}, at.place)
        return Fragment(None, view, Meaning(f"@{id}", meaning.kind))
    return Fragment(None, view, nothing("computed"))


def nothing_at_all(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Pass`."""
    return Fragment(None, Nothing(), nothing())


# ------------------------------------------------------------ checks


def check(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Check`: a condition, on a field of no bytes."""
    try:
        text = condition(con.func, at)
    except Stays as stay:
        if asks_for_stream(con.func):
            raise Stays("a function of the stream", at.place, whole=True) from None
        compiler.stays.append(Stay(at.place, named(con), stay.why))
        return Fragment(None, Checked(con.func), nothing())
    at.builder.emit(at.name, {"size": "0", "valid": {"expr": text}}, at.place)
    return Fragment(None, Checked(con.func), nothing())


def terminated(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Terminated`: the bytes must end here."""
    if at.builder.bits:
        raise Stays("Terminated inside `Bitwise`", at.place)
    at.builder.emit(at.name, {"size": "0", "valid": {"expr": "_io.eof"}}, at.place)
    return Fragment(None, Nothing(), nothing())


def checksum(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Checksum`: a field that a function computes; the frame's, where the function is known."""
    part = compiler.member(con.checksumfield, at)
    algorithm, over = algorithm_of(con.hashfunc), bytes_named(con.bytesfunc, at)
    text = part.meaning.text
    if algorithm is not None and over is not None and text is not None and at.scope.up is None:
        compiler.checksums.append({"field": text.replace("@", ""), "algorithm": algorithm, "over": over})
    else:
        why = "a function that is no known checksum" if algorithm is None else "bytes that cannot be told"
        compiler.stays.append(Stay(at.place, named(con), why))
    return Fragment(None, Summed(con.hashfunc, con.bytesfunc, part.view), part.meaning)


# ------------------------------------------------------------ choices


def _together(*conditions: str) -> str:
    return " and ".join(text for text in conditions if text)


def if_then_else(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`If` and `IfThenElse`."""
    builder = at.builder
    try:
        text = condition(con.condfunc, at)
    except Stays as stay:
        subs = {True: con.thensubcon}
        return _unseen(compiler, con, at, _Condition(con.condfunc), subs, con.elsesubcon, stay)
    before = builder.condition
    builder.condition = _together(before, text)
    then = compiler.member(con.thensubcon, at)
    builder.condition = _together(before, f"(not {text})")
    otherwise = compiler.member(con.elsesubcon, at)
    builder.condition = before
    view = Chosen(_Condition(con.condfunc), {True: then.view}, otherwise.view)
    meaning = then.meaning
    if otherwise.meaning.text is not None:
        meaning = nothing()  # (which of the two it is, an expression cannot say)
    return Fragment(None, view, meaning)


class _Condition:
    """Whether a condition holds in a context."""

    __slots__ = ("condition",)

    def __init__(self, condition: Any) -> None:
        self.condition = condition

    def __call__(self, context: Any) -> bool:
        return not not_(evaluated(self.condition, context))


class _Key:
    """The key of a switch in a context."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __call__(self, context: Any) -> Any:
        return evaluated(self.key, context)


def switch(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Switch`: by type where every case is one, else by conditions."""
    try:
        on = understood(con.keyfunc, at)
    except Stays as stay:
        return _unseen(compiler, con, at, _Key(con.keyfunc), con.cases, con.default, stay)
    cases = [(key, _case(on, key), sub) for key, sub in con.cases.items()]
    subs = [sub for _, _, sub in cases] + ([] if _is_pass(con.default) else [con.default])
    kinds = {kind_of(compiler.renamed(sub, at)[0]) for sub in subs}
    if kinds <= {"Struct"} and on.kind in ("int", "str", "enum") and cases and not at.builder.bits:
        return _by_type(compiler, con, at, on, cases)
    return _by_conditions(compiler, con, at, on, cases)


def _unseen(
    compiler: Compiler, con: Any, at: At, select: Callable[[Any], Any], cases: dict[Any, Any], default: Any, stay: Stays
) -> Fragment:
    """A choice by what only Construct can tell, of values that have nothing on the wire: no byte depends on it."""
    subs = {key: compiler.renamed(sub, at)[0] for key, sub in cases.items()}
    rest = compiler.renamed(default, at)[0]
    if not all(kind_of(sub) in _UNSEEN for sub in (*subs.values(), rest)):
        raise stay
    compiler.stays.append(Stay(stay.place or at.place, named(con), stay.why))
    views = {key: _UNSEEN[kind_of(sub)](sub) for key, sub in subs.items()}
    return Fragment(None, Chosen(select, views, _UNSEEN[kind_of(rest)](rest)), nothing("switch"))


#: The views of constructs that have nothing on the wire.
_UNSEEN: dict[str, Callable[[Any], View]] = {
    "Pass": lambda con: Nothing(), "Computed": lambda con: Calculated(con.func),
}  # fmt: skip


def _is_pass(con: Any) -> bool:
    return kind_of(con) == "Pass"


def _case(on: Meaning, key: Any) -> str | None:
    """A key as the expression that it is compared with; None where no value equals it."""
    if on.kind == "enum":
        if on.labels is None or not isinstance(key, str):
            raise Stays("a case by number of an enum")
        return on.labels.get(str(key))
    meaning = literal(key)
    if meaning.kind != on.kind and {meaning.kind, on.kind} != {"int", "float"}:
        raise Stays(f"a {meaning.kind} as a case of a {on.kind}")
    return said(meaning)


def _by_type(compiler: Compiler, con: Any, at: At, on: Meaning, cases: list[Any]) -> Fragment:
    types: dict[str, Any] = {}
    views = {}
    for key, text, sub in cases:
        part = compiler.single(sub, at.called(f"{at.name}_{id_of(str(key))}"))
        assert part.keys is not None  # (a single part)
        views[key] = part.view
        if text is not None:
            types[text] = Text(part.keys["type"])
    otherwise: Any = Nothing()
    if not _is_pass(con.default):
        part = compiler.single(con.default, at.called(f"{at.name}_default"))
        assert part.keys is not None  # (a single part)
        types["_"], otherwise = Text(part.keys["type"]), part.view
    if not types:
        raise Stays("a switch without a case that can be met", at.place)
    keys = {"type": {"switch-on": said(on), "cases": types}}
    return Fragment(keys, Chosen(_Key(con.keyfunc), views, otherwise), nothing("switch"))


def _by_conditions(compiler: Compiler, con: Any, at: At, on: Meaning, cases: list[Any]) -> Fragment:
    builder, before, text = at.builder, at.builder.condition, said(on)
    views = {}
    for key, case, sub in cases:
        builder.condition = _together(before, f"({text} == {case})" if case is not None else "false")
        views[key] = compiler.member(sub, at).view
    none = _together(*(f"({text} != {case})" for _, case, _ in cases if case is not None))
    builder.condition = _together(before, none)
    otherwise = compiler.member(con.default, at).view
    builder.condition = before
    return Fragment(None, Chosen(_Key(con.keyfunc), views, otherwise), nothing("switch"))


def select(compiler: Compiler, con: Any, at: At) -> Fragment:
    """`Optional`: declarative where only the end of the bytes can refuse what is optional."""
    from sigflow.compiler import naming

    sub, size = con.subcons[0], fixed(con.subcons[0])
    if len(con.subcons) != 2 or not _is_pass(con.subcons[1]) or not size or not infallible(sub) or at.builder.bits:
        raise Stays("a choice by what can be parsed", at.place)
    part = compiler.single(sub, at)
    assert part.keys is not None  # (a single part)
    before = at.builder.condition
    at.builder.condition = _together(before, f"(_io.size - _io.pos >= {size})")
    id = at.builder.emit(at.name, part.keys, at.place)
    at.builder.condition = before
    from sigflow.runtime.construct.views import Member

    name = naming.attribute(id)
    return Fragment(None, Present(name, Member(name, id, part.view)), part.meaning.within(f"@{id}"))


def infallible(con: Any) -> bool:
    """Whether only a lack of bytes can refuse a construct of constant size."""
    kind = kind_of(con)
    if kind in ("FormatField", "BytesInteger", "BitsInteger", "Flag", "Bytes", "Pass"):
        return True
    if kind in ("Struct", "Sequence"):
        return all(infallible(sub) for sub in con.subcons)
    if kind in ("Renamed", "Enum", "FlagsEnum", "Array", "Hex", "Default", "Rebuild", "Padded", "Aligned"):
        return infallible(con.subcon)
    return kind == "Transformed" and infallible(con.subcon)


TABLE = {
    "Enum": enum, "FlagsEnum": flags_enum, "Mapping": mapping, "Const": const, "Default": default, "Rebuild": rebuild,
    "Hex": through, "HexDump": through, "Computed": computed, "Pass": nothing_at_all, "Check": check,
    "Terminated": terminated, "Checksum": checksum, "IfThenElse": if_then_else, "Switch": switch, "Select": select,
}  # fmt: skip
