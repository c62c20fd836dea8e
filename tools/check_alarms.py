"""Alarms over a scripted stream: raised, cleared, latched, shelved and acknowledged at the frames of the script.

    python -m tools.check_alarms --faults 300 --kills 10

A stream of a probe is written with faults of eight kinds, of which it is known by construction, or counted anew in the
plainest way, at which frame each alarm changes.  The alarms must change there: over the recorded stream; live, from a
pipe at any speed, through kills; by replays at several speeds into another ingestion; and in the session afterwards,
with what operators did.
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
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

SPEC = """\
meta: {id: probe, endian: be}
-sigflow-stream:
  max-frame: 64
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: [magic..level]}
  sequence: {field: sequence}
  time: {field: time_ms, unit: ms, epoch: "2026-01-01"}
seq:
  - {id: magic, contents: [0xA7, 0x50, 0x52, 0x42]}
  - {id: sequence, type: u4}
  - {id: time_ms, type: u8}
  - {id: temperature, type: s2}
  - {id: mode, type: u1, enum: mode}
  - {id: level, type: u2}
  - {id: crc, type: u4}
enums:
  mode: {0: idle, 1: acquire, 2: fault}
"""
CONFIG = """\
alarms:
  hot: {format: probe, when: "temperature > 80", clear: "temperature < 75", for: {frames: 3}, level: critical}
  cold: {format: probe, when: "temperature < -20", for: {seconds: 0.5}, latch: true}
  often: {format: probe, rate: frames, over: 2s, above: 20, below: 12}
  noisy: {format: probe, rate: checksum-failures, per: frames, over: 2s, above: 0.2, below: 0.05, level: critical}
  quiet: {format: probe, silence: 5s}
  gone: {format: probe, loss: 4}
  odd: {format: probe, baseline: {of: level, learn: 30s, sigmas: 6, at-least: 5}, level: watch}
  mode: {format: probe, state: {field: mode, is: acquire}}
"""
KINDS = ("hot", "cold", "often", "noisy", "quiet", "gone", "odd", "mode")
#: Milliseconds between two frames; frames without a fault between two faults, and before the first.
PERIOD, REST, LEARNING = 100, 60, 320
START = 1_000_000
_MS = 1_000_000
SIGFLOW = (sys.executable, "-m", "sigflow")
_SLOT, _SLOTS = 20 * _MS, 100
_EPOCH_NS = 1_767_225_600 * 10**9


class Expected(NamedTuple):
    """A change of an alarm.  frame: its index, None where it is at none."""

    alarm: str
    state: str
    frame: int | None


class Script:
    """State: the bytes so far; what is known of each frame; what is wanted."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.data = bytearray()
        self.wanted: list[Expected] = []
        self.ends: list[int] = []
        self.time = START
        self.sequence = 0
        #: Times of good frames (index None) and of failures, which have that of the good frame before.
        self.counted: list[tuple[int, int | None]] = []
        self._bad = False

    @property
    def frames(self) -> int:
        """How many good frames there are."""
        return len(self.ends)

    def frame(
        self, temperature: int = 20, mode: int = 1, level: int | None = None, *, after: int = PERIOD, bad: bool = False
    ) -> int:
        """One more frame, so many milliseconds after the last; its index, if it is good."""
        self.time += after
        usual = 1000 + self.random.randrange(-10, 11)
        head = b"\xa7PRB" + self.sequence.to_bytes(4, "big") + self.time.to_bytes(8, "big")
        body = temperature.to_bytes(2, "big", signed=True) + bytes([mode]) + (level or usual).to_bytes(2, "big")
        crc = zlib.crc32(head + body)
        self.sequence += 1
        if bad:
            crc ^= 1
        self.data += head + body + crc.to_bytes(4, "big")
        last = self.counted[-1][0] if self.counted else 0
        if bad:
            if not self._bad:  # failures one behind the other are one gap
                self.counted.append((last, None))
        else:
            self.counted.append((_EPOCH_NS + self.time * _MS, self.frames))
            self.ends.append(len(self.data))
        self._bad = bad
        return self.frames - 1

    def want(self, alarm: str, state: str, frame: int | None) -> None:
        """A change is wanted."""
        self.wanted.append(Expected(alarm, state, frame))

    def rest(self, frames: int = REST) -> None:
        """Frames without a fault."""
        for _ in range(frames):
            self.frame()

    # ---------------------------------------------------------------- faults

    def hot(self) -> None:
        """Too hot for a while, then warm, then cool; or not long enough."""
        long = self.random.randrange(1, 8)
        first = self.frame(81 + self.random.randrange(100))
        for _ in range(long - 1):
            self.frame(200)
        for _ in range(self.random.randrange(4)):
            self.frame(77)
        last = self.frame(74)
        if long >= 3:
            self.want("hot", "raised", first + 2)
            self.want("hot", "cleared", last)

    def cold(self) -> None:
        """Too cold for half a second, or not."""
        long = self.random.randrange(2, 12)
        first = self.frame(-21)
        for _ in range(long - 1):
            self.frame(-40)
        self.frame(-20)
        if long > 5:  # (it latches: it is raised once, until it is acknowledged)
            self.want("cold", "raised", first + 5)

    def often(self) -> None:
        """A burst."""
        for _ in range(self.random.randrange(30, 120)):
            self.frame(after=self.random.randrange(5, 30))

    def noisy(self) -> None:
        """Checksum failures among good frames."""
        for _ in range(self.random.randrange(2, 12)):
            self.frame(bad=True)
            for _ in range(self.random.randrange(1, 4)):
                self.frame()
        # (The counters notice, too, but less than four at once.)

    def quiet(self) -> None:
        """Nothing for a while."""
        before = self.frames - 1
        self.frame(after=self.random.choice([4999, 5000, 7000, 60_000]))
        if self.counted[-1][0] - self.counted[-2][0] >= 5000 * _MS:
            self.want("quiet", "raised", before)
            self.want("quiet", "cleared", before + 1)

    def gone(self) -> None:
        """Frames that never came."""
        lost = self.random.randrange(1, 9)
        self.sequence += lost
        at = self.frame()
        if lost >= 4:
            self.want("gone", "raised", None)
            self.want("gone", "cleared", at + 1)

    def odd(self) -> None:
        """A level that is far from the usual one."""
        at = self.frame(level=self.random.choice([10, 500, 2000, 65_000]))
        self.want("odd", "raised", at)
        self.want("odd", "cleared", at + 1)

    def mode(self) -> None:
        """Another mode than it ought to be."""
        at = self.frame(mode=self.random.choice([0, 2, 77]))
        for _ in range(self.random.randrange(3)):
            self.frame(mode=2)
        last = self.frame()
        self.want("mode", "raised", at)
        self.want("mode", "cleared", last)


