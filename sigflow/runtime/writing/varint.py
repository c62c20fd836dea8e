"""Numbers of as many bytes as they need: an object of digits, of which each but the last says that another follows.

How the number is put together of the digits is an expression of the spec (an instance of the object's class), which
nobody can invert in general.  So digits are proposed, lowest first or highest first, and the expression is asked.
"""

from __future__ import annotations

from typing import Any

from sigflow.runtime.writing.description import Computed, Put, PutBits, PutObject, writing_of
from sigflow.runtime.writing.node import MISSING, Node

#: Digits that a number may have.
MOST = 10


def _digits_of(node: Node) -> tuple[Put, Any, Put, Put] | None:
    """The list of digits in an object, the class of one, its flag that another follows, and its digit."""
    if len(node.writing.puts) != 1:
        return None
    put = node.writing.puts[0]
    wire = put.wire
    if put.repeat is None or put.repeat.kind != "until" or not isinstance(wire, PutObject):
        return None
    inner = writing_of(wire.target)
    if inner is None or len(inner.puts) != 2:
        return None
    flags = [member for member in inner.puts if isinstance(member.wire, PutBits) and member.wire.width == 1]
    digits = [member for member in inner.puts if isinstance(member.wire, PutBits) and member.wire.width > 1]
    return (put, wire.target, flags[0], digits[0]) if len(flags) == 1 and len(digits) == 1 else None


def is_open(node: Node) -> bool:
    """Whether an object is such a number, and nobody gave its digits."""
    parts = _digits_of(node)
    if parts is None:
        return False
    put = parts[0]
    return (put.name, None) in node.derived or node.input.get(put.name, put.id) is MISSING


def confirm(node: Node) -> None:
    """An object that is such a number, or is none, says what it shall."""
    parts = _digits_of(node)
    if parts is not None:
        node.guessed.discard(parts[0].name)


def digits(node: Node, member: Computed, value: Any) -> tuple[Put, list[dict[str, Any]]] | None:
    """The list of digits for which the instance `member` of an object gives `value`; None where there is none."""
    parts = _digits_of(node)
    if parts is None or not isinstance(value, int) or isinstance(value, bool):
        return None
    put, _, flag, digit = parts
    assert isinstance(digit.wire, PutBits)
    width = digit.wire.width
    low_first: list[int] = []
    rest = value if value >= 0 else -1
    while rest > 0 or not low_first:
        low_first.append(rest & ((1 << width) - 1))
        rest >>= width
        if len(low_first) > MOST:
            return None
    for numbers in (low_first, low_first[::-1]):
        for more in (1, 0):  # whether a set flag says that another digit follows, or that none does
            listed = [
                {flag.id: more if i + 1 < len(numbers) else 1 - more, digit.id: number}
                for i, number in enumerate(numbers)
            ]
            if _gives(node, put, flag, digit, listed, member, value):
                return put, listed
    return None


def _gives(
    node: Node, put: Put, flag: Put, digit: Put, listed: list[dict[str, Any]], member: Computed, value: Any
) -> bool:
    """Whether the instance gives the value for these digits."""
    kind: Any = node.writing.target
    unit = kind.__new__(kind)
    unit._io, unit._parent, unit._root = None, node.unit._parent, node.unit._root
    wire: Any = put.wire
    elements: list[Any] = []
    setattr(unit, put.name, elements)
    for number in listed:
        element = wire.target.__new__(wire.target)
        element._io, element._parent, element._root = None, unit, unit._root
        for part in (flag, digit):
            held = number[part.id]
            setattr(element, part.name, bool(held) if isinstance(part.wire, PutBits) and part.wire.boolean else held)
        elements.append(element)
    try:
        repeat: Any = put.repeat
        ends = [bool(repeat.code.value(unit, i, element)) for i, element in enumerate(elements)]
        if ends != [False] * (len(elements) - 1) + [True]:
            return False
        result: Any = member.formula.value(unit, None, None)
    except (AttributeError, TypeError, ValueError, LookupError, ArithmeticError):
        return False
    return bool(result == value)
