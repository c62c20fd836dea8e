"""A stream with one fault, scanned again only where the fault can change anything.

Rules.  The state of a scan is (pos, locked) alone, and no verdict looks at a byte before pos
(`docs/architecture.md`).  So

* what the bytes before the fault decide, fed alone, is decided in the damaged stream as well: it is scanned from the
  last frame end among it;
* at a frame end behind the fault that both streams have, the two scans are in the same state and have the same bytes
  before them: the damaged stream is scanned up to the first of those.

Frame ends, since no gap goes over one, and the lock is the same at all of them.  `whole` puts what was found between
them among what is known of the undamaged stream; that it is what a scan of the whole damaged stream gives is tested
(`tests/test_damage.py`), and promised nowhere else.

Strategy.  The Python scan runs in a decoder, the native one in a sweep that is used again and again; both get the
stream in pieces that grow, and stop where they meet the undamaged scan.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sigflow.engine import Native
from sigflow.engine.passes import Batch, Pass
from sigflow.engine.window import Window, read_only
from sigflow.events import Event, Gap, Record
from sigflow.stream.chain import START, YES
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format

#: Bytes behind the fault that are scanned at first; each further piece is four times as long.
AHEAD = 64


@dataclass(frozen=True, slots=True)
class Piece:
    """A frame or a gap.  format: "" in a gap.  reasons: () in a frame."""

    start: int
    stop: int
    format: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What the damaged stream gives from `start` to `stop`, offsets that are frame ends of the undamaged one, too, or
    the begin or the end of the stream.  records: those of the Python scan, by their offset in the stream.
    """

    start: int
    stop: int
    pieces: list[Piece]
    records: dict[int, Record]


def pieces_of(events: Iterable[Event], base: int = 0) -> list[Piece]:
    """Frames and gaps of a stream that begins at offset `base`."""
    pieces = []
    for event in events:
        if isinstance(event, Record):
            pieces.append(Piece(base + event.start, base + event.stop, event.format, ()))
        elif isinstance(event, Gap):
            pieces.append(Piece(base + event.span.start, base + event.span.stop, "", event.reasons))
    return pieces


