"""The native engine against the Python engine on as many damaged streams as one wants.

    python tools/check_engines.py --streams 1000000 --seed 1 [--lists NAME...]

Each stream is scanned by both engines, whole and in windows; every tenth in all ways (live in a decoder whose engines
change, by 2, 3 and 7 workers). `tests/engine` runs a share of it.  Prints a line for each list of formats; exit 1 at
the first difference.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT / "tests", ROOT / "generated", ROOT):
    sys.path.insert(0, str(folder))

from tests.engine.streams import NAMES, native, stream_of  # noqa: E402
from tests.engine.ways import check_native  # noqa: E402


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--streams", type=int, default=100_000, help="over all lists (default 100,000)")
    options.add_argument("--seed", type=int, default=0, help="the first stream's number (default 0)")
    options.add_argument("--lists", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help="some lists only")
    chosen = options.parse_args()
    share = -(-chosen.streams // len(chosen.lists))
    done = 0
    for name in chosen.lists:
        start = monotonic()
        scan = native(name, True)
        for seed in range(chosen.seed, chosen.seed + share):
            try:
                check_native(scan, stream_of(name, seed), seed, all_ways=seed % 10 == 0)
            except AssertionError as difference:
                print(f"{name}, stream {seed}: {difference}", file=sys.stderr)
                return 1
        done += share
        print(f"{name}: {share:,} streams, no difference, {monotonic() - start:.0f} s ({done:,} in all)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
