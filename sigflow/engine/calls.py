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
