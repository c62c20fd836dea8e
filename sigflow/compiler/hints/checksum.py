"""The checksums of a frame: `checksum` under `-sigflow-stream`."""

from __future__ import annotations

from sigflow import checksums
from sigflow.compiler import schema as sc
from sigflow.compiler.hints.model import ChecksumHint, Hints, Over, Path
from sigflow.compiler.hints.places import Covered, PlaceReader, from_outside
from sigflow.compiler.layout import integer
from sigflow.compiler.model import Bytes, Text
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence
from sigflow.compiler.types import Context
from sigflow.errors import UsageError
from sigflow.runtime.envelope import CrcParameters

CHECKSUM_KEYS = ("field", "algorithm", "over", "zeroed", "encoding", "order", "if")
CRC_KEYS = ("width", "poly", "init", "refin", "refout", "xorout")


class ChecksumReader(PlaceReader):
    """Reads one checksum."""

    def checksum(self, hints: Hints, node: Node, context: Context) -> ChecksumHint | None:
        if not isinstance(node, Mapping):
            self.bad(node, f"expected a map with field, algorithm and over, got {node.describe()}")
            return None
        self.keys(node, CHECKSUM_KEYS, "a checksum")
        missing = [key for key in ("field", "algorithm", "over") if node.get(key) is None]
        if missing:
            self.bad(node, f"a checksum needs {' and '.join(f'`{key}`' for key in missing)}")
            return None
        algorithm = self.algorithm(node.get("algorithm"))
        over = self.over(node.get("over"), hints, context)
        if algorithm is None or over is None:
            self.stored(hints, node, 0)  # what is wrong with it is told in the same run
            return None
        field = node.get("field") or node
        stored = self.stored(hints, node, checksums.get(algorithm).width)
        if stored is None:
            return None
        when = self.expression(node.get("if"), context, "bool")
        if when is None and node.get("if") is not None:
            return None
        zeroed = node.get("zeroed")
        written = node.get("over")
        text = ", ".join(
            item.text if isinstance(item, Scalar) else "{expr}"
            for item in (written.items if isinstance(written, Sequence) else (written,))
        )
        return ChecksumHint(
            field.text if isinstance(field, Scalar) else "", stored.path, stored.inner, algorithm, stored.size,
            stored.order, over, isinstance(zeroed, Scalar) and zeroed.boolean is True, text,
            written.place if written is not None else node.place, self.conditions(stored, when, context),
        )  # fmt: skip

    def conditions(self, stored: Covered, when: sc.Code | None, context: Context) -> tuple[sc.Code, ...]:
        """What must hold for a frame to have the checksum: `checksum.if`, and the `if` of the fields it stands in."""
        codes = [when] if when is not None else []
        for attr, before in dict.fromkeys((path[n], path[:n]) for path in stored.fields for n in range(len(path))):
            code = attr.condition
            if code is not None and before:
                code = sc.Code(code.scalar, from_outside(code.expr, before))
                self.types.of(code, context)
            codes += [code] if code is not None else []
        return tuple(codes)

    def stored(self, hints: Hints, node: Mapping, width: int) -> Covered | None:
        """Where the expected value stands."""
        place, encoding, order = node.get("field") or node, node.get("encoding"), self.order(node.get("order"))
        digits = self.digits(place, encoding, width, hints) if encoding is not None else None
        if encoding is not None:
            return digits
        covered_place = self.covered(place, order, hints)
        if covered_place is None:
            return None
        bits = 8 * covered_place.size if covered_place.order != "hex" else 4 * covered_place.size
        if width > bits:
            name = place.text if isinstance(place, Scalar) else ""
            self.bad(place, f"a checksum of {width} bits does not fit into '{name}', which has {bits}", "SF504")
            return None
        return covered_place

    def digits(self, place: Node, encoding: Node, width: int, hints: Hints) -> Covered | None:
        """Text that spells the value in hexadecimal digits."""
        path = self.path(place.text, place.place, hints) if isinstance(place, Scalar) else None
        wire = self.names.wires.get(path[-1]) if path is not None else None
        if path is None or wire is None:
            return None
        attr = path[-1]
        if not isinstance(wire, Text | Bytes):
            self.bad(encoding, f"'{attr.id}' is no text; only text has an encoding of digits", "SF504")
            return None
        if not isinstance(encoding, Scalar) or encoding.text != "hex":
            self.bad(encoding, f"expected `hex`, got {encoding.describe()}", "SF504")
            return None
        size = integer(wire.shape.size)
        if size is not None and 4 * size >= width:
            return Covered(path, 0, size, "hex", (path,))
        has = "no fixed size" if size is None else str(size)
        self.bad(place, f"a checksum of {width} bits takes {-(-width // 4)} digits, '{attr.id}' has {has}", "SF504")
        return None

    def order(self, node: Node | None) -> str | None:
        """The byte order of a checksum in a field of bytes."""
        if node is None:
            return None
        if isinstance(node, Scalar) and node.text in ("le", "be"):
            return "little" if node.text == "le" else "big"
        self.bad(node, f"expected `le` or `be`, got {node.describe()}")
        return None

    def algorithm(self, node: Node | None) -> str | CrcParameters | None:
        if isinstance(node, Scalar):
            try:
                algorithm = checksums.get(node.text)
            except UsageError as error:
                self.bad(node, str(error).partition(" Known: ")[0], "SF503")
                return None
            return algorithm.name if node.text.startswith("CRC") else node.text  # (the name, for an alias)
        if isinstance(node, Mapping):
            self.keys(node, CRC_KEYS, "a CRC")
            values: dict[str, int | bool] = {}
            for key, value in node:
                flag = value.boolean if isinstance(value, Scalar) else None
                number = value.integer if isinstance(value, Scalar) else None
                if flag is None and number is None:
                    self.bad(value, f"expected an integer or a boolean, got {value.describe()}")
                    return None
                values[key.text] = flag if number is None and flag is not None else number or 0
            if not {"width", "poly"} <= values.keys() or not set(CRC_KEYS) >= values.keys():
                self.bad(node, "a CRC needs at least `width` and `poly`")
                return None
            parameters = CrcParameters(
                int(values["width"]),
                int(values["poly"]),
                int(values.get("init", 0)),
                bool(values.get("refin", False)),
                bool(values.get("refout", False)),
                int(values.get("xorout", 0)),
            )
            try:
                checksums.get(parameters)
            except UsageError as error:
                self.bad(node, str(error), "SF503")
                return None
            return parameters
        if node is not None:
            self.bad(node, f"expected a name or CRC parameters, got {node.describe()}")
        return None

    def over(self, node: Node | None, hints: Hints, context: Context) -> tuple[Over, ...] | None:
        items = node.items if isinstance(node, Sequence) else (node,)
        pieces: list[Over] = []
        for item in items:
            if isinstance(item, Mapping):
                code = self.expression(item, context, "bytes", "int")
                if code is None:
                    return None
                pieces.append(Over(code=code))
                continue
            if not isinstance(item, Scalar):
                self.bad(item or self.file.root, "expected a field, a range `a..b` or {expr: …}")
                return None
            first, dots, last = item.text.partition("..")
            a = self.path(first.strip(), item.at(0), hints)
            after = len(first) + 2 + len(last) - len(last.lstrip())
            b = self.path(last.strip(), item.at(after), hints) if dots else a
            if a is None or b is None:
                return None
            if self.before(b, a):
                self.bad(item, f"the range '{item.text}' ends before it begins")
                return None
            pieces.append(Over(a, b))
        return tuple(pieces)

    def before(self, path: Path, other: Path) -> bool:
        """Whether a field stands before another, none inside the other."""
        pairs = zip(self._number(path), self._number(other), strict=False)
        return next((mine < its for mine, its in pairs if mine != its), False)
