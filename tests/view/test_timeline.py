"""A capture as columns: exact sums, however long it is and whatever its frames are."""

from __future__ import annotations

import random

import numpy as np
import pytest

from sigflow.view.timeline import COLUMNS, Timeline, counted_in


@pytest.mark.parametrize("seed", range(6))
def test_columns_are_what_a_recount_says(seed: int) -> None:
    """Byte by byte, over frames shorter and much longer than a column."""
    chance = random.Random(seed)
    largest = chance.choice([3, 50, 5000])
    spans, at = [], 0
    for _ in range(chance.choice([1, 40, 3000])):
        at += chance.choice([0, 0, 0, chance.randrange(largest)])
        spans.append((at, at := at + chance.randrange(1, largest)))
    size = at + chance.randrange(100)
    timeline = Timeline()
    while spans:
        number = chance.randrange(1, 500)
        part, spans = spans[:number], spans[number:]
        timeline.add(np.array([span[0] for span in part]), np.array([span[1] for span in part]))
        timeline.lose(part[-1][0], len(part))
    covered = np.zeros(size, bool)
    begins = np.zeros(size + 1, int)
    chance = random.Random(seed)
    largest = chance.choice([3, 50, 5000])
    at = 0
    for _ in range(chance.choice([1, 40, 3000])):
        at += chance.choice([0, 0, 0, chance.randrange(largest)])
        begins[at] += 1
        length = chance.randrange(1, largest)
        covered[at : at + length] = True
        at += length
    columns = timeline.columns(size, 100)
    assert len(columns) <= 100
    assert [column.stop for column in columns[:-1]] == [column.start for column in columns[1:]]
    assert (columns[0].start, columns[-1].stop) == (0, size)
    for column in columns:
        assert column.covered == covered[column.start : column.stop].sum()
        assert column.frames == begins[column.start : column.stop].sum()
    assert sum(column.lost for column in columns) == begins.sum()


def test_any_length() -> None:
    """Terabytes take no more memory, and few columns none at all."""
    timeline = Timeline()
    timeline.add(np.array([0, 1 << 42]), np.array([10, (1 << 42) + 10]))
    assert len(timeline.frames) == COLUMNS
    columns = timeline.columns((1 << 42) + 10, 60)
    assert sum(column.frames for column in columns) == 2
    assert sum(column.covered for column in columns) == 20
    assert Timeline().columns(0, 10) == []
    assert [column.share for column in Timeline().columns(5, 10)] == [1.0] * 5


def test_findings_are_counted_where_they_are() -> None:
    columns = Timeline().columns(1000, 10)
    counts = counted_in(columns, [0, 1, 999, 5000])
    assert sum(counts) == 4
    assert (counts[0], counts[-1]) == (2, 2)
