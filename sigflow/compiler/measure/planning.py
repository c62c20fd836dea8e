"""From the plan of a class to the operations that measure it.

Every field is read or passed over; here, and nowhere else, it is decided which.  A number, or a type without a size of
its own, that nothing needs is read all the same while nothing was passed over before it: its bytes must arrive anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from sigflow.compiler import schema as sc
from sigflow.compiler.hints import ChecksumHint, Path
from sigflow.compiler.layout import integer
from sigflow.compiler.measure import operations as op
from sigflow.compiler.measure.scope import Scope
from sigflow.compiler.model import Bits, Bytes, Number, Shape, Switched, Text, User, Wire, shape_of, wires_of
from sigflow.compiler.plan import ClassPlan, Step
from sigflow.reasons import INVALID, TOO_LONG


def operations_of(plan: ClassPlan, scope: Scope) -> tuple[op.Operation, ...]:
    """What a measure does with an object of this class."""
    return tuple(_together(_Class(plan, scope).all()))


def reading(step: Step, conditional: bool = True) -> tuple[op.Operation, ...]:
    """What a parser does with a field, all of whose bytes are there.  conditional: its `if` is asked."""
    body = _body(step, element(step))
    return tuple(_branch(step, body) if conditional else body)


def element(step: Step) -> tuple[op.Operation, ...]:
    """What a parser does with one value of a field: the one operation that gives it, and the checks of it."""
    return tuple(_element(step, lambda wire: (op.Read(step, wire),), ""))


def is_early(step: Step, passing: bool) -> bool:
    """Whether a field that nothing needs is read all the same, since nothing was passed over before it."""
    return not passing and (isinstance(step.wire, Number) or (isinstance(step.wire, User) and not step.wire.bounded))


def trailing(wire: Wire) -> int:
    """Bytes of a terminator that lie before the position behind a value, and are none of it."""
    shape = shape_of(wire)
    if shape is None or shape.term is None or shape.size is not None or not shape.consume or shape.include:
        return 0
    return len(shape.term)


class _Class:
    """Makes the operations of one class.  State: whether a field was passed over before."""

    def __init__(self, plan: ClassPlan, scope: Scope) -> None:
        self.plan = plan
        self.scope = scope
        self.hints = scope.hints
        self.layout = scope.types.layout
        self.passing = False
        self.is_unit = plan.spec is self.hints.unit
        #: Whether it is what stands around the frames.
        self.is_around = plan is scope.preamble or plan is scope.trailer
        self.marked: set[sc.Attr | None] = set()
        if self.is_unit:
            for checksum in self.hints.checksums:
                self.marked |= {checksum.attr, *(end for over in checksum.over for end in (over.first, over.last))}

    def all(self) -> Iterator[op.Operation]:
        for step in self.plan.steps:
            inner, limit = step.attr in self.scope.inner, self.hints.max_sizes.get(step.attr)
            yield op.Source(step)
            if step.attr in self.marked:
                yield op.Mark(step.name, False, False)
            if inner:
                yield op.Mark(step.name, False, True)
            if limit is not None:
                yield op.Enter(step, limit, self.scope.reason(step.attr, TOO_LONG))
            yield from self.field(step)
            if limit is not None:
                yield op.Leave()
            if inner:
                yield op.Mark(step.name, True, True, trailing(step.wire))
            if step.attr in self.marked:
                yield op.Mark(step.name, True, False, trailing(step.wire))
        if self.is_unit:
            elements = [element for element in self.hints.elements if element.in_frame]
            yield op.Finish(
                tuple(covered(checksum, self.scope) for checksum in self.hints.checksums),
                tuple(op.Elements(element.spec, element.number) for element in elements),
            )
        elif self.is_around:
            yield op.Finish(())

    # ------------------------------------------------------------ fields

    def field(self, step: Step) -> Iterable[op.Operation]:
        """A field: read, or passed over."""
        body = self.body(step) if self.scope.looked(step) or is_early(step, self.passing) else (self.skip(step),)
        return _branch(step, body)

    def skip(self, step: Step) -> op.Skip:
        self.passing = True
        repeat = step.attr.repeat
        return op.Skip(
            step,
            self.size(wires_of(step.wire)[0]),
            repeat.code if repeat is not None else None,
            self.scope.reason(step.attr, INVALID),
        )

    def size(self, wire: Wire) -> op.Size:
        """The bytes of one value that is passed over."""
        bits = self.layout.wire_bits(wire)
        if bits is not None:
            return bits // 8
        shape = shape_of(wire)
        assert shape is not None
        return self.shape_size(shape)

    @staticmethod
    def shape_size(shape: Shape) -> op.Size:
        if shape.contents is not None:
            return len(shape.contents)
        assert shape.size is not None
        constant = integer(shape.size)
        return shape.size if constant is None else constant

    def body(self, step: Step) -> Iterator[op.Operation]:
        """A field that is read, if its condition holds."""
        body = list(_element(step, lambda wire: tuple(self.value(wire, step)), self.scope.reason(step.attr)))
        if step.attr in self.hints.uniques:
            body.append(op.Unique(*self.hints.uniques[step.attr]))
        return _body(step, body)

    def value(self, wire: Wire, step: Step) -> Iterator[op.Operation]:
        """One value of a wire."""
        if isinstance(wire, User) and not wire.bounded:
            bits = self.layout.wire_bits(wire) if self.scope.passable(wire) else None
            yield op.Measure(step, wire, bits // 8 if bits is not None else None)
            return
        if isinstance(wire, Number):
            yield op.Need((wire.size,))
        elif isinstance(wire, Bits):
            yield op.Need((wire.width,), bits=True)
        elif isinstance(wire, Bytes | Text | User) and wire.shape is not None:
            yield from self.byte_range(wire.shape, step)
        processed = isinstance(wire, Bytes | User) and wire.shape is not None and wire.shape.process is not None
        yield op.Read(step, wire, not processed or self.scope.valued(step))

    def byte_range(self, shape: Shape, step: Step) -> Iterator[op.Operation]:
        """What must have arrived of the bytes of a shape."""
        if shape.eos or (self.hints.closed and not shape.eos_error and shape.size is None and shape.contents is None):
            return  # all that is left is there
        if shape.contents is None and shape.size is None:
            assert shape.term is not None
            yield op.NeedTerminator(shape.term, shape.anywhere, shape.ended)
            return
        size = self.shape_size(shape)
        yield op.Need((size,)) if isinstance(size, int) else op.NeedComputed(size, self.hints.reasons.get(step.attr))


# ---------------------------------------------------------------- checksums


def covered(checksum: ChecksumHint, scope: Scope, of_element: bool = False) -> op.Covered:
    """A checksum by places in the frame; of_element: in the stream of an object, which keeps all places of its own."""

    behind = scope.hints.framing.behind if scope.hints.framing is not None else {}

    def place(path: Path, stop: bool) -> tuple[op.Place | op.Behind, ...]:
        """Where the field that a path leads to starts, or stops: the sum of these."""
        if path and path[0] in behind:
            return (op.Behind(behind[path[0]][stop]),)
        places = []
        for depth, attr in enumerate(path):
            last = depth == len(path) - 1
            wire = scope.types.names.wires[attr]
            if last or (isinstance(wire, User) and wire.bounded):
                mark = op.Mark(scope.plan.member_names[attr], stop and last, depth > 0 or of_element)
                places.append(op.Place(path[:depth], mark))
        return tuple(places)

    pieces = tuple(
        over.code or op.Stretch(place(over.start, False), place(over.stop, True), over.decode) for over in checksum.over
    )
    return op.Covered(place(checksum.path, False), checksum.inner, pieces, checksum.conditions, checksum.told)


def _branch(step: Step, body: Iterable[op.Operation]) -> Iterable[op.Operation]:
    """What is done with a field, where its `if` holds."""
    condition = step.attr.condition
    return body if condition is None else (op.Branch(step, condition, tuple(body)),)


def _body(step: Step, body: Sequence[op.Operation]) -> Iterator[op.Operation]:
    """The one value of a field, or each of its values."""
    if step.attr.repeat is not None:
        yield op.Loop(step, step.attr.repeat, tuple(body))
    else:
        yield from body


def _element(step: Step, value: Callable[[Wire], tuple[op.Operation, ...]], reason: str) -> Iterator[op.Operation]:
    wire = step.wire
    if isinstance(wire, Switched):
        cases = tuple((on, value(case)) for on, case in wire.cases if on is not None)
        others = [value(case) for on, case in wire.cases if on is None]
        yield op.Switch(step, wire.on, cases, others[0] if others else None)
    else:
        yield from value(wire)
    for predicate in op.predicates(step.attr, step.enum):
        yield op.Check(step, predicate, reason)


def _together(operations: Iterable[op.Operation]) -> list[op.Operation]:
    """The same, but the bytes of fields in a row are waited for at once, where nothing is refused between them."""
    merged: list[op.Operation] = []
    last: int | None = None  # (where the need stands that may take more)
    for operation in operations:
        need = merged[last] if last is not None else None
        if (
            isinstance(operation, op.Need)
            and isinstance(need, op.Need)
            and last is not None
            and need.bits == operation.bits
        ):
            merged[last] = op.Need(need.sizes + operation.sizes, need.bits)
            continue
        if isinstance(operation, op.Need):
            last = len(merged)
        elif not isinstance(operation, op.Source | op.Mark) and not (
            isinstance(operation, op.Read) and _is_sound(operation)
        ):
            last = None
        merged.append(operation)
    return merged


def _is_sound(read: op.Read) -> bool:
    """Whether a value can be made of any bytes."""
    return isinstance(read.wire, Number | Bits) or (isinstance(read.wire, Bytes) and read.wire.shape.process is None)
