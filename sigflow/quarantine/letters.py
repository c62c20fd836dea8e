"""Dead letters: events that a handler failed on, kept with why, until it is tried again and takes them.

Rules.  A letter is named by handler, stream and place, so that an event on which a handler fails once more, after a
restart too, is the letter that it was, with one more failure.  It has the bytes of its frame, whatever becomes of the
capture.  Where a program failed is a text that is the same each time, and kept once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow.errors import SigflowError
from sigflow.events import Stamp
from sigflow.quarantine.entry import SpecUsed
from sigflow.quarantine.typed import typed
from sigflow.surrogates import writable

if TYPE_CHECKING:
    import sqlite3

#: Letters of the words of an error, and of the text of where it was raised, that are kept, at most.
WORDS, TRACE = 500, 8000
SCHEMA = """
CREATE TABLE IF NOT EXISTS letters (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    handler TEXT NOT NULL,
    event TEXT NOT NULL,
    capture TEXT NOT NULL,
    name TEXT NOT NULL,
    place TEXT NOT NULL,
    frame TEXT NOT NULL,
    detail TEXT NOT NULL,
    raw BLOB NOT NULL,
    stamps TEXT NOT NULL,
    kept_ns INTEGER NOT NULL,
    done_ns INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS letters_by_handler ON letters (handler, done_ns);
CREATE TABLE IF NOT EXISTS failures (
    number INTEGER PRIMARY KEY,
    letter TEXT NOT NULL,
    error TEXT NOT NULL,
    trace TEXT NOT NULL,
    late INTEGER NOT NULL,
    at_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS failures_by_letter ON failures (letter);
CREATE TABLE IF NOT EXISTS traces (id TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
"""
#: The tables, so that it can be seen whether a ledger has them.
TABLES = frozenset({"letters", "failures", "traces"})
#: Letters that are looked for at once.
_SOME = 1000
_COLUMNS = "id, handler, event, capture, name, place, frame, detail, raw, stamps, kept_ns, done_ns"
_ROW = tuple[str, str, str, str, str, str, str, str, bytes, str, int, int | None]
_FAILURE = tuple[str, str, int, int]
_ID = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class At:
    """Where an event was: the number of its stream in the session, its offsets, the so-many-th of its sort there."""

    stream: int
    start: int
    stop: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class OfFrame:
    """What a letter of a frame says of it: its number, and the format that gave it."""

    index: int
    spec: SpecUsed


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that a handler failed on.

    capture, name: as of `RefusedRange`.  detail: what the event says beside its place, as JSON.  raw, frame: its bytes
    and what is known of them, where it is a frame.  kept_ns: when it was kept, 0: not yet.  done_ns: when the handler
    took it after all.
    """

    handler: str
    event: str
    capture: str
    name: str
    at: At
    detail: dict[str, Any]
    raw: bytes = b""
    frame: OfFrame | None = None
    stamps: tuple[Stamp | None, Stamp | None] = (None, None)
    kept_ns: int = 0
    done_ns: int | None = None

    @property
    def id(self) -> str:
        """The name of the letter, a hash."""
        key = [self.handler, self.event, self.capture, self.at.stream, self.at.start, self.at.number]
        return hashlib.sha256(json.dumps(key).encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a handler did not take it.  error: the kind of the exception, and its words.  trace: where it was raised, or
    where it was when its time was over.  late: whether that was it.
    """

    error: str
    trace: str
    late: bool = False
    at_ns: int = 0


class Letters:
    """The letters in a ledger.  State: none beside its connection."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path

    def add(self, letter: DeadLetter, failure: Failure) -> None:
        """One more letter, or one more failure of it, inside a transaction; then it is to be tried again."""
        id = letter.id
        self.restore(letter, id)
        self._failed(id, failure)
        self._connection.execute("UPDATE letters SET done_ns = NULL WHERE id = ?", (id,))

    def restore(self, letter: DeadLetter, id: str | None = None) -> None:
        """The letter alone, where it is not there."""
        values = (
            id or letter.id,
            letter.handler,
            letter.event,
            letter.capture,
            writable(letter.name),
            json.dumps([letter.at.stream, letter.at.start, letter.at.stop, letter.at.number]),
            json.dumps(None if letter.frame is None else _frame_tree(letter.frame)),
            json.dumps(letter.detail),
            letter.raw,
            json.dumps(letter.stamps),
            letter.kept_ns,
            letter.done_ns,
        )
        places = ", ".join("?" * len(values))
        self._connection.execute(
            f"INSERT INTO letters ({_COLUMNS}) VALUES ({places}) ON CONFLICT (id) DO NOTHING", values
        )

    def _failed(self, id: str, failure: Failure) -> None:
        text = writable(failure.trace)[:TRACE]
        trace = hashlib.sha256(text.encode()).hexdigest()
        self._connection.execute("INSERT OR IGNORE INTO traces VALUES (?, ?)", (trace, text))
        self._connection.execute(
            "INSERT INTO failures (letter, error, trace, late, at_ns) VALUES (?, ?, ?, ?, ?)",
            (id, writable(failure.error)[:WORDS], trace, int(failure.late), failure.at_ns),
        )

    def restore_failures(self, id: str, failures: Iterable[Failure]) -> None:
        """Those of a letter of another ledger."""
        for failure in failures:
            self._failed(id, failure)

    def done(self, ids: Iterable[str], at_ns: int) -> None:
        """The handler has taken these after all."""
        self._connection.executemany("UPDATE letters SET done_ns = ? WHERE id = ?", [(at_ns, id) for id in ids])

    def delete(self, ids: Iterable[str]) -> None:
        """Delete these for good."""
        for id in ids:
            self._connection.execute("DELETE FROM letters WHERE id = ?", (id,))
            self._connection.execute("DELETE FROM failures WHERE letter = ?", (id,))
        self._connection.execute("DELETE FROM traces WHERE id NOT IN (SELECT trace FROM failures)")

    def all(self, condition: str = "", values: Iterable[object] = ()) -> Iterator[DeadLetter]:
        """The letters for which an SQL condition holds, in the order in which they were kept, up to the last one that
        is there at the first look.

        They are read one by one, so that others, and whoever takes these, may write meanwhile.
        """
        numbers = f"SELECT number FROM letters WHERE number > ? AND number <= ? AND ({condition or '1'})"
        values = [*values]
        with _told(self._path):
            ((last,),) = self._connection.execute("SELECT coalesce(max(number), 0) FROM letters").fetchall()
        number = 0
        while True:
            with _told(self._path):
                some = self._connection.execute(
                    f"{numbers} ORDER BY number LIMIT {_SOME}", [number, last, *values]
                ).fetchall()
            for (number,) in some:
                query = f"SELECT {_COLUMNS} FROM letters WHERE number = ?"
                with _told(self._path):
                    rows = self._connection.execute(query, (number,)).fetchall()
                for row in rows:  # (none, where it was deleted meanwhile)
                    with _read(self._path, row):
                        letter = _letter(row)
                    yield letter
            if len(some) < _SOME:
                return

    def readable(self) -> Iterator[DeadLetter | str]:
        """Each letter that can be read, and of each other what is wrong with it."""
        with _told(self._path):
            for row in self._connection.execute(f"SELECT {_COLUMNS} FROM letters ORDER BY number"):
                try:
                    yield _letter(row)
                except (ValueError, RecursionError) as error:
                    yield f"the row of {str(row[0])[:80]!r} is damaged: {error}"

    def failures(self, id: str) -> list[Failure]:
        """How often the handler failed on a letter, and how, in their order."""
        query = (
            "SELECT error, coalesce(text, ''), late, at_ns FROM failures LEFT JOIN traces ON traces.id = failures.trace"
            " WHERE letter = ? ORDER BY number"
        )
        failures = []
        with _told(self._path):
            for row in self._connection.execute(query, (id,)):
                with _read(self._path, row):
                    error, trace, late, at_ns = typed(row, _FAILURE)
                    failures.append(Failure(error, trace, bool(late), at_ns))
        return failures

    def last(self, id: str) -> tuple[str | None, int]:
        """What was said of the last failure of a letter, and how many there were."""
        query = "SELECT count(*), max(number) FROM failures WHERE letter = ?"
        with _told(self._path):
            ((count, number),) = self._connection.execute(query, (id,)).fetchall()
            rows = self._connection.execute("SELECT error FROM failures WHERE number = ?", (number,)).fetchall()
        return (str(rows[0][0]) if rows else None), count


@contextmanager
def _told(path: str) -> Iterator[None]:
    import sqlite3

    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise SigflowError(f"{path}: the ledger: {error}") from error


@contextmanager
def _read(path: str, row: Sequence[Any]) -> Iterator[None]:
    """What is wrong with a row, as an error of ours that names it."""
    try:
        yield
    except (ValueError, RecursionError) as error:
        raise SigflowError(f"{path}: the ledger: the row of {str(row[0])[:80]!r} is damaged: {error}") from error


def _letter(row: Sequence[Any]) -> DeadLetter:
    """A letter from its row; `ValueError` where it is none."""
    id, handler, event, capture, name, place, frame, detail, raw, stamps, kept, done = typed(row, _ROW)
    at = At(*typed(json.loads(place), tuple[int, int, int, int]))
    if not 0 <= at.start <= at.stop:
        raise ValueError(f"an event from {at.start} to {at.stop}")
    tree = json.loads(detail)
    if not isinstance(tree, dict):
        raise ValueError(f"expected an object, got {type(tree).__name__}")
    of_frame = typed(json.loads(frame), OfFrame | None)
    if of_frame is not None and len(raw) != at.stop - at.start:
        raise ValueError(f"{len(raw)} bytes of a frame from {at.start} to {at.stop}")
    between = typed(json.loads(stamps), tuple[Stamp | None, Stamp | None])
    letter = DeadLetter(handler, event, capture, name, at, tree, raw, of_frame, between, kept, done)
    if id != letter.id or not _ID.match(id):
        raise ValueError(f"its id is not that of its event, {letter.id}")
    return letter


def _frame_tree(frame: OfFrame) -> dict[str, Any]:
    spec = frame.spec
    return {"index": frame.index, "spec": {"name": spec.name, "hash": spec.hash, "preamble": spec.preamble}}
