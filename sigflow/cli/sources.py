"""Sources and sinks of `ingest` as sigflow.yaml names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sigflow.cli.captures import fallen_back, formats_of
from sigflow.config import DEFAULT, Config, texts
from sigflow.config.units import Duration
from sigflow.errors import UsageError
from sigflow.session.opening import check
from sigflow.session.sinks import Batching, Place
from sigflow.session.source import Origin
from sigflow.transport import is_uri

if TYPE_CHECKING:
    from sigflow.cli.options import Settings
    from sigflow.config.sections import Batch
    from sigflow.stream.format import Format

T = TypeVar("T")

#: What runs a program.
_RUNS = ("exec", "python")


class Inputs(NamedTuple):
    """What is received from, with all formats, what these were asked for by, and the fallback formats."""

    origins: list[Origin]
    formats: list[Format]
    specs: list[str]
    fallback: list[Format]


def inputs(named: Sequence[str], settings: Settings, config: Config, folder: str, *, all: bool, acts: bool) -> Inputs:
    """The sources: URIs, or names in the file; without any, those of the file.

    all: whether the formats of the settings are those of all sources, whatever the file says.  folder: of the session,
    for what is told.  acts: whether the file may run programs.
    """
    if not named and not config.sources:
        raise UsageError(f"name at least one source: a URI, or one of `sources` in {DEFAULT}")
    taken = _named(named or list(config.sources), config.sources, config, "source")
    order = {name: number for number, name in enumerate(config.sources)}
    taken.sort(key=lambda pair: order.get(pair[0], -1))  # the formats of a session have an order
    own = {name: source.spec for name, source in taken if source is not None and source.spec and not all}
    by_specs: dict[tuple[str, ...], tuple[list[Format], list[Format]]] = {}

    def of(specs: tuple[str, ...]) -> tuple[list[Format], list[Format]]:
        if specs not in by_specs:
            with_specs = replace(settings, specs=specs)
            by_specs[specs] = fallen_back(formats_of(with_specs), settings, config, folder)
        return by_specs[specs]

    origins = []
    for name, source in taken:
        if source is None:
            origins.append(Origin(name))
            continue
        uri = _uri(source.uri, ("sources", name), config, acts)
        specs = _specs(own[name], name, settings, config) if name in own else settings.specs
        formats, fallback = of(specs)
        origins.append(
            Origin(uri, tuple(formats), tuple(fallback), _of(source.max_wait), source.overflow, _of(source.reconnect))
        )
    if len(own) < len(taken):
        if not settings.specs:
            lacking = next(name for name, _ in taken if name not in own)
            raise UsageError(f"{lacking}: name its formats with -s")
        of(settings.specs)
    if len(by_specs) == 1:
        origins = [replace(origin, formats=None, fallback=None) for origin in origins]
    return Inputs(origins, *_joined(by_specs))


def _joined(
    by_specs: Mapping[tuple[str, ...], tuple[list[Format], list[Format]]],
) -> tuple[list[Format], list[str], list[Format]]:
    """The formats of all sources, what they were asked for by, and the fallback formats, each once."""
    formats: dict[str, Format] = {}
    by_name: dict[str, str] = {}
    fallback: dict[str, Format] = {}
    for specs, (own, others) in by_specs.items():
        for spec, format in zip(specs, own, strict=True):
            if by_name.setdefault(format.name, spec) != spec:
                raise UsageError(f"format {format.name!r} is named twice: {by_name[format.name]} and {spec}")
            formats[format.name] = format
        fallback.update((format.name, format) for format in others)
    return list(formats.values()), list(by_name.values()), list(fallback.values())


def outputs(named: Sequence[str], config: Config, batching: Batching, *, acts: bool) -> list[Place]:
    """The sinks: URIs, or names in the file; without any, those of the file."""
    places = []
    for name, sink in _named(named or list(config.sinks), config.sinks, config, "sink"):
        if sink is None:
            places.append(Place(name))
        else:
            uri = _uri(sink.uri, ("sinks", name), config, acts)
            try:
                check(sink.uri, batched=sink.batch is not None)
            except UsageError as error:
                raise config.wrong(("sinks", name, "uri"), str(error)) from error
            places.append(Place(uri, None if sink.batch is None else _batching(sink.batch, batching)))
    return places


def _named(named: Iterable[str], entries: Mapping[str, T], config: Config, what: str) -> list[tuple[str, T | None]]:
    """What is named, with what the file says of it; None for a URI."""
    taken: list[tuple[str, T | None]] = []
    for name in named:
        entry = entries.get(name)
        if name in dict(taken):
            raise UsageError(f"{what} {name!r} is named twice")
        if entry is None and ":" not in name and not is_uri(name):
            known = f", and no {what} in {config.file}: {', '.join(entries)}" if entries else ""
            said = f"{config.file} names no {what}s" if config.file else f"there is no {DEFAULT} here"
            none = "" if entries else f", and {said}"
            raise UsageError(f"{name!r} is no URI{known}{none}")
        taken.append((name, entry))
    return taken


def _uri(uri: str, path: tuple[str, str], config: Config, acts: bool) -> str:
    """A URI of the file, with its path as one from here."""
    scheme, colon, _ = uri.partition(":")
    if colon and scheme in _RUNS and not acts:
        raise config.wrong((*path, "uri"), f"{uri} would run a program: allow it (--allow-actions)")
    return config.uri(uri)


def _specs(named: str | list[str], source: str, settings: Settings, config: Config) -> tuple[str, ...]:
    try:
        return tuple(config.spec(text, settings.compiling.allow_imports) for text in texts(named))
    except UsageError as error:
        raise config.wrong(("sources", source, "spec"), str(error)) from error


def _of(span: Duration | None) -> float | None:
    return None if span is None else span.seconds


def _batching(batch: Batch, usual: Batching) -> Batching:
    return Batching(
        batch.rows or usual.rows,
        batch.bytes or usual.bytes,
        usual.seconds if batch.every is None else batch.every.seconds,
    )
