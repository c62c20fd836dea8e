"""Dead letters, tried again with the handlers as they are now: one that a handler takes is done, the others have one
more failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sigflow.errors import SigflowError
from sigflow.quarantine import DeadLetter, Failure, Quarantine
from sigflow.watch.handlers.declared import Handler
from sigflow.watch.handlers.letters import occurrence_of
from sigflow.watch.handlers.occurrences import Occurrence
from sigflow.watch.handlers.running import Runner

if TYPE_CHECKING:
    from sigflow.stream.format import Format

#: Letters that are tried before what came of them is put on the disk.
SOME = 100


@dataclass(slots=True)
class Retried:
    """What came of it.  failed: the letters that a handler did not take, and why; unread: those that could not be
    tried; off: handlers that were switched off, and why.
    """

    done: int = 0
    failed: list[tuple[DeadLetter, Failure]] = field(default_factory=list)
    unread: list[tuple[DeadLetter, str]] = field(default_factory=list)
    off: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether every letter was taken."""
        return not (self.failed or self.unread or self.off)


def retry(
    quarantine: Quarantine,
    letters: Iterable[DeadLetter],
    handlers: Mapping[str, Handler],
    formats: Mapping[str, Format],
    *,
    purge: bool = False,
) -> Retried:
    """Call each handler with the events of its letters, in the order in which they were kept.

    handlers, formats: by their names; a letter of another is told as unread.  purge: delete those that were taken.
    Raises what `Quarantine` raises.
    """
    came = Retried()
    runners: dict[str, Runner] = {}
    tried: list[tuple[DeadLetter, Occurrence]] = []
    try:
        for letter in letters:
            if letter.handler in came.off:
                continue
            try:
                if letter.handler not in handlers:
                    raise SigflowError(f"no handler is called {letter.handler!r} now")
                occurrence = occurrence_of(letter, formats)
            except SigflowError as error:
                came.unread.append((letter, str(error)))
                continue
            if letter.handler not in runners:
                runners[letter.handler] = Runner(handlers[letter.handler], drops=False)
            runners[letter.handler].put(occurrence)
            tried.append((letter, occurrence))
            if len(tried) >= SOME:
                _finish(quarantine, runners, tried, came, purge)
        _finish(quarantine, runners, tried, came, purge)
    finally:
        for runner in runners.values():
            runner.close()
    return came


def _finish(
    quarantine: Quarantine,
    runners: Mapping[str, Runner],
    tried: list[tuple[DeadLetter, Occurrence]],
    came: Retried,
    purge: bool,
) -> None:
    """Wait for what was put, and say on the disk what came of it."""
    failures: dict[int, Failure] = {}
    for name, runner in runners.items():
        if not runner.wait(runner.accepted):
            came.off[name] = runner.off
        failures |= {id(occurrence): failure for occurrence, failure in runner.failures()}
    done = []
    for letter, occurrence in tried:
        failure = failures.get(id(occurrence))
        if failure is not None:
            came.failed.append((letter, failure))
            quarantine.keep_letter(letter, failure)
        elif letter.handler not in came.off:
            done.append(letter)
    quarantine.commit()
    quarantine.letters_done(done, purge=purge)
    came.done += len(done)
    tried.clear()
