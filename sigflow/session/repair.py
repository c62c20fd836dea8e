"""A damaged session: what is whole in it, and a session anew of all that is.

Nothing of this is needed to go on with a session or to read it: whoever reads a raw capture steps over what is not
whole.  Here what can be read is sought harder (an index in which bytes are missing, a session without its document or
its ledger), told, and written to another folder, in which nothing is damaged.  The old one is only read.

A record of the raw capture comes over where its entry's CRC and that of its bytes hold, with its offset and its stamp;
what is missing between two is a hole of known size, as it is for every reader.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from sigflow.errors import SigflowError, UsageError
from sigflow.session.folder import described
from sigflow.storage.disk import DISK, FileDraft
from sigflow.storage.file import pread
from sigflow.storage.session import entries, layout
from sigflow.storage.session.entries import CHUNK, CUT, MARK, NOTE, SIZE, UNKNOWN, Entry, Head, crc32
from sigflow.storage.session.following import acquiring
from sigflow.storage.session.ledger import Ledger
from sigflow.storage.session.opening import VERSION, read_document
from sigflow.storage.session.packed import open_segment
from sigflow.storage.session.reader import LARGEST
from sigflow.stream.format import Format

#: Tables of the ledger of what sinks have, and of a scan of damaged bytes: a repaired session begins anew there.
_FORGOTTEN = ("checkpoints", "positions", "files")


@dataclass(slots=True)
class Segment:
    """What is whole in a segment.  head: as it is, or as it follows from the entries; None where there is nothing to
    come over.  records: the entries that come over.  lost_entries, lost_bytes: what does not: entries of the index, and
    bytes of records whose own CRC does not hold; spare: bytes of the segment that no entry speaks of.
    """

    number: int
    head: Head | None
    head_whole: bool
    records: list[Entry] = field(default_factory=list)
    lost_entries: int = 0
    lost_bytes: int = 0
    spare: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing is damaged."""
        return self.head_whole and not self.lost_entries and not self.lost_bytes


@dataclass(slots=True)
class Survey:
    """What a session holds.  document, ledger: what is wrong with these files, "" where nothing is.  streams: the
    segments of each.
    """

    folder: str
    document: str
    ledger: str
    streams: dict[int, list[Segment]]

    @property
    def whole(self) -> bool:
        """Whether nothing is damaged."""
        return (
            not self.document
            and not self.ledger
            and all(part.whole for parts in self.streams.values() for part in parts)
        )

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "session": self.folder,
            "whole": self.whole,
            "document": self.document,
            "ledger": self.ledger,
            "streams": [
                {
                    "stream": number,
                    "segments": len(parts),
                    "records": sum(len(part.records) for part in parts),
                    "bytes": sum(entry.length for part in parts for entry in part.records if entry.kind == CHUNK),
                    "lost_entries": sum(part.lost_entries for part in parts),
                    "lost_bytes": sum(part.lost_bytes for part in parts),
                    "damaged_segments": [part.number for part in parts if not part.whole],
                }
                for number, parts in self.streams.items()
            ],
        }


def survey(folder: str) -> Survey:
    """Reads all of a session.  Raises `UsageError` where there is no raw capture in the folder, or somebody acquires
    into it now, `OSError` where it cannot be read.
    """
    if not os.path.isdir(os.path.join(folder, layout.RAW)):
        raise UsageError(f"{folder}: it is no session: there is no raw capture in it")
    if acquiring(folder):
        raise UsageError(f"{folder}: somebody acquires into this session now")
    streams = {
        int(os.path.basename(stream)): [_segment(stream, number) for number in layout.segments(stream)]
        for stream in layout.streams(folder)
    }
    return Survey(folder, _document_fault(folder), _ledger_fault(folder), streams)


# ---------------------------------------------------------------- the raw capture


