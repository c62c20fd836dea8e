"""Physical values, times, metadata and payloads as numbers, in every form of `parse`."""

from __future__ import annotations

import json
import math
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.cli.calls import Call
from tests.cli.forms_kit import (
    FORMS,
    SCOPE,
    SENSOR,
    rows,
    sensor,
    table,
)
from tests.cli.schema import faults

# ---------------------------------------------------------------- physical values and time


def test_physical_values_in_every_form(sigflow: Call, specs: Path) -> None:
    (specs / "x.bin").write_bytes(sensor(1) + sensor(2, 2, -1))
    arguments = ["parse", specs / "x.bin", "-s", specs / "sensor.ksy", "--physical"]
    trees = [json.loads(line)["value"] for line in sigflow(*arguments, "--format", "ndjson").out.splitlines()]
    assert [tree["temperature_physical"] for tree in trees] == [0.0, -40.01]
    assert trees[0]["levels_physical"] == [1.5, 2.0]
    assert trees[0]["body"] == {"left": 1, "right": 2, "right_physical": 4.0}
    table_rows = rows(sigflow(*arguments, "--format", "csv").out)
    assert [row["temperature_physical"] for row in table_rows] == ["0.0", "-40.01"]
    assert json.loads(table_rows[0]["levels_physical"]) == [1.5, 2.0]
    assert "-40.01" in sigflow(*arguments).out
    sigflow(*arguments, "--format", "parquet", "-o", specs / "x.parquet")
    assert [row["temperature_physical"] for row in table(specs / "x.parquet")] == [0.0, -40.01]
    assert "physical" not in sigflow(*arguments[:-1], "--format", "ndjson").out


def test_the_time_of_a_format_in_every_form(sigflow: Call, specs: Path) -> None:
    moments = [0, 1_700_000_000_123_456, 1_700_000_000_500_000, 253_402_300_799_999_999, 253_402_300_800_000_000]
    texts = [
        "1970-01-01T00:00:00Z", "2023-11-14T22:13:20.123456Z", "2023-11-14T22:13:20.5Z", "9999-12-31T23:59:59.999999Z",
        None,
    ]  # fmt: skip
    (specs / "x.bin").write_bytes(b"".join(map(sensor, moments)))
    arguments = ["parse", specs / "x.bin", "-s", specs / "sensor.ksy"]
    lines = sigflow(*arguments, "--format", "ndjson").out.splitlines()
    assert [json.loads(line)["time"] for line in lines] == texts
    assert [faults(json.loads(line), "frame") for line in lines] == [[]] * 5
    table_rows = rows(sigflow(*arguments, "--format", "csv").out)
    assert [row["_time"] for row in table_rows] == [text or "" for text in texts]
    assert "2023-11-14T22:13:20.123456Z" in sigflow(*arguments).out
    sigflow(*arguments, "--format", "arrow", "-o", specs / "x.arrow")
    read = pa.ipc.open_file(specs / "x.arrow").read_all()
    assert read.schema.field("_time").type == pa.timestamp("ns", "UTC")
    assert read["_time"].cast(pa.int64()).to_pylist() == [
        moments[0],
        *(text * 1000 for text in moments[1:3]),
        None,
        None,
    ]
    assert datetime.fromisoformat(texts[1] or "") == datetime(2023, 11, 14, 22, 13, 20, 123456, UTC)


def test_a_time_without_an_epoch_is_in_seconds(sigflow: Call, specs: Path) -> None:
    spec = specs / "clock.ksy"
    spec.write_text(SENSOR.replace(", epoch: '1970-01-01'", "").replace("id: sensor", "id: clock"))
    (specs / "x.bin").write_bytes(sensor(0) + sensor(12_500_000) + sensor((1 << 64) - 1))
    arguments = ["parse", specs / "x.bin", "-s", spec]
    trees = [json.loads(line) for line in sigflow(*arguments, "--format", "ndjson").out.splitlines()]
    assert [tree["time"] for tree in trees] == ["0", "12.5", "18446744073709.551615"]
    sigflow(*arguments, "--format", "arrow", "-o", specs / "x.arrow")
    read = pa.ipc.open_file(specs / "x.arrow").read_all()
    assert read.schema.field("_time").type == pa.duration("ns")
    assert read["_time"].cast(pa.int64()).to_pylist() == [0, 12_500_000_000, None]


# ---------------------------------------------------------------- metadata


def test_metadata_in_every_form(sigflow: Call, tmp_path: Path) -> None:
    wanted = {
        "DEV": "OSC-4000",
        "MODE": "RAW_ACQ",
        "CH": "1",
        "NOTE": "gain x10; ;END of sweep",
        "ENDIAN": "L",
        "LEN": "400",
    }
    lines = sigflow("parse", SCOPE, "--format", "ndjson").out.splitlines()
    trees = [json.loads(line)["metadata"] for line in lines]
    assert trees[0] == wanted and list(trees[0]) == list(wanted)
    document = json.loads(sigflow("parse", SCOPE, "--format", "json").out)
    assert [frame["metadata"] for frame in document["frames"]] == trees
    table_rows = rows(sigflow("parse", SCOPE, "--format", "csv").out)
    assert [{key: row[f"metadata.{key}"] for key in wanted} for row in table_rows] == trees
    shown = sigflow("parse", SCOPE).out
    assert all(f"metadata.{key}" in shown and value in shown for key, value in wanted.items())
    for form in ("arrow", "parquet"):
        out = tmp_path / f"out.{form}"
        sigflow("parse", SCOPE, "--format", form, "-o", out)
        assert [dict(row["metadata"]) for row in table(out)] == trees
    for fields in ("metadata.DEV,checksum", "metadata"):
        name = fields.partition(",")[0]
        read = [
            json.loads(line)["value"][name]
            for line in sigflow("parse", SCOPE, "--format", "ndjson", "--fields", fields).out.splitlines()
        ]
        assert read[0] == (wanted if name == "metadata" else "OSC-4000")
        sigflow("parse", SCOPE, "--format", "arrow", "-o", tmp_path / "out.arrow", "--fields", fields)
        assert [dict(row[name]) if name == "metadata" else row[name] for row in table(tmp_path / "out.arrow")] == read


