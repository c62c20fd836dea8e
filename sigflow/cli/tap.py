"""`sigflow tap`: looks at a running ingestion, by what it keeps, without slowing it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import formats_of, recorded_formats
from sigflow.cli.completion import folders
from sigflow.cli.grid import frame_line
from sigflow.cli.options import Range, Settings, output_format, scanning
from sigflow.cli.selecting import selecting
from sigflow.cli.session import opened
from sigflow.columns.plain_json import dumps
from sigflow.events import Record
from sigflow.recording.frames import View
from sigflow.recording.selection.choice import Picker
from sigflow.storage.session import layout
from sigflow.storage.session.following import Follower, acquiring
from sigflow.stream.decoder import Decoder

if TYPE_CHECKING:
    from sigflow.recording.selection.asked import Selection
    from sigflow.stream.format import Format

#: Seconds between two looks.
LOOK = 0.05


@click.command("tap")
@click.argument("folder", metavar="DIR", shell_complete=folders)
@click.option("--from-start", is_flag=True, help="From the first byte that is kept, instead of from now on.")
@click.option("--rate", type=Range(1e-3, 1e9), metavar="N", help="At most so many frames a second.")
@output_format("text", "ndjson")
@selecting
@scanning
def command(
    folder: str, from_start: bool, rate: float | None, form: str, selection: Selection, settings: Settings
) -> int:
    """Print the frames that come in to the session DIR while somebody ingests into it.

    What is kept is read, so that the ingestion does not notice. Ends when the ingestion has, at --limit, or by Ctrl-C.
    """
    opened(folder)
    formats = formats_of(settings) or recorded_formats(folder, settings)
    screen = settings.screen
    views = {format.name: View(format) for format in formats}
    picker = Picker(selection, formats)
    left_out, allowance = 0, _Allowance(rate)

    def begun() -> None:
        screen.note(f"{folder}: looking on; Ctrl-C ends it")

    for stream, record in _records(folder, formats, from_start, begun):
        if not picker.takes(record):
            continue
        if not allowance.take():
            left_out += 1
        else:
            tree = views[record.format].of(record)
            line = dumps({"stream": stream, **tree}) if form == "ndjson" else f"{stream}: {frame_line(tree)}"
            screen.line(line)
        if picker.full:
            break
    if left_out:
        screen.note(f"{folder}: {left_out} frames were left out, beyond --rate {rate:g}")
    return exits.OK


class _Allowance:
    """So many a second.  State: how many are allowed now, since when."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._left = max(rate or 1.0, 1.0)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Whether one more is allowed."""
        if self._rate is None:
            return True
        now = time.monotonic()
        self._left = min(self._left + (now - self._at) * self._rate, max(self._rate, 1.0))
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _records(
    folder: str, formats: list[Format], from_start: bool, begun: Callable[[], object]
) -> Iterator[tuple[int, Record]]:
    """The records of all streams, as they come, with the number of the stream.  begun: is called once that is so."""
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
                for event in decoder.events():
                    if isinstance(event, Record):
                        yield int(os.path.basename(stream)), event
        if first and running:
            begun()
        first = False
        if not came:
            if not running:
                return
            time.sleep(LOOK)
