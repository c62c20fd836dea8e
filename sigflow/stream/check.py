"""Does the checksum of a complete frame hold?  Directly where the account allows it, else from prefix sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sigflow import checksums
from sigflow.runtime.stored import decoded, layouts_in, number
from sigflow.stream.headers import framed
from sigflow.stream.prefix import PARTIAL, Prefix, spacing
from sigflow.stream.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sigflow.checksums import Algorithm, RangeSums
    from sigflow.runtime.envelope import Checksum, Laid, Piece
    from sigflow.stream.account import Account
    from sigflow.stream.header import Header
    from sigflow.stream.segment import Buffer

#: Shorter stretches are sliced, longer ones viewed: a view costs more to make, a slice more to fill.
_VIEWED = 4096

#: A stretch of the buffer, or literal bytes.
_Stretch = tuple[int, int] | bytes


class Check:
    """One checksum of a format, ready to be computed.  ranges: its form for ranges of the frame's bytes, if any."""

    __slots__ = ("algorithm", "checksum", "prefix", "ranges")

    def __init__(self, checksum: Checksum) -> None:
        self.checksum = checksum
        named = checksum.algorithm
        self.algorithm: Algorithm | None = checksums.get(named) if named is not None else None
        has_ranges = self.algorithm is not None and not checksum.decoded
        self.ranges: RangeSums | None = self.algorithm.ranges() if self.algorithm and has_ranges else None
        self.prefix: Prefix | None = None

    @property
    def name(self) -> str:
        """What it is called, for people."""
        return checksums.name_of(self.checksum.algorithm)

    def stored(self, data: Buffer, at: int) -> int | None:
        """The value that stands at data[at]; None if the text there is no number."""
        return number(self.checksum, bytes(data[at : at + self.checksum.size]))

    def stretches(
        self, data: Buffer, at: int, stop: int, pieces: tuple[Piece, ...], field: int
    ) -> list[_Stretch] | None:
        """What is covered, as stretches of the buffer; the field itself as zeros, if it counts as such; None where it
        is a text that spells no bytes.
        """
        stretches: list[_Stretch] = []
        for piece in pieces:
            if isinstance(piece, bytes):
                stretches.append(piece)
                continue
            first, last = piece[0], piece[1]
            begin = at + first if first >= 0 else stop + first
            end = stop if last is None else at + last if last >= 0 else stop + last
            end = min(max(begin, end), stop)
            if len(piece) == 3:
                raw = decoded(bytes(data[begin:end]), piece[2])
                if raw is None:
                    return None
                stretches.append(raw)
                continue
            behind = field + self.checksum.size
            if self.checksum.zeroed and begin < behind and field < end:
                stretches += [
                    (begin, max(begin, field)),
                    bytes(min(behind, end) - max(field, begin)),
                    (min(behind, end), end),
                ]
            else:
                stretches.append((begin, end))
        return stretches

    def direct(self, data: Buffer, stretches: list[_Stretch]) -> int:
        """The value, from the bytes themselves."""
        assert self.algorithm is not None  # else the measure told it
        if len(stretches) == 1 and isinstance(stretches[0], tuple) and stretches[0][1] - stretches[0][0] < _VIEWED:
            return self.algorithm.compute(data[slice(*stretches[0])])
        update, state = self.algorithm.update, self.algorithm.begin()
        with memoryview(data) as view:
            for extent in stretches:
                if isinstance(extent, bytes):
                    state = update(state, extent)
                else:
                    with view[slice(*extent)] as piece:
                        state = update(state, piece)
        return self.algorithm.finish(state)

    def from_prefix(self, segment: Segment, floor: int, stretches: list[_Stretch]) -> int:
        """The value, from the states at the ends of the stretches."""
        base = segment.base
        ranges, prefix = self.ranges, self.prefix
        assert ranges is not None and prefix is not None  # a format without a range form is never checked this way
        size, part = 0, ranges.between(ranges.start, ranges.start, 0, 0)
        prefix.reach(
            segment, floor, base + max((extent[1] for extent in stretches if isinstance(extent, tuple)), default=0)
        )
        for extent in stretches:
            if isinstance(extent, bytes):
                length = len(extent)
                more: Any = ranges.between(ranges.start, ranges.advance(ranges.start, extent, 0), 0, length)
            else:
                length = extent[1] - extent[0]
                more = prefix.part(segment, base + extent[0], base + extent[1])
            part = ranges.join(part, size, more, length)
            size += length
        return ranges.value(part, size)


