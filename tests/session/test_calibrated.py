"""Rules of sigflow.yaml while a stream comes in: every sink says what `parse` says afterwards, and alarms are on
physical values and computed quantities, live as over what was recorded.
"""

from __future__ import annotations

import csv
import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from sigflow import Record
from tests.cli.calls import Call
from tests.cli.schema import faults
from tests.recording.calibrating_kit import CONFIG, SPEC, frames
from tests.watch.test_live import without_stream

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the sources here are those of a Unix system")

ALARMS = """
alarms:
  hot: {format: probe, when: "temperature > 3000", value: temperature, level: watch}
  strong: {format: probe, when: "power > 50 or power < -50", value: power}
  raw: {format: probe, when: "raw(temperature) > 60000"}
"""
TAKEN: list[tuple[int, dict[str, Any], dict[str, str]]] = []


def take(position: tuple[int, int], record: Record) -> None:
    TAKEN.append((position[1], record.physical, dict(record.metadata)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("probe.ksy").write_text(SPEC)
    Path("sigflow.yaml").write_text(CONFIG + ALARMS)
    TAKEN.clear()
    return tmp_path


def test_every_sink_over_two_lives(folder: Path, sigflow: Call) -> None:
    data = frames(160)
    sinks = ["ndjson:a.ndjson", "csv:a.csv", "parquet:p", "arrow:w", f"python:{__name__}:take"]
    half = len(frames(80))
    for piece in (data[:half], data[half:]):
        Path("source").write_bytes(piece)
        named = [part for sink in sinks for part in ("--sink", sink)]
        done = sigflow("ingest", "pipe:source", "-s", "probe.ksy", "--to", "s", "--once", "-q", *named)
        assert done.code == 0, done.err
    Path("x.bin").write_bytes(data)
    wanted = sigflow("parse", "x.bin", "-s", "probe.ksy", "--format", "ndjson").out
    assert Path("a.ndjson").read_text() == wanted
    trees = [json.loads(line) for line in wanted.splitlines()]
    assert [fault for tree in trees for fault in faults(tree, "frame")] == []
    assert sigflow("parse", "s", "-s", "probe.ksy", "--format", "ndjson").out == wanted
    rows = list(csv.DictReader(Path("a.csv").read_text().splitlines()))
    assert [row["temperature_physical"] for row in rows] == [
        repr(tree["value"]["temperature_physical"]) for tree in trees
    ]
    assert [row["_calibration"] for row in rows] == [tree["calibration"] for tree in trees]
    assert [json.loads(row["metadata"]) for row in rows] == [tree["metadata"] for tree in trees]
    tables = {
        "p": pa.concat_tables(pyarrow.parquet.read_table(path) for path in sorted(Path("p").iterdir())),
        "w": pa.concat_tables(pa.ipc.open_file(path).read_all() for path in sorted(Path("w").iterdir())),
    }
    for table in tables.values():
        assert table.column("power").to_pylist() == [tree["value"]["power"] for tree in trees]
        assert table.column("metadata.site").to_pylist() == [tree["metadata"]["site"] for tree in trees]
        assert table.column("_calibration").to_pylist() == [tree["calibration"] for tree in trees]
        assert table.schema.field("temperature_physical").metadata[b"unit"] == b"degC"
    assert [number for number, _, _ in TAKEN] == list(range(160))
    for tree, (_, physical, metadata) in zip(trees, TAKEN, strict=True):
        assert physical["power"] == tree["value"]["power"] and metadata == tree["metadata"]
        assert physical["temperature"] == tree["value"]["temperature_physical"]
    lines = Path("s/alarms.ndjson").read_text().splitlines()
    for source in ("s", "x.bin"):
        again = sigflow("run", source, "-s", "probe.ksy", "--events", "ndjson").out.splitlines()
        assert without_stream(lines) == without_stream(again)
    told = [json.loads(line) for line in lines]
    for name, holds in (
        ("hot", lambda value: value["temperature_physical"] > 3000),
        # (Where it cannot be told, the alarm stays what it was.)
        ("strong", lambda value: None if value["power"] is None else abs(value["power"]) > 50),
        ("raw", lambda value: value["temperature"] > 60000),
    ):
        raised = {line["index"] for line in told if line["alarm"] == name and line["state"] == "raised"}
        wanted_at, before = set(), False
        for tree in trees:
            now = holds(tree["value"])
            if now and not before:
                wanted_at.add(tree["index"])
            before = before if now is None else now
        assert raised == wanted_at


def test_a_rule_for_one_of_two_sources(folder: Path, sigflow: Call) -> None:
    """Live, and over the session, which knows what each stream came from."""
    Path("sigflow.yaml").write_text(
        "metadata:\n  - {when: {source: 'pipe:roof'}, set: {site: roof}, calibrate: {level: {scale: 2}}}\n"
    )
    for name in ("roof", "cellar"):
        Path(name).write_bytes(frames(5))
    arguments = ("--to", "s", "--once", "-q", "--sink", "ndjson:a.ndjson", "--sink", "parquet:p")
    assert sigflow("ingest", "pipe:roof", "pipe:cellar", "-s", "probe.ksy", *arguments).code == 0
    trees = [json.loads(line) for line in Path("a.ndjson").read_text().splitlines()]
    assert sorted(tree["metadata"].get("site", "") for tree in trees) == [""] * 5 + ["roof"] * 5
    rows = pyarrow.parquet.read_table("p").to_pylist()
    assert {(row["metadata.site"], row["level_physical"] is None) for row in rows} == {("roof", False), (None, True)}
    again = [
        json.loads(line) for line in sigflow("parse", "s", "-s", "probe.ksy", "--format", "ndjson").out.splitlines()
    ]
    for tree in again:
        del tree["capture"]
    assert sorted(map(json.dumps, again)) == sorted(map(json.dumps, trees))


def test_last_values_over_lives(folder: Path, sigflow: Call) -> None:
    """A restart goes on with the values that were last."""
    Path("sigflow.yaml").write_text(
        "compute:\n  - {format: probe, name: step, value: 'seconds - last(1, seconds)'}\n"
        "alarms:\n  late: {format: probe, when: 'step > 9000', value: step}\n"
    )
    data = frames(120)
    ends = [len(frames(count)) for count in (0, 1, 40, 41, 90, 120)]
    for begin, end in pairwise(ends):
        Path("source").write_bytes(data[begin:end])
        sinks = ("--sink", "ndjson:a.ndjson", "--sink", "parquet:p", "--sink", f"python:{__name__}:take")
        assert sigflow("ingest", "pipe:source", "-s", "probe.ksy", "--to", "s", "--once", "-q", *sinks).code == 0
    Path("x.bin").write_bytes(data)
    wanted = sigflow("parse", "x.bin", "-s", "probe.ksy", "--format", "ndjson").out
    assert Path("a.ndjson").read_text() == wanted
    steps = [json.loads(line)["value"]["step"] for line in wanted.splitlines()]
    assert sum(step is not None for step in steps) > 90
    files = sorted(Path("p").iterdir())
    assert pa.concat_tables(map(pyarrow.parquet.read_table, files)).column("step").to_pylist() == steps
    assert [physical["step"] for _, physical, _ in TAKEN] == steps
    lines = Path("s/alarms.ndjson").read_text().splitlines()
    again = sigflow("run", "x.bin", "-s", "probe.ksy", "--events", "ndjson").out.splitlines()
    assert lines and without_stream(lines) == without_stream(again)
