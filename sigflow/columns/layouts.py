"""Frames of a static layout, put together from columns of numbers and payloads: no object per frame.

A `FrameLayout` exists of frames that are a header of integers, bit fields, constants and nested types of these, at most
one payload, and at most one checksum.  Headers are made by operations
on arrays, what they take is looked at column by column.  Whatever does not fit, or is no number, is `Unfitting`: then
frames are built one by one, which says what is wrong, or gives the bytes all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow.columns import frame_kernels
from sigflow.columns.frame import FrameType
from sigflow.columns.gather import WORDS
from sigflow.columns.kernels import SLACK
from sigflow.columns.layout_fields import (
    HeadField,
    Nobody,
    Path,
    constant_of,
    is_always_there,
    is_plain,
    members_of,
    number_in,
)
from sigflow.columns.names import distinct
from sigflow.runtime.column import Bits, Bytes, Column, Number
from sigflow.runtime.writing.derive import FAILURES
from sigflow.runtime.writing.description import (
    Check,
    Extent,
    Formula,
    Put,
    PutBytes,
)
from sigflow.stream.building.many import BuiltFrames
from sigflow.stream.check import Check as Checksummed

if TYPE_CHECKING:
    from sigflow.columns.frame_kernels import FrameKernel
    from sigflow.stream.format import Format

    Array = np.ndarray[Any, Any]

#: Distinct values of one column that a check of the spec is asked about.
_MOST_VALUES = 1 << 12
#: Bytes of headers that are kept.
_MOST_KEPT = 4 << 20


class Unfitting(Exception):
    """Columns of which frames have to be built one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class _Word:
    """Bytes of the header that bit fields share: where they stand, and the fields, with how far they are shifted."""

    start: int
    stop: int
    big: bool
    fields: tuple[tuple[HeadField, int], ...]

    @property
    def kind(self) -> np.dtype[Any]:
        """The smallest unsigned number that holds it."""
        return np.dtype(WORDS[next(size for size in WORDS if size >= self.stop - self.start)])


