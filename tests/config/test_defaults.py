"""`defaults`, `sources` and `sinks` of sigflow.yaml: what a command is told where it is told nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet
import pytest

from tests.cli.calls import SAMPLES, Call

SGF, HDR = SAMPLES / "valid_telemetry.sgf", SAMPLES / "oscilloscope.hdr"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of one's own, with a spec and two captures."""
    monkeypatch.chdir(tmp_path)
    spec = (SAMPLES.parent / "formats/sgf1.ksy").read_text()
    (tmp_path / "probe.ksy").write_text(spec.replace("id: sgf1", "id: probe"))
    (tmp_path / "a.sgf").write_bytes(SGF.read_bytes())
    (tmp_path / "o.hdr").write_bytes(HDR.read_bytes())
    yield tmp_path


def says(folder: Path, text: str) -> None:
    """What stands in sigflow.yaml."""
    (folder / "sigflow.yaml").write_text(text)


# ---------------------------------------------------------------- defaults


def test_defaults_are_options_that_are_not_given(sigflow: Call, folder: Path) -> None:
    """They are told, and what is given on the command line counts."""
    says(folder, "defaults: {spec: probe.ksy, engine: python, max-frame: 50, workers: 1, chunk-size: 100}\n")
    done = sigflow("validate", "a.sgf", "--format", "json")
    report = json.loads(done.out)
    assert done.err == "sigflow.yaml: -s probe.ksy --engine python --workers 1 --max-frame 50 --chunk-size 100\n"
    assert list(report["by_format"]) == ["probe"]
    assert report["gap_bytes"] and done.code == 3
    other = sigflow("validate", "a.sgf", "--format", "json", "-s", "sgf1", "--max-frame", "4096")
    assert list(json.loads(other.out)["by_format"]) == ["sgf1"]
    assert other.err == "sigflow.yaml: --engine python --workers 1 --chunk-size 100\n"
    assert not sigflow("validate", "a.sgf", "-q").err


def test_paths_are_relative_to_the_file(sigflow: Call, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says(folder, "defaults: {spec: [probe.ksy, instrument_hdr], import-path: lib}\n")
    inner = folder / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    done = sigflow("stats", "../a.sgf", "--config", "../sigflow.yaml", "--format", "json")
    assert done.err == "../sigflow.yaml: -s ../probe.ksy -s instrument_hdr -I ../lib\n"
    assert json.loads(done.out)["formats"][0]["format"] == "probe"


def test_processes_have_them_too(sigflow: Call, folder: Path) -> None:
    (folder / "b.sgf").write_bytes(SGF.read_bytes())
    says(folder, "defaults: {spec: probe.ksy, max-frame: 50}\n")
    alone = sigflow("validate", "a.sgf", "b.sgf", "--format", "json")
    shared = sigflow("validate", "a.sgf", "b.sgf", "--format", "json", "--jobs", "2")
    assert alone.out == shared.out
    assert "probe" in alone.out and alone.code == shared.code == 3


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("defaults: {engine: fast}", "1:20: found fast, wanted one of auto, python, native"),
        ("defaults: {workers: 0}", "1:21: "),
        ("defaults: {specs: a}", "1:12: unknown key 'specs', did you mean 'spec'?"),
        ("defaults: {spec: run.py:frame}", "1:18: run.py:frame would run a program: name it with -s"),
        ("defaults: {spec: [a.ksy, run.py:frame]}", "would run a program: name it with -s"),
    ],
)
def test_mistakes_in_defaults(sigflow: Call, folder: Path, text: str, mistake: str) -> None:
    """Whatever the command; and nothing is run."""
    (folder / "run.py").write_text("open('ran', 'w')\n")
    says(folder, text)
    done = sigflow("validate", "a.sgf")
    assert done.code == 2
    assert mistake in done.err
    assert not (folder / "ran").exists()


def test_what_config_check_says_of_them(sigflow: Call, folder: Path) -> None:
    says(
        folder,
        "defaults: {spec: [none.ksy, sgf]}\n"
        "sources:\n"
        "  a: {uri: 'tcp://nowhere'}\n"
        "  b: {uri: 'pipe:a.sgf', spec: probe2}\n"
        "  c: {spec: sgf1}\n"
        "sinks: {t: {uri: 'parquet:out', batch: {rows: 0}}}\n",
    )
    done = sigflow("config", "check")
    assert done.code == 2
    said = [line.removeprefix("sigflow: error: sigflow.yaml:") for line in done.err.splitlines()]
    assert [line.partition(" ")[0] for line in said] == ["1:18:", "1:18:", "3:12:", "4:32:", "5:6:", "6:47:"]
    assert "none.ksy: no such file or directory" in said[0] + said[1]
    assert "unknown format 'sgf'" in said[0] + said[1]
    assert "the key 'uri' is lacking" in said[4]
    says(folder, "defaults: {spec: probe.ksy}\nsources:\n  a: {uri: 'pipe:a.sgf'}\n")
    assert sigflow("config", "check").out == "sigflow.yaml: no mistakes; defaults, sources 1\n"


