"""Ids that Python cannot have as they are stand beside such as look like their other names: none is lost, and whoever
looks at output sees the spec's names.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sigflow.compiler import build
from sigflow.compiler.naming import attribute, distinct
from sigflow.recording.examples import findings

ROOT = Path(__file__).resolve().parents[2]

SPEC = """\
meta: {id: pass, endian: be}
-sigflow-stream:
  checksum: {field: from, algorithm: sum-8, over: [class..class_]}
  kind: class_
  payload: import
  sequence: {field: del, per: class_}
  max-frame: 64
seq:
  - {id: class, contents: [1, 2]}
  - {id: class_, type: u1, enum: none}
  - {id: del, type: u1}
  - {id: del_, type: u1, valid: {max: 9}}
  - {id: import, size: 2, -sigflow-codec: [{name: with_it}], -sigflow-note: {if: del_ == 9, code: nine, text: it is}}
  - {id: e, type: u1, enum: none, valid: 'none::from'}
  - {id: from, type: u1}
types:
  with_it: {seq: [{id: class_, type: u1}, {id: class, type: u1}]}
  with__it: {seq: [{id: class_, type: u1}], -sigflow-examples: [{hex: "05", expect: {class_: 5}}]}
enums: {none: {1: from, 2: from_, 3: class, 4: mro, 5: mro_, 6: from__}}
instances: {def: {value: "class_ == none::from or class_ == none::from_"}, def_: {value: del}}
"""
LABELS = ["from", "from_", "class", "mro", "mro_", "from__"]


def frame(kind: int, last: int = 1, count: int = 0) -> bytes:
    return bytes((1, 2, kind, count, 3, 7, 8, last, 3 + kind & 0xFF))


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    spec, capture = tmp_path / "pass.ksy", tmp_path / "pass.bin"
    spec.write_text(SPEC, encoding="utf-8")
    capture.write_bytes(b"".join(frame(kind) for kind in range(1, 8)) + frame(1, 2))
    return str(spec), str(capture)


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sigflow", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode in (0, 3) and "Traceback" not in done.stderr, done.stderr
    return done.stdout


def test_json(files: tuple[str, str]) -> None:
    spec, capture = files
    lines = [json.loads(line) for line in run("parse", capture, "-s", spec, "--format", "ndjson").splitlines()]
    assert [line["value"]["class_"]["name"] for line in lines] == [*LABELS, None]
    assert {tuple(line["value"]) for line in lines} == {("class", "class_", "del", "del_", "import", "e", "from")}
    assert {tuple(line["payload"].items()) for line in lines} == {(("class_", 7), ("class", 8))}
    assert all(line["format"] == "pass" for line in lines)


def test_csv(files: tuple[str, str]) -> None:
    spec, capture = files
    rows = list(csv.DictReader(io.StringIO(run("parse", capture, "-s", spec, "--format", "csv"))))
    assert [row["class_"] for row in rows] == [*LABELS, "7"]
    assert {(row["class"], row["del_"]) for row in rows} == {("0102", "3")}


def test_arrow(files: tuple[str, str]) -> None:
    import sigflow

    spec, capture = files
    table = sigflow.open(capture, sigflow.load(spec)).to_arrow()
    assert table["class_"].to_pylist() == [*LABELS, "7"]
    assert {"class", "class_", "del", "del_", "import", "from"} <= set(table.column_names)


def test_stats_and_messages(files: tuple[str, str]) -> None:
    spec, capture = files
    told = json.loads(run("stats", capture, "-s", spec, "--format", "json"))["formats"][0]
    assert {kind["kind"]["name"] for kind in told["kinds"] if isinstance(kind["kind"], dict)} == set(LABELS)
    said = run("validate", capture, "-s", spec)
    assert "found from_ (2), wanted from (1)" in said and "pass.e" in said
    assert "from 0x04 ok" in run("inspect", capture, "-s", spec)
    assert '"field": "from"' in run("formats", spec, "--format", "json")


def test_examples_of_types_whose_classes_are_renamed(files: tuple[str, str]) -> None:
    spec, _ = files
    failures = findings(spec, build(spec))
    assert not [finding for finding in failures if finding.code == "SF511"], failures
    Path(spec).write_text(SPEC.replace("expect: {class_: 5}", "expect: {class_: 6}"), encoding="utf-8")
    assert [finding.code for finding in findings(spec, build(spec)) if finding.severity == "error"] == ["SF511"]


def test_python(files: tuple[str, str]) -> None:
    module = build(files[0]).load()
    assert build(files[0]).main == "pass_"
    value = module.Pass.from_bytes(frame(2))
    assert (value.class__, int(value.class_), value.del__, value.del_, value.import_) == (b"\1\2", 2, 0, 3, b"\7\x08")
    assert value.class_ is module.Pass.None_.from_ and module.Pass.None_(1).name == "from___"
    assert (value.def__, value.def_) == (True, 0)


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        (["class"], ["class_"]),
        (["class", "class_"], ["class__", "class_"]),
        (["class_", "class", "class__"], ["class_", "class___", "class__"]),
        (["from", "from", "a"], ["from_", "a"]),
        (["close", "self", "close_"], ["close__", "self_", "close_"]),
    ],
)
def test_names_are_distinct(ids: list[str], names: list[str]) -> None:
    assert list(distinct(ids, attribute).values()) == names


# ---------------------------------------------------------------- modules

HIDDEN = ["enum", "struct", "kaitaistruct", "json", "collections", "sigflow", "typing", "zlib", "numpy"]


def test_a_module_hides_no_other(tmp_path: Path) -> None:
    for id in HIDDEN:
        text = f"meta: {{id: {id}, endian: le, ks-debug: true}}\nseq: [{{id: a, type: u2, enum: e}}]\n"
        text += "enums: {e: {1: b}}\n"
        (tmp_path / f"{id}.ksy").write_text(text, encoding="utf-8")
    fields = "".join(f"  - {{id: f_{id}, type: {id}}}\n" for id in HIDDEN)
    main = tmp_path / "main.ksy"
    main.write_text(f"meta: {{id: main, imports: [{', '.join(HIDDEN)}]}}\nseq:\n{fields}", encoding="utf-8")
    built = build(main)
    assert built.ok and [problem.code for problem in built.problems] == ["SF210"] * len(HIDDEN)
    assert set(built.modules) == {"main", *(f"{id}_" for id in HIDDEN)}
    assert [problem.severity for problem in built.problems] == ["warning"] * len(HIDDEN)
    out = tmp_path / "out"
    out.mkdir()
    for name, text in built.modules.items():
        (out / f"{name}.py").write_text(text, encoding="utf-8")
    program = "import main, enum_; x = main.Main.from_bytes(b'\\1\\0' * 9); x.f_enum._read(); print(x.f_enum.a.name)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=out, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.returncode) == ("b\n", 0), done.stderr
    assert built.load().Main.from_bytes(b"\1\0" * 9).f_struct is not None  # in memory, too


def test_a_module_beside_one_of_its_new_name(tmp_path: Path) -> None:
    (tmp_path / "struct.ksy").write_text("meta: {id: struct}\nseq: [{id: a, type: u1}]\n", encoding="utf-8")
    (tmp_path / "struct_.ksy").write_text("meta: {id: struct_}\nseq: [{id: b, type: u1}]\n", encoding="utf-8")
    main = tmp_path / "main.ksy"
    main.write_text(
        "meta: {id: main, imports: [struct, struct_]}\nseq: [{id: s, type: struct}, {id: t, type: struct_}]\n",
        encoding="utf-8",
    )
    built = build(main)
    assert set(built.modules) == {"main", "struct_", "struct__"}
    value = built.load().Main.from_bytes(b"\1\2")
    assert (value.s.a, value.t.b) == (1, 2)


@pytest.mark.parametrize("id", ["enum", "none", "true", "class", "kaitai_struct", "zlib"])
def test_a_whole_file_format_of_such_an_id(id: str, tmp_path: Path) -> None:
    spec, capture = tmp_path / "x.ksy", tmp_path / "x.bin"
    spec.write_text(f"meta: {{id: {id}}}\nseq: [{{id: a, type: u1}}]\n", encoding="utf-8")
    capture.write_bytes(b"\7")
    assert json.loads(run("parse", str(capture), "-s", str(spec), "--format", "ndjson"))["format"] == id
