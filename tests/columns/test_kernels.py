"""TLV lists natively: the plain function says what the codec says, and compiled it says the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigflow import codecs
from sigflow.codecs.tlv import Element
from sigflow.columns import kernels
from sigflow.columns.payload import flattened
from sigflow.limits import Limits

ELEMENTS = st.recursive(
    st.tuples(st.integers(0, 0x7FFF), st.binary(max_size=5)),
    lambda inner: st.tuples(st.integers(0x8000, 0xFFFF), st.lists(inner, max_size=4)),
    max_leaves=12,
)
LISTS = st.lists(ELEMENTS, max_size=4)


def written(elements: list[Any]) -> bytes:
    data = b""
    for tag, value in elements:
        inner = written(value) if isinstance(value, list) else value
        data += tag.to_bytes(2, "big") + len(inner).to_bytes(2, "big") + inner
    return data


def rows_of(elements: list[Element], depth: int = 0) -> list[tuple[int, int, int, bytes | None]]:
    rows = []
    for tag, length, value in elements:
        rows.append((depth, tag, length, value if isinstance(value, bytes) else None))
        if not isinstance(value, bytes):
            rows += rows_of(value, depth + 1)
    return rows


@pytest.mark.parametrize("compiled", [False, True])
def test_the_elements_are_those_of_the_codec(compiled: bool) -> None:
    functions = kernels.compiled() if compiled else kernels.Kernels(kernels.flatten, kernels.check)
    if functions is None:
        pytest.skip("llvmlite is absent")

    @given(st.lists(st.tuples(LISTS, st.integers(0, 40), st.binary(max_size=3)), max_size=5), st.integers(0, 5))
    def hold(drawn: list[tuple[list[Any], int, bytes]], depth: int) -> None:
        payloads = [written(elements)[cut if cut < 20 else 0 :] + tail for elements, cut, tail in drawn]
        sizes = np.array([len(raw) for raw in payloads], np.int64)
        stops = np.cumsum(sizes)
        data = np.frombuffer(b"".join(payloads), np.uint8)
        elements = flattened(functions.flatten, data, stops - sizes, stops, depth)
        rows = list(zip(*(column.to_pylist() for column in elements.arrays()), strict=True))
        codec, limits = codecs.get("tlv"), Limits(depth=depth)
        wrong = np.zeros(len(payloads), bool)
        functions.check(data, stops - sizes, stops, depth, wrong, np.empty(depth + 1, np.int64))
        for number, payload in enumerate(payloads):
            of_payload = rows[elements.counts[number] : elements.counts[number + 1]]
            right = codec.decode(payload, limits)
            assert of_payload == rows_of(right.value)
            assert wrong[number] == bool(right.problems)

    hold()
