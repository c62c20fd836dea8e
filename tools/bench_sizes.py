"""Time against the size of a capture, by engine, in a process that begins and in one that has scanned before.

    python tools/bench_sizes.py [--largest BYTES] [--rounds N] [--json FILE] [--folder FOLDER]

What is timed is `sigflow.open(...).validate()` of a file of SGF1 frames of 90 bytes, by the time of the processor, in
`cold` processes with all that a process takes to begin and to end.  Compiled scans and bytecode are kept.  The figure
is the least of the rounds.  Printed are the times, by how much the time grows per doubling, and the break-evens, which
`sigflow.engine.PAYS` holds.  Sizes double from 64 B on; the Python engine stops at 8 MiB.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

# So that it measures this checkout, installed or not.
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "generated"))
sys.path.insert(0, str(ROOT))

import sigflow  # noqa: E402
from sigflow.engine import PAYS  # noqa: E402
from tools.bench_parser import make_capture  # noqa: E402
from tools.figures import Chart, Figures  # noqa: E402

MIB = 1 << 20
LEAST = 64
#: The largest capture that the Python engine is given.
SLOW = 8 * MIB
ENGINES = ("python", "native", "auto")
PROGRAM = (
    "import sys; sys.path[:0] = sys.argv[3:5]\n"
    "import sigflow\n"
    "with sigflow.open(sys.argv[1], 'sgf1', engine=sys.argv[2]) as recording: recording.validate()\n"
)
Times = dict[str, dict[int, float]]


def write(path: Path, size: int, piece: bytes) -> None:
    """A capture of so many bytes; the last frame may be cut."""
    with path.open("wb") as file:
        left = size
        while left > 0:
            left -= file.write(piece[:left])


def cold(path: Path, engine: str) -> float:
    """Seconds of the processor of a process that reads this."""
    command = [sys.executable, "-c", PROGRAM, str(path), engine, str(ROOT / "generated"), str(ROOT)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, path
    return usage.ru_utime + usage.ru_stime


def warm(path: Path, engine: str) -> float:
    """The same in this process."""
    format = sigflow.load("sgf1")
    gc.collect()
    start = process_time()
    with sigflow.open(path, format, engine=engine) as recording:
        recording.validate()
    return process_time() - start


def measured(largest: int, rounds: int, folder: Path) -> Times:
    """Seconds by way and size."""
    piece = make_capture(64, 100_000)
    path = folder / "sized.sgf"
    times: Times = {}
    starts: dict[str, Callable[[Path, str], float]] = {"cold": cold, "warm": warm}
    write(path, MIB, piece)
    warm(path, "native")  # from here on it is loaded, and kept for other processes
    size = LEAST
    while size <= largest:
        write(path, size, piece)
        for how, spent in starts.items():
            for engine in ENGINES:
                if size <= SLOW or engine != "python":
                    several = rounds if size < 64 * MIB else 1
                    times.setdefault(f"{how} {engine}", {})[size] = min(spent(path, engine) for _ in range(several))
        shown = "".join(f"{times[name].get(size, float('nan')) * 1e3:13.2f}" for name in times)
        print(f"{size:>13,}{shown}", flush=True)
        size *= 2
    path.unlink()
    return times


def break_even(slow: dict[int, float], fast: dict[int, float]) -> float | None:
    """The size from which on `fast` is quicker for good, between the sizes that were measured; None where it is not."""
    sizes = sorted(slow.keys() & fast.keys())
    behind = [size for size in sizes if fast[size] >= slow[size]]
    if not behind:
        return sizes[0]
    below = behind[-1]
    above = next((size for size in sizes if size > below), None)
    if above is None:
        return None
    lag, lead = fast[below] - slow[below], slow[above] - fast[above]
    return below + (above - below) * lag / (lag + lead) if lag + lead > 0 else above


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--largest", type=int, default=64 * MIB, help="the largest size (default 64 MiB)")
    options.add_argument("--rounds", type=int, default=3, help="rounds (default 3; 1 from 64 MiB on)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the captures are put")
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        times = measured(chosen.largest, chosen.rounds, Path(name))
    growth = {
        way: max(((by_size[2 * size] / by_size[size], size) for size in by_size if 2 * size in by_size), default=(0, 0))
        for way, by_size in times.items()
    }
    evens = {how: break_even(times[f"{how} python"], times[f"{how} native"]) for how in ("cold", "warm")}
    figures = Figures("sizes", f"python tools/bench_sizes.py --largest {chosen.largest}")
    sizes = sorted({size for by_size in times.values() for size in by_size})
    figures.table(
        f"Milliseconds of the processor for SGF1 frames of 90 bytes, least of {chosen.rounds}",
        ("bytes", *times),
        [
            (f"{size:,}", *(by_size[size] * 1e3 if size in by_size else None for by_size in times.values()))
            for size in sizes
        ],
    )
    figures.table(
        "How much more a capture of twice the size takes, at most",
        ("", "times", "from bytes"),
        [(way, factor, f"{size:,}") for way, (factor, size) in growth.items()],
        *(
            f"In {'a process that begins' if how == 'cold' else 'one that has scanned before'}, native is quicker from "
            f"{'no size' if even is None else f'{even:,.0f} bytes'} on; `auto` takes it from "
            f"{PAYS[how == 'warm']:,} on."
            for how, even in evens.items()
        ),
    )
    lines = {way: sorted(by_size.items()) for way, by_size in times.items()}
    figures.charts.append(Chart("Time by the size of a capture", "bytes of the capture", "processor time", lines))
    figures.keep(chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
