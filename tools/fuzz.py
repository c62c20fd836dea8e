"""Fuzzes sigflow: inputs that atheris finds by watching which branches are taken, until something breaks.

    python -m tools.fuzz --list
    python -m tools.fuzz [TARGET...] [--runs 1000000] [--seed 1] [--corpus FOLDER] [--mutator]

Each target (`tests/hostile/targets.py`) runs in a process of its own, one after the other: so many runs, resident
memory below 512 MiB, no input that takes a second of the processor.  The first input that breaks a rule is written to
the corpus folder and ends its target.  A line of JSON for each target says what was reached; exit 1 where one broke.

`--mutator` takes the small mutator of the tests instead of atheris (`pip install atheris`), for a machine without it.
Line coverage of `sigflow` and of the bundled parsers is what atheris is guided by.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT / "generated", ROOT):
    sys.path.insert(0, str(folder))

#: MiB of resident memory, and seconds of the processor that an input may take.
MEMORY = 512
SECONDS = 1.0
#: Seconds of the clock after which an input is taken to hang.
HANGS = 60


class Broken(Exception):
    """An input that breaks a rule."""


class Watch:
    """Runs a target and counts.  State: runs so far, the slowest input, when the last line was written."""

    def __init__(self, run: Callable[[bytes], None], progress: Path) -> None:
        self._run = run
        self._progress = progress
        self._written = 0.0
        self.runs = 0
        self.slowest = 0.0
        self.started = time.monotonic()

    def warm(self, seeds: list[bytes]) -> None:
        """Run the seeds untimed: what is compiled or imported when it is first used is not an input's fault."""
        for data in seeds:
            self._run(data)
        self.started = time.monotonic()

    def __call__(self, data: bytes) -> None:
        began = time.process_time()
        self._run(data)
        took = time.process_time() - began
        self.runs += 1
        self.slowest = max(self.slowest, took)
        if took > SECONDS:
            raise Broken(f"an input of {len(data)} bytes took {took:.2f} s, the bound is {SECONDS:.0f} s")
        if not self.runs % 1000:
            if peak() > MEMORY:
                raise Broken(f"resident memory reached {peak()} MiB, the bound is {MEMORY} MiB")
            if time.monotonic() - self._written > 5:
                self.write()

    def write(self) -> None:
        """Leave what was counted where the parent reads it, since atheris ends the process itself."""
        self._written = time.monotonic()
        seconds = time.monotonic() - self.started
        counted = {"runs": self.runs, "seconds": round(seconds), "slowest_seconds": round(self.slowest, 3)}
        self._progress.write_text(json.dumps(counted | {"memory_mib": peak()}), encoding="utf-8")


def peak() -> int:
    """Resident memory of this process at its highest, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


# ---------------------------------------------------------------- one target, in a process of its own


def by_mutator(name: str, runs: int, seed: int, corpus: Path, progress: Path) -> None:
    """So many inputs of the small mutator."""
    from tests.hostile.mutate import inputs
    from tests.hostile.targets import LONGEST, TARGETS

    target = TARGETS[name]
    watch = Watch(target.run, progress)
    watch.warm(target.seeds())
    for data in islice(inputs(f"{name} {seed}", target.seeds(), target.words, LONGEST), runs):
        try:
            watch(data)
        except BaseException:
            (corpus / f"crash-{name}").write_bytes(data)
            raise
    watch.write()


def by_atheris(name: str, runs: int, seed: int, corpus: Path, progress: Path) -> None:
    """So many inputs of atheris, which writes the one that fails."""
    import atheris

    with atheris.instrument_imports(include=["sigflow", "sigflow_formats"], enable_loader_override=False):
        from tests.hostile.targets import LONGEST, TARGETS

    target = TARGETS[name]
    watch = Watch(target.run, progress)
    watch.warm(target.seeds())
    for number, data in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(data)
    words = corpus.parent / f"{name}.words"
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in target.words or (b"\0",))
    words.write_text("".join(f'"{word}"\n' for word in escaped), encoding="ascii")
    options = [
        f"-runs={runs}", f"-seed={seed}", f"-max_len={LONGEST}", f"-dict={words}", f"-timeout={HANGS}",
        f"-rss_limit_mb={MEMORY}", f"-artifact_prefix={corpus}/", "-print_final_stats=0", "-verbosity=0",
    ]  # fmt: skip

    # atheris leaves the process without running anything behind `Fuzz`: the count is written at the last run.
    def run(data: bytes) -> None:
        watch(data)
        if watch.runs >= runs:
            watch.write()

    atheris.Setup([sys.argv[0], *options, str(corpus)], run, internal_libfuzzer=True)
    atheris.Fuzz()


# ---------------------------------------------------------------- all targets


def results(names: list[str], options: argparse.Namespace, root: Path) -> Iterator[dict[str, object]]:
    """Fuzz the targets one after the other; gives what came of each."""
    for name in names:
        corpus, progress = root / name, root / f"{name}.json"
        corpus.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tools.fuzz", "--one", name, "--corpus", str(root)]
        command += ["--runs", str(options.runs), "--seed", str(options.seed)]
        if options.mutator:
            command.append("--mutator")
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        counted = json.loads(progress.read_text(encoding="utf-8")) if progress.exists() else {}
        found: dict[str, object] = {
            "target": name, "by": "mutator" if options.mutator else "atheris", "seed": options.seed,
            "date": datetime.now(UTC).strftime("%Y-%m-%d"), **counted,
            "ok": done.returncode == 0 and counted.get("runs", 0) >= options.runs,
        }  # fmt: skip
        if not found["ok"]:
            found["error"] = done.stderr.decode("utf-8", "replace")[-3000:]
        yield found


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all where none is named")
    parser.add_argument("--list", action="store_true", help="print the names of the targets")
    parser.add_argument("--runs", type=int, default=1_000_000, help="inputs of each target (default 1,000,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="folder that keeps the inputs found; else a temporary one")
    parser.add_argument("--mutator", action="store_true", help="the mutator of the tests instead of atheris")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        fuzz = by_mutator if options.mutator else by_atheris
        root = options.corpus
        fuzz(options.one, options.runs, options.seed, root / options.one, root / f"{options.one}.json")
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
        for found in results(options.targets or list(TARGETS), options, root.resolve()):
            print(json.dumps(found), flush=True)
            ok = ok and bool(found["ok"])
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
