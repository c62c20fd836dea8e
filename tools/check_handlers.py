"""Handlers of every bad sort over a scripted stream, through kills: what they were called for, and what is dead.

    python -m tools.check_handlers --faults 300 --kills 20

The stream is that of `tools.check_alarms`: frames with checksum failures and losses among them.  Handlers that raise,
hang in the system, hang in Python, are slow, flood, and print hang on it, live through kills; each writes what it was
called for, and its key, to a file.  Then: each was called for every event that it wants, with the same key each time,
and more than once only where a process was killed; the dead letters are those events on which it fails, each once; they
are taken when the handlers are mended.  The same over the recorded session, without a duplicate.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sigflow
from sigflow.events import Gap, Loss, Record
from sigflow.quarantine import Quarantine
from tools.check_alarms import SIGFLOW, SPEC, Script, script

HANDLERS = """\
import asyncio
import json
import os
import time

import sigflow

MENDED = "MENDED" in os.environ
#: Fewer than switch it off.
HANGS = (500, 1500, 2500)


def note(name, key, what):
    with open(os.environ["CALLED"], "a") as file:
        file.write(json.dumps([name, list(key), what]) + "\\n")


def fails(record, rest):
    return not MENDED and record.index % 101 == rest


@sigflow.handler()
def raises(record, key):
    if fails(record, 3):
        raise ValueError(f"frame {record.index} is not wanted \\x1b[31m")
    note("raises", key, record.index)


@sigflow.handler(timeout=0.3)
def hangs(record, key):
    if record.index in HANGS and not MENDED:
        time.sleep(3600)
    note("hangs", key, record.index)


@sigflow.handler(timeout=0.3, where="level > 500")
def busy(record, key):
    while record.index % 997 == 700 and not MENDED:
        pass
    note("busy", key, record.index)


@sigflow.handler(timeout=0.3)
async def waits(record, key):
    await asyncio.sleep(3600 if record.index % 997 == 250 and not MENDED else 0)
    if fails(record, 70):
        raise KeyError(record.index)
    note("waits", key, record.index)


@sigflow.handler(queue=10, overflow="drop-oldest")
def slow(record, key):
    time.sleep(0.003)
    note("slow", key, record.index)


@sigflow.handler()
def floods(record, key):
    print("x" * 10_000)
    note("floods", key, record.index)
    return b"x" * 1_000_000


@sigflow.handler(event="gap")
def gap(event, key):
    note("gap", key, event.span.start)
    if key.offset % 3 == 0 and not MENDED:
        raise SystemExit(3)


@sigflow.handler(event="loss")
def loss(event, key):
    note("loss", key, event.count)


@sigflow.handler(event="resync")
def resync(record, key):
    note("resync", key, record.index)
