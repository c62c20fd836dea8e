"""`sigflow.yaml`: what is configured for the whole tool, from the current folder or the file that `--config` names.

    defaults: {spec: probe.ksy, max-frame: 4096}      what options are where they are not given
    sources:
      bench: {uri: "serial:/dev/ttyUSB0?baud=115200", spec: probe.ksy}
    sinks:
      table: {uri: "parquet:out", batch: {rows: 100000}}
    fallback:
      sgf1: [sgf_legacy, older/agent.ksy]     formats that are tried on what sgf1 left in gaps
      codec:zlib: [codec:deflate64]           codecs that are tried on payloads that zlib refused
    mapping:
      sgf1:                                   what `convert --to sgf1` makes of frames of each format
        ccsds_space_packet: {stream_id: apid, sequence: ~}
    metadata:                                 what frames do not say themselves, and how fields are calibrated
      - {when: {format: sgf1}, set: {site: roof}, calibrate: {stream_id: {scale: 0.5, unit: V}}}
    compute:
      - {format: sgf1, name: power, value: "stream_id * 2", unit: W}
    alarms:
      hot: {format: sgf1, when: "length > 80", for: {frames: 3}}
    handlers:
      - {event: record, format: sgf1, call: "my_pkg.store:save", timeout: 2s}
    index:
      dir: /var/cache/sigflow                 the folder of the indexes of captures, instead of beside each
    schedule:
      nightly: {cron: "0 2 * * *", run: "archive out --older 30d --to zstd"}
    checks: [steady-clock]                    validators that `validate` asks

Rules.  An unknown key, or a value of another shape, is an error with its place, whatever the command needs of the file.
Paths are relative to the file.  What a file changes is told on stderr when it changes something.

sections   the classes of the entries, which are the schema
units      time spans
document   the file as values with places, and its conversion
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from sigflow.errors import UsageError
from sigflow.frozen import frozen

if TYPE_CHECKING:
    from sigflow.config.document import Document
    from sigflow.config.sections import (
        Alarm,
        ComputedQuantity,
        Defaults,
        Handling,
        Input,
        MetadataRule,
        Output,
        Scheduled,
    )
    from sigflow.limits import Limits
    from sigflow.stream.format import Format

#: The file that is looked for where none is named.
DEFAULT = "sigflow.yaml"
#: What a codec's name begins with, where a format's may stand as well.
CODEC = "codec:"

#: The schemes of sources and sinks behind which a path stands.
PATHS = ("tail", "pipe", "unix", "unix-listen", "ndjson", "csv", "raw", "mcap", "parquet", "arrow")


@frozen
class Name:
    """A name in the file, and where it stands."""

    text: str
    place: str


#: Expressions by the paths of fields, None where a field is left out.
Fields = Mapping[str, Name | None]


@frozen
class Config:
    """What a file says.  fallback: by the name of a format, or `codec:NAME`.  mapping: by the name of the target, and
    those of the source formats.  handlers: by their numbers in the file.  index: the folder of indexes, as a path from
    here; "" where none is named.  checks: names of validators.
    """

    file: str = ""
    defaults: Defaults | None = None
    sources: Mapping[str, Input] = field(default_factory=dict)
    sinks: Mapping[str, Output] = field(default_factory=dict)
    fallback: Mapping[str, tuple[Name, ...]] = field(default_factory=dict)
    mapping: Mapping[str, Mapping[str, Fields]] = field(default_factory=dict)
    alarms: Mapping[str, Alarm] = field(default_factory=dict)
    metadata: Sequence[MetadataRule] = ()
    compute: Sequence[ComputedQuantity] = ()
    index: str = ""
    schedule: Mapping[str, Scheduled] = field(default_factory=dict)
    checks: tuple[Name, ...] = ()
    handlers: Mapping[int, Handling] = field(default_factory=dict)
    #: Knows the places; None where there is no file.
    document: Document | None = None

    def formats(
        self, used: Iterable[Format], limits: Limits | None, compiling: Mapping[str, Any] | None = None
    ) -> list[Format]:
        """The fallback formats of those that are used, in order; `UsageError` with its place for one that is none, or
        is a program that the caller did not allow: a file that lies about runs nothing.

        compiling: how specs are compiled, the options of `catalog.load`.
        """
        from sigflow import catalog

        formats = []
        for name in (name for format in used for name in self.fallback.get(format.name, ())):
            try:
                spec = self.spec(name.text, (compiling or {}).get("allow_imports", ()))
                formats.append(catalog.load(spec, limits=limits, **(compiling or {})))
            except UsageError as error:
                raise UsageError(f"{name.place}: {error}") from error
        return formats

    def wrong(self, path: Sequence[str | int], words: str) -> UsageError:
        """A mistake in what stands there."""
        return UsageError(words) if self.document is None else self.document.wrong(tuple(path), words)

    def beside(self, path: str) -> str:
        """A path in the file, as one from here."""
        return os.path.join(os.path.dirname(self.file), os.path.expanduser(path))

    def uri(self, uri: str) -> str:
        """The URI of a source or a sink in the file, with its path as one from here."""
        scheme, colon, rest = uri.partition(":")
        return f"{scheme}:{self.beside(rest)}" if colon and rest and scheme in PATHS else uri

    def spec(self, name: str, allowed: Collection[str] = ()) -> str:
        """A format in the file, by the name or path that loads it from here.  allowed: the programs that may be run.

        Raises `UsageError` where another would be: a file that lies about runs nothing.
        """
        from sigflow.catalog import SPEC_ENDING

        program = program_of(name)
        if program is not None and program not in allowed:
            raise UsageError(f"{name!r} would run {program}: allow it (--allow-import {program})")
        return self.beside(name) if name.endswith(SPEC_ENDING) or program is not None else name

    def codecs(self) -> dict[str, list[str]]:
        """The fallback codecs by the name of the codec before them."""
        from sigflow import codecs

        by_name = {}
        for key, names in self.fallback.items():
            if key.startswith(CODEC):
                by_name[key.removeprefix(CODEC)] = [name.text.removeprefix(CODEC) for name in names]
            for name in names if key.startswith(CODEC) else ():
                try:
                    codecs.get(name.text.removeprefix(CODEC))
                except UsageError as error:
                    raise UsageError(f"{name.place}: {error}") from error
        return by_name


def texts(value: str | Iterable[str]) -> tuple[str, ...]:
    """One text, or several, as the file has them."""
    return (value,) if isinstance(value, str) else tuple(value)


def program_of(name: str) -> str | None:
    """The Python file that a format's name would run; None where it would run none."""
    if ":" not in name:
        return None
    from sigflow.compiler.construct.python import file_of

    return file_of(name)


