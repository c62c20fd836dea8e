"""Which events a handler is called for, bound to the formats of a stream: every expression is typed before a frame is
read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sigflow.errors import UsageError
from sigflow.events import Gap, Loss, Note, Record
from sigflow.watch.alarms.rules import spelt
from sigflow.watch.handlers.declared import GAP, LOSS, NOTE, RECORD, RESYNC, Handler
from sigflow.watch.handlers.occurrences import Occurrence
from sigflow.watch.meaning import Meaning

if TYPE_CHECKING:
    from sigflow.config.document import Document
    from sigflow.stream.format import Format

#: What a handler of each event may be asked to be about.
_TAKES = {
    RECORD: ("format", "kind", "stream", "where"),
    RESYNC: ("format", "kind", "stream", "where"),
    LOSS: ("format", "stream"),
    NOTE: ("format",),
    GAP: ("format",),
}


class Wanting:
    """What one handler wants of one stream."""

    def __init__(self, handler: Handler, formats: Sequence[Format], document: Document | None = None) -> None:
        """Raises `UsageError`, with its place, for what cannot be of these formats."""
        declared = handler.declared
        framed = [format for format in formats if not format.is_part]
        name = f"handler {handler.name!r}"
        self._meaning = Meaning(name, handler.path, declared.meant, framed, document if handler.path else None)
        self.what = declared.event
        takes = _TAKES.get(self.what, ())
        for key in ("format", "kind", "stream", "where"):
            if getattr(declared, key) and key not in takes:
                raise self._meaning.wrong((key,), f"{key!r} says nothing of {self.what!r}", key=True)
        #: Whether it is called for frames, which must be looked at one by one then.
        self.frames = self.what in (RECORD, RESYNC)
        self._fits: Callable[[Record], bool] | None = self._meaning.fits() if self.frames else None
        self._named = bool(declared.format)
        self._streams = declared.stream

    @property
    def nothing(self) -> bool:
        """Whether it is about formats of which the stream has none."""
        return self._named and not self._meaning.formats

    def wrong(self, words: str) -> UsageError:
        """A mistake, with the place of the handler."""
        return self._meaning.wrong((), words)

    def takes(self, occurrence: Occurrence) -> bool:
        """Whether the handler is called for it."""
        if occurrence.what != self.what:
            return False
        names, event = self._meaning.names, occurrence.event
        if isinstance(event, Record):
            return event.format in names and (self._fits is None or self._fits(event))
        if isinstance(event, Loss):
            return event.format in names and (not self._streams or spelt(event.stream) in self._streams)
        if not self._named:
            return True
        if isinstance(event, Gap):
            return any(reason.partition(":")[0] in names for reason in event.reasons)
        return isinstance(event, Note) and event.format in names


def bound(
    handlers: Sequence[Handler], formats: Sequence[Format], document: Document | None = None
) -> tuple[list[tuple[Handler, Wanting]], list[UsageError]]:
    """What each handler wants of these formats, and what is wrong with the others, with the places."""
    good: list[tuple[Handler, Wanting]] = []
    mistakes: list[UsageError] = []
    names: set[str] = set()
    for handler in handlers:
        try:
            wanting = Wanting(handler, formats, document)
            if handler.name in names:
                words = f"another handler is called {handler.name!r}: give one a `name`"
                raise wanting.wrong(words)
            names.add(handler.name)
            good.append((handler, wanting))
        except UsageError as error:
            mistakes.append(error)
    return good, mistakes
