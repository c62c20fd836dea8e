"""From what the scan finds to events: records with numbers and stamps, merged gaps and idle bytes, sequence accounting,
counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from sigflow.diagnostics import Severity
from sigflow.events import Event, Gap, Idle, Note, Record, Span, frame_runs
from sigflow.reasons import NO_MARKER, OVERFLOW
from sigflow.stream.cuts import BYTES_MISSING, KINDS, REMOVED
from sigflow.stream.sequence import Counts, ended, follow, tracker_of

if TYPE_CHECKING:
    from sigflow.stream.cuts import Cut
    from sigflow.stream.format import Format
    from sigflow.stream.pending import Stamps
    from sigflow.stream.scan import Frames, Refusals
    from sigflow.stream.segment import Segment

_NO_MARKER = {NO_MARKER: None}
#: The code of a note on idle bytes that may hide something.
IDLE_DOUBTFUL = "idle-doubtful"


class OpenGap:
    """Gap bytes until a frame closes them: adjacent ones are one gap, each reason once, in order of first sight."""

    __slots__ = ("_names", "_texts", "reasons", "start", "stop")

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._texts: dict[tuple[int, str], str] = {}
        self.start = self.stop = -1
        self.reasons: dict[str, None] = {}

    def add(self, start: int, stop: int, refusals: Refusals) -> None:
        """The bytes from `start` to `stop` are in no frame."""
        if self.start < 0:
            self.start = start
        self.stop = stop
        if not refusals:
            self.reasons.update(_NO_MARKER)
        for refusal in refusals:
            text = self._texts.get(refusal)
            if text is None:
                number, reason = refusal  # of no format: what `no-marker` is, where it stands among others
                text = self._texts[refusal] = f"{self._names[number]}:{reason}" if number >= 0 else reason
            self.reasons[text] = None

    def close(self, out: list[Event]) -> None:
        """Emit the gap, if one is open."""
        if self.start >= 0:
            out.append(Gap(Span(self.start, self.stop), tuple(self.reasons)))
            self.start = -1
            self.reasons = {}

    def copy(self) -> OpenGap:
        """The same gap, to go on with apart."""
        other = OpenGap(self._names)
        other.start, other.stop, other.reasons = self.start, self.stop, dict(self.reasons)
        return other


class Between:
    """What stands between two frames: the open gap, or open idle bytes; each comes out when it closes.

    most: idle bytes in a row that are nothing to speak of; None: nothing is said of any.
    """

    __slots__ = ("_after_gap", "_most", "_start", "_stop", "gap")

    def __init__(self, gap: OpenGap, most: int | None) -> None:
        self.gap = gap
        self._most = most
        self._start = self._stop = -1  # idle bytes
        self._after_gap = False

    @property
    def open(self) -> bool:
        """Whether anything is."""
        return self.gap.start >= 0 or self._start >= 0

    def before_gap(self, out: list[Event]) -> None:
        """Bytes of a gap follow, which are for the gap to take."""
        if self._start >= 0:
            self._close_idle(out, before_gap=True)

    def idle(self, start: int, stop: int, out: list[Event]) -> None:
        """The bytes from `start` to `stop` are idle."""
        if self._start < 0:
            self._after_gap = self.gap.start >= 0
            self.gap.close(out)
            self._start = start
        self._stop = stop

    def close(self, out: list[Event]) -> None:
        """Emit what is open."""
        if self._start >= 0:
            self._close_idle(out, before_gap=False)
        self.gap.close(out)

    def _close_idle(self, out: list[Event], *, before_gap: bool) -> None:
        out.append(Idle(Span(self._start, self._stop)))
        if self._most is not None and (before_gap or self._after_gap or self._stop - self._start > self._most):
            out.append(doubt(self._start, self._stop, self._most, touches=before_gap or self._after_gap))
        self._start = -1

    def state(self) -> tuple[int, int, tuple[str, ...], bool] | None:
        """What is open: start, stop, the reasons of a gap, and whether idle bytes touch one; None if nothing is."""
        if self._start >= 0:
            return self._start, self._stop, (), self._after_gap
        return (self.gap.start, self.gap.stop, tuple(self.gap.reasons), False) if self.gap.start >= 0 else None

    def restore(self, state: tuple[int, int, tuple[str, ...], bool] | None) -> None:
        """Go on from there."""
        if state is None:
            return
        start, stop, reasons, after_gap = state
        if reasons:
            self.gap.start, self.gap.stop, self.gap.reasons = start, stop, dict.fromkeys(reasons)
        else:
            self._start, self._stop, self._after_gap = start, stop, after_gap

    def copy(self) -> Between:
        """The same, to go on with apart; nothing is said of idle bytes there."""
        other = Between(self.gap.copy(), None)
        other._start, other._stop, other._after_gap = self._start, self._stop, self._after_gap
        return other


def idle_most(formats: Sequence[Format]) -> int:
    """Idle bytes in a row that are nothing to speak of: as many as one of the formats says, or as it may have in a
    frame.
    """
    searches = [(format, format.envelope.search) for format in formats if format.envelope is not None]
    return max(
        (
            search.idle_max if search.idle_max is not None else format.max_frame
            for format, search in searches
            if search.idle or (search.framing is not None and search.framing.delimiter)
        ),
        default=0,
    )


def doubt(start: int, stop: int, most: int, *, touches: bool) -> Note:
    """What is to be said of idle bytes that touch a gap, or are more than `most`."""
    size = stop - start
    why = "beside bytes that are in no frame" if touches else f"in a row, more than {most}"
    text = f"{size} idle byte{'' if size == 1 else 's'} {why}: what was overwritten with them would look the same"
    return Note(IDLE_DOUBTFUL, Severity.NOTE, text, start)


class Events:
    """Takes what a scan finds (`scan.Sink`) and appends events to `out`.

    State: what is open between frames, the sequence counters (none if `counts` is None), and what was counted; a scan
    that takes the stream over goes on with all of it (`engines.LiveScan`).
    damaged: in strict mode, what to call with gap bytes; checked: with each record.
    """

    def __init__(self, formats: Sequence[Format], stamps: Stamps, counts: Counts | None, out: list[Event]) -> None:
        most = idle_most(formats) if counts is not None else None
        self.between = Between(OpenGap([format.name for format in formats]), most)
        self.index = 0
        self.gap_bytes = self.idle_bytes = 0
        self.frame_counts = [0] * len(formats)
        self.frame_bytes = [0] * len(formats)
        self.damaged: Callable[[Segment, int, Refusals], None] | None = None
        self.checked: Callable[[Record], None] | None = None
        self._formats = formats
        self.counts = counts
        self._stamps = stamps
        self._out = out
        self.trackers = [None if counts is None else tracker_of(format, counts) for format in formats]

    def gap(self, segment: Segment, at: int, stop: int, refusals: Refusals) -> None:
        """Bytes in no frame."""
        base = segment.base
        if self.damaged is not None:
            self.damaged(segment, at, refusals)
        self.gap_bytes += stop - at
        self.between.before_gap(self._out)
        self.between.gap.add(base + at, base + stop, refusals)

    def idle(self, segment: Segment, at: int, stop: int) -> None:
        """Idle bytes."""
        self.idle_bytes += stop - at
        self.between.idle(segment.base + at, segment.base + stop, self._out)

    def frame(self, number: int, segment: Segment, at: int, stop: int) -> None:
        """One frame."""
        data, base = segment.data, segment.base
        with memoryview(data) as view:
            record = Record(self._formats[number], base + at, bytes(view[at:stop]), self.index)
        self._close_gap()
        self.index += 1
        self._account(number, record)
        self._out.append(record)
        self.frame_counts[number] += 1
        self.frame_bytes[number] += stop - at
        self._mark([record])

    def frames(self, number: int, segment: Segment, frames: Frames) -> None:
        """A run of frames, each with its header."""
        data, base = segment.data, segment.base
        format, tracker, out, index = self._formats[number], self.trackers[number], self._out, self.index
        self._close_gap()
        before_these = len(out)
        bounds = (*[frame[0] for frame in frames], frames[-1][1])
        heads = [frame[2] for frame in frames]
        with memoryview(data) as view:
            shared = list(frame_runs((format,) * len(frames), view, bounds, base, index, heads))
        records = chain.from_iterable(shared)
        sequence = format.envelope.decode.sequence if format.envelope is not None else None
        if sequence is None or tracker is None:
            out += records
        elif (
            heads[0] is None
            or sequence.head is None
            or (sequence.stream and sequence.stream_head is None)
            or sequence.counts is not None
        ):
            for record in records:
                self._account(number, record)
                out.append(record)
        else:
            # The way of every frame of a clean stream: the counter is the expected one, and the next is greater.
            counter_at, stream_at = sequence.head, sequence.stream_head
            streams, step = tracker.streams, sequence.step
            last = sequence.modulus - step
            stream = heads[0][stream_at] if stream_at is not None else None
            followed = streams.get(stream)
            wanted = followed.expected if followed is not None else -1
            before = 0  # the offset of the last frame of this stream that was followed here; the first of all is never
            for (at, _, head), record in zip(frames, records, strict=True):
                if stream_at is not None and head[stream_at] != stream:
                    if followed is not None and before:
                        followed.expected, followed.last = wanted, before
                    stream, before = head[stream_at], 0
                    followed = streams.get(stream)
                    wanted = followed.expected if followed is not None else -1
                counter = head[counter_at]
                if counter == wanted and counter < last:
                    wanted = counter + step
                    before = base + at
                else:
                    if followed is not None and before:
                        followed.expected, followed.last = wanted, before
                    followed, before = tracker.follow(stream, counter, base + at, out), 0
                    wanted = followed.expected
                out.append(record)
            if followed is not None and before:
                followed.expected, followed.last = wanted, before
        self.index += len(frames)
        self.frame_counts[number] += len(frames)
        self.frame_bytes[number] += frames[-1][1] - frames[0][0]
        if self._stamps or self.checked is not None:
            self._mark([event for event in out[before_these:] if isinstance(event, Record)])

    def cut(self, cut: Cut) -> None:
        """All up to this cut is decided: what is open closes, and what is missing is told."""
        self._close_gap()
        if cut.missing and cut.kind == REMOVED:
            self.idle_bytes += cut.missing
            self._out.append(Idle(Span(cut.offset, cut.stop)))
            which = f"{cut.missing} bytes of the recording were removed"
            text = f"{which} here" if cut.offset else f"the first {which}"
            self._out.append(Note(REMOVED, Severity.NOTE, text, cut.offset))
        elif cut.missing:
            self.gap_bytes += cut.missing
            self._out.append(Gap(Span(cut.offset, cut.stop), (OVERFLOW,), cut.stamp))
        elif not cut.silent:
            text = f"{KINDS[cut.kind].unknown}: how many bytes are missing is not known"
            note = Note(BYTES_MISSING, Severity.WARNING, text, cut.offset)
            note.stamp = cut.stamp
            self._out.append(note)

    def end(self) -> None:
        """The end of the stream: the open gap closes, and open counters are decided."""
        self._close_gap()
        self._out += ended(self.trackers)

    def _close_gap(self) -> None:
        if self.between.open:
            self.between.close(self._out)

    def _mark(self, records: list[Record]) -> None:
        for record in records:
            if self._stamps:
                record.stamps = self._stamps.of(record.start, record.stop)
            if self.checked is not None:
                self.checked(record)

    def _account(self, number: int, record: Record) -> None:
        """Sequence accounting for one record, from its value."""
        follow(self.trackers[number], self._formats[number], record, self._out)
