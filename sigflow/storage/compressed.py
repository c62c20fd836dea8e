"""A compressed capture, read through: `.gz`, `.zst`, `.lz4`, `.xz`, `.bz2`, by the name's ending.

Each kind is a decompressor object that is fed blocks of the file and gives at most a chunk at a time, so a bomb costs
time, never memory.  Several compressed streams one after the other are one capture, zeros after the last are padding.
A stream that is cut or damaged is a `CompressedError` after the bytes before the damage: nothing ends silently.  A file
or a pipe whose name says nothing is recognised by its first bytes (`read_through`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from sigflow.errors import CodecError, UsageError
from sigflow.storage.base import DEFAULT_CHUNK, Closing, Storage, tag_of
from sigflow.storage.file import FileStorage
from sigflow.storage.pipe import PipeStorage

#: Bytes of a decompressor's dictionary at most: what `xz -9` needs, four times.
MEMORY = 256 << 20
BLOCK = 64 << 10


class Decompressor(Protocol):
    """What `bz2`, `lzma` and `lz4.frame` have in common; the others are adapted to it."""

    eof: bool
    needs_input: bool
    unused_data: Any

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most `max_length` bytes more."""
        ...


class _Gzip:
    """zlib's object, which keeps its unread input outside."""

    def __init__(self) -> None:
        import zlib

        self._inner = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class _Zstandard:
    """zstandard's object cannot bound what it gives, so it is fed little: 512 bytes give at most some 16 MiB."""

    STEP = 512

    def __init__(self) -> None:
        import zstandard

        self._inner = zstandard.ZstdDecompressor(max_window_size=MEMORY // 2).decompressobj()
        self._input = memoryview(b"")
        self._output = memoryview(b"")

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof) and not self._output

    @property
    def needs_input(self) -> bool:
        return not self._input and not self._output and not self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data) + bytes(self._input)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if data:
            self._input = memoryview(data)
        while self._input and not self._output and not self._inner.eof:
            self._output = memoryview(self._inner.decompress(bytes(self._input[: self.STEP])))
            self._input = self._input[self.STEP :]
        piece, self._output = bytes(self._output[:max_length]), self._output[max_length:]
        return piece


def _bzip2() -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    import bz2

    return bz2.BZ2Decompressor, (OSError, ValueError)


def _gzip() -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    import zlib

    return _Gzip, (zlib.error,)


def _lz4() -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    from lz4.frame import LZ4FrameDecompressor

    return LZ4FrameDecompressor, (RuntimeError,)


def _xz() -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    from lzma import LZMADecompressor, LZMAError

    return lambda: LZMADecompressor(memlimit=MEMORY), (LZMAError,)


def _zstandard() -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    import zstandard

    return _Zstandard, (zstandard.ZstdError,)


#: By the ending of the name: what it is called, and what gives (the decompressor, the errors it raises).
KINDS: dict[str, tuple[str, Callable[[], tuple[Callable[[], Any], tuple[type[Exception], ...]]]]] = {
    ".gz": ("gzip", _gzip),
    ".zst": ("zstandard", _zstandard),
    ".lz4": ("lz4", _lz4),
    ".xz": ("xz", _xz),
    ".bz2": ("bzip2", _bzip2),
}


#: The same by the first bytes of a file.
MAGIC: dict[str, bytes] = {
    ".gz": b"\x1f\x8b\x08",
    ".zst": b"\x28\xb5\x2f\xfd",
    ".lz4": b"\x04\x22\x4d\x18",
    ".xz": b"\xfd7zXZ\0",
    ".bz2": b"BZh",
}
_LONGEST = 10


class CompressedError(CodecError):
    """A compressed capture is cut or damaged; what came before was given."""


