"""Lenient reading: what fails a check is given beside what holds, marked, and nothing else changes."""

from __future__ import annotations

import json
import pickle
import random
from itertools import pairwise
from pathlib import Path

import pytest

import sigflow
from sigflow.errors import UsageError
from sigflow.events import DamagedRecord, Record
from tests.cli.calls import process

SAMPLES = Path(__file__).parents[2] / "samples"
FORMATS = {"valid_telemetry.sgf": "sgf1", "malformed_frame.sgf": "sgf1", "mixed_noise.hdr": "instrument_hdr"}


def damaged(name: str, seed: int) -> bytes:
    rng, data = random.Random(f"{name} {seed}"), bytearray((SAMPLES / name).read_bytes())
    for _ in range(rng.randrange(1, 5) if seed else 0):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize("name", FORMATS)
def test_the_records_of_a_strict_reading_are_among_those_of_a_lenient_one(name: str, engine: str) -> None:
    marked = 0
    for seed in range(6):
        data = damaged(name, seed)
        with sigflow.open(data, FORMATS[name], engine=engine) as strict:
            wanted, ledger = list(strict), strict.validate()
        with sigflow.open(data, FORMATS[name], engine=engine, lenient=True) as lenient:
            records, report = list(lenient), lenient.validate()
        good = [record for record in records if record.damaged is None]
        assert good == wanted
        assert report.tree() == ledger.tree()
        bad = [record for record in records if isinstance(record, DamagedRecord)]
        assert len(good) + len(bad) == len(records)
        spans = sorted((record.start, record.stop) for record in records)
        assert all(stop <= start for (_, stop), (start, _) in pairwise(spans))
        for record in bad:
            assert record.index == -1 and record.damaged is not None and record.damaged.code == "checksum"
            assert record.diagnostics[0] is record.damaged and record.raw == data[record.start : record.stop]
            assert any(gap.span.start <= record.start and record.stop <= gap.span.stop for gap in ledger.gaps)
            assert pickle.loads(pickle.dumps(record)).damaged == record.damaged
        marked += len(bad)
    assert marked


def test_the_value_of_a_damaged_frame_is_read(tmp_path: Path) -> None:
    data = bytearray((SAMPLES / "valid_telemetry.sgf").read_bytes())
    data[40] ^= 1
    with sigflow.open(bytes(data), "sgf1", lenient=True) as recording:
        first = next(iter(recording))
    assert isinstance(first, DamagedRecord) and first.value.stream_id == 7 and "checksum" in repr(first)


def test_frames_between_delimiters(tmp_path: Path) -> None:
    spec = Path(__file__).parents[1] / "wires" / "slip_crc.ksy"
    good = b"abc\x8b\x55\xc0"
    format = sigflow.compile(spec)
    with sigflow.open(b"abd\x8b\x55\xc0" + good, format, lenient=True) as recording:
        events = [event for event in recording.events() if isinstance(event, Record)]
    marks = [event.damaged is not None for event in events]
    assert marks[0] and events[0].start == 0 and events[0].raw == b"abd\x8b\x55\xc0"


def test_strict_and_lenient_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        sigflow.open(b"", "sgf1", strict=True, lenient=True)


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "table"])
def test_every_form_marks_them(form: str, tmp_path: Path) -> None:
    data = bytearray((SAMPLES / "valid_telemetry.sgf").read_bytes())
    data[40] ^= 1
    (tmp_path / "a.sgf").write_bytes(data)
    done = process(tmp_path, "parse", str(tmp_path / "a.sgf"), "-s", "sgf1", "--lenient", "--format", form)
    assert done.returncode == 3, done.stderr
    text = done.stdout.decode()
    lines = text.splitlines()
    if form in ("json", "ndjson"):
        frames = json.loads(text)["frames"] if form == "json" else [json.loads(line) for line in lines]
        assert frames[0]["damaged"]["code"] == "checksum" and frames[0]["index"] is None
        assert all(frame["damaged"] is None for frame in frames[1:])
        assert [frame["index"] for frame in frames[1:]] == list(range(len(frames) - 1))
    else:
        assert "_damaged" in lines[0] and "checksum" in lines[1] and not any("checksum" in line for line in lines[3:])


def test_tables_of_numbers_do_not(tmp_path: Path) -> None:
    capture = str(SAMPLES / "valid_telemetry.sgf")
    done = process(tmp_path, "parse", capture, "--lenient", "--format", "parquet", "-o", "x")
    assert done.returncode == 2 and b"--lenient is for" in done.stderr
