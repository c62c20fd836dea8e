"""Units that do not stand on the wire as they are (`Framing`): taken off it, unstuffed and measured.

A verdict is that of `header`: bytes of the wire, a reason, or None while bytes are lacking.  It follows from the bytes
of the frame alone, and at the end of the stream from that; what is kept of a unit that is not all there is cache.

A delimited unit is looked at once, when its delimiter has come: no two of them share a byte.  What begins with a
literal is passed step by step, a step being a byte, or an escape with what it escapes, so that an escaped literal is
none; there units may overlap, and a low limit bounds the work.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple

from sigflow.reasons import ABORTED, LENGTH, STUFFING, TOO_LONG
from sigflow.runtime.envelope import Measured
from sigflow.runtime.measure import maybe_advance
from sigflow.runtime.stored import of_wire
from sigflow.runtime.window import Window
from sigflow.stream.header import IDLE
from sigflow.stream.segment import ENDS

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope, Framing
    from sigflow.stream.segment import Buffer, Segment

#: The largest frame of a format whose units begin with a literal.
MOST_WALKED = 1 << 16


class Unit(NamedTuple):
    """A whole unit.  size: bytes of the wire.  checked: what its checksums see, the unit and its trailer."""

    size: int
    checked: bytes
    measured: Measured


class Delimited:
    """Units between delimiters."""

    def __init__(self, envelope: Envelope, limit: int) -> None:
        assert envelope.search.framing is not None  # else there is nothing to do here
        self.framing = envelope.search.framing
        self._delimiter = self.framing.delimiter
        self.units = Closed(envelope, limit)
        self._limit = limit
        self.drop()

    def drop(self) -> None:
        """Forget how far units were searched for their end."""
        self._searched = (-1, 0)

    def forget(self, offset: int) -> None:
        """Nothing is kept for long."""

    def begins(self, segment: Segment, at: int) -> bool:
        """Whether a unit may begin at data[at]: behind a delimiter, or where frames begin."""
        if segment.base + at == segment.begins:
            return True
        size = len(self._delimiter)
        return at >= size and segment.data.startswith(self._delimiter, at - size)

    def take(self, segment: Segment, at: int) -> Unit | str | None:
        """The unit that begins at data[at], where one may begin."""
        data, delimiter = segment.data, self._delimiter
        if data.startswith(delimiter, at):
            return IDLE
        key = segment.base + at
        begin = at + self._searched[1] if self._searched[0] == key else at
        stop = data.find(delimiter, begin, at + self._limit)
        behind = stop + len(delimiter)
        if stop < 0:
            if len(data) - at >= self._limit:
                return TOO_LONG
            if not (segment.final == ENDS and self.framing.last_open):
                self._searched = key, max(len(data) - at - len(delimiter) + 1, 0)
                return None
            stop = behind = len(data)
        return self.units.unit(bytes(data[at:stop]), behind - at)


class Closed:
    """Units whose end the wire tells: unstuffed, and measured when they are whole."""

    def __init__(self, envelope: Envelope, limit: int) -> None:
        assert envelope.search.framing is not None
        self._framing = envelope.search.framing
        #: Whether a checksum covers bytes of the wire.
        self.wired = any(checksum.wire for checksum in envelope.search.checksums)
        self._stuffing = envelope.search.framing.stuffing
        self._measure = envelope.measure
        self._limit = limit
        #: The last unit that its measure refused, for who explains why.
        self.refused = b""

    def unit(self, stuffed: bytes, size: int, trailer: bytes = b"") -> Unit | str:
        unit = self._stuffing.unstuff(stuffed) if self._stuffing is not None else stuffed
        if unit is None:
            return STUFFING
        window = Window(unit, 0, len(unit), self._limit, closed=True)
        measured = maybe_advance(self._measure.incremental(window), self._measure.reasons)
        if measured is None or isinstance(measured, str) or measured.length != len(unit):
            self.refused = unit
            return measured if isinstance(measured, str) else LENGTH
        if self.wired:
            framing = self._framing
            measured = self.on_wire(
                measured, framing.start + stuffed + (framing.end or framing.delimiter[: size - len(stuffed)]) + trailer
            )
        return Unit(size, unit + trailer, measured)

    def on_wire(self, measured: Measured, wire: bytes) -> Measured:
        """What was measured, with the bytes of the wire that checksums cover.  wire: the whole frame."""
        checks = tuple(of_wire(laid, self._framing, wire) for laid in measured.checks)
        return Measured(measured.length, measured.looked, checks)


class Begun:
    """Units that a literal begins, and another ends; or that say their own length."""

    def __init__(self, envelope: Envelope, limit: int) -> None:
        assert envelope.search.framing is not None  # else there is nothing to do here
        self.framing = envelope.search.framing
        self._envelope = envelope
        self.units = Closed(envelope, limit)
        self._limit = limit
        self._specials = _Specials(self.framing, envelope.search.aborted_by_sync)
        self.drop()

    def drop(self) -> None:
        """Forget the units that are not all there."""
        self._walks: dict[int, _Walk] = {}

    def begins(self, segment: Segment, at: int) -> bool:
        """Whether a unit begins at data[at]."""
        return segment.data.startswith(self.framing.start, at)

    def forget(self, offset: int) -> None:
        """Let go of what begins before the offset."""
        if self._walks:
            self._walks = {key: walk for key, walk in self._walks.items() if key >= offset}

    def take(self, segment: Segment, at: int) -> Unit | str | None:
        """The unit that begins at data[at], where the literal stands."""
        key = segment.base + at
        walk = self._walks.pop(key, None) or _Walk(len(self.framing.start))
        unit = (self._ended if self.framing.end else self._measured)(walk, segment.data, at)
        if unit is None:
            self._walks[key] = walk
        return unit

    def _ended(self, walk: _Walk, data: Buffer, at: int) -> Unit | str | None:
        """The unit up to the literal that ends it."""
        framing = self.framing
        behind = len(framing.end) + framing.trailer
        why = self._specials.pass_over(walk, data, at, self._limit - behind, keep=False)
        if why != _END:
            return why
        size = walk.place + behind
        if at + size > len(data):
            return None
        stuffed = bytes(data[at + len(framing.start) : at + walk.place])
        return self.units.unit(stuffed, size, bytes(data[at + size - framing.trailer : at + size]))

    def _measured(self, walk: _Walk, data: Buffer, at: int) -> Unit | str | None:
        """The unit as long as it says itself: its measure sees what stands before whatever ends the way."""
        most = self._limit - len(self.framing.start)
        why = self._specials.pass_over(walk, data, at, self._limit - 1, keep=True)
        if walk.measured is None:
            measured = walk.advance(self._envelope, most)
            if isinstance(measured, str):
                self.units.refused = bytes(walk.unit)
                return measured
            walk.measured = measured
        if walk.measured is not None:
            length = walk.measured.length
            if length > most:
                return TOO_LONG
            if length <= len(walk.unit):
                size = walk.wire(length)
                if size is None:
                    return LENGTH
                if size > self._limit:
                    return TOO_LONG
                measured = walk.measured
                if self.units.wired:
                    measured = self.units.on_wire(measured, bytes(data[at : at + size]))
                return Unit(size, bytes(walk.unit[:length]), measured)
        return why


class _Walk:
    """The way through a unit.  place: bytes of the wire that are passed.  unit: what they say, where it is kept; steps:
    (place in the unit, on the wire, whether it is escaped) of its stretches.
    """

    __slots__ = ("_run", "_window", "measured", "place", "steps", "unit")

    def __init__(self, place: int) -> None:
        self.place = place
        self.unit = bytearray()
        self.steps: list[tuple[int, int, bool]] = []
        self.measured: Measured | None = None
        self._window: Window | None = None
        self._run: Generator[None, None, Measured] | None = None

    def keep(self, meant: bytes, size: int, *, escaped: bool) -> None:
        """Pass over `size` bytes of the wire."""
        self.steps.append((len(self.unit), self.place, escaped))
        self.unit += meant

    def advance(self, envelope: Envelope, limit: int) -> Measured | str | None:
        """Go on with the measure, over what there is of the unit."""
        if self._window is None or self._run is None:
            self._window = Window(b"", 0, 0, limit)
            self._run = envelope.measure.incremental(self._window)
        elif len(self.unit) < self._window.looked:
            return None
        self._window.move(bytes(self.unit), 0, len(self.unit))
        return maybe_advance(self._run, envelope.measure.reasons)

    def wire(self, length: int) -> int | None:
        """How many bytes of the wire so many of the unit take; None where something escaped would be cut."""
        if length == len(self.unit):
            return self.place
        number = bisect_right(self.steps, length, key=lambda step: step[0])
        begin, place, escaped = self.steps[number - 1]
        return place if length == begin else None if escaped else place + length - begin


#: What a way through a unit came to: the literal that ends it.
_END = "end"


class _Specials:
    """What means something inside a unit: a doubled mark, what ends a unit or begins one, an escape.  Where two of them
    may stand, that order decides.
    """

    def __init__(self, framing: Framing, aborts: bool) -> None:
        stuffing = framing.stuffing
        mark = stuffing.mark if stuffing is not None and stuffing.kind in ("double", "escape") else b""
        doubled = stuffing is not None and stuffing.kind == "double"
        self._mark = mark
        self._escape = mark if mark and not doubled else b""
        self._xor = stuffing.xor if stuffing is not None else 0
        self._pairs = dict(stuffing.pairs) if stuffing is not None else {}
        kinds = {
            "doubled": 2 * mark if doubled else b"",
            "end": framing.end,
            "start": framing.start if aborts else b"",
        }
        self._literals = [(kind, literal) for kind, literal in kinds.items() if literal]
        pattern = [b"(?P<%b>%b)" % (kind.encode(), re.escape(literal)) for kind, literal in self._literals]
        if mark:
            pattern.append(b"(?P<mark>%b%b)" % (re.escape(mark), b"" if doubled else b"."))
        self._pattern = re.compile(b"|".join(pattern) or b"(?!)", re.DOTALL)
        self._longest = max((len(literal) for _, literal in self._literals), default=1)
        self._longest = max(self._longest, len(mark) + 1)

    def pass_over(self, walk: _Walk, data: Buffer, at: int, last: int, *, keep: bool) -> str | None:
        """Pass over as many steps as there are, the last of which may begin at `last`.  keep: what they say.

        Returns what ended the way: `end`, a reason, or None where bytes are lacking.
        """
        while walk.place <= last:
            place = at + walk.place
            stop = min(len(data), at + last + 1 + self._longest)
            match = self._pattern.search(data, place, stop)
            special = stop if match is None else match.start()
            kind = "" if match is None else match.lastgroup or ""
            cut = self._cut(data, place, special, kind) if stop == len(data) else None
            plain = min(special if cut is None else cut, at + last + 1)
            if plain > place:
                if keep:
                    walk.keep(bytes(data[place:plain]), plain - place, escaped=False)
                walk.place = plain - at
                continue
            if cut is not None or match is None:
                return None
            if kind in ("end", "start"):
                return _END if kind == "end" else ABORTED
            meant = self._mark if kind == "doubled" else self._meant(match[0])
            if meant is None:
                return STUFFING
            if keep:
                walk.keep(meant, len(match[0]), escaped=True)
            walk.place += len(match[0])
        return TOO_LONG

    def _meant(self, escape: bytes) -> bytes | None:
        """What an escape stands for; a mark that is to be doubled means nothing alone."""
        if not self._escape:
            return None
        code = escape[-1]
        meant = self._pairs.get(code) if self._pairs else code ^ self._xor
        return None if meant is None else bytes((meant,))

    def _cut(self, data: Buffer, place: int, special: int, kind: str) -> int | None:
        """Where something begins that the end of the buffer cuts, up to where the next special stands.  kind: of that
        one, before which only what comes before it in the order counts.
        """
        for here in range(max(place, len(data) - self._longest + 1), min(special + 1, len(data))):
            rest = bytes(data[here:])
            for name, literal in self._literals:
                if here == special and name == kind:
                    break
                if len(rest) < len(literal) and literal.startswith(rest):
                    return here
            else:
                if rest == self._escape:
                    return here
        return None
