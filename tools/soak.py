"""Feeds a decoder for as long as one likes, with damage, and looks at what it holds on to.

    python -m tools.soak [--minutes 30] [--damage 0.01] [--max-frame BYTES] [--engine auto] [--seed 1]

The stream is made as it is fed: SGF1 frames and instrument frames in turns, of each hundred one with a bit flipped, a
byte lost, bytes put in, its end cut off, or noise in its place.  Frames are limited by their specs, or by
`--max-frame`.  All records are read.  Three things must hold:

- resident memory grows by less than 5 MiB after the warm-up (a tenth of the time, and five times the longest frame),
  both at its most, whatever the step, and at rest, which is its least within ten seconds.  A damaged length can hold
  back as many bytes as a frame may have, at any time; so that the warm-up has seen that, a frame of each format that
  claims all of it stands at the beginning, and once more where the native scan has been loaded;
- the number of open descriptors stays as it was;
- the ledger is exact: bytes fed are bytes in frames and in gaps; every frame that was not touched comes out, at its
  place; the sequence counters miss exactly the SGF1 frames that were.

Both checksums are CRC-32, so that nothing is believed by chance; a flipped bit in an instrument frame's header, which
its checksum does not cover, is counted as altered.  Prints a line every ten seconds, and the figures as JSON; exit 1
where something does not hold.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import random
import sys
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import sigflow
from sigflow.events import Event, Record
from tools.make_samples import sgf1

#: MiB that resident memory may grow by after the warm-up.
GROWTH = 5.0
#: Seconds between two looks.
PERIOD = 10.0
NAMES = ("sgf1", "instrument_hdr")
#: Bytes of an SGF1 frame before its payload, and where in it the length of the payload is.
SGF1_HEADER, SGF1_LENGTH = 26, 18
#: More than an instrument frame has besides its payload.
ROOM = 256


def resident() -> float:
    """Resident memory of this process, in MiB."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def descriptors() -> int:
    """Open descriptors of this process."""
    return len(os.listdir("/proc/self/fd"))


def instrument(number: int, payload: bytes) -> bytes:
    """An instrument frame."""
    header = b"*HDR\r\nDEV:OSC-4000\r\nN:%d\r\nENDIAN:L\r\nLEN:%d\r\n;END\r\n" % (number, len(payload))
    return header + payload + zlib.crc32(payload).to_bytes(4, "big")


def longest(frame: bytes, limit: int) -> bytes:
    """This frame, whose length now claims as much as a frame may have."""
    if frame.startswith(b"SGF1"):
        claim = (limit - SGF1_HEADER).to_bytes(4, "big")
        return frame[:SGF1_LENGTH] + claim + frame[SGF1_LENGTH + len(claim) :]
    before, _, behind = frame.partition(b"LEN:")
    return before + b"LEN:%d" % (limit - ROOM) + behind[behind.index(b"\r") :]


def _flipped(rng: random.Random, frame: bytes) -> bytes:
    at = rng.randrange(len(frame))
    return frame[:at] + bytes((frame[at] ^ 1 << rng.randrange(8),)) + frame[at + 1 :]


def _lost(rng: random.Random, frame: bytes) -> bytes:
    at = rng.randrange(len(frame))
    return frame[:at] + frame[at + 1 :]


def _put_in(rng: random.Random, frame: bytes) -> bytes:
    at = rng.randrange(1, len(frame))
    return frame[:at] + rng.randbytes(rng.randrange(1, 9)) + frame[at:]


def _cut(rng: random.Random, frame: bytes) -> bytes:
    return frame[: rng.randrange(1, len(frame))]


def _noise(rng: random.Random, frame: bytes) -> bytes:
    return rng.randbytes(len(frame))


DAMAGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (_flipped, _lost, _put_in, _cut, _noise)


