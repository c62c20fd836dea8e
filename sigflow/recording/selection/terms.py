"""An expression bound to a format: its type, what it is for one frame, and where it can be, for many at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sigflow.compiler.model import Type

if TYPE_CHECKING:
    from sigflow.columns.frames import FrameBatch
    from sigflow.columns.gather import Stretches
    from sigflow.events import Record
    from sigflow.recording.selection.vectors import Vector


class Absent(ValueError):
    """A field that is not there in this frame."""


@dataclass(frozen=True, slots=True)
class Many:
    """Frames of one format: where they lie, and their bytes as the spec describes them; and the columns of numbers that
    were asked for, by their paths.
    """

    frames: FrameBatch
    rows: Stretches
    columns: dict[str, Vector] = field(default_factory=dict)


#: What an expression is for one frame; raises one of `WIRE_ERRORS` where it cannot be computed.
OfRecord = Callable[["Record"], Any]
#: What it is for many; raises `NotExact` where that cannot be said in arrays.
OfFrames = Callable[[Many], "Vector"]


@dataclass(frozen=True, slots=True)
class Term:
    """A bound expression.  of_frames: None where each frame has to be asked."""

    type: Type
    of_record: OfRecord
    of_frames: OfFrames | None = None
