"""Kills `sigflow watch-folder` at random moments and looks whether each capture was taken once.

    python -m tools.kill_watch_folder [--rounds 200] [--seed 1]

Captures, some damaged, are put into a folder while the real command runs over it, is killed with SIGKILL at seeded
random moments and begun again.  At any moment each capture is in one place, byte for byte.  In the end each is in
`done` or `damaged`, with its verdict, its index and its frames, which are those of the capture; and nothing else is
left.
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
from pathlib import Path

import pyarrow.parquet as pq

from sigflow import open as open_recording
from tools.kill_recover import capture_of
from tools.killing import main

CAPTURES, FRAMES = 8, 400
ENDINGS = (".verdict.json", ".sigidx", ".parquet")


class Trial:
    """A folder that is watched.  State: the captures that were put there, by their content; those whose products were
    looked at.
    """

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder = folder
        folder.mkdir()
        self.rng = rng
        self.captures: dict[bytes, str] = {}
        self.checked: set[Path] = set()

    def arrive(self, number: int) -> None:
        """So many more; names are used again."""
        for _ in range(number):
            name = f"{self.rng.randrange(CAPTURES // 2)}.sgf"
            data = capture_of(self.rng, self.rng.randrange(1, FRAMES), self.rng.choice([0, 0.01]))
            if (self.folder / name).exists() or data in self.captures:
                continue
            draft = self.folder / f"{name}.tmp"
            draft.write_bytes(data)
            draft.rename(self.folder / name)
            self.captures[data] = name

    def command(self, *more: str) -> subprocess.Popen[bytes]:
        """The command."""
        arguments = ["watch-folder", str(self.folder), "-s", "sgf1", "--to", "parquet", "--stable", "10ms", *more]
        return subprocess.Popen(
            [sys.executable, "-m", "sigflow", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def placed(self) -> dict[str, list[Path]]:
        """The captures, by where they are."""
        places = {"": self.folder, "done": self.folder / "done", "damaged": self.folder / "damaged"}
        return {name: sorted(path.glob("*.sgf")) for name, path in places.items()}

    def check(self, *, all: bool) -> Counter[str]:
        """Raises `AssertionError` where a capture is not in one place; all: where not each is done."""
        placed = self.placed()
        there = Counter(path.read_bytes() for paths in placed.values() for path in paths)
        assert there == Counter(dict.fromkeys(self.captures, 1)), "a capture is lost, twice, or another"
        for place in ("done", "damaged"):
            for path in placed[place]:
                if path not in self.checked:
                    self.check_products(path, place == "done")
                    self.checked.add(path)
        if all:
            assert not placed[""], f"not done: {placed['']}"
            names = {f"{path.name}{suffix}" for paths in placed.values() for path in paths for suffix in ("", *ENDINGS)}
            names |= {"done", "damaged", ".sigflow", "lock"}
            left = {path.name for path in self.folder.rglob("*")} - names
            assert not left, f"left: {left}"
        return Counter({place or "waiting": len(paths) for place, paths in placed.items()})

    @staticmethod
    def check_products(path: Path, sound: bool) -> None:
        """What was made of a capture is of it."""
        with open_recording(str(path), "sgf1") as recording:
            frames = recording.to_arrow()
        verdict = json.loads(path.with_name(path.name + ENDINGS[0]).read_text())
        assert verdict["sound"] is sound and verdict["frames"] == frames.num_rows, path
        if frames.num_rows:
            assert pq.read_table(path.with_name(path.name + ENDINGS[2])).equals(frames), path
        assert path.with_name(path.name + ENDINGS[1]).exists(), path


def run(rounds: int, seed: int, folder: Path) -> Counter[str]:
    """So many kills; gives where captures were at these moments."""
    rng = random.Random(seed)
    states: Counter[str] = Counter()
    trial = Trial(folder / "watched", rng)
    for _ in range(rounds):
        trial.arrive(rng.randrange(CAPTURES))
        process = trial.command()
        if rng.random() < 0.5:
            end, before = time.monotonic() + 20, len(trial.placed()[""])
            while len(trial.placed()[""]) == before and before and time.monotonic() < end:
                time.sleep(0.002)  # until one is being placed
            time.sleep(rng.random() / 20)
        else:
            time.sleep(rng.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
        states += trial.check(all=False)
        if len(trial.captures) > 100:  # what is done is looked at in each round
            assert trial.command("--once").wait() in (0, 3)
            trial.check(all=True)
            shutil.rmtree(trial.folder)
            trial = Trial(folder / "watched", rng)
    assert trial.command("--once").wait() in (0, 3)
    trial.check(all=True)
    return states


if __name__ == "__main__":
    main("Kills `sigflow watch-folder` at random moments.", run, "kills, each capture taken once")
