"""Members of objects: fields as they were read, instances as they are asked for.

Python works an instance out once and keeps it; here it is worked out again wherever what was found is out of reach,
since its locals were set in another block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.look.carried import Mirror
from sigflow.compiler.emit.look.draft import Inexpressible
from sigflow.compiler.emit.look.evaluate import FAILED, Around
from sigflow.compiler.emit.look.part import Part
from sigflow.compiler.emit.look.values import IO, Bytes, Thing, Value
from sigflow.compiler.model import User
from sigflow.compiler.plan import Step, ValueStep

if TYPE_CHECKING:
    from sigflow.compiler.emit.look.reading import Reader


class Members:
    """Gives the values of members."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._working: list[tuple[Thing, sc.Attr]] = []

    def value(self, thing: Thing, id: str) -> Value:
        """The value of a member."""
        attr = thing.plan.spec.member(id)
        if attr is None:
            self.reader.draft.leave(FAILED)
        if attr in thing.members:
            return thing.members[attr]
        if isinstance(thing, Mirror) and not (isinstance(attr, sc.Attr) and attr.is_instance):
            return thing.member(attr)
        kept = thing.known.get(attr)
        if kept is not None and kept[1] in self.reader.draft.open:
            return kept[0]
        instance = next((one for one in thing.plan.instances if one.attr is attr), None)
        if instance is None:
            raise Inexpressible(f"'{id}', which is not read before it is asked for")
        if (thing, instance.attr) in self._working:
            raise Inexpressible(f"'{id}', which needs itself")
        self.reader.draft.spend()
        self._working.append((thing, instance.attr))
        self.reader.draft.lasting += 1
        try:
            with self.reader.naming(f"{thing.prefix}{id}"):
                value = self._instance(thing, instance)
        finally:
            self.reader.draft.lasting -= 1
            self._working.pop()
        value = self.reader.ev.short(value, f"{thing.prefix}{id}")
        thing.known[attr] = value, self.reader.draft.open[-1]
        return value

    @staticmethod
    def io(thing: Thing) -> Value:
        """The stream of an object."""
        return thing.io() if isinstance(thing, Mirror) else IO(thing.stream)

    def again(self, thing: Thing, step: Step, where: Bytes) -> Value:
        """The value of a field of fixed size that was read before, at this place."""
        if isinstance(step.wire, User) and step.wire.arguments:
            raise Inexpressible("an element by its number that has arguments")
        view = Part(self.reader.draft, where)
        view.passed = True
        muted, self.reader.draft.muted = self.reader.draft.muted, True
        view.hint = f"{thing.prefix}{step.attr.id}"
        try:
            with self.reader.on(view):
                return self.reader.value(thing, step, step.wire, view, None)
        finally:
            self.reader.draft.muted = muted

    def _instance(self, thing: Thing, step: Step | ValueStep) -> Value:
        """The value of an instance."""
        attr = step.attr

        def work() -> Value:
            if isinstance(step, Step):
                return self._sought(thing, step)
            assert attr.value is not None
            return self.reader.ev.value(attr.value.expr, Around(thing))

        if attr.condition is None:
            return work()
        return self.reader.ev.choices.either(
            self.reader.ev.truth(attr.condition.expr, Around(thing)), work, lambda: None
        )

    def _sought(self, thing: Thing, step: Step) -> Value:
        """An instance that is read from a part of the frame."""
        attr = step.attr
        io = self.io(thing) if attr.io is None else self.reader.ev.value(attr.io.expr, Around(thing))
        if not isinstance(io, IO) or not isinstance(io.stream, Part) or attr.pos is None:
            raise Inexpressible(f"'{attr.id}', an instance that seeks in the frame")
        place, self.reader.draft.place = self.reader.draft.place, attr.place
        view = io.stream.seen_from(self.reader.ev.integer(attr.pos.expr, Around(thing)))
        own, stream = attr.io is None, thing.stream
        with self.reader.on(view):
            if own:
                thing.stream = view
            value = self.reader.body(thing, step, view)
        thing.stream = stream
        self.reader.draft.place = place
        return value
