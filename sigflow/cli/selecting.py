"""The options that say which frames are meant; the same of every command that reads frames."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from sigflow.cli.completion import format_names
from sigflow.recording.selection.asked import Selection

Command = TypeVar("Command", bound=Callable[..., Any])

SELECTION_OPTIONS = (
    click.option(
        "--where",
        metavar="EXPR",
        help="Only frames of which this holds, in the expression language of specs, e.g. 'sequence > 5 and "
        "flags.compressed'. A frame in which it cannot be computed does not match.",
    ),
    click.option(
        "--format-name",
        "format_names",
        multiple=True,
        metavar="FORMAT",
        shell_complete=format_names,
        help="Only frames of this format; repeat it for several.",
    ),
    click.option(
        "--kind", "kinds", multiple=True, metavar="KIND", help="Only frames of this kind; repeat it for several."
    ),
    click.option(
        "--stream",
        "streams",
        multiple=True,
        metavar="STREAM",
        help="Only frames of the stream of this id; repeat it for several.",
    ),
    click.option(
        "--since",
        metavar="PLACE",
        help="From here on: an offset (300, 0x12c), a frame (#12), or a time (2026-01-31T12:00, or 12.5s).",
    ),
    click.option("--until", metavar="PLACE", help="Before this place, as of --since."),
    click.option(
        "--skip", type=click.IntRange(0), default=0, metavar="N", help="Without the first N of those that fit all else."
    ),
    click.option("--limit", type=click.IntRange(0), metavar="N", help="Stop after N frames of each capture."),
)


def selecting(function: Command) -> Command:
    """The options; the command gets `selection`."""

    @wraps(function)
    def call(
        *args: Any,
        where: str | None,
        format_names: tuple[str, ...],
        kinds: tuple[str, ...],
        streams: tuple[str, ...],
        since: str | None,
        until: str | None,
        skip: int,
        limit: int | None,
        **others: Any,
    ) -> Any:
        selection = Selection(where, format_names, kinds, streams, since, until, skip, limit)
        return function(*args, selection=selection, **others)

    wrapped: Any = call
    for option in reversed(SELECTION_OPTIONS):
        wrapped = option(wrapped)
    command: Command = wrapped
    return command
