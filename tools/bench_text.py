"""How fast frames are printed as csv and JSON, beside writing Arrow, and beside printing each frame: one run, ratios.

    python tools/bench_text.py [--frames N] [--payload BYTES] [--repeats N] [--json FILE]

What is timed is `sigflow parse` of a file into a file, in this process, by the processor's time of the process, with
payloads that are opaque and with TLV lists.  The slow way is that of frames whose fields cannot be gathered, and of a
machine without pyarrow; it prints a fiftieth of the frames, and has to print the same.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time
from unittest import mock

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sigflow.cli import main as command
from tools import bench_columns, bench_parser
from tools.figures import Cell, Figures

FORMS = ("arrow", "csv", "ndjson")
SHARE = 50


def parse(capture: Path, form: str, out: Path) -> None:
    """One call of the command."""
    with contextlib.redirect_stderr(io.StringIO()) as said:
        code = command(
            ["parse", str(capture), "-s", "sgf1", "--format", form, "-o", str(out), "--engine", "native", "--quiet"]
        )
    if code:
        raise SystemExit(said.getvalue())


def parse_slowly(capture: Path, form: str, out: Path) -> None:
    """The same, a frame at a time."""
    with mock.patch("sigflow.columns.arrow.has_arrow", lambda: False):
        parse(capture, form, out)


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--frames", type=int, default=1_000_000, help="frames of the capture (default 1,000,000)")
    options.add_argument("--payload", type=int, default=64, help="bytes of each payload (default 64)")
    options.add_argument("--repeats", type=int, default=3, help="rounds (default 3)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    chosen = options.parse_args(arguments)
    makers = {
        "opaque": lambda count: bench_parser.make_capture(chosen.payload, count),
        "tlv": lambda count: bench_columns.make_capture(count, chosen.payload),
    }
    few = max(chosen.frames // SHARE, 1)
    with tempfile.TemporaryDirectory() as folder:
        out, other = Path(folder) / "out", Path(folder) / "other"
        calls = []
        for kind, make in makers.items():
            whole, part = Path(folder) / kind, Path(folder) / f"{kind}_part"
            whole.write_bytes(make(chosen.frames))
            part.write_bytes(make(few))
            for form in FORMS:
                calls.append((f"{kind} {form}", parse, whole, form, chosen.frames))
                if form != "arrow":
                    calls.append((f"{kind} {form}, a frame at a time", parse_slowly, part, form, few))
                    parse(part, form, out)
                    parse_slowly(part, form, other)
                    if out.read_bytes() != other.read_bytes():
                        print(f"the two do not print the same {form}", file=sys.stderr)
                        return 1
        spent: dict[str, list[tuple[float, float]]] = {name: [] for name, *_ in calls}
        for _ in range(chosen.repeats):
            for name, work, capture, form, frames in calls:
                gc.collect()
                begin, start = process_time(), perf_counter()
                work(capture, form, out)
                spent[name].append(((process_time() - begin) / frames, (perf_counter() - start) / frames))
    rows: list[tuple[Cell, ...]] = []
    for name, times in spent.items():
        took = statistics.median(time for time, _ in times)
        clock = statistics.median(time for _, time in times)
        arrow = statistics.median(time for time, _ in spent[f"{name.split()[0]} arrow"])
        rows.append((name, took * 1e6, clock * 1e6, took / arrow))
    figures = Figures("text", "python tools/bench_text.py")
    figures.table(
        f"{chosen.frames:,} frames, payloads of {chosen.payload} bytes, median of {chosen.repeats}",
        ("seconds for a million frames", "of the processor", "by the clock", "times as long as Arrow"),
        rows,
    )
    figures.keep(chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
