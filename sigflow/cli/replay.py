"""`sigflow replay`: the frames of a capture at their pace, on an absolute schedule."""

from __future__ import annotations

import math
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import STREAMS, for_each
from sigflow.cli.keys import keyboard
from sigflow.cli.options import Range, Settings, capture, scanning
from sigflow.cli.output import STANDARD_OUTPUT
from sigflow.cli.playing import Elsewhere, Lines, Outgoing, StandardOutput, Status, Target, play
from sigflow.cli.selecting import selecting
from sigflow.cli.terminal import complain_of_values
from sigflow.cli.verdicts import finding_words
from sigflow.errors import BuildError, UsageError
from sigflow.events import Gap, Idle, Record
from sigflow.frozen import frozen
from sigflow.reasons import OVERFLOW
from sigflow.recording.diagnosis.budget import Budget
from sigflow.recording.report import COMPRESSED
from sigflow.recording.verdict import EventVerdict
from sigflow.replay.player import Player
from sigflow.replay.schedule import Schedule, Timed, at_rate, at_speed
from sigflow.storage.base import moments_of, pieces
from sigflow.storage.spool import seekable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sigflow.cli.keys import Keys
    from sigflow.events import Event
    from sigflow.recording import Recording
    from sigflow.recording.editing import Editor
    from sigflow.recording.selection.asked import Selection
    from sigflow.transport.posting import PostingTarget

DEFAULT_RATE = 100.0
#: Seconds that a replay waits for a recorded clock, at most.
MAX_GAP = 60.0
#: Bytes read at once: a scan of so many keeps no frame waiting for long.
CHUNK = 16 << 10


@frozen
class How:
    """How it is replayed."""

    rate: float | None
    speed: float | None
    at_max: bool
    max_gap: float
    loops: int
    paused: bool
    stepping: bool
    raw: bool
    values: tuple[str, ...]

    @property
    def tempo(self) -> float:
        """Of the player."""
        return math.inf if self.at_max else 1.0


@click.command("replay")
@capture
@click.option("--rate", type=Range(1e-6, 1e9), metavar="FPS", help="Frames per second (100).")
@click.option(
    "--speed",
    type=Range(1e-6, 1e9),
    metavar="X",
    help="X times as fast as it was recorded: by the times in the frames, or, of a session (1), when they came in.",
)
@click.option("--max", "at_max", is_flag=True, help="As fast as it goes.")
@click.option(
    "--max-gap",
    type=Range(0, 1e9),
    default=MAX_GAP,
    show_default=True,
    metavar="SECONDS",
    help="With --speed: where the recorded clock leaps by more, say so and go on at once.",
)
@click.option(
    "--to",
    "target",
    metavar="URI",
    help="Send them there instead of to stdout: tcp://HOST:PORT, tcp-listen://HOST:PORT, udp://HOST:PORT (a datagram "
    "each), unix:PATH, pipe:PATH, serial:DEVICE, ipc:NAME, exec:COMMAND.",
)
@click.option("--loop", "loops", type=click.IntRange(1, 1 << 40), default=1, metavar="N", help="Do it N times (1).")
@click.option("--start-paused", is_flag=True, help="Begin with a pause, which a key ends.")
@click.option("--step", is_flag=True, help="A frame for each key.")
@click.option("--start", metavar="PLACE", help="The same as --since.")
@click.option("--end", metavar="PLACE", help="The same as --until.")
@click.option(
    "--set",
    "values",
    multiple=True,
    metavar="PATH=VALUE",
    help="What a field becomes in each frame, as of edit; what follows from it, such as checksums, is computed anew.",
)
@click.option("--raw", is_flag=True, help="What lies between the frames, too: all of it byte for byte.")
@selecting
@scanning
def command(
    capture: str,
    rate: float | None,
    speed: float | None,
    at_max: bool,
    max_gap: float,
    target: str | None,
    loops: int,
    start_paused: bool,
    step: bool,
    start: str | None,
    end: str | None,
    values: tuple[str, ...],
    raw: bool,
    selection: Selection,
    settings: Settings,
) -> int:
    """Send the frames of CAPTURE to stdout at their pace: their bytes, or a line for each if stdout is a terminal. Or
    send their bytes elsewhere, with --to.

    What lies between frames is left out, but with --raw. --speed needs a format that says when its frames were sent,
    or a session.

    Keys on a terminal: space pauses and goes on, right (or enter) pauses and sends one frame, up and down (+, -) make
    it faster and slower, ] and [ go 5 seconds ahead and back, home to the beginning, q ends it. With --start-paused and
    --step, where stdin is no terminal, its bytes are the keys.
    """
    if sum((rate is not None, speed is not None, at_max)) > 1:
        raise UsageError("--rate, --speed and --max exclude each other")
    paused = start_paused or step
    if paused and capture in STREAMS:
        raise UsageError("--start-paused and --step: the keys would come from standard input, which is the capture")
    how = How(rate, speed, at_max, max_gap, loops, paused, step, raw, values)
    selection = replace(
        selection,
        since=_same("--since", selection.since, "--start", start),
        until=_same("--until", selection.until, "--end", end),
    )
    if not at_max and settings.chunk_size is None:
        settings = replace(settings, chunk_size=CHUNK)
    with ExitStack() as stack:
        sending = stack.enter_context(_sending(target))
        keys = stack.enter_context(keyboard(piped=paused)) if capture not in STREAMS else None
        if paused and keys is None:
            raise UsageError("--start-paused and --step need keys, and there is no terminal for them here")
        work = partial(_replayed, settings=settings, selection=selection, how=how, sending=sending, keys=keys)
        return for_each([capture], settings, work, watch=False)


