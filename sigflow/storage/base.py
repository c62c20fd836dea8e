"""What every storage answers to: a recorded stream that can be read in chunks, and at an offset.

Rules.  Nothing is held in memory but the chunk that was asked for.  `read` gives fewer bytes than asked for only at
the end of the stream.  A storage that can be read once only (a pipe) says so in `repeatable`; what `read` took from
its head is given again by `chunks`.  It may carry what was told about the stream while it was live, in the attributes
`cuts` and `marks` (`storage/cut.py`), and when its bytes were received, in `moment`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from sigflow.registry import Registry

if TYPE_CHECKING:
    from sigflow.stream.cuts import Cut

#: What opens a recorded stream, by its path or URL.
Opener = Callable[[str], "Storage"]
#: Schemes of URLs that fsspec opens before anybody else, and endings that are read through.
STORES = ("http", "https", "s3", "file")
COMPRESSED = (".gz", ".zst", ".lz4", ".xz", ".bz2")
#: Others: by the scheme of their URLs, or by an ending with its dot.
REGISTRY: Registry[Opener] = Registry(
    "storage",
    "sigflow.storages",
    {**dict.fromkeys(STORES, "sigflow.storage:open"), **dict.fromkeys(COMPRESSED, "sigflow.storage:open")},
)

#: Bytes of a chunk where the caller says nothing.
DEFAULT_CHUNK = 256 << 10


@runtime_checkable
class Storage(Protocol):
    """A recorded stream.  `size`: bytes, None where it is known only at the end."""

    name: str
    size: int | None
    repeatable: bool

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes."""
        ...

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer where the stream ends."""
        ...

    def close(self) -> None:
        """Give back what the storage holds; closing twice is allowed."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def is_url(path: str) -> bool:
    """Whether a path is a URL: `scheme://…`."""
    scheme, mark, _ = path.partition("://")
    return bool(mark) and len(scheme) > 1 and scheme.isascii() and scheme.isalnum() and scheme[0].isalpha()


def path_of_url(url: str) -> str | None:
    """The path that a URL is of a file here (`file://…`); None where it is none."""
    scheme, _, rest = url.partition("://")
    if scheme.lower() != "file":
        return None
    from urllib.parse import unquote

    return unquote(rest.removeprefix("localhost"))


def cuts_of(storage: Storage) -> tuple[Cut, ...]:
    """The cuts that a storage carries, in order."""
    cuts: tuple[Cut, ...] = getattr(storage, "cuts", ())
    return cuts


def marks_of(storage: Storage) -> tuple[tuple[int, str], ...]:
    """The marks that a storage carries: candidates that were abandoned, as pairs of offset and format name."""
    marks: tuple[tuple[int, str], ...] = getattr(storage, "marks", ())
    return marks


def moments_of(storage: Storage) -> Callable[[int], int | None] | None:
    """What says when the byte at an offset was received, in nanoseconds; None where the storage does not know."""
    moment: Callable[[int], int | None] | None = getattr(storage, "moment", None)
    return moment


def tag_of(storage: Storage) -> str | None:
    """What tells the version of a remote object from others; "" where its store has nothing of that kind, None where
    the storage is no remote object.
    """
    tag: str | None = getattr(storage, "tag", None)
    return tag


def chunks_between(storage: Storage, size: int, start: int, stop: int | None) -> Iterator[bytes]:
    """The chunks of a storage from an offset on, for who will read up to `stop`, or a little more."""
    between: Callable[[int, int, int | None], Iterator[bytes]] | None = getattr(storage, "between", None)
    return storage.chunks(size, start) if between is None else between(size, start, stop)


def pieces(storage: Storage, start: int, stop: int, size: int = 1 << 20) -> Iterator[bytes]:
    """The bytes of [start, stop) of a storage that can be read at any offset, at most `size` at a time."""
    while start < stop and (piece := storage.read(start, min(start + size, stop))):
        start += len(piece)
        yield piece


class Closing:
    """The context manager of what is closed: all storages, and what holds one."""

    def close(self) -> None:
        """Nothing to give back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
