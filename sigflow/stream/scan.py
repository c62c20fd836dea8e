"""The scan: bytes to frames and gap bytes, exactly as `docs/architecture.md` says.  A pure function of the byte stream.

State: `pos`, the offset of the first byte that is not decided, and `lock` (no, start, yes), and nothing else.  All that
the parts keep besides are caches; `drop` forgets them and changes no result.

One step: find the next candidate; what lies before it is gap (no-marker).  Ask each format for its verdict, those with
a checksum first: a frame ends the step, NEED ends the scan until more bytes come, and when all refuse, one byte is gap.

Runs of good frames are taken at once (`Measure.run`) where that gives the same: the format has a checksum, no format
asked before it can have a marker in the same place, and no mark or sequence can overrule its frames.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sigflow.errors import UsageError
from sigflow.reasons import ABANDONED, CHECKSUM, NO_MARKER, OVERTAKEN, TRUNCATED
from sigflow.stream.account import Account
from sigflow.stream.chain import LOCKS, NO, START, YES, Chain
from sigflow.stream.check import WITHOUT_RANGES, Checks, every_for
from sigflow.stream.header import Header, Verdict
from sigflow.stream.markers import Markers
from sigflow.stream.prefix import Prefix
from sigflow.stream.runs import LONGEST, Runs
from sigflow.stream.segment import Segment
from sigflow.stream.watch import Watch

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope

#: Frames that one call of `Measure.run` should find, and bytes that it may take: few enough that what is found is
#: taken and freed before Python's garbage collector looks for it, which costs more than all else about a small frame.
_RUN_FRAMES = 180
_RUN_BYTES = (1 << 14, 1 << 18)

#: The formats that refused a candidate, by their number, and why.
Refusals = list[tuple[int, str]]
#: A frame of a run: start and stop in the buffer, and the header.
Found = list[tuple[int, int, tuple[Any, ...]]]


class Sink(Protocol):
    """Takes what the scan finds, in the order of the stream.  `number`: of the format, in the order given."""

    def frame(self, number: int, segment: Segment, at: int, stop: int) -> None:
        """One frame, data[at:stop]."""

    def frames(self, number: int, segment: Segment, found: Found) -> None:
        """A run of frames."""

    def gap(self, segment: Segment, at: int, stop: int, refusals: Refusals) -> None:
        """Bytes in no frame, data[at:stop]; no refusals: no marker stands there."""


class Format:
    """One format in a scan: its headers, and how its frames are believed."""

    __slots__ = ("chained", "checks", "header", "name", "number", "runs", "tried", "watch")

    def __init__(self, number: int, envelope: Envelope, limit: int, account: Account) -> None:
        self.number = number
        self.name = envelope.about.name
        self.header = Header(envelope, limit, account)
        checked = envelope.search.chain is None or envelope.search.sometimes_checked
        self.checks = Checks(self.header, account) if checked else None
        self.chained = envelope.search.chain is not None
        self.watch = (
            Watch(self.header, self.checks) if self.checks and envelope.search.overtaken_by == "sequence" else None
        )
        self.runs = False  # whether whole runs of its frames may be taken
        self.tried = -1  # where the last run was tried in vain

        if envelope.search.chain is not None and not 1 <= envelope.search.chain <= LONGEST:
            raise UsageError(
                f"format {envelope.about.name}: a chain of {envelope.search.chain} headers, wanted 1 to {LONGEST}"
            )
        if envelope.search.chain is None and not envelope.search.checksums:
            raise UsageError(f"format {envelope.about.name} has neither a checksum nor a chain to confirm its frames")
        lacking = self.checks.without_ranges() if self.checks else None
        if lacking is not None and limit > WITHOUT_RANGES:
            raise UsageError(
                f"format {envelope.about.name}: checksum {lacking} has no range form, so frames may have at most "
                f"{WITHOUT_RANGES} bytes, but the limit is {limit}: lower it (Limits.frame)"
            )


class Scanner:
    """The scan of one stream.  formats: (envelope, frame limit), in the order of the list.

    marks: (offset, format name) of candidates that a live caller gave up.  waits: the format whose candidate at `pos`
    holds the stream back.
    """

    def __init__(
        self,
        formats: Sequence[tuple[Envelope, int]],
        *,
        pos: int = 0,
        lock: int = START,
        marks: Collection[tuple[int, str]] = (),
    ) -> None:
        self._account = Account()
        self.formats = [Format(n, envelope, limit, self._account) for n, (envelope, limit) in enumerate(formats)]
        # A format whose frames have a checksum now and then is asked twice: `by_chain` is which time it is.
        checked = [(each, False) for each in self.formats if each.checks is not None]
        self._asked = [*checked, *((each, True) for each in self.formats if each.chained)]
        self._ordered = list(dict.fromkeys(each for each, _ in self._asked))
        headers = [each.header for each in self._ordered]
        self._markers = Markers(header.sync for header in headers)
        self._runs = Runs(headers)
        self._chain = Chain(headers, self._runs)
        self._after = YES if any(each.chained for each in self.formats) else NO
        self.pos = pos
        self.lock = lock if self._after == YES else NO
        self.marks = set(marks)
        self.waits: Format | None = None
        self._need = 0
        self._window = _RUN_BYTES[0]
        self._prefixes: dict[str, Prefix] = {}
        all_checks = [each.checks for each in self.formats if each.checks]
        for checks in all_checks:
            checks.prepare(every_for(all_checks), self._prefixes)
        for each in self._ordered:
            each.runs = each.header.envelope.measure.run is not None and self._alone(each)

    def _alone(self, format: Format) -> bool:
        """Whether a good frame of this format is taken for one whatever the other formats say."""
        header = format.header.envelope.measure.header
        if format.checks is None or format.watch is not None or header is None or header > format.header.limit:
            return False
        before = self._ordered[: self._ordered.index(format)]
        return all(
            other.header.sync
            and format.header.sync
            and not any(
                mine.startswith(theirs) or theirs.startswith(mine)
                for mine in format.header.sync
                for theirs in other.header.sync
            )
            for other in before
        )

    @property
    def state(self) -> tuple[int, str]:
        """All there is: the offset of the first undecided byte, and the lock."""
        return self.pos, LOCKS[self.lock]

    @property
    def work(self) -> int:
        """Bytes checksummed, and header bytes read again."""
        return self._account.checksummed + self._account.reread

    def drop(self) -> None:
        """Forget every cache."""
        for each in self.formats:
            each.header.drop()
            each.tried = -1
            if each.watch is not None:
                each.watch.drop()
        for prefix in self._prefixes.values():
            prefix.drop()
        self._markers.drop()
        self._runs.drop()
        self._chain.drop()
        self._need = 0

    def scan(self, segment: Segment, final: bool, sink: Sink, steps: int) -> bool:
        """Go on over `data`, whose first byte is at offset `base`, at most to its end.  `final`: the stream ends there.

        Returns whether more can be done at once: it stops after so many `steps`.
        """
        data, base = segment.data, segment.base
        if base + len(data) < self._need and not final:
            return False
        more = self._steps(segment, final, sink, steps)
        for prefix in self._prefixes.values():
            prefix.anchor(segment, self.pos)
        return more

    def _steps(self, segment: Segment, final: bool, sink: Sink, steps: int) -> bool:
        data, base = segment.data, segment.base
        end = len(data)
        self.waits = None
        while self.pos - base < end:
            if not steps:
                return True
            steps -= 1
            at = self.pos - base
            if self._run(segment, at, sink):
                return True
            candidate = self._markers.candidate(segment, at)
            if candidate > at:
                self._pass(base + candidate, NO)
                sink.gap(segment, at, candidate, [])
            elif not self._step(segment, at, final, sink):
                return False
        return False

    def _pass(self, pos: int, lock: int) -> None:
        self.pos = pos
        self.lock = lock
        self._need = 0
        if self.marks:
            self.marks = {mark for mark in self.marks if mark[0] >= pos}

    def abandon(self, offset: int, name: str) -> None:
        """Refuse the candidate of this format at this offset from now on."""
        self.marks.add((offset, name))
        self._need = 0

    def _run(self, segment: Segment, at: int, sink: Sink) -> bool:
        """Take a run of good frames, if there is one."""
        data, base = segment.data, segment.base
        if self.marks or self._account.credit < 0:
            return False
        for format in self._ordered:
            run = format.header.envelope.measure.run
            if not format.runs or run is None or format.tried == base + at:
                continue
            found: Found = []
            end = min(len(data), at + self._window)
            stop = run(data, at, end, format.header.limit, found)
            if not found:
                static = format.header.envelope.measure.static
                length = static(data, at, len(data)) if static is not None else None
                if isinstance(length, int) and at + length > end:
                    if at + length > len(data):
                        continue  # not all there: tried again when it is
                    stop = run(data, at, at + length, format.header.limit, found)
            if found:
                least, most = _RUN_BYTES
                self._window = min(max(least, (stop - at) * _RUN_FRAMES // len(found)), most)
                self._account.charge(base + stop, stop - at)
                self._pass(base + stop, self._after)
                sink.frames(format.number, segment, found)
                return True
            format.tried = base + at
        return False

    def _step(self, segment: Segment, at: int, final: bool, sink: Sink) -> bool:
        """Decide the candidate at data[at]; False while bytes are lacking."""
        base = segment.base
        refusals: Refusals = []
        for format, by_chain in self._asked:
            if self.marks and (self.pos, format.name) in self.marks:
                verdict: Verdict = ABANDONED
            elif not by_chain:
                verdict = self._checked(format, segment, at)
            elif format.checks is not None and self._has_checksum(format, segment, at):
                verdict = NO_MARKER
            else:
                verdict = self._chain.verdict(format.header, segment, at, self.lock, final)
            if verdict is None:
                if not final:
                    self.waits = format
                    format.tried = -1  # it was not refused, it was cut
                    return False
                verdict = TRUNCATED
            if isinstance(verdict, int):
                stop = at + verdict
                self._pass(base + stop, self._after)
                self._forget()
                sink.frame(format.number, segment, at, stop)
                return True
            if verdict != NO_MARKER:
                refusals.append((format.number, verdict))
        self._pass(self.pos + 1, NO)
        self._forget()
        sink.gap(segment, at, at + 1, refusals)
        return True

    def _forget(self) -> None:
        for each in self._ordered:
            each.header.forget(self.pos)

    def _has_checksum(self, format: Format, segment: Segment, at: int) -> bool:
        """Whether the candidate has a checksum, which was asked for before."""
        checks, length = format.checks, format.header.look(segment, at)
        return checks is not None and length.__class__ is int and checks.present(segment, at)

    def _checked(self, format: Format, segment: Segment, at: int) -> Verdict:
        """The verdict on a candidate of a format with a checksum."""
        data, base = segment.data, segment.base
        header, checks = format.header, format.checks
        assert checks is not None  # asked only of such formats
        length = header.look(segment, at)
        if length.__class__ is not int:
            if length is None:
                self._need = header.lacks_until(self.pos)
            return length
        if format.chained and not checks.present(segment, at):
            return NO_MARKER
        stop: int = at + length
        if format.watch is not None and format.watch.overtaken(segment, at, stop, self.pos):
            return OVERTAKEN
        if stop > len(data):
            self._need = base + stop if format.watch is None else 0
            return None
        if format.tried == self.pos and stop <= at + self._window:
            self._account.charge(base + stop, length)  # the run checksummed it in vain
        return length if checks.hold(segment, at, stop, self.pos) else CHECKSUM
