"""A capture that still grows, read in parts: up to where frames are believed, whatever comes behind them.

Rules.  A part begins and ends where a believed frame ends, or begins at 0.  Bytes behind the last such place are not
read: a frame that is torn there may become whole.  Where a capture has ended, the rest of it is a part, too.

Strategy.  What more bytes cannot change, all but as many as a frame may reach (`index.identity.reach_of`), is scanned
as it is in a capture that has ended; a decoder, which is never told of an end, decides on the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sigflow.events import Record
from sigflow.index.identity import reach_of
from sigflow.recording.recording import Recording
from sigflow.recording.start import Start, checkpoint_at
from sigflow.storage.base import DEFAULT_CHUNK, Closing, chunks_between
from sigflow.stream.around import opened as bound_to
from sigflow.stream.decoder import Decoder

if TYPE_CHECKING:
    import numpy

    from sigflow.limits import Limits
    from sigflow.storage import Storage
    from sigflow.stream.format import Format

    Array = numpy.ndarray[tuple[int], numpy.dtype[numpy.int64]]

#: Bytes from which on the bulk is worth a scan of its own.
BULK = 1 << 20


class Believed(NamedTuple):
    """Where a believed frame ends, and the index of the next one."""

    offset: int
    first: int


class Bounded(Closing):
    """The first bytes of a storage, which may have more by now."""

    repeatable = True

    def __init__(self, inner: Storage, size: int) -> None:
        self._inner = inner
        self.name = inner.name
        self.size: int | None = size
        self._end = size

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes."""
        return self.between(chunk_size, start, self._end)

    def between(self, chunk_size: int, start: int, stop: int | None) -> Iterator[bytes]:
        """The same for who will read up to `stop`, or a little more."""
        left = self._end - start
        for chunk in chunks_between(self._inner, chunk_size, start, self._end if stop is None else stop):
            if left <= 0:
                return
            yield chunk[:left]
            left -= len(chunk)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer where the stream ends."""
        return self._inner.read(start, min(stop, self._end))

    def close(self) -> None:
        """Close the storage."""
        self._inner.close()


def believed(
    source: Storage,
    formats: Sequence[Format],
    limits: Limits | None = None,
    *,
    begin: Believed | None = None,
    size: int | None = None,
    every: int = 64 << 20,
    engine: str = "auto",
    ended: bool = False,
) -> list[Believed]:
    """Returns where parts of a capture may end, in order, each at least `every` bytes behind the one before, but for
    the last, behind which there is no believed frame yet; [] where there is nothing new.

    source: can be read at any offset.  begin: where the last part ended, if there was one.  size: bytes that are looked
    at, of what there is.  ended: nothing will come any more, so that the last part ends where the capture does.
    """
    end = source.size or 0 if size is None else min(size, source.size or 0)
    begin = begin or Believed(0, 0)
    bounded = Bounded(source, end)
    cuts = Cuts(begin, every)
    if ended:
        _scan(bounded, formats, limits, Start(*begin), engine, cuts)
        return cuts.all(Believed(end, cuts.last.first)) if end > begin.offset else []
    bound = bound_to([format.with_limits(limits) for format in formats], source.read(0, min(end, _HEAD)), final=False)
    if bound is None:
        return []  # (the preamble is not whole)
    safe = end - reach_of(bound)
    if safe - begin.offset >= BULK:
        _scan(bounded, formats, limits, Start(*begin), engine, cuts, safe)
    resume = checkpoint_at(Start(*cuts.last), bound)
    decoder = Decoder(bound, engine=engine, resume=resume)
    for chunk in bounded.chunks(1 << 20, resume.start):
        decoder.feed(chunk)
        for event in decoder.events():
            if isinstance(event, Record):
                cuts.frame(event.span.stop, event.index + 1)
    return cuts.all(cuts.last)


#: Bytes in which a preamble stands.
_HEAD = 1 << 20


class Cuts:
    """Where parts end.  State: those that were found, and the last believed frame."""

    def __init__(self, begin: Believed, every: int) -> None:
        self._found: list[Believed] = []
        self._every = every
        self._wanted = begin.offset + every
        self._begin = begin
        self.last = begin

    def frame(self, stop: int, following: int) -> None:
        """A frame is believed that ends there."""
        self.last = Believed(stop, following)
        if stop >= self._wanted:
            self._found.append(self.last)
            self._wanted = stop + self._every

    def frames(self, stops: Array, following: Array) -> None:
        """The same of many, in order."""
        row = 0
        while (row := int(stops.searchsorted(self._wanted))) < len(stops):
            self.frame(int(stops[row]), int(following[row]))
        if len(stops):
            self.last = Believed(int(stops[-1]), int(following[-1]))

    def all(self, last: Believed) -> list[Believed]:
        """Those, and the last."""
        if last.offset > (self._found[-1] if self._found else self._begin).offset:
            self._found.append(last)
        return self._found


def _scan(
    source: Storage,
    formats: Sequence[Format],
    limits: Limits | None,
    start: Start,
    engine: str,
    cuts: Cuts,
    safe: int | None = None,
) -> None:
    """The frames from there on, of those that end before `safe`."""
    recording = Recording(source, formats, limits=limits, engine=engine, index="never")
    for frames in recording.run_from(start).frames(raw=False):
        stops = frames.offsets + (frames.stops - frames.starts)
        kept = len(stops) if safe is None else int(stops.searchsorted(safe, "right"))
        cuts.frames(stops[:kept], frames.indexes[:kept] + 1)
        if kept < len(stops):
            return
