"""Rows of many frames at once are those of each frame, in every form that has rows."""

from __future__ import annotations

import random
import struct
import sys
from collections.abc import Sequence
from functools import cache
from io import TextIOWrapper
from pathlib import Path

import numpy as np
import pytest

import sigflow as package
from sigflow.cli import reading, rows
from sigflow.cli.formatter import Style
from sigflow.cli.forms import formatter
from sigflow.cli.rows import RowTexts, text_between
from sigflow.columns import kernels
from sigflow.columns.frames import FrameBatch
from sigflow.columns.options import Options
from sigflow.columns.suspects import Suspects
from sigflow.events import Record
from sigflow.recording import native
from sigflow.recording.frames import views
from sigflow.stream.format import Format
from tests.cli.calls import Call
from tests.cli.forms_kit import text as text_frame
from tests.columns.kit import batch, format_of
from tests.columns.test_ways import GATHERED, PARSED, frames_of, sgf1_frames
from tests.stream import framings

ROWS = ("ndjson", "json", "csv")


def in_order(frames: FrameBatch, formats: Sequence[Format]) -> list[Record]:
    spans = zip(frames.starts.tolist(), frames.stops.tolist(), frames.offsets.tolist(), strict=True)
    return [
        Record(formats[kind], offset, frames.data[start:stop].tobytes(), frames.first + row)
        for row, (kind, (start, stop, offset)) in enumerate(zip(frames.formats.tolist(), spans, strict=True))
    ]


def both(
    form: str, formats: Sequence[Format], frames: FrameBatch, wanted: Options, style: Style
) -> tuple[str, str, RowTexts | None]:
    """All that a form writes of these frames: one by one, and many at once, some cuts between; and what made these."""
    shown = views(formats, wanted)
    capture = wanted.captures[0] if wanted.captures else None
    records = in_order(frames, formats)
    alone: list[str] = []
    printer = formatter(form, alone.append, style)
    printer.begin(shown)
    for record in records:
        printer.frame(shown[record.format].of(record, capture))
    printer.end()
    printer.close()
    many: list[str] = []
    printer = formatter(form, many.append, style)
    printer.begin(shown)
    made = printer.rows(formats, capture)
    if made is None:
        return "".join(alone), "".join(alone), None
    suspect = np.ones(len(frames), bool)
    for number, format in enumerate(formats):
        mine = frames.formats == number
        suspect[mine] = Suspects(format).of(frames.only(number))
    for begin in range(0, len(frames), 50):
        part = frames.part(begin, begin + 50)
        doubtful = {row - begin: records[row] for row in np.flatnonzero(suspect).tolist() if begin <= row < begin + 50}
        texts = made.of(part, doubtful)
        cut = len(part) // 3
        for piece in (text_between(texts, 0, cut), text_between(texts, cut, len(part))):
            many.append(str(printer.lines(piece), "utf-8"))
    printer.end()
    printer.close()
    return "".join(alone), "".join(many), made


@pytest.mark.parametrize("form", ROWS)
@pytest.mark.parametrize("name", [*GATHERED, *PARSED])
def test_rows_of_every_kind_of_field(name: str, form: str) -> None:
    format = format_of(name)
    frames = batch(frames_of(name), first=7)
    names = [field.id for field in format.schema]
    wanted = [Options(), Options(instances=True), Options(physical=True), Options(captures=('a,é"b',))]
    wanted += [Options(fields=tuple(reversed(names))), Options(fields=(names[0],)), Options(payload=None, lenient=True)]
    for options in wanted:
        for safe in (False, True):
            style = Style(bool(options.captures), safe)
            alone, many, made = both(form, [format], frames, options, style)
            assert many == alone
            if made is not None and options in (Options(), wanted[3]):
                assert made.quick == (name in GATHERED)


