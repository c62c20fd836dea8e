"""Columns that are no fields: the time of a frame, its metadata, its payload as numbers, and what a path leads to that
no column has.  Those that no form for many frames makes are made of frames that are parsed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigflow.columns.arrow import arrow, masked, type_of
from sigflow.columns.moments import times_of
from sigflow.columns.tree import Leaf, Node
from sigflow.runtime.column import Computed, Text
from sigflow.surrogates import writable

if TYPE_CHECKING:
    import pyarrow

    from sigflow.calibration.measure import Applying
    from sigflow.calibration.rules import Calibrations, Quantity
    from sigflow.columns.frames import FrameBatch
    from sigflow.columns.gather import Scalar, Stretches
    from sigflow.columns.names import Names
    from sigflow.columns.reach import Reached
    from sigflow.events import Record
    from sigflow.stream.format import Format


#: Where a path leads to what the record alone says: its value, and the rules that apply to it.
RECORD = "record"
#: What the schema calls the expression that a column was computed of.
EXPRESSION = "expression"


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """The time of each frame: a timestamp in UTC, or where the format names no epoch, how long after its own start.

    Null where a frame has none, or one beyond the years 1677 to 2262, which 64 bits of nanoseconds cannot say.
    """

    name: str
    epoch: bool

    @property
    def type(self) -> pyarrow.DataType:
        """Its type."""
        pa = arrow()
        return pa.timestamp("ns", "UTC") if self.epoch else pa.duration("ns")

    def of_frames(self, format: Format, scalars: Mapping[str, Scalar], rows: Stretches) -> pyarrow.Array | None:
        """The column of many frames, none of which fails to parse; None where each has to be asked.  scalars: the
        numbers of a frame, by the paths of their attributes.
        """
        times = times_of(format, scalars, rows)
        if times is None or times.values.dtype != "int64":
            return None
        return arrow().array(times.values, mask=~times.known).cast(self.type)

    def array(self, format: Format, records: Sequence[Record], names: Names) -> pyarrow.Array:
        """The column of these frames."""
        pa = arrow()
        times = [format.time_of(record) for record in records]
        most = 1 << 63
        return pa.array([None if time is None or not -most < time < most else time for time in times], pa.int64()).cast(
            self.type
        )


@dataclass(frozen=True, slots=True, eq=False)
class Metadata:
    """The metadata of each frame: keys and texts, in their order."""

    name: str

    @property
    def type(self) -> pyarrow.DataType:
        """Its type."""
        pa = arrow()
        return pa.map_(pa.string(), pa.string())

    def array(self, format: Format, records: Sequence[Record], names: Names) -> pyarrow.Array:
        """The column of these frames."""
        pairs = [[(writable(key), writable(value)) for key, value in record.metadata.items()] for record in records]
        return arrow().array(pairs, self.type)


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """The payload of each frame as a list of numbers; null where its bytes are none."""

    name: str
    dtype: str

    @property
    def type(self) -> pyarrow.DataType:
        """Its type."""
        import numpy as np

        from sigflow.columns.numbers import item_type

        pa = arrow()
        return pa.list_(pa.field("item", item_type(np.dtype(self.dtype))))

    def array(self, format: Format, records: Sequence[Record], names: Names) -> pyarrow.Array:
        """The column of these frames."""
        import numpy as np

        from sigflow.columns.numbers import items, numbers_of

        pa = arrow()
        results = [numbers_of(record, self.dtype) for record in records]
        arrays = [result for result in results if not isinstance(result, str)]
        sizes = [0 if isinstance(result, str) else len(result) for result in results]
        offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())
        empty = np.empty(0, np.dtype(self.dtype).newbyteorder("="))
        mask = pa.array([isinstance(result, str) for result in results], pa.bool_())
        return pa.ListArray.from_arrays(offsets, items(np.concatenate([empty, *arrays])), type=self.type, mask=mask)


@dataclass(frozen=True, slots=True, eq=False)
class Led:
    """What a path leads to in each frame."""

    name: str
    reached: Reached
    node: Node

    @property
    def type(self) -> pyarrow.DataType:
        """Its type."""
        return type_of(self.node)

    def array(self, format: Format, records: Sequence[Record], names: Names) -> pyarrow.Array:
        """The column of these frames."""
        from sigflow.columns.values import array_of

        reached = self.reached
        if reached.source == RECORD:
            return array_of(self.node, [reached.of(record) for record in records], names)
        values = [None if record.value is None else reached.of(record.value) for record in records]
        return array_of(self.node, values, names)


@dataclass(frozen=True, slots=True, eq=False)
class Keyed:
    """One key of the metadata."""

    name: str
    key: str

    @property
    def type(self) -> pyarrow.DataType:
        """Its type."""
        return arrow().string()

    def array(self, format: Format, records: Sequence[Record], names: Names) -> pyarrow.Array:
        """The column of these frames."""
        texts = [record.metadata.get(self.key) for record in records]
        return arrow().array([None if text is None else writable(text) for text in texts], self.type)


@dataclass(frozen=True, slots=True, eq=False)
class OfRules(ABC):
    """What the rules of sigflow.yaml that apply to each frame say; null where they say nothing."""

    name: str

    @property
    def type(self) -> pyarrow.DataType:
        """Its type: few texts, many times."""
        pa = arrow()
        return pa.dictionary(pa.int32(), pa.string())

    @abstractmethod
    def text_of(self, calibrations: Calibrations, rules: Applying) -> str | None:
        """What these rules say."""

    def of_frames(self, rows: Stretches) -> pyarrow.Array | None:
        """The column of many frames."""
        assert rows.ruled is not None
        calibrations = rows.ruled.calibrations
        return _few(rows, [self.text_of(calibrations, kind) for kind in rows.ruled.applied.kinds])

    def array(self, format: Format, records: Sequence[Record], names: Names) -> pyarrow.Array:
        """The column of these frames."""
        calibrations = format.calibrations
        assert calibrations is not None
        texts = [self.text_of(calibrations, record.rules) for record in records]
        return arrow().array(texts, arrow().string()).cast(self.type)


@dataclass(frozen=True, slots=True, eq=False)
class Versions(OfRules):
    """The versions of the rules."""

    def text_of(self, calibrations: Calibrations, rules: Applying) -> str | None:
        """Their versions."""
        return calibrations.version(rules)


@dataclass(frozen=True, slots=True, eq=False)
class Attached(OfRules):
    """What the rules set under a key of the metadata."""

    key: str

    def text_of(self, calibrations: Calibrations, rules: Applying) -> str | None:
        """The text."""
        return calibrations.metadata(rules).get(self.key)


def _few(rows: Stretches, texts: Sequence[str | None]) -> pyarrow.Array:
    """A column that says for each frame what is said of its combination of rules.  (Two that say the same are one.)"""
    import numpy as np

    pa = arrow()
    assert rows.ruled is not None
    known = list(dict.fromkeys(text for text in texts if text is not None))
    numbers = np.array([-1 if text is None else known.index(text) for text in texts], np.int32)
    there = None
    if len(known) == 1 and None not in texts:
        places = np.broadcast_to(np.int32(0), len(rows))
    else:
        places = np.take(numbers, rows.ruled.applied.places)
        if None in texts:
            there = places >= 0
            np.maximum(places, 0, out=places)
    indices = masked(places, there, pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(known, pa.string()), safe=False)


@dataclass(frozen=True, slots=True, eq=False)
class Calculated:
    """A computed quantity; null where it cannot be computed."""

    name: str
    quantity: Quantity

    @property
    def node(self) -> Leaf:
        """It as a column."""
        return Leaf(kind_of(self.quantity))

    @property
    def type(self) -> pyarrow.DataType:
        """Its type."""
        return type_of(self.node)

    @property
    def said(self) -> dict[str, str]:
        """What the schema says of it."""
        said = {EXPRESSION: self.quantity.text}
        return {**said, "unit": self.quantity.unit} if self.quantity.unit else said

    def of_frames(self, rows: Stretches, frames: FrameBatch) -> pyarrow.Array | None:
        """The column of many frames; None where each has to be asked."""
        made = self.quantity.of_frames(rows, frames) if self.quantity.in_arrays else None
        if made is None:
            return None
        values, bad = made
        kind = self.quantity.kind
        if (kind == "float") != (values.dtype.kind == "f") or values.dtype.kind not in "fbi":
            return None
        return arrow().array(values, mask=bad).cast(self.type)

    def array(self, format: Format, records: Sequence[Record], names: Names) -> pyarrow.Array:
        """The column of these frames."""
        from sigflow.columns.values import array_of

        return array_of(self.node, [self.quantity.of(record) for record in records], names)


def kind_of(quantity: Quantity) -> Computed | Text:
    """A quantity as the kind of a field."""
    if quantity.kind == "str":
        return Text()
    return Computed("int", -(1 << 63), (1 << 63) - 1) if quantity.kind == "int" else Computed(quantity.kind)


Extra = Moments | Metadata | Numbers | Led | Keyed | OfRules | Calculated
