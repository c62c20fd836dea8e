"""The native engine against the Python engine: the same events on damaged streams, compiled and as plain Python."""

from __future__ import annotations

import random
from functools import cache

import pytest

from sigflow.engine import Native
from tests.engine.formats import LISTS, with_look
from tests.engine.ways import check_native, native_of
from tests.stream import formats as f
from tests.stream.damage import stream


@cache
def native(n: int, compile: bool) -> Native:
    return native_of([with_look(each) for each in LISTS[n]], compile=compile)


def check(n: int, seed: int, compile: bool) -> None:
    rng = random.Random(seed)
    names = [each.name for each in LISTS[n]]
    markers = [literal for each in LISTS[n] for literal in each.sync] or [b"\0\1"]
    check_native(
        native(n, compile), stream(rng, [f.MAKERS[name] for name in names], markers, rng.choice((24, 40, 64))), seed
    )


@pytest.mark.parametrize("n", range(len(LISTS)))
def test_plain_python(n: int) -> None:
    for seed in range(18):
        check(n, seed, False)


@pytest.mark.parametrize("n", [0, 1, 5, 6, 11, 22, 25])
def test_compiled(n: int) -> None:
    for seed in range(1000):
        check(n, seed, True)
