"""The check that every checksum passes, built-in or registered: one meaning in all of its forms."""

from __future__ import annotations

import random

import numpy as np

from sigflow.checksums import Algorithm, Model
from sigflow.engine.sums import kernel_of

CHECK = b"123456789"


def check_algorithm(algorithm: Algorithm, check: int, rounds: int = 12) -> None:
    """`check` is the value of "123456789".  Pieces, views and the range form must agree with the whole."""
    assert algorithm.compute(CHECK) == check, hex(algorithm.compute(CHECK))
    assert algorithm.compute(bytearray(CHECK)) == algorithm.compute(memoryview(CHECK)) == check
    rng = random.Random(algorithm.name)
    data = rng.choice([rng.randbytes(64), bytes(64), b"\xff" * 64, bytes(30) + rng.randbytes(34)]) + rng.randbytes(40)
    data = data + bytes(16) + b"\xff" * 16
    for _ in range(rounds):
        start, stop = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
        check_pieces(algorithm, data, start, stop, rng.randint(start, stop))
        check_ranges(algorithm, data, start, stop, rng.randint(start, stop))
    assert 0 <= algorithm.compute(data) < 1 << algorithm.width
    for empty in (b"", memoryview(b"")):
        assert algorithm.compute(empty) == algorithm.finish(algorithm.begin())
        assert algorithm.finish(algorithm.update(algorithm.begin(), empty)) == algorithm.compute(b"")


def check_pieces(algorithm: Algorithm, data: bytes, start: int, stop: int, middle: int) -> None:
    whole = algorithm.compute(data[start:stop])
    state = algorithm.begin()
    for piece in (data[start:middle], b"", memoryview(data)[middle:stop]):
        state = algorithm.update(state, piece)
    assert algorithm.finish(state) == whole


def check_ranges(algorithm: Algorithm, data: bytes, start: int, stop: int, middle: int) -> None:
    """The range form of data[start:stop], and of data[start:middle] followed by data[stop:]."""
    ranges = algorithm.ranges()
    if ranges is None:
        return
    states = [ranges.start]
    for at in range(len(data)):
        states.append(ranges.advance(states[-1], data[at : at + 1], at))
    assert ranges.advance(states[start], data[start:stop], start) == states[stop]
    assert not ranges.compact or max(states) < 1 << 64

    def part(low: int, high: int) -> object:
        return ranges.between(states[low], states[high], low, high)

    size = stop - start
    assert ranges.value(part(start, stop), size) == algorithm.compute(data[start:stop])
    left, right = middle - start, len(data) - stop
    joined = ranges.join(part(start, middle), left, part(stop, len(data)), right)
    assert ranges.value(joined, left + right) == algorithm.compute(data[start:middle] + data[stop:])


def check_native(algorithm: Algorithm, rounds: int = 12, named: str | Model = "") -> None:
    """The native form, as plain Python: pieces, and stretches from prefix states.  named: what gives the algorithm.

    `tests/engine/test_kernels.py` holds the compiled one to the same.
    """
    native, kernel = algorithm.native, kernel_of(named or algorithm.name)
    assert native is not None and kernel is not None
    names = [f"{native.family}_{form}" for form in ("begin", "update", "finish", "advance", "over")]
    assert [form.__name__ for form in native.forms] == names[: len(native.forms)]
    assert kernel.has_ranges is (len(native.forms) == len(names))
    begin, update, finish, *of_ranges = native.forms
    P, T = kernel.P, kernel.T
    rng = random.Random(algorithm.name)
    for _ in range(rounds):
        raw = rng.choice([rng.randbytes(64), bytes(64), b"\xff" * 64]) + rng.randbytes(rng.randrange(40))
        data = np.frombuffer(raw, np.uint8)
        start, middle, stop = sorted(rng.randrange(len(raw) + 1) for _ in range(3))
        state = update(update(begin(P), data, start, middle, P, T), data, middle, stop, P, T)
        assert finish(state, stop - start, P, T) == algorithm.compute(raw[start:stop])
        if of_ranges:
            advance, over = of_ranges
            low, high = (advance(0, data, 0, at, P, T) for at in (start, stop))
            state = over(begin(P), low, high, stop - start, P, T)
            assert finish(state, stop - start, P, T) == algorithm.compute(raw[start:stop])
