"""`sigflow replay`: the frames of a capture at their pace, on an absolute schedule."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import click

from sigflow.cli import exits
from sigflow.cli.captures import for_each
from sigflow.cli.grid import frame_line
from sigflow.cli.options import Range, Settings, capture, scanning
from sigflow.cli.selecting import selecting
from sigflow.cli.terminal import OutputFailed
from sigflow.cli.verdicts import finding_words
from sigflow.errors import UsageError
from sigflow.events import Record
from sigflow.recording.diagnosis.budget import Budget
from sigflow.recording.frames import frame_tree
from sigflow.recording.report import COMPRESSED
from sigflow.recording.verdict import EventVerdict
from sigflow.replay import Schedule, Timed, at_once, at_rate, at_speed, paced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sigflow.cli.terminal import Screen
    from sigflow.recording import Recording
    from sigflow.recording.selection.asked import Selection

DEFAULT_RATE = 100.0
#: Seconds that a replay waits for a recorded clock, at most.
MAX_GAP = 60.0


@click.command("replay")
@capture
@click.option("--rate", type=Range(1e-6, 1e9), metavar="FPS", help="Frames per second (100).")
@click.option("--speed", type=Range(1e-6, 1e9), metavar="X", help="X times as fast as it was recorded.")
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
    selection: Selection,
    settings: Settings,
) -> int:
    """Send the frames of CAPTURE to stdout at their pace: their bytes, or a line for each if stdout is a terminal. Or
    send their bytes elsewhere, with --to.

    What lies between frames is left out. --speed needs a format that says when its frames were sent.
    """
    if sum((rate is not None, speed is not None, at_max)) > 1:
        raise UsageError("--rate, --speed and --max exclude each other")
    screen = settings.screen

    def work(recording: Recording) -> int:
        schedule = _schedule(recording, rate, speed, at_max, max_gap, screen)
        run = recording.run(keep=True)
        picker = recording.select(selection).picker(run.formats)
        verdict = EventVerdict(run, budget=Budget())

        def records() -> Iterator[Record]:
            for event in run.events():
                if picker.full or (isinstance(event, Record) and picker.beyond(event.start, event.index)):
                    return
                if isinstance(event, Record) and picker.takes(event):
                    yield event
                for finding in verdict.add(event):
                    if finding.code == COMPRESSED:
                        continue  # it is told in the end, by any command
                    screen.diagnostic(finding.severity.value, f"{recording.name}: {finding_words(finding)}")

        with _target(recording, screen, target) as (write, flush):
            for record in paced(records(), schedule, before_wait=flush):
                write(record)
            flush()
        if selection.limit is not None or selection.until is not None:  # what follows may not have been read
            return exits.DAMAGED if verdict.damaged_so_far else exits.OK
        report = verdict.report(recording.name)
        if not report.bytes:
            screen.diagnostic("note", f"{recording.name}: the capture holds no bytes")
        return exits.OK if report.sound else exits.DAMAGED

    return exits.worst([for_each([capture], settings, work) for _ in range(loops)])


def _schedule(
    recording: Recording, rate: float | None, speed: float | None, at_max: bool, max_gap: float, screen: Screen
) -> Schedule[Record]:
    if at_max:
        return at_once()
    if speed is None:
        return at_rate(rate or DEFAULT_RATE)
    for format in recording.formats:
        if format.envelope is None or format.envelope.decode.time is None:
            raise UsageError(f"--speed needs the frames' own times, and format {format.name!r} has none; use --rate")

    def leapt(item: Timed, seconds: float) -> None:
        assert isinstance(item, Record)
        way = "ahead" if seconds > 0 else "back"
        what = f"the clock leaps {way} by {abs(seconds):.6g} s, more than --max-gap {max_gap:g}; going on at once"
        screen.diagnostic("note", f"{recording.name}: frame {item.index} at offset {item.start}: {what}")

    return at_speed(speed, max_gap=max_gap, leapt=leapt)


#: What writes a record, and what flushes.
Writer = tuple["Callable[[Record], object]", "Callable[[], object]"]


@contextmanager
def _target(recording: Recording, screen: Screen, uri: str | None) -> Iterator[Writer]:
    """Where the frames go."""
    if uri is None:
        yield _sink(recording, screen)
        return
    from sigflow.transport import parse
    from sigflow.transport.blocking import BlockingTarget

    target = BlockingTarget(parse(uri))
    try:
        target.open()
        yield (lambda record: target.send(record.raw)), (lambda: None)
    finally:
        target.close()


def _sink(recording: Recording, screen: Screen) -> Writer:
    """The standard output."""
    if sys.stdout.isatty():
        formats = {format.name: format for format in recording.formats}
        return lambda record: screen.line(frame_line(frame_tree(record, formats[record.format]))), sys.stdout.flush
    raw: BinaryIO = sys.stdout.buffer

    def guarded(call: Callable[[], object]) -> None:
        try:
            call()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputFailed(f"the output could not be written: {os.strerror(error.errno or 0)}") from error

    return lambda record: guarded(lambda: raw.write(record.raw)), lambda: guarded(raw.flush)