PATHS = {
    "numbers": ["i", "j", "h", "d"],
    "bits": ["c", "b", "plain"],
    "text": ["last", "d", "f", "b"],
    "nested": ["head.flags.rest", "points[2].name", "points[3].x", "levels[1]", "box.a", "head.flags", "points", "sum"],
    "sgf1": ["flags.encoding", "payload", "flags", "magic", "payload_tlv", "payload_zlib"],
    "ubx": ["payload", "msg_class", "payload_length"],
}


@pytest.mark.parametrize("form", ROWS)
@pytest.mark.parametrize("name", PATHS)
def test_rows_of_fields_by_their_paths(name: str, form: str) -> None:
    format, chance = format_of(name), random.Random(name)
    raws = sgf1_frames(80) if name == "sgf1" else frames_of(name, 80)
    for _ in range(12):
        fields = tuple(chance.sample(PATHS[name], chance.randrange(1, len(PATHS[name]))))
        alone, many, _ = both(form, [format], batch(raws), Options(fields=fields), Style())
        assert many == alone


@pytest.mark.parametrize("form", ROWS)
def test_rows_of_several_formats(form: str) -> None:
    formats = [format_of(name) for name in ("sgf1", "text", "codecs", "numbers", "ubx", "instrument_hdr")]
    chance = random.Random(form)
    drawn = [chance.randrange(5) for _ in range(200)]
    pools = [frames_of(format.name, 50) for format in formats]
    frames = batch([chance.choice(pools[number]) for number in drawn], drawn, first=100)
    for chosen in (formats[:5], formats):
        for fields in (None, ("sgf1.flags", "a", "numbers.c", "payload")):
            alone, many, made = both(form, chosen, frames, Options(fields=fields), Style())
            assert many == alone
            # Of a format with metadata the columns of csv are known at the end only.
            assert (made is None) == (form == "csv" and len(chosen) == 6 and fields is None)


