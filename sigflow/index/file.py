"""The file of an index: SQLite, in tables that are STRICT.  It is written under another name, synced, and renamed.

An index is a file, and as hostile as any: what is read of it is held to its types and ranges, and a frame that it leads
to is measured and checked again.  What it says wrongly can cost time, and an error, but never a wrong frame.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sigflow.errors import SigflowError, UsageError
from sigflow.index.blocks import Packed, Unpacked, checked, place, unpacked
from sigflow.index.identity import FormatIdentity, Identity
from sigflow.storage.base import Closing
from sigflow.storage.disk import FileDraft
from sigflow.stream.checkpoint import id_tree

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

Value = TypeVar("Value")

#: The version of the tables.
VERSION = 1
#: Marks the file as one of ours: "sigI".
APPLICATION = 0x73696749
#: What is put behind a capture's name.
ENDING = ".sigidx"
#: Blocks that are written at once; that a reader keeps as they are, and unpacked.
AT_ONCE, PACKED, KEPT = 64, 128, 8
#: Counters and times are kept in the order of signed numbers of 64 bits; bounds of times beyond them are these.
SIGN, MOST = 1 << 63, (1 << 63) - 1

_TABLES = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE blocks (
    number INTEGER PRIMARY KEY, first INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
    frames INTEGER NOT NULL, least INTEGER NOT NULL, size_width INTEGER NOT NULL, code_width INTEGER NOT NULL,
    leads INTEGER NOT NULL, time_least INTEGER, time_greatest INTEGER, sorted INTEGER NOT NULL, keys TEXT NOT NULL,
    data BLOB NOT NULL
) STRICT;
CREATE TABLE counters (
    format INTEGER NOT NULL, stream TEXT NOT NULL, block INTEGER NOT NULL, least INTEGER NOT NULL,
    greatest INTEGER NOT NULL, PRIMARY KEY (format, stream, block)
) STRICT, WITHOUT ROWID;
CREATE TABLE gaps (start INTEGER PRIMARY KEY, stop INTEGER NOT NULL, reasons TEXT NOT NULL) STRICT;
"""
#: How many columns each table has.
_WIDTHS = {"about": 2, "blocks": 14, "counters": 5, "gaps": 3}
_COLUMNS = "number, first, start, stop, frames, least, size_width, code_width, leads, time_least, time_greatest, sorted"


class Key(NamedTuple):
    """What frames of a block are told apart by.

    format: its number.  kind: as JSON, "" where the format has none.  stream: its id as JSON, "" where none is known.
    rising: whether the counter of each of these frames is greater than that of the one before.  counts: whether
    they have a counter, and least, greatest: between which it is.
    """

    format: int
    kind: str
    stream: str
    rising: bool = False
    counts: bool = False
    least: int = 0
    greatest: int = 0


class Times(NamedTuple):
    """The times of a block in nanoseconds: the least and the greatest, and whether all are known and rise."""

    least: int
    greatest: int
    sorted: bool


class Block(NamedTuple):
    """A block: its number, the index of its first frame, where it starts and stops, its frames, and their times."""

    number: int
    first: int
    start: int
    stop: int
    packed: Packed
    keys: tuple[Key, ...]
    times: Times | None


class BadIndex(SigflowError):
    """A file that is no index, or one that says what cannot be."""


