"""How units stand on the wire: `framing` and `idle` under `-sigflow-stream`."""

from __future__ import annotations

from dataclasses import replace

from sigflow.compiler import schema as sc
from sigflow.compiler.hints.model import FramingHint, Hints
from sigflow.compiler.hints.reader import Reader
from sigflow.compiler.scalars import type_in
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence
from sigflow.compiler.types import Context
from sigflow.runtime.envelope import Framing
from sigflow.runtime.stuffing import Stuffing

FRAMING_KEYS = ("delimiter", "stuffing", "start", "end", "trailer", "last")
STUFFING_KEYS = ("escape", "xor", "map", "double")

#: The stuffings that have a name: SLIP by RFC 1055, HDLC by RFC 1662 (section 4.2).
NAMED = {
    "none": None,
    "slip": Stuffing("escape", b"\xdb", pairs=((0xDC, 0xC0), (0xDD, 0xDB))),
    "hdlc": Stuffing("escape", b"\x7d", xor=0x20),
    "cobs": Stuffing("cobs"),
    "cobs-r": Stuffing("cobs-r"),
}
#: Longer delimiters and literals are not searched for.
_LONGEST = 16
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
        stuffing = self.stuffing(node.get("stuffing"))
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
                hints.framing = FramingHint(replace(framing, trailer=bits // 8), trailer)

    def short(self, node: Node | None) -> bytes | None:
        """A literal that is not too long to be searched for; b"" where there is none, None where it is wrong."""
        if node is None:
            return b""
        literal = self.literal(node)
        if literal is not None and not 1 <= len(literal) <= _LONGEST:
            self.bad(node, f"expected 1 to {_LONGEST} bytes, got {len(literal)}", "SF514")
            return None
        return literal

    def stuffing(self, node: Node | None) -> Stuffing | None:
        if node is None:
            return None
        if isinstance(node, Scalar):
            if node.text not in NAMED:
                self.bad(node, f"expected {', '.join(NAMED)}, or a map, got {node.describe()}")
            return NAMED.get(node.text)
        if not isinstance(node, Mapping):
            self.bad(node, f"expected {', '.join(NAMED)}, or a map, got {node.describe()}")
            return None
        self.keys(node, STUFFING_KEYS, "stuffing")
        double = node.get("double")
        if double is not None and len(node.entries) == 1:
            return Stuffing("double", self.short(double) or b"\0")
        escape = self.integer(node.get("escape"), 0, 255)
        means = [key for key in ("xor", "map") if node.get(key) is not None]
        if escape is None or len(means) != 1 or double is not None:
            self.bad(node, "a stuffing is `{escape: …, xor: …}`, `{escape: …, map: {…}}` or `{double: …}`")
            return None
        if means == ["xor"]:
            return Stuffing("escape", bytes((escape,)), xor=self.integer(node.get("xor"), 1, 255) or 1)
        pairs = self.pairs(node.get("map"))
        return Stuffing("escape", bytes((escape,)), pairs=pairs) if pairs else None

    def pairs(self, node: Node | None) -> tuple[tuple[int, int], ...]:
        """What stands behind an escape, and the byte that it means."""
        pairs: list[tuple[int, int]] = []
        for key, value in node if isinstance(node, Mapping) else ():
            sent, meant = self.integer(key, 0, 255), self.integer(value, 0, 255)
            if sent is not None and meant is not None:
                pairs.append((sent, meant))
        if not pairs and node is not None:
            self.bad(node, "expected a map from the byte behind an escape to the byte that it means")
        return tuple(pairs)

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
