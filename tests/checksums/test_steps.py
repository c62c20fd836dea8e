"""Checksums forward and back: the registers are those of the algorithm, and the byte that fits is found."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigflow import checksums
from sigflow.checksums.algorithm import ByteSteps
from sigflow.runtime.envelope import CrcParameters

ALL = [name for name in checksums.names() if checksums.get(name).steps() is not None]


def steps(name: str) -> ByteSteps:
    form = checksums.get(name).steps()
    assert form is not None
    return form


def test_which_have_steps() -> None:
    assert len(ALL) > 70
    assert {"CRC-32/ISO-HDLC", "CRC-16/XMODEM", "CRC-82/DARC", "fletcher-16-mod256", "adler-32"} <= set(ALL)
    assert [checksums.get(name).steps() for name in ("xor-8", "sum-16", "internet", "CRC-5/USB")] == [None] * 4


@pytest.mark.parametrize("name", ALL)
def test_forward_meets_back(name: str) -> None:
    data = random.Random(name).randbytes(40)
    mine = steps(name)
    algorithm = checksums.get(name)
    assert mine.width == algorithm.width
    there = mine.forward(mine.start, data)
    assert [mine.entered(algorithm.compute(data[:i])) for i in range(41)] == there
    assert mine.back(mine.entered(algorithm.compute(data)), data) == there
    assert mine.between(there[:-1], there[1:]) == list(enumerate(data))


@given(st.sampled_from(ALL), st.binary(min_size=1, max_size=30), st.data())
def test_the_byte_that_was_changed_is_found(name: str, data: bytes, draw: st.DataObject) -> None:
    at, wrong = draw.draw(st.integers(0, len(data) - 1)), draw.draw(st.integers(0, 255))
    damaged = data[:at] + bytes([wrong]) + data[at + 1 :]
    mine = steps(name)
    there = mine.forward(mine.start, damaged)
    back = mine.back(mine.entered(checksums.get(name).compute(data)), damaged)
    bytes_by_place = dict(mine.between(there[:-1], back[1:]))
    if name == "fletcher-16" and 255 in (data[at], bytes_by_place.get(at)):
        return  # 0 and 255 are one to it
    assert bytes_by_place[at] == data[at]


def test_free_parameters() -> None:
    free = checksums.get(CrcParameters(16, 0x8005, 0xFFFF, True, True, 0)).steps()
    assert free is not None
    assert free.forward(free.start, b"123456789")[-1] == free.entered(
        checksums.get("CRC-16/MODBUS").compute(b"123456789")
    )
    assert checksums.get(CrcParameters(16, 0x8004)).steps() is None
