"""How machine code is called: the block of numbers that stands for the arguments, and what makes them of it again."""

from __future__ import annotations

import ctypes
import gc
import weakref
from typing import Any

import numpy as np
import pytest

from sigflow.engine.calls import Call, layout_of, rebuilt

LOW, TABLE = np.arange(3), np.arange(6).reshape(3, 2)


def block(arguments: tuple[Any, ...], *more: tuple[Any, ...]) -> list[int]:
    """The block of the last of several calls."""
    seen: list[int] = []

    def function(address: int) -> int:
        size = rebuilt(layout_of(arguments)).count("B[")
        seen[:] = (ctypes.c_int64 * size).from_address(address)
        return 7

    call = Call(lambda layout: function)
    for argument in (arguments, *more):
        assert call(*argument) == 7
    return seen


@pytest.mark.parametrize(
    ("arguments", "layout", "text"),
    [
        ((), "", ""),
        ((1, True), "ii", "(B[0]), (B[1]), "),
        ((np.zeros(3, np.uint8),), "b", "bytes_at(B[0], B[1]), "),
        ((LOW, 4, TABLE), "1i2", "numbers_at(B[0], B[1]), (B[2]), table_at(B[3], B[4], B[5]), "),
        (((LOW,), 1), "(1)i", "(numbers_at(B[0], B[1]), ), (B[2]), "),
    ],
)
def test_layouts(arguments: tuple[Any, ...], layout: str, text: str) -> None:
    assert layout_of(arguments) == layout
    assert rebuilt(layout) == text


def test_a_block_has_addresses_and_shapes() -> None:
    assert block((5, LOW, (TABLE, LOW), -1, True)) == [
        5, LOW.ctypes.data, 3, TABLE.ctypes.data, 3, 2, LOW.ctypes.data, 3, -1, 1,
    ]  # fmt: skip


def test_what_is_another_object_is_written_anew() -> None:
    other, grown = np.arange(9), (np.zeros((8, 2), np.int64), LOW)
    assert block((5, LOW, (TABLE, LOW)), (6, LOW, (TABLE, LOW)), (1 << 40, other, grown)) == [
        1 << 40, other.ctypes.data, 9, grown[0].ctypes.data, 8, 2, LOW.ctypes.data, 3,
    ]  # fmt: skip


def test_bytes_are_not_held_on_to() -> None:
    """A buffer that a view holds could not grow."""
    buffer = bytearray(100)
    call = Call(lambda layout: lambda address: 0)
    for _ in range(2):
        call(np.frombuffer(buffer, np.uint8), 1)
        buffer += b"more"
    data = np.zeros(8, np.uint8)
    call(data, 1)
    gone = weakref.ref(data)
    del data
    gc.collect()
    assert gone() is None
