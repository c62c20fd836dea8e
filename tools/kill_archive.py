"""Kills `sigflow archive` at random moments and looks at what is left.

    python -m tools.kill_archive [--rounds 200] [--seed 1]

Each round starts the real command on a folder of old captures and a session, to zstd and to Parquet in turn, and kills
it with SIGKILL at a seeded random moment: while it begins, while a draft is there, or after so many captures.  Then, of
each capture, the file is there as it was, or an archive that is equal: of zstd the bytes; of Parquet the rows, and the
bytes that are in no row.  Some rounds go on with what the last one left.  In the end the command is run once more, and
everything is archived, with no draft left behind.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import zstandard

from sigflow import open as open_recording
from sigflow.scale.archive_tables import REST, ROWS
from tools.kill_recover import capture_of
from tools.killing import main

PACKED = ".zst"
OLD = 1_600_000_000
CAPTURES, FRAMES = 12, 3000


def program(*arguments: str) -> list[str]:
    """The command."""
    return [sys.executable, "-m", "sigflow", *arguments]


class Trial:
    """A folder of captures and a session, on which the command is run and killed."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.pristine = folder / "pristine"
        self.work = folder / "work"
        self.pristine.mkdir()
        for number in range(CAPTURES):
            data = b"noise" * (number % 3) + capture_of(rng, FRAMES, rng.choice([0, 0.01]))
            (self.pristine / f"{number:02}.sgf").write_bytes(data)
        source = str(self.pristine / "00.sgf")
        ingest = program(
            "ingest", f"pipe:{source}", "-s", "sgf1", "--to", str(self.pristine / "session"), "--once", "-q"
        )
        subprocess.run(ingest, check=False, stdout=subprocess.DEVNULL)
        for path in self.pristine.rglob("*"):
            if path.is_file():
                os.utime(path, (OLD, OLD))
        segments = {path: path.read_bytes() for path in self.pristine.rglob("*.seg")}
        assert segments
        captures = {path: path.read_bytes() for path in self.pristine.glob("*.sgf")}
        self.files = {
            "zstd": {str(path.relative_to(self.pristine)): data for path, data in (captures | segments).items()},
            "parquet": {str(path.relative_to(self.pristine)): data for path, data in captures.items()},
        }
        self.tables = {name: open_recording(data, "sgf1").to_arrow() for name, data in self.files["parquet"].items()}

    def begin(self) -> None:
        """As before the first run."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.pristine, self.work)

    def start(self, form: str) -> subprocess.Popen[bytes]:
        """The command."""
        arguments = ["archive", ".", "--older", "1d", "--to", form, "-s", "sgf1"]
        return subprocess.Popen(
            program(*arguments), cwd=self.work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def archived(self) -> int:
        """How many archives have their name."""
        return sum(1 for path in self.work.rglob("*") if path.name.endswith((PACKED, ROWS)))

    def killed(self, form: str, moment: tuple[str, int, float]) -> bool:
        """Run it, and kill it at this moment; gives whether it had ended by itself."""
        what, count, delay = moment
        process = self.start(form)
        before = self.archived()
        while process.poll() is None:
            drafts = what == "draft" and any(self.work.rglob("*.part"))
            if what == "time" or (drafts and self.archived() >= before + count):
                break
            if what == "archives" and self.archived() >= before + count:
                break
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        return process.wait() != -signal.SIGKILL

    def check(self, form: str) -> Counter[str]:
        """Raises `AssertionError` where something is lost; gives what there is."""
        states: Counter[str] = Counter()
        for name, data in self.files[form].items():
            path = self.work / name
            if path.exists():
                assert path.read_bytes() == data, f"{name}: other bytes"
            archive = path.with_name(path.name + (PACKED if form == "zstd" else ROWS))
            if not archive.exists():
                assert path.exists(), f"{name}: lost"
                states["capture"] += 1
            elif form == "zstd":
                assert zstandard.ZstdDecompressor().decompress(archive.read_bytes()) == data, f"{archive}: other bytes"
                states["both" if path.exists() else "archive"] += 1
            else:
                self.check_tables(name, data, path, archive)
                states["both" if path.exists() else "archive"] += 1
        return states

    def check_tables(self, name: str, data: bytes, path: Path, archive: Path) -> None:
        """The rows are those of the capture, and rows and the rest cover each byte once."""
        rows = pq.read_table(archive)
        assert rows.equals(self.tables[name]), f"{archive}: other rows"
        covered = sum(rows["_length"].to_pylist())
        rest = path.with_name(path.name + REST)
        if covered < len(data):
            pieces = pq.read_table(rest)
            for offset, content in zip(pieces["_offset"].to_pylist(), pieces["bytes"].to_pylist(), strict=True):
                assert data[offset : offset + len(content)] == content, f"{rest}: other bytes at {offset}"
                covered += len(content)
        assert covered == len(data), f"{archive}: {covered} of {len(data)} bytes"


def run(rounds: int, seed: int, folder: Path) -> Counter[str]:
    """So many rounds; gives how often each state was found."""
    rng = random.Random(seed)
    trial = Trial(folder, rng)
    states: Counter[str] = Counter()
    for form in trial.files:
        trial.begin()
        started = time.monotonic()
        assert trial.start(form).wait() == (0 if form == "zstd" else 1)  # (a session has no form as a table)
        whole = time.monotonic() - started
        assert trial.check(form) == {"archive": len(trial.files[form])}
        trial.begin()
        for number in range(rounds // 2):
            if number % 3 != 2:
                trial.begin()
            moment = rng.choice(
                [
                    ("time", 0, rng.random() * whole),
                    ("draft", rng.randrange(CAPTURES), rng.random() / 100),
                    ("archives", rng.randrange(1, CAPTURES), rng.random() / 100),
                ]
            )
            ended = trial.killed(form, moment)
            there = trial.check(form)
            drafts = ", a draft" if any(trial.work.rglob("*.part")) else ""
            kinds = " and ".join(sorted(there))
            states[f"{form}: {kinds}{drafts}{', ended' if ended else ''}"] += 1
        trial.start(form).wait()
        assert trial.check(form) == {"archive": len(trial.files[form])}
        assert not any(trial.work.rglob("*.part")), "a draft is left behind"
    return states


if __name__ == "__main__":
    main("Kills `sigflow archive` at random moments and looks at what is left.", run, "kills, nothing lost")
