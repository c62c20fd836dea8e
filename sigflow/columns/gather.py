"""Fields at fixed places, gathered from the bytes of many frames at once: no object per frame.

`Stretches` are the bytes of as many objects; a field of theirs is at one place in each.  Small fields that stand close
together are copied in one go and read from the copy, and long ones are taken by Arrow from a view of all bytes.  Text
that does not decode marks its frame: that one has to be parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow.columns import kernels
from sigflow.columns.arrow import arrow, masked, type_of
from sigflow.columns.gatherable import Classes, is_wider_ascii
from sigflow.columns.names import Names
from sigflow.columns.tree import Leaf, Listed, Member, Node, Struct
from sigflow.runtime.column import Bits, Bytes, Column, Kind, Many, Named, Nested, Number, Text
from sigflow.runtime.framing import unit_of
from sigflow.runtime.stream import aligned_find

if TYPE_CHECKING:
    import pyarrow

    from sigflow.calibration.measure import Applied
    from sigflow.calibration.rules import Calibrations
    from sigflow.columns.frames import FrameBatch
    from sigflow.stream.format import Format

    Array = np.ndarray[Any, Any]

#: Bytes that are copied of each object in one go, at most, to read its small fields from.
WIDEST = 256
#: NumPy's unsigned numbers by their bytes.
WORDS = {1: "u1", 2: "u2", 4: "u4", 8: "u8"}
#: NumPy's letters for the kinds of numbers.
_LETTERS = {"u": "u", "s": "i", "f": "f"}


class Ruled:
    """Frames of a format that has rules of sigflow.yaml, and which of these apply to each, once that is asked for.

    rows: the units of the frames.
    """

    def __init__(self, calibrations: Calibrations, frames: FrameBatch, rows: Stretches) -> None:
        self.calibrations = calibrations
        self._frames = frames
        self._rows = rows

    @cached_property
    def applied(self) -> Applied:
        """Which rules apply."""
        return self.calibrations.applied(self._frames, self._rows)


class Stretches:
    """Bytes of many objects of one class: data[starts[i]:stops[i]] each, in the order of the bytes, none overlapping.

    State: the numbers that were read, or the copies that small fields are read from; the texts of places that were
    written in digits; and per frame whether it has to be parsed (`failed`).
    owners: the frame of each object; None where each is one.
    """

    def __init__(
        self,
        data: Array,
        starts: Array,
        stops: Array,
        failed: Array,
        owners: Array | None = None,
        ruled: Ruled | None = None,
    ) -> None:
        """ruled: knows which rules of sigflow.yaml apply to the frames; None where there are none."""
        self.data = data
        self.ruled = ruled
        self.starts = starts
        self.stops = stops
        self.failed = failed
        self.owners = owners
        self._block: tuple[int, int, Array] | None = None
        self.texts: dict[tuple[int, int | None], Any] = {}
        self._numbers: dict[tuple[int, int, bool], Array] = {}
        self._least: int | None = None  # bytes of the smallest object
        #: What fields are read and copied by; None where that is left to NumPy.
        self.natively = kernels.worth(len(starts))

    @classmethod
    def of(cls, format: Format, frames: FrameBatch) -> Stretches:
        """The units of these frames, all of the format: the frames themselves, but where they are framed."""
        rows = cls._plain(format, frames)
        if format.calibrations is not None:
            rows.ruled = Ruled(format.calibrations, frames, rows)
        return rows

    @classmethod
    def _plain(cls, format: Format, frames: FrameBatch) -> Stretches:
        failed = np.zeros(len(frames), bool)
        framing = format.envelope.search.framing if format.envelope is not None else None
        if framing is None:
            return cls(frames.data, frames.starts, frames.stops, failed)
        view = frames.data.data
        spans = zip(frames.starts.tolist(), frames.stops.tolist(), strict=True)
        units = [unit_of(framing, view[start:stop].tobytes()) for start, stop in spans]
        stops = np.cumsum(np.fromiter(map(len, units), np.int64, len(units)))
        starts = np.concatenate([np.zeros(1, np.int64), stops[:-1]])
        return cls(np.frombuffer(b"".join(units), np.uint8), starts, stops, failed)

    def inside(self, starts: Array, stops: Array) -> Stretches:
        """Objects inside of these, one in each."""
        return Stretches(self.data, starts, stops, self.failed, self.owners, self.ruled)

    def __len__(self) -> int:
        return len(self.starts)

    def expect(self, columns: Sequence[Column]) -> None:
        """These fields will be asked for: the numbers are read in one go, or the small ones among the first bytes are
        copied.
        """
        if self.natively is not None:
            self._read([place for column in columns if (place := _word(column)) is not None])
            return
        places = [
            (column.place[0], column.place[1])
            for column in columns
            if column.place is not None and column.place[0] >= 0 and column.place[1] is not None
        ]
        near = [(start, stop) for start, stop in places if 0 <= stop <= WIDEST and stop - start <= 16]
        if len(near) > 1:
            first, last = min(start for start, _ in near), max(stop for _, stop in near)
            self._block = (first, last, self._copied(self.starts + first, last - first))

    def unsigned(self, start: int, size: int, big: bool) -> Array:
        """The numbers of so many bytes (1, 2, 4 or 8) at a place, without signs, in the machine's order."""
        if self.natively is None:
            bytes_ = np.ascontiguousarray(self.words(start, start + size))
            return bytes_.view(f"{'>' if big else '<'}u{size}")[:, 0].astype(WORDS[size])
        word = start, size, big and size > 1
        if word not in self._numbers:
            self._read([word])
        return self._numbers[word]

    def _read(self, words: Sequence[tuple[int, int, bool]]) -> None:
        """Read numbers natively."""
        assert self.natively is not None
        words = [word for word in dict.fromkeys(words) if word not in self._numbers]
        count = len(self)
        ends = np.cumsum([0, *(-(-count * size // 8) * 8 for _, size, _ in words)]).tolist()
        out = np.empty(ends[-1] + kernels.SLACK, np.uint8)
        fields = [(start, kernels.FORMS[size, big], at) for (start, size, big), at in zip(words, ends, strict=False)]
        if not words or not count:
            return
        self._within(max(start + size if start >= 0 else -start for start, size, _ in words))
        self.natively.read(self.data, self.starts, self.stops, np.array(fields, np.int64), out)
        for word, at in zip(words, ends, strict=False):
            size = word[1]
            numbers = out[at : at + count * size].view(f"<u{size}")
            self._numbers[word] = numbers.astype(WORDS[size], copy=False)

    def _within(self, size: int) -> None:
        """`IndexError` unless every object has so many bytes, all of them in the data: natively nobody looks again."""
        if self._least is None:
            inside = int(self.starts.min()) >= 0 and int(self.stops.max()) <= len(self.data)
            self._least = int((self.stops - self.starts).min()) if inside else -1
        if self._least < size:
            raise IndexError("a field lies outside of its object")

    def fail(self, which: Array) -> None:
        """The frames of these objects have to be parsed."""
        self.failed[which if self.owners is None else self.owners[which]] = True

    def words(self, start: int, stop: int | None) -> Array:
        """The bytes of a place of constant size, as an array of (objects, bytes)."""
        if self._block is not None:
            first, last, block = self._block
            if start >= first and stop is not None and stop <= last:
                return block[:, start - first : stop - first]
        size = (stop or 0) - start
        return self._copied((self.starts if start >= 0 else self.stops) + start, size)

    def _copied(self, at: Array, size: int) -> Array:
        if not len(at):
            return np.empty((0, size), np.uint8)
        windows: Array = np.ndarray((len(self.data) - size + 1,), f"V{size}", self.data, strides=(1,))
        copied: Array = windows[at].view(np.uint8).reshape(len(at), size)
        return copied

    def limits(self, start: int, stop: int | None) -> tuple[Array, Array]:
        """The bytes of any place: where they begin and end in the data."""
        begin = (self.starts if start >= 0 else self.stops) + start
        return begin, self.stops if stop is None else (self.starts if stop >= 0 else self.stops) + stop


# ---------------------------------------------------------------- columns


def gathered(member: Member, rows: Stretches, names: Names) -> pyarrow.Array:
    """The column of a field that has a place in these objects."""
    assert member.column.place is not None
    start, stop = member.column.place
    if member.physical is not None:
        return _physical(member, rows, start, stop)
    return _ARRAYS[type(member.node)](member.node, member.column.kind, rows, start, stop, names)


def numbers(kind: Number | Bits | Named, rows: Stretches, start: int, stop: int | None) -> Array:
    """The raw numbers of a field, in the smallest type for it; a boolean is one of 0 and 1."""
    if isinstance(kind, Named):
        assert isinstance(kind.of, Number | Bits)
        return numbers(kind.of, rows, start, stop)
    size = (stop or 0) - start
    if size in WORDS:
        raw = rows.unsigned(start, size, kind.order != "le")
        if isinstance(kind, Number):
            return raw.view(dtype_of(kind))
    else:
        assert isinstance(kind, Bits)
        bytes_ = rows.words(start, stop)
        raw = np.zeros(len(bytes_), np.uint64)
        for place in range(size) if kind.order == "be" else reversed(range(size)):
            raw = (raw << np.uint64(8)) | bytes_[:, place]
    masked: Array = (raw >> raw.dtype.type(kind.shift)) & raw.dtype.type((1 << kind.width) - 1)
    return masked.astype(dtype_of(kind), copy=False)


def _word(column: Column) -> tuple[int, int, bool] | None:
    """Where the number of a field stands, how many bytes it has, and whether it is big-endian; None of what is none."""
    kind = column.kind.of if isinstance(column.kind, Named) else column.kind
    if column.place is None or not isinstance(kind, Number | Bits):
        return None
    start, size = column.place[0], (column.place[1] or 0) - column.place[0]
    return (start, size, kind.order != "le" and size > 1) if size in WORDS else None


def dtype_of(kind: Number | Bits | Named) -> np.dtype[Any]:
    """The smallest type of NumPy for the numbers of a field; for those of a boolean one byte."""
    if isinstance(kind, Named):
        assert isinstance(kind.of, Number | Bits)
        return dtype_of(kind.of)
    if isinstance(kind, Number):
        return np.dtype(f"{_LETTERS[kind.kind]}{kind.size}")
    return np.dtype(WORDS[next(word for word in WORDS if kind.width <= 8 * word)])


def _leaf(node: Leaf, _kind: Kind, rows: Stretches, start: int, stop: int | None, names: Names) -> pyarrow.Array:
    kind = node.kind
    if isinstance(kind, Named):
        return names.of_numbers(kind, numbers(kind, rows, start, stop))
    if isinstance(kind, Bits) and kind.boolean:
        return arrow().array(numbers(kind, rows, start, stop).astype(bool))
    if isinstance(kind, Number | Bits):
        return arrow().array(numbers(kind, rows, start, stop), type_of(node))
    assert isinstance(kind, Bytes | Text)
    cut = cutter(kind)
    pieces = taken(rows, start, stop)
    if cut is None and isinstance(kind, Bytes):
        return pieces
    if cut is None and isinstance(kind, Text) and is_wider_ascii(kind.encoding) and _is_ascii(pieces):
        return arrow().Array.from_buffers(arrow().string(), len(pieces), pieces.buffers(), offset=pieces.offset)
    values = pieces.to_pylist() if cut is None else [cut(piece) for piece in pieces.to_pylist()]
    return arrow().array(values, arrow().binary()) if isinstance(kind, Bytes) else _decoded(values, kind, rows)


def taken(rows: Stretches, start: int, stop: int | None) -> pyarrow.Array:
    """The bytes at a place, as a column: copied natively, or by one view of all bytes, cut at their begins and ends, of
    which each second piece is taken.
    """
    pa = arrow()
    begin, end = rows.limits(start, stop)
    count = len(begin)
    if not count:
        return pa.array([], pa.binary())
    if rows.natively is not None:
        sizes = end - begin
        if int(sizes.min()) < 0 or int(begin.min()) < 0 or int(end.max()) > len(rows.data):
            raise IndexError("a field lies outside of its object")
        offsets = np.empty(count + 1, np.int32)
        values = np.empty(int(sizes.sum()) + kernels.SLACK, np.uint8)
        size = rows.natively.take(rows.data, begin, end, offsets, values)
        return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(values[:size])])
    cuts = np.empty(2 * count, np.int32)
    cuts[0::2], cuts[1::2] = begin, end
    pieces = pa.Array.from_buffers(pa.binary(), 2 * count - 1, [None, pa.py_buffer(cuts), pa.py_buffer(rows.data)])
    return pieces.take(pa.array(np.arange(0, 2 * count, 2)))


def _is_ascii(pieces: pyarrow.Array) -> bool:
    offsets, data = np.frombuffer(pieces.buffers()[1], np.int32), pieces.buffers()[2]
    if data is None:
        return True
    first, last = int(offsets[pieces.offset]), int(offsets[pieces.offset + len(pieces)])
    return not bool((np.frombuffer(data, np.uint8)[first:last] & 0x80).any())


def cutter(kind: Bytes | Text) -> Callable[[bytes], bytes] | None:
    """What cuts off the padding, and what follows the terminator, as the parser does."""
    pad = None if kind.pad is None or kind.term == bytes((kind.pad,)) else bytes((kind.pad,))
    term, more = kind.term, kind.include
    if pad is None and term is None:
        return None

    def cut(value: bytes) -> bytes:
        if pad is not None:
            value = value.rstrip(pad)
        if term is None:
            return value
        at = value.find(term) if kind.anywhere else aligned_find(value, term, 0)
        return value if at < 0 else value[: at + len(term)] if more else value[:at]

    return cut


def _decoded(values: list[bytes], kind: Text, rows: Stretches) -> pyarrow.Array:
    texts: list[str] = []
    failed: list[int] = []
    for number, value in enumerate(values):
        try:
            texts.append(value.decode(kind.encoding))
        except UnicodeDecodeError:
            failed.append(number)
            texts.append("")
    if failed:
        rows.fail(np.array(failed))
    return arrow().array(texts, arrow().string())


def _struct(node: Struct, kind: Kind, rows: Stretches, start: int, stop: int | None, names: Names) -> pyarrow.Array:
    begin, end = rows.limits(start, stop)
    inner = rows.inside(begin, end)
    return _objects(node, inner, names)


def _objects(node: Struct, inner: Stretches, names: Names) -> pyarrow.Array:
    pa = arrow()
    inner.expect([member.column for member in node.members])
    parts = [gathered(member, inner, names) for member in node.members]
    if not parts:
        return pa.array([{}] * len(inner), type_of(node))
    return pa.StructArray.from_arrays(parts, fields=list(type_of(node)))


def _listed(node: Listed, kind: Kind, rows: Stretches, start: int, stop: int | None, names: Names) -> pyarrow.Array:
    """A list of constant length: its items are so many objects more."""
    pa = arrow()
    assert isinstance(kind, Many)
    inner, size, count = items_of(kind, rows, start, stop)
    items = (
        _objects(node.item, inner, names)
        if isinstance(node.item, Struct)
        else _ARRAYS[type(node.item)](node.item, kind.item, inner, 0, size, names)
    )
    offsets = np.arange(0, count * len(rows) + 1, count, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), items, type=type_of(node))


def items_of(kind: Many, rows: Stretches, start: int, stop: int | None) -> tuple[Stretches, int, int]:
    """The items of lists of constant length as so many objects more, the bytes of each, and how many a list has."""
    count = kind.count
    assert count
    begin, _ = rows.limits(start, stop)
    size = ((stop or 0) - start) // count
    at = (begin[:, None] + np.arange(count) * size).ravel()
    owners = np.repeat(np.arange(len(rows)) if rows.owners is None else rows.owners, count)
    return Stretches(rows.data, at, at + size, rows.failed, owners, rows.ruled), size, count


def _physical(member: Member, rows: Stretches, start: int, stop: int | None) -> pyarrow.Array:
    pa = arrow()
    assert member.physical is not None
    kind = member.column.kind
    count = 1
    if isinstance(kind, Many):
        rows, stop, count = items_of(kind, rows, start, stop)
        kind, start = kind.item, 0
    assert isinstance(kind, Number | Bits)
    applied = rows.ruled.applied if rows.ruled is not None and member.physical.by_rule else None
    made, there = member.physical.of_array(numbers(kind, rows, start, stop), applied, rows.owners)
    if not isinstance(member.column.kind, Many):
        return masked(made, there, pa.float64())
    offsets = pa.array(np.arange(0, len(rows) + 1, count, dtype=np.int32))
    missing = None if there is None else pa.array(~there[::count])
    return pa.ListArray.from_arrays(offsets, pa.array(made), type=type_of(member.node), mask=missing)


_ARRAYS: dict[type[Node], Callable[[Any, Kind, Stretches, int, int | None, Names], Any]] = {
    Leaf: _leaf,
    Struct: _struct,
    Listed: _listed,
}


# ---------------------------------------------------------------- scalars


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number at a fixed place: its path by ids and by attributes, and the fields that lead to it."""

    path: str
    attributes: str
    way: tuple[Column, ...]

    @property
    def kind(self) -> Number | Bits | Named:
        """What the number is."""
        kind = self.way[-1].kind
        assert isinstance(kind, Number | Bits | Named)
        return kind

    def numbers(self, rows: Stretches) -> Array:
        """The raw numbers."""
        for column in self.way[:-1]:
            assert column.place is not None
            begin, end = rows.limits(*column.place)
            rows = rows.inside(begin, end)
        place = self.way[-1].place
        assert place is not None
        return numbers(self.kind, rows, *place)


def scalars(columns: Iterable[Column], classes: Classes) -> list[Scalar]:
    """The numbers among fields that can be gathered, and in the types of such fields."""
    listed: list[Scalar] = []
    waiting = [Scalar("", "", (column,)) for column in reversed(list(columns))]
    while waiting:
        scalar = waiting.pop()
        column = scalar.way[-1]
        path, attributes = f"{scalar.path}{column.id}", f"{scalar.attributes}{column.name}"
        if isinstance(column.kind, Number | Bits | Named):
            listed.append(Scalar(path, attributes, scalar.way))
        elif isinstance(column.kind, Nested):
            inner = [member for member in reversed(classes[column.kind.target].columns) if not member.instance]
            waiting += [Scalar(f"{path}.", f"{attributes}.", (*scalar.way, member)) for member in inner]
    return listed
