"""`sigflow convert` as it is called: what it says, what it takes from files, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sigflow as api
from tests.cli.calls import SAMPLES, Call
from tests.cli.schema import faults

LEGACY = SAMPLES / "legacy_archive.sgf"
FROM = ["--from", "sgf_legacy", "--to", "sgf1"]


def test_from_the_older_format_to_the_newer(sigflow: Call, tmp_path: Path) -> None:
    out = tmp_path / "out.sgf"
    called = sigflow("convert", LEGACY, *FROM, "-o", out)
    assert called.code == 0, called.err
    assert called.out.splitlines()[1:] == [
        "  sgf_legacy: stream_id, payload: carried over",
        "  sgf_legacy: sequence: counted from 0 in each stream",
        "  sgf_legacy: version = 1, flags.reserved = 0, flags.compressed = 0, flags.encoding = 0: nothing to make it "
        "of",
    ]
    assert sigflow("validate", out, "-s", "sgf1").code == 0
    called = sigflow("convert", LEGACY, *FROM, "-o", tmp_path / "again", "--engine", "python", "--format", "json")
    document = json.loads(called.out)
    assert faults(document, "rewritten") == [] and document["mappings"][0]["unread"] == []
    assert (tmp_path / "again").read_bytes() == out.read_bytes()


def test_a_mapping_from_a_file_and_from_the_configuration(sigflow: Call, tmp_path: Path) -> None:
    config, file, out = tmp_path / "config.yaml", tmp_path / "map.yaml", tmp_path / "out"
    config.write_text("mapping:\n  sgf1:\n    sgf_legacy: {stream_id: stream_id + 100, flags.encoding: 2}\n")
    file.write_text("sgf_legacy:\n  stream_id: stream_id + 1\n")
    called = sigflow("convert", LEGACY, *FROM, "-o", out, "--config", config, "--map", file)
    assert called.code == 0, called.err
    assert "stream_id = stream_id + 1, flags.encoding = 2: as the mapping says" in called.out
    before, after = list(api.open(LEGACY, "sgf_legacy")), list(api.open(out, "sgf1"))
    assert [record.value.stream_id for record in after] == [record.value.stream_id + 1 for record in before]
    assert {record.value.flags.encoding for record in after} == {2}
    assert sigflow("convert", LEGACY, *FROM, "-o", out, "--config", config).code == 0
    assert next(iter(api.open(out, "sgf1"))).value.stream_id == before[0].value.stream_id + 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sgf_legacy: {stream_id: stream}", "map.yaml:1:25: stream_id: unknown field 'stream' in sgf_legacy"),
        ("sgf_legacy: {stream: 1}", "format sgf1 has no field 'stream'"),
        ("sgf_legacy: {stream_id: [1]}", "wanted a text"),
        ("sgf_legacy: 3", "wanted a map"),
        ("ubx: {stream_id: 1}", "--map: 'ubx' is none of the formats that are read: sgf_legacy"),
        ("sgf_legacy: [", "map.yaml:2:1: error SF103"),
    ],
)
def test_mappings_that_are_none(sigflow: Call, tmp_path: Path, text: str, message: str) -> None:
    file, out = tmp_path / "map.yaml", tmp_path / "out"
    file.write_text(text)
    called = sigflow("convert", LEGACY, *FROM, "-o", out, "--map", file)
    assert called.code == 2 and message in called.err, called.err
    assert "Traceback" not in called.err and not out.exists()


def test_wrong_usage(sigflow: Call, tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text("sgf_legacy: {stream_id: 1}\n")
    called = sigflow("convert", LEGACY, *FROM, "-o", file, "--map", file)
    assert called.code == 2 and "which is in use" in called.err and file.read_text().startswith("sgf_legacy")
    assert sigflow("convert", LEGACY, *FROM, "-o", tmp_path / "x", "--map", tmp_path / "absent").code == 1
    assert sigflow("convert", LEGACY, "--from", "sgf_legacy", "-o", tmp_path / "x").code == 2
    called = sigflow("convert", LEGACY, "--from", "sgf_legacy", "--to", "nothing", "-o", tmp_path / "x")
    assert called.code == 2 and "nothing" in called.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.yaml"]


def test_a_frame_that_does_not_fit(sigflow: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"before")
    called = sigflow("convert", SAMPLES / "valid_telemetry.sgf", "--from", "sgf1", "--to", "sgf_legacy", "-o", out)
    assert called.code == 1 and "stream_id: 16909060 does not fit: 0 to 65535" in called.err
    assert out.read_bytes() == b"before" and len(called.err.splitlines()) == 8
