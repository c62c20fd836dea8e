"""The alarms of a scripted stream change at the frames of the script: recorded, cut anywhere, and gone on with."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import sigflow
from sigflow.config import read
from sigflow.errors import UsageError
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from sigflow.watch.alarms import states
from sigflow.watch.alarms.monitor import Change, Monitor, Operation
from sigflow.watch.alarms.rules import Rule, rules
from tools.check_alarms import CONFIG, SPEC, Expected, Script, differences, script


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Format:
    folder = tmp_path_factory.mktemp("probe")
    (folder / "probe.ksy").write_text(SPEC)
    return sigflow.compile(folder / "probe.ksy")


def bound(text: str, probe: Format, folder: Path) -> list[Rule]:
    path = folder / "sigflow.yaml"
    path.write_text(text)
    config = read(str(path))
    good, mistakes = rules(config.alarms, [probe], config.document)
    assert not mistakes
    return good


def shown(changes: list[Change]) -> list[Expected]:
    return [Expected(change.alarm, change.state, change.at.frame) for change in changes]


def decoded(probe: Format, data: bytes, engine: str = "python") -> list[object]:
    decoder = Decoder([probe], engine=engine)
    decoder.feed(data)
    decoder.feed_eof()
    return list(decoder.events())


@pytest.mark.parametrize("seed", range(3))
def test_as_scripted(tmp_path: Path, probe: Format, seed: int) -> None:
    made = script(seed, 40)
    monitor = Monitor(bound(CONFIG, probe, tmp_path))
    changes = [change for event in decoded(probe, bytes(made.data)) for change in monitor.take(event)]  # type: ignore[arg-type]
    assert [*differences(made.wanted, shown(changes))] == []
    assert {wanted.alarm for wanted in made.wanted} == {"hot", "cold", "often", "noisy", "quiet", "gone", "odd", "mode"}


def test_gone_on_with(tmp_path: Path, probe: Format) -> None:
    """A state that was written as JSON at any event, and read by another monitor, changes nothing."""
    made = script(7, 24)
    good = bound(CONFIG, probe, tmp_path)
    events = decoded(probe, bytes(made.data))
    whole = Monitor(good)
    wanted = [change for event in events for change in whole.take(event)]  # type: ignore[arg-type]
    rng, monitor, changes = random.Random(3), Monitor(good), []
    for event in events:
        changes += monitor.take(event)  # type: ignore[arg-type]
        if rng.random() < 0.02:
            kept = json.loads(json.dumps(monitor.tree()))
            monitor = Monitor(good)
            monitor.restore(kept)
    assert changes == wanted
    assert monitor.tree() == whole.tree()
    for wrong in (None, {}, {"time": 1, "at": [], "alarms": []}, {"time": 1, "at": ["", 1, 2, 3], "alarms": [[1]]}):
        with pytest.raises(UsageError):
            Monitor(good).restore(wrong)


def test_operators(tmp_path: Path, probe: Format) -> None:
    made = Script(0)
    made.rest(3)
    for _ in range(2):
        for _ in range(8):
            made.frame(-30)
        made.rest(3)
    text = 'alarms: {cold: {format: probe, when: "temperature < -20", for: {frames: 2}, latch: true}}'
    monitor = Monitor(bound(text, probe, tmp_path))
    told: dict[int, list[str]] = {}
    at = {
        6: Operation("cold", None, states.ACK),
        12: Operation("cold", "no such key", states.ACK),
        15: Operation("cold", None, states.SHELVE, until=None),
        20: Operation("cold", None, states.UNSHELVE),
        23: Operation("cold", None, states.ACK),
        24: Operation("none", None, states.ACK),
    }
    for number, event in enumerate(decoded(probe, bytes(made.data))):
        told[number] = [change.state for change in monitor.take(event)]  # type: ignore[arg-type]
        if number in at:
            told[number] += [f"{change.by}: {change.state}" for change in monitor.operate(at[number])]
    assert {number: what for number, what in told.items() if what} == {
        4: ["raised"],
        6: ["operator: acknowledged"],
        11: ["cleared"],
        15: ["raised", "operator: shelved"],
        20: ["operator: unshelved", "operator: raised"],
        23: ["operator: acknowledged", "operator: cleared"],
    }


def test_shelved_for_a_time(tmp_path: Path, probe: Format) -> None:
    made = Script(0)
    for _ in range(20):
        made.frame(-30)
    text = 'alarms: {cold: {format: probe, when: "temperature < -20"}}'
    monitor = Monitor(bound(text, probe, tmp_path))
    events = decoded(probe, bytes(made.data))
    changes = monitor.take(events[0])  # type: ignore[arg-type]
    first = changes[0].at.time
    assert first is not None
    changes += monitor.operate(Operation("cold", None, states.SHELVE, first + 10**9))
    for event in events[1:]:
        changes += monitor.take(event)  # type: ignore[arg-type]
    assert [(change.state, change.at.frame) for change in changes] == [
        ("raised", 0), ("shelved", 0), ("unshelved", 10), ("raised", 10)
    ]  # fmt: skip


def test_each_has_its_own(tmp_path: Path, probe: Format) -> None:
    made = Script(0)
    for number in range(20):
        made.frame(mode=number % 2, level=2000 if number in (4, 7, 9) else 1000)
    text = 'alarms: {high: {format: probe, when: "level > 1500", for-each: mode, for: {frames: 2}}}'
    monitor = Monitor(bound(text, probe, tmp_path))
    changes = [change for event in decoded(probe, bytes(made.data)) for change in monitor.take(event)]  # type: ignore[arg-type]
    assert [(change.key, change.state, change.at.frame, change.value) for change in changes] == [
        ("acquire", "raised", 9, 2000),
        ("acquire", "cleared", 11, 1000),
    ]


def test_the_clock_notices_silence(tmp_path: Path, probe: Format) -> None:
    made = Script(0)
    made.rest(5)
    text = "alarms: {quiet: {format: probe, silence: 2s}}"
    monitor = Monitor(bound(text, probe, tmp_path))
    decoder = Decoder([probe])
    decoder.feed(bytes(made.data), stamp=sigflow.Stamp(10**18, 0))
    decoder.feed_eof()
    for event in decoder.events():
        assert not monitor.take(event)
    assert not monitor.waits(10**18 + 2 * 10**9 - 1)
    (operation,) = monitor.waits(10**18 + 2 * 10**9)
    (change,) = monitor.operate(operation)
    last = decoder.statistics.frames - 1
    assert (change.state, change.by, change.at.frame) == ("raised", "clock", last)
    assert not monitor.waits(10**19)


WRONG = [
    ("{when: 'temperatur > 1'}", "1:21: unknown field 'temperatur' in probe, did you mean 'temperature'?"),
    ("{when: 'temperature > '}", "1:35: no expression: "),
    ("{when: 'temperature'}", "a condition is a boolean"),
    ("{}", "1:10: an alarm has one of when, rate, silence, loss, baseline, state; here: none of them"),
    ("{silence: 1s, loss: 2}", "here: silence and loss"),
    ("{silence: 1s, above: 2}", "1:27: 'above' says nothing of 'silence'"),
    ("{loss: 1, for-each: mode}", "1:33: what is lost is known for each `stream` only"),
    ("{rate: gaps, above: 1, for-each: mode}", "gaps are of the whole stream"),
    ("{rate: frames}", "a rate has a bound: `above` or `below`"),
    ("{rate: frames, above: 3, clear: x}", "1:45: found x, wanted a number"),
    ("{rate: frames, above: 3, below: 1, clear: 2}", "`below` says already when it is cleared"),
    ("{when: 'level > 1', for: {frames: 3, of: 2}}", "3 of the last 2 cannot be"),
    ("{when: 'level > 1', for: {}}", "either `frames`, with or without `of`, or `seconds`"),
    ("{when: 'level > 1', kind: x}", "no format tells kinds apart"),
    ("{when: 'level > 1', where: 'lvl > 1'}", "1:41: unknown field 'lvl'"),
    ("{baseline: {of: frame-rate, learn: 5s}}", "at least two times of `over` must be learnt of"),
    ("{state: {field: modus, is: x}}", "1:29: unknown field 'modus' in probe, did you mean 'mode'?"),
]


@pytest.mark.parametrize(("text", "words"), WRONG, ids=[text for text, _ in WRONG])
def test_mistakes_have_their_places(tmp_path: Path, probe: Format, text: str, words: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"alarms: {{a: {text}}}")
    config = read(str(path))
    _, mistakes = rules(config.alarms, [probe], config.document)
    (mistake,) = map(str, mistakes)
    assert mistake.startswith(f"{path}:1:") and words in mistake
