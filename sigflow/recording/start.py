"""Where a pass over a capture begins and ends, where that is not its beginning and its end.

A pass may begin where a scan has been in a known state: behind a believed frame, which an index tells
(`docs/architecture.md`, rules 9 and 14).  It gives the frames that the whole scan would give from there on; what the
sequence counters show depends on what came before, and is not asked of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from sigflow.stream.chain import LOCKS, NO, START, YES
from sigflow.stream.checkpoint import Checkpoint
from sigflow.stream.decoder import Decoder

if TYPE_CHECKING:
    from sigflow.stream.format import Format


class Start(NamedTuple):
    """offset: behind a believed frame, or 0.  first: the index of the next frame.  stop: behind a believed frame, too;
    None: the end of the stream.
    """

    offset: int = 0
    first: int = 0
    stop: int | None = None


def lock_at(start: Start, formats: Sequence[Format]) -> int:
    """The lock of a scan there."""
    chained = any(format.envelope is not None and format.envelope.search.chain is not None for format in formats)
    return (YES if start.offset else START) if chained else NO


def checkpoint_at(start: Start, formats: Sequence[Format]) -> Checkpoint:
    """What a decoder of these formats, which are bound to their preamble, is resumed from.  Its counts begin anew."""
    decoder = Decoder(formats, engine="python")
    began = decoder.checkpoint()
    return replace(
        began,
        offset=start.offset,
        start=max(start.offset - decoder.lookback, 0),
        lock=LOCKS[lock_at(start, formats)],
        asks_at=-1 if start.offset else began.asks_at,
        gap_bytes=start.offset,  # (so that all bytes are accounted for)
        index=start.first,
    )
