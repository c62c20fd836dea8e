"""A YAML file as plain values, of which each knows its place, and their conversion to the classes of `sections`.

Rules.  A scalar stays the text that stands in the file, and becomes a number or a truth value where one is wanted: so
an expression, or a name such as `0x10`, is what was written.  Every entry of a section is converted by itself, so
that each mistake is told, not only the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import msgspec

from sigflow.compiler import source
from sigflow.compiler.problems import Problems
from sigflow.config.sections import NAME_WORDS, Config
from sigflow.config.units import Quantity
from sigflow.errors import UsageError

#: The code of a file in which nothing stands.
_EMPTY = "SF104"
#: A step of a path in msgspec's errors: a member, an item of a list, a value, or a key, of a map.
_STEP = re.compile(r"\.([^.\[]+)|\[([0-9]+)\]|(\[\.\.\.\])")
_ERROR = re.compile(r"(.*?)(?: - at `(key in )?\$(.*)`)?\Z", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`\Z", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`\Z", re.DOTALL)
_EXPECTED = re.compile(r"Expected `(.*)`, got `(.*)`\Z", re.DOTALL)
_BOUND = re.compile(r"Expected `(int|float)` (>=|<=|>|<) (\S+)\Z")
_BOUNDS = {">=": "of at least", "<=": "of at most", ">": "above", "<": "below"}
_LENGTH = re.compile(r"Expected `str` of length >= 1\Z")
_PATTERN = "Expected `str` matching regex"
#: What is wanted, as people say it, by msgspec's words for it.
_WANTED = {
    "object": "a map",
    "array": "a list",
    "str": "a text",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
}

Path_ = tuple[str | int, ...]


class Document:
    """The values in a file, and where they stand."""

    def __init__(self, file: str, root: source.Node | None) -> None:
        self.file = file
        self._root = root
        #: Of each section that is a list, which of its entries have no mistake, by their numbers.
        self.kept: dict[str, list[int]] = {}

    @classmethod
    def read(cls, file: str) -> Document:
        """Raises `UsageError`, with its place, for what is no YAML; `OSError`."""
        problems = Problems()
        tree = source.read(Path(file), problems)
        if tree is None or problems.failed:
            problem = problems.sorted()[0]
            if problem.code == _EMPTY:
                return cls(file, None)
            raise UsageError(str(problem).replace(" the spec ", " the file "))  # (this is none)
        root = tree[0]
        return cls(file, None if isinstance(root, source.Scalar) and root.is_null else root)

    def place(self, path: Path_, *, key: bool = False) -> str:
        """Where a value stands; key: where its key does.  A path that leads too far has the place that it comes to."""
        node, place = self._root, f"{self.file}:1:1"
        for number, step in enumerate(path):
            inner: source.Node | None = None
            if isinstance(node, source.Mapping):
                entry = node.key(str(step))
                inner = node.get(str(step))
                if key and entry is not None and number == len(path) - 1:
                    return str(entry.place)
            elif isinstance(node, source.Sequence) and isinstance(step, int) and step < len(node.items):
                inner = node.items[step]
            if inner is None:
                break
            node, place = inner, str(inner.place)
        return place if path or node is None else str(node.place)

    def within(self, path: Path_, offset: int) -> str:
        """Where a letter of a text stands."""
        node = self._node(path)
        return str(node.at(offset)) if isinstance(node, source.Scalar) else self.place(path)

    def _node(self, path: Path_) -> source.Node | None:
        node = self._root
        for step in path:
            if isinstance(node, source.Mapping):
                node = node.get(str(step))
            elif isinstance(node, source.Sequence) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            else:
                return None
        return node

    def wrong(self, path: Path_, words: str, *, key: bool = False) -> UsageError:
        """A mistake there."""
        return UsageError(f"{self.place(path, key=key)}: {words}")

    # ---------------------------------------------------------------- conversion

    def config(self) -> tuple[Config, list[UsageError]]:
        """What the file says, and every mistake in it; an entry with a mistake is left out."""
        if self._root is None:
            return Config(), []
        if not isinstance(self._root, source.Mapping):
            return Config(), [self.wrong((), f"found {self._root.describe()}, wanted a map of sections")]
        mistakes: list[UsageError] = []
        values: dict[str, Any] = {}
        for key, node in self._root:
            value = _plain(node)
            if value is None:
                value = {} if key.text not in LISTS else []
            parts: list[tuple[Path_, Any]] = [((key.text,), value)]
            if key.text in ENTRIES and isinstance(value, dict) and value:
                parts = [((key.text, name), {name: entry}) for name, entry in value.items()]
            elif key.text in LISTS and isinstance(value, list) and value:
                parts = [((key.text, number), [entry]) for number, entry in enumerate(value)]
            good: Any = [] if isinstance(value, list) else {}
            for path, part in parts:
                try:
                    _convert({key.text: part})
                except msgspec.ValidationError as error:
                    mistakes.append(self._mistake(error, {key.text: part}, path))
                    continue
                if isinstance(good, list):
                    good += part
                    self.kept.setdefault(key.text, []).extend(step for step in path[1:] if isinstance(step, int))
                else:
                    good.update(part)
            if good or not mistakes:
                values[key.text] = good
        known = {field.encode_name for field in msgspec.structs.fields(Config)}
        return _convert({name: value for name, value in values.items() if name in known}), mistakes

    def convert(self, type_: Any) -> Any:
        """All of it as this type.  Raises `UsageError` with the place of the first mistake."""
        value = {} if self._root is None else _plain(self._root)
        try:
            return _convert(value, type_)
        except msgspec.ValidationError as error:
            raise self._mistake(error, value, (), type_) from None

    def _mistake(self, error: msgspec.ValidationError, value: Any, at: Path_, type_: Any = Config) -> UsageError:
        """What msgspec says, with a place.  at: of what is in `value`, as a list's first item stands for any."""
        message, in_key, text = _ERROR.match(str(error)).groups()  # type: ignore[union-attr]
        path = _path(text or "", message, value, type_)
        shown = path
        if len(at) > 1 and isinstance(at[1], int) and len(path) > 1:
            shown = (path[0], at[1], *path[2:])
        node = self._node(shown)
        if match := _UNKNOWN.match(message):
            name = match[1]
            known = _known(path, type_)
            near = get_close_matches(name, known, 1)
            hint = f", did you mean {near[0]!r}?" if near else f"; known: {', '.join(known)}" if known else ""
            return self.wrong((*shown, name), f"unknown key {name!r}{hint}", key=True)
        if match := _MISSING.match(message):
            return self.wrong(shown, f"the key {match[1]!r} is lacking")
        if (match := _EXPECTED.match(message)) and node is not None:
            parts_ = [part.strip() for part in match[1].split("|")]
            wanted = " or ".join(_WANTED.get(part, part) for part in parts_ if part != "null" or len(parts_) == 1)
            return self.wrong(shown, f"found {node.describe()}, wanted {wanted}")
        if node is not None and (words := _wanted(message)):
            return self.wrong(shown, f"found {node.describe()}, wanted {words}", key=bool(in_key))
        choices = _choices(path, type_) if message.startswith("Invalid enum value") else []
        if choices and node is not None:
            near = get_close_matches(node.describe(), choices, 1)
            hint = f", did you mean {near[0]!r}?" if near else ""
            return self.wrong(shown, f"found {node.describe()}, wanted one of {', '.join(choices)}{hint}")
        shows = f": found {node.describe()}" if isinstance(node, source.Scalar) else ""
        return self.wrong(shown, f"{message[:1].lower()}{message[1:]}{shows}", key=bool(in_key))


