"""The window through which a frame is measured while its bytes are still arriving.

A measure is a generator: it asks `lacks(n)` before it reads, and yields while the answer is yes.  The scan then moves
the window over the grown buffer (`move`) and resumes it, so nothing is measured twice however the chunks fall.  Every
answer but "not yet" depends on the bytes of the frame alone, never on how many have arrived.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sigflow.reasons import ABORTED, INVALID, LENGTH, TOO_LONG
from sigflow.runtime.envelope import Refused
from sigflow.runtime.stream import KaitaiStream, aligned_find
from sigflow.runtime.stuffing import Stuffing


class Window(KaitaiStream):
    """A stream over data[at:end]; offsets count from `at`, the first byte of the frame.

    limit: the largest frame, in bytes.  sync: the literals whose second sight aborts a terminated run, () for none.
    closed: the frame ends at `end`: nothing is lacking, what reaches beyond is refused (`length`).
    looked: how many leading bytes were looked at.  wanted: where the field begins whose bytes were last found lacking,
    or too many.
    """

    def __init__(
        self, data: Any, at: int, end: int, limit: int, sync: tuple[bytes, ...] = (), *, closed: bool = False
    ) -> None:
        super().__init__(b"")
        self._data = data
        self._at = self._pos = at
        self._end = end
        self.limit = limit
        self.sync = sync
        self.looked = self.wanted = 0
        self._searched = 0
        self._ceiling: tuple[int, str] = (end - at, LENGTH) if closed else (limit, TOO_LONG)
        self._ceilings: list[tuple[int, str]] = []

    def move(self, data: Any, at: int, end: int) -> None:
        """The same frame in a buffer that has grown or moved."""
        shift = at - self._at
        self._data = data
        self._at = at
        self._pos += shift
        if self._bits_at >= 0:
            self._bits_at += shift
        self._end = end

    def pos(self) -> int:
        """The offset of the next byte, from the start of the frame."""
        return self._pos - self._at

    def size(self) -> int:
        """The size of the frame, where it is closed: what else has arrived says nothing about it."""
        return self._end - self._at

    def seek(self, n: int) -> None:
        """Go to offset n of the frame."""
        super().seek(n)
        self._pos = n + self._at

    def read_bytes(self, n: int) -> bytes:
        """n bytes; `lacks(n)` was asked before."""
        return bytes(super().read_bytes(n))

    def read_bytes_term(self, term: int, include_term: bool, consume_term: bool, eos_error: bool) -> bytes:
        """The bytes up to the next byte `term`; `lacks_term` was asked before."""
        return bytes(super().read_bytes_term(term, include_term, consume_term, eos_error))

    def read_bytes_term_multi(self, term: bytes, include_term: bool, consume_term: bool, eos_error: bool) -> bytes:
        """The bytes up to the next `term`; `lacks_term` was asked before."""
        return bytes(super().read_bytes_term_multi(term, include_term, consume_term, eos_error))

    def read_bytes_term_anywhere(self, term: bytes, include_term: bool, consume_term: bool, eos_error: bool) -> bytes:
        """The bytes up to the next `term`, at any place; `lacks_term` was asked before."""
        return bytes(super().read_bytes_term_anywhere(term, include_term, consume_term, eos_error))

    def read_stuffed(self, stuffing: Stuffing, end: bytes) -> bytes:
        """The bytes up to the next `end` that is not stuffed; `lacks_stuffed` was asked before."""
        return bytes(super().read_stuffed(stuffing, end))

    # ---------------------------------------------------------------- asking

    def _within(self, stop: int) -> None:
        ceiling, reason = self._ceiling
        if stop > ceiling:
            raise Refused(reason)

    def lacks(self, *sizes: int) -> bool:
        """Whether the bytes of fields in a row, so many each, have not all arrived.

        Raises `Refused` where they cannot belong to the frame: at the first such field, once those before it are there.
        """
        stop = self._pos - self._at
        for size in sizes:
            if size < 0:
                return self._lacks_any(sizes)
            stop += size
        if stop > self._ceiling[0] or self._at + stop > self._end:
            return self._lacks_any(sizes)
        self.looked = max(self.looked, stop)
        return False

    def _lacks_any(self, sizes: Iterable[int]) -> bool:
        """The same, field by field."""
        stop = self._pos - self._at
        for size in sizes:
            if size < 0:
                raise Refused(INVALID)
            self.wanted = stop
            stop += size
            self._within(stop)
            self.looked = max(self.looked, stop)
            if self._at + stop > self._end:
                return True
        return False

    def lacks_bits(self, *widths: int) -> bool:
        """The same of bit fields, so many bits each."""
        left, sizes = -self.bits_left, []
        for width in widths:
            # (A field takes the bytes that it begins; the bits before it are there.)
            taken = max((left + 7) // 8, 0)
            left += width
            sizes.append(max((left + 7) // 8, 0) - taken)
        return self.lacks(*sizes)

    def skip(self, n: int, negative: str = INVALID) -> None:
        """Pass over n bytes without looking at them; they need not have arrived.  negative: the reason where n is."""
        if n < 0:
            raise Refused(negative)
        self._bits_left = 0
        self._within(self._pos - self._at + n)
        self._pos += n

    def lacks_term(self, term: bytes, consume: bool = True, anywhere: bool = False) -> bool:
        """Whether the terminator of the run that begins here has not arrived.  anywhere: it may stand at any place.

        Raises `Refused`: `aborted` at a sync literal that begins inside the run; too long, if no terminator can stand
        within the frame.  While it is open whether a sync literal begins inside the run, the answer is yes.
        """
        self._bits_left = 0
        data, pos = self._data, self._pos
        unit = len(term)
        plain = anywhere or unit == 1
        begin = pos + self._searched - (0 if plain else self._searched % unit)
        within = self._searchable()
        place = data.find(term, begin, within) if plain else aligned_find(data, term, begin, within)
        return self._open(unit, begin, place, max(self._end - pos - unit + 1, 0))

    def lacks_stuffed(self, stuffing: Stuffing, term: bytes) -> bool:
        """The same of the literal that ends stuffed bytes, where it is not stuffed itself."""
        self._bits_left = 0
        begin = self._pos + self._searched
        place, passed = stuffing.find_end(self._data, term, begin, self._searchable())
        return self._open(len(term), begin, place, passed - self._pos)

    def _searchable(self) -> int:
        """Where a search ends: what lies beyond the ceiling has no say, it may have arrived or not."""
        return min(self._end, self._at + self._ceiling[0])

    def _open(self, unit: int, begin: int, place: int, searched: int) -> bool:
        """Whether a run is open whose terminator, `unit` bytes, was looked for from `begin` on: it stands at `place`,
        or nowhere (-1), and is looked for `searched` bytes from here next time.
        """
        data, pos, end = self._data, self._pos, self._end
        ceiling, reason = self._ceiling
        last = self._at + ceiling
        within = self._searchable()
        for literal in self.sync:
            size = len(literal)
            # A literal that begins before the terminator aborts; one that the end of the buffer cuts leaves it open.
            hit = data.find(literal, max(pos, begin - size + 1), min(place + size - 1, end) if place >= 0 else within)
            if hit >= 0:
                raise Refused(ABORTED)
            if place >= 0 and any(
                data[cut:end] == literal[: end - cut] for cut in range(max(pos, end - size + 1), place)
            ):
                return True
        if place < 0:
            if end >= last:
                raise Refused(reason)
            self._searched = searched
            return True
        self._searched = 0
        after = place + unit - self._at
        self.looked = max(self.looked, after)
        return False

    # ---------------------------------------------------------------- bounds that a spec declares

    def enter(self, n: int, reason: str) -> None:
        """Until `leave`, whatever reaches more than n bytes beyond here is refused for `reason`."""
        self._ceilings.append(self._ceiling)
        ceiling = self.pos() + n
        if ceiling < self._ceiling[0]:
            self._ceiling = (ceiling, reason)

    def leave(self) -> None:
        """End the bound that the last `enter` began."""
        self._ceiling = self._ceilings.pop()
