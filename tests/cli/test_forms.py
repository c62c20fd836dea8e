"""The forms of `parse`: what is read back is what was sent, and all forms have the same names for it."""

from __future__ import annotations

import csv
import io
import json
import math
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.cli.calls import SAMPLES, Call, process
from tests.cli.schema import faults

VALID = SAMPLES / "valid_telemetry.sgf"
SCOPE = SAMPLES / "oscilloscope.hdr"
TEXT_FORMS = ("table", "json", "ndjson", "csv")
FORMS = (*TEXT_FORMS, "arrow", "parquet")

LENGTH = """
meta: {id: beacon, endian: be}
-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: [magic..body]}}
seq:
  - {id: magic, contents: [0xb5, 0xc0]}
  - {id: length, type: u2}
  - {id: offset, type: u1}
  - {id: format, type: u1}
  - {id: index, type: str, encoding: UTF-8, size: 1}
  - {id: body, size: length - 8}
  - {id: sum, type: u1}
"""
TEXTS = """
meta: {id: texts, endian: be}
-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: [magic..last]}}
seq:
  - {id: magic, contents: TX}
  - {id: size, type: u1}
  - {id: text, type: str, size: size, encoding: UTF-8}
  - {id: count, type: s8}
  - {id: ratio, type: f8}
  - {id: there, type: u1}
  - {id: more, type: str, size: 0, encoding: UTF-8, if: there == 1}
  - {id: last, type: u1}
  - {id: sum, type: u1}
"""
SENSOR = """
meta: {id: sensor, endian: be}
-sigflow-stream:
  checksum: {field: sum, algorithm: sum-8, over: [magic..body]}
  time: {expr: at, unit: us, epoch: '1970-01-01'}
seq:
  - {id: magic, contents: SN}
  - {id: at, type: u8}
  - {id: kind, type: u1, enum: kinds}
  - {id: temperature, type: s2, -sigflow-scale: 0.01, -sigflow-offset: -40, -sigflow-unit: C}
  - {id: levels, type: u1, repeat: expr, repeat-expr: 2, -sigflow-scale: 0.5}
  - {id: body, type: {switch-on: kind, cases: {'kinds::pair': pair, 'kinds::single': single}}, size: 4}
  - {id: sum, type: u1}
types:
  pair: {seq: [{id: left, type: u2}, {id: right, type: u2, -sigflow-scale: 2}]}
  single: {seq: [{id: left, type: u4}]}
instances:
  twice: {value: temperature * 2}
enums: {kinds: {1: pair, 2: single}}
"""


def framed(body: bytes) -> bytes:
    return body + bytes([sum(body) & 255])


def beacon(body: bytes, index: bytes = b"x") -> bytes:
    return framed(b"\xb5\xc0" + struct.pack(">HBB", 8 + len(body), 7, 9) + index + body)


def text(content: bytes, count: int = -(1 << 63), ratio: float = math.nan, there: int = 0) -> bytes:
    return framed(b"TX" + bytes([len(content)]) + content + struct.pack(">qdBB", count, ratio, there, 3))


def sensor(at: int, kind: int = 1, temperature: int = 4000) -> bytes:
    return framed(b"SN" + struct.pack(">QBhBBHH", at, kind, temperature, 3, 4, 1, 2))


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    for name, spec in {"beacon": LENGTH, "texts": TEXTS, "sensor": SENSOR}.items():
        (tmp_path / f"{name}.ksy").write_text(spec)
    return tmp_path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def unescaped(cell: str) -> str:
    """As the documentation says it."""
    return cell.encode("latin-1", "backslashreplace").decode("unicode_escape")


