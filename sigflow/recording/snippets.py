"""A frame as what builds its very bytes: a line of Python, a line of JSON for `sigflow build`, an example of a spec.

Only what has to be given is: a field whose value follows from the rest is left out where the same bytes come of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from pprint import pformat
from typing import TYPE_CHECKING, Any

from sigflow.columns.render import render
from sigflow.errors import BuildError, UsageError
from sigflow.runtime.struct import KaitaiStruct, label
from sigflow.runtime.writing import writing_of
from sigflow.runtime.writing.node import Path

if TYPE_CHECKING:
    from sigflow.events import Record
    from sigflow.stream.format import Format

#: Fields that are tried without, and bytes of a frame of which any are.
MOST = 200
LARGEST = 1 << 16
#: Fields that an example of a spec expects, and the longest text or list of bytes among them.
EXPECTED = 12
LONGEST = 64


def python(record: Record, load: str) -> str:
    """Python that builds the frame.  load: the expression that gives the format."""
    format: Any = record._reader
    value = plain(record.value)
    if _builds(format, value, record.raw):
        text = pformat(slimmed(format, value, record.raw), width=116, sort_dicts=False)
    else:
        text = pformat({**printed(record), "raw": record.raw.hex()}, width=116, sort_dicts=False)
    return f"import sigflow\n\nraw = {load}.build(\n{_indented(text)}\n)"


def printed(record: Record) -> dict[str, Any]:
    """The mapping that `parse` prints."""
    return {"format": record.format, "value": render(record.value).tree}


def as_json(record: Record) -> str:
    """A line of JSON that builds the frame; with the bytes, where the value does not carry all of them."""
    format: Any = record._reader
    tree = printed(record)
    if not _builds(format, tree, record.raw):
        tree["raw"] = record.raw.hex()
    return json.dumps(tree)


def example(record: Record) -> str:
    """An entry of `-sigflow-examples`: the bytes, and what the first fields of a single value are."""
    digits = record.raw.hex()
    lines = [digits[at : at + 100] for at in range(0, len(digits), 100)] or [""]
    text = f"- hex: {lines[0]}" if len(lines) == 1 else "- hex: >-\n" + "\n".join(f"    {line}" for line in lines)
    expected = [f"{path}: {held}" for path, held in _expected(record.value)][:EXPECTED]
    return text + (f"\n  expect: {{{', '.join(expected)}}}" if expected else "")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else line for line in text.splitlines())


def plain(value: Any) -> Any:
    """A value as dict, list and numbers: what `Format.build` takes; enums by name, absent fields left out."""
    if isinstance(value, KaitaiStruct):
        writing = writing_of(type(value))
        members = writing.puts if writing is not None else ()
        held = ((put.id, getattr(value, put.name, None)) for put in members)
        return {id: plain(inner) for id, inner in held if inner is not None}
    if isinstance(value, list):
        return [plain(element) for element in value]
    if isinstance(value, Enum):
        return label(value)
    return value


def _builds(format: Format, value: Any, raw: bytes) -> bool:
    try:
        return format.build(value) == raw
    except (BuildError, UsageError):
        return False


def slimmed(format: Format, value: dict[str, Any], raw: bytes) -> dict[str, Any]:
    """The value without the fields that follow from the rest, as far as the same bytes come of it."""
    if len(raw) > LARGEST:
        return value
    left_out: set[Path] = set()
    for path in list(_members(value))[:MOST]:
        if path[:-1] not in left_out and _builds(format, _without(value, {*left_out, path}), raw):
            left_out.add(path)
    slim: dict[str, Any] = _without(value, left_out)
    return slim


def _without(value: Any, left_out: set[Path], path: Path = ()) -> Any:
    """A value without the members at these paths."""
    if isinstance(value, dict):
        return {
            key: _without(held, left_out, (*path, key)) for key, held in value.items() if (*path, key) not in left_out
        }
    if isinstance(value, list):
        return [_without(held, left_out, (*path, i)) for i, held in enumerate(value)]
    return value


def _members(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all members of objects, outer first."""
    if isinstance(value, dict):
        for key, held in value.items():
            yield (*path, key)
            yield from _members(held, (*path, key))
    elif isinstance(value, list):
        for i, held in enumerate(value):
            yield from _members(held, (*path, i))


def _expected(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a single value, as an example writes them."""
    writing = writing_of(type(value)) if isinstance(value, KaitaiStruct) else None
    for put in writing.puts if writing is not None else ():
        held = getattr(value, put.name, None)
        here = f"{path}.{put.id}" if path else put.id
        if isinstance(held, KaitaiStruct):
            yield from _expected(held, here)
        elif isinstance(held, bool):
            yield here, str(held).lower()
        elif isinstance(held, Enum):
            yield here, json.dumps(label(held))
        elif isinstance(held, int):
            yield here, str(held)
        elif isinstance(held, str) and len(held) <= LONGEST and held.isprintable():
            yield here, json.dumps(held)
