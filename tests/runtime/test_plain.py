"""Values as plain dicts: lists are copied, leaves are not, and what goes on for ever is an error."""

from __future__ import annotations

import pytest

from sigflow.runtime.plain import DEPTH, asdict


def nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def depth_of(value: object) -> int:
    depth = 0
    while isinstance(value, list):
        depth, value = depth + 1, value[0] if value else None
    return depth


def test_lists_are_copied_and_leaves_stay_what_they_are() -> None:
    leaf = bytearray(b"abc")
    inner: list[object] = [1, leaf]
    outer = [inner, None, inner]
    plain = asdict(outer)
    assert plain == outer
    assert isinstance(plain, list) and plain is not outer and plain[0] is not inner and plain[0][1] is leaf
    for alone in (5, "text", None, 1.5, leaf):
        assert asdict(alone) is alone


@pytest.mark.parametrize("depth", [1, 2, DEPTH, DEPTH + 1])
def test_levels_that_are_followed(depth: int) -> None:
    assert depth_of(asdict(nested(depth))) == depth


def test_levels_that_are_too_many() -> None:
    with pytest.raises(ValueError, match="nested deeper than 1000 levels"):
        asdict(nested(DEPTH + 2))
