"""One pass over a capture: its frames as arrays, as far as they are meant, and the verdict on all of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sigflow.columns.frames import FrameBatch
    from sigflow.recording import Recording, Report
    from sigflow.stream.format import Format


class Source:
    """A capture that is read once.  State: the pass, and whether it was ended early."""

    def __init__(self, recording: Recording, *, whole: bool = False) -> None:
        """whole: read it to the end, even where no further frame is meant."""
        self.name = recording.name
        run = recording.run(keep=True)
        self.formats = run.formats
        self.picker = recording.picker(run.formats)
        # A trailer stands at the end.
        self._whole = whole or any(format.is_part for format in run.formats)
        self._run = run
        self._verdict = run.verdict()
        self._cut = False

    @property
    def around(self) -> dict[int, Format]:
        """The formats of what stands once around the frames, by their numbers."""
        return {number: format for number, format in enumerate(self.formats) if format.is_part}

    def batches(self) -> Iterator[FrameBatch]:
        """The frames that are meant; their bytes are valid until the next are asked for."""
        for frames in self._verdict.views():
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

    def report(self) -> Report:
        """The verdict on what was read."""
        return self._verdict.report(self.name)
