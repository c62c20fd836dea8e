"""The command line of what kills sigflow at random moments and looks at what is left."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path


def main(description: str, run: Callable[[int, int, Path], Counter[str]], outcome: str) -> None:
    """Do so many rounds, and print how often each state was found.

    run: is given the rounds, the seed and a folder.  outcome: what is said at the end, behind the number of rounds.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=200, help="rounds (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="the seed (default 1)")
    options = parser.parse_args()
    root = Path(__file__).resolve().parent.parent
    paths = [str(root), str(root / "generated"), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    with tempfile.TemporaryDirectory() as name:
        states = run(options.rounds, options.seed, Path(name))
    for state, count in sorted(states.items()):
        print(f"{count:5} x {state}")
    print(f"{options.rounds} {outcome}")
