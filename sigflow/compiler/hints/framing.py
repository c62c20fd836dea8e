"""How units stand on the wire: `framing` and `idle` under `-sigflow-stream`."""

from __future__ import annotations

from dataclasses import replace

from sigflow.compiler import schema as sc
from sigflow.compiler.hints.model import FramingHint, Hints
from sigflow.compiler.hints.reader import Reader
from sigflow.compiler.scalars import type_in
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence
from sigflow.compiler.stuffings import LONGEST, stuffing_in
from sigflow.compiler.types import Context
from sigflow.runtime.envelope import Framing

FRAMING_KEYS = ("delimiter", "stuffing", "start", "end", "trailer", "last")

#: A unit that is found by a literal may be measured once for each place in it, so it must not be long.
LONGEST_STARTED = 1 << 16


class FramingReader(Reader):
    """Reads `framing` and `idle`."""

    def framing(self, hints: Hints, node: Node, context: Context) -> None:
        if not isinstance(node, Mapping):
            self.bad(node, f"expected a map with `delimiter`, or with `start`, got {node.describe()}")
            return
        self.keys(node, FRAMING_KEYS, "framing")
        parts = {key: self.short(node.get(key)) for key in ("delimiter", "start", "end")}
        if None in parts.values():
            return
        delimiter, start, end = (part or b"" for part in parts.values())
        stuffing = stuffing_in(node.get("stuffing"), self.problems)
        if bool(delimiter) == bool(start) or (delimiter and end):
            self.bad(node, "a framing has a `delimiter`, or a `start` and maybe an `end`", "SF514")
            return
        framing = Framing(delimiter, start, end, stuffing, 0, self.last(node.get("last"), delimiter))
        trailer = self.trailer(node.get("trailer"), end, context)
        why = clash(framing)
        if why:
            self.bad(node.get("stuffing") or node, why, "SF514")
            return
        hints.framing = FramingHint(framing, trailer)
        if trailer is not None:
            bits = self.types.layout.class_bits(trailer)
            if bits is None or bits % 8:
                self.bad(
                    node.get("trailer") or node, f"a trailer has a fixed size, '{trailer.title}' has none", "SF514"
                )
            else:
                hints.framing = FramingHint(replace(framing, trailer=bits // 8), trailer, self.behind(trailer))

    def behind(self, trailer: sc.ClassSpec) -> dict[sc.Attr, tuple[int, int]]:
        """Where the fields of a trailer stand, which has a fixed size."""
        places, at = dict[sc.Attr, tuple[int, int]](), 0
        for attr in trailer.seq:
            bits = self.types.layout.attr_bits(attr) or 0
            places[attr] = at // 8, (at + bits + 7) // 8
            at += bits
        return places

    def short(self, node: Node | None) -> bytes | None:
        """A literal that is not too long to be searched for; b"" where there is none, None where it is wrong."""
        if node is None:
            return b""
        literal = self.literal(node)
        if literal is not None and not 1 <= len(literal) <= LONGEST:
            self.bad(node, f"expected 1 to {LONGEST} bytes, got {len(literal)}", "SF514")
            return None
        return literal

    def last(self, node: Node | None, delimiter: bytes) -> bool:
        if node is None:
            return False
        if not isinstance(node, Scalar) or node.text not in ("open", "closed"):
            self.bad(node, f"expected `open` or `closed`, got {node.describe()}")
        elif not delimiter:
            self.bad(node, "only what a delimiter ends may lack it at the end of the stream", "SF514")
        return isinstance(node, Scalar) and node.text == "open"

    def trailer(self, node: Node | None, end: bytes, context: Context) -> sc.ClassSpec | None:
        """The type that stands behind the end of a unit."""
        if node is None:
            return None
        if not end:
            self.bad(node, "a trailer stands behind an `end`, and here is none", "SF514")
            return None
        ref = type_in(node, self.problems)
        if ref is None:
            return None
        type_ = self.types.scope.find_type(ref.name.path, context.spec)
        if type_ is None:
            written = "::".join(ref.name.path)
            known = self.types.scope.type_names(context.spec)
            self.problems.add("SF204", ref.at(ref.name.at), f"unknown type '{written}'", (written, known))
            return None
        self.names.used.add(type_)
        return type_

    # ------------------------------------------------------------ idle

    def idle(self, hints: Hints, node: Node, _context: Context) -> None:
        if isinstance(node, Mapping):
            self.keys(node, ("literals", "max"), "idle")
            most = node.get("max")
            hints.idle_max = self.integer(most, 0) if most is not None else None
            inner = node.get("literals")
            if inner is None:
                self.bad(node, "expected `literals`")
                return
            node = inner
        items = node.items if isinstance(node, Sequence) else (node,)
        literals = [literal for item in items if (literal := self.short(item))]
        hints.idle = tuple(dict.fromkeys(literals))


def clash(framing: Framing) -> str:
    """Why a stuffing does not keep the literals of a framing out of units; "" where it may."""
    stuffing = framing.stuffing
    if stuffing is None:
        return ""
    if stuffing.kind.startswith("cobs"):
        return "" if framing.delimiter == b"\0" else f"{stuffing.kind} keeps zeros out of a unit: its delimiter is 0"
    if stuffing.kind == "double":
        marked = [literal for literal in (framing.delimiter, framing.start, framing.end) if literal]
        if all(literal.startswith(stuffing.mark) for literal in marked) and not framing.delimiter:
            return ""
        return "a doubled byte begins the `start` and the `end`, and delimits nothing by itself"
    first = (framing.delimiter or framing.start)[:1]
    if first == stuffing.mark:
        return "the escape is the first byte of what it is to keep out of a unit"
    for sent, _ in stuffing.pairs:
        if bytes((sent,)) in (framing.delimiter, framing.start):
            return "what stands behind an escape is what the escape is to keep out of a unit"
    return ""