# ---------------------------------------------------------------- sources and sinks

BOTH = """
defaults: {spec: probe.ksy}
sources:
  tele: {uri: "pipe:a.sgf", overflow: drop-oldest, reconnect: 1s}
  scope: {uri: "pipe:o.hdr", spec: instrument_hdr, max-wait: 2s}
sinks:
  table: {uri: "parquet:rows", batch: {rows: 10, every: 1m}}
  lines: {uri: "ndjson:all.ndjson"}
"""


def test_sources_with_formats_of_their_own(sigflow: Call, folder: Path) -> None:
    """Each stream has the formats of its source, live and whenever the session is read, also by itself."""
    says(folder, BOTH)
    done = sigflow("ingest", "--once", "--to", "d")
    assert done.code == 0, done.err
    assert "receiving from pipe:a.sgf, pipe:o.hdr" in done.err
    assert "frames go to parquet:rows, ndjson:all.ndjson" in done.err
    assert len((folder / "all.ndjson").read_text().splitlines()) == 24 + 6
    tables = {path.name[0]: pyarrow.parquet.read_table(path) for path in (folder / "rows").iterdir()}
    assert {name: table.num_rows for name, table in tables.items()} == {"0": 24, "1": 6}
    assert "magic" in tables["0"].column_names and "marker" in tables["1"].column_names
    (folder / "sigflow.yaml").unlink()
    for capture, format, frames in (("d/raw/0", "probe", 24), ("d/raw/1", "instrument_hdr", 6)):
        report = json.loads(sigflow("validate", capture, "--format", "json").out)
        assert report["sound"] and report["by_format"][format]["frames"] == frames
        assert list(report["by_format"]) == [format]
    says(folder, "defaults: {spec: probe.ksy}\n")  # which a session that knows its formats does not have
    for jobs in ("1", "2"):
        lines = sigflow("validate", "d", "--format", "json", "--jobs", jobs, "-q").out.splitlines()
        assert [list(json.loads(line)["by_format"]) for line in lines[:2]] == [["probe"], ["instrument_hdr"]]
    whole = sigflow("validate", "d")
    assert whole.code == 0 and "2 captures: 2 sound" in whole.out


def test_going_on_with_other_formats_is_refused(sigflow: Call, folder: Path) -> None:
    """A source keeps what it was begun with; a new one may be added."""
    says(folder, BOTH)
    assert sigflow("ingest", "--once", "--to", "d", "-q").code == 0
    says(folder, BOTH.replace("spec: instrument_hdr,", "spec: [instrument_hdr, probe.ksy],"))
    done = sigflow("ingest", "--once", "--to", "d", "-q")
    assert done.code == 2
    assert "pipe:o.hdr was received with other formats (instrument_hdr)" in done.err

    (folder / "b.hdr").write_bytes(HDR.read_bytes())
    says(folder, BOTH.replace("sinks:", '  third: {uri: "pipe:b.hdr", spec: instrument_hdr}\nsinks:'))
    assert sigflow("ingest", "third", "tele", "--once", "--to", "d", "-q").code == 0
    report = json.loads(sigflow("validate", "d/raw/2", "--format", "json").out)
    assert report["sound"] and list(report["by_format"]) == ["instrument_hdr"]


def test_a_format_on_the_command_line_is_that_of_all(sigflow: Call, folder: Path) -> None:
    says(folder, BOTH)
    done = sigflow("ingest", "tele", "-s", "sgf1", "--once", "--to", "d", "--sink", "lines", "-q")
    assert done.code == 0, done.err
    assert [item["name"] for item in json.loads((folder / "d/session.json").read_text())["formats"]] == ["sgf1"]
    assert len((folder / "all.ndjson").read_text().splitlines()) == 24
    assert not (folder / "rows").exists()


