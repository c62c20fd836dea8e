"""The chunks of a stream on their way through, kept until they are let go, so that a stretch can be read once more.

Bounded memory: what is kept beyond that goes to a file without a name, which is gone when it is let go.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from typing import IO

from sigflow.storage.file import pread

#: Bytes kept in memory.
MEMORY = 16 << 20
#: Beyond the end of any stream.
END = sys.maxsize


class Tape:
    """Iterates over chunks, and keeps them.  State: the chunks that are not let go, in memory or in the file."""

    def __init__(self, chunks: Iterable[bytes], memory: int = MEMORY) -> None:
        self._chunks = chunks
        self._memory = memory
        self._kept: deque[tuple[int, int, bytes | int]] = deque()  # offset, length, the bytes or where in the file
        self._held = 0
        self._spilled = 0
        self._end = 0
        self._file: IO[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._keep(chunk)
            yield chunk

    def _keep(self, chunk: bytes) -> None:
        where: bytes | int = chunk
        if self._held + len(chunk) > self._memory:
            where = self._spill(chunk)
        else:
            self._held += len(chunk)
        self._kept.append((self._end, len(chunk), where))
        self._end += len(chunk)

    def _spill(self, chunk: bytes) -> int:
        if self._file is None:
            import tempfile

            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # lives until it is let go
        at = self._spilled
        view = memoryview(chunk)
        while view:
            view = view[self._file.write(view) :]
        self._spilled += len(chunk)
        return at

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes of [start, stop) in pieces, as far as they have passed and are not let go."""
        for first, length, where in list(self._kept):
            if first + length > start and first < stop:
                low, high = max(start - first, 0), min(stop - first, length)
                if isinstance(where, int):
                    assert self._file is not None
                    yield pread(self._file.fileno(), high - low, where + low)
                else:
                    yield where[low:high]

    def release(self, stop: int) -> None:
        """Let go of the chunks that lie before the offset `stop`; `END`: of all."""
        while self._kept and self._kept[0][0] + self._kept[0][1] <= stop:
            _, length, where = self._kept.popleft()
            if not isinstance(where, int):
                self._held -= length
        if self._file is not None and not any(isinstance(where, int) for _, _, where in self._kept):
            self._file.close()
            self._file, self._spilled = None, 0
