"""The hints of a stream as a call of `sigflow.stream`, and those that have no place there."""

from __future__ import annotations

from collections.abc import Iterator

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.construct.losses import Losses
from sigflow.compiler.emit.construct.printing import Code, Group, Member, literal
from sigflow.compiler.source import Mapping, Node, Scalar
from sigflow.diagnostics import Place

HINT = "-sigflow-stream"
#: Keys that speak of what stands around the frames, or of the type that is one: the schema is that type.
_ELSEWHERE = ("preamble", "trailer", "max-preamble")
#: Hints that the fields of the module have said already.
_SAID = ("-sigflow-terminator", "-sigflow-unstuff")


def keywords(carrier: sc.ClassSpec, losses: Losses) -> list[Code]:
    """The keys of a class's hint as keywords."""
    node = carrier.hints[HINT]
    parts: list[Code] = []
    for key, value in node if isinstance(node, Mapping) else ():
        if key.text in _ELSEWHERE:
            losses.others.setdefault(key.place, f"the hint '{key.text}': Construct has the frames alone")
        elif key.text != "unit":
            parts.append(Member(f"{key.text.replace('-', '_')}=", _value(value)))
    return parts


def _value(node: Node) -> Code:
    if isinstance(node, Mapping):
        return Group("{", tuple(Member(f"{_scalar(key)}: ", _value(value)) for key, value in node), "}")
    if isinstance(node, Scalar):
        return _scalar(node)
    return Group("[", tuple(map(_value, node.items)), "]")


def _scalar(node: Scalar) -> str:
    """A scalar, such that reading it back means the same: text that looks like something else is its bytes."""
    if node.boolean is not None:
        return literal(node.boolean)
    if node.integer is not None:
        return literal(node.integer)
    again = Scalar(node.text, True, node.place)
    if not node.plain and (again.integer is not None or again.boolean is not None or again.is_null):
        return literal(node.text.encode())
    return literal(node.text)


def note_others(specs: list[sc.ClassSpec], losses: Losses) -> None:
    """List the hints that Construct, and `sigflow.stream`, have no place for."""
    for spec in specs:
        for name, place in _hints(spec):
            losses.others.setdefault(place, f"the hint '{name}' has no place in a Construct schema")


def _hints(spec: sc.ClassSpec) -> Iterator[tuple[str, Place]]:
    for name, key in spec.hint_keys.items():
        if name.startswith("-sigflow-") and name != HINT:
            yield name, key.place
    for attr in spec.attrs():
        for name, key in attr.hint_keys.items():
            if name.startswith("-sigflow-") and name not in _SAID:
                yield name, key.place
