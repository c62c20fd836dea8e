"""How long a condition must hold before an alarm is raised: frames in a row, n of the last m, or a time."""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol


class Persistence(Protocol):
    """State: what the last looks at the condition gave."""

    def take(self, holds: bool, time: int | None) -> bool:
        """Whether it has held long enough, with this look at it.  time: of the frame, in nanoseconds."""
        ...

    def tree(self) -> Any:
        """The state as JSON."""
        ...

    def restore(self, tree: Any) -> None:
        """The other way round.  Raises `ValueError`, `TypeError` or `KeyError` for what is none."""
        ...


class InARow:
    """So many looks one after the other."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._held = 0

    def take(self, holds: bool, time: int | None) -> bool:
        """Whether the last so many held."""
        self._held = min(self._held + 1, self._count) if holds else 0
        return self._held >= self._count

    def tree(self) -> Any:
        """How many held."""
        return self._held

    def restore(self, tree: Any) -> None:
        """The same."""
        self._held = int(tree)


class OfTheLast:
    """So many of the last looks."""

    def __init__(self, count: int, of: int) -> None:
        self._count = count
        self._last: deque[bool] = deque(maxlen=of)
        self._held = 0

    def take(self, holds: bool, time: int | None) -> bool:
        """Whether so many held."""
        if len(self._last) == self._last.maxlen:
            self._held -= self._last[0]
        self._last.append(holds)
        self._held += holds
        return self._held >= self._count

    def tree(self) -> Any:
        """The last, as letters."""
        return "".join("1" if held else "0" for held in self._last)

    def restore(self, tree: Any) -> None:
        """The same."""
        self._last.clear()
        self._last.extend(letter == "1" for letter in str(tree))
        self._held = sum(self._last)


class ForATime:
    """From one frame on until another that is so much later.  Without times it never held long enough."""

    def __init__(self, span: int) -> None:
        self._span = span
        self._since: int | None = None

    def take(self, holds: bool, time: int | None) -> bool:
        """Whether it has held for the time."""
        if not holds or time is None:
            self._since = None
            return False
        if self._since is None or time < self._since:
            self._since = time
        return time - self._since >= self._span

    def tree(self) -> Any:
        """Since when it holds."""
        return self._since

    def restore(self, tree: Any) -> None:
        """The same."""
        self._since = None if tree is None else int(tree)
