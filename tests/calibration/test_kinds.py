"""Calibrations: one number and many give the same bits, which are those of NumPy by hand; what makes none is told."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sigflow.calibration import CALIBRATIONS
from sigflow.calibration.kinds import Foreign, Linear, Poly, Table, UnfitArguments
from sigflow.calibration.measure import Applied, Kinds, Measure
from sigflow.errors import SigflowError, UsageError

CHANCE = np.random.default_rng(77)
ODD = [0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1.7e308, -1.7e308, 2.0**53 + 2]
RAW = np.concatenate([CHANCE.normal(0, 1e4, 300), CHANCE.integers(-(1 << 40), 1 << 40, 100), ODD]).astype(np.float64)
ROWS = sorted(zip(CHANCE.normal(0, 1e4, 40).tolist(), CHANCE.normal(0, 5, 40).tolist(), strict=True))

KINDS: dict[str, Any] = {
    "scale": Linear(scale=0.0625),
    "offset": Linear(offset=-273.15),
    "both": Linear(scale=-1e300, offset=3),
    "constant": Poly(poly=[7]),
    "line": Poly(poly=[-40.0, 0.0625]),
    "cubic": Poly(poly=[1.5, -2e-3, 7e-9, 1e-14]),
    "long": Poly(poly=CHANCE.normal(0, 1, 30).tolist()),
    "one row": Table(table=[[3, 4]]),
    "rows": Table(table=ROWS),
    "few rows": Table(table=[[0, 0.0], [512, 1.2], [1023, 5.0]]),
}


def bits(values: Any) -> list[int]:
    """Floats as what they are made of; what is no number is one."""
    array = np.array(values, np.float64)
    array[np.isnan(array)] = np.nan
    return array.view(np.uint64).tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_one_number_and_many_have_the_same_bits(name: str) -> None:
    kind = KINDS[name]
    assert bits(kind.of_array(RAW)) == bits([kind.of(value) for value in RAW.tolist()])


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_by_hand() -> None:
    c = KINDS["cubic"].poly
    assert bits(KINDS["cubic"].of_array(RAW)) == bits(((c[3] * RAW + c[2]) * RAW + c[1]) * RAW + c[0])
    assert bits(KINDS["both"].of_array(RAW)) == bits(RAW * -1e300 + 3.0)
    wanted = np.interp(RAW, [row[0] for row in ROWS], [row[1] for row in ROWS])
    assert bits(KINDS["rows"].of_array(RAW)) == bits(wanted)
    # Beyond the ends of a table is the value at that end.
    assert KINDS["few rows"].of(-5.0) == 0.0 and KINDS["few rows"].of(5000.0) == 5.0


@pytest.mark.parametrize(
    ("kind", "arguments", "words", "at"),
    [
        (Poly, {"poly": []}, "at least one coefficient", ("poly",)),
        (Poly, {"poly": [1, "x"]}, "found 'x', wanted a number", ("poly", 1)),
        (Poly, {"poly": [1, True]}, "found True, wanted a number", ("poly", 1)),
        (Poly, {"poly": [math.nan]}, "wanted a finite number", ("poly", 0)),
        (Poly, {"poly": [10**400]}, "no number that a float64 holds", ("poly", 0)),
        (Poly, {"poly": 3}, "wanted a list", ("poly",)),
        (Table, {"table": []}, "at least one row", ("table",)),
        (Table, {"table": [[1, 2], [1, 3]]}, "raw values rise from row to row: 1 stands behind 1", ("table", 1)),
        (Table, {"table": [[2, 2], [1, 3]]}, "1 stands behind 2", ("table", 1)),
        (Table, {"table": [[2, 2], [3]]}, "a row is a pair", ("table", 1)),
        (Table, {"table": [[2, "x"]]}, "found 'x', wanted a number", ("table", 0, 1)),
        # Two numbers that are one as float64.
        (Table, {"table": [[2**60, 1], [2**60 + 1, 2]]}, "stands behind", ("table", 1)),
        (Linear, {"scale": "x"}, "found 'x'", ("scale",)),
    ],
)
def test_what_makes_none_says_where(kind: Any, arguments: dict[str, Any], words: str, at: tuple[Any, ...]) -> None:
    with pytest.raises(UnfitArguments, match=words.replace("[", "\\[")) as caught:
        kind(**arguments)
    assert caught.value.at == at


def test_the_kinds_by_name() -> None:
    assert CALIBRATIONS.get("poly") is Poly and CALIBRATIONS.get("table") is Table
    assert CALIBRATIONS.get("linear") is Linear
    with pytest.raises(UsageError, match="unknown calibration 'polly', did you mean 'poly'"):
        CALIBRATIONS.get("polly")


class Says:
    """A calibration that gives what it is told."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def of_array(self, values: Any) -> Any:
        return self.answer(values)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda values: values[:1], "of shape \\(1,\\), wanted an array of float64 of shape \\(3,\\)"),
        (lambda values: values.astype(np.float32), "gave float32"),
        (lambda values: values.tolist(), "gave list"),
        (lambda values: 1 / 0, "failed: ZeroDivisionError"),
    ],
)
def test_a_foreign_one_keeps_its_promise(answer: Any, words: str) -> None:
    with pytest.raises(SigflowError, match=words):
        Foreign("mine", Says(answer)).of_array(np.zeros(3))


