"""What is kept in memory to be at hand again: bounded by bytes, counted, and let go of in one place.

A cache is of one opened thing (an index, the frames of a recording) and goes with it; the bound holds for each.  What
is in a cache was checked before it came there.  Dropping all of it changes no result.
"""

from __future__ import annotations

import threading
from typing import Generic, NamedTuple, TypeVar
from weakref import WeakSet

import cachetools

from sigflow.errors import UsageError

Key = TypeVar("Key")
Value = TypeVar("Value")

#: Bytes of one cache of a kind, at most.  index: pages of an index; frames: frames by their numbers, with what was
#: decoded of them, as far as one can tell.
BOUNDS = {"index": 64 << 20, "frames": 16 << 20}


class Statistics(NamedTuple):
    """The caches of a kind in this process: how many there are now, their entries and bytes, and how often something
    was there, was not, or had to go.  bound: bytes of each.
    """

    caches: int
    entries: int
    bytes: int
    bound: int
    hits: int
    misses: int
    evictions: int


_all: dict[str, WeakSet[Cache[object, object]]] = {kind: WeakSet() for kind in BOUNDS}
_counts = {kind: [0, 0, 0] for kind in BOUNDS}
HIT, MISS, EVICTION = range(3)


class _Used(cachetools.LRUCache[object, "tuple[object, int]"]):
    """What was used last; counts what has to go."""

    def __init__(self, kind: str) -> None:
        super().__init__(BOUNDS[kind], getsizeof=lambda entry: entry[1])
        self.kind = kind

    def popitem(self) -> tuple[object, tuple[object, int]]:
        """The entry that was used longest ago."""
        _counts[self.kind][EVICTION] += 1
        return super().popitem()


class Cache(Generic[Key, Value]):
    """Values by keys.  Threads take turns."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._turn = threading.Lock()
        self._entries = _Used(kind)
        _all[kind].add(self)  # type: ignore[arg-type]

    def get(self, key: Key) -> Value | None:
        """What is kept under a key; None where nothing is."""
        with self._turn:
            entry = self._entries.get(key)
            _counts[self._kind][MISS if entry is None else HIT] += 1
        return None if entry is None else entry[0]  # type: ignore[return-value]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Keep a value of so many bytes, and let go of what was used longest ago; what is too large is not kept."""
        with self._turn:
            if size <= self._entries.maxsize:
                self._entries[key] = value, size

    def clear(self) -> int:
        """Let go of all of it; returns how many bytes that were."""
        with self._turn:
            size = int(self._entries.currsize)
            self._entries = _Used(self._kind)
        return size

    @property
    def held(self) -> tuple[int, int]:
        """How many entries there are, and their bytes."""
        with self._turn:
            return len(self._entries), int(self._entries.currsize)


def statistics() -> dict[str, Statistics]:
    """Returns what the caches of this process hold, by their kinds."""
    told = {}
    for kind, caches in _all.items():
        held = [cache.held for cache in caches]
        sums = sum(entries for entries, _ in held), sum(size for _, size in held)
        told[kind] = Statistics(len(held), *sums, BOUNDS[kind], *_counts[kind])
    return told


def clear() -> int:
    """Lets go of all that is kept; returns how many bytes that were."""
    return sum(cache.clear() for caches in _all.values() for cache in [*caches])


def bound(kind: str, size: int) -> None:
    """Sets how many bytes each cache of a kind may hold from now on; 0: nothing is kept.  What is there now goes.

    Raises `UsageError` where there is no such kind, or the size is less than 0.
    """
    if kind not in BOUNDS or size < 0:
        raise UsageError(f"a cache is one of {', '.join(BOUNDS)}, and has 0 bytes or more: {kind!r}, {size}")
    BOUNDS[kind] = size
    for cache in [*_all[kind]]:
        cache.clear()
