"""Whether all of a quarantine is there, and a new ledger where the old one cannot be used.

What a repair has to go by: the rows of the old ledger that can be read; a pack, which says of each stretch what its
entry was; and single files, of which only the bytes are known.  Such a stretch becomes a capture of its own, whose one
reason is `rebuilt`, and can be tried again.  The old ledger stays beside the new one, and no bytes are touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sigflow.errors import SigflowError
from sigflow.events import Span
from sigflow.quarantine.entry import Entry, RefusedRange
from sigflow.quarantine.ledger import Ledger, connect, entry_of
from sigflow.quarantine.letters import DeadLetter, Failure
from sigflow.quarantine.pack import ENDING, stretches
from sigflow.quarantine.store import LEDGER, PIECE, RAW, Quarantine, kept_in
from sigflow.storage.disk import DISK

#: The reason of an entry of which only the bytes are known.
REBUILT = "rebuilt"
#: Files that SQLite keeps beside a ledger.
BESIDE = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found.  ledger, bytes: what is wrong with the ledger, and with the bytes of entries.

    entries: of the ledger, or of the new one.  orphans: stretches that are kept and have no entry.  rebuilt: entries
    of the new ledger that the old one did not give; old: what that is called now.
    """

    folder: str
    entries: int
    ledger: tuple[str, ...] = ()
    bytes: tuple[str, ...] = ()
    orphans: int = 0
    repaired: bool = False
    rebuilt: int = 0
    old: str | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong now."""
        return not self.bytes and (self.repaired or not self.ledger)

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "schema_version": 1,
            "quarantine": self.folder,
            "sound": self.whole,
            "entries": self.entries,
            "ledger": list(self.ledger),
            "bytes": list(self.bytes),
            "orphans": self.orphans,
            "repaired": self.repaired,
            "rebuilt": self.rebuilt,
            "old": self.old,
        }


@dataclass(frozen=True, slots=True)
class _Kept:
    """Bytes that are kept: by their hash, and where they stand in a pack.  entry: what the pack says of them."""

    raw: str
    size: int
    pack: str | None = None
    at: int = 0
    entry: Entry | None = None


def check(folder: str | os.PathLike[str], *, repair: bool = False) -> Checked:
    """Look at a quarantine; repair: make a new ledger where something is wrong with it.

    Raises `SigflowError` where the folder is no quarantine, `OSError` where it cannot be read or written.
    """
    folder = os.fspath(folder)
    path = os.path.join(folder, LEDGER)
    raw = os.path.join(folder, RAW)
    if not os.path.exists(path) and not kept_in(raw):
        raise SigflowError(f"{folder}: no quarantine, it has no {LEDGER} and no raw files")
    entries, letters, problems = _rows(path, bool(kept_in(raw)))
    kept = {kept_.raw: kept_ for kept_ in _kept(raw)}
    known = {entry.raw for entry in entries}
    orphans = [kept_ for name, kept_ in kept.items() if name not in known]
    if not (repair and problems):
        bytes_ = () if problems else _faults(folder, entries)
        return Checked(folder, len(entries), tuple(problems), bytes_, len(orphans))
    made = [kept_.entry or _alone(kept_) for kept_ in orphans]
    old = _replaced(folder, path, [*entries, *made], letters, kept)
    return Checked(folder, len(entries) + len(made), tuple(problems), _faults(folder, entries), 0, True, len(made), old)


#: A dead letter, and its failures.
_Letter = tuple[DeadLetter, list[Failure]]


def _rows(path: str, beside: bool) -> tuple[list[Entry], list[_Letter], list[str]]:
    """The entries and the dead letters of a ledger that can be read, and what is wrong with it."""
    if not os.path.exists(path):
        return [], [], [f"{path}: it is missing"]
    if beside and not os.path.getsize(path):
        return [], [], [f"{path}: it is empty"]
    try:
        ledger = Ledger(path)
    except SigflowError as error:
        return _of_foreign(path), [], [str(error)]
    letters: list[_Letter] = []
    try:
        problems = ledger.problems()
        entries = []
        for row in ledger.readable():
            if isinstance(row, Entry):
                entries.append(row)
            else:
                problems.append(row)
        try:
            for letter in ledger.letters.readable():
                if isinstance(letter, str):
                    problems.append(letter)
                else:
                    letters.append((letter, ledger.letters.failures(letter.id)))
        except SigflowError as error:
            problems.append(str(error).removeprefix(f"{path}: "))
    finally:
        ledger.close()
    return entries, letters, [f"{path}: {words}" for words in dict.fromkeys(problems)]


def _of_foreign(path: str) -> list[Entry]:
    """The entries of a file that is not accepted as a ledger, as far as it has any."""
    mistakes = []
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    except sqlite3.Error:
        return []
    try:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(entries)")]
        if columns[1:] and len(columns) >= 16:
            for row in connection.execute("SELECT * FROM entries ORDER BY 1"):
                with suppress(ValueError, RecursionError):
                    mistakes.append(entry_of(list(row[1:15])))
    except (sqlite3.Error, UnicodeDecodeError):
        pass
    finally:
        connection.close()
    return mistakes


def _kept(raw: str) -> Iterator[_Kept]:
    """The bytes that stand in the folder, as far as they are what their names say."""
    try:
        names = sorted(os.listdir(raw))
    except FileNotFoundError:
        return
    for name in names:
        path = os.path.join(raw, name)
        stem = name.removesuffix(ENDING)
        if len(stem) != 64 or not os.path.isfile(path):
            continue
        if name.endswith(ENDING):
            yield from _of_pack(path, stem)
        elif os.path.getsize(path) and _hash(path, 0, os.path.getsize(path)) == name:
            yield _Kept(name, os.path.getsize(path))


def _of_pack(path: str, name: str) -> Iterator[_Kept]:
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        for at, meta, begin, stop in stretches(file, size):
            raw = _hash(path, begin, stop)
            entry = None
            with suppress(ValueError, RecursionError, TypeError):
                told = entry_of(json.loads(meta))
                entry = told if told.raw == raw and told.size == stop - begin else None
            if stop > begin:
                yield _Kept(raw, stop - begin, name, at, entry)


def _hash(path: str, start: int, stop: int) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        file.seek(start)
        while start < stop and (piece := file.read(min(PIECE, stop - start))):
            digest.update(piece)
            start += len(piece)
    return digest.hexdigest()


def _alone(kept: _Kept) -> Entry:
    """The entry of bytes of which nothing else is known: they are a capture of their own."""
    refused = RefusedRange(kept.raw, f"{RAW}/{kept.raw}", Span(0, kept.size), (REBUILT,), ())
    return Entry(refused.id, refused, kept.raw, time.time_ns())


def _faults(folder: str, entries: list[Entry]) -> tuple[str, ...]:
    """What is wrong with the bytes of each entry."""
    with Quarantine(folder) as quarantine:
        return tuple(words for entry in entries if (words := quarantine.fault(entry)))


def _replaced(
    folder: str, path: str, entries: list[Entry], letters: list[_Letter], kept: dict[str, _Kept]
) -> str | None:
    """Put a new ledger with these entries and dead letters in the place of the old one; gives what that is called."""
    new = f"{path}.new"
    for name in (new, *(new + suffix for suffix in BESIDE)):
        with suppress(FileNotFoundError):
            os.remove(name)
    ledger = Ledger(new, connect)
    with ledger.writing():
        for entry in entries:
            ledger.restore(entry)
            there = kept.get(entry.raw)
            if there is not None and there.pack is not None:
                ledger.placed(there.raw, there.pack, there.at)
        for letter, failures in letters:
            ledger.letters.restore(letter)
            ledger.letters.restore_failures(letter.id, failures)
    ledger.close()
    old = None
    if os.path.exists(path):
        number = next(n for n in range(1, 1 << 20) if not os.path.exists(f"{path}.old-{n}"))
        old = f"{path}.old-{number}"
        os.replace(path, old)
        for suffix in BESIDE:
            with suppress(FileNotFoundError):
                os.replace(path + suffix, old + suffix)
    os.replace(new, path)
    DISK.sync_folder(folder)
    return old
