"""A reading that goes on: files that grow, come and rotate.

Rules.  Of each file an offset says how far it was read: the end of a believed frame, and nothing else.  So a torn frame
is waited for, and a query that goes on from its checkpoint reads the rows of a batch again as they were.  A file is
known by what it is, not by its name: on this machine by its inode, so that a rotated file is the same under its new
name, as long as the paths that are read mean it; behind a URL by that.  Where the bytes that were read are not there
any more, it is another file, which is read from its beginning.

A file that has not grown for `closed_after` seconds has ended, where that is said: what damage at its end held back is
then decided.  One that grows behind that is an error.

State: what each look found, so that the next begins there; all of it can be lost.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
from pyspark.sql.datasource import DataSourceStreamReader, InputPartition

from pyspark_sigflow import types
from pyspark_sigflow.batch import Columns, formats_of
from sigflow import storage
from sigflow.errors import UsageError
from sigflow.recording import Recording, tables
from sigflow.recording.start import Start
from sigflow.scale.captures import captures_of
from sigflow.scale.following import Believed, Bounded, believed
from sigflow.scale.partitions import SPLIT

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

    from pyspark_sigflow.options import ReadOptions
    from sigflow.storage import Storage

try:
    from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadMaxBytes, SupportsTriggerAvailableNow
except ImportError:  # (before 4.2)
    ReadAllAvailable = ReadMaxBytes = None
    SupportsTriggerAvailableNow = object

#: Bytes at the beginning, and before where the reading is, by which a file is known again.
SEEN = 4096
#: Files that have gone and are remembered, at most: they may come back.
GONE = 10_000

#: An offset as Spark keeps it: {"files": {key: entry}}.
Tree = dict[str, Any]


class Piece(NamedTuple):
    """What one task reads.  name: of the file when that was planned; key: what it is.  stop: None where it has ended,
    then size: of all of it.
    """

    name: str
    key: str
    start: Start
    size: int


class StreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Reads captures on and on."""

    def __init__(self, options: ReadOptions, schema: StructType) -> None:
        self._options = options
        self._formats = formats_of(options)
        self._schema = schema
        self._last: Tree = {"files": {}}
        self._cuts: dict[tuple[str, int], list[Believed]] = {}
        self._looked: dict[tuple[str, int, int], int] = {}  # bytes that were looked at from there on
        self._frozen: dict[str, int] | None = None

    # ---------------------------------------------------------------- in the driver

    def initialOffset(self) -> Tree:
        """Nothing was read."""
        return {"files": {}}

    def getDefaultReadLimit(self) -> Any:
        """Returns how much a batch may have."""
        if self._options.max_bytes is None or ReadMaxBytes is None:
            return ReadAllAvailable()
        return ReadMaxBytes(self._options.max_bytes)

    def prepareForTriggerAvailableNow(self) -> None:
        """What comes from now on is for another query."""
        self._frozen = {key: size for key, (_, size, _) in self._files().items()}

    def latestOffset(self, start: Tree | None = None, limit: Any = None) -> Tree:
        """Returns how far each file can be read.  start: how far it was; without one, since the last look."""
        begin = start if start is not None else self._last
        entries = {key: dict(entry) for key, entry in begin["files"].items()}
        files = self._files()
        left = getattr(limit, "max_bytes", self._options.max_bytes if limit is None else None)
        # What was changed long ago comes first, so that a file that grows fast does not hold up all others.
        for key, (name, size, changed) in sorted(files.items(), key=lambda item: item[1][2]):
            if left is not None and left <= 0:
                break
            source = opened_as(name, key)
            if source is None:
                continue  # (it has got another name just now; the next look finds it)
            with source:
                before = entries.get(key, {}).get("offset", 0)
                entry = self._entry(key, name, source, size, changed, entries.get(key), left)
            if entry is not None:
                entries[key] = entry
                if left is not None:
                    left -= max(entry["offset"] - before, 0)
        gone = [key for key in entries if key not in files]
        for key in gone[: max(len(gone) - GONE, 0)]:
            del entries[key]
        self._last = {"files": entries}
        return self._last

    def _files(self) -> dict[str, tuple[str, int, float]]:
        """By key the files that there are: name, bytes, and when each was last changed."""
        out = {}
        for name in captures_of(self._options.paths, wanted=False):
            try:
                key, size, changed = identified(name)
            except FileNotFoundError:
                continue  # (it went away just now, or has got another name)
            if self._frozen is not None:
                if key not in self._frozen:
                    continue
                size = min(size, self._frozen[key])
            out[key] = name, size, changed
        return out

    def _entry(
        self, key: str, name: str, source: Storage, size: int, changed: float, kept: Tree | None, most: int | None
    ) -> Tree | None:
        """How far a file can be read; None where there is nothing new of it."""
        if source.size is None:
            raise UsageError(f"{name}: a compressed file cannot be followed")
        if kept is not None and not known_again(source, size, kept):
            print(f"sigflow: {name}: it is another file now, read from its beginning", file=sys.stderr)
            kept = {"offset": 0, "first": 0, "generation": kept["generation"] + 1, "closed": False}
        elif kept is None:
            kept = {"offset": 0, "first": 0, "generation": 0, "closed": False}
        if kept["closed"]:
            if size > kept["offset"]:
                raise UsageError(f"{name}: it grew after it was taken to have ended (option closed_after)")
            return None
        begin = Believed(kept["offset"], kept["first"])
        ended = self._options.closed_after is not None and time.time() - changed >= self._options.closed_after
        looked = (key, kept["generation"], begin.offset)
        if size <= begin.offset or (not ended and self._looked.get(looked) == size):
            return None
        bounded = size if most is None else min(size, begin.offset + most)
        cuts = self._believed(source, begin, bounded, ended and bounded == size)
        while not cuts and bounded < size:  # (a frame has more bytes than a batch shall have)
            bounded = min(size, begin.offset + 2 * (bounded - begin.offset))
            cuts = self._believed(source, begin, bounded, ended and bounded == size)
        if not cuts:
            self._looked[looked] = size
            return None
        offset, first = cuts[-1]
        closed = ended and offset == size
        self._cuts[key, kept["generation"]] = cuts[:-1]
        entry = {"offset": offset, "first": first, "generation": kept["generation"], "closed": closed, "name": name}
        return {**entry, "mark": mark_of(source, offset)}

    def _believed(self, source: Storage, begin: Believed, size: int, ended: bool) -> list[Believed]:
        options = self._options
        return believed(
            source,
            self._formats,
            options.limits,
            begin=begin,
            size=size,
            every=options.split_bytes or SPLIT,
            engine=options.engine,
            ended=ended,
        )

    def partitions(self, start: Tree, end: Tree) -> Sequence[InputPartition]:
        """Returns what lies between two offsets, by files, and where those places are known, by parts of them."""
        self._last = end
        out = []
        for key, entry in end["files"].items():
            kept = start["files"].get(key)
            begin = Believed(0, 0)
            if kept is not None and kept["generation"] == entry["generation"]:
                begin = Believed(kept["offset"], kept["first"])
            if entry["offset"] <= begin.offset:
                continue
            inner = self._cuts.get((key, entry["generation"]), [])
            cuts = [begin, *(cut for cut in inner if begin.offset < cut.offset < entry["offset"])]
            stops: list[int | None] = [cut.offset for cut in cuts[1:]]
            stops.append(None if entry["closed"] else entry["offset"])
            out += [
                InputPartition(Piece(entry["name"], key, Start(*cut, stop), entry["offset"]))
                for cut, stop in zip(cuts, stops, strict=True)
            ]
        return out

    def commit(self, end: Tree) -> None:
        """What was looked at before is not asked for again."""
        for key, entry in end["files"].items():
            mine = (key, entry["generation"])
            self._cuts[mine] = [cut for cut in self._cuts.get(mine, []) if cut.offset > entry["offset"]]
            self._looked = {
                place: size for place, size in self._looked.items() if place[:2] != mine or place[2] >= entry["offset"]
            }

    # ---------------------------------------------------------------- in the tasks

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """The rows of a piece, as record batches."""
        piece: Piece = partition.value
        source = self._source_of(piece)
        options, columns = self._options, Columns(self._options, self._schema.names)
        bounded = Bounded(source, piece.size) if piece.start.stop is None else source
        if (source.size or 0) < piece.size:
            source.close()
            raise OSError(None, f"it has {source.size} bytes, and had {piece.size}", source.name)
        with Recording(
            bounded, self._formats, limits=options.limits, engine=options.engine, index="never"
        ) as recording:
            run = recording.run_from(piece.start)
            batches = tables.batches_of(run, columns.table(run.formats))
            yield from columns.converted(batches, types.arrow_schema(self._schema), piece.name)

    def _source_of(self, piece: Piece) -> Storage:
        """The file of a piece, whatever it is called now."""
        source = opened_as(piece.name, piece.key)
        if source is not None:
            return source
        for name in captures_of(self._options.paths, wanted=False):
            source = opened_as(name, piece.key)
            if source is not None:
                return source
        raise FileNotFoundError(2, "the file has gone before all of it was read", piece.name)


