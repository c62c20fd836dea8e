"""Elements with checksums of their own, in a native measure: the layout of each is written to `box` when it was read.

The Python measure works layouts out when the frame has ended.  So only such are written here as cannot fail, and what
needs a field that comes later is beyond a native measure.  A frame of more elements than `box` has room for is a
bailout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow.compiler.emit.native.builder import Inexpressible, MayFail
from sigflow.compiler.emit.native.layouts import Layouts
from sigflow.compiler.emit.native.statements import Assign, If, Node, Store, StoreAt
from sigflow.compiler.emit.native.tree import Const, Expr, Local
from sigflow.compiler.emit.native.values import SymbolicObject
from sigflow.compiler.hints.model import ElementHint
from sigflow.compiler.plan import Step
from sigflow.runtime import box
from sigflow.runtime.native import BAILOUT

if TYPE_CHECKING:
    from sigflow.compiler.emit.native.reading import Reader


class Elements:
    """Writes the layouts of elements.  State: of each checksum, the local that counts its elements, and the words of a
    layout.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.builder = reader.builder
        self.hints = [element for element in reader.hints.elements if element.in_frame]
        self.counts: list[Local] = [self.builder.let("elements", Const(0)) for _ in self.hints]
        self.words = [1] * len(self.hints)
        for element in self.hints:
            for path in element.checksum.paths:
                reader.marked.update(path)

    def read(self, obj: SymbolicObject, step: Step) -> None:
        """An object of this field was read."""
        if step.attr not in self.reader.hints.leads or self.builder.memoizing or self.builder.muted:
            return  # it does not stand there, or was entered before
        for number, element in enumerate(self.hints):
            if element.spec is obj.plan.spec:
                self._enter(number, element, obj)

    def _enter(self, number: int, element: ElementHint, obj: SymbolicObject) -> None:
        builder, count = self.builder, self.counts[number]
        words = self._layout(element, obj)
        self.words[number] = len(words)
        start, size = box.element_region(number, len(self.hints))
        builder.flush()
        with builder.when(count >= (size - box.ELEMENT_LAYOUTS) // len(words)):
            builder.exit(BAILOUT)
        base = builder.let("entry", count * len(words) + (start + box.ELEMENT_LAYOUTS))
        statements: list[Node] = [StoreAt(base.plus(n), word) for n, word in enumerate(words)]
        statements.append(Assign(count.name, count + 1))
        if element.checksum.conditions:
            statements = [If(words[0] >= 0, statements)]
        for statement in statements:
            builder.put(statement)

    def _layout(self, element: ElementHint, obj: SymbolicObject) -> list[Expr]:
        """The words of the layout of one checksum of an element."""
        place, self.builder.place = self.builder.place, element.checksum.place
        self.builder.flush()  # (what was put off may lack bytes)
        self.builder.speculative = True
        try:
            return Layouts(self.reader, obj).layout(element.checksum)
        except MayFail:
            raise Inexpressible("a checksum of elements, of which some expression may fail") from None
        finally:
            self.builder.speculative = False
            self.builder.place = place

    def finish(self) -> None:
        """How many elements there are."""
        for number, (count, words) in enumerate(zip(self.counts, self.words, strict=True)):
            start, _ = box.element_region(number, len(self.hints))
            self.builder.do(Store(start + box.ELEMENT_COUNT, count))
            self.builder.do(Store(start + box.ELEMENT_WORDS, Const(words)))
