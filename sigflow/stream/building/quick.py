"""Frames built at once, by what the compiler wrote for formats of static layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sigflow.events import Record
from sigflow.stream.check import Check

if TYPE_CHECKING:
    from sigflow.stream.format import Format


def quick(format: Format) -> Callable[[Any], bytes | None]:
    """Returns a function of a value that gives its frame, or None where `built` has to see to it.

    It takes what `Format.build` takes; what does not fit it leaves to `built`, which says why.
    """
    envelope = format.envelope
    if envelope is None or not envelope.decode.builds:
        return lambda value: None
    checks = tuple(Check(checksum) for checksum in envelope.search.checksums)
    of_mapping, of_printed, of_object = envelope.decode.builds
    payload = envelope.decode.payload
    unit, name, limit = envelope.decode.unit, format.name, format.max_frame

    def build(value: Any) -> bytes | None:
        kind = value.__class__
        if kind is dict:
            if "value" in value and value.get("format") == name:
                inner = value["value"]
                # A decoded payload is left to the general way; one that no codec touched is printed twice.
                if "payload" in value and value["payload"] != _inner(inner, payload):
                    return None
                raw = of_printed(inner, checks)
            else:
                raw = of_mapping(value, checks)
        elif kind is unit:
            raw = of_object(value, checks)
        elif kind is Record:
            raw = of_object(value.value, checks)
        else:
            return None
        return raw if raw is None or len(raw) <= limit else None

    return build


def _inner(value: Any, name: str | None) -> Any:
    """A field of a mapping that was printed."""
    return value.get(name) if value.__class__ is dict else None
