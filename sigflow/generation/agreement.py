"""Whether a Construct schema and a format read and write the same: on frames that are generated.

A frame is read by both, and the values are compared part by part: by the ids of the spec, enums by name and number,
numbers by kind.  What Construct builds of its value must be the frame again, unless it refuses to build it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from io import BytesIO
from itertools import islice
from typing import Any

from sigflow.errors import BuildError, SigflowError
from sigflow.generation.chance import Seeded
from sigflow.generation.frames import Generator, surrounded
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.plain import asdict
from sigflow.runtime.struct import KaitaiStruct
from sigflow.stream.format import Format

#: Frames that are compared.
FRAMES = 200
#: Levels of objects that are compared: instances may lead round in circles.
DEPTH = 200
#: Bytes that Construct may build.
LARGEST = 1 << 24
#: Bytes of a frame that a message shows.
SHOWN = 32
#: What stands for a value that there is not.
REFUSED = "refused"


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


def schema_agreement(schema: Any, format: Format, spec: Format, frames: int = FRAMES, seed: int = 0) -> Agreement:
    """A Construct schema against the format that it is compiled to, and against that of the spec which was made of it.

    Frames are generated of the spec.  Values and refusals must be those of Construct, and so must built bytes.
    """
    from sigflow.runtime.construct.views import leaves

    try:
        raws = samples(spec, frames, seed)
    except SigflowError as error:
        return Agreement(untested=str(error))
    read = built = 0
    for number, raw in enumerate(raws):
        said = f"frame {number} ({_shown(raw)}): "
        ours, mine = _read(spec.parse, raw), _read(format.parse, raw)
        theirs = _read(schema.parse, bytes(ours._io._data)) if ours is not None else None
        given, wanted = _plain(mine), repr(leaves(theirs)) if theirs is not None else REFUSED
        if given != wanted:
            return Agreement(read, built, said + _facing(given, wanted))
        if _objects(mine) != _objects(ours):
            return Agreement(read, built, f"{said}the spec that was made reads it otherwise")
        if theirs is None:
            continue
        read += 1
        outcome = _built(schema, format, theirs)
        if outcome:
            return Agreement(read, built, f"{said}{outcome}")
        built += outcome is not None
    return Agreement(read, built, untested="" if read else "Construct accepts none of the frames that are generated")


def _read(parse: Any, raw: bytes) -> Any:
    """What reading gives; None where it refuses."""
    try:
        return parse(raw)
    except Exception:  # (any that Construct's classes, or the user's, let through)
        return None


def _plain(value: Any) -> str:
    """Construct's value, as a format of a schema gives it."""
    try:
        return repr(asdict(value)) if value is not None else REFUSED
    except SigflowError:
        return REFUSED


def _objects(value: Any) -> str:
    """The fields of a spec, without what makes Construct's values of them."""
    try:
        return repr(asdict(value, instances=True)) if value is not None else REFUSED
    except (*WIRE_ERRORS, SigflowError):
        return REFUSED


def _facing(mine: str, theirs: str) -> str:
    """Where two texts part."""
    start = next((n for n, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), 0)
    start = max(start - 40, 0)
    return f"…{mine[start : start + 100]}… here, …{theirs[start : start + 100]}… in Construct"


def _built(schema: Any, format: Format, value: Any) -> str | None:
    """How the bytes differ that are built of Construct's value; None where Construct builds none."""
    try:
        theirs = construct_build(schema, value)
    except Exception:  # (what it does not take, it does not build)
        return None
    try:
        mine = bytes(format.parse(format.build(value))._io._data)
    except BuildError:
        return None  # (such as places beyond what is written at most)
    except SigflowError as error:
        return f"Construct builds it, and it cannot be read here: {_told(error)}"
    return "" if mine == theirs else f"{_shown(mine)} is built here, {_shown(theirs)} by Construct"


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


class _Bounded(BytesIO):
    """What Construct writes to: a `Pointer` may lead anywhere, and all up to there would be filled with zeros."""

    def write(self, data: Any, /) -> int:
        if self.tell() + len(data) > LARGEST:
            raise OSError(f"more than {LARGEST} bytes are not written")
        return super().write(data)


def construct_build(schema: Any, value: Any) -> bytes:
    """What Construct builds of a value."""
    stream = _Bounded()
    schema.build_stream(value, stream)
    return stream.getvalue()


def rebuilt(schema: Any, unit: bytes) -> str | None:
    """How the bytes differ that Construct builds of what it has read; None where it builds none."""
    try:
        again = construct_build(schema, schema.parse(unit))
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
