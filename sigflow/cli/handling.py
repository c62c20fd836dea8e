"""Handlers of a command: which are called, and what they fail on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from sigflow.cli.terminal import counted, one_line
from sigflow.config import Config
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.cli.terminal import Screen
    from sigflow.quarantine import Failure, Quarantine
    from sigflow.recording import Recording
    from sigflow.stream.format import Format
    from sigflow.watch.handlers.declared import Handler
    from sigflow.watch.handlers.occurrences import Occurrence
    from sigflow.watch.handlers.replaying import HandledEvents
    from sigflow.watch.handlers.running import Counts
    from sigflow.watch.handlers.wanting import Wanting

#: Failures of a capture that are told one by one.
TOLD = 20

handler_option = click.option(
    "--handler",
    "named",
    multiple=True,
    metavar="NAME",
    help="Call this function for events, beside the `handlers` of sigflow.yaml: MODULE:CALLABLE, FILE.py:CALLABLE, or "
    "the name of one that an installed package brings. Repeat it for several.",
)


def handlers_of(said: Config, named: Sequence[str], *, allowed: bool) -> list[Handler]:
    """Those that the user named, and, where that is allowed, those of `sigflow.yaml`: naming one on the command line
    allows it, and a file that lies about runs nothing.

    Raises `UsageError` for what is none.
    """
    if not named and not (allowed and said.handlers):
        return []
    from sigflow.watch.handlers.declared import configured
    from sigflow.watch.handlers.declared import named as handler_named

    return [*(configured(said) if allowed else ()), *map(handler_named, named)]


def unallowed(said: Config) -> UsageError:
    """What is to be said where the file names handlers, and they are not allowed."""
    assert said.document is not None
    number, entry = next(iter(said.handlers.items()))
    words = f"handler {entry.call!r} would be run: allow it (--allow-actions)"
    return said.document.wrong(("handlers", number, "call"), words)


def bound_to(
    handlers: Sequence[Handler], formats: Sequence[Format], said: Config, screen: Screen
) -> list[tuple[Handler, Wanting]]:
    """The handlers that are about something of these formats.  Raises `UsageError` for the first mistake."""
    if not handlers:
        return []
    from sigflow.watch.handlers.wanting import bound

    good, mistakes = bound(handlers, formats, said.document)
    if mistakes:
        raise mistakes[0]
    unused = [handler.name for handler, wanting in good if wanting.nothing]
    if unused:
        screen.note(f"none of the formats is meant by handler {', '.join(map(one_line, unused))}")
    return [(handler, wanting) for handler, wanting in good if not wanting.nothing]


def summary(name: str, handled: Mapping[str, Counts], screen: Screen) -> None:
    """What became of the events, a line for each handler."""
    for handler, counts in handled.items():
        screen.note(f"{one_line(name)}: handler {one_line(handler)}: {counts.words()}")


@contextmanager
def handling(
    handlers: Sequence[Handler],
    recording: Recording,
    formats: Sequence[Format],
    said: Config,
    folder: str | None,
    screen: Screen,
) -> Iterator[tuple[HandledEvents | None, DeadLetters]]:
    """What calls the handlers while the events of a capture pass, None where there are none; and what they fail on.

    formats: those of the pass, which are bound to a preamble once it was read.
    """
    letters = DeadLetters(recording, formats, folder, screen)
    called = None
    try:
        pairs = bound_to(handlers, formats, said, screen)
        if pairs:
            from sigflow.watch.handlers.replaying import HandledEvents

            called = HandledEvents(pairs, letters.stream, letters.keep)
        yield called, letters
    finally:
        if called is not None:
            summary(recording.name, called.counts, screen)
        letters.close()


class DeadLetters:
    """Where what handlers fail on goes, of one capture.  State: how many there were; the quarantine, once there is need
    of one.
    """

    def __init__(self, recording: Recording, formats: Sequence[Format], folder: str | None, screen: Screen) -> None:
        """folder: of the quarantine; None where none was named: then they are told, and not kept."""
        self._recording, self._formats = recording, formats
        self._folder = folder
        self._screen = screen
        self._quarantine: Quarantine | None = None
        self.stream, self._begun_ns = _place(recording.name)
        self._capture = ""
        self.count = 0

    def keep(self, handler: str, failures: Sequence[tuple[Occurrence, Failure]]) -> None:
        """A handler failed on these."""
        name = one_line(self._recording.name)
        for occurrence, failure in failures:
            self.count += 1
            if self.count <= TOLD:
                where = f"{occurrence.what} at offset {occurrence.key.offset}"
                self._screen.diagnostic("warning", f"{name}: handler {handler}: {where}: {failure.error}")
        if not failures or self._folder is None:
            return
        from sigflow.quarantine import Quarantine
        from sigflow.watch.handlers.letters import letter_of

        if self._quarantine is None:
            self._quarantine = Quarantine(self._folder, create=True)
            self._capture = self._id()
        formats = {format.name: format for format in self._formats}
        for occurrence, failure in failures:
            letter = letter_of(handler, occurrence, formats, self._capture, self._recording.name)
            self._quarantine.keep_letter(letter, failure)
        self._quarantine.commit()

    def _id(self) -> str:
        """What names the stream: of a session as while it came in, of a capture its content."""
        if self._begun_ns is not None:
            from sigflow.session.refused import stream_id

            return stream_id(self._begun_ns, self.stream)
        from sigflow.recover.recovery import content_id

        return content_id(self._recording.storage)[0]

    def close(self) -> None:
        """Tell of those that were not told, and close the quarantine."""
        name = one_line(self._recording.name)
        if self.count > TOLD:
            self._screen.diagnostic("warning", f"{name}: and {counted(self.count - TOLD, 'more failure')}")
        if self.count and self._folder is None:
            self._screen.note(f"{name}: {counted(self.count, 'dead letter')} not kept: name a --quarantine for them")
        if self._quarantine is not None:
            self._quarantine.close()
            self._screen.note(f"{name}: {counted(self.count, 'dead letter')} kept in {self._folder}")


def _place(path: str) -> tuple[int, int | None]:
    """The number of a stream in its session, and when that began; 0 and None where it is no stream of one."""
    from sigflow.storage.session.opening import captures_of, read_document, session_of

    session = session_of(path)
    if session is None:
        return 0, None
    begun = read_document(session).get("begun_ns")
    return int(os.path.basename(captures_of(path)[0])), begun if isinstance(begun, int) else None
