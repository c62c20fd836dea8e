"""Damage made on purpose: the list of faults is what was done, no more and no less."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigflow import storage
from sigflow.errors import UsageError
from sigflow.recover import corrupt as module
from sigflow.recover.corrupt import KINDS, Fault, corrupt, plan


def damaged(data: bytes, seed: int, count: int, kinds: Sequence[str], longest: int) -> tuple[bytes, list[Fault]]:
    rng = random.Random(seed)
    faults: list[Fault] = []
    sites = plan(len(data), rng, count, kinds, longest)
    return b"".join(corrupt(storage.open(data), len(data), sites, rng, longest, faults.append)), faults


def undone(out: bytes, faults: Sequence[Fault]) -> bytes:
    """The input, from the output and the list."""
    for fault in reversed(faults):
        stop = fault.out_offset + len(fault.after)
        assert out[fault.out_offset : stop] == fault.after
        out = out[: fault.out_offset] + fault.before + out[stop:]
    return out


@given(
    st.integers(0, 2**32),
    st.integers(0, 12),
    st.lists(st.sampled_from(list(KINDS)), min_size=1, unique=True),
    st.integers(1, 20),
)
def test_the_list_gives_the_input_back(seed: int, count: int, kinds: list[str], longest: int) -> None:
    data = random.Random(seed ^ 1).randbytes(400)
    if kinds == ["truncate"]:
        count = min(count, 1)
    out, faults = damaged(data, seed, count, kinds, longest)
    assert len(faults) == count and {fault.kind for fault in faults} <= set(kinds)
    assert undone(out, faults) == data
    for before, other in pairwise(faults):
        assert before.offset + len(before.before) < other.offset
    assert all(max(len(fault.before), len(fault.after)) <= 2 * max(longest, 2) for fault in faults)
    assert damaged(data, seed, count, kinds, longest) == (out, faults)


WANTED = {
    "flip": lambda before, after: len(after) == 1 and (before[0] ^ after[0]).bit_count() == 1,
    "burst": lambda before, after: len(before) == len(after) and before[0] != after[0] and before[-1] != after[-1],
    "delete": lambda before, after: before and not after,
    "insert": lambda before, after: after and not before,
    "duplicate": lambda before, after: before and after == before * 2,
    "reorder": lambda before, after: sorted(before) == sorted(after) and len(before) > 1,
    "truncate": lambda before, after: before and not after,
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_what_it_says(kind: str) -> None:
    data = random.Random(1).randbytes(5000)
    out, faults = damaged(data, 7, 1 if kind == "truncate" else 50, [kind], 16)
    assert all(WANTED[kind](fault.before, fault.after) for fault in faults)
    if kind == "truncate":
        assert faults[0].offset + len(faults[0].before) == len(data) and data.startswith(out)


def test_every_place_is_hit() -> None:
    """A single flip is anywhere, and so is each of several."""
    data = bytes(8)
    hits = {fault.offset for seed in range(400) for fault in damaged(data, seed, 2, ["flip"], 1)[1]}
    assert hits == set(range(8))


@pytest.mark.parametrize(
    ("size", "count", "kinds", "wanted"),
    [
        (100, 2, ["truncate"], "truncated once only"),
        (9, 6, ["flip"], "6 faults take 11 bytes, but there are only 9"),
        (0, 1, ["flip"], "1 faults take 1 bytes, but there are only 0"),
    ],
)
def test_what_cannot_be_done_is_said(size: int, count: int, kinds: list[str], wanted: str) -> None:
    with pytest.raises(UsageError, match=wanted):
        plan(size, random.Random(1), count, kinds, 4)


def test_a_large_input_goes_through_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    data = random.Random(2).randbytes(1000)
    whole = damaged(data, 3, 9, ["flip", "delete", "insert"], 5)
    monkeypatch.setattr(module, "PIECE", 7)
    assert damaged(data, 3, 9, ["flip", "delete", "insert"], 5) == whole
