"""`sigflow run`: what sigflow.yaml hangs on the events of captures, over what is recorded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import for_each
from sigflow.cli.completion import folders
from sigflow.cli.handling import handler_option, handlers_of, handling, unallowed
from sigflow.cli.options import Settings, captures, scanning
from sigflow.cli.terminal import counted, one_line
from sigflow.columns.plain_json import dumps
from sigflow.config import DEFAULT, configured
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.recording import Recording


@click.command("run")
@captures
@click.option(
    "--events",
    "form",
    type=click.Choice(["text", "ndjson"]),
    default="text",
    show_default=True,
    help="Form of the lines, one for each event of an alarm.",
)
@handler_option
@click.option(
    "--allow-actions", is_flag=True, help="Call the handlers that sigflow.yaml names, whose modules are run for that."
)
@click.option(
    "--quarantine",
    metavar="DIR",
    shell_complete=folders,
    help="Where events are kept that a handler fails on: sigflow quarantine list|show, sigflow handlers retry.",
)
@scanning
def command(
    captures: tuple[str, ...],
    form: str,
    named: tuple[str, ...],
    allow_actions: bool,
    quarantine: str | None,
    settings: Settings,
) -> int:
    """Raise and clear the alarms of sigflow.yaml over each CAPTURE, at the frames at which they are raised live, and
    call handlers for its events.

    Of a session, what operators did to its alarms is done again. The exit code is 3 where an alarm was raised, or a
    handler failed.
    """
    from sigflow.storage.session.opening import operations_of
    from sigflow.watch.alarms.monitor import Monitor
    from sigflow.watch.alarms.rules import rules
    from sigflow.watch.alarms.states import RAISED
    from sigflow.watch.alarms.telling import Teller, line
    from sigflow.watch.replaying import Replay

    screen = settings.screen
    config = configured(settings.config)
    handlers = handlers_of(config, named, allowed=allow_actions)
    if config.handlers and not allow_actions:
        if not config.alarms and not named:
            raise unallowed(config)
        screen.note(f"{config.file}: its handlers are not called without --allow-actions")
    if not config.alarms and not handlers:
        if config.document is None:
            raise UsageError(f"there is no {DEFAULT} here: name one with --config, or a handler with --handler")
        raise UsageError(f"{config.file}: there are no alarms and no handlers in it")

    def work(recording: Recording) -> int:
        good, mistakes = rules(config.alarms, recording.formats, config.document)
        if mistakes:
            raise mistakes[0]
        name = one_line(recording.name)
        unused = [alarm for alarm in config.alarms if alarm not in {rule.name for rule in good}]
        if unused:
            screen.note(f"{name}: none of its formats is meant by {', '.join(map(one_line, unused))}")
        monitor, teller = Monitor(good), Teller(recording.formats)
        raised: Counter[str] = Counter()
        run = recording.run()
        with handling(handlers, recording, run.formats, config, quarantine, screen) as (called, letters):
            events = run.events() if called is None else called.over(run.events())
            replay = Replay(events, monitor, operations_of(recording.name))
            for change in replay.changes():
                raised[change.alarm] += change.state == RAISED
                tree = teller.tree(change)
                if form == "ndjson":
                    screen.line(dumps({"capture": recording.name, **tree} if len(captures) > 1 else tree))
                else:
                    screen.line(f"{name}: {one_line(line(tree))}")
        timed = sorted(rule.name for rule in good if rule.timed)
        if timed and not replay.timed:
            screen.diagnostic("warning", f"{name}: no frame has a time, which {one_line(', '.join(timed))} needs")
        for crowded in sorted(monitor.crowded):
            screen.diagnostic(
                "warning", f"{name}: {one_line(crowded)}: too many keys, not each has an alarm of its own"
            )
        total = sum(raised.values())
        if config.alarms:
            screen.note(f"{name}: {counted(total, 'alarm')} raised" + ("" if not total else f" ({_list(raised)})"))
        return exits.DAMAGED if total or letters.count else exits.OK

    return for_each(captures, settings, work)


def _list(raised: Counter[str]) -> str:
    return ", ".join(f"{one_line(name)} {count}" for name, count in raised.items() if count)
