"""The examples of a spec (`-sigflow-examples`): bytes, and what they must say.

Rules.  Examples of the root, and of the type that is one frame, are frames of the format: exactly one, its checksum
holding, no byte left over.  Those of a whole-file format are such files, and those of any other type are bytes that its
class reads.  Each path of `expect` must then have its value: a number, a text, a boolean, null, an enum's member by
name or number, bytes as hex digits, a list or a map of such.  What does not hold is a `Failure` with its place in the
spec; nothing here raises for an example that is wrong.

Strategy.  The spec's tree is read once more, for the places; the spec itself is compiled once for all its examples.
"""

from __future__ import annotations

import inspect
import math
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

from sigflow import catalog
from sigflow.compiler import Build, build, naming, source
from sigflow.compiler.problems import Problems, did_you_mean, plural
from sigflow.compiler.source import Mapping, Node, Scalar
from sigflow.diagnostics import Diagnostic, Place
from sigflow.errors import SigflowError, SpecError, StreamError
from sigflow.events import Gap, Record
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.partial import parse_whole
from sigflow.runtime.struct import KaitaiStruct, label
from sigflow.stream.format import Format

CODE = "SF511"
KEY = "-sigflow-examples"
_HEX = re.compile(r"(?:[0-9a-f]{2})*\Z")
_STEP = re.compile(r"([a-z_]\w*)|\[(\d+)\]", re.ASCII)
_PATH = re.compile(r"[a-z_]\w*(?:\[\d{1,9}\])*(?:\.[a-z_]\w*(?:\[\d{1,9}\])*)*\Z", re.ASCII)
#: A value in a message is cut after so many letters.
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Failure:
    """What of an example does not hold: where in the spec it stands, and what was found and wanted."""

    place: Place
    message: str

    @property
    def file(self) -> str:
        """The spec's path, as it was named."""
        return self.place.file

    @property
    def line(self) -> int:
        """The 1-based line."""
        return self.place.line

    @property
    def column(self) -> int:
        """The 1-based column."""
        return self.place.column

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Example:
    """One example as written: the type it is of (`()` is the root), and its number there."""

    type_path: tuple[str, ...]
    number: int
    node: Node

    @property
    def name(self) -> str:
        """`example 0`, `element, example 1`."""
        return f"{'::'.join(self.type_path)}, example {self.number}".removeprefix(", ")


class Suite:
    """The examples of the spec at `path`.  State: its tree, and once one has been asked for, the format."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        import_paths: Sequence[str | os.PathLike[str]] = (),
        *,
        opaque_types: bool = False,
        allow_imports: Sequence[str] = (),
        built: Build | None = None,
        data: bytes | None = None,
    ) -> None:
        self.path = Path(path)
        self._options: dict[str, Any] = {"opaque_types": opaque_types, "allow_imports": allow_imports}
        self._import_paths = [os.fspath(folder) for folder in import_paths]
        self._built = built
        self._format: Format | None = None
        self._module: ModuleType | None = None
        self.problems = Problems()
        read = source.read(self.path, self.problems, data)
        self._root = read[0] if read is not None else None
        self.examples = tuple(_examples(self._root))

    def failures(self, example: Example) -> Iterator[Failure]:
        """What of an example does not hold; `SpecError` where the spec does not compile."""
        node = example.node
        if not isinstance(node, Mapping):
            yield Failure(node.place, f"an example is a map with hex and expect, got {node.describe()}")
            return
        for key, _ in node:
            if key.text not in ("hex", "expect"):
                near = did_you_mean(key.text, ("hex", "expect"))
                yield Failure(key.place, f"unknown key '{key.text}' of an example, expected: hex, expect{near}")
        written, expect = node.get("hex"), node.get("expect")
        raw = _bytes(written)
        if written is None:
            yield Failure(node.place, "an example needs `hex`, its bytes")
        elif raw is None:
            yield Failure(written.place, f"expected pairs of hexadecimal digits, got {_cut(written.describe())}")
        if expect is not None and not isinstance(expect, Mapping):
            yield Failure(expect.place, f"expect is a map of field paths to values, got {expect.describe()}")
        if written is None or raw is None:
            return
        value = self._value(example, raw)
        if isinstance(value, str):
            yield Failure(written.place, value)
        elif isinstance(expect, Mapping):
            for path, wanted in expect:
                message = _difference(value, path.text, wanted)
                if message:
                    yield Failure(path.place, message)

    # ------------------------------------------------------------ bytes to a value

    def _value(self, example: Example, raw: bytes) -> Any:
        """The value of an example's bytes; a text says why there is none."""
        try:
            format = self._formed()
        except SpecError as error:
            if error.diagnostics:
                raise
            return f"the example cannot be parsed: {error}"
        except (SigflowError, ImportError) as error:
            return f"the example cannot be parsed: {error}"
        if example.type_path and example.type_path not in self._frames():
            return self._of_type(example.type_path, raw)
        envelope = format.envelope
        if envelope is not None and envelope.search.checksums:
            return _decoded(format, raw)
        if envelope is not None:
            fault = _measured(format, raw)
            if fault:
                return fault
        try:
            return format.parse(raw)
        except StreamError as error:
            return str(error)

    def _compiled(self) -> Build:
        if self._built is None:
            self._built = build(self.path, self._import_paths, **self._options)
        return self._built

    def _formed(self) -> Format:
        if self._format is None:
            self._format = catalog.format_of(self._compiled())
        return self._format

    def _of_type(self, path: tuple[str, ...], raw: bytes) -> Any:
        """The value of a type that is no frame."""
        if self._module is None:
            self._module = self._compiled().load()
        meta = self._root.get("meta") if isinstance(self._root, Mapping) else None
        id = meta.get("id") if isinstance(meta, Mapping) else None
        type_: Any = getattr(self._module, naming.upper_camel(id.text if isinstance(id, Scalar) else ""), None)
        for part in path:
            type_ = _nested(self._module, type_, part)
        name = "::".join(path)
        if not isinstance(type_, type) or not issubclass(type_, KaitaiStruct):
            return f"the type '{name}' has no class of its own name: its examples cannot be parsed"
        params = [
            parameter
            for parameter in inspect.signature(type_.__init__).parameters
            if parameter != "self" and parameter[0] != "_"
        ]
        if params:
            return f"the type '{name}' takes {plural(len(params), 'argument')}: its examples cannot be parsed"
        try:
            return parse_whole(type_, raw)
        except WIRE_ERRORS as error:
            return f"{name}: {type(error).__name__}: {error}"

    def _frames(self) -> set[tuple[str, ...]]:
        """The types that are one frame: those with the hint, and those that its `unit` names."""
        results: set[tuple[str, ...]] = set()
        for path, node in _types(self._root):
            hint = node.get("-sigflow-stream")
            if hint is None:
                continue
            unit = hint.get("unit") if isinstance(hint, Mapping) else None
            if isinstance(unit, Scalar):
                results.add((*path, *unit.text.partition("(")[0].strip().split("::")))
            else:
                results.add(path)
        return results


