"""`sigflow config check|schema`: what stands in sigflow.yaml, and what may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from sigflow.cli import COMMANDS, exits
from sigflow.cli.captures import formats_of
from sigflow.cli.completion import files
from sigflow.cli.help import Group
from sigflow.cli.options import Compiling, Settings, compiling, screened, specs_option
from sigflow.cli.terminal import Screen, complain, one_line
from sigflow.columns.plain_json import dumps
from sigflow.config import CODEC, DEFAULT, Config, checked, texts
from sigflow.errors import SigflowError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sigflow.config.sections import Meant
    from sigflow.stream.format import Format


#: The sections of which there is one entry, and those whose entries are counted.
SINGLE = ("defaults", "index")
SECTIONS = (
    "sources", "sinks", "fallback", "mapping", "metadata", "compute", "alarms", "handlers", "schedule", "checks",
)  # fmt: skip


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

    Expressions are checked against the fields of the formats: the bundled ones, those of -s, and the .ksy files that
    `defaults` and `sources` name.
    """
    known = {format.name: format for format in formats_of(Settings(screen, specs, compiling=compiling))}
    config, mistakes = checked(file)
    mistakes += _of_sources(config, known, compiling)
    mistakes += _of_formats(config, known, compiling)
    for mistake in sorted(dict.fromkeys(map(str, mistakes)), key=_place):
        complain(mistake)
    if mistakes:
        return exits.USAGE
    sections = [name for name in SINGLE if getattr(config, name)]
    sections += [f"{name} {len(entries)}" for name in SECTIONS if (entries := getattr(config, name))]
    screen.line(one_line(f"{file}: no mistakes; {', '.join(sections) or 'nothing is in it'}"))
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


def _unknown(
    config: Config, names: Iterable[str], path: tuple[str | int, ...], known: dict[str, Format]
) -> Iterator[UsageError]:
    """What is wrong with names of formats that stand there; the others are known then."""
    for name in names:
        try:
            _named(name, known)
        except SigflowError as error:
            yield config.wrong(path, str(error))


def _of_formats(config: Config, known: dict[str, Format], compiling: Compiling) -> list[UsageError]:
    """What is wrong with names of formats, and with expressions over their fields.  known: formats by their names."""
    from sigflow.watch.alarms.rules import rules

    mistakes = [*_of_rules(config, known), *_of_handlers(config, known)]
    try:
        config.codecs()
    except UsageError as error:
        mistakes.append(error)
    if config.schedule:
        from sigflow.watch.schedule.jobs import jobs

        try:
            mistakes += jobs(config.schedule, COMMANDS, config.document)[1]
        except UsageError as error:
            mistakes.append(error)
    mistakes += _of_checks(config)
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


def _of_sources(config: Config, known: dict[str, Format], compiling: Compiling) -> Iterator[UsageError]:
    """What is wrong with URIs of sources and sinks, and with the formats that are named there and in `defaults`, which
    are known then.
    """
    from sigflow import catalog, transport
    from sigflow.catalog import SPEC_ENDING

    named: list[tuple[tuple[str, ...], str | list[str]]] = []
    if config.defaults is not None:
        named.append((("defaults", "spec"), config.defaults.spec))
    for name, source in config.sources.items():
        named.append((("sources", name, "spec"), source.spec))
        try:
            transport.parse(source.uri)
        except UsageError as error:
            yield config.wrong(("sources", name, "uri"), str(error))
    for name, sink in config.sinks.items():
        from sigflow.session.opening import check

        try:
            check(sink.uri, batched=sink.batch is not None)
        except UsageError as error:
            yield config.wrong(("sinks", name, "uri"), str(error))
    for path, specs in named:
        for spec in texts(specs):
            if spec.endswith(SPEC_ENDING):
                try:
                    format = catalog.load(config.beside(spec), **compiling.options())
                    known.setdefault(format.name, format)
                except (SigflowError, OSError) as error:
                    yield config.wrong(path, exits.words(error))
            elif ":" not in spec:  # (what would run a program is told when it is used)
                yield from _unknown(config, [spec], path, known)


def _of_checks(config: Config) -> list[UsageError]:
    """What is wrong with the names of validators; none is loaded."""
    if not config.checks:
        return []
    from sigflow.recording.validators import REGISTRY
    from sigflow.registry import unknown

    known = REGISTRY.names()
    return [
        UsageError(f"{name.place}: {unknown(REGISTRY.kind, name.text, known)}")
        for name in config.checks
        if name.text not in known
    ]


def _of_rules(config: Config, known: dict[str, Format]) -> Iterator[UsageError]:
    """What is wrong with rules of metadata, and computed quantities.  One that names no format is bound to those of -s;
    more is seen when there is a capture.
    """
    from sigflow.recording.calibrating import COMPUTE, METADATA, calibrated

    asked = list(known.values())
    mentioned: list[Format] = []
    entries: list[tuple[str, int, str | list[str]]] = [
        *((METADATA, number, rule.when.format) for number, rule in enumerate(config.metadata)),
        *((COMPUTE, number, quantity.format) for number, quantity in enumerate(config.compute)),
    ]
    for section, number, formats in entries:
        assert config.document is not None
        at = config.document.kept[section][number]
        path = (section, at, "when", "format") if section == METADATA else (section, at, "format")
        yield from _unknown(config, texts(formats), path, known)
        mentioned += (known[name] for name in texts(formats) if name in known)
    yield from calibrated(config, list(dict.fromkeys([*asked, *mentioned])))[1]


def _meant(
    config: Config, meant: Meant, path: tuple[str | int, ...], known: dict[str, Format], mistakes: list[UsageError]
) -> list[Format] | None:
    """The formats that an entry names, none where it names none, as it is bound when there is a capture; None where it
    names only such as there are not.
    """
    formats = texts(meant.format)
    mistakes += _unknown(config, formats, (*path, "format"), known)
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
