"""`sigflow config check|schema`: what stands in sigflow.yaml, and what may."""

from __future__ import annotations

import click

from sigflow.cli import exits
from sigflow.cli.completion import files
from sigflow.cli.help import Group
from sigflow.cli.options import Compiling, compiling, screened
from sigflow.cli.terminal import Screen, complain
from sigflow.columns.plain_json import dumps
from sigflow.config import DEFAULT, checked
from sigflow.errors import SigflowError, UsageError


@click.group("config", cls=Group)
def command() -> None:
    """Look at sigflow.yaml before it is used."""


@command.command("check")
@click.argument("file", metavar="[FILE]", default=DEFAULT, shell_complete=files)
@compiling
@screened
def check(file: str, compiling: Compiling, screen: Screen) -> int:
    """List every mistake in FILE (sigflow.yaml), each with its place; nothing in it is run.

    Formats that it names are compiled, and expressions are checked against their fields.
    """
    config, mistakes = checked(file)
    mistakes += _of_formats(config, compiling)
    for mistake in sorted(dict.fromkeys(map(str, mistakes)), key=_place):
        complain(mistake)
    if mistakes:
        return exits.USAGE
    sections = ", ".join(
        f"{name} {len(entries)}" for name in ("fallback", "mapping", "alarms") if (entries := getattr(config, name))
    )
    screen.line(f"{file}: no mistakes; {sections or 'nothing is in it'}")
    return exits.OK


def _place(mistake: str) -> list[tuple[int, str]]:
    """Mistakes by their lines."""
    return [(int(part) if part.isdecimal() else -1, part) for part in mistake.split(":")]


def _of_formats(config: object, compiling: Compiling) -> list[UsageError]:
    """What is wrong with names of formats, and with expressions over their fields."""
    from sigflow import catalog
    from sigflow.config import CODEC, Config
    from sigflow.watch.alarms.rules import rules

    assert isinstance(config, Config)
    mistakes: list[UsageError] = []
    try:
        config.codecs()
    except UsageError as error:
        mistakes.append(error)
    known = {}
    named = {name for name in config.fallback if not name.startswith(CODEC)}
    for name, alarm in config.alarms.items():
        formats = [alarm.format] if isinstance(alarm.format, str) else list(alarm.format)
        for format in formats:
            if format in known:
                continue
            try:
                known[format] = catalog.load(format, **compiling.options())
            except SigflowError as error:
                assert config.document is not None
                place = config.document.place(("alarms", name, "format"))
                mistakes.append(UsageError(f"{place}: {error}"))
        # An alarm that names no format is bound when there is a capture.
        bound = [known[format] for format in formats if format in known]
        if bound or not formats:
            mistakes += rules({name: alarm}, bound, config.document)[1]
    for name in sorted(named):
        try:
            config.formats([catalog.load(name, **compiling.options())], None, compiling.options())
        except UsageError as error:
            mistakes.append(error)
    return mistakes


@command.command("schema")
@screened
def schema(screen: Screen) -> int:
    """Print the JSON Schema of sigflow.yaml, for an editor."""
    from sigflow.config.document import schema as made

    screen.line(dumps(made(), indent=2))
    return exits.OK
