"""Why a gap is a gap: for each of its reasons the first candidate that was refused for it, looked at once more.

The scan says which reasons a gap has, not where, so that its result stays independent of how the chunks fell.  Here,
after the fact, the candidate is found again and measured on its own: that gives the offset, the field, and both
checksums.

Rules.  The search is bounded per gap.  A reason that no single candidate shows (a chain that broke, a frame overtaken
by others) is reported at the gap's first candidate, with what the reason means.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from sigflow.diagnostics import Finding, Severity, hex_excerpt
from sigflow.frozen import frozen
from sigflow.reasons import (
    ABORTED,
    BY_OTHERS,
    CHECKSUM,
    INVALID,
    LENGTH,
    MEANINGS,
    NULL,
    SECOND_PREAMBLE,
    TOO_LONG,
    TRUNCATED,
    preamble_reason,
)
from sigflow.recording.checks import Check, checks_of
from sigflow.recording.diagnosis.counting import CountingWindow
from sigflow.recording.diagnosis.search import BEYOND, NOTHING, OF_WRITERS, Budget, Cause, Diagnosis, diagnose
from sigflow.recording.fields import fault_path, path_of_place
from sigflow.runtime.envelope import PREAMBLE, Measured, Refused
from sigflow.runtime.measure import WIRE_ERRORS, maybe_advance, reason_of
from sigflow.runtime.window import Window

if TYPE_CHECKING:
    from sigflow.events import Gap
    from sigflow.runtime.envelope import Envelope, Framing
    from sigflow.stream.format import Format
from sigflow.stream.reading import place_of, words_of

#: Candidates that are looked at again in one gap, at most, and bytes of a gap in which they are searched.
CANDIDATES = 256
SEARCHED = 1 << 20
#: Frames in a row in one gap of which each is diagnosed.
IN_A_ROW = 8
#: Reasons of which a checksum may tell the cause; and the bytes after a candidate among which that is searched.
TELLING = (CHECKSUM, TRUNCATED, TOO_LONG)
REACH = 1 << 20
#: Bytes of the first look at a candidate, and bytes that are read again for one verdict in all.
WINDOW = 4096
WORK = 256 << 20

#: What is said of a frame whose causes were not searched.
#: Bytes of a candidate that are not held any longer than it is looked at.
LARGE = 1 << 20
UNSEEN = "; it was not looked at more closely"
UNSEARCHED = "; its cause was not searched for, which --explain-all does"


@frozen
class Look:
    """One candidate, measured on its own.

    reason: why it is refused, "" where nothing speaks against it but what follows.  at, path: where in the frame the
    fault was found, and in which field.  length: what it claims, None where that is not known.  steps: of the measure.
    """

    reason: str
    at: int
    path: str
    message: str
    length: int | None = None
    checks: tuple[Check, ...] = ()
    place: str = ""
    steps: int = 0


def look(format: Format, raw: bytes, *, final: bool = False) -> Look:
    """The candidate at the start of `raw`, which goes on to the end of what is known of the stream.  final: the stream
    ends there.
    """
    envelope, limit = format.envelope, format.max_frame
    if envelope is None:
        return Look(TOO_LONG, 0, "", f"the file is longer than the limit of {limit} bytes")
    if envelope.search.framing is not None:
        return _look_at_framed(format, envelope, raw, final=final)
    window = CountingWindow(raw, 0, len(raw), limit, envelope.search.sync if envelope.search.aborted_by_sync else ())
    try:
        next(envelope.measure.incremental(window))
    except StopIteration as stop:
        return _measured(envelope, stop.value, raw, limit, window.steps)
    except Refused as refusal:
        reason = envelope.measure.reasons.get(refusal.path, refusal.reason) if refusal.path else refusal.reason
        return replace(_refused(envelope, reason, refusal, _reached(window), raw, limit), steps=window.steps)
    except WIRE_ERRORS as error:
        reason = reason_of(error, envelope.measure.reasons)
        return replace(_refused(envelope, reason, error, _reached(window), raw, limit), steps=window.steps)
    path = _failed_path(envelope, raw)
    wanted = f"the stream ends {len(raw)} bytes into the frame, before its length is known"
    return Look(TRUNCATED, _reached(window), path, wanted, steps=window.steps)


def _look_at_framed(format: Format, envelope: Envelope, raw: bytes, *, final: bool) -> Look:
    """The same of a format whose units do not stand on the wire as they are."""
    from sigflow.recording.framed import FramedLook
    from sigflow.runtime.framing import places_of

    framing = envelope.search.framing
    assert framing is not None  # so it was asked

    seen = FramedLook(format, raw, final=final)
    if seen.verdict is None:
        return Look(TRUNCATED, 0, "", f"the stream ends {len(raw)} bytes into the frame, before its end")
    if seen.length is not None:
        return _checked(seen.checks, seen.length)
    reason = str(seen.verdict)
    extent = window_of(framing, raw) if framing.delimiter and reason != TOO_LONG else None
    if not seen.unit:
        limited = f" of {format.max_frame} bytes" if reason == TOO_LONG else ""
        return Look(reason, 0, "", MEANINGS.get(reason, reason) + limited, extent)
    inner = replace(envelope, search=replace(envelope.search, framing=None, sync=()))
    window = CountingWindow(seen.unit, 0, len(seen.unit), format.max_frame, closed=framing.closed)
    measured = _tried(inner, window)
    where = places_of(framing, raw[: window_of(framing, raw)])
    if isinstance(measured, Exception):
        refused = _refused(inner, reason, measured, _reached(window), seen.unit, format.max_frame)
        at = where[min(refused.at, len(where) - 1)]
        return replace(refused, at=at, length=extent, steps=window.steps)
    consumed = measured.length if measured is not None else 0
    words = f"{MEANINGS[LENGTH]}: of {len(seen.unit)} bytes it takes {consumed}"
    return Look(reason, where[min(consumed, len(where) - 1)], "", words, extent, steps=window.steps)


def _tried(envelope: Envelope, window: CountingWindow) -> Measured | Exception | None:
    """What a measure says of a window, or what it fails with."""
    try:
        next(envelope.measure.incremental(window))
    except StopIteration as stop:
        measured: Measured = stop.value
        return measured
    except (Refused, *WIRE_ERRORS) as error:
        return error
    return None


def window_of(framing: Framing, raw: bytes) -> int:
    """The bytes of the wire up to the next delimiter, where units stand between them; else all."""
    stop = raw.find(framing.delimiter) if framing.delimiter else -1
    return stop + len(framing.delimiter) if stop >= 0 else len(raw) + len(framing.end) + framing.trailer


def _reached(window: Window) -> int:
    """Where in the frame the measure stands; bytes of fields in a row are asked for before the first is read."""
    return max(window.pos(), window.wanted)


def _measured(envelope: Envelope, measured: Measured, raw: bytes, limit: int, steps: int) -> Look:
    length = measured.length
    if length > limit:
        return Look(TOO_LONG, 0, "", f"frame length {length} exceeds limit {limit}", length, steps=steps)
    if length <= 0:
        return Look(INVALID, 0, "", f"a frame of {length} bytes", length, steps=steps)
    if length > len(raw):
        at, path = _stop(envelope, raw, measured.looked)
        words = f"the stream ends {len(raw)} bytes into a frame of {length} bytes"
        return Look(TRUNCATED, at, path, words, length, steps=steps)
    return _checked(tuple(checks_of(envelope, measured, raw[:length])), length, steps)


def _checked(checks: tuple[Check, ...], length: int, steps: int = 0) -> Look:
    """The look at a frame, by the first checksum that does not hold, if any."""
    for check in checks:
        if not check.holds:
            return Look(CHECKSUM, check.offset, check.field, check.values, length, checks, steps=steps)
    return Look("", 0, "", "", length, checks, steps=steps)


def _stop(envelope: Envelope, raw: bytes, looked: int) -> tuple[int, str]:
    """Where parsing a cut frame stops, and in which field."""
    try:
        envelope.decode.parse(raw, None)
    except WIRE_ERRORS as error:
        position, path = fault_path(error)
        return looked if position is None else position, path
    return min(looked, len(raw)), ""


def _failure(envelope: Envelope, raw: bytes) -> BaseException | None:
    """What parsing these bytes fails with, which knows its field; None where they parse."""
    try:
        envelope.decode.parse(raw, None)
    except WIRE_ERRORS as error:
        return error
    return None


def _failed_path(envelope: Envelope, raw: bytes) -> str:
    failure = _failure(envelope, raw)
    return "" if failure is None else fault_path(failure)[1]


def _refused(envelope: Envelope, reason: str, error: BaseException, at: int, raw: bytes, limit: int) -> Look:
    if reason == TOO_LONG:
        length = _claimed(envelope, raw)
        words = f"frame length {'' if length is None else f'{length} '}exceeds limit {limit}"
        return Look(reason, at, _failed_path(envelope, raw[:at]), words, length)
    failure = None if reason == ABORTED else _failure(envelope, raw[:limit])
    if failure is None:
        path = path_of_place(envelope, getattr(error, "path", "") or getattr(error, "src_path", ""))
    else:
        path = fault_path(failure)[1]
        error = failure if hasattr(failure, "actual") else error
    return Look(reason, at, path, _words(reason, error), place=place_of(envelope.about.spec, failure or error))


def _claimed(envelope: Envelope, raw: bytes) -> int | None:
    """The length that a frame claims when nothing limits it; None where that cannot be told."""
    measured = maybe_advance(
        envelope.measure.incremental(Window(raw, 0, len(raw), sys.maxsize)), envelope.measure.reasons
    )
    return measured.length if isinstance(measured, Measured) else None


def _words(reason: str, error: BaseException) -> str:
    if hasattr(error, "actual"):
        return f"{MEANINGS[reason]}: {words_of(error)}" if reason in MEANINGS else words_of(error)
    return MEANINGS.get(reason, f"refused by the spec: {reason}")


# ---------------------------------------------------------------- gaps


@frozen
class CandidateReport:
    """What is to be told of a frame that was refused: the finding but for the causes, and of them what was found.

    searched: whether they were looked for at all.  next: the frames that follow it in the gap, by their offsets.
    """

    finding: Finding
    format: str
    diagnosis: Diagnosis = NOTHING
    searched: bool = True
    next: tuple[tuple[int, Diagnosis], ...] = ()

    def said(self, *, held: bool) -> Finding:
        """The finding.  held: see `Diagnosis.causes`."""
        words = words_of_causes(self.diagnosis.causes(held=held))
        if not self.searched or (self.diagnosis.untried and not words):
            words += UNSEARCHED
        for offset, diagnosis in self.next:
            if causes := [cause for cause in diagnosis.causes(held=held) if cause.firm]:
                words += f"; of the frame at {offset}{words_of_causes(causes)[1:]}"
        return replace(self.finding, message=self.finding.message + words) if words else self.finding

    @property
    def of_writers(self) -> bool:
        """Whether it depends on frames that hold what is said."""
        return any(
            cause.kind in OF_WRITERS
            for diagnosis in (self.diagnosis, *dict(self.next).values())
            for cause in diagnosis.guesses
        )


class Examiner:
    """Looks at gaps.  State: how many bytes it may still read again, and what is left of the budget of the diagnosis,
    so that no capture makes it work without end."""

    def __init__(
        self,
        formats: Sequence[Format],
        known: Callable[[int, int], bytes],
        work: int = WORK,
        budget: Budget | None = None,
        held: Callable[[str], bool] = lambda name: False,
    ) -> None:
        """`known(start, stop)`: the stream's bytes there, as far as they are known.  budget: of the diagnosis; None:
        causes are not searched.  held(name): whether frames of the format are known to hold.
        """
        self._formats = {format.name: format for format in formats}
        self._known = known
        self._left = work
        self._budget = budget
        self._looks = budget or Budget()
        self._unseen = UNSEEN if budget is None else f"{UNSEEN}, which --explain-all does"
        self._held = held
        self._seen: dict[tuple[str, int], Look] = {}  # the looks at the gap

    def _bytes(self, start: int, stop: int) -> bytes:
        raw = self._known(start, stop)
        self._left -= len(raw)
        return raw

    def examine(self, gap: Gap) -> Iterator[tuple[int, Format, Look]]:
        """(offset, format, look) for each reason of the gap but `no-marker`."""
        self._seen = {}
        for text in gap.reasons:
            name, _, reason = text.partition(":")
            if reason == SECOND_PREAMBLE:
                format = self._formats[f"{name}:{PREAMBLE}"]
                offset = next(self.candidates(format, gap.span.start, gap.span.stop), gap.span.start)
                yield offset, format, Look(reason, 0, "", MEANINGS[reason])
            elif preamble_reason(reason):
                yield self._no_preamble(name, reason, gap.span.start)
            elif reason:
                yield self._first(self._formats[name], reason, gap)

    def _no_preamble(self, name: str, reason: str, offset: int) -> tuple[int, Format, Look]:
        """Why what stands at the beginning is no preamble, and what that means for the frames."""
        format, of_frames = self._formats[f"{name}:{PREAMBLE}"], self._formats[name].envelope
        seen = self.look(format, offset)
        message = f"no preamble: {seen.message or MEANINGS.get(preamble_reason(reason), reason)}"
        if of_frames is not None and of_frames.root is None and of_frames.around is not None:
            if of_frames.around.needed:
                message += f"; without one no {name} frame can be measured; --preamble FILE takes one from elsewhere"
            else:
                message += "; frames are found all the same, but for what they take from it"
        return offset, format, replace(seen, reason=reason, message=message)

    def _first(self, format: Format, reason: str, gap: Gap) -> tuple[int, Format, Look]:
        """The first candidate found that is refused for this reason."""
        start, stop = gap.span.start, gap.span.stop
        first: int | None = None
        for offset in self._search(format, start, stop):
            first = offset if first is None else first
            if self._looks.blind:
                return first, format, Look(reason, 0, "", MEANINGS.get(reason, reason) + self._unseen)
            seen = self.look(format, offset)
            if seen.reason == reason:
                return offset, format, seen
            if not seen.reason and reason in BY_OTHERS and (reason != NULL or self._null(format, offset)):
                return offset, format, replace(seen, reason=reason, message=MEANINGS[reason])
        return start if first is None else first, format, Look(reason, 0, "", MEANINGS.get(reason, reason))

    def _search(self, format: Format, start: int, stop: int) -> Iterator[int]:
        """The candidates of a gap that are looked at: the first ones, then the last.

        A frame that the end of the stream cuts begins near the end of its gap.
        """
        yield from islice(self.candidates(format, start, min(stop, start + SEARCHED)), CANDIDATES)
        yield from [*self.candidates(format, max(start, stop - WINDOW), stop)][: -CANDIDATES - 1 : -1]

    def _null(self, format: Format, offset: int) -> bool:
        """Whether the header of a candidate is all zeros."""
        size = format.envelope.measure.header if format.envelope is not None else None
        return size is not None and not any(self._bytes(offset, offset + size))

    def begin(self) -> None:
        """Look at another gap."""
        self._seen = {}

    def look(self, format: Format, offset: int) -> Look:
        """Look at a candidate through a window that grows while the frame goes beyond it."""
        known = self._seen.get((format.name, offset))
        if known is None:
            known = self._seen[format.name, offset] = self._looked(format, offset)
        return known

    def _looked(self, format: Format, offset: int) -> Look:
        size = WINDOW
        while True:
            raw = self._bytes(offset, offset + size)
            seen = look(format, raw, final=len(raw) < size)
            self._looks.looked(seen.steps, len(raw) if seen.checks else 0)
            if len(raw) >= LARGE:
                # What was made of them refers to itself and holds them, until the collector comes by.
                gc.collect(1)
            if seen.reason != TRUNCATED or len(raw) < size:
                return seen
            size = min(seen.length, size * 64) if seen.length is not None and seen.length > size else size * 64

    def candidates(self, format: Format, start: int, stop: int) -> Iterator[int]:
        """Where in [start, stop) the format's marker stands; the stream's end may cut one."""
        framing = format.envelope.search.framing if format.envelope is not None else None
        if framing is not None and framing.delimiter:
            from sigflow.recording.framed import candidates_of

            begin = max(start - len(framing.delimiter), 0)
            if self._left > 0:
                yield from (begin + at for at in candidates_of(format, self._bytes(begin, stop), start - begin, begin))
            return
        sync = format.envelope.search.sync if format.envelope is not None else ()
        raw = self._bytes(start, stop + max(map(len, sync), default=1) - 1)
        at = 0
        while self._left > 0 and at < stop - start:
            hit = min((hit for literal in sync if (hit := _find(raw, literal, at)) >= 0), default=-1) if sync else at
            if not 0 <= hit < stop - start:
                return
            yield start + hit
            at = hit + 1

    def causes(self, gap: Gap, offset: int, format: Format, seen: Look) -> tuple[Cause, ...]:
        """What may have happened to a candidate of a gap that was refused."""
        return (self._diagnosis(gap, offset, format, seen) or NOTHING).causes(held=self._held(format.name))

    def _diagnosis(self, gap: Gap, offset: int, format: Format, seen: Look) -> Diagnosis | None:
        """The same, of which not all may be said; None where it was not looked for, for want of work."""
        if self._budget is None or seen.reason not in TELLING or seen.length is None:
            return NOTHING
        if format.envelope is None or format.envelope.search.framing is not None:
            return NOTHING  # the search knows of bytes as the spec has them alone
        if not format.envelope.search.checksums or gap.span.stop - offset > REACH:
            return NOTHING
        if self._budget.over or self._left <= 0:
            return None
        whole = seen.reason == CHECKSUM
        # Only what is known however the chunks fell: to where the gap ends, or the frame whose checksum was computed.
        stop = max(gap.span.stop, offset + seen.length) if whole else gap.span.stop
        data = self._bytes(offset, min(stop, gap.span.stop + BEYOND))
        return diagnose(
            format,
            data,
            offset,
            whole=whole and seen.length <= len(data),
            reach=gap.span.stop - offset,
            held=self._held(format.name),
            budget=self._budget,
        )

    def told(self, gap: Gap) -> list[CandidateReport]:
        """What is to be told of a gap: one for each reason but `no-marker`."""
        examined = list(self.examine(gap))
        seen_at = {offset for offset, _, _ in examined}
        return [self._told(gap, offset, format, seen, seen_at) for offset, format, seen in examined]

    def _told(self, gap: Gap, offset: int, format: Format, seen: Look, others: set[int]) -> CandidateReport:
        finding = Finding(
            seen.reason,
            Severity.ERROR,
            f"frame at {offset}: {seen.message}",
            offset + seen.at,
            format.name,
            seen.path,
            seen.place,
            self._excerpt(offset + seen.at),
        )
        diagnosis = self._diagnosis(gap, offset, format, seen)
        if diagnosis is None:
            return CandidateReport(finding, format.name, searched=False)
        return CandidateReport(
            finding, format.name, diagnosis, True, tuple(self._next(gap, offset, format, seen, diagnosis, others))
        )

    def _next(
        self, gap: Gap, offset: int, format: Format, seen: Look, diagnosis: Diagnosis, others: set[int]
    ) -> Iterator[tuple[int, Diagnosis]]:
        """The damaged frames that follow this one in the gap."""
        for _ in range(IN_A_ROW if self._budget is not None and seen.reason in TELLING else 0):
            causes = diagnosis.causes(held=True)
            past = causes[0].extent if causes and causes[0].firm else 1
            after = next(self.candidates(format, offset + past, min(gap.span.stop, offset + REACH)), None)
            if after is None:
                return
            offset, seen = after, self.look(format, after)
            follower = self._diagnosis(gap, offset, format, seen)
            if follower is None:
                return
            diagnosis = follower
            if offset not in others:
                yield offset, diagnosis

    def findings(self, gap: Gap) -> list[Finding]:
        """The diagnostics of a gap: one for each reason but `no-marker`."""
        return [report.said(held=self._held(report.format)) for report in self.told(gap)]

    def _excerpt(self, at: int) -> str:
        """The bytes around an offset; around the last one, where the stream ends before it."""
        first = max(at - 16, 0)
        raw = self._bytes(first, at + 16)
        return hex_excerpt(raw, min(at - first, len(raw) - 1), first)


def words_of_causes(causes: Sequence[Cause]) -> str:
    """What may have happened, to be put behind what is wrong; "" where nothing is known."""
    if not causes:
        return ""
    return f"; likely {'; or '.join(cause.message for cause in causes)}"


def _find(raw: bytes, literal: bytes, at: int) -> int:
    hit = raw.find(literal, at)
    if hit >= 0:
        return hit
    cut = range(max(at, len(raw) - len(literal) + 1), len(raw))
    return next((here for here in cut if literal.startswith(raw[here:])), -1)
