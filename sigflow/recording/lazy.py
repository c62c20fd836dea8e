"""A sequence whose items are made when somebody looks at them: of many thousand faults mostly few are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar, overload

Item = TypeVar("Item")


class LazySequence(Sequence[Item], Generic[Item]):
    """A sequence whose items are made when they are first looked at.  size: how many there are."""

    def __init__(self, items: Iterator[Item], size: int) -> None:
        self._items = items
        self._made: list[Item] = []
        self._size = size

    def make(self, count: int | None = None) -> list[Item]:
        """Makes the first `count` items, all of them by default, and returns what has been made so far."""
        count = self._size if count is None else count
        if count > len(self._made):
            self._made += islice(self._items, count - len(self._made))
        return self._made

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> Item: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...

    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            return self.make(max(range(self._size)[index], default=-1) + 1)[index]
        return self.make(range(self._size)[index] + 1)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self.make()) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self.make()))

    def __repr__(self) -> str:
        return repr(self.make())

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self.make().copy(),)
