"""The rows of a quarantine, in SQLite: STRICT tables, a write-ahead log, and every commit synced to the disk.

What is no number is JSON, so that no text of a capture can be anything but text.  A ledger is a file, and as hostile as
any: one that holds more than tables and indexes is refused, and a row counts only where its values have their types,
its id is that of its stretch, and its bytes are named by a hash and not by a path.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sigflow.diagnostics import Finding
from sigflow.errors import SigflowError
from sigflow.events import Span, Stamp
from sigflow.quarantine import letters
from sigflow.quarantine.entry import Attempt, Entry, Neighbour, RefusedRange, SpecUsed
from sigflow.quarantine.typed import typed
from sigflow.surrogates import writable

if TYPE_CHECKING:
    from collections.abc import Callable

#: The version of the tables.
VERSION = 1
#: Marks the file as one of ours: "sigQ".
APPLICATION = 0x73696751
#: Seconds that one process waits for another to be done with the ledger.
PATIENCE = 60.0

SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    capture TEXT NOT NULL,
    name TEXT NOT NULL,
    start INTEGER NOT NULL CHECK (start >= 0),
    stop INTEGER NOT NULL CHECK (stop > start),
    raw TEXT NOT NULL,
    reasons TEXT NOT NULL,
    diagnostics TEXT NOT NULL,
    specs TEXT NOT NULL,
    stamps TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    parent TEXT,
    kept_ns INTEGER NOT NULL,
    decoded_ns INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_place ON entries (capture, start, number);
CREATE INDEX IF NOT EXISTS entries_by_raw ON entries (raw);
CREATE TABLE IF NOT EXISTS attempts (
    number INTEGER PRIMARY KEY,
    entry TEXT NOT NULL,
    specs TEXT NOT NULL,
    frames INTEGER NOT NULL,
    frame_bytes INTEGER NOT NULL,
    left_bytes INTEGER NOT NULL,
    at_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS attempts_by_entry ON attempts (entry);
CREATE TABLE IF NOT EXISTS packed (
    raw TEXT PRIMARY KEY,
    pack TEXT NOT NULL,
    at INTEGER NOT NULL CHECK (at >= 0)
) STRICT;
CREATE INDEX IF NOT EXISTS packed_by_pack ON packed (pack);
{letters.SCHEMA}
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
COMMIT;
"""
COLUMNS = "id, capture, name, start, stop, raw, reasons, diagnostics, specs, stamps, before, after, parent, kept_ns"
#: Captures in the order in which they came, each from its beginning to its end.
SELECT = f"""
SELECT {COLUMNS}, decoded_ns FROM entries
JOIN (SELECT capture, min(number) AS first FROM entries GROUP BY capture) USING (capture)
"""
IN_ORDER = "ORDER BY first, start, number"


def connect(path: str, *, handed_on: bool = False) -> sqlite3.Connection:
    """A connection that begins a transaction only when it is told to.  handed_on: threads use it in turn."""
    return sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=not handed_on)


