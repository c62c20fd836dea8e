"""A stream that is in memory already."""

from __future__ import annotations

from collections.abc import Iterator

from sigflow.storage.base import DEFAULT_CHUNK, Closing


class MemoryStorage(Closing):
    """The bytes of `data`; a mutable buffer is copied once, so that a later change of it changes nothing here."""

    repeatable = True

    def __init__(self, data: bytes | bytearray | memoryview, name: str = "<memory>") -> None:
        self._data = bytes(data)
        self.name = name
        self.size: int | None = len(self._data)

    @property
    def view(self) -> bytes:
        """All of it, without a copy."""
        return self._data

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes."""
        for at in range(start, len(self._data), chunk_size):
            yield self._data[at : at + chunk_size]

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer where the stream ends."""
        return self._data[start:stop]
