"""Construct schemas: the second way into the compiler.  A Construct object becomes the tree that a `.ksy` file would
be, with places in the user's file, and from there on the phases are the same.

places       lines of the user's file            compiler   one construct after the other
tree         the types while they are made       numbers    numbers, bits, bytes, text
scope        what names mean                     regions    lengths, padding, positions
expressions  `this` to expressions               choices    enums, constants, checks, switches
hashes       which checksum a function is        structs    structs, lists, bits
python       objects by name: what runs a user's file
"""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, replace
from typing import Any

from sigflow.compiler.construct import choices, numbers, regions, structs
from sigflow.compiler.construct.compiler import Compiler, Handler, Stay
from sigflow.compiler.construct.places import Places
from sigflow.compiler.construct.scope import At, Scope, Stays, kind_of, named
from sigflow.compiler.construct.tree import Text, TypeBuilder, id_of, mapping, node_of
from sigflow.compiler.source import Mapping
from sigflow.diagnostics import Place
from sigflow.runtime.construct.views import Member, Opaque, View

__all__ = ["Places", "Stay", "Understood", "understand_construct"]

_TABLE: dict[str, Handler] = {**numbers.TABLE, **regions.TABLE, **choices.TABLE, **structs.TABLE}


@dataclass(frozen=True, slots=True)
class Understood:
    """A Construct schema as a spec.

    root: its tree.  text: the file it was written in.  view: from the spec's objects to Construct's values.  stays:
    what Construct itself has to run.
    """

    root: Mapping
    text: str
    file: str
    view: View
    stays: tuple[Stay, ...]


def understand_construct(
    con: Any,
    name: str,
    places: Places,
    hints: AnyMapping[str, Any] | None = None,
    *,
    title: str = "",
    place: Place | None = None,
) -> Understood:
    """The spec that a Construct object is.

    name: what the format is called.  hints: those of `-sigflow-stream`; None where the schema describes a whole file,
    unless it has a checksum of its own.  title: what it is, for people.  place: where the hints are written.
    """
    compiler = Compiler(places, _TABLE)
    bare, at = con, None
    node = places.of(con, None)
    written, place = place, places.place(node, "/")
    root = TypeBuilder(id_of(name), place)
    scope = Scope(root, None)
    at = At(root, scope, "value", place, node)
    bare, at = compiler.renamed(con, at)
    view: View
    try:
        if kind_of(bare) in ("Struct", "Sequence"):
            at = replace(at, node=places.of(bare, at.node))
            compiler.open[id(bare), False] = (root, cell := [])
            view, _ = structs.contents(compiler, bare, replace(at, scope=None), root)  # type: ignore[arg-type]
            cell.append(view)
        else:
            view = compiler.member(bare, at).view
    except Stays as stay:
        root = TypeBuilder(root.id, place)
        compiler.checksums.clear()
        compiler.stays[:] = [Stay(stay.place or place, named(bare), stay.why)]
        root.emit("value", {"size-eos": True}, place)
        view = Member("value", "value", Opaque(bare))
    stream = _stream(compiler, hints)
    if stream is not None:
        root.hints["-sigflow-stream"] = node_of(stream, written or place)
    meta: dict[str, Any] = {"id": root.id, "endian": "be", "bit-endian": "be"}
    meta |= {"title": Text(title)} if title else {}
    entries = [("meta", node_of(meta, place)), *((key.text, item) for key, item in root.node())]
    return Understood(mapping(entries, place), places.text, places.file, view, tuple(compiler.stays))


def _stream(compiler: Compiler, hints: AnyMapping[str, Any] | None) -> dict[str, Any] | None:
    """The hints of the stream, with the checksums that the schema has itself."""
    if hints is None and not compiler.checksums:
        return None
    stream = dict(hints or {})
    if compiler.checksums and "checksum" not in stream:
        sums = compiler.checksums
        stream["checksum"] = sums[0] if len(sums) == 1 else sums
    return stream
