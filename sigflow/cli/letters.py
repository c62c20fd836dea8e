"""Dead letters, as `sigflow quarantine` and `sigflow handlers` show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from sigflow.cli.terminal import counted, one_line
from sigflow.cli.text import hex_rows
from sigflow.columns.plain_json import dumps
from sigflow.quarantine.store import SHORT

if TYPE_CHECKING:
    from sigflow.cli.terminal import Screen
    from sigflow.quarantine import DeadLetter, Failure

#: Bytes of an entry, or a letter, that are shown.
SHOWN = 512
#: Failures of a letter that are shown with their tracebacks, the last ones.
TRACES = 3
#: A letter, what was said of its last failure, and how many there were.
Failed: TypeAlias = "tuple[DeadLetter, str | None, int]"


def place(letter: DeadLetter) -> str:
    """What it is of, and where that was."""
    at, frame = letter.at, letter.frame
    what = letter.event if frame is None else f"{letter.event} {frame.spec.name} #{frame.index}"
    where = f"{at.start}..{at.stop}" if at.stop > at.start else f"{at.start}"
    return f"{what} at {where} of {letter.name}"


def letter_lines(letters: Iterable[Failed], screen: Screen) -> int:
    """A line for each, in the order in which they were kept; how many there are."""
    count = 0
    for letter, error, times in letters:
        count += 1
        why = error if error is not None else "no failure is kept"
        done = "  done" if letter.done_ns is not None else ""
        tries = f" ({counted(times, 'time')})" if times > 1 else ""
        screen.prose(one_line(f"  {letter.id[:SHORT]}  handler {letter.handler}: {place(letter)}: {why}{tries}{done}"))
    return count


def letter_tree(letter: DeadLetter, error: str | None, failures: int) -> dict[str, Any]:
    """The JSON form."""
    at, frame = letter.at, letter.frame
    return {
        "id": letter.id,
        "handler": letter.handler,
        "event": letter.event,
        "capture": letter.capture,
        "name": letter.name,
        "stream": at.stream,
        "start": at.start,
        "stop": at.stop,
        "number": at.number,
        "format": None if frame is None else frame.spec.name,
        "index": None if frame is None else frame.index,
        "detail": letter.detail,
        "error": error,
        "failures": failures,
        "kept_ns": letter.kept_ns,
        "done_ns": letter.done_ns,
    }


def show_letter(letter: DeadLetter, failures: Sequence[Failure], form: str, screen: Screen) -> None:
    """All that is known of one."""
    if form == "json":
        tree = letter_tree(letter, failures[-1].error if failures else None, len(failures))
        tries = [
            {"error": failure.error, "traceback": failure.trace, "late": failure.late, "at_ns": failure.at_ns}
            for failure in failures
        ]
        screen.line(dumps({"schema_version": 1, **tree, "failures": tries, "head": letter.raw[:SHOWN].hex()}, indent=2))
        return
    screen.line(f"dead letter {letter.id}")
    screen.line(one_line(f"  handler {letter.handler}: {place(letter)}"))
    screen.line(one_line(f"  capture {letter.capture}"))
    if letter.detail:
        screen.line(one_line(f"  {dumps(letter.detail)}"))
    if len(failures) > TRACES:
        screen.line(f"  and {len(failures) - TRACES} failures before")
    for failure in failures[-TRACES:]:
        screen.line(one_line(f"  failed: {failure.error}"))
        for line in failure.trace.splitlines():
            screen.line(f"    {one_line(line)}")
    screen.line("  done since" if letter.done_ns is not None else "  to be tried again: sigflow handlers retry")
    for at, row, shown in hex_rows(letter.raw[:SHOWN], letter.at.start):
        screen.line(f"{at:>12}  {row}  {shown}")
    if len(letter.raw) > SHOWN:
        screen.line(f"{'':>14}and {len(letter.raw) - SHOWN} more bytes")
