"""Sinks of one file, which grows: lines of JSON, rows of CSV, messages of MCAP, or the frames' bytes.

Written, synced, then the length committed; a restart cuts the file back to the last committed length.
"""

from __future__ import annotations

from collections.abc import Sequence

from sigflow.session.forms import FORMS
from sigflow.session.growing import GrowingFile
from sigflow.session.sinks import FRAMES, Barrier, Frames, Positions, RecordFormat, SinkRequest, behind
from sigflow.storage.disk import DISK, Disk
from sigflow.storage.session.ledger import Ledger
from sigflow.stream.format import Format


class AppendingSink:
    """State: the file; of each stream what waits for a barrier, and how far it has come."""

    wants = FRAMES

    def __init__(self, name: str, path: str, form: RecordFormat, disk: Disk = DISK) -> None:
        self.name = name
        self._form = form
        self._file = GrowingFile(name, path, form.head, form.tail, disk)
        self._waiting: dict[int, bytearray] = {}

    def begin(self, ledger: Ledger) -> None:
        """Open the file, and cut off what was not committed.  A file that is not ours is not touched."""
        self._ledger, self._positions = ledger, Positions(self.name, ledger)
        self._file.begin(ledger)

    def position(self, stream: int) -> int:
        """How many frames of a stream are in the file for good."""
        return self._positions.of(stream)

    def begin_stream(self, stream: int, first: int, formats: Sequence[Format]) -> None:
        """Records say themselves which they are."""

    def take(self, stream: int, pieces: Sequence[Frames]) -> None:
        """Make bytes of the records that are new."""
        waiting = self._waiting.setdefault(stream, bytearray())
        for record in behind(pieces, self.position(stream)):
            waiting += self._form.of(record)

    def barrier(self, barrier: Barrier) -> None:
        """Write what waits, and commit where it is time."""
        waiting = self._waiting.pop(barrier.stream, b"")
        if waiting:
            self._file.append(waiting)
        if self._positions.move(barrier, barrier.frames):
            self._file.sync()
            self._positions.commit(lambda: self._file.commit(self._ledger))

    def hurry(self) -> None:
        """What is written at once is not given up."""

    def close(self) -> None:
        """Give back the file."""
        self._file.close()


def of_form(asked: SinkRequest) -> AppendingSink:
    """The sink of a file in the form that the scheme names."""
    return AppendingSink(asked.uri, asked.path(), FORMS[asked.scheme](asked.formats))
