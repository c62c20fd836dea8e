"""Values that have to come once: each bound of a number, each member of an enum, each case, short and long lists.

They wait by field, and come before other values.  A frame that could not be built may have failed for one of them: it
comes again, less and less often, and after `TRIES` of such frames no more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from typing import Any

from sigflow.generation.chance import Chance

#: Frames that may fail with a value before it is given up.
TRIES = 40


class Goals:
    """State: the values that wait, by field; what the frame that is being made has taken of them; how often frames
    failed with each.
    """

    def __init__(self, enabled: bool = True) -> None:
        """enabled: whether any value has to come; else `take` never gives one."""
        self.enabled = enabled
        self._waiting: dict[Hashable, deque[Any]] = {}
        self._taken: list[tuple[Hashable, Any]] = []
        self._failed: dict[tuple[Hashable, str], int] = {}
        #: How many frames in a row failed.
        self.failures = 0

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def known(self, key: Hashable) -> deque[Any] | None:
        """What waits for a field; None before `waiting` was asked."""
        return self._waiting.get(key)

    def waiting(self, key: Hashable, values: Iterable[Any]) -> deque[Any]:
        """What waits for a field; `values` the first time that it is asked for."""
        held = self._waiting.get(key)
        if held is None:
            held = self._waiting[key] = deque(dict.fromkeys(values) if self.enabled else ())
        return held

    def take(self, key: Hashable, waiting: deque[Any], chance: Chance) -> Any:
        """The next value that has to come, None where it is not the time for one.

        A frame begins with all that waits; where frames fail, fewer and fewer of these come together.
        """
        if not waiting or (self.failures and chance.integer(0, min(self.failures, 15))):
            return None
        value = waiting[0]
        waiting.rotate(-1)
        self._taken.append((key, value))
        return value

    def succeeded(self) -> None:
        """The frame was built: what it took need not come again."""
        self.failures = 0
        for key, value in self._taken:
            try:
                self._waiting[key].remove(value)
            except ValueError:
                pass  # (it was taken twice)
        self._taken.clear()

    def failed(self) -> None:
        """The frame was not built."""
        self.failures += 1
        for key, value in self._taken:
            name = key, repr(value)
            self._failed[name] = self._failed.get(name, 0) + 1
            if self._failed[name] > TRIES and value in self._waiting[key]:
                self._waiting[key].remove(value)
        self._taken.clear()
