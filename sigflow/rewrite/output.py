"""A file of frames while it is written, and the reading back of it.

What was written and what is read are compared by the number of frames, the format and length of each, and a checksum
over all bytes; a gap is a difference.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sigflow import storage
from sigflow.storage.disk import DISK, Disk, FileDraft, Identity

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sigflow.columns.frames import FrameBatch
    from sigflow.recording import Recording


class Tally:
    """What there is of frames, in order.  State: their number and bytes, and checksums of what they are."""

    def __init__(self) -> None:
        self.frames = 0
        self.bytes = 0
        self._crc = 0
        self._formats = hashlib.blake2b()
        self._lengths = hashlib.blake2b()

    def add(self, frames: FrameBatch) -> None:
        """Take in frames; their bytes are taken in by `data`."""
        self.count(frames.formats, frames.stops - frames.starts)

    def count(self, formats: ArrayLike, lengths: ArrayLike) -> None:
        """Take in frames by the numbers of their formats and their lengths in bytes."""
        import numpy as np

        numbers, sizes = np.ascontiguousarray(formats, np.int32), np.ascontiguousarray(lengths, np.int64)
        self.frames += len(sizes)
        self._formats.update(numbers.data)
        self._lengths.update(sizes.data)

    def data(self, data: bytes | memoryview) -> None:
        """Take in the bytes of frames."""
        self.bytes += len(data)
        self._crc = zlib.crc32(data, self._crc)

    def difference(self, other: Tally, gap_bytes: int) -> str:
        """What is different in what was read back; "" where nothing is."""
        if gap_bytes or (self.frames, self.bytes) != (other.frames, other.bytes):
            return (
                f"read back, it has {other.frames} frames of {other.bytes} bytes and {gap_bytes} bytes in gaps, where "
                f"{self.frames} frames of {self.bytes} bytes were written"
            )
        same = (self._crc, self._formats.digest(), self._lengths.digest()) == (
            other._crc,
            other._formats.digest(),
            other._lengths.digest(),
        )
        return "" if same else "read back, its frames are others"


class Output:
    """The draft of a file of frames.  State: the draft, and what was written to it."""

    def __init__(self, path: str, *, disk: Disk = DISK, spared: Collection[Identity] = (), alone: bool = True) -> None:
        self.written = Tally()
        #: What was read back.
        self.read = Tally()
        #: Frames that are missing in it, by the sequence numbers, once it was read back.
        self.lost = 0
        self._draft = FileDraft(path, disk=disk, spared=spared, alone=alone)

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._draft.size

    def write(self, frames: FrameBatch) -> None:
        """Append frames, in their order."""
        if not len(frames):
            return
        self.written.add(frames)
        for piece in pieces_of(frames):
            self.written.data(piece)
            self._draft.write(piece)

    def write_frames(self, formats: list[int], frames: list[bytes]) -> None:
        """Append frames that were built, with the numbers of their formats."""
        data = b"".join(frames)
        self.written.count(formats, [len(frame) for frame in frames])
        self.written.data(data)
        self._draft.write(data)

    def finish(self, recording: Recording, *, follow: bool = False) -> str:
        """Sync the file and read it back, as `recording` is read; says what is different, "" where nothing is.

        follow: whether it is found out which frames it lacks (`lost`).
        """
        self._draft.flush()
        with ThreadPoolExecutor(1) as pool, storage.open(self._draft.path) as opened:
            synced = pool.submit(self._draft.sync)  # it waits for the disk, and needs nothing else
            self.read, gap_bytes, self.lost = read_back(recording.over(opened), follow=follow)
            synced.result()
        return self.written.difference(self.read, gap_bytes)

    def place(self) -> None:
        """Give the file its name."""
        self._draft.place()
        self._draft.sync_name()

    def discard(self) -> None:
        """Remove what has no name yet."""
        self._draft.discard()

    def __enter__(self) -> Output:
        return self

    def __exit__(self, *error: object) -> None:
        self.discard()


def pieces_of(frames: FrameBatch) -> list[memoryview]:
    """The bytes of frames, in few pieces: frames side by side are one, and small ones are put together."""
    import numpy as np

    starts, stops = frames.starts, frames.stops
    breaks = np.flatnonzero(starts[1:] != stops[:-1])
    view = frames.data.data
    begins, ends = starts[np.concatenate(([0], breaks + 1))], stops[np.concatenate((breaks, [len(stops) - 1]))]
    spans = zip(begins.tolist(), ends.tolist(), strict=True)
    if len(begins) <= _FEW:
        return [view[begin:end] for begin, end in spans]
    return [memoryview(b"".join([view[begin:end] for begin, end in spans]))]


#: So many pieces are written as they are.
_FEW = 4


def read_back(recording: Recording, *, follow: bool) -> tuple[Tally, int, int]:
    """What a file holds, by the formats of a recording: its frames, bytes in gaps, and how many frames are lost, where
    counters are followed.
    """
    read = Tally()
    run = recording.run()
    for frames in run.verdict().views() if follow else run.views():
        read.add(frames)
        for piece in pieces_of(frames) if len(frames) else ():
            read.data(piece)
    statistics = run.statistics
    return read, statistics.gap_bytes, statistics.sequence["lost"]
