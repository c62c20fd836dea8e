"""What replaces plain functions of kernel code when it is compiled: single instructions, such as unaligned reads.

The plain functions spell out in Python what is one instruction of the processor.  Each replacement has the same name,
takes the same arguments and gives the same result.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llvmlite import ir

#: How Numba compiles functions that only compiled functions call.  No way in from Python or C is made, which would take
#: as long again; and nothing is allocated, so that the references of arrays need not be counted at every call.
INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}
#: The same for kernels: an array is handed on as seven numbers and more, which takes as long as a short checksum.
INLINED: dict[str, Any] = {**INNER, "forceinline": True}

#: Bits, signed, big-endian; of one byte there is no order.
_READS = {
    f"{kind}{bits // 8}{order}": (bits, kind == "s", order == "be")
    for bits in (8, 16, 32, 64)
    for kind in "us"
    for order in (("",) if bits == 8 else ("be", "le"))
}


def replacements(words: int | None = None, options: Mapping[str, Any] = INLINED) -> dict[str, object]:
    """The compiled functions by the names of the plain ones that they stand for.

    words: how many 64-bit words are multiplied without carry at a time, 0, 2, 4 or 8; None: what this processor can.
    options: of `numba.njit`.
    """
    from llvmlite import ir

    from sigflow.engine.vectors import widest

    false = ir.IntType(1)(0)
    functions: dict[str, object] = {name: _read(*form) for name, form in _READS.items()}
    functions |= {"bytes_at": _array("uint8", 1), "numbers_at": _array("int64", 1), "table_at": _array("int64", 2)}
    functions["put8le"] = _write(64)
    functions["wrapped"] = _of_one_number(lambda builder, x: x)
    functions["bytes_reversed"] = _of_one_number(lambda builder, x: builder.bswap(x))
    functions["bits_reversed"] = _of_one_number(lambda builder, x: builder.bitreverse(x))
    functions["bytes_below"] = _of_one_number(lambda builder, x: builder.lshr(builder.cttz(x, false), x.type(3)))
    words = widest() if words is None else words
    if words:
        from sigflow.engine.carryless import kernels

        functions |= kernels(words, functions, options)
    return functions


def _read(bits: int, signed: bool, big: bool) -> object:
    """The function (data, at) that reads a number from an array of bytes, aligned or not."""
    from llvmlite import ir
    from numba.core import types
    from numba.extending import intrinsic

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        data, at = arguments
        array = context.make_array(signature.args[0])(context, builder, data)
        place = builder.bitcast(builder.gep(array.data, [at]), ir.IntType(bits).as_pointer())
        number = builder.load(place, align=1)
        if bits > 8 and big == (sys.byteorder == "little"):
            number = builder.bswap(number)
        return builder.sext(number, ir.IntType(64)) if signed else builder.zext(number, ir.IntType(64))

    def read(typing: Any, data: Any, at: Any) -> Any:
        if isinstance(data, types.Array) and data.dtype == types.uint8 and isinstance(at, types.Integer):
            return types.int64(data, types.int64), codegen
        return None

    return intrinsic(read)


def _write(bits: int) -> object:
    """The function (data, at, number) that writes a number, little-endian, to an array of bytes; gives 0."""
    from llvmlite import ir
    from numba.core import types
    from numba.extending import intrinsic

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        data, at, number = arguments
        array = context.make_array(signature.args[0])(context, builder, data)
        place = builder.bitcast(builder.gep(array.data, [at]), ir.IntType(bits).as_pointer())
        builder.store(number if sys.byteorder == "little" else builder.bswap(number), place, align=1)
        return ir.IntType(64)(0)

    def write(typing: Any, data: Any, at: Any, number: Any) -> Any:
        if isinstance(data, types.Array) and data.dtype == types.uint8 and isinstance(at, types.Integer):
            return types.int64(data, types.int64, types.int64), codegen
        return None

    return intrinsic(write)


def _array(kind: str, dimensions: int) -> object:
    """The function (address, shape...) that gives the array which stands there; nobody counts its references."""
    from llvmlite import ir
    from numba.core import types
    from numba.extending import intrinsic
    from numba.np.arrayobj import populate_array

    array = types.Array(getattr(types, kind), dimensions, "C")
    size = 1 if kind == "uint8" else 8

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        address, *shape = arguments
        number = ir.IntType(64)
        strides = [number(size)]
        for length in reversed(shape[1:]):
            strides.insert(0, builder.mul(strides[0], length))
        made = context.make_array(array)(context, builder)
        data = builder.inttoptr(address, made.data.type)
        populate_array(made, data=data, shape=shape, strides=strides, itemsize=number(size), meminfo=None)
        return made._getvalue()

    if dimensions == 1:

        def row(typing: Any, address: Any, length: Any) -> Any:
            return array(types.int64, types.int64), codegen

        return intrinsic(row)

    def two(typing: Any, address: Any, rows: Any, columns: Any) -> Any:
        return array(types.int64, types.int64, types.int64), codegen

    return intrinsic(two)


def _of_one_number(emit: Callable[[Any, Any], Any]) -> object:
    """The function of one int64 that `emit` writes."""
    from numba.core import types
    from numba.extending import intrinsic

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        return emit(builder, arguments[0])

    def function(typing: Any, x: Any) -> Any:
        return types.int64(types.int64), codegen

    return intrinsic(function)
