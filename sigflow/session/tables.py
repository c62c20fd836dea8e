"""Sinks of tables: a folder of Parquet or Arrow files, each of a range of frames of one stream.

A file is written as a draft, synced, its row committed, then it takes its name, which says stream and frames.  A
restart gives committed drafts their names, and removes drafts of its own that were not; nothing else in the folder is
touched.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sigflow.columns.collector import Collector
from sigflow.columns.files import WRITERS, Writer
from sigflow.columns.options import ALL
from sigflow.columns.table import Table
from sigflow.errors import SigflowError
from sigflow.events import FrameRun
from sigflow.session.sinks import FRAMES, Barrier, Batching, Frames, Positions, SinkRequest
from sigflow.storage.disk import DISK, ENDING, MARK, Disk, FileDraft
from sigflow.storage.session.ledger import Ledger, TableFile
from sigflow.stream.format import Format

if TYPE_CHECKING:
    import pyarrow

#: Rows of a batch, which is a row group of Parquet.
ROWS = 1 << 16
#: What our drafts are called.
_DRAFT = re.compile(rf"[0-9]+-[0-9]{{12}}\.(parquet|arrow){re.escape(MARK)}[0-9a-f]{{16}}{re.escape(ENDING)}")


class _Hashed:
    """A draft as a file for Arrow, which hashes what is written."""

    closed = False

    def __init__(self, draft: FileDraft) -> None:
        self._draft = draft
        self.hash = hashlib.sha256()

    def write(self, data: Any) -> int:
        """Append bytes."""
        view = memoryview(data).cast("B")
        self.hash.update(view)
        self._draft.write(view)
        return len(view)

    def flush(self) -> None:
        """What is collected goes with the sync."""

    def tell(self) -> int:
        """How much there is."""
        return self._draft.size

    def readable(self) -> bool:
        """It is only written."""
        return False

    def writable(self) -> bool:
        """It is written."""
        return True

    def seekable(self) -> bool:
        """It is written from front to back."""
        return False

    def close(self) -> None:
        """The draft stays open until it is placed."""


class _File:
    """A file that is written.  State: the number of its first frame, its rows."""

    def __init__(self, folder: str, form: str, stream: int, first: int, schema: pyarrow.Schema, disk: Disk) -> None:
        self.first, self.rows = first, 0
        self._stream, self._form = stream, form
        self.draft = FileDraft(os.path.join(folder, f"{stream}-{first:012}.{form}"), disk=disk, alone=False)
        self._hashed = _Hashed(self.draft)
        self._writer: Writer = WRITERS[form](self._hashed, schema)  # type: ignore[arg-type]

    def write(self, batch: pyarrow.RecordBatch) -> None:
        """Write a batch."""
        self._writer.write(batch)
        self.rows += batch.num_rows

    def seal(self) -> TableFile:
        """Write the end of it and put it on the disk; what shall become of it."""
        self._writer.close()
        self.draft.sync()
        name = f"{self._stream}-{self.first:012}-{self.first + self.rows:012}.{self._form}"
        return TableFile(os.path.basename(self.draft.path), name, self._hashed.hash.hexdigest())


class _Stream:
    """What was taken of a stream.  State: the frames that wait to be written; the number of the first of them; the
    file, if there is one; since when, and how many frames and bytes, all that is not in a finished file.
    """

    def __init__(self, formats: Sequence[Format], first: int) -> None:
        self.collector = Collector(formats, ROWS)
        #: Of its formats: streams of other formats have other columns.
        self.schema = Table(formats, ALL).schema
        self.next = first
        self.file: _File | None = None
        self.anew()

    def anew(self) -> None:
        """All is in finished files."""
        self.begun, self.rows, self.bytes = math.inf, 0, 0

    def take(self, pieces: Sequence[Frames]) -> None:
        """Collect frames."""
        self.begun = min(self.begun, time.monotonic())
        for piece in pieces:
            self.collector.piece(piece)  # type: ignore[arg-type]  # (records are events)
            self.rows += len(piece)
            self.bytes += len(piece.raw) if isinstance(piece, FrameRun) else sum(len(record.raw) for record in piece)

    def full(self, limits: Batching) -> bool:
        """Whether it is time for a file."""
        late = time.monotonic() - self.begun >= limits.seconds
        return self.rows >= limits.rows or self.bytes >= limits.bytes or late


class TableSink:
    """State: the streams, and how far each has come for good."""

    wants = FRAMES

    def __init__(
        self, name: str, form: str, folder: str, formats: Sequence[Format], batching: Batching, disk: Disk = DISK
    ) -> None:
        self.name = name
        self._form = form
        self._folder = os.path.abspath(folder)
        Table(formats, ALL)  # (what has no columns is refused here)
        self._batching = batching
        self._disk = disk
        self._streams: dict[int, _Stream] = {}

    def begin(self, ledger: Ledger) -> None:
        """Finish what was committed, remove drafts that were not."""
        self._ledger, self._positions = ledger, Positions(self.name, ledger)
        os.makedirs(self._folder, exist_ok=True)
        committed = {file.draft: file for file in ledger.files(self.name)}
        for name in os.listdir(self._folder):
            path = os.path.join(self._folder, name)
            if name in committed:
                self._disk.rename(path, os.path.join(self._folder, committed[name].name))
            elif _DRAFT.fullmatch(name):
                self._disk.remove(path)
        for file in committed.values():
            if not os.path.exists(os.path.join(self._folder, file.name)):
                raise SigflowError(f"{os.path.join(self._folder, file.name)}: it was committed, and is not there")
        self._disk.sync_folder(self._folder)

    def position(self, stream: int) -> int:
        """How many frames of a stream are in files for good."""
        return self._positions.of(stream)

    def begin_stream(self, stream: int, first: int, formats: Sequence[Format]) -> None:
        """Frames of a stream will come, the first with this index."""
        self._streams[stream] = _Stream(formats, first)

    def take(self, stream: int, pieces: Sequence[Frames]) -> None:
        """Collect the frames; those that are in files already are passed over when they are written."""
        self._streams[stream].take(pieces)

    def barrier(self, barrier: Barrier) -> None:
        """Write the batches that are full, and make the file final where it is time."""
        number, taken = barrier.stream, self._streams[barrier.stream]
        final = barrier.final or taken.full(self._batching)
        self._write(number, taken, final)
        if not final:
            return
        file = taken.file
        row = file.seal() if file is not None else None  # (before the ledger is held: others wait for it)
        self._positions.move(barrier, taken.next)
        self._positions.commit(lambda: self._ledger.add_file(self.name, row) if row is not None else None)
        if file is not None and row is not None:
            file.draft.place(os.path.join(self._folder, row.name))
            self._disk.sync_folder(self._folder)
        taken.file = None
        taken.anew()
        if barrier.final:
            del self._streams[number]  # (what it collects in has room for many frames)

    def _write(self, number: int, taken: _Stream, flush: bool) -> None:
        """Write the batches that are full, or all."""
        position = self.position(number)
        for batch in taken.collector.batches(flush):
            skip = min(max(position - taken.next, 0), batch.num_rows)
            taken.next += batch.num_rows
            if skip == batch.num_rows:
                continue
            if taken.file is None:
                first = max(position, taken.next - batch.num_rows)
                taken.file = _File(self._folder, self._form, number, first, taken.schema, self._disk)
            taken.file.write(batch.slice(skip) if skip else batch)

    def hurry(self) -> None:
        """What is written at once is not given up."""

    def close(self) -> None:
        """Remove the drafts that were not committed."""
        for taken in self._streams.values():
            if taken.file is not None:
                taken.file.draft.discard()
                taken.file = None


def of_folder(asked: SinkRequest) -> TableSink:
    """The sink of a folder of files of the kind that the scheme names."""
    return TableSink(asked.uri, asked.scheme, asked.path(), list(asked.formats.values()), asked.batching)