class Soak:
    """A stream being made, fed and checked.  State: how much was fed, which good frames are still to come, counts."""

    def __init__(self, seed: int, damage: float, engine: str, limit: int | None = None) -> None:
        """limit: bytes of a frame at most, instead of the specs'."""
        self._rng = random.Random(seed)
        self._damage = damage
        formats = [sigflow.load(name, limits=sigflow.Limits(frame=limit)) for name in NAMES]
        self._limits = [format.max_frame for format in formats]
        self.longest = max(self._limits)
        self._decoder = sigflow.Decoder(formats, engine=engine)
        # For each format, where frames that claim all they may are due; the first frames are good, so that the counters
        # begin with them.
        self._claims = [deque((1, 2 * self.longest)) for _ in NAMES]
        self._noise = self._rng.randbytes(1 << 16)
        self._number = 0
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._touched: deque[range] = deque()
        self.fed = 0
        self.good = 0
        self.damaged = 0
        self.damaged_counted = 0  # of those with a sequence number
        self.altered = 0
        self.broken = ""

    def step(self) -> None:
        """Feed some frames in chunks of any sizes, and check what comes out."""
        data = b"".join(self._piece() for _ in range(50))
        at = 0
        while at < len(data):
            size = self._rng.choice((1, 100, 1500, 4096, 65536))
            self._decoder.feed(data[at : at + size])
            self._check(self._decoder.events())
            at += size

    def end(self) -> None:
        """End the stream with a good frame of each kind."""
        self._damage = 0.0
        self._decoder.feed(self._piece() + self._piece())
        self._decoder.feed_eof()
        self._check(self._decoder.events())
        counted = self._decoder.statistics
        lost = counted.sequence["lost"]
        self._want(not self._waiting, f"{len(self._waiting)} good frames never came")
        self._want(counted.bytes == self.fed == counted.frame_bytes + counted.gap_bytes, "the ledger does not sum")
        self._want(counted.frames == self.good + self.altered, f"{counted.frames} frames came out")
        self._want(lost == self.damaged_counted, f"the counters miss {lost} frames of {self.damaged_counted}")

    def _piece(self) -> bytes:
        number, rng = self._number, self._rng
        self._number += 1
        start = rng.randrange(1 << 15)
        payload = self._noise[start : start + 1 + rng.randrange(1024)]
        counted = not number % 2
        frame = sgf1(7, number // 2, payload) if counted else instrument(number, payload)
        claims = self._claims[number % len(NAMES)]
        long = self._damage > 0 and number >= len(NAMES) and bool(claims) and self.fed >= claims[0]
        if long or (number > 1 and rng.random() < self._damage):
            self.damaged += 1
            if long:
                claims.popleft()
            self.damaged_counted += counted
            frame = longest(frame, self._limits[number % len(NAMES)]) if long else rng.choice(DAMAGES)(rng, frame)
            self._touched.append(range(self.fed, self.fed + len(frame)))
        else:
            self.good += 1
            self._waiting.append((self.fed, frame))
        self.fed += len(frame)
        return frame

    def _check(self, events: Iterable[Event]) -> None:
        for event in events:
            if not isinstance(event, Record):
                continue
            _ = event.value, event.payload, event.metadata, event.diagnostics
            while self._touched and self._touched[0].stop <= event.start:
                self._touched.popleft()
            if self._waiting and self._waiting[0] == (event.start, event.raw):
                self._waiting.popleft()
            elif self._touched and event.start in self._touched[0] and event.format == "instrument_hdr":
                self.altered += 1
            else:
                self._want(False, f"a frame at {event.start} that was never sent, or after one that was left out")

    def _want(self, holds: bool, otherwise: str) -> None:
        if not holds and not self.broken:
            self.broken = otherwise


def run(
    minutes: float, damage: float, engine: str, seed: int, limit: int | None, say: Callable[[str], None]
) -> dict[str, object]:
    """Feed for so many minutes; gives the figures."""
    soak = Soak(seed, damage, engine, limit)
    started = looked = time.monotonic()
    seconds = 60 * minutes
    most = rest = warm_most = warm_rest = 0.0
    least = math.inf
    open_before = descriptors()
    while (now := time.monotonic()) - started < seconds and not soak.broken:
        soak.step()
        here = resident()
        most, least = max(most, here), min(least, here)
        warm = now - started < seconds / 10 or soak.fed < 5 * soak.longest
        if now - looked >= min(PERIOD, seconds / 20):
            gc.collect()
            looked, rest, least = now, max(rest, least), math.inf
            figures = f"{soak.fed >> 20:7} MiB fed  {here:8.2f} MiB resident  {most:8.2f} at most  {rest:8.2f} at rest"
            say(f"{now - started:7.0f} s  {figures}  {descriptors()} descriptors")
        if warm:
            warm_most, warm_rest, open_before = most, rest, descriptors()
    soak.end()
    growth = max(most - warm_most, rest - warm_rest)
    open_now = descriptors()
    if not soak.broken and growth >= GROWTH:
        soak.broken = f"resident memory grew by {growth:.2f} MiB after the warm-up, the bound is {GROWTH} MiB"
    if not soak.broken and open_now != open_before:
        soak.broken = f"{open_now} descriptors are open, {open_before} were"
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"), "minutes": round((time.monotonic() - started) / 60, 2),
        "engine": engine, "seed": seed, "bytes": soak.fed, "frames": soak.good, "damaged": soak.damaged,
        "altered": soak.altered, "max_frame": limit,
        "most_mib": round(most, 2), "most_growth_mib": round(most - warm_most, 2),
        "rest_mib": round(rest, 2), "rest_growth_mib": round(rest - warm_rest, 2),
        "descriptors": open_now, "ok": not soak.broken, "error": soak.broken,
    }  # fmt: skip


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--damage", type=float, default=0.01, help="share of the frames (default 0.01)")
    parser.add_argument("--max-frame", type=int, help="bytes of a frame at most (default: what the specs say)")
    parser.add_argument("--engine", choices=("auto", "python", "native"), default="auto")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    outcome = run(
        options.minutes,
        options.damage,
        options.engine,
        options.seed,
        options.max_frame,
        lambda line: print(line, file=sys.stderr, flush=True),
    )
    print(json.dumps(outcome))
    return 0 if outcome["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
