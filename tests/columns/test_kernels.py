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
from sigflow.columns.json_payload import lists_text
from sigflow.columns.payload import flattened
from sigflow.columns.plain_json import dumps
from sigflow.columns.render import render
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
    functions = kernels.compiled() if compiled else kernels.as_written()
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
        texts = lists_text(functions.write_lists, data, stops - sizes, stops, depth).to_pylist()
        for number, payload in enumerate(payloads):
            of_payload = rows[elements.counts[number] : elements.counts[number + 1]]
            right = codec.decode(payload, limits)
            assert of_payload == rows_of(right.value)
            assert wrong[number] == bool(right.problems)
            assert texts[number] == dumps(render(right.value).tree)

    hold()


@pytest.mark.parametrize("compiled", [False, True])
def test_bytes_and_numbers_are_those_that_stand_there(compiled: bool) -> None:
    functions = kernels.compiled() if compiled else kernels.as_written()
    if functions is None:
        pytest.skip("llvmlite is absent")

    @given(st.binary(max_size=90), st.lists(st.tuples(st.integers(0, 90), st.integers(0, 40)), max_size=6))
    def hold(raw: bytes, places: list[tuple[int, int]]) -> None:
        data = np.frombuffer(raw, np.uint8)
        begins = np.array([min(begin, len(raw)) for begin, _ in places], np.int64)
        ends = np.array([min(begin + size, len(raw)) for begin, size in places], np.int64)
        values = np.empty(int((ends - begins).sum()) + kernels.SLACK, np.uint8)
        offsets = np.empty(len(places) + 1, np.int32)
        size = functions.take(data, begins, ends, offsets, values)
        pieces = [raw[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
        assert values[:size].tobytes() == b"".join(pieces)
        assert offsets.tolist() == [sum(map(len, pieces[:n])) for n in range(len(pieces) + 1)]
        wide = ends - begins >= 8
        starts, stops = begins[wide], ends[wide]
        forms = [(offset, form, big) for form, big in kernels.FORMS for offset in (0, 8 - form, -8, -form)]
        at = np.cumsum([0, *(8 * -(-form * len(starts) // 8) for _, form, _ in forms)]).tolist()
        fields = [(offset, kernels.FORMS[form, big], at[n]) for n, (offset, form, big) in enumerate(forms)]
        out = np.empty(at[-1] + kernels.SLACK, np.uint8)
        functions.read(data, starts, stops, np.array(fields, np.int64), out)
        for (offset, form, big), place in zip(forms, at, strict=False):
            bases = (starts if offset >= 0 else stops) + offset
            expected = [int.from_bytes(raw[base : base + form], "big" if big else "little") for base in bases.tolist()]
            assert out[place : place + form * len(starts)].view(f"<u{form}").tolist() == expected

    hold()
