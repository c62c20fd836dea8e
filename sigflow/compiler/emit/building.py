"""Frames of static layout built at once: functions that pack the header, and compute the one checksum.

`_build(value, checks)` takes a mapping of the fields by their ids, `_build_printed` one as `parse` prints it, and
`_build_object` an object of the class.  They give None wherever there is more to say: a value that is missing or does
not fit, a name that is unknown, a length that is not that of the payload.  Then `sigflow.runtime.writing` builds the
frame, or says what is wrong.  A test holds both against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.checks import failing, wanted
from sigflow.compiler.emit.expressions import ATOM
from sigflow.compiler.emit.shared import Module
from sigflow.compiler.emit.static import StaticMeasure, is_stored
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.hints import ChecksumHint, Hints
from sigflow.compiler.inverse import Inverse, Solved
from sigflow.compiler.measure.runs import LETTERS, SIGNS
from sigflow.compiler.measure.static import StaticLayout
from sigflow.compiler.model import Bits, Bytes, Number, User
from sigflow.compiler.plan import ClassPlan, Step

#: The forms of a value: the function of each.
MAPPING, PRINTED, OBJECT = "_build", "_build_printed", "_build_object"
FORMS = (MAPPING, PRINTED, OBJECT)


@dataclass(frozen=True, slots=True)
class _Piece:
    """One item of the header's struct: its letter, the expression that gives it."""

    letter: str
    text: str


