"""Times parsers of everyday files that our compiler and the official one generate, side by side in one run.

    python tools/bench_compiler.py [--modules DIR] [--seconds S] [FILE-KIND ...]

For each file: parse it (with --instances: read every instance, too), with the official compiler's Python and with ours,
in turn; the ratio of the fastest rounds.  Files of which nearly all time is one big copy are listed apart.  Then the
time to compile: all specs in one process, and one spec from the command line, process start included.
"""

from __future__ import annotations

import argparse
import importlib
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import oracle  # noqa: E402

from sigflow.compiler import build  # noqa: E402
from tests.compiler.make_inputs import inputs  # noqa: E402
from tools.figures import Figures  # noqa: E402

SPECS = ROOT / "tests" / "specs"


def rounds(parse: Callable[[], object], seconds: float) -> float:
    """The fastest of as many rounds as fit, in seconds per parse."""
    best, started = math.inf, time.perf_counter()
    while time.perf_counter() - started < seconds:
        before = time.perf_counter()
        parse()
        best = min(best, time.perf_counter() - before)
    return best


def reader(cls: Any, data: bytes, instances: bool) -> Callable[[], object]:
    """Parse `data`, and read every instance if they are wanted."""

    def parse() -> object:
        value = cls.from_bytes(data)
        value._fetch_instances()
        return value

    return parse if instances else lambda: cls.from_bytes(data)


def load(folder: Path, name: str) -> Any:
    """The class of a generated module in `folder`."""
    sys.path.insert(0, str(folder))
    sys.modules.pop(name, None)
    try:
        module = importlib.import_module(name)
    finally:
        sys.path.pop(0)
    sys.modules.pop(name, None)
    return getattr(module, "".join(part.capitalize() for part in name.split("_")))


def compile_all(kinds: list[str], ours: Path, official: Path) -> None:
    for kind in kinds:
        built = build(SPECS / f"{kind}.ksy")
        assert built.ok, built.problems
        for name, text in built.modules.items():
            (ours / f"{name}.py").write_text(text, encoding="utf-8")
        oracle.compile_python(SPECS / f"{kind}.ksy", official, [])


def parsing(figures: Figures, kinds: list[str], folder: Path, seconds: float, instances: bool) -> None:
    ours, official = folder / "ours", folder / "official"
    ours.mkdir()
    official.mkdir()
    compile_all(kinds, ours, official)
    rows: list[tuple[str, int, float, float, bool]] = []
    for kind in kinds:
        mine, theirs = load(ours, kind), load(official, kind)
        for path in inputs(kind, folder):
            data = path.read_bytes()
            slow, fast = math.inf, math.inf
            for _ in range(3):
                slow = min(slow, rounds(reader(theirs, data, instances), seconds))
                fast = min(fast, rounds(reader(mine, data, instances), seconds))
            copy = rounds(lambda data=data: bytes(bytearray(data)), seconds / 10)  # type: ignore[misc]
            rows.append((f"{kind} {path.name}", len(data), slow, fast, copy > slow / 5))
    ratios = [slow / fast for *_, slow, fast, copies in rows if not copies]
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    figures.table(
        "Whole files, with every instance" if instances else "Whole files",
        ("microseconds a file", "bytes", "official", "sigflow", "times as fast"),
        [
            (f"{name} (a copy)" if copies else name, size, slow * 1e6, fast * 1e6, slow / fast)
            for name, size, slow, fast, copies in rows
        ],
        f"Geometric mean {mean:.2f}, lowest {min(ratios):.2f}, of {len(ratios)} files that are not one big copy.",
    )


def compiling(figures: Figures, folder: Path) -> None:
    specs = sorted(SPECS.glob("*.ksy"))
    before = time.perf_counter()
    for spec in specs:
        build(spec)
    took = (time.perf_counter() - before) / len(specs) * 1e3
    spec, driver = str(SPECS / "png.ksy"), ["node", str(oracle.DRIVER), "--modules", str(oracle.modules())]
    commands = {
        "sigflow compile png.ksy": [sys.executable, "-m", "sigflow", "compile", spec, "-o", str(folder)],
        "the official compiler, from npm": [*driver, "--target", "python", "-o", str(folder), spec],
    }
    rows: list[tuple[str, float]] = [(f"each of {len(specs)} specs, in one process", took)]
    for name, command in commands.items():
        times = []
        for _ in range(5):
            before = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.perf_counter() - before)
        rows.append((f"{name}, process start included", sorted(times)[2] * 1e3))
    figures.table("Compiling a spec", ("", "milliseconds"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("kinds", nargs="*", help="kinds of files (names of specs in tests/specs); default: all")
    parser.add_argument("--seconds", type=float, default=0.2, help="time for each round of each side")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    parser.add_argument("--instances", action="store_true", help="read every instance, too")
    options = parser.parse_args()
    kinds = options.kinds or sorted(path.stem for path in SPECS.glob("*.ksy"))
    if not oracle.available():
        sys.exit(f"the official compiler is not here: {oracle.why_absent()}")
    with tempfile.TemporaryDirectory() as name:
        figures = Figures("compiler", "python tools/bench_compiler.py")
        parsing(figures, kinds, Path(name), options.seconds, options.instances)
        compiling(figures, Path(name))
        figures.keep(options.json)


if __name__ == "__main__":
    main()