def run(
    path: str | os.PathLike[str],
    import_paths: Sequence[str | os.PathLike[str]] = (),
    *,
    opaque_types: bool = False,
    allow_imports: Sequence[str] = (),
    built: Build | None = None,
) -> list[Failure]:
    """All that does not hold of the examples of the spec at `path`; the options are those of `catalog.compile`.

    built: what the spec was compiled to, where that is known.  Raises `SpecError` where it does not compile.
    """
    suite = Suite(path, import_paths, opaque_types=opaque_types, allow_imports=allow_imports, built=built)
    return [failure for example in suite.examples for failure in suite.failures(example)]


def findings(path: str | os.PathLike[str], built: Build, data: bytes | None = None) -> tuple[Diagnostic, ...]:
    """All that `lint` says of a spec: the compiler's findings and, if it compiles, those about its examples.

    data: what the file at `path` holds, where it was read already.
    """
    if not built.ok or built.view is not None:  # (a Construct schema has no examples)
        return built.problems
    suite = Suite(path, built=built, data=data)
    for example in suite.examples:
        for failure in suite.failures(example):
            suite.problems.add(CODE, failure.place, failure.message)
    return (*built.problems, *suite.problems.sorted())


# ---------------------------------------------------------------- the spec's tree


def _types(root: Node | None) -> Iterator[tuple[tuple[str, ...], Mapping]]:
    """Each type of a spec with the ids that lead to it."""
    waiting: list[tuple[tuple[str, ...], Node | None]] = [((), root)]
    while waiting:
        path, node = waiting.pop(0)
        if isinstance(node, Mapping):
            yield path, node
            types = node.get("types")
            if isinstance(types, Mapping):
                waiting += [((*path, key.text), value) for key, value in types]


def _examples(root: Node | None) -> Iterator[Example]:
    for path, node in _types(root):
        written = node.get(KEY)
        if written is not None:
            items = (written,) if isinstance(written, Scalar | Mapping) else written.items
            yield from (Example(path, number, item) for number, item in enumerate(items))


def _bytes(node: Node | None) -> bytes | None:
    digits = "".join(node.text.split()).lower() if isinstance(node, Scalar) and not node.is_null else "none"
    return bytes.fromhex(digits) if _HEX.match(digits) else None


# ---------------------------------------------------------------- a value, or the text that says why there is none


def _decoded(format: Format, raw: bytes) -> Any:
    decoder = format.decoder()
    decoder.feed(raw)
    decoder.feed_eof()
    events = list(decoder.events())
    gaps = [event for event in events if isinstance(event, Gap)]
    records = [event for event in events if isinstance(event, Record)]
    if gaps or len(records) != 1:
        outcome = f"found {plural(len(records), 'frame')}"
        told = "".join(f", a gap at {gap.span.start}..{gap.span.stop} ({', '.join(gap.reasons)})" for gap in gaps[:3])
        return f"an example is exactly one {format.name} frame, {outcome} in {plural(len(raw), 'byte')}{told}"
    value = records[0].value
    fault = records[0].fault
    return value if fault is None else f"{format.name}: {type(fault).__name__}: {fault}"


