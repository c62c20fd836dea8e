"""Fuzzes sigflow: inputs that atheris finds by watching which branches are taken, until something breaks.

    python -m tools.fuzz --list
    python -m tools.fuzz [TARGET...] [--runs 1000000] [--seconds 3600] [--seed 1] [--corpus FOLDER] [--mutator]

Each target (`tests/hostile/targets.py`) runs in a process of its own, one after the other: so many runs, resident
memory below 512 MiB, no input that takes a second of the processor.  The first input that breaks a rule is written to
the corpus folder and ends its target.  A line of JSON for each target says what was reached; exit 1 where one broke.
All times are of the processor, so that a machine with other work to do changes nothing.

`--seconds` ends a target before it has had its runs, and so do SIGTERM and Ctrl-C, which end the others as well;
what it reached until then is told, with `stopped`.  A seed and a number of runs give the same inputs again only by the
`--mutator`, that of the tests instead of atheris (`pip install atheris`), for a machine without it.  Branches of the
packages that a target names are what atheris is guided by.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.hostile.targets import Target

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT / "generated", ROOT):
    sys.path.insert(0, str(folder))

#: MiB of resident memory, and seconds of the processor that an input may take.
MEMORY = 512
SECONDS = 1.0
#: Seconds of the processor after which an input is taken to hang, and is not waited for.
HANGS = 60
#: The signals that end a target before it has had its runs.
STOPS = (signal.SIGTERM, signal.SIGINT)
#: Seconds of the clock that no input takes.
NEVER = 1_000_000


class Broken(Exception):
    """An input that breaks a rule."""


class Watch:
    """Runs a target and counts.

    State: runs so far, the slowest input, when the last line was written, and whether it is asked to stop.  seconds: of
    the processor, after which it asks itself.
    """

    def __init__(self, run: Callable[[bytes], None], progress: Path, seconds: float = inf) -> None:
        self._run = run
        self._progress = progress
        self._seconds = seconds
        self._written = 0.0
        self.stopped = False
        self.runs = 0
        self.slowest = 0.0
        self.started = time.process_time()

    def begin(self, ready: Callable[[], object], seeds: list[bytes]) -> None:
        """Run the seeds untimed: what is compiled or imported when it is first used is not an input's fault."""
        for number in STOPS:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGPROF, self._hang)
        ready()
        for data in seeds:
            self._run(data)
        self.started = time.process_time()

    def _stop(self, *_: object) -> None:
        self.stopped = True

    def _hang(self, *_: object) -> None:
        raise Broken(f"an input took more than {HANGS} s")

    def __call__(self, data: bytes) -> None:
        signal.setitimer(signal.ITIMER_PROF, HANGS)
        began = time.process_time()
        self._run(data)
        now = time.process_time()
        took = now - began
        self.runs += 1
        self.slowest = max(self.slowest, took)
        if took > SECONDS:
            raise Broken(f"an input of {len(data)} bytes took {took:.2f} s, the bound is {SECONDS:.0f} s")
        if now - self.started > self._seconds:
            self.stopped = True
        if not self.runs % 1000:
            if peak() > MEMORY:
                raise Broken(f"resident memory reached {peak()} MiB, the bound is {MEMORY} MiB")
            if now - self._written > 5:
                self.write()

    def write(self) -> None:
        """Leave what was counted where the parent reads it."""
        self._written = time.process_time()
        counted = {"runs": self.runs, "seconds": round(self._written - self.started)}
        counted |= {"slowest_seconds": round(self.slowest, 3), "memory_mib": peak(), "stopped": self.stopped}
        self._progress.write_text(json.dumps(counted), encoding="utf-8")


