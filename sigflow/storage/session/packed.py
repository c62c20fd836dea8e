"""Segments that were archived (`sigflow archive`): their bytes are in `N.seg.zst`, and read as if they were in `N.seg`.

Where both files are there, archiving was not finished, and `N.seg` is read.  What is opened is a copy without a name;
of a compressed file that is damaged it has what could be read, and zeros up to the size that its head tells, so that
every byte that is left keeps its place.
"""

from __future__ import annotations

import os
import tempfile

from sigflow.errors import CodecError, UsageError
from sigflow.storage.compressed import CompressedStorage
from sigflow.storage.file import FileStorage
from sigflow.storage.session import layout

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
#: Bytes of a segment that are read, at most: one has 64 MiB and a chunk.
MOST = 2 << 30
#: Bytes in which the head of a compressed file tells the size of what it holds.
_HEAD = 32


def is_packed(stream: str, number: int) -> bool:
    """Whether a segment's bytes are compressed."""
    path = layout.segment(stream, number)
    return not os.path.exists(path) and os.path.exists(path + layout.PACKED)


def open_segment(stream: str, number: int) -> int:
    """A descriptor of a segment's bytes.  Raises `OSError` where there are none, `UsageError` where they are compressed
    and what reads that is not installed.
    """
    path = layout.segment(stream, number)
    if not is_packed(stream, number):
        return os.open(path, _FLAGS)
    with tempfile.TemporaryFile(buffering=0) as file:
        descriptor = os.open(path + layout.PACKED, _FLAGS)
        with CompressedStorage(FileStorage(descriptor, path + layout.PACKED), layout.PACKED) as inner:
            try:
                for chunk in inner.chunks():
                    if file.tell() > MOST:
                        break
                    view = memoryview(chunk)
                    while view:
                        view = view[file.write(view) :]
            except CodecError:
                file.truncate(max(file.tell(), packed_size(stream, number)))
        return os.dup(file.fileno())


def packed_size(stream: str, number: int) -> int:
    """Bytes of a compressed segment, as its head tells; 0 where that is damaged."""
    with open(layout.segment(stream, number) + layout.PACKED, "rb") as file:
        head = file.read(_HEAD)
    try:
        import zstandard
    except ImportError as error:
        raise UsageError(f"{stream}: it is archived; reading it needs pip install 'sigflow[compression]'") from error
    try:
        size = zstandard.frame_content_size(head)
    except zstandard.ZstdError:
        return 0
    return min(max(size, 0), MOST)
