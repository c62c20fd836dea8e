"""A capture of generated frames, which takes its name once it was read back."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from sigflow import recording, storage
from sigflow.frozen import frozen
from sigflow.generation import generate
from sigflow.storage.disk import DISK, Disk, FileDraft, Identity

if TYPE_CHECKING:
    from sigflow.stream.format import Format


@frozen
class Generated:
    """A capture that was generated.  frames: without a preamble and a trailer.

    difference: why it was not written, "" where it was.
    """

    out: str
    spec: str
    seed: int
    frames: int
    bytes: int
    difference: str = ""

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "schema_version": 1,
            "spec": self.spec,
            "seed": self.seed,
            "frames": self.frames,
            "bytes": self.bytes,
            "out": self.out,
            "placed": not self.difference,
            "difference": self.difference,
        }


def generated(
    format: Format, frames: int, seed: int, out: str, *, spared: Collection[Identity] = (), disk: Disk = DISK
) -> Generated:
    """Write a capture of so many frames to a file; see `sigflow.generate`.

    spared: files that must not be written over.  Raises `GenerationError` where a frame cannot be made, `OSError` where
    the file cannot be written; it is as it was then.
    """
    lengths = hashlib.blake2b()
    pieces = 0
    with FileDraft(out, disk=disk, spared=spared) as draft:
        for piece in generate(format, frames=frames, seed=seed):
            draft.write(piece)
            lengths.update(len(piece).to_bytes(8, "little"))
            pieces += 1
        draft.sync()
        difference = _difference(format, draft.path, pieces, lengths.digest())
        if not difference:
            draft.place()
            draft.sync_name()
        return Generated(out, format.name, seed, frames, draft.size, difference)


def _difference(format: Format, path: str, pieces: int, lengths: bytes) -> str:
    """What is wrong with a capture that was read back; "" where nothing is."""
    with storage.open(path) as opened:
        read = recording.open(opened, format)
        report = read.validate()
        if report.gap_bytes or report.frames != pieces:
            text = f"read back, it has {report.frames} frames and {report.gap_bytes} bytes in gaps"
            return f"{text}, where {pieces} frames were written{_first(report)}"
        if not report.sound:
            return f"read back, it is not sound{_first(report)}"
        digest = hashlib.blake2b()
        for batch in read.run().views():
            for length in (batch.stops - batch.starts).tolist():
                digest.update(length.to_bytes(8, "little"))
    return "" if digest.digest() == lengths else "read back, its frames are others"


def _first(report: recording.Report) -> str:
    """What is said first of what is wrong."""
    finding = next((finding for finding in report.diagnostics if finding.severity.value == "error"), None)
    if finding is not None:
        return f": {finding.message} (offset {finding.offset})"
    return f": {', '.join(report.gaps[0].reasons)}" if report.gaps else ""
