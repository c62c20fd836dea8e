"""The rules of sigflow.yaml, bound to a format: what is attached to its frames, and what makes their physical values.

What binds an expression to a format stands above; here a bound rule is a value with functions in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sigflow.calibration.following import Followed
from sigflow.calibration.measure import Applied, Applying, Kinds, Measure

if TYPE_CHECKING:
    import numpy as np

    from sigflow.events import Record

    Array = np.ndarray[Any, Any]

#: What stands between the versions of several rules.
BETWEEN = "+"
#: Rules of which the combinations are told apart at once.
_TOGETHER = 10
#: Lists of combinations that are kept.
_KEPT = 64


@dataclass(slots=True, eq=False)
class Look:
    """Many frames that rules are asked for, one after the other, and what they share: the bytes as columns have them,
    the times, and the numbers that conditions read, once they were asked for.
    """

    frames: Any
    rows: Any = None
    times: Any = None
    many: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule of `metadata`.  number: its place in the file.  set: what it says.  sources: of which sources; none: all.

    of_record: whether it applies to a frame, whatever its source; of_frames: to which of many, as a mask; None: to all.
    """

    number: int
    version: str
    set: Mapping[str, str]
    sources: Callable[[str], bool]
    of_record: Callable[[Record], bool]
    of_frames: Callable[[Look], Array | None]


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """A computed quantity.  text: the expression.  kind: `int`, `float`, `bool` or `str`.  of: for a frame; None where
    it cannot be computed.  of_frames: values for many, and a mask of those that cannot be computed (None: all can);
    None where each is asked, which is known beforehand where not `in_arrays`.
    """

    name: str
    unit: str
    text: str
    kind: str
    of: Callable[[Record], Any]
    of_frames: Callable[[Any, Any], tuple[Array, Array | None] | None]
    in_arrays: bool = True


@dataclass(frozen=True)
class Calibrations:
    """What sigflow.yaml says of the frames of one format.  measures: by the path of the field, without numbers of
    elements.  source: what the frames come from, as rules name it.  fields: gives, by the path, the physical value of a
    field in a frame, or None.  followed: the last values that quantities ask for, in the order of `Record.carried`.
    """

    rules: tuple[Rule, ...]
    measures: Mapping[str, Measure] = field(default_factory=dict)
    quantities: tuple[Quantity, ...] = ()
    source: str = ""
    fields: Mapping[str, Callable[[Record], Any]] = field(default_factory=dict)
    followed: tuple[Followed, ...] = ()

    def of_source(self, source: str) -> Calibrations:
        """The same for frames of a source."""
        return replace(self, source=source)

    @cached_property
    def values(self) -> dict[str, Callable[[Record], Any]]:
        """What is there of a frame: the physical values of fields, and the computed quantities."""
        return {**self.fields, **{quantity.name: quantity.of for quantity in self.quantities}}

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys of metadata that rules set, in the order of the file."""
        return tuple(dict.fromkeys(key for rule in self.rules for key in rule.set))

    @cached_property
    def _meant(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.sources(self.source))

    def rules_of(self, record: Record) -> Applying:
        """The rules that apply to a frame."""
        return tuple([rule.number for rule in self._meant if rule.of_record(record)])

    def applied(self, frames: Any, rows: Any = None) -> Applied:
        """The rules that apply to each of many frames.  rows: their bytes, as columns have them, where these are at
        hand.
        """

        look = Look(frames, rows)
        always: list[int] = []
        some: list[tuple[int, Array]] = []
        for rule in self._meant if len(frames) else ():
            mask = rule.of_frames(look)
            if mask is None:
                always.append(rule.number)
            elif mask.any():
                some.append((rule.number, mask))
        if len(some) > _TOGETHER:
            return _told_apart(always, some, len(frames))
        key = tuple(always), tuple(number for number, _ in some)
        kinds = self._kinds.get(key)
        if kinds is None:
            if len(self._kinds) >= _KEPT:
                self._kinds.clear()
            kinds = self._kinds[key] = Kinds(
                tuple(sorted([*always, *(number for bit, number in enumerate(key[1]) if code >> bit & 1)]))
                for code in range(1 << len(some))
            )
        return Applied(_codes([mask for _, mask in some], len(frames)), kinds)

    @cached_property
    def _kinds(self) -> dict[object, Kinds]:
        """The combinations of few rules, by those that apply to all frames, and to some."""
        return {}

    def version(self, rules: Applying) -> str | None:
        """The versions of the rules that apply; None where none does."""
        return BETWEEN.join(self._by_number[number].version for number in rules) if rules else None

    def metadata(self, rules: Applying) -> dict[str, str]:
        """What the rules that apply set; of a key that several set, what the last one says."""
        return {key: text for number in rules for key, text in self._by_number[number].set.items()}

    @cached_property
    def _by_number(self) -> dict[int, Rule]:
        return {rule.number: rule for rule in self.rules}

    @property
    def versioned(self) -> bool:
        """Whether there is a rule, whose version goes with what it made."""
        return bool(self.rules)

    def quantity(self, name: str) -> Quantity | None:
        """The computed quantity of this name."""
        return next((quantity for quantity in self.quantities if quantity.name == name), None)

    @cached_property
    def by_owner(self) -> dict[str, dict[str, Measure]]:
        """The measures by the path of the object that the field is of, and its id."""
        owners: dict[str, dict[str, Measure]] = {}
        for path, measure in self.measures.items():
            owner, _, id = path.rpartition(".")
            owners.setdefault(owner, {})[id] = measure
        return owners


def _codes(masks: Sequence[Array], count: int) -> Array:
    """For each row a number that has the bits of the masks that it is in."""
    import numpy as np

    bits = np.zeros((-(-len(masks) // 8), count), np.uint8)
    for bit, mask in enumerate(masks):
        bits[bit // 8] |= np.asarray(mask, bool).view(np.uint8) << np.uint8(bit % 8)
    codes = bits[0].astype(np.intp) if len(masks) else np.zeros(count, np.intp)
    for place, more in enumerate(bits[1:], 1):
        codes += more.astype(np.intp) << 8 * place
    return codes


def _told_apart(always: Sequence[int], some: Sequence[tuple[int, Array]], count: int) -> Applied:
    """Which of many rules apply, a few at a time: of all combinations those that frames have are kept, since each rule
    would double them.
    """
    import numpy as np

    places = np.zeros(count, np.intp)
    kinds: list[list[int]] = [list(always)]
    for begin in range(0, len(some), _TOGETHER):
        group = some[begin : begin + _TOGETHER]
        codes = _codes([mask for _, mask in group], count)
        codes += places << len(group)
        there = np.flatnonzero(np.bincount(codes))
        new = np.zeros(int(there[-1]) + 1, np.intp)
        new[there] = np.arange(len(there))
        kinds = [
            [*kinds[code >> len(group)], *(number for bit, (number, _) in enumerate(group) if code >> bit & 1)]
            for code in there.tolist()
        ]
        places = np.take(new, codes)
    return Applied(places, Kinds(tuple(sorted(kind)) for kind in kinds))


def versions_of(rules: Sequence[Rule], numbers: Sequence[int]) -> tuple[str, ...]:
    """The versions of rules, by their numbers."""
    return tuple(rule.version for rule in rules if rule.number in numbers)