def script(seed: int, faults: int) -> Script:
    """A stream with so many faults, of each kind as many."""
    made = Script(seed)
    made.rest(LEARNING)
    order = [KINDS[number % len(KINDS)] for number in range(faults)]
    made.random.shuffle(order)
    for kind in order:
        getattr(made, kind)()
        made.rest()
    _rates(made)
    cold = [wanted for wanted in made.wanted if wanted.alarm == "cold"]
    for wanted in cold[1:]:
        made.wanted.remove(wanted)
    return made


def _rates(made: Script) -> None:
    """What the two rates want, counted anew at each frame and failure."""
    often = noisy = False
    for number, (now, frame) in enumerate(made.counted):
        slot = now // _SLOT
        rows = []
        for row in reversed(made.counted[: number + 1]):
            if row[0] // _SLOT <= slot - _SLOTS:
                break
            rows.append(row)
        good = sum(row[1] is not None for row in rows)
        bad = len(rows) - good
        if frame is not None:
            rate = good / 2
            if (rate > 20) if not often else not rate >= 12:
                often = not often
                made.want("often", "raised" if often else "cleared", frame)
        share = bad / good if good else float(bad)
        if (share > 0.2) if not noisy else not share >= 0.05:
            noisy = not noisy
            made.want("noisy", "raised" if noisy else "cleared", frame)


# ---------------------------------------------------------------- what came of it


def by_alarm(changes: Sequence[Expected]) -> dict[str, list[Expected]]:
    """In their order, of each alarm."""
    return {kind: [change for change in changes if change.alarm == kind] for kind in KINDS}


def told(lines: Sequence[str]) -> list[Expected]:
    """What lines of JSON say."""
    trees = [json.loads(line) for line in lines]
    return [Expected(tree["alarm"], tree["state"], tree["index"]) for tree in trees]


def differences(wanted: Sequence[Expected], found: Sequence[Expected]) -> Iterator[str]:
    """Where they differ, in words."""
    for (kind, mine), other in zip(by_alarm(wanted).items(), by_alarm(found).values(), strict=True):
        for number, pair in enumerate(zip(mine, other, strict=False)):
            if pair[0] != pair[1]:
                yield f"{kind}: change {number}: wanted {pair[0]}, came {pair[1]}"
                break
        else:
            if len(mine) != len(other):
                yield f"{kind}: wanted {len(mine)} changes, came {len(other)}"


