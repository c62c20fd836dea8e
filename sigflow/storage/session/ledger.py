"""The ledger of a session: what was committed, so that a restart goes on where it must.  SQLite, with its own log.

A *row of a file* is what makes a file of a sink final: written, synced, its row committed, then renamed.  A *position*
is how far a sink has come in a stream, counted in frames.  A *checkpoint* is what the scan of a stream can be resumed
from; those that a slower sink may still need are kept.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sigflow.errors import SigflowError
from sigflow.storage.session import layout
from sigflow.storage.session.begin import Begin

VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS streams (
    stream INTEGER PRIMARY KEY, source TEXT NOT NULL, peer TEXT NOT NULL, begun_ns INTEGER NOT NULL, ended_ns INTEGER,
    acknowledged INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0, frames INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS checkpoints (
    stream INTEGER NOT NULL, frames INTEGER NOT NULL, offset INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (stream, frames)
) STRICT;
CREATE TABLE IF NOT EXISTS places (
    stream INTEGER NOT NULL, offset INTEGER NOT NULL, place TEXT NOT NULL, PRIMARY KEY (stream, offset)
) STRICT;
CREATE TABLE IF NOT EXISTS begins (
    stream INTEGER NOT NULL, segment INTEGER NOT NULL, frames INTEGER NOT NULL, offset INTEGER NOT NULL,
    cuts INTEGER NOT NULL, state TEXT NOT NULL, PRIMARY KEY (stream, segment)
) STRICT;
CREATE TABLE IF NOT EXISTS positions (
    sink TEXT NOT NULL, stream INTEGER NOT NULL, frames INTEGER NOT NULL, length INTEGER NOT NULL,
    PRIMARY KEY (sink, stream)
) STRICT;
CREATE TABLE IF NOT EXISTS files (
    sink TEXT NOT NULL, draft TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (sink, name)
) STRICT;
CREATE TABLE IF NOT EXISTS states (
    sink TEXT NOT NULL, stream INTEGER NOT NULL, state TEXT NOT NULL, PRIMARY KEY (sink, stream)
) STRICT;
CREATE TABLE IF NOT EXISTS audit (
    number INTEGER PRIMARY KEY, stream INTEGER NOT NULL, what TEXT NOT NULL, format TEXT NOT NULL, kind TEXT NOT NULL,
    device TEXT NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, frames INTEGER NOT NULL, time_ns TEXT,
    detail TEXT NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS operated (
    stream INTEGER NOT NULL, number INTEGER NOT NULL, offset INTEGER NOT NULL, alarm TEXT NOT NULL, key TEXT,
    what TEXT NOT NULL, until_ns INTEGER, PRIMARY KEY (stream, number)
) STRICT;
"""


class Checkpoint(NamedTuple):
    """What a scan can be resumed from: frames before it, offset of its first undecided byte, its state as JSON."""

    frames: int
    offset: int
    state: Any


class Stream(NamedTuple):
    """A stream: one source, or one who connected.  ended_ns: when all that came was decided, None where it goes on."""

    stream: int
    source: str
    peer: str
    begun_ns: int
    ended_ns: int | None
    acknowledged: int
    removed: int
    frames: int


class TableFile(NamedTuple):
    """A file of a sink that is written: what it is called now, what it shall be called, the SHA-256 of its bytes."""

    draft: str
    name: str
    hash: str


