"""An edited copy of a capture, read back: every frame that was there is there, and nothing else was lost."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow import storage
from sigflow.recording.editing import Edited, Editor
from sigflow.recording.selection.asked import ALL
from sigflow.storage.disk import DISK, Disk, FileDraft, Identity

if TYPE_CHECKING:
    from sigflow.recording import Recording
    from sigflow.recording.setting import Setting


@dataclass(frozen=True, slots=True)
class EditedFile:
    """What was done.  difference: why the file is not written, where it reads differently.  sound: whether the capture
    is, apart from what was edited.
    """

    capture: str
    out: str
    edited: Edited
    difference: str
    sound: bool
    #: Whether it was written in spite of that, since values were kept.
    kept: bool = False

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "schema_version": 1,
            "command": "edit",
            "capture": self.capture,
            "out": self.out,
            "frames": self.edited.frames,
            "changed": self.edited.changed,
            "lacking": self.edited.lacking,
            "uncomputed": self.edited.uncomputed,
            "bytes": self.edited.bytes,
            "recomputed": dict(self.edited.recomputed),
            "sound": self.sound,
            "placed": not self.difference or self.kept,
            "difference": self.difference,
        }


def edit_file(
    recording: Recording,
    out: str,
    settings: Sequence[Setting],
    *,
    keep: Collection[str] = (),
    spared: Collection[Identity] = (),
    disk: Disk = DISK,
) -> EditedFile:
    """Write an edited copy of a recording, whose storage can be read at any offset, and read it back.

    Raises `BuildError` where a frame cannot be built, and the operating system's errors; the file is as it was then.
    """
    editor = Editor(recording, settings, keep)
    with FileDraft(out, spared=spared, disk=disk) as draft:
        for piece in editor.pieces():
            draft.write(piece)
        draft.sync()
        before = _counted(recording)
        with storage.open(draft.path) as opened:
            after = _counted(recording.over(opened))
        difference = ""
        if before[:3] != after[:3]:
            difference = (
                f"read back, it has {after[0]} frames, {after[1]} bytes in gaps and {after[2]} idle bytes, the capture "
                f"has {before[0]}, {before[1]} and {before[2]}"
            )
        if not difference or keep:
            draft.place()
            draft.sync_name()
    return EditedFile(recording.name, out, editor.done, difference, before[3], bool(keep))


def _counted(recording: Recording) -> tuple[int, int, int, bool]:
    """Frames, bytes in gaps, idle bytes, and whether all is sound."""
    run = recording.select(ALL).run()
    verdict = run.verdict()
    for _ in verdict.views():
        pass
    statistics = run.statistics
    return statistics.frames, statistics.gap_bytes, statistics.idle_bytes, not verdict.damaged