def tolerant(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks up to where a compressed capture is damaged; the storage keeps the fault."""
    try:
        yield from chunks
    except CompressedError:
        return


def kind_of(name: str) -> str | None:
    """The suffix by which this name is that of a compressed capture."""
    return next((suffix for suffix in KINDS if name.lower().endswith(suffix)), None)


def read_through(storage: Storage, markers: Iterable[bytes]) -> Storage:
    """What a file or a pipe holds, if its first bytes are those of a compressed one; else the storage itself.

    markers: how the frames begin that are looked for, which are no sign of compression.
    """
    if not isinstance(storage, FileStorage | PipeStorage) and tag_of(storage) is None:
        return storage
    head = storage.read(0, 2)
    if not any(magic.startswith(head) for magic in MAGIC.values()) or len(head) < 2:
        return storage
    head = storage.read(0, _LONGEST)
    suffix = next((suffix for suffix, magic in MAGIC.items() if head.startswith(magic)), None)
    if suffix is None or any(marker.startswith(head[:2]) or head.startswith(marker) for marker in markers if marker):
        return storage
    try:
        inner = CompressedStorage(storage, suffix)
    except UsageError:
        return storage  # the hint tells what it looks like
    return inner if inner.begins() else storage


class CompressedStorage(Closing):
    """What the compressed file in `inner` holds.  `read` decompresses from the front: it is meant for the head.

    fault: how it was damaged, once that was met.  State of one over a pipe: the chunks, and those given to `read`.
    """

    def __init__(self, inner: Storage, suffix: str) -> None:
        self._inner = inner
        self.repeatable = inner.repeatable
        self.fault: CompressedError | None = None
        #: What kind of compressed file it is.
        self.kind = suffix
        self._head: list[bytes] = []
        self._rest: Iterator[bytes] | None = None
        self._kind, load = KINDS[suffix]
        self.name = inner.name
        self.size: int | None = None
        try:
            self._make, self._errors = load()
        except ImportError as error:
            raise UsageError(
                f"{inner.name}: reading {suffix} needs {self._kind}: pip install 'sigflow[compression]'"
            ) from error

    def begins(self) -> bool:
        """Whether its first bytes are no mistake to what decompresses them."""
        head = self._inner.read(0, BLOCK if self.repeatable else _LONGEST)
        try:
            self._make().decompress(head, 1)
            return not head.startswith(b"BZh") or head[4:10] == b"1AY&SY"  # that is all letters, and so may be text
        except self._errors:
            return False

    def _damaged(self, delivered: int, what: object) -> CodecError:
        words = f"{self.name}: the {self._kind} stream is damaged after {delivered} bytes of the capture: {what}"
        if not delivered and not self._inner.read(0, _LONGEST).startswith(MAGIC[self.kind][: self._inner.size]):
            return CodecError(words, codec=self._kind, offset=0)  # it is none
        self.fault = CompressedError(words, codec=self._kind, offset=delivered)
        return self.fault

    def _pieces(self, chunk_size: int) -> Iterator[bytes]:
        blocks = self._inner.chunks(BLOCK)
        delivered = 0
        data = next(blocks, b"")
        while data:
            inner: Decompressor = self._make()
            while not inner.eof:
                if not data and inner.needs_input:
                    data = next(blocks, b"")
                    if not data:
                        raise self._damaged(delivered, "it ends too early")
                try:
                    piece = inner.decompress(data, chunk_size)
                except self._errors as error:
                    raise self._damaged(delivered, error) from error
                data = b""
                delivered += len(piece)
                if piece:
                    yield piece
            data = bytes(inner.unused_data or b"").lstrip(b"\0")
            while not data and (block := next(blocks, b"")):
                data = block.lstrip(b"\0")

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes."""
        for piece in self._pieces(chunk_size) if self.repeatable else self._once(chunk_size):
            if start < len(piece):
                yield piece[start:] if start else piece
            start = max(start - len(piece), 0)

    def _once(self, chunk_size: int) -> Iterator[bytes]:
        """The pieces of a pipe: those that `read` has taken, then the rest."""
        rest = self._rest or self._pieces(chunk_size)
        head, self._head = self._head, []
        yield from head
        yield from rest

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer where the stream ends, or is damaged."""
        if not self.repeatable:
            return self._peeked(stop)[start:stop]
        pieces: list[bytes] = []
        need = stop - start
        if need > 0:
            for chunk in tolerant(self.chunks(min(need, DEFAULT_CHUNK), start)):
                pieces.append(chunk[:need])
                need -= len(pieces[-1])
                if not need:
                    break
        return b"".join(pieces)

    def _peeked(self, stop: int) -> bytes:
        if self._rest is None:
            self._rest = self._pieces(DEFAULT_CHUNK)
        have = sum(map(len, self._head))
        try:
            while have < stop and (piece := next(self._rest, b"")):
                self._head.append(piece)
                have += len(piece)
        except CompressedError as error:
            self._rest = _failing(error)
        return b"".join(self._head)

    def close(self) -> None:
        """Close the file."""
        self._inner.close()


def _failing(error: CompressedError) -> Iterator[bytes]:
    """Raises the error when it is iterated over."""
    yield from ()
    raise error
