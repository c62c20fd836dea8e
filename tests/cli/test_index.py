"""`sigflow index`, and the commands that use one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sigflow.recording import indexing
from tests.cli.calls import SAMPLES, Call


@pytest.fixture
def capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """120 frames, of which blocks are small."""
    monkeypatch.setattr(indexing, "FRAMES", 8)
    path = tmp_path / "capture.sgf"
    path.write_bytes((SAMPLES / "valid_telemetry.sgf").read_bytes() * 5)
    return path


def test_an_index_is_built_shown_verified_and_dropped(sigflow: Call, capture: Path) -> None:
    built = sigflow("index", "build", str(capture), "-s", "sgf1", "--format", "json")
    verdict = json.loads(sigflow("validate", str(capture), "-s", "sgf1", "--format", "json").out)
    told = json.loads(built.out)
    place = told.pop("index")
    assert (built.code, place, told) == (0, f"{capture}.sigidx", verdict)
    shown = json.loads(sigflow("index", "show", str(capture), "--format", "json").out)
    assert (shown["frames"], shown["blocks"], shown["specs"]) == (120, 15, ["sgf1"])
    assert sigflow("index", "verify", str(capture), "-s", "sgf1") == (0, f"{place}: holds\n", "")
    capture.write_bytes(capture.read_bytes()[:-1])
    stale = sigflow("index", "verify", str(capture), "-s", "sgf1")
    assert (stale.code, stale.out) == (3, f"{place}: stale: the capture has 5904 bytes, and had 5905\n")
    assert sigflow("index", "drop", str(capture)).code == 0
    assert not Path(place).exists()


def test_readings_begin_where_they_are_told(sigflow: Call, capture: Path) -> None:
    asked = ("parse", str(capture), "-s", "sgf1", "--since", "#100", "--until", "#103", "--format", "ndjson")
    before = sigflow(*asked)
    assert sigflow("validate", str(capture), "-s", "sgf1", "--build-index").code == 0
    for form in ("ndjson", "csv", "table", "json"):
        some = (*asked[:-1], form)
        assert sigflow(*some).out == sigflow(*some, "--index", "never").out
    after = sigflow(*asked)
    assert (after.code, after.out) == (before.code, before.out)
    assert "read from offset 4724 on, by its index; stopped after 3 frames" in after.err
    single = ("inspect", str(capture), "-s", "sgf1")
    for place in (("--frame", "77"), ("--offset", "4800")):
        assert sigflow(*single, *place) == sigflow(*single, *place, "--index", "never")
    assert "there is no frame 120, the capture has 120 frames" in sigflow(*single, "--frame", "120").err


def test_conditions_begin_where_frames_may_match(sigflow: Call, capture: Path) -> None:
    asked = ("parse", str(capture), "-s", "sgf1", "--where", "_index >= 100 and _index < 103", "--format", "csv")
    before = sigflow(*asked)
    assert sigflow("validate", str(capture), "-s", "sgf1", "--build-index").code == 0
    after = sigflow(*asked)
    assert (after.code, after.out) == (before.code, before.out)
    assert "read from offset 4724 on, by its index; stopped after 3 frames" in after.err
    other = sigflow(*asked[:5], "sequence * 1 > 0", "--format", "csv")
    assert "by its index" not in other.err


def test_a_folder_of_indexes(sigflow: Call, capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(capture.parent)
    Path("sigflow.yaml").write_text("index: {dir: all/indexes}\n")
    other = capture.parent / "other" / capture.name
    other.parent.mkdir()
    other.write_bytes(capture.read_bytes()[:1181])
    for path in (capture, other):
        assert sigflow("index", "build", str(path), "-s", "sgf1").code == 0
    names = sorted(entry.name for entry in Path("all/indexes").iterdir())
    assert len(names) == 2 and all(name.startswith("capture.sgf-") for name in names)
    assert not Path(f"{capture}.sigidx").exists()
    assert "  120 frames in 15 blocks" in sigflow("index", "show", str(capture)).out
    assert "  24 frames in 3 blocks" in sigflow("index", "show", str(other)).out
    assert "by its index" in sigflow("parse", str(capture), "-s", "sgf1", "--since", "#100").err
    assert sigflow("index", "drop", str(other)).code == 0
    assert len(list(Path("all/indexes").iterdir())) == 1
    assert sigflow("validate", "--build-index", str(other), "-s", "sgf1").code == 0
    Path("sigflow.yaml").write_text("index: {dir: [1]}\n")
    refused = sigflow("index", "show", str(capture))
    assert (refused.code, "sigflow.yaml:1:14" in refused.err) == (2, True), refused.err
    Path("sigflow.yaml").write_text("index: {folder: x}\n")
    assert "unknown key 'folder'; known: dir" in sigflow("index", "show", str(capture)).err


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("index", "show", "{}"), 1, "sigidx"),
        (("index", "drop", "{}"), 1, "sigidx"),
        (("index", "verify", "{}", "-s", "sgf1"), 1, "sigidx"),
        (("index", "show", "{}", "--index", "{}"), 1, "it is no sound index"),
        (("index", "drop", "{}", "--index", "{}"), 1, "it is no sound index"),
        (("parse", "{}", "-s", "sgf1", "--since", "#3", "--index", "require"), 2, "there is no index"),
        (("parse", "{}", "-s", "sgf1", "--since", "#3", "--index", "{}"), 2, "it is no sound index"),
        (("index", "build", "{}", "{}", "-s", "sgf1", "--index", "x"), 2, "names one file"),
        (("validate", "{}", "-s", "sgf1", "--build-index", "--limit", "1"), 2, "of all frames"),
        (("index", "build", ".", "-s", "sgf1"), 1, "directory"),
        (("index", "build", "/dev/null", "-s", "sgf1"), 2, "there can be no index"),
        (("index",), 2, "Missing command"),
    ],
)
def test_mistakes(sigflow: Call, capture: Path, arguments: tuple[str, ...], code: int, text: str) -> None:
    told = sigflow(*(argument.format(capture) for argument in arguments))
    assert (told.code, text in told.err + told.out) == (code, True), told
    assert capture.exists()


def test_a_pipe_has_none(sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    told = sigflow("index", "build", "-", "-s", "sgf1")
    assert told.code == 2 and "there can be no index" in told.err
