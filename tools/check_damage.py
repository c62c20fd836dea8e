"""Every sample cut at every byte and with every bit flipped, and captures with bits flipped here and there.

    python -m tools.check_damage [--flips 20000] [--whole 100] [--seed 1] [--captures FOLDER]

By the Python engine and the compiled native one: no exception, the ledger sums, both find the same; where frames have a
checksum, what the fault does not touch is found, and nothing changes unseen (`tests/test_damage.py` says how).  Samples
are made to be small; `--captures`, or SIGFLOW_CAPTURES, names a folder of large ones, each of which gets so many seeded
flips, or is damaged everywhere as well where it has at most 4 KiB.

A damaged stream is scanned where the fault can change anything (`tests/rescan.py`); one in so many (`--whole`) is
scanned from end to end, too, by both engines, and must give the same.  Prints the counts; an `AssertionError` is a
promise that does not hold.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT / "tests", ROOT / "generated", ROOT):
    sys.path.insert(0, str(folder))

from tests.test_damage import (  # noqa: E402
    CAPTURES,
    MOST,
    NAMES,
    Sample,
    capture,
    check_cut,
    check_flip,
    check_flip_of_capture,
    sample,
)


def words(counted: Counter[str]) -> str:
    """The counts in words, the most frequent first."""
    return ", ".join(f"{count:,} {what}" for what, count in counted.most_common())


def say(
    sound: Sample, flip: Callable[[Sample, int, bool], str], bits: Sequence[int], every: int, everywhere: bool
) -> None:
    """Damage a stream, and say what became of it.  every: one in so many is scanned from end to end.  everywhere: the
    stream is cut at every byte, too.
    """
    began = process_time()
    cuts = range(len(sound.data) if everywhere else 0)
    for length in cuts:
        check_cut(sound, length, length % every == 0)
    counted = Counter(flip(sound, bit, n % every == 0) for n, bit in enumerate(bits))
    whole = len(bits[::every]) + len(cuts[::every])
    print(
        f"{sound.name}: {len(cuts):,} cuts, {len(bits):,} flips, {whole:,} of them scanned from end to end: "
        f"{words(counted)} ({process_time() - began:.0f} s of processor time)",
        flush=True,
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--flips", type=int, default=20_000, help="of each capture (default 20,000)")
    parser.add_argument("--whole", type=int, default=100, help="one in so many is scanned whole (default 100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--captures", type=Path, default=os.environ.get("SIGFLOW_CAPTURES") or None)
    options = parser.parse_args()
    for name in NAMES:
        sound = sample(name)
        say(sound, check_flip, range(8 * len(sound.data)), options.whole, True)
    for name in CAPTURES if options.captures is not None else ():
        size = (options.captures / name).stat().st_size
        sound, bits = capture(options.captures, name, options.seed, 8 * size if size <= MOST else options.flips)
        say(sound, check_flip_of_capture, bits, options.whole, size <= MOST)
    return 0


if __name__ == "__main__":
    sys.exit(main())
