"""Which frames may have something wrong with them, or remarkable: those whose records are worth a look of their own.

A record's diagnostics cost parsing it, and decoding its payload.  Where the spec is such that parsing cannot fail, or
only at text at fixed places, and notes and codecs hang on fields at fixed places, what they would find is found here
for many frames at once.
Never is a frame left out that has a diagnostic; that one is taken which has none costs only time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow import codecs
from sigflow.columns import kernels
from sigflow.columns.budget import Budget, TooMuch
from sigflow.columns.conditions import NO, verdicts
from sigflow.columns.frame import FrameType
from sigflow.columns.gather import Stretches
from sigflow.columns.payloads import Payloads, can_gather
from sigflow.columns.text_faults import mark_faults
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.columns.frames import FrameBatch
    from sigflow.stream.format import Format

    Array = np.ndarray[Any, Any]


class Suspects:
    """Tells of the frames of one format.  State: when to load compiled functions."""

    def __init__(self, format: Format) -> None:
        self._format = format
        self._loader = kernels.Loader()
        self._type = _decidable(format)

    def of(self, frames: FrameBatch) -> Array:
        """For each of these frames, all of this format, whether its record may have diagnostics."""
        if self._type is None or not len(frames):
            return np.ones(len(frames), bool)
        try:
            return self._of(self._type, frames, Budget() if len(frames) > 1 else Budget(None))
        except TooMuch:
            half = len(frames) // 2
            return np.concatenate([self.of(frames.part(0, half)), self.of(frames.part(half, len(frames)))])

    def _of(self, type: FrameType, frames: FrameBatch, budget: Budget) -> Array:
        envelope, limits = self._format.envelope, self._format.limits
        assert envelope is not None
        suspect: Array = np.zeros(len(frames), bool)
        rows = Stretches.of(self._format, frames)
        for column in type.telling or ():
            mark_faults(column, rows, type.classes)
        suspect |= rows.failed
        for rule in envelope.decode.notes:
            assert rule.needs is not None
            suspect |= verdicts(rule.when, rule.needs, type.scalars, rows) != NO
        if envelope.decode.codecs:
            payloads = Payloads(rows, envelope)
            for _, applies in payloads.through(limits, type.scalars, budget):
                suspect[applies] |= self._lists(payloads, np.flatnonzero(applies))
            suspect |= payloads.troubled
        return suspect

    def _lists(self, payloads: Payloads, rows: Array) -> Array:
        """Whether something is wrong with the TLV lists of these frames."""
        limits = self._format.limits
        starts, stops = payloads.starts[rows], payloads.stops[rows]
        wrong = np.zeros(len(rows), bool)
        compiled = kernels.compiled() if self._loader.worth(int((stops - starts).sum())) else None
        if compiled is None:
            view, codec = payloads.data.data, codecs.get("tlv")
            for n, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
                wrong[n] = bool(codec.decode(view[start:stop], limits).problems)
        else:
            depth = kernels.depth_of(limits)
            compiled.check(payloads.data, starts, stops, depth, wrong, np.empty(depth + 1, np.int64))
        return wrong


def _decidable(format: Format) -> FrameType | None:
    """The frame type, where all that diagnostics come of can be told without parsing; else None."""
    envelope = format.envelope
    if envelope is None or envelope.decode.elements:
        return None
    try:
        type = FrameType(format)
    except UsageError:
        return None  # it does not describe its fields
    noted = all(
        rule.needs is not None and all(path in type.scalars for path in rule.needs) for rule in envelope.decode.notes
    )
    coded = not envelope.decode.codecs or can_gather(envelope, type.scalars)
    return type if type.telling is not None and noted and coded else None
