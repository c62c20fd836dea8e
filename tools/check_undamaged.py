"""Undamaged streams are read exactly as they were built: frames inside frames, constant fill, zeros.

    python tools/check_undamaged.py [--streams 10000] [--seed 1]

By the native engine, each tenth by the Python engine as well.  Prints how many streams of each format hold one of the
three cases that docs/reliability.md names, and how many of those were read otherwise; exit 1 at any other difference.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT / "tests", ROOT / "generated", ROOT):
    sys.path.insert(0, str(folder))

from sigflow import catalog  # noqa: E402
from sigflow.engine import Native  # noqa: E402
from tests.engine.ways import events_of  # noqa: E402
from tests.reference import pieces  # noqa: E402
from tests.stream.ways import decode  # noqa: E402
from tests.undamaged import KINDS, Builder, price  # noqa: E402


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--streams", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    wrong = 0
    for kind in KINDS:
        format = catalog.load(kind.name)
        assert format.envelope is not None  # a stream format
        native = Native([format])
        seen: Counter[str] = Counter()
        for seed in range(chosen.seed, chosen.seed + -(-chosen.streams // len(KINDS))):
            frames = Builder(kind, random.Random(f"{kind.name} {seed}")).stream()
            data = b"".join(frames)
            wanted, begin = [], 0
            for frame in frames:
                wanted.append(("frame", begin, begin + len(frame), kind.name))
                begin += len(frame)
            named = price(kind, frames)
            seen["streams"] += 1
            seen["frames"] += len(frames)
            seen.update(f"{case} comes up" for case in named)
            results = [pieces(events_of(native, [data]))]
            if seed % 10 == 0:
                results.append(pieces(decode([format.envelope], [data])))
                if results[0] != results[1]:
                    print(f"{kind.name}, seed {seed}: the engines differ")
                    wrong += 1
            if results[0] != wanted:
                seen["read otherwise"] += 1
                if not named:
                    wrong += 1
                    print(f"{kind.name}, seed {seed}: read otherwise, in none of the named cases")
        print(f"{kind.name}: " + ", ".join(f"{name} {count:,}" for name, count in seen.items()), flush=True)
    print(f"{wrong} streams read wrongly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