def table(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return parquet.read_table(path).to_pylist()
    return pa.ipc.open_file(path).read_all().to_pylist()


# ---------------------------------------------------------------- csv


def test_names_are_unique_and_those_of_arrow(sigflow: Call, specs: Path) -> None:
    (specs / "x.bin").write_bytes(beacon(b"abc") + beacon(b""))
    out = sigflow("parse", specs / "x.bin", "-s", specs / "beacon.ksy", "--format", "csv").out
    first, second = rows(out)
    header = out.splitlines()[0].split(",")
    assert header == [
        "_offset",
        "_length",
        "_format",
        "_index",
        "magic",
        "length",
        "offset",
        "format",
        "index",
        "body",
        "sum",
    ]
    assert len(set(header)) == len(header)
    assert (first["_length"], first["length"], first["_format"], first["format"]) == ("11", "11", "beacon", "9")
    assert (second["_offset"], second["offset"], second["_index"], second["index"]) == ("11", "7", "1", "x")
    sigflow("parse", specs / "x.bin", "-s", specs / "beacon.ksy", "--format", "arrow", "-o", specs / "x.arrow")
    assert pa.ipc.open_file(specs / "x.arrow").read_all().column_names == header


CONTENTS = [
    b"plain", b'a,"b"', b"two\nlines\r\n", b"tab\t;", b"\\x0a and \n", b"C:\\dir\\u0041", b" spaces ", b"",
    b"\x1b[31m", "ü€😀\u202e".encode(), b"'=1+1", b"null", b"\\", b"\\\\\n",
]  # fmt: skip


def test_texts_are_exact(sigflow: Call, specs: Path) -> None:
    (specs / "x.bin").write_bytes(b"".join(text(content) for content in CONTENTS))
    found = rows(sigflow("parse", specs / "x.bin", "-s", specs / "texts.ksy", "--format", "csv").out)
    assert [unescaped(row["text"]) for row in found] == [content.decode() for content in CONTENTS]
    assert {(row["count"], row["ratio"], row["more"]) for row in found} == {(str(-(1 << 63)), "NaN", "")}


def test_null_and_an_empty_text_differ(sigflow: Call, specs: Path) -> None:
    (specs / "x.bin").write_bytes(text(b"a", there=1) + text(b"", 5, -0.1, there=0))
    lines = sigflow("parse", specs / "x.bin", "-s", specs / "texts.ksy", "--format", "csv").out.splitlines()
    assert [line.split(",")[5:10] for line in lines[1:]] == [
        ["1", "a", str(-(1 << 63)), "NaN", "1"],
        ["0", '""', "5", "-0.1", "0"],
    ]
    assert [line.split(",")[10] for line in lines[1:]] == ['""', ""]


def test_formulas_are_text_where_that_is_asked_for(sigflow: Call, specs: Path) -> None:
    contents = [b"=1+1", b"+1", b"-1", b"@x", "＝1".encode(), b"\t=1", b"x=1", b"'"]
    (specs / "x.bin").write_bytes(b"".join(text(content) for content in contents))
    arguments = ["parse", specs / "x.bin", "-s", specs / "texts.ksy", "--format", "csv"]
    safe, plain = rows(sigflow(*arguments, "--csv-safe").out), rows(sigflow(*arguments).out)
    assert [unescaped(row["text"]).encode() for row in plain] == contents
    assert [row["text"][0] for row in safe] == ["'"] * 6 + ["x", "'"]
    assert {row["count"] for row in safe} == {str(-(1 << 63))}  # numbers stay numbers
    called = sigflow("parse", specs / "x.bin", "-s", specs / "texts.ksy", "--csv-safe")
    assert (called.code, "--csv-safe is for csv" in called.err) == (2, True)


def test_several_formats_have_columns_of_their_own(sigflow: Call, specs: Path) -> None:
    (specs / "x.bin").write_bytes(beacon(b"abc") + text(b"hello") + beacon(b""))
    named = ["-s", specs / "beacon.ksy", "-s", specs / "texts.ksy"]
    found = rows(sigflow("parse", specs / "x.bin", *named, "--format", "csv").out)
    assert [row["_format"] for row in found] == ["beacon", "texts", "beacon"]
    assert [(row["beacon.magic"], row["texts.magic"]) for row in found] == [("b5c0", ""), ("", "5458"), ("b5c0", "")]
    for fields in ("magic,text", "beacon.magic,texts.magic,texts.text", "magic,beacon.magic,text,texts.text"):
        found = rows(sigflow("parse", specs / "x.bin", *named, "--format", "csv", "--fields", fields).out)
        assert sorted(list(found[0])[4:]) == ["beacon.magic", "texts.magic", "texts.text"]
        assert found[1]["texts.text"] == "hello"
        sigflow("parse", specs / "x.bin", *named, "--format", "arrow", "-o", specs / "x.arrow", "--fields", fields)
        assert [row["beacon"] is None for row in table(specs / "x.arrow")] == [False, True, False]
        lines = sigflow("parse", specs / "x.bin", *named, "--format", "ndjson", "--fields", fields).out.splitlines()
        assert "hello" in json.loads(lines[1])["value"].values()


# ---------------------------------------------------------------- several captures


@pytest.mark.parametrize("form", FORMS)
def test_frames_of_several_captures_say_which(sigflow: Call, specs: Path, form: str) -> None:
    one, two = specs / "one.bin", specs / "two.bin"
    one.write_bytes(beacon(b"abc") + beacon(b""))
    two.write_bytes(beacon(b"de"))
    out = specs / f"out.{form}"
    captures = [one, two]
    assert sigflow("parse", *captures, "-s", specs / "beacon.ksy", "--format", form, "-o", out).code == 0
    if form == "table":
        lines = out.read_text().splitlines()
        assert lines[0].startswith("_capture")
        assert [line.split()[0] for line in lines[1:]] == [str(one), str(one), str(two)]
        return
    if form in ("arrow", "parquet"):
        found = [(row["_capture"], row["_index"], row["_offset"]) for row in table(out)]
    elif form == "csv":
        found = [(row["_capture"], int(row["_index"]), int(row["_offset"])) for row in rows(out.read_text())]
    else:
        text = out.read_text()
        trees = json.loads(text)["frames"] if form == "json" else [json.loads(line) for line in text.splitlines()]
        assert [fault for tree in trees for fault in faults(tree, "frame")] == []
        found = [(tree["capture"], tree["index"], tree["offset"]) for tree in trees]
    assert found == [(str(one), 0, 0), (str(one), 1, 11), (str(two), 0, 0)]


@pytest.mark.parametrize("form", FORMS)
def test_frames_of_one_capture_do_not(sigflow: Call, specs: Path, form: str) -> None:
    (specs / "x.bin").write_bytes(beacon(b"abc"))
    sigflow("parse", specs / "x.bin", "-s", specs / "beacon.ksy", "--format", form, "-o", specs / "out")
    assert b"capture" not in (specs / "out").read_bytes()


def test_json_of_several_captures_is_one_document(sigflow: Call, specs: Path) -> None:
    (specs / "empty.bin").write_bytes(b"")
    (specs / "x.bin").write_bytes(beacon(b"abc"))
    for captures in (["x.bin", "x.bin"], ["empty.bin", "x.bin"], ["empty.bin", "empty.bin"]):
        paths = [specs / name for name in captures]
        document = json.loads(sigflow("parse", *paths, "-s", specs / "beacon.ksy", "--format", "json").out)
        assert faults(document, "frames") == []
        assert len(document["frames"]) == captures.count("x.bin")


@pytest.mark.parametrize("form", ["csv", "arrow"])
def test_captures_of_other_formats_make_no_table(sigflow: Call, tmp_path: Path, form: str) -> None:
    called = sigflow("parse", VALID, SCOPE, "--format", form, "-o", tmp_path / "out")
    assert (called.code, "one table has one list of formats" in called.err) == (2, True)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- paths of fields

WRONG = [
    ("flags.encodng", "did you mean 'flags.encoding'?"),
    ("flags.encoding.name", "unknown field"),
    ("stream_id.foo", "unknown field 'stream_id.foo'"),
    ("stream_id[0]", "unknown field"),
    ("sequense", "did you mean 'sequence'?"),
    ("flags[0]", "unknown field"),
    ("flags.", "unknown field"),
    (".flags", "unknown field"),
    ("payload_tlv[0].tg", "unknown field"),
    ("payload_tlv[-1].tag", "unknown field"),
    ("nothing", "known: magic, version"),
    ("metadata.DEV", "unknown field"),
]


@pytest.mark.parametrize(("path", "words"), WRONG)
def test_a_misspelt_path_is_the_same_error_everywhere(sigflow: Call, tmp_path: Path, path: str, words: str) -> None:
    empty = tmp_path / "empty.sgf"
    empty.touch()
    said = set()
    for form in FORMS:
        for capture in (VALID, empty):
            out = ["-o", tmp_path / "out"] if form in ("arrow", "parquet") else []
            called = sigflow("parse", capture, "-s", "sgf1", "--format", form, *out, "--fields", f"version,{path}")
            assert (called.code, called.out) == (2, "")
            said.add(called.err)
    (line,) = said
    assert words in line and line.startswith("sigflow: error: unknown field")
    assert [one.name for one in tmp_path.iterdir()] == ["empty.sgf"]


PATHS = [
    "temperature", "temperature_physical", "levels[1]", "levels_physical[0]", "levels[7]", "kind", "twice",
    "body.pair.right", "body.right", "body.right_physical", "body.pair.right_physical", "body.left", "body.single.left",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_the_same_path_in_every_form(sigflow: Call, specs: Path, path: str) -> None:
    (specs / "x.bin").write_bytes(sensor(1) + sensor(2, 2))
    arguments = ["parse", specs / "x.bin", "-s", specs / "sensor.ksy", "--fields", path]
    lines = sigflow(*arguments, "--format", "ndjson").out.splitlines()
    trees = [json.loads(line)["value"][path] for line in lines]
    shown = [tree["name"] if isinstance(tree, dict) else tree for tree in trees]
    document = json.loads(sigflow(*arguments, "--format", "json").out)
    assert [frame["value"][path] for frame in document["frames"]] == trees
    cells = [row[path] for row in rows(sigflow(*arguments, "--format", "csv").out)]
    assert cells == ["" if one is None else str(one) for one in shown]
    for form in ("arrow", "parquet"):
        out = specs / f"out.{form}"
        assert sigflow(*arguments, "--format", form, "-o", out).code == 0
        assert [row[path] for row in table(out)] == shown
    assert any(one is not None for one in shown) or path == "levels[7]"


def test_paths_into_what_codecs_gave(sigflow: Call, tmp_path: Path) -> None:
    fields = "payload_tlv[0].tag,payload_tlv[2].depth,payload_zlib"
    arguments = ["parse", VALID, "-s", "sgf1", "--fields", fields]
    found = [json.loads(line)["value"] for line in sigflow(*arguments, "--format", "ndjson").out.splitlines()]
    sigflow(*arguments, "--format", "arrow", "-o", tmp_path / "out.arrow")
    wanted = [{name: row[name] for name in fields.split(",")} for row in table(tmp_path / "out.arrow")]
    for row in wanted:
        row["payload_zlib"] = None if row["payload_zlib"] is None else row["payload_zlib"].hex()
    assert found == wanted
    assert {1, None} < {row["payload_tlv[0].tag"] for row in found} | {1, 2}


# ---------------------------------------------------------------- physical values and time


def test_physical_values_in_every_form(sigflow: Call, specs: Path) -> None:
    (specs / "x.bin").write_bytes(sensor(1) + sensor(2, 2, -1))
    arguments = ["parse", specs / "x.bin", "-s", specs / "sensor.ksy", "--physical"]
    trees = [json.loads(line)["value"] for line in sigflow(*arguments, "--format", "ndjson").out.splitlines()]
    assert [tree["temperature_physical"] for tree in trees] == [0.0, -40.01]
    assert trees[0]["levels_physical"] == [1.5, 2.0]
    assert trees[0]["body"] == {"left": 1, "right": 2, "right_physical": 4.0}
    found = rows(sigflow(*arguments, "--format", "csv").out)
    assert [row["temperature_physical"] for row in found] == ["0.0", "-40.01"]
    assert json.loads(found[0]["levels_physical"]) == [1.5, 2.0]
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
    found = rows(sigflow(*arguments, "--format", "csv").out)
    assert [row["_time"] for row in found] == [one or "" for one in texts]
    assert "2023-11-14T22:13:20.123456Z" in sigflow(*arguments).out
    sigflow(*arguments, "--format", "arrow", "-o", specs / "x.arrow")
    read = pa.ipc.open_file(specs / "x.arrow").read_all()
    assert read.schema.field("_time").type == pa.timestamp("ns", "UTC")
    assert read["_time"].cast(pa.int64()).to_pylist() == [moments[0], *(one * 1000 for one in moments[1:3]), None, None]
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
    found = rows(sigflow("parse", SCOPE, "--format", "csv").out)
    assert [{key: row[f"metadata.{key}"] for key in wanted} for row in found] == trees
    shown = sigflow("parse", SCOPE).out
    assert all(f"metadata.{key}" in shown and one in shown for key, one in wanted.items())
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
        wanted.append([one for (one,) in struct.iter_unpack(order + code[-1], raw)])
    assert {tree["metadata"]["ENDIAN"] for tree in trees} == {"L", "B"}
    arguments = ["parse", SCOPE, "--payload-dtype", dtype]
    found = [json.loads(line) for line in sigflow(*arguments, "--format", "ndjson").out.splitlines()]
    assert [tree["payload"] for tree in found] == wanted
    assert [faults(tree, "frame") for tree in found] == [[]] * len(found)
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
        "?": [one != 0 for one in raw],
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


# ---------------------------------------------------------------- the table


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_table_fits_its_width(sigflow: Call, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for arguments in (["-s", "sgf1", VALID], [SCOPE], ["-s", "tlv", SAMPLES / "nested.tlv"]):
        lines = sigflow("parse", *arguments).out.splitlines()
        assert len(lines) > 6 and max(map(len, lines)) <= width
        head, first, *_ = lines
        for name in ("_offset", "_length"):  # numbers stand on the right of their column
            end = head.index(name) + len(name)
            assert all(line[end - 1].isdigit() and line[end] == " " for line in lines[1:])
        assert all(line[head.index("_format")].isalpha() for line in lines[1:])
        assert ("more: --wide" in head) == (first.endswith("  ..."))
        assert width >= 200 or "more: --wide" in head or "tag" in head


def test_columns_are_aligned_and_enums_have_names(sigflow: Call) -> None:
    head, *lines = sigflow("parse", VALID, "-s", "sgf1", "--quiet").out.splitlines()
    place = head.index("flags.encoding")
    assert {line[place:].split()[0] for line in lines} == {"tlv", "opaque"}
    assert all("..." in line or len(line) - head.index("payload", head.index("checksum")) <= 32 for line in lines)


def test_a_wide_table_shows_all(sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    values = [
        json.loads(line)["value"]
        for line in sigflow("parse", VALID, "-s", "sgf1", "--format", "ndjson").out.splitlines()
    ]
    lines = sigflow("parse", VALID, "-s", "sgf1", "--wide").out.splitlines()[1:]
    assert lines[0].split()[-1] == values[0]["payload"]
    assert all(value["payload"] in line for value, line in zip(values, lines, strict=True))


def test_a_table_is_not_kept_waiting(tmp_path: Path) -> None:
    """Of standard input each frame is shown as it comes, a late longer value included."""
    from tools.make_samples import sgf1

    done = process(tmp_path, "parse", "-", "-s", "sgf1", input=sgf1(7, 1, b"x") + sgf1(7, 2, b"x" * 99))
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3


# ---------------------------------------------------------------- inspect


def test_inspect_shows_what_each_field_says(sigflow: Call, specs: Path) -> None:
    (specs / "x.bin").write_bytes(sensor(1_700_000_000_123_456) + sensor(2, 9, -1))
    arguments = ["inspect", specs / "x.bin", "-s", specs / "sensor.ksy"]
    lines = sigflow(*arguments, "--frame", 0).out.splitlines()
    told = {line[92:].strip().split("  ")[0]: line[92:].split("  ")[-1].strip() for line in lines if line[92:].strip()}
    assert (
        told
        | {
            "at": "1700000000123456",
            "kind": "pair (1)",
            "temperature": "4000 = 0 C",
            "levels[1]": "4 = 2",
            "body.left": "1",
            "body.right_physical": "4.0",
            "sum": str(sensor(1_700_000_000_123_456)[-1]),
        }
        == told
    )
    assert next(line for line in lines if "temperature" in line).split()[:3] == ["11", "0f", "a0"]
    assert "9 (no name)" in sigflow(*arguments, "--frame", 1).out
    document = json.loads(sigflow(*arguments, "--frame", 0, "--format", "json").out)
    assert faults(document, "inspect") == []
    fields = {one["path"]: one for one in document["items"][0]["fields"]}
    assert (fields["temperature"]["value"], fields["temperature"]["physical"]) == (4000, 0.0)
    assert fields["temperature"]["unit"] == "C"
    assert fields["kind"]["value"] == {"name": "pair", "raw": 1}
    assert "value" not in fields["magic"]


def test_inspect_indents_nested_fields(sigflow: Call) -> None:
    lines = sigflow("inspect", SCOPE, "--frame", 0, "--quiet").out.splitlines()
    names = [line[92:] for line in lines if "lines[0]" in line]
    assert [len(name) - len(name.lstrip()) for name in names] == [2, 4, 4, 2]
    assert [name.split()[0] for name in names][1:3] == ["lines[0].text.key_bytes", "lines[0].text.value"]
    assert [name.split()[1:] for name in names][1:3] == [['"DEV"'], ['"OSC-4000"']]


def test_inspect_shows_the_values_of_what_was_refused(sigflow: Call) -> None:
    out = sigflow("inspect", SAMPLES / "malformed_frame.sgf", "-s", "sgf1", "--offset", "140").out
    assert [line.split()[-1] for line in out.splitlines() if "  sequence" in line or "  stream_id" in line] == [
        "7",
        "4",
    ]
    truncated = sigflow("inspect", SAMPLES / "truncated_stream.sgf", "-s", "sgf1", "--offset", "0x154").out
    assert [line.split()[-1] for line in truncated.splitlines() if "  payload_length" in line] == ["46"]


def test_offsets_in_hexadecimal(sigflow: Call) -> None:
    arguments = ["inspect", SAMPLES / "malformed_frame.sgf", "-s", "sgf1"]
    plain = sigflow(*arguments, "--offset", "140").out
    assert sigflow(*arguments, "--offset", "0x8c").out == sigflow(*arguments, "--offset", "0X8C").out == plain
    out = sigflow(*arguments, "--offset", "140", "--hex").out
    assert "at 0x84: checksum" in out and "flipped at offset 0xad" in out and "  0x9e  72 65" in out
    assert " 132" not in out and " 173" not in out
    explained = sigflow(*arguments, "--offset", "180", "--explain", "--hex").out
    assert explained.startswith("frame 0xb0..0xdc (44 bytes)") and "offset 0xad" in explained
    verdict = sigflow("validate", SAMPLES / "malformed_frame.sgf", "-s", "sgf1", "--hex").out
    assert "gap 0x84..0xb0 (44 bytes)" in verdict and "at offset 0x9a" in verdict and "frame at 0x84" in verdict
    assert "      0x90  00 00" in verdict and verdict.splitlines()[1] == "  308 bytes = 264 in 6 frames + 44 in 1 gap"
    plain = sigflow("validate", SAMPLES / "malformed_frame.sgf", "-s", "sgf1").out
    carets = [line.index("^") for out in (plain, verdict) for line in out.splitlines() if line.strip() == "^"]
    assert len(carets) == 2 and carets[0] == carets[1]
    assert " 0xb0 " in sigflow("parse", SAMPLES / "malformed_frame.sgf", "-s", "sgf1", "--hex").out
    for wrong in ("0x", "x10", "-1", "1_0", "0b1", "1.5", "", "0x-1", "½"):
        called = sigflow(*arguments, "--offset", wrong)
        assert (called.code, "no offset" in called.err or "offset" in called.err) == (2, True), wrong


def test_frames_of_several_formats_are_aligned(sigflow: Call, specs: Path) -> None:
    (specs / "x.bin").write_bytes(sensor(1_700_000_000_123_456) + beacon(b"abc") + sensor(2) + text(b"t"))
    named = [word for name in ("sensor", "beacon", "texts") for word in ("-s", specs / f"{name}.ksy")]
    head, *lines = sigflow("parse", specs / "x.bin", *named).out.splitlines()
    assert [line.split()[3:5] for line in lines] == [
        ["sensor", "2023-11-14T22:13:20.123456Z"], ["beacon", "-"], ["sensor", "1970-01-01T00:00:00.000002Z"],
        ["texts", "-"],
    ]  # fmt: skip
    assert {line.index("magic=") for line in lines} == {lines[0].index("magic=")}
    assert all(line[head.index("_time") - 1] == " " for line in lines)
    assert lines[0].index("temperature=") == lines[2].index("temperature=")
