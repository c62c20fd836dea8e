"""The measure of a frame whose layout is static up to one size: a plain function that unpacks the header once.

`_measure` says the same as `_steps` (see `measure`) wherever the whole header is there; `_run` goes from one good
frame to the next where one checksum of zlib's makes that possible.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sigflow.compiler import expression as ex
from sigflow.compiler import naming
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.measure import Scope, is_bounded, wires_of
from sigflow.compiler.emit.runs import Packed, Runs
from sigflow.compiler.emit.shared import SIGNS, Module
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.encodings import python_name
from sigflow.compiler.hints import Hints
from sigflow.compiler.layout import integer
from sigflow.compiler.model import Bits, Bytes, Number, Shape, Switched, Text, User
from sigflow.compiler.plan import Plan, Step


@dataclass(frozen=True, slots=True)
class FlatLayout:
    """A frame whose layout is static: a packed header, one stretch of computed size, a fixed trailer."""

    order: str
    members: tuple[Packed, ...]
    opaque: frozenset[Step]
    header: int
    body: Step | None
    body_size: sc.Code | None
    trailer: tuple[tuple[Step, int], ...]
    trailer_size: int

    def offsets(self) -> dict[sc.Attr, tuple[int, int | None]]:
        """Where each field stands: (start, stop), from the frame's start, or negative from its end; None is the end."""
        found: dict[sc.Attr, tuple[int, int | None]] = {}
        at = 0
        for member in self.members:
            for step in member.steps:
                found[step.attr] = (at, at + member.size)
            at += member.size
        if self.body is not None:
            found[self.body.attr] = (at, -self.trailer_size or None)
        left = self.trailer_size
        for step, size in self.trailer:
            if self.body is None:
                found[step.attr] = (at, at + size)
                at += size
            else:
                found[step.attr] = (-left, -(left - size) or None)
            left -= size
        return found