def _wanted(message: str) -> str:
    """What is wanted, where a value is out of bounds, or a text no name; "" for any other mistake."""
    if match := _BOUND.match(message):
        number = float(match[3])
        return f"{_WANTED[match[1]]} {_BOUNDS[match[2]]} {int(number) if number.is_integer() else number}"
    if _LENGTH.match(message):
        return "a text that is not empty"
    return f"a name: {NAME_WORDS}" if message.startswith(_PATTERN) else ""


def _sections(kind: type) -> frozenset[str]:
    return frozenset(
        field.encode_name
        for field in msgspec.structs.fields(Config)
        if getattr(field.type, "__origin__", field.type) is kind
    )


#: The sections that are maps of entries, and lists of them.
ENTRIES, LISTS = _sections(dict), _sections(list)


def _plain(node: source.Node) -> Any:
    """Maps, lists, texts, and None."""
    if isinstance(node, source.Scalar):
        return None if node.is_null else node.text
    if isinstance(node, source.Sequence):
        return [_plain(item) for item in node.items]
    return {key.text: _plain(value) for key, value in node}


def _decode(type_: Any, value: Any) -> Any:
    if isinstance(type_, type) and issubclass(type_, Quantity):
        return type_.of(value)
    raise NotImplementedError(type_)


def _convert(value: Any, type_: Any = Config) -> Any:
    return msgspec.convert(value, type_, strict=False, dec_hook=_decode)


