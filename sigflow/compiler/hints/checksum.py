"""The checksums of a frame: `checksum` under `-sigflow-stream`."""

from __future__ import annotations

import dataclasses

from sigflow import checksums
from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.hints.algorithms import AlgorithmReader
from sigflow.compiler.hints.model import ChecksumHint, Hints, Over, Path, Stored
from sigflow.compiler.hints.places import PlaceReader, from_outside
from sigflow.compiler.layout import integer
from sigflow.compiler.model import Bytes, Number, Text
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence
from sigflow.compiler.types import Context
from sigflow.runtime.stored import BASES, DECODINGS

CHECKSUM_KEYS = ("field", "algorithm", "expr", "over", "zeroed", "encoding", "order", "if")
#: The literals of a framing, as what is covered names them.
EDGES = ("_start", "_end")
#: Bits that a value which an expression gives has at least.
_LEAST = 8


class ChecksumReader(PlaceReader, AlgorithmReader):
    """Reads one checksum."""

    def checksum(self, hints: Hints, node: Node, context: Context, more: tuple[str, ...] = ()) -> ChecksumHint | None:
        """The checksum; None where it is none, which is reported.  more: further keys, which somebody else reads."""
        if not isinstance(node, Mapping):
            self.bad(node, f"expected a map with field, algorithm and over, got {node.describe()}")
            return None
        self.keys(node, (*CHECKSUM_KEYS, *more), "a checksum")
        if node.get("expr") is not None:
            return self.computed(hints, node, context)
        missing = [key for key in ("field", "algorithm", "over") if node.get(key) is None]
        if missing:
            self.bad(node, f"a checksum needs {' and '.join(f'`{key}`' for key in missing)}")
            return None
        algorithm = self.algorithm(node.get("algorithm"), hints.unit)
        over = self.over(node.get("over"), hints, context)
        if algorithm is None or over is None:
            self.stored(hints, node, 0, context)  # what is wrong with it is told in the same run
            return None
        stored = self.stored(hints, node, checksums.get(algorithm).width, context)
        if stored is None:
            return None
        zeroed = node.get("zeroed")
        is_zeroed = isinstance(zeroed, Scalar) and zeroed.boolean is True
        if zeroed is not None and is_zeroed and (stored.mask is not None or stored.told is not None):
            self.bad(zeroed, "only a field of whole bytes counts as zeros")
            return None
        hint = self._hint(hints, node, stored, context)
        if hint is None:
            return None
        written = node.get("over")
        items = written.items if isinstance(written, Sequence) else (written,)
        place = written.place if written is not None else node.place
        return dataclasses.replace(
            hint, algorithm=algorithm, told=stored.told, over=over, zeroed=is_zeroed,
            written=", ".join(map(_shown, items)), place=place,
        )  # fmt: skip

    def _hint(self, hints: Hints, node: Mapping, stored: Stored, context: Context) -> ChecksumHint | None:
        """What is the same of every checksum: where its value stands, and which frames have it."""
        when = self.expression(node.get("if"), context, "bool")
        if when is None and node.get("if") is not None:
            return None
        field = node.get("field")
        name = field.text if isinstance(field, Scalar) else ".".join(attr.id for attr in stored.path)
        conditions = self.conditions(stored, when, context)
        return ChecksumHint(name, stored, node.place, conditions)

    def conditions(self, stored: Stored, when: sc.Code | None, context: Context) -> tuple[sc.Code, ...]:
        """What must hold for a frame to have the checksum: `checksum.if`, and the `if` of the fields it stands in."""
        codes = [when] if when is not None else []
        for attr, before in dict.fromkeys((path[n], path[:n]) for path in stored.fields for n in range(len(path))):
            code = attr.condition
            if code is not None and before:
                code = sc.Code(code.scalar, from_outside(code.expr, before))
                self.types.of(code, context)
            codes += [code] if code is not None else []
        return tuple(codes)

    # ------------------------------------------------------------ a value by an expression

    def computed(self, hints: Hints, node: Mapping, context: Context) -> ChecksumHint | None:
        """`expr` instead of an algorithm: a number that is equal to the field."""
        extra = [key for key in ("algorithm", "over", "zeroed") if node.get(key) is not None]
        written = node.get("expr")
        if extra:
            self.bad(node, f"`expr` stands instead of an algorithm: there is no `{extra[0]}` beside it")
            return None
        if node.get("field") is None:
            return self._equation(hints, node, context)
        code = self.expression(written, context, "int")
        stored = self.stored(hints, node, _LEAST, context)
        if code is None or stored is None:
            return None
        return self._of_expression(hints, node, stored, code, context)

    def _equation(self, hints: Hints, node: Mapping, context: Context) -> ChecksumHint | None:
        """`expr: EXPR == FIELD`, which says the field as well."""
        written = node.get("expr")
        code = self.expression(written, context)
        if code is None or written is None:
            return None
        if isinstance(code.expr, ex.Compare) and code.expr.op == "==":
            for side, other in ((code.expr.right, code.expr.left), (code.expr.left, code.expr.right)):
                path = self._field(side, hints.unit, ())
                if path is not None:
                    stored = self.whole(path, self.order(node.get("order")), written)
                    if stored is None or not self._is_wide(stored, _LEAST, ".".join(attr.id for attr in path), written):
                        return None
                    hints.mentioned.add(path[0].id)
                    return self._of_expression(hints, node, stored, sc.Code(code.scalar, other), context)
        self.bad(written, "without `field`, `expr` is `EXPR == FIELD`")
        return None

    def _of_expression(
        self, hints: Hints, node: Mapping, stored: Stored, code: sc.Code, context: Context
    ) -> ChecksumHint | None:
        if stored.told is not None:
            self.bad(node, "with `expr`, the field is one of the frame")
            return None
        hint = self._hint(hints, node, stored, context)
        if hint is None:
            return None
        wire = self.names.wires.get(stored.path[-1])
        signed = isinstance(wire, Number) and wire.kind == "s" and stored.mask is None
        return dataclasses.replace(hint, told=code, signed=signed, written=code.scalar.text, place=code.place)

    # ------------------------------------------------------------ where the value stands

    def stored(self, hints: Hints, node: Mapping, width: int, context: Context) -> Stored | None:
        """Where the expected value stands."""
        place, encoding, order = node.get("field") or node, node.get("encoding"), self.order(node.get("order"))
        if isinstance(place, Mapping) and place is not node:
            return self.expected(place, hints, context)
        if encoding is not None:
            return self.digits(place, encoding, width, hints)
        stored = self.value(place, order, hints)
        name = place.text if isinstance(place, Scalar) else ""
        return stored if stored is not None and self._is_wide(stored, width, name, place) else None

    def _is_wide(self, stored: Stored, width: int, name: str, node: Node) -> bool:
        """Whether a value of so many bits fits into a field; if not, that is reported."""
        if stored.bits >= width:
            return True
        why = f", which has {stored.bits}"
        if stored.mask is not None:
            why = f": it has {stored.bits} bits, which are no whole bytes"
        self.bad(node, f"a checksum of {width} bits does not fit into '{name}'{why}", "SF504")
        return False

    def expected(self, node: Mapping, hints: Hints, context: Context) -> Stored | None:
        """`{expr: …}` for the expected value; it is shown where the first field that it names stands."""
        code = self.expression(node, context, "int")
        if code is None:
            return None
        for part in ex.walk(code.expr):
            path = self._field(part, hints.unit, ())
            if path is not None and isinstance(part, ex.Name | ex.Attribute):
                hints.mentioned.add(path[0].id)
                size = (self.types.layout.attr_bits(path[-1]) or 0) // 8
                return Stored(path, 0, size, "told", (path,), told=code)
        self.bad(node, "an expected value speaks of at least one field of the frame", "SF504")
        return None

    def digits(self, place: Node, encoding: Node, width: int, hints: Hints) -> Stored | None:
        """Text that spells the value in digits."""
        path = self.path(place.text, place.place, hints) if isinstance(place, Scalar) else None
        wire = self.names.wires.get(path[-1]) if path is not None else None
        if path is None or wire is None:
            return None
        attr = path[-1]
        if not isinstance(wire, Text | Bytes):
            self.bad(encoding, f"'{attr.id}' is no text; only text has an encoding of digits", "SF504")
            return None
        base = BASES.get(encoding.text) if isinstance(encoding, Scalar) else None
        if base is None or not isinstance(encoding, Scalar):
            known = " or ".join(f"`{name}`" for name in BASES)
            self.bad(encoding, f"expected {known}, got {encoding.describe()}", "SF504")
            return None
        shape = wire.shape
        size = integer(shape.size) if shape.term is None and shape.pad is None and shape.process is None else None
        if size is not None and attr.repeat is None and 1 << width <= base**size <= 1 << 64:
            return Stored(path, 0, size, encoding.text, (path,))
        least = next(digits for digits in range(1, 99) if base**digits >= 1 << width)
        has = "no fixed size" if size is None else str(size)
        self.bad(place, f"a checksum of {width} bits takes {least} digits, '{attr.id}' has {has}", "SF504")
        return None

    def order(self, node: Node | None) -> str | None:
        """The byte order of a checksum in a field of bytes."""
        if node is None:
            return None
        if isinstance(node, Scalar) and node.text in ("le", "be"):
            return "little" if node.text == "le" else "big"
        self.bad(node, f"expected `le` or `be`, got {node.describe()}")
        return None

    # ------------------------------------------------------------ what is covered

    def over(self, node: Node | None, hints: Hints, context: Context) -> tuple[Over, ...] | None:
        items = node.items if isinstance(node, Sequence) else (node,)
        pieces = [self._piece(item or self.file.root, hints, context) for item in items]
        return tuple(piece for piece in pieces if piece is not None) if None not in pieces else None

    def _piece(self, item: Node, hints: Hints, context: Context) -> Over | None:
        """One stretch of covered bytes."""
        if isinstance(item, Mapping) and item.get("field") is not None:
            return self._decoded(item, hints)
        if isinstance(item, Mapping) and item.get("raw") is not None:
            return self._raw(item, hints)
        if isinstance(item, Mapping):
            code = self.expression(item, context, "bytes", "int")
            return Over(code=code) if code is not None else None
        if not isinstance(item, Scalar):
            self.bad(item, "expected a field, a range `a..b`, {expr: …} or {field: …, decode: …}")
            return None
        literal = self._literal_of_framing(item, hints)
        return literal if literal is not None else self._range(item, hints)

    def _range(self, item: Scalar, hints: Hints) -> Over | None:
        """A field, or a range `a..b` of them."""
        first, dots, last = item.text.partition("..")
        a = self.path(first.strip(), item.at(0), hints)
        after = len(first) + 2 + len(last) - len(last.lstrip())
        b = self.path(last.strip(), item.at(after), hints) if dots else a
        if a is None or b is None:
            return None
        if self.before(b, a):
            self.bad(item, f"the range '{item.text}' ends before it begins")
            return None
        return Over(a, b)

    def _literal_of_framing(self, item: Scalar, hints: Hints) -> Over | None:
        """`_start` and `_end`: the literals that begin and end a unit, which every frame has."""
        if item.text not in EDGES or hints.framing is None:
            return None
        framing = hints.framing.framing
        literal = framing.start if item.text == EDGES[0] else framing.end or framing.delimiter
        listed = ex.ListOf(0, tuple(ex.Int(0, byte) for byte in literal))
        code = sc.Code(item, listed)
        self.types.of(code, Context(hints.unit))
        return Over(code=code)

    def _raw(self, item: Mapping, hints: Hints) -> Over | None:
        """`{raw: a..b}`: the bytes of the wire, as they stand there."""
        self.keys(item, ("raw",), "what a checksum covers")
        node = item.get("raw")
        if hints.framing is None or not isinstance(node, Scalar):
            self.bad(node or item, "`raw: a..b` is for units in a `framing`, whose bytes are stuffed")
            return None
        first, dots, last = (part.strip() for part in node.text.partition(".."))
        ends = [first, last if dots else first]
        edges = ("<" if ends[0] == EDGES[0] else "") + (">" if ends[1] == EDGES[1] else "")
        paths = [() if id in EDGES else self.path(id, node.place, hints) for id in ends]
        if paths[0] is None or paths[1] is None:
            return None
        return Over(paths[0], paths[1], decode=f"raw{edges}")

    def _decoded(self, item: Mapping, hints: Hints) -> Over | None:
        """`{field: X, decode: hex}`: the bytes that the text X spells."""
        self.keys(item, ("field", "decode"), "what a checksum covers")
        field, decode = item.get("field"), item.get("decode")
        if not isinstance(decode, Scalar) or decode.text not in DECODINGS:
            wanted = " or ".join(f"`{name}`" for name in DECODINGS)
            self.bad(decode or item, f"`decode`: expected {wanted}" + (f", got {decode.describe()}" if decode else ""))
            return None
        if not isinstance(field, Scalar):
            self.bad(field or item, "expected the field, or a range of fields, whose text is decoded")
            return None
        text = self._range(field, hints)
        for path in dict.fromkeys((text.start, text.stop)) if text is not None else ():
            wire = self.names.wires.get(path[-1])
            if not isinstance(wire, Text | Bytes) or path[-1].repeat is not None or wire.shape.process is not None:
                self.bad(field, f"'{path[-1].id}' is no plain text that could be decoded")
                return None
        return dataclasses.replace(text, decode=decode.text) if text is not None else None

    def before(self, path: Path, other: Path) -> bool:
        """Whether a field stands before another, none inside the other."""
        if self._owner(path) is not self._owner(other) and len(path) == len(other) == 1:
            return False  # (one of them stands in the trailer)
        pairs = zip(self._number(path), self._number(other), strict=False)
        return next((mine < its for mine, its in pairs if mine != its), False)


def _shown(item: Node | None) -> str:
    """A piece of what is covered, for people."""
    if isinstance(item, Scalar):
        return item.text
    field = item.get("field") if isinstance(item, Mapping) else None
    decode = item.get("decode") if isinstance(item, Mapping) else None
    if isinstance(field, Scalar) and isinstance(decode, Scalar):
        return f"{field.text} ({decode.text})"
    raw = item.get("raw") if isinstance(item, Mapping) else None
    return f"{raw.text} (raw)" if isinstance(raw, Scalar) else "{expr}"
