"""What a spec says of itself, and what holds in all of it: `meta`."""

from __future__ import annotations

import re
from dataclasses import replace

from sigflow.compiler import schema as sc
from sigflow.compiler.ksy.values import Values
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence

_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*\Z")
#: The language level that this compiler implements, and the oldest a spec may ask for.
LANGUAGE = (0, 11)
OLDEST = (0, 6)
META_KEYS = (
    "id",
    "imports",
    "endian",
    "bit-endian",
    "encoding",
    "title",
    "ks-version",
    "ks-debug",
    "ks-opaque-types",
    "ks-zero-copy-substream",
    "license",
    "file-extension",
    "xref",
    "tags",
    "application",
)
_ORDERS = ("le", "be")


class MetaReader(Values):
    """Reads `meta`."""

    def meta(self, node: Mapping | None, top: bool) -> sc.Meta:
        if node is None:
            return sc.Meta()
        known = self.keys(node, META_KEYS)
        id_node = node.get("id")
        encoding = node.get("encoding")
        self.version(node.get("ks-version"))
        imports = tuple(
            sc.Import(self.text(item), item.place)
            for item in self.items(_listed(node.get("imports")), "imports")
            if self.text(item) or (isinstance(item, Scalar) and not item.is_null)
        )
        self.flag(node.get("ks-zero-copy-substream"), False)
        endian, bit_endian = self.endian(node.get("endian")), self.bit_endian(node.get("bit-endian"))
        return sc.Meta(
            id=self.identifier(id_node, "meta") if id_node is not None else "",
            place=node.place,
            title=self.text(node.get("title")),
            endian=endian,
            bit_endian=bit_endian,
            encoding=self.text(encoding) or None,
            encoding_place=encoding.place if encoding is not None else node.place,
            imports=imports if top else (),
            debug=self.flag(node.get("ks-debug"), False),
            opaque_types=self.flag(node.get("ks-opaque-types"), False),
            doubtful=not known or (endian is None and node.get("endian") is not None),
        )

    def version(self, node: Node | None) -> None:
        if node is None:
            return
        text = node.text if isinstance(node, Scalar) else ""
        if not isinstance(node, Scalar) or not _VERSION.match(text) or len(text) > 20:
            self.problems.add("SF118", node.place, f"expected a version such as 0.9, got {node.describe()}")
            return
        if node.plain and text.count(".") == 1:
            text = text.rstrip("0").rstrip(".") or "0"  # YAML reads a plain 0.10 as the number 0.1
        version = tuple(int(part) for part in text.split("."))
        if version < OLDEST:
            self.problems.add(
                "SF118", node.place, f"the oldest version is 0.6, got {text} (0.10 must be quoted: '0.10')"
            )
        elif version[:2] > LANGUAGE:
            self.problems.add("SF119", node.place, f"the spec asks for version {text} of the language, this is 0.11")

    def endian(self, node: Node | None) -> str | sc.Endian | None:
        if node is None:
            return None
        if isinstance(node, Scalar) and node.text in _ORDERS:
            return node.text
        if isinstance(node, Mapping):
            self.keys(node, ("switch-on", "cases"))
            on = self.code(node.get("switch-on"))
            cases: list[tuple[sc.Code | None, str]] = []
            for key, value in self.mapping(node.get("cases"), "cases") or ():
                order = value.text if isinstance(value, Scalar) else ""
                if order not in _ORDERS:
                    self.problems.add("SF120", value.place, f"expected `le` or `be`, got {value.describe()}")
                    continue
                cases.append((None if key.text == "_" else self.code(key), order))
            written = node.get("cases")
            if (
                node.get("switch-on") is None
                or written is None
                or (isinstance(written, Mapping) and not written.entries)
            ):
                self.problems.add("SF120", node.place, "a calculated byte order needs `switch-on` and `cases`")
            return sc.Endian(on, tuple(cases), node.place) if on is not None else None
        self.problems.add(
            "SF120", node.place, f"expected `le`, `be` or a map with `switch-on` and `cases`, got {node.describe()}"
        )
        return None

    def bit_endian(self, node: Node | None) -> str | None:
        if node is None:
            return None
        if isinstance(node, Scalar) and node.text in _ORDERS:
            return node.text
        self.problems.add("SF120", node.place, f"expected `le` or `be`, got {node.describe()}")
        return None


def _listed(node: Node | None) -> Node | None:
    """A lone scalar where a list may stand is a list of one."""
    if not isinstance(node, Scalar) or node.is_null:
        return node
    item = replace(node, place=replace(node.place, path=f"{node.place.path}/0"))
    return Sequence((item,), node.place)
