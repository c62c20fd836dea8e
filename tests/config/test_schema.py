"""The schema of `sigflow.yaml` is made of the classes that read it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sigflow.config import checked
from sigflow.config.document import schema
from sigflow.config.units import Duration
from tests.cli.calls import Call
from tools.check_alarms import CONFIG, SPEC

SECTIONS = {
    "defaults",
    "sources",
    "sinks",
    "fallback",
    "mapping",
    "metadata",
    "compute",
    "alarms",
    "index",
    "schedule",
    "checks",
    "handlers",
}


def test_the_schema_has_every_section(sigflow: Call) -> None:
    printed = json.loads(sigflow("config", "schema").out)
    assert printed == schema()
    assert set(printed["$defs"]["Config"]["properties"]) == SECTIONS
    alarm = printed["$defs"]["Alarm"]["properties"]
    assert {"for", "for-each", "when", "silence"} <= set(alarm) and not any("_" in key for key in alarm)


def test_all_mistakes_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(CONFIG + "  x: {level: high}\n  y: {above: [1]}\nfallbak: 1\nmapping: {a: {b: {c: [1]}, d: 2}}\n")
    config, mistakes = checked(str(path))
    assert [str(mistake).removeprefix(f"{path}:") for mistake in mistakes] == [
        "10:14: found high, wanted one of watch, warning, critical",
        "11:14: found a list of 1, wanted a number",
        "12:1: unknown key 'fallbak', did you mean 'fallback'?",
        "13:22: found a list of 1, wanted a text",
    ]
    assert len(config.alarms) == 8 and not config.mapping


@pytest.mark.parametrize(
    ("text", "ns"),
    [("10s", 10**10), ("500ms", 5 * 10**8), ("1.5m", 9 * 10**10), ("2", 2 * 10**9), ("30d", 2592 * 10**12)],
)
def test_time_spans(text: str, ns: int) -> None:
    assert Duration.of(text).ns == ns
    assert Duration.of(str(Duration(ns))).ns == ns


@pytest.mark.parametrize("text", ["", "s", "-1s", "1x", "0s", "1 s s", "1e3s", "١s", None, 3])
def test_what_is_no_time_span(text: object) -> None:
    with pytest.raises(ValueError, match="wanted a time span"):
        Duration.of(text)


def test_nothing_that_the_file_names_is_run(tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("evil.py").write_text("open('ran', 'w')\n")
    Path("sigflow.yaml").write_text("alarms: {a: {format: 'evil.py:x', loss: 1}}\nfallback: {'evil.py:x': [sgf1]}\n")
    called = sigflow("config", "check")
    assert (called.code, called.err.count("'evil.py:x' is no name of a format")) == (2, 2)
    assert not Path("ran").exists()


def test_formats_of_ones_own(tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("probe.ksy").write_text(SPEC)
    Path("sigflow.yaml").write_text(CONFIG)
    assert "unknown format 'probe'" in sigflow("config", "check").err
    assert sigflow("config", "check", "-s", "probe.ksy").out == "sigflow.yaml: no mistakes; alarms 8\n"


def test_what_is_there_is_said(tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sigflow.yaml").write_text("defaults: {engine: python}\nindex: {dir: x}\n")
    assert sigflow("config", "check").out == "sigflow.yaml: no mistakes; defaults, index\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_nobody_waits_for_a_pipe(tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("sigflow.yaml")
    Path("a.sgf").write_bytes(b"")
    called = sigflow("validate", "a.sgf", "-s", "sgf1")
    assert (called.code, called.err) == (2, "sigflow: error: sigflow.yaml: this is no file\n")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("alarms: {a: {rate: frames, above: nan}}", "1:35: found nan, wanted a number of at least 0"),
        ("alarms: {a: {rate: frames, above: inf}}", "1:35: found inf, wanted a number of at most 10"),
        ("alarms: {a: {rate: frames, above: -1}}", "1:35: found -1, wanted a number of at least 0"),
        ("alarms: {a: {rate: frames, above: 1, below: 5}}", "1:45: what is raised above 1 is not cleared by 5"),
        ("alarms: {a: {rate: frames, above: 1, clear: 5}}", "1:45: what is raised above 1 is not cleared by 5"),
        ("alarms: {a: {rate: frames, below: 1, clear: nan}}", "1:45: what is raised below 1 is not cleared by nan"),
        ("alarms: {a: {loss: 0}}", "1:20: found 0, wanted an integer of at least 1"),
        ("alarms: {a: {silence: 36501d}}", "1:23: wanted a time span of at most 36500d"),
        ("alarms: {a: {baseline: {of: frame-size, learn: 1s, sigmas: 0}}}", "1:60: found 0, wanted a number above 0"),
        ("alarms: {a: {baseline: {of: frame-size, learn: 1s, sigmas: inf}}}", "found inf, wanted a number of at most"),
        ('index: {dir: ""}', "1:14: found '', wanted a text that is not empty"),
        (
            "compute: [{format: sgf1, name: metadata, value: 1}]",
            "1:32: 'metadata' is what rules set, as a column, already",
        ),
        (f"# {'x' * (4 << 20)}", "1:1: error SF101: the file is larger than"),
        ("compute: [{name: _x, value: 1}]", "1:18: found _x, wanted a name: lower-case letters"),
    ],
)
def test_bounds_are_said_in_words(
    tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch, text: str, mistake: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sigflow.yaml").write_text(text)
    called = sigflow("config", "check")
    assert called.code == 2
    assert f"sigflow.yaml:{mistake}" in called.err or mistake in called.err