class QuickBuild(StaticMeasure):
    """Writes the functions that build a frame."""

    def __init__(self, module: Module, hints: Hints, layout: StaticLayout, plan: ClassPlan, out: Writer) -> None:
        super().__init__(module, hints, layout, out)
        self.plan = plan
        self.inverse = Inverse(module.types, lambda expr: module.expressions.at(expr, ATOM), lambda name: name)
        self.count = 0
        self.form = MAPPING
        #: The modules' sets of the names of fields, by what they are made of.
        self.names_of: dict[str, str] = {}
        #: The fields of the frame that follow from the rest.
        self.derived: list[str] = []
        #: The letters of the header's struct.
        self.letters: list[str] = []

    # ------------------------------------------------------------ whether

    def possible(self) -> bool:
        """Whether the frames of this format can be built so."""
        hints, layout = self.hints, self.layout
        if hints.arguments or hints.elements or hints.around is not None or hints.framing is not None:
            return False
        if len(hints.checksums) > 1 or not all(map(layout.holds, hints.checksums)) or layout.bound is not None:
            return False
        for checksum in hints.checksums:
            stored = checksum.stored
            wire = next((step.wire for step in self.plan.steps if step.attr is checksum.attr), None)
            if stored.mask is not None or stored.inner or checksum.signed or not is_stored(wire, checksum):
                return False
        body = layout.body
        if body is not None:
            wire = body.step.wire
            if not isinstance(wire, Bytes) or wire.shape.process is not None or wire.shape.contents is not None:
                return False
            if wire.shape.term is not None or wire.shape.pad is not None or wire.shape.eos:
                return False
            if not isinstance(body.size, int) and self.length() is None:
                return False
        stored_steps = {checksum.attr for checksum in hints.checksums}
        if any(step.attr not in stored_steps for step, _ in layout.trailer):
            return False
        steps = [step for member in layout.members for step in member.steps]
        return all(map(self.buildable, steps)) and all(
            step.attr.condition is None and step.attr.repeat is None for step in steps
        )

    def buildable(self, step: Step) -> bool:
        """Whether a field of the header can be packed."""
        wire = step.wire
        if step.attr in self.module.types.defaults:
            return False
        if isinstance(wire, User):
            plan, run = self.module.packed(step)
            return (
                plan is not None
                and run is not None
                and all(self.buildable(inner) and not inner.attr.checked for inner in plan.steps)
            )
        if isinstance(wire, Bytes):
            return wire.shape.contents is not None
        return isinstance(wire, Bits) or (isinstance(wire, Number) and wire.kind != "f")

    def length(self) -> Solved | None:
        """The field of the header that says how long the body is, solved for."""
        body = self.layout.body
        if body is None or isinstance(body.size, int):
            return None
        solved = self.inverse.of(body.size.expr)
        if len(solved) != 1 or solved[0].guards or solved[0].owner is not None or solved[0].index is not None:
            return None
        holders = [step for step in self.names if step.attr is solved[0].member]
        plain = len(holders) == 1 and isinstance(holders[0].wire, Number) and holders[0].enum is None
        plain = plain and not holders[0].attr.checked
        # (What speaks of other fields, or calls anything, is left to the general way.)
        return solved[0] if plain and not re.search("[a-mo-z_]", solved[0].value) else None

    # ------------------------------------------------------------ text

    def write(self) -> bool:
        """All forms; returns whether there are any."""
        if not self.possible():
            return False
        out, written = self.out, Writer()
        self.out = written
        for form in FORMS:
            self.form = form
            self.function()
        self.out = out
        letters = SIGNS[self.layout.order] + "".join(self.letters)
        out()
        out()
        out(f"_PACK_HEAD = {self.module.std('Struct')}({letters!r}).pack")
        for made, name in self.names_of.items():
            out(f"{name} = {made}")
        for line in written.lines:
            out(line)
        return True

    def local(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def get(self, holder: str, step: Step) -> str:
        """A member of a mapping or an object."""
        if self.form == OBJECT:
            return f"{holder}.{step.name}"
        return f"{holder}[{step.attr.id!r}]"

    def same(self, holder: str, step: Step, text: str) -> str:
        """Whether a derived value that was given is another."""
        if holder == "value" and step.attr.id not in self.derived:
            self.derived.append(step.attr.id)
        if self.form == OBJECT:
            return f"{holder}.{step.name} != {text}"
        return f"{holder}.get({step.attr.id!r}, {text}) != {text}"

    def keys(self, plan: ClassPlan, holder: str) -> None:
        """Whether there is no name that the type has not."""
        if self.form != OBJECT:
            ids = ", ".join(repr(step.attr.id) for step in plan.steps)
            names = self.names_of.setdefault(f"frozenset(({ids},))", f"_NAMES_{plan.path[-1]}")
            with self.out.block(f"if not {names}.issuperset({holder}):"):
                self.out("return None")

    def function(self) -> None:
        """One of the functions."""
        out, any_ = self.out, self.module.std("Any")
        self.count = 0
        out()
        out()
        with out.block(f"def {self.form}(value: {any_}, checks: {any_}) -> {any_}:"):
            errors = f"KeyError, TypeError, AttributeError, ValueError, OverflowError, {self.module.std('error')}"
            with out.block("try:"):
                self.body()
            with out.block(f"except ({errors}):"):
                out("return None")

    def body(self) -> None:
        out = self.out
        self.keys(self.plan, "value")
        body = self.layout.body
        if body is not None:
            out(f"body = {self.get('value', body.step)}")
            if self.form == PRINTED:
                out("body = bytes.fromhex(body)")
            else:
                with out.block("if body.__class__ is not bytes:"):
                    out("return None")
            if isinstance(body.size, int):
                with out.block(f"if len(body) != {body.size}:"):
                    out("return None")
            else:
                solved = self.length()
                assert solved is not None
                out("n = len(body)")
                out(f"length = {solved.value}")
        pieces = [piece for member in self.layout.members for piece in self.member(member.steps, "value", self.plan)]
        stored = [checksum.attr for checksum in self.hints.checksums]
        self.letters = [piece.letter for piece in pieces]
        out(f"head = _PACK_HEAD({', '.join(piece.text for piece in pieces)})")
        parts = ["head"]
        if body is not None:
            parts.append("body")
        if self.layout.trailer:
            parts.append(repr(bytes(self.layout.trailer_size)))
        out(f"body = {' + '.join(parts)}")
        if not stored:
            out("return body")
            return
        out("at = 0")
        out("stop = len(body)")
        checksum = self.hints.checksums[0]
        computed, _ = self.sum(0, checksum)
        out(f"sum_ = {computed}")
        step = next(step for step in self.plan.steps if step.attr is checksum.attr)
        with out.block(f"if {self.same('value', step, 'sum_')}:"):
            out("return None")
        first, last = self.own(checksum)
        start = first.replace("at + ", "").replace("at", "0")
        packed = f"sum_.to_bytes({checksum.stored.size}, {checksum.stored.order!r})"
        behind = "" if last == "stop" else f" + body[{last.replace('at + ', '')}:]"
        out(f"return body[:{start}] + {packed}{behind}")

    def stored(self, number: int, checksum: ChecksumHint) -> str:
        """Nothing: it is not there yet."""
        return ""

    def member(self, steps: tuple[Step, ...], holder: str, plan: ClassPlan) -> Iterator[_Piece]:
        """The items of a member of the header."""
        step = steps[0]
        wire = step.wire
        if isinstance(wire, Bits):
            yield self.bits(steps, holder)
        elif isinstance(wire, User):
            inner, run = self.module.packed(step)
            assert inner is not None and run is not None
            name = self.local()
            self.out(f"{name} = {self.get(holder, step)}")
            self.keys(inner, name)
            for member in run.members:
                yield from self.member(member.steps, name, inner)
        elif isinstance(wire, Bytes):
            contents = wire.shape.contents
            assert contents is not None
            text = repr(contents.hex()) if self.form == PRINTED else repr(contents)
            with self.out.block(f"if {self.same(holder, step, text)}:"):
                self.out("return None")
            yield _Piece(f"{len(contents)}s", repr(contents))
        else:
            assert isinstance(wire, Number)
            yield _Piece(LETTERS[wire.kind, wire.size], self.number(step, holder))

    def number(self, step: Step, holder: str) -> str:
        """A number: that of a checksum, that of the body's length, or one that was given."""
        if any(step.attr is checksum.attr for checksum in self.hints.checksums):
            return "0"
        solved = self.length()
        if solved is not None and solved.member is step.attr:
            with self.out.block(f"if {self.same(holder, step, 'length')}:"):
                self.out("return None")
            return "length"
        constant = self.constant(step)
        if constant:
            with self.out.block(f"if {self.same(holder, step, constant)}:"):
                self.out("return None")
            return constant
        return self.supplied(step, holder)

    def constant(self, step: Step) -> str:
        """What a field always is; "" where it may be more than one thing."""
        for check in self.layout.checks:
            if check.step is step and check.predicate.kind == "equal" and step.enum is None:
                value = check.predicate.values[0]
                return wanted(check.predicate, self.module) if isinstance(value, sc.Code) else ""
        return ""

    def supplied(self, step: Step, holder: str) -> str:
        """A number that was given, in a local; its checks."""
        name = self.local()
        self.out(f"{name} = {self.get(holder, step)}")
        if self.form == PRINTED and step.enum is not None:
            self.out(f"{name} = {self.module.need('printed_number')}({self.module.members_of(step.enum)}, {name})")
        for check in self.layout.checks:
            if check.step is step:
                with self.out.block(f"if {failing(check.predicate, name, self.module)}:"):
                    self.out("return None")
        return name

    def bits(self, steps: tuple[Step, ...], holder: str) -> _Piece:
        """Bit fields of one unit."""
        total = sum(step.wire.width for step in steps if isinstance(step.wire, Bits))
        parts, passed = [], 0
        for step in steps:
            wire = step.wire
            assert isinstance(wire, Bits)
            shift = total - passed - wire.width if wire.order == "be" else passed
            passed += wire.width
            name = self.constant(step)
            if name:
                with self.out.block(f"if {self.same(holder, step, name)}:"):
                    self.out("return None")
            else:
                name = self.supplied(step, holder)
                with self.out.block(f"if {name} >> {wire.width}:"):
                    self.out("return None")
            parts.append(f"{name} << {shift}" if shift else name)
        letter = {8: "B", 16: "H", 32: "I", 64: "Q"}[total]
        return _Piece(letter, " | ".join(parts))
