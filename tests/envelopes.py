"""Envelopes for tests: made, or changed, by the names of their fields alone, whatever part has them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from sigflow.runtime.envelope import About, Decode, Envelope, Measure, Search

PARTS: dict[str, Any] = {"about": About, "search": Search, "measure": Measure, "decode": Decode}
PART_OF = {field.name: name for name, part in PARTS.items() for field in fields(part)}
assert len(PART_OF) == sum(len(fields(part)) for part in PARTS.values())  # no two parts have a field of the same name


def _by_part(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    by_part: dict[str, dict[str, Any]] = {name: {} for name in PARTS}
    for name, value in values.items():
        by_part[PART_OF[name]][name] = value
    return by_part


def envelope_of(**values: Any) -> Envelope:
    """An envelope with these values."""
    return Envelope(**{name: PARTS[name](**part) for name, part in _by_part(values).items()})


def changed(envelope: Envelope, **values: Any) -> Envelope:
    """The envelope, with other values for some fields."""
    parts = {name: replace(getattr(envelope, name), **part) for name, part in _by_part(values).items() if part}
    return replace(envelope, **parts)
