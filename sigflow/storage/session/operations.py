"""What operators ask of the alarms of a session: `alarms.db`, which they write while another process ingests.

An operation is asked for here; that, and where in a stream, it took effect is said in the ledger by who ingests.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from sigflow.errors import SigflowError
from sigflow.storage.session import layout

_TABLE = """CREATE TABLE IF NOT EXISTS operations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, alarm TEXT NOT NULL, key TEXT, what TEXT NOT NULL, until_ns INTEGER,
    who TEXT NOT NULL, comment TEXT NOT NULL, asked_ns INTEGER NOT NULL
) STRICT"""
#: Seconds that another process may hold the file.
WAIT = 5.0


class Asked(NamedTuple):
    """An operation: of which alarm, which key of it (None: all), what, until when (nanoseconds)."""

    alarm: str
    key: str | None
    what: str
    until: int | None


class Applied(NamedTuple):
    """What was done, by an operator or the clock, as the so-many-th in a stream, and the offset behind which it was."""

    number: int
    offset: int
    asked: Asked


class Row(NamedTuple):
    """An operation as it was asked for."""

    id: int
    asked: Asked
    who: str
    comment: str
    asked_ns: int


def operations(session: str) -> list[Row]:
    """All that were asked for."""
    rows = _read(session, layout.OPERATIONS, "SELECT * FROM operations ORDER BY id")
    return [_row(row) for row in rows]


def operated(session: str, stream: int) -> list[Applied]:
    """What took effect in a stream, in order."""
    query = "SELECT number, offset, alarm, key, what, until_ns FROM operated WHERE stream = ? ORDER BY number"
    return [Applied(row[0], row[1], Asked(*row[2:])) for row in _read(session, layout.LEDGER, query, stream)]


def sources(session: str) -> dict[int, str]:
    """What each stream came from."""
    return dict(_read(session, layout.LEDGER, "SELECT stream, source FROM streams"))


def states(session: str, sink: str) -> dict[int, Any]:
    """What a sink knew of each stream when it committed last."""
    rows = _read(session, layout.LEDGER, "SELECT stream, state FROM states WHERE sink = ? ORDER BY stream", sink)
    return {row[0]: json.loads(row[1]) for row in rows}


def audited(session: str) -> Iterator[tuple[Any, ...]]:
    """The rows of the audit: number, those of `watch.audit.rows.Row`, hash."""
    for row in _read(session, layout.LEDGER, "SELECT * FROM audit ORDER BY number"):
        yield *row[:9], None if row[9] is None else int(row[9]), *row[10:]


def _read(session: str, name: str, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
    """Rows of a file that others write; none where it is not there, or is older than what is asked for."""
    path = Path(session, name).absolute()
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=WAIT)) as database:
            yield from database.execute(query, values)
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise SigflowError(f"{path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise SigflowError(f"{path}: {error}") from error


def _row(row: tuple[Any, ...]) -> Row:
    return Row(row[0], Asked(*row[1:5]), *row[5:])


class Operations:
    """The file in a session's folder, made where it is not there."""

    def __init__(self, session: str) -> None:
        path = os.path.join(session, layout.OPERATIONS)
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=WAIT)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute(_TABLE)
            self._version = -1
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise SigflowError(f"{path}: {error}") from error

    def ask(self, asked: Asked, who: str, comment: str) -> int:
        """One more; its number."""
        cursor = self._database.execute(
            "INSERT INTO operations (alarm, key, what, until_ns, who, comment, asked_ns) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*asked, who, comment, time.time_ns()),
        )
        return int(cursor.lastrowid or 0)

    def behind(self, id: int) -> Iterator[tuple[int, Asked]]:
        """Those that were asked for behind this one, with their numbers."""
        for values in self._database.execute("SELECT * FROM operations WHERE id > ? ORDER BY id", (id,)).fetchall():
            row = _row(values)
            yield row.id, row.asked

    def close(self) -> None:
        """Give it back."""
        self._database.close()
