"""`sigflow.yaml`: found in the current folder or named, wrong with its place, told where it changes something."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.calls import SAMPLES, Call
from tools.make_samples import legacy, sgf1


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    data = sgf1(7, 1, b"a") + legacy(3, b"old") + sgf1(7, 2, b"b") + legacy(3, b"older") + legacy(4, b"oldest")
    (tmp_path / "x.sgf").write_bytes(data)
    return tmp_path


def test_the_file_of_the_folder_is_used(sigflow: Call, folder: Path) -> None:
    assert sigflow("validate", "x.sgf").code == 3
    (folder / "sigflow.yaml").write_text("# older agents\nfallback: {sgf1: [sgf_legacy]}\n")
    called = sigflow("validate", "x.sgf", "--format", "json")
    verdict = json.loads(called.out)
    assert (called.code, verdict["sound"], verdict["gap_bytes"]) == (0, True, 0)
    assert {name: count["frames"] for name, count in verdict["by_format"].items()} == {"sgf1": 2, "sgf_legacy": 3}
    assert "what is left in gaps is tried with sgf_legacy (sigflow.yaml)" in called.err
    frames = [json.loads(line) for line in sigflow("parse", "x.sgf", "--format", "ndjson").out.splitlines()]
    assert [frame["format"] for frame in frames] == ["sgf1", "sgf_legacy", "sgf1", "sgf_legacy", "sgf_legacy"]
    assert [frame["index"] for frame in frames] == list(range(5))
    for command in (
        ["inspect", "x.sgf"],
        ["replay", "x.sgf", "--max"],
        ["stats", "x.sgf"],
        ["recover", "x.sgf", "-o", "y"],
    ):
        assert sigflow(*command).code == 0, command
    assert (folder / "y").read_bytes() == (folder / "x.sgf").read_bytes()
    spec = SAMPLES.parent / "formats" / "sgf1.ksy"
    assert "5 frames" in sigflow("watch", spec, "x.sgf", "--times", "1").out
    # Another format has no fallback, and nothing is said.
    assert sigflow("validate", SAMPLES / "oscilloscope.hdr", "-s", "instrument_hdr").err == ""


def test_a_file_that_is_named(sigflow: Call, folder: Path) -> None:
    (folder / "sigflow.yaml").write_text("fallback: {sgf1: [sgf_legacy]}\n")
    (folder / "none.yaml").write_text("# nothing yet\n")
    assert sigflow("validate", "x.sgf", "--config", "none.yaml").code == 3
    called = sigflow("validate", "x.sgf", "--config", "missing.yaml")
    assert (called.code, called.err) == (1, "sigflow: error: missing.yaml: no such file or directory\n")


def test_specs_are_looked_for_beside_the_file(sigflow: Call, folder: Path) -> None:
    (folder / "config").mkdir()
    (folder / "config" / "mine.ksy").write_text((SAMPLES.parent / "formats" / "sgf_legacy.ksy").read_text())
    (folder / "config" / "sigflow.yaml").write_text("fallback:\n  sgf1: mine.ksy\n")
    assert sigflow("validate", "x.sgf", "--config", "config/sigflow.yaml").code == 0


WRONG = [
    ("falback: {}", "1:1: unknown key 'falback', did you mean 'fallback'?"),
    ("fallback: {}\nsomething: 1", "2:1: unknown key 'something'; known: defaults"),
    ("[fallback]", "1:1: found a list of 1, wanted a map of sections"),
    ("fallback: 3", "1:11: found 3, wanted a map"),
    ("fallback: {sgf1: {a: b}}", "1:18: found a map, wanted a text or a list"),
    ("fallback: {sgf1: [~]}", "1:19: found null, wanted a text"),
    ("fallback: {sgf1: [sfg_legacy]}", "1:19: unknown format 'sfg_legacy', did you mean 'sgf_legacy'?"),
    ("fallback: {sgf1: [sgf1]}", "1:12: 'sgf1' falls back to itself"),
    ("fallback: {'codec:zlib': ['codec:zlub']}", "1:27: unknown codec 'zlub', did you mean 'zlib'?"),
    ("fallback: {sgf1: ['codec:zlib']}", "1:19: 'codec:zlib' cannot stand in for 'sgf1'"),
    ("fallback: {'codec:zlib': [sgf1]}", "1:27: 'sgf1' cannot stand in for 'codec:zlib'"),
    ("fallback: {}\nfallback: {}", "2:1: error SF108"),
    ("fallback: [", "not YAML"),
    ("\x00", "1:1:"),
]


@pytest.mark.parametrize(("text", "words"), WRONG, ids=[text for text, _ in WRONG])
def test_a_mistake_is_told_with_its_place(sigflow: Call, folder: Path, text: str, words: str) -> None:
    (folder / "sigflow.yaml").write_text(text)
    called = sigflow("validate", "x.sgf", "-s", "sgf1")
    assert called.code == 2
    (line,) = called.err.splitlines()
    assert line.startswith("sigflow: error: sigflow.yaml:") and words in line


def test_codecs(sigflow: Call, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sigflow import codecs

    monkeypatch.setattr(codecs.REGISTRY, "_things", dict(codecs.REGISTRY._things))

    @codecs.register_codec("tests-plain")
    def plain(payload: bytes, *, limit: int) -> bytes:
        return payload

    (folder / "x.sgf").write_bytes(sgf1(7, 1, b"plain after all", compressed=True))
    assert sigflow("validate", "x.sgf").code == 3
    (folder / "sigflow.yaml").write_text("fallback:\n  codec:zlib: [codec:tests-plain]\n")
    called = sigflow("parse", "x.sgf", "--format", "ndjson")
    frame = json.loads(called.out)
    assert (called.code, bytes.fromhex(frame["payload"])) == (0, b"plain after all")
    assert [(finding["code"], finding["severity"]) for finding in frame["diagnostics"]] == [("fallback", "note")]
    assert "codec tests-plain took what zlib refused" in called.err
