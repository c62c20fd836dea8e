"""Sequence accounting: losses, duplicates, late frames, restarts and strays, told from the counters after framing.

For each stream id of a format the next counter is expected, modulo the counter's range.  `w` is the window in steps
(`Limits.reorder`; at most a quarter of the steps of the range, at least 1).  What a counter is:

    the next one                       in order
    up to w ahead                      a Loss of what lies between
    up to w behind, counted lost       late: a Note `sequence-reordered`, and the loss is taken back
    up to w behind, seen               a Note `sequence-duplicate`
    up to w behind, neither            late: a Note `sequence-reordered`
    0, up to w behind, not lost        open: a restart where the next frame is one step on, and does not go on from
                                       before at least as well; else as above
    back where a restart left off      a Note `sequence-restarted`; only what lies between is lost
    farther away                       open: where the next frame goes on from it, a Loss if it is greater than the
                                       one before, else a restart; where it does not, a Note `sequence-stray`

What is open is decided by the next frame of its stream, or by the end of the stream (then it is a stray, or behind).

Memory: for each stream two bits a step of the window.  `STREAMS` streams are followed; the one longest unseen is
forgotten.  A stream with three strays or more that are more than one frame of ten gets a warning at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush, heapreplace
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.diagnostics import Severity
from sigflow.errors import UsageError
from sigflow.events import Event, Loss, Note, Record
from sigflow.limits import DEFAULT_REORDER
from sigflow.runtime.measure import WIRE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence as Listed

    from sigflow.runtime.envelope import Sequence
    from sigflow.stream.format import Format

STREAMS = 1 << 16
#: One frame of so many may be a stray.
STRAYS = 10
#: Strays that say anything of a stream.
_FEW_STRAYS = 3

#: Where a stream stands: the counter that is expected, and by steps behind it, in bits from the lowest on, which
#: counters were seen and which are counted lost.
_Stand = tuple[int, int, int]


class StreamState(NamedTuple):
    """Where one stream stands, with all that decides what its next frames show: see `Followed`, whose bits are up to
    date.
    """

    stream: Any
    next: int
    seen: int
    lacking: int
    open: tuple[int, int] | None
    before: _Stand | None
    last: int
    frames: int
    strays: int
    stray: int


class Counts:
    """What has been counted over all formats."""

    __slots__ = ("duplicate", "lost", "reordered", "restarts", "strays")

    def __init__(self) -> None:
        self.lost = 0
        self.duplicate = 0
        self.reordered = 0
        self.restarts = 0
        self.strays = 0

    def state(self) -> tuple[int, int, int, int, int]:
        """All of it."""
        return self.lost, self.duplicate, self.reordered, self.restarts, self.strays

    def restore(self, state: tuple[int, int, int, int, int]) -> None:
        """Go on from there."""
        self.lost, self.duplicate, self.reordered, self.restarts, self.strays = state

    def tree(self) -> dict[str, int]:
        """By the keys of a verdict."""
        return {
            "lost": self.lost,
            "duplicate": self.duplicate,
            "reordered": self.reordered,
            "restarts": self.restarts,
            "strays": self.strays,
        }


class Followed:
    """One stream.  Who follows the usual case alone (the counter is the expected one, and its successor is greater)
    reads and sets `expected` and `last` directly, and leaves the rest to `Tracker.follow`.

    expected: the next counter; -1 while a frame is open.  next: the same, as of when the bits were last brought up to
    date.  seen, lacking: see `_Stand`.  open: (counter, offset) of a frame that waits to be decided.  before: where the
    stream stood when it last began anew.  last: the offset of the last frame.  frames, strays: how many there were,
    the frames as of `next`.  kept: the last `StreamState` of it, which holds until a frame comes.
    """

    __slots__ = ("before", "expected", "frames", "kept", "lacking", "last", "next", "open", "seen", "stray", "strays")

    def __init__(self, following: int, offset: int) -> None:
        self.expected = self.next = following
        self.seen = 1
        self.lacking = 0
        self.open: tuple[int, int] | None = None
        self.before: _Stand | None = None
        self.last = offset
        self.frames = 1
        self.strays = 0
        self.stray = -1  # the offset of the first
        self.kept: StreamState | None = None


class Tracker:
    """The streams of one format.  window: steps, over `Limits.reorder`."""

    def __init__(self, name: str, sequence: Sequence, counts: Counts, window: int = DEFAULT_REORDER) -> None:
        self.name = name
        self.modulus = sequence.modulus
        self.streams: dict[Any, Followed] = {}
        self.step = sequence.step
        self.window = max(1, min(window, sequence.modulus // sequence.step // 4))
        self._mask = (1 << self.window) - 1
        self._counts = counts
        self._ages: list[tuple[int, Any]] = []  # a heap of (offset of the last frame as it was, stream), once full

    # ---------------------------------------------------------------- one counter

    def follow(self, stream: Any, counter: int, offset: int, out: list[Event]) -> Followed:
        """Account for the counter in the frame at this offset; what is to be told goes to `out`."""
        counter %= self.modulus
        followed = self.streams.get(stream)
        if followed is None:
            return self._begin(stream, counter, offset, out)
        followed.last = offset
        self.bring_up(followed)
        followed.frames += 1
        if followed.open is not None:
            self._decide(stream, followed, counter, out)
        ahead = self._steps(followed.next, counter)
        if ahead and followed.before is not None:
            back = self._steps(followed.before[0], counter)
            if back is not None and back <= self.window and back < ahead:
                text = f"counter {counter}, wanted {followed.next}: it goes on from where it stood before it began anew"
                followed.next, followed.seen, followed.lacking = followed.before
                followed.before, ahead = None, back
                self._restarted(stream, offset, text, out)
        if ahead is not None and ahead <= self.window:
            if ahead:
                self._lose(stream, followed, counter, ahead, offset, out)
            self._take(followed, counter, ahead)
        elif (behind := self._behind(followed, counter)) and (counter or followed.lacking >> behind - 1 & 1):
            self._came_behind(stream, followed, counter, behind, offset, out)
        else:
            followed.open = counter, offset
        followed.expected = followed.next if followed.open is None else -1
        return followed

    def _after(self, counter: int) -> int:
        return (counter + self.step) % self.modulus

    def _steps(self, start: int, counter: int) -> int | None:
        """Steps from `start` forward to this counter; None where it lies between two steps."""
        steps, between = divmod((counter - start) % self.modulus, self.step)
        return None if between else steps

    def _behind(self, followed: Followed, counter: int) -> int:
        """How many steps behind the expected one this counter is; 0 where it is not, or is too far."""
        back = self._steps(counter, followed.next)
        return 0 if back is None or back > self.window else back

    def bring_up(self, followed: Followed) -> None:
        """Enter the frames that came in order since the bits were brought up to date."""
        if followed.expected in (followed.next, -1):
            return
        steps = (followed.expected - followed.next) % self.modulus // self.step
        followed.frames += steps
        self._shift(followed, steps, True)
        followed.next = followed.expected

    def _shift(self, followed: Followed, steps: int, seen: bool) -> None:
        """The expected counter moves on by so many steps, which were seen, or are lost."""
        new = (1 << min(steps, self.window)) - 1
        left = 0 if steps >= self.window else steps
        followed.seen = (followed.seen << left) & self._mask if left or not steps else 0
        followed.lacking = (followed.lacking << left) & self._mask if left or not steps else 0
        if seen:
            followed.seen |= new
        else:
            followed.lacking |= new

    def _take(self, followed: Followed, counter: int, skipped: int) -> None:
        self._shift(followed, skipped, False)
        self._shift(followed, 1, True)
        followed.next = self._after(counter)

    def _came_behind(
        self, stream: Any, followed: Followed, counter: int, behind: int, offset: int, out: list[Event]
    ) -> None:
        bit = 1 << behind - 1
        if followed.seen & bit:
            self._counts.duplicate += 1
            out.append(duplicate(self.name, stream, counter, offset))
        else:
            self._counts.reordered += 1
            self._counts.lost -= followed.lacking & bit != 0
            out.append(late(self.name, stream, counter, offset, followed.lacking & bit != 0))
        followed.lacking &= ~bit
        followed.seen |= bit

    def _lose(self, stream: Any, followed: Followed, counter: int, count: int, offset: int, out: list[Event]) -> None:
        self._counts.lost += count
        out.append(Loss(stream, count, self.name, followed.next, counter, offset))

    def _restarted(self, stream: Any, offset: int, text: str, out: list[Event]) -> None:
        self._counts.restarts += 1
        out.append(_note("sequence-restarted", text, self.name, stream, offset))

    def _decide(self, stream: Any, followed: Followed, following: int, out: list[Event]) -> None:
        """Decide the open frame by the counter of the next one."""
        assert followed.open is not None  # asked only then
        counter, offset = followed.open
        followed.open = None
        behind = self._behind(followed, counter)
        from_it, from_before = self._steps(self._after(counter), following), self._steps(followed.next, following)
        goes_on = from_it is not None and from_it <= (0 if behind else self.window)
        if not goes_on or (from_before is not None and from_before <= min(from_it or 0, self.window)):
            self._not_followed(stream, followed, counter, behind, offset, out)
            return
        ahead = self._steps(followed.next, counter)
        if not behind and ahead is not None and counter > (followed.next - self.step) % self.modulus:
            self._lose(stream, followed, counter, ahead, offset, out)
            self._take(followed, counter, ahead)
            return
        text = f"counter {counter}, wanted {followed.next}: it began anew"
        if not behind:
            text += "; a long loss, in which the counter wrapped around, would look the same"
        self._restarted(stream, offset, text, out)
        followed.before = followed.next, followed.seen, followed.lacking
        followed.next, followed.seen, followed.lacking = self._after(counter), 1, 0

    def _not_followed(
        self, stream: Any, followed: Followed, counter: int, behind: int, offset: int, out: list[Event]
    ) -> None:
        """An open frame from which nothing goes on."""
        if behind:
            self._came_behind(stream, followed, counter, behind, offset, out)
            return
        followed.strays += 1
        followed.stray = offset if followed.stray < 0 else followed.stray
        self._counts.strays += 1
        text = f"counter {counter} belongs nowhere: wanted {followed.next}, and what follows does not go on from it"
        out.append(_note("sequence-stray", text, self.name, stream, offset))

    # ---------------------------------------------------------------- streams

    def _begin(self, stream: Any, counter: int, offset: int, out: list[Event]) -> Followed:
        """Follow a new stream; the one that was longest not seen makes room."""
        if self.full:
            oldest = self.oldest()
            heappop(self._ages)
            self._end(oldest, self.streams.pop(oldest), out)
            heappush(self._ages, (offset, stream))
        followed = self.streams[stream] = Followed(self._after(counter), offset)
        return followed

    def states(self) -> tuple[StreamState, ...]:
        """Where each stream stands."""
        return tuple(
            [
                kept if (kept := followed.kept) is not None and kept.last == followed.last else _kept(self, stream)
                for stream, followed in self.streams.items()
            ]
        )

    def restore(self, states: Listed[StreamState]) -> None:
        """Go on from there.  Raises `UsageError` where these cannot be states of such counters."""
        if len(states) > STREAMS or len({state.stream for state in states}) < len(states):
            raise UsageError(f"counters of {len(states)} streams of {self.name}, of which {STREAMS} are followed, once")
        for state in states:
            stands = [(state.next, state.seen, state.lacking), *([state.before] if state.before is not None else ())]
            counters = [stand[0] for stand in stands] + ([state.open[0]] if state.open is not None else [])
            if any(not 0 <= counter < self.modulus for counter in counters) or any(
                not 0 <= bits <= self._mask for stand in stands for bits in stand[1:]
            ):
                raise UsageError(f"a counter of {self.name} that is outside its range, in stream {state.stream!r}")
            followed = self.streams[state.stream] = Followed(state.next, state.last)
            followed.expected = state.next if state.open is None else -1
            _, _, followed.seen, followed.lacking, followed.open, followed.before, *_ = state
            followed.frames, followed.strays, followed.stray = state.frames, state.strays, state.stray
            followed.kept = state

    @property
    def full(self) -> bool:
        """Whether another stream can be followed only in the place of one."""
        return len(self.streams) >= STREAMS

    def oldest(self) -> Any:
        """The stream that was longest not seen."""
        ages = self._ages
        if not ages:
            ages += [(followed.last, stream) for stream, followed in self.streams.items()]
            heapify(ages)
        while (last := self.streams[ages[0][1]].last) != ages[0][0]:
            heapreplace(ages, (last, ages[0][1]))
        return ages[0][1]

    def end(self) -> list[tuple[int, Event]]:
        """The stream of bytes has ended: what is still to be told, each with the offset of the frame it is about."""
        shown: list[tuple[int, Event]] = []
        for stream, followed in self.streams.items():
            out: list[Event] = []
            self._end(stream, followed, out)
            shown += [(event.offset, event) for event in out if isinstance(event, Loss | Note)]
        return shown

    def _end(self, stream: Any, followed: Followed, out: list[Event]) -> None:
        self.bring_up(followed)
        if followed.open is not None:
            counter, offset = followed.open
            followed.open = None
            self._not_followed(stream, followed, counter, self._behind(followed, counter), offset, out)
        if followed.strays >= _FEW_STRAYS and followed.strays * STRAYS > followed.frames:
            text = f"{followed.strays} of {followed.frames} counters belong nowhere: two devices may share an id"
            out.append(_note("sequence-strays", text, self.name, stream, followed.stray, Severity.WARNING))


def _kept(tracker: Tracker, stream: Any) -> StreamState:
    """Where a stream stands, which its `Followed` keeps."""
    followed = tracker.streams[stream]
    tracker.bring_up(followed)
    followed.kept = StreamState(
        stream, followed.next, followed.seen, followed.lacking, followed.open, followed.before, followed.last,
        followed.frames, followed.strays, followed.stray,
    )  # fmt: skip
    return followed.kept


def late(name: str, stream: Any, counter: int, offset: int, was_lost: bool) -> Note:
    """That a counter comes after a later one.  was_lost: it was counted lost, which is taken back."""
    text = f"counter {counter} comes late" if was_lost else f"counter {counter} comes late, and was not missed"
    note = _note("sequence-reordered", text, name, stream, offset)
    note.counter = counter if was_lost else None
    return note


def duplicate(name: str, stream: Any, counter: int, offset: int) -> Note:
    """That the counter of a frame of this format was there before."""
    return _note("sequence-duplicate", f"counter {counter} was there before", name, stream, offset)


def _note(code: str, text: str, name: str, stream: Any, offset: int, severity: Severity = Severity.NOTE) -> Note:
    comma = "," if "," in text or ":" in text else ""
    where = "" if stream is None else f"{comma} in stream {stream!r}"
    note = Note(code, severity, text + where, offset, name)
    note.stream = stream
    return note


def ended(trackers: Iterable[Tracker | None]) -> list[Event]:
    """What the end of the stream says of its counters, in the order of the frames that it is about."""
    placed = [told for tracker in trackers if tracker is not None for told in tracker.end()]
    return [event for _, event in sorted(placed, key=lambda told: told[0])]


def tracker_of(format: Format, counts: Counts) -> Tracker | None:
    """The counters of a format, where it has a sequence."""
    if format.envelope is None or format.envelope.decode.sequence is None:
        return None
    reorder = format.limits.reorder
    return Tracker(
        format.name, format.envelope.decode.sequence, counts, DEFAULT_REORDER if reorder is None else reorder
    )


def counted(format: Format, record: Record) -> tuple[Any, int] | None:
    """Stream id and counter of a record, from its value; None where it has none, or the value was not parsed that far,
    which the record's diagnostics say.
    """
    sequence = format.envelope.decode.sequence if format.envelope is not None else None
    try:
        if sequence is None or (sequence.counts is not None and not sequence.counts(record.value)):
            return None
        stream = format.stream_of(record)
        hash(stream)
    except WIRE_ERRORS:
        return None
    counter = record.sequence
    return None if counter is None else (stream, counter)


def follow(tracker: Tracker | None, format: Format, record: Record, out: list[Event]) -> None:
    """Account for a record from its value; what its counter shows goes to `out`."""
    told = counted(format, record) if tracker is not None else None
    if tracker is not None and told is not None:
        tracker.follow(*told, record.start, out)