def test_a_foreign_one_for_one_number_and_many() -> None:
    def steal(values: Any) -> Any:
        values *= 2.0  # what it is given is its own
        return values

    raw = np.arange(4.0)
    mine = Foreign("mine", Says(steal))
    assert mine.of_array(raw).tolist() == [0, 2, 4, 6] and raw.tolist() == [0, 1, 2, 3]
    assert mine.of(3.0) == 6.0
    with pytest.raises(UsageError, match="which has no `of_array`"):
        Foreign("mine", object())  # type: ignore[arg-type]


def test_which_calibration_counts() -> None:
    measure = Measure("V", KINDS["scale"], {1: KINDS["line"], 3: KINDS["rows"]}, ["a", "b"])
    assert measure.chosen(()) is measure.chosen((0, 2)) is KINDS["scale"]
    assert measure.chosen((1, 2)) is KINDS["line"] and measure.chosen((1, 3)) is KINDS["rows"]
    assert Measure("V", None, {1: KINDS["line"]}).of(5, (0,)) is None
    assert measure.of([1, None, "x", 10**400, True]) == [0.0625, None, None, None, 0.0625]


@pytest.mark.parametrize("names", [["scale", "offset", "both"], ["scale", "cubic", "rows"], list(KINDS)])
@pytest.mark.parametrize("base", [None, "line"])
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_many_of_many_rules(names: list[str], base: str | None) -> None:
    """Each value by its own rules is what it is alone; of small numbers, too, which are looked up."""
    measure = Measure("", None if base is None else KINDS[base], {n: KINDS[name] for n, name in enumerate(names)})
    kinds = Kinds([(), *((n,) for n in range(len(names))), (0, 2), (99,)])
    places = CHANCE.integers(0, len(kinds), len(RAW))
    small = CHANCE.integers(0, 1 << 16, 1 << 15).astype(np.uint16)
    for values, which, calibrated in (
        (RAW, places, kinds),
        (small.view(np.int16), np.zeros(len(small), np.int64), Kinds([(len(names) - 1,)])),
        (small.astype(np.uint8), np.zeros(len(small), np.int64), Kinds([(len(names) - 1,)])),
    ):
        made, there = measure.of_array(values, Applied(which, calibrated))
        wanted = [
            measure.of(value, calibrated[place]) for value, place in zip(values.tolist(), which.tolist(), strict=True)
        ]
        assert [value is not None for value in wanted] == [True] * len(wanted) if there is None else there.tolist()
        assert bits([0 if w is None else w for w in wanted]) == bits(
            made if there is None else np.where(there, made, 0)
        )
