"""The static measure: a plain function that unpacks the header once, where the layout of a frame is static.

`_measure` says the same as `_steps` (see `incremental`) wherever the whole header is there; `_run` goes from one good
frame to the next where one checksum of zlib's makes that possible.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from sigflow.compiler import naming
from sigflow.compiler.emit.checks import failing
from sigflow.compiler.emit.expressions import CHOICE, COMPARE, SUM
from sigflow.compiler.emit.shared import Module, line_of
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.hints import Hints
from sigflow.compiler.measure.runs import SIGNS
from sigflow.compiler.measure.static import StaticLayout
from sigflow.compiler.model import Bits, Number
from sigflow.compiler.plan import Step
from sigflow.reasons import CHECKSUM, TOO_LONG

#: What the functions name themselves: a field of such a name gets an underscore.
_LOCALS = ("data", "at", "until", "end", "limit", "frames", "head", "length", "stop", "size", "crc32", "view", "body")
#: Bytes from which a slice of a memoryview costs less than a copy.
VIEWED = 2048


class StaticMeasure:
    """Writes `_measure`, and `_run` where one checksum of zlib's makes that possible."""

    def __init__(self, module: Module, hints: Hints, layout: StaticLayout, out: Writer) -> None:
        self.module = module
        self.hints = hints
        self.layout = layout
        self.out = out
        steps = [step for member in layout.members for step in member.steps]
        taken = {*_LOCALS, *dir(builtins)}
        named = naming.distinct((step.name for step in steps), lambda name: f"{name}_" if name in taken else name)
        self.names = {step: named[step.name] for step in steps}
        #: The size of the byte range, where the header tells it.
        self.computed = self.body_text() if layout.body is not None and not isinstance(layout.body.size, int) else ""

    def tables(self) -> None:
        """The header's unpacker."""
        letters = "".join(member.letter for member in self.layout.members)
        self.out(f"_HEAD = {self.module.std('Struct')}({SIGNS[self.layout.order] + letters!r}).unpack_from")

    def targets(self) -> str:
        names = [
            f"_bits_{number}" if isinstance(member.steps[0].wire, Bits) else self.names[member.steps[0]]
            for number, member in enumerate(self.layout.members)
        ]
        return ", ".join(names) + ("," if len(names) == 1 else "")

    def size(self) -> str:
        """The frame's length, as an expression of the header's fields."""
        body = self.layout.body
        fixed = self.layout.header + self.layout.trailer_size
        if body is not None and isinstance(body.size, int):
            fixed += body.size
        return f"{fixed} + {self.body_text(SUM + 1)}" if self.computed else str(fixed)

    def body_text(self, precedence: int = CHOICE) -> str:
        """The computed size."""
        body, expressions = self.layout.body, self.module.expressions
        assert body is not None and not isinstance(body.size, int)
        saved, expressions.local = expressions.local, {step.attr: name for step, name in self.names.items()}
        text = expressions.at(body.size.expr, precedence)
        expressions.local = saved
        return text

    def may_be_negative(self) -> bool:
        """Whether the computed size can be below zero."""
        signed = any(isinstance(step.wire, Number) and step.wire.kind == "s" for step in self.names)
        return signed or "-" in self.computed or "~" in self.computed

    def split(self) -> None:
        """Bit fields that a check or the size needs, out of their unit."""
        asked = {check.step for check in self.layout.checks}
        for number, member in enumerate(self.layout.members):
            passed = 0
            for step in member.steps:
                wire = step.wire
                if not isinstance(wire, Bits):
                    continue
                shift = 8 * member.size - passed - wire.width if wire.order == "be" else passed
                passed += wire.width
                if step in asked or self.names[step] in self.computed:
                    text = f"_bits_{number} >> {shift}" if shift else f"_bits_{number}"
                    self.out(f"{self.names[step]} = {text} & {hex((1 << wire.width) - 1)}")

    def refusals(self) -> Iterator[tuple[Step, str, str | None]]:
        """When the header is none of a frame, in order: (field, condition, reason).  None: which bound is passed first,
        that of the field or that of the frame, is for the incremental measure to say.
        """
        for check in self.layout.checks:
            yield check.step, failing(check.predicate, self.names[check.step], self.module), check.reason
        body = self.layout.body
        if self.computed and self.may_be_negative() and body is not None:
            yield body.step, f"{self.body_text(COMPARE + 1)} < 0", body.negative
        bound = self.layout.bound
        if bound is not None:
            yield bound.step, f"{self.body_text(COMPARE + 1)} > {bound.limit}", None

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
            for step, condition, reason in self.refusals():
                out(line_of(step.attr))
                with out.block(f"if {condition}:"):
                    out(f"return {reason!r}")
            if self.computed and self.layout.body is not None:
                out(line_of(self.layout.body.step.attr))
            out(f"return {self.size()}")

    # ------------------------------------------------------------ runs of good frames

    def run(self) -> None:
        """The function `_run`."""
        out, layout = self.out, self.layout
        crc = self.module.std("crc32")
        checksum = self.hints.checksums[0]
        offsets = layout.offsets()
        out()
        out()
        any_ = self.module.std("Any")
        parameters = f"data: {any_}, at: int, until: int, end: int, limit: int, frames: list[{any_}]"
        with out.block(f"def _run({parameters}) -> {any_}:"):
            out("view = memoryview(data)")
            with out.block("while at < until:"):
                out("head = _HEAD(data, at)")
                out(f"{self.targets()} = head")
                self.split()
                for _, condition, reason in self.refusals():
                    with out.block(f"if {condition}:"):
                        out(f"return at, {reason!r}, 0")
                out(f"length = {self.size()}")
                with out.block("if length > limit:"):
                    out(f"return at, {TOO_LONG!r}, 0")
                out("stop = at + length")
                with out.block("if stop > end:"):
                    out("return at, None, length")
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
                    out(f"return at, {CHECKSUM!r}, length")
                out("frames.append((at, stop, head))")
                out("at = stop")
            out("return at, None, 0")


def _place(offset: int | None) -> str:
    """A place in a frame as an index into the buffer."""
    if offset is None:
        return "stop"
    return "at" if offset == 0 else f"at + {offset}" if offset > 0 else f"stop - {-offset}"
