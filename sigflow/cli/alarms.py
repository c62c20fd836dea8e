"""`sigflow alarms list|ack|shelve|unshelve|tune`: the alarms of a session, and what operators do to them."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from sigflow.cli import exits
from sigflow.cli.completion import folders
from sigflow.cli.help import Group
from sigflow.cli.options import Command, Settings, captures, output_format, scanning, screened
from sigflow.cli.session import opened
from sigflow.cli.terminal import Screen, counted, one_line
from sigflow.columns.plain_json import dumps
from sigflow.errors import UsageError
from sigflow.storage.session.following import acquiring
from sigflow.storage.session.operations import Asked, Operations, operations, states

if TYPE_CHECKING:
    from sigflow.recording import Recording
    from sigflow.storage.session.operations import Row

#: The sink that keeps them.
NAME = "alarms"
folder_argument = click.argument("folder", metavar="DIR", shell_complete=folders)


@click.group("alarms", cls=Group)
def command() -> None:
    """List the alarms of a session, acknowledge or shelve them; propose thresholds."""


def _alarms(folder: str) -> Iterator[dict[str, Any]]:
    """Each alarm of each stream, as it was committed last."""
    for stream, kept in states(folder, NAME).items():
        for name, key, _, (state, holds, until, *_) in kept["monitor"]["alarms"]:
            yield {"stream": stream, "alarm": name, "key": key, "condition": state, "holds": holds, "until_ns": until}


def _pending(folder: str) -> list[Row]:
    """What was asked for and has not taken effect in every stream of which alarms are kept."""
    done = min((kept["operation"] for kept in states(folder, NAME).values()), default=0)
    return [row for row in operations(folder) if row.id > done]


@command.command("list")
@folder_argument
@click.option("--all", "every", is_flag=True, help="Also those that are normal.")
@output_format("text", "json")
@screened
def list_(folder: str, every: bool, form: str, screen: Screen) -> int:
    """Print the alarms of the session DIR that are not normal, and what operators asked for that is still to be
    done.
    """
    opened(folder)
    alarms = [alarm for alarm in _alarms(folder) if every or alarm["condition"] != "normal"]
    pending = _pending(folder)
    if form == "json":
        rows = [{**row.asked._asdict(), "id": row.id, "who": row.who, "comment": row.comment} for row in pending]
        screen.line(dumps({"schema_version": 1, "session": folder, "alarms": alarms, "pending": rows}, indent=2))
        return exits.OK
    for alarm in alarms:
        name = alarm["alarm"] if alarm["key"] is None else f"{alarm['alarm']} ({alarm['key']})"
        holds = "" if alarm["condition"] == "normal" or not alarm["holds"] else ", the condition holds"
        screen.line(one_line(f"stream {alarm['stream']}: {name}: {alarm['condition']}{holds}"))
    for row in pending:
        when = datetime.fromtimestamp(row.asked_ns / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        screen.line(one_line(f"asked for by {row.who} at {when}: {row.asked.what} {row.asked.alarm}"))
    if not alarms and not pending:
        screen.note(f"{folder}: every alarm is normal")
    return exits.OK


def _operating(function: Command) -> Command:
    for option in reversed(
        (
            folder_argument,
            click.argument("names", metavar="ALARM...", nargs=-1, required=True),
            click.option("--key", metavar="KEY", help="Only the alarm of this key, of a rule with `for-each`."),
            click.option("--comment", default="", metavar="TEXT", help="Why; it is kept."),
        )
    ):
        function = option(function)
    wrapped: Command = screened(function)
    return wrapped


def _ask(
    folder: str,
    names: tuple[str, ...],
    key: str | None,
    comment: str,
    screen: Screen,
    what: str,
    until: int | None = None,
) -> int:
    opened(folder)
    keys = {(alarm["alarm"], alarm["key"]) for alarm in _alarms(folder)}
    known = sorted({name for name, _ in keys})
    for name in names:
        if name not in known:
            from sigflow.compiler.problems import did_you_mean

            have = f"; it has {', '.join(known)}" if known else ""
            raise UsageError(f"{folder}: no alarm is called {name!r}{did_you_mean(name, known) or have}")
        if key is not None and (name, key) not in keys:
            raise UsageError(f"{folder}: {name!r} has no key {key!r}")
    asked = Operations(folder)
    try:
        for name in names:
            asked.ask(Asked(name, key, what, until), getpass.getuser(), comment)
    finally:
        asked.close()
    when = "" if acquiring(folder) else ", once somebody ingests into the session"
    screen.line(one_line(f"{folder}: {what} {', '.join(names)}: asked for{when}"))
    return exits.OK


@command.command("ack")
@_operating
def ack(folder: str, names: tuple[str, ...], key: str | None, comment: str, screen: Screen) -> int:
    """Acknowledge each ALARM of the session DIR: somebody has seen it. One that latches is cleared by that.

    Who ingests does it, behind the frame that came last.
    """
    return _ask(folder, names, key, comment, screen, "ack")


@command.command("shelve")
@click.option(
    "--for",
    "span",
    metavar="TIME",
    help="So long, as 30m or 12h, in the time of the frames; else until it is unshelved.",
)
@_operating
def shelve(folder: str, names: tuple[str, ...], key: str | None, comment: str, screen: Screen, span: str | None) -> int:
    """Say nothing of each ALARM of the session DIR for a time.

    When the time is over and the condition holds, it is raised.
    """
    from sigflow.config.units import Duration

    try:
        length = None if span is None else Duration.of(span).ns
    except ValueError as error:
        raise UsageError(f"--for {span}: {error}") from error
    last = max((kept["monitor"]["time"] or 0 for kept in states(folder, NAME).values()), default=0)
    until = None if length is None else (last or time.time_ns()) + length
    return _ask(folder, names, key, comment, screen, "shelve", until)


@command.command("unshelve")
@_operating
def unshelve(folder: str, names: tuple[str, ...], key: str | None, comment: str, screen: Screen) -> int:
    """Tell of each ALARM of the session DIR again."""
    return _ask(folder, names, key, comment, screen, "unshelve")


@command.command("tune")
@captures
@click.option("--of", "text", required=True, metavar="EXPRESSION", help="What an alarm would look at.")
@click.option(
    "--frames", type=click.IntRange(1, 1_000_000), default=1, show_default=True, metavar="N",
    help="Frames in a row that an alarm would wait for.",
)  # fmt: skip
@output_format("text", "json")
@scanning
def tune(captures: tuple[str, ...], text: str, frames: int, form: str, settings: Settings) -> int:
    """Propose thresholds for an alarm on EXPRESSION from what is recorded, with how often each would have been raised.

    Thresholds: those beyond which 1 %, 0.1 % and 0.01 % of the values are; three and six times the usual spread away
    from the median; and those beyond which none is.
    """
    from sigflow.cli.captures import for_each
    from sigflow.watch.tuning import tuned

    screen = settings.screen

    def work(recording: Recording) -> int:
        what, name = tuned(recording, text, frames), one_line(recording.name)
        if what is None:
            screen.note(f"{name}: no frame has a number there")
            return exits.OK
        if form == "json":
            proposals = [proposal._asdict() for proposal in what.proposals]
            tree = {
                "schema_version": 1,
                "capture": recording.name,
                "of": text,
                **what._asdict(),
                "proposals": proposals,
            }
            screen.line(dumps(tree, indent=None if len(captures) > 1 else 2))
            return exits.OK
        without = f", {counted(what.other, 'frame')} without one" if what.other else ""
        screen.line(
            f"{name}: {counted(what.values, 'value')}{without}: {what.least:g} to {what.most:g}, "
            f"median {what.median:g}, spread {what.spread:g}"
        )
        for above, below, why, beyond, raised in what.proposals:
            bound = f"above {above:g}" if above is not None else f"below {below:g}"
            screen.line(f"  {bound} ({why}): {counted(beyond, 'frame')}, raised {counted(raised, 'time')}")
        return exits.OK

    return for_each(captures, settings, work)
