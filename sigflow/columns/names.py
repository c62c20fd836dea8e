"""The names of enums as dictionaries of Arrow: the texts in the order of the values, then the values without a name.

A value without a name is there as its digits, which no name can be: so nothing is lost.  A dictionary only grows, by
the values that come, so that batches of one run can be written to one file as they are; beyond `MOST` values without a
name it begins anew, since a capture must not fill the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from sigflow.columns.arrow import arrow
from sigflow.runtime.struct import label

if TYPE_CHECKING:
    import numpy
    import pyarrow

    from sigflow.runtime.column import Named

#: Values without a name that a dictionary may hold.
MOST = 1 << 16


class NewName(Exception):
    """A value came that no dictionary has."""


class Names:
    """The dictionaries of one run, by enum.  version: how often one of them has changed."""

    def __init__(self) -> None:
        self._known: dict[type[IntEnum], _Texts] = {}
        self.version = 0

    def fixed(self) -> Names:
        """The same dictionaries for another thread, in which they do not grow: there it is `NewName`."""
        return _FixedNames(self._known)

    def array(self, kind: Named, values: Sequence[int | None]) -> pyarrow.Array:
        """The column of these members or numbers."""
        pa = arrow()
        texts = self._of(kind)
        wanted = [None if value is None else texts.index.get(value) for value in values]
        if None in wanted:
            known = {int(value) for value in values if value is not None}
            if not known <= texts.index.keys():
                texts = self._grown(kind, known)
                wanted = [None if value is None else texts.index[value] for value in values]
        return pa.DictionaryArray.from_arrays(pa.array(wanted, pa.int32()), texts.array())

    def of_numbers(self, kind: Named, values: numpy.ndarray[Any, Any]) -> pyarrow.Array:
        """The column of these numbers."""
        import numpy as np

        pa = arrow()
        numbers, places = distinct(values)
        wanted = numbers.tolist()
        texts = self._of(kind)
        if not texts.index.keys() >= set(wanted):
            texts = self._grown(kind, set(wanted))
        table = np.array([texts.index[number] for number in wanted], np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(table[places]), texts.array())

    def _of(self, kind: Named) -> _Texts:
        texts = self._known.get(kind.enum)
        return texts if texts is not None else self._known.setdefault(kind.enum, _Texts(kind.enum))

    def _grown(self, kind: Named, values: set[int]) -> _Texts:
        """The texts with all of these values, which one batch has."""
        self.version += 1
        texts = self._known[kind.enum]
        new = values - texts.index.keys()
        if len(texts.index) + len(new) > MOST + len(kind.enum):
            # What one batch has must be there together, however much it is.
            texts = self._known[kind.enum] = _Texts(kind.enum)
            new = values
        texts.add(sorted(new))
        return texts


class _FixedNames(Names):
    def __init__(self, known: dict[type[IntEnum], _Texts]) -> None:
        super().__init__()
        self._known = known

    def _grown(self, kind: Named, values: set[int]) -> _Texts:
        raise NewName


class _Texts:
    """The dictionary of one enum, and the place of each value in it."""

    def __init__(self, enum: type[IntEnum]) -> None:
        members = sorted(enum, key=int)
        self.index = {int(member): place for place, member in enumerate(members)}
        self._texts = [label(member) for member in members]
        self._array: Any = None

    def add(self, values: Sequence[int]) -> None:
        for value in values:
            if value not in self.index:
                self.index[value] = len(self._texts)
                self._texts.append(str(value))
        self._array = None

    def array(self) -> pyarrow.Array:
        if self._array is None:
            pa = arrow()
            self._array = pa.array(self._texts, pa.string())
        return self._array


def distinct(values: numpy.ndarray[Any, Any]) -> tuple[numpy.ndarray[Any, Any], numpy.ndarray[Any, Any]]:
    """The distinct numbers, and for each value which of them it is."""
    import numpy as np

    if len(values) and (values == values[0]).all():
        return values[:1], np.zeros(len(values), np.int64)
    if values.dtype == np.uint8:
        there = np.bincount(values, minlength=256) > 0
        return np.flatnonzero(there), (np.cumsum(there) - 1)[values]
    if len(values) and values.dtype.kind in "ui":
        low = values.min()
        span = int(values.max()) - int(low)
        if span <= max(255, 16 * len(values)):  # (sorting takes ten times as long as counting)
            above = (values - low if values.dtype.kind == "u" else values.astype(np.int64) - int(low)).astype(np.int64)
            there = np.bincount(above, minlength=1) > 0
            return np.flatnonzero(there).astype(values.dtype) + low, (np.cumsum(there) - 1)[above]
    numbers, places = np.unique(values, return_inverse=True)
    return numbers, places