def run(folder: Path, *arguments: str) -> list[str]:
    """The lines of `sigflow run`."""
    command = [*SIGFLOW, "run", *arguments, "--events", "ndjson", "-q"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        raise RuntimeError(done.stderr)
    return done.stdout.splitlines()


def _wait(session: Path, frames: int) -> None:
    """Until the alarms of all frames are committed."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        ledger = session / "ledger.db"
        if ledger.exists():
            with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(ledger)) as database:
                rows = database.execute("SELECT frames FROM positions WHERE sink = 'alarms' AND stream = 0").fetchall()
                if rows and rows[0][0] >= frames:
                    return
        time.sleep(0.1)
    raise RuntimeError("the alarms did not come along in two minutes")


def live(folder: Path, made: Script, kills: int, operate: int, rng: random.Random, seconds: float = 1.0) -> list[str]:
    """The stream through `ingest`, from a file that grows in so many seconds; killed so often; operators do something
    so often.

    The lines of `alarms.ndjson`.
    """
    source, session = folder / "source", folder / "session"
    source.write_bytes(b"")
    stops = [*sorted(rng.sample(range(1, len(made.data)), kills)), len(made.data)]
    told_ = sorted(rng.sample(range(len(made.data) // 4, len(made.data)), operate))
    sent = 0
    command = [*SIGFLOW, "ingest", f"tail:{source}", "-s", "probe.ksy", "--to", str(session), "-q"]
    for number, stop in enumerate(stops):
        process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE)
        while sent < stop:
            step = min(rng.choice([100, 2000, 20_000]), stop - sent)
            with source.open("ab") as file:
                file.write(made.data[sent : sent + step])
            sent += step
            time.sleep(rng.random() * 2 * seconds * step / len(made.data))
            while told_ and told_[0] <= sent and (session / "ledger.db").exists():
                told_.pop(0)
                what = rng.choice([["ack"], ["shelve", "--for", "20s"], ["unshelve"]])
                names = rng.sample(KINDS, 3)
                subprocess.run(
                    [*SIGFLOW, "alarms", what[0], str(session), *names, *what[1:], "-q"],
                    cwd=folder,
                    capture_output=True,
                    check=False,
                )
        last = number == len(stops) - 1
        if last:
            _wait(session, made.frames)
        else:
            time.sleep(rng.random() * 1.5)
        process.send_signal(signal.SIGINT if last else signal.SIGKILL)
        _, error = process.communicate(timeout=60)
        if last and process.returncode not in (0, 3):
            raise RuntimeError(error.decode())
    return (session / "alarms.ndjson").read_text().splitlines()


def replayed(folder: Path, speed: str) -> list[str]:
    """The capture replayed into an ingestion, at this speed; the lines of `alarms.ndjson`."""
    session, socket = folder / f"replayed{speed}", folder / f"socket{speed}"
    uri = f"unix-listen:{socket}"
    command = [*SIGFLOW, "ingest", uri, "-s", "probe.ksy", "--to", str(session), "--once", "-q"]
    receiving = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE)
    while not socket.exists() and receiving.poll() is None:
        time.sleep(0.02)
    how = ["--max"] if speed == "max" else ["--speed", speed]
    replay = [*SIGFLOW, "replay", "capture.bin", "-s", "probe.ksy", "--raw", *how, "--to", f"unix:{socket}", "-q"]
    sending = subprocess.run(replay, cwd=folder, capture_output=True, text=True, check=False)
    _, error = receiving.communicate(timeout=120)
    if sending.returncode not in (0, 3) or receiving.returncode not in (0, 3):
        raise RuntimeError(sending.stderr + error.decode())
    return (session / "alarms.ndjson").read_text().splitlines()


def without_stream(lines: Sequence[str]) -> list[dict[str, Any]]:
    """What a line says, apart from which stream it is of."""
    trees = [json.loads(line) for line in lines]
    for tree in trees:
        tree.pop("stream", None)
    return trees


def main() -> int:
    """Do it, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--operations", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20.0, help="that the stream with operators takes, about")
    parser.add_argument("--speeds", default="max,2000,200", help="of replays, as often as they were received, or max")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    failed = 0
    for seed in range(options.seeds):
        made = script(seed, options.faults)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "probe.ksy").write_text(SPEC)
            (folder / "sigflow.yaml").write_text(CONFIG)
            (folder / "capture.bin").write_bytes(made.data)
            offline = run(folder, "capture.bin", "-s", "probe.ksy")
            wrong = [*differences(made.wanted, told(offline))]
            print(f"seed {seed}: {made.frames} frames, {len(made.wanted)} changes; recorded: {wrong or 'as scripted'}")
            plain = live(folder, made, options.kills, 0, random.Random(seed))
            same = without_stream(plain) == without_stream(offline)
            print(f"seed {seed}: live, {options.kills} kills: {'the same lines' if same else 'OTHER LINES'}")
            for speed in options.speeds.split(","):
                equal = without_stream(replayed(folder, speed)) == without_stream(offline)
                print(f"seed {seed}: replayed at {speed}: {'the same lines' if equal else 'OTHER LINES'}")
                same = same and equal
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "probe.ksy").write_text(SPEC)
            (folder / "sigflow.yaml").write_text(CONFIG)
            rng = random.Random(seed + 1)
            lines = live(folder, made, options.kills, options.operations, rng, options.seconds)
            again = without_stream(lines) == without_stream(run(folder, "session"))
            did = sum("operator" in line for line in lines)
            print(
                f"seed {seed}: live, {options.kills} kills, {did} changes by operators: "
                f"{'the same lines' if again else 'OTHER LINES'} from the session"
            )
        failed += bool(wrong) + (not same) + (not again)
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
