"""The folder of a quarantine: bytes by their content, and the ledger that says what they are.

Strategy.  `keep` writes the bytes of a stretch in pieces to a draft, whatever their number, syncs it and names it by
its hash; the row waits.  `commit` syncs the folder of names and then writes all rows that wait in one transaction.  A
crash between the two leaves bytes without a row, which cost room and nothing else.  Where there are many small
stretches, those of one commit share a file (`pack`).
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from sigflow.errors import SigflowError, UsageError
from sigflow.quarantine.entry import Attempt, Entry, RefusedRange
from sigflow.quarantine.ledger import Ledger, connect, row_of
from sigflow.quarantine.letters import DeadLetter, Failure
from sigflow.quarantine.pack import ENDING, Pack, found_at
from sigflow.storage.base import Closing
from sigflow.storage.disk import DISK, Disk, FileDraft, folder_of

LEDGER = "ledger.sqlite3"
RAW = "raw"
#: Bytes read at once.
PIECE = 1 << 20
#: Digits of an id that are shown, and that suffice to name an entry where no other begins with them.
SHORT = 12
#: Small stretches, and how many of them are a file each before further ones are packed; bytes of a pack at most.
SMALL = 64 << 10
FILES = 64
PACKED = 8 << 20
T = TypeVar("T")
#: How to go on where the ledger cannot be used.
REPAIR = "`sigflow quarantine check --repair` makes one of what stands there"


class Quarantine(Closing):
    """An open quarantine.  State: the ledger, and the entries and dead letters that wait for `commit`."""

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
        self._letters: list[tuple[DeadLetter, Failure]] = []
        self._small = 0
        self._pack = Pack()
        self._places: dict[str, tuple[str, int]] = {}  # of packs that were written and are not committed
        ledger = os.path.join(self.folder, LEDGER)
        if create:
            os.makedirs(self._raw, exist_ok=True)
        beside = kept_in(self._raw)
        if not os.path.exists(ledger):
            if beside:
                raise SigflowError(f"{self.folder}: its {LEDGER} is missing, beside {beside} raw files; {REPAIR}")
            if not create:
                raise SigflowError(f"{self.folder}: no quarantine, it has no {LEDGER}")
        elif beside and not os.path.getsize(ledger):
            raise SigflowError(f"{ledger}: the ledger is empty, beside {beside} raw files; {REPAIR}")
        try:
            self._ledger = Ledger(ledger, connect)
        except SigflowError as error:
            if not beside:
                raise
            raise SigflowError(f"{error}; {REPAIR}") from error
        if create:
            try:
                disk.sync_folder(self.folder)
                disk.sync_folder(folder_of(self.folder.rstrip(os.sep)))
            except BaseException:
                self._ledger.close()
                raise

    # ---------------------------------------------------------------- keeping

    def keep(self, refused: RefusedRange, pieces: Iterable[bytes]) -> str:
        """Write the bytes of a stretch and let its row wait for `commit`; gives the id of the entry.

        Raises `OSError` where they cannot be written; then nothing is changed.
        """
        if len(refused.span) <= SMALL:
            self._small += 1
            if self._small > FILES:
                return self._packed(refused, b"".join(pieces))
        digest = hashlib.sha256()
        # Two processes that keep the same stretch take turns.
        with FileDraft(os.path.join(self._raw, refused.id), disk=self._disk, wait=True) as draft:
            for piece in pieces:
                digest.update(piece)
                draft.write(piece)
            _whole(refused, draft.size)
            path = self._path(digest.hexdigest())
            if not (os.path.exists(path) and os.path.getsize(path) == draft.size):
                draft.sync()
                draft.place(path)
        self._waiting.append(Entry(refused.id, refused, digest.hexdigest(), self._clock()))
        return refused.id

    def _packed(self, refused: RefusedRange, data: bytes) -> str:
        """The same for one of many small stretches: it is written with those of the same commit."""
        _whole(refused, len(data))
        raw = hashlib.sha256(data).hexdigest()
        entry = Entry(refused.id, refused, raw, self._clock())
        if raw not in self._pack.places and not self._there(raw, len(data)):
            self._pack.add(raw, json.dumps(row_of(entry)).encode("ascii"), data)
            if len(self._pack.data) > PACKED:
                self._write_pack()
        self._waiting.append(entry)
        return refused.id

    def _there(self, raw: str, size: int) -> bool:
        """Whether these bytes are kept already."""
        path = self._path(raw)
        if os.path.exists(path) and os.path.getsize(path) == size:
            return True
        place = self._places.get(raw) or self._ledger.place(raw)
        return place is not None and os.path.exists(self._path(place[0]) + ENDING)

    def _write_pack(self) -> None:
        pack, self._pack = self._pack, Pack()
        if not pack.places:
            return
        name = hashlib.sha256(pack.data).hexdigest()
        with FileDraft(self._path(name), disk=self._disk, wait=True) as draft:
            draft.write(bytes(pack.data))
            draft.sync()
            draft.place(self._path(name) + ENDING)
        self._places |= {raw: (name, at) for raw, at in pack.places.items()}

    def commit(self, attempts: Iterable[Attempt] = ()) -> dict[str, bool]:
        """Acknowledge what waits, and attempts, all or nothing: once this returns, no crash loses it.

        Gives the ids of the entries, and of each whether it is new.
        """
        self._write_pack()
        if self._waiting:
            self._disk.sync_folder(self._raw)
        ids = {}
        with self._ledger.writing():
            for entry in self._waiting:
                if not self._there(entry.raw, entry.size):
                    raise SigflowError(f"{self.folder}: the bytes of entry {entry.id[:SHORT]} were purged meanwhile")
                ids[entry.id] = self._ledger.insert(entry)
                if entry.raw in self._places:
                    self._ledger.placed(entry.raw, *self._places[entry.raw])
            for attempt in attempts:
                self._ledger.attempted(replace(attempt, at_ns=self._clock()))
            for letter, failure in self._letters:
                now = self._clock()
                self._ledger.letters.add(replace(letter, kept_ns=now), replace(failure, at_ns=now))
        self._waiting.clear()
        self._letters.clear()
        self._places.clear()
        return ids

    def keep_letter(self, letter: DeadLetter, failure: Failure) -> None:
        """Let a dead letter, or one more failure of it, wait for `commit`."""
        self._letters.append((letter, failure))

    def forget(self) -> None:
        """Let go of what waits."""
        self._waiting.clear()
        self._letters.clear()
        self._places.clear()
        self._pack = Pack()

    # ---------------------------------------------------------------- looking

    def entries(self, ids: Collection[str] = (), *, undecoded: bool = False) -> Iterator[Entry]:
        """The entries in the order of their streams: of these ids, or all; of those still to be tried, or all."""
        conditions = [f"id IN ({', '.join('?' * len(ids))})"] if ids else []
        if undecoded:
            conditions.append("decoded_ns IS NULL")
        return self._ledger.entries(" AND ".join(conditions), ids)

    def find(self, text: str) -> Entry:
        """The entry whose id begins with `text`; `UsageError` where there is none, or more than one."""
        return self._only(text, [*self._ledger.entries(*_beginning(text))])

    def find_any(self, text: str) -> Entry | DeadLetter:
        """The same among entries and dead letters."""
        between = _beginning(text)
        matches: list[Entry | DeadLetter] = [*self._ledger.entries(*between), *self._ledger.letters.all(*between)]
        return self._only(text, matches)

    def _only(self, text: str, matches: list[T]) -> T:
        if len(matches) != 1:
            what = f"{len(matches)} entries begin" if matches else "no entry begins"
            raise UsageError(f"{self.folder}: {what} with {text!r}")
        return matches[0]

    def letters(
        self, handlers: Collection[str] = (), *, undone: bool = False, capture: str = ""
    ) -> Iterator[DeadLetter]:
        """The dead letters in the order in which they were kept: of these handlers, or all; of those still to be tried,
        or all; of the captures whose ids begin so.
        """
        conditions = [f"handler IN ({', '.join('?' * len(handlers))})"] if handlers else []
        values: list[object] = [*handlers]
        if undone:
            conditions.append("done_ns IS NULL")
        if capture:
            conditions.append("substr(capture, 1, ?) = ?")
            values += [len(capture), capture]
        return self._ledger.letters.all(" AND ".join(conditions), values)

    def failures(self, letter: DeadLetter) -> list[Failure]:
        """How often the handler failed on a letter, and how, in their order."""
        return self._ledger.letters.failures(letter.id)

    def last_failure(self, letter: DeadLetter) -> tuple[str | None, int]:
        """What was said of the last failure of a letter, and how many there were."""
        return self._ledger.letters.last(letter.id)

    def letters_done(self, letters: Iterable[DeadLetter], *, purge: bool = False) -> None:
        """The handler has taken these after all; purge: then delete them for good."""
        ids = [letter.id for letter in letters]
        with self._ledger.writing():
            self._ledger.letters.done(ids, self._clock())
            if purge:
                self._ledger.letters.delete(ids)

    def captures(self) -> dict[str, str]:
        """The ids of the captures that entries belong to, and what they were called."""
        return self._ledger.captures()

    def attempts(self, entry: Entry) -> list[Attempt]:
        """The attempts to decode an entry."""
        return self._ledger.attempts(entry.id)

    def _path(self, raw: str) -> str:
        return os.path.join(self._raw, raw)

    def chunks(self, entry: Entry, chunk_size: int = PIECE) -> Iterator[bytes]:
        """The bytes of an entry in pieces; `SigflowError` where they are missing, and at their end where they are not
        what was kept.
        """
        digest = hashlib.sha256()
        for piece in self._bytes(entry, 0, entry.size, chunk_size):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != entry.raw:
            raise SigflowError(f"{self._shown(entry)}: the bytes are not those that were kept")

    def read(self, entry: Entry, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from offset `start` to `stop` of the stream, in pieces; both lie in the entry."""
        begin = entry.refused.span.start
        return self._bytes(entry, start - begin, stop - begin, PIECE)

    def fault(self, entry: Entry) -> str:
        """What is wrong with the bytes of an entry; "" where they are what was kept."""
        try:
            for _ in self.chunks(entry):
                pass
        except (SigflowError, OSError) as error:
            return str(error)
        return ""

    def _shown(self, entry: Entry) -> str:
        """The file with the bytes of an entry."""
        path = self._path(entry.raw)
        if not os.path.exists(path) and (place := self._ledger.place(entry.raw)) is not None:
            return self._path(place[0]) + ENDING
        return path

    def _bytes(self, entry: Entry, start: int, stop: int, size: int) -> Iterator[bytes]:
        path = self._shown(entry)
        try:
            file = open(path, "rb", buffering=0)  # noqa: SIM115  # it is closed below
        except FileNotFoundError as error:
            raise SigflowError(f"{path}: the bytes of entry {entry.id[:SHORT]} are missing") from error
        with file:
            begin = 0
            if path.endswith(ENDING):
                place = self._ledger.place(entry.raw)
                at = place[1] if place is not None else 0
                try:
                    begin = found_at(file, at, os.fstat(file.fileno()).st_size)[1]
                except SigflowError as error:
                    raise SigflowError(
                        f"{path}: the bytes of entry {entry.id[:SHORT]} are not there: {error}"
                    ) from error
            file.seek(begin + start)
            while start < stop and (piece := file.read(min(size, stop - start))):
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
            packs = set()
            for raw in {entry.raw for entry in entries}:
                if self._ledger.uses(raw):
                    continue
                place = self._ledger.place(raw)
                if place is not None:
                    packs.add(place[0])
                    self._ledger.unplaced(raw)
                with suppress(FileNotFoundError):
                    self._disk.remove(self._path(raw))
            emptied = [self._repacked(pack) for pack in sorted(packs)]
        for path in emptied:  # once no row says that something is there
            with suppress(FileNotFoundError):
                self._disk.remove(path)

    def _repacked(self, name: str) -> str:
        """Write what is left of a pack to another; gives the path of the old one, which is to be removed."""
        old = self._path(name) + ENDING
        left = self._ledger.in_pack(name)
        pack = Pack()
        with suppress(FileNotFoundError), open(old, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            for raw, at in left.items():
                with suppress(SigflowError):  # it was damaged before
                    meta, begin = found_at(file, at, size)
                    file.seek(at + 4)
                    length = int.from_bytes(file.read(8), "big")
                    file.seek(begin)
                    pack.add(raw, meta, file.read(length))
        if pack.places:
            other = hashlib.sha256(pack.data).hexdigest()
            with FileDraft(self._path(other), disk=self._disk, wait=True) as draft:
                draft.write(bytes(pack.data))
                draft.sync()
                draft.place(self._path(other) + ENDING)
            self._disk.sync_folder(self._raw)
            for raw, at in pack.places.items():
                self._ledger.placed(raw, other, at)
        return old

    def close(self) -> None:
        """Close the ledger; what was not committed is not kept."""
        self._waiting.clear()
        self._letters.clear()
        self._ledger.close()


def _beginning(text: str) -> tuple[str, tuple[str, ...]]:
    """What is asked of ids that begin with a text."""
    return ("id >= ? AND id < ?", (text, f"{text}~")) if text.isascii() and text.isalnum() else ("0", ())


def kept_in(raw: str) -> int:
    """How many files with bytes stand in this folder."""
    try:
        names = os.listdir(raw)
    except OSError:
        return 0
    return sum(len(name.removesuffix(ENDING)) == 64 for name in names)


def _whole(refused: RefusedRange, size: int) -> None:
    """Refuse a stretch of which there are more or fewer bytes than it says."""
    if size != len(refused.span):
        raise SigflowError(
            f"{refused.name}: found {size} bytes at {refused.span.start}, wanted {len(refused.span)}; "
            f"it was changed while it was read"
        )
