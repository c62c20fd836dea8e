"""Which calibration makes the physical value of a field: for one value, and for the values of many frames at once.

Rules.  Of the rules that apply to a frame, the last one that calibrates the field counts; where none does, what the
spec says (`-sigflow-scale`, `-sigflow-offset`); where that says nothing either, there is no physical value.  A list has
a list; what is no number has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sigflow.calibration.kinds import Both, Linear

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

#: The numbers of the rules that apply to a frame, rising.
Applying = tuple[int, ...]
NONE: Applying = ()
#: Calibrations in a batch up to which each is looked for by itself; of more, the values are sorted by them.
_FEW = 8


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """Which rules apply to each of many frames: `places` (integers) says for each its place in `kinds`."""

    places: Array
    kinds: Sequence[Applying]


class Measure:
    """The physical values of one field.  State: which calibration each combination of rules gave.

    unit: "" where nobody says one.  base: what the spec says.  by_rule: by the number of the rule.  versions: of the
    rules.
    """

    __slots__ = ("_chosen", "base", "by_rule", "unit", "versions")

    def __init__(
        self, unit: str, base: Both | None, by_rule: Mapping[int, Both] | None = None, versions: Sequence[str] = ()
    ) -> None:
        self.unit = unit
        self.base = base
        self.by_rule = by_rule or {}
        self.versions = tuple(versions)
        self._chosen: dict[Applying, Both | None] = {}

    def chosen(self, rules: Applying) -> Both | None:
        """The calibration that counts where these rules apply; None where there is none."""
        if not self.by_rule:
            return self.base
        if rules not in self._chosen:
            last = next((number for number in reversed(rules) if number in self.by_rule), None)
            self._chosen[rules] = self.base if last is None else self.by_rule[last]
        return self._chosen[rules]

    def of(self, value: Any, rules: Applying = NONE) -> Any:
        """The physical value of a raw one; None of what is no number, or where nothing says what it is."""
        calibration = self.chosen(rules)
        return None if calibration is None else _of(calibration, value)

    def of_array(self, values: Array, applied: Applied | None = None, owners: Array | None = None) -> Any:
        """The physical values of raw ones (float64), and which there are: None where all are.

        applied: which rules apply to the frames; owners: of which frame each value is, None where each is of one.
        """
        import numpy as np

        with np.errstate(all="ignore"):  # (what is no number, or beyond all, is a value)
            return self._of_array(values, applied, owners)

    def _of_array(self, values: Array, applied: Applied | None, owners: Array | None) -> Any:
        import numpy as np

        if not self.by_rule or applied is None:
            if self.base is None:
                return np.zeros(len(values), np.float64), np.zeros(len(values), bool)
            return self.base.of_array(values), None
        known, which = self._by_kind(applied.kinds)
        places: Array = which[applied.places]
        if owners is not None:
            places = places[owners]
        if len(known) == 1 and not (places < 0).any():
            return known[0].of_array(values), None
        result = np.zeros(len(values), np.float64)
        for calibration, rows in zip(known, _rows(places, len(known)), strict=True):
            result[rows] = calibration.of_array(values[rows])
        there = places >= 0
        return result, None if there.all() else there

    def _by_kind(self, kinds: Sequence[Applying]) -> tuple[list[Both], Array]:
        """The calibrations of combinations of rules, each once, and of each combination its place, or -1."""
        import numpy as np

        known: list[Both] = []
        numbers: dict[int, int] = {}
        which: list[int] = []
        for rules in kinds:
            calibration = self.chosen(rules)
            if calibration is None:
                which.append(-1)
                continue
            if id(calibration) not in numbers:
                numbers[id(calibration)] = len(known)
                known.append(calibration)
            which.append(numbers[id(calibration)])
        return known, np.array(which, np.int64)


def _rows(places: Array, count: int) -> list[Any]:
    """For each number below `count`, the rows that have it."""
    import numpy as np

    if count <= _FEW:
        return [np.flatnonzero(places == number) for number in range(count)]
    order = np.argsort(places, kind="stable")
    ends = np.searchsorted(places[order], np.arange(count + 1))
    return [order[begin:end] for begin, end in pairwise(ends.tolist())]


def _of(calibration: Both, value: Any) -> Any:
    if isinstance(value, list):
        return [_of(calibration, item) for item in value]
    if not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return calibration.of(number)


def of_spec(scale: float, offset: float, unit: str) -> Measure:
    """What a spec says of a field."""
    return Measure(unit, Linear(scale=scale, offset=offset))
