"""`build`, `edit` and `inspect --as`, as they are called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sigflow as api
from tests.cli.calls import SAMPLES, Call, process
from tests.cli.schema import faults

VALID = SAMPLES / "valid_telemetry.sgf"
DAMAGED = SAMPLES / "malformed_frame.sgf"
#: Samples and their formats; of one that is damaged, what is built is its good frames.
READ = {
    "valid_telemetry.sgf": "sgf1",
    "malformed_frame.sgf": "sgf1",
    "mixed_noise.hdr": "instrument_hdr",
    "oscilloscope.hdr": "instrument_hdr",
    "legacy_archive.sgf": "sgf_legacy",
    "nested.tlv": "tlv",
}


@pytest.mark.parametrize("sample", READ)
def test_what_is_printed_is_built_again(sigflow: Call, tmp_path: Path, sample: str) -> None:
    lines = sigflow("parse", SAMPLES / sample, "-s", READ[sample], "--format", "ndjson", "-q").out
    (tmp_path / "a.ndjson").write_text(lines, encoding="utf-8")
    result = sigflow("build", tmp_path / "a.ndjson", "-s", READ[sample], "-o", tmp_path / "out")
    assert result.code == 0, result.err
    frames = b"".join(record.raw for record in api.open(SAMPLES / sample, READ[sample]))
    assert (tmp_path / "out").read_bytes() == frames


@pytest.mark.parametrize("form", ["arrow", "parquet"])
def test_tables_are_built_again(sigflow: Call, tmp_path: Path, form: str) -> None:
    for sample, spec in READ.items():
        table, out = tmp_path / f"{sample}.{form}", tmp_path / sample
        sigflow("parse", SAMPLES / sample, "-s", spec, "--format", form, "-o", table, "-q")
        assert sigflow("build", table, "-s", spec, "-o", out).code == 0
        assert out.read_bytes() == b"".join(record.raw for record in api.open(SAMPLES / sample, spec))
    (tmp_path / f"bad.{form}").write_bytes(b"x")
    for name in ("bad", "none", "valid_telemetry.sgf"):
        result = sigflow("build", tmp_path / f"{name}.{form}", "-s", "ubx", "-o", tmp_path / "out")
        assert result.code in (1, 2) and result.err.startswith("sigflow: error:")
    assert not (tmp_path / "out").exists()


def test_a_pipe_through(tmp_path: Path) -> None:
    lines = process(tmp_path, "parse", VALID, "-s", "sgf1", "--format", "ndjson", "-q").stdout
    result = process(tmp_path, "build", "-", "-s", "sgf1", "-o", "-", input=lines)
    assert result.stdout == VALID.read_bytes() and result.returncode == 0


def test_mistakes_are_told_line_by_line_and_nothing_is_written(sigflow: Call, tmp_path: Path) -> None:
    values = [
        {"stream_id": 1, "sequence": 1, "version": 1, "payload": "00"},
        {"stream_id": -1, "sequence": 1, "flags": {"reserved": 32}, "payloads": "zz"},
        [1],
    ]
    path = tmp_path / "a.ndjson"
    path.write_text("\n".join(map(json.dumps, values)) + "\n\n{\n", encoding="utf-8")
    result = sigflow("build", path, "-s", "sgf1", "-o", tmp_path / "out")
    assert result.code == 1 and not (tmp_path / "out").exists()
    lines = result.err.splitlines()
    assert "a.ndjson:1: sgf1" in lines[0] and any("did you mean 'payload'" in line for line in lines)
    assert "a.ndjson:3: expected an object" in result.err and "a.ndjson:5: no JSON" in result.err
    path.write_text("{\n", encoding="utf-8")
    assert "a.ndjson:1: no JSON" in sigflow("build", path, "-s", "sgf1", "-o", tmp_path / "out").err


def test_derived_values_that_no_longer_fit_are_computed_anew_and_told(sigflow: Call, tmp_path: Path) -> None:
    line = json.loads(sigflow("parse", VALID, "-s", "sgf1", "--format", "ndjson", "--limit", "1", "-q").out)
    line["value"]["payload"] = "0102"
    line.pop("payload")
    (tmp_path / "a.ndjson").write_text(json.dumps(line), encoding="utf-8")
    result = sigflow("build", tmp_path / "a.ndjson", "-s", "sgf1", "-o", tmp_path / "out", "--format", "json")
    tree = json.loads(result.out)
    assert faults(tree, "built") == []
    assert tree["recomputed"] == {"payload_length": 1, "checksum": 1} and tree["frames"] == 1 and tree["placed"]
    bad = sigflow("build", tmp_path / "a.ndjson", "-s", "sgf1", "-o", tmp_path / "bad", "--keep", "checksum")
    assert bad.code == 0 and "kept as asked for" in bad.out
    assert (tmp_path / "bad").read_bytes()[:22] == (tmp_path / "out").read_bytes()[:22]


def test_wrong_usage(sigflow: Call, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text("", encoding="utf-8")
    out = tmp_path / "out"
    assert sigflow("build", path, "-o", out).code == 2
    assert sigflow("build", path, "-s", "sgf1", "-o", path).code == 2
    assert sigflow("build", path, "-s", "sgf1", "-o", out, "--keep", "a b").code == 2
    assert sigflow("build", tmp_path / "none", "-s", "sgf1", "-o", out).code == 1
    assert sigflow("build", tmp_path, "-s", "sgf1", "-o", out).code == 1
    assert sigflow("edit", VALID, "-s", "sgf1", "-o", out).code == 2
    assert sigflow("edit", VALID, "-s", "sgf1", "-o", out, "--set", "stream=1").code == 2
    assert sigflow("edit", VALID, "-s", "sgf1", "-o", out, "--set", "stream_id").code == 2
    assert sigflow("inspect", VALID, "-s", "sgf1", "--as", "json").code == 2
    assert sigflow("inspect", VALID, "-s", "sgf1", "--as", "json", "--frame", "99").code == 2
    assert not out.exists()
    assert sigflow("build", path, "-s", "sgf1", "-o", out).code == 0 and out.read_bytes() == b""


def test_an_edit_touches_nothing_else(sigflow: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = sigflow("edit", DAMAGED, "-s", "sgf1", "-o", out, "--set", "stream_id=300", "--where", "sequence % 2 == 0")
    assert result.code == 3 and "2 of 2 frames changed" in result.out, result.err
    before, after = DAMAGED.read_bytes(), out.read_bytes()
    places = {place for place, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}
    edited = [record for record in api.open(DAMAGED, "sgf1") if record.value.sequence % 2 == 0]
    assert places == {record.start + k for record in edited for k in (8, 9, *range(22, 26))} & places
    assert [record.value.stream_id for record in api.open(out, "sgf1")].count(300) == len(edited)
    # (The frame that fails its checksum is in a gap, and stays there.)
    assert after[132:176] == before[132:176]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sequence=sequence * 2", "2000"),
        ("flags.encoding=tlv", "'encoding': <tlv: 1>"),
        ("payload=00 ff", "00ff"),
        ("payload=[1, 2]", "0102"),
        ("flags.compressed=false", "False"),
    ],
)
def test_what_a_field_is_set_to(sigflow: Call, tmp_path: Path, text: str, shown: str) -> None:
    out = tmp_path / "out"
    arguments = ["--set", text, "--where", "_index == 2"]
    assert sigflow("edit", VALID, "-s", "sgf1", "-o", out, *arguments).code == 0
    record = list(api.open(out, "sgf1"))[2]
    path = text.partition("=")[0]
    value = record.value
    for part in path.split("."):
        value = getattr(value, part)
    expected = {"sequence": 2000, "flags.encoding": 1, "flags.compressed": False}.get(path)
    assert value == (bytes.fromhex(shown) if path == "payload" else expected)


def test_the_document_of_an_edit_fits_its_schema(sigflow: Call, tmp_path: Path) -> None:
    arguments = ["--set", "sequence=7", "--where", "stream_id == 9", "--format", "json"]
    result = sigflow("edit", VALID, "-s", "sgf1", "-o", tmp_path / "out", *arguments)
    tree = json.loads(result.out)
    assert faults(tree, "edited") == [] and tree["placed"] and tree["changed"] == tree["frames"] == 8


def test_an_expression_that_gives_nothing_is_told(sigflow: Call, tmp_path: Path) -> None:
    result = sigflow(
        "edit",
        VALID,
        "-s",
        "sgf1",
        "-o",
        tmp_path / "out",
        "--set",
        "sequence=9 / (stream_id - 7)",
        "--where",
        "stream_id < 10",
    )
    assert "8 frames for which an expression gives nothing" in result.out, result.err


def test_an_edit_that_cannot_be_built_is_told_with_its_frame(sigflow: Call, tmp_path: Path) -> None:
    result = sigflow("edit", VALID, "-s", "sgf1", "-o", tmp_path / "out", "--set", "stream_id=sequence")
    assert result.code == 1 and "frame 1 at 64" in result.err and not (tmp_path / "out").exists()


@pytest.mark.parametrize("sample", READ)
def test_what_builds_a_frame_builds_it(sigflow: Call, tmp_path: Path, sample: str) -> None:
    path, spec = SAMPLES / sample, READ[sample]
    for record in api.open(path, spec):
        arguments = ["inspect", path, "-s", spec, "--frame", record.index, "-q", "--as"]
        space: dict[str, bytes] = {}
        exec(sigflow(*arguments, "python").out, space)  # our own text, made of the sample
        assert space["raw"] == record.raw
        assert api.load(spec).build(json.loads(sigflow(*arguments, "json").out)) == record.raw
        example = sigflow(*arguments, "ksy-example").out
        digits = example.partition("expect:")[0].removeprefix("- hex: ").replace(">-", "")
        assert bytes.fromhex(digits) == record.raw
