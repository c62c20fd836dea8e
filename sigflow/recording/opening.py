"""The beginning of a capture: what its preamble says is known before anything is scanned, by whichever engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from sigflow.storage.compressed import CompressedError
from sigflow.storage.cut import cuts_of
from sigflow.stream.around import opened

if TYPE_CHECKING:
    from sigflow.storage import Storage
    from sigflow.stream.format import Format

#: Bytes that are looked at first, and how often as many more where that is not enough.
FIRST, TIMES = 4096, 8


def bound_to(storage: Storage, formats: Sequence[Format]) -> list[Format]:
    """Returns the formats, bound to the preamble that a storage that can be read again begins with."""
    size = FIRST
    cuts = cuts_of(storage)
    while True:
        data = storage.read(0, min(size, cuts[0].offset) if cuts else size)
        listed = opened(formats, data, final=len(data) < size)
        if listed is not None:
            return listed
        size *= TIMES


def bound_on_the_way(
    chunks: Callable[[int], Iterable[bytes]], size: int, formats: Sequence[Format]
) -> tuple[list[Format], Iterator[bytes]]:
    """Returns the same for a stream that can be read once only, and its chunks, from the first one on."""
    coming, taken, data, asked = iter(chunks(size)), list[bytes](), b"", 0
    while True:
        try:
            chunk = next(coming, None)
        except CompressedError as error:
            return opened(formats, data, final=True) or list(formats), chain(taken, _Failing(error))
        taken += [chunk] if chunk is not None else []
        data += chunk or b""
        if chunk is None or len(data) >= asked:
            listed = opened(formats, data, final=chunk is None)
            if listed is not None:
                return listed, chain(taken, coming)
            asked = 2 * len(data)


class _Failing(Iterator[bytes]):
    """Chunks that end with an error."""

    def __init__(self, error: CompressedError) -> None:
        self._error = error

    def __next__(self) -> bytes:
        raise self._error
