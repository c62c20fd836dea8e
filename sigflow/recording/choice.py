"""Which engine scans: what the user asks for, what the formats allow, and whether the stream is long enough to pay."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from sigflow.engine import ENGINES, THRESHOLD, Native, late_scanner
from sigflow.errors import UsageError
from sigflow.stream.scan import Scanner

if TYPE_CHECKING:
    from sigflow.stream.format import Format

AUTO, PYTHON, NATIVE = ENGINES
#: Makes the scanner of a decoder, with these marks.
MakeScanner = Callable[[Collection[tuple[int, str]]], Scanner]


class Choice:
    """The engine asked for.  State: the native scan, once it was made.

    notice: is told what takes a while, and why `auto` is not native where the stream is long enough.
    """

    def __init__(self, engine: str = AUTO, workers: int = 1, notice: Callable[[str], None] | None = None) -> None:
        if engine not in ENGINES:
            raise UsageError(f"engine {engine!r}, wanted one of {', '.join(ENGINES)}")
        if workers < 1:
            raise UsageError(f"{workers} workers, wanted at least 1")
        self.engine = engine
        self.workers = workers
        self._notice = notice
        self._native: Native | None = None
        self._told = False

    def native(self, formats: Sequence[Format], size: int | None) -> Native | None:
        """The native scan of these formats, or None for the Python one.  size: bytes of the stream, None: not known."""
        if self.engine == PYTHON or (self.engine == AUTO and size is not None and size < THRESHOLD):
            return None
        if self._native is not None and list(self._native.formats) == list(formats):
            return self._native
        obstacle = Native.obstacle(formats)
        if obstacle and self.engine == NATIVE:
            raise UsageError(f"--engine native: {obstacle}")
        if obstacle:
            if self._notice is not None and not self._told:
                self._told = True
                self._notice(f"the Python engine scans: {obstacle}")
            return None
        self._native = Native(formats, notice=self._notice)
        return self._native

    def scanner(self, formats: Sequence[Format]) -> MakeScanner | None:
        """What makes the scanner of a decoder whose stream is not known to be long; None for the plain one."""
        if self.engine == PYTHON or any(each.envelope is None for each in formats):
            return None
        if self.engine == NATIVE:
            native = self.native(formats, None)
            return None if native is None else native.scanner
        return lambda marks: late_scanner(formats, lambda: self.native(formats, None), marks)
