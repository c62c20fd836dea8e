"""Columns that are no fields: the time of a frame, its metadata, its payload as numbers, and what a path leads to that
no column has.  All are made of frames that are parsed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigflow.columns.arrow import arrow, type_of
from sigflow.columns.tree import Node

if TYPE_CHECKING:
    import pyarrow

    from sigflow.columns.names import Names
    from sigflow.columns.reach import Reached
    from sigflow.events import Record
    from sigflow.stream.format import Format


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
        pairs = [[(_text(key), _text(value)) for key, value in record.metadata.items()] for record in records]
        return arrow().array(pairs, self.type)


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


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

        values = [None if record.value is None else self.reached.of(record.value) for record in records]
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
        return arrow().array([None if text is None else _text(text) for text in texts], self.type)


Extra = Moments | Metadata | Numbers | Led | Keyed
