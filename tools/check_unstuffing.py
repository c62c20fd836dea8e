"""Compare the unstuffing kernels, compiled, with Python: the same units of all bytes, sound, damaged, cut anywhere.

python tools/check_unstuffing.py [--inputs 1000000] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.unstuffing import STUFFINGS, compiled_functions, difference, kernel  # noqa: E402


def main() -> int:
    """Exit code 0 if all inputs of all kinds agree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=1_000_000, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    functions, wrong = compiled_functions(), 0
    for name, stuffing in STUFFINGS.items():
        began, undo, rng = time.perf_counter(), kernel(stuffing, functions), random.Random(f"{name} {arguments.seed}")
        differ = [words for _ in range(arguments.inputs) if (words := difference(rng, stuffing, undo))]
        print(f"{name}: {arguments.inputs} inputs, {len(differ)} differ ({time.perf_counter() - began:.0f} s)")
        for words in differ[:3]:
            print(f"  {words}")
        wrong += len(differ)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
