"""The hints of attributes: `-sigflow-reason`, `-sigflow-codec` and the like."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from keyword import iskeyword

from sigflow.compiler import schema as sc
from sigflow.compiler.check import allowed_import
from sigflow.compiler.hints.model import CodecHint, Hints, MetadataHint, NoteHint
from sigflow.compiler.hints.reader import Reader
from sigflow.compiler.model import Bytes, User
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence
from sigflow.compiler.types import Context

ATTRIBUTE_HINTS = (
    "-sigflow-reason",
    "-sigflow-max-size",
    "-sigflow-unique",
    "-sigflow-note",
    "-sigflow-codec",
    "-sigflow-scale",
    "-sigflow-offset",
    "-sigflow-unit",
    "-sigflow-metadata",
    "-sigflow-unstuff",
    "-sigflow-terminator",
    "-sigflow-default",
)
#: Kinds of values that stand for each other as a default.
_NUMBERS = {"int", "float", "enum", "bool"}
_REASON = re.compile(r"[a-z][a-z0-9-]*\Z")


class AttributeReader(Reader):
    """Reads the hints of attributes into those of the spec."""

    def attribute(self, attr: sc.Attr, spec: sc.ClassSpec, hints: Hints | None) -> None:
        for key, node in attr.hints.items():
            action = self._ATTRIBUTE.get(key)
            if action is None:
                self.problems.add(
                    "SF501",
                    attr.hint_keys[key],
                    f"unknown hint '{key}' of an attribute, expected: {', '.join(ATTRIBUTE_HINTS)}",
                    (key, ATTRIBUTE_HINTS),
                )
            else:
                action(self, attr, node, spec, hints)

    def reason(self, attr: sc.Attr, node: Node, _spec: sc.ClassSpec, hints: Hints | None) -> None:
        if not isinstance(node, Scalar) or not _REASON.match(node.text):
            self.bad(node, f"a reason is lower-case words with hyphens, such as bad-length, got {node.describe()}")
        elif hints is not None:
            hints.reasons[attr] = node.text

    def max_size(self, attr: sc.Attr, node: Node, _spec: sc.ClassSpec, hints: Hints | None) -> None:
        value = self.integer(node, 1)
        if value is not None and hints is not None:
            hints.max_sizes[attr] = value

    def unique(self, attr: sc.Attr, node: Node, spec: sc.ClassSpec, hints: Hints | None) -> None:
        reason = "duplicate-key"
        if attr.repeat is None:
            self.bad(node, f"`-sigflow-unique` needs a repeated attribute, '{attr.id}' is not")
            return
        if isinstance(node, Mapping) and node.get("reason") is not None:
            self.keys(node, ("expr", "reason"), "-sigflow-unique")
            written = node.get("reason")
            reason = written.text if isinstance(written, Scalar) else reason
            node = node.get("expr") or node
        code = self.expression(node, Context(spec, self.types.element(attr)))
        if code is not None and hints is not None:
            hints.uniques[attr] = (code, reason)

    def own(self, attr: sc.Attr, node: Node, spec: sc.ClassSpec, hints: Hints | None) -> bool:
        if hints is not None and spec is hints.unit and not attr.is_instance:
            return True
        self.bad(node, "this hint stands on a field of the type that is one frame")
        return False

    def note(self, attr: sc.Attr, node: Node, spec: sc.ClassSpec, hints: Hints | None) -> None:
        for item in node.items if isinstance(node, Sequence) else (node,):
            if not isinstance(item, Mapping):
                self.bad(item, "expected a map with if, code and text")
                continue
            self.keys(item, ("if", "code", "text"), "-sigflow-note")
            when = self.expression(item.get("if"), Context(spec), "bool")
            code, text = item.get("code"), item.get("text")
            if when is None or not isinstance(code, Scalar) or not _REASON.match(code.text):
                self.bad(item, "a note needs `if` and `code`, a word such as unknown-version")
            elif self.own(attr, node, spec, hints) and hints is not None:
                hints.notes.append(
                    NoteHint(attr, when, code.text, text.text if isinstance(text, Scalar) else code.text)
                )

    def codec(self, attr: sc.Attr, node: Node, spec: sc.ClassSpec, hints: Hints | None) -> None:
        for item in node.items if isinstance(node, Sequence) else (node,):
            name = item.get("name") if isinstance(item, Mapping) else item
            if not isinstance(name, Scalar) or name.is_null:
                self.bad(item, "expected a codec's name, or a map with name and if")
                continue
            if isinstance(item, Mapping):
                self.keys(item, ("name", "if"), "-sigflow-codec")
            when = self.expression(item.get("if"), Context(spec), "bool") if isinstance(item, Mapping) else None
            path = tuple(name.text.split("::"))
            target = self.types.scope.find_type(path, spec) if all(path) else None
            if target is not None and (target.params or (hints is not None and target is hints.unit)):
                target = None
            if target is not None:
                self.names.used.add(target)
            thing = _thing(name.text) if target is None else None
            if thing is not None and not allowed_import(thing[0], self.types.scope.allowed):
                text = f"codec '{name.text}' is code that the parser imports; --allow-import {thing[0]} allows it"
                self.problems.add("SF314", name.place, text)
            if self.own(attr, node, spec, hints) and hints is not None:
                hints.codecs.append(CodecHint(attr, name.text, when, target, thing))

    def physical(self, attr: sc.Attr, node: Node, _spec: sc.ClassSpec, _hints: Hints | None) -> None:
        try:
            finite = math.isfinite(float(node.text if isinstance(node, Scalar) else ""))
        except ValueError:
            finite = False
        if not finite:
            self.bad(node, f"expected a number, got {node.describe()}")

    def physical_unit(self, _attr: sc.Attr, node: Node, _spec: sc.ClassSpec, _hints: Hints | None) -> None:
        if not isinstance(node, Scalar):
            self.bad(node, f"expected the name of a unit, got {node.describe()}")

    def metadata(self, attr: sc.Attr, node: Node, spec: sc.ClassSpec, hints: Hints | None) -> None:
        if not isinstance(node, Mapping) or attr.repeat is None:
            self.bad(node, "expected a map with key and value, on a repeated attribute")
            return
        self.keys(node, ("key", "value", "if", "derived", "last"), "-sigflow-metadata")
        context = Context(spec, self.types.element(attr))
        key, value = (
            self.expression(node.get("key"), context, "str"),
            self.expression(node.get("value"), context, "str"),
        )
        when = self.expression(node.get("if"), context, "bool")
        if key is None or value is None:
            self.bad(node, "metadata needs `key` and `value`")
            return
        derived: list[tuple[str, sc.Code]] = []
        computed, last = node.get("derived"), node.get("last")
        if isinstance(computed, Mapping):
            for name, written in computed:
                code = self.expression(written, Context(spec))
                if code is not None:
                    derived.append((name.text, code))
        elif computed is not None:
            self.bad(computed, f"expected a map of keys to expressions, got {computed.describe()}")
        if last is not None and not isinstance(last, Scalar):
            self.bad(last, f"expected the key of the last element, got {last.describe()}")
        if self.own(attr, node, spec, hints) and hints is not None:
            closing = last.text if isinstance(last, Scalar) else None
            hints.metadata = MetadataHint(attr, key, value, when, tuple(derived), closing)

    def unstuff(self, attr: sc.Attr, node: Node, _spec: sc.ClassSpec, _hints: Hints | None) -> None:
        wire = self.names.wires.get(attr)
        plain = isinstance(wire, Bytes) or (isinstance(wire, User) and wire.shape is not None)
        if wire is not None and (not plain or attr.contents is not None):
            self.bad(node, f"'{attr.id}' has no bytes of its own that could be unstuffed")

    def terminator(self, attr: sc.Attr, node: Node, _spec: sc.ClassSpec, _hints: Hints | None) -> None:
        if not isinstance(node, Scalar) or node.text != "anywhere":
            self.bad(node, f"expected `anywhere`, got {node.describe()}")
        elif attr.terminator is None:
            self.bad(node, f"'{attr.id}' has no `terminator`")

    def default(self, attr: sc.Attr, node: Node, spec: sc.ClassSpec, _hints: Hints | None) -> None:
        code = self.expression(node, Context(spec))
        if code is None:
            return
        kind, wanted = self.types.nodes[code.expr].kind, self.types.member(attr, spec).kind
        if kind != wanted and not {kind, wanted} <= _NUMBERS and "any" not in (kind, wanted):
            self.bad(node, f"'{attr.id}' is {wanted}, the default is {kind}")
        else:
            self.types.defaults[attr] = code

    _ATTRIBUTE: dict[str, Callable[[AttributeReader, sc.Attr, Node, sc.ClassSpec, Hints | None], None]] = {  # noqa: RUF012  # a table
        "-sigflow-reason": reason,
        "-sigflow-max-size": max_size,
        "-sigflow-unique": unique,
        "-sigflow-note": note,
        "-sigflow-codec": codec,
        "-sigflow-scale": physical,
        "-sigflow-offset": physical,
        "-sigflow-unit": physical_unit,
        "-sigflow-metadata": metadata,
        "-sigflow-unstuff": unstuff,
        "-sigflow-terminator": terminator,
        "-sigflow-default": default,
    }


def _thing(name: str) -> tuple[str, str] | None:
    """The module and the object of a codec's name; None where it names none."""
    module, colon, path = name.partition(":")
    parts = (*module.split("."), *path.split("."))
    if not colon or not all(part.isidentifier() and not iskeyword(part) for part in parts):
        return None
    return module, path
