"""How machine code is called: the block of numbers that stands for the arguments, and what makes them of it again."""

from __future__ import annotations

import ctypes
import gc
import weakref
from typing import Any

import numpy as np
import pytest

from sigflow.engine.calls import Call, layout_of
from sigflow.engine.llvm.kinds import BYTES, NUMBER, NUMBERS, TABLE, Array, Kind, Tuple, of_layout, parts_of

LOW, HIGH = np.arange(3), np.arange(6).reshape(3, 2)


def block(arguments: tuple[Any, ...], *more: tuple[Any, ...]) -> list[int]:
    """The block of the last of several calls."""
    seen: list[int] = []

    def function(address: int) -> int:
        size = sum(len(parts_of(kind)) for kind in of_layout(layout_of(arguments)))
        seen[:] = (ctypes.c_int64 * size).from_address(address)
        return 7

    call = Call(lambda layout: function)
    for argument in (arguments, *more):
        assert call(*argument) == 7
    return seen


@pytest.mark.parametrize(
    ("arguments", "layout", "kinds"),
    [
        ((), "", []),
        ((1, True, np.int64(3)), "iii", [NUMBER] * 3),
        ((np.zeros(3, np.uint8), np.zeros(3, bool)), "bb", [BYTES] * 2),
        ((LOW, 4, HIGH), "1i2", [NUMBERS, NUMBER, TABLE]),
        (((LOW,), 1), "(1)i", [Tuple((NUMBERS,)), NUMBER]),
        ((np.zeros(1, np.uint16), np.zeros(1, np.int32)), "Hl", [Array(16, False), Array(32, True)]),
        ((np.zeros(1, np.int16), np.zeros(1, np.uint32)), "hL", [Array(16, True), Array(32, False)]),
    ],
)
def test_layouts(arguments: tuple[Any, ...], layout: str, kinds: list[Kind]) -> None:
    assert layout_of(arguments) == layout
    assert of_layout(layout) == kinds


@pytest.mark.parametrize("array", [np.zeros(3), np.zeros(3, np.uint64), np.zeros((2, 2), np.uint8), np.zeros(2, "i1")])
def test_arrays_that_kernel_code_has_no_form_for(array: Any) -> None:
    with pytest.raises(TypeError, match="no array that kernel code takes"):
        layout_of((array,))


def test_a_block_has_addresses_and_shapes() -> None:
    assert block((5, LOW, (HIGH, LOW), -1, True)) == [
        5, LOW.ctypes.data, 3, HIGH.ctypes.data, 3, 2, LOW.ctypes.data, 3, -1, 1,
    ]  # fmt: skip


def test_what_is_another_object_is_written_anew() -> None:
    other, grown = np.arange(9), (np.zeros((8, 2), np.int64), LOW)
    assert block((5, LOW, (HIGH, LOW)), (6, LOW, (HIGH, LOW)), (1 << 40, other, grown)) == [
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