def test_a_key_that_comes_later_has_its_column(sigflow: Call, tmp_path: Path) -> None:
    from tools.make_samples import instrument, wave

    (tmp_path / "x.hdr").write_bytes(
        instrument(wave(8, 1, 90), "B", "SHOT:1") + instrument(wave(8, 1, 90), "L", "LATE:,=1", "SHOT:2")
    )
    called = sigflow("parse", tmp_path / "x.hdr", "-s", "instrument_hdr", "--format", "csv")
    first, second = rows(called.out)
    assert (first["metadata.SHOT"], first["metadata.LATE"]) == ("1", "")
    assert (second["metadata.SHOT"], second["metadata.LATE"]) == ("2", ",=1")


# ---------------------------------------------------------------- payloads as numbers


@pytest.mark.parametrize(("dtype", "code"), [("i2", "h"), ("u2", "H"), ("int16", "h"), (">u2", ">H"), ("<i4", "<i")])
def test_payloads_as_numbers(sigflow: Call, tmp_path: Path, dtype: str, code: str) -> None:
    trees = [json.loads(line) for line in sigflow("parse", SCOPE, "--format", "ndjson").out.splitlines()]
    wanted = []
    for tree in trees:
        order = code[0] if code[0] in "<>" else "<" if tree["metadata"]["ENDIAN"] == "L" else ">"
        raw = bytes.fromhex(tree["value"]["payload"])
        wanted.append([number for (number,) in struct.iter_unpack(order + code[-1], raw)])
    assert {tree["metadata"]["ENDIAN"] for tree in trees} == {"L", "B"}
    arguments = ["parse", SCOPE, "--payload-dtype", dtype]
    frames = [json.loads(line) for line in sigflow(*arguments, "--format", "ndjson").out.splitlines()]
    assert [tree["payload"] for tree in frames] == wanted
    assert [faults(tree, "frame") for tree in frames] == [[]] * len(frames)
    assert [json.loads(row["payload"]) for row in rows(sigflow(*arguments, "--format", "csv").out)] == wanted
    for form in ("arrow", "parquet"):
        out = tmp_path / f"out.{form}"
        sigflow(*arguments, "--format", form, "-o", out)
        assert [row["payload"] for row in table(out)] == wanted
    assert pa.types.is_list(pa.ipc.open_file(tmp_path / "out.arrow").read_all().schema.field("payload").type)


def test_numbers_of_other_types(sigflow: Call, tmp_path: Path) -> None:
    from tools.make_samples import sgf1

    raw = struct.pack("<4f", 1.5, math.nan, -math.inf, 2.0)
    (tmp_path / "x.sgf").write_bytes(sgf1(7, 1, raw) + sgf1(7, 2, raw[:3]) + sgf1(7, 3, b""))
    arguments = ["parse", tmp_path / "x.sgf", "-s", "sgf1", "--payload-dtype"]
    wanted: dict[str, list[Any]] = {
        "<f4": [1.5, "NaN", "-Infinity", 2.0],
        "<c8": [[1.5, "NaN"], ["-Infinity", 2.0]],
        "u1": list(raw),
        "<f4,<u4": [{"f0": 1.5, "f1": 0x7FC00000}, {"f0": "-Infinity", "f1": 0x40000000}],
        "?": [byte != 0 for byte in raw],
    }
    for dtype, numbers in wanted.items():
        trees = [json.loads(line) for line in sigflow(*arguments, dtype, "--format", "ndjson").out.splitlines()]
        assert trees[0]["payload"] == numbers
        assert trees[2]["payload"] == []
        out = tmp_path / "out.arrow"
        assert sigflow(*arguments, dtype, "--format", "arrow", "-o", out).code == 0
        column = [row["payload"] for row in table(out)]
        assert len(column[0]) == len(numbers) and column[2] == []
        if dtype not in ("u1", "?"):
            assert trees[1]["payload"] is None is column[1]
            (finding,) = trees[1]["diagnostics"]
            assert (finding["code"], finding["severity"]) == ("payload-dtype", "note")
            assert "3 bytes is no multiple of" in finding["message"]


@pytest.mark.parametrize("dtype", ["nonsense", "O", "S3", "M8[s]", "V4", "f16", "3i2", "", "i2; import os"])
def test_what_is_no_type_of_numbers(sigflow: Call, tmp_path: Path, dtype: str) -> None:
    for form in FORMS:
        out = ["-o", tmp_path / "out"] if form in ("arrow", "parquet") else []
        called = sigflow("parse", SCOPE, "-s", "instrument_hdr", "--payload-dtype", dtype, "--format", form, *out)
        assert (called.code, called.out, "i2" in called.err) == (2, "", True)


def test_numbers_need_a_payload(sigflow: Call, specs: Path) -> None:
    (specs / "x.bin").write_bytes(sensor(1))
    called = sigflow("parse", specs / "x.bin", "-s", specs / "sensor.ksy", "--payload-dtype", "i2")
    assert (called.code, "what its payload is" in called.err) == (2, True)
