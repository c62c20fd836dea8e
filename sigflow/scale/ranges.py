"""A capture in ranges that are scanned side by side, by other processes or machines, and stitched by one.

Strategy.  Nobody knows the state of the scan where a range begins.  Each is scanned as if nothing stood before it, and
all places through which that scan went are told, packed.  Who stitches carries the true state from range to range, and
takes over what was found from a place on through which the true scan goes, too (`engine.stitch`); until there, mostly
for less than a frame, it reads and scans itself.  What comes out are parts that begin with true states.

Exact, whatever the bytes are: what is taken over is what a scan from the same state gives.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow import storage
from sigflow.engine import Native
from sigflow.engine.passes import Batch
from sigflow.engine.stitch import ScannedRange, Stitched, scanned
from sigflow.scale.following import Believed, Cuts

if TYPE_CHECKING:
    import numpy

    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]

#: Bytes of a range.
RANGE = 64 << 20


class Range(NamedTuple):
    """[start, stop) of a capture."""

    capture: str
    start: int
    stop: int


class FoundPlaces(NamedTuple):
    """The places through which the scan of a range went, packed, and the state in which it ended.

    sizes, leads: of each frame its bytes, and those before it.  gaps, reasons: as of `engine.passes.Batch`.
    """

    sizes: tuple[str, bytes]
    leads: tuple[str, bytes]
    gaps: tuple[str, bytes]
    reasons: tuple[str, bytes]
    pos: int
    lock: int


def ranges_of(capture: str, size: int, length: int = RANGE) -> list[Range]:
    """The ranges of a capture of so many bytes."""
    return [Range(capture, start, min(start + length, size)) for start in range(0, size, length)]


def can_stitch(formats: Sequence[Format]) -> bool:
    """Whether ranges can be scanned side by side for these formats: those that the native engine can scan for."""
    return not Native.obstacle(formats)


def places_in(wanted: Range, formats: Sequence[Format]) -> FoundPlaces:
    """Scans a range by itself.  formats: with their limits, and bound to the preamble."""
    with storage.open(wanted.capture) as source:
        part = scanned(Native(formats), source, wanted.start, wanted.stop)
    starts, stops = part.batch.frames[:, 0], part.batch.frames[:, 1]
    leads = starts.copy()
    leads[1:] -= stops[:-1]
    gaps, reasons = part.batch.gaps, part.batch.reasons
    return FoundPlaces(_packed(stops - starts), _packed(leads), _packed(gaps), _packed(reasons), part.pos, part.lock)


def _packed(numbers: Array) -> tuple[str, bytes]:
    import numpy as np

    kind = np.min_scalar_type(int(numbers.max())) if numbers.size and numbers.min() >= 0 else np.dtype(np.int64)
    return kind.str, zlib.compress(np.ascontiguousarray(numbers, kind).tobytes(), 1)


def _unpacked(column: tuple[str, bytes]) -> Array:
    import numpy as np

    return np.frombuffer(zlib.decompress(column[1]), column[0]).astype(np.int64)


def _as_scanned(places: FoundPlaces) -> ScannedRange:
    import numpy as np

    sizes, leads = _unpacked(places.sizes), _unpacked(places.leads)
    frames = np.zeros((len(sizes), 4), np.int64)
    frames[:, 1] = np.cumsum(sizes + leads)
    frames[:, 0] = frames[:, 1] - sizes
    gaps = _unpacked(places.gaps).reshape(-1, 4)
    batch = Batch(frames, np.zeros((len(sizes), 2), np.int64), gaps, _unpacked(places.reasons), None, 0)
    return ScannedRange(batch, places.pos, places.lock)


def stitched(
    capture: str, formats: Sequence[Format], scans: Iterable[tuple[Range, FoundPlaces]], every: int
) -> tuple[list[Believed], int]:
    """Returns where parts of a capture begin, each at least `every` bytes behind the one before, and how many frames
    there are.  scans: its ranges, in order.
    """
    cuts = Cuts(Believed(0, 0), every)
    parts: Iterator[tuple[int, int, ScannedRange]] = (
        (wanted.start, wanted.stop, _as_scanned(places)) for wanted, places in scans
    )
    with storage.open(capture) as source:
        frames = 0
        for batch in Stitched(Native(formats), source, 1).joined(parts):
            count = len(batch.frames)
            cuts.frames(batch.frames[:, 1] + batch.base, _counting(frames + 1, count))
            frames += count
    places = [cut for cut in cuts.all(cuts.last) if cut.first < frames]
    return [Believed(0, 0), *places], frames


def _counting(first: int, count: int) -> Array:
    import numpy as np

    return np.arange(first, first + count)
