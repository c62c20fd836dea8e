"""Handlers of a session: each event at least once, dead letters, counts; through kills; and over what is recorded."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow.events import Gap, Loss, Record, frame_runs
from sigflow.quarantine import Quarantine
from sigflow.session.ingest import Ingestion, Settings
from sigflow.session.status import session_status
from sigflow.session.tiles import Tiles
from sigflow.watch.handlers import running
from sigflow.watch.handlers.declared import Handler, handler_of
from sigflow.watch.handlers.occurrences import Hook, Key
from tests.cli.calls import Call
from tests.cli.schema import faults
from tests.session.test_ingest import damaged, ingested
from tools.check_handlers import check
from tools.make_samples import sgf1

SPECS = Path(__file__).parents[1] / "wires"

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the sources here are those of a Unix system")

STORE = """
import sigflow


def save(record):
    if record.index % 10 == 3:
        raise ValueError(f"no {record.index}")


@sigflow.handler(event="gap")
def gap(event, key):
    open("gaps", "a").write(f"{key.offset}\\n")
"""


def handled(**declared: Any) -> Callable[[Callable[..., object]], Handler]:
    """A function as a handler of its own name."""
    return lambda function: handler_of(function.__name__, sigflow.handler(**declared)(function))


def letters(folder: Path) -> list[tuple[str, str, int, str]]:
    with Quarantine(folder / "quarantine") as quarantine:
        return [
            (letter.handler, letter.event, letter.at.start, quarantine.failures(letter)[-1].error)
            for letter in quarantine.letters()
        ]


def test_each_event_and_its_key_over_two_lives(tmp_path: Path) -> None:
    """Live, in the order of the stream, what an offline scan gives; each once where nobody was killed."""
    calls: dict[str, list[Any]] = {"save": [], "everything": [], "gap": [], "resync": [], "hook": []}

    @handled(where="payload_length > 30")
    def save(record: Record, key: Key) -> None:
        calls["save"].append((record.index, key))

    @handled(queue=1)
    async def everything(record: Record, key: Key) -> None:
        await asyncio.sleep(0)
        calls["everything"].append((record.index, key))

    @handled(event="gap")
    def gap(event: Gap, key: Key) -> None:
        calls["gap"].append((event.span.start, key))

    @handled(event="resync")
    def resync(record: Record, key: Key) -> None:
        calls["resync"].append((record.index, key))

    hooks = []
    for event in ("start", "stop"):

        @handled(event=event)
        def hook(event: Hook, key: Key) -> None:
            calls["hook"].append((event, key))

        hooks.append(Handler(event, hook.function, 2, hook.declared))
    handlers = [save, everything, gap, resync, *hooks]
    source, session = tmp_path / "source", tmp_path / "session"
    for seed in range(2):
        source.write_bytes(damaged(seed, 150) + b"the end is a gap")
        outcome = ingested(session, f"pipe:{source}", handlers=handlers)
    assert not outcome.failed and sum(counts.waiting for counts in outcome.handled.values()) == 0
    with sigflow.open(session, sigflow.load("sgf1")) as recording:
        events = [*recording.events()]
    records = [event for event in events if isinstance(event, Record)]
    assert calls["everything"] == [(record.index, Key(0, record.start)) for record in records]
    long = [record for record in records if record.value.payload_length > 30]
    assert calls["save"] == [(record.index, Key(0, record.start)) for record in long] and long
    gaps = [event.span.start for event in events if isinstance(event, Gap)]
    assert calls["gap"] == [(start, Key(0, start)) for start in gaps] and len(gaps) > 5
    first = len(damaged(0, 150)) + 16
    ends = {event.span.stop for event in events if isinstance(event, Gap)}
    behind = [(record.index, Key(0, record.start)) for record in records if record.start in ends]
    assert calls["resync"] == behind and first in {key.offset for _, key in behind}
    size = max(records[-1].stop, *(event.span.stop for event in events if isinstance(event, Gap)))
    wanted = [("start", 0), ("stop", first), ("start", first), ("stop", size)]
    assert sorted((hook.event, hook.offset) for hook, _ in calls["hook"]) == sorted(wanted)


def test_dead_letters_and_the_counts(tmp_path: Path) -> None:
    """The stream goes on whatever handlers do, and what they failed on is in the quarantine, each once."""
    said: list[str] = []

    @handled()
    def raises(record: Record) -> None:
        if record.index % 10 == 3:
            raise ValueError(f"no {record.index}")

    @handled(timeout=0.1)
    def hangs(record: Record) -> None:
        if record.index == 17:
            time.sleep(1)

    @handled(queue=2, overflow="drop-newest")
    def slow(record: Record) -> None:
        time.sleep(0.002)

    @handled()
    def floods(record: Record) -> object:
        return b"x" * 10_000_000

    source = tmp_path / "source"
    source.write_bytes(b"".join(sgf1(7, number, b"x" * 20) for number in range(200)))
    for life in range(2):
        outcome = ingested(
            tmp_path / "session",
            f"pipe:{source}",
            [f"ndjson:{tmp_path}/frames"],
            Settings(once=True, quarantine=False),
            handlers=[raises, hangs, slow, floods],
            told=lambda severity, words: said.append(words),
        )
        assert outcome.frames == 200 * (life + 1) and not outcome.failed and not outcome.sound
        counts = {name: counts.tree() for name, counts in outcome.handled.items()}
        assert counts["raises"] == {"taken": 200, "done": 180, "failed": 20, "late": 0, "dropped": 0, "waiting": 0}
        assert counts["floods"] == {"taken": 200, "done": 200, "failed": 0, "late": 0, "dropped": 0, "waiting": 0}
        assert counts["hangs"]["late"] == (1 if life == 0 else 0)
        assert counts["slow"]["dropped"] > 0 and counts["slow"]["done"] + counts["slow"]["dropped"] == 200
    assert (tmp_path / "frames").read_text().count("\n") == 400
    known = letters(tmp_path / "session")
    size = len(sgf1(7, 0, b"x" * 20))
    failed = [("raises", "record", index * size, f"ValueError: no {index}") for index in range(3, 400, 10)]
    assert [letter for letter in known if letter[0] == "raises"] == failed
    assert [letter[:3] for letter in known if letter[0] != "raises"] == [("hangs", "record", 17 * size)]
    assert any(f"handler raises: record at offset {3 * size} of stream 0: ValueError: no 3" in words for words in said)
    assert any("handler slow: an event was dropped, as too many wait (" in words for words in said)
    assert len(said) < 20
    status = session_status(tmp_path / "session")
    assert [handler.handler for handler in status.handlers] == ["raises", "hangs", "slow", "floods"]
    assert status.handlers[0].taken == 200 and status.handlers[0].off == ""


def test_one_that_always_hangs_does_not_hold_up_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is switched off, and gets what it was not called for when the session goes on."""
    monkeypatch.setattr(running, "LEFT", 2)
    freed, free = threading.Event(), threading.Event()
    seen: list[int] = []

    @handled(timeout=0.05, queue=5)
    def hangs(record: Record) -> None:
        free.wait(20)
        seen.append(record.index)

    @handled()
    def other(record: Record) -> None:
        if record.index == 99:
            freed.set()

    source = tmp_path / "source"
    source.write_bytes(b"".join(sgf1(7, number, b"x") for number in range(100)))
    outcome = ingested(tmp_path / "session", f"pipe:{source}", handlers=[hangs, other])
    assert freed.is_set() and outcome.handled["other"].done == 100
    assert outcome.failed == ("handler hangs: the sink has ended: 3 calls hang: it is switched off",)
    assert session_status(tmp_path / "session").handlers[0].off == "3 calls hang: it is switched off"
    assert [start for _, _, start, _ in letters(tmp_path / "session")] == [index * 27 for index in range(3)]
    free.set()
    time.sleep(0.1)
    seen.clear()
    source.write_bytes(b"")
    outcome = ingested(tmp_path / "session", f"pipe:{source}", handlers=[hangs, other])
    assert not outcome.failed and seen == [*range(3, 100)]
    assert outcome.handled["other"].taken == 0


