"""Times the native kernels of checksums, over short and long stretches, beside zlib's and ISA-L's CRC-32 in one run.

    python tools/bench_checksums.py [--words N] [--seconds S] [ALGORITHM ...]

For each algorithm: nanoseconds for a whole value over 8 bytes to 64 KiB, the gigabytes per second that makes, what one
step of prefix states costs, and one part of a stretch.  The stretches follow each other in 1 MiB of random bytes, so
they come at every alignment and from the second-level cache.  Parts of sums show as 0.0: their loop is folded away.
Then the time to compile each family, and the ratio of CRC-32 over 64 KiB to ISA-L's (of python-isal, if installed).
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import numpy as np  # noqa: E402

from sigflow.engine.sums import Kernel, kernel_of  # noqa: E402
from tests.engine.compiled import called, text  # noqa: E402

ALGORITHMS = (
    "CRC-32/ISO-HDLC", "CRC-32C", "CRC-16/MODBUS", "CRC-16/XMODEM", "CRC-64/XZ", "CRC-64/ECMA-182", "xor-8", "sum-8",
    "sum-32", "fletcher-16", "fletcher-16-mod256", "fletcher-32", "adler-32", "internet",
)  # fmt: skip
SIZES = (8, 22, 64, 100, 256, 1024, 65536)
STEPS = (2, 4, 7, 16)
ALL = 1 << 20

VALUES = """
def values(data, size, count, P, T):
    total = 0
    at = 0
    for _ in range(count):
        total ^= {family}_finish({family}_update({family}_begin(P), data, at, at + size, P, T), size, P, T)
        at = at + size if at + 2 * size <= len(data) else (at + 7) % 64
    return total
"""
STATES = """
def states(data, step, count, P, T):
    state = 0
    at = 0
    for _ in range(count):
        state = {family}_advance(state, data, at, at + step, P, T)
        at = at + step if at + 2 * step <= len(data) else 0
    return state
"""
PARTS = """
def parts(data, size, count, P, T):
    state = 1
    for _ in range(count):
        state = {family}_over(state, 1, 1, size, P, T)
    return state
"""


def fastest(run: Callable[[int], object], count: int, seconds: float) -> float:
    """Nanoseconds for one of `count`, in the fastest of as many rounds as fit."""
    best, started = float("inf"), time.perf_counter()
    while time.perf_counter() - started < seconds:
        before = time.perf_counter()
        run(count)
        best = min(best, time.perf_counter() - before)
    return best / count * 1e9


def loop_of(loop: str, kernel: Kernel, words: int | None) -> Callable[..., int]:
    """One of the loops above, compiled for a family."""
    name = loop.split()[1].partition("(")[0]
    parameters = loop.partition("(")[2].partition(")")[0].split(", ")
    return called(name, f"{text()}\n\n{loop.format(family=kernel.family)}", parameters, words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("algorithms", nargs="*", default=ALGORITHMS, metavar="ALGORITHM")
    parser.add_argument("--words", type=int, help="words of the vectors multiplied without carry; 0: only tables")
    parser.add_argument("--seconds", type=float, default=0.05, help="for each figure")
    options = parser.parse_args()

    raw = np.random.default_rng(1).integers(0, 256, ALL, dtype=np.uint8).tobytes()
    data = np.frombuffer(raw, np.uint8)
    loops, compiling = {}, {}
    print(f"{'ns for bytes:':20}" + "".join(f"{size:>9}" for size in SIZES) + "   GB/s at 64, 1 Ki, 64 Ki")
    ours = 0.0
    for name in options.algorithms:
        kernel = kernel_of(name)
        if kernel is None:
            raise SystemExit(f"{name} has no kernel")
        if kernel.family not in loops:
            before = time.perf_counter()
            texts = [VALUES, STATES, PARTS] if kernel.has_ranges else [VALUES]
            loops[kernel.family] = [loop_of(loop, kernel, options.words) for loop in texts]
            for loop in loops[kernel.family]:
                loop(data, 1, 1, kernel.P, kernel.T)
            compiling[kernel.family] = time.perf_counter() - before

        def timed(number: int, size: int, kernel: Kernel = kernel) -> float:
            loop = loops[kernel.family][number]
            count = max(20, min(20_000, 4_000_000 // size))
            return fastest(lambda n: loop(data, size, n, kernel.P, kernel.T), count, options.seconds)

        times = {size: timed(0, size) for size in SIZES}
        rates = "".join(f"{size / times[size]:8.1f}" for size in (64, 1024, 65536))
        print(f"{name:20}" + "".join(f"{value:9.1f}" for value in times.values()) + "  " + rates)
        if kernel.has_ranges:
            steps = ", ".join(f"{timed(1, step):.1f} ns for {step}" for step in STEPS)
            parts = ", ".join(f"{timed(2, size):.1f} ns for {size}" for size in (200, 60_000))
            print(f"{'':20}   prefix steps of bytes: {steps}; parts of bytes: {parts}")
        if name == "CRC-32/ISO-HDLC":
            ours = times[65536]
    for family, seconds in compiling.items():
        print(f"{family} and the loops of this benchmark compiled in {seconds:.2f} s")
    peers = {"zlib": zlib.crc32}
    try:
        from isal import isal_zlib

        peers["ISA-L"] = isal_zlib.crc32
    except ImportError:
        print("python-isal is not installed")
    piece = memoryview(raw)[:65536]
    for name, function in peers.items():
        theirs = fastest(lambda n, function=function: [function(piece) for _ in range(n)], 20, 4 * options.seconds)
        ratio = f", ours {theirs / ours:.2f} times as fast" if ours else ""
        print(f"{name}'s CRC-32 over 64 KiB: {65536 / theirs:.1f} GB/s{ratio}")


if __name__ == "__main__":
    main()
