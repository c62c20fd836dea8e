"""The forms of `parse`: what is read back is what was sent, and all forms have the same names for it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from tests.cli.calls import Call
from tests.cli.forms_kit import (
    FORMS,
    SCOPE,
    VALID,
    beacon,
    rows,
    sensor,
    table,
    text,
    unescaped,
)
from tests.cli.schema import faults

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
    table_rows = rows(sigflow("parse", specs / "x.bin", "-s", specs / "texts.ksy", "--format", "csv").out)
    assert [unescaped(row["text"]) for row in table_rows] == [content.decode() for content in CONTENTS]
    assert {(row["count"], row["ratio"], row["more"]) for row in table_rows} == {(str(-(1 << 63)), "NaN", "")}


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
    table_rows = rows(sigflow("parse", specs / "x.bin", *named, "--format", "csv").out)
    assert [row["_format"] for row in table_rows] == ["beacon", "texts", "beacon"]
    assert [(row["beacon.magic"], row["texts.magic"]) for row in table_rows] == [
        ("b5c0", ""),
        ("", "5458"),
        ("b5c0", ""),
    ]
    for fields in ("magic,text", "beacon.magic,texts.magic,texts.text", "magic,beacon.magic,text,texts.text"):
        table_rows = rows(sigflow("parse", specs / "x.bin", *named, "--format", "csv", "--fields", fields).out)
        assert sorted(list(table_rows[0])[4:]) == ["beacon.magic", "texts.magic", "texts.text"]
        assert table_rows[1]["texts.text"] == "hello"
        sigflow("parse", specs / "x.bin", *named, "--format", "arrow", "-o", specs / "x.arrow", "--fields", fields)
        assert [row["beacon"] is None for row in table(specs / "x.arrow")] == [False, True, False]
        lines = sigflow("parse", specs / "x.bin", *named, "--format", "ndjson", "--fields", fields).out.splitlines()
        assert "hello" in json.loads(lines[1])["value"].values()


# ---------------------------------------------------------------- several captures


@pytest.mark.parametrize("form", FORMS)
def test_frames_of_several_captures_say_which(sigflow: Call, specs: Path, form: str) -> None:
    first, second = specs / "one.bin", specs / "two.bin"
    first.write_bytes(beacon(b"abc") + beacon(b""))
    second.write_bytes(beacon(b"de"))
    out = specs / f"out.{form}"
    captures = [first, second]
    assert sigflow("parse", *captures, "-s", specs / "beacon.ksy", "--format", form, "-o", out).code == 0
    if form == "table":
        lines = out.read_text().splitlines()
        assert lines[0].startswith("_capture")
        assert [line.split()[0] for line in lines[1:]] == [str(first), str(first), str(second)]
        return
    if form in ("arrow", "parquet"):
        origins = [(row["_capture"], row["_index"], row["_offset"]) for row in table(out)]
    elif form == "csv":
        origins = [(row["_capture"], int(row["_index"]), int(row["_offset"])) for row in rows(out.read_text())]
    else:
        text = out.read_text()
        trees = json.loads(text)["frames"] if form == "json" else [json.loads(line) for line in text.splitlines()]
        assert [fault for tree in trees for fault in faults(tree, "frame")] == []
        origins = [(tree["capture"], tree["index"], tree["offset"]) for tree in trees]
    assert origins == [(str(first), 0, 0), (str(first), 1, 11), (str(second), 0, 0)]


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
    assert [entry.name for entry in tmp_path.iterdir()] == ["empty.sgf"]


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
    assert cells == ["" if value is None else str(value) for value in shown]
    for form in ("arrow", "parquet"):
        out = specs / f"out.{form}"
        assert sigflow(*arguments, "--format", form, "-o", out).code == 0
        assert [row[path] for row in table(out)] == shown
    assert any(value is not None for value in shown) or path == "levels[7]"


def test_paths_into_what_codecs_gave(sigflow: Call, tmp_path: Path) -> None:
    fields = "payload_tlv[0].tag,payload_tlv[2].depth,payload_zlib"
    arguments = ["parse", VALID, "-s", "sgf1", "--fields", fields]
    values = [json.loads(line)["value"] for line in sigflow(*arguments, "--format", "ndjson").out.splitlines()]
    sigflow(*arguments, "--format", "arrow", "-o", tmp_path / "out.arrow")
    wanted = [{name: row[name] for name in fields.split(",")} for row in table(tmp_path / "out.arrow")]
    for row in wanted:
        row["payload_zlib"] = None if row["payload_zlib"] is None else row["payload_zlib"].hex()
    assert values == wanted
    assert {1, None} < {row["payload_tlv[0].tag"] for row in values} | {1, 2}
