"""Members of objects: fields as they were read, instances as they are asked for.

Python works an instance out once and keeps it; here it is worked out again wherever the result is out of reach, since
its locals were set in another block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.native.builder import FAILED, Inexpressible
from sigflow.compiler.emit.native.carried import PreviousElement
from sigflow.compiler.emit.native.evaluate import Context
from sigflow.compiler.emit.native.preamble import Parameters
from sigflow.compiler.emit.native.substream import Substream
from sigflow.compiler.emit.native.values import IO, Bytes, SymbolicObject, Value
from sigflow.compiler.model import User
from sigflow.compiler.plan import Step, ValueStep

if TYPE_CHECKING:
    from sigflow.compiler.emit.native.reading import Reader


class Members:
    """Gives the values of members."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._working: list[tuple[SymbolicObject, sc.Attr]] = []

    def value(self, obj: SymbolicObject, id: str) -> Value:
        """The value of a member."""
        attr = obj.plan.spec.member(id)
        if attr is None:
            self.reader.builder.leave(FAILED)
        if attr in obj.members:
            return obj.members[attr]
        if isinstance(obj, Parameters) and not (isinstance(attr, sc.Attr) and attr.is_instance):
            return obj.member(attr)
        if isinstance(obj, PreviousElement) and not (isinstance(attr, sc.Attr) and attr.is_instance):
            return obj.member(attr)
        kept = obj.memo.get(attr)
        if kept is not None and kept[1] in self.reader.builder.open:
            return kept[0]
        instance = next((step for step in obj.plan.instances if step.attr is attr), None)
        if instance is None:
            raise Inexpressible(f"'{id}', which is not read before it is asked for")
        if (obj, instance.attr) in self._working:
            raise Inexpressible(f"'{id}', which needs itself")
        self.reader.builder.spend()
        self._working.append((obj, instance.attr))
        self.reader.builder.memoizing += 1
        try:
            with self.reader.naming(f"{obj.prefix}{id}"):
                value = self._instance(obj, instance)
        finally:
            self.reader.builder.memoizing -= 1
            self._working.pop()
        value = self.reader.ev.short(value, f"{obj.prefix}{id}")
        obj.memo[attr] = value, self.reader.builder.open[-1]
        return value

    @staticmethod
    def io(obj: SymbolicObject) -> Value:
        """The stream of an object."""
        return obj.io() if isinstance(obj, PreviousElement) else IO(obj.stream)

    def reread(self, obj: SymbolicObject, step: Step, where: Bytes) -> Value:
        """The value of a field of fixed size that was read before, at this place."""
        if isinstance(step.wire, User) and step.wire.arguments:
            raise Inexpressible("an element by its number that has arguments")
        view = Substream(self.reader.builder, where)
        view.passed = view.partial = True
        muted, self.reader.builder.muted = self.reader.builder.muted, True
        view.hint = f"{obj.prefix}{step.attr.id}"
        try:
            with self.reader.on(view):
                return self.reader.value(obj, step, step.wire, view, None)
        finally:
            self.reader.builder.muted = muted

    def _instance(self, obj: SymbolicObject, step: Step | ValueStep) -> Value:
        """The value of an instance."""
        attr = step.attr

        def work() -> Value:
            if isinstance(step, Step):
                return self._sought(obj, step)
            assert attr.value is not None
            return self.reader.ev.value(attr.value.expr, Context(obj))

        if attr.condition is None:
            return work()
        return self.reader.ev.branches.select(
            self.reader.ev.truth(attr.condition.expr, Context(obj)), work, lambda: None
        )

    def _sought(self, obj: SymbolicObject, step: Step) -> Value:
        """An instance that is read from a part of the frame."""
        attr = step.attr
        io = self.io(obj) if attr.io is None else self.reader.ev.value(attr.io.expr, Context(obj))
        if not isinstance(io, IO) or not isinstance(io.stream, Substream) or attr.pos is None:
            raise Inexpressible(f"'{attr.id}', an instance that seeks in the frame")
        place, self.reader.builder.place = self.reader.builder.place, attr.place
        view = io.stream.seen_from(self.reader.ev.integer(attr.pos.expr, Context(obj)))
        own, stream = attr.io is None, obj.stream
        with self.reader.on(view):
            if own:
                obj.stream = view
            value = self.reader.body(obj, step, view)
        obj.stream = stream
        self.reader.builder.place = place
        return value
