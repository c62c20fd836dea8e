"""What was done, by any of the commands that make captures of captures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigflow.rewrite.mapping import FormatMapping
    from sigflow.rewrite.source import Counted

#: Outputs that a result lists.
LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written."""

    out: str
    frames: int
    bytes: int

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        return {"out": self.out, "frames": self.frames, "bytes": self.bytes}


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What was done.  outputs: the files, none where nothing was written; difference: why not, where one reads
    differently.  sound: whether the captures were, as far as they were read, and nothing is lost.  cut: whether the
    captures were not read to their ends.  counts: what else there is to count.
    mappings: how frames became frames of another format, where they did.
    disorder: of each capture, how many frames were out of order in it, where there are any.
    missing: frames that the output lacks, by the sequence numbers, where that is asked and not what each capture lacks.
    """

    command: str
    captures: tuple[Counted, ...]
    outputs: tuple[Written, ...]
    sound: bool
    difference: str = ""
    cut: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    missing: int | None = None
    disorder: tuple[tuple[str, int], ...] = ()
    mappings: tuple[FormatMapping, ...] = ()

    @property
    def lost(self) -> int:
        """Frames that never came, by the sequence numbers."""
        if self.missing is not None:
            return self.missing
        return sum(capture.lost for capture in self.captures)

    @property
    def frames(self) -> int:
        """Frames that were read."""
        return sum(capture.frames for capture in self.captures)

    @property
    def frames_written(self) -> int:
        """Frames that were written."""
        return sum(written.frames for written in self.outputs)

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        captures = self.captures
        tree: dict[str, Any] = {
            "schema_version": 1,
            "command": self.command,
            "captures": [capture.capture for capture in captures],
            "specs": list(dict.fromkeys(spec for capture in captures for spec in capture.specs)),
            "sound": self.sound,
            "whole": not self.cut,
            "bytes": sum(capture.bytes for capture in captures),
            "frames": self.frames,
            "frame_bytes": sum(capture.frame_bytes for capture in captures),
            "idle_bytes": sum(capture.idle_bytes for capture in captures),
            "gap_bytes": sum(capture.gap_bytes for capture in captures),
            "lost": self.lost,
            "placed": bool(self.outputs) and not self.difference,
            "difference": self.difference,
            "written": {
                "frames": self.frames_written,
                "bytes": sum(written.bytes for written in self.outputs),
            },
            "outputs": [written.tree() for written in self.outputs[:LONGEST]],
            "counts": dict(self.counts),
            "disorder": [{"capture": name, "frames": frames} for name, frames in self.disorder],
        }
        if self.mappings:
            tree["mappings"] = [mapping.tree() for mapping in self.mappings]
        if len(self.outputs) > LONGEST:
            tree["outputs_total"] = len(self.outputs)
        return tree