class FrameLayout:
    """The layout of the frames of a format.

    numbers: the numbers of the header by path, all but `length` and `checksum`.  literals: the constant bytes by path.
    length: the number that tells how long the payload is; body: the payload's path, None where there is none.  head,
    trailer: the bytes before and behind the payload.

    State: lengths that were solved for, headers with their constants, and the compiled function: for one thread.
    """

    def __init__(self, format: Format, fields: list[HeadField], literals: Mapping[Path, tuple[int, bytes]]) -> None:
        envelope = format.envelope
        assert envelope is not None  # whoever makes this has looked
        self.format = format
        self.checksum = envelope.search.checksums[0] if envelope.search.checksums else None
        self.literals = literals
        self.body: Path | None = None
        self.body_size: int | Formula | None = None
        self.head = self.trailer = 0
        stored = (self.checksum.field,) if self.checksum is not None else None
        self.stored = stored
        self.length: HeadField | None = None
        self.numbers = {field.path: field for field in fields if field.path != stored}
        self._fields = fields
        self._lengths: dict[int, int] = {}
        self._function: Callable[..., int] | None = None
        self._rows: Array = np.empty((0, 0), np.uint8)

    @classmethod
    def of(cls, format: Format) -> FrameLayout | None:
        """The layout of a format; None where its frames are built one by one."""
        envelope = format.envelope
        if envelope is None or envelope.decode.unit is None or envelope.search.framing is not None:
            return None
        if envelope.around is not None or envelope.decode.elements or not is_plain(envelope.search.checksums):
            return None
        kind = FrameType(format)
        fields: list[HeadField] = []
        literals: dict[Path, tuple[int, bytes]] = {}
        body: tuple[Path, Column, Put] | None = None
        end = 0
        for path, at, column, put in members_of(kind.classes, kind.unit, (), 0):
            if column is None or column.place is None or not is_always_there(column, put):
                return None
            start, stop = column.place
            end = max(end, at + (stop or 0))
            number = number_in(column.kind, put)
            contents = put.wire.extent.contents if isinstance(put.wire, PutBytes) else None
            if number is not None:
                at = at if start >= 0 else 0
                fields.append(HeadField(path, number, at + start, at + (stop or 0), put, constant_of(put)))
            elif contents is not None and start >= 0:
                literals[path] = (at + start, contents)
            elif isinstance(column.kind, Bytes) and body is None and not at and not put.checks:
                body = path, column, put
            else:
                return None
        layout = cls(format, fields, literals)
        return layout if layout._complete(body, end) else None

    def _complete(self, body: tuple[Path, Column, Put] | None, end: int) -> bool:
        """Take the payload in; whether that can be built."""
        self.head = end
        if body is not None:
            path, column, put = body
            start, stop = column.place or (0, 0)
            extent = put.wire.extent if isinstance(put.wire, PutBytes) else Extent()
            size = extent.size
            if size is None or start < 0 or extent.process is not None or extent.term is not None:
                return False
            if extent.pad is not None or extent.eos:
                return False
            self.head, self.body, self.body_size = start, path, size
            self.trailer = 0 if stop is None else -stop if stop < 0 else end - stop
            if isinstance(size, Formula):
                solution = size.solutions[0] if len(size.solutions) == 1 else None
                field = self.numbers.get((solution.name,)) if solution is not None else None
                if solution is None or field is None or solution.owner is not None or solution.index is not None:
                    return False
                if solution.part or field.put.checks or field.put.enum is not None:
                    return False
                self.length = self.numbers.pop(field.path)
                self._solved: Callable[..., Any] = solution.value
        # What stands behind the payload is the checksum.
        behind = [field for field in self.numbers.values() if field.start < 0 or field.start >= self.head]
        return not behind and all(at + len(data) <= self.head for at, data in self.literals.values())

    # ---------------------------------------------------------------- headers

    @cached_property
    def _template(self) -> Array:
        """The header with its constants."""
        template = np.zeros(self.head, np.uint8)
        for at, data in self.literals.values():
            template[at : at + len(data)] = np.frombuffer(data, np.uint8)
        return template

    def _constants(self, count: int) -> Array:
        """The headers of so many frames, with nothing but their constants.

        They are copied from rows that are kept: writing short rows one by one takes ten times as long.
        """
        if len(self._rows) < count and count * self.head <= _MOST_KEPT:
            self._rows = np.tile(self._template, (count, 1))
        if len(self._rows) >= count:
            return self._rows[:count].copy()
        heads: Array = np.empty((count, self.head), np.uint8)
        heads[:] = self._template
        return heads

    @cached_property
    def _dtype(self) -> np.dtype[Any]:
        """The numbers of the header that have bytes of their own, as a structured type."""
        entries: list[tuple[str, str, int]] = []
        for field in self._in_head():
            if isinstance(field.kind, Number):
                entries.append((".".join(field.path), _letters(field.kind), field.start))
        for word in self._words:
            if word.stop - word.start in WORDS:
                letters = f"{'>' if word.big else '<'}u{word.stop - word.start}"
                entries.append((f"@{word.start}", letters, word.start))
        names, formats, offsets = zip(*entries, strict=True) if entries else ((), (), ())
        return np.dtype(
            {"names": list(names), "formats": list(formats), "offsets": list(offsets), "itemsize": self.head}
        )

    def _in_head(self) -> list[HeadField]:
        fields = [*self.numbers.values()]
        return [*fields, self.length] if self.length is not None else fields

    @cached_property
    def _words(self) -> list[_Word]:
        """Bit fields, by the bytes that they share."""
        bits = [(field, field.kind) for field in self._in_head() if isinstance(field.kind, Bits)]
        words: list[_Word] = []
        while bits:
            start, stop = bits[0][0].start, bits[0][0].stop
            size = 0
            while size != len(mine := [item for item in bits if item[0].start < stop and item[0].stop > start]):
                size = len(mine)
                start, stop = min(field.start for field, _ in mine), max(field.stop for field, _ in mine)
            big = all(kind.order == "be" for _, kind in mine)
            shifted = tuple(
                (field, kind.shift + 8 * (stop - field.stop if big else field.start - start)) for field, kind in mine
            )
            words.append(_Word(start, stop, big, shifted))
            bits = [item for item in bits if item not in mine]
        return words

    def heads(self, columns: Mapping[Path, Array | int], sizes: Array) -> Array:
        """The headers of frames: one row of bytes for each.

        columns: numbers by path, a column or one number for all; constants and the length may be among them.  sizes: of
        the payloads.  Raises `Unfitting`.
        """
        count = len(sizes)
        heads = self._constants(count)
        if not self.head:
            return heads
        rows = heads.view(self._dtype)[:, 0] if self._dtype.names else None
        values = {path: self._checked(field, columns.get(path, field.constant)) for path, field in self.numbers.items()}
        if self.length is not None:
            values[self.length.path] = self._length_of(sizes, columns.get(self.length.path))
        for field in self._in_head():
            if isinstance(field.kind, Number) and rows is not None:
                rows[".".join(field.path)] = values[field.path]
        for word in self._words:
            kind = word.kind
            total: Any = kind.type(0)
            for field, shift in word.fields:
                part = np.asarray(values[field.path]).astype(kind, copy=False)
                total = total | (part << kind.type(shift)) if shift else total | part
            if rows is not None and f"@{word.start}" in (self._dtype.names or ()):
                rows[f"@{word.start}"] = total
            else:
                size = word.stop - word.start
                wide = np.ascontiguousarray(np.broadcast_to(total, (count,)).astype(">u8" if word.big else "<u8"))
                bytes_ = wide.view(np.uint8).reshape(count, 8)
                heads[:, word.start : word.stop] = bytes_[:, 8 - size :] if word.big else bytes_[:, :size]
        return heads

    def _checked(self, field: HeadField, values: Array | int | None) -> Array | int:
        """A column that fits its field, and is what the spec says."""
        if values is None:
            raise Unfitting
        numbers = np.asarray(values)
        if field.constant is not None and (numbers != field.constant).any():
            raise Unfitting
        low, high = field.bounds
        limits = np.iinfo(numbers.dtype)
        if not numbers.size:
            return values
        if (limits.min < low and int(numbers.min()) < low) or (limits.max > high and int(numbers.max()) > high):
            raise Unfitting
        if field.constant is None:
            for check in field.put.checks:
                _passes(check, field.put, np.atleast_1d(numbers))
        return values

    def _length_of(self, sizes: Array, supplied: Array | int | None) -> Array:
        """The numbers that tell the sizes of the payloads; those that were given have to be these."""
        assert self.length is not None
        numbers, places = distinct(sizes)
        low, high = self.length.bounds
        solved = []
        for size in numbers.tolist():
            if size not in self._lengths:
                if len(self._lengths) > 1 << 16:
                    self._lengths.clear()
                self._lengths[size] = self._solve(size, low, high)
            solved.append(self._lengths[size])
        table = np.array(solved, np.int64 if high < 1 << 63 else np.uint64)
        lengths: Array = table[places] if len(table) > 1 else np.broadcast_to(table, sizes.shape)
        if supplied is not None and (np.asarray(supplied) != lengths).any():
            raise Unfitting
        return lengths

    def _solve(self, size: int, low: int, high: int) -> int:
        try:
            number = self._solved(Nobody(), None, None, size)
        except FAILURES:
            number = None
        if not isinstance(number, int) or not low <= number <= high:
            raise Unfitting
        return number

    # ---------------------------------------------------------------- frames

    def frames(
        self,
        columns: Mapping[Path, Array | int],
        payload: Array,
        begins: Array,
        ends: Array,
        *,
        native: bool | None = None,
    ) -> BuiltFrames:
        """The frames of these columns.

        columns: see `heads`; the checksum may be among them.  payload[begins[i]:ends[i]]: the payloads, which lie in
        the array.  native: whether the compiled function is used; None: where that pays.  Raises `Unfitting`.
        """
        sizes = ends - begins
        longest = int(sizes.max()) if len(sizes) else 0
        if isinstance(self.body_size, int) and (sizes != self.body_size).any():
            raise Unfitting
        if self.head + longest + self.trailer > self.format.max_frame:
            raise Unfitting
        heads = self.heads(columns, sizes)
        total = int(sizes.sum()) + len(sizes) * (self.head + self.trailer)
        kernel = self._kernel_for(len(sizes), native)
        if kernel is not None:
            if self._function is None:
                self._function = kernel.make()
            made, sums = _natively(kernel, self._function, heads, self.trailer, payload, begins, ends, total)
        else:
            made, sums = self._plainly(heads, payload, begins, ends)
        supplied = columns.get(self.stored) if self.stored is not None else None
        if supplied is not None and (np.asarray(supplied) != sums).any():
            raise Unfitting
        return made

    def _kernel_for(self, frames: int, native: bool | None) -> FrameKernel | None:
        """What puts so many frames together natively; None where that is left to Python."""
        if native is None:
            return frame_kernels.worth(self.checksum, self.head, self.trailer, frames)
        if native and frame_kernels.has_kernel(self.checksum):
            return frame_kernels.compiled(self.checksum, self.head, self.trailer)
        return None

    def _plainly(self, heads: Array, payload: Array, begins: Array, ends: Array) -> tuple[BuiltFrames, Array]:
        """The frames, put together one by one."""
        view = np.ascontiguousarray(payload).data
        rows = heads.tobytes()
        size, trailer = self.head, bytes(self.trailer)
        check = Checksummed(self.checksum) if self.checksum is not None else None
        frames, sums = [], []
        for row, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
            raw = rows[row * size : row * size + size] + view[begin:end].tobytes() + trailer
            if check is not None:
                raw, value = _with_sum(check, raw)
                sums.append(value)
            frames.append(raw)
        return BuiltFrames.of(frames), np.array(sums, np.uint64)


