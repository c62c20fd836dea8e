"""What an index has for each block, and its tables: SQLite, all of them STRICT."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.errors import UsageError
from sigflow.index.blocks import Packed
from sigflow.index.identity import Identity
from sigflow.stream.checkpoint import id_tree

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

#: The version of the tables.
VERSION = 2
#: Marks the file as one of ours: "sigI".
APPLICATION = 0x73696749
#: What is put behind a capture's name.
ENDING = ".sigidx"
#: Bytes of a page of the file.
PAGE = 8192
#: Counters and times are kept in the order of signed numbers of 64 bits; bounds of times beyond them are these.
SIGN, MOST = 1 << 63, (1 << 63) - 1

TABLES = (
    """CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT""",
    """CREATE TABLE blocks (
    number INTEGER PRIMARY KEY, first INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
    frames INTEGER NOT NULL, least INTEGER NOT NULL, size_width INTEGER NOT NULL, code_width INTEGER NOT NULL,
    kind_width INTEGER NOT NULL, leads INTEGER NOT NULL, time_least INTEGER, time_greatest INTEGER,
    sorted INTEGER NOT NULL, keys TEXT NOT NULL, kinds TEXT NOT NULL, data BLOB NOT NULL
) STRICT""",
    """CREATE TABLE counters (
    format INTEGER NOT NULL, stream TEXT NOT NULL, block INTEGER NOT NULL, code INTEGER NOT NULL,
    rising INTEGER NOT NULL, least INTEGER NOT NULL, greatest INTEGER NOT NULL, PRIMARY KEY (format, stream, block)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE gaps (start INTEGER PRIMARY KEY, stop INTEGER NOT NULL, reasons TEXT NOT NULL) STRICT""",
)
#: How many columns each table has.
WIDTHS = {"about": 2, "blocks": 16, "counters": 7, "gaps": 3}
COLUMNS = (
    "first, start, stop, frames, least, size_width, code_width, kind_width, leads, data,"
    " time_least, time_greatest, sorted, keys, kinds"
)


class Key(NamedTuple):
    """Frames of a block of one format and stream.

    format: its number.  stream: its id as JSON, "" where none is known.  counts: whether they have a counter, and
    least, greatest: between which it is; rising: whether that of each of these frames is greater than that of the one
    before.
    """

    format: int
    stream: str
    counts: bool = False
    rising: bool = False
    least: int = 0
    greatest: int = 0


class Keys(NamedTuple):
    """The keys of a block, by their numbers: formats and streams, as of `Key`."""

    formats: tuple[int, ...]
    streams: tuple[str, ...]


class Counters(NamedTuple):
    """Where the counters of one stream are: the blocks in order, in each the number of the stream's key, whether they
    rise there, and the least and greatest, as unsigned numbers.
    """

    blocks: Array
    codes: Array
    rising: Array
    least: Array
    greatest: Array


class Times(NamedTuple):
    """The times of a block in nanoseconds: the least and the greatest, and whether all are known and rise."""

    least: int
    greatest: int
    sorted: bool


class NewBlock(NamedTuple):
    """A block as it is made: the index of its first frame, where it starts and stops, its frames, the streams and the
    kinds that they are of by their numbers, their times.
    """

    first: int
    start: int
    stop: int
    packed: Packed
    keys: Sequence[Key]
    kinds: Sequence[str]
    times: Times | None


class Block(NamedTuple):
    """A block: its number, the index of its first frame, where it starts and stops, its frames, and their times.

    kinds: by their numbers, as JSON; "" of formats that have none.
    """

    number: int
    first: int
    start: int
    stop: int
    packed: Packed
    keys: Keys
    kinds: tuple[str, ...]
    times: Times | None


def held(time: int) -> int:
    """A time as far as a bound holds it.  In that order no time comes before one that is earlier."""
    return min(max(time, -SIGN), MOST)


def plain_id(value: object) -> object:
    """A stream's id, or a kind, as JSON has it."""
    try:
        return [plain_id(item) for item in value] if isinstance(value, tuple | list) else id_tree(value)
    except UsageError:
        return {"text": str(value)}


def stream_text(stream: object) -> str:
    """A stream's id as the index has it.

    Whole numbers, truth values and members of enums are their number in 64 bits of two's complement: a native scan
    tells no more.
    """
    if isinstance(stream, int):
        return str(((int(stream) + SIGN) & ((1 << 64) - 1)) - SIGN)
    return json.dumps(plain_id(stream))


def identity_tree(identity: Identity) -> dict[str, Any]:
    """The plain tree of an identity."""
    return {
        "size": identity.size,
        "mtime": identity.mtime,
        "probe": identity.probe,
        "formats": [format._asdict() for format in identity.formats],
        "limits": identity.limits,
    }
