"""`sigflow tap`: looks at a running ingestion, by what it keeps, without slowing it; or at what a transport gives."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from sigflow import transport
from sigflow.cli import exits
from sigflow.cli.captures import formats_of, recorded_formats
from sigflow.cli.completion import folders
from sigflow.cli.grid import frame_line
from sigflow.cli.options import Range, Settings, output_format, scanning
from sigflow.cli.selecting import selecting
from sigflow.cli.session import opened
from sigflow.columns.plain_json import dumps
from sigflow.errors import UsageError
from sigflow.events import Record
from sigflow.recording.frames import View
from sigflow.recording.selection.choice import Picker
from sigflow.storage.session import layout
from sigflow.storage.session.following import Follower, acquiring
from sigflow.stream.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sigflow.events import FrameRun
    from sigflow.recording.selection.asked import Selection
    from sigflow.stream.format import Format

    #: Frames of a stream, as a decoder gives them.
    Pieces = tuple[int, Sequence[Record] | FrameRun]

#: Seconds between two looks.
LOOK = 0.05
#: How much less of the processor is asked for, where others ingest.
NICE = 10


@click.command("tap")
@click.argument("source", metavar="URI|DIR", shell_complete=folders)
@click.option("--from-start", is_flag=True, help="Of DIR, from the first byte that is kept, instead of from now on.")
@click.option("--rate", type=Range(1e-3, 1e9), metavar="N", help="At most so many frames a second.")
@output_format("text", "ndjson")
@selecting
@scanning
def command(
    source: str, from_start: bool, rate: float | None, form: str, selection: Selection, settings: Settings
) -> int:
    """Print the frames that come in to the session DIR while somebody ingests into it, or that URI gives.

    Of DIR, what is kept is read, with less of the processor, so that the ingestion does not notice. From a URI it is
    received, and not kept. Ends when the ingestion has, or the other end closes, at --limit, or by Ctrl-C.
    """
    screen = settings.screen
    wire = not os.path.isdir(source) and transport.is_uri(source)
    if not wire:
        opened(source)
    formats = formats_of(settings) or ([] if wire else recorded_formats(source, settings))
    if not formats:
        raise UsageError(f"{source}: name a format with -s")
    if wire and from_start:
        raise UsageError("--from-start is of a session")
    views = {format.name: View(format) for format in formats}
    picker = Picker(selection, formats)
    passed_over, allowance = 0, _Allowance(rate)

    def begun(running: bool) -> None:
        screen.note(f"{source}: {'looking on; Ctrl-C ends it' if running else 'nobody ingests into this session now'}")

    pieces = _received(source, formats, begun) if wire else _kept(source, formats, from_start, begun)
    for stream, frames in pieces:
        if not allowance.left():
            passed_over += len(frames)  # (without making records of them)
            continue
        for number, record in enumerate(frames):
            if not allowance.left():
                passed_over += len(frames) - number
                break
            if picker.takes(record):
                allowance.take()
                tree = views[record.format].of(record)
                line = dumps({"stream": stream, **tree}) if form == "ndjson" else f"{stream}: {frame_line(tree)}"
                screen.line(line)
                if picker.full:
                    break
        sys.stdout.flush()
        if picker.full:
            break
    if passed_over:
        screen.note(f"{source}: {passed_over} frames were not looked at, beyond --rate {rate:g}")
    return exits.OK


class _Allowance:
    """So many a second.  State: how many are allowed now, since when."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._left = 1.0
        self._at = time.monotonic()

    def left(self) -> bool:
        """Whether one more is allowed."""
        if self._rate is None:
            return True
        now = time.monotonic()
        self._left = min(self._left + (now - self._at) * self._rate, max(self._rate * LOOK, 1.0))
        self._at = now
        return self._left >= 1

    def take(self) -> None:
        """One was taken."""
        self._left -= 1


def _frames(decoder: Decoder) -> Iterator[Sequence[Record] | FrameRun]:
    """The frames that were found, without what else there is."""
    for piece in decoder.pieces():
        yield [event for event in piece if isinstance(event, Record)] if isinstance(piece, list) else piece


def _kept(folder: str, formats: list[Format], from_start: bool, begun: Callable[[bool], object]) -> Iterator[Pieces]:
    """The frames of all streams, as they come, with the number of the stream.

    begun: is told once whether somebody ingests.
    """
    followed: dict[str, tuple[Follower, Decoder]] = {}
    first = True
    while True:
        running = acquiring(folder)
        came = False
        for stream in layout.streams(folder):
            if stream not in followed:
                # A stream that begins meanwhile is followed from its beginning.
                followed[stream] = Follower(stream, from_start=from_start or not first), Decoder(formats)
            follower, decoder = followed[stream]
            for arrived in follower.more():
                came = True
                if arrived.cut:
                    decoder.cut(arrived.cut, arrived.missing, stamp=arrived.stamp)
                else:
                    decoder.feed(arrived.data, stamp=arrived.stamp)
                for frames in _frames(decoder):
                    yield int(os.path.basename(stream)), frames
        if first:
            if running and hasattr(os, "nice"):
                os.nice(NICE)
            if running or not from_start:
                begun(running)
        first = False
        if not came:
            if not running:
                return
            time.sleep(LOOK)


def _received(uri: str, formats: list[Format], begun: Callable[[bool], object]) -> Iterator[Pieces]:
    """The frames that a transport gives."""
    decoder = Decoder(formats)
    with asyncio.Runner() as runner:
        stream = runner.run(transport.open(uri))
        try:
            begun(True)
            while (chunk := runner.run(_next(stream))) is not None:
                for cut in chunk.cuts:
                    decoder.cut(cut.kind, cut.missing, stamp=chunk.stamp)
                decoder.feed(chunk.data, stamp=chunk.stamp)
                for frames in _frames(decoder):
                    yield 0, frames
            decoder.feed_eof()
            for frames in _frames(decoder):
                yield 0, frames
        finally:
            runner.run(stream.close())


async def _next(stream: transport.Transport) -> transport.Chunk | None:
    return await stream.receive()
