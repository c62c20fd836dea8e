"""Texts of many rows, put together from pieces: no string object per row.

A piece is the same text for all rows (`str`), one of a few texts for each (`Few`), or a column of texts.  What stands
side by side and has few forms is put together once for each form, and not for each row.
"""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow.columns.arrow import arrow
from sigflow.columns.names import distinct

if TYPE_CHECKING:
    import pyarrow

    Array = np.ndarray[Any, Any]

#: Texts that a few may be, and combinations of two few.
MOST = 256


@dataclass(frozen=True, slots=True, eq=False)
class Few:
    """For each row which of some texts it has; each of the texts is there."""

    places: Array
    texts: list[str]


Piece = str | Few | Any  # the last is an array of `pyarrow.string()`


def digits(numbers: Array) -> Piece:
    """Integers in decimal digits."""
    if not len(numbers):
        return ""
    if (numbers == numbers[0]).all():
        return str(int(numbers[0]))
    if numbers.dtype.itemsize <= 2:
        small, places = distinct(numbers)
        if len(small) <= MOST:
            return Few(places, [str(number) for number in small.tolist()])
    return arrow().array(numbers).cast(arrow().string())


def by_value(values: Array, text: Callable[[Any], str]) -> Piece:
    """The text of each of these numbers; `text` is asked once for each distinct one."""
    numbers, places = distinct(values)
    texts = [text(number) for number in numbers.tolist()]
    return Few(places, texts) if len(texts) <= MOST else arrow().array(texts, arrow().string()).take(_indices(places))


def as_column(texts: Sequence[str]) -> Piece:
    """As many texts as there are rows."""
    return arrow().array(texts, arrow().string())


def hexed(values: pyarrow.Array) -> Piece:
    """Bytes (`pyarrow.binary()`, none null) in hexadecimal digits."""
    pa = arrow()
    if not len(values):
        return ""
    _, offsets, data = values.buffers()
    ends = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    first, last = int(ends[0]), int(ends[-1])
    digits_ = hexlify(memoryview(data)[first:last]) if last > first else b""
    return _strings((ends - first) * 2, digits_, pa)


def hexed_words(words: Array) -> Piece:
    """Rows of as many bytes each, (rows, bytes), in hexadecimal digits."""
    count, size = words.shape
    if not count or not size:
        return ""
    if (words == words[0]).all():
        return words[0].tobytes().hex()
    ends = np.arange(0, 2 * size * count + 1, 2 * size, dtype=np.int32)
    return _strings(ends, hexlify(np.ascontiguousarray(words).data), arrow())


def _strings(ends: Array, data: bytes, pa: Any) -> Any:
    return pa.StringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(data))


def regrouped(texts: pyarrow.Array, ends: Array) -> pyarrow.Array:
    """Neighbouring texts as one: ends[i] to ends[i + 1] of them are the text of row i.  Nothing is copied."""
    pa = arrow()
    if not len(texts):
        return pa.array([""] * (len(ends) - 1), pa.string())
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1][ends]
    return pa.StringArray.from_buffers(len(ends) - 1, pa.py_buffer(bounds), data)


def merged(pieces: Sequence[Piece]) -> list[Piece]:
    """The same in fewer pieces."""
    out: list[Piece] = [""]
    for piece in pieces:
        both = _both(out[-1], piece)
        if both is None:
            out.append(piece)
        else:
            out[-1] = both
    return out


def _both(first: Piece, second: Piece) -> Piece | None:
    """Two pieces as one; None where they stay two."""
    if first == "" if isinstance(first, str) else False:
        return second
    if isinstance(first, str) and isinstance(second, str):
        return first + second
    if isinstance(first, str) and isinstance(second, Few):
        return Few(second.places, [first + text for text in second.texts])
    if isinstance(first, Few) and isinstance(second, str):
        return Few(first.places, [text + second for text in first.texts])
    if isinstance(first, Few) and isinstance(second, Few):
        size = len(second.texts)
        if len(first.texts) * size <= MOST:
            there, places = distinct((first.places * size + second.places).astype(np.uint8))
            return Few(places, [first.texts[both // size] + second.texts[both % size] for both in there.tolist()])
    return None


def joined(pieces: Sequence[Piece], size: int) -> pyarrow.Array:
    """The texts of so many rows, as one column."""
    import pyarrow.compute as pc

    pa = arrow()
    if not size:
        return pa.array([], pa.string())
    parts = [_part(piece) for piece in merged(pieces)]
    if len(parts) == 1:
        (part,) = parts
        return (
            pa.array([part.as_py()], pa.string()).take(_indices(np.zeros(size, np.int8))) if _is_scalar(part) else part
        )
    return pc.binary_join_element_wise(*parts, "")


def _is_scalar(part: Any) -> bool:
    return isinstance(part, arrow().Scalar)


def _part(piece: Piece) -> Any:
    pa = arrow()
    if isinstance(piece, str):
        return pa.scalar(piece, pa.string())
    if not isinstance(piece, Few):
        return piece
    if len(piece.texts) == 1:
        return pa.scalar(piece.texts[0], pa.string())
    return pa.array(piece.texts, pa.string()).take(_indices(piece.places))


def _indices(places: Array) -> Any:
    return arrow().array(places)
