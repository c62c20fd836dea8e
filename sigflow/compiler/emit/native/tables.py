"""Tables that a spec writes (`[50, 124, 137][id]`), as constants of a native measure.

Numbers are packed into words of 64 bits, of which conditions choose one by the upper part of the index; its lower part
is a shift.  So a table needs neither memory nor an argument, and equal words in a row are one.
"""

from __future__ import annotations

from sigflow.compiler import expression as ex
from sigflow.compiler.emit.native.arithmetic import Arithmetic
from sigflow.compiler.emit.native.builder import FAILED, Builder, Inexpressible
from sigflow.compiler.emit.native.statements import Assign, If, Node
from sigflow.compiler.emit.native.tree import Const, Expr, Local, hexadecimal
from sigflow.compiler.emit.native.values import LEAST, MOST, Int, Table, Value, signed
from sigflow.compiler.layout import constant
from sigflow.runtime.native import BAILOUT

#: Words of a table that are told apart at most: a longer function is not worth compiling.
_WORDS = 512


def table_of(expr: ex.ListOf) -> Table | None:
    """A list of constants, or of rows of as many; None for another."""
    rows = [table_of(item) if isinstance(item, ex.ListOf) else constant(item) for item in expr.items]
    if rows and all(isinstance(row, int) and not isinstance(row, bool) for row in rows):
        numbers = tuple(row for row in rows if isinstance(row, int))
        return Table(numbers, (len(numbers),)) if min(numbers) >= LEAST and max(numbers) <= MOST else None
    tables = [row for row in rows if isinstance(row, Table)]
    if not rows or len(tables) < len(rows) or len({table.shape for table in tables}) > 1:
        return None
    return Table(tuple(number for table in tables for number in table.numbers), (len(rows), *tables[0].shape))


def element(builder: Builder, table: Table, index: Int) -> Value:
    """`table[index]`: a number, or a row of a table of several dimensions."""
    arithmetic = Arithmetic(builder)
    size, *inner = table.shape
    builder.refuse(arithmetic.compare("<", index, Int.of(0)), BAILOUT)
    index = builder.refined(index)
    builder.refuse(arithmetic.compare(">=", index, Int.of(size)), FAILED)
    place = arithmetic.binary("+", table.at, builder.refined(index), FAILED)
    if inner:
        return Table(table.numbers, tuple(inner), arithmetic.binary("*", place, Int.of(inner[0]), FAILED))
    return _looked_up(builder, table.numbers, place)


def _looked_up(builder: Builder, numbers: tuple[int, ...], place: Int) -> Int:
    """The number at a place, which is one of the table's."""
    if place.value is not None:
        return Int.of(numbers[place.value])
    least, most = min(numbers), max(numbers)
    width = next(width for width in (1, 2, 4, 8, 16, 32, 64) if (most - least).bit_length() <= width)
    if width == 64:  # (a difference that int64 does not hold, or a shift of all bits)
        least = 0
    per = 64 // width
    words = [
        signed(sum((number - least & (1 << width) - 1) << width * n for n, number in enumerate(numbers[at : at + per])))
        for at in range(0, len(numbers), per)
    ]
    runs = [(at, word) for at, word in enumerate(words) if not at or word != words[at - 1]]
    if len(runs) > _WORDS:
        raise Inexpressible("a table of so many different numbers")
    index = builder.let("index", place.expr)
    local = builder.local("entry")
    builder.flush()
    for node in _chosen(builder, local, index >> per.bit_length() - 1 if per > 1 else index, runs):
        builder.put(node)
    if width == 64:
        return Int(local, min(numbers), most)
    number = local >> (index & per - 1) * width & hexadecimal((1 << width) - 1) if per > 1 else local
    return Int(builder.let("entry", number + least if least else number), least, most)


def _chosen(builder: Builder, local: Local, part: Expr, runs: list[tuple[int, int]]) -> list[Node]:
    """Statements that set a local to the word of the last run that begins at or before this part."""
    builder.spend()
    if len(runs) == 1:
        return [Assign(local.name, Const(runs[0][1]))]
    middle = len(runs) // 2
    before, behind = (_chosen(builder, local, part, half) for half in (runs[:middle], runs[middle:]))
    return [If(part < runs[middle][0], before, behind)]
