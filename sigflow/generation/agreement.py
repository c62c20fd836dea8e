"""Whether a Construct schema and a format read and write the same: on frames that are generated.

A frame is read by both, and the values are compared part by part (`comparing`).  What Construct builds of its value
must be the frame again, unless it refuses to build it.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any

from sigflow.errors import BuildError, SigflowError
from sigflow.generation.chance import Seeded
from sigflow.generation.comparing import compared, told
from sigflow.generation.frames import Generator, surrounded
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.plain import asdict
from sigflow.stream.format import Format

#: Frames that are compared.
FRAMES = 200
#: Frames that may fail in a row before it is said that none can be made.
TRIES = 1000
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
    return list(islice(Generator(format, chance).frames(TRIES), frames))


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
    read = built = 0
    for number, raw in enumerate(raws):
        try:
            value = format.parse(raw)
            unit = bytes(value._io._data)
        except SigflowError as error:
            return Agreement(read, built, untested=str(error))
        difference = compared(value, unit, schema, left_out)
        if difference is None:
            continue
        outcome = "" if difference else rebuilt(schema, unit)
        if difference or outcome:
            return Agreement(read, built, f"frame {number} ({_shown(raw)}){difference or f': {outcome}'}")
        read, built = read + 1, built + (outcome is not None)
    return Agreement(
        read, built, untested="" if read else "all frames that are generated have parts that cannot be read"
    )


def schema_agreement(
    schema: Any, format: Format, spec: Format, frames: int = FRAMES, seed: int = 0, known: list[bytes] | None = None
) -> Agreement:
    """A Construct schema against the format that it is compiled to, and against that of the spec which was made of it.

    Frames are generated of the spec, where none are `known`.  Values and refusals must be those of Construct, and so
    must built bytes.
    """
    from sigflow.containers import leaves

    try:
        raws = known or samples(spec, frames, seed)
    except SigflowError as error:
        return Agreement(untested=str(error))
    read = built = 0
    for number, raw in enumerate(raws):
        said = f"frame {number} ({_shown(raw)}): "
        ours, mine = _read(spec.parse, raw), _read(format.parse, raw)
        theirs = _read(schema.parse, bytes(ours._io._data)) if ours is not None else None
        mine_said, wanted = _plain(mine), repr(leaves(theirs)) if theirs is not None else REFUSED
        if mine_said != wanted:
            return Agreement(read, built, said + _facing(mine_said, wanted))
        if _objects(mine) != _objects(ours):
            return Agreement(read, built, f"{said}the spec that was made reads it otherwise")
        if theirs is None:
            continue
        read += 1
        outcome = _built(schema, format, theirs)
        if outcome:
            return Agreement(read, built, f"{said}{outcome}")
        built += outcome is not None
    return Agreement(read, built, untested="" if read else "Construct accepts none of the frames")


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
        return f"Construct builds it, and it cannot be read here: {told(error)}"
    return "" if mine == theirs else f"{_shown(mine)} is built here, {_shown(theirs)} by Construct"


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


def _shown(raw: bytes) -> str:
    return raw.hex(" ") if len(raw) <= SHOWN else f"{raw[:SHOWN].hex(' ')} … {len(raw)} bytes"
