"""Frames that came twice: those whose bytes are those of one of the frames before.

Strategy.  Of the last N frames there is a keyed hash of 64 bits each, and where they lie.  Where two hashes are equal,
the bytes of both are compared, so that nothing is dropped that is not a duplicate; who makes captures does not know the
key, so no capture has many equal hashes.  What stands around the frames is none of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import TYPE_CHECKING

from sigflow.rewrite.filtering import finished
from sigflow.rewrite.output import Output
from sigflow.rewrite.result import Rewritten
from sigflow.rewrite.source import Source
from sigflow.storage.disk import DISK, Disk, Identity

if TYPE_CHECKING:
    from sigflow.columns.frames import Array, FrameBatch
    from sigflow.recording import Recording
    from sigflow.storage import Storage

#: Frames that are remembered, where nothing else is said.
WINDOW = 100_000


class Seen:
    """The frames that were seen.  State: of each of the last `window`, by its hash, its number and where it lies."""

    def __init__(self, storage: Storage, window: int) -> None:
        self._storage = storage
        self._window = window
        self._known: dict[int, tuple[int, int, int]] = {}
        self._order: deque[tuple[int, int]] = deque()
        self._number = 0

    def is_new(self, raw: bytes, offset: int) -> bool:
        """Whether a frame, the next of the stream, is none of the last `window`."""
        number, self._number = self._number, self._number + 1
        order, known = self._order, self._known
        while order and order[0][0] < number - self._window:
            old, key = order.popleft()
            if known[key][0] == old:
                del known[key]
        key = hash(raw)
        before = known.get(key)
        known[key] = number, offset, len(raw)
        order.append((number, key))
        if before is None or before[2] != len(raw):
            return True
        return self._storage.read(before[1], before[1] + before[2]) != raw


def deduplicated(
    recording: Recording, out: str, *, window: int = WINDOW, spared: Collection[Identity] = (), disk: Disk = DISK
) -> Rewritten:
    """Write the frames of a recording without those that are one of the `window` frames before.

    The recording's storage can be read at any offset.  spared, and what is raised: as of `filtered`.
    """
    source = Source(recording)
    seen = Seen(recording.storage, window)
    duplicates = size = 0
    with Output(out, disk=disk, spared=spared) as output:
        for frames in source.batches():
            keep = _new(frames, seen, source.around)
            if not keep.all():
                sizes = frames.stops - frames.starts
                duplicates += int((~keep).sum())
                size += int(sizes[~keep].sum())
                frames = frames.at(keep)
            output.write(frames)
        counts = {"duplicates": duplicates, "duplicate_bytes": size, "window": window}
        return finished("dedupe", recording, [source], output, out, counts)


def _new(frames: FrameBatch, seen: Seen, around: Collection[int]) -> Array:
    """Which of these frames are no duplicates."""
    import numpy as np

    keep: Array = np.ones(len(frames), bool)
    view = frames.data.data
    spans = zip(
        frames.starts.tolist(), frames.stops.tolist(), frames.offsets.tolist(), frames.formats.tolist(), strict=True
    )
    for row, (start, stop, offset, number) in enumerate(spans):
        if number not in around and not seen.is_new(view[start:stop].tobytes(), offset):
            keep[row] = False
    return keep