class Ledger:
    """The ledger in a session's folder.  Threads take turns."""

    def __init__(self, folder: str, *, synced: bool = True) -> None:
        """synced: whether a commit waits for the disk.  Raises `SigflowError` where the file is no ledger of ours."""
        path = os.path.join(folder, layout.LEDGER)
        self._turn = threading.RLock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._rows("PRAGMA journal_mode = WAL")
            self._rows(f"PRAGMA synchronous = {'FULL' if synced else 'OFF'}")
            with self.transaction():
                for statement in filter(str.strip, _TABLES.split(";")):
                    self._rows(statement)
                self._rows("INSERT OR IGNORE INTO about VALUES ('version', ?)", (str(VERSION),))
            row = self._row("SELECT value FROM about WHERE key = 'version'")
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise SigflowError(f"{path}: it is no ledger: {error} (sigflow session repair)") from error
        if row is None or row[0] != str(VERSION):
            self._database.close()
            raise SigflowError(f"{path}: a ledger of version {row and row[0]}; this sigflow reads {VERSION}")

    def _rows(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._turn:
            return self._database.execute(statement, values).fetchall()

    def _row(self, statement: str, values: tuple[object, ...] = ()) -> tuple[Any, ...] | None:
        return next(iter(self._rows(statement, values)), None)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is said inside, or nothing of it, is on the disk afterwards."""
        with self._turn:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    # ---------------------------------------------------------------- streams

    def open_stream(self, source: str, peer: str, begun_ns: int) -> int:
        """A new stream; its number."""
        row = self._row(
            "INSERT INTO streams (stream, source, peer, begun_ns) VALUES"
            " ((SELECT COALESCE(MAX(stream) + 1, 0) FROM streams), ?, ?, ?) RETURNING stream",
            (source, peer, begun_ns),
        )
        assert row is not None
        return int(row[0])

    def put_stream(self, stream: int, source: str, begun_ns: int) -> None:
        """A stream whose number is known, of which nothing else is."""
        self._rows(
            "INSERT INTO streams (stream, source, peer, begun_ns) VALUES (?, ?, '', ?)", (stream, source, begun_ns)
        )

    def source_of(self, stream: int) -> str:
        """What a stream comes from, as it was named; "" where that is not known."""
        row = self._row("SELECT source FROM streams WHERE stream = ?", (stream,))
        return "" if row is None else str(row[0])

    def streams(self) -> list[Stream]:
        """All streams, in their order."""
        return [Stream(*row) for row in self._rows("SELECT * FROM streams ORDER BY stream")]

    def end_stream(self, stream: int, ended_ns: int, frames: int) -> None:
        """All that came of it was decided, as at the end of a stream."""
        self._rows("UPDATE streams SET ended_ns = ?, frames = ? WHERE stream = ?", (ended_ns, frames, stream))

    def go_on(self, stream: int) -> None:
        """It goes on."""
        self._rows("UPDATE streams SET ended_ns = NULL WHERE stream = ?", (stream,))

    def acknowledge(self, stream: int, offset: int) -> None:
        """So much is on the disk."""
        self._rows("UPDATE streams SET acknowledged = ? WHERE stream = ?", (offset, stream))

    # ---------------------------------------------------------------- where sources are read

    def place(self, stream: int, offset: int, place: str) -> None:
        """What comes at this offset of a stream stands there, in what its source reads from."""
        self._rows("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", (stream, offset, place))
        self._rows("DELETE FROM places WHERE stream = ? AND offset > ?", (stream, offset))

    def place_before(self, stream: int, offset: int) -> tuple[int, str] | None:
        """The last place that was told at this offset of a stream or before, and at which."""
        row = self._row(
            "SELECT offset, place FROM places WHERE stream = ? AND offset <= ? ORDER BY offset DESC LIMIT 1",
            (stream, offset),
        )
        return None if row is None else (row[0], row[1])

    # ---------------------------------------------------------------- checkpoints

    def checkpoint(self, stream: int, point: Checkpoint) -> None:
        """The scan of a stream can be resumed from here; what no sink needs any more is let go of."""
        values = (stream, point.frames, point.offset, json.dumps(point.state))
        self._rows("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)", values)
        slowest = self._row("SELECT MIN(frames) FROM positions WHERE stream = ?", (stream,))
        needed = point.frames if slowest is None or slowest[0] is None else min(slowest[0], point.frames)
        self._rows(
            "DELETE FROM checkpoints WHERE stream = ? AND frames <"
            " (SELECT MAX(frames) FROM checkpoints WHERE stream = ? AND frames <= ?)",
            (stream, stream, needed),
        )

    def resumable(self, stream: int, frames: int | None = None) -> Checkpoint | None:
        """The last checkpoint of a stream with at most so many frames before it."""
        row = self._row(
            "SELECT frames, offset, state FROM checkpoints WHERE stream = ? AND frames <= ?"
            " ORDER BY frames DESC LIMIT 1",
            (stream, (1 << 62) if frames is None else frames),
        )
        return None if row is None else Checkpoint(row[0], row[1], json.loads(row[2]))

    # ---------------------------------------------------------------- where streams may begin

    def may_begin(self, stream: int, segment: int, point: Checkpoint) -> None:
        """The first checkpoint for which nothing before this segment is needed."""
        values = (stream, segment, point.frames, point.offset, 0, json.dumps(point.state))
        self._rows("INSERT OR IGNORE INTO begins VALUES (?, ?, ?, ?, ?, ?)", values)

    def beginnings(self, stream: int) -> dict[int, Checkpoint]:
        """Where a stream may begin, by segment."""
        rows = self._rows("SELECT segment, frames, offset, state FROM begins WHERE stream = ?", (stream,))
        return {row[0]: Checkpoint(row[1], row[2], json.loads(row[3])) for row in rows}

    def remove_before(self, stream: int, begin: Begin) -> None:
        """A stream begins there from now on, once this returns."""
        with self.transaction():
            self._rows("DELETE FROM begins WHERE stream = ? AND segment < ?", (stream, begin.segment))
            self._rows("UPDATE begins SET cuts = ? WHERE stream = ? AND segment = ?", (begin.cuts, stream, begin[0]))
            self._rows("UPDATE streams SET removed = ? WHERE stream = ?", (begin.offset, stream))

    def begin(self, stream: int) -> tuple[Begin, Any] | None:
        """Where a stream begins, of which something was removed, and the state of the scan there."""
        row = self._row(
            "SELECT segment, begins.offset, begins.frames, cuts, state FROM begins JOIN streams USING (stream)"
            " WHERE stream = ? AND removed > 0 AND begins.offset >= removed ORDER BY segment LIMIT 1",
            (stream,),
        )
        return None if row is None else (Begin(*row[:4]), json.loads(row[4]))

    # ---------------------------------------------------------------- positions

    def position(self, sink: str, stream: int) -> tuple[int, int]:
        """How far a sink has come: frames, and bytes of its file."""
        row = self._row("SELECT frames, length FROM positions WHERE sink = ? AND stream = ?", (sink, stream))
        return (0, 0) if row is None else (int(row[0]), int(row[1]))

    def positions(self, sink: str) -> dict[int, int]:
        """How far a sink has come in each stream of which it has taken something."""
        return dict(self._rows("SELECT stream, frames FROM positions WHERE sink = ?", (sink,)))

    def move(self, sink: str, stream: int, frames: int, length: int = 0) -> None:
        """It has come so far."""
        self._rows("INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?)", (sink, stream, frames, length))

    # ---------------------------------------------------------------- states of sinks

    def put_state(self, sink: str, stream: int, state: Any) -> None:
        """What a sink knows of a stream, as JSON."""
        self._rows("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", (sink, stream, json.dumps(state)))

    def state(self, sink: str, stream: int) -> Any:
        """What it knew; None where it said nothing."""
        row = self._row("SELECT state FROM states WHERE sink = ? AND stream = ?", (sink, stream))
        return None if row is None else json.loads(row[0])

    def operated(self, stream: int, number: int, offset: int, *asked: object) -> None:
        """What was done to alarms (`operations.Asked`) took effect there in a stream, as the so-many-th."""
        self._rows("INSERT OR REPLACE INTO operated VALUES (?, ?, ?, ?, ?, ?, ?)", (stream, number, offset, *asked))

    # ---------------------------------------------------------------- the audit

    def audit(self, number: int, row: Sequence[object], hash: bytes) -> None:
        """One more row of the audit (`watch.audit.rows.Row`)."""
        values = [
            str(value) if name == "time_ns" and value is not None else value
            for name, value in zip(
                ("stream", "what", "format", "kind", "device", "offset", "length", "frames", "time_ns", "detail"),
                row,
                strict=True,
            )
        ]
        self._rows("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (number, *values, hash))

    def last_audited(self) -> tuple[int, bytes] | None:
        """The number and the hash of the last row."""
        row = self._row("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
        return None if row is None else (row[0], row[1])

    # ---------------------------------------------------------------- files of sinks

    def add_file(self, sink: str, file: TableFile) -> None:
        """This draft shall have this name."""
        self._rows("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", (sink, *file))

    def files(self, sink: str) -> list[TableFile]:
        """All files of a sink that were committed, whether they have their names yet or not."""
        rows = self._rows("SELECT draft, name, hash FROM files WHERE sink = ? ORDER BY name", (sink,))
        return [TableFile(*row) for row in rows]

    def close(self) -> None:
        """Give it back."""
        self._database.close()
