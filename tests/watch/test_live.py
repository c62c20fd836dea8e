"""Alarms while a stream comes in: the lines are those of a run afterwards; actions; what operators ask for."""

from __future__ import annotations

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sigflow.config import read
from sigflow.config.sections import Action
from sigflow.config.units import Duration
from sigflow.session.acting import Actor
from sigflow.session.ingest import Settings
from tests.cli.calls import Call
from tests.cli.schema import faults
from tests.session.test_ingest import ingested
from tools.check_alarms import CONFIG, SPEC, differences, replayed, script, told, without_stream

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the sources here are those of a Unix system")


def test_the_lines_of_a_run(tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the session, also of two lives, and of the whole capture."""
    monkeypatch.chdir(tmp_path)
    made = script(5, 24)
    data = bytes(made.data)
    Path("probe.ksy").write_text(SPEC)
    Path("sigflow.yaml").write_text(CONFIG)
    half = made.ends[len(made.ends) // 2]
    for session, pieces in (("one", [data]), ("two", [data[:half], data[half:]])):
        for piece in pieces:
            Path("source").write_bytes(piece)
            arguments = ("pipe:source", "-s", "probe.ksy", "--to", session, "--once", "--events", "ndjson")
            called = sigflow("ingest", *arguments)
            assert called.code in (0, 3), called.err
        lines = Path(session, "alarms.ndjson").read_text().splitlines()
        again = sigflow("run", session, "--events", "ndjson").out.splitlines()
        assert without_stream(lines) == without_stream(again)
        assert not [fault for line in (*lines, *again) for fault in faults(json.loads(line), "alarm-event")]
        assert [*differences(made.wanted, told(lines))] == []


@pytest.mark.parametrize("speed", ["max", "400"])
def test_a_replay_raises_the_same(tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch, speed: str) -> None:
    """At the same frames, however fast it is."""
    monkeypatch.chdir(tmp_path)
    made = script(7, 16)
    Path("probe.ksy").write_text(SPEC)
    Path("sigflow.yaml").write_text(CONFIG)
    Path("capture.bin").write_bytes(made.data)
    recorded = sigflow("run", "capture.bin", "-s", "probe.ksy", "--events", "ndjson").out.splitlines()
    lines = replayed(tmp_path, speed)
    assert without_stream(lines) == without_stream(recorded)
    assert [*differences(made.wanted, told(lines))] == []


def test_operators_of_a_session(tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = script(5, 24)
    data = bytes(made.data)
    Path("probe.ksy").write_text(SPEC)
    Path("sigflow.yaml").write_text(CONFIG)
    Path("source").write_bytes(data[: len(data) // 2])
    ingest = ("ingest", "pipe:source", "-s", "probe.ksy", "--to", "session", "--once", "-q")
    sigflow(*ingest)
    called = sigflow("alarms", "list", "session", "--format", "json")
    listed = json.loads(called.out)
    assert faults(listed, "alarms") == []
    assert {alarm["alarm"] for alarm in listed["alarms"]} >= {"cold", "gone"}
    called = sigflow("alarms", "ack", "session", "cold", "gone", "--comment", "seen")
    assert called.out == "session: ack cold, gone: asked for, once somebody ingests into the session\n"
    assert sigflow("alarms", "shelve", "session", "mode", "--for", "1h").code == 0
    assert "asked for by" in sigflow("alarms", "list", "session").out
    for arguments, words in (
        (("ack", "session", "clod"), "no alarm is called 'clod', did you mean 'cold'?"),
        (("ack", "session", "cold", "--key", "7"), "'cold' has no key '7'"),
        (("shelve", "session", "cold", "--for", "x"), "wanted a time span"),
        (("ack", "nowhere", "cold"), "nowhere: there is no such folder"),
    ):
        called = sigflow("alarms", *arguments)
        assert (called.code, words in called.err) == (2, True), called.err
    Path("source").write_bytes(data[len(data) // 2 :])
    sigflow(*ingest)
    lines = Path("session/alarms.ndjson").read_text().splitlines()
    again = sigflow("run", "session", "--events", "ndjson").out.splitlines()
    assert without_stream(lines) == without_stream(again)
    by = [(tree["alarm"], tree["state"]) for tree in map(json.loads, lines) if tree.get("by") == "operator"]
    assert by == [("cold", "acknowledged"), ("cold", "cleared"), ("gone", "acknowledged"), ("mode", "shelved")]
    assert not json.loads(sigflow("alarms", "list", "session", "--format", "json").out)["pending"]


def test_a_mistake_is_told_before_anything_comes_in(
    tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("probe.ksy").write_text(SPEC)
    Path("source").write_bytes(b"")
    ingest = ("ingest", "pipe:source", "-s", "probe.ksy", "--to", "session", "--once")
    for text, words in (
        ("{a: {when: 'lvl > 1'}}", "sigflow.yaml:1:21: unknown field 'lvl'"),
        ("{a: {when: 'level > 1', actions: [{command: [rm, x]}]}}", "would run or call rm: allow it (--allow-actions)"),
        ("{a: {when: 'level > 1', actions: [{webhook: 'file:///x'}]}}", "a webhook is an http or https URL"),
        ("{a: {when: 'level > 1', actions: [{}]}}", "has either `command` or `webhook`"),
    ):
        Path("sigflow.yaml").write_text(f"alarms: {text}")
        called = sigflow(*ingest)
        assert (called.code, words in called.err) == (2, True), called.err
        assert not Path("session").exists()


class _Hook(BaseHTTPRequestHandler):
    got: ClassVar[list[Any]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.got.append(body)
        self.send_response(500 if body["state"] == "cleared" else 204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


def test_actions(tmp_path: Path) -> None:
    """A program gets the event, a URL is sent it; what fails is told, and nothing waits for it."""
    made = script(5, 16)
    server = HTTPServer(("127.0.0.1", 0), _Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = f"http://127.0.0.1:{server.server_port}/hook"
    (tmp_path / "probe.ksy").write_text(SPEC)
    (tmp_path / "sigflow.yaml").write_text(
        f"""
alarms:
  mode:
    state: {{field: mode, is: acquire}}
    actions: [{{webhook: "{hook}"}}, {{command: [sh, -c, "cat >> {tmp_path}/out"]}}, {{command: ["false"]}}]
"""
    )
    (tmp_path / "source").write_bytes(made.data)
    said: list[str] = []
    ingested(
        tmp_path / "session",
        f"pipe:{tmp_path}/source",
        [],
        Settings(once=True, actions=True),
        str(tmp_path / "probe.ksy"),
        config=read(str(tmp_path / "sigflow.yaml")),
        told=lambda severity, words: said.append(words),
    )
    server.shutdown()
    server.server_close()
    wanted = [wanted.state for wanted in made.wanted if wanted.alarm == "mode"]
    assert [tree["state"] for tree in _Hook.got] == wanted
    written = (tmp_path / "out").read_text().replace("}{", "}|{").split("|")
    assert [json.loads(line)["state"] for line in written] == wanted
    failures = [words for words in said if "its action failed" in words]
    assert sum("exit code 1" in words for words in failures) == len(wanted)
    assert sum("500" in words for words in failures) == wanted.count("cleared")


def test_actions_that_hang(tmp_path: Path) -> None:
    said: list[str] = []
    actor = Actor(lambda severity, words: said.append(words))
    action = Action(command=["sleep", "60"], timeout=Duration(10**8))
    for _ in range(1005):
        actor.act([action], {"alarm": "a"})
    assert actor.dropped >= 3 and "are left out, and counted" in said[0]
    until = time.monotonic() + 20
    while not actor.failed and time.monotonic() < until:
        time.sleep(0.01)
    actor._queue.queue.clear()
    actor.close()
    assert any("timed out" in words for words in said)
