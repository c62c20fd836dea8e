"""Kills `sigflow recover` at random moments and looks at what is left.

    python -m tools.kill_recover [--rounds 200] [--seed 1]

Each round starts the real command on a damaged capture, reads what it acknowledges (`--format ndjson` prints a line
once an entry is on the disk), and kills it with SIGKILL at a seeded random moment, the last ones included.  Then:

- OUT is as it was before, or complete: never half written;
- every acknowledged entry is in the quarantine, with its bytes;
- every entry of the quarantine has the bytes of its stretch of the capture.

Some rounds go on with what the last one left, as whoever runs the command again does.  The command is then run to its
end once more, over all that the killed ones left.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import islice
from pathlib import Path

from sigflow import open as open_recording
from sigflow.quarantine import Quarantine
from sigflow.quarantine.store import LEDGER
from tools.killing import main
from tools.make_samples import sgf1

#: More lines than are printed: until it ends.
FOR_EVER = 1 << 30
OLD = b"what had this name before"


def capture_of(rng: random.Random, frames: int = 2000, damage: float = 0.12) -> bytes:
    """A capture with noise and flipped bits in some of its frames."""
    pieces = []
    for number in range(frames):
        frame = bytearray(sgf1(7, number, rng.randbytes(rng.randrange(200))))
        if rng.random() < damage:
            frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
        pieces.append(bytes(frame))
    return b"".join(pieces)


class Trial:
    """A folder with a capture, on which the command is run and killed."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder = folder
        self.data = capture_of(rng)
        self.good = b"".join(record.raw for record in open_recording(self.data, "sgf1"))
        self.out = folder / "out.sgf"
        self.quarantine = folder / "q"
        (folder / "capture.sgf").write_bytes(self.data)

    def begin(self) -> None:
        """As before the first run."""
        shutil.rmtree(self.quarantine, ignore_errors=True)
        for path in self.folder.glob("out.sgf*"):
            path.unlink()
        self.out.write_bytes(OLD)

    def start(self) -> subprocess.Popen[bytes]:
        """The command."""
        arguments = ["recover", "capture.sgf", "-s", "sgf1", "-o", "out.sgf", "--quarantine", "q", "--format", "ndjson"]
        command = [sys.executable, "-m", "sigflow", *arguments]
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def run(self, lines: int, delay: float) -> tuple[list[str], bool]:
        """Run it, and kill it so many seconds after it has printed so many lines.

        Gives the entries that it acknowledged, and whether it had ended by itself.
        """
        process = self.start()
        assert process.stdout is not None
        said = list(islice(process.stdout, lines))
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        said += process.stdout
        process.wait()
        # The last line may be cut: then it was not said.
        documents = [json.loads(line) for line in said if line.endswith(b"\n")]
        return [line["entry"] for line in documents if "entry" in line], process.returncode != -signal.SIGKILL

    def check(self, acknowledged: list[str]) -> str:
        """Raises `AssertionError` where something is not as it must be; gives what there is."""
        out = self.out.read_bytes()
        assert out in (OLD, self.good), f"{self.out}: {len(out)} bytes, neither the old ones nor the whole"
        raws = set()
        if (self.quarantine / LEDGER).exists():
            with Quarantine(self.quarantine) as quarantine:
                for entry in quarantine.entries():
                    span = entry.refused.span
                    kept = b"".join(quarantine.chunks(entry))
                    assert kept == self.data[span.start : span.stop], f"{entry.id}: other bytes"
                    raws.add(entry.id)
        lost = set(acknowledged) - raws
        assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged entries are lost"
        kind = "complete" if out == self.good else "old"
        return f"out {kind}, {'some' if acknowledged else 'no'} entries acknowledged, {'some' if raws else 'none'} kept"


def run(rounds: int, seed: int, folder: Path) -> Counter[str]:
    """So many rounds; gives how often each state was found."""
    rng = random.Random(seed)
    trial = Trial(folder, rng)
    trial.begin()
    started = time.monotonic()
    everything, _ = trial.run(FOR_EVER, 0)
    whole = time.monotonic() - started
    assert trial.check(everything).startswith("out complete")
    states: Counter[str] = Counter()
    for number in range(rounds):
        if number % 4 != 3:
            trial.begin()
        # At any moment; after some line, since most moments lie before the first; or near the end.
        lines, delay = rng.choice(
            [
                (0, rng.random() * whole),
                (rng.randrange(len(everything)), rng.random() / 20),
                (len(everything), rng.random() / 20),
            ]
        )
        acknowledged, ended = trial.run(lines, delay)
        states[trial.check(acknowledged) + (", ended" if ended else "")] += 1
    acknowledged, _ = trial.run(FOR_EVER, 0)
    assert acknowledged == everything
    assert trial.check(acknowledged).startswith("out complete")
    assert not list(folder.glob("*.part")) and not list(folder.glob("q/raw/*.part"))
    return states


if __name__ == "__main__":
    main(
        "Kills `sigflow recover` at random moments and looks at what is left.",
        run,
        "rounds, nothing half written and nothing lost",
    )
