"""Reading the file of an index.

An index is a file, and as hostile as any: what is read of it is held to its types and ranges, and a frame that it leads
to is measured and checked again.  What it says wrongly can cost time, and an error, but never a wrong frame.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.caches import Cache
from sigflow.errors import SigflowError
from sigflow.index.blocks import Packed, Unpacked, checked, place, sums_of, unpacked
from sigflow.index.identity import FormatIdentity, Identity
from sigflow.index.tables import APPLICATION, COLUMNS, SIGN, TABLES, VERSION, Block, Counters, Keys, Times
from sigflow.storage.base import Closing

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

#: What is kept of an index, and bytes of an entry beside what it holds.
_BLOCK, _UNPACKED, _SUMS, _COUNTERS = "block", "unpacked", "sums", "counters"
_EACH = 512


class BadIndex(SigflowError):
    """A file that is no index, or one that says what cannot be."""


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
        self._pages = Cache[tuple[object, ...], Any]("index")
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
        told = self._database.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
        if sorted(statement for (statement,) in told) != sorted(TABLES):
            raise ValueError("its tables are others")
        about = {key: json.loads(value) for key, value in self._database.execute("SELECT key, value FROM about")}
        tree = about["identity"]
        self.identity = Identity(
            int(tree["size"]),
            int(tree["mtime"]),
            str(tree["probe"]),
            tuple(FormatIdentity(*map(_typed, _members(format), (str, str, int, str))) for format in tree["formats"]),
            str(tree["limits"]),
        )
        if not isinstance(about["counts"], dict):
            raise ValueError("it counts nothing")
        self.counts: dict[str, Any] = about["counts"]

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
        where: Unpacked | None = self._pages.get((_UNPACKED, number))
        if where is None:
            with self._told():
                where = unpacked(block.packed, block.start)
                if (
                    int(where.stops[-1]) != block.stop
                    or not _within(where.codes, len(block.keys.formats))
                    or not _within(where.kinds, len(block.kinds))
                ):
                    raise ValueError(f"block {number} says what cannot be")
            self._pages.put((_UNPACKED, number), where, _EACH + sum(column.nbytes for column in where))
        return block, where

    def place(self, number: int, row: int) -> tuple[int, int, int]:
        """Of one frame of a block where it starts and stops, and the number of its format; the others need not be
        unpacked.
        """
        block = self.packed(number)
        if not 0 <= row < block.packed.frames:
            raise IndexError(f"frame {row} of block {number}, which has {block.packed.frames}")
        where: Unpacked | None = self._pages.get((_UNPACKED, number))
        if where is not None:
            start, stop, code = int(where.starts[row]), int(where.stops[row]), int(where.codes[row])
        else:
            sums = self._pages.get((_SUMS, number))
            if sums is None:
                sums = sums_of(block.packed)
                self._pages.put((_SUMS, number), sums, _EACH + sums.nbytes)
            start, stop, code = place(block.packed, row, block.start, sums)
        if not block.start <= start < stop <= block.stop or code >= len(block.keys.formats):
            raise BadIndex(f"{self.path}: it is no sound index: block {number} says what cannot be")
        return start, stop, block.keys.formats[code]

    def packed(self, number: int) -> Block:
        """A block as it is kept."""
        block: Block | None = self._pages.get((_BLOCK, number))
        if block is None:
            with self._told():
                block = self._read(number)
            names = sum(map(len, (*block.keys.streams, *block.kinds)))
            self._pages.put((_BLOCK, number), block, _EACH + len(block.packed.data) + names)
        return block

    def _read(self, number: int) -> Block:
        row = self._one(f"SELECT {COLUMNS} FROM blocks WHERE number = ?", (number,))
        bounds = self.bounds
        first, start, stop, *told = row[:10]
        packed = checked(Packed(*told))
        least, greatest, rises, keys, kinds = row[10:]
        if (first, start, stop, packed.frames) != tuple(int(column[number]) for column in bounds[:4]):
            raise ValueError(f"block {number} says what cannot be")
        times = None if least is None or greatest is None else Times(least, greatest, bool(rises))
        formats, streams = (tuple(column) for column in json.loads(keys))
        listed = tuple(json.loads(kinds))
        if not (
            {*map(type, formats)} <= {int}
            and {*map(type, (*streams, *listed))} <= {str}
            and len(formats) == len(streams)
            and all(0 <= format < len(self.identity.formats) for format in {*formats})
        ):
            raise ValueError("keys or kinds that cannot be")
        return Block(number, first, start, stop, packed, Keys(formats, streams), listed, times)

    def counters(self, format: int, stream: str) -> Counters:
        """Where the counters of a stream are."""
        import numpy as np

        counters: Counters | None = self._pages.get((_COUNTERS, format, stream))
        if counters is None:
            with self._told():
                rows = self._database.execute(
                    "SELECT block, code, rising, least, greatest FROM counters"
                    " WHERE format = ? AND stream = ? ORDER BY block",
                    (format, stream),
                ).fetchall()
                table = np.array(rows, np.int64).reshape(-1, 5)
                if not _within(table[:, 0], len(self)):
                    raise ValueError("counters of a block that is not there")
            least, greatest = (table[:, 3:].view(np.uint64) + np.uint64(SIGN)).T.copy()
            counters = Counters(table[:, 0], table[:, 1], table[:, 2] != 0, least, greatest)
            self._pages.put((_COUNTERS, format, stream), counters, _EACH + sum(column.nbytes for column in counters))
        return counters

    def blocks_of_counters(self, format: int, least: int, greatest: int | None) -> list[int]:
        """The blocks in which frames of a format may have counters of this range, of any stream; None: without end."""
        greatest = SIGN - 1 + SIGN if greatest is None else min(greatest, SIGN - 1 + SIGN)
        if not least <= greatest or greatest < 0:
            return []
        with self._told():
            rows = self._database.execute(
                "SELECT DISTINCT block FROM counters WHERE format = ? AND least <= ? AND greatest >= ?",
                (format, greatest - SIGN, max(least, 0) - SIGN),
            ).fetchall()
        return [block for (block,) in rows if 0 <= block < len(self)]

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
            for code, format in enumerate(block.keys.formats):
                name, mine = self.identity.formats[format].name, sizes[where.codes == code]
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
            formats, streams = block.keys
            for start, stop, code, kind in zip(*(column.tolist() for column in where), strict=True):
                yield start, stop, formats[code], block.kinds[kind], streams[code]

    def gaps(self) -> Iterator[tuple[int, int, list[str]]]:
        """The gaps in order, with their reasons."""
        with self._told():
            for start, stop, reasons in self._database.execute("SELECT start, stop, reasons FROM gaps ORDER BY start"):
                yield start, stop, [str(reason) for reason in json.loads(reasons)]


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


def _within(numbers: Array, count: int) -> bool:
    """Whether these are numbers of so many things."""
    return not len(numbers) or (int(numbers.min()) >= 0 and int(numbers.max()) < count)


def _members(format: Any) -> list[Any]:
    return [format[name] for name in FormatIdentity._fields]


def _typed(value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{value!r} where a {kind.__name__} is wanted")
    return value


def _quoted(path: str) -> str:
    """A path as SQLite's URIs have it."""
    return "".join(f"%{ord(letter):02x}" if letter in "%?#" else letter for letter in path)