def _measured(format: Format, raw: bytes) -> str:
    """Why the bytes are not exactly one frame, by its length; empty where they are."""
    try:
        length = format.measure(raw)
    except StreamError as error:
        return str(error)
    if length == len(raw) and length:
        return ""
    outcome = f"its length is {length}" if length else "its length cannot be told, it is cut"
    return f"an example is exactly one {format.name} frame: {outcome}, the example has {plural(len(raw), 'byte')}"


def _nested(module: Any, owner: Any, id: str) -> Any:
    """The class of a type of this id that another type holds, whatever it is called."""
    described = module._columns().classes if hasattr(module, "_columns") else {}
    inner = [member for member in vars(owner).values() if isinstance(member, type)] if isinstance(owner, type) else []
    return next((member for member in inner if member in described and described[member].id == id), None)


# ---------------------------------------------------------------- what is found against what is wanted


def _difference(value: Any, path: str, wanted: Node) -> str:
    """What is wrong with the part of a value at a path; empty where it is what is wanted."""
    if not _PATH.match(path):
        return f"expected a field path such as items[0].x, got '{_cut(path)}'"
    at = ""
    for name, number in _STEP.findall(path):
        here = at or "the frame"
        if name:
            names = _names(value)
            if name not in names:
                return f"unknown field '{name}' of {here}{did_you_mean(name, names)}"
            at = f"{at}.{name}" if at else name
            try:
                value = getattr(value, names[name])
            except WIRE_ERRORS as error:
                if names[name] not in getattr(value, "_INSTANCES", ()):
                    value = None  # absent, by its `if`
                    continue
                return f"{at}: {type(error).__name__}: {error}"
        else:
            if not isinstance(value, list):
                return f"{here} is no list, found {_shown(value)}"
            if int(number) >= len(value):
                return f"{here} has {plural(len(value), 'element')}, wanted the one at {number}"
            at += f"[{number}]"
            value = value[int(number)]
    return _unlike(value, wanted, at)


def _names(value: Any) -> dict[str, str]:
    """The attribute of a generated object by the id in the spec: fields, instances, params."""
    if not isinstance(value, KaitaiStruct):
        return {}
    ids = getattr(value, "_IDS", {})
    members = [*getattr(value, "_FIELDS", ()), *getattr(value, "_INSTANCES", ())]
    members += [name for name in getattr(value, "__dict__", {}) if not name.startswith("_")]
    return {ids.get(name, name): name for name in members}


def _unlike(value: Any, wanted: Node, at: str) -> str:
    """How a value differs from what is written; empty where it does not."""
    if isinstance(wanted, Mapping):
        parts = (_difference(value, key.text, member) for key, member in wanted)
        return next((f"{at}: {text}" for text in parts if text), "")
    if not isinstance(wanted, Scalar):
        if not isinstance(value, list) or len(value) != len(wanted.items):
            actual = plural(len(value), "element") if isinstance(value, list) else _shown(value)
            return f"{at}: found {actual}, wanted a list of {len(wanted.items)}"
        pairs = enumerate(zip(value, wanted.items, strict=True))
        return next((text for n, (item, node) in pairs if (text := _unlike(item, node, f"{at}[{n}]"))), "")
    return "" if _equal(value, wanted) else f"{at}: found {_shown(value)}, wanted {_cut(wanted.describe())}"


def _equal(value: Any, wanted: Scalar) -> bool:
    if value is None:
        return wanted.is_null
    if isinstance(value, Enum):
        owner, _, name = wanted.text.rpartition("::")
        mine = not owner or naming.upper_camel(owner.rpartition("::")[2]) == type(value).__name__.rstrip("_")
        named = mine and name == label(value)
        return named or wanted.integer == value.value
    if isinstance(value, bool):
        return wanted.boolean is value
    if isinstance(value, int):
        return wanted.integer == value
    if isinstance(value, float):
        return _equal_float(value, wanted)
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes(wanted) == bytes(value)
    plain = wanted.integer is None and wanted.boolean is None and not wanted.is_null
    return isinstance(value, str) and plain and wanted.text == value


def _equal_float(value: float, wanted: Scalar) -> bool:
    try:
        number = float(wanted.text.lstrip(".") if wanted.text.lower().endswith(("inf", "nan")) else wanted.text)
    except ValueError:
        return False
    return number == value or (math.isnan(number) and math.isnan(value))


def _shown(value: Any) -> str:
    if isinstance(value, Enum):
        return f"{label(value)} ({value.value})"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return _cut(f"{value} ({value:#x})" if abs(value) > 9 else str(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return _cut(f"the bytes {bytes(value).hex()}" if value else "no bytes")
    if isinstance(value, str | float):
        return _cut(repr(value))
    return f"a list of {len(value)}" if isinstance(value, list) else f"an object of the class {type(value).__name__}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
