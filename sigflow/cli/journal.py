"""Results of captures in a file: what each command wrote of each capture, in the order in which they were done.

Rules.  A result is a line of JSON (which capture, as it was then; the exit code; what the command keeps of it; how many
bytes follow; their CRC with that of the line), then the pieces that were written, then a line end.  Results are only
ever appended.  A result that is cut or altered, as a killed process or a power cut leaves it, ends the file: it is cut
off before the next is appended.  A result holds for a capture that is what it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from sigflow.errors import SigflowError, UsageError
from sigflow.storage.disk import DISK, lock

#: How a file of results begins.
NAME, VERSION = "sigflow_results", 1
#: The longest line that is read.
LONGEST = 1 << 24
BLOCK = 1 << 16
#: Kinds of pieces: standard output, standard error, and the head of a document that several captures share.
OUT, ERROR, HEAD = b"o", b"e", b"h"
_PREFIX = 5


class Result(NamedTuple):
    """What came of a capture.  state: what the capture was.  kept: what the command needs for its end, as JSON has it.
    at, length: where its pieces are.
    """

    capture: str
    state: list[Any] | None
    code: int
    kept: Any
    at: int
    length: int


def piece(kind: bytes, text: str) -> bytes:
    """A piece as it is kept."""
    data = text.encode("utf-8", "surrogatepass")
    return kind + len(data).to_bytes(4, "little") + data


def state_of(path: str) -> list[Any] | None:
    """What a capture is now, to tell whether it was changed; None of what is no file and no folder."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    if os.path.isfile(path):
        return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    if not os.path.isdir(path):
        return None
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            digest.update(repr((os.path.relpath(folder, path), name, state_of(os.path.join(folder, name)))).encode())
    return [digest.hexdigest()]


class Journal:
    """State: the file, where it ends, and the results that it holds, by capture."""

    def __init__(self, path: str | None, run: str) -> None:
        """path: None for one without a name.  run: what the results depend on beside the captures.

        Raises `UsageError` where the file is something else, or of another run; `SigflowError` where another process
        appends to it.
        """
        self.path = path
        self.kept: dict[str, Result] = {}
        self._file: IO[bytes]
        if path is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
            self._end = 0
            return
        self._file = open(DISK.open(path), "r+b")  # noqa: SIM115
        try:
            if lock(self._file.fileno()) is False:
                raise SigflowError(f"{path}: another process keeps its results there")
            self._end = self._read(path, run)
        except BaseException:
            self._file.close()
            raise

    def _read(self, path: str, run: str) -> int:
        """Reads the results that are whole; gives where they end."""
        head = json.dumps({NAME: VERSION, "run": run}).encode() + b"\n"
        first = self._file.readline(LONGEST)
        if not first.endswith(b"\n") and head.startswith(first):  # empty, or killed when it was begun
            self._file.seek(0)
            self._file.truncate()
            self._file.write(head)
            self._sync()
            DISK.sync_folder(os.path.dirname(os.path.abspath(path)))
            return len(head)
        if first != head:
            ours = first.startswith(head[: len(NAME) + 4])
            why = "its results are of other options, formats or settings" if ours else "it holds something else"
            raise UsageError(f"{path}: {why}; name another file with --resume")
        end = len(head)
        while (result := self._next(end)) is not None:
            self.kept[result.capture] = result
            end = result.at + result.length + 1
        return end

    def _next(self, at: int) -> Result | None:
        """The result that begins here; None where there is none that is whole."""
        self._file.seek(at)
        line = self._file.readline(LONGEST)
        try:
            tree, crc = json.loads(line)
            capture, state, code, kept, length = tree
        except (ValueError, TypeError):
            return None
        if not (isinstance(capture, str) and isinstance(code, int) and isinstance(length, int) and length >= 0):
            return None
        here = zlib.crc32(json.dumps(tree).encode())
        left = length
        while left:
            data = self._file.read(min(BLOCK, left))
            if not data:
                return None
            here = zlib.crc32(data, here)
            left -= len(data)
        whole = here == crc and self._file.read(1) == b"\n"
        return Result(capture, state, code, kept, at + len(line), length) if whole else None

    def add(self, capture: str, state: list[Any] | None, code: int, kept: Any, pieces: IO[bytes]) -> Result:
        """Append a result, whose pieces stand in a file."""
        length = pieces.seek(0, os.SEEK_END)
        tree = [capture, state, code, kept, length]
        crc = zlib.crc32(json.dumps(tree).encode())
        pieces.seek(0)
        while data := pieces.read(BLOCK):
            crc = zlib.crc32(data, crc)
        line = json.dumps([tree, crc]).encode() + b"\n"
        self._file.seek(self._end)
        self._file.truncate()  # (what a killed process had begun)
        self._file.write(line)
        pieces.seek(0)
        while data := pieces.read(BLOCK):
            self._file.write(data)
        self._file.write(b"\n")
        self._sync()
        result = Result(capture, state, code, kept, self._end + len(line), length)
        self._end = result.at + length + 1
        return result

    def _sync(self) -> None:
        self._file.flush()
        if self.path is not None:
            DISK.sync_data(self._file.fileno())

    def pieces(self, result: Result) -> Iterator[tuple[bytes, str]]:
        """What was written of a capture, each piece with its kind."""
        at, end = result.at, result.at + result.length
        while at < end:
            self._file.seek(at)
            prefix = self._file.read(_PREFIX)
            length = int.from_bytes(prefix[1:], "little")
            yield prefix[:1], self._file.read(length).decode("utf-8", "surrogatepass")
            at += _PREFIX + length

    def close(self) -> None:
        """Close the file; one without a name is gone."""
        self._file.close()
