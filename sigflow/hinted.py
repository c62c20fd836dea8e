"""A Construct schema with the hints of its stream, which Construct cannot say: what `sigflow.stream(…)` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sigflow.frozen import frozen


class Schema(Protocol):
    """A Construct object."""

    def sizeof(self, **contextkw: Any) -> int:
        """Its size, where it has a constant one."""


@frozen
class Hinted:
    """A schema and its hints: the keys of `-sigflow-stream`, with underscores for their hyphens."""

    schema: Schema
    hints: Mapping[str, Any]


def hinted(schema: Schema, /, **hints: Any) -> Hinted:
    """Returns a Construct schema with the hints of its stream.

    hints: the keys of `-sigflow-stream` (`docs/spec-hints.md`) by their names with `_` for `-`: sync, max_frame,
    checksum, confirm, sequence, framing, idle, overtaken_by, aborted_by_sync, time, kind, payload, byte_order.  Fields
    are named by the ids of the spec that the schema becomes: a name in lower case is its own id.
    """
    return Hinted(schema, {key.replace("_", "-"): value for key, value in hints.items()})
