"""`sigflow sql`: the rows of queries in every form, what a table is, and mistakes."""

from __future__ import annotations

import builtins
import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

import sigflow as package
from sigflow.cli.query_rows import unique
from sigflow.scale.sql import Database, captures_in
from tests.cli.calls import SAMPLES, Call

SAMPLE = SAMPLES / "valid_telemetry.sgf"
QUERY = f"SELECT stream_id, count(*) AS n, max(payload) AS p FROM '{SAMPLE}' GROUP BY 1 ORDER BY 1"


def wanted() -> list[tuple[int, int, bytes]]:
    with package.open(SAMPLE, "sgf1") as source:
        records = list(source)
    streams = sorted({record.value.stream_id for record in records})
    mine = [[record.value.payload for record in records if record.value.stream_id == stream] for stream in streams]
    return [(stream, len(own), max(own)) for stream, own in zip(streams, mine, strict=True)]


def test_every_form(sigflow: Call, tmp_path: Path) -> None:
    rows = wanted()
    assert len(rows) == 3
    trees = [{"stream_id": stream, "n": count, "p": payload.hex()} for stream, count, payload in rows]
    assert json.loads(sigflow("sql", QUERY, "-s", "sgf1", "--format", "json").out)["rows"] == trees
    lines = sigflow("sql", QUERY, "-s", "sgf1", "--format", "ndjson").out.splitlines()
    assert [json.loads(line) for line in lines] == trees
    told = list(csv.DictReader(io.StringIO(sigflow("sql", QUERY, "-s", "sgf1", "--format", "csv").out)))
    assert told == [{name: str(value) for name, value in tree.items()} for tree in trees]
    table = sigflow("sql", QUERY, "-s", "sgf1", "--wide").out.splitlines()
    assert [line.split() for line in table] == [
        ["stream_id", "n", "p"],
        *(list(map(str, tree.values())) for tree in trees),
    ]
    out = tmp_path / "rows"
    for form, read in (("arrow", pa.ipc.open_file), ("parquet", pyarrow.parquet.read_table)):
        assert sigflow("sql", QUERY, "-s", "sgf1", "--format", form, "-o", str(out)).code == 0
        with out.open("rb") as file:
            opened = read(file)
            kept = opened.read_all() if form == "arrow" else opened
            assert list(zip(*(kept[name].to_pylist() for name in ("stream_id", "n", "p")), strict=True)) == rows
    assert sigflow("sql", QUERY, "-s", "sgf1", "--format", "csv", "-o", str(out)).code == 0
    assert len(out.read_text().splitlines()) == 4


def test_formats_are_detected_and_files_left_to_duckdb(sigflow: Call, tmp_path: Path) -> None:
    (tmp_path / 'it\'s a "b".sgf').write_bytes(SAMPLE.read_bytes())
    (tmp_path / "names.csv").write_text("id,name\n7,seven\n9,nine\n")
    text = (
        f"SELECT name, count(*) AS n FROM '{tmp_path}/it''s a \"b\".sgf' JOIN '{tmp_path}/names.csv' ON id = stream_id"
        " GROUP BY 1 ORDER BY 1"
    )
    told = sigflow("sql", text, "--format", "csv")
    assert (told.code, told.out) == (0, "name,n\nnine,8\nseven,8\n")
    assert "found in the first MiB: sgf1" in told.err
    both = f"SELECT (SELECT count(*) FROM '{SAMPLE}'), count(*) FROM '{SAMPLES / 'mixed_noise.hdr'}'"
    with package.open(SAMPLES / "mixed_noise.hdr") as source:
        count = sum(1 for _ in source)
    assert sigflow("sql", both, "--format", "csv", "-q").out.splitlines()[1] == f"24,{count}"
    pivoted = sigflow("sql", f"PIVOT (SELECT stream_id FROM '{SAMPLE}') ON stream_id USING count(*)", "--format", "csv")
    assert pivoted.out == "16909060,7,9\n8,8,8\n"


def test_which_texts_are_captures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.sgf", "b'c", "d.csv", "e.Parquet", "f.json.gz"):
        Path(name).touch()
    text = """SELECT '' FROM 'a.sgf', "a.sgf", 'b''c', 'd.csv', 'e.Parquet', 'f.json.gz', 'gone.sgf' WHERE x = '"'"""
    assert captures_in(text) == ["a.sgf", "b'c"]


