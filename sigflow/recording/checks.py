"""The checksums of one frame, stored and computed, for people: `inspect` and the diagnostics of refused frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sigflow.runtime.stored import layouts_in
from sigflow.stream.shown import Check, check_of

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope, Layout, Measured

__all__ = ["Check", "checks_of", "present"]


def checks_of(envelope: Envelope, measured: Measured, raw: bytes) -> list[Check]:
    """Every checksum that the frame `raw`, which was measured to be that long, has."""
    checksums = envelope.search.checksums
    return [check_of(checksums[number], layout, raw) for number, layout in _laid(envelope, measured)]


def present(envelope: Envelope, measured: Measured) -> list[int]:
    """The numbers of the checksums that a frame has; of one of elements as often as there are such."""
    return [number for number, _ in _laid(envelope, measured)]


def _laid(envelope: Envelope, measured: Measured) -> Iterator[tuple[int, Layout]]:
    for number, checksum in enumerate(envelope.search.checksums):
        if checksum.stored is not None and checksum.pieces is not None:
            yield number, (checksum.stored, checksum.pieces)
        else:
            yield from ((number, layout) for layout in layouts_in(checksum, measured.checks[number]))
