"""Text to a YAML tree in which every node knows its place (line, column, YAML path).

Scalars keep their text and whether they were quoted; what they mean is decided by whoever reads them.  The tree is
built from PyYAML's events with a stack of our own: no depth of nesting can exhaust the interpreter's stack, and
aliases are counted as often as they are used, so a spec that expands without end is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sigflow.compiler.offsets import located
from sigflow.compiler.problems import Problems
from sigflow.diagnostics import Diagnostic, Place

#: Bounds on a spec's text; real specs stay three orders of magnitude below.
MAX_BYTES = 4 << 20
MAX_DEPTH = 100
MAX_NODES = 300_000

_INT = re.compile(r"[-+]?(?:0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*)\Z")
#: What may not stand in YAML, not even in quotes.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A scalar: its text, and whether it was written plain (unquoted, so that it may be a number, a boolean or
    null).  `written`: as it stands in the file, where that is not the text itself.
    """

    text: str
    plain: bool
    place: Place
    written: str = ""

    def at(self, offset: int) -> Place:
        """The place of the letter at this offset of the text."""
        place = self.place
        if not self.written:
            return Place(place.file, place.line, place.column + offset, place.path)
        down, column = located(self.written, self.text, offset)
        return Place(place.file, place.line + down, column + (1 if down else place.column), place.path)

    @property
    def is_null(self) -> bool:
        """Whether YAML reads it as null."""
        return self.plain and self.text in _NULL

    @property
    def boolean(self) -> bool | None:
        """The boolean YAML reads it as, if any."""
        if not self.plain:
            return None
        return True if self.text in _TRUE else False if self.text in _FALSE else None

    @property
    def integer(self) -> int | None:
        """The integer YAML reads it as, if any."""
        return parse_integer(self.text) if self.plain else None

    def describe(self) -> str:
        """What it is, for a message."""
        if self.is_null:
            return "null"
        return self.text if self.plain else repr(self.text)


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A sequence of nodes."""

    items: tuple[Node, ...]
    place: Place

    def describe(self) -> str:
        """What it is, for a message."""
        return f"a list of {len(self.items)}"


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """A mapping; the keys in their order, each with its own place."""

    entries: tuple[tuple[Scalar, Node], ...]
    place: Place
    _index: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)

    def get(self, key: str) -> Node | None:
        """The value of `key`, or None."""
        entry = self._index.get(key)
        return entry[1] if entry else None

    def key(self, key: str) -> Scalar | None:
        """The node of the key itself."""
        entry = self._index.get(key)
        return entry[0] if entry else None

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(self.entries)

    def describe(self) -> str:
        """What it is, for a message."""
        return "a map"


Node = Scalar | Sequence | Mapping


def parse_integer(text: str) -> int | None:
    """The integer that `text` writes in YAML (decimal, 0x, 0o, 0b, with underscores), or None."""
    if text.isdigit() and text.isascii() and len(text) <= 80:
        return int(text)
    if not _INT.match(text) or len(text) > 80:
        return None
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    prefix = digits[:2].lower()
    base = {"0x": 16, "0o": 8, "0b": 2}.get(prefix, 10)
    return sign * int(digits if base == 10 else digits[2:], base)


def read(path: Path, problems: Problems, data: bytes | None = None) -> tuple[Node, str] | None:
    """The tree and the text of the spec at `path`; None, with a problem, where it is no YAML.  The system's errors pass
    through.  data: what the file holds, where that is known.
    """
    name = str(path)
    if data is None:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        problems.add("SF101", Place(name, 1, 1), f"the spec is larger than {MAX_BYTES} bytes")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig")
        place = Place(name, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        problems.add("SF102", place, f"the spec is not UTF-8: found the byte 0x{data[error.start]:02x}")
        return None
    root = parse(text, name, problems)
    return None if root is None else (root, text)


def parse(text: str, file: str, problems: Problems) -> Node | None:
    """The tree of this YAML text; None, with a problem, where it is none."""
    import yaml

    problems.add_source(file, text)
    builder = _Builder(text, file, problems)
    try:
        for event in _events(text):
            if not builder.take(event):
                return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark and (deep := _too_deep(text[: mark.index], file)):
            problems.add("SF106", Place(file, deep.line, deep.column, deep.path), deep.message)
            return None
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
        problems.add("SF103", place, f"not YAML: {error.problem or error.context}")
        return None
    except (yaml.YAMLError, ValueError) as error:
        odd = _UNPRINTABLE.search(text)
        place = Place(file, 1, 1)
        if odd:
            before = text[: odd.start()]
            place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        first = f"found the character {odd.group()!r}" if odd else (str(error) or type(error).__name__).splitlines()[0]
        problems.add("SF103", place, f"not YAML: {first}")
        return None
    if builder.root is None:
        problems.add("SF104", Place(file, 1, 1, "/"), "the spec is empty")
    return builder.root


def _events(text: str) -> Iterator[Any]:
    import yaml

    loader: Any = getattr(yaml, "CLoader", yaml.Loader)
    return iter(yaml.parse(text, Loader=loader))


def _too_deep(before: str, file: str) -> Diagnostic | None:
    """That what stands before an error of PyYAML's is nested too deeply, if it is.

    Newer versions have a bound of their own, and their scanner, which runs ahead of the events, meets it before the
    builder meets ours.  Without what lies deeper, the events come.
    """
    import yaml

    problems = Problems()
    builder = _Builder(before, file, problems)
    try:
        for event in _events(before):
            if not builder.take(event):
                break
    except (yaml.YAMLError, ValueError):
        pass  # the text was cut: its first error is known already
    return next((problem for problem in problems.sorted() if problem.code == "SF106"), None)


class _Open:
    """A collection whose end has not been seen: its place, its children so far, and its anchor."""

    __slots__ = ("anchor", "children", "mapping", "path", "place", "size")

    def __init__(self, mapping: bool, path: str, place: Place, anchor: str | None) -> None:
        self.mapping = mapping
        self.path = path
        self.place = place
        self.anchor = anchor
        self.children: list[Node] = []
        self.size = 1


class _Builder:
    """Events to nodes.  State: the text, the open collections, the anchors seen, and how many nodes the tree has with
    aliases expanded.
    """

    def __init__(self, text: str, file: str, problems: Problems) -> None:
        self.root: Node | None = None
        self._text = text
        self._file = file
        self._problems = problems
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0
        self._documents = 0

    def take(self, event: Any) -> bool:
        """Take one event; False where the tree is refused."""
        action = self._ACTIONS.get(type(event).__name__)
        return True if action is None else action(self, event)

    def _place(self, event: Any, path: str) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1, path)

    def _child_path(self) -> str:
        if not self._stack:
            return ""
        top = self._stack[-1]
        if not top.mapping:
            return f"{top.path}/{len(top.children)}"
        if len(top.children) % 2 == 0:
            return top.path
        key = top.children[-1]
        return f"{top.path}/{key.text if isinstance(key, Scalar) else '?'}"

    def _document(self, event: Any) -> bool:
        self._documents += 1
        if self._documents > 1:
            self._problems.add("SF105", self._place(event, ""), "the file holds more than one YAML document")
            return False
        return True

    def _open(self, event: Any, mapping: bool) -> bool:
        path = self._child_path()
        if len(self._stack) >= MAX_DEPTH:
            self._problems.add("SF106", self._place(event, path), f"nested deeper than {MAX_DEPTH} levels")
            return False
        self._stack.append(_Open(mapping, path, self._place(event, path), event.anchor))
        return self._count(event, 1)

    def _start_map(self, event: Any) -> bool:
        return self._open(event, True)

    def _start_list(self, event: Any) -> bool:
        return self._open(event, False)

    def _scalar(self, event: Any) -> bool:
        plain = event.style is None or event.style == ""
        # YAML's tags may force a plain scalar to be text; nothing else of a tag matters here.
        plain = (plain and event.tag in (None, "!")) or event.tag in _NUMERIC_TAGS
        written = self._text[event.start_mark.index : event.end_mark.index]
        place = self._place(event, self._child_path())
        node = Scalar(event.value, plain, place, "" if written == event.value else written)
        return self._count(event, 1) and self._put(node, event.anchor, 1)

    def _alias(self, event: Any) -> bool:
        node = self._anchors.get(event.anchor)
        if node is None:
            self._problems.add(
                "SF103", self._place(event, self._child_path()), f"not YAML: unknown alias '{event.anchor}'"
            )
            return False
        return self._count(event, node[1]) and self._put(node[0], None, node[1])

    def _end(self, event: Any) -> bool:
        top = self._stack.pop()
        node: Node
        if top.mapping:
            entries: list[tuple[Scalar, Node]] = []
            index: dict[str, tuple[Scalar, Node]] = {}
            for key, value in zip(top.children[::2], top.children[1::2], strict=True):
                if not isinstance(key, Scalar):
                    self._problems.add("SF107", Place(key.place.file, key.place.line, key.place.column, top.path),
                                       f"a key must be a string or a number, got {key.describe()}")  # fmt: skip
                    continue
                if key.text in index:
                    self._problems.add(
                        "SF108",
                        Place(key.place.file, key.place.line, key.place.column, f"{top.path}/{key.text}"),
                        f"key '{key.text}' is given twice",
                    )
                    continue
                key = Scalar(
                    key.text,
                    key.plain,
                    Place(key.place.file, key.place.line, key.place.column, f"{top.path}/{key.text}"),
                    key.written,
                )
                entries.append((key, value))
                index[key.text] = (key, value)
            node = Mapping(tuple(entries), top.place, index)
        else:
            node = Sequence(tuple(top.children), top.place)
        return self._put(node, top.anchor, top.size)

    def _put(self, node: Node, anchor: str | None, size: int) -> bool:
        if anchor:
            self._anchors[anchor] = (node, size)
        if self._stack:
            self._stack[-1].children.append(node)
            self._stack[-1].size += size
        else:
            self.root = node
        return True

    def _count(self, event: Any, size: int) -> bool:
        self._nodes += size
        if self._nodes > MAX_NODES:
            self._problems.add(
                "SF109", self._place(event, self._child_path()), f"more than {MAX_NODES} YAML nodes, aliases expanded"
            )
            return False
        return True

    _ACTIONS = {  # noqa: RUF012  # a table, never written
        "DocumentStartEvent": _document,
        "MappingStartEvent": _start_map,
        "SequenceStartEvent": _start_list,
        "MappingEndEvent": _end,
        "SequenceEndEvent": _end,
        "ScalarEvent": _scalar,
        "AliasEvent": _alias,
    }


_NUMERIC_TAGS = frozenset(
    ("tag:yaml.org,2002:int", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null", "tag:yaml.org,2002:float")
)
