"""The header verdict of a format whose units do not stand on the wire as they are: that of the whole unit, with its
checksums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow.errors import UsageError
from sigflow.reasons import CHECKSUM, NO_MARKER
from sigflow.runtime.envelope import Measured
from sigflow.stream.framing import MOST_WALKED, Begun, Delimited, Unit
from sigflow.stream.header import Header, Verdict
from sigflow.stream.segment import Buffer, Segment

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.account import Account

#: Verdicts that are kept of one format, at most.
_MOST = 1 << 16


class FramedHeader(Header):
    """Takes whole units off the wire.  A length is one on the wire; `size` and `counts` say nothing here."""

    __slots__ = ("_framer", "_known", "_last")

    def __init__(self, envelope: Envelope, limit: int, account: Account) -> None:
        """Raises `UsageError` where the limit is above what units that a literal begins may have."""
        framing = envelope.search.framing
        assert framing is not None  # see `header_of`
        self._framer = Delimited(envelope, limit) if framing.delimiter else Begun(envelope, limit)
        super().__init__(envelope, limit, account)
        self.delimiter = framing.delimiter
        self.size = 0
        self.counts = False
        if not framing.delimiter and limit > MOST_WALKED:
            raise UsageError(
                f"format {envelope.about.name}: its units begin with a literal and are unstuffed from there, so frames "
                f"may have at most {MOST_WALKED} bytes, but the limit is {limit}: lower it (Limits.frame)"
            )
        self._known: dict[int, int | str] = {}
        self._last: tuple[int, Unit] | None = None

    def look(self, segment: Segment, at: int) -> Verdict:
        """The verdict on the unit at data[at]."""
        key = segment.base + at
        known = self._known.get(key)
        if known is not None:
            return known
        if not self._framer.begins(segment, at):
            return None if self.sync and self.cut(segment.data, at) else NO_MARKER
        unit = self._framer.take(segment, at)
        if unit is None:
            return None
        verdict: int | str
        if isinstance(unit, Unit):
            self._last = key, unit
            self._account.look(key, unit.size)
            verdict = self._bounded(unit.size)
            if isinstance(verdict, int) and self.hold is not None and not self.hold(segment, at):
                verdict = CHECKSUM
        else:
            verdict = unit
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = verdict
        return verdict

    def unit(self, segment: Segment, at: int) -> Unit:
        """The unit at data[at], which was found valid, but for its checksums."""
        if self._last is None or self._last[0] != segment.base + at:
            unit = self._framer.take(segment, at)
            assert isinstance(unit, Unit)  # it was found valid
            self._last = segment.base + at, unit
        return self._last[1]

    @property
    def refused(self) -> bytes:
        """The last unit that its measure refused."""
        return self._framer.units.refused

    def marked(self, data: Buffer, at: int) -> bool:
        """Whether a marker stands here, in a format that has one."""
        return bool(self.sync) and data.startswith(self.sync, at)

    def cut(self, data: Buffer, at: int) -> bool:
        """Whether the end of the buffer cuts a marker here, or a delimiter."""
        left = len(data) - at
        literals = self.sync or (self.delimiter,)
        return any(left < len(literal) and data[at:] == literal[:left] for literal in literals)

    def maybe_measured(self, segment: Segment, at: int) -> Measured | str | None:
        """What the unit at data[at] was measured to be."""
        verdict = self.look(segment, at)
        return self.unit(segment, at).measured if isinstance(verdict, int) else verdict

    def null(self, segment: Segment, at: int) -> bool:
        """Never: what frames it says enough."""
        return False

    def beginnings(self) -> frozenset[int]:
        """The bytes that a frame may begin with: any, where none is a marker."""
        return frozenset(literal[0] for literal in self.sync) if self.sync else frozenset(range(256))

    def forget(self, offset: int) -> None:
        """Let go of what lies before the offset."""
        self._framer.forget(offset)
        if len(self._known) > self._kept:
            self._known = {key: verdict for key, verdict in self._known.items() if key >= offset}
            self._kept = max(64, 2 * len(self._known))

    def drop(self) -> None:
        """Forget every cache."""
        self._framer.drop()
        self._known.clear()
        self._last = None
