"""The events of a stream as handlers are called for them: what happened, the event, and the key that it has whenever it
comes.

Rules.  All but start and stop follow from the events alone, so they are the same live, after a kill, and over what was
recorded.  A frame behind a gap is a resync, told before the frame itself; a note of a connection that was made anew is
a reconnect, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from sigflow.events import Event, Gap, Idle, Loss, Note, Record
from sigflow.stream.cuts import BYTES_MISSING, KINDS
from sigflow.stream.cuts import RECONNECT as RECONNECTED
from sigflow.watch.handlers.declared import GAP, LOSS, NOTE, RECONNECT, RECORD, RESYNC


class Key(NamedTuple):
    """What tells an event from every other of its sort, however often it comes.

    stream: its number in the session.  offset: where it is.  number: of those of its sort at one offset, from 0.
    """

    stream: int
    offset: int
    number: int = 0


class Hook(NamedTuple):
    """A stream starts or stops: what, its number in the session, and the offset from which on, or up to which, it is
    known.
    """

    event: str
    stream: int
    offset: int


Handled: TypeAlias = Record | Gap | Loss | Note | Hook


class Occurrence(NamedTuple):
    """Something that a handler is called for."""

    what: str
    event: Handled
    key: Key


class Occurrences:
    """State: whether a gap came since the last frame; how many of a sort there were at the places since then."""

    def __init__(self, stream: int, *, behind_gap: bool = False) -> None:
        self._stream = stream
        self.behind_gap = behind_gap
        self._counts: Counter[tuple[str, int]] = Counter()

    def of(self, event: Event) -> Iterator[Occurrence]:
        """What the next event is to handlers."""
        if isinstance(event, Record):
            key = Key(self._stream, event.start)
            if self.behind_gap:
                self.behind_gap = False
                yield Occurrence(RESYNC, event, key)
            yield Occurrence(RECORD, event, key)
            self._counts.clear()
        elif isinstance(event, Gap):
            self.behind_gap = True
            yield Occurrence(GAP, event, Key(self._stream, event.span.start))
            self._counts.clear()
        elif isinstance(event, Loss):
            yield self._beside(LOSS, event)
        elif isinstance(event, Note):
            yield self._beside(NOTE, event)
            if is_reconnect(event):
                yield self._beside(RECONNECT, event)
        else:
            assert isinstance(event, Idle)
            self._counts.clear()

    def passed(self) -> None:
        """Frames came, one behind the other, for which no handler is called."""
        self.behind_gap = False
        self._counts.clear()

    def _beside(self, what: str, event: Loss | Note) -> Occurrence:
        """An event that covers no bytes: several may be at one place."""
        number = self._counts[what, event.offset]
        self._counts[what, event.offset] += 1
        return Occurrence(what, event, Key(self._stream, event.offset, number))


def is_reconnect(note: Note) -> bool:
    """Whether a note says that the connection was made anew."""
    return note.code == BYTES_MISSING and note.message.startswith(KINDS[RECONNECTED].unknown)
