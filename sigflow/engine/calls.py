"""Calling machine code: numbers and arrays go in as one block of int64 numbers, of arrays their address and shape.

A layout says what the arguments are, one character each: a number is `i`, an array of bytes `b`, an array of numbers
`1` or `2` by its dimensions, a tuple of such arrays their characters in parentheses.  Arrays are contiguous.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

Function = Callable[[int], int]


def layout_of(arguments: tuple[Any, ...]) -> str:
    """The layout of these arguments."""
    return "".join(
        f"({layout_of(argument)})" if isinstance(argument, tuple) else _kind(argument) for argument in arguments
    )


def _kind(argument: Any) -> str:
    if not hasattr(argument, "shape"):
        return "i"
    return "b" if argument.itemsize == 1 else str(argument.ndim)


def rebuilt(layout: str) -> str:
    """The arguments of a function of this layout, as text in which B is the block."""
    parts, place = [], 0
    for kind in layout:
        if kind in _FORMS:
            name, count = _FORMS[kind]
            parts.append(f"{name}({', '.join(f'B[{n}]' for n in range(place, place + count))}), ")
            place += count
        else:
            parts.append("(" if kind == "(" else "), ")
    return "".join(parts)


#: What an argument is made by, and of how many numbers; `intrinsics` has the functions.
_FORMS = {"i": ("", 1), "b": ("bytes_at", 2), "1": ("numbers_at", 2), "2": ("table_at", 3)}


def _numbers(argument: Any) -> list[int]:
    """What a block holds of an argument."""
    if isinstance(argument, tuple):
        return [number for member in argument for number in _numbers(member)]
    if not hasattr(argument, "shape"):
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
