"""Compare our scan with the reference scan: frames, gaps and reasons must be identical.

    python tools/check_reference.py PATH/scan.py [--streams 20000] [--seed 1] [--python]
    python tools/check_reference.py PATH/sequence.py --counters 100000 [--seed 1]

Streams are seeded, damaged, short: of the reference's own lists of formats by both engines, in three chunkings and by
2, 3 and 7 workers; and of lists drawn at random, with other limits and chains, by the Python engine.

With --counters: what sequence counters show, by the Python trackers and by the compiled native form, on random lists of
counters with losses, duplicates, late ones, restarts and strays.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT / "tests", ROOT / "generated", ROOT):
    sys.path.insert(0, str(folder))

from sigflow import catalog  # noqa: E402
from sigflow.engine import Native  # noqa: E402
from sigflow.stream.format import Format  # noqa: E402
from tests.counters import KINDS, by_native, by_tracker, told, values  # noqa: E402
from tests.engine.ways import by_workers, events_of, native_of  # noqa: E402
from tests.reference import damaged, expected, load, pieces, wrap_all  # noqa: E402
from tests.stream import damage  # noqa: E402
from tests.stream.ways import decode  # noqa: E402


def lists(reference: Any, rng: random.Random) -> tuple[list[Any], tuple[bytes, ...]]:
    """A list of reference formats, with small limits and chains as often as large ones; and idle literals."""
    r = reference
    small = rng.choice((12, 30, 60, 200))
    chain = rng.choice((1, 2, 2, 3, 3, 4, 5))
    plain: dict[str, Callable[[], Any]] = {
        "sgf1": lambda: r.Sgf1(max=rng.choice((40, 60, 200, 26 + (1 << 24)))),
        "ubx": lambda: r.Ubx(max=rng.choice((small, 65543))),
        "nmea": lambda: r.Nmea(max=rng.choice((20, 82))),
        "hdr": lambda: r.Hdr(header=rng.choice((24, 60, 4096)), payload=rng.choice((20, 10_000_000))),
        "legacy": lambda: r.Legacy(max=rng.choice((small, 6 + (1 << 24))), chain=chain),
        "ccsds": lambda: r.Ccsds(max=rng.choice((small, 65542)), chain=chain),
        "tlv": lambda: r.Tlv(max=rng.choice((small, 65539)), chain=chain),
        "aa": r.Aa,
        "bare": r.Bare,
        "slip": r.SlipCrc,
        "cobs": r.Cobs,
        "hdlc": r.HdlcPlain,
        "line": r.Line,
    }
    names = list(plain)
    count = rng.choice((1, 1, 1, 2, 2, 3))
    idle = tuple(rng.sample((b"\xff", b"\0", b"\r\n", b"\xff\xfe", b"\x7e\0"), rng.choice((0, 0, 0, 1, 1, 2))))
    return [plain[name]() for name in rng.sample(names, count)], idle if idle[:1] != (b"\xff",) else idle[:1]


@cache
def natives(path: str | None) -> list[tuple[list[Any], tuple[bytes, ...], Native | None]]:
    """The reference's own lists, each with its native scan; chains of different lengths have none."""
    known: list[tuple[list[Any], tuple[bytes, ...], Native | None]] = []
    for formats, idle in load("scan", path).lists():
        envelopes = wrap_all(load("scan", path), formats, idle)
        obstacle = Native.obstacle([Format(envelope) for envelope in envelopes])
        known.append((formats, idle, None if obstacle else native_of(envelopes, compile=True)))
    return known


def check(path: str | None, seed: int, native: bool, seen: Counter[str]) -> str | None:
    """Compare on one stream: None if all agrees, else what does not.  `seen` counts frames and reasons."""
    reference, rng = load("scan", path), random.Random(seed)
    own = native and seed % 2 == 0
    formats, idle, engine = rng.choice(natives(path)) if own else (*lists(reference, rng), None)
    data = damaged(formats, rng, rng.choice((40, 120, 250)), idle)
    live = not own and rng.random() < 0.3
    envelopes = wrap_all(reference, formats, idle, rng, live)
    want = expected(reference, formats, data, live, idle)
    seen.update(text.partition(":")[2] or text for event in want if event[0] == "gap" for text in event[3])
    seen["frames"] += sum(event[0] == "frame" for event in want)
    seen["idle"] += sum(event[0] == "idle" for event in want)
    cut = damage.chunks(rng, data)
    events_by_way: dict[str, Callable[[], Any]] = {
        "whole": lambda: decode(envelopes, [data]),
        "cut": lambda: decode(envelopes, cut),
        "bytewise": lambda: decode(envelopes, [bytes((byte,)) for byte in data]),
    }
    if engine is not None:
        events_by_way |= {
            "native": lambda: events_of(engine, [data]),
            "native, windows": lambda: events_of(engine, cut),
            "2 workers": lambda: by_workers(engine, [data], 2, rng.randrange(1, 60)),
            "3 workers": lambda: by_workers(engine, cut, 3, rng.randrange(1, 60)),
            "7 workers": lambda: by_workers(engine, [data], 7, rng.randrange(5, 90)),
        }
    for way, events in events_by_way.items():
        have = pieces(events())
        if have != want:
            shown = [f"{format.name}(max={format.max}, chain={format.chain})" for format in formats]
            first = next((pair for pair in zip(want, have, strict=False) if pair[0] != pair[1]), (want[-1:], have[-1:]))
            return f"seed {seed}, {shown}, idle {idle}, {way}, of {data.hex()}: wanted {first[0]}, found {first[1]}"
    return None


def check_counters(path: str, lists: int, first: int) -> int:
    """Compare on so many lists of counters; how many differ."""
    reference, entry = load("sequence", path), Native([catalog.load("sgf1")]).entries.follow()
    wrong = 0
    for seed in range(first, first + lists):
        rng = random.Random(f"counters {seed}")
        kind, window = rng.choice(KINDS), rng.choice((1024, 1024, 1024, 3, 40))
        counters = values(rng, *kind, rng.choice((5, 20, 60, 300)))
        events, totals = reference.follow(counters, *kind, window)
        want = [tuple(event) for event in events], totals
        of_one = [(0, value) for value in counters]
        native = by_native(of_one, *kind, window, entry=entry, size=rng.choice((1, 7, 70, 1000)))
        if told(*by_tracker(of_one, *kind, window)) != want or told(*native) != want:
            wrong += 1
            if wrong <= 5:
                print(f"seed {seed}, modulus and step {kind}, window {window}: {counters}")
    return wrong


def main() -> int:
    """Exit code 0 if all streams agree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("reference", help="path of the reference scan")
    parser.add_argument("--streams", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--python", action="store_true", help="the Python engine alone")
    parser.add_argument("--counters", type=int, default=0, metavar="N", help="lists of counters instead of streams")
    arguments = parser.parse_args()
    if arguments.counters:
        began = time.perf_counter()
        differ = check_counters(arguments.reference, arguments.counters, arguments.seed)
        print(f"{arguments.counters} lists of counters: {differ} differ ({time.perf_counter() - began:.0f} s)")
        return 1 if differ else 0
    began, wrong = time.perf_counter(), 0
    seen: Counter[str] = Counter()
    for seed in range(arguments.seed, arguments.seed + arguments.streams):
        difference = check(arguments.reference, seed, not arguments.python, seen)
        if difference is not None:
            wrong += 1
            if wrong <= 5:
                print(difference)
    seconds = time.perf_counter() - began
    print(f"{arguments.streams} streams, in all ways: {wrong} differ ({seconds:.0f} s)")
    print(", ".join(f"{count} {name}" for name, count in seen.most_common()))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