def test_a_stop_does_not_wait_for_a_slow_one(tmp_path: Path) -> None:
    """What it has not dealt with comes again, with the same key."""
    keys: list[Key] = []

    @handled(queue=1000)
    def slow(record: Record, key: Key) -> None:
        time.sleep(0.05)
        keys.append(key)

    source = tmp_path / "source"
    os.mkfifo(source)
    data = b"".join(sgf1(7, number, b"x") for number in range(60))
    writer = threading.Thread(target=source.write_bytes, args=(data,), daemon=True)
    writer.start()

    async def stopped(ingestion: Ingestion) -> None:
        while len(keys) < 5:
            await asyncio.sleep(0.01)
        ingestion.stop()

    begun = time.monotonic()
    outcome = ingested(tmp_path / "session", f"pipe:{source}", [], Settings(), meanwhile=stopped, handlers=[slow])
    assert time.monotonic() - begun < 5 and 5 <= len(keys) < 59 and not outcome.failed
    before, counts = len(keys), outcome.handled["slow"]
    assert counts.done in (before, before - 1) and counts.waiting == 60 - counts.done
    source.unlink()
    source.write_bytes(b"")
    ingested(tmp_path / "session", f"pipe:{source}", handlers=[slow])
    assert {key.offset for key in keys} == {number * 27 for number in range(60)}
    again = [key.offset for key in keys[before:]]
    assert again == [number * 27 for number in range(again[0] // 27, 60)] and again[0] <= before * 27


def test_dead_letters_are_kept_before_the_position_says_so(tmp_path: Path) -> None:
    """Where they cannot be kept, the events come again."""
    seen: list[int] = []

    @handled()
    def raises(record: Record) -> None:
        seen.append(record.index)
        raise ValueError("always")

    source, session = tmp_path / "source", tmp_path / "session"
    source.write_bytes(b"".join(sgf1(7, number, b"x") for number in range(50)))
    data = source.read_bytes()
    source.write_bytes(b"")
    ingested(session, f"pipe:{source}")
    (session / "quarantine").write_text("in the way")
    source.write_bytes(data)
    outcome = ingested(session, f"pipe:{source}", [], Settings(once=True, quarantine=False), handlers=[raises])
    assert len(outcome.failed) == 1 and outcome.failed[0].startswith("handler raises: the sink has ended: ")
    with contextlib.closing(sqlite3.connect(session / "ledger.db")) as ledger:
        assert ledger.execute("SELECT frames FROM positions WHERE sink = 'handler raises'").fetchall() == []
    (session / "quarantine").unlink()
    seen.clear()
    source.write_bytes(b"")
    outcome = ingested(session, f"pipe:{source}", handlers=[raises])
    assert not outcome.failed and seen == [*range(50)] and len(letters(session)) == 50


def test_frames_that_are_passed_over() -> None:
    """What stands before them comes once, as it does where they are looked at one by one."""
    format, raw = sigflow.load("sgf1"), sgf1(7, 0, b"x")
    loss = Loss(7, 1, "sgf1", 0, 2, 10 * len(raw))
    (run,) = frame_runs([format] * 3, raw * 3, (0, len(raw), 2 * len(raw), 3 * len(raw)), 10 * len(raw), 10)
    for done, wanted in ((0, [loss]), (10 * len(raw), [loss]), (11 * len(raw), []), (20 * len(raw), [])):
        passed, taken = Tiles(done), Tiles(done)
        assert [*passed.take(loss), *passed.passed(run)] == wanted
        looked = [*taken.take(loss), *(known for record in run for known in taken.take(record))]
        assert [event for event in looked if isinstance(event, Loss)] == wanted
        assert passed.done == taken.done == max(13 * len(raw), done)
        assert [*passed.passed(run)] == []


def test_letters_of_a_format_with_a_preamble(tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """What says how frames are to be read stands at the beginning of the capture, and goes with each letter."""
    monkeypatch.chdir(tmp_path)
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    packets = [struct.pack("<IIII", 1_700_000_000 + n, 0, 50, 50) + bytes([n]) * 50 for n in range(30)]
    Path("source").write_bytes(head + b"".join(packets))
    Path("store.py").write_text("def save(record):\n    assert record.index != 5\n")
    spec = str(SPECS / "pcap.ksy")
    handler = ("--handler", "store.py:save", "-q")
    assert sigflow("ingest", "pipe:source", "-s", spec, "--to", "session", "--once", *handler).code == 3
    assert sigflow("run", "source", "-s", spec, "--quarantine", "letters", *handler).code == 3
    mended = "def save(record):\n    open('took', 'a').write(f'{record.index} {bytes(record.value.data).hex()[:4]} ')\n"
    Path("mended.py").write_text(mended)
    for folder in ("session", "letters"):
        with Quarantine(Path(folder, "quarantine") if folder == "session" else folder) as quarantine:
            assert [letter.frame is not None and letter.frame.spec.preamble for letter in quarantine.letters()] == [
                head.hex()
            ]
        Path("sigflow.yaml").write_text("handlers: [{call: 'mended.py:save', name: 'store.py:save'}]\n")
        assert sigflow("handlers", "retry", folder, "-s", spec, "--allow-actions").code == 0
        Path("sigflow.yaml").unlink()
    assert Path("took").read_text() == "5 0404 5 0404 "


def test_through_kills(tmp_path: Path) -> None:
    """A share; `python -m tools.check_handlers` does as many as are asked for."""
    assert check(tmp_path, 24, 1, 3) == []


def test_the_commands(tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("store.py").write_text(STORE)
    Path("sigflow.yaml").write_text(
        "handlers:\n- {call: 'store.py:save', name: save, format: sgf1}\n- {call: 'store.py:gap'}\n"
        "- {call: 'store.py:save', name: none, format: tlv}\n"
    )
    Path("source").write_bytes(damaged(3, 100))
    ingest = ("ingest", "pipe:source", "-s", "sgf1", "--to", "session", "--once")
    called = sigflow(*ingest)
    words = "sigflow.yaml:2:10: handler 'store.py:save' would be run: allow it (--allow-actions)"
    assert (called.code, words in called.err) == (2, True) and not Path("session").exists()
    called = sigflow(*ingest, "--allow-actions", "--status", "-")
    assert called.code == 3 and "none of the formats is meant by handler none" in called.err
    assert "session: handler save: " in called.err
    lines = [json.loads(line) for line in called.out.splitlines()]
    assert {line["handler"] for line in lines if "handler" in line} == {"save", "store.py:gap"}
    assert not [fault for line in lines if "handler" in line for fault in faults(line, "handler-status")]
    assert not [fault for line in lines if "source" in line for fault in faults(line, "ingest-status")]
    top = sigflow("top", "session", "--once")
    assert "handler       taken  done  failed  late  dropped  waiting" in top.out
    (*_, line) = sigflow("top", "session", "--once", "--format", "ndjson").out.splitlines()
    assert faults(json.loads(line), "handler-status") == []
    live = letters(Path("session"))
    assert live and {letter[0] for letter in live} == {"save"}
    gaps = Path("gaps").read_text()
    Path("gaps").unlink()
    # The same over what was recorded.
    called = sigflow("run", "session", "--allow-actions", "--quarantine", "again/quarantine", "-q")
    assert called.code == 3 and letters(Path("again")) == live and Path("gaps").read_text() == gaps
    called = sigflow("run", "session", "--allow-actions")
    assert f"{len(live)} dead letters not kept: name a --quarantine for them" in called.err
    listed = json.loads(sigflow("quarantine", "list", "session/quarantine", "--format", "json").out)
    assert faults(listed, "quarantine") == [] and len(listed["letters"]) == len(live) and listed["entries"]
    lines = sigflow("quarantine", "list", "session/quarantine", "--format", "ndjson").out.splitlines()
    assert not [fault for line in lines for fault in faults(json.loads(line), "quarantine")]
    id = listed["letters"][0]["id"]
    shown = json.loads(sigflow("quarantine", "show", "session/quarantine", id, "--format", "json").out)
    assert faults(shown, "dead-letter") == [] and "in save" in shown["failures"][0]["traceback"]
    assert "in save" in sigflow("quarantine", "show", "session/quarantine", id).out
    assert faults(json.loads(sigflow("handlers", "list", "--format", "json").out), "handlers") == []
    # Tried again: as it is, mended, and not there any more.
    retry = ("handlers", "retry", "session", "--format", "json")
    assert sigflow(*retry).code == 2
    called = sigflow(*retry, "--allow-actions", "--only", "save")
    retried = json.loads(called.out)
    assert (called.code, retried["done"], len(retried["failed"])) == (3, 0, len(live))
    assert faults(retried, "letters-retried") == []
    called = sigflow(*retry, "--handler", "os:fspath")
    assert (called.code, len(json.loads(called.out)["unread"])) == (3, len(live))
    Path("mended.py").write_text("def save(record): open('saved', 'a').write(f'{record.index} ')\n")
    Path("sigflow.yaml").write_text("handlers: [{call: 'mended.py:save', name: save}]\n")
    called = sigflow(*retry, "--allow-actions", "--purge")
    assert (called.code, json.loads(called.out)["done"]) == (0, len(live))
    assert Path("saved").read_text().split() == [error.rpartition(" ")[2] for *_, error in live]
    assert letters(Path("session")) == []


def test_a_file_that_lies_about_runs_nothing(tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("evil.py").write_text("open('ran', 'w')\ndef f(event): pass\n")
    Path("source").write_bytes(sgf1(7, 0, b"x"))
    Path("sigflow.yaml").write_text("handlers: [{call: 'evil.py:f'}]\nalarms: {a: {format: sgf1, loss: 1}}\n")
    for arguments in (
        ("ingest", "pipe:source", "-s", "sgf1", "--to", "session", "--once"),
        ("run", "source", "-s", "sgf1"),
        ("config", "check"),
        ("handlers", "list"),
        ("handlers", "retry", "session"),
        ("validate", "source", "-s", "sgf1"),
    ):
        sigflow(*arguments)
        assert not Path("ran").exists(), arguments
    called = sigflow("run", "source", "-s", "sgf1")
    assert called.code == 0 and "its handlers are not called without --allow-actions" in called.err
