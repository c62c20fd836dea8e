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

    The scan knows the limits of the spec.  Where the user has set others on what is nested, repeated or inflated, which
    only parsing asks for, every frame of the format gets that look.

    State: what that look needs, by the number of the format in the scan, once there was one.
    """

    def __init__(self, run: NativeRows) -> None:
        self._run = run
        self._suspects: list[Suspects] | None = None
        self._limited = [k for k, format in enumerate(run.ordered) if format.limits.over_the_wire]

    def rows(self, batch: Batch) -> list[int]:
        """The rows of these frames in a batch, in order."""
        import numpy

        doubtful = (batch.marks[:, 1] & MARK_LOOK).astype(bool)
        for k in self._limited:
            doubtful |= batch.marks[:, 0] == k
        rows = numpy.flatnonzero(doubtful)
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
