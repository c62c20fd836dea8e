"""Compare streams with cuts with the reference scan, and decoders that are resumed with ones that are not.

    python tools/check_cuts.py PATH/scan.py [--streams 20000] [--seed 1] [--python]

Streams are seeded, damaged, short, of the reference's own lists of formats and of lists drawn at random; with up to six
cuts of every kind.  Each is decoded in chunks, live and as a replay, by the Python scan and by the native one, which
change places at random; then the same once more by decoders that go on from checkpoints of each other.  Frames, gaps
and idle bytes must be those of `with_cuts` in the reference; all events, with losses, notes and the numbers of frames,
and all counts must be those of decoders that see each part between two cuts alone.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT / "tests", ROOT / "generated", ROOT):
    sys.path.insert(0, str(folder))

from sigflow.engine import Native  # noqa: E402
from sigflow.stream.decoder import Decoder  # noqa: E402
from sigflow.stream.format import Format  # noqa: E402
from tests.engine.ways import live_decoder, native_of  # noqa: E402
from tests.reference import damaged, load, pieces, wrap_all  # noqa: E402
from tests.stream.cutting import Make, by_parts, by_reference, decode_cut, random_cuts  # noqa: E402
from tests.stream.ways import shape  # noqa: E402
from tools.check_reference import lists  # noqa: E402


@cache
def natives(path: str | None, compile: bool) -> list[tuple[list[Any], tuple[bytes, ...], Native | None]]:
    """The reference's own lists, each with its native scan, where there is one."""
    known: list[tuple[list[Any], tuple[bytes, ...], Native | None]] = []
    for formats, idle in load("scan", path).lists():
        envelopes = wrap_all(load("scan", path), formats, idle)
        obstacle = Native.obstacle([Format(envelope) for envelope in envelopes])
        known.append((formats, idle, None if obstacle else native_of(envelopes, compile=compile)))
    return known


def check(path: str | None, seed: int, resumes: float, native: bool = True, compile: bool = False) -> str | None:
    """Compare on one stream: None if all agrees, else what does not.  resumes: as of `decode_cut`."""
    reference, rng = load("scan", path), random.Random(f"{seed} {resumes}")
    own = native and rng.random() < 0.5
    theirs, idle, scan = rng.choice(natives(path, compile)) if own else (*lists(reference, rng), None)
    data = damaged(theirs, rng, rng.choice((40, 120, 250)), idle)
    cuts = random_cuts(rng, len(data), without=["removed"])  # (the reference knows of none)
    formats = list(scan.formats) if scan is not None else list(map(Format, wrap_all(reference, theirs, idle, rng)))
    expected, counts = by_parts(formats, data, cuts)
    told = by_reference(reference, theirs, data, cuts, idle)

    def by_python(**more: Any) -> Decoder:
        return Decoder(formats, engine="python", **more)

    makers: dict[str, Make] = {"python": by_python}
    if scan is not None:
        chosen = scan  # (as the type checker sees it)
        makers["native"] = lambda **more: live_decoder(chosen, rng, **more)
    for way, make in makers.items():
        events, decoder = decode_cut(make, data, cuts, rng, resumes=resumes, at_once=rng.random() < 0.3)
        actual, counted = shape(events), decoder.statistics
        wrong = [
            (name, wanted, found_)
            for name, wanted, found_ in (
                ("reference", told, pieces(events)),
                ("events", expected, actual),
                ("counts", counts.tree(), counted.sequence),
                ("undecided", 0, counted.pending_bytes),
            )
            if wanted != found_
        ]
        if wrong:
            name, wanted, found_ = wrong[0]
            shown = [f"{format.name}(max={format.max}, chain={format.chain})" for format in theirs]
            return f"seed {seed}, {shown}, idle {idle}, {way}, {name}, {cuts} of {data.hex()}: {wanted}, not {found_}"
    return None


def main() -> int:
    """Exit code 0 if all streams agree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("reference", help="path of the reference scan")
    parser.add_argument("--streams", type=int, default=20_000, help="streams with cuts, and as many with checkpoints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--python", action="store_true", help="the Python engine alone")
    arguments = parser.parse_args()
    failed = False
    for name, resumes in (("cuts", 0.0), ("cuts and checkpoints", 0.4)):
        began, wrong = time.perf_counter(), 0
        for seed in range(arguments.seed, arguments.seed + arguments.streams):
            difference = check(arguments.reference, seed, resumes, not arguments.python, compile=True)
            if difference is not None:
                wrong += 1
                if wrong <= 5:
                    print(difference)
        seconds = time.perf_counter() - began
        print(f"{arguments.streams} streams with {name}: {wrong} differ ({seconds:.0f} s)", flush=True)
        failed |= wrong > 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
