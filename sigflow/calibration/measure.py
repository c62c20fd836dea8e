"""Which calibration makes the physical value of a field: for one value, and for the values of many frames at once.

Rules.  Of the rules that apply to a frame, the last one that calibrates the field counts; where none does, what the
spec says (`-sigflow-scale`, `-sigflow-offset`); where that says nothing either, there is no physical value.  A list has
a list; what is no number has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sigflow.calibration.kinds import Both, Linear, Poly

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

#: The numbers of the rules that apply to a frame, rising.
Applying = tuple[int, ...]
NONE: Applying = ()
#: Calibrations in a batch up to which each is looked for by itself; of more, the values are sorted by them.
_FEW = 8
#: Combinations of rules of which it is kept which calibration counts.
_KEPT = 4096
#: Values from which on it pays to look them up.
_MANY = 1 << 14


class Kinds(list[Applying]):
    """Combinations of rules that frames may have.  tables: what was made of them, by whoever made it."""

    def __init__(self, kinds: Iterable[Applying] = ()) -> None:
        super().__init__(kinds)
        self.tables: dict[object, Any] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """Which rules apply to each of many frames: `places` (integers) says for each its place in `kinds`, of which not
    all need be there.
    """

    places: Array
    kinds: Kinds


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """The calibrations of combinations of rules.  which: of each combination the place of its calibration in `known`,
    or -1; scales, offsets: where all are linear, those of each combination, NaN where it has none.
    """

    known: tuple[Both, ...]
    which: Array
    scales: Array | None
    offsets: Array | None


class Measure:
    """The physical values of one field.  State: which calibration each combination of rules gave; those of all small
    numbers, by the calibration.

    unit: "" where nobody says one.  base: what the spec says.  by_rule: by the number of the rule.  versions: of the
    rules.
    """

    __slots__ = ("_all", "_chosen", "base", "by_rule", "unit", "versions")

    def __init__(
        self, unit: str, base: Both | None, by_rule: Mapping[int, Both] | None = None, versions: Sequence[str] = ()
    ) -> None:
        self.unit = unit
        self.base = base
        self.by_rule = by_rule or {}
        self.versions = tuple(versions)
        self._chosen: dict[Applying, Both | None] = {}
        self._all: dict[object, Array] = {}

    def chosen(self, rules: Applying) -> Both | None:
        """The calibration that counts where these rules apply; None where there is none."""
        if not self.by_rule:
            return self.base
        try:
            return self._chosen[rules]
        except KeyError:
            pass
        last = next((number for number in reversed(rules) if number in self.by_rule), None)
        chosen = self.base if last is None else self.by_rule[last]
        if len(self._chosen) >= _KEPT:
            self._chosen.clear()  # (another thread may be asking)
        self._chosen[rules] = chosen
        return chosen

    def of(self, value: Any, rules: Applying = NONE) -> Any:
        """The physical value of a raw one; None of what is no number, or where nothing says what it is."""
        calibration = self.chosen(rules)
        return None if calibration is None else _of(calibration, value)

    def of_array(self, values: Array, applied: Applied | None = None, owners: Array | None = None) -> Any:
        """The physical values (float64) of raw numbers of any type, and which there are: None where all are.

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
            return self.base.of_array(values.astype(np.float64)), None
        table = applied.kinds.tables.get(self)
        if table is None:
            table = applied.kinds.tables[self] = self._table(applied.kinds)
        if len(table.known) == 1 and (table.which == 0).all():
            return self._of_one(table.known[0], values), None
        places = applied.places if owners is None else applied.places[owners]
        if table.scales is not None and table.offsets is not None:
            # (The same operations as of one calibration, each value with its own numbers.)
            result = np.take(table.scales, places)
            there = None if (table.which >= 0).all() else ~np.isnan(result)
            result *= values
            result += table.offsets[0] if (table.offsets == table.offsets[0]).all() else np.take(table.offsets, places)
            return result, there
        which = np.take(table.which, places)
        result = np.zeros(len(values), np.float64)
        for calibration, rows in zip(table.known, _rows(which, len(table.known)), strict=True):
            result[rows] = calibration.of_array(values[rows].astype(np.float64))
        return result, None if (table.which >= 0).all() else which >= 0

    def _of_one(self, calibration: Both, values: Array) -> Array:
        """The physical values of raw numbers by one calibration.  Of numbers of 16 bits at most all that there are are
        made once, and looked up, where that takes less.
        """
        import numpy as np

        dtype = values.dtype
        if _is_quick(calibration) or dtype.kind not in "ui" or dtype.itemsize > 2 or len(values) < _MANY:
            return calibration.of_array(values.astype(np.float64))
        key = id(calibration), dtype.str
        if key not in self._all:
            self._all[key] = calibration.of_array(np.arange(1 << 8 * dtype.itemsize).astype(dtype).astype(np.float64))
        return np.take(self._all[key], values.view(f"u{dtype.itemsize}"))

    def _table(self, kinds: Kinds) -> _Table:
        import numpy as np

        chosen = [self.chosen(kind) for kind in kinds]
        known = tuple({id(calibration): calibration for calibration in chosen if calibration is not None}.values())
        numbers = {id(calibration): number for number, calibration in enumerate(known)}
        which = np.array([-1 if calibration is None else numbers[id(calibration)] for calibration in chosen], np.int64)
        if not all(isinstance(calibration, Linear) for calibration in known):
            return _Table(known, which, None, None)
        scales = np.array([getattr(calibration, "scale", np.nan) for calibration in chosen], np.float64)
        first = getattr(known[0], "offset", 0.0) if known else 0.0
        offsets = np.array([getattr(calibration, "offset", first) for calibration in chosen], np.float64)
        return _Table(known, which, scales, offsets)


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


def _is_quick(calibration: Both) -> bool:
    """Whether it takes less to compute a value than to look it up."""
    return isinstance(calibration, Linear) or (isinstance(calibration, Poly) and len(calibration.poly) <= 8)