@pytest.mark.parametrize(
    ("text", "arguments", "mistake"),
    [
        (BOTH, ["teel"], "'teel' is no URI, and no source in sigflow.yaml: tele, scope"),
        (BOTH, ["tele", "--sink", "tabel"], "'tabel' is no URI, and no sink in sigflow.yaml: table, lines"),
        (
            "sources: {a-b: {uri: 'pipe:a.sgf', spec: sgf1}}",
            ["a-c"],
            "'a-c' is no URI, and no source in sigflow.yaml: a-b",
        ),
        ("", ["a"], "'a' is no URI, and sigflow.yaml names no sources"),
        ("sources: {a: {uri: 'pipe:a.sgf', spec: sgf1}}", ["a", "a"], "source 'a' is named twice"),
        (
            "sources: {a: {uri: 'pipe:a.sgf'}, b: {uri: 'pipe:a.sgf'}}\ndefaults: {spec: sgf1}",
            [],
            "the source pipe:a.sgf is named twice",
        ),
        (
            "sources: {a: {uri: 'pipe:a.sgf', spec: sgf1}}\nsinks: {b: {uri: 'ndjson:x', batch: {rows: 5}}}",
            [],
            "sigflow.yaml:2:18: 'ndjson:x' has no files that are done one by one: `batch` is of parquet: and arrow:",
        ),
        ("sources: {a: {uri: 'exec:touch ran', spec: sgf1}}", [], "exec:touch ran would run a program: allow it"),
        ("sources: {a: {uri: '-', spec: 'run.py:frame'}}", [], "would run run.py: allow it (--allow-import run.py)"),
        (
            "sources: {a: {uri: 'pipe:a.sgf', spec: sgf1}}\nsinks: {b: {uri: 'python:run:frame'}}",
            [],
            "python:run:frame would run a program: allow it (--allow-actions)",
        ),
        ("sources: {a: {uri: 'pipe:a.sgf'}}", [], "a: name its formats with -s"),
        ("defaults: {spec: sgf1}", [], "name at least one source: a URI, or one of `sources` in sigflow.yaml"),
        (
            "sources: {a: {uri: 'pipe:a.sgf', spec: sgf1}, b: {uri: 'pipe:o.hdr', spec: sgf1.ksy}}",
            [],
            "format 'sgf1' is named twice: sgf1 and sgf1.ksy",
        ),
    ],
)
def test_what_is_refused(sigflow: Call, folder: Path, text: str, arguments: list[str], mistake: str) -> None:
    """With words, before anything is made or run."""
    (folder / "run.py").write_text("open('ran', 'w')\n")
    (folder / "sgf1.ksy").write_text((SAMPLES.parent / "formats/sgf1.ksy").read_text())
    says(folder, text)
    done = sigflow("ingest", *arguments, "--once", "--to", "d", "-q")
    assert done.code == 2
    assert mistake in done.err
    assert not (folder / "ran").exists() and not (folder / "d").exists()


def test_what_is_no_sink_is_told_beforehand(sigflow: Call, folder: Path) -> None:
    says(
        folder,
        "sinks: {a: {uri: 'nope:x'}, b: {uri: 'csv:x', batch: {rows: 5}}, c: {uri: 'arrow:x', batch: {rows: 5}}}",
    )
    done = sigflow("config", "check")
    assert done.code == 2
    first, second = done.err.splitlines()
    assert "sigflow.yaml:1:18: 'nope:x' is no sink" in first
    assert "sigflow.yaml:1:38: 'csv:x' has no files" in second


def test_programs_that_are_allowed(sigflow: Call, folder: Path) -> None:
    says(folder, "sources: {a: {uri: 'exec:cat a.sgf', spec: probe.ksy}}\n")
    done = sigflow("ingest", "--once", "--to", "d", "-q", "--allow-actions")
    assert done.code == 0, done.err
    assert json.loads(sigflow("validate", "d", "--format", "json").out)["frames"] == 24


def test_rules_of_metadata_know_sources_by_name(sigflow: Call, folder: Path) -> None:
    """While a stream comes in, and whenever its session is read."""
    rules = """
metadata:
  - {when: {source: tele}, set: {site: roof}}
  - {when: {source: scope}, set: {site: bench}}
"""
    says(folder, BOTH + rules)
    assert sigflow("ingest", "--once", "--to", "d", "-q").code == 0
    trees = [json.loads(line) for line in (folder / "all.ndjson").read_text().splitlines()]
    assert {(tree["format"], tree["metadata"]["site"]) for tree in trees} == {
        ("probe", "roof"),
        ("instrument_hdr", "bench"),
    }
    for stream, site in (("d/raw/0", "roof"), ("d/raw/1", "bench")):
        lines = sigflow("parse", stream, "--format", "ndjson", "-q").out.splitlines()
        assert {json.loads(line)["metadata"]["site"] for line in lines} == {site}
