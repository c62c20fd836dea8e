"""The verdict on a sound file, as quickly as a process can give it (`engine/quick.py`); the usual way, for all others.

What it says is what the native engine says, but that it does not take as long to begin.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sigflow.engine import LEAST, MOST, NATIVE, PYTHON
from sigflow.recording.verdict import EventVerdict

if TYPE_CHECKING:
    from pathlib import Path

    from sigflow.engine import Native
    from sigflow.events import Event
    from sigflow.recording.report import Report
    from sigflow.storage import Storage
    from sigflow.stream.format import Format
    from sigflow.stream.statistics import Statistics


class SoundRun:
    """A pass that is over and has nothing to say, as `verdict.EventPass`."""

    engine = NATIVE

    def __init__(self, formats: Sequence[Format], statistics: Statistics) -> None:
        self.formats = formats
        self._statistics = statistics

    @property
    def statistics(self) -> Statistics:
        """What was counted."""
        return self._statistics

    def events(self) -> Iterator[Event]:
        """Nothing but records, which a verdict does not need."""
        return iter(())

    def known(self, start: int, stop: int) -> bytes:
        """Nothing is asked for."""
        return b""


class Attempt:
    """To judge a storage quickly, by the engine asked for.  State: where what it takes is kept, if it can be."""

    def __init__(self, storage: Storage, formats: Sequence[Format], engine: str) -> None:
        self._storage = storage
        self._formats = formats
        self._path: Path | None = None
        size, repeatable = storage.size, storage.repeatable
        descriptor = getattr(storage, "descriptor", None)
        # Where NumPy is there, the usual way is as quick.
        if engine == PYTHON or size is None or not repeatable or descriptor is None or "numpy" in sys.modules:
            return
        if LEAST <= size <= MOST and formats:
            from sigflow.engine import quick

            self._path = quick.path_of(formats)
            self._descriptor, self._size = descriptor, size

    def report(self) -> Report | None:
        """The verdict; None where it takes the usual way."""
        if self._path is None:
            return None
        from sigflow.engine import quick

        begun = quick.read(self._path)
        if begun is None:
            return None
        self._path = None  # it is there, and need not be kept
        statistics = quick.statistics_of(begun, self._descriptor, self._size, self._formats)
        if statistics is None:
            return None
        passed = getattr(self._storage, "passed", None)
        if passed is not None:
            passed(self._size)
        return EventVerdict(SoundRun(self._formats, statistics)).report(self._storage.name)

    def keep(self, native: Native | None) -> None:
        """Have it kept for the next time, what it takes; native: the scan that was used."""
        if self._path is not None and native is not None and list(native.formats) == list(self._formats):
            from sigflow.engine import quick

            quick.keep(native, self._path)