def flat_layout(plan: Plan, module: Module, hints: Hints) -> FlatLayout | None:
    """The static layout of the frame, None where it has none."""
    unit = plan.classes[hints.unit]
    scope = Scope(plan, module, hints)
    if unit.order in ("calc", "inherited"):
        return None
    reads = Runs(module, unit, "", Writer())
    members: list[Packed] = []
    opaque: set[Step] = set()
    steps = list(unit.steps)
    at = 0
    while at < len(steps) and _heads(steps[at], scope):
        packed = reads.packed(steps, at)
        if packed is None:
            packed = _opaque(steps[at], module, scope)
            if packed is None:
                return None
            opaque.add(steps[at])
        members.append(packed)
        at += len(packed.steps)
    orders = {member.order for member in members if member.order}
    if (
        len(orders) > 1
        or not members
        or not all(_checkable(step, module) for member in members for step in member.steps)
    ):
        return None
    body, body_size = (None, None)
    if at < len(steps):
        body, body_size = _body(steps[at])
        if body is None:
            return None
        if integer(body_size) is None and not _plain(body_size, members, opaque, module):
            return None
        at += 1
    trailer: list[tuple[Step, int]] = []
    for step in steps[at:]:
        bits = module.layout.attr_bits(step.attr)
        checked = step.attr.valid is not None or step.attr.contents is not None or step.attr in scope.needed
        if bits is None or bits % 8 or checked or isinstance(step.wire, Bits | User) or step.attr.repeat is not None:
            return None
        if not isinstance(step.wire, Number | Bytes | Text):
            return None
        trailer.append((step, bits // 8))
    order = orders.pop() if orders else "be"
    header = sum(member.size for member in members)
    return FlatLayout(
        order,
        tuple(members),
        frozenset(opaque),
        header,
        body,
        body_size,
        tuple(trailer),
        sum(size for _, size in trailer),
    )


def _heads(step: Step, scope: Scope) -> bool:
    """Whether a field is one of those that `Steps` reads before it passes over anything."""
    return (
        scope.looked(step)
        or isinstance(step.wire, Number)
        or (isinstance(step.wire, User) and not is_bounded(step.wire))
    )


def _opaque(step: Step, module: Module, scope: Scope) -> Packed | None:
    """A nested type of fixed size in which nothing is checked or needed, as so many bytes."""
    wire, attr = step.wire, step.attr
    if (
        not isinstance(wire, User)
        or attr.condition is not None
        or attr.repeat is not None
        or is_bounded(wire)
        or not scope.passable(wire)
    ):
        return None
    bits = module.layout.class_bits(wire.target) if isinstance(wire.target, sc.ClassSpec) else None
    return Packed((step,), f"{bits // 8}s", bits // 8, "") if bits else None


def _body(step: Step) -> tuple[Step | None, sc.Code | None]:
    """The stretch of computed size."""
    attr, wire = step.attr, step.wire
    shape: Shape | None = getattr(wire, "shape", None)
    if (
        isinstance(wire, Switched)
        or attr.condition is not None
        or attr.repeat is not None
        or shape is None
        or shape.size is None
    ):
        shapes = [getattr(one, "shape", None) for one in wires_of(wire)]
        if (
            not isinstance(wire, Switched)
            or attr.condition is not None
            or attr.repeat is not None
            or any(one is None or one.size is None for one in shapes)
        ):
            return None, None
        shape = shapes[0]
    assert shape is not None
    return step, shape.size


def _checkable(step: Step, module: Module) -> bool:
    """Whether a header field's checks speak of nothing but constants."""
    valid = step.attr.valid
    if valid is None:
        return True
    return valid.kind != "expr" and all(code is None or not any(_names(code.expr)) for code in valid.codes)


def _names(expr: ex.Expr) -> Iterator[ex.Expr]:
    stack = [expr]
    while stack:
        one = stack.pop()
        if isinstance(one, ex.Name | ex.Attribute | ex.Call | ex.EnumLabel | ex.SizeOf):
            yield one
        stack.extend(ex.children(one))


def _plain(code: sc.Code | None, members: list[Packed], opaque: set[Step], module: Module) -> bool:
    """Whether a size speaks of header fields and constants only."""
    fields = {step.attr for member in members for step in member.steps if step not in opaque and step.enum is None}
    assert code is not None
    return all(isinstance(one, ex.Name) and module.types.members.get(one) in fields for one in _names(code.expr))


#: What the functions name themselves: a field of such a name gets an underscore.
_LOCALS = ("data", "at", "end", "limit", "found", "head", "length", "stop", "size", "crc32", "view", "body")
#: Bytes from which a slice of a memoryview costs less than a copy.
VIEWED = 2048


class Flat:
    """Writes `_measure`, and `_run` where one checksum of zlib's makes that possible."""

    def __init__(self, module: Module, plan: Plan, hints: Hints, layout: FlatLayout, out: Writer) -> None:
        self.module = module
        self.plan = plan
        self.hints = hints
        self.layout = layout
        self.out = out
        self.names: dict[Step, str] = {}
        for member in layout.members:
            for step in member.steps:
                self.names[step] = step.name
        taken = {*_LOCALS, *dir(builtins)}
        named = naming.distinct(self.names.values(), lambda name: f"{name}_" if name in taken else name)
        self.names = {step: named[name] for step, name in self.names.items()}

    def tables(self) -> None:
        """The header's unpacker."""
        letters = "".join(member.letter for member in self.layout.members)
        self.out(f"_HEAD = {self.module.std('Struct')}({SIGNS[self.layout.order] + letters!r}).unpack_from")

    def targets(self) -> str:
        found = [
            f"_bits_{number}" if isinstance(member.steps[0].wire, Bits) else self.names[member.steps[0]]
            for number, member in enumerate(self.layout.members)
        ]
        return ", ".join(found) + ("," if len(found) == 1 else "")

    def size(self) -> str:
        """The frame's length, as an expression of the header's fields."""
        fixed = self.layout.header + self.layout.trailer_size
        if self.layout.body is None:
            return str(fixed)
        constant = integer(self.layout.body_size)
        if constant is not None:
            return str(fixed + constant)
        return f"{fixed} + {self.body_text(11)}"

    def body_text(self, precedence: int = 0) -> str:
        """The computed size."""
        expressions = self.module.expressions
        assert self.layout.body_size is not None
        saved, expressions.local = expressions.local, {step.attr: name for step, name in self.names.items()}
        text = expressions.at(self.layout.body_size.expr, precedence)
        expressions.local = saved
        return text

    def may_be_negative(self) -> bool:
        """Whether the computed size can be below zero."""
        signed = any(isinstance(step.wire, Number) and step.wire.kind == "s" for step in self.names)
        return self.layout.body_size is not None and (signed or "-" in self.body_text() or "~" in self.body_text())

    def split(self) -> None:
        """Bit fields that a check or the size needs, out of their unit."""
        for number, member in enumerate(self.layout.members):
            if not isinstance(member.steps[0].wire, Bits):
                continue
            passed = 0
            for step in member.steps:
                wire = step.wire
                assert isinstance(wire, Bits)
                shift = 8 * member.size - passed - wire.width if wire.order == "be" else passed
                passed += wire.width
                if step.attr.valid is not None or (
                    self.layout.body_size is not None and self.names[step] in self.body_text()
                ):
                    text = f"_bits_{number} >> {shift}" if shift else f"_bits_{number}"
                    self.out(f"{self.names[step]} = {text} & {hex((1 << wire.width) - 1)}")

    def checks(self, refuse: Callable[[str, str], None]) -> None:
        """The header's checks, in order: refuse(condition, reason)."""
        for member in self.layout.members:
            for step in member.steps:
                attr, name = step.attr, self.names[step]
                reason = self.hints.reasons.get(attr)
                if attr.contents is not None:
                    refuse(f"{name} != {attr.contents!r}", reason or "contents")
                valid = attr.valid
                if valid is None:
                    continue
                for condition in self.conditions(step, valid, name):
                    refuse(condition, reason or "valid")

    def conditions(self, step: Step, valid: sc.Valid, name: str) -> Iterator[str]:
        ex_ = self.module.expressions
        if isinstance(step.wire, Text):
            name = f"{name}.decode({python_name(step.wire.encoding)!r})"
        if valid.kind == "range":
            for code, op in zip(valid.codes, (">=", "<="), strict=True):
                if code is not None:
                    yield f"not {name} {op} {ex_.at(code.expr, 5)}"
        elif valid.kind == "in-enum":
            assert step.enum is not None
            yield f"{name} not in {self.module.members_of(step.enum)}"
        else:
            listed = [ex_.code(code) for code in valid.codes]
            yield f"{name} != {listed[0]}" if len(listed) == 1 else f"{name} not in ({', '.join(listed)})"

    def measure(self) -> None:
        """The function `_measure`."""
        out = self.out
        out()
        out()
        with out.block(f"def _measure(data: {self.module.std('Any')}, at: int, end: int) -> {self.module.std('Any')}:"):
            with out.block(f"if end - at < {self.layout.header}:"):
                out("return None")
            out(f"{self.targets()} = _HEAD(data, at)")
            self.split()

            def refuse(condition: str, reason: str) -> None:
                with out.block(f"if {condition}:"):
                    out(f"return {reason!r}")

            self.checks(refuse)
            if self.may_be_negative():
                with out.block(f"if {self.body_text()} < 0:"):
                    body = self.layout.body
                    out(f"return {self.hints.reasons.get(body.attr, 'valid') if body is not None else 'valid'!r}")
            out(f"return {self.size()}")

    # ------------------------------------------------------------ runs of good frames

    def runs(self) -> bool:
        """Whether a run of good frames can be read by one function."""
        if len(self.hints.checksums) != 1 or self.hints.chain is not None:
            return False
        checksum = self.hints.checksums[0]
        return (
            checksum.algorithm == "CRC-32/ISO-HDLC"
            and not checksum.conditions
            and not checksum.zeroed
            and not checksum.nested
            and checksum.order != "hex"
            and all(over.code is None for over in checksum.over)
        )

    def run(self) -> None:
        """The function `_run`."""
        out, layout = self.out, self.layout
        crc = self.module.std("crc32")
        checksum = self.hints.checksums[0]
        offsets = layout.offsets()
        out()
        out()
        any_ = self.module.std("Any")
        with out.block(f"def _run(data: {any_}, at: int, end: int, limit: int, found: list[{any_}]) -> int:"):
            out("view = memoryview(data)")
            with out.block(f"while end - at >= {layout.header}:"):
                out("head = _HEAD(data, at)")
                out(f"{self.targets()} = head")
                self.split()
                conditions: list[str] = []
                self.checks(lambda condition, _reason: conditions.append(condition))
                if self.may_be_negative():
                    conditions.append(f"{self.body_text()} < 0")
                if conditions:
                    with out.block(f"if {' or '.join(conditions)}:"):
                        out("break")
                out(f"length = {self.size()}")
                out("stop = at + length")
                with out.block("if stop > end or length > limit:"):
                    out("break")
                out(f"body = data if length < {VIEWED} else view")
                text = ""
                for over in checksum.over:
                    assert over.first is not None
                    assert over.last is not None
                    start, stop = _place(offsets[over.first][0]), _place(offsets[over.last][1])
                    piece = f"body[{start}:{stop}]"
                    text = f"{crc}({piece}, {text})" if text else f"{crc}({piece})"
                first = (offsets[checksum.attr][0] or 0) + checksum.inner
                last = None if first < 0 and first + checksum.size == 0 else first + checksum.size
                step = next(
                    (one for member in layout.members for one in member.steps if one.attr is checksum.attr), None
                )
                if step is not None and isinstance(step.wire, Number) and step.wire.size == checksum.size:
                    stored = self.names[step]
                else:
                    stored = f"int.from_bytes(data[{_place(first)}:{_place(last)}], {checksum.order!r})"
                with out.block(f"if {text} != {stored}:"):
                    out("break")
                out("found.append((at, stop, head))")
                out("at = stop")
            out("return at")


def _place(offset: int | None) -> str:
    """A place in a frame as an index into the buffer."""
    if offset is None:
        return "stop"
    return "at" if offset == 0 else f"at + {offset}" if offset > 0 else f"stop - {-offset}"
