"""Frames whose layout is static up to one size: a packed header, one byte range of computed size, a fixed trailer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.bounds import bounds
from sigflow.compiler.hints import ChecksumHint, Hints
from sigflow.compiler.measure import operations as op
from sigflow.compiler.measure.runs import Packed, Packing, is_plain
from sigflow.compiler.measure.scope import Scope
from sigflow.compiler.model import Bits, Bytes, Number, Text, User
from sigflow.compiler.plan import Step

#: Where a field stands: (start, stop), from the frame's start, or negative from its end; None is the end.
Extent = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class StaticLayout:
    """A frame of static layout.  opaque: header fields that are so many bytes.  checks: those of the header's fields.
    body: the one byte range, if there is any; bound: what it may have at most.
    """

    order: str
    members: tuple[Packed, ...]
    opaque: frozenset[Step]
    checks: tuple[op.Check, ...]
    body: op.Skip | None
    bound: op.Enter | None
    trailer: tuple[tuple[Step, int], ...]

    @property
    def header(self) -> int:
        """Bytes of the header."""
        return sum(member.size for member in self.members)

    @property
    def trailer_size(self) -> int:
        """Bytes of the trailer."""
        return sum(size for _, size in self.trailer)

    def offsets(self) -> dict[sc.Attr, Extent]:
        """Where each field stands."""
        extents: dict[sc.Attr, Extent] = {}
        at = 0
        for member in self.members:
            passed = 0
            for step in member.steps:
                extents[step.attr] = (at, at + member.size)
                if isinstance(step.wire, Bits):
                    behind = passed + step.wire.width
                    extents[step.attr] = (at + passed // 8, at + (behind + 7) // 8)
                    passed = behind
            at += member.size
        left = self.trailer_size
        if self.body is not None:
            extents[self.body.step.attr] = (at, -left or None)
        for step, size in self.trailer:
            extents[step.attr] = (-left, -(left - size) or None)
            left -= size
        return extents

    def headed(self) -> list[Step]:
        """The fields whose values are in the header tuple as they are."""
        return [step for member in self.members for step in member.steps if step not in self.opaque and is_plain(step)]

    def late(self, steps: Sequence[Step]) -> list[Step]:
        """The fields that a frame made from its header alone lacks."""
        headed = self.headed()
        return [step for step in steps if step not in headed]

    def holds(self, checksum: ChecksumHint) -> bool:
        """Whether the layout says where a checksum stands and what it covers."""
        return not checksum.nested and not checksum.codes and not checksum.decoded


def static_layout(operations: Sequence[op.Operation], scope: Scope) -> StaticLayout | None:
    """The static layout of the frame that these operations measure; None where it has none."""
    unit = scope.plan.classes[scope.hints.unit]
    if unit.order in ("calc", "inherited") or not _checksums_hold_no_surprise(scope):
        return None
    packing = Packing("", frozenset(scope.inner), scope.types.positions_are_private)
    fields = [operation for operation in operations if isinstance(operation, op.Field)]
    bounds = {operation.step: operation for operation in operations if isinstance(operation, op.Enter)}
    checks = tuple(operation for operation in operations if isinstance(operation, op.Check))
    members: list[Packed] = []
    opaque: set[Step] = set()
    at = 0
    while at < len(fields) and not isinstance(fields[at], op.Skip):
        packed, field = packing.packed(unit.steps, at), fields[at]
        if packed is None and isinstance(field, op.Measure) and field.size:
            packed = Packed((field.step,), f"{field.size}s", field.size, "")
            opaque.add(field.step)
        fallible = isinstance(field, op.Read) and isinstance(field.wire, Text | User)
        if packed is None or fallible:  # (a text, or an object with bytes of its own, may fail while it is made)
            return None
        members.append(packed)
        at += len(packed.steps)
    orders = {member.order for member in members if member.order}
    if len(orders) > 1 or not members or not all(_is_constant(check) for check in checks):
        return None
    passed = [field for field in fields[at:] if isinstance(field, op.Skip) and field.count is None]
    if len(passed) < len(fields) - at or (passed and not _is_plain(passed[0].size, members, opaque, scope)):
        return None
    trailer: list[tuple[Step, int]] = []
    for skip in passed[1:]:
        if not isinstance(skip.size, int) or skip.size < 0 or not isinstance(skip.step.wire, Number | Bytes | Text):
            return None
        trailer.append((skip.step, skip.size))
    body = passed[0] if passed else None
    bound = bounds.pop(body.step, None) if body is not None and not isinstance(body.size, int) else None
    sizes = {step: member.size for member in members for step in member.steps} | dict(trailer)
    if body is not None and isinstance(body.size, int):
        sizes[body.step] = body.size
    if any(sizes[step] > bound_of.limit for step, bound_of in bounds.items()):
        return None
    order = orders.pop() if orders else "be"
    return StaticLayout(order, tuple(members), frozenset(opaque), checks, body, bound, tuple(trailer))


def _checksums_hold_no_surprise(scope: Scope) -> bool:
    """Whether every expression of a checksum has a value in every frame: whoever knows a frame's length from its header
    has not asked them, and a frame of which one fails is none.
    """
    for checksum in scope.hints.checksums:
        for code in checksum.codes:
            if not _is_total(code.expr, scope):
                return False
            if code is not checksum.told and scope.types.nodes[code.expr].kind == "int":
                interval = bounds(code.expr, scope.types)  # (a number stands for one byte)
                if interval is None or interval[0] < 0 or interval[1] > 255:
                    return False
    return True


def _is_total(expr: ex.Expr, scope: Scope) -> bool:
    """Whether an expression has a value whatever the bytes of a frame are."""
    if isinstance(expr, ex.Name):
        member = scope.types.members.get(expr)
        if not isinstance(member, sc.Attr) or member.condition is not None:
            return False
        return not member.is_instance or (member.value is not None and _is_total(member.value.expr, scope))
    if isinstance(expr, ex.Binary) and expr.op in ("/", "%", "<<", ">>"):
        right = bounds(expr.right, scope.types)
        dividing = expr.op in ("/", "%")
        if right is None or right[0] < dividing or (right[1] > 64 and not dividing):
            return False
    plain = (
        ex.Int | ex.Bool | ex.Str | ex.EnumLabel | ex.ListOf | ex.Unary | ex.Binary | ex.Compare | ex.Logic | ex.Choice
    )
    return isinstance(expr, plain) and all(_is_total(part, scope) for part in ex.children(expr))


def _is_constant(check: op.Check) -> bool:
    """Whether a check compares what stands in the header with nothing but constants."""
    if not is_plain(check.step) and not isinstance(check.step.wire, Number | Bits):
        return False
    codes = [value for value in check.predicate.values if isinstance(value, sc.Code)]
    return check.predicate.kind != "true" and not any(any(_names(code.expr)) for code in codes)


def _is_plain(size: op.Size, members: list[Packed], opaque: set[Step], scope: Scope) -> bool:
    """Whether a size speaks of header fields and constants only."""
    if isinstance(size, int):
        return True
    fields = {step.attr for member in members for step in member.steps if step not in opaque and step.enum is None}
    return all(isinstance(node, ex.Name) and scope.types.members.get(node) in fields for node in _names(size.expr))


def _names(expr: ex.Expr) -> Iterator[ex.Expr]:
    named = ex.Name | ex.Attribute | ex.Call | ex.EnumLabel | ex.SizeOf
    return (node for node in ex.walk(expr) if isinstance(node, named))


def is_quick(layout: StaticLayout | None, hints: Hints) -> bool:
    """Whether a run of good frames can be read by one function: the layout says where all checksums stand."""
    checksums = hints.checksums
    return layout is not None and bool(checksums) and hints.chain is None and all(map(layout.holds, checksums))


def late_fields(layout: StaticLayout | None, steps: Sequence[Step], hints: Hints) -> tuple[Step, ...] | None:
    """The fields that a frame made from its header alone reads when they are asked for; None where there is no such
    way.
    """
    whole = hints.arguments or hints.elements or hints.around is not None
    if layout is None or whole or not is_quick(layout, hints):
        return None
    late = layout.late(steps)
    # What is read late must not be able to fail: the frame has been believed by then.
    return tuple(late) if all(_harmless(step) for step in late) else None


def late_places(layout: StaticLayout | None, steps: Sequence[Step]) -> dict[Step, Extent]:
    """Where the fields that are read late stand, if each can be read alone; {} where the whole frame is read again."""
    if layout is None:
        return {}
    late, offsets = layout.late(steps), layout.offsets()
    if any(isinstance(step.wire, Bits) or step.attr not in offsets for step in late):
        return {}
    return {step: offsets[step.attr] for step in late}


def _harmless(step: Step) -> bool:
    wire = step.wire
    if step.attr.condition is not None or step.attr.repeat is not None:
        return False
    return (
        (isinstance(wire, Bytes) and wire.shape.process is None)
        or isinstance(wire, Bits | Number)
        or (isinstance(wire, User) and wire.shape is None)
    )