"""
NAMES = ("raises", "hangs", "busy", "waits", "slow", "floods", "gap", "loss", "resync")
CONFIG = "handlers:\n" + "".join(f'  - {{call: "bad.py:{name}", name: {name}}}\n' for name in NAMES)


class Expectation:
    """What each handler is to be called for, and what it fails on: by its name, keys and what they say."""

    def __init__(self, capture: Path, spec: Path) -> None:
        self.called: dict[str, dict[tuple[int, int, int], int]] = {name: {} for name in NAMES}
        self.dead: dict[str, set[tuple[int, int, int]]] = {name: set() for name in NAMES}
        behind_gap = False
        with sigflow.open(capture, sigflow.compile(spec)) as recording:
            for event in recording.events():
                if isinstance(event, Record):
                    self._record((0, event.start, 0), event, behind_gap)
                    behind_gap = False
                elif isinstance(event, Gap):
                    behind_gap = True
                    self.called["gap"][0, event.span.start, 0] = event.span.start
                    if event.span.start % 3 == 0:
                        self.dead["gap"].add((0, event.span.start, 0))
                elif isinstance(event, Loss):
                    self.called["loss"][0, event.offset, 0] = event.count

    def _record(self, key: tuple[int, int, int], record: Record, behind_gap: bool) -> None:
        index = record.index
        fails = {
            "raises": index % 101 == 3,
            "hangs": index in (500, 1500, 2500),
            "busy": index % 997 == 700,
            "waits": index % 101 == 70 or index % 997 == 250,
            "slow": False,
            "floods": False,
        }
        for name, dead in fails.items():
            if name == "busy" and record.value.level <= 500:
                continue
            if dead:
                self.dead[name].add(key)
            else:
                self.called[name][key] = index
        if behind_gap:
            self.called["resync"][key] = index


def differences(wanted: Expectation, called: Path, quarantine: Path, *, once: bool) -> Iterator[str]:
    """What is not as it should be, in words.  once: whether nothing may have come twice."""
    came: dict[str, list[tuple[tuple[int, int, int], int]]] = {name: [] for name in NAMES}
    for line in called.read_text().splitlines():
        name, key, what = json.loads(line)
        came[name].append((tuple(key), what))
    for name in NAMES:
        keys = dict(came[name])
        if name == "slow" and not once:
            strange = [key for key in keys if wanted.called[name].get(key) != keys[key]]
        else:
            strange = [key for key in {*keys, *wanted.called[name]} if keys.get(key) != wanted.called[name].get(key)]
        if strange:
            yield f"{name}: {len(strange)} of {len(wanted.called[name])} differ, such as {sorted(strange)[0]}"
        if once and len(came[name]) != len(keys):
            yield f"{name}: {len(came[name])} calls for {len(keys)} events"
    dead: dict[str, set[tuple[int, int, int]]] = {name: set() for name in NAMES}
    with Quarantine(quarantine) as opened:
        for letter in opened.letters():
            failures = opened.failures(letter)
            if not failures or not failures[-1].trace:
                yield f"{letter.handler}: the letter at {letter.at.start} has no traceback"
            dead[letter.handler].add((letter.at.stream, letter.at.start, letter.at.number))
    for name in NAMES:
        if dead[name] != wanted.dead[name]:
            yield f"{name}: dead {sorted(dead[name] ^ wanted.dead[name])[:5]} differ"


def _wait(session: Path, frames: int, process: subprocess.Popen[bytes]) -> None:
    """Until every handler has dealt with all frames."""
    until = time.monotonic() + 300
    query = "SELECT min(frames), count(*) FROM positions WHERE stream = 0 AND sink LIKE 'handler %'"
    while time.monotonic() < until and process.poll() is None:
        ledger = session / "ledger.db"
        if ledger.exists():
            with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(ledger)) as database:
                ((least, count),) = database.execute(query).fetchall()
                if count == len(NAMES) and least >= frames:
                    return
        time.sleep(0.1)
    process.kill()
    words = process.communicate()[1].decode()
    raise RuntimeError(f"the handlers did not come along in five minutes, or the process has ended: {words}")


def live(folder: Path, made: Script, kills: int, rng: random.Random) -> dict[str, dict[str, int]]:
    """The stream through `ingest`, from a file that grows; killed so often.  The counts of the last life."""
    source, session = folder / "source", folder / "session"
    source.write_bytes(b"")
    stops = [*sorted(rng.sample(range(1, len(made.data)), kills)), len(made.data)]
    sent = 0
    command = [*SIGFLOW, "ingest", f"tail:{source}", "-s", "probe.ksy", "--to", str(session), "-q", "--allow-actions"]
    environment = {**os.environ, "CALLED": str(folder / "live")}
    for stop in stops:
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
        )
        while sent < stop:
            step = min(rng.choice([100, 2000, 20_000]), stop - sent)
            with source.open("ab") as file:
                file.write(made.data[sent : sent + step])
            sent += step
            time.sleep(rng.random() * kills * step / len(made.data))
        last = stop == stops[-1]
        if last:
            _wait(session, made.frames, process)
        else:
            time.sleep(0.5 + rng.random() * 3)
        process.send_signal(signal.SIGINT if last else signal.SIGKILL)
        _, error = process.communicate(timeout=120)
        if last and process.returncode not in (0, 3):
            raise RuntimeError(error.decode())
    status = json.loads((session / "status.json").read_text())
    return {line["handler"]: line for line in status["handlers"]}


def check(folder: Path, faults: int, kills: int, seed: int) -> list[str]:
    """What is not as it should be."""
    made = script(seed, faults)
    (folder / "probe.ksy").write_text(SPEC)
    (folder / "bad.py").write_text(HANDLERS)
    (folder / "sigflow.yaml").write_text(CONFIG)
    (folder / "capture.bin").write_bytes(made.data)
    wanted = Expectation(folder / "capture.bin", folder / "probe.ksy")
    if not all(wanted.dead[name] for name in ("raises", "hangs", "busy", "waits", "gap")):
        raise ValueError("the stream is too short: not every handler fails on something")
    counts = live(folder, made, kills, random.Random(seed))
    wrong = [
        f"live: {words}" for words in differences(wanted, folder / "live", folder / "session/quarantine", once=False)
    ]
    for name, line in counts.items():
        if line["taken"] != sum(line[what] for what in ("done", "failed", "late", "dropped", "waiting")):
            wrong.append(f"live: {name}: the counts do not add up: {line}")
    recorded = [*SIGFLOW, "run", "session", "--allow-actions", "--quarantine", "letters", "-q"]
    environment = {**os.environ, "CALLED": str(folder / "recorded")}
    done = subprocess.run(recorded, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 3:
        return [*wrong, done.stderr]
    wrong += [f"run: {words}" for words in differences(wanted, folder / "recorded", folder / "letters", once=True)]
    for quarantine in ("session", "letters"):
        retry = [*SIGFLOW, "handlers", "retry", quarantine, "-s", "probe.ksy", "--allow-actions", "--format", "json"]
        environment = {**os.environ, "CALLED": str(folder / f"mended {quarantine}"), "MENDED": "1"}
        done = subprocess.run(retry, cwd=folder, capture_output=True, text=True, check=False, env=environment)
        took = {name: set[tuple[int, int, int]]() for name in NAMES}
        for line in (folder / f"mended {quarantine}").read_text().splitlines():
            name, key, _ = json.loads(line)
            took[name].add(tuple(key))
        if done.returncode or took != wanted.dead:
            wrong.append(f"retry {quarantine}: exit code {done.returncode}, {done.stderr}")
    return wrong


def main() -> int:
    """Do it, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    failed = 0
    for seed in range(options.seeds):
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as name:
            wrong = check(Path(name), options.faults, options.kills, seed)
        seconds = time.monotonic() - begun
        print(f"seed {seed}: {options.kills} kills, {seconds:.0f} s: {'; '.join(wrong) or 'as scripted'}", flush=True)
        failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
