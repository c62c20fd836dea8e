"""What the commands that make captures of captures have in common: where the output goes, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import at_any_offset, for_each
from sigflow.cli.options import Settings, output_format, output_option, scanning
from sigflow.cli.output import STANDARD_OUTPUT, guarded, identities, read_back, target
from sigflow.cli.selecting import selecting
from sigflow.cli.terminal import complain_of_values, counted, one_line
from sigflow.cli.verdicts import LISTED, idle_words
from sigflow.columns.plain_json import dumps
from sigflow.errors import BuildError
from sigflow.storage.disk import folder_of

if TYPE_CHECKING:
    from sigflow.cli.selecting import Command
    from sigflow.cli.terminal import Screen
    from sigflow.recording import Recording
    from sigflow.recording.selection.asked import Selection
    from sigflow.rewrite.result import Rewritten
    from sigflow.storage.disk import Identity

#: Writes a recording's frames to a file, and says what was done.
Work = Callable[["Recording", str, Sequence["Identity"]], "Rewritten"]

out_option = output_option("Where the frames go: a file, or - for stdout.", required=True)


def rewriting(function: Command) -> Command:
    """The options of a command that writes frames; it gets `selection`, `form` and `settings`."""
    wrapped: Command = output_format("text", "json")(selecting(scanning(function)))
    return wrapped


def rewritten(
    capture: str, output: str, form: str, selection: Selection, settings: Settings, work: Work, *, again: bool = False
) -> int:
    """Do the work on one capture, tell of it, and give the exit code.

    again: the work reads the capture at any offset.
    """
    out = target(output, capture)
    screen = settings.screen.beside(out)
    if out != STANDARD_OUTPUT:
        guarded(out, [capture], settings.read)
    spared = identities([capture])

    def done(recording: Recording) -> int:
        try:
            return written(recording.select(selection))
        except BuildError as error:
            complain_of_values(error)
            return exits.FAILED

    def written(recording: Recording) -> int:
        with read_back(out) as path:
            if again:
                with at_any_offset(recording, folder_of(path), screen) as whole:
                    result = work(whole, path, spared)
            else:
                result = work(recording, path, spared)
        result = replace(result, outputs=tuple(replace(file, out=out) for file in result.outputs))
        return told(result, out, form, screen)

    return for_each([capture], settings, done)


def told(result: Rewritten, out: str, form: str, screen: Screen) -> int:
    """Tell what was done, and give the exit code."""
    if form == "json":
        screen.line(dumps(result.tree(), indent=2))
    else:
        for line in lines(result, out):
            screen.prose(one_line(line))
    for capture in result.captures:
        if not capture.bytes:
            screen.diagnostic("note", f"{capture.capture}: the capture holds no bytes")
    if result.difference:
        return exits.FAILED
    return exits.OK if result.sound else exits.DAMAGED


def lines(result: Rewritten, out: str) -> Iterator[str]:
    """What was done, in words."""
    captures = result.captures
    name = captures[0].capture if len(captures) == 1 else counted(len(captures), "capture")
    if result.difference:
        yield f"{name}: {out} is not written: {result.difference}"
    else:
        size = sum(written.bytes for written in result.outputs)
        where = out if len(result.outputs) == 1 else f"{counted(len(result.outputs), 'file')} in {out}"
        yield (
            f"{name}: {result.frames_written} of {counted(result.frames, 'frame')}, {size} bytes, "
            f"written to {where} and read back"
        )
    yield from counts_in_words(result)
    yield from mappings_in_words(result)
    gaps, idle = sum(capture.gap_bytes for capture in captures), sum(capture.idle_bytes for capture in captures)
    if gaps:
        yield f"  {gaps} bytes in gaps{idle_words(idle)} left out; `sigflow recover` keeps such bytes"
    elif idle:
        yield f"  {idle} idle bytes left out"
    if result.lost:
        yield f"  {counted(result.lost, 'frame')} lost, by the sequence numbers"
    if result.cut:
        yield "  stopped where no further frame was meant: what follows was not read"


def counts_in_words(result: Rewritten) -> Iterator[str]:
    """What else was counted."""
    counts = result.counts
    if "duplicates" in counts:
        yield (
            f"  {counted(counts['duplicates'], 'duplicate')} of {counts['duplicate_bytes']} bytes left out, within "
            f"{counted(counts['window'], 'frame')}"
        )
    for name, frames in result.disorder[:LISTED]:
        yield f"  {counted(frames, 'frame')} out of order in {name}"
    if counts.get("late"):
        yield f"  {counted(counts['late'], 'frame')} still out of order: see `sigflow sort`"
    if counts.get("unordered"):
        yield f"  {counted(counts['unordered'], 'frame')} without what is ordered by, kept behind the frame before"


def mappings_in_words(result: Rewritten) -> Iterator[str]:
    """How frames became frames of another format."""
    for mapping in result.mappings:
        words = {
            "map": "as the mapping says",
            "name": "carried over",
            "role": "carried over",
            "counted": "counted from 0 in each stream",
            "default": "nothing to make it of",
        }
        by: dict[str, list[str]] = {text: [] for text in words.values()}
        for rule in mapping.rules:
            by[words[rule.origin]].append(rule.name if rule.text in ("", rule.name) else f"{rule.name} = {rule.text}")
        for text, fields in by.items():
            if fields:
                yield f"  {mapping.source.name}: {', '.join(fields)}: {text}"
        if mapping.unread:
            yield f"  {mapping.source.name}: {', '.join(mapping.unread)}: no place to go, left out"
    if result.counts.get("around"):
        yield f"  {counted(result.counts['around'], 'preamble or trailer', 'preambles and trailers')} left out"


def window_option(default: int) -> Callable[[Command], Command]:
    """--window, the command gets `window`."""
    return click.option(
        "--window",
        type=click.IntRange(1, MOST_REMEMBERED),
        default=default,
        show_default=True,
        metavar="N",
        help="How many of the frames before a frame is compared with.",
    )


#: Frames that are remembered at most: each takes about 200 bytes of memory.
MOST_REMEMBERED = 100_000_000
