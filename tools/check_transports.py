"""Every transport between two processes, in full: bytes, cuts, and the events of the live decoder.

    python -m tools.check_transports [NAME ...] [--frames 10000] [--cuts 100] [--seed 1] [--folder DIR]

For each transport one process sends frames of an instrument in pieces of random size, down to single bytes, with
stalls, over connections that end in every way there is: closed, half-closed, reset, killed, unplugged, rotated.
Another one ingests them.  Then the raw capture must be what each connection has sent, but for what was on its way when
it ended; the frames those that came whole over one connection; the events of the live decoder those of the capture that
is scanned afterwards.  Once more with --max-wait and stalls that are longer, where the marks must give the same events.
Prints a line for each; the exit code is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for path in (ROOT / "generated", ROOT):
    sys.path.insert(0, str(path))

from sigflow.errors import SigflowError  # noqa: E402
from tests.transport.ends import SIMULATED, WAYS, Result, check, check_simulated, emptied  # noqa: E402
from tests.transport.plan import Plan  # noqa: E402

#: Seconds that a candidate may wait, and those of a stall that is longer.
MAX_WAIT, STALL = 0.05, 0.25
#: Stalls of a run, and the share of frames and cuts of that with --max-wait.
STALLS, SHARE = 20, 10
#: Frames, at least: there is room for all stalls in a share of them.
FEWEST = 100


def line(name: str, result: Result) -> str:
    """What is printed."""
    told = f"{result.frames} frames, {result.bytes} bytes, {result.cuts} cuts, {result.lost} bytes lost"
    return f"{name}: {told}, {result.marks} marks, {result.seconds:.1f} s, {'DIFFERS' if result.wrong else 'equal'}"


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 if nothing differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    known = [*WAYS, *SIMULATED]
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which transports (default: all of {'; '.join(known)})"
    )
    parser.add_argument("--frames", type=int, default=10_000, help="frames of each (default 10,000)")
    parser.add_argument("--cuts", type=int, default=100, help="cuts of each (default 100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where what was ingested is left (default: nowhere)")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in known]
    if unknown:
        parser.error(f"{unknown[0]!r} is none of {'; '.join(known)}")
    if chosen.frames < FEWEST or not 0 <= chosen.cuts <= chosen.frames:
        parser.error(f"at least {FEWEST} frames are wanted, and as many cuts at most")
    failed = False
    with tempfile.TemporaryDirectory() as passing:
        folder = chosen.folder or Path(passing)
        whole = Plan(chosen.seed, chosen.frames, chosen.cuts, STALLS)
        part = Plan(chosen.seed, max(chosen.frames // SHARE, 10), chosen.cuts // SHARE, STALLS, STALL)
        for name in chosen.names or known:
            for label, plan, max_wait in ((name, whole, 0.0), (f"{name}, max-wait", part, MAX_WAIT)):
                if name in SIMULATED and max_wait:
                    continue
                at = emptied(folder / label.replace(", ", "-").replace(" ", "-"))
                try:
                    if name in SIMULATED:
                        result = check_simulated(name, at, chosen.frames)
                    else:
                        result = check(name, at, plan, max_wait=max_wait)
                except (SigflowError, OSError) as error:
                    print(f"{label}: {error}", flush=True)
                    failed = True
                    continue
                print(line(label, result), flush=True)
                for words in result.wrong[:5]:
                    print(f"  {words[:300]}", flush=True)
                failed |= bool(result.wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