class Writer(Closing):
    """Writes an index.  State: blocks, counters and gaps that are not written yet; how many blocks there are."""

    def __init__(self, path: str) -> None:
        """Raises what `FileDraft` raises."""
        self._draft = FileDraft(path)
        self._database = sqlite3.connect(self._draft.path, isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            f"PRAGMA application_id = {APPLICATION}",
            f"PRAGMA user_version = {VERSION}",
            "BEGIN",
            *filter(str.strip, _TABLES.split(";")),
        ):
            self._database.execute(statement)
        self._blocks: list[tuple[object, ...]] = []
        self._counters: list[tuple[object, ...]] = []
        self._gaps: list[tuple[int, int, str]] = []
        self._count = 0

    def block(
        self, first: int, start: int, stop: int, packed: Packed, keys: Sequence[Key], times: Times | None
    ) -> None:
        """Add a block, the next of the stream."""
        kept = times if times is None else Times(held(times.least), held(times.greatest), times.sorted)
        told = json.dumps([key[:4] for key in keys], separators=(",", ":"))
        self._blocks.append(
            (
                self._count, first, start, stop, *packed[:5], kept and kept.least, kept and kept.greatest,
                int(kept is not None and kept.sorted), told, packed.data,
            )
        )  # fmt: skip
        ranges: dict[tuple[int, str], tuple[int, int]] = {}
        for key in keys:
            if key.counts:
                least, greatest = ranges.get((key.format, key.stream), (key.least, key.greatest))
                ranges[key.format, key.stream] = min(least, key.least), max(greatest, key.greatest)
        self._counters += [
            (format, stream, self._count, least - SIGN, greatest - SIGN)
            for (format, stream), (least, greatest) in ranges.items()
            if least >= 0 and greatest < 1 << 64
        ]
        self._count += 1
        if len(self._blocks) >= AT_ONCE:
            self._flush()

    def gap(self, start: int, stop: int, reasons: Sequence[str]) -> None:
        """Add a gap, the next of the stream."""
        self._gaps.append((start, stop, json.dumps(list(reasons))))
        if len(self._gaps) >= 1 << 12:
            self._flush()

    def go_on(self, index: Index, blocks: int) -> None:
        """Take over the first blocks of another index, so many, with the gaps before and between them; before anything
        else is added.
        """
        for table, rows in index.rows(blocks):
            self._put(table, rows)
        self._count = blocks

    def _put(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self._told():
            self._database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * _WIDTHS[table])})", rows)

    def _flush(self) -> None:
        self._put("blocks", self._blocks)
        self._put("counters", self._counters)
        self._put("gaps", self._gaps)
        self._blocks.clear()
        self._counters.clear()
        self._gaps.clear()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite says of a full disk is told as the system's errors are."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OSError(None, f"the index cannot be written: {error}", self._draft.name) from error

    def finish(self, identity: Identity, counts: dict[str, Any]) -> None:
        """All is said: the index gets its name.  counts: of the verdict."""
        self._flush()
        about = {"identity": identity_tree(identity), "counts": counts}
        self._put("about", [(key, json.dumps(value)) for key, value in about.items()])
        with self._told():
            self._database.execute("COMMIT")
        self._database.close()
        self._draft.sync()
        self._draft.place()
        self._draft.sync_name()

    def close(self) -> None:
        """Give up what was not finished."""
        self._database.close()
        self._draft.discard()


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


