"""The parts of `box` and of X do not overlap, however long a chain and however many pieces a checksum has."""

from __future__ import annotations

from sigflow.engine.loop import MOST_REASONS
from sigflow.runtime import box
from sigflow.stream.runs import LONGEST


def test_the_words_of_a_measure_follow_each_other() -> None:
    fixed = [box.BOX_LOOKED, box.BOX_MARKS, box.BOX_COUNTER, box.BOX_STREAM]
    assert fixed == list(range(box.BOX_LAYOUTS)) and box.BOX_LAYOUTS < box.BOX_WORDS
    assert [box.LAYOUT_STORED, box.LAYOUT_COUNT, box.LAYOUT_PIECES] == [0, 1, 2]


def test_marks_are_bits_of_their_own() -> None:
    assert [box.MARK_LOOK, box.MARK_UNTOLD, box.MARK_UNCOUNTED] == [1, 2, 4]


def test_what_the_native_scan_keeps_lies_behind() -> None:
    way = 2 * (LONGEST + 1)  # a place and a format for each header of the longest chain
    stretches = 2 * 3 * (box.BOX_WORDS - box.BOX_LAYOUTS) // 2  # a piece is at most three, with a zeroed field in it
    assert box.BOX_WORDS == box.BOX_WAY and box.BOX_WAY + way <= box.BOX_STRETCHES
    assert box.BOX_STRETCHES + stretches <= box.BOX_PARAMETERS == 2 * box.BOX_STRETCHES
    assert box.BOX_PARAMETERS + box.MOST_PARAMETERS == box.BOX_SIZE
    assert stretches <= box.X_REFUSALS and box.X_REFUSALS + MOST_REASONS <= box.X_SIZE == box.BOX_STRETCHES
