"""Advice on a spec that compiles: names by the style guide, what nothing uses."""

from __future__ import annotations

from collections import Counter

from sigflow.compiler import encodings
from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.hints import Hints
from sigflow.compiler.layout import integer
from sigflow.compiler.model import Names, Text, wires_of
from sigflow.compiler.problems import Problems
from sigflow.compiler.types import Types

_GUIDE = "see the style guide of the language, attr-id"


def lint(spec: sc.Spec, names: Names, types: Types, hints: Hints | None, problems: Problems) -> None:
    """Report advice on one spec; none where it has errors, for what they hide would seem unused."""
    if problems.failed:
        return
    uses = Counter(types.members.values())
    for class_ in spec.top.walk():
        _lengths(class_, uses, types, hints, problems)
        _terminators(class_, names, problems)
        for param in class_.params:
            if param not in names.used and (class_.seq or class_.instances):
                problems.add("SF605", param.id_place, f"nothing uses the param '{param.id}'")
    if spec.top.seq or spec.top.instances:
        for class_ in spec.top.walk():
            if class_.up is not None and class_ not in names.used and not _shelters(class_, names):
                problems.add("SF604", class_.id_place, f"nothing uses the type '{class_.id}'")


def _shelters(spec: sc.ClassSpec, names: Names) -> bool:
    """Whether a type only holds others, of which something uses one."""
    return (
        any(class_ in names.used for class_ in spec.walk())
        or any(enum in names.used for class_ in spec.walk() for enum in class_.enums.values())
        or not (spec.seq or spec.instances)
    )


def _terminators(spec: sc.ClassSpec, names: Names, problems: Problems) -> None:
    """A terminator of several bytes, where it is no character: it is looked for at multiples of its length only."""
    for attr in spec.attrs():
        term = attr.terminator
        if term is None or len(term) < 2:
            continue
        wire = names.wires.get(attr)
        wires = wires_of(wire)
        if all(isinstance(inner, Text) and len(encodings.terminator(inner.encoding)) == len(term) for inner in wires):
            continue
        size = integer(attr.size)
        if attr.anywhere or (size is not None and size <= len(term)):
            continue  # (there may be one place only)
        problems.add(
            "SF607",
            attr.key("terminator"),
            f"the terminator of '{attr.id}' is looked for at multiples of {len(term)} bytes only, as the language has "
            f"it: where {term.hex(' ')} stands at another place, it is passed over",
        )


def _lengths(
    spec: sc.ClassSpec, uses: Counter[sc.Attr | sc.Param], types: Types, hints: Hints | None, problems: Problems
) -> None:
    """A field that serves only as the size of `foo` is `len_foo`; only as the count of `foos`, `num_foos`."""
    for attr in spec.attrs():
        codes = [("len_", "a byte size", attr.size if attr.repeat is None else None)]
        if attr.repeat is not None and attr.repeat.kind == "expr":
            codes.append(("num_", "repeat count", attr.repeat.code))
        for prefix, role, code in codes:
            if code is None or not isinstance(code.expr, ex.Name):
                continue
            member = types.members.get(code.expr)
            wanted = prefix + attr.id
            if not isinstance(member, sc.Attr) or member.id == wanted or uses[member] != 1 or attr.id.startswith("_"):
                continue
            if hints is not None and member.id in hints.mentioned:
                continue
            problems.add(
                "SF603",
                member.id_place,
                f"use `{wanted}` instead of `{member.id}`, which is only used as {role} of `{attr.id}` ({_GUIDE})",
            )
