"""The unstuffing kernels give what Python gives, as they are and compiled; a share of `tools/check_unstuffing.py`."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest

from tests.unstuffing import STUFFINGS, compiled_functions, difference, kernel


@cache
def functions() -> dict[str, Any]:
    return compiled_functions()


@pytest.mark.parametrize("name", STUFFINGS)
def test_kernels_as_they_are(name: str) -> None:
    rng, undo = random.Random(name), kernel(STUFFINGS[name])
    assert not [words for _ in range(300) if (words := difference(rng, STUFFINGS[name], undo))]


@pytest.mark.parametrize("name", STUFFINGS)
def test_compiled_kernels(name: str) -> None:
    rng, undo = random.Random(name), kernel(STUFFINGS[name], functions())
    assert not [words for _ in range(5000) if (words := difference(rng, STUFFINGS[name], undo))]


def test_inputs_are_of_all_sorts() -> None:
    """Of each kind there are units, refused bytes, and units of other bytes than those on the wire."""
    for stuffing in STUFFINGS.values():
        rng = random.Random(1)
        inputs = [rng_input for _ in range(400) if (rng_input := _input(rng, stuffing))]
        units = [stuffing.unstuff(data) for data in inputs]
        assert units.count(None) > 20
        assert sum(unit is not None and unit != data for unit, data in zip(units, inputs, strict=True)) > 20


def _input(rng: random.Random, stuffing: Any) -> bytes:
    from tests.unstuffing import stuffed

    return stuffed(rng, stuffing)
