"""Many captures, some of them bad: `--jobs 2` says what one process says, how much sooner, and in how much memory.

    python tools/bench_jobs.py [--captures N] [--mib N] [--engine E] [--seed N] [--kills N] [--json FILE]

Of the captures, one in fifty is damaged, one is cut, one is empty, one is noise, one is a folder, one is missing, one
has no permission (of who is no superuser, who could read it), and one changes all the while, of which only that there
is a result is looked at.  All others must say byte for byte the same: from one process that reads all, from two that
are asked by `--jobs 2`, from a run that is killed so many times and resumed, and for some of them from a process of
their own.  What two cores give here is measured beside it: the same captures, half of them each to two processes that
know nothing of each other.  Memory is the largest resident set, all processes added.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.figures import Figures
from tools.make_samples import sgf1

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = [sys.executable, "-m", "sigflow"]
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}
#: Seconds between two looks at the memory, and two changes of the capture that changes.
OFTEN = 0.02
CHANGING = "changing.sgf"


def made(folder: Path, count: int, mib: float, rng: random.Random) -> list[str]:
    """The captures."""
    block = b"".join(sgf1(7, number, rng.randbytes(200)) for number in range(1000))
    names = []
    for number in range(count - 7):
        size = int(mib * (1 << 20) * rng.uniform(0.5, 1.5))
        data = bytearray((block * (size // len(block) + 1))[:size])
        if number % 50 == 7:
            for _ in range(20):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path = folder / f"{number:04}.sgf"
        path.write_bytes(data)
        names.append(str(path))
    for name, content in {"empty": b"", "noise": rng.randbytes(50_000), "cut": block[:-9], "forbidden": block}.items():
        path = folder / f"{name}.sgf"
        path.write_bytes(content)
        names.append(str(path))
    (folder / "forbidden.sgf").chmod(0)
    (folder / "folder.sgf").mkdir()
    names += [str(folder / "folder.sgf"), str(folder / "missing.sgf"), str(folder / CHANGING)]
    (folder / CHANGING).write_bytes(block)
    rng.shuffle(names)
    return names


class Changing:
    """Meanwhile a capture is changed again and again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._change)

    def _change(self) -> None:
        data = self._path.read_bytes()
        number = 0
        while not self._over.wait(OFTEN):
            number += 1
            self._path.write_bytes(data[: len(data) - 40 * (number % 100)])

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def resident(pid: int) -> int:
    """Bytes of a process and those that it has started, shared ones counted once each."""
    total = 0
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        total += pages * os.sysconf("SC_PAGE_SIZE")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return total
    return total + sum(resident(int(child)) for child in children)


def spent() -> float:
    """Seconds of the processor that the processes that have ended took."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def called(arguments: list[str]) -> tuple[float, int, bytes, bytes, int]:
    """Seconds, exit code, output, what stands on standard error, and the largest memory."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        begin = time.monotonic()
        process = subprocess.Popen([*PROGRAM, *arguments], stdout=out, stderr=said, cwd=ROOT)
        most = 0
        while process.poll() is None:
            most = max(most, resident(process.pid))
            time.sleep(OFTEN)
        seconds = time.monotonic() - begin
        out.seek(0)
        said.seek(0)
        return seconds, process.returncode, out.read(), said.read(), most


def without_changing(text: bytes) -> bytes:
    """The verdicts but for that on the capture that changes, and the summary's sums but for what it adds."""
    kept = []
    for line in text.splitlines():
        tree: dict[str, Any] = json.loads(line)
        if "summary" in tree:
            summary = tree["summary"]
            line = json.dumps([summary["captures"], summary["failed"]]).encode()
        elif str(tree["capture"]).endswith(CHANGING):
            line = b"changing"
        kept.append(line)
    return b"\n".join(kept)