def identified(name: str) -> tuple[str, int, float]:
    """What a file is, its bytes, and when it was last changed."""
    if storage.is_url(name):
        with storage.open(name) as source:
            return name, source.size or 0, time.time()
    status = os.stat(name)
    return _key(status), status.st_size, status.st_mtime


def _key(status: os.stat_result) -> str:
    return f"{status.st_dev}:{status.st_ino}"


def opened_as(name: str, key: str) -> Storage | None:
    """The file of this name, opened, if it is that of this key: names move on when files rotate."""
    try:
        source = storage.open(name)
    except FileNotFoundError:
        return None
    descriptor = getattr(source, "descriptor", None)
    if (_key(os.fstat(descriptor)) if descriptor is not None else name) == key:
        return source
    if source.size is None:
        return source  # (it is compressed, which is told)
    source.close()
    return None


def mark_of(source: Storage, offset: int) -> str:
    """By which bytes before an offset a file is known again."""
    head, tail = source.read(0, min(SEEN, offset)), source.read(max(offset - SEEN, 0), offset)
    return sha256(head + tail).hexdigest()[:32]


def known_again(source: Storage, size: int, entry: Mapping[str, Any]) -> bool:
    """Whether what was read of a file is there."""
    offset = entry["offset"]
    return size >= offset and (not offset or mark_of(source, offset) == entry["mark"])