def peak() -> int:
    """Resident memory of this process at its highest, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


# ---------------------------------------------------------------- one target, in a process of its own


@dataclass(frozen=True, slots=True)
class Job:
    """One target: how many runs, the seed, seconds of the processor at most, and the folder that keeps the inputs."""

    name: str
    runs: int
    seed: int
    root: Path
    seconds: float = inf

    @property
    def corpus(self) -> Path:
        """The folder of the inputs."""
        return self.root / self.name

    @property
    def progress(self) -> Path:
        """The file that tells what was reached."""
        return self.root / f"{self.name}.json"


def by_mutator(job: Job) -> None:
    """The inputs of the small mutator."""
    from tests.hostile.mutate import inputs
    from tests.hostile.targets import TARGETS

    target = TARGETS[job.name]
    watch = Watch(target.run, job.progress, job.seconds)
    watch.begin(target.ready, target.seeds())
    for data in islice(inputs(f"{job.name} {job.seed}", target.seeds(), target.words, target.longest), job.runs):
        try:
            watch(data)
        except BaseException:
            (job.corpus / f"crash-{job.name}").write_bytes(data)
            raise
        if watch.stopped:
            break
    watch.write()


def watched(guides: Sequence[str]) -> tuple[list[str], list[str]]:
    """The packages that these lie in, and the modules of sigflow that are not among them: what atheris can be told."""
    paths = [path.relative_to(ROOT).with_suffix("") for path in (ROOT / "sigflow").rglob("*.py")]
    modules = [".".join(path.parts).removesuffix(".__init__") for path in paths]
    others = [name for name in modules if not any(f"{name}.".startswith(f"{guide}.") for guide in guides)]
    return sorted({guide.partition(".")[0] for guide in guides}), others


def by_atheris(job: Job, guides: Sequence[str]) -> None:
    """The inputs of atheris, which writes the one that fails.  guides: packages whose branches it watches."""
    import atheris

    # Formats are imported when they are first used.
    packages, others = watched(guides)
    with atheris.instrument_imports(packages, others, enable_loader_override=False):
        from tests.hostile.targets import TARGETS

        target = TARGETS[job.name]
        watch = Watch(target.run, job.progress, job.seconds)
        watch.begin(target.ready, target.seeds())
    for number, data in enumerate(target.seeds()):
        (job.corpus / f"seed-{number}").write_bytes(data)
    words = job.root / f"{job.name}.words"
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in target.words or (b"\0",))
    words.write_text("".join(f'"{word}"\n' for word in escaped), encoding="ascii")
    # Its own timer is of the clock, so that a process that was made to wait would be taken to hang.
    options = [
        f"-runs={job.runs}", f"-seed={job.seed}", f"-max_len={target.longest}", f"-dict={words}", f"-timeout={NEVER}",
        f"-rss_limit_mb={MEMORY}", f"-artifact_prefix={job.corpus}/", "-handle_term=0", "-handle_int=0",
        "-verbosity=0",
    ]  # fmt: skip

    # atheris leaves the process without running anything behind `Fuzz`: the count is written at the last run.
    def run(data: bytes) -> None:
        watch(data)
        if watch.stopped or watch.runs >= job.runs:
            watch.write()
        if watch.stopped:
            os._exit(0)

    atheris.Setup([sys.argv[0], *options, str(job.corpus)], run, internal_libfuzzer=True)
    atheris.Fuzz()


# ---------------------------------------------------------------- all targets


class Fuzzer:
    """Fuzzes targets one after the other, each in a process of its own.  State: that process; whether to stop."""

    def __init__(self, options: argparse.Namespace, root: Path) -> None:
        self._options = options
        self._root = root
        self._running: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def stop(self, *_: object) -> None:
        """Let the running target tell what it reached, and begin no other."""
        self._stopped = True
        if self._running is not None:
            self._running.terminate()

    def results(self, targets: Iterable[Target]) -> Iterator[dict[str, object]]:
        """What came of each."""
        for target in targets:
            if self._stopped:
                return
            yield self._result(target)

    def _result(self, target: Target) -> dict[str, object]:
        options = self._options
        job = Job(target.name, options.runs, options.seed, self._root)
        job.corpus.mkdir(parents=True, exist_ok=True)
        job.progress.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tools.fuzz", "--one", job.name, "--corpus", str(self._root)]
        # What is compiled once and kept takes memory, which is not the target's.
        self._run([*command, "--runs", "0", "--mutator"])
        command += ["--runs", str(job.runs), "--seed", str(job.seed), "--seconds", str(options.seconds)]
        command += ["--mutator"] if options.mutator else ["--guides", *target.guides]
        code, said = self._run(command)
        counted = json.loads(job.progress.read_text(encoding="utf-8")) if job.progress.exists() else {}
        reached = counted.get("runs", 0) >= job.runs or counted.get("stopped", False)
        result: dict[str, object] = {
            "target": job.name, "by": "mutator" if options.mutator else "atheris", "seed": job.seed,
            "date": datetime.now(UTC).strftime("%Y-%m-%d"), "asked": job.runs, **counted, "ok": code == 0 and reached,
        }  # fmt: skip
        if not result["ok"]:
            result["error"] = "\n".join(line for line in said.splitlines() if not line.startswith("INFO:"))[-3000:]
        return result

    def _run(self, command: list[str]) -> tuple[int, str]:
        self._running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said, _ = self._running.communicate()
        return self._running.returncode, said.decode("utf-8", "replace")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all where none is named")
    parser.add_argument("--list", action="store_true", help="print the names of the targets")
    parser.add_argument("--runs", type=int, default=1_000_000, help="inputs of each target (default 1,000,000)")
    parser.add_argument("--seconds", type=float, default=inf, help="of the processor, for each target at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="folder that keeps the inputs found; else a temporary one")
    parser.add_argument("--mutator", action="store_true", help="the mutator of the tests instead of atheris")
    parser.add_argument("--one", dest="alone", help=argparse.SUPPRESS)
    parser.add_argument("--guides", nargs="*", default=["sigflow"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        job = Job(options.alone, options.runs, options.seed, options.corpus, options.seconds)
        if options.mutator:
            by_mutator(job)
        else:
            by_atheris(job, options.guides)
        return 0
    from tests.hostile.targets import TARGETS

    unknown = sorted(set(options.targets) - set(TARGETS))
    if unknown:
        parser.error(f"unknown target {unknown[0]!r}; known are {', '.join(TARGETS)}")
    if options.list:
        print(*TARGETS, sep="\n")
        return 0
    paths = [str(ROOT), str(ROOT / "generated"), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    ok = True
    with ExitStack() as stack:
        root = options.corpus or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fuzzer = Fuzzer(options, root.resolve())
        for number in STOPS:
            signal.signal(number, fuzzer.stop)
        for result in fuzzer.results(TARGETS[name] for name in options.targets or TARGETS):
            print(json.dumps(result), flush=True)
            ok = ok and bool(result["ok"])
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