def killed(arguments: list[str], kept: Path, count: int, whole: int, rng: random.Random) -> tuple[int, bytes, bytes]:
    """Killed so many times at random moments, then run to the end."""
    for _ in range(count):
        process = subprocess.Popen(
            [sys.executable, "-m", "sigflow", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )
        size = kept.stat().st_size if kept.exists() else 0
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            if kept.exists() and kept.stat().st_size > size + whole // (2 * count):
                break
            time.sleep(0.005)
        time.sleep(rng.random() / 10)
        process.send_signal(signal.SIGKILL)
        process.wait()
    _, code, out, said, _ = called(arguments)
    return code, out, said


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captures", type=int, default=500)
    parser.add_argument("--mib", type=float, default=1.0, help="of a capture, half as many to half as many more")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "generated")])
    rng = random.Random(options.seed)
    figures = Figures("jobs", "python tools/bench_jobs.py")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = made(folder, options.captures, options.mib, rng)
        call = ["validate", *names, "-s", "sgf1", "--format", "json", "--engine", options.engine]
        with Changing(folder / CHANGING):
            called(call)  # what is compiled is there
            best: dict[str, float] = {}
            for _ in range(options.repeats):
                before = spent()
                seconds, code, out, said, memory_alone = called(call)
                processor = [spent() - before]
                best["alone"] = min(seconds, best.get("alone", seconds))
                wanted = code, without_changing(out), said
                seconds, code, out, said, memory = called([*call, "--jobs", "2"])
                best["jobs"] = min(seconds, best.get("jobs", seconds))
                processor.append(spent() - before - sum(processor))
                assert (code, without_changing(out), said) == wanted, "--jobs 2 says something else"
                seconds = halves(names, call)
                processor.append(spent() - before - sum(processor))
                best["halves"] = min(seconds, best.get("halves", seconds))
            few = rng.sample([name for name in names if not name.endswith(CHANGING)], 10)
            for capture in few:
                _, _, verdict, _, _ = called([part for part in call if part not in names or part == capture])
                tree = json.loads(verdict) if verdict else None
                told = [json.loads(line) for line in out.splitlines() if json.dumps(capture).encode() in line]
                told = [{**entry, "engine": "", "work_ratio": 0} for entry in told if entry.get("capture") == capture]
                # A capture alone is scanned by Python where it is short.
                assert told == ([{**tree, "engine": "", "work_ratio": 0}] if tree else []), capture
            kept = folder / "kept"
            _, _, _, _, _ = called([*call, "--jobs", "2", "--resume", str(folder / "whole")])
            whole = (folder / "whole").stat().st_size
            code, out, said = killed([*call, "--jobs", "2", "--resume", str(kept)], kept, options.kills, whole, rng)
            said = b"\n".join(line for line in said.splitlines() if b"kept there" not in line) + b"\n"
            assert (code, without_changing(out), said) == wanted, "killed and resumed, it says something else"
    print(f"{options.captures} captures: all say the same, {options.kills} kills included")
    rows: list[tuple[str, float, float, float, float | None]] = [
        ("one process", best["alone"], 1.0, processor[0], memory_alone / 2**20),
        ("--jobs 2", best["jobs"], best["alone"] / best["jobs"], processor[1], memory / 2**20),
        ("two processes apart", best["halves"], best["alone"] / best["halves"], processor[2], None),
    ]
    title = (
        f"validate, {options.captures} captures of about {options.mib} MiB, {options.engine}; best of {options.repeats}"
    )
    figures.table(title, ("", "s", "as fast", "s of the processor", "MiB of memory"), rows)
    figures.keep(options.json)


def halves(names: list[str], call: list[str]) -> float:
    """Seconds that two processes take, each of which has every other capture."""
    begin = time.monotonic()
    processes = []
    for half in (set(names[::2]), set(names[1::2])):
        mine = [part for part in call if part not in names or part in half]
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "sigflow", *mine], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )
    for process in processes:
        process.wait()
    return time.monotonic() - begin


if __name__ == "__main__":
    main()
