"""`sigflow run`: what sigflow.yaml hangs on the events of captures, over what is recorded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import for_each
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
@scanning
def command(captures: tuple[str, ...], form: str, settings: Settings) -> int:
    """Raise and clear the alarms of sigflow.yaml over each CAPTURE, at the frames at which they are raised live.

    Of a session, what operators did to its alarms is done again. The exit code is 3 where an alarm was raised.
    """
    from sigflow.storage.session.opening import operations_of
    from sigflow.watch.alarms.monitor import Monitor
    from sigflow.watch.alarms.rules import rules
    from sigflow.watch.alarms.states import RAISED
    from sigflow.watch.alarms.telling import Teller, line
    from sigflow.watch.replaying import Replay

    screen = settings.screen
    config = configured(settings.config)
    if not config.alarms:
        if config.document is None:
            raise UsageError(f"there is no {DEFAULT} here: name one with --config")
        raise UsageError(f"{config.file}: there are no alarms in it")

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
        replay = Replay(recording, monitor, operations_of(recording.name))
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
        screen.note(f"{name}: {counted(total, 'alarm')} raised" + ("" if not total else f" ({_list(raised)})"))
        return exits.DAMAGED if total else exits.OK

    return for_each(captures, settings, work)


def _list(raised: Counter[str]) -> str:
    return ", ".join(f"{one_line(name)} {count}" for name, count in raised.items() if count)
