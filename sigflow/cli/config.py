"""`sigflow.yaml`: what is configured for the whole tool, from the current folder or the file that `--config` names.

    fallback:
      sgf1: [sgf_legacy, older/agent.ksy]     formats that are tried on what sgf1 left in gaps
      codec:zlib: [codec:deflate64]           codecs that are tried on payloads that zlib refused
    mapping:
      sgf1:                                   what `convert --to sgf1` makes of frames of each format
        ccsds_space_packet: {stream_id: apid, sequence: ~}
    index:
      dir: /var/cache/sigflow                 the folder of the indexes of captures, instead of beside each

Rules.  An unknown key, or a value of another shape, is an error with its place, whatever the command needs of the file.
Paths are relative to the file.  What a file changes is told on stderr when it changes something.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from sigflow.errors import UsageError
from sigflow.frozen import frozen

if TYPE_CHECKING:
    from sigflow.compiler.source import Node
    from sigflow.limits import Limits
    from sigflow.stream.format import Format

#: The file that is looked for where none is named.
DEFAULT = "sigflow.yaml"
#: What a codec's name begins with, where a format's may stand as well.
CODEC = "codec:"
#: The code of a file in which nothing stands.
EMPTY = "SF104"


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
    those of the source formats.  index: the folder of indexes, as a path from here; "" where none is named.
    """

    file: str = ""
    fallback: Mapping[str, tuple[Name, ...]] = field(default_factory=dict)
    mapping: Mapping[str, Mapping[str, Fields]] = field(default_factory=dict)
    index: str = ""

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
            path = os.path.join(os.path.dirname(self.file), name.text)
            program = _program(name.text)
            try:
                if program is not None and program not in (compiling or {}).get("allow_imports", ()):
                    raise UsageError(f"{name.text!r} would run {program}: allow it (--allow-import {program})")
                formats.append(
                    catalog.load(
                        path if name.text.endswith(catalog.SPEC_ENDING) or program is not None else name.text,
                        limits=limits,
                        **(compiling or {}),
                    )
                )
            except UsageError as error:
                raise UsageError(f"{name.place}: {error}") from error
        return formats

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


def _program(name: str) -> str | None:
    """The Python file that a format's name would run; None where it would run none."""
    if ":" not in name:
        return None
    from sigflow.compiler.construct.python import file_of

    return file_of(name)


def configured(named: str | None) -> Config:
    """What the file says that is named, or the one in the current folder, if there is one."""
    if named is None and not os.path.exists(DEFAULT):
        return Config()
    return read(DEFAULT if named is None else named)


def read(file: str) -> Config:
    """The configuration in a file.  Raises `UsageError` with the place of the first mistake; `OSError`."""
    document = _document(file)
    if document is None:
        return Config(file)
    sections: dict[str, Any] = {}
    for key, place, node in _entries(document, "sections"):
        if key not in SECTIONS:
            from difflib import get_close_matches

            near = get_close_matches(key, SECTIONS, 1)
            hint = f", did you mean {near[0]!r}?" if near else f"; known: {', '.join(SECTIONS)}"
            raise UsageError(f"{place}: unknown key {key!r}{hint}")
        sections[key] = SECTIONS[key](node)
    if sections.get("index"):
        sections["index"] = os.path.join(os.path.dirname(file), sections["index"])
    return Config(file, **sections)


def _document(file: str) -> Node | None:
    """The YAML in a file; None where there is nothing in it."""
    from pathlib import Path

    from sigflow.compiler import source
    from sigflow.compiler.problems import Problems

    problems = Problems()
    document = source.read(Path(file), problems)
    if document is None or problems.failed:
        (problem, *_) = problems.sorted()
        if problem.code == EMPTY:
            return None
        raise UsageError(str(problem))
    return document[0]


def read_mapping(file: str) -> dict[str, Fields]:
    """The expressions in a file, by source formats, as in one target of the section `mapping`.  Raises as `read`."""
    document = _document(file)
    return _fields_by_format(document) if document is not None else {}


def _mapping(node: Node) -> dict[str, Mapping[str, Fields]]:
    """The section `mapping`: a target, formats, and of each an expression for each field."""
    return {key: _fields_by_format(inner) for key, _, inner in _entries(node, "target formats")}


def _fields_by_format(node: Node) -> dict[str, Fields]:
    from sigflow.compiler.source import Scalar

    by_format: dict[str, Fields] = {}
    for name, _, fields in _entries(node, "source formats"):
        by_format[name] = expressions = dict[str, Name | None]()
        for path, _, value in _entries(fields, "field paths to expressions"):
            if not isinstance(value, Scalar):
                raise UsageError(f"{value.place}: found {value.describe()}, wanted an expression")
            expressions[path] = None if value.is_null else Name(value.text, str(value.place))
    return by_format


def _entries(node: Node, what: str) -> Iterable[tuple[str, str, Node]]:
    """Key, place of the key, and value of each entry of a map; nothing at all is an empty one."""
    from sigflow.compiler.source import Mapping as Map
    from sigflow.compiler.source import Scalar

    if isinstance(node, Scalar) and node.is_null:
        return []
    if not isinstance(node, Map):
        raise UsageError(f"{node.place}: found {node.describe()}, wanted a map of {what}")
    return [(key.text, str(key.place), value) for key, value in node]


def _fallback(node: Node) -> dict[str, tuple[Name, ...]]:
    """The section `fallback`: a format, or a codec, and the list of those tried after it."""
    fallback = {}
    for key, place, value in _entries(node, "format names to lists of formats"):
        names = fallback[key] = _names(value)
        for name in names:
            if name.text.startswith(CODEC) != key.startswith(CODEC):
                raise UsageError(
                    f"{name.place}: {name.text!r} cannot stand in for {key!r}: one is a codec, one a format"
                )
        if key in (name.text for name in names):
            raise UsageError(f"{place}: {key!r} falls back to itself")
    return fallback


def _names(node: Node) -> tuple[Name, ...]:
    from sigflow.compiler.source import Scalar
    from sigflow.compiler.source import Sequence as List

    items: Sequence[Node] = node.items if isinstance(node, List) else (node,)
    names = []
    for item in items:
        if not isinstance(item, Scalar) or not item.text or item.is_null:
            raise UsageError(f"{item.place}: found {item.describe()}, wanted a name")
        names.append(Name(item.text, str(item.place)))
    return tuple(names)


def _index(node: Node) -> str:
    """The section `index`: the folder of indexes."""
    from sigflow.compiler.source import Scalar

    folder = ""
    for key, place, value in _entries(node, "what is said of indexes"):
        if key != "dir":
            raise UsageError(f"{place}: unknown key {key!r}; known: dir")
        if not isinstance(value, Scalar) or not value.text or value.is_null or "\0" in value.text:
            raise UsageError(f"{value.place}: found {value.describe()}, wanted the path of a folder")
        folder = os.path.expanduser(value.text)
    return folder


#: What reads each section of the file.
SECTIONS: dict[str, Callable[[Node], Any]] = {"fallback": _fallback, "mapping": _mapping, "index": _index}
