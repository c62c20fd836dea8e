"""A small mutator: inputs that come of some seeds by chance, the same for the same seed; it asks for no library.

It is no match for a fuzzer that watches which branches are taken (`tools/fuzz.py`), but runs everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

_Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def _word(rng: random.Random, words: Sequence[bytes]) -> bytes:
    return rng.choice(words) if words and rng.random() < 0.7 else rng.randbytes(rng.randrange(1, 9))


def _flip(rng: random.Random, data: bytes, words: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << rng.randrange(8),)) + data[at + 1 :]


def _set(rng: random.Random, data: bytes, words: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes((rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256))),)) + data[at + 1 :]


def _drop(rng: random.Random, data: bytes, words: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.choice((1, 1, 2, 4, 20)) :]


def _insert(rng: random.Random, data: bytes, words: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    return (
        data[:at]
        + (rng.choice(words) if words and rng.random() < 0.7 else rng.randbytes(rng.randrange(1, 9)))
        + data[at:]
    )


def _replace(rng: random.Random, data: bytes, words: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data))
    word = _word(rng, words)
    return data[:at] + word + data[at + len(word) :]


def _copy(rng: random.Random, data: bytes, words: Sequence[bytes]) -> bytes:
    start, at = rng.randrange(len(data)), rng.randrange(len(data) + 1)
    return data[:at] + data[start : start + rng.choice((1, 4, 16, 100))] + data[at:]


def _cut(rng: random.Random, data: bytes, words: Sequence[bytes]) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


_MUTATIONS: tuple[_Mutation, ...] = (_flip, _flip, _set, _set, _drop, _insert, _insert, _replace, _replace, _copy, _cut)


def inputs(seed: str, seeds: Sequence[bytes], words: Sequence[bytes], longest: int) -> Iterator[bytes]:
    """Inputs without end, each a seed, or two that are joined, with some mutations."""
    rng = random.Random(seed)
    while True:
        data = rng.choice(seeds)
        if rng.random() < 0.1:
            other = rng.choice(seeds)
            data = data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]
        for _ in range(rng.choice((0, 1, 1, 2, 3, 5, 10))):
            data = rng.choice(_MUTATIONS)(rng, data or b"\0", words)
        yield data[:longest]