def configured(named: str | None) -> Config:
    """What the file says that is named, or the one in the current folder, if there is one."""
    if named is None and not os.path.exists(DEFAULT):
        return Config()
    if named is None and not os.path.isfile(DEFAULT) and not os.path.isdir(DEFAULT):
        raise UsageError(f"{DEFAULT}: this is no file")  # (to read from a pipe would wait for who may never write)
    return read(DEFAULT if named is None else named)


def read(file: str) -> Config:
    """The configuration in a file.  Raises `UsageError` with the place of the first mistake; `OSError`."""
    config, mistakes = checked(file)
    if mistakes:
        raise mistakes[0]
    return config


def checked(file: str) -> tuple[Config, list[UsageError]]:
    """The configuration in a file, and every mistake that is seen without its formats.  Raises `UsageError` for what
    is no YAML; `OSError`.
    """
    from sigflow.config.document import Document

    document = Document.read(file)
    said, mistakes = document.config()
    fallback: dict[str, tuple[Name, ...]] = {}
    for key, value in said.fallback.items():
        names = fallback[key] = tuple(_names(document, key, value))
        mistakes += _wrong_names(document, key, names)
    mapping = {
        target: {source: _fields(document, ("mapping", target, source), fields) for source, fields in of.items()}
        for target, of in said.mapping.items()
    }
    config = Config(
        file, said.defaults, said.sources, said.sinks, fallback, mapping, said.alarms, said.metadata, said.compute,
        schedule=said.schedule,
        checks=tuple(Name(text, document.place(("checks", number))) for number, text in enumerate(said.checks)),
        handlers=dict(zip(document.kept.get("handlers", ()), said.handlers, strict=True)),
        document=document,
    )  # fmt: skip
    return (config if said.index is None else replace(config, index=config.beside(said.index.dir))), mistakes


def read_mapping(file: str) -> dict[str, Fields]:
    """The expressions in a file, by source formats, as in one target of the section `mapping`.  Raises as `read`."""
    from sigflow.config.document import Document
    from sigflow.config.sections import Expression

    document = Document.read(file)
    by_format = document.convert(dict[str, dict[str, Expression | None]])
    return {name: _fields(document, (name,), fields) for name, fields in by_format.items()}


def _fields(document: Document, path: tuple[str, ...], fields: Mapping[str, str | None]) -> Fields:
    return {name: None if text is None else Name(text, document.place((*path, name))) for name, text in fields.items()}


def _names(document: Document, key: str, value: str | list[str]) -> Iterator[Name]:
    if isinstance(value, str):
        yield Name(value, document.place(("fallback", key)))
        return
    for number, text in enumerate(value):
        yield Name(text, document.place(("fallback", key, number)))


def _wrong_names(document: Document, key: str, names: Iterable[Name]) -> Iterator[UsageError]:
    """What of a list of fallbacks cannot be."""
    for name in names:
        if not name.text:
            yield UsageError(f"{name.place}: found '', wanted a name")
        if name.text.startswith(CODEC) != key.startswith(CODEC):
            yield UsageError(f"{name.place}: {name.text!r} cannot stand in for {key!r}: one is a codec, one a format")
        if name.text == key:
            yield document.wrong(("fallback", key), f"{key!r} falls back to itself", key=True)
