"""Integer arithmetic of Python in int64: what leaves 64 bits wraps, and everything else is defined.

Shifts by 64 and more give what Python's would, cut to 64 bits.  Where Python raises (a division by zero, a negative
shift), kernel code never comes; if it did, x // 0 and x % 0 are 0, and a negative shift counts as a long one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from sigflow.engine.llvm.writer import Writer

_WIDTH = 64


def literal(operand: str) -> int | None:
    """The number that an operand says; None of a register."""
    return None if operand.startswith("%") else int(operand)


def _plain(instruction: str) -> Callable[[Writer, str, str], str]:
    return lambda writer, left, right: writer.op(f"{instruction} i64 {left}, {right}")


def _shifted_left(writer: Writer, left: str, right: str) -> str:
    by = literal(right)
    if by is not None:
        return writer.op(f"shl i64 {left}, {by}") if 0 <= by < _WIDTH else "0"
    shifted = writer.op(f"shl i64 {left}, {writer.op(f'and i64 {right}, {_WIDTH - 1}')}")
    short = writer.op(f"icmp ult i64 {right}, {_WIDTH}")
    return writer.op(f"select i1 {short}, i64 {shifted}, i64 0")


def _shifted_right(writer: Writer, left: str, right: str) -> str:
    by = literal(right)
    if by is not None:
        return writer.op(f"ashr i64 {left}, {by if 0 <= by < _WIDTH else _WIDTH - 1}")
    by_most = writer.call("i64", "llvm.umin.i64", f"i64 {right}", f"i64 {_WIDTH - 1}")
    return writer.op(f"ashr i64 {left}, {by_most}")


def _divisor(writer: Writer, right: str) -> tuple[str, str, str]:
    """A divisor by which everything can be divided, and whether it was 0, and -1."""
    zero, minus = writer.op(f"icmp eq i64 {right}, 0"), writer.op(f"icmp eq i64 {right}, -1")
    special = writer.op(f"or i1 {zero}, {minus}")
    return writer.op(f"select i1 {special}, i64 1, i64 {right}"), zero, minus


def _rounded_up(writer: Writer, remainder: str, right: str) -> str:
    """Whether a quotient was rounded up, towards zero: there is a remainder, and its sign is not the divisor's."""
    by = literal(right)
    if by is not None:
        return writer.op(f"icmp {'slt' if by > 0 else 'sgt'} i64 {remainder}, 0")
    differ = writer.op(f"icmp slt i64 {writer.op(f'xor i64 {remainder}, {right}')}, 0")
    return writer.op(f"and i1 {differ}, {writer.op(f'icmp ne i64 {remainder}, 0')}")


def _quotient(writer: Writer, left: str, right: str) -> str:
    by = literal(right)
    if by in (0, -1):
        return "0" if by == 0 else writer.op(f"sub i64 0, {left}")
    if by is not None and by > 0 and by & by - 1 == 0:
        return writer.op(f"ashr i64 {left}, {by.bit_length() - 1}")
    divisor, zero, minus = _divisor(writer, right) if by is None else (right, "", "")
    quotient = writer.op(f"sdiv i64 {left}, {divisor}")
    up = _rounded_up(writer, writer.op(f"srem i64 {left}, {divisor}"), divisor)
    floor = writer.op(f"select i1 {up}, i64 {writer.op(f'sub i64 {quotient}, 1')}, i64 {quotient}")
    if by is not None:
        return floor
    floor = writer.op(f"select i1 {minus}, i64 {writer.op(f'sub i64 0, {left}')}, i64 {floor}")
    return writer.op(f"select i1 {zero}, i64 0, i64 {floor}")


def _remainder(writer: Writer, left: str, right: str) -> str:
    by = literal(right)
    if by in (0, -1):
        return "0"
    if by is not None and by > 0 and by & by - 1 == 0:
        return writer.op(f"and i64 {left}, {by - 1}")
    divisor = _divisor(writer, right)[0] if by is None else right  # of 1, which is for 0 and -1, the remainder is 0
    remainder = writer.op(f"srem i64 {left}, {divisor}")
    up = _rounded_up(writer, remainder, divisor)
    return writer.op(f"select i1 {up}, i64 {writer.op(f'add i64 {remainder}, {divisor}')}, i64 {remainder}")


#: What writes an operation, by its operator in Python.
BINARY: dict[type[ast.operator], Callable[[Writer, str, str], str]] = {
    ast.Add: _plain("add"),
    ast.Sub: _plain("sub"),
    ast.Mult: _plain("mul"),
    ast.BitAnd: _plain("and"),
    ast.BitOr: _plain("or"),
    ast.BitXor: _plain("xor"),
    ast.LShift: _shifted_left,
    ast.RShift: _shifted_right,
    ast.FloorDiv: _quotient,
    ast.Mod: _remainder,
}
UNARY: dict[type[ast.unaryop], Callable[[Writer, str], str]] = {
    ast.USub: lambda writer, operand: writer.op(f"sub i64 0, {operand}"),
    ast.UAdd: lambda writer, operand: operand,
    ast.Invert: lambda writer, operand: writer.op(f"xor i64 {operand}, -1"),
}
#: LLVM's names of comparisons.
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "slt",
    ast.LtE: "sle",
    ast.Gt: "sgt",
    ast.GtE: "sge",
}
