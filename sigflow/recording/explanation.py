"""Why the bytes at an offset are read as they are: what was tried around it, why it was refused, what confirmed it.

Strategy.  Which frames and gaps there are says the run.  A candidate is then decided once more by the scan itself,
from the state it was in there: its place, and the lock, which follows from what stands before.  So the reasons are the
scan's own; the words come from a look at the candidate by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow.events import Event, Gap, Idle, Record
from sigflow.reasons import BY_OTHERS, CHECKSUM, MEANINGS, NO_MARKER, TOO_LONG, TRUNCATED
from sigflow.recording.diagnosis.search import Budget, Cause
from sigflow.recording.faults import Examiner, Look
from sigflow.recording.inspection import cause_tree
from sigflow.stream.chain import NO, START, YES
from sigflow.stream.scan import Scanner, beliefs_of
from sigflow.stream.segment import Segment

if TYPE_CHECKING:
    from sigflow.recording.run import AnyRun
    from sigflow.stream.format import Format
    from sigflow.stream.scan import Frames, Refusals

#: Markers of a gap that are told, before the offset and from it on; bytes that are, where each is a candidate;
#: followers that are named.
NEAR = 8
BESIDE = 4
FOLLOWERS = 16
#: Bytes of the first look at a candidate; a longer look has as many times more.
WINDOW = 4096
GROWTH = 16


@dataclass(frozen=True, slots=True)
class Tried:
    """One candidate of one format.  reason: why it was refused; "" where it was believed, and `words` say by what."""

    offset: int
    format: str
    reason: str
    words: str
    causes: tuple[Cause, ...] = ()

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "offset": self.offset,
            "format": self.format,
            "reason": self.reason,
            "message": self.words,
            "causes": [cause_tree(cause) for cause in self.causes],
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """What lies at the offset: kind (`frame`, `gap`, `idle`), where; and what was tried there, in order.

    untold: so many markers of the gap are farther away.
    """

    kind: str
    start: int
    stop: int
    tried: tuple[Tried, ...]
    untold: int = 0


def explain(run: AnyRun, read: Callable[[int, int], bytes], offset: int) -> Explanation | None:
    """Explain what lies at this offset; None where the stream ends before it.

    read(start, stop): the bytes there, at any time.
    """
    before: Event | None = None
    held: set[str] = set()  # the formats of which there were frames
    for event in run.events():
        if not isinstance(event, Record | Gap | Idle):
            continue
        if isinstance(event, Record):
            held.add(event.format)
        if offset in event.span:
            told = _Explainer(run.formats, read, held)
            if isinstance(event, Record):
                return told.frame(event, before)
            if isinstance(event, Idle):
                return Explanation("idle", event.span.start, event.span.stop, ())
            return told.gap(event, before, offset)
        # What is idle changes no lock.
        before = before if isinstance(event, Idle) else event
    return None


class _Explainer:
    def __init__(self, formats: Sequence[Format], read: Callable[[int, int], bytes], held: set[str]) -> None:
        self._read = read
        self._formats = formats
        self._by_name = {format.name: format for format in formats}
        self._examiner = Examiner(formats, read, budget=Budget(2 * NEAR), held=held.__contains__)
        # As the scan tries them: those with a checksum first.
        self._ordered = sorted(formats, key=_order)
        self._lookback = max((len(_delimiter(listed)) for listed in formats), default=0)

    def frame(self, record: Record, before: Event | None) -> Explanation:
        """What was tried where a frame was found, and what confirmed it."""
        tried = []
        for format in self._ordered:
            if format.name == record.format:
                tried.append(Tried(record.start, format.name, "", self._confirmed(format, record, before)))
                break
            decision = self._decided(record.start, NO, [format])
            reason = dict(decision).get(format.name, NO_MARKER)
            tried.append(self._refused(record.start, format, reason, None))
        last = self._last(before) if isinstance(before, Gap) else ()
        return Explanation("frame", record.start, record.stop, (*last, *tried))

    def gap(self, gap: Gap, before: Event | None, offset: int) -> Explanation:
        """What was tried in a gap, near the offset."""
        marked = sorted(self._marked(gap))
        lower = [place for place in marked if place < offset]
        upper = [place for place in marked if place >= offset]
        chosen = sorted({*lower[-NEAR:], *upper[:NEAR], *self._unmarked(gap, offset)})
        tried: list[Tried] = []
        for place in chosen:
            lock = self._lock(before) if place == gap.span.start else NO
            for name, reason in self._decided(place, lock, self._formats):
                tried.append(self._refused(place, self._by_name[name], reason, gap))
        return Explanation("gap", gap.span.start, gap.span.stop, tuple(tried), len(lower[:-NEAR]) + len(upper[NEAR:]))

    def _last(self, gap: Gap) -> tuple[Tried, ...]:
        """What was tried last in the gap before a frame, behind the first byte of the gap."""
        tried = self.gap(gap, gap, gap.span.stop).tried
        return tuple(refusal for refusal in tried if refusal.offset == tried[-1].offset)

    def _marked(self, gap: Gap) -> set[int]:
        """Where the markers of the formats stand."""
        return {
            place
            for format in self._formats
            if _marked(format)
            for place in self._examiner.candidates(format, gap.span.start, gap.span.stop)
        }

    def _unmarked(self, gap: Gap, offset: int) -> range:
        """The bytes near the offset, where a format has no marker: then each is a candidate."""
        if all(_marked(format) for format in self._formats):
            return range(0)
        return range(max(gap.span.start, offset - BESIDE), min(gap.span.stop, offset + BESIDE))

    def _lock(self, before: Event | None) -> int:
        if before is None:
            return START
        return YES if isinstance(before, Record) else NO

    def _decided(self, place: int, lock: int, formats: Sequence[Format]) -> list[tuple[str, str]]:
        """(format, reason) for each format that refuses the candidate at this place."""
        size = WINDOW
        while True:
            begin = max(place - self._lookback, 0)
            data = self._read(begin, place + size)
            final = len(data) < place + size - begin
            pairs = [(format.envelope, format.max_frame) for format in formats if format.envelope is not None]
            scanner = _One()
            Scanner(pairs, pos=place, lock=lock).scan(Segment(data, begin), final, scanner, 1)
            if scanner.decided or final:
                return [(pairs[number][0].about.name, reason) for number, reason in scanner.refusals]
            size *= GROWTH

    def _refused(self, place: int, format: Format, reason: str, gap: Gap | None) -> Tried:
        if reason == NO_MARKER:
            return Tried(place, format.name, reason, "its marker does not stand here")
        seen = self._examiner.look(format, place)
        words = MEANINGS.get(reason, reason) if reason in BY_OTHERS or seen.reason != reason else seen.message
        causes = self._examiner.causes(gap, place, format, seen) if gap is not None and seen.reason == reason else ()
        return Tried(place, format.name, reason, f"{words}{_length(seen)}", causes)

    # ---------------------------------------------------------------- what confirmed a frame

    def _confirmed(self, format: Format, record: Record, before: Event | None) -> str:
        envelope = format.envelope
        if envelope is None:
            return "the whole stream is one frame of it"
        if envelope.search.chain is None:
            checks = self._examiner.look(format, record.start).checks
            if not checks:
                return "it ends where the wire says, and what stands there is one whole unit"
            return "; ".join(
                f"{check.field} {check.hex(check.stored)} holds ({check.algorithm}"
                f"{f' over {check.over}' if check.over else ''})"
                for check in checks
            )
        lock = self._lock(before)
        if lock == YES:
            return "its header is valid, and it stands right behind a frame"
        wanted = 1 if lock == START else envelope.search.chain - 1
        where = "at the start of the stream" if lock == START else "behind a gap"
        ends = ", ".join(map(str, self._followers(record.stop, min(wanted, FOLLOWERS))))
        ending_at = f"at {ends}" if ends else "none, for the stream ends"
        return f"its header is valid, and so are those that must follow {where}: {wanted} in a row, {ending_at}"

    def _followers(self, place: int, most: int) -> Iterator[int]:
        """Where the next frames begin, by their headers alone."""
        for _ in range(most):
            for format in self._ordered:
                seen = self._examiner.look(format, place)
                if seen.length is not None and seen.length > 0 and seen.reason in ("", CHECKSUM, TRUNCATED):
                    yield place
                    place += seen.length
                    break
            else:
                return


def _order(format: Format) -> int:
    """Where a format stands in the order in which they are tried."""
    if format.envelope is None:
        return 0
    return min(beliefs_of(format.envelope.search), default=0)


def _delimiter(format: Format) -> bytes:
    framing = format.envelope.search.framing if format.envelope is not None else None
    return framing.delimiter if framing is not None else b""


def _marked(format: Format) -> bool:
    """Whether something marks where a frame may begin."""
    return format.envelope is not None and bool(format.envelope.search.sync or _delimiter(format))


def _length(seen: Look) -> str:
    return f"; it claims {seen.length} bytes" if seen.length is not None and seen.reason != TOO_LONG else ""


class _One:
    """A sink that keeps what one step of the scan decides."""

    def __init__(self) -> None:
        self.decided = False
        self.refusals: Refusals = []

    def frame(self, number: int, segment: Segment, at: int, stop: int) -> None:
        """It is a frame."""
        self.decided = True

    def frames(self, number: int, segment: Segment, frames: Frames) -> None:
        """It is one."""
        self.decided = True

    def gap(self, segment: Segment, at: int, stop: int, refusals: Refusals) -> None:
        """It was refused."""
        self.decided = True
        self.refusals = refusals

    def idle(self, segment: Segment, at: int, stop: int) -> None:
        """It is idle."""
        self.decided = True