@pytest.mark.parametrize("enough", [True, False], ids=["natively", "in Python"])
@pytest.mark.parametrize("form", ROWS)
def test_rows_of_payloads_behind_codecs(form: str, enough: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not enough:
        monkeypatch.setattr(kernels, "compiled", cache(lambda: None))
    sgf1 = package.load("sgf1", limits=package.Limits(depth=7, inflated=100))
    plain = [frame for frame in sgf1_frames(900) if frame[5] in (0, 1)]
    for raws in (sgf1_frames(400), plain, [frame for frame in plain if frame[5] == 1], plain[:1]):
        alone, many, _ = both(form, [sgf1], batch(raws), Options(), Style())
        assert many == alone


def test_payloads_that_become_too_large_are_made_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from sigflow.columns import budget

    sgf1 = package.load("sgf1")
    frames = batch(sgf1_frames(200))
    monkeypatch.setattr(budget.Budget.__init__, "__defaults__", (60,))
    alone, many, _ = both("ndjson", [sgf1], frames, Options(), Style())
    assert many == alone


@pytest.mark.parametrize("form", ROWS)
@pytest.mark.parametrize("name", list(framings.SPECS))
def test_rows_of_framed_units(name: str, form: str) -> None:
    format, chance = Format(framings.envelope(name)), random.Random(name)
    raws = [framings.frame(name, chance.randbytes(chance.randrange(20))) for _ in range(60)]
    alone, many, made = both(form, [format], batch(raws), Options(), Style())
    assert many == alone and made is not None


# ---------------------------------------------------------------- the command


def dirty(chance: random.Random, count: int) -> bytes:
    """Telemetry frames, opaque, as TLV lists, compressed; damaged ones, lost ones and noise between them."""
    from zlib import crc32

    parts = []
    sequence = 0
    for body in sgf1_frames(count, seed=chance.randrange(1 << 30)):
        payload = body[26:]
        flags = chance.choice((0, 0, 1, 1, 5, 4, chance.randrange(256)))
        version = chance.choice((1, 1, 1, 1, 1, 1, 9))
        head = struct.pack(">4sBBIQI", b"SGF1", version, flags, chance.choice((7, 7, 8)), sequence, len(payload))
        frame = head + struct.pack(">I", crc32(payload, crc32(head))) + payload
        sequence += chance.choice((1, 1, 1, 1, 2, 0, -1)) if sequence else 1
        if chance.random() < 0.04:
            frame = frame[: chance.randrange(1, len(frame))]
        parts.append(frame + (bytes(chance.randrange(30)) if chance.random() < 0.04 else b""))
    return b"".join(parts)


@pytest.mark.parametrize("section", [1 << 14, 7, 1])
def test_the_command_prints_the_same_by_either_engine(
    sigflow: Call, tmp_path: Path, section: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is printed, what is said, and the exit code; whole, and stopped at any frame."""
    monkeypatch.setattr(native, "SECTION", section)
    capture = tmp_path / "a.sgf"
    chance = random.Random(section)
    made = 0
    of = rows.RowTexts.of

    def counted(*arguments: object) -> object:
        nonlocal made
        made += 1
        return of(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rows.RowTexts, "of", counted)
    for count in (150, 40, 3, 0):
        capture.write_bytes(dirty(chance, count))
        for form in ROWS:
            for limit in (None, 0, 1, 2, 7, count - 1 or 1, count + 1):
                arguments = ["parse", capture, "-s", "sgf1", "--format", form]
                arguments += ["--limit", limit] if limit is not None else []
                called = [sigflow(*arguments, "--engine", engine) for engine in ("python", "native")]
                said = [line for line in called[1].err.splitlines() if not line.startswith("compiling the native")]
                assert (called[0].code, called[0].out) == (called[1].code, called[1].out)
                assert called[0].err.splitlines() == said
    assert made > 20


def test_what_is_told_stands_between_the_rows_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where both go to one place, in their order."""
    from sigflow.cli import main

    capture = tmp_path / "a.sgf"
    capture.write_bytes(dirty(random.Random(8), 120))
    both = []
    for engine in ("python", "native"):
        path = tmp_path / engine
        with path.open("wb") as file:
            for name in ("stdout", "stderr"):
                monkeypatch.setattr(sys, name, TextIOWrapper(file, "utf-8", write_through=name == "stderr"))
            main(["parse", str(capture), "-s", "sgf1", "--format", "ndjson", "--engine", engine])
            sys.stdout.flush()
            monkeypatch.undo()
        both.append([line for line in path.read_text().splitlines() if not line.startswith("compiling the native")])
    assert both[0] == both[1] and len(both[0]) > 120


def test_without_pyarrow_frames_are_printed_one_by_one(
    sigflow: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = tmp_path / "a.sgf"
    capture.write_bytes(dirty(random.Random(3), 20))
    arguments = ["parse", capture, "-s", "sgf1", "--format", "csv", "--engine", "native", "--quiet"]
    quick = sigflow(*arguments)
    monkeypatch.setattr("sigflow.columns.arrow.has_arrow", lambda: False)
    monkeypatch.setattr(reading.Pass, "texts", None)
    assert sigflow(*arguments) == quick


def test_text_that_a_spreadsheet_would_compute_and_text_that_is_not_ascii(sigflow: Call, specs: Path) -> None:
    contents = ["=1+1", "+1", "-2", "@x", "＝1", " a ", "a,b", 'a"b', "é", "\u202e", "\x7f", "\\x", "", "\U0001f600"]
    data = b"".join(text_frame(content.encode(), ratio=ratio) for content in contents for ratio in (0.5, float("inf")))
    (specs / "x.bin").write_bytes(data)
    for form in ROWS:
        for safe in ((), ("--csv-safe",)) if form == "csv" else ((),):
            arguments = ["parse", specs / "x.bin", "-s", specs / "texts.ksy", "--format", form, *safe, "--quiet"]
            assert sigflow(*arguments, "--engine", "python") == sigflow(*arguments, "--engine", "native")