class Ledger:
    """The open ledger.  State: the connection."""

    def __init__(self, path: str, connect: Callable[[str], sqlite3.Connection] = connect) -> None:
        self._path = path
        with self._told():
            self._connection = connect(path)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        run = self._connection.execute
        run("BEGIN")  # one look at all three: another process may be making the ledger
        try:
            (version,) = run("PRAGMA user_version").fetchone()
            things = run("SELECT type, name, substr(sql, 1, 13) FROM sqlite_schema").fetchall()
            (application,) = run("PRAGMA application_id").fetchone()
        finally:
            if self._connection.in_transaction:
                run("ROLLBACK")
        if version not in (0, VERSION):
            raise SigflowError(f"{self._path}: a ledger of version {version}, wanted {VERSION}")
        if things and (application != APPLICATION or not version):
            raise SigflowError(f"{self._path}: no ledger of ours, but a database of something else")
        for kind, name, statement in things:
            if kind != "index" and (kind, statement) != ("table", "CREATE TABLE "):
                raise SigflowError(f"{self._path}: the ledger holds a {kind} {name!r}, which is none of ours")
        run("PRAGMA trusted_schema = OFF")
        self._to_wal()
        run("PRAGMA synchronous = FULL")
        # (Ledgers of before packs, or dead letters, get the tables that they lack.)
        if not {"packed", *letters.TABLES} <= {name for _, name, _ in things}:
            self._connection.executescript(SCHEMA)
        #: The dead letters in it.
        self.letters = letters.Letters(self._connection, self._path)

    def _to_wal(self) -> None:
        """Have the ledger's log written ahead.  For this change alone SQLite does not wait for other processes."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > until:
                    raise
                time.sleep(0.01)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite complains of, as an error of ours that names the ledger."""
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise SigflowError(f"{self._path}: the ledger: {error}") from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction, in which nobody else writes; on the disk when this is left without an error."""
        with self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def insert(self, entry: Entry) -> bool:
        """Add an entry; False where it is there already."""
        values = row_of(entry)
        places = ", ".join("?" * len(values))
        statement = f"INSERT INTO entries ({COLUMNS}) VALUES ({places}) ON CONFLICT (id) DO NOTHING"
        return self._connection.execute(statement, values).rowcount > 0

    def attempted(self, attempt: Attempt) -> None:
        """Add an attempt; the entry is decoded if it gave frames."""
        values = (attempt.frames, attempt.frame_bytes, attempt.left_bytes, attempt.at_ns)
        self._connection.execute(
            "INSERT INTO attempts (entry, specs, frames, frame_bytes, left_bytes, at_ns) VALUES (?, ?, ?, ?, ?, ?)",
            (attempt.entry, _specs_text(attempt.specs), *values),
        )
        if attempt.frames:
            self._connection.execute("UPDATE entries SET decoded_ns = ? WHERE id = ?", (attempt.at_ns, attempt.entry))

    def entries(self, condition: str = "", values: Iterable[object] = ()) -> Iterator[Entry]:
        """The entries for which an SQL condition holds, in the order of their streams."""
        where = f"WHERE {condition}" if condition else ""
        with self._told():
            rows = self._connection.execute(f"{SELECT} {where} {IN_ORDER}", [*values])
            for row in rows:
                with self._read(row):
                    entry = _entry(row)
                yield entry

    def attempts(self, entry: str) -> list[Attempt]:
        """The attempts on an entry, in their order."""
        columns = "entry, specs, frames, frame_bytes, left_bytes, at_ns"
        with self._told():
            rows = self._connection.execute(f"SELECT {columns} FROM attempts WHERE entry = ? ORDER BY number", (entry,))
            return [self._attempt(row) for row in rows]

    def _attempt(self, row: tuple[Any, ...]) -> Attempt:
        with self._read(row):
            entry, specs, *counts = typed(row, _ATTEMPT)
            return Attempt(entry, _typed(specs, tuple[SpecUsed, ...]), *counts)

    @contextmanager
    def _read(self, row: tuple[Any, ...]) -> Iterator[None]:
        """What is wrong with a row, as an error of ours that names it."""
        try:
            yield
        except (ValueError, RecursionError) as error:
            raise SigflowError(
                f"{self._path}: the ledger: the row of {str(row[0])[:80]!r} is damaged: {error}"
            ) from error

    def problems(self) -> list[str]:
        """What SQLite says is wrong with the file."""
        try:
            lines = [str(row[0]) for row in self._connection.execute("PRAGMA integrity_check(10)")]
        except (sqlite3.Error, UnicodeDecodeError) as error:
            return [str(error)]
        return [] if lines == ["ok"] else lines

    def readable(self) -> Iterator[Entry | str]:
        """Each entry that can be read, and of each other what is wrong with it."""
        try:
            for row in self._connection.execute(f"SELECT {COLUMNS}, decoded_ns FROM entries ORDER BY number"):
                try:
                    yield _entry(row)
                except (ValueError, RecursionError) as error:
                    yield f"the row of {str(row[0])[:80]!r} is damaged: {error}"
        except (sqlite3.Error, UnicodeDecodeError) as error:
            yield str(error)

    def restore(self, entry: Entry) -> None:
        """Add an entry of another ledger, with its mark."""
        if self.insert(entry) and entry.decoded_ns is not None:
            self._connection.execute("UPDATE entries SET decoded_ns = ? WHERE id = ?", (entry.decoded_ns, entry.id))

    def place(self, raw: str) -> tuple[str, int] | None:
        """The pack with these bytes, and where in it; None where they are no part of one."""
        with self._told():
            row = self._connection.execute("SELECT pack, at FROM packed WHERE raw = ?", (raw,)).fetchone()
        if row is None:
            return None
        pack, at = row
        if not _HASH.match(pack):
            raise SigflowError(f"{self._path}: the ledger: a pack is named {pack[:80]!r}, wanted a SHA-256")
        return pack, at

    def placed(self, raw: str, pack: str, at: int) -> None:
        """Say where bytes stand."""
        self._connection.execute("INSERT OR REPLACE INTO packed (raw, pack, at) VALUES (?, ?, ?)", (raw, pack, at))

    def unplaced(self, raw: str) -> None:
        """Say that bytes stand in no pack."""
        self._connection.execute("DELETE FROM packed WHERE raw = ?", (raw,))

    def in_pack(self, pack: str) -> dict[str, int]:
        """The bytes that stand in a pack, and where."""
        return dict(self._connection.execute("SELECT raw, at FROM packed WHERE pack = ? ORDER BY at", (pack,)))

    def captures(self) -> dict[str, str]:
        """The captures of the entries, and what they were called."""
        with self._told():
            return dict(self._connection.execute("SELECT capture, name FROM entries GROUP BY capture"))

    def delete(self, entry: str) -> None:
        """Delete an entry and its attempts."""
        self._connection.execute("DELETE FROM entries WHERE id = ?", (entry,))
        self._connection.execute("DELETE FROM attempts WHERE entry = ?", (entry,))

    def uses(self, raw: str) -> bool:
        """Whether some entry has these bytes."""
        return self._connection.execute("SELECT 1 FROM entries WHERE raw = ? LIMIT 1", (raw,)).fetchone() is not None

    def close(self) -> None:
        """Close the ledger."""
        self._connection.close()


def row_of(entry: Entry) -> tuple[Any, ...]:
    """An entry as the values of its row."""
    refused = entry.refused
    return (
        entry.id,
        refused.capture,
        writable(refused.name),
        refused.span.start,
        refused.span.stop,
        entry.raw,
        json.dumps(refused.reasons),
        json.dumps([_slots(finding) for finding in refused.diagnostics]),
        _specs_text(refused.specs),
        json.dumps(refused.stamps),
        json.dumps(_slots(refused.before)),
        json.dumps(_slots(refused.after)),
        refused.parent,
        entry.kept_ns,
    )


def entry_of(row: list[Any]) -> Entry:
    """An entry from the values of its row; `ValueError` where it is none."""
    return _entry((*row, None))


def _slots(data: Finding | Neighbour | None) -> dict[str, object] | None:
    """The fields of plain data by name."""
    return None if data is None else {field.name: getattr(data, field.name) for field in fields(data)}


def _specs_text(specs: Iterable[SpecUsed]) -> str:
    """The specs as text; without a preamble where there was none, as every ledger had it before there were any."""
    return json.dumps(
        [
            {"name": spec.name, "hash": spec.hash} | ({"preamble": spec.preamble} if spec.preamble else {})
            for spec in specs
        ]
    )


#: What SQLite must give for a row of each table.
_ENTRY = tuple[str, str, str, int, int, str, str, str, str, str, str, str, str | None, int, int | None]
_ATTEMPT = tuple[str, str, int, int, int, int]
_HASH = re.compile(r"[0-9a-f]{64}\Z")


def _typed(text: str, type: Any) -> Any:
    """What a text of JSON says, if it is of this type; else a `ValueError`.  (It may hold halves of surrogates.)"""
    return typed(json.loads(text), type)


def _entry(row: tuple[Any, ...]) -> Entry:
    """An entry from its row, in the order of COLUMNS; `ValueError` where it is none."""
    id, capture, name, start, stop, raw, reasons, diagnostics, specs, stamps, before, after, parent, kept, decoded = (
        typed(row, _ENTRY)
    )
    refused = RefusedRange(
        capture,
        name,
        Span(start, stop),
        _typed(reasons, tuple[str, ...]),
        _typed(specs, tuple[SpecUsed, ...]),
        _typed(diagnostics, tuple[Finding, ...]),
        _typed(stamps, tuple[Stamp | None, Stamp | None]),
        _typed(before, Neighbour | None),
        _typed(after, Neighbour | None),
        parent,
    )
    if not 0 <= start < stop:
        raise ValueError(f"a stretch from {start} to {stop}")
    if id != refused.id:
        raise ValueError(f"its id is not that of its stretch, {refused.id}")
    if not _HASH.match(raw):
        raise ValueError(f"its bytes are named {raw[:80]!r}, wanted a SHA-256")
    return Entry(id, refused, raw, kept, decoded)
