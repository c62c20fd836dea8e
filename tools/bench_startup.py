"""How long a command takes to begin: a small sample, a file that is scanned natively, the first scan of a spec.

    python tools/bench_startup.py [--rounds N] [--formats NAME...] [--json FILE]

Each figure is the processor time of a process of its own, all threads, as the median of rounds that are interleaved,
and what that is of `python -c pass` in the same rounds.  Bytecode is kept.  The old ways are there where they still
exist: the scan of a file with NumPy loaded, and machine code loaded by LLVM.  A first scan is taken apart.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "generated"))
sys.path.insert(0, str(ROOT))

from tools.bench_parser import make_capture  # noqa: E402
from tools.figures import Figures  # noqa: E402

SAMPLE = ROOT / "samples" / "valid_telemetry.sgf"
PAYLOAD, SIZE = 64, 8 << 20
FORMATS = ("sgf1", "nmea0183", "ubx", "ccsds_space_packet", "instrument_hdr")
COMMAND = "import sys; {before}; sys.argv[0] = 'sigflow'; from sigflow.__main__ import run; sys.exit(run())"
WITH_NUMPY = "import numpy"
WITH_LLVM = "import numpy; from sigflow.engine import loader, objects; loader.sys = type('', (), {'platform': ''})"
COMPILED = """
import json, sys, time
from sigflow import catalog
from sigflow.engine import Native, build, code
from sigflow.engine.calls import layout_of
from sigflow.engine.llvm import machine
import numpy
formats = [catalog.load(sys.argv[1])]
times = [time.process_time()]
native = Native(formats)
text = build.text_of(native.scan)
times.append(time.process_time())
taken = []
sweep = native.sweep()
sweep._entry = lambda *arguments: (taken.extend(arguments), 0)[1]
sweep.run(numpy.zeros(9, numpy.uint8), 9, True, 9)
layout = layout_of(tuple(taken))
times.append(time.process_time())
unit = code.unit_of(text, "scan")
written = unit.text("scan", layout)
times.append(time.process_time())
size = len(machine.translated(written))
times.append(time.process_time())
spans = [(b - a) * 1e3 for a, b in zip(times, times[1:])]
print(json.dumps([text.count("\\n"), len(unit.functions), written.count("\\n"), size, spans[0], spans[2], spans[3]]))
"""


def command(before: str, *arguments: object) -> list[str]:
    """The command line, after something else was done."""
    return [sys.executable, "-c", COMMAND.format(before=before), *map(str, arguments)]


def timed(line: list[str], environment: Mapping[str, str], codes: tuple[int, ...] = (0,)) -> float:
    """Milliseconds of the processor that a process takes, which ends with one of these exit codes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(line, env=dict(environment), capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in codes:
        raise SystemExit(f"{line}: {done.stderr}")
    return 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def interleaved(rounds: int, tasks: dict[str, Callable[[], float]]) -> dict[str, tuple[float, float]]:
    """For each task the median, and the least."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(rounds + 1):
        for name, task in tasks.items():
            taken = task()
            if number:  # the first writes bytecode and machine code
                times[name].append(taken)
    return {name: (statistics.median(taken), min(taken)) for name, taken in times.items()}


def begun(figures: Figures, rounds: int, folder: Path, environment: dict[str, str]) -> None:
    """Commands that have run before."""
    capture = folder / "capture.sgf"
    capture.write_bytes(make_capture(PAYLOAD, SIZE // (PAYLOAD + 26)))
    lines = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "sigflow --version": command("pass", "--version"),
        "validate, small sample, format named": command("pass", "validate", SAMPLE, "-s", "sgf1"),
        "validate, small sample, format found": command("pass", "validate", SAMPLE),
        "validate, 8 MB, kept code": command("pass", "validate", capture, "-s", "sgf1", "--engine", "native"),
        "the same with NumPy (the usual way)": command(WITH_NUMPY, "validate", capture, "-s", "sgf1"),
        "the same with NumPy and LLVM": command(WITH_LLVM, "validate", capture, "-s", "sgf1"),
    }
    cached = environment | {"SIGFLOW_CACHE": str(folder / "kept")}
    tasks: dict[str, Callable[[], float]] = {
        name: lambda line=line: timed(line, cached) for name, line in lines.items()
    }
    timed(lines["validate, 8 MB, kept code"], cached)
    times = interleaved(rounds, tasks)
    bare = times["python -c pass"]
    rows = [(name, *taken, taken[0] / bare[0], taken[1] / bare[1]) for name, taken in times.items()]
    head = ("process", "ms, median", "ms, least", "of pass", "of pass, least")
    figures.table("Processes that have run before, bytecode and machine code kept", head, rows)


def first(figures: Figures, rounds: int, names: list[str], folder: Path, environment: dict[str, str]) -> None:
    """The first scan ever of a spec: nothing is kept but bytecode."""
    number = 0

    def fresh(name: str) -> float:
        nonlocal number
        number += 1
        line = command("pass", "validate", SAMPLE, "-s", name, "--engine", "native")
        # (3: the sample is of one format, and damage to the others)
        return timed(line, environment | {"SIGFLOW_CACHE": str(folder / f"fresh{number}")}, (0, 3))

    times = interleaved(rounds, {name: partial(fresh, name) for name in names})
    rows: list[list[Any]] = []
    for name in names:
        done = subprocess.run(
            [sys.executable, "-c", COMPILED, name], env=environment, capture_output=True, text=True, check=True
        )
        rows.append([name, *times[name], *json.loads(done.stdout)])
    head = (
        "format", "ms, median", "ms, least", "lines of the scan", "functions", "lines for LLVM", "bytes of code",
        "text made, ms", "compiled, ms", "by LLVM, ms",
    )  # fmt: skip
    figures.table("The first native scan of a spec, as a whole process", head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="of each figure (default 9)")
    parser.add_argument("--formats", nargs="+", default=list(FORMATS), metavar="NAME", help="for the first scan")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    options = parser.parse_args()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "generated")])
    figures = Figures("startup", f"python tools/bench_startup.py --rounds {options.rounds}")
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        begun(figures, options.rounds, Path(name), environment)
        first(figures, max(2, options.rounds // 3), options.formats, Path(name), environment)
    print(f"\n{time.perf_counter() - started:.0f} s; load {figures.load}")
    figures.keep(options.json)


if __name__ == "__main__":
    main()
