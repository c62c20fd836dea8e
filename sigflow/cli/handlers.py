"""`sigflow handlers list|retry`: the functions that are called for events, and what they failed on, tried again."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import formats_of
from sigflow.cli.completion import files, folders
from sigflow.cli.handling import handler_option, handlers_of, unallowed
from sigflow.cli.help import Group
from sigflow.cli.letters import place
from sigflow.cli.options import (
    Compiling,
    Settings,
    compiling,
    max_frame_option,
    output_format,
    screened,
    specs_option,
)
from sigflow.cli.terminal import Screen, counted, one_line
from sigflow.columns.plain_json import dumps
from sigflow.config import configured
from sigflow.errors import SigflowError, UsageError
from sigflow.quarantine import Quarantine
from sigflow.quarantine.store import SHORT
from sigflow.storage.session import layout

if TYPE_CHECKING:
    from sigflow.stream.format import Format
    from sigflow.watch.handlers.retrying import Retried

#: Letters that are told one by one, at most.
TOLD = 20
config_option = click.option(
    "--config", metavar="FILE", shell_complete=files, help="Instead of sigflow.yaml in the current folder."
)


@click.group("handlers", cls=Group)
def command() -> None:
    """List the handlers that there are; try again what they failed on."""


@command.command("list")
@config_option
@output_format("text", "json")
@screened
def list_(config: str | None, form: str, screen: Screen) -> int:
    """List the handlers of sigflow.yaml, and those that installed packages bring. None of them is run."""
    from sigflow.watch.handlers.declared import HANDLERS, unimported

    said = configured(config)
    entries = [
        {"name": handler.name, "event": entry.event, "where": entry.where, "call": entry.call}
        for handler, entry in zip(unimported(said), said.handlers.values(), strict=True)
    ]
    brought = HANDLERS.names()
    if form == "json":
        screen.line(dumps({"schema_version": 1, "configured": entries, "installed": brought}, indent=2))
        return exits.OK
    for entry in entries:
        what = f", for {entry['event']}" if entry["event"] else ""
        where = f" where {entry['where']}" if entry["where"] else ""
        call = f": {entry['call']}" if entry["call"] != entry["name"] else ""
        screen.line(one_line(f"{said.file}: {entry['name']}{call}{what}{where}"))
    for name in brought:
        screen.line(one_line(f"installed: {name}"))
    if not entries and not brought:
        screen.note("there are no handlers")
    return exits.OK


@command.command("retry")
@click.argument("folder", metavar="DIR", shell_complete=folders)
@handler_option
@config_option
@click.option("--allow-actions", is_flag=True, help="Call the handlers that sigflow.yaml names.")
@specs_option("A format that letters of frames need, where DIR is no session and it is not bundled.")
@click.option("--only", "only", multiple=True, metavar="NAME", help="Only the letters of this handler; repeatable.")
@click.option("--purge", is_flag=True, help="Then delete for good the letters that were taken.")
@compiling
@max_frame_option
@output_format("text", "json")
@screened
def retry_(
    folder: str,
    named: tuple[str, ...],
    config: str | None,
    allow_actions: bool,
    specs: tuple[str, ...],
    only: tuple[str, ...],
    purge: bool,
    max_frame: int | None,
    form: str,
    screen: Screen,
    compiling: Compiling,
) -> int:
    """Call handlers again for what they failed on: the dead letters in DIR, a session or a quarantine.

    Those that are taken now are marked as done; the others have one more failure. The exit code is 3 where one is left.
    """
    from sigflow.watch.handlers.retrying import retry

    said = configured(config)
    if said.handlers and not allow_actions and not named:
        raise unallowed(said)
    handlers = {handler.name: handler for handler in handlers_of(said, named, allowed=allow_actions)}
    if not handlers:
        raise UsageError("no handler is named: in sigflow.yaml (--config), or with --handler")
    settings = Settings(screen, specs, max_frame=max_frame, compiling=compiling)
    path = os.path.join(folder, layout.QUARANTINE) if layout.is_session(folder) else folder
    if path != folder and not os.path.isdir(path):
        screen.note(f"{folder}: nothing is in its quarantine")
        return exits.OK
    with Quarantine(path) as quarantine:
        used = {letter.frame.spec.name for letter in quarantine.letters(only, undone=True) if letter.frame is not None}
        formats = _formats(folder, settings, used)
        came = retry(quarantine, quarantine.letters(only, undone=True), handlers, formats, purge=purge)
    _tell(folder, came, purge, form, screen)
    return exits.OK if came.whole else exits.DAMAGED


def _formats(folder: str, settings: Settings, used: set[str]) -> dict[str, Format]:
    """The formats of letters, by their names: those that are named, those of the session, and the bundled ones."""
    from sigflow import catalog
    from sigflow.storage.session.opening import specs_of

    session = layout.is_session(folder)
    if session and not settings.specs:
        settings = replace(settings, specs=tuple(specs_of(folder)))
    formats = {format.name: format for format in formats_of(settings)}
    for name in sorted(used - formats.keys()):
        try:
            formats[name] = catalog.load(name, limits=settings.limits)
        except SigflowError:
            continue  # (its letters say that it is lacking)
    return formats


def _tell(folder: str, came: Retried, purge: bool, form: str, screen: Screen) -> None:
    """What came of it."""
    if form == "json":
        failed = [{"id": letter.id, "error": failure.error} for letter, failure in came.failed]
        unread = [{"id": letter.id, "error": words} for letter, words in came.unread]
        tree = {"schema_version": 1, "quarantine": folder, "done": came.done, "failed": failed, "unread": unread}
        screen.line(dumps({**tree, "off": came.off, "purged": purge}, indent=2))
        return
    left = [*((letter, failure.error) for letter, failure in came.failed), *came.unread]
    for letter, words in left[:TOLD]:
        what = f"handler {letter.handler}: {place(letter)}"
        screen.diagnostic("warning", one_line(f"{letter.id[:SHORT]}: {what}: {words}"))
    if len(left) > TOLD:
        screen.diagnostic("warning", f"and {len(left) - TOLD} more")
    for name, why in came.off.items():
        screen.diagnostic("error", one_line(f"handler {name}: {why}"))
    deleted = ", and deleted" if purge and came.done else ""
    screen.prose(one_line(f"{folder}: {counted(came.done, 'dead letter')} done{deleted}, {len(left)} left"))
