"""Calling machine code: numbers and arrays go in as one block of int64 numbers, of arrays their address and shape.

A layout says what the arguments are, one character each (`llvm.kinds` has what they mean to the compiler): a number is
`i`, an array of bytes or truth values `b`, an array of 64-bit numbers `1` or `2` by its dimensions, one of narrower
numbers `h`, `H`, `l`, `L` as in `struct`, a tuple of such arrays their characters in parentheses.  Arrays are
contiguous.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

Function = Callable[[int], int]
#: The one symbol of an object: a function of an address of int64 numbers, which gives an int64.
SYMBOL = "sigflow_entry"


def layout_of(arguments: tuple[Any, ...]) -> str:
    """The layout of these arguments."""
    return "".join(
        f"({layout_of(argument)})" if isinstance(argument, tuple) else _kind(argument) for argument in arguments
    )


def _kind(argument: Any) -> str:
    if not getattr(argument, "shape", ()):
        return "i"
    kind = _KINDS.get((argument.dtype.kind, argument.itemsize, argument.ndim))
    if kind is None:
        raise TypeError(f"no array that kernel code takes: {argument.dtype} in {argument.ndim} dimensions")
    return kind


#: By the kind of an array's items (as NumPy says it), their bytes, and the dimensions.
_KINDS = {
    ("u", 1, 1): "b",
    ("b", 1, 1): "b",
    ("i", 2, 1): "h",
    ("u", 2, 1): "H",
    ("i", 4, 1): "l",
    ("u", 4, 1): "L",
    ("i", 8, 1): "1",
    ("i", 8, 2): "2",
}


def _numbers(argument: Any) -> list[int]:
    """What a block holds of an argument."""
    if isinstance(argument, tuple):
        return [number for member in argument for number in _numbers(member)]
    if not getattr(argument, "shape", ()):
        return [int(argument)]
    assert argument.flags.c_contiguous  # the code takes one item to stand behind the other
    return [argument.__array_interface__["data"][0], *argument.shape]


class Call:
    """A function for one caller, who calls it again and again with mostly the same arrays.

    State: the arguments of the last call, and the block with their numbers.  An array that is the same object is taken
    to have its address and shape still; those of bytes are not held on to.  function(layout): the machine code.
    """

    def __init__(self, function: Callable[[str], Function]) -> None:
        self._of_layout = function
        self._function: Function | None = None
        self._last: list[Any] = []
        self._kinds: list[tuple[str, int]] = []  # of each argument, and its place in the block
        self._block = array("q")

    def __call__(self, *arguments: Any) -> int:
        if self._function is None:
            self._function = self._begin(arguments)
        block, last = self._block, self._last
        for n, argument in enumerate(arguments):
            if argument is not last[n]:
                kind, place = self._kinds[n]
                if kind == "i":
                    block[place] = argument
                    continue
                for at, number in enumerate(_numbers(argument), place):
                    block[at] = number
                if kind != "b":
                    last[n] = argument
        return self._function(block.buffer_info()[0])

    def _begin(self, arguments: tuple[Any, ...]) -> Function:
        size = 0
        for argument in arguments:
            self._kinds.append((layout_of((argument,)), size))
            size += len(_numbers(argument))
        self._block = array("q", bytes(8 * size))
        self._last = [None] * len(arguments)
        return self._of_layout("".join(kind for kind, _ in self._kinds))

    def block_of(self, arguments: tuple[Any, ...]) -> tuple[Function, Any, list[int]]:
        """The function, the block with the numbers of these arguments, and for each of them its place in the block."""
        if self._function is None:
            self._function = self._begin(arguments)
        for argument, (_, place) in zip(arguments, self._kinds, strict=True):
            for at, number in enumerate(_numbers(argument), place):
                self._block[at] = number
        return self._function, self._block, [place for _, place in self._kinds]


class Prepared:
    """A call whose arguments stay, but for some numbers: for who calls so often that even comparing them would cost.

    numbers: what is to be changed, by its place: `place(n)` that of an argument that is a number, `count(n)` that of
    how many rows an array has.  The arrays are held; where one is replaced, the call is to be prepared again.
    function: of the caller alone (see `Call`), or plain Python.
    """

    __slots__ = ("_address", "_arguments", "_function", "_places", "numbers")

    def __init__(self, function: Callable[..., int], *arguments: Any) -> None:
        self._arguments = arguments
        self.numbers: Any
        if isinstance(function, Call):
            self._function, self.numbers, self._places = function.block_of(arguments)
            self._address = self.numbers.buffer_info()[0]
        else:
            self.numbers = [*arguments, *[None] * len(arguments)]
            self._function = lambda _: function(
                *(
                    argument if count is None else argument[:count]
                    for argument, count in zip(
                        self.numbers[: len(arguments)], self.numbers[len(arguments) :], strict=True
                    )
                )
            )
            self._places = list(range(len(arguments)))
            self._address = 0

    def place(self, n: int) -> int:
        """Where the value of the n-th argument stands, which is a number."""
        return self._places[n]

    def count(self, n: int) -> int:
        """Where the number of rows of the n-th argument stands, which is an array."""
        return self._places[n] + (1 if self._address else len(self._arguments))

    def __call__(self) -> int:
        return self._function(self._address)