class Index(Closing):
    """An index, opened for reading.  State: the connection; blocks that were read last.

    path: of the file.  identity: what it is of.  counts: as the verdict had them when it was made.
    """

    def __init__(self, path: str) -> None:
        """Raises `BadIndex` where the file is no index of this version, `OSError` where it cannot be read."""
        self.path = path
        with open(path, "rb"):  # what the system says of it, SQLite does not
            pass
        self._database = sqlite3.connect(f"file:{_quoted(path)}?mode=ro", uri=True, check_same_thread=False)
        self._blocks: dict[int, Block] = {}
        self._unpacked: dict[int, Unpacked] = {}
        try:
            with self._told():
                self._begin()
        except BaseException:
            self._database.close()
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise BadIndex(f"{self.path}: it is no sound index: {error}") from error

    def _begin(self) -> None:
        (application,) = self._one("PRAGMA application_id")
        (version,) = self._one("PRAGMA user_version")
        if application != APPLICATION:
            raise BadIndex(f"{self.path}: it is no index of sigflow")
        if version != VERSION:
            raise BadIndex(f"{self.path}: an index of version {version}, wanted {VERSION}")
        for kind, name in self._database.execute("SELECT type, name FROM sqlite_schema"):
            if kind != "table" and not str(name).startswith("sqlite_autoindex_"):
                raise ValueError(f"it holds a {kind} {name!r}")
        about = {key: json.loads(value) for key, value in self._database.execute("SELECT key, value FROM about")}
        tree = about["identity"]
        self.identity = Identity(
            int(tree["size"]),
            int(tree["mtime"]),
            str(tree["probe"]),
            tuple(FormatIdentity(*map(_typed, _members(format), (str, str, int, str))) for format in tree["formats"]),
            str(tree["limits"]),
        )
        self.counts: dict[str, Any] = dict(about["counts"])

    def _one(self, statement: str, values: tuple[object, ...] = ()) -> tuple[Any, ...]:
        row = self._database.execute(statement, values).fetchone()
        if row is None:
            raise ValueError("a row is lacking")
        return tuple(row)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    # ---------------------------------------------------------------- blocks

    @cached_property
    def bounds(self) -> Bounds:
        """Where the blocks are; read once, 48 bytes for each."""
        import numpy as np

        with self._told():
            rows = self._database.execute(
                "SELECT first, start, stop, frames, time_least, time_greatest FROM blocks ORDER BY number"
            ).fetchall()
            columns = [np.array(column, np.int64) for column in zip(*(row[:4] for row in rows), strict=True)]
            first, start, stop, frames = columns or [np.zeros(0, np.int64)] * 4
            known = np.array([row[4] is not None and row[5] is not None for row in rows], bool)
            least = np.array([row[4] or 0 for row in rows], np.int64)
            greatest = np.array([row[5] or 0 for row in rows], np.int64)
            if len(rows) and (
                (frames <= 0).any()
                or (stop <= start).any()
                or first[0] != 0
                or start[0] != 0
                or (first[1:] != first[:-1] + frames[:-1]).any()
                or (start[1:] != stop[:-1]).any()
                or stop[-1] > self.identity.size
            ):
                raise ValueError("the blocks do not follow each other")
        return Bounds(first, start, stop, frames, known, least, greatest)

    def __len__(self) -> int:
        return len(self.bounds.first)

    @property
    def frames(self) -> int:
        """How many frames there are."""
        bounds = self.bounds
        return int(bounds.first[-1] + bounds.frames[-1]) if len(bounds.first) else 0

    def block(self, number: int) -> tuple[Block, Unpacked]:
        """A block and where its frames are."""
        block = self.packed(number)
        where = self._unpacked.pop(number, None)
        if where is None:
            with self._told():
                where = unpacked(block.packed, block.start)
                if int(where.stops[-1]) != block.stop or int(where.codes.max()) >= len(block.keys):
                    raise ValueError(f"block {number} says what cannot be")
        return block, _kept(self._unpacked, number, where, KEPT)

    def place(self, number: int, row: int) -> tuple[int, int, Key]:
        """Of one frame of a block where it starts and stops, and its key; the others need not be unpacked."""
        block = self.packed(number)
        if not 0 <= row < block.packed.frames:
            raise IndexError(f"frame {row} of block {number}, which has {block.packed.frames}")
        where = self._unpacked.get(number)
        if where is not None:
            start, stop, code = (int(column[row]) for column in where)
        else:
            start, stop, code = place(block.packed, row, block.start)
        if not block.start <= start < stop <= block.stop or code >= len(block.keys):
            raise BadIndex(f"{self.path}: it is no sound index: block {number} says what cannot be")
        return start, stop, block.keys[code]

    def packed(self, number: int) -> Block:
        """A block as it is kept."""
        block = self._blocks.pop(number, None)
        if block is None:
            with self._told():
                block = self._read(number)
        return _kept(self._blocks, number, block, PACKED)

    def _read(self, number: int) -> Block:
        row = self._one(f"SELECT {_COLUMNS}, keys, data FROM blocks WHERE number = ?", (number,))
        bounds = self.bounds
        frames, least, size_width, code_width, leads = row[4:9]
        packed = checked(Packed(frames, least, size_width, code_width, leads, row[13]))
        keys = tuple(_key(item, len(self.identity.formats)) for item in json.loads(row[12]))
        if row[1:4] != (int(bounds.first[number]), int(bounds.start[number]), int(bounds.stop[number])):
            raise ValueError(f"block {number} says what cannot be")
        times = None if row[9] is None or row[10] is None else Times(row[9], row[10], bool(row[11]))
        return Block(row[0], row[1], row[2], row[3], packed, keys, times)

    def blocks_of_counter(self, format: int, stream: str, counter: int) -> list[tuple[int, int, int]]:
        """The blocks in which a frame of this stream may have this counter, each with the least and the greatest."""
        if not 0 <= counter < 1 << 64:
            return []
        with self._told():
            rows = self._database.execute(
                "SELECT block, least, greatest FROM counters"
                " WHERE format = ? AND stream = ? AND least <= ? AND greatest >= ? ORDER BY block",
                (format, stream, counter - SIGN, counter - SIGN),
            ).fetchall()
        return [(block, least + SIGN, greatest + SIGN) for block, least, greatest in rows if 0 <= block < len(self)]

    def rows(self, blocks: int) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
        """The rows of the first blocks, so many, and of the gaps before and between them, by table."""
        stop = int(self.bounds.stop[blocks - 1]) if blocks else 0
        with self._told():
            for table, column, bound in (
                ("blocks", "number", blocks),
                ("counters", "block", blocks),
                ("gaps", "start", stop),
            ):
                rows = self._database.execute(f"SELECT * FROM {table} WHERE {column} < ?", (bound,)).fetchall()
                yield table, rows

    def ledger(self, blocks: int) -> tuple[dict[str, tuple[int, int]], int]:
        """Of the first blocks, so many: frames and their bytes by format, and the bytes of gaps."""
        counts = {format.name: (0, 0) for format in self.identity.formats}
        for number in range(blocks):
            block, where = self.block(number)
            sizes = where.stops - where.starts
            for code, key in enumerate(block.keys):
                name, mine = self.identity.formats[key.format].name, sizes[where.codes == code]
                frames, size = counts[name]
                counts[name] = frames + len(mine), size + int(mine.sum())
        stop = int(self.bounds.stop[blocks - 1]) if blocks else 0
        return counts, sum(end - start for start, end, _ in self.gaps() if start < stop)

    def difference(self, other: Index) -> str:
        """What this says otherwise than another index of the same; "" where it says the same.

        Blocks may be cut elsewhere: the frames are compared, with what they are told apart by, and the gaps.
        """
        mine, theirs = dict(self.counts), dict(other.counts)
        if None in (mine.get("sequence"), theirs.get("sequence")):
            # Of a capture that was indexed in parts nothing is said of sequence counters.
            mine["sequence"] = theirs["sequence"] = None
        if mine != theirs:
            return f"it counts {self.counts}, and there are {other.counts}"
        for n, (frame, real) in enumerate(zip_longest(self._told_frames(), other._told_frames())):
            if frame != real:
                return f"frame {n} is said to be {frame}, and is {real}"
        for gap, real_gap in zip_longest(self.gaps(), other.gaps()):
            if gap != real_gap:
                return f"a gap is said to be {gap}, and is {real_gap}"
        return ""

    def _told_frames(self) -> Iterator[tuple[object, ...]]:
        """Where each frame is, its format's number, kind and stream."""
        for number in range(len(self)):
            block, where = self.block(number)
            for start, stop, code in zip(*(column.tolist() for column in where), strict=True):
                yield start, stop, *block.keys[code][:3]

    def gaps(self) -> Iterator[tuple[int, int, list[str]]]:
        """The gaps in order, with their reasons."""
        with self._told():
            for start, stop, reasons in self._database.execute("SELECT start, stop, reasons FROM gaps ORDER BY start"):
                yield start, stop, [str(reason) for reason in json.loads(reasons)]


def _kept(cache: dict[int, Value], number: int, value: Value, most: int) -> Value:
    """The value, which is now the last that was used of a cache of so many."""
    while len(cache) >= most:
        cache.pop(next(iter(cache)))
    cache[number] = value
    return value


class Bounds(NamedTuple):
    """Of each block the index of its first frame, where it starts and stops, how many frames it has, whether times are
    known, and the least and greatest.
    """

    first: Array
    start: Array
    stop: Array
    frames: Array
    timed: Array
    time_least: Array
    time_greatest: Array


def _key(item: Any, formats: int) -> Key:
    format, kind, stream, rising = item
    kinds = map(type, item)
    if tuple(kinds) != (int, str, str, bool) or not 0 <= format < formats:
        raise ValueError("a key that cannot be")
    return Key(format, kind, stream, rising)


def _members(format: Any) -> list[Any]:
    return [format[name] for name in FormatIdentity._fields]


def _typed(value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{value!r} where a {kind.__name__} is wanted")
    return value


def _quoted(path: str) -> str:
    """A path as SQLite's URIs have it."""
    return "".join(f"%{ord(letter):02x}" if letter in "%?#" else letter for letter in path)
