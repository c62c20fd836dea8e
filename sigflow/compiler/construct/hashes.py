"""The function of a `Checksum` as a checksum of the envelope, where it is one that is known, and the bytes it is over.

A function is known by what it gives: one that agrees with a checksum on every probe is that checksum, whatever it is
called.  The user named the schema to be run, so the function may be.
"""

from __future__ import annotations

import operator
from functools import cache
from typing import Any

from sigflow import checksums
from sigflow.compiler.construct.scope import At

#: What functions are asked; the first alone tells most of them apart.
PROBES = (b"123456789", b"", b"\0", b"\0\0\0\0", b"\xff" * 7, bytes(range(256)), b"sigflow" * 33)


@cache
def _known() -> dict[Any, list[str]]:
    """The names of checksums by what they give for the first probe."""
    table: dict[Any, list[str]] = {}
    for name in checksums.names():
        table.setdefault(int(checksums.get(name).compute(PROBES[0])), []).append(name)
    return table


def algorithm_of(function: Any) -> str | None:
    """The name of the checksum that a function computes; None where it is none that is known."""
    try:
        values = [function(probe) for probe in PROBES]
    except Exception:  # (a function of the user's own, of other bytes than these)
        return None
    if not all(isinstance(value, int) for value in values):
        return None
    for name in _known().get(values[0], ()):
        algorithm = checksums.get(name)
        if all(int(algorithm.compute(probe)) == value for probe, value in zip(PROBES, values, strict=True)):
            return name
    return None


def bytes_named(function: Any, at: At) -> list[str] | None:
    """The ids of the fields whose bytes an expression gives; None where it gives others."""
    from construct import expr

    if isinstance(function, expr.BinExpr) and function.op is operator.add:
        left, right = bytes_named(function.lhs, at), bytes_named(function.rhs, at)
        return left + right if left is not None and right is not None else None
    if not isinstance(function, expr.Path):
        return None
    steps: list[Any] = []
    parts = object.__getattribute__(function, "__dict__")
    while parts["_Path__parent"] is not None:
        steps.insert(0, parts["_Path__field"])
        parts = object.__getattribute__(parts["_Path__parent"], "__dict__")
    meaning = at.scope.names.get(steps[0]) if steps and parts["_Path__name"] == "this" else None
    if meaning is None:
        return None
    if steps[1:] == ["data"] and meaning.members is not None and "value" in meaning.members:
        meaning, steps = meaning.members["value"], steps[:1]
    text = meaning.text or ""
    if steps[1:] or text[:1] != "@" or not text[1:].isidentifier():
        return None
    return [text[1:]]
