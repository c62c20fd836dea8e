"""The static measure: a plain function that unpacks the header once, where the layout of a frame is static.

`_measure` says the same as `_steps` (see `incremental`) wherever the whole header is there; `_run` goes from one good
frame to the next, where the layout says where all checksums stand.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from sigflow.compiler import naming
from sigflow.compiler.emit.checks import failing
from sigflow.compiler.emit.expressions import CHOICE, COMPARE, SUM
from sigflow.compiler.emit.shared import Module, line_of
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.hints import ChecksumHint, Hints
from sigflow.compiler.measure.runs import SIGNS
from sigflow.compiler.measure.static import StaticLayout
from sigflow.compiler.model import Bits, Number, Wire
from sigflow.compiler.plan import Step
from sigflow.reasons import CHECKSUM, TOO_LONG
from sigflow.runtime.stored import BASES

#: The functions of zlib that go on from a value with more bytes, by the checksums that they are.
_CHAINED = {"CRC-32/ISO-HDLC": "crc32", "adler-32": "adler32"}
#: What the functions name themselves, the last ones for each checksum: a field of such a name gets an underscore.
_LOCALS = (
    "data", "at", "until", "end", "limit", "frames", "checks", "head", "length", "stop", "view", "body",
    *_CHAINED.values(),
)  # fmt: skip
_OF_CHECKSUMS = ("sum", "begin", "update", "finish", "stored")
#: Bytes from which a slice of a memoryview costs less than a copy.
VIEWED = 2048


class StaticMeasure:
    """Writes `_measure` and `_run`."""

    def __init__(self, module: Module, hints: Hints, layout: StaticLayout, out: Writer) -> None:
        self.module = module
        self.hints = hints
        self.layout = layout
        self.out = out
        steps = [step for member in layout.members for step in member.steps]
        own = (f"{name}_{number}" for name in _OF_CHECKSUMS for number in range(len(hints.checksums)))
        taken = {*_LOCALS, *own, *dir(builtins)}
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
        out, any_ = self.out, self.module.std("Any")
        parameters = f"data: {any_}, at: int, until: int, end: int, limit: int, frames: list[{any_}], checks: {any_}"
        out()
        out()
        with out.block(f"def _run({parameters}) -> {any_}:"):
            out("view = memoryview(data)")
            sums = [self.sum(number, checksum) for number, checksum in enumerate(self.hints.checksums)]
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
                for computed, stored in sums:
                    with out.block(f"if {computed} != {stored}:"):
                        out(f"return at, {CHECKSUM!r}, length")
                out("frames.append((at, stop, head))")
                out("at = stop")
            out("return at, None, 0")

    def sum(self, number: int, checksum: ChecksumHint) -> tuple[str, str]:
        """A checksum of a frame, as it is computed and as it is stored; what it needs before the loop is written."""
        pieces = self.pieces(checksum)
        chained = _CHAINED.get(checksum.algorithm) if isinstance(checksum.algorithm, str) else None
        if chained is not None:
            function, text = self.module.std(chained), ""
            for piece in pieces:
                text = f"{function}({piece}, {text})" if text else f"{function}({piece})"
            return text, self.stored(number, checksum)
        algorithm = f"checks[{number}].algorithm"
        if len(pieces) == 1:
            self.out(f"sum_{number} = {algorithm}.compute")
            return f"sum_{number}({pieces[0]})", self.stored(number, checksum)
        self.out(f"begin_{number}, update_{number} = {algorithm}.begin(), {algorithm}.update")
        self.out(f"finish_{number} = {algorithm}.finish")
        text = f"begin_{number}"
        for piece in pieces:
            text = f"update_{number}({text}, {piece})"
        return f"finish_{number}({text})", self.stored(number, checksum)

    def pieces(self, checksum: ChecksumHint) -> list[str]:
        """What a checksum covers, as pieces of `body`; its own bytes as zeros where they count as such."""
        offsets, attrs = self.layout.offsets(), list(self.layout.offsets())
        start, stop = self.own(checksum)
        pieces: list[tuple[str, str] | str] = []
        for over in checksum.over:
            assert over.first is not None and over.last is not None
            first, last = _place(offsets[over.first][0]), _place(offsets[over.last][1])
            inside = attrs.index(over.first) <= attrs.index(checksum.attr) <= attrs.index(over.last)
            if checksum.zeroed and inside:
                pieces += [(first, start), repr(bytes(checksum.stored.size)), (stop, last)]
            else:
                pieces.append((first, last))
        return [
            piece if isinstance(piece, str) else f"body[{piece[0]}:{piece[1]}]"
            for piece in pieces
            if isinstance(piece, str) or piece[0] != piece[1]
        ]

    def own(self, checksum: ChecksumHint) -> tuple[str, str]:
        """Where the value of a checksum stands."""
        first = self.layout.offsets()[checksum.attr][0] + checksum.stored.inner
        last = first + checksum.stored.size
        return _place(first), _place(None if first < 0 and not last else last)

    def stored(self, number: int, checksum: ChecksumHint) -> str:
        """The value of a checksum in the frame."""
        start, stop = self.own(checksum)
        place = checksum.stored
        if place.order in BASES or place.mask is not None:
            self.out(f"stored_{number} = checks[{number}].stored")
            return f"stored_{number}(data, {start})"
        step = next((step for step in self.names if step.attr is checksum.attr), None)
        if step is not None and is_stored(step.wire, checksum):
            return self.names[step]
        return f"int.from_bytes(data[{start}:{stop}], {place.order!r})"


def is_stored(wire: Wire | None, checksum: ChecksumHint) -> bool:
    """Whether the number that a wire reads is the value of a checksum."""
    if not isinstance(wire, Number) or wire.kind != "u" or wire.size != checksum.stored.size:
        return False
    return wire.size == 1 or wire.order == ("le" if checksum.stored.order == "little" else "be")


def _place(offset: int | None) -> str:
    """A place in a frame as an index into the buffer."""
    if offset is None:
        return "stop"
    return "at" if offset == 0 else f"at + {offset}" if offset > 0 else f"stop - {-offset}"