def _segment(stream: str, number: int) -> Segment:
    """What is whole in a segment."""
    try:
        with open(layout.index(stream, number), "rb") as file:
            index = file.read()
    except FileNotFoundError:
        index = b""
    head = entries.read_head(index)
    part = Segment(number, head, head is not None)
    try:
        descriptor = open_segment(stream, number)
    except FileNotFoundError:
        descriptor = -1
    try:
        covered = 0
        for entry in _entries(index, part):
            if entry.kind == CHUNK and not _holds(descriptor, entry):
                part.lost_bytes += entry.length if entry.length <= LARGEST else 0
                part.lost_entries += 1
                continue
            part.records.append(entry)
            covered += entry.length
        part.spare = max((os.fstat(descriptor).st_size if descriptor >= 0 else 0) - covered - part.lost_bytes, 0)
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    if head is None and part.records:
        first = part.records[0]
        hole = first.value if first.kind == CUT and first.value != UNKNOWN else 0
        part.head = Head(number, max(first.offset - hole, 0), "")
    return part


def _entries(index: bytes, part: Segment) -> Iterator[Entry]:
    """The entries of an index that are whole.  Where one is not, the next is looked for at its place, and, where there
    is none either, at every byte.
    """
    at, low = SIZE, (1 if part.head is None else SIZE + 1)  # low: where the next one may begin at least
    while at < len(index):
        entry = _known(index, at)
        if entry is not None:
            yield entry
            at += SIZE
            low = at + 1
            continue
        part.lost_entries += 1
        at += SIZE
        if _known(index, at) is None:
            at = next((place for place in range(low, len(index)) if _known(index, place) is not None), len(index))


def _known(index: bytes, at: int) -> Entry | None:
    entry = entries.read(index, at)
    return entry if entry is not None and entry.kind in (CHUNK, CUT, MARK, NOTE) else None


def _holds(descriptor: int, entry: Entry) -> bool:
    """Whether the bytes of a record are there, and right."""
    if descriptor < 0 or not 0 < entry.length <= LARGEST:
        return False
    data = pread(descriptor, entry.length, entry.place)
    return len(data) == entry.length and crc32(data) == entry.crc


# ---------------------------------------------------------------- beside it


def _document_fault(folder: str) -> str:
    try:
        read_document(folder)
    except FileNotFoundError:
        return f"{layout.SESSION} is missing"
    except (SigflowError, OSError, UnicodeDecodeError) as error:
        return str(error)
    return ""


def _ledger_fault(folder: str) -> str:
    """What is wrong with a ledger, of which a copy is looked at: the file itself stays as it is."""
    import tempfile

    with tempfile.TemporaryDirectory() as copy:
        return _copied_ledger(folder, copy)


def _copied_ledger(folder: str, target: str) -> str:
    """Copy the ledger to another folder, with what its log holds; what is wrong with it, in words."""
    path = os.path.join(folder, layout.LEDGER)
    if not os.path.exists(path):
        return f"{layout.LEDGER} is missing"
    copy = os.path.join(target, layout.LEDGER)
    for suffix in ("", "-wal"):
        if os.path.exists(path + suffix):
            shutil.copyfile(path + suffix, copy + suffix)
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as database:
            faults = [row[0] for row in database.execute("PRAGMA integrity_check(1)")]
            if faults != ["ok"]:
                return f"{path}: {faults[0]}"
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            for table in _FORGOTTEN:
                database.execute(f"DELETE FROM {table}")
        Ledger(target).close()
    except (sqlite3.DatabaseError, SigflowError) as error:
        return str(error) if str(error).startswith(folder) else f"{path}: {error}"
    return ""


# ---------------------------------------------------------------- anew


