"""The numbers at fixed places as a structured array of NumPy: one field per path, without nulls.

These are the integers, floats, booleans and enums (as their numbers) that stand at the same place in every frame, and
are there whatever else fails; what has a condition, a variable place, or several elements is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow.columns.frame import FrameType
from sigflow.columns.gather import Stretches, dtype_of
from sigflow.errors import UsageError
from sigflow.runtime.column import Bits, Named, Number

if TYPE_CHECKING:
    from sigflow.columns.frames import FrameBatch
    from sigflow.stream.format import Format

ENVELOPE = [("_offset", np.int64), ("_length", np.int64), ("_index", np.int64)]


class ScalarColumns:
    """The numbers of one format; `UsageError` for several, whose frames have no fields in common."""

    def __init__(self, formats: Sequence[Format]) -> None:
        if len(formats) > 1:
            names = ", ".join(item.name for item in formats)
            raise UsageError(f"an array has the fields of one format, these are several: {names}")
        self._formats = formats
        self._scalars = list(FrameType(formats[0]).scalars.values()) if formats else []
        self.dtype = np.dtype([*ENVELOPE, *((item.path, _type(item.kind)) for item in self._scalars)])

    def array(self, frames: FrameBatch) -> np.ndarray[Any, Any]:
        """The numbers of these frames."""
        array = np.empty(len(frames), self.dtype)
        array["_offset"] = frames.offsets
        array["_length"] = frames.stops - frames.starts
        array["_index"] = frames.indexes
        if self._scalars:
            rows = Stretches.of(self._formats[0], frames)
            for scalar in self._scalars:
                array[scalar.path] = scalar.numbers(rows)
        return array

    def empty(self) -> np.ndarray[Any, Any]:
        """No frames."""
        return np.empty(0, self.dtype)


def _type(kind: Number | Bits | Named) -> np.dtype[Any]:
    return np.dtype(bool) if isinstance(kind, Bits) and kind.boolean else dtype_of(kind)
