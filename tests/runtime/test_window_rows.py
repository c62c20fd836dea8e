"""A window that is asked for fields in a row says what it says when it is asked for one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from sigflow.runtime import Refused, Window

SIZES = st.lists(st.integers(-1, 9), min_size=1, max_size=6)
WIDTHS = st.lists(st.integers(1, 40), min_size=1, max_size=6)


def one_by_one(window: Window, sizes: Sequence[int], bits: bool) -> tuple[object, int]:
    """The answer, and where the window stood when it was given, if every field is read before the next is asked for."""
    try:
        for size in sizes:
            if window.lacks_bits(size) if bits else window.lacks(size):
                return True, window.pos()
            if bits:
                window.read_bits_int_be(size)
            else:
                window.read_bytes(size)
    except Refused as refusal:
        return refusal.reason, window.pos()
    return False, window.looked


def at_once(window: Window, sizes: Sequence[int], bits: bool) -> tuple[object, int]:
    try:
        lacking = window.lacks_bits(*sizes) if bits else window.lacks(*sizes)
    except Refused as refusal:
        return refusal.reason, window.wanted
    return lacking, window.wanted if lacking else window.looked


def window_of(data: bytes, limit: int, skipped: int, bound: int) -> Window:
    window = Window(b"#" + data, 1, 1 + len(data), limit)
    window.skip(min(skipped, limit))
    window.enter(bound, "bound")
    return window


@given(st.binary(max_size=40), SIZES, st.integers(0, 40), st.integers(0, 5), st.integers(0, 40))
def test_bytes(data: bytes, sizes: list[int], limit: int, skipped: int, bound: int) -> None:
    answer = at_once(window_of(data, limit, skipped, bound), sizes, False)
    wanted = one_by_one(window_of(data, limit, skipped, bound), sizes, False)
    assert answer[0] == wanted[0]
    if answer[0] != "valid":  # (a size below zero has no place)
        assert answer == wanted


@given(st.binary(max_size=20), WIDTHS, st.integers(0, 20), st.integers(0, 5), st.integers(0, 20), st.integers(0, 7))
def test_bits(data: bytes, widths: list[int], limit: int, skipped: int, bound: int, begun: int) -> None:
    def window() -> Window:
        made = window_of(data, max(limit, skipped + 1), skipped, max(bound, 1))
        if begun and not made.lacks_bits(begun):
            made.read_bits_int_be(begun)
        return made

    assert at_once(window(), widths, True)[0] == one_by_one(window(), widths, True)[0]


def test_a_field_that_lacks_bytes_is_told_by_its_place() -> None:
    window = Window(b"abcd", 0, 4, 100)
    assert window.lacks(1, 2, 4) and window.wanted == 3 and window.pos() == 0
