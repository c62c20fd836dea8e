"""A payload as numbers: of any NumPy type, in the byte order that the frame declares.

A complex number is its real and its imaginary part; an element of a structured type has its fields by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sigflow.columns.render import SCALARS
from sigflow.columns.tree import unique
from sigflow.errors import UsageError

if TYPE_CHECKING:
    import numpy
    import pyarrow

    from sigflow.events import Record
    from sigflow.stream.format import Format

#: The kinds of NumPy types that are numbers.
_KINDS = "biufc"


def checked(dtype: str, formats: Sequence[Format]) -> None:
    """`UsageError` where there is no NumPy type of this name, it is no number, or no format has a payload."""
    import numpy

    try:
        kind = numpy.dtype(dtype or "-")  # (an empty one would be f8)
    except (TypeError, ValueError, SyntaxError) as error:
        raise UsageError(f"{dtype!r} is no NumPy type of numbers, such as i2, >u4 or f8") from error
    if not _is_number(kind):
        raise UsageError(f"{dtype!r} is a NumPy type of {kind.name}, and no number, such as i2, >u4 or f8")
    if formats and not any(payload_of(format) for format in formats):
        names = ", ".join(format.name for format in formats)
        raise UsageError(f"--payload-dtype needs a format that says what its payload is, these do not: {names}")


def payload_of(format: Format) -> str | None:
    """The path of the payload of a format; None where it has none."""
    envelope = format.envelope
    if envelope is None:
        return None
    return envelope.decode.payload or next((codec.field for codec in envelope.decode.codecs), None)


def column_of(format: Format, names: Sequence[str]) -> tuple[str, bool]:
    """The column of the payload as numbers among those of these names, and whether it is one of its own."""
    path = payload_of(format)
    if path is not None and path in names:
        return path, False
    return unique("payload", set(names)), True


def _is_number(kind: numpy.dtype[Any]) -> bool:
    if kind.names is not None:
        return bool(kind.names) and all(_is_number(kind[name]) for name in kind.names)
    # What is wider than 16 bytes, or 8 of a real number, has no equal on other machines, nor in JSON.
    return kind.subdtype is None and kind.kind in _KINDS and kind.itemsize <= (16 if kind.kind == "c" else 8)


def numbers_of(record: Record, dtype: str) -> numpy.ndarray[Any, Any] | str:
    """The payload of a frame as an array, in the machine's byte order; a text that says why there is none."""
    import numpy

    payload = record.payload
    if payload is None:
        return "the frame has no payload"
    if not isinstance(payload, bytes | bytearray | memoryview):
        return f"the payload is {type(payload).__name__} and no bytes"
    size = numpy.dtype(dtype).itemsize
    if len(payload) % size:
        return f"a payload of {len(payload)} bytes is no multiple of {size}, the size of {dtype}"
    array = record.numpy(dtype)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def plain(array: numpy.ndarray[Any, Any]) -> list[Any]:
    """An array as plain values: exact integers, and floats that are no numbers as texts."""
    if array.dtype.names is not None:
        columns = {name: plain(array[name]) for name in array.dtype.names}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if array.dtype.kind == "c":
        return [[SCALARS[float](number.real), SCALARS[float](number.imag)] for number in array.tolist()]
    values: list[Any] = array.tolist()
    return [SCALARS[float](number) for number in values] if array.dtype.kind == "f" else values


def item_type(dtype: numpy.dtype[Any]) -> pyarrow.DataType:
    """The type of an element in a table."""
    from sigflow.columns.arrow import arrow

    pa = arrow()
    if dtype.names is not None:
        return pa.struct([pa.field(name, item_type(dtype[name])) for name in dtype.names])
    if dtype.kind == "c":
        half = item_type(_half(dtype))
        return pa.struct([pa.field("re", half), pa.field("im", half)])
    return pa.from_numpy_dtype(dtype.newbyteorder("="))


def items(array: numpy.ndarray[Any, Any]) -> pyarrow.Array:
    """The elements as an array of Arrow."""
    from sigflow.columns.arrow import arrow

    pa = arrow()
    to = item_type(array.dtype)
    if array.dtype.names is not None:
        return pa.StructArray.from_arrays([items(array[name]) for name in array.dtype.names], fields=list(to))
    if array.dtype.kind == "c":
        return pa.StructArray.from_arrays([items(array.real), items(array.imag)], fields=list(to))
    import numpy

    return pa.array(numpy.ascontiguousarray(array), to, from_pandas=False)


def _half(dtype: numpy.dtype[Any]) -> numpy.dtype[Any]:
    import numpy

    return numpy.dtype(f"f{dtype.itemsize // 2}")
