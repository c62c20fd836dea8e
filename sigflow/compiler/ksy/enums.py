"""Names of numbers: one of the `enums`."""

from __future__ import annotations

from sigflow.compiler import schema as sc
from sigflow.compiler.ksy.values import Values
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence, parse_integer
from sigflow.diagnostics import Place


class EnumReader(Values):
    """Reads an enum."""

    def enum(self, key: Scalar, node: Node, owner: sc.ClassSpec) -> sc.Enum | None:
        id = self.identifier(key, "enum")
        body = self.mapping(node, "an enum")
        if not id:
            return None
        entries: list[sc.EnumEntry] = []
        values: set[int] = set()
        labels: dict[str, Place] = {}
        for number, value in body or ():
            integer = parse_integer(number.text)  # (quoted or not)
            if integer is None:
                # (The path is the enum's: what the key is not, no path should name.)
                place = Place(number.place.file, number.place.line, number.place.column, key.place.path)
                self.problems.add("SF128", place, f"the key of an enum's entry is an integer, got {number.describe()}")
                continue
            if not -(1 << 63) <= integer < 1 << 64:
                self.problems.add("SF128", number, f"{integer} does not fit into 64 bits")
                continue
            if integer in values:
                self.problems.add("SF108", number, f"the value {integer} is given twice")
                continue
            values.add(integer)
            entry = self.entry(integer, value)
            if entry is None:
                continue
            if entry.id in labels:
                self.problems.add(
                    "SF202",
                    entry.place,
                    f"duplicate enum member ID '{entry.id}', previously defined at {labels[entry.id].path}",
                )
                continue
            labels[entry.id] = entry.place
            entries.append(entry)
        broken = body is None or len(entries) < len(body.entries)
        return sc.Enum(id, key.place, tuple(entries), owner, broken)

    def entry(self, value: int, node: Node) -> sc.EnumEntry | None:
        if isinstance(node, Mapping):
            self.keys(node, ("id", "doc", "doc-ref"))
            id_node = node.get("id")
            if id_node is None:
                self.problems.add("SF121", node.place, "an enum's entry needs an `id`")
                return None
            label = self.identifier(id_node, "enum member")
            return sc.EnumEntry(value, label, id_node.place, self.doc(node)) if label else None
        if isinstance(node, Sequence) or node.is_null:
            self.problems.add("SF112", node.place, f"expected a string or a map, got {node.describe()}")
            return None
        label = self.identifier(node, "enum member")
        return sc.EnumEntry(value, label, node.place) if label else None