def _same(name: str, value: str | None, other: str, also: str | None) -> str | None:
    if value is not None and also is not None:
        raise UsageError(f"{name} and {other} are the same: name one")
    return also if value is None else value


@contextmanager
def _sending(uri: str | None) -> Iterator[PostingTarget | None]:
    """What sends to the URI, all captures over one connection; it is opened later."""
    if uri is None or uri == STANDARD_OUTPUT:
        yield None
        return
    from sigflow.transport import parse
    from sigflow.transport.posting import PostingTarget

    target = PostingTarget(parse(uri))
    try:
        yield target
    finally:
        target.close()


def _replayed(
    recording: Recording,
    settings: Settings,
    selection: Selection,
    how: How,
    sending: PostingTarget | None,
    keys: Keys | None,
) -> int:
    """Replay a capture, and give the exit code."""
    screen = settings.screen
    if how.loops > 1 and not recording.storage.repeatable:
        raise UsageError(f"--loop: {recording.name} can be read once only")
    lines = sending is None and sys.stdout.isatty()
    with ExitStack() as stack:
        if how.raw:
            recording = recording.over(stack.enter_context(seekable(recording.storage)))
        status = Status(screen.progress and (not lines or keys is not None), partial(_pace, how, recording))
        passes = Passes(recording, selection, how, partial(_tell, status, settings))
        rate = how.rate or DEFAULT_RATE
        player = Player(
            passes.items,
            partial(_schedule, recording, how, settings, status),
            loops=how.loops,
            tempo=how.tempo,
            paused=how.paused,
            repeatable=recording.storage.repeatable,
            period=1 / rate,
            size=lambda item: item.size,
        )
        target: Target = Lines(recording.formats, screen, status) if lines else StandardOutput()
        if sending is not None:
            sending.open()
            target = Elsewhere(sending)
        try:
            play(player, target, keys, status, stepping=how.stepping)
        except BuildError as error:
            complain_of_values(error)
            return exits.FAILED
        return passes.code()


def _tell(status: Status, settings: Settings, severity: str, words: str) -> None:
    status.clear()
    settings.screen.diagnostic(severity, words)


def _by_clock(recording: Recording, how: How) -> bool:
    """Whether the schedule is that of a recorded clock, and not a rate."""
    if how.at_max or how.rate is not None:
        return False
    return how.speed is not None or moments_of(recording.storage) is not None


def _pace(how: How, recording: Recording, tempo: float) -> str:
    if how.at_max:
        return "as fast as it goes"
    if _by_clock(recording, how):
        return f"{(how.speed or 1) * tempo:.3g} times as fast as recorded"
    return f"{(how.rate or DEFAULT_RATE) * tempo:.3g} frames/s"


def _schedule(recording: Recording, how: How, settings: Settings, status: Status) -> Schedule[Outgoing]:
    """The schedule of one pass."""
    if not _by_clock(recording, how):
        return at_rate(how.rate or DEFAULT_RATE)

    def leapt(item: Timed, seconds: float) -> None:
        assert isinstance(item, Outgoing) and item.record is not None
        way = "ahead" if seconds > 0 else "back"
        what = f"the clock leaps {way} by {abs(seconds):.6g} s, more than --max-gap {how.max_gap:g}; going on at once"
        place = f"frame {item.record.index} at offset {item.record.start}"
        _tell(status, settings, "note", f"{recording.name}: {place}: {what}")

    return at_speed(how.speed or 1.0, max_gap=how.max_gap, leapt=leapt)


