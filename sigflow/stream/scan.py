"""The scan: bytes to frames and gap bytes, exactly as `docs/architecture.md` says.  A pure function of the byte stream.

State: `pos`, the offset of the first byte that is not decided, and `lock` (no, start, yes), and nothing else.  All that
the parts keep besides are caches; `drop` forgets them and changes no result.

One step: find the next candidate; what lies before it is gap (no-marker).  Ask each format for its verdict, those with
a checksum first, then those whose units the wire ends, then those that a chain confirms: a frame ends the step, NEED
ends the scan until more bytes come.  When all refuse, what is idle there is passed over, else one byte is gap; what is
idle begins no frame of a format that a chain confirms.

Runs of good frames are taken at once (`Measure.run`) where that gives the same: the format has a checksum, no format
asked before it can have a marker in the same place, and no mark or sequence can overrule its frames.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sigflow.errors import UsageError
from sigflow.limits import WITHOUT_RANGES
from sigflow.reasons import (
    ABANDONED,
    CHECKSUM,
    NO_MARKER,
    OVERTAKEN,
    SECOND_PREAMBLE,
    TRUNCATED,
    of_preamble,
)
from sigflow.runtime.envelope import FRAMES, PREAMBLE, TRAILER, bound
from sigflow.stream.account import Account
from sigflow.stream.around import FilePart, Whole, is_asked
from sigflow.stream.chain import LOCKS, NO, START, YES, Chain
from sigflow.stream.check import Checks, every_for
from sigflow.stream.header import IDLE, Verdict
from sigflow.stream.headers import framed, header_of
from sigflow.stream.idle import Idle
from sigflow.stream.markers import Markers
from sigflow.stream.prefix import Prefix
from sigflow.stream.runs import LONGEST, Runs
from sigflow.stream.segment import Segment
from sigflow.stream.watch import Watch

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope, Run, Search
    from sigflow.stream.cuts import Kind

#: Frames that one call of `Measure.run` should find, and bytes that it may take: few enough that what is found is
#: taken and freed before Python's garbage collector looks for it, which costs more than all else about a small frame.
_RUN_FRAMES = 180
_RUN_BYTES = (1 << 14, 1 << 18)

#: What confirms a frame, in the order in which formats are asked for it.
BY_CHECKSUM, BY_END, BY_CHAIN = range(3)

#: The formats that refused a candidate, by their number, and why.
Refusals = list[tuple[int, str]]
#: The frames of a run: start and stop in the buffer, and the header.
Frames = list[tuple[int, int, tuple[Any, ...]]]


class Sink(Protocol):
    """Takes what the scan finds, in the order of the stream.  `number`: of the format, in the order given."""

    def frame(self, number: int, segment: Segment, at: int, stop: int) -> None:
        """One frame, data[at:stop]."""

    def frames(self, number: int, segment: Segment, frames: Frames) -> None:
        """A run of frames."""

    def gap(self, segment: Segment, at: int, stop: int, refusals: Refusals) -> None:
        """Bytes in no frame, data[at:stop]; no refusals: no marker stands there."""

    def idle(self, segment: Segment, at: int, stop: int) -> None:
        """Idle bytes, data[at:stop]."""


class Recognizer:
    """One format in a scan: how its frames are recognized, by header, checksum and followers.

    beliefs: what may confirm its frames.
    run: takes whole runs of its frames, where that is allowed.  told: the offset at which the last run stopped, and
    why, as `Measure.run` gives it: the reason, and the length.
    claim, has_checksum: what was asked of the candidate last, for formats that are asked twice.  told is a cache.
    """

    __slots__ = (
        "beliefs", "checks", "claim", "has_checksum", "header", "name", "number", "run", "told", "watch",
    )  # fmt: skip

    def __init__(self, number: int, envelope: Envelope, limit: int, account: Account) -> None:
        search = envelope.search
        self.number = number
        self.name = envelope.about.name
        self.header = header_of(envelope, limit, account)
        self.checks = Checks(self.header, account) if search.checked else None
        of_units = framed(self.header)
        if self.checks is not None and of_units is not None:
            of_units.hold = self.checks.hold_of_unit
        self.beliefs = beliefs_of(search)
        overtaken = search.overtaken_by == "sequence" and search.framing is None
        self.watch = Watch(self.header, self.checks) if self.checks and overtaken else None
        self.run: Run | None = None
        self.claim: Verdict = None
        self.has_checksum = False
        self.drop()

        if search.chain is not None and not 1 <= search.chain <= LONGEST:
            raise UsageError(f"format {self.name}: a chain of {search.chain} headers, wanted 1 to {LONGEST}")
        if not self.beliefs:
            raise UsageError(f"format {self.name} has neither a checksum nor a chain to confirm its frames")
        lacking = self.checks.without_ranges() if self.checks and search.framing is None else None
        if lacking is not None and limit > WITHOUT_RANGES:
            raise UsageError(
                f"format {self.name}: checksum {lacking} has no range form, so frames may have at most "
                f"{WITHOUT_RANGES} bytes, but the limit is {limit}: lower it (Limits.frame)"
            )

    def drop(self) -> None:
        """Forget what a run told."""
        self.told: tuple[int, str | None, int] = (-1, None, 0)

    def tell(self, segment: Segment, at: int, reason: str | None, length: int) -> None:
        """Keep why a run stopped at data[at]."""
        offset = segment.base + at
        if reason is not None or length:
            if self.header.marked(segment.data, at):
                self.header.looked_at(offset)
            else:
                reason, length = NO_MARKER, 0
        self.told = offset, reason, length

    def knows(self, offset: int) -> bool:
        """Whether a run has told the verdict on the header at this offset."""
        told_of, reason, length = self.told
        return told_of == offset and (reason is not None or length > 0)

    def look(self, segment: Segment, at: int) -> Verdict:
        """The verdict on the header at data[at]: as a run told it, else by a look."""
        if not self.knows(segment.base + at):
            return self.header.look(segment, at)
        _, reason, length = self.told
        return length or reason


def beliefs_of(search: Search) -> list[int]:
    """What may confirm frames of a format, in the order in which it is asked."""
    checked = [BY_CHECKSUM] if search.checked else []
    if search.chain is not None:
        return [*checked, BY_CHAIN]
    return [*checked, BY_END] if search.closed and (not checked or search.sometimes_checked) else checked


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
        begins: int = 0,
    ) -> None:
        """begins: where frames begin, 0 at the beginning of the stream; see `Segment`."""
        self._account = Account()
        self._formats = list(formats)
        self._unbound = list(formats)
        #: What preambles said that formats are bound to, by the number of the format.
        self.roots: dict[int, Any] = {}
        self.pos = pos
        self.lock = lock
        self.marks = set(marks)
        self.waits: Recognizer | None = None
        self._window = _RUN_BYTES[0]
        #: Where frames begin: behind the preamble, where there is one; -1: before a cut.
        self.begins = begins
        #: Where a preamble is asked for before anything else; -1: nowhere any more.
        self.asks_at = 0 if begins == 0 else -1
        #: Is told of a format that a preamble was found for: its number, its envelope from then on, and the preamble.
        self.bound: Callable[[int, Envelope, bytes], None] | None = None
        self._arrange()

    def _arrange(self) -> None:
        """What follows from the formats."""
        envelopes = [envelope for envelope, _ in self._formats]
        self.recognizers = [
            Recognizer(n, envelope, limit, self._account)
            for n, (envelope, limit) in enumerate(self._formats)
            if is_asked(envelope)
        ]
        parts = [
            FilePart(n, envelope, limit, self._account, envelopes)
            for n, (envelope, limit) in enumerate(self._formats)
            if envelope.search.role != FRAMES
        ]
        self._preambles = [part for part in parts if part.envelope.search.role == PREAMBLE]
        self._trailers = [part for part in parts if part.envelope.search.role == TRAILER]
        # A format whose frames have a checksum now and then is asked twice.
        self._asked = [
            (recognizer, belief)
            for belief in (BY_CHECKSUM, BY_END, BY_CHAIN)
            for recognizer in self.recognizers
            if belief in recognizer.beliefs
        ]
        self._ordered = list(dict.fromkeys(recognizer for recognizer, _ in self._asked))
        headers = [recognizer.header for recognizer in self._ordered]
        self._idle = Idle(envelope.search.idle for envelope in envelopes)
        markers = [header.sync for header in headers if not header.delimiter]
        markers += [part.sync for part in self._preambles if part.searched]
        markers += [part.sync for part in self._trailers]
        delimiters = [header.delimiter for header in headers if header.delimiter]
        self._markers = Markers([*markers, tuple(self._idle.literals)] if self._idle else markers, delimiters)
        #: Bytes before `pos` that a verdict may look at.
        framings = [envelope.search.framing for envelope in envelopes]
        self.lookback = max((len(framing.delimiter) for framing in framings if framing is not None), default=0)
        self._runs = Runs(headers, self._idle)
        self._chain = Chain(headers, self._runs, self._idle)
        self._after = YES if any(BY_CHAIN in recognizer.beliefs for recognizer in self.recognizers) else NO
        self.lock = self.lock if self._after == YES else NO
        self._need = 0
        self._prefixes: dict[str, Prefix] = {}
        all_checks = [recognizer.checks for recognizer in self.recognizers if recognizer.checks]
        for checks in all_checks:
            checks.prepare(every_for(all_checks), self._prefixes)
        for recognizer in self._ordered:
            recognizer.run = recognizer.header.envelope.measure.run if self._alone(recognizer) else None

    def _alone(self, recognizer: Recognizer) -> bool:
        """Whether a good frame of this format is taken for one whatever the other formats say."""
        size, mine = recognizer.header.envelope.measure.header, recognizer.header.sync
        if recognizer.checks is None or recognizer.watch is not None or recognizer.header.envelope.search.framing:
            return False
        if size is None or size > recognizer.header.limit:
            return False
        before = [other.header.sync for other in self._ordered[: self._ordered.index(recognizer)]]
        before += [part.sync for part in self._preambles if part.searched]
        return all(
            theirs and mine and not any(a.startswith(b) or b.startswith(a) for a in mine for b in theirs)
            for theirs in before
        )

    @property
    def state(self) -> tuple[int, str]:
        """All there is: the offset of the first undecided byte, and the lock."""
        return self.pos, LOCKS[self.lock]

    @property
    def opens(self) -> bool:
        """Whether a preamble is asked for before anything else."""
        return self.pos == self.asks_at and bool(self._preambles)

    @property
    def work(self) -> int:
        """Bytes checksummed, and header bytes read again."""
        return self._account.checksummed + self._account.reread

    @property
    def reach(self) -> int:
        """The end of the bytes that were looked at."""
        return max(self._account.seen, self._account.high)

    def drop(self) -> None:
        """Forget every cache."""
        for part in (*self._preambles, *self._trailers):
            part.header.drop()
        for recognizer in self.recognizers:
            recognizer.header.drop()
            recognizer.drop()
            if recognizer.watch is not None:
                recognizer.watch.drop()
        for prefix in self._prefixes.values():
            prefix.drop()
        self._markers.drop()
        self._runs.drop()
        self._chain.drop()
        self._need = 0

    def resume(self, pos: int, lock: int) -> None:
        """Go on from this state, to which another scan has come."""
        self.drop()
        self.pos = pos
        self.lock = lock if self._after == YES else NO
        self.waits = None

    def go_on(self, pos: int, lock: int, begins: int, asks_at: int, roots: Mapping[int, Any]) -> None:
        """Go on from this state, as if this scan had come to it; roots: as of this object."""
        for number, root in roots.items():
            envelope, limit = self._formats[number]
            self._formats[number] = bound(envelope, root), limit
            self.roots[number] = root
        if roots:
            self._arrange()
        self.resume(pos, lock)
        self._account.skip(pos)
        self.begins, self.asks_at = begins, asks_at

    def begin_behind(self, pos: int, kind: Kind) -> bool:
        """Go on at `pos`, behind a cut of this kind, up to which all is decided.

        Returns whether formats are not bound any more to what a preamble said.
        """
        unanswered = kind.begins and pos == self.pos == self.asks_at  # nothing came since it was to be asked for
        self.asks_at = pos if kind.asks or unanswered else -1
        self.begins = pos if kind.begins else -1
        unbinds = kind.asks and bool(self.roots)
        if unbinds:
            self._formats, self.roots = list(self._unbound), {}
            self._arrange()
        # Where neither the lock nor bytes before a place can matter, what is kept is of places, all of them before.
        if unbinds or self.lookback or self._after == YES or pos != self.pos:
            self.drop()
        self._account.skip(pos)
        self._pass(pos, kind.lock if self._after == YES else NO)
        self.waits = None
        return unbinds

    def scan(self, segment: Segment, final: int, sink: Sink, steps: int) -> bool:
        """Go on over `data`, whose first byte is at offset `base`, at most to its end.  `final`: what comes behind it.

        Returns whether more can be done at once: it stops after so many `steps`.
        """
        data, base = segment.data, segment.base
        segment.final, segment.begins = final, self.begins
        if base + len(data) < self._need and not final:
            return False
        more = self._steps(segment, final, sink, steps)
        for prefix in self._prefixes.values():
            prefix.anchor(segment, self.pos)
        return more

    def _steps(self, segment: Segment, final: int, sink: Sink, steps: int) -> bool:
        data, base = segment.data, segment.base
        end = len(data)
        self.waits = None
        while self.pos - base < end:
            if not steps:
                return True
            steps -= 1
            at = self.pos - base
            if self.opens:
                if not self._step(segment, at, final, sink):
                    return False
                continue
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
        """Take a run of good frames, if there is one; why it stopped is kept for the candidate there."""
        if self.marks or self._account.credit < 0:
            return False
        data, base = segment.data, segment.base
        end = len(data)
        for recognizer in self._ordered:
            if recognizer.run is None or recognizer.checks is None or recognizer.knows(base + at):
                continue
            until = min(at + self._window, end - recognizer.header.size + 1)
            frames: Frames = []
            checks = recognizer.checks.all
            stop, reason, length = recognizer.run(data, at, until, end, recognizer.header.limit, frames, checks)
            recognizer.tell(segment, stop, reason, length)
            if frames:
                least, most = _RUN_BYTES
                self._window = min(max(least, (stop - at) * _RUN_FRAMES // len(frames)), most)
                self._account.charge(base + stop, stop - at)
                self._pass(base + stop, self._after)
                sink.frames(recognizer.number, segment, frames)
                return True
        return False

    def _step(self, segment: Segment, at: int, final: int, sink: Sink) -> bool:
        """Decide the candidate at data[at]; False while bytes are lacking."""
        refusals: Refusals = []
        if self._preambles:
            decided = self._opening(segment, at, final, sink, refusals)
            if decided is not None:
                return decided
        told = len(refusals)
        empty = 0  # the longest delimiter that follows another
        literal = self._idle.size(segment, at) if self._idle else 0  # None: the end of the buffer may cut one
        for recognizer, belief in self._asked:
            if belief == BY_CHAIN and (empty or literal != 0):
                continue
            if self.marks and (self.pos, recognizer.name) in self.marks:
                verdict: Verdict = ABANDONED
            elif belief == BY_CHECKSUM:
                verdict = self._checked(recognizer, segment, at)
            elif recognizer.checks is not None and recognizer.has_checksum:
                verdict = NO_MARKER
            else:
                header = recognizer.header
                verdict = header.look(segment, at) if recognizer.checks is None else recognizer.claim
                if belief == BY_CHAIN:
                    verdict = self._chain.verdict(header, verdict, segment, at, self.lock, final)
            if verdict is None:
                if not final:
                    self.waits = recognizer
                    return False
                verdict = TRUNCATED
            if isinstance(verdict, int):
                stop = at + verdict
                self._pass(segment.base + stop, self._after)
                self._forget()
                sink.frame(recognizer.number, segment, at, stop)
                return True
            if verdict == IDLE:
                empty = max(empty, len(recognizer.header.delimiter))
            elif verdict != NO_MARKER:
                refusals.append((recognizer.number, verdict))
        if empty or literal != 0:
            if not empty and literal is None:
                return False
            stop = at + (empty or literal or 0)
            self._pass(segment.base + stop, self.lock)
            self._forget()
            sink.idle(segment, at, stop)
            return True
        if self._trailers:
            decided = self._closing(segment, at, final, sink)
            if decided is not None:
                return decided
        if told and len(refusals) == told:
            refusals.append((-1, NO_MARKER))
        self._pass(self.pos + 1, NO)
        self._forget()
        sink.gap(segment, at, at + 1, refusals)
        return True

    def _opening(self, segment: Segment, at: int, final: int, sink: Sink, refusals: Refusals) -> bool | None:
        """Ask for a preamble at data[at], before all formats; None where they are to be asked.  As `_step`."""
        first = self.pos == self.asks_at
        for part in self._preambles:
            there = first or (part.searched and part.marked(segment, at))
            verdict = part.look(segment, at) if there else NO_MARKER if there is False else None
            if verdict is None:
                if not final:
                    return False
                verdict = TRUNCATED
            if isinstance(verdict, Whole):
                stop = at + verdict.size
                if first or part.concatenated:
                    self._pass(segment.base + stop, YES)
                    self._bind(part, verdict, segment)
                    sink.frame(part.number, segment, at, stop)
                elif (closed := self._closing(segment, at, final, sink)) is not None:
                    return closed  # a trailer may look the same
                else:
                    self._pass(segment.base + stop, NO)
                    sink.gap(segment, at, stop, [(part.owner, SECOND_PREAMBLE)])
                return True
            if first:
                refusals.append((part.owner, of_preamble(verdict)))
        if first:
            self.lock = NO
        return None

    def _bind(self, part: FilePart, whole: Whole, segment: Segment) -> None:
        """Units of a format belong to what its preamble says, from here on."""
        envelope, limit = self._formats[part.owner]
        envelope = bound(envelope, whole.value)
        self._formats[part.owner] = envelope, limit
        self.roots[part.owner] = whole.value
        lock = self.lock
        self._arrange()
        self.lock = lock if self._after == YES else NO
        self.begins = segment.begins = self.pos
        if self.bound is not None:
            self.bound(part.owner, envelope, whole.raw)

    def _closing(self, segment: Segment, at: int, final: int, sink: Sink) -> bool | None:
        """Ask for a trailer at data[at], where all formats refuse; None where there is none.  As `_step`."""
        for part in self._trailers:
            there = part.marked(segment, at)
            verdict = part.look(segment, at) if there else NO_MARKER if there is False else None
            last = isinstance(verdict, Whole) and at + verdict.size == len(segment.data)
            if not final and (verdict is None or last):
                return False
            if isinstance(verdict, Whole) and last:
                stop = at + verdict.size
                self._pass(segment.base + stop, self._after)
                sink.frame(part.number, segment, at, stop)
                return True
        return None

    def _forget(self) -> None:
        for recognizer in self._ordered:
            recognizer.header.forget(self.pos)

    def _checked(self, recognizer: Recognizer, segment: Segment, at: int) -> Verdict:
        """The verdict on a candidate of a format with a checksum."""
        header, checks, watch = recognizer.header, recognizer.checks, recognizer.watch
        assert checks is not None  # asked only of such formats
        length = recognizer.claim = recognizer.look(segment, at)
        recognizer.has_checksum = False
        if length.__class__ is not int:
            if length is None:
                self._need = header.lacks_until(self.pos)
            return length
        if header.envelope.search.framing is not None:
            recognizer.has_checksum = len(recognizer.beliefs) == 1 or checks.present(segment, at)
            return length if recognizer.has_checksum else NO_MARKER
        stop: int = at + length
        offset, reason, _ = recognizer.told
        if offset == self.pos and reason is not None:
            self._account.charge(segment.base + stop, length)  # the run has checksummed it, in vain
            return reason
        if len(recognizer.beliefs) > 1:
            recognizer.has_checksum = checks.present(segment, at)
            if not recognizer.has_checksum:
                return NO_MARKER
        if watch is not None and watch.overtaken(segment, at, stop, self.pos):
            return OVERTAKEN
        if stop > len(segment.data):
            self._need = segment.base + stop if watch is None else 0
            return None
        return length if checks.hold(segment, at, stop, self.pos) else CHECKSUM
