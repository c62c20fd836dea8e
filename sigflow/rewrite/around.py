"""Preambles and trailers of what is put together anew: each stands once, and is the same in all captures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sigflow.errors import SigflowError
from sigflow.runtime.envelope import PREAMBLE

if TYPE_CHECKING:
    from sigflow.columns.frames import FrameBatch
    from sigflow.rewrite.output import Output
    from sigflow.stream.format import Format


class Around:
    """What stands around the frames of captures.  State: the preambles and trailers that were met, by their formats."""

    def __init__(self, formats: Sequence[Format]) -> None:
        self._parts = {number: format for number, format in enumerate(formats) if format.is_part}
        self._known: dict[int, tuple[bytes, str]] = {}

    def without(self, frames: FrameBatch, name: str) -> FrameBatch:
        """The frames without what stands around them, which is kept.  name: of the capture.

        Raises `SigflowError` where it is not what was met before: frames that were read with one preamble say something
        else behind another.
        """
        import numpy as np

        if not self._parts or not len(frames):
            return frames
        mine = np.isin(frames.formats, list(self._parts))
        for row in np.flatnonzero(mine).tolist():
            number = int(frames.formats[row])
            raw = frames.data[int(frames.starts[row]) : int(frames.stops[row])].tobytes()
            before, other = self._known.setdefault(number, (raw, name))
            if before != raw:
                where = f"{name} and {other} have" if name != other else f"{name} has"
                text = f"{where} different parts {self._parts[number].name!r} around their frames"
                raise SigflowError(f"{text}: one file cannot hold the frames of both")
        return frames.at(~mine) if mine.any() else frames

    def begin(self, output: Output) -> None:
        """Write the preambles that were met."""
        self._write(output, preambles=True)

    def end(self, output: Output) -> None:
        """Write the trailers."""
        self._write(output, preambles=False)

    def _write(self, output: Output, *, preambles: bool) -> None:
        import numpy as np

        from sigflow.columns.frames import FrameBatch

        for number, (raw, _) in self._known.items():
            envelope = self._parts[number].envelope
            assert envelope is not None  # a part has one
            if (envelope.search.role == PREAMBLE) is preambles:
                zero, size = np.zeros(1, np.int64), np.full(1, len(raw), np.int64)
                data = np.frombuffer(raw, np.uint8)
                output.write(FrameBatch(data, zero, size, zero, np.full(1, number, np.int32)))
