"""`sigflow inspect`: frames as they lie in the capture, without processing their payloads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import each
from sigflow.cli.options import Settings, capture, output_format, scanning
from sigflow.cli.terminal import counted, one_line
from sigflow.cli.text import ROW, dumps, hex_rows, preview
from sigflow.errors import UsageError
from sigflow.recording.inspection import inspect, item_tree

if TYPE_CHECKING:
    from sigflow.cli.terminal import Screen
    from sigflow.recording import Recording
    from sigflow.recording.checks import Check
    from sigflow.recording.inspection import Candidate, Item, Piece


@click.command("inspect")
@capture
@click.option("--frame", type=click.IntRange(0), metavar="N", help="Only the frame with this index.")
@click.option("--offset", type=click.IntRange(0), metavar="O", help="Only what lies at this offset.")
@output_format("text", "json")
@scanning
def command(capture: str, frame: int | None, offset: int | None, form: str, settings: Settings) -> int:
    """Show the frames and gaps of CAPTURE: offsets, checksums stored and computed, payloads in brief.

    A single frame (--frame, --offset) and what was refused as one are shown byte by byte, with the fields marked.
    """
    if frame is not None and offset is not None:
        raise UsageError("--frame and --offset exclude each other")
    screen = settings.screen

    def work(recording: Recording) -> int:
        run = recording.run(keep=True)
        items = inspect(run, frame=frame, offset=offset)
        damaged = False
        count = 0
        names = [format.name for format in recording.formats]
        if form == "json":
            head = f'"schema_version": 1, "capture": {dumps(recording.name)}, "specs": {dumps(names)}'
            screen.write(f'{{{head}, "items": [')
        for item in items:
            damaged = damaged or item.kind == "gap"
            if form == "json":
                screen.write(f"{',' if count else ''}\n{dumps(item_tree(item))}")
            else:
                for line in item_lines(item, screen):
                    screen.line(line)
            count += 1
        if form == "json":
            screen.write("\n]}\n" if count else "]}\n")
        if not count and (frame is not None or offset is not None):
            raise UsageError(_beyond(frame, offset, run.statistics.frames, run.statistics.bytes, recording.name))
        if not count:
            screen.diagnostic("note", f"{recording.name}: the capture holds no bytes")
        alone = frame is not None or offset is not None
        lost = 0 if alone else run.statistics.sequence["lost"]
        if lost:
            screen.note(f"{recording.name}: {counted(lost, 'frame')} lost, by the sequence numbers")
        return exits.DAMAGED if damaged or lost else exits.OK

    return each([capture], settings, work)


def _beyond(frame: int | None, offset: int | None, frames: int, size: int, name: str) -> str:
    if frame is not None:
        return f"{name}: there is no frame {frame}, the capture has {counted(frames, 'frame')}"
    return f"{name}: offset {offset} is beyond the end, the capture has {size} bytes"


def item_lines(item: Item, screen: Screen) -> Iterator[str]:
    """A stretch of the capture for people."""
    if item.kind == "frame":
        candidate = item.candidates[0]
        head = f"{item.offset:>10} {item.length:>8}  {candidate.format} #{item.index}"
        yield "  ".join([head, *(_check(check, screen) for check in candidate.checks), *_payload(candidate)])
        yield from _field_lines(candidate.pieces)
        return
    yield f"{item.offset:>10} {item.length:>8}  {screen.styled('gap', 'red')}  {one_line(', '.join(item.reasons))}"
    for candidate in item.candidates:
        where = f"{candidate.format}.{candidate.path}" if candidate.path else candidate.format
        what = one_line(f"{where} at {candidate.offset}: {candidate.reason}: {candidate.message}")
        yield f"{'':>21}{screen.styled('refused', 'red')} {what}"
        for cause in candidate.causes:
            yield f"{'':>23}likely {one_line(cause.message)}"
        for text in (*(_check(check, screen) for check in candidate.checks), *_payload(candidate)):
            yield f"{'':>23}{text}"
        yield from _field_lines(candidate.pieces)


def _check(check: Check, screen: Screen) -> str:
    if check.holds:
        return f"{check.field} {check.hex(check.stored)} {screen.styled('ok', 'green')}"
    values = f"stored {check.hex(check.stored)}, computed {check.hex(check.computed)}"
    return f"{check.field} {screen.styled('WRONG', 'red', 'bold')}: {values}"


def _payload(candidate: Candidate) -> list[str]:
    piece = candidate.payload
    return [] if piece is None else [f"{piece.path} {one_line(preview(piece.head, total=piece.length))}"]


def _field_lines(pieces: tuple[Piece, ...]) -> Iterator[str]:
    """The bytes, each run of them beside the field that they are."""
    for piece in pieces:
        for at, row, shown in hex_rows(piece.head, piece.offset):
            name = one_line(piece.path) if at == piece.offset else ""
            yield f"{at:>23}  {row}  {shown:<{ROW}}  {name}".rstrip()
        if piece.length > len(piece.head):
            yield f"{'':>25}and {piece.length - len(piece.head)} more bytes"
