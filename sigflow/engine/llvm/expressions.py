"""Expressions of kernel code, as values and as conditions.

A condition is a jump: `and`, `or` and `not` are ways through blocks, and no truth value is made where nobody keeps it.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Protocol

from sigflow.engine.llvm import arithmetic, arrays
from sigflow.engine.llvm.instructions import Instruction
from sigflow.engine.llvm.kinds import NUMBER, Array, Kind, Number, Tuple, Value, number, parts_of, tuple_of, type_of
from sigflow.engine.llvm.program import Definition, KernelError, Program, fits, folded
from sigflow.engine.llvm.writer import Writer


class Unit(Protocol):
    """What a function is compiled in."""

    program: Program
    instructions: dict[str, Instruction]
    checked: bool

    def specialised(self, definition: Definition, kinds: Sequence[Kind]) -> tuple[str, Kind]:
        """The name of a function for arguments of these kinds, and the kind of what it gives."""
        ...


class Expressions:
    """State: the function's text so far, and the slots of its locals.  names: those that it assigns to."""

    def __init__(self, unit: Unit, writer: Writer, definition: Definition, names: set[str]) -> None:
        self.unit = unit
        self.writer = writer
        self.definition = definition
        self.names = names
        self.locals: dict[str, Value] = {}

    def error(self, node: ast.AST, what: str = "") -> KernelError:
        """What to raise about a construct."""
        said = what or f"kernel code has no {type(node).__name__}"
        return self.definition.error(node, f"{said}: {ast.unparse(node)}")

    # ---------------------------------------------------------------- values

    def number(self, node: ast.expr) -> str:
        """The operand of an expression that is a number."""
        value = self.value(node)
        if not isinstance(value.kind, Number):
            raise self.error(node, f"a number is wanted here, not {value.kind}")
        return value.parts[0]

    def value(self, node: ast.expr) -> Value:
        """The value of an expression."""
        constant = self._constant(node)
        if constant is not None:
            if not fits(constant):
                raise self.error(node, "a number that is no int64")
            return number(str(constant))
        match node:
            case ast.Name():
                return self._local(node)
            case ast.BinOp():
                return number(self.binary(node, node.op, self.number(node.left), self.number(node.right)))
            case ast.UnaryOp(op=ast.Not()) | ast.Compare():
                return self._truth(node)
            case ast.UnaryOp():
                return number(arithmetic.UNARY[type(node.op)](self.writer, self.number(node.operand)))
            case ast.BoolOp():
                return self._either(node)
            case ast.IfExp():
                return self._chosen(node)
            case ast.Subscript():
                return self._subscript(node)
            case ast.Call():
                return self._call(node)
            case ast.Tuple():
                return tuple_of([self.value(member) for member in node.elts])
        raise self.error(node)

    def binary(self, node: ast.AST, operator: ast.operator, left: str, right: str) -> str:
        """The operand of an operation on two numbers."""
        write = arithmetic.BINARY.get(type(operator))
        if write is None:
            raise self.error(node, f"kernel code has no {type(operator).__name__}")
        return write(self.writer, left, right)

    def _constant(self, node: ast.expr) -> int | None:
        if isinstance(node, ast.Name) and node.id in self.names:
            return None
        known = self.unit.program.constants
        hidden = self.names & known.keys()
        return folded(node, {name: known[name] for name in known.keys() - hidden} if hidden else known)

    def _local(self, node: ast.Name) -> Value:
        if node.id not in self.locals:
            known = "before it is assigned to" if node.id in self.names else "that nobody knows"
            raise self.error(node, f"a name {known}")
        return self.writer.load(self.locals[node.id])

    def _truth(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in arithmetic.COMPARISONS:
            return number(self.writer.op(f"zext i1 {self._compared(node)} to i64"))
        slots, writer = self.writer.slots(NUMBER), self.writer
        yes, no, on = (writer.name("L") for _ in range(3))
        self.condition(node, yes, no)
        for label, truth in ((yes, "1"), (no, "0")):
            writer.begin(label)
            writer.store(number(truth), slots)
            writer.jump(on)
        writer.begin(on)
        return writer.load(slots)

    def _either(self, node: ast.BoolOp) -> Value:
        """The first operand that decides, or the last."""
        writer = self.writer
        slots, on = writer.slots(NUMBER), writer.name("L")
        for operand in node.values[:-1]:
            value = self.number(operand)
            writer.store(number(value), slots)
            bit, more = writer.op(f"icmp ne i64 {value}, 0"), writer.name("L")
            writer.branch(bit, *((more, on) if isinstance(node.op, ast.And) else (on, more)))
            writer.begin(more)
        writer.store(number(self.number(node.values[-1])), slots)
        writer.jump(on)
        writer.begin(on)
        return writer.load(slots)

    def _chosen(self, node: ast.IfExp) -> Value:
        writer = self.writer
        yes, no, on = (writer.name("L") for _ in range(3))
        self.condition(node.test, yes, no)
        slots: Value | None = None
        for label, branch in ((yes, node.body), (no, node.orelse)):
            writer.begin(label)
            value = self.value(branch)
            slots = writer.slots(value.kind) if slots is None else slots
            if slots.kind != value.kind:
                raise self.error(node, f"either {slots.kind} or {value.kind}")
            writer.store(value, slots)
            writer.jump(on)
        writer.begin(on)
        assert slots is not None
        return writer.load(slots)

    # ---------------------------------------------------------------- arrays and tuples

    def item(self, node: ast.Subscript) -> tuple[Value, str]:
        """The array of an item, and the item's address."""
        return self._item_of(node, self.value(node.value))

    def _item_of(self, node: ast.Subscript, array: Value) -> tuple[Value, str]:
        if not isinstance(array.kind, Array):
            raise self.error(node, f"an array is wanted here, not {array.kind}")
        indexes = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if len(indexes) != array.kind.dimensions:
            raise self.error(node, f"{len(indexes)} indexes of an array of {array.kind.dimensions} dimensions")
        operands = [self.number(index) for index in indexes]
        return array, arrays.item(self.writer, array, operands, self.unit.checked)

    def _subscript(self, node: ast.Subscript) -> Value:
        value = self.value(node.value)
        if isinstance(value.kind, Tuple):
            return self._member(node, list(value.members()))
        if not isinstance(node.slice, ast.Slice):
            return arrays.read(self.writer, *self._item_of(node, value))
        if node.slice.step is not None or not isinstance(value.kind, Array) or value.kind.dimensions > 1:
            raise self.error(node, "only stretches of arrays of one dimension, without a step")
        start = self.number(node.slice.lower) if node.slice.lower is not None else "0"
        stop = self.number(node.slice.upper) if node.slice.upper is not None else None
        return arrays.sliced(self.writer, value, start, stop)

    def _member(self, node: ast.Subscript, members: list[Value]) -> Value:
        """A member of a tuple, by a number that may be known only when it runs."""
        index = self.number(node.slice)
        place = arithmetic.literal(index)
        if place is not None:
            if not 0 <= place < len(members):
                raise self.error(node, f"a tuple of {len(members)}")
            return members[place]
        if len({member.kind for member in members}) > 1:
            raise self.error(node, "the members of the tuple are of different kinds")
        return arrays.picked(self.writer, members, index)

    # ---------------------------------------------------------------- calls

    def _call(self, node: ast.Call) -> Value:
        if not isinstance(node.func, ast.Name) or node.keywords or node.func.id in self.names:
            raise self.error(node, "only functions by name, with positional arguments")
        name = node.func.id
        values = [self.value(argument) for argument in node.args]
        instruction = self.unit.instructions.get(name)
        if instruction is not None:
            try:
                return instruction(self.writer, values, self.unit.checked)
            except TypeError as error:
                raise self.error(node, f"{name} {error}") from error
        definition = self.unit.program.functions.get(name)
        if definition is None:
            raise self.error(node, "a function that nobody knows")
        try:
            symbol, kind = self.unit.specialised(definition, [value.kind for value in values])
        except TypeError as error:
            raise self.error(node, f"{name} {error}") from error
        operands = ", ".join(
            f"{part} {operand}"
            for value in values
            for part, operand in zip(parts_of(value.kind), value.parts, strict=True)
        )
        result = self.writer.op(f"call fastcc {type_of(kind)} @{symbol}({operands})")
        parts = parts_of(kind)
        if len(parts) == 1:
            return Value(kind, (result,))
        taken = [self.writer.op(f"extractvalue {type_of(kind)} {result}, {place}") for place in range(len(parts))]
        return Value(kind, tuple(taken))

    # ---------------------------------------------------------------- conditions

    def condition(self, node: ast.expr, yes: str, no: str) -> None:
        """End the block: on at `yes` where the expression holds, else at `no`."""
        match node:
            case ast.BoolOp():
                for operand in node.values[:-1]:
                    more = self.writer.name("L")
                    self.condition(operand, *((more, no) if isinstance(node.op, ast.And) else (yes, more)))
                    self.writer.begin(more)
                self.condition(node.values[-1], yes, no)
            case ast.UnaryOp(op=ast.Not()):
                self.condition(node.operand, no, yes)
            case ast.Compare():
                self._comparison(node, yes, no)
            case _:
                self.writer.branch(self.writer.op(f"icmp ne i64 {self.number(node)}, 0"), yes, no)

    def _compared(self, node: ast.Compare) -> str:
        left, right = self.number(node.left), self.number(node.comparators[0])
        return self.writer.op(f"icmp {arithmetic.COMPARISONS[type(node.ops[0])]} i64 {left}, {right}")

    def _comparison(self, node: ast.Compare, yes: str, no: str) -> None:
        left = self.number(node.left)
        for operator, comparator in zip(node.ops, node.comparators, strict=True):
            last = comparator is node.comparators[-1]
            more = yes if last else self.writer.name("L")
            if isinstance(operator, ast.In | ast.NotIn):
                bit = self._among(node, left, comparator, isinstance(operator, ast.In))
            elif type(operator) in arithmetic.COMPARISONS:
                right = self.number(comparator)
                bit = self.writer.op(f"icmp {arithmetic.COMPARISONS[type(operator)]} i64 {left}, {right}")
                left = right
            else:
                raise self.error(node, f"kernel code has no {type(operator).__name__}")
            self.writer.branch(bit, more, no)
            if not last:
                self.writer.begin(more)

    def _among(self, node: ast.Compare, left: str, comparator: ast.expr, among: bool) -> str:
        """Whether a number is among those of a tuple."""
        if not isinstance(comparator, ast.Tuple) or len(node.ops) > 1 or not comparator.elts:
            raise self.error(node, "only `in` and `not in` of a tuple that is written there")
        bit = "false"
        for member in comparator.elts:
            equal = self.writer.op(f"icmp eq i64 {left}, {self.number(member)}")
            bit = equal if bit == "false" else self.writer.op(f"or i1 {bit}, {equal}")
        return bit if among else self.writer.op(f"xor i1 {bit}, true")
