"""Items and slices of arrays.  Kernel code keeps to the items that are there, and counts none from the end.

With `checked`, every index is looked at, and one that is outside stops the process: for tests, which hold kernel code
to that rule.
"""

from __future__ import annotations

from sigflow.engine.llvm.kinds import Array, Value, number, parts_of
from sigflow.engine.llvm.writer import Writer


def item(writer: Writer, array: Value, indexes: list[str], checked: bool) -> str:
    """The address of an item, by as many indexes as the array has dimensions."""
    assert isinstance(array.kind, Array)
    address, *shape = array.parts
    place = indexes[0]
    if checked:
        for index, size in zip(indexes, shape, strict=True):
            within(writer, writer.op(f"icmp ult i64 {index}, {size}"))
    if len(indexes) > 1:
        place = writer.op(f"add i64 {writer.op(f'mul i64 {place}, {shape[1]}')}, {indexes[1]}")
    return writer.op(f"getelementptr i{array.kind.bits}, ptr {address}, i64 {place}")


def byte(writer: Writer, array: Value, at: str, size: int, checked: bool) -> str:
    """The address of the byte `at` of an array, of which `size` are asked for."""
    assert isinstance(array.kind, Array)
    if checked:
        bytes_ = array.parts[1]
        for length in array.parts[2:]:
            bytes_ = writer.op(f"mul i64 {bytes_}, {length}")
        bytes_ = writer.op(f"mul i64 {bytes_}, {array.kind.bits // 8}")
        behind = writer.op(f"add i64 {at}, {size}")
        inside = writer.op(f"icmp sle i64 {behind}, {bytes_}")
        within(writer, writer.op(f"and i1 {inside}, {writer.op(f'icmp sge i64 {at}, 0')}"))
    return writer.op(f"getelementptr i8, ptr {array.parts[0]}, i64 {at}")


def within(writer: Writer, bit: str) -> None:
    """Go on only where this holds."""
    on, stop = writer.name("L"), writer.name("L")
    writer.branch(bit, on, stop)
    writer.begin(stop)
    writer.call("void", "llvm.trap")
    writer.end("unreachable")
    writer.begin(on)


def read(writer: Writer, array: Value, address: str) -> Value:
    """The item at an address."""
    assert isinstance(array.kind, Array)
    bits = array.kind.bits
    loaded = writer.op(f"load i{bits}, ptr {address}")
    if bits == 64:
        return number(loaded)
    return number(writer.op(f"{'sext' if array.kind.signed else 'zext'} i{bits} {loaded} to i64"))


def write(writer: Writer, array: Value, address: str, operand: str) -> None:
    """Put a number where an item is, cut to its bits."""
    assert isinstance(array.kind, Array)
    bits = array.kind.bits
    if bits != 64:
        operand = writer.op(f"trunc i64 {operand} to i{bits}")
    writer.line(f"store i{bits} {operand}, ptr {address}")


def sliced(writer: Writer, array: Value, start: str, stop: str | None) -> Value:
    """array[start:stop], of one dimension, cut to what is there."""
    assert isinstance(array.kind, Array)
    address, size = array.parts
    first = _bound(writer, start, size)
    behind = size if stop is None else _bound(writer, stop, size)
    count = writer.call("i64", "llvm.smax.i64", f"i64 {writer.op(f'sub i64 {behind}, {first}')}", "i64 0")
    return Value(array.kind, (writer.op(f"getelementptr i{array.kind.bits}, ptr {address}, i64 {first}"), count))


def _bound(writer: Writer, operand: str, size: str) -> str:
    above = writer.call("i64", "llvm.smax.i64", f"i64 {operand}", "i64 0")
    return writer.call("i64", "llvm.smin.i64", f"i64 {above}", f"i64 {size}")


def picked(writer: Writer, members: list[Value], index: str) -> Value:
    """One of several values of one kind, by a number that is known only when it runs."""
    chosen = members[-1]
    for place, member in reversed(list(enumerate(members[:-1]))):
        here = writer.op(f"icmp eq i64 {index}, {place}")
        parts = [
            writer.op(f"select i1 {here}, {type_} {mine}, {type_} {other}")
            for type_, mine, other in zip(parts_of(member.kind), member.parts, chosen.parts, strict=True)
        ]
        chosen = Value(member.kind, tuple(parts))
    return chosen