def test_values_of_every_kind(sigflow: Call) -> None:
    told = sigflow(
        "sql",
        "SELECT NULL AS a, TRUE AS b, 'nan'::DOUBLE AS c, '-inf'::DOUBLE AS d, 1.50::DECIMAL(9,2) AS e,"
        " 10::HUGEINT AS f, '\\xFF'::BLOB AS g, TIMESTAMP '2026-01-31 12:00:00.5' AS h,"
        " TIMESTAMPTZ '2026-01-31 12:00:00Z' AS i, DATE '2026-01-31' AS j,"
        " [1, 2] AS k, {'x': '\\x00'::BLOB} AS l, MAP {'m': 1} AS m, 1 AS a",
        "--format",
        "ndjson",
    )
    assert json.loads(told.out) == {
        "a": None, "b": True, "c": "NaN", "d": "-Infinity", "e": "1.50", "f": 10, "g": "ff",
        "h": "2026-01-31T12:00:00.5", "i": "2026-01-31T12:00:00Z", "j": "2026-01-31", "k": [1, 2], "l": {"x": "00"},
        "m": [["m", 1]], "a_2": 1,
    }  # fmt: skip
    assert unique(["a", "a", "a_2", "a"]) == ["a", "a_2", "a_2_2", "a_3"]


def test_csv_safe_and_hostile_text(sigflow: Call) -> None:
    query = "SELECT '=1+1' AS a, chr(27) || '[31m' AS b"
    assert sigflow("sql", query, "--format", "csv", "--csv-safe").out.splitlines()[1].startswith("'=1+1,")
    for form in ("table", "csv", "json", "ndjson"):
        assert "\x1b" not in sigflow("sql", query, "--format", form).out


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("selec",), 2, "syntax error"),
        (("",), 2, "no statement"),
        (("SELECT '\udcff'",), 2, "not UTF-8"),
        (("FROM 'gone.sgf'",), 2, "gone.sgf does not exist"),
        ((f"SELECT nothing FROM '{SAMPLE}'", "-s", "sgf1"), 2, "nothing"),
        ((f"FROM '{SAMPLE}'", "-s", "gone"), 2, "unknown format"),
        ((f"FROM '{SAMPLE}'", "--format", "arrow"), 2, "name a file"),
        ((f"FROM '{SAMPLE}'", "--csv-safe"), 2, "is for csv"),
        ((f"FROM '{SAMPLE}'", "-s", "sgf1", "-o", str(SAMPLE)), 2, "would overwrite"),
        ((f"FROM '{SAMPLES}'", "-s", "sgf1"), 1, "directory"),
        (("FROM '/dev/null'", "-s", "sgf1"), 2, "once only"),
        (("SELECT CAST(1000 AS TINYINT)",), 1, "out of range"),
        (("FROM 'https://example.invalid/x.csv'",), 1, "httpfs"),
        ((), 2, "QUERY"),
    ],
)
def test_mistakes(sigflow: Call, arguments: tuple[str, ...], code: int, text: str) -> None:
    told = sigflow("sql", *arguments)
    assert (told.code, text in told.err) == (code, True), told
    assert "Traceback" not in told.err and told.out == ""


def test_empty_and_damaged_captures(sigflow: Call, tmp_path: Path) -> None:
    empty, cut = tmp_path / "empty", tmp_path / "cut.sgf.gz"
    empty.touch()
    cut.write_bytes(gzip.compress(SAMPLE.read_bytes())[:300])
    assert sigflow("sql", f"SELECT count(*) AS n FROM '{empty}'", "-s", "sgf1").out.split() == ["n", "0"]
    assert sigflow("sql", f"SELECT count(*) AS n FROM '{empty}'").out.split() == ["n", "0"]
    told = sigflow("sql", f"SELECT count(*) AS n FROM '{cut}'", "-s", "sgf1")
    assert (told.code, told.out) == (1, "") and "ends too early" in told.err and "Traceback" not in told.err


def test_without_duckdb(sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *arguments: Any, **more: Any) -> Any:
        if name == "duckdb":
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    told = sigflow("sql", "SELECT 1")
    assert told.code == 2 and "sigflow[sql]" in told.err


def test_nothing_is_installed_by_itself() -> None:
    with Database() as database:
        _, batches = database.query("SELECT current_setting('autoinstall_known_extensions') AS told")
        assert [batch.to_pylist() for batch in batches] == [[{"told": False}]]
        secret = pa.table({"a": [1]})
        assert len(secret) == 1  # (a variable of this process is no table)
        with pytest.raises(package.UsageError, match="secret does not exist"):
            database.query("FROM secret")
