"""Kills `sigflow index build` at random moments and looks at what is left.

    python -m tools.kill_index [--rounds 200] [--seed 1]

Each round runs the real command on a capture, and kills it with SIGKILL at a seeded random moment, the last ones
included; in some there is an index already, a sound one or a stale one.  Then there is the index that there was, or a
whole new one, which is required and holds; or none.  The command is then run to its end, and nothing else is left.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

# So that it checks this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sigflow
from sigflow.recording.indexed import path_of
from tools.killing import main
from tools.make_samples import sgf1

FRAMES = 4000
#: What there may be before a round.
NONE, SOUND, STALE = "none", "a sound one", "a stale one"


class Trial:
    """A folder with a capture, whose index is made again and again."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.rng = rng
        self.capture = folder / "capture.sgf"
        self.place = Path(path_of(str(self.capture)))
        self.capture.write_bytes(
            b"".join(sgf1(7, number, rng.randbytes(rng.randrange(200))) for number in range(FRAMES))
        )
        self.stale = b"no index"
        began = time.monotonic()
        self.start().wait()
        self.whole = time.monotonic() - began
        self.sound = self.place.read_bytes()

    def start(self) -> subprocess.Popen[bytes]:
        """The command."""
        command = [sys.executable, "-m", "sigflow", "index", "build", str(self.capture), "-s", "sgf1", "--quiet"]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def round(self, before: str) -> str:
        """Runs and kills it, and gives what there is then.  Raises `AssertionError` where that may not be."""
        self.place.unlink(missing_ok=True)
        if before != NONE:
            self.place.write_bytes(self.sound if before == SOUND else self.stale)
        process = self.start()
        # At any moment, most of all at the end.
        time.sleep(self.whole * self.rng.choice([self.rng.random(), self.rng.uniform(0.7, 1.1)]))
        process.send_signal(signal.SIGKILL)
        ended = process.wait() != -signal.SIGKILL
        left = self.place.read_bytes() if self.place.exists() else None
        if before == STALE and left == self.stale:
            return "the stale one"
        if before == NONE and left is None:
            assert not ended, "it ended, and there is none"
            return "none"
        with sigflow.open(self.capture, "sgf1", index="require") as source:
            places = source.places()
            assert places is not None and len(places) == FRAMES
            assert source.frame(FRAMES - 1).index == FRAMES - 1
        return "a whole one" + (", ended" if ended else "")


def run(rounds: int, seed: int, folder: Path) -> Counter[str]:
    """So many rounds; gives how often each state was there."""
    trial = Trial(folder, random.Random(seed))
    states: Counter[str] = Counter()
    for number in range(rounds):
        before = (NONE, SOUND, STALE)[number % 3]
        states[f"{before} before, {trial.round(before)} after"] += 1
    assert trial.start().wait() == 0
    names = sorted(entry.name for entry in folder.iterdir())
    assert names == [trial.capture.name, trial.place.name], names
    return states


if __name__ == "__main__":
    main((__doc__ or "").splitlines()[0], run, "rounds, no index half written")
