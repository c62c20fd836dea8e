"""Which frames of a native pass have records that may have diagnostics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow.runtime.box import MARK_LOOK

if TYPE_CHECKING:
    from sigflow.columns.suspects import Suspects
    from sigflow.engine.passes import Batch
    from sigflow.recording.native_rows import NativeRows


class SuspectRows:
    """Tells of a pass: of the frames that the scan says so of, what a second look leaves.

    State: what that look needs, by the number of the format in the scan, once there was one.
    """

    def __init__(self, run: NativeRows) -> None:
        self._run = run
        self._suspects: list[Suspects] | None = None

    def rows(self, batch: Batch) -> list[int]:
        """The rows of these frames in a batch, in order."""
        import numpy

        rows = numpy.flatnonzero(batch.marks[:, 1] & MARK_LOOK)
        if not len(rows):
            return []
        if self._suspects is None:
            from sigflow.columns.suspects import Suspects

            self._suspects = [Suspects(format) for format in self._run.ordered]
        left = [
            mine[suspects.of(self._run.some(batch, mine))]
            for k, suspects in enumerate(self._suspects)
            if len(mine := rows[batch.marks[rows, 0] == k])
        ]
        listed: list[int] = sorted(numpy.concatenate(left).tolist())
        return listed
