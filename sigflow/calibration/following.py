"""The last values of other frames: what `last(KIND, FIELD)` in a computed quantity is.

Rules.  Frames are taken in the order of the stream.  What is remembered is told for each format and each stream of it
apart, and goes with a record (`Record.carried`) as it was before that frame.  A frame in which the field cannot be had
leaves what was before.  Of so many streams the ones that were longest not seen are forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.events import Record

#: Streams of which values are remembered.
STREAMS = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """A value that is remembered.  is_kind: of which frames.  of: what it is there; None where it cannot be had."""

    is_kind: Callable[[Record], bool]
    of: Callable[[Record], Any]


class Following:
    """State: the last values, by format and stream."""

    def __init__(self, followed: Mapping[str, Sequence[Followed]], stream_of: Callable[[Record], str]) -> None:
        """followed: by the names of formats.  stream_of: the stream of a record, as a text."""
        self._followed = followed
        self._stream_of = stream_of
        self._values: dict[str, list[Any]] = {}

    def take(self, record: Record) -> None:
        """The next frame: it is told what was before it."""
        followed = self._followed.get(record.format)
        if not followed:
            return
        key = f"{record.format} {self._stream_of(record)}"
        values = self._values.pop(key, None) or [None] * len(followed)
        record.carried = tuple(values)
        for place, entry in enumerate(followed):
            if entry.is_kind(record):
                value = entry.of(record)
                values[place] = value if value is not None else values[place]
        self._values[key] = values
        if len(self._values) > STREAMS:
            del self._values[next(iter(self._values))]

    def tree(self) -> Any:
        """The state as JSON."""
        return [[key, values] for key, values in self._values.items()]

    def restore(self, tree: Any) -> None:
        """The other way round.  Raises `UsageError` for what is none."""
        counts = {name: len(followed) for name, followed in self._followed.items()}
        try:
            self._values = {str(key): list(values) for key, values in tree}
            wrong = any(counts[key.partition(" ")[0]] != len(values) for key, values in self._values.items())
        except (TypeError, ValueError, KeyError) as error:
            raise UsageError(f"these are no last values: {error}") from error
        if wrong:
            raise UsageError("these are last values of other quantities")