def _path(text: str, message: str, value: Any, type_: Any) -> Path_:
    """The path in an error.  Of a value in a map msgspec does not say which: the first that has this mistake alone."""
    path: list[str | int] = []
    for match in _STEP.finditer(text):
        member, item, any_value = match.groups()
        if any_value:
            name = next(_culprits(value, path, message, type_), None)
            if name is None:
                break
            path.append(name)
        else:
            path.append(int(item) if item is not None else member)
    return tuple(path)


def _culprits(value: Any, path: list[str | int], message: str, type_: Any) -> Iterator[str]:
    inner = value
    for step in path:
        inner = inner[step]
    for name, entry in inner.items() if isinstance(inner, dict) else ():
        try:
            _convert(_replaced(value, path, {name: entry}), type_)
        except msgspec.ValidationError as error:
            if str(error).startswith(message):
                yield name


def _replaced(value: Any, path: list[str | int], new: Any) -> Any:
    if not path:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy


def _choices(path: Path_, type_: Any) -> list[str]:
    """The names that a value there may be."""
    current = type_
    for step in path[:-1]:
        current = _inner(current, step)
    if not _is_struct(current):
        parts: Any = getattr(current, "__args__", ())
    else:
        parts = [field.type for field in msgspec.structs.fields(current) if field.encode_name == path[-1]]
    choices: list[str] = []
    waiting = list(parts)
    while waiting:
        part = waiting.pop(0)
        if getattr(part, "__origin__", None) is Literal:
            choices += part.__args__
        else:
            waiting += getattr(part, "__args__", ())
    return choices


def _known(path: Path_, type_: Any) -> list[str]:
    """The keys that an object there may have."""
    current = type_
    for step in path:
        current = _inner(current, step)
        if current is None:
            return []
    return [field.encode_name for field in msgspec.structs.fields(current)] if _is_struct(current) else []


def _is_struct(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, msgspec.Struct)


def _inner(type_: Any, step: str | int) -> Any:
    """The type of what is there inside a type; of several that it may be, the object among them."""
    if _is_struct(type_):
        own = next((field for field in msgspec.structs.fields(type_) if field.encode_name == step), None)
        return None if own is None else _object(own.type)
    arguments = getattr(type_, "__args__", ())
    return _object(arguments[-1]) if arguments else None


def _object(type_: Any) -> Any:
    while hasattr(type_, "__metadata__"):
        type_ = type_.__origin__
    if hasattr(type_, "__args__") and getattr(type_, "__origin__", None) not in (dict, list):
        return next((part for part in type_.__args__ if _is_struct(part) or hasattr(part, "__args__")), type_)
    return type_


def schema() -> dict[str, Any]:
    """The JSON Schema of `sigflow.yaml`, made of the classes."""

    def hook(type_: Any) -> dict[str, Any]:
        if isinstance(type_, type) and issubclass(type_, Quantity):
            return type_.schema()
        raise NotImplementedError(type_)

    made = msgspec.json.schema(Config, schema_hook=hook)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "sigflow.yaml", **made}
