"""Every sample cut at every byte and with every bit flipped, and captures with bits flipped here and there.

    python -m tools.check_damage [--flips 20000] [--seed 1] [--captures FOLDER]

By the Python engine and the compiled native one: no exception, the ledger sums, both find the same; where frames have a
checksum, what the fault does not touch is found, and nothing changes unseen (`tests/test_damage.py` says how).  Samples
are made to be small; `--captures`, or SIGFLOW_CAPTURES, names a folder of large ones, each of which gets so many seeded
flips.  Prints the counts; an `AssertionError` is a promise that does not hold.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT / "tests", ROOT / "generated", ROOT):
    sys.path.insert(0, str(folder))

from tests.test_damage import (  # noqa: E402
    CAPTURES,
    NAMES,
    capture,
    check_cut,
    check_flip,
    check_flips_of_capture,
    sample,
)


def words(counted: Counter[str]) -> str:
    """The counts in words, the most frequent first."""
    return ", ".join(f"{count:,} {what}" for what, count in counted.most_common())


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--flips", type=int, default=20_000, help="of each capture (default 20,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--captures", type=Path, default=os.environ.get("SIGFLOW_CAPTURES"))
    options = parser.parse_args()
    for name in NAMES:
        began, one = monotonic(), sample(name)
        for length in range(len(one.data)):
            check_cut(one, length, True)
        counted = Counter(check_flip(one, bit, True) for bit in range(8 * len(one.data)))
        what = f"{len(one.data):,} cuts, {counted.total():,} flips: {words(counted)}"
        print(f"{name}: {what} ({monotonic() - began:.0f} s)", flush=True)
    for name in CAPTURES if options.captures is not None else ():
        began = monotonic()
        counted = check_flips_of_capture(capture(Path(options.captures), name), options.seed, options.flips)
        print(f"{name}: {counted.total():,} flips: {words(counted)} ({monotonic() - began:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
