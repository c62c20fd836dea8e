"""How often the true cause of a failed checksum is among the first three that are offered, and how long that takes.

    python -m tools.score_diagnosis [--frames 1000] [--seed 1]

SGF1 frames with 1 KiB of payload, each damaged in one way: by the wire (a bit, a byte, the length field) or by a writer
that computes the checksum in another way.  `tools.score_causes` scores what a verdict makes of it.
"""

from __future__ import annotations

import argparse
import random
import struct
import time
import zlib
from collections.abc import Callable

from sigflow import catalog, checksums
from sigflow.recording.diagnosis.search import Cause, diagnose
from tools.make_samples import sgf1

SGF1 = catalog.load("sgf1")
BASE = 1000
PAYLOAD = 1024
LENGTH = 26 + PAYLOAD
#: What must be offered among the first three.
Judge = Callable[[Cause], bool]
Damage = Callable[[random.Random], tuple[bytes, Judge]]

CRCS = [name for name in checksums.names() if checksums.get(name).width == 32 and name != "CRC-32/ISO-HDLC"]


def frame(rng: random.Random, number: int = 5, size: int = PAYLOAD) -> bytes:
    return sgf1(7, number, rng.randbytes(size))


def parts(rng: random.Random, length: int = PAYLOAD) -> tuple[bytes, bytes]:
    """What the checksum covers of the header, and the payload."""
    return b"SGF1\x01\0" + struct.pack(">IQI", 7, 5, length), rng.randbytes(PAYLOAD)


def flip(rng: random.Random) -> tuple[bytes, Judge]:
    data = bytearray(frame(rng))
    at = rng.randrange(4, len(data))
    data[at] ^= 1 << rng.randrange(8)
    return bytes(data), lambda cause: cause.kind == "flip" and cause.offset == BASE + at


def byte(rng: random.Random) -> tuple[bytes, Judge]:
    data = bytearray(frame(rng))
    at = rng.choice([place for place in range(4, len(data)) if not 18 <= place < 22])
    data[at] ^= rng.choice([change for change in range(256) if change.bit_count() > 1])
    return bytes(data), lambda cause: cause.kind == "byte" and cause.offset == BASE + at


def drop(rng: random.Random) -> tuple[bytes, Judge]:
    data = frame(rng)
    at = rng.randrange(4, len(data))
    lost = data[at : at + 1]

    def told(cause: Cause) -> bool:
        assert cause.offset is not None
        return cause.kind == "drop" and data[cause.offset - BASE : at + 1] == lost * (at + 1 + BASE - cause.offset)

    return data[:at] + data[at + 1 :] + frame(rng, 6)[:40], told


def double(rng: random.Random) -> tuple[bytes, Judge]:
    data = frame(rng)
    at = rng.randrange(4, len(data))
    twice = data[at : at + 1]

    def told(cause: Cause) -> bool:
        assert cause.offset is not None
        return cause.kind == "double" and data[cause.offset - BASE : at + 1] == twice * (at + 1 + BASE - cause.offset)

    return data[:at] + twice + data[at:], told


def insert(rng: random.Random) -> tuple[bytes, Judge]:
    data = frame(rng)
    at = rng.randrange(4, len(data))
    other = bytes([rng.choice([value for value in range(256) if value not in data[at - 1 : at + 1]])])
    return data[:at] + other + data[at:], lambda cause: cause.kind == "insert" and cause.offset == BASE + at


def told_length(cause: Cause) -> bool:
    return f"{LENGTH} bytes" in cause.message and cause.kind in ("length", "flip")


def length(rng: random.Random) -> tuple[bytes, Judge]:
    """The field was damaged after the checksum was computed."""
    wrong = rng.choice([size for size in range(2000) if size != PAYLOAD])
    data = bytearray(frame(rng))
    data[18:22] = wrong.to_bytes(4, "big")
    return bytes(data + frame(rng, 6))[: max(LENGTH, 26 + wrong)], told_length


def wrong_length(rng: random.Random) -> tuple[bytes, Judge]:
    """The writer computed the checksum over the wrong field."""
    wrong = rng.choice([size for size in range(2000) if size != PAYLOAD])
    head, payload = parts(rng, wrong)
    data = head + struct.pack(">I", zlib.crc32(head + payload)) + payload
    return (data + frame(rng, 6))[: max(LENGTH, 26 + wrong)], told_length


def algorithm(rng: random.Random) -> tuple[bytes, Judge]:
    head, payload = parts(rng)
    name = rng.choice(CRCS)
    data = head + struct.pack(">I", checksums.get(name).compute(head + payload)) + payload
    return data, lambda cause: cause.kind == "algorithm" and f"as {name} " in cause.message


def order(rng: random.Random) -> tuple[bytes, Judge]:
    head, payload = parts(rng)
    data = head + struct.pack("<I", zlib.crc32(head + payload)) + payload
    return data, lambda cause: cause.kind == "order" and "little-endian" in cause.message


def coverage(rng: random.Random) -> tuple[bytes, Judge]:
    head, payload = parts(rng)
    over, name = rng.choice(
        [
            (payload, "the payload alone"),
            (head, "the header alone"),
            (head + bytes(4) + payload, "all bytes, the checksum as zeros"),
            (head[4:] + payload, "all bytes but the marker"),
        ]
    )
    data = head + struct.pack(">I", zlib.crc32(over)) + payload
    return data, lambda cause: cause.kind == "coverage" and name in cause.message


DAMAGES: tuple[Damage, ...] = (flip, byte, drop, double, insert, length, wrong_length, algorithm, order, coverage)


def offered(data: bytes) -> tuple[Cause, ...]:
    """The causes that are offered for the frame at the start of the data."""
    claimed = 26 + int.from_bytes(data[18:22], "big")
    return diagnose(SGF1, data, BASE, whole=claimed <= len(data)).causes()


def main() -> None:
    """Print a line for each kind of damage."""
    parser = argparse.ArgumentParser(description="Score the diagnosis of damaged SGF1 frames.")
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    offered(algorithm(random.Random(0))[0])  # the catalogue is made at the first need
    print(f"{'damage':14}{'frames':>7}{'offered':>9}{'mean ms':>9}{'most ms':>9}")
    for damage in DAMAGES:
        rng = random.Random(f"{asked.seed} {damage.__name__}")
        told = 0
        times = []
        for _ in range(asked.frames):
            data, right = damage(rng)
            begun = time.perf_counter()
            causes = offered(data)
            times.append((time.perf_counter() - begun) * 1000)
            told += any(map(right, causes))
        mean = sum(times) / len(times)
        print(f"{damage.__name__:14}{asked.frames:7}{told / asked.frames:9.1%}{mean:9.2f}{max(times):9.1f}")


if __name__ == "__main__":
    main()