class Undamaged:
    """A stream, what is in it, and what becomes of it when it is damaged.

    places: where it will be damaged or cut, in order.  State: the native sweep, which is used again.
    """

    def __init__(self, formats: Sequence[Format], data: bytes, native: Native | None, places: Iterable[int]) -> None:
        """native: also scans what the Python engine does, and must find the same."""
        self.formats = tuple(formats)
        self.data = data
        self._pairs = [(member.envelope, member.max_frame) for member in self.formats if member.envelope is not None]
        self._native = native
        if native is not None:
            self._sweep = native.sweep()
            self._names = [native.formats[number].name for number in native.scan.numbers]
            self._words = [
                f"{native.formats[number].name}:{text}" if number >= 0 else text
                for number, text in native.scan.reasons()[0]
            ]
        decoder = Decoder(self.formats, engine="python")
        decoder.feed(data)
        decoder.feed_eof()
        self.events = list(decoder.events())
        self.pieces = pieces_of(self.events)
        check_tiles(self.pieces, 0, len(data))
        self._starts = [piece.start for piece in self.pieces]
        self._ends = frozenset(piece.stop for piece in self.pieces if piece.format)
        self._settled = dict(self._settle(places))

    def _settle(self, places: Iterable[int]) -> Iterator[tuple[int, int]]:
        """For each place, the last frame end that the bytes before it decide."""
        decoder = Decoder(self.formats, engine="python")
        fed = last = 0
        for place in places:
            decoder.feed(self.data[fed:place])
            fed = place
            for event in decoder.events():
                if isinstance(event, Record):
                    last = event.stop
            assert last == 0 or last in self._ends, "what is decided does not depend on what follows"
            yield place, last

    # ---------------------------------------------------------------- damage

    def flipped(self, bit: int) -> tuple[bytes, Change]:
        """The stream with this bit flipped, and what it changes."""
        place = bit >> 3
        damaged = bytearray(self.data)
        damaged[place] ^= 1 << (bit & 7)
        data = bytes(damaged)
        return data, self._change(data, place)

    def cut(self, length: int) -> Change:
        """What cutting the stream to this length changes; the change goes to its end."""
        return self._change(self.data[:length], length)

    def _change(self, data: bytes, place: int) -> Change:
        """What a damaged stream gives; it is as it was before `place` and, if it is as long, behind it."""
        start = self._settled[place]
        events, stop = self._by_python(data, start, place)
        pieces = pieces_of(events, start)
        check_tiles(pieces, start, stop)
        if self._native is not None:
            assert self._by_native(data, start, place) == (pieces, stop), (place, start, stop)
        records = {start + event.start: event for event in events if isinstance(event, Record)}
        return Change(start, stop, pieces, records)

    def whole(self, change: Change, length: int) -> list[Piece]:
        """All that a damaged stream of this length gives."""
        first = bisect_left(self._starts, change.start)
        last = bisect_left(self._starts, change.stop)
        rest = self.pieces[last:] if change.stop < length else []
        return [*self.pieces[:first], *change.pieces, *rest]

    def _meets(self, end: int, place: int) -> bool:
        """Whether both streams have a frame end here, behind the fault."""
        return end > place and end in self._ends

    # ---------------------------------------------------------------- engines

    def _by_python(self, data: bytes, start: int, place: int) -> tuple[list[Event], int]:
        lock = YES if start else START
        decoder = Decoder(self.formats, engine="python")
        decoder._scanner.resume(0, lock)  # type: ignore[union-attr]
        events: list[Event] = []
        for piece in windows(start, place, len(data)):
            decoder.feed(data[piece.start : piece.stop])
            if piece.stop == len(data):
                decoder.feed_eof()
            for event in decoder.events():
                events.append(event)
                if isinstance(event, Record) and self._meets(start + event.stop, place):
                    return events, start + event.stop
        return events, len(data)

    def _by_native(self, data: bytes, start: int, place: int) -> tuple[list[Piece], int]:
        sweep = self._sweep
        sweep.begin(0, YES if start else START)
        run = Pass(self._pairs, sweep)
        pieces: list[Piece] = []
        for piece in windows(start, place, len(data)):
            window = Window(read_only(data[start : piece.stop]), start, piece.stop == len(data))
            sweep.drop()
            for batch in run.over(window, piece.stop - start):
                for row in self._rows(batch):
                    if not row.format and pieces and not pieces[-1].format:
                        before = pieces.pop()
                        reasons = tuple(dict.fromkeys(before.reasons + row.reasons))
                        pieces.append(Piece(before.start, row.stop, "", reasons))
                        continue
                    pieces.append(row)
                    if row.format and self._meets(row.stop, place):
                        return pieces, row.stop
        return pieces, len(data)

    def _rows(self, batch: Batch) -> list[Piece]:
        """The rows of a batch, in order."""
        base, codes = batch.base, batch.reasons.tolist()
        rows = [
            Piece(base + start, base + stop, self._names[k], ())
            for (start, stop), k in zip(batch.frames[:, :2].tolist(), batch.marks[:, 0].tolist(), strict=True)
        ]
        for start, stop, first, count in batch.gaps.tolist():
            reasons = tuple(dict.fromkeys(self._words[code] for code in codes[first : first + count]))
            rows.append(Piece(base + start, base + stop, "", reasons))
        return sorted(rows, key=lambda row: row.start)


def windows(start: int, place: int, end: int) -> Iterator[range]:
    """The pieces in which a stream is read from `start` on: to some bytes behind `place`, and then ever farther."""
    ahead, at = AHEAD, start
    stop = min(end, place + ahead)
    while True:
        yield range(at, stop)
        if stop >= end:
            return
        ahead *= 4
        at, stop = stop, min(end, place + ahead)


def check_tiles(pieces: Sequence[Piece], start: int, stop: int) -> None:
    """The pieces are [start, stop), in order; no two gaps touch; a gap has reasons."""
    at = start
    for piece in pieces:
        assert piece.start == at < piece.stop and (piece.format or piece.reasons), piece
        at = piece.stop
    assert at == stop
    assert all(before.format or after.format for before, after in pairwise(pieces))
