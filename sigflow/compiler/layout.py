"""Sizes that are known before a byte is read: constants, fixed sizes of wires and classes, in bits."""

from __future__ import annotations

import operator
from collections.abc import Callable

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.model import Bits, Bytes, Names, Number, Shape, Switched, Text, User, Wire, wires_of

Value = int | float | str | bool

_BINARY: dict[str, Callable[[int, int], int]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "&": operator.and_, "|": operator.or_, "^": operator.xor,
}  # fmt: skip
#: No constant is folded beyond this; a longer one is computed at run time, by Python's own rules.
_LARGEST = 1 << 128


def constant(expr: ex.Expr | None) -> Value | None:
    """The value of an expression of literals only, else None."""
    if isinstance(expr, ex.Int | ex.Float | ex.Str | ex.Bool):
        return expr.value
    if isinstance(expr, ex.Unary):
        value = constant(expr.value)
        if expr.op == "not":
            return (not value) if isinstance(value, bool) else None
        if isinstance(value, int) and not isinstance(value, bool):
            return -value if expr.op == "-" else ~value
        return None
    if isinstance(expr, ex.Binary):
        return _arithmetic(expr.op, constant(expr.left), constant(expr.right))
    if isinstance(expr, ex.Compare):
        left, right = constant(expr.left), constant(expr.right)
        if left is None or right is None or isinstance(left, str) != isinstance(right, str):
            return None
        return bool(ex.COMPARISONS[expr.op](left, right))
    if isinstance(expr, ex.Logic):
        left, right = constant(expr.left), constant(expr.right)
        if isinstance(left, bool) and isinstance(right, bool):
            return (left and right) if expr.op == "and" else (left or right)
        return None
    if isinstance(expr, ex.Choice):
        condition = constant(expr.condition)
        return constant(expr.yes if condition else expr.no) if isinstance(condition, bool) else None
    return None


def _arithmetic(op: str, left: Value | None, right: Value | None) -> int | None:
    if not isinstance(left, int) or not isinstance(right, int) or isinstance(left, bool) or isinstance(right, bool):
        return None
    if op in _BINARY:
        value = _BINARY[op](left, right)
    elif op in ("/", "%") and right:
        value = left // right if op == "/" else left % right
    elif op in ("<<", ">>") and 0 <= right <= 128:
        value = left << right if op == "<<" else left >> right
    else:
        return None
    return value if abs(value) < _LARGEST else None


def integer(code: sc.Code | None) -> int | None:
    """The value of a constant integer expression, else None."""
    value = constant(code.expr) if code is not None else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


class Layout:
    """Fixed sizes, by wire and by class; a class that contains itself has none."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._classes: dict[sc.ClassSpec, int | None] = {}
        #: Classes whose size waits for those of the classes they hold: a chain of them must not exhaust the stack.
        self._entered: set[sc.ClassSpec] = set()
        self._never_empty: dict[sc.ClassSpec, bool] = {}

    def attr_bits(self, attr: sc.Attr) -> int | None:
        """The size of a field, in bits; None where the bytes decide."""
        wire = self.names.wires.get(attr)
        if wire is None or attr.condition is not None:
            return None
        size = self.wire_bits(wire)
        if attr.repeat is None or size is None:
            return size
        count = integer(attr.repeat.code) if attr.repeat.kind == "expr" else None
        return size * count if count is not None and count >= 0 else None

    def wire_bits(self, wire: Wire) -> int | None:
        """The size of one value on the wire, in bits."""
        if isinstance(wire, Number):
            return 8 * wire.size
        if isinstance(wire, Bits):
            return wire.width
        if isinstance(wire, Bytes | Text):
            return self.shape_bits(wire.shape)
        if isinstance(wire, User):
            if wire.shape is not None and wire.shape.bounded:
                return self.shape_bits(wire.shape)
            if not isinstance(wire.target, sc.ClassSpec):
                return None
            return self._classes[wire.target] if wire.target in self._classes else self.class_bits(wire.target)
        sizes = {self.wire_bits(case) for _, case in wire.cases}
        return sizes.pop() if len(sizes) == 1 and any(on is None for on, _ in wire.cases) else None

    def shape_bits(self, shape: Shape) -> int | None:
        """The size of a stretch of bytes, in bits."""
        if shape.contents is not None:
            return 8 * len(shape.contents)
        size = integer(shape.size)
        return 8 * size if size is not None and size >= 0 else None

    def class_bits(self, spec: sc.ClassSpec) -> int | None:
        """The size of a class's fields, in bits, each after a bit field aligned as the reader aligns it."""
        waiting = [spec]
        while waiting:
            held = waiting[-1]
            if held not in self._classes:
                self._classes[held] = None  # what holds itself has no size
                self._entered.add(held)
                waiting.extend(target for target in self._held(held) if target not in self._classes)
                continue
            waiting.pop()
            if held in self._entered:
                self._entered.discard(held)
                self._classes[held] = self._total(held)
        return self._classes[spec]

    def _held(self, spec: sc.ClassSpec) -> list[sc.ClassSpec]:
        """The classes that fields of a class are of."""
        targets: list[sc.ClassSpec] = []
        for attr in spec.seq:
            wire = self.names.wires.get(attr)
            for inner in wires_of(wire):
                if isinstance(inner, User) and isinstance(inner.target, sc.ClassSpec):
                    targets.append(inner.target)
        return targets

    def _total(self, spec: sc.ClassSpec) -> int | None:
        total = 0
        for attr in spec.seq:
            size = self.attr_bits(attr)
            if size is None:
                return None
            if not isinstance(self.names.wires.get(attr), Bits):
                total = (total + 7) // 8 * 8
            total += size
        return total

    def takes_bytes(self, wire: Wire) -> bool:
        """Whether a value of this wire is at least a byte, or a bit, long whatever the stream holds."""
        if isinstance(wire, Number | Bits):
            return True
        if isinstance(wire, Switched):
            return all(self.takes_bytes(case) for _, case in wire.cases) and any(on is None for on, _ in wire.cases)
        if isinstance(wire, User) and not wire.bounded:
            return isinstance(wire.target, sc.ClassSpec) and self.class_takes_bytes(wire.target)
        shape = wire.shape
        assert shape is not None
        if shape.term is not None and shape.size is None and not shape.eos:
            return shape.consume and shape.eos_error
        return bool(self.shape_bits(shape))

    def class_takes_bytes(self, spec: sc.ClassSpec) -> bool:
        """Whether an object of this class is at least a byte long: one of its fields always is."""
        known = self._never_empty
        if spec not in known:
            known[spec] = False  # while it is being found: a type that begins with itself may be empty
            known[spec] = any(
                attr.condition is None and attr.repeat is None and self.takes_bytes(self.names.wires[attr])
                for attr in spec.seq
            )
        return known[spec]
