"""The checksums of a frame: `checksum` under `-sigflow-stream`."""

from __future__ import annotations

from sigflow import checksums
from sigflow.compiler import schema as sc
from sigflow.compiler.hints.model import ChecksumHint, Hints, Over
from sigflow.compiler.hints.reader import Reader
from sigflow.compiler.layout import integer
from sigflow.compiler.model import Bytes, Number, Text
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence
from sigflow.compiler.types import Context
from sigflow.errors import UsageError
from sigflow.runtime.envelope import CrcParameters

CHECKSUM_KEYS = ("field", "algorithm", "over", "zeroed", "encoding", "if")
CRC_KEYS = ("width", "poly", "init", "refin", "refout", "xorout")


class ChecksumReader(Reader):
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
        attr = self.field(node.get("field"), hints)
        algorithm = self.algorithm(node.get("algorithm"))
        over = self.over(node.get("over"), hints, context)
        if attr is None or algorithm is None or over is None:
            return None
        width = checksums.get(algorithm).width
        place = node.get("field") or node
        size, order = self.stored(attr, place, node.get("encoding"), width)
        if not size:
            return None
        when = self.expression(node.get("if"), context, "bool")
        if when is None and node.get("if") is not None:
            return None
        zeroed = node.get("zeroed")
        written = node.get("over")
        text = ", ".join(
            one.text if isinstance(one, Scalar) else "{expr}"
            for one in (written.items if isinstance(written, Sequence) else (written,))
        )
        return ChecksumHint(
            attr, algorithm, size, order, over, isinstance(zeroed, Scalar) and zeroed.boolean is True, text,
            written.place if written is not None else node.place, when,
        )  # fmt: skip

    def stored(self, attr: sc.Attr, place: Node, encoding: Node | None, width: int) -> tuple[int, str]:
        wire = self.names.wires.get(attr)
        if wire is None:
            return 0, ""  # reported where the field stands
        if isinstance(wire, Number) and wire.kind != "f" and wire.order != "calc":
            if encoding is not None:
                self.bad(encoding, f"'{attr.id}' is an integer; only text has an encoding of digits", "SF504")
            if width > 8 * wire.size:
                self.bad(
                    place,
                    f"a checksum of {width} bits does not fit into '{attr.id}', which has {8 * wire.size}",
                    "SF504",
                )
                return 0, ""
            return wire.size, "little" if wire.order == "le" else "big"
        if isinstance(wire, Text | Bytes) and isinstance(encoding, Scalar) and encoding.text == "hex":
            size = integer(wire.shape.size)
            if size is not None and 4 * size >= width:
                return size, "hex"
            has = "no fixed size" if size is None else str(size)
            self.bad(place, f"a checksum of {width} bits takes {-(-width // 4)} digits, '{attr.id}' has {has}", "SF504")
            return 0, ""
        self.bad(
            place, f"a checksum stands in an integer, or in text with `encoding: hex`; '{attr.id}' is neither", "SF504"
        )
        return 0, ""

    def algorithm(self, node: Node | None) -> str | CrcParameters | None:
        if isinstance(node, Scalar):
            try:
                checksums.get(node.text)
            except UsageError as error:
                self.bad(node, str(error).partition(" Known: ")[0], "SF503")
                return None
            return node.text
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
        found: list[Over] = []
        for item in items:
            if isinstance(item, Mapping):
                code = self.expression(item, context, "bytes", "int")
                if code is None:
                    return None
                found.append(Over(code=code))
                continue
            if not isinstance(item, Scalar):
                self.bad(item or self.file.root, "expected a field, a range `a..b` or {expr: …}")
                return None
            first, dots, last = item.text.partition("..")
            a = self.named(first.strip(), item.at(0), hints)
            after = len(first) + 2 + len(last) - len(last.lstrip())
            b = self.named(last.strip(), item.at(after), hints) if dots else a
            if a is None or b is None:
                return None
            seq = hints.unit.seq
            if seq.index(b) < seq.index(a):
                self.bad(item, f"the range '{item.text}' ends before it begins")
                return None
            found.append(Over(a, b))
        return tuple(found)
