"""Whether a Construct schema and a format read and write the same: on frames that are generated.

A frame is read by both, and the values are compared part by part: by the ids of the spec, enums by name and number,
numbers by kind.  What Construct builds of its value must be the frame again, unless it refuses to build it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from types import ModuleType
from typing import Any

from sigflow.errors import SigflowError
from sigflow.generation.chance import Seeded
from sigflow.generation.frames import Generator, surrounded
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.struct import KaitaiStruct
from sigflow.stream.format import Format

#: Frames that are compared.
FRAMES = 200
#: Levels of objects that are compared: instances may lead round in circles.
DEPTH = 200
#: Bytes of a frame that a message shows.
SHOWN = 32


@dataclass(frozen=True, slots=True)
class Agreement:
    """What comparing gave.

    frames: how many were read alike.  built: of these, how many Construct builds, to the same bytes.  difference: the
    first one, with its place; empty where there is none.  untested: why no frame could be compared.
    """

    frames: int = 0
    built: int = 0
    difference: str = ""
    untested: str = ""


def module_of(text: str) -> ModuleType:
    """The module of a text that was written here."""
    module = ModuleType("sigflow_construct")
    exec(compile(text, "<construct>", "exec"), module.__dict__)
    return module


def samples(format: Format, frames: int = FRAMES, seed: int = 0) -> list[bytes]:
    """Generated frames.  Raises `GenerationError` where none can be made."""
    chance = Seeded(seed)
    format, _, _ = surrounded(format, chance)
    return list(islice(Generator(format, chance).frames(), frames))


def agreement(
    format: Format, schema: Any, left_out: frozenset[tuple[str, str]] = frozenset(), frames: int = FRAMES, seed: int = 0
) -> Agreement:
    """A format of a spec against the Construct schema that was made of it.

    left_out: fields that are not compared, each as the path of its class and its id.
    """
    try:
        raws = samples(format, frames, seed)
    except SigflowError as error:
        return Agreement(untested=str(error))
    built = 0
    for number, raw in enumerate(raws):
        try:
            value = format.parse(raw)
            unit = bytes(value._io._data)
        except SigflowError as error:
            return Agreement(number, built, untested=str(error))
        difference = compared(value, unit, schema, left_out)
        if difference:
            return Agreement(number, built, f"frame {number} ({_shown(raw)}){difference}")
        outcome = rebuilt(schema, unit)
        if outcome:
            return Agreement(number, built, f"frame {number} ({_shown(raw)}): {outcome}")
        built += outcome is not None
    return Agreement(len(raws), built, untested="" if raws else "no frame was generated")


def compared(value: Any, unit: bytes, schema: Any, left_out: frozenset[tuple[str, str]] = frozenset()) -> str:
    """Where the value of a frame and what Construct reads differ; empty where they do not."""
    try:
        theirs = schema.parse(unit)
    except Exception as error:  # (any that Construct's classes let through)
        # An instance that cannot be read is refused when it is asked for; Construct reads it at once.
        return "" if _incomplete(value, DEPTH) else f": Construct refuses it: {_told(error)}"
    return _difference(value, theirs, "", left_out, DEPTH)


def _incomplete(value: Any, depth: int) -> bool:
    """Whether some instance of an object, or of one in it, cannot be read."""
    if isinstance(value, list):
        return any(_incomplete(item, depth - 1) for item in value)
    if not isinstance(value, KaitaiStruct) or depth < 0:
        return False
    try:
        held = [getattr(value, name) for name in value._INSTANCES]
    except WIRE_ERRORS:
        return True
    held += [getattr(value, name, None) for name in value._FIELDS]
    return any(_incomplete(item, depth - 1) for item in held)


def rebuilt(schema: Any, unit: bytes) -> str | None:
    """How the bytes differ that Construct builds of what it has read; None where it builds none."""
    try:
        again = schema.build(schema.parse(unit))
    except Exception:  # (what depends on the bytes that are read, Construct cannot build)
        return None
    return "" if again == unit else f"Construct builds {_shown(again)} of it"


def _difference(mine: Any, theirs: Any, path: str, left_out: frozenset[tuple[str, str]], depth: int) -> str:
    """Where two values differ; empty where they do not."""
    if depth < 0:
        return ""
    if isinstance(mine, KaitaiStruct):
        return _of_objects(mine, theirs, path, left_out, depth)
    if isinstance(mine, list):
        if not isinstance(theirs, list) or len(mine) != len(theirs):
            return _unequal(path, mine, theirs)
        parts = (
            _difference(item, other, f"{path}[{index}]", left_out, depth - 1)
            for index, (item, other) in enumerate(zip(mine, theirs, strict=True))
        )
        return next((part for part in parts if part), "")
    return "" if _equal(mine, theirs) else _unequal(path, mine, theirs)


def _of_objects(mine: Any, theirs: Any, path: str, left_out: frozenset[tuple[str, str]], depth: int) -> str:
    if not isinstance(theirs, dict):
        return _unequal(path, mine, theirs)
    known = set()
    for name in (*mine._FIELDS, *mine._INSTANCES):
        id = mine._IDS.get(name, name)
        known.add(id)
        if (type(mine).__qualname__, id) in left_out:
            continue
        try:
            held = getattr(mine, name, None)
        except WIRE_ERRORS:  # (an instance that cannot be computed)
            held = None
        part = _difference(held, theirs.get(id), f"{path}.{id}", left_out, depth - 1)
        if part:
            return part
    more = next((key for key in theirs if key not in known and not key.startswith("_")), None)
    return f"{path}.{more}: the spec has no such field" if more is not None else ""


def _equal(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, IntEnum):
        named = isinstance(theirs, str) and str(theirs) == mine.name.rstrip("_")
        return (named or str(theirs) == mine.name) and int(theirs) == int(mine)
    if isinstance(mine, float) and isinstance(theirs, float):
        return struct.pack(">d", mine) == struct.pack(">d", theirs) or (mine != mine and theirs != theirs)
    if isinstance(mine, bool) or isinstance(theirs, bool):
        return mine is theirs
    if isinstance(mine, memoryview | bytearray):
        mine = bytes(mine)
    kinds = (int, str, bytes, type(None), float)
    return any(isinstance(mine, kind) and isinstance(theirs, kind) for kind in kinds) and bool(mine == theirs)


def _unequal(path: str, mine: Any, theirs: Any) -> str:
    return f"{path or ': the value'}: {_short(mine)} here, {_short(theirs)} in Construct"


def _short(value: Any) -> str:
    if isinstance(value, KaitaiStruct | dict):
        return "an object"
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _shown(raw: bytes) -> str:
    return raw.hex(" ") if len(raw) <= SHOWN else f"{raw[:SHOWN].hex(' ')} … {len(raw)} bytes"


def _told(error: Exception) -> str:
    """An error on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}"
