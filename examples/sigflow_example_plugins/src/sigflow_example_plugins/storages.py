"""A storage: a capture that is kept as text, 32 bytes a line in hex, and read at any offset without reading it all."""

import os
from collections.abc import Iterator

from sigflow import UsageError
from sigflow.storage.base import DEFAULT_CHUNK, Closing

#: Bytes of a line, and the letters that they take with the end of the line.
BYTES = 32
LETTERS = 2 * BYTES + 1


class HexCapture(Closing):
    """A file of lines of 64 hex digits, of which the last may be shorter."""

    repeatable = True

    def __init__(self, path: str) -> None:
        self.name = path
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115  # (it is open as long as the storage is)
        letters = os.fstat(self._file.fileno()).st_size
        lines, rest = divmod(letters, LETTERS)
        self.size: int | None = lines * BYTES + rest // 2

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer where the stream ends."""
        if stop <= start:
            return b""
        first = start // BYTES
        text = b""
        self._file.seek(first * LETTERS)
        wanted = (-(-stop // BYTES) - first) * LETTERS
        while len(text) < wanted and (piece := self._file.read(wanted - len(text))):
            text += piece
        try:
            data = bytes.fromhex(text.decode("ascii"))
        except ValueError as error:
            raise UsageError(f"{self.name}: it is no capture in hex: {error}") from error
        return data[start - first * BYTES : stop - first * BYTES]

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` on, in pieces of 1 to `chunk_size` bytes."""
        while chunk := self.read(start, start + chunk_size):
            start += len(chunk)
            yield chunk

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_hexcap(path: str) -> HexCapture:
    """The storage of `*.hexcap`."""
    return HexCapture(path)
