"""A share of the fuzzing in every test run: 500 inputs of the small mutator for each target, 50 in the fast lane.

SIGFLOW_TIMES says how many times as many; `python -m tools.fuzz` gives each 1,000,000 that are guided.
"""

from __future__ import annotations

from itertools import islice

import pytest

from tests.hostile import targets
from tests.hostile.mutate import inputs
from tests.hostile.targets import TARGETS
from tests.lanes import TIMES

RUNS = 500 * TIMES


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The native scan as it is written: it need not be compiled first."""
    monkeypatch.setattr(targets, "COMPILE", False)


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes(name: str) -> None:
    fuzz(name, RUNS)


@pytest.mark.parametrize("name", TARGETS)
def test_some_bytes(name: str) -> None:
    fuzz(name, RUNS // 10)


def fuzz(name: str, runs: int) -> None:
    """The target reads its seeds and as many inputs, the first of those that any greater number gives."""
    target = TARGETS[name]
    target.ready()
    seeds = target.seeds()
    assert seeds
    for data in (b"", *seeds, *islice(inputs(f"ci {name}", seeds, target.words, target.longest), runs)):
        try:
            target.run(data)
        except BaseException as error:
            error.add_note(f"{name}: {data!r}")
            raise


def test_the_mutator_is_a_function_of_its_seed() -> None:
    first, again, other = (
        list(islice(inputs(seed, [b"abc", b"defg"], [b"word"], 20), 200)) for seed in ("1", "1", "2")
    )
    assert first == again != other
    assert max(map(len, first)) <= 20 and len(set(first)) > 100