def repair(surveyed: Survey, target: str, formats: Sequence[Format] = (), specs: Sequence[str] = ()) -> None:
    """Writes a session of all that is whole.  formats, specs: for a session whose document cannot be read.

    target: a folder that is not there, or empty.  It is a session only once all of it is on the disk.  Raises
    `UsageError` where it cannot be that, or the formats are lacking.
    """
    if os.path.exists(target) and (not os.path.isdir(target) or os.listdir(target)):
        raise UsageError(f"{target}: it is there: name a folder that is not")
    if surveyed.document and not formats:
        raise UsageError(f"{surveyed.folder}: {surveyed.document}: name the formats with -s")
    os.makedirs(os.path.join(target, layout.RAW), exist_ok=True)
    os.makedirs(os.path.join(target, layout.OUT), exist_ok=True)
    for number, parts in surveyed.streams.items():
        source, place = (os.path.join(folder, layout.RAW, str(number)) for folder in (surveyed.folder, target))
        os.makedirs(place)
        boot = ""
        for part in parts:
            boot = part.head.boot if part.head_whole and part.head is not None else boot
            if part.head is not None:
                _write(source, place, part, part.head._replace(boot=boot))
        for name in os.listdir(source):  # what else is said of the stream
            of_segment = name.endswith((layout.SEGMENT, layout.INDEX, layout.SEGMENT + layout.PACKED))
            if os.path.isfile(os.path.join(source, name)) and not of_segment:
                shutil.copyfile(os.path.join(source, name), os.path.join(place, name))
        DISK.sync_folder(place)
    _write_ledger(surveyed, target)
    _write_document(surveyed, target, formats, specs)


def _write(source: str, target: str, part: Segment, head: Head) -> None:
    """A segment with what is whole of another."""
    old = -1
    if any(entry.kind == CHUNK for entry in part.records):
        old = open_segment(source, part.number)
    try:
        with (
            open(layout.segment(target, part.number), "xb") as bytes_,
            open(layout.index(target, part.number), "xb") as index,
        ):
            index.write(entries.packed_head(head))
            for entry in part.records:
                place = bytes_.tell()
                if entry.kind == CHUNK:
                    bytes_.write(pread(old, entry.length, entry.place))
                index.write(entries.repacked(entry._replace(place=place)))
            for file in (bytes_, index):
                file.flush()
                DISK.sync(file.fileno())
    finally:
        if old >= 0:
            os.close(old)


def _write_ledger(surveyed: Survey, target: str) -> None:
    """The ledger, without what sinks have taken; where the old one cannot be read, one that knows the streams."""
    if not surveyed.ledger and not _copied_ledger(surveyed.folder, target):
        return
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(os.path.join(target, layout.LEDGER + suffix)):
            os.remove(os.path.join(target, layout.LEDGER + suffix))
    sources: list[str] = [] if surveyed.document else list(read_document(surveyed.folder).get("sources", []))
    ledger = Ledger(target)
    with ledger.transaction():
        for number, parts in surveyed.streams.items():
            # Which source it was is known where there was one for each stream.
            source = str(sources[number]) if len(sources) == len(surveyed.streams) > number else ""
            stamps = [entry.wall_ns for part in parts for entry in part.records if entry.kind == CHUNK]
            ledger.put_stream(number, source, stamps[0] if stamps else 0)
    ledger.close()


def _write_document(surveyed: Survey, target: str, formats: Sequence[Format], specs: Sequence[str]) -> None:
    """The document, which makes it a session."""
    if not surveyed.document:
        document = read_document(surveyed.folder)
    else:
        stamps = [entry.wall_ns for parts in surveyed.streams.values() for part in parts for entry in part.records]
        document = {
            "session_version": VERSION,
            "sigflow": version("sigflow"),
            "begun_ns": min(stamps, default=time.time_ns()),
            "formats": described(formats, specs),
            "sources": [],
        }
    with FileDraft(os.path.join(target, layout.SESSION)) as draft:
        draft.write(json.dumps(document, indent=2).encode() + b"\n")
        draft.sync()
        draft.place()
        draft.sync_name()
    DISK.sync_folder(os.path.dirname(os.path.abspath(target)))
