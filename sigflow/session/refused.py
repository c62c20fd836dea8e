"""What could not be decoded goes to the quarantine of the session, while the acquisition goes on.

Rules.  An entry is named by stream, span and specs.  So a stretch that is given once more after a restart is the entry
that it was, and each is there once.  A stretch is kept when its raw bytes are on the disk, and before the position of
the quarantine says so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import partial

from sigflow.quarantine import Quarantine
from sigflow.quarantine.ledger import connect
from sigflow.session.found import Refused
from sigflow.session.sinks import REFUSED, Barrier, Positions, Timer
from sigflow.storage.disk import DISK, Disk
from sigflow.storage.session import extents, layout
from sigflow.storage.session.ledger import Ledger
from sigflow.stream.format import Format

#: What the ledger calls it.
NAME = "quarantine"


def stream_id(begun_ns: int, stream: int) -> str:
    """What the entries of a stream have in place of the hash of its content, which is not known before its end."""
    return hashlib.sha256(f"sigflow session {begun_ns} stream {stream}".encode()).hexdigest()


class QuarantineSink:
    """As a sink, of stretches.  State: those that wait for a barrier; the quarantine, once there is need of one;
    whether it has something that is not committed."""

    name = NAME
    wants = REFUSED

    def __init__(self, session: str, disk: Disk = DISK) -> None:
        self._session = session
        self._disk = disk
        self._waiting: dict[int, list[Refused]] = {}
        self._quarantine: Quarantine | None = None
        self._new = False
        self._timer = Timer()

    def begin(self, ledger: Ledger) -> None:
        """A quarantine makes right by itself what a killed process left."""
        self._positions = Positions(self.name, ledger)

    def position(self, stream: int) -> int:
        """Before which frame of a stream all stretches are kept."""
        return self._positions.of(stream)

    def begin_stream(self, stream: int, first: int, formats: Sequence[Format]) -> None:
        """Stretches say themselves what they are."""

    def take(self, stream: int, stretches: Sequence[Refused]) -> None:
        """They wait until their bytes are on the disk."""
        self._waiting.setdefault(stream, []).extend(stretches)

    def barrier(self, barrier: Barrier) -> None:
        """Keep what waits, and commit where it is time."""
        folder = os.path.join(self._session, layout.RAW, str(barrier.stream))
        for refused in self._waiting.pop(barrier.stream, []):
            self._opened().keep(refused.range, extents.read(folder, refused.extents))
            self._new = True
        # (Stretches may come without a frame between them.)
        if self._positions.move(barrier, barrier.frames) or (self._new and self._timer.due()):
            if self._quarantine is not None:
                self._quarantine.commit()
            self._positions.commit()
            self._timer.reset()
            self._new = False

    def _opened(self) -> Quarantine:
        if self._quarantine is None:
            folder = os.path.join(self._session, layout.QUARANTINE)
            connection = partial(connect, handed_on=True)  # (it is closed by the thread of the loop)
            self._quarantine = Quarantine(folder, create=True, disk=self._disk, connect=connection)
        return self._quarantine

    def hurry(self) -> None:
        """What is written at once is not given up."""

    def close(self) -> None:
        """Give it back; what was not committed is given again."""
        if self._quarantine is not None:
            self._quarantine.close()
            self._quarantine = None
