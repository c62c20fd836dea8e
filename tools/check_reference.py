"""Compare our scan with a reference scan: frames, gaps and reasons must be identical.

    python tools/check_reference.py PATH/scan.py [--streams 5000] [--seed 1]

The reference's own formats are wrapped as envelopes: its `measure` decides how long a frame is, its layout tells what
the checksums cover, our algorithms compute them.  Streams are seeded, damaged, short, and fed in random chunks.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sigflow.events import Gap, Record
from sigflow.runtime.envelope import Checksum, Envelope, Measured, Refused, Sequence
from sigflow.runtime.window import Window
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from tests.stream import damage

Event = tuple[Any, ...]

#: By format: algorithm, size and order of the stored value, where it stands, and what it covers.
CHECKS: dict[str, tuple[str, int, str, int, tuple[tuple[int, int | None], ...]]] = {
    "sgf1": ("CRC-32/ISO-HDLC", 4, "big", 22, ((0, 22), (26, None))),
    "ubx": ("fletcher-16-mod256", 2, "little", -2, ((2, -2),)),
    "nmea": ("xor-8", 2, "hex", -4, ((1, -5),)),
    "hdr": ("CRC-32/ISO-HDLC", 4, "big", -4, ()),  # covers the payload, wherever it begins
    "aa": ("sum-8", 1, "big", -1, ((2, -1),)),
    "bare": ("CRC-32/ISO-HDLC", 4, "big", -4, ((0, -4),)),
}
#: Bytes of the header of the formats whose header has a fixed size.
HEADERS = {"sgf1": 26, "ubx": 6, "legacy": 6, "ccsds": 6, "tlv": 4, "aa": 3, "bare": 1}


def load(path: str) -> Any:
    """The reference module at this path."""
    spec = importlib.util.spec_from_file_location("reference_scan", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules["reference_scan"] = module
    spec.loader.exec_module(module)
    return module


class Sequenced:
    """The value of an SGF1 frame, as far as `overtaken-by: sequence` needs it; a cut header gives neither."""

    def __init__(self, raw: bytes) -> None:
        self.stream, self.sequence = raw[6:10], int.from_bytes(raw[10:18], "big")


def wrap(reference: Any, theirs: Any, rng: random.Random, live: bool) -> Envelope:
    """The envelope of a reference format; whether it is measured fast, in runs, with static checksums is drawn.

    live: with `overtaken-by: sequence`, where the format has one.
    """

    def checks(raw: bytes, length: int) -> tuple[Any, ...]:
        if theirs.check is None:
            return ()
        _, _, _, place, pieces = CHECKS[theirs.name]
        if theirs.name == "hdr":
            found = re.search(rb"\r\nLEN:([0-9]+)\r\n", raw)
            assert found is not None  # it was measured
            pieces = ((length - 4 - int(found[1]), -4),)
        return ((place, pieces),)

    def steps(window: Window) -> Generator[None, None, Measured]:
        while True:
            raw = bytes(window._data[window._at : window._end])
            kind, value = theirs.measure(raw, 0) if raw else (reference.NEED, 1)
            if kind is reference.BAD:
                raise Refused(value)
            if kind is reference.LEN:
                return Measured(value, theirs.hdr, checks(raw, value))
            yield

    def measure(data: Any, at: int, end: int) -> int | str | None:
        if end - at < HEADERS[theirs.name]:
            return None
        kind, value = theirs.measure(data, at)
        return value - at if kind is reference.LEN else value  # type: ignore[no-any-return]

    def run(data: Any, at: int, end: int, limit: int, found: list[Any]) -> int:
        while end - at >= HEADERS[theirs.name] and data.startswith(theirs.sync, at):
            length = measure(data, at, end)
            if not isinstance(length, int) or length > limit or at + length > end:
                break
            if not theirs.check(bytes(data), at, at + length):
                break
            found.append((at, at + length, ()))
            at += length
        return at

    fixed = theirs.name in HEADERS
    fast = fixed and rng.random() < 0.5
    checksum: tuple[Checksum, ...] = ()
    if theirs.check is not None:
        algorithm, size, order, place, pieces = CHECKS[theirs.name]
        checksum = (Checksum("checksum", algorithm, size, order),)
        if theirs.name != "hdr" and rng.random() < 0.5:
            checksum = (replace(checksum[0], stored=place, pieces=pieces),)
    return Envelope(
        name=theirs.name,
        spec="",
        parse=lambda raw, head: Sequenced(raw),
        sequence=Sequence("sequence", 1 << 64, 1, lambda unit: unit.stream) if theirs.name == "sgf1" else None,
        overtaken_by="sequence" if live and theirs.name == "sgf1" else None,
        steps=steps,
        measure=measure if fast else None,
        run=run if fast and theirs.check is not None and rng.random() < 0.7 else None,
        sync=(theirs.sync,) if theirs.sync else (),
        max_frame=theirs.max,
        header=HEADERS[theirs.name] if fixed and theirs.hdr <= HEADERS[theirs.name] else None,
        chain=theirs.chain if theirs.check is None else None,
        checksums=checksum,
    )


def lists(reference: Any, rng: random.Random) -> list[Any]:
    """A list of reference formats, with small limits and chains as often as large ones."""
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
    }
    names = list(plain)
    count = rng.choice((1, 1, 1, 2, 2, 3))
    return [plain[name]() for name in rng.sample(names, count)]


def makers(formats: list[Any], rng: random.Random) -> list[damage.Maker]:
    """How frames of these formats are made; a few are not theirs at all."""

    def maker(theirs: Any) -> damage.Maker:
        special: dict[str, Callable[[bytes], bytes]] = {
            "sgf1": lambda payload: theirs.make(payload, rng.choice((7, 7, 7, 8)), rng.randrange(1, 5)),
            "nmea": lambda payload: theirs.make(bytes(33 + byte % 90 for byte in payload).replace(b"*", b"A")),
            "ccsds": lambda payload: theirs.make(payload or b"\1"),
            "hdr": lambda payload: theirs.make(payload or b"A", *rng.choice(((), (b"A:B",), (b"M:;END", b"ENDIAN:L")))),
            "aa": lambda payload: theirs.make(payload[:255]),
            "bare": lambda payload: theirs.make(payload[:255]),
        }
        return special.get(theirs.name, theirs.make)  # type: ignore[no-any-return]

    return [maker(each) for each in formats]


def expected(reference: Any, formats: list[Any], data: bytes, live: bool) -> list[Event]:
    """What the reference says."""
    rules = replace(reference.AMENDED, overtake="seq" if live else 0)
    return [tuple(event) for event in reference.whole(data, formats, rules)]


def found(envelopes: list[Envelope], pieces: list[bytes]) -> list[Event]:
    """What we say."""

    def drain() -> Iterator[Event]:
        for event in decoder.events():
            if isinstance(event, Record):
                yield ("frame", event.start, event.stop, event.format)
            elif isinstance(event, Gap):
                yield ("gap", event.span.start, event.span.stop, event.reasons)

    decoder = Decoder([Format(each) for each in envelopes])
    events: list[Event] = []
    for piece in pieces:
        decoder.feed(piece)
        events += drain()
    decoder.feed_eof()
    return [*events, *drain()]


def check(reference: Any, seed: int, seen: Counter[str]) -> str | None:
    """Compare on one stream: None if all agrees, else what does not.  `seen` counts frames and reasons."""
    rng = random.Random(seed)
    formats = lists(reference, rng)
    markers = [each.sync for each in formats if each.sync] or [b"\0\1"]
    data = damage.stream(rng, makers(formats, rng), markers, rng.choice((40, 120, 250)))
    live = rng.random() < 0.3
    envelopes = [wrap(reference, each, rng, live) for each in formats]
    want = expected(reference, formats, data, live)
    seen.update(text.partition(":")[2] or text for event in want if event[0] == "gap" for text in event[3])
    seen["frames"] += sum(event[0] == "frame" for event in want)
    for pieces in ([data], damage.chunks(rng, data), [bytes((byte,)) for byte in data]):
        have = found(envelopes, pieces)
        if have != want:
            shown = [f"{each.name}(max={each.max}, chain={each.chain})" for each in formats]
            first = next((pair for pair in zip(want, have, strict=False) if pair[0] != pair[1]), (want[-1:], have[-1:]))
            return f"seed {seed}, {shown}, {len(pieces)} chunks of {data.hex()}: wanted {first[0]}, found {first[1]}"
    return None


def main() -> int:
    """Exit code 0 if all streams agree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("reference", help="path of the reference scan")
    parser.add_argument("--streams", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    reference = load(arguments.reference)
    began, wrong = time.perf_counter(), 0
    seen: Counter[str] = Counter()
    for seed in range(arguments.seed, arguments.seed + arguments.streams):
        difference = check(reference, seed, seen)
        if difference is not None:
            wrong += 1
            if wrong <= 5:
                print(difference)
    seconds = time.perf_counter() - began
    print(f"{arguments.streams} streams, each in 3 chunkings: {wrong} differ ({seconds:.0f} s)")
    print(", ".join(f"{count} {name}" for name, count in seen.most_common()))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
