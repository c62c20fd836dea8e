"""Hints beside a spec: a spec of a few lines imports another one and says what is a frame of it.

    meta: {id: pcap_stream, imports: [pcap]}
    -sigflow-stream: {unit: pcap::packet, preamble: true}

What is compiled is the imported spec with these hints, under the name of the spec that has them; the file of the
imported one stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

from sigflow.compiler import schema as sc
from sigflow.compiler.source import Mapping, Scalar

_KEY = "-sigflow-stream"


def imported_unit(top: sc.ClassSpec) -> sc.Import | None:
    """The import whose type is the frame, in a spec that has no types of its own; None in any other spec."""
    node = top.hints.get(_KEY)
    unit = node.get("unit") if isinstance(node, Mapping) else None
    if not isinstance(unit, Scalar) or top.seq or top.types or top.instances or top.params or top.broken:
        return None
    first = unit.text.partition("::")[0].partition("(")[0].strip()
    return next((wanted for wanted in top.meta.imports if wanted.name.rpartition("/")[2] == first), None)


def graft(top: sc.ClassSpec, beside: sc.ClassSpec) -> None:
    """Give a spec the hints that stand beside it.  Changes `top`, which nothing has seen yet."""
    node = beside.hints[_KEY]
    assert isinstance(node, Mapping)  # it names a unit
    entries = []
    for key, value in node.entries:
        if key.text == "unit" and isinstance(value, Scalar):
            rest = value.text.partition("::")[2]
            if not rest:
                continue  # the whole of it is one frame
            value = replace(value, text=rest)
        entries.append((key, value))
    top.hints = {
        **top.hints,
        _KEY: Mapping(tuple(entries), node.place, {key.text: (key, value) for key, value in entries}),
    }
    top.hint_keys = {**top.hint_keys, _KEY: beside.hint_keys[_KEY]}
    top.alias = beside.id
    for name, hint in beside.hints.items():
        if name != _KEY:
            top.hints.setdefault(name, hint)
            top.hint_keys.setdefault(name, beside.hint_keys[name])
