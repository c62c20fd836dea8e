"""The share of a test run of `tools.score_recovery`: thousands of seeded faults, and what sigflow promises of them."""

from __future__ import annotations

import pytest

from sigflow.recover.corrupt import KINDS, TRUNCATE
from tools.score_recovery import WIRES, Score, scores

CHECKED = [name for name, wire in WIRES.items() if wire.marker]
#: Without a checksum, but with headers that tell a counter.
COUNTED = "ccsds_space_packet"


def scored(name: str, kind: str, faults: int) -> tuple[Score, Score]:
    counted = list(scores(name, kind, 100 if kind == TRUNCATE else faults, 20, 7, "python"))
    return counted[0], counted[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CHECKED)
def test_damage_is_local_where_a_checksum_tells(name: str, kind: str) -> None:
    mine, loop = scored(name, kind, 300)
    assert mine.reader == "sigflow" and mine.undamaged > mine.faults and not mine.failure
    if name == "ubx":  # 16 bits: a false frame now and then
        assert mine.recall > 0.998 and mine.precision > 0.99
    else:
        assert (mine.missed, mine.false) == (0, 0)
    assert loop.reader == "naive loop"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != TRUNCATE])
def test_damage_is_bounded_where_a_counter_tells(kind: str) -> None:
    mine, _ = scored(COUNTED, kind, 40)
    assert mine.bound is not None and mine.lost <= mine.bound, mine


@pytest.mark.parametrize("name", ["sgf_legacy", "tlv"])
def test_nothing_is_promised_where_nothing_tells(name: str) -> None:
    """A length that lands on a true boundary swallows what lies between."""
    mine, _ = scored(name, "flip", 40)
    assert mine.bound is None and mine.recall > 0


def test_the_native_engine_is_bounded_in_long_streams() -> None:
    """Thousands of faults in one stream, some of which claim megabytes."""
    mine = next(scores(COUNTED, "flip", 3000, 20, 1, "native"))
    assert mine.faults == 3000 and mine.bound is not None and mine.lost <= mine.bound / 10 and mine.recall > 0.98