def _missing(event: Gap | Idle) -> bool:
    """Whether it is of bytes that are known to be missing: those are in no storage."""
    return isinstance(event, Gap) and event.reasons == (OVERFLOW,)


class Passes:
    """Passes over a recording, of which each gives what goes out.

    State: whether damage was seen; how many events were told of; whether a pass came to its end, and what it found.
    """

    def __init__(
        self, recording: Recording, selection: Selection, how: How, tell: Callable[[str, str], object]
    ) -> None:
        """tell: is told findings, with their severity.  Raises `UsageError` for what cannot be done with it."""
        self._recording = recording
        self._selected = recording.select(selection)
        self._all = selection.everything
        self._how = how
        self._tell = tell
        self._moment = moments_of(recording.storage) if _by_clock(recording, how) else None
        self._timed = _by_clock(recording, how)
        if self._timed and self._moment is None:
            for format in recording.formats:
                if format.envelope is None or format.envelope.decode.time is None:
                    why = f"format {format.name!r} has none; use --rate"
                    raise UsageError(f"--speed needs the frames' own times, and {why}")
        self._editor = self._edits()
        self._verdict: EventVerdict | None = None
        self._damaged = False
        self._seen = 0
        self._empty = False

    def _edits(self) -> Editor | None:
        """What sets fields, where that is asked for."""
        if not self._how.values:
            return None
        from sigflow.recording.editing import Editor
        from sigflow.recording.setting import setting

        return Editor(self._recording, [setting(text, self._recording.formats) for text in self._how.values])

    def items(self) -> Iterator[Outgoing]:
        """One pass: the frames that are meant, with what goes before them."""
        self._judge()
        run = self._recording.run(keep=True)
        picker = self._selected.picker(run.formats)
        verdict = self._verdict = EventVerdict(run, budget=Budget())
        between: list[tuple[int, int]] = []
        meant = self._all
        for number, event in enumerate(run.events(), 1):
            if picker.full or (isinstance(event, Record) and picker.beyond(event.start, event.index)):
                break
            if isinstance(event, Record):
                meant = picker.takes(event)
                if meant:
                    yield self._outgoing(event, between)
                between = []
            elif self._how.raw and isinstance(event, Gap | Idle) and not _missing(event):
                joined = bool(between) and between[-1][1] == event.span.start
                start = between.pop()[0] if joined else event.span.start
                between.append((start, event.span.stop))
            self._told(number, verdict, event)
        else:
            report = verdict.report(self._recording.name)
            self._damaged |= not report.sound
            self._empty = not report.bytes
        if between and meant:
            yield Outgoing(None, partial(self._read, between), None, 0)

    def _told(self, number: int, verdict: EventVerdict, event: Event) -> None:
        """Tell what is found, once however often it is passed."""
        for finding in verdict.add(event):
            # (That a file is compressed is told in the end, by any command.)
            if finding.code != COMPRESSED and number > self._seen:
                self._tell(finding.severity.value, f"{self._recording.name}: {finding_words(finding)}")
        self._seen = max(self._seen, number)

    def _outgoing(self, record: Record, between: list[tuple[int, int]]) -> Outgoing:
        time = None
        if self._timed:
            time = record.time if self._moment is None else self._moment(record.stop - 1)
        if self._editor is not None:
            raw = self._editor.frame(record)
            record = Record(record._reader, record.start, raw, record.index)
        before = partial(self._read, between) if between else None
        return Outgoing(record, before, time, record.stop - record.start)

    def _read(self, spans: list[tuple[int, int]]) -> Iterator[bytes]:
        """The bytes of these."""
        for start, stop in spans:
            yield from pieces(self._recording.storage, start, stop)

    def _judge(self) -> None:
        if self._verdict is not None:
            self._damaged |= self._verdict.damaged_so_far

    def code(self) -> int:
        """The exit code, of all that was read."""
        self._judge()
        if self._empty:
            self._tell("note", f"{self._recording.name}: the capture holds no bytes")
        return exits.DAMAGED if self._damaged else exits.OK
