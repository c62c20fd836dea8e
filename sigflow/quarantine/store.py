"""The folder of a quarantine: bytes by their content, and the ledger that says what they are.

Strategy.  `keep` writes the bytes of a stretch in pieces to a draft, whatever their number, syncs it and names it by
its hash; the row waits.  `commit` syncs the folder of names and then writes all rows that wait in one transaction.  A
crash between the two leaves bytes without a row, which cost room and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from sigflow.errors import SigflowError, UsageError
from sigflow.quarantine.entry import Attempt, Entry, Stretch
from sigflow.quarantine.ledger import Ledger, connect
from sigflow.storage.base import Closing
from sigflow.storage.disk import DISK, Disk, Draft, folder_of

LEDGER = "ledger.sqlite3"
RAW = "raw"
#: Bytes read at once.
PIECE = 1 << 20
#: Digits of an id that are shown, and that suffice to name an entry where no other begins with them.
SHORT = 12


class Quarantine(Closing):
    """An open quarantine.  State: the ledger, and the entries that wait for `commit`."""

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        create: bool = False,
        disk: Disk = DISK,
        clock: Callable[[], int] = time.time_ns,
        connect: Callable[[str], sqlite3.Connection] = connect,
    ) -> None:
        """create: make the folder where it is missing.  clock: nanoseconds since 1970.

        Raises `SigflowError` where the folder is no quarantine, or its ledger cannot be read.
        """
        self.folder = os.fspath(folder)
        self._raw = os.path.join(self.folder, RAW)
        self._disk = disk
        self._clock = clock
        self._waiting: list[Entry] = []
        ledger = os.path.join(self.folder, LEDGER)
        if create:
            os.makedirs(self._raw, exist_ok=True)
        elif not os.path.exists(ledger):
            raise SigflowError(f"{self.folder}: no quarantine, it has no {LEDGER}")
        self._ledger = Ledger(ledger, connect)
        if create:
            try:
                disk.sync_folder(self.folder)
                disk.sync_folder(folder_of(self.folder.rstrip(os.sep)))
            except BaseException:
                self._ledger.close()
                raise

    # ---------------------------------------------------------------- keeping

    def keep(self, stretch: Stretch, pieces: Iterable[bytes]) -> str:
        """Write the bytes of a stretch and let its row wait for `commit`; gives the id of the entry.

        Raises `OSError` where they cannot be written; then nothing is changed.
        """
        digest = hashlib.sha256()
        # Two processes that keep the same stretch take turns.
        with Draft(os.path.join(self._raw, stretch.id), disk=self._disk, wait=True) as draft:
            for piece in pieces:
                digest.update(piece)
                draft.write(piece)
            if draft.size != len(stretch.span):
                raise SigflowError(
                    f"{stretch.name}: found {draft.size} bytes at {stretch.span.start}, wanted {len(stretch.span)}; "
                    f"it was changed while it was read"
                )
            path = self._path(digest.hexdigest())
            if not (os.path.exists(path) and os.path.getsize(path) == draft.size):
                draft.sync()
                draft.place(path)
        self._waiting.append(Entry(stretch.id, stretch, digest.hexdigest(), self._clock()))
        return stretch.id

    def commit(self, attempts: Iterable[Attempt] = ()) -> dict[str, bool]:
        """Acknowledge what waits, and attempts, all or nothing: once this returns, no crash loses it.

        Gives the ids of the entries, and of each whether it is new.
        """
        if self._waiting:
            self._disk.sync_folder(self._raw)
        found = {}
        with self._ledger.writing():
            for entry in self._waiting:
                if not os.path.exists(self._path(entry.raw)):
                    raise SigflowError(f"{self.folder}: the bytes of entry {entry.id[:SHORT]} were purged meanwhile")
                found[entry.id] = self._ledger.insert(entry)
            for attempt in attempts:
                self._ledger.attempted(replace(attempt, at_ns=self._clock()))
        self._waiting.clear()
        return found

    def forget(self) -> None:
        """Let go of what waits."""
        self._waiting.clear()

    # ---------------------------------------------------------------- looking

    def entries(self, ids: Collection[str] = (), *, undecoded: bool = False) -> Iterator[Entry]:
        """The entries in the order of their streams: of these ids, or all; of those still to be tried, or all."""
        conditions = [f"id IN ({', '.join('?' * len(ids))})"] if ids else []
        if undecoded:
            conditions.append("decoded_ns IS NULL")
        return self._ledger.entries(" AND ".join(conditions), ids)

    def find(self, text: str) -> Entry:
        """The entry whose id begins with `text`; `UsageError` where there is none, or more than one."""
        digits = text.isascii() and text.isalnum()
        found = list(self._ledger.entries("id >= ? AND id < ?", (text, f"{text}~"))) if digits else []
        if len(found) != 1:
            what = f"{len(found)} entries begin" if found else "no entry begins"
            raise UsageError(f"{self.folder}: {what} with {text!r}")
        return found[0]

    def attempts(self, entry: Entry) -> list[Attempt]:
        """The attempts to decode an entry."""
        return self._ledger.attempts(entry.id)

    def _path(self, raw: str) -> str:
        return os.path.join(self._raw, raw)

    def chunks(self, entry: Entry, chunk_size: int = PIECE) -> Iterator[bytes]:
        """The bytes of an entry in pieces; `SigflowError` at their end where they are not what was kept."""
        digest = hashlib.sha256()
        with open(self._path(entry.raw), "rb", buffering=0) as file:
            while piece := file.read(chunk_size):
                digest.update(piece)
                yield piece
        if digest.hexdigest() != entry.raw:
            raise SigflowError(f"{self._path(entry.raw)}: the bytes are not those that were kept")

    def read(self, entry: Entry, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from offset `start` to `stop` of the stream, in pieces; both lie in the entry."""
        with open(self._path(entry.raw), "rb", buffering=0) as file:
            file.seek(start - entry.stretch.span.start)
            while start < stop and (piece := file.read(min(PIECE, stop - start))):
                start += len(piece)
                yield piece

    # ---------------------------------------------------------------- deleting

    def purge(self, ids: Iterable[str]) -> None:
        """Delete entries for good, and their bytes where no other entry has the same."""
        entries = [entry for id in ids for entry in self._ledger.entries("id = ?", (id,))]
        with self._ledger.writing():
            for entry in entries:
                self._ledger.delete(entry.id)
        with self._ledger.writing():  # so that nobody acknowledges an entry with these bytes meanwhile
            for raw in {entry.raw for entry in entries}:
                if not self._ledger.uses(raw):
                    with suppress(FileNotFoundError):
                        self._disk.remove(self._path(raw))

    def close(self) -> None:
        """Close the ledger; what was not committed is not kept."""
        self._waiting.clear()
        self._ledger.close()
