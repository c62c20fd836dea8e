"""`sigflow config check|schema`: what stands in sigflow.yaml, and what may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import formats_of
from sigflow.cli.completion import files
from sigflow.cli.help import Group
from sigflow.cli.options import Compiling, Settings, compiling, screened, specs_option
from sigflow.cli.terminal import Screen, complain
from sigflow.columns.plain_json import dumps
from sigflow.config import CODEC, DEFAULT, Config, checked
from sigflow.errors import SigflowError, UsageError

if TYPE_CHECKING:
    from sigflow.config.sections import Meant
    from sigflow.stream.format import Format


#: The sections of which the entries are counted.
COUNTED = ("fallback", "mapping", "alarms", "handlers")


@click.group("config", cls=Group)
def command() -> None:
    """Look at sigflow.yaml before it is used."""


@command.command("check")
@click.argument("file", metavar="[FILE]", default=DEFAULT, shell_complete=files)
@specs_option("A .ksy file, or FILE.py:OBJECT, whose file is run, of a format that FILE names; repeat it for several.")
@compiling
@screened
def check(file: str, specs: tuple[str, ...], compiling: Compiling, screen: Screen) -> int:
    """List every mistake in FILE (sigflow.yaml), each with its place; nothing that it names is run.

    Expressions are checked against the fields of the formats: the bundled ones, and those of -s.
    """
    known = {format.name: format for format in formats_of(Settings(screen, specs, compiling=compiling))}
    config, mistakes = checked(file)
    mistakes += _of_formats(config, known, compiling)
    for mistake in sorted(dict.fromkeys(map(str, mistakes)), key=_place):
        complain(mistake)
    if mistakes:
        return exits.USAGE
    sections = ", ".join(f"{name} {len(entries)}" for name in COUNTED if (entries := getattr(config, name)))
    screen.line(f"{file}: no mistakes; {sections or 'nothing is in it'}")
    return exits.OK


def _place(mistake: str) -> list[tuple[int, str]]:
    """Mistakes by their lines."""
    return [(int(part) if part.isdecimal() else -1, part) for part in mistake.split(":")]


def _named(name: str, known: dict[str, Format]) -> Format:
    """A format by its name.  A file is none: frames are told by names, and who lies about runs nothing here."""
    from sigflow import catalog

    if name not in known:
        if ":" in name or "/" in name or name.endswith(catalog.SPEC_ENDING):
            raise UsageError(f"{name!r} is no name of a format: name its file with -s")
        known[name] = catalog.load(name)
    return known[name]


def _of_formats(config: Config, known: dict[str, Format], compiling: Compiling) -> list[UsageError]:
    """What is wrong with names of formats, and with expressions over their fields.  known: formats by their names."""
    from sigflow.watch.alarms.rules import rules

    mistakes = _of_handlers(config, known)
    try:
        config.codecs()
    except UsageError as error:
        mistakes.append(error)
    named = {name for name in config.fallback if not name.startswith(CODEC)}
    for name, alarm in config.alarms.items():
        bound = _meant(config, alarm, ("alarms", name), known, mistakes)
        if bound is not None:
            mistakes += rules({name: alarm}, bound, config.document)[1]
    for name in sorted(named):
        try:
            config.formats([_named(name, known)], None, compiling.options())
        except SigflowError as error:
            mistakes.append(UsageError(str(error)))
    return mistakes


def _meant(
    config: Config, meant: Meant, path: tuple[str | int, ...], known: dict[str, Format], mistakes: list[UsageError]
) -> list[Format] | None:
    """The formats that an entry names, none where it names none, as it is bound when there is a capture; None where it
    names only such as there are not.
    """
    formats = [meant.format] if isinstance(meant.format, str) else list(meant.format)
    for format in formats:
        try:
            _named(format, known)
        except SigflowError as error:
            assert config.document is not None
            mistakes.append(UsageError(f"{config.document.place((*path, 'format'))}: {error}"))
    bound = [known[format] for format in formats if format in known]
    return bound if bound or not formats else None


def _of_handlers(config: Config, known: dict[str, Format]) -> list[UsageError]:
    """What is wrong with handlers, apart from their functions, which are not looked for."""
    if not config.handlers:
        return []
    from sigflow.watch.handlers.declared import unimported
    from sigflow.watch.handlers.wanting import bound

    mistakes: list[UsageError] = []
    handlers = unimported(config)
    for handler, entry in zip(handlers, config.handlers.values(), strict=True):
        formats = _meant(config, entry, handler.path, known, mistakes)
        if formats is not None:
            mistakes += bound([handler], formats, config.document)[1]
    return [*mistakes, *bound(handlers, [], config.document)[1]]


@command.command("schema")
@screened
def schema(screen: Screen) -> int:
    """Print the JSON Schema of sigflow.yaml, for an editor."""
    from sigflow.config.document import schema as made

    screen.line(dumps(made(), indent=2))
    return exits.OK