class Checks:
    """All checksums of one format, each in `all`.  `floor`, in `hold`: no later frame begins before it."""

    __slots__ = ("_account", "_checksums", "_framed", "_header", "_static", "all")

    def __init__(self, header: Header, account: Account) -> None:
        self._header = header
        self._account = account
        self._checksums = header.envelope.search.checksums
        self._framed = framed(header)
        self.all = [Check(checksum) for checksum in self._checksums]
        self._static = all(checksum.stored is not None and checksum.pieces is not None for checksum in self._checksums)

    def without_ranges(self) -> str | None:
        """The name of an algorithm that has no range form, or None."""
        return next((check.name for check in self.all if check.ranges is None), None)

    def demand(self) -> float:
        """Ends of stretches for each byte of the stream, at worst."""
        if self._framed is not None:
            return 0.0
        pieces = sum(len(checksum.pieces) if checksum.pieces is not None else 2 for checksum in self._checksums)
        return 2 * pieces / spacing(self._header.sync)

    def prepare(self, every: int, shared: dict[str, Prefix]) -> None:
        """Take the prefix states of each algorithm from those that all formats share."""
        for check in self.all:
            if check.ranges is not None:
                name = check.name
                check.prefix = shared.setdefault(name, Prefix(check.ranges, every, self._account))

    def present(self, segment: Segment, at: int) -> bool:
        """Whether the frame at data[at], whose header was found valid, has a checksum."""
        return any(layout is not None for layout in self._layout(segment, at))

    def _layout(self, segment: Segment, at: int) -> Sequence[Laid]:
        """Where each value stands and what it covers; None where the frame has no such checksum."""
        if self._static:
            return [(checksum.stored or 0, checksum.pieces or ()) for checksum in self._checksums]
        if self._framed is not None:
            return self._framed.unit(segment, at).measured.checks
        measured = self._header.maybe_measured(segment, at)
        assert measured is not None and not isinstance(measured, str)  # the header was found valid
        return measured.checks

    def _values(self, segment: Segment, at: int, stop: int, floor: int | None) -> list[tuple[int | None, int | None]]:
        """Stored and computed values up to the first that differ, None for what is no number, or covers no bytes.

        floor None: directly, whatever it costs.
        """
        layouts = self._layout(segment, at)
        if self._framed is not None:
            # A unit is a buffer of its own, whose bytes are in no other.
            unit = self._framed.unit(segment, at).checked
            segment, at, stop, floor = Segment(unit, 0), 0, len(unit), None
        data, base = segment.data, segment.base
        values: list[tuple[int | None, int | None]] = []
        asked = [
            (check, layout)
            for check, laid in zip(self.all, layouts, strict=True)
            for layout in layouts_in(check.checksum, laid)
        ]
        for check, layout in asked:
            place, pieces = layout[0], layout[1]
            field = at + place if place >= 0 else stop + place
            if not at <= field <= stop - check.checksum.size:
                return [*values, (None, 0)]
            told = layout[2] if len(layout) == 3 else None
            stored = told if check.checksum.order == "told" else check.stored(data, field)
            if check.algorithm is None:
                values.append((stored, told or 0))
                if stored != told:
                    break
                continue
            stretches = check.stretches(data, at, stop, pieces, field)
            if stretches is None:
                return [*values, (stored or 0, None)]
            cost = sum(len(extent) if isinstance(extent, bytes) else extent[1] - extent[0] for extent in stretches)
            if floor is None or check.prefix is None or self._account.covers(base + stop, cost):
                value = check.direct(data, stretches)
                self._account.checksummed += cost if self._framed is not None else 0
            else:
                value = check.from_prefix(segment, floor, stretches)
            values.append((stored, value))
            if stored != value:
                break
        return values

    def hold(self, segment: Segment, at: int, stop: int, floor: int) -> bool:
        """Whether every checksum of the frame data[at:stop] holds."""
        return all(stored == value for stored, value in self._values(segment, at, stop, floor))

    def hold_of_unit(self, segment: Segment, at: int) -> bool:
        """Whether every checksum of the unit at data[at] holds."""
        return self.hold(segment, at, at, at)

    def explain(self, segment: Segment, at: int, stop: int) -> tuple[int | None, int | None]:
        """The stored and the computed value of the last checksum looked at: the one that does not hold, if any."""
        return self._values(segment, at, stop, None)[-1]


def every_for(checks: list[Checks]) -> int:
    """The distance of prefix states that keeps the way from them to the ends of stretches within bounds."""
    demand = sum(of_format.demand() for of_format in checks)
    return 1 + int(PARTIAL / demand) if demand else 1
