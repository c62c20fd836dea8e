"""Vectors of 64-bit words in functions compiled by Numba, and the few instructions on them that CRCs need.

A vector has 2, 4 or 8 words; a pair is a vector of 2.  Importing this imports Numba, and what it offers compiles only
where `widest` is not 0; so nothing but `carryless` imports it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, codegen, config, types
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model

_WORD, _BYTE, _NUMBER = ir.IntType(64), ir.IntType(8), ir.IntType(32)
#: LLVM's names of the instructions, by the number of words.
_MULTIPLY = {2: "llvm.x86.pclmulqdq", 4: "llvm.x86.pclmulqdq.256", 8: "llvm.x86.pclmulqdq.512"}
_SHUFFLE = {2: "llvm.x86.ssse3.pshuf.b.128", 4: "llvm.x86.avx2.pshuf.b", 8: "llvm.x86.avx512.pshuf.b.512"}


def widest() -> int:
    """The words of the widest vector that is multiplied without carry here; 0 if none is.

    That is what the processor can and Numba's settings (NUMBA_CPU_FEATURES and the like) let it use.
    """
    chosen: str | None = getattr(config, "CPU_FEATURES", None)
    features = codegen.get_host_cpu_features() if chosen is None else chosen  # type: ignore[no-untyped-call]
    has = {name.removeprefix("+") for name in features.split(",") if name.startswith("+")}
    if not {"pclmul", "ssse3"} <= has:
        return 0
    if not {"vpclmulqdq", "avx2"} <= has:
        return 2
    return 8 if "avx512bw" in has else 4


class Words(types.Type):
    """The type of a vector."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(name=f"Words({count})")


@register_model(Words)
class _WordsModel(models.PrimitiveModel):
    def __init__(self, manager: Any, of: Words) -> None:
        super().__init__(manager, of, ir.VectorType(_WORD, of.count))  # type: ignore[no-untyped-call]


PAIR = Words(2)


def _instruction(emit: Callable[..., Any], result: types.Type | None, *kinds: type[types.Type]) -> Any:
    """The function of arguments of these `kinds` that `emit(builder, *values)` writes.

    result: its type; None: that of the first argument.  Numbers are int64; of an array `emit` gets the address of the
    first byte.
    """

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        values = [
            builder.bitcast(context.make_array(kind)(context, builder, value).data, _BYTE.as_pointer())
            if isinstance(kind, types.Array)
            else value
            for kind, value in zip(signature.args, arguments, strict=True)
        ]
        return emit(builder, *values)

    def signature_of(*arguments: Any) -> Any:
        if not all(isinstance(argument, kind) for argument, kind in zip(arguments, kinds, strict=True)):
            return None
        taken = [types.int64 if isinstance(argument, types.Integer) else argument for argument in arguments]
        return (taken[0] if result is None else result)(*taken), write

    # Numba counts the arguments, so each number of them has its own form.
    def of_one(typing: Any, x: Any) -> Any:
        return signature_of(x)

    def of_two(typing: Any, x: Any, y: Any) -> Any:
        return signature_of(x, y)

    return intrinsic(of_one if len(kinds) == 1 else of_two)


def _load(words: int) -> Callable[..., Any]:
    def emit(builder: Any, array: Any, at: Any) -> Any:
        place = builder.gep(array, [at])
        return builder.load(builder.bitcast(place, ir.VectorType(_WORD, words).as_pointer()), align=1)

    return emit


def _call(builder: Any, name: str, *values: Any) -> Any:
    kind = ir.FunctionType(values[0].type, [value.type for value in values])
    function = cgutils.get_or_insert_function(builder.module, kind, name)  # type: ignore[no-untyped-call]
    return builder.call(function, values)


def _product(halves: int) -> Callable[..., Any]:
    def emit(builder: Any, x: Any, y: Any) -> Any:
        return _call(builder, _MULTIPLY[x.type.count], x, y, _BYTE(halves))

    return emit


def _multiplied(builder: Any, x: Any, y: Any) -> Any:
    return builder.xor(_product(0x00)(builder, x, y), _product(0x11)(builder, x, y))


def _shuffled(builder: Any, x: Any, order: Any) -> Any:
    as_bytes = ir.VectorType(_BYTE, 8 * x.type.count)
    shuffled = _call(builder, _SHUFFLE[x.type.count], builder.bitcast(x, as_bytes), builder.bitcast(order, as_bytes))
    return builder.bitcast(shuffled, x.type)


def _arranged(words: list[int]) -> Callable[..., Any]:
    """The vector of these words of another, by number; those behind its end are 0."""

    def emit(builder: Any, x: Any) -> Any:
        order = ir.Constant(ir.VectorType(_NUMBER, len(words)), words)
        return builder.shuffle_vector(x, ir.Constant(x.type, [0] * x.type.count), order)

    return emit


def _word(number: int) -> Callable[..., Any]:
    return lambda builder, x: builder.extract_element(x, _NUMBER(number))


def _added(builder: Any, x: Any) -> Any:
    total = _arranged([0, 1])(builder, x)
    for number in range(2, x.type.count, 2):
        total = builder.xor(total, _arranged([number, number + 1])(builder, x))
    return total


def _pair_of(builder: Any, low: Any, high: Any) -> Any:
    pair = builder.insert_element(ir.Constant(ir.VectorType(_WORD, 2), ir.Undefined), low, _NUMBER(0))
    return builder.insert_element(pair, high, _NUMBER(1))


#: load_pair(array, at): the 16 bytes from the byte `at` of an array on, which may hold bytes or words.
load_pair = _instruction(_load(2), PAIR, types.Array, types.Integer)
#: pair_of(low, high): the pair of two words; low(pair), high(pair): one of them.
pair_of = _instruction(_pair_of, PAIR, types.Integer, types.Integer)
low = _instruction(_word(0), types.int64, Words)
high = _instruction(_word(1), types.int64, Words)
#: Bit by bit.
xor = _instruction(lambda builder, x, y: builder.xor(x, y), None, Words, Words)
masked = _instruction(lambda builder, x, y: builder.and_(x, y), None, Words, Words)
#: shuffled(x, order): the bytes of each pair of x as the bytes of the pair in `order` say by number.
shuffled = _instruction(_shuffled, None, Words, Words)
#: multiplied(x, y): in each pair, x.low * y.low ^ x.high * y.high.
multiplied = _instruction(_multiplied, None, Words, Words)
#: a_b(x, y): in each pair, x.a * y.b.
#: added(x): the pairs of a vector added up bit by bit.
added = _instruction(_added, PAIR, Words)
low_low = _instruction(_product(0x00), None, Words, Words)
high_low = _instruction(_product(0x01), None, Words, Words)
low_high = _instruction(_product(0x10), None, Words, Words)
high_high = _instruction(_product(0x11), None, Words, Words)


def load_wide(words: int) -> Any:
    """load(array, at): the vector that stands at the byte `at` of an array."""
    return _instruction(_load(words), Words(words), types.Array, types.Integer)


def spread_over(words: int) -> Any:
    """spread(pair): the vector that repeats the pair."""
    return _instruction(_arranged([0, 1] * (words // 2)), Words(words), Words)


def widened(words: int) -> Any:
    """widened(pair): the vector that begins with the pair, zeros behind it."""
    return _instruction(_arranged([0, 1] + [2] * (words - 2)), Words(words), Words)
