"""Idle literals at a place: against what every way in which the stream may go on would say."""

from __future__ import annotations

from itertools import product

import pytest

from sigflow.stream.idle import NO_IDLE, Idle
from sigflow.stream.segment import Segment

LISTS = [(b"\0",), (b"ab",), (b"ab", b"a"), (b"a", b"ab"), (b"\r\n", b"\r"), (b"aab", b"aa"), (b"aba", b"b")]


def segment(data: bytes, final: bool) -> Segment:
    made = Segment(data, 100)
    made.final = final
    return made


def strings(letters: bytes, most: int) -> list[bytes]:
    return [bytes(text) for size in range(most + 1) for text in product(letters, repeat=size)]


def plain_size(literals: tuple[bytes, ...], data: bytes) -> int:
    """The first literal that a whole stream goes on with."""
    return next((len(literal) for literal in literals if data.startswith(literal)), 0)


@pytest.mark.parametrize("literals", LISTS)
def test_the_first_literal_that_stands_here(literals: tuple[bytes, ...]) -> None:
    idle, letters = Idle([literals]), bytes({*b"".join(literals), ord("z")})
    assert idle
    for data in strings(letters, 4):
        for at in range(len(data) + 1):
            assert idle.size(segment(data, True), at) == plain_size(literals, data[at:])
            sizes = {plain_size(literals, data[at:] + more) for more in strings(letters, 3)}
            want = sizes.pop() if len(sizes) == 1 else None
            assert idle.size(segment(data, False), at) == want, (data, at)


@pytest.mark.parametrize("literals", LISTS)
@pytest.mark.parametrize("final", [False, True])
def test_literals_in_a_row(literals: tuple[bytes, ...], final: bool) -> None:
    idle = Idle([literals])
    for data in strings(bytes({*b"".join(literals), ord("z")}), 5):
        here = segment(data, final)
        place: int | None = 1
        while place is not None and (size := idle.size(here, place)) != 0:
            place = None if size is None else place + size
        assert idle.behind(here, 1) == place


def test_the_literals_of_several_formats() -> None:
    assert Idle([(b"b", b"a"), (), (b"a", b"c")]).literals == [b"b", b"a", b"c"]
    assert not NO_IDLE and not Idle([(), ()])
    assert NO_IDLE.behind(segment(b"", False), 0) == 0
