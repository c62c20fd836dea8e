"""The YAML tree of a `.ksy` file to a schema: which keys may stand where, and what their values may be.

The legal keys are those of the language's public reference; a key that begins with `-` is anybody's own and is kept
only if it begins with `-sigflow`.  Everything wrong is reported; what is left of the spec is returned all the same,
so that the later phases find the rest.

meta     `meta`                                   members  params, attributes, instances
valid    `valid` of an attribute                  enums    one of the `enums`
values   what all are read with
"""

from __future__ import annotations

from dataclasses import replace

from sigflow.compiler import schema as sc
from sigflow.compiler.ksy.enums import EnumReader
from sigflow.compiler.ksy.members import MemberReader
from sigflow.compiler.ksy.meta import MetaReader
from sigflow.compiler.ksy.values import Values
from sigflow.compiler.problems import Problems
from sigflow.compiler.source import Mapping, Node, Sequence
from sigflow.diagnostics import Place

CLASS_KEYS = ("meta", "doc", "doc-ref", "to-string", "params", "seq", "types", "instances", "enums")


def understand(root: Node, file: str, problems: Problems) -> sc.ClassSpec | None:
    """The schema of a spec's tree."""
    if not isinstance(root, Mapping):
        problems.add(
            "SF110", replace(root.place, path="/"), f"a spec is a map with the key 'meta', got {root.describe()}"
        )
        return None
    return _ClassReader(file, problems).top(root)


class _ClassReader(Values):
    """Reads the types of one file."""

    def __init__(self, file: str, problems: Problems) -> None:
        super().__init__(file, problems)
        self._meta = MetaReader(file, problems)
        self._enums = EnumReader(file, problems)
        self._members = MemberReader(file, problems)

    def top(self, root: Mapping) -> sc.ClassSpec:
        meta_node = self.mapping(root.get("meta"), "meta")
        if meta_node is None and root.get("meta") is not None:
            pass  # that it is no map was reported
        elif meta_node is None or meta_node.get("id") is None:
            where = meta_node.place if meta_node else Place(self.file, root.place.line, root.place.column, "/meta")
            self.problems.add("SF117", where, "no `meta/id` in the top-level type")
        spec = self.klass(root, "", None)
        spec.id = spec.meta.id or "unnamed"
        return spec

    def klass(self, node: Mapping, id: str, up: sc.ClassSpec | None) -> sc.ClassSpec:
        spec = sc.ClassSpec(id, node.place, up, self.file, broken=not self.keys(node, CLASS_KEYS))
        spec.meta = self._meta.meta(self.mapping(node.get("meta"), "meta"), up is None)
        spec.id = id or spec.meta.id
        spec.doc = self.doc(node)
        spec.hints, spec.hint_keys = self.hints(node)
        spec.to_string = self.code(node.get("to-string"))
        spec.params = self.params(node.get("params"), spec)
        spec.seq = self.seq(node.get("seq"), spec)
        self.instances(node.get("instances"), spec)
        for key, value in self.mapping(node.get("enums"), "enums") or ():
            enum = self._enums.enum(key, value, spec)
            if enum is not None:
                spec.enums[enum.id] = enum
        for key, value in self.mapping(node.get("types"), "types") or ():
            type_id = self.identifier(key, "type")
            if type_id:
                spec.types[type_id] = self.nested(value, type_id, spec)
                spec.types[type_id].id_place = key.place
        self.clashes(spec)
        return spec

    def nested(self, node: Node, id: str, up: sc.ClassSpec) -> sc.ClassSpec:
        body = self.mapping(node, "a type")
        type_ = self.klass(body or Mapping((), node.place), id, up)
        type_.broken = type_.broken or body is None
        return type_

    def clashes(self, spec: sc.ClassSpec) -> None:
        seen: dict[str, str] = {}
        members: list[sc.Param | sc.Attr] = [*spec.params, *spec.seq, *spec.instances.values()]
        for member in members:
            if not member.id or member.id.startswith("_"):
                continue
            first = seen.setdefault(member.id, member.id_place.path)
            if first != member.id_place.path:
                self.problems.add(
                    "SF201", member.id_place, f"duplicate attribute ID '{member.id}', previously defined at {first}"
                )

    def params(self, node: Node | None, spec: sc.ClassSpec) -> tuple[sc.Param, ...]:
        items = self.items(node, "params")
        params = tuple(param for item in items if (param := self._members.param(item)) is not None)
        spec.broken = spec.broken or len(params) < len(items) or (node is not None and not isinstance(node, Sequence))
        return params

    def seq(self, node: Node | None, spec: sc.ClassSpec) -> tuple[sc.Attr, ...]:
        attrs: list[sc.Attr] = []
        spec.broken = spec.broken or (node is not None and not isinstance(node, Sequence))
        for number, item in enumerate(self.items(node, "seq")):
            body = self.mapping(item, "an attribute")
            if body is None:
                spec.broken = True
                continue
            id_node = body.get("id")
            id = f"_unnamed{number}" if id_node is None else self.identifier(id_node, "attribute")
            attrs.append(self._members.attr(body, id, id_node.place if id_node is not None else body.place, False))
        return tuple(attrs)

    def instances(self, node: Node | None, spec: sc.ClassSpec) -> None:
        body = self.mapping(node, "instances")
        spec.broken = spec.broken or (node is not None and body is None)
        for key, value in body or ():
            instance = self._members.instance(key, value)
            if instance is None:
                spec.broken = True
            else:
                spec.instances[instance.id] = instance
