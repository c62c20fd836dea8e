"""Random edits of frames that were read: the frame is one, it says what was set, and nothing else has changed.

    python -m tools.check_edits [--edits 1000000] [--seed 0] CAPTURE SPEC...

SPEC: a format's name or a `.ksy` file.  Without CAPTURE: the samples of the project.  The edits are those of
`tests/building/edits.py`; values that are refused are counted apart.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path
from time import monotonic

import sigflow

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.building.edits import edited  # noqa: E402

SAMPLES = {"valid_telemetry.sgf": "sgf1", "oscilloscope.hdr": "instrument_hdr", "legacy_archive.sgf": "sgf_legacy"}


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("capture", nargs="?", metavar="CAPTURE", help="instead of the samples")
    options.add_argument("specs", nargs="*", metavar="SPEC", help="the formats of CAPTURE")
    options.add_argument("--edits", type=int, default=1_000_000, help="that are made in all (default 1,000,000)")
    options.add_argument("--seed", type=int, default=0, help="of the random values (default 0)")
    chosen = options.parse_args()
    captures = (
        [(chosen.capture, chosen.specs)]
        if chosen.capture
        else [(str(ROOT / "samples" / name), [spec]) for name, spec in SAMPLES.items()]
    )
    rng = random.Random(chosen.seed)
    for path, specs in captures:
        formats = [sigflow.compile(spec) if spec.endswith(".ksy") else sigflow.load(spec) for spec in specs]
        records = list(sigflow.open(path, formats))
        if not records:
            print(f"{path}: no frames", file=sys.stderr)
            return 1
        made = refused = 0
        start = monotonic()
        while made < chosen.edits // len(captures):
            more, others = edited(records, 3, rng)
            made, refused = made + more, refused + others
            if not more and refused > 1000:
                break
        print(f"{path}: {made} edits, {refused} refused, {monotonic() - start:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
