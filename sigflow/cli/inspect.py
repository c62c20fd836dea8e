"""`sigflow inspect`: frames as they lie in the capture, without processing their payloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from sigflow.cli import exits
from sigflow.cli.captures import for_each, formats_of
from sigflow.cli.grid import text
from sigflow.cli.options import Settings, capture, hex_option, offset_type, output_format, scanning
from sigflow.cli.selecting import selecting
from sigflow.cli.terminal import counted, one_line
from sigflow.cli.text import ROW, escape, hex_rows, place_text, places_in_hex, preview, shortened
from sigflow.columns.plain_json import dumps
from sigflow.columns.plain_text import is_enum
from sigflow.columns.render import Hex
from sigflow.errors import UsageError
from sigflow.recording import explanation
from sigflow.recording.inspection import inspect, item_tree
from sigflow.recording.selection.asked import Selection
from sigflow.storage.spool import seekable

if TYPE_CHECKING:
    from sigflow.cli.terminal import Screen
    from sigflow.events import Record
    from sigflow.recording import Recording
    from sigflow.recording.checks import Check
    from sigflow.recording.explanation import Explanation
    from sigflow.recording.inspection import Candidate, Item, Piece
    from sigflow.recording.values import FieldValue

#: How an offset is written.
Place = Callable[[int], str]
#: The column in which the names of fields stand; characters that they are aligned in, and of a text that is shown.
NAMES = 23 + 2 + 3 * ROW - 1 + 2 + ROW + 2
LONGEST_NAME = 32
LONGEST_TEXT = 64


@click.command("inspect")
@capture
@click.option("--frame", type=click.IntRange(0), metavar="N", help="Only the frame with this index.")
@click.option("--offset", type=offset_type, metavar="O", help="Only what lies at this offset, e.g. 300 or 0x12c.")
@click.option(
    "--explain", is_flag=True, help="With --offset: what was tried there, and why it was refused or believed."
)
@click.option(
    "--as",
    "language",
    type=click.Choice(["python", "json", "ksy-example"]),
    help="With --frame: what builds the very bytes of the frame: Python, a line for `sigflow build`, or an example for "
    "the spec.",
)
@hex_option
@output_format("text", "json")
@selecting
@scanning
def command(
    capture: str,
    frame: int | None,
    offset: int | None,
    explain: bool,
    language: str | None,
    in_hex: bool,
    form: str,
    selection: Selection,
    settings: Settings,
) -> int:
    """Show the frames and gaps of CAPTURE: offsets, checksums stored and computed, payloads in brief.

    A single frame (--frame, --offset) and what was refused as one are shown byte by byte, each field with its value.
    --explain tells instead how the bytes at an offset came to be read so.
    """
    if frame is not None and offset is not None:
        raise UsageError("--frame and --offset exclude each other")
    if explain and offset is None:
        raise UsageError("--explain needs --offset")
    if language is not None and frame is None:
        raise UsageError("--as needs --frame")
    screen = settings.screen

    def as_source(recording: Recording) -> int:
        assert language is not None and frame is not None  # see above
        try:
            record = recording.frame(frame)
        except IndexError:
            count = sum(1 for _ in recording)
            raise UsageError(_beyond(frame, None, count, 0, recording.name)) from None
        screen.line(_snippet(record, language, settings))
        return exits.OK

    def work(recording: Recording) -> int:
        picked = recording.select(selection)
        if frame is not None or offset is not None:  # an index may know where that is
            place = f"#{frame}" if frame is not None else str(offset)
            run = recording.select(Selection(since=place)).run_of_frames(keep=True)
        else:
            run = picked.run(keep=True)
        items = inspect(run, frame=frame, offset=offset, picker=picked.picker(run.formats))
        damaged = False
        count = 0
        names = [format.name for format in recording.formats if not format.is_part]
        if form == "json":
            head = f'"schema_version": 1, "capture": {dumps(recording.name)}, "specs": {dumps(names)}'
            screen.write(f'{{{head}, "items": [')
        for item in items:
            damaged = damaged or item.kind == "gap"
            if form == "json":
                screen.write(f"{',' if count else ''}\n{dumps(item_tree(item))}")
            else:
                for line in item_lines(item, screen, place_text(in_hex)):
                    screen.line(line)
            count += 1
        if form == "json":
            screen.write("\n]}\n" if count else "]}\n")
        if not count and (frame is not None or offset is not None) and selection.everything:
            places = recording.places()
            frames, size = run.statistics.frames, run.statistics.bytes
            if places is not None:
                frames, size = len(places), recording.storage.size or 0
            raise UsageError(_beyond(frame, offset, frames, size, recording.name))
        if not count and selection.everything:
            screen.diagnostic("note", f"{recording.name}: the capture holds no bytes")
        alone = frame is not None or offset is not None
        lost = 0 if alone else run.statistics.sequence["lost"]
        if lost:
            screen.note(f"{recording.name}: {counted(lost, 'frame')} lost, by the sequence numbers")
        return exits.DAMAGED if damaged or lost else exits.OK

    def explained(recording: Recording) -> int:
        with seekable(recording.storage) as source:
            run = recording.over(source).run()
            answer = explanation.explain(run, source.read, offset or 0)
            if answer is None:
                raise UsageError(_beyond(None, offset, 0, run.statistics.bytes, recording.name))
        if form == "json":
            names = [format.name for format in recording.formats if not format.is_part]
            screen.line(dumps(_explanation_tree(recording.name, names, offset or 0, answer), indent=2))
        else:
            for line in _explanation_lines(answer, screen, place_text(in_hex)):
                screen.line(line)
        return exits.DAMAGED if answer.kind == "gap" else exits.OK

    return for_each([capture], settings, explained if explain else as_source if language is not None else work)


def _snippet(record: Record, language: str, settings: Settings) -> str:
    """What builds a frame."""
    from sigflow.recording import snippets

    if language == "json":
        return snippets.as_json(record)
    if language == "ksy-example":
        return snippets.example(record)
    specs = [spec for spec in settings.specs if spec.endswith(".ksy")]
    load = f"sigflow.load({record.format!r})"
    if specs:
        listed = {format.name: spec for spec, format in zip(settings.specs, formats_of(settings), strict=False)}
        spec = listed.get(record.format, record.format)
        load = f"sigflow.{'compile' if spec.endswith('.ksy') else 'load'}({spec!r})"
    return snippets.python(record, load)


def _explanation_tree(name: str, specs: list[str], offset: int, explained: Explanation) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "capture": name,
        "specs": specs,
        "offset": offset,
        "kind": explained.kind,
        "start": explained.start,
        "stop": explained.stop,
        "tried": [refusal.tree() for refusal in explained.tried],
        "untold": explained.untold,
    }


def _explanation_lines(explained: Explanation, screen: Screen, place: Place) -> Iterator[str]:
    color = "red" if explained.kind == "gap" else "green"
    size = counted(explained.stop - explained.start, "byte")
    yield f"{screen.styled(explained.kind, color)} {place(explained.start)}..{place(explained.stop)} ({size})"
    for tried in explained.tried:
        what = screen.styled("refused", "red") if tried.reason else screen.styled("believed", "green")
        reason = f"{tried.reason}: " if tried.reason else ""
        words = one_line(places_in_hex(reason + tried.words, place))
        yield f"{place(tried.offset):>10}  {tried.format} {what}: {words}"
        for cause in tried.causes:
            yield f"{'':>12}likely {one_line(places_in_hex(cause.message, place))}"
    if not explained.tried and explained.kind != "idle":
        yield f"{'':>12}no marker of any format stands here"
    if explained.untold:
        yield f"{'':>12}and {counted(explained.untold, 'more marker')} in the gap, farther away"


def _beyond(frame: int | None, offset: int | None, frames: int, size: int, name: str) -> str:
    if frame is not None:
        return f"{name}: there is no frame {frame}, the capture has {counted(frames, 'frame')}"
    return f"{name}: offset {offset} is beyond the end, the capture has {size} bytes"


def item_lines(item: Item, screen: Screen, place: Place = str) -> Iterator[str]:
    """A stretch of the capture for people."""
    if item.kind == "frame":
        candidate = item.candidates[0]
        head = f"{place(item.offset):>10} {item.length:>8}  {candidate.format} #{item.index}"
        yield "  ".join([head, *(_check(check, screen) for check in candidate.checks), *_payload(candidate)])
        yield from _field_lines(candidate.pieces, place)
        return
    if item.kind == "idle":
        yield f"{place(item.offset):>10} {item.length:>8}  idle"
        return
    reasons = one_line(", ".join(item.reasons))
    yield f"{place(item.offset):>10} {item.length:>8}  {screen.styled('gap', 'red')}  {reasons}"
    for candidate in item.candidates:
        where = f"{candidate.format}.{candidate.path}" if candidate.path else candidate.format
        message = places_in_hex(candidate.message, place)
        what = one_line(f"{where} at {place(candidate.offset)}: {candidate.reason}: {message}")
        yield f"{'':>21}{screen.styled('refused', 'red')} {what}"
        for cause in candidate.causes:
            yield f"{'':>23}likely {one_line(places_in_hex(cause.message, place))}"
        for line in (*(_check(check, screen) for check in candidate.checks), *_payload(candidate)):
            yield f"{'':>23}{line}"
        yield from _field_lines(candidate.pieces, place)


def _check(check: Check, screen: Screen) -> str:
    if check.holds:
        return f"{check.field} {check.hex(check.stored)} {screen.styled('ok', 'green')}"
    values = f"stored {check.hex(check.stored)}, computed {check.hex(check.computed)}"
    return f"{check.field} {screen.styled('WRONG', 'red', 'bold')}: {values}"


def _payload(candidate: Candidate) -> list[str]:
    piece = candidate.payload
    return [] if piece is None else [f"{piece.path} {one_line(preview(piece.head, total=piece.length))}"]


def _field_lines(pieces: tuple[Piece, ...], place: Place) -> Iterator[str]:
    """The bytes, each run of them beside the field that they are, and what it says; nested fields are indented."""
    widest = max((len(_indented(part.path)) for part in pieces), default=0)
    for piece in pieces:
        label = f"{_indented(piece.path):<{min(widest, LONGEST_NAME)}}  {_value(piece.shown)}"
        for at, row, shown in hex_rows(piece.head, piece.offset):
            told = one_line(label) if at == piece.offset else ""
            yield f"{place(at):>23}  {row}  {shown:<{ROW}}  {told}".rstrip()
        for _, row, shown in hex_rows(piece.wire, piece.offset):
            yield f"{'on the wire':>23}  {row}  {shown}".rstrip()
        if piece.length > len(piece.head):
            yield f"{'':>25}and {piece.length - len(piece.head)} more bytes"
        yield from _parts(piece)


def _indented(path: str) -> str:
    """A path, indented by how deep it leads."""
    return f"{'  ' * path.count('.')}{path}"


def _parts(piece: Piece) -> Iterator[str]:
    """The members of a field whose bytes are told no further apart, such as bits."""
    value = piece.shown.value if piece.shown is not None else None
    if not isinstance(value, dict) or is_enum(value):
        return
    parts = list(_flat(value, piece.path))
    widest = max((len(_indented(path)) for path, _ in parts), default=0)
    for path, words in parts:
        yield f"{'':>{NAMES}}{one_line(f'{_indented(path):<{widest}}  {words}')}".rstrip()


def _flat(value: dict[str, Any], above: str) -> Iterator[tuple[str, str]]:
    for name, part in value.items():
        path = f"{above}.{name}"
        if isinstance(part, dict) and not is_enum(part):
            yield from _flat(part, path)
        else:
            yield path, _words(part)


def _value(shown: FieldValue | None) -> str:
    """What a field says, on a line."""
    if shown is None or (isinstance(shown.value, dict) and not is_enum(shown.value)):
        return ""
    physical = f" = {shown.physical:g} {shown.unit}".rstrip() if isinstance(shown.physical, float) else ""
    return f"{_words(shown.value)}{physical}"


def _words(value: Any) -> str:
    """A plain value: an enum with its number, a text in quotes."""
    if is_enum(value):
        return f"{value['name']} ({value['raw']})" if value["name"] is not None else f"{value['raw']} (no name)"
    if isinstance(value, Hex):
        data = bytes.fromhex(value)
        printed = bool(data) and all(32 <= byte < 127 for byte in data)
        return shortened(f'"{data.decode("ascii")}"' if printed else value, LONGEST_TEXT)
    if isinstance(value, str) and value not in ("NaN", "Infinity", "-Infinity"):
        return shortened(f'"{escape(value)}"', LONGEST_TEXT)
    return text(value, LONGEST_TEXT)
