"""One pass over a capture: its frames as arrays, as far as they are meant, and the verdict on all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sigflow.columns.frames import FrameBatch
    from sigflow.recording import Recording
    from sigflow.stream.format import Format


@dataclass(frozen=True, slots=True)
class Counted:
    """What was read of a capture.  sound: whether nothing in it is damaged or lost."""

    capture: str
    specs: tuple[str, ...]
    sound: bool
    frames: int
    frame_bytes: int
    idle_bytes: int
    gap_bytes: int
    lost: int

    @property
    def bytes(self) -> int:
        """All bytes that were read, as far as it was decided what they are."""
        return self.frame_bytes + self.idle_bytes + self.gap_bytes


class Source:
    """A capture that is read once.  State: the pass, and whether it was ended early."""

    def __init__(self, recording: Recording, *, follow: bool = True) -> None:
        """follow: whether it matters which frames never came in this capture."""
        self.name = recording.name
        run = recording.run(keep=True)
        self.formats = run.formats
        self.picker = recording.picker(run.formats)
        # A trailer stands at the end.
        self._whole = any(format.is_part for format in run.formats)
        self._run = run
        self._verdict = run.verdict()
        self._follow = follow
        self._cut = False

    @property
    def around(self) -> dict[int, Format]:
        """The formats of what stands once around the frames, by their numbers."""
        return {number: format for number, format in enumerate(self.formats) if format.is_part}

    def batches(self) -> Iterator[FrameBatch]:
        """The frames that are meant; their bytes are valid until the next are asked for."""
        for frames in self._verdict.views(follow=self._follow):
            picked = self.picker.of(frames)
            if len(picked):
                yield picked
            if not self._whole and len(frames) and self.picker.beyond(int(frames.offsets[-1]), int(frames.indexes[-1])):
                self._cut = True
                return

    @property
    def cut(self) -> bool:
        """Whether the rest was not read, since nothing in it is meant."""
        return self._cut

    @property
    def faulty(self) -> bool:
        """Whether something is wrong with the capture, apart from frames that never came."""
        return self._verdict.faulty

    def counted(self) -> Counted:
        """What was read."""
        statistics = self._run.statistics
        sizes = statistics.frame_bytes, statistics.idle_bytes, statistics.gap_bytes
        return Counted(
            self.name,
            tuple(format.name for format in self.formats if not format.is_part),
            not self._verdict.damaged,
            statistics.frames,
            *sizes,
            statistics.sequence["lost"],
        )
