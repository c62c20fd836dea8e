"""Single frames of a recording: by number, offset, time or counter; at once where there is an index."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sigflow.events import Record

if TYPE_CHECKING:
    from sigflow.recording.places import Places
    from sigflow.recording.run import AnyRun
    from sigflow.stream.format import Format


class Located:
    """What a recording answers of single frames."""

    formats: Sequence[Format]

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of what is read."""

    @abstractmethod
    def run(self, *, keep: bool = False) -> AnyRun:
        """A new pass from the beginning."""

    @abstractmethod
    def places(self) -> Places | None:
        """Where the frames are, by the index."""

    def frame(self, number: int) -> Record:
        """Returns the frame of this index, at once where the capture has an index.

        Raises `IndexError` where there are not so many.
        """
        places = self.places()
        if places is not None:
            return places.frame(number)
        record = next((record for record in self._everything() if record.index == number), None)
        if record is None:
            raise IndexError(f"{self.name}: there is no frame {number}")
        return record

    def frame_at(self, offset: int) -> Record | None:
        """Returns the frame of which a byte stands at this offset; None where it is in no frame."""
        places = self.places()
        if places is not None:
            return places.at(offset)
        return next((record for record in self._everything() if offset in record.span), None)

    def first_since(self, time: int) -> Record | None:
        """Returns the first frame whose time is this, or later: nanoseconds, as `Record.time`; None where none is."""
        places = self.places()
        if places is not None:
            return places.since(time)
        records = self._everything()
        return next((record for record in records if record.time is not None and record.time >= time), None)

    def counted(self, counter: int, stream: object = None, format: str | None = None) -> Iterator[Record]:
        """Returns an iterator over the frames of a stream whose sequence counter is this, in order.

        stream: its id; None where the format does not tell streams apart.  format: only of this one.
        """
        places = self.places()
        if places is not None:
            return places.counted(counter, stream, format)
        formats = {own.name: own for own in self.formats}
        return (
            record
            for record in self._everything()
            if record.sequence == counter
            and format in (None, record.format)
            and formats[record.format].stream_of(record) == stream
        )

    def _everything(self) -> Iterator[Record]:
        """All records, whatever is selected."""
        return (event for event in self.run().events() if isinstance(event, Record))