def _natively(
    kernel: FrameKernel,
    function: Callable[..., int],
    heads: Array,
    trailer: int,
    payload: Array,
    begins: Array,
    ends: Array,
    size: int,
) -> tuple[BuiltFrames, Array]:
    """The frames, put together by the compiled function."""
    count = len(begins)
    if count and (int(begins.min()) < 0 or int(ends.max()) > len(payload) or int((ends - begins).min()) < 0):
        raise IndexError("a payload lies outside of its data")  # (natively nobody looks again)
    made = BuiltFrames(size + SLACK)
    out: Array | None = np.frombuffer(made, np.uint8)
    offsets, sums = np.zeros(count + 1, np.int64), np.zeros(count, np.int64)
    begins, ends = np.ascontiguousarray(begins, np.int64), np.ascontiguousarray(ends, np.int64)
    filled = function(
        heads.reshape(-1),
        heads.shape[1],
        trailer,
        payload,
        begins,
        ends,
        out,
        offsets[1:],
        sums,
        kernel.literals,
        kernel.P,
        kernel.T,
    )
    assert filled == size
    del out  # (what is looked at cannot become shorter)
    del made[size:]
    made.offsets = offsets
    return made, sums.view(np.uint64)


def _with_sum(check: Checksummed, raw: bytes) -> tuple[bytes, int]:
    """A frame with its checksum, which is 0 in it so far."""
    checksum = check.checksum
    assert checksum.stored is not None and checksum.pieces is not None  # the layout is static
    field = checksum.stored if checksum.stored >= 0 else len(raw) + checksum.stored
    covered = check.stretches(raw, 0, len(raw), checksum.pieces, field)
    assert covered is not None  # no text is covered
    value = check.direct(raw, covered)
    order = "little" if checksum.order == "little" else "big"
    stored = value.to_bytes(checksum.size, order)  # type: ignore[arg-type]
    return raw[:field] + stored + raw[field + checksum.size :], value


def _passes(check: Check, put: Put, numbers: Array) -> None:
    """`Unfitting` where some of these numbers are refused, or it cannot be told."""
    if check.kind in ("least", "most"):
        values = [int(numbers.min()), int(numbers.max())]
    else:
        values = distinct(numbers)[0].tolist()
    if len(values) > _MOST_VALUES:
        raise Unfitting
    members = put.enum._value2member_map_ if put.enum is not None else {}
    nobody = Nobody()
    for value in values:
        try:
            refused = check.refuses(nobody, None, members.get(value, value))
        except FAILURES:
            refused = True
        if refused:
            raise Unfitting


def _letters(kind: Number) -> str:
    """NumPy's letters for a number on the wire."""
    return f"{'<' if kind.order == 'le' else '>'}{'i' if kind.kind == 's' else 'u'}{kind.size}"
