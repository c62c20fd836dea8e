"""Telling what happens, without a flood: what a peer can make happen again and again is told once in a while, with how
often it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds between two times that the same is told.
EVERY = 5.0
#: Different things that are told apart, at most; the rest is told as one.
DIFFERENT = 1000


class Telling:
    """State: of each thing, when it was told last, and how often it was since, with its last words."""

    def __init__(self, told: Callable[[str, str], object], clock: Callable[[], float] = time.monotonic) -> None:
        """told: is told, with a severity."""
        self._told = told
        self._clock = clock
        self._last: dict[str, float] = {}
        self._more: dict[str, tuple[int, str, str]] = {}

    def __call__(self, severity: str, what: str, words: str, times: int = 1) -> None:
        """It was so many times.  what: which thing it is, of whom; the words are those of the last time."""
        if what not in self._last and len(self._last) >= DIFFERENT:
            what = "more"
        now = self._clock()
        if now - self._last.get(what, now - EVERY) >= EVERY:
            self._last[what] = now
            self._say(severity, words, times + self._more.pop(what, (0, "", ""))[0])
        else:
            self._more[what] = self._more.get(what, (0, "", ""))[0] + times, severity, words

    def _say(self, severity: str, words: str, times: int) -> None:
        self._told(severity, words if times == 1 else f"{words} ({times} times)")

    def flush(self, *, all: bool = False) -> None:
        """Tell what is due; with `all`, what was not told yet."""
        now = self._clock()
        for what in [what for what in self._more if all or now - self._last.get(what, 0) >= EVERY]:
            times, severity, words = self._more.pop(what)
            self._last[what] = now
            self._say(severity, words, times)
        for what in [what for what, last in self._last.items() if now - last >= EVERY]:
            del self._last[what]
