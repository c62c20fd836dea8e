"""Lists of keys and values that are given as a mapping of texts: a header in lines, for one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigflow.frozen import frozen
from sigflow.runtime.writing.derive import FAILURES
from sigflow.runtime.writing.description import Metadata
from sigflow.runtime.writing.node import MISSING, Node


@frozen
class Texts:
    """What the texts of an element shall be; the value is MISSING where it cannot be computed yet."""

    key: str
    value: Any


def elements(metadata: Metadata, node: Node) -> list[Texts] | None:
    """The elements of a list that was given as a mapping; None where it was not."""
    held = node.input.get("metadata", "metadata") if node.input.keys is not None else MISSING
    if not isinstance(held, Mapping):
        return None
    derived: dict[str, Any] = {}
    for key, formula in metadata.derived:
        try:
            derived[key] = str(formula.value(node.unit, None, None))
        except FAILURES:
            derived[key] = MISSING
    texts = {**{key: derived.get(key, value) for key, value in held.items()}, **derived}
    listed = [Texts(key, value) for key, value in texts.items()]
    return listed if metadata.last is None else [*listed, Texts(metadata.last, "")]
